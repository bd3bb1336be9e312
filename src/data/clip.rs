//! One recording: what its dataset says of it, what its sound showed, and what became of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fingerprint::ContentHash;
use super::quality::{FlagSet, Measures};
use super::{Reason, SourceKind};
use crate::audio::{Recording, SoundFormat};
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

impl PersonId {
    /// The name without the dataset in front, for where that is told beside it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, name)| name)
    }
}

/// What is known of the person and the moment of a recording, as the dataset states it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Age in years.
    pub age: Option<f32>,
    /// Sex or gender, in the dataset's own word, lower-cased.
    pub sex: Option<String>,
    /// Symptoms and conditions that were stated, in the dataset's own words, separated by `"; "`; empty for none.
    pub symptoms: String,
    /// When it was recorded, as the dataset writes it; empty where it does not say.
    pub recorded: String,
}

/// Which of a dataset's several recordings of one moment this is. The label policy chooses among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// There is only one.
    #[default]
    Only,
    /// Coswara's `cough-heavy`.
    Heavy,
    /// Coswara's `cough-shallow`.
    Shallow,
    /// Virufy's file of one cough.
    Segmented,
    /// Virufy's file of a whole session.
    Original,
}

/// How good a listener found a recording, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// There is no cough in it.
    NoCough,
    /// COUGHVID's "poor", Coswara's 0 ("bad").
    Poor,
    /// COUGHVID's "ok".
    Fair,
    /// COUGHVID's "good", Coswara's 1.
    Good,
    /// Coswara's 2.
    Excellent,
}

/// What one listener said of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// The diagnosis, in the dataset's own word; empty where none was given.
    pub diagnosis: String,
    /// How good the recording is.
    pub rating: Option<Rating>,
    /// How severe, in the dataset's own word; empty where it was not said.
    pub severity: String,
}

/// Something in a dataset's own files that keeps a recording from being used, whatever its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// A table row whose sound is not there.
    NoAudioFile,
    /// A sound file that the table does not name.
    NotInTable,
    /// The person's sheet cannot be read.
    DamagedSheet,
    /// The file's name is not one of the dataset's.
    ForeignName,
    /// The table and the folder state different labels.
    FolderDisagrees,
    /// The test result was inferred by the dataset's makers, not measured.
    InferredResult,
    /// COUGHVID, or an earlier copy of it, is open too and has the same recording.
    InCoughvid,
    /// The table says so itself, in these words.
    LeftOutThere(String),
}

/// One recording as its dataset describes it, what its sound showed, and what the policy made of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Where the sound is, or would be.
    pub path: PathBuf,
    /// Which kind of dataset it belongs to.
    pub source: SourceKind,
    /// The dataset's name: two plain folders are two datasets of one kind.
    pub dataset: Arc<str>,
    /// Whose it is.
    pub person: PersonId,
    /// The dataset's own word for the state of health, for example `positive_mild`; empty when it has none.
    pub status: String,
    /// Age, sex, symptoms and date, where stated.
    pub subject: Subject,
    /// Which of several recordings of one moment it is.
    pub form: Form,
    /// How sure a detector was that this is a cough, 0 to 1 (COUGHVID's `cough_detected`).
    pub cough_detected: Option<f32>,
    /// What listeners said.
    pub opinions: Vec<Opinion>,
    /// What keeps it from being used, whatever its label.
    pub obstacle: Option<Obstacle>,
    /// What decoding found.
    pub sound: Sound,
    /// Which other recordings sound the same.
    pub same: SameSound,
    /// What may be wrong with it.
    pub flags: FlagSet,
    /// What a person decided about it.
    pub decision: Option<Decision>,
    /// Whether it is used, and as what.
    pub verdict: Verdict,
}

impl Clip {
    /// A recording of which nothing is known but where it is and whose.
    #[must_use]
    pub fn new(path: PathBuf, source: SourceKind, person: PersonId, status: &str) -> Self {
        Self {
            path,
            source,
            dataset: source.id().into(),
            person,
            status: status.to_owned(),
            subject: Subject::default(),
            form: Form::Only,
            cough_detected: None,
            opinions: Vec::new(),
            obstacle: None,
            sound: Sound::Unread,
            same: SameSound::default(),
            flags: FlagSet::EMPTY,
            decision: None,
            verdict: Verdict::Exclude(Reason::NotReadYet),
        }
    }

    /// What decoding found, where the sound could be read.
    #[must_use]
    pub fn facts(&self) -> Option<&SoundFacts> {
        match &self.sound {
            Sound::Read(facts) => Some(facts),
            Sound::Unread | Sound::Unreadable(_) => None,
        }
    }

    /// The name of its dataset on screen; a plain folder's and a table's are their own.
    #[must_use]
    pub fn dataset_name(&self) -> &str {
        match self.source {
            SourceKind::Folder | SourceKind::Table => &self.dataset,
            known => known.name(),
        }
    }

    /// Whether there should be a file at [`Clip::path`].
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.obstacle != Some(Obstacle::NoAudioFile)
    }
}

/// What decoding a recording found, if it was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Sound {
    /// Not decoded yet, or there is no file.
    #[default]
    Unread,
    /// It sounds.
    Read(SoundFacts),
    /// There is no usable sound in the file; the reason says what is wrong with it.
    Unreadable(String),
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
    /// How good it is, in numbers.
    pub measures: Measures,
    /// Tells equal samples.
    pub content: ContentHash,
}

impl SoundFacts {
    /// What is known of a decoded recording.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        Self {
            rate: recording.rate(),
            channels: recording.channels().len(),
            duration: recording.duration(),
            format: recording.format().clone(),
            measures: Measures::of(recording),
            content: ContentHash::of(recording),
        }
    }
}

/// Which other recordings of a study sound the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SameSound {
    /// Recordings with this number have the very same samples.
    pub exact: Option<u32>,
    /// Recordings with this number have the same sound, encoded or cut otherwise.
    pub near: Option<u32>,
    /// Recordings with the same samples would be used with both labels, and this is one of them.
    pub contradicts: bool,
    /// An earlier recording with the same samples is used, or would be.
    pub repeats_exact: bool,
    /// An earlier recording with the same sound is used, or would be.
    pub repeats_near: bool,
    /// Where one of those lies: the one that it repeats, if it repeats any.
    pub twin: Option<Arc<Path>>,
}

/// What a person decided about one recording, against the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Use it with the label that the policy gives its status, whatever its quality.
    Use,
    /// Use it as healthy.
    Healthy,
    /// Use it as sick.
    Sick,
    /// Leave it out.
    Exclude,
}

/// Whether a recording is used, and as what.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Used, with this label.
    Use(Label),
    /// Left out, for this reason.
    Exclude(Reason),
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

#[cfg(test)]
impl SoundFacts {
    /// A second of ordinary sound.
    pub(crate) fn for_tests() -> Self {
        let rate = SampleRate::new(16_000).unwrap();
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        let samples = (0..16_000).map(|i| 0.5 * (i as f32 * 0.3).sin()).collect();
        Recording::new(vec![samples], rate, format).map(|recording| Self::of(&recording)).unwrap()
    }
}
