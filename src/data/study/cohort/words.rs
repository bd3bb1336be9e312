//! What was found about a cohort, in words. Screen, figures and the command line say the same.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Aspect, Association, Attribute, Breakdown, Cohort, Judgement, Level, Strength, Unjudged};
use crate::data::Label;
use crate::eval::Interval;
use crate::units::counted;

/// Fewer people of a class than this, and a finding says how few they are.
pub const FEW_PEOPLE: usize = 20;

/// Something besides the cough that a network could learn the classes by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What.
    pub attribute: Attribute,
    /// What of it.
    pub aspect: Aspect,
    /// How much it gives away.
    pub strength: Strength,
    /// The area under the ROC curve that it alone would reach.
    pub auc: f64,
    /// What was found, as a sentence.
    pub headline: &'static str,
    /// How much it gives away, and how surely, as sentences.
    pub evidence: String,
    /// In whom, and how far that can be trusted, as sentences.
    pub details: String,
    /// What may come of it, as a sentence.
    pub consequence: &'static str,
}

impl Cohort {
    /// What was looked at and is no finding, in sentences: what could have been missed, and what could not be judged and
    /// why. Nothing is said to be absent that was only not shown.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let [healthy, sick] = self.classes;
        if !self.has_both_classes() {
            let only = if sick.recordings > 0 { Label::Sick } else { Label::Healthy };
            return vec![format!("All used recordings are {only}: there is nothing to compare them with.")];
        }
        if healthy.people.min(sick.people) < Self::LEAST_PEOPLE {
            return vec![format!(
                "Too few people to tell: {} of each class are needed, and there are {} healthy and {} sick.",
                Self::LEAST_PEOPLE,
                healthy.people,
                sick.people
            )];
        }
        let (mut slight, mut not_shown, mut unjudged) = (Vec::new(), BTreeMap::new(), Vec::new());
        for attribute in Attribute::ALL.into_iter().filter(|attribute| attribute.can_confound()) {
            let Some(breakdown) = self.by(attribute) else {
                unjudged.push(format!("{} (nothing is known)", attribute.noun()));
                continue;
            };
            for (aspect, judgement) in breakdown.judgements() {
                let noun = noun(attribute, aspect);
                match judgement {
                    Judgement::Judged(association) => match association.strength() {
                        None => {
                            let of_so_many: &mut Vec<String> =
                                not_shown.entry(Reverse(association.everybody())).or_default();
                            let possible = association.possible().map(|auc| format!(" ({auc:.2})"));
                            of_so_many.push(format!("{noun}{}", possible.unwrap_or_default()));
                        }
                        Some(Strength::Slight) => slight.push(format!("{noun} (AUC {:.2})", association.auc)),
                        Some(_) => {}
                    },
                    Judgement::Unjudged(reason) => unjudged.push(format!("{noun} ({reason})")),
                }
            }
        }
        let so_many = |(Reverse(count), nouns): (Reverse<usize>, Vec<String>)| {
            format!("with {} for {}", people(count), nouns.join(", "))
        };
        let not_shown: Vec<String> = not_shown.into_iter().map(so_many).collect();
        let possible =
            "No difference was shown, which does not rule one out. An AUC up to the one given would be possible ";
        let lists = [
            ("Differs, but tells little: ", slight.join(", ")),
            (possible, not_shown.join("; ")),
            ("Could not be judged: ", unjudged.join(", ")),
        ];
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(head, list)| format!("{head}{list}.")).collect()
    }
}

impl Breakdown {
    /// What gives the class away.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let association = |(aspect, judgement): (Aspect, &Judgement)| Some((aspect, *judgement.association()?));
        let judged = self.judgements().filter_map(association);
        judged.filter_map(|(aspect, association)| Finding::of(self, aspect, &association)).collect()
    }

    /// What its values give away, and whether they are stated where that does, in a line. Empty where nothing could.
    #[must_use]
    pub fn in_a_line(&self) -> String {
        let value = match &self.value {
            Judgement::Judged(association) => match association.strength() {
                Some(strength) => format!("By itself, {}", amount(association, strength)),
                None => format!("No difference was shown: {}", could_be(association)),
            },
            Judgement::Unjudged(Unjudged::ByDefinition) => String::new(),
            Judgement::Unjudged(reason) => format!("Not judged: {reason}"),
        };
        let stated = self.stated.as_ref().and_then(Judgement::association);
        let shown = stated.and_then(|association| Some((association, association.strength()?)));
        let stated =
            shown.map(|(association, strength)| format!("whether it is stated, {}", amount(association, strength)));
        [Some(value), stated].into_iter().flatten().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// What is asked about, within a sentence.
fn noun(attribute: Attribute, aspect: Aspect) -> String {
    match aspect {
        Aspect::Value => attribute.noun().to_owned(),
        Aspect::Stated => format!("whether {} is stated", attribute.noun()),
    }
}

fn amount(association: &Association, strength: Strength) -> String {
    format!("AUC {:.2} over {}: {}", association.auc, people(association.everybody()), strength.name())
}

/// What could have been missed.
fn could_be(association: &Association) -> String {
    let people = people(association.everybody());
    match association.possible() {
        Some(auc) => format!("with {people}, an AUC up to {auc:.2} would be possible"),
        None => format!("none among {people}"),
    }
}

impl std::fmt::Display for Unjudged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ByDefinition => f.write_str("it says something about the class by what it is"),
            Self::OneValue => f.write_str("one value only"),
            Self::TooFewPeople([healthy, sick]) => {
                let least = Cohort::LEAST_PEOPLE;
                write!(f, "too few people: known of {healthy} healthy and {sick} sick, and {least} of each are needed")
            }
        }
    }
}

