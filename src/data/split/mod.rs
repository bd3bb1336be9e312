//! Drawing the training, validation and test parts: seeded, stratified by class, and by default by person.
//!
//! A person whose recordings lie in two parts lets a network recognise the person instead of the illness, and every
//! number measured so is too good. The paper drew files; that stays possible, and then the shared people are counted.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::{Label, PersonId};

/// The parts of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The network learns from it.
    Train,
    /// The best epoch and the decision threshold are chosen on it.
    Validation,
    /// Opened once, for the numbers that are reported.
    Test,
}

impl Part {
    /// All parts, in the order of their use.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// What is drawn as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// People, with all of their recordings: nobody is in two parts.
    #[default]
    Person,
    /// Recordings, as the paper did: one person may be in several parts.
    File,
    /// One dataset is the test part; people of the others are drawn for validation.
    Dataset,
}

/// A recording that takes part in the draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitItem<'a> {
    /// Whose it is.
    pub person: &'a PersonId,
    /// Its class.
    pub label: Label,
    /// The name of its dataset.
    pub dataset: &'a str,
    /// Recordings with the same number here hold the very same samples.
    pub exact: Option<u32>,
    /// Recordings with the same number here hold the same sound, encoded or trimmed otherwise.
    pub near: Option<u32>,
}

/// How to draw the parts. What validation and test leave is for training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitConfig {
    /// What is drawn as a whole. Default people.
    pub by: SplitBy,
    /// The dataset that is the test part, by name; counts with [`SplitBy::Dataset`] only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<String>,
    /// Share of the people (or recordings) for validation, 0 to below 1; 0 makes no such part. Default 0.15: enough to
    /// choose a threshold on, and training keeps about two thirds.
    pub validation: f64,
    /// Share of the people (or recordings) for the test, 0 to below 1; 0 makes no such part. Default 0.2.
    pub test: f64,
    /// Which draw. Default 123, the paper's.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { by: SplitBy::Person, held_out: None, validation: 0.15, test: 0.2, seed: 123 }
    }
}

/// The people and recordings of one class in one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// People with a recording of this class in this part.
    pub people: usize,
    /// Recordings of this class in this part.
    pub recordings: usize,
}

/// Counts by part (in the order of [`Part::ALL`]) and class (in the order of [`Label::ALL`]).
pub type PartCounts = [[ClassCount; 2]; 3];

/// A drawn split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitOutcome {
    /// The part of each item, in the order of the items.
    pub parts: Vec<Part>,
    /// Counts over all datasets.
    pub counts: PartCounts,
    /// Counts by the name of the dataset.
    pub datasets: BTreeMap<String, PartCounts>,
    /// What lies on both sides.
    pub leaks: Leaks,
}

/// What a network could recognise in another part because it has learned from it: the leak report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaks {
    /// People with recordings in more than one part.
    pub people: usize,
    /// Recordings with the same samples in more than one part, each group counted once.
    pub exact_duplicates: usize,
    /// Recordings with the same sound, encoded or trimmed otherwise, in more than one part, each group counted once.
    pub near_duplicates: usize,
}

impl Leaks {
    /// Whether nothing lies on both sides.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl SplitOutcome {
    /// The people and recordings of `label` in `part`.
    #[must_use]
    pub fn count(&self, part: Part, label: Label) -> ClassCount {
        self.counts[part as usize][label as usize]
    }
}

/// Why no split can be drawn.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// Shares that are no shares.
    #[error(
        "the shares for validation ({validation}) and test ({test}) must be 0 or more and together below 1, so that \
         something is left for training"
    )]
    Shares {
        /// The share for validation.
        validation: f64,
        /// The share for the test.
        test: f64,
    },
    /// Not one of each class for every part.
    #[error(
        "every part needs both classes, so at least {needed} healthy and {needed} sick {drawn} are needed, but there \
         are {healthy} healthy and {sick} sick; open more recordings"
    )]
    TooFew {
        /// "people" or "recordings".
        drawn: &'static str,
        /// How many parts there are, and so how many of each class are needed.
        needed: usize,
        /// The healthy ones.
        healthy: usize,
        /// The sick ones.
        sick: usize,
    },
    /// The test part is to be a dataset that is not there, or nobody said which.
    #[error("{}; choose one of: {}", not_there(asked.as_deref()), datasets.join(", "))]
    NoDataset {
        /// What was asked for.
        asked: Option<String>,
        /// The datasets that are there.
        datasets: Vec<String>,
    },
    /// The test part is to be a dataset of one class.
    #[error(
        "{dataset} has {healthy} healthy and {sick} sick recordings; a test needs both, so hold out another dataset"
    )]
    OneClass {
        /// The dataset.
        dataset: String,
        /// Its healthy recordings.
        healthy: usize,
        /// Its sick recordings.
        sick: usize,
    },
}

