//! What gives the class away without a cough, and how surely.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::{Cohort, Unit};
use crate::data::Label;
use crate::eval::{Interval, Profile, Scale, ThresholdTable, association_p_value, benjamini_hochberg, cramers_v};

/// Parts of the people: each is judged by what the other parts show. Guessing people by shares that they were counted in
/// would find an association in any small sample.
pub(super) const FOLDS: usize = 5;

/// How much somebody of the whole cohort counts among the people with a value, so that a value that one person has does not
/// decide about the next (Micci-Barreca 2001).
const PRIOR_PEOPLE: f64 = 1.0;

/// What of an attribute may go together with the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// Its values.
    Value,
    /// Whether it is stated at all.
    Stated,
}

/// Whether an attribute goes together with the class, or why that cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// It was looked at.
    Judged(Association),
    /// It could not be.
    Unjudged(Unjudged),
}

/// Why it cannot be told whether an attribute goes together with the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unjudged {
    /// It says something about the class by what it is.
    ByDefinition,
    /// So few people have a known value, in the order of [`Label::ALL`].
    TooFewPeople([usize; 2]),
    /// Everybody has the same value.
    OneValue,
}

impl Aspect {
    /// The name in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Stated => "stated",
        }
    }
}

impl Judgement {
    /// What was found, where it could be looked at.
    #[must_use]
    pub fn association(&self) -> Option<&Association> {
        match self {
            Self::Judged(association) => Some(association),
            Self::Unjudged(_) => None,
        }
    }
}

/// How well one attribute alone would tell the classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Association {
    /// The area under the ROC curve when people are ordered by the share of the sick among other people with the same value;
    /// 0.5 tells nothing. The others are four fifths of the people, drawn five times so that everybody is judged once; a
    /// person with several values gets the mean of their ranks.
    pub auc: f64,
    /// Its 95 % interval over people; `None` where nothing differs.
    pub interval: Option<Interval>,
    /// Cramér's V over people, corrected for chance, 0 to 1; `None` where a recording may have several values.
    pub cramers_v: Option<f64>,
    /// The p-value of a permutation test over people. The area cannot say whether there is anything: it is judged by the
    /// other parts of the people, which with few of them hides what is there.
    pub p_value: f64,
    /// The same, raised for everything that was tested in the cohort; what is at most [`Association::LEVEL`] counts as shown.
    pub p_adjusted: f64,
    /// The people whose value is known, in the order of [`Label::ALL`].
    pub people: [usize; 2],
}

/// How much an attribute gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Less than a network that hears coughs and nothing else.
    Slight,
    /// As much as a published network that hears coughs and nothing else, as far as can be told.
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

    /// The word on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Slight => "slight",
            Self::Weak => "weak",
            Self::Moderate => "moderate",
            Self::Strong => "strong",
        }
    }
}

impl Association {
    /// False alarms that are put up with, as a share of what is called shown.
    pub const LEVEL: f64 = 0.05;

    /// How much it gives away; `None` where it was not shown to give anything away.
    #[must_use]
    pub fn strength(&self) -> Option<Strength> {
        if self.p_adjusted > Self::LEVEL {
            return None;
        }
        // As they are shown, so that no 0.70 is called less than 0.7.
        let shown = |area: f64| (100.0 * area).round() / 100.0;
        Some(match shown(self.auc) {
            auc if auc >= Strength::STRONG => Strength::Strong,
            auc if auc >= Strength::MODERATE => Strength::Moderate,
            auc if auc >= Strength::WEAK || self.possible().map(shown) >= Some(Strength::WEAK) => Strength::Weak,
            _ => Strength::Slight,
        })
    }

    /// The largest area that these people do not speak against, `None` where nothing differs. Where the order that some
    /// people suggest is none for the others, the area lies below 0.5 and says no more than 0.5 does.
    #[must_use]
    pub fn possible(&self) -> Option<f64> {
        let above = self.interval?.high - self.auc;
        Some((self.auc.max(0.5) + above).min(1.0))
    }

    /// Everybody whose value is known.
    #[must_use]
    pub fn everybody(&self) -> usize {
        self.people.iter().sum()
    }

    /// Raises the p-values for each other: the more is looked at, the more stands out without a reason.
    pub(super) fn adjust(all: &mut [&mut Self]) {
        let p_values: Vec<f64> = all.iter().map(|association| association.p_value).collect();
        for (association, adjusted) in all.iter_mut().zip(benjamini_hochberg(&p_values)) {
            association.p_adjusted = adjusted;
        }
    }
}

/// Whom a question about an attribute is asked of, and how its values may differ.
pub(super) struct Question<'a> {
    /// How many values there are.
    pub values: usize,
    pub scale: Scale,
    /// A recording has exactly one of them.
    pub is_exclusive: bool,
    /// Everybody's known values, in the order of the units: place of the unit and of the value, once for each recording.
    pub pairs: &'a [(usize, usize)],
}