fn people(count: usize) -> String {
    counted(count, "person", "people")
}

impl Finding {
    fn of(breakdown: &Breakdown, aspect: Aspect, association: &Association) -> Option<Self> {
        let strength = association.strength().filter(|strength| *strength > Strength::Slight)?;
        let attribute = breakdown.attribute;
        let (headline, consequence) = match aspect {
            Aspect::Value => words(attribute)?,
            Aspect::Stated => (headline_of_missing(attribute)?, MISSING),
        };
        Some(Self {
            attribute,
            aspect,
            strength,
            auc: association.auc,
            headline,
            evidence: evidence(&noun(attribute, aspect), association),
            details: details(breakdown, aspect, association),
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

/// What may come of it where something is stated of one class more often than of the other.
const MISSING: &str = "What people are asked and answer goes with where and how they were recorded, and a network can learn \
                       that instead of the cough. Comparing people by what is stated leaves out more of one class.";

fn headline_of_missing(attribute: Attribute) -> Option<&'static str> {
    match attribute {
        Attribute::Age => Some("The age is stated of one class more often than of the other."),
        Attribute::Sex => Some("The sex is stated of one class more often than of the other."),
        Attribute::Year => Some("The year is stated of one class more often than of the other."),
        _ => None,
    }
}

/// Values that fewer of the people have are no example of anything.
const LEAST_SHARE_OF_EXAMPLE: f64 = 0.05;

fn evidence(noun: &str, association: &Association) -> String {
    let (auc, everybody) = (association.auc, people(association.everybody()));
    let all = if auc >= 1.0 { "every one of " } else { "" };
    let range = match association.interval {
        Some(Interval { low, high }) => format!("95 % interval {low:.2} to {high:.2}; "),
        None => String::new(),
    };
    let p = match association.p_adjusted {
        // As small as so many dealings can show.
        p if p < 0.0015 => "p ≤ 0.001".to_owned(),
        p => format!("p = {p:.3}"),
    };
    let open = association.interval.is_some_and(|interval| interval.low <= 0.5);
    let open = if open { " How much it gives away stays open." } else { "" };
    format!(
        "Knowing only {noun} would tell {all}{everybody} apart with an AUC of {auc:.2} ({range}0.5 tells nothing). \
         Permutation test, corrected for all comparisons: {p}.{open}"
    )
}

/// The share of a class, in per cent, of whom nothing is stated.
fn missing_percent(levels: &[Level], class: usize) -> f64 {
    let people = |level: &Level| level.classes.get(class).map_or(0, |class| class.people);
    let missing: usize = levels.iter().filter(|level| level.is_unknown).map(people).sum();
    100.0 * missing as f64 / levels.iter().map(people).sum::<usize>().max(1) as f64
}

fn details(breakdown: &Breakdown, aspect: Aspect, association: &Association) -> String {
    let mut sentences = Vec::new();
    if aspect == Aspect::Stated {
        let missing = |class: usize| missing_percent(&breakdown.levels, class);
        let [healthy, sick] = [missing(Label::Healthy as usize), missing(Label::Sick as usize)];
        sentences.push(format!("Not stated: {sick:.0} % of the sick people and {healthy:.0} % of the healthy."));
    } else if let Some([most, least]) = examples(&breakdown.levels) {
        let [first, second] = [most, least].map(|level| breakdown.value_in_words(level));
        let [first_sick, second_sick] = [most, least].map(|level| 100.0 * share_sick(level));
        sentences.push(format!("{first}: {first_sick:.0} % of the people are sick; {second}: {second_sick:.0} %."));
    }
    let unknown: usize = breakdown.levels.iter().filter(|level| level.is_unknown).map(Level::people).sum();
    if unknown > 0 && aspect == Aspect::Value {
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
