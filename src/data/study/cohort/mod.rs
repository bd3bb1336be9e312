//! The used recordings in numbers: what the two classes are made of, and what besides the sound of a cough could tell them
//! apart. A network that can recognise the dataset, the microphone or the age needs no cough to score well.

mod attribute;
mod confounding;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::mem::discriminant;
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

pub use attribute::Attribute;
use attribute::Value;
pub use confounding::{Aspect, Association, Judgement, Strength, Unjudged};
use confounding::{Question, groups};
pub use words::{FEW_PEOPLE, Finding};

use super::StudyView;
use super::filter::Condition;
use crate::data::split::ClassCount;
use crate::data::{Clip, Label, LabelPolicy, PersonId};
use crate::eval::Scale;

/// Values of one attribute that are counted one by one; the rarest of more are put together. As many as a chart has room for.
pub const MOST_LEVELS: usize = 12;

/// The used recordings of a study, counted by everything that is known of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cohort {
    /// In the order of [`Label::ALL`]; somebody with recordings of both classes counts in both.
    pub classes: [ClassCount; 2],
    /// Recordings of the study that are not used, and therefore not counted here.
    pub left_out: usize,
    /// One for each attribute that something is known of, in the order of [`Attribute::ALL`].
    pub breakdowns: Vec<Breakdown>,
}

/// The used recordings by one attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breakdown {
    /// By what.
    pub attribute: Attribute,
    /// Its values that occur, in the order in which a chart shows them, and those between them on a scale; "not stated"
    /// comes last.
    pub levels: Vec<Level>,
    /// Whether its values go together with the class.
    pub value: Judgement,
    /// Whether it goes together with the class that it is stated at all; `None` where everybody's is, and for what is read
    /// from the files.
    pub stated: Option<Judgement>,
}

/// One value of an attribute, and who has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Level {
    /// The value on screen.
    pub name: String,
    /// In the order of [`Label::ALL`].
    pub classes: [ClassCount; 2],
    /// Nobody knows the value of these.
    pub is_unknown: bool,
    /// What the list of recordings shows them by, where it can.
    #[serde(skip)]
    pub condition: Option<Condition>,
}

impl Level {
    /// Recordings of both classes.
    #[must_use]
    pub fn recordings(&self) -> usize {
        self.classes.iter().map(|class| class.recordings).sum()
    }

    /// People of both classes.
    #[must_use]
    pub fn people(&self) -> usize {
        self.classes.iter().map(|class| class.people).sum()
    }
}

/// A person within a class: the unit that is independent of the others.
#[derive(Clone, Copy, Debug)]
struct Unit {
    label: Label,
    /// Which part of the cross-fitting the person is in; see [`confounding`].
    fold: usize,
}

/// A used recording with what it is counted by.
struct Member<'a> {
    clip: &'a Clip,
    label: Label,
    /// The place of its person among the units.
    unit: usize,
    /// The place of its dataset in [`StudyView::sources`].
    source: usize,
    /// The dataset's name on screen, where that source is a table of several.
    listed: Option<&'a str>,
}

impl Cohort {
    /// Fewer people of a class than this, and nothing is said of what gives it away: each part of the cross-fitting must
    /// hold one of them.
    pub const LEAST_PEOPLE: usize = confounding::FOLDS;

    /// Counts the used recordings of `study`. Goes through all recordings once for each attribute, and deals out the classes
    /// of all people anew some thousand times, on all cores. `None` when `stop` breaks.
    #[must_use]
    pub fn of(study: &StudyView, stop: &(dyn Fn() -> ControlFlow<()> + Sync)) -> Option<Self> {
        let (members, units) = members(study);
        let mut classes = [ClassCount::default(); 2];
        for member in &members {
            class_of(&mut classes, member.label).recordings += 1;
        }
        for unit in &units {
            class_of(&mut classes, unit.label).people += 1;
        }
        let mut breakdowns: Vec<Breakdown> = Attribute::ALL
            .par_iter()
            .filter_map(|attribute| Breakdown::of(*attribute, study, &members, &units, stop))
            .collect();
        if stop().is_break() {
            return None;
        }
        Association::adjust(&mut breakdowns.iter_mut().flat_map(Breakdown::associations_mut).collect::<Vec<_>>());
        Some(Self { classes, left_out: study.clips.len() - members.len(), breakdowns })
    }

