//! Which recordings of a study somebody wants to see: those that meet every condition and have a text somewhere.
//!
//! To tell recordings apart by something else: a variant of [`Facet`], and its [`Condition`]s where the compiler asks.

mod facet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use facet::Facet;
use facet::reasons;

use super::bands::{AgeBand, DurationBand, ScoreBand, Sex, age_of, duration_of, sex_of, year_of};
use super::scores::{Outcome, Scores};
use super::{ClipId, StudyView};
use crate::audio::format_name;
use crate::data::quality::{Flag, FlagTreatment, QualityPolicy};
use crate::data::{Clip, Label, Reason, Verdict};
use crate::units::SampleRate;

/// Something that is true of a recording or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// It belongs to the dataset with this key.
    Dataset(Arc<str>),
    /// It is used, with this label.
    Used(Label),
    /// It is left out, for whatever reason.
    LeftOut,
    /// It is left out for this reason, wherever a bound may be now.
    LeftOutFor(Reason),
    /// Its file has no usable sound.
    Unreadable,
    /// It has a flag that the policy does not ignore.
    Flagged,
    /// It has this flag.
    Flag(Flag),
    /// It has been read, and has no flag at all.
    Unflagged,
    /// A person decided.
    ByHand,
    /// The policy decided.
    ByPolicy,
    /// The run that is open scored it, and the score fell there.
    Scored(Outcome),
    /// The run that is open did not score it.
    NotScored,
    /// The run that is open gave it such a score.
    Score(ScoreBand),
    /// It lasts so long.
    Duration(DurationBand),
    /// Its native sample rate.
    Rate(SampleRate),
    /// How it is stored.
    Format {
        /// The codec's name.
        codec: Arc<str>,
        /// The container's name.
        container: Arc<str>,
    },
    /// It was recorded in this year.
    Year(u16),
    /// Its person is so old.
    Age(AgeBand),
    /// Its person is of this sex.
    Sex(Sex),
    /// Nothing is known of it that this facet tells recordings apart by.
    NotStated(Facet),
}

/// Which recordings somebody wants to see. The default admits all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    conditions: BTreeMap<Facet, Condition>,
    /// To be found in the file's name, the person or the status; upper and lower case do not matter.
    pub text: String,
}

impl Condition {
    /// What it tells recordings apart by.
    #[must_use]
    pub fn facet(&self) -> Facet {
        match self {
            Self::Dataset(_) => Facet::Dataset,
            Self::Used(_) | Self::LeftOut | Self::LeftOutFor(_) | Self::Unreadable => Facet::Label,
            Self::Flagged | Self::Flag(_) | Self::Unflagged => Facet::Quality,
            Self::ByHand | Self::ByPolicy => Facet::Decision,
            Self::Scored(_) | Self::NotScored => Facet::Result,
            Self::Score(_) => Facet::Score,
            Self::Duration(_) => Facet::Duration,
            Self::Rate(_) => Facet::Rate,
            Self::Format { .. } => Facet::Format,
            Self::Year(_) => Facet::Year,
            Self::Age(_) => Facet::Age,
            Self::Sex(_) => Facet::Sex,
            Self::NotStated(facet) => *facet,
        }
    }

    /// The condition on screen, for recordings of `study`.
    #[must_use]
    pub fn words(&self, study: &StudyView) -> String {
        match self {
            Self::Dataset(key) => study.source(key).map_or_else(|| key.to_string(), |source| source.name().to_owned()),
            Self::Used(Label::Healthy) => "Healthy".to_owned(),
            Self::Used(Label::Sick) => "Sick".to_owned(),
            Self::LeftOut => "Left out".to_owned(),
            Self::LeftOutFor(reason) => format!("Left out: {}", current(reason, study)),
            Self::Unreadable => "Unreadable".to_owned(),
            Self::Flagged => "Flagged".to_owned(),
            Self::Flag(flag) => flag.name().to_owned(),
            Self::Unflagged => "Nothing found".to_owned(),
            Self::ByHand => "By hand".to_owned(),
            Self::ByPolicy => "By the policy".to_owned(),
            Self::Scored(outcome) => outcome.name().to_owned(),
            Self::NotScored => "Not scored".to_owned(),
            Self::Score(band) => band.to_string(),
            Self::Duration(band) => format!("{band} s"),
            Self::Rate(rate) => rate.to_string(),
            Self::Format { codec, container } => format_name(codec, container),
            Self::Year(year) => year.to_string(),
            Self::Age(band) => format!("{band} years"),
            Self::Sex(sex) => sex.name().to_owned(),
            Self::NotStated(facet) => facet.unknown().to_owned(),
        }
    }

