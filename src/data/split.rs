//! Drawing the training, validation and test parts: seeded, stratified by class, and by default by person.
//!
//! A person whose recordings lie in two parts lets a network recognise the person instead of the illness, and every
//! number measured so is too good. The paper drew files; that stays possible, and then the shared people are counted.

use std::collections::{BTreeMap, BTreeSet};

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
}

/// How to draw the parts. What validation and test leave is for training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitConfig {
    /// What is drawn as a whole. Default people.
    pub by: SplitBy,
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
        Self { by: SplitBy::Person, validation: 0.15, test: 0.2, seed: 123 }
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

/// A drawn split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitOutcome {
    /// The part of each item, in the order of the items.
    pub parts: Vec<Part>,
    /// Counts by part (in the order of [`Part::ALL`]) and class (in the order of [`Label::ALL`]).
    pub counts: [[ClassCount; 2]; 3],
    /// People with recordings in more than one part; 0 when people were drawn.
    pub shared_people: usize,
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
}

/// Draws the parts of `items`, each a person and a class.
///
/// Each class is drawn by itself, so that every part has about the same mix; a person with recordings of both classes
/// counts as what most of them are (as sick where they are even). Each part gets one of each class at least, whatever
/// the shares. The draw depends on the seed and the people only, not on the machine and, by [`SplitBy::Person`], not on
/// the order of the items.
///
/// # Errors
/// [`SplitError`] when the shares leave nothing for training or a class has fewer people than there are parts.
pub fn split(items: &[(&PersonId, Label)], config: &SplitConfig) -> Result<SplitOutcome, SplitError> {
    let shares = Shares::new(config)?;
    let groups = match config.by {
        SplitBy::Person => by_person(items),
        SplitBy::File => (0..items.len()).map(|item| vec![item]).collect(),
    };
    let (sick, healthy): (Vec<_>, Vec<_>) =
        shuffled(groups, config.seed).into_iter().partition(|group| majority(items, group).is_positive());
    if healthy.len().min(sick.len()) < shares.parts() {
        return Err(SplitError::TooFew {
            drawn: match config.by {
                SplitBy::Person => "people",
                SplitBy::File => "recordings",
            },
            needed: shares.parts(),
            healthy: healthy.len(),
            sick: sick.len(),
        });
    }
    let mut parts = vec![Part::Train; items.len()];
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
    fn new(config: &SplitConfig) -> Result<Self, SplitError> {
        let (validation, test) = (config.validation, config.test);
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

/// The items of each person, people sorted by id.
fn by_person(items: &[(&PersonId, Label)]) -> Vec<Vec<usize>> {
    let mut people: BTreeMap<&PersonId, Vec<usize>> = BTreeMap::new();
    for (item, (person, _)) in items.iter().enumerate() {
        people.entry(person).or_default().push(item);
    }
    people.into_values().collect()
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
fn majority(items: &[(&PersonId, Label)], group: &[usize]) -> Label {
    let sick = group.iter().filter(|item| items[**item].1.is_positive()).count();
    if 2 * sick >= group.len() { Label::Sick } else { Label::Healthy }
}

/// Counts a finished split.
fn outcome(items: &[(&PersonId, Label)], parts: Vec<Part>) -> SplitOutcome {
    let mut counts = [[ClassCount::default(); 2]; 3];
    let mut of_class = BTreeSet::new();
    let mut of_part: BTreeMap<&PersonId, BTreeSet<Part>> = BTreeMap::new();
    for ((person, label), part) in items.iter().zip(&parts) {
        let count = &mut counts[*part as usize][*label as usize];
        count.recordings += 1;
        count.people += usize::from(of_class.insert((person, part, label)));
        of_part.entry(person).or_default().insert(*part);
    }
    let shared_people = of_part.values().filter(|parts| parts.len() > 1).count();
    SplitOutcome { parts, counts, shared_people }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `(person, label)` for each item, as people with one recording each.
    fn study(healthy: usize, sick: usize) -> Vec<(PersonId, Label)> {
        let id = |prefix: &str, i| PersonId(format!("{prefix}{i:04}"));
        let healthy = (0..healthy).map(|i| (id("h", i), Label::Healthy));
        healthy.chain((0..sick).map(|i| (id("s", i), Label::Sick))).collect()
    }

    fn draw(study: &[(PersonId, Label)], config: &SplitConfig) -> Result<SplitOutcome, SplitError> {
        let items: Vec<_> = study.iter().map(|(person, label)| (person, *label)).collect();
        split(&items, config)
    }

    #[test]
    fn sixteen_people_are_enough_for_three_parts() {
        // Virufy's clinical data: 9 healthy and 7 sick people.
        let outcome = draw(&study(9, 7), &SplitConfig::default()).unwrap();
        let people = |part| Label::ALL.map(|label| outcome.count(part, label).people);
        assert_eq!(Part::ALL.map(people), [[6, 5], [1, 1], [2, 1]]);
        assert_eq!(outcome.shared_people, 0);
    }

    #[test]
    fn a_seed_means_the_same_split_for_good() {
        #[derive(Deserialize)]
        struct Case {
            healthy: usize,
            sick: usize,
            #[serde(flatten)]
            config: SplitConfig,
            parts: Vec<Part>,
        }
        // By tests/golden/split.py, which has a ChaCha8 of its own.
        let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/golden/split.json")).unwrap();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let outcome = draw(&study(case.healthy, case.sick), &case.config).unwrap();
            assert_eq!(outcome.parts, case.parts, "{:?}", case.config);
        }
    }

    #[test]
    fn too_few_people_are_named() {
        let error = draw(&study(9, 2), &SplitConfig::default()).unwrap_err();
        assert_eq!(error, SplitError::TooFew { drawn: "people", needed: 3, healthy: 9, sick: 2 });
        let no_validation = SplitConfig { validation: 0.0, ..SplitConfig::default() };
        assert!(draw(&study(9, 2), &no_validation).is_ok());
        assert!(matches!(draw(&[], &no_validation), Err(SplitError::TooFew { needed: 2, healthy: 0, sick: 0, .. })));
    }

    #[test]
    fn shares_must_leave_something_for_training() {
        for (validation, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.2), (0.2, f64::INFINITY), (1.0, 0.0)] {
            let config = SplitConfig { validation, test, ..SplitConfig::default() };
            assert!(matches!(draw(&study(50, 50), &config), Err(SplitError::Shares { .. })), "{validation} {test}");
        }
    }

    #[test]
    fn extreme_shares_still_leave_one_for_each_part() {
        for (validation, test) in [(0.01, 0.98), (0.98, 0.01), (0.01, 0.01), (0.49, 0.5)] {
            let outcome = draw(&study(3, 4), &SplitConfig { validation, test, ..SplitConfig::default() }).unwrap();
            assert!(outcome.counts.iter().flatten().all(|count| count.people >= 1), "{validation} {test}: {outcome:?}");
        }
    }

    #[test]
    fn drawing_files_counts_the_people_who_are_shared() {
        let study: Vec<_> = study(20, 20).into_iter().flat_map(|item| [item.clone(), item.clone(), item]).collect();
        let outcome = draw(&study, &SplitConfig { by: SplitBy::File, ..SplitConfig::default() }).unwrap();
        let mut expected = 0;
        for person in study.iter().map(|(person, _)| person).collect::<BTreeSet<_>>() {
            let of_person = study.iter().zip(&outcome.parts).filter(|((other, _), _)| other == person);
            expected += usize::from(of_person.map(|(_, part)| part).collect::<BTreeSet<_>>().len() > 1);
        }
        assert!(expected > 0, "of 40 people with three files each, a draw of files parts some");
        assert_eq!(outcome.shared_people, expected);
    }

    #[test]
    fn a_person_of_both_classes_counts_as_the_majority() {
        let mut study = study(3, 2);
        // Two of three recordings are sick: the third sick person, without whom there would be too few.
        study.extend([Label::Sick, Label::Healthy, Label::Sick].map(|label| (PersonId("mixed".into()), label)));
        let outcome = draw(&study, &SplitConfig::default()).unwrap();
        assert_eq!(outcome.shared_people, 0);
        let sick: usize = Part::ALL.map(|part| outcome.count(part, Label::Sick).people).into_iter().sum();
        let healthy: usize = Part::ALL.map(|part| outcome.count(part, Label::Healthy).people).into_iter().sum();
        assert_eq!((healthy, sick), (4, 3), "a mixed person is counted under both classes");
    }

    /// Studies of up to 60 people with up to 5 recordings each, now and then of both classes.
    fn studies() -> impl Strategy<Value = Vec<(PersonId, Label)>> {
        let person = (0..60_u32, prop::bool::weighted(0.1));
        prop::collection::vec(person, 0..200).prop_map(|recordings| {
            let label = |id: u32, flipped| if id.is_multiple_of(3) != flipped { Label::Sick } else { Label::Healthy };
            recordings.into_iter().map(|(id, flipped)| (PersonId(format!("p{id}")), label(id, flipped))).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nobody_is_in_two_parts(study in studies(), seed: u64, validation in 0.0..0.5, test in 0.0..0.5) {
            let config = SplitConfig { validation, test, seed, by: SplitBy::Person };
            let Ok(outcome) = draw(&study, &config) else { return Ok(()) };
            let mut part_of = BTreeMap::new();
            for ((person, _), part) in study.iter().zip(&outcome.parts) {
                prop_assert_eq!(part_of.entry(person).or_insert(*part), part);
            }
            prop_assert_eq!(outcome.shared_people, 0);
            for (part, share) in [(Part::Train, 1.0), (Part::Validation, validation), (Part::Test, test)] {
                for label in Label::ALL {
                    prop_assert_eq!(outcome.count(part, label).recordings > 0, share > 0.0);
                }
            }
            let recordings: usize = outcome.counts.iter().flatten().map(|count| count.recordings).sum();
            prop_assert_eq!(recordings, study.len());
        }

        #[test]
        fn shares_are_met_within_one_person(healthy in 20..300_usize, sick in 20..300_usize, seed: u64,
                                            validation in 0.05..0.4, test in 0.05..0.4) {
            let config = SplitConfig { validation, test, seed, by: SplitBy::Person };
            let outcome = draw(&study(healthy, sick), &config).unwrap();
            for (label, total) in [(Label::Healthy, healthy), (Label::Sick, sick)] {
                for (part, share) in [(Part::Validation, validation), (Part::Test, test)] {
                    let difference = outcome.count(part, label).people as f64 - share * total as f64;
                    prop_assert!(difference.abs() <= 0.5 + 1e-9, "{part} {label}: off by {difference}");
                }
            }
        }

        #[test]
        fn the_order_of_items_does_not_matter(study in studies(), seed: u64, turn in 0..200_usize) {
            let config = SplitConfig { seed, ..SplitConfig::default() };
            let mut turned = study.clone();
            turned.reverse();
            let turn = turn.min(turned.len());
            turned.rotate_left(turn);
            let (Ok(one), Ok(other)) = (draw(&study, &config), draw(&turned, &config)) else { return Ok(()) };
            let by_person = |study: &[(PersonId, Label)], outcome: &SplitOutcome| -> BTreeMap<PersonId, Part> {
                study.iter().map(|(person, _)| person.clone()).zip(outcome.parts.iter().copied()).collect()
            };
            prop_assert_eq!(by_person(&study, &one), by_person(&turned, &other));
            prop_assert_eq!(one.counts, other.counts);
        }

        #[test]
        fn another_seed_is_another_split(seed: u64) {
            let people = study(40, 40);
            let draw = |seed| draw(&people, &SplitConfig { seed, ..SplitConfig::default() }).unwrap().parts;
            prop_assert_eq!(draw(seed), draw(seed));
            prop_assert_ne!(draw(seed), draw(seed ^ 1));
        }
    }
}