    /// The breakdown by this attribute.
    #[must_use]
    pub fn by(&self, attribute: Attribute) -> Option<&Breakdown> {
        self.breakdowns.iter().find(|breakdown| breakdown.attribute == attribute)
    }

    /// Whether there is nothing to count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.breakdowns.is_empty()
    }

    /// Both classes occur, so that they can be compared.
    #[must_use]
    pub fn has_both_classes(&self) -> bool {
        self.classes.iter().all(|class| class.recordings > 0)
    }

    /// What could give the class away, the strongest first.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.breakdowns.iter().flat_map(Breakdown::findings).collect();
        findings.sort_by(|a, b| b.auc.total_cmp(&a.auc));
        findings
    }
}

/// The used recordings, and whom they are of.
fn members(study: &StudyView) -> (Vec<Member<'_>>, Vec<Unit>) {
    let mut places: HashMap<(&PersonId, Label), usize> = HashMap::new();
    let mut members = Vec::new();
    for (source, (_, clips)) in study.clips_by_source().enumerate() {
        let first = clips.first().map(|clip| &clip.dataset);
        let is_of_several = clips.iter().any(|clip| Some(&clip.dataset) != first);
        for clip in clips {
            let Some(label) = clip.verdict.label() else { continue };
            let next = places.len();
            let unit = *places.entry((&clip.person, label)).or_insert(next);
            let listed = is_of_several.then(|| clip.dataset_name());
            members.push(Member { clip, label, unit, source, listed });
        }
    }
    // Dealt out in an order that has nothing to do with the people, and stays the same on every computer.
    let mut order: Vec<(Label, u64, &PersonId, usize)> = places
        .into_iter()
        .map(|((person, label), place)| (label, xxh3_64(person.0.as_bytes()), person, place))
        .collect();
    order.sort_unstable();
    let mut units = vec![Unit { label: Label::Healthy, fold: 0 }; order.len()];
    for (dealt, (label, _, _, place)) in order.into_iter().enumerate() {
        if let Some(unit) = units.get_mut(place) {
            *unit = Unit { label, fold: dealt % confounding::FOLDS };
        }
    }
    (members, units)
}

fn class_of(classes: &mut [ClassCount; 2], label: Label) -> &mut ClassCount {
    let [healthy, sick] = classes;
    if label.is_positive() { sick } else { healthy }
}