/// Draws the parts of `items`.
///
/// By person, people who share a sound are drawn together, so that no recording is on both sides under two names.
/// Each class is drawn by itself, so that every part has about the same mix; a person with recordings of both classes
/// counts as what most of them are (as sick where they are even). Each part gets one of each class at least, whatever
/// the shares. The draw depends on the seed and the people only, not on the machine and, by [`SplitBy::Person`], not on
/// the order of the items.
///
/// # Errors
/// [`SplitError`] when the shares leave nothing for training or a class has fewer people than there are parts.
pub fn split(items: &[SplitItem<'_>], config: &SplitConfig) -> Result<SplitOutcome, SplitError> {
    let mut parts = vec![Part::Train; items.len()];
    let (groups, shares) = match config.by {
        SplitBy::Person => (by_person(items, 0..items.len()), Shares::new(config.validation, config.test)?),
        SplitBy::File => {
            ((0..items.len()).map(|item| vec![item]).collect(), Shares::new(config.validation, config.test)?)
        }
        SplitBy::Dataset => {
            hold_out(items, config.held_out.as_deref(), &mut parts)?;
            let others = (0..items.len()).filter(|item| parts[*item] == Part::Train);
            (by_person(items, others), Shares::new(config.validation, 0.0)?)
        }
    };
    let (sick, healthy): (Vec<_>, Vec<_>) =
        shuffled(groups, config.seed).into_iter().partition(|group| majority(items, group).is_positive());
    if healthy.len().min(sick.len()) < shares.parts() {
        return Err(SplitError::TooFew {
            drawn: match config.by {
                SplitBy::Person | SplitBy::Dataset => "people",
                SplitBy::File => "recordings",
            },
            needed: shares.parts(),
            healthy: healthy.len(),
            sick: sick.len(),
        });
    }
    for class in [healthy, sick] {
        let [validation, test] = shares.sizes(class.len());
        for (rank, group) in class.into_iter().enumerate() {
            let part = match rank {
                rank if rank < test => Part::Test,
                rank if rank < test + validation => Part::Validation,
                _ => continue,
            };
            for item in group {
                parts[item] = part;
            }
        }
    }
    Ok(outcome(items, parts))
}

/// Checked shares.
struct Shares {
    validation: f64,
    test: f64,
}

impl Shares {
    fn new(validation: f64, test: f64) -> Result<Self, SplitError> {
        // Written so that NaN fails.
        if validation >= 0.0 && test >= 0.0 && validation + test < 1.0 {
            Ok(Self { validation, test })
        } else {
            Err(SplitError::Shares { validation, test })
        }
    }

    /// How many parts there are; training always is one.
    fn parts(&self) -> usize {
        1 + usize::from(self.validation > 0.0) + usize::from(self.test > 0.0)
    }

    /// Of `count` people of a class, at least [`Shares::parts`], how many go to validation and to the test: the nearest
    /// whole numbers to the shares that leave one for every part.
    fn sizes(&self, count: usize) -> [usize; 2] {
        let size = |share: f64, most: usize| {
            if share > 0.0 { ((share * count as f64).round() as usize).clamp(1, most.max(1)) } else { 0 }
        };
        let test = size(self.test, count.saturating_sub(self.parts() - 1));
        [size(self.validation, count.saturating_sub(test + 1)), test]
    }
}

fn not_there(asked: Option<&str>) -> String {
    asked.map_or_else(
        || "no dataset is chosen for the test".to_owned(),
        |asked| format!("no recording of \"{asked}\" is used in this study, so it cannot be the test"),
    )
}

/// Makes every recording of one dataset a test recording.
fn hold_out(items: &[SplitItem<'_>], held_out: Option<&str>, parts: &mut [Part]) -> Result<(), SplitError> {
    let datasets: BTreeSet<&str> = items.iter().map(|item| item.dataset).collect();
    // Two folders may differ in upper and lower case alone.
    let exact = held_out.and_then(|asked| datasets.get(asked));
    let is_asked = |name: &&&str| held_out.is_some_and(|asked| asked.eq_ignore_ascii_case(name));
    let Some(dataset) = exact.or_else(|| datasets.iter().find(is_asked)).copied() else {
        let asked = held_out.map(str::to_owned);
        return Err(SplitError::NoDataset { asked, datasets: datasets.into_iter().map(str::to_owned).collect() });
    };
    let mut classes = [0; 2];
    for (item, part) in items.iter().zip(parts).filter(|(item, _)| item.dataset == dataset) {
        *part = Part::Test;
        classes[item.label as usize] += 1;
    }
    let [healthy, sick] = classes;
    if healthy == 0 || sick == 0 {
        return Err(SplitError::OneClass { dataset: dataset.to_owned(), healthy, sick });
    }
    Ok(())
}

/// The chosen items by person, people sorted by id; people who share a sound are one group, at the place of the first.
fn by_person(items: &[SplitItem<'_>], chosen: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut people: BTreeMap<&PersonId, Vec<usize>> = BTreeMap::new();
    for item in chosen {
        people.entry(items[item].person).or_default().push(item);
    }
    let mut groups: Vec<Vec<usize>> = people.into_values().collect();
    let mut joined = Joined::new(groups.len());
    let mut group_with = BTreeMap::new();
    for (group, members) in groups.iter().enumerate() {
        for item in members {
            let SplitItem { exact, near, .. } = items[*item];
            for sound in [exact.map(|number| (true, number)), near.map(|number| (false, number))].into_iter().flatten()
            {
                joined.join(*group_with.entry(sound).or_insert(group), group);
            }
        }
    }
    for group in (0..groups.len()).rev() {
        let first = joined.first(group);
        if first != group {
            let members = std::mem::take(&mut groups[group]);
            groups[first].extend(members);
        }
    }
    groups.retain(|members| !members.is_empty());
    groups
}

/// Which of a row of things belong together (a union-find whose representatives are the first of each).
pub(super) struct Joined(Vec<usize>);

impl Joined {
    pub fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The first of the things that belong together with `thing`.
    pub fn first(&mut self, mut thing: usize) -> usize {
        while self.0[thing] != thing {
            self.0[thing] = self.0[self.0[thing]];
            thing = self.0[thing];
        }
        thing
    }

    /// Says that two things belong together.
    pub fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.0[one.max(other)] = one.min(other);
    }
}

/// The groups in random order.
///
/// Each gets the next number of the generator as its key, and the keys are sorted. A library's shuffle may change with
/// its version; the stream of ChaCha8 does not, so a seed means the same split for good.
fn shuffled(groups: Vec<Vec<usize>>, seed: u64) -> Vec<Vec<usize>> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = ChaCha8Rng::from_seed(key);
    let mut keyed: Vec<_> = groups.into_iter().map(|group| (random.next_u64(), group)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, group)| group).collect()
}