impl Question<'_> {
    /// The answer from these people. What `stop` breaks is to be thrown away.
    pub fn judge(&self, units: &[Unit], stop: &(dyn Fn() -> ControlFlow<()> + Sync)) -> Judgement {
        let known: Vec<[u64; 2]> =
            groups(self.values, units, self.pairs).iter().map(|group| group.map(|count| count as u64)).collect();
        if known.iter().filter(|group| **group != [0, 0]).count() < 2 {
            return Judgement::Unjudged(Unjudged::OneValue);
        }
        let table = ThresholdTable::from_pairs(scores(self.values, units, self.pairs));
        let people = [table.negatives(), table.positives()].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let Some(auc) = table.auc().ok().filter(|_| people.iter().all(|count| *count >= Cohort::LEAST_PEOPLE)) else {
            return Judgement::Unjudged(Unjudged::TooFewPeople(people));
        };
        let p_value = association_p_value(&profiles(units, self.pairs), self.scale, &|| stop()).unwrap_or(1.0);
        Judgement::Judged(Association {
            auc,
            interval: table.auc_interval().ok(),
            cramers_v: self.is_exclusive.then(|| cramers_v(&known).ok()).flatten(),
            p_value,
            p_adjusted: p_value,
            people,
        })
    }
}

/// The pairs of each person.
fn by_person(pairs: &[(usize, usize)]) -> impl Iterator<Item = (usize, &[(usize, usize)])> {
    pairs.chunk_by(|one, other| one.0 == other.0).filter_map(|own| Some((own.first()?.0, own)))
}

/// A person's values, each with how many recordings have it.
fn by_value(own: &[(usize, usize)]) -> impl Iterator<Item = (usize, usize)> {
    own.chunk_by(|one, other| one.1 == other.1).filter_map(|same| Some((same.first()?.1, same.len())))
}

/// How many people of each class have each value, each person once for each value. `pairs` in the order of people and values.
pub(super) fn groups(values: usize, units: &[Unit], pairs: &[(usize, usize)]) -> Vec<[usize; 2]> {
    let mut groups = vec![[0; 2]; values];
    for (unit, own) in by_person(pairs) {
        let Some(unit) = units.get(unit) else { continue };
        for (value, _) in by_value(own) {
            if let Some(count) = groups.get_mut(value).and_then(|group| group.get_mut(unit.label as usize)) {
                *count += 1;
            }
        }
    }
    groups
}

/// People put together whose recordings share out among the values alike.
fn profiles(units: &[Unit], pairs: &[(usize, usize)]) -> Vec<Profile> {
    let mut alike: BTreeMap<Vec<(usize, usize)>, [usize; 2]> = BTreeMap::new();
    let mut own_values = Vec::new();
    for (unit, own) in by_person(pairs) {
        let Some(unit) = units.get(unit) else { continue };
        own_values.clear();
        own_values.extend(by_value(own));
        if let [(_, count)] = own_values.as_mut_slice() {
            // However many recordings, they say the same.
            *count = 1;
        }
        let people = match alike.get_mut(&own_values) {
            Some(people) => people,
            None => alike.entry(own_values.clone()).or_default(),
        };
        if let Some(count) = people.get_mut(unit.label as usize) {
            *count += 1;
        }
    }
    let profile = |(values, people): (Vec<(usize, usize)>, [usize; 2])| {
        let all: usize = values.iter().map(|(_, count)| count).sum();
        let shares = values.into_iter().map(|(value, count)| (value, count as f64 / all as f64)).collect();
        Profile { shares, people }
    };
    alike.into_iter().map(profile).collect()
}

/// Everybody's class, and the rank of their value by the share of the sick among the people of the other parts who have it.
/// Ranks and not shares, which differ a little from part to part and would tell apart what is equal.
fn scores(values: usize, units: &[Unit], pairs: &[(usize, usize)]) -> Vec<(bool, f64)> {
    // People with each value in each part: [part][value][class].
    let mut people = vec![vec![[0_u32; 2]; values]; FOLDS];
    for (unit, own) in by_person(pairs) {
        let Some(unit) = units.get(unit) else { continue };
        let Some(part) = people.get_mut(unit.fold) else { continue };
        for (value, _) in by_value(own) {
            if let Some([healthy, sick]) = part.get_mut(value) {
                *if unit.label == Label::Sick { sick } else { healthy } += 1;
            }
        }
    }
    let ranks: Vec<Vec<f64>> = (0..FOLDS).map(|part| ranks(&shares_outside(part, values, &people))).collect();
    let scored = by_person(pairs).filter_map(|(unit, own)| {
        let unit = units.get(unit)?;
        let ranks = ranks.get(unit.fold)?;
        let sum: f64 = own.iter().filter_map(|(_, value)| ranks.get(*value)).sum();
        Some((unit.label.is_positive(), sum / own.len() as f64))
    });
    scored.collect()
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
