//! What gives the class away without a cough: how strongly, and in words.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Attribute, Breakdown, Cohort, Level, Unit};
use crate::data::Label;
use crate::eval::{Interval, ThresholdTable, cramers_v};
use crate::units::counted;

/// Parts of the people: each is judged by what the other parts show. Guessing people by shares that they were counted in
/// would find an association in any small sample.
pub(super) const FOLDS: usize = 5;

/// Fewer people of a class than this, and a finding says how few they are.
pub const FEW_PEOPLE: usize = 20;

/// How much somebody of the whole cohort counts among the people with a value, so that a value that one person has does not
/// decide about the next (Micci-Barreca 2001).
const PRIOR_PEOPLE: f64 = 1.0;

/// How well one attribute alone would tell the classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Association {
    /// The area under the ROC curve when people are ordered by the share of the sick among other people with the same value;
    /// 0.5 is chance. The others are four fifths of the people, drawn five times so that everybody is judged once; a person
    /// with several values gets the mean of their ranks.
    pub auc: f64,
    /// Its 95 % interval over people; `None` where the classes do not overlap, or nothing differs.
    pub interval: Option<Interval>,
    /// Cramér's V over people, corrected for chance, 0 to 1; `None` where a recording may have several values.
    pub cramers_v: Option<f64>,
    /// The people whose value is known, in the order of [`Label::ALL`].
    pub people: [usize; 2],
}

/// How much an attribute gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// As much as a published network that hears coughs and nothing else.
    Weak,
    /// More than that.
    Moderate,
    /// As much as the best published networks.
    Strong,
}

impl Strength {
    /// The area from which on an association is worth a word: what sound gave once the two classes were matched (0.619,
    /// Coppock et al. 2024).
    const WEAK: f64 = 0.6;
    /// Discrimination is called acceptable from here on (Hosmer, Lemeshow and Sturdivant 2013), excellent from the next.
    const MODERATE: f64 = 0.7;
    const STRONG: f64 = 0.8;

    fn of(association: &Association) -> Option<Self> {
        if association.interval.is_some_and(|interval| interval.low <= 0.5) {
            return None;
        }
        // As it is shown, so that no 0.70 is called less than 0.7.
        match (100.0 * association.auc).round() / 100.0 {
            auc if auc >= Self::STRONG => Some(Self::Strong),
            auc if auc >= Self::MODERATE => Some(Self::Moderate),
            auc if auc >= Self::WEAK => Some(Self::Weak),
            _ => None,
        }
    }

    /// The word on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Moderate => "moderate",
            Self::Strong => "strong",
        }
    }
}

/// Something besides the cough that a network could learn the classes by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What.
    pub attribute: Attribute,
    /// How much it gives away.
    pub strength: Strength,
    /// The area under the ROC curve that it alone would reach.
    pub auc: f64,
    /// What was found, as a sentence.
    pub headline: &'static str,
    /// How much it gives away, as a sentence.
    pub evidence: String,
    /// In whom, and how far that can be trusted, as sentences.
    pub details: String,
    /// What may come of it, as a sentence.
    pub consequence: &'static str,
}

impl Association {
    /// `pairs` are the known values (places in `levels`) of each unit, once for each recording. `None` with too few people,
    /// or where all have one value.
    pub(super) fn of(attribute: Attribute, levels: &[Level], units: &[Unit], pairs: &[(usize, usize)]) -> Option<Self> {
        let known = |level: &&Level| !level.is_unknown;
        if levels.iter().filter(known).count() < 2 {
            return None;
        }
        let scores = scores(levels.len(), units, pairs);
        let table = ThresholdTable::from_pairs(scores);
        let people = [table.negatives(), table.positives()].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        if people.iter().any(|count| *count < Cohort::LEAST_PEOPLE) {
            return None;
        }
        let counts = |level: &Level| level.classes.map(|class| class.people as u64);
        let groups: Vec<[u64; 2]> = levels.iter().filter(known).map(counts).collect();
        Some(Self {
            auc: table.auc().ok()?,
            interval: table.auc_interval().ok(),
            cramers_v: attribute.is_exclusive().then(|| cramers_v(&groups).ok()).flatten(),
            people,
        })
    }
}

