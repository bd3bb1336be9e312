//! What recordings are counted by, and the value of each recording.

use serde::Serialize;

use super::super::StudyView;
use super::super::filter::Condition;
use super::{Level, Member};
use crate::data::policy::LabelOrigin;
use crate::data::quality::Flag;
use crate::data::split::ClassCount;
use crate::data::{Clip, LabelPolicy, Verdict};
use crate::eval::Scale;
use crate::units::SampleRate;

/// Something that is known of recordings besides their class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribute {
    /// Where they come from.
    Dataset,
    /// Who or what gave them their label.
    Origin,
    /// Whether experts who listened found the same.
    Experts,
    /// The age of their people.
    Age,
    /// The sex of their people.
    Sex,
    /// How long they last.
    Duration,
    /// Their native sample rate.
    SampleRate,
    /// How they are stored.
    Format,
    /// When they were recorded.
    Year,
    /// What may be wrong with them; one recording may have several flags.
    Quality,
}

impl Attribute {
    /// All of them, in the order in which a screen shows them.
    pub const ALL: [Self; 10] = [
        Self::Dataset,
        Self::Origin,
        Self::Age,
        Self::Sex,
        Self::Duration,
        Self::SampleRate,
        Self::Format,
        Self::Year,
        Self::Quality,
        Self::Experts,
    ];

    /// The name in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Origin => "origin",
            Self::Experts => "experts",
            Self::Age => "age",
            Self::Sex => "sex",
            Self::Duration => "duration",
            Self::SampleRate => "sample-rate",
            Self::Format => "format",
            Self::Year => "year",
            Self::Quality => "quality",
        }
    }

    /// What its chart shows.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Dataset => "Class balance by dataset",
            Self::Origin => "Where the labels come from",
            Self::Experts => "Experts and labels",
            Self::Age => "Age",
            Self::Sex => "Sex",
            Self::Duration => "Duration",
            Self::SampleRate => "Sample rate",
            Self::Format => "File format",
            Self::Year => "Year of recording",
            Self::Quality => "Quality flags",
        }
    }

    /// What it is within a sentence.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Dataset => "the dataset",
            Self::Origin => "where the label comes from",
            Self::Experts => "what experts said",
            Self::Age => "the age",
            Self::Sex => "the sex",
            Self::Duration => "the duration",
            Self::SampleRate => "the sample rate",
            Self::Format => "the file format",
            Self::Year => "the year",
            Self::Quality => "the quality flags",
        }
    }

    /// What its values are, with the unit, where they do not speak for themselves.
    #[must_use]
    pub fn axis(self) -> Option<&'static str> {
        match self {
            Self::Age => Some("Age (years)"),
            Self::Duration => Some("Duration (s)"),
            Self::Year => Some("Year"),
            _ => None,
        }
    }

    /// Whether its values have an order.
    #[must_use]
    pub fn scale(self) -> Scale {
        if self.axis().is_some() { Scale::Ordinal } else { Scale::Nominal }
    }

    /// What follows its values in a sentence.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Age => " years",
            Self::Duration => " s",
            _ => "",
        }
    }

    /// A recording has exactly one of its values.
    #[must_use]
    pub fn is_exclusive(self) -> bool {
        self != Self::Quality
    }

    /// It says nothing about the class by its definition, so that going together with it is a finding.
    #[must_use]
    pub fn can_confound(self) -> bool {
        self != Self::Experts
    }

    /// The datasets state it, and may leave it open.
    pub(super) fn may_be_unstated(self) -> bool {
        matches!(self, Self::Age | Self::Sex | Self::Year)
    }

    /// Gives `each` every value that a recording has.
    pub(super) fn read<'a>(self, member: &Member<'a>, policy: &LabelPolicy, each: &mut dyn FnMut(Value<'a>)) {
        let clip = member.clip;
        let facts = clip.facts();
        each(match self {
            Self::Dataset => Value::Dataset(member.source),
            Self::Origin => Value::Origin(policy.origin(clip)),
            Self::Experts => Value::Experts(match policy.experts_say(clip) {
                None => ExpertView::Nobody,
                Some(Verdict::Use(label)) if label == member.label => ExpertView::Same,
                Some(Verdict::Use(_)) => ExpertView::Other,
                Some(_) => ExpertView::Divided,
            }),
            Self::Age => clip.subject.age.map_or(Value::Unknown, |age| Value::Age(AgeGroup::of(age))),
            Self::Sex => clip.subject.sex.as_deref().and_then(Sex::of).map_or(Value::Unknown, Value::Sex),
            Self::Duration => facts.map_or(Value::Unknown, |facts| Value::Duration(octave(facts.duration.0))),
            Self::SampleRate => facts.map_or(Value::Unknown, |facts| Value::SampleRate(facts.rate)),
            Self::Format => facts.map_or(Value::Unknown, |facts| Value::Format {
                codec: &facts.format.codec,
                container: &facts.format.container,
            }),
            Self::Year => year(&clip.subject.recorded).map_or(Value::Unknown, Value::Year),
            Self::Quality => return flags(clip, each),
        });
    }
}