impl Breakdown {
    /// `None` where nothing is known of the attribute.
    fn of(
        attribute: Attribute,
        study: &StudyView,
        members: &[Member<'_>],
        units: &[Unit],
        stop: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Option<Self> {
        let (values, pairs) = observe(attribute, &study.policy, members);
        if values.iter().all(|value| *value == Value::Unknown) {
            return None;
        }
        let mut levels: Vec<Level> = values.iter().map(|value| value.level(attribute, study)).collect();
        for (member, value) in &pairs {
            if let Some((level, member)) = levels.get_mut(*value).zip(members.get(*member)) {
                class_of(&mut level.classes, member.label).recordings += 1;
            }
        }
        let mut of_units: Vec<(usize, usize)> =
            pairs.iter().filter_map(|(member, value)| Some((members.get(*member)?.unit, *value))).collect();
        of_units.sort_unstable();
        for (level, people) in levels.iter_mut().zip(groups(values.len(), units, &of_units)) {
            for (class, people) in level.classes.iter_mut().zip(people) {
                class.people = people;
            }
        }
        let is_unknown = |value: usize| levels.get(value).is_some_and(|level| level.is_unknown);
        let stated = attribute.may_be_unstated() && levels.iter().any(|level| level.is_unknown);
        let stated = stated.then(|| {
            let pairs: Vec<(usize, usize)> =
                of_units.iter().map(|(unit, value)| (*unit, usize::from(is_unknown(*value)))).collect();
            Question { values: 2, scale: Scale::Nominal, is_exclusive: true, pairs: &pairs }.judge(units, stop)
        });
        let value = if attribute.can_confound() {
            of_units.retain(|(_, value)| !is_unknown(*value));
            let (scale, is_exclusive) = (attribute.scale(), attribute.is_exclusive());
            Question { values: values.len(), scale, is_exclusive, pairs: &of_units }.judge(units, stop)
        } else {
            Judgement::Unjudged(Unjudged::ByDefinition)
        };
        Some(Self { attribute, levels, value, stated })
    }

    /// A value within a sentence, with its unit.
    #[must_use]
    pub fn value_in_words(&self, level: &Level) -> String {
        let unit = if level.is_unknown { "" } else { self.attribute.unit() };
        format!("{}{unit}", level.name)
    }

    /// What was looked at, and what came of it.
    pub fn judgements(&self) -> impl Iterator<Item = (Aspect, &Judgement)> {
        let stated = self.stated.as_ref().map(|stated| (Aspect::Stated, stated));
        std::iter::once((Aspect::Value, &self.value)).chain(stated)
    }

    fn associations_mut(&mut self) -> impl Iterator<Item = &mut Association> {
        [Some(&mut self.value), self.stated.as_mut()].into_iter().flatten().filter_map(|judgement| match judgement {
            Judgement::Judged(association) => Some(association),
            Judgement::Unjudged(_) => None,
        })
    }
}

/// The values of an attribute that occur, and each member with the places of its values among them. At most [`MOST_LEVELS`]
/// values: the rarest of more become one.
fn observe<'a>(
    attribute: Attribute,
    policy: &LabelPolicy,
    members: &[Member<'a>],
) -> (Vec<Value<'a>>, Vec<(usize, usize)>) {
    let mut found: Vec<(Value<'a>, usize)> = Vec::new();
    let mut pairs = Vec::with_capacity(members.len());
    for (place, member) in members.iter().enumerate() {
        attribute.read(member, policy, &mut |value| {
            // There are few different values: looking through them is quicker than hashing.
            let known = found.iter_mut().position(|(known, _)| *known == value);
            let at = known.unwrap_or_else(|| {
                found.push((value, 0));
                found.len() - 1
            });
            if let Some((_, count)) = found.get_mut(at) {
                *count += 1;
            }
            pairs.push((place, at));
        });
    }
    let mut by_count: Vec<usize> = found.iter().map(|(_, count)| *count).collect();
    by_count.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
    // Ties at the bound all become "others", so that there are never too many.
    let bound = if found.len() > MOST_LEVELS { by_count.get(MOST_LEVELS - 1).copied().unwrap_or(0) } else { 0 };
    let renamed: Vec<Value<'a>> = found
        .iter()
        .map(|(value, count)| if *count > bound || *value == Value::Unknown { *value } else { Value::Others })
        .collect();
    let mut values = renamed.clone();
    values.sort_unstable();
    values.dedup();
    let values = without_gaps(&values);
    let places: Vec<usize> = renamed.iter().map(|value| values.binary_search(value).unwrap_or_default()).collect();
    for (_, at) in &mut pairs {
        *at = places.get(*at).copied().unwrap_or_default();
    }
    (values, pairs)
}

/// Values in their order, with those between them on a scale.
fn without_gaps<'a>(values: &[Value<'a>]) -> Vec<Value<'a>> {
    let mut filled: Vec<Value<'a>> = Vec::with_capacity(values.len());
    for value in values {
        let on_the_way = |next: &Value<'a>| discriminant(next) == discriminant(value) && next < value;
        while let Some(next) = filled.last().and_then(|last| last.next()).filter(on_the_way) {
            filled.push(next);
        }
        filled.push(*value);
    }
    filled
}
