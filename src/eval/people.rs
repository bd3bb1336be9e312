//! Scores sorted once, with whose each is.

use std::collections::BTreeMap;
use std::ops::Range;

use super::interval::Z_95;
use super::normal::student_95;
use super::{Bounds, EvalError, ThresholdTable, Undefined};

/// A [`ThresholdTable`] that knows whose each recording is: several recordings of one person are no new evidence, so that
/// intervals draw people and keep all recordings of each.
#[derive(Clone, Debug, PartialEq)]
pub struct PeopleTable {
    table: ThresholdTable,
    /// Recordings with a finite score, scores falling.
    pub(super) recordings: Vec<Recording>,
    /// What each person has, those of one stratum side by side.
    pub(super) people: Vec<Person>,
    /// Places in `people` of those with healthy recordings only, with sick ones only, and with both.
    strata: [Range<usize>; 3],
}

/// What a walk along the falling scores needs to know of one recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Recording {
    /// Place in [`PeopleTable::people`].
    pub person: u32,
    /// Whether it is labelled sick.
    pub sick: bool,
    /// Whether the next score is lower.
    pub last_of_tie: bool,
}

/// What one person adds to the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Person {
    /// Recordings labelled sick.
    pub positives: u32,
    /// Recordings labelled healthy.
    pub negatives: u32,
    /// Sum of `(score - label)^2`; NaN where a score is no probability, so that no draw has a Brier score.
    pub squared_error: f64,
}

impl Person {
    /// Which stratum: healthy only, sick only, both.
    fn stratum(&self) -> usize {
        match (self.negatives, self.positives) {
            (_, 0) => 0,
            (0, _) => 1,
            _ => 2,
        }
    }
}

impl PeopleTable {
    /// Sorts `scores` with their `labels` (`true` is positive) and whose they are: equal numbers in `people` are one person.
    /// Shapes: `[n]`, `[n]` and `[n]`; `n` may be 0. Scores that are NaN or infinite are left out, and people who have no
    /// other.
    ///
    /// # Errors
    /// [`EvalError`] when the lengths differ.
    pub fn new(labels: &[bool], scores: &[f64], people: &[usize]) -> Result<Self, EvalError> {
        if labels.len() != scores.len() {
            return Err(EvalError::LengthMismatch { labels: labels.len(), scores: scores.len() });
        }
        if people.len() != scores.len() {
            return Err(EvalError::PeopleMismatch { people: people.len(), scores: scores.len() });
        }
        let mut excluded = Vec::new();
        let mut finite = Vec::new();
        for (index, ((&sick, &score), &person)) in labels.iter().zip(scores).zip(people).enumerate() {
            if score.is_finite() {
                finite.push((score + 0.0, sick, person));
            } else {
                excluded.push(index);
            }
        }
        // Within ties by person: the same table whatever the order of the recordings was.
        finite.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)).then(a.1.cmp(&b.1)));
        let (people, places, strata) = by_stratum(&finite);
        let next = finite.iter().skip(1).map(|(score, ..)| Some(*score)).chain([None]);
        let recordings = finite.iter().zip(next).map(|(&(score, sick, person), next)| Recording {
            person: places.get(&person).copied().unwrap_or_default(),
            sick,
            last_of_tie: next != Some(score),
        });
        let recordings = recordings.collect();
        let table = ThresholdTable::from_falling(finite.iter().map(|(score, sick, _)| (*score, *sick)), excluded);
        Ok(Self { table, recordings, people, strata })
    }

    /// The same scores without the people.
    #[must_use]
    pub fn table(&self) -> &ThresholdTable {
        &self.table
    }

    /// How many people have a score that counts.
    #[must_use]
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// How many people have healthy recordings only, sick ones only, and both.
    #[must_use]
    pub fn people_by_class(&self) -> [usize; 3] {
        self.strata.each_ref().map(ExactSizeIterator::len)
    }

    /// Places of the people of each stratum, side by side.
    pub(super) fn strata(&self) -> &[Range<usize>; 3] {
        &self.strata
    }

    /// By how much the variance of numbers that are drawn anew is to be raised, to be that of numbers from other people: drawing
    /// `n` of `n` people spreads them `(n - 1) / n` as much (the smaller class counts), and few people tell their own spread
    /// badly (Student 1908; both in Hesterberg 2015). Near 1 for many; `None` where a class is one person, and for bounds that
    /// need no variance.
    pub(super) fn inflation(&self, bounds: Bounds) -> Option<f64> {
        if bounds == Bounds::Percentile {
            return None;
        }
        let [healthy, sick, both] = self.people_by_class();
        let smaller = [healthy + both, sick + both].into_iter().filter(|size| *size > 0).min()? as f64;
        let classes = [healthy, sick, both].into_iter().filter(|size| *size > 0).count();
        let reach = student_95((self.people() - classes) as u64)? / Z_95;
        (smaller > 1.0).then(|| smaller / (smaller - 1.0) * reach.powi(2))
    }

    /// Fails where a person has several scores.
    pub(super) fn one_score_each(&self) -> Result<(), Undefined> {
        if self.people.len() == self.recordings.len() { Ok(()) } else { Err(Undefined::SeveralScores) }
    }
}

/// What each person has, one stratum after the other; the place of each by number; and where the strata lie.
fn by_stratum(recordings: &[(f64, bool, usize)]) -> (Vec<Person>, BTreeMap<usize, u32>, [Range<usize>; 3]) {
    let mut found: BTreeMap<usize, Person> = BTreeMap::new();
    for &(score, sick, person) in recordings {
        let person = found.entry(person).or_default();
        if sick {
            person.positives += 1;
        } else {
            person.negatives += 1;
        }
        let probability = if (0.0..=1.0).contains(&score) { score } else { f64::NAN };
        person.squared_error += (probability - f64::from(u8::from(sick))).powi(2);
    }
    let mut people = Vec::with_capacity(found.len());
    let mut places = BTreeMap::new();
    let strata = [0, 1, 2].map(|stratum| {
        let start = people.len();
        for (number, person) in found.iter().filter(|(_, person)| person.stratum() == stratum) {
            places.insert(*number, people.len() as u32);
            people.push(*person);
        }
        start..people.len()
    });
    (people, places, strata)
}