fn flags<'a>(clip: &Clip, each: &mut dyn FnMut(Value<'a>)) {
    if clip.flags.is_empty() {
        each(Value::Unflagged);
    }
    clip.flags.iter().for_each(|flag| each(Value::Flag(flag)));
}

/// A value of an attribute. In the order of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value<'a> {
    /// The place of the dataset in [`StudyView::sources`].
    Dataset(usize),
    Origin(LabelOrigin),
    Experts(ExpertView),
    Age(AgeGroup),
    Sex(Sex),
    /// How many of [`OCTAVES_SECS`] it reaches.
    Duration(usize),
    SampleRate(SampleRate),
    Format {
        codec: &'a str,
        container: &'a str,
    },
    Year(u16),
    Unflagged,
    Flag(Flag),
    /// One of the rare ones.
    Others,
    Unknown,
}

impl Value<'_> {
    /// The next value of a scale, so that a chart shows a gap as a gap; `None` at its end, and for what has no scale.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Age(AgeGroup(decade)) if decade < AgeGroup::LAST => Some(Self::Age(AgeGroup(decade + 1))),
            Self::Duration(octave) if octave < OCTAVES_SECS.len() => Some(Self::Duration(octave + 1)),
            _ => None,
        }
    }

    /// The value on screen, with nobody counted.
    pub fn level(self, study: &StudyView) -> Level {
        let source = |place: usize| study.sources.get(place);
        let name = match self {
            Self::Dataset(place) => source(place).map_or_else(String::new, |source| study.name_of(source)),
            Self::Origin(origin) => origin_name(origin).to_owned(),
            Self::Experts(view) => view.name().to_owned(),
            Self::Age(group) => group.name(),
            Self::Sex(sex) => sex.name().to_owned(),
            Self::Duration(octave) => octave_name(octave),
            Self::SampleRate(rate) => rate.to_string(),
            Self::Format { codec, container } if codec == container => codec.to_owned(),
            Self::Format { codec, container } => format!("{codec} in {container}"),
            Self::Year(year) => year.to_string(),
            Self::Unflagged => "Nothing found".to_owned(),
            Self::Flag(flag) => flag.name().to_owned(),
            Self::Others => "Others".to_owned(),
            Self::Unknown => "Not stated".to_owned(),
        };
        let condition = match self {
            Self::Dataset(place) => source(place).map(|source| Condition::Dataset(source.key.clone())),
            Self::Unflagged => Some(Condition::Unflagged),
            Self::Flag(flag) => Some(Condition::Flag(flag)),
            _ => None,
        };
        Level { name, classes: [ClassCount::default(); 2], is_unknown: self == Self::Unknown, condition }
    }
}

fn origin_name(origin: LabelOrigin) -> &'static str {
    match origin {
        LabelOrigin::SelfReport => "Said by the person",
        LabelOrigin::LaboratoryTest => "Laboratory test",
        LabelOrigin::Stated => "Folder or table",
        LabelOrigin::Experts => "Experts who listened",
        LabelOrigin::ByHand => "Decided by hand",
    }
}