    fn admits(&self, study: &StudyView, scores: &Scores, id: ClipId, clip: &Clip) -> bool {
        match self {
            Self::Dataset(key) => study.source(key).is_some_and(|source| source.places.contains(&id.0)),
            Self::Used(label) => clip.verdict.label() == Some(*label),
            Self::LeftOut => matches!(clip.verdict, Verdict::Exclude(_)),
            Self::LeftOutFor(reason) => matches!(&clip.verdict, Verdict::Exclude(own) if own.is_like(reason)),
            Self::Unreadable => matches!(clip.verdict, Verdict::Unreadable(_)),
            Self::Flagged => flags_that_count(clip, &study.policy.quality).next().is_some(),
            Self::Flag(flag) => clip.flags.contains(*flag),
            Self::Unflagged => clip.facts().is_some() && clip.flags.is_empty(),
            Self::ByHand => clip.decision.is_some(),
            Self::ByPolicy => clip.decision.is_none(),
            Self::Scored(outcome) => scores.get(id).is_some_and(|score| score.outcome == *outcome),
            Self::NotScored => scores.get(id).is_none(),
            Self::Score(band) => scores.get(id).is_some_and(|score| ScoreBand::of(score.value) == *band),
            Self::Duration(band) => duration_of(clip) == Some(*band),
            Self::Rate(rate) => clip.facts().is_some_and(|facts| facts.rate == *rate),
            Self::Format { codec, container } => clip
                .facts()
                .is_some_and(|facts| *facts.format.codec == **codec && *facts.format.container == **container),
            Self::Year(year) => year_of(clip) == Some(*year),
            Self::Age(band) => age_of(clip) == Some(*band),
            Self::Sex(sex) => sex_of(clip) == Some(*sex),
            Self::NotStated(facet) => !facet.is_stated(scores, id, clip),
        }
    }
}

/// A reason with the bound that the policy has now.
fn current<'a>(reason: &'a Reason, study: &'a StudyView) -> &'a Reason {
    reasons(study).into_iter().find(|now| now.is_like(reason)).unwrap_or(reason)
}

/// The flags of a recording that the policy does not ignore.
pub fn flags_that_count<'a>(clip: &Clip, policy: &'a QualityPolicy) -> impl Iterator<Item = Flag> + use<'a> {
    let flags = clip.flags;
    Flag::ALL.into_iter().filter(move |flag| flags.contains(*flag) && policy.treatment(*flag) != FlagTreatment::Ignore)
}

impl Filter {
    /// With these conditions; of two of one facet, the later one.
    #[must_use]
    pub fn of(conditions: impl IntoIterator<Item = Condition>) -> Self {
        let mut filter = Self::default();
        conditions.into_iter().for_each(|condition| filter.set(condition));
        filter
    }

    /// Adds a condition, in place of the one of its facet.
    pub fn set(&mut self, condition: Condition) {
        self.conditions.insert(condition.facet(), condition);
    }

    /// The same without a condition of this facet.
    #[must_use]
    pub fn without(&self, facet: Facet) -> Self {
        let mut others = self.clone();
        others.clear(facet);
        others
    }

    /// Takes the condition of a facet away.
    pub fn clear(&mut self, facet: Facet) {
        self.conditions.remove(&facet);
    }

    /// The condition of a facet.
    #[must_use]
    pub fn get(&self, facet: Facet) -> Option<&Condition> {
        self.conditions.get(&facet)
    }

    /// Its conditions, in the order of [`Facet::ALL`].
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.values()
    }

    /// The recordings of `study` that it admits, in the order of the study.
    #[must_use]
    pub fn choose(&self, study: &StudyView, scores: &Scores) -> Vec<ClipId> {
        let text = self.text.trim().to_lowercase();
        let admitted = |(id, clip): &(ClipId, &Arc<Clip>)| {
            self.conditions().all(|condition| condition.admits(study, scores, *id, clip)) && has_text(clip, &text)
        };
        let places = study.clips.iter().enumerate().map(|(place, clip)| (ClipId(place), clip));
        places.filter(admitted).map(|(id, _)| id).collect()
    }

    /// Forgets a dataset that is not in `study`.
    pub fn forget_missing(&mut self, study: &StudyView) {
        self.conditions.retain(|_, condition| match condition {
            Condition::Dataset(key) => study.source(key).is_some(),
            _ => true,
        });
    }
}

/// Whether `clip` has `text` (lower case) in its file's name, its person or its status.
fn has_text(clip: &Clip, text: &str) -> bool {
    let file = || clip.path.file_name().unwrap_or(clip.path.as_os_str()).to_string_lossy().to_lowercase();
    text.is_empty()
        || file().contains(text)
        || clip.person.0.to_lowercase().contains(text)
        || clip.status.to_lowercase().contains(text)
}