/// Everybody's class, and the rank of their value by the share of the sick among the people of the other parts who have it.
/// Ranks and not shares, which differ a little from part to part and would tell apart what is equal.
fn scores(levels: usize, units: &[Unit], pairs: &[(usize, usize)]) -> Vec<(bool, f64)> {
    // People with each value in each part: [part][value][class].
    let mut people = vec![vec![[0_u32; 2]; levels]; FOLDS];
    let mut seen = vec![0_u32; units.len()];
    for (unit, value) in pairs {
        let (Some(seen), Some(unit)) = (seen.get_mut(*unit), units.get(*unit)) else { continue };
        let cell = people.get_mut(unit.fold).and_then(|part| part.get_mut(*value));
        if let Some([healthy, sick]) = cell.filter(|_| *seen & (1 << value) == 0) {
            *seen |= 1 << value;
            *if unit.label == Label::Sick { sick } else { healthy } += 1;
        }
    }
    let ranks: Vec<Vec<f64>> = (0..FOLDS).map(|part| ranks(&shares_outside(part, levels, &people))).collect();
    let mut sums = vec![(0.0, 0.0); units.len()];
    for (unit, value) in pairs {
        let part = units.get(*unit).and_then(|unit| ranks.get(unit.fold));
        if let (Some((sum, count)), Some(rank)) = (sums.get_mut(*unit), part.and_then(|part| part.get(*value))) {
            *sum += rank;
            *count += 1.0;
        }
    }
    let scored = units.iter().zip(sums).filter(|(_, (_, count))| *count > 0.0);
    scored.map(|(unit, (sum, count))| (unit.label.is_positive(), sum / count)).collect()
}

/// The share of the sick among the people of all parts but one, for each value.
fn shares_outside(part: usize, levels: usize, people: &[Vec<[u32; 2]>]) -> Vec<f64> {
    let mut counts = vec![[0.0; 2]; levels];
    for (_, outside) in people.iter().enumerate().filter(|(index, _)| *index != part) {
        for ([healthy, sick], more) in counts.iter_mut().zip(outside) {
            *healthy += f64::from(more[0]);
            *sick += f64::from(more[1]);
        }
    }
    let [healthy, sick] = counts.iter().fold([0.0, 0.0], |[a, b], [healthy, sick]| [a + healthy, b + sick]);
    let prior = if healthy + sick > 0.0 { sick / (healthy + sick) } else { 0.5 };
    counts.iter().map(|[healthy, sick]| (sick + PRIOR_PEOPLE * prior) / (healthy + sick + PRIOR_PEOPLE)).collect()
}

/// How many shares lie below each, equals one half.
fn ranks(shares: &[f64]) -> Vec<f64> {
    let count = |share: &f64, wanted| shares.iter().filter(|other| other.total_cmp(share) == wanted).count() as f64;
    shares.iter().map(|share| count(share, Ordering::Less) + 0.5 * count(share, Ordering::Equal)).collect()
}

impl Finding {
    pub(super) fn of(breakdown: &Breakdown) -> Option<Self> {
        let association = breakdown.association?;
        let strength = Strength::of(&association)?;
        let (headline, consequence) = words(breakdown.attribute)?;
        Some(Self {
            attribute: breakdown.attribute,
            strength,
            auc: association.auc,
            headline,
            evidence: evidence(breakdown.attribute, &association),
            details: details(breakdown, &association),
            consequence,
        })
    }
}