/// The class of most of these items; sick where they are even.
fn majority(items: &[SplitItem<'_>], group: &[usize]) -> Label {
    let sick = group.iter().filter(|item| items[**item].label.is_positive()).count();
    if 2 * sick >= group.len() { Label::Sick } else { Label::Healthy }
}

/// Counts a finished split.
fn outcome(items: &[SplitItem<'_>], parts: Vec<Part>) -> SplitOutcome {
    let mut counts = PartCounts::default();
    let mut datasets: BTreeMap<&str, PartCounts> = BTreeMap::new();
    let (mut counted, mut counted_in) = (HashSet::new(), HashSet::new());
    for (item, part) in items.iter().zip(&parts) {
        let cell = |counts: &mut PartCounts, is_new| {
            let count = &mut counts[*part as usize][item.label as usize];
            count.recordings += 1;
            count.people += usize::from(is_new);
        };
        cell(&mut counts, counted.insert((item.person, part, item.label)));
        let is_new = counted_in.insert((item.dataset, item.person, part, item.label));
        cell(datasets.entry(item.dataset).or_default(), is_new);
    }
    let leaks = Leaks {
        people: on_both_sides(items, &parts, |item| Some(item.person)),
        exact_duplicates: on_both_sides(items, &parts, |item| item.exact),
        near_duplicates: on_both_sides(items, &parts, |item| item.near),
    };
    let datasets = datasets.into_iter().map(|(name, counts)| (name.to_owned(), counts)).collect();
    SplitOutcome { parts, counts, datasets, leaks }
}

/// How many of the things that `of` finds in items are in more than one part.
fn on_both_sides<'a, T: Eq + Hash>(
    items: &[SplitItem<'a>],
    parts: &[Part],
    of: impl Fn(&SplitItem<'a>) -> Option<T>,
) -> usize {
    /// What a thing's entry becomes when a second part has it.
    const SEVERAL: Option<Part> = None;
    let mut part_of: HashMap<T, Option<Part>> = HashMap::new();
    for (item, part) in items.iter().zip(parts) {
        if let Some(thing) = of(item) {
            let known = part_of.entry(thing).or_insert(Some(*part));
            if *known != Some(*part) {
                *known = SEVERAL;
            }
        }
    }
    part_of.values().filter(|part| **part == SEVERAL).count()
}

#[cfg(test)]
mod tests;
