//! What recordings are counted by, and the value of each recording.

use serde::Serialize;

use super::super::StudyView;
use super::super::bands::{AgeBand, DurationBand, Sex, age_of, duration_of, sex_of, year_of};
use super::super::filter::{Condition, Facet};
use super::{Level, Member};
use crate::audio::format_name;
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

    /// What the list of recordings tells recordings apart by in the same way, where it can.
    fn facet(self) -> Option<Facet> {
        match self {
            Self::Dataset => Some(Facet::Dataset),
            Self::Age => Some(Facet::Age),
            Self::Sex => Some(Facet::Sex),
            Self::Duration => Some(Facet::Duration),
            Self::SampleRate => Some(Facet::Rate),
            Self::Format => Some(Facet::Format),
            Self::Year => Some(Facet::Year),
            Self::Quality => Some(Facet::Quality),
            Self::Origin | Self::Experts => None,
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
            Self::Dataset => Value::Dataset(member.source, member.listed),
            Self::Origin => Value::Origin(policy.origin(clip)),
            Self::Experts => Value::Experts(match policy.experts_say(clip) {
                None => ExpertView::Nobody,
                Some(Verdict::Use(label)) if label == member.label => ExpertView::Same,
                Some(Verdict::Use(_)) => ExpertView::Other,
                Some(_) => ExpertView::Divided,
            }),
            Self::Age => age_of(clip).map_or(Value::Unknown, Value::Age),
            Self::Sex => sex_of(clip).map_or(Value::Unknown, Value::Sex),
            Self::Duration => duration_of(clip).map_or(Value::Unknown, Value::Duration),
            Self::SampleRate => facts.map_or(Value::Unknown, |facts| Value::SampleRate(facts.rate)),
            Self::Format => facts.map_or(Value::Unknown, |facts| Value::Format {
                codec: &facts.format.codec,
                container: &facts.format.container,
            }),
            Self::Year => year_of(clip).map_or(Value::Unknown, Value::Year),
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
    /// The place of the dataset in [`StudyView::sources`], and its name where that is a table of several.
    Dataset(usize, Option<&'a str>),
    Origin(LabelOrigin),
    Experts(ExpertView),
    Age(AgeBand),
    Sex(Sex),
    Duration(DurationBand),
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
            Self::Age(band) => band.next().map(Self::Age),
            Self::Duration(band) => band.next().map(Self::Duration),
            _ => None,
        }
    }

    /// The value of `attribute` on screen, with nobody counted.
    pub fn level(self, attribute: Attribute, study: &StudyView) -> Level {
        let source = |place: usize| study.sources.get(place);
        let name = match self {
            Self::Dataset(place, listed) => source(place).map_or_else(String::new, |source| match listed {
                None => study.name_of(source),
                Some(listed) if study.sources.len() == 1 => listed.to_owned(),
                Some(listed) => format!("{listed} in {}", study.name_of(source)),
            }),
            Self::Origin(origin) => origin_name(origin).to_owned(),
            Self::Experts(view) => view.name().to_owned(),
            Self::Age(band) => band.to_string(),
            Self::Sex(sex) => sex.name().to_owned(),
            Self::Duration(band) => band.to_string(),
            Self::SampleRate(rate) => rate.to_string(),
            Self::Format { codec, container } => format_name(codec, container),
            Self::Year(year) => year.to_string(),
            Self::Unflagged => "Nothing found".to_owned(),
            Self::Flag(flag) => flag.name().to_owned(),
            Self::Others => "Others".to_owned(),
            Self::Unknown => "Not stated".to_owned(),
        };
        let condition = match self {
            Self::Dataset(place, None) => source(place).map(|source| Condition::Dataset(source.key.clone())),
            Self::Unflagged => Some(Condition::Unflagged),
            Self::Flag(flag) => Some(Condition::Flag(flag)),
            Self::Age(band) => Some(Condition::Age(band)),
            Self::Sex(sex) => Some(Condition::Sex(sex)),
            Self::Duration(band) => Some(Condition::Duration(band)),
            Self::SampleRate(rate) => Some(Condition::Rate(rate)),
            Self::Format { codec, container } => {
                Some(Condition::Format { codec: codec.into(), container: container.into() })
            }
            Self::Year(year) => Some(Condition::Year(year)),
            Self::Unknown => attribute.facet().map(Condition::NotStated),
            Self::Dataset(_, Some(_)) | Self::Origin(_) | Self::Experts(_) | Self::Others => None,
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
