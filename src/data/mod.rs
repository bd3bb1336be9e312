//! Datasets on disk, and what becomes of them: clips, labels, parts.
//!
//! A source (one file each in [`sources`]) reads a dataset's own tables into [`Clip`]s; the [`LabelPolicy`] turns each
//! dataset's own words into a [`Verdict`]; [`scan`] decodes what is used and says what cannot be read; [`split`] draws the
//! parts.

pub mod demo;
pub mod duplicates;
pub mod features;
pub mod fingerprint;
pub mod policy;
pub mod quality;
pub mod scan;
pub mod sources;
pub mod split;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use policy::LabelPolicy;
pub use sources::SourceKind;

use crate::audio::SoundFormat;
use crate::units::{SampleRate, Seconds};

/// The two classes. `Sick` is the positive class everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// The negative class.
    Healthy,
    /// The positive class.
    Sick,
}

impl Label {
    /// Both classes, negative first.
    pub const ALL: [Self; 2] = [Self::Healthy, Self::Sick];

    /// Whether this is the positive class.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self == Self::Sick
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Sick => "sick",
        })
    }
}

/// A person, or the best stand-in that a dataset offers; unique over all datasets (`coswara:Eoyf44...`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

/// What is known of the person and the moment of a recording, as the dataset states it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Age in years.
    pub age: Option<f32>,
    /// Sex or gender, in the dataset's own word, lower-cased.
    pub sex: Option<String>,
}

/// One recording as its dataset describes it, and what the label policy made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Where the sound is, or would be.
    pub path: PathBuf,
    /// Which dataset it belongs to.
    pub source: SourceKind,
    /// Whose it is.
    pub person: PersonId,
    /// The dataset's own word for the state of health, for example `positive_mild`; empty when it has none.
    pub status: String,
    /// Age and sex, where stated.
    pub subject: Subject,
    /// Whether it is used, and as what.
    pub verdict: Verdict,
    /// What decoding found; `None` until it was decoded.
    pub sound: Option<SoundFacts>,
}

/// What decoding a recording found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundFacts {
    /// Native sample rate.
    pub rate: SampleRate,
    /// Number of channels.
    pub channels: usize,
    /// How long it lasts.
    pub duration: Seconds,
    /// Container and codec.
    pub format: SoundFormat,
}

/// Whether a recording is used, and as what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Verdict {
    /// Used, with this label.
    Use(Label),
    /// Left out by the label policy or a filter, for this reason.
    Exclude(String),
    /// Its file has no usable sound, whatever its label; the reason says what is wrong with it.
    Unreadable(String),
}

impl Verdict {
    /// The label, for a recording that is used.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        match self {
            Self::Use(label) => Some(*label),
            Self::Exclude(_) | Self::Unreadable(_) => None,
        }
    }
}