/// What experts who listened found, beside the label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ExpertView {
    Same,
    Other,
    Divided,
    Nobody,
}

impl ExpertView {
    fn name(self) -> &'static str {
        match self {
            Self::Same => "Found the same",
            Self::Other => "Found the other class",
            Self::Divided => "Were divided",
            Self::Nobody => "No expert's diagnosis",
        }
    }
}

/// Ages by the decade, with one group below 20 and one from 70 on: few people there send in coughs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AgeGroup(u8);

impl AgeGroup {
    const FIRST: u8 = 1;
    const LAST: u8 = 7;

    pub fn of(age_years: f32) -> Self {
        Self(((age_years / 10.0) as u8).clamp(Self::FIRST, Self::LAST))
    }

    fn name(self) -> String {
        match self.0 {
            Self::FIRST => "<20".to_owned(),
            Self::LAST => "70+".to_owned(),
            decade => format!("{decade}0–{decade}9"),
        }
    }
}

/// Sex or gender, as far as the datasets' words agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sex {
    Female,
    Male,
    Other,
}

impl Sex {
    /// From a dataset's own word, lower-cased; `None` for words that say nothing.
    pub fn of(word: &str) -> Option<Self> {
        match word.trim() {
            "female" | "f" | "woman" | "w" => Some(Self::Female),
            "male" | "m" | "man" => Some(Self::Male),
            // Virufy CDF writes "pnts" for "prefer not to say".
            "" | "nan" | "none" | "unknown" | "not stated" | "prefer not to say" | "pnts" => None,
            _ => Some(Self::Other),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Female => "Female",
            Self::Male => "Male",
            Self::Other => "Other",
        }
    }
}

/// Where groups of durations begin, in seconds: each twice as long as the one before, since durations span from a single
/// cough (0.3 s) to half a minute.
const OCTAVES_SECS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

fn octave(secs: f64) -> usize {
    OCTAVES_SECS.iter().take_while(|start| **start <= secs).count()
}

fn octave_name(octave: usize) -> String {
    let start = octave.checked_sub(1).and_then(|before| OCTAVES_SECS.get(before));
    match (start, OCTAVES_SECS.get(octave)) {
        (Some(start), Some(end)) => format!("{start}–{end}"),
        (None, Some(end)) => format!("<{end}"),
        (Some(start), None) => format!("{start}+"),
        (None, None) => String::new(),
    }
}

/// The year in a date, however the dataset writes it: `2020-04-13`, `20200413`, `04/13/2020`. `None` without one.
fn year(date: &str) -> Option<u16> {
    date.split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| matches!(digits.len(), 4 | 8))
        .filter_map(|digits| digits.get(..4)?.parse().ok())
        .find(|year| (1990..2100).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_names_and_bounds() {
        for (age, name) in [(3.0, "<20"), (19.9, "<20"), (20.0, "20–29"), (69.0, "60–69"), (70.0, "70+"), (99.0, "70+")]
        {
            assert_eq!(AgeGroup::of(age).name(), name, "{age}");
        }
        for (secs, name) in [(0.1, "<0.5"), (0.5, "0.5–1"), (3.99, "2–4"), (4.0, "4–8"), (32.0, "32+"), (600.0, "32+")]
        {
            assert_eq!(octave_name(octave(secs)), name, "{secs}");
        }
    }

    #[test]
    fn words_for_sex_become_one() {
        for (word, sex) in [
            ("female", Some(Sex::Female)),
            ("m", Some(Sex::Male)),
            ("non-binary", Some(Sex::Other)),
            ("pnts", None),
            ("unknown", None),
        ] {
            assert_eq!(Sex::of(word), sex, "{word}");
        }
    }

    #[test]
    fn years_are_found_in_every_spelling() {
        for (date, found) in [
            ("2020-04-13", Some(2020)),
            ("20210607", Some(2021)),
            ("04/13/2022", Some(2022)),
            ("2020-04-13T05:06:07.123456+00:00", Some(2020)),
            ("4/21", None),
            ("", None),
            ("0001-01-01", None),
        ] {
            assert_eq!(year(date), found, "{date}");
        }
    }
}