/// What was found, and what may come of it; `None` for what says something about the class by its definition.
fn words(attribute: Attribute) -> Option<(&'static str, &'static str)> {
    Some(match attribute {
        Attribute::Dataset => (
            "Sick and healthy people come from different datasets.",
            "A network can score well by recognising the dataset instead of the cough. Test it on a dataset that it has not \
             learned from.",
        ),
        Attribute::Origin => (
            "Sick and healthy people got their labels in different ways.",
            "What a network learns may be who was asked and who was tested, and not who was ill.",
        ),
        Attribute::Experts => return None,
        Attribute::Age => (
            "Sick and healthy people differ in age.",
            "A voice changes with age: a network can score well by hearing how old somebody is.",
        ),
        Attribute::Sex => (
            "Sick and healthy people differ in sex.",
            "A voice tells the sex: a network can score well by hearing that alone.",
        ),
        Attribute::Duration => (
            "Recordings of sick and healthy people differ in length.",
            "Where a recording begins and ends says nothing about an illness, but a network can learn it.",
        ),
        Attribute::SampleRate => (
            "Recordings of sick and healthy people differ in sample rate.",
            "A low rate has no high frequencies: a network can score well by seeing where the spectrum ends.",
        ),
        Attribute::Format => (
            "Recordings of sick and healthy people differ in file format.",
            "Every codec leaves traces in the sound: a network can score well by recognising those.",
        ),
        Attribute::Year => (
            "Sick and healthy people were recorded in different years.",
            "Telephones and web pages change from year to year, and a network can learn those changes.",
        ),
        Attribute::Quality => (
            "Recordings of sick and healthy people differ in quality.",
            "A network can score well by hearing noise or distortion instead of the cough.",
        ),
    })
}

/// Values that fewer of the people have are no example of anything.
const LEAST_SHARE_OF_EXAMPLE: f64 = 0.05;

fn evidence(attribute: Attribute, association: &Association) -> String {
    let range = match association.interval {
        Some(Interval { low, high }) => format!("95 % interval {low:.2} to {high:.2}; "),
        None => String::new(),
    };
    let (noun, auc) = (attribute.noun(), association.auc);
    format!("Knowing only {noun} would tell them apart with an AUC of {auc:.2} ({range}0.5 is chance).")
}

fn details(breakdown: &Breakdown, association: &Association) -> String {
    let mut sentences = Vec::new();
    if let Some([most, least]) = examples(&breakdown.levels) {
        let [first, second] = [most, least].map(|level| breakdown.value_in_words(level));
        let [first_sick, second_sick] = [most, least].map(|level| 100.0 * share_sick(level));
        sentences.push(format!("{first}: {first_sick:.0} % of the people are sick; {second}: {second_sick:.0} %."));
    }
    let unknown: usize = breakdown.levels.iter().filter(|level| level.is_unknown).map(Level::people).sum();
    if unknown > 0 {
        let unknown = counted(unknown, "person is", "people are");
        sentences.push(format!("{unknown} not counted, as nothing is stated."));
    }
    let [healthy, sick] = association.people;
    if healthy.min(sick) < FEW_PEOPLE {
        let healthy = counted(healthy, "person is", "people are");
        sentences
            .push(format!("Few people: {healthy} healthy and {sick} sick, so that others can show something else."));
    }
    sentences.join(" ")
}

/// The known values with the largest and the smallest share of the sick, of those that some people have.
fn examples(levels: &[Level]) -> Option<[&Level; 2]> {
    let known = || levels.iter().filter(|level| !level.is_unknown);
    let all: usize = known().map(Level::people).sum();
    let common = || known().filter(|level| level.people() as f64 >= LEAST_SHARE_OF_EXAMPLE * all as f64);
    let by_share = |a: &&Level, b: &&Level| share_sick(a).total_cmp(&share_sick(b));
    let (most, least) = (common().max_by(by_share)?, common().min_by(by_share)?);
    (share_sick(most) > share_sick(least)).then_some([most, least])
}

fn share_sick(level: &Level) -> f64 {
    let [_, sick] = level.classes;
    sick.people as f64 / level.people().max(1) as f64
}
