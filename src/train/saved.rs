//! A run on disk: settings, weights, figures and predictions in one folder.

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::checkpoint::CHECKPOINT_FILE;
use super::config::TrainConfig;
use super::device::ComputeDevice;
use super::predictor::Predictor;
use crate::data::split::Part;
use crate::data::study::Dropped;
use crate::data::{path_text, toml_text};
use crate::files::{FileError, write_atomic};
use crate::models::{Network, WeightsError};
use crate::units::counted;

/// Settings of the run.
pub const CONFIG_FILE: &str = "config.toml";
/// Weights of the best network.
pub const MODEL_FILE: &str = "model.safetensors";
/// What came out; written after settings and weights, so that a folder with this file can answer.
pub const RESULT_FILE: &str = "run.toml";

/// What came out of a run, beside its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The version of this program that trained it.
    pub version: String,
    /// The names of the two outputs, in order.
    pub labels: [String; 2],
    /// Frequency rows of the features; of a frozen network's features, their number.
    pub bins: usize,
    /// Score at or above which a recording counts as sick; chosen on the validation part.
    pub threshold: f64,
    /// How the threshold was chosen.
    pub threshold_rule: String,
    /// The epoch whose network was kept, from 1.
    pub best_epoch: usize,
    /// The device that trained it.
    pub device: String,
    /// Wall time of the whole run, in seconds.
    pub took_secs: f64,
    /// The person stopped it before its last epoch.
    pub stopped: bool,
    /// It was trained on made-up recordings, which prove nothing about disease.
    pub synthetic: bool,
    /// What it was trained and tested on.
    pub counts: PartCounts,
    /// What its parts were drawn with and it could not read.
    #[serde(default, skip_serializing_if = "Lost::is_empty")]
    pub lost: Lost,
    /// What its parts were drawn without, as the files had changed or gone since the study used them.
    #[serde(default, skip_serializing_if = "Dropped::is_empty")]
    pub dropped: Dropped,
}

/// What a run was trained and tested on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartCounts {
    /// Recordings with a label and usable sound.
    pub recordings: usize,
    /// Recordings in the training part.
    pub train: usize,
    /// Recordings in the validation part.
    pub validation: usize,
    /// Recordings in the test part.
    pub test: usize,
    /// People over all parts.
    pub people: usize,
    /// People with recordings in more than one part.
    pub shared_people: usize,
}

/// Used recordings that could no longer be read when a run prepared: its parts were drawn with them, and lack them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Missing from the training part.
    pub train: usize,
    /// Missing from the validation part.
    pub validation: usize,
    /// Missing from the test part.
    pub test: usize,
    /// The first [`Lost::MOST_NAMED`] of them.
    pub first: Vec<LostRecording>,
}

/// A used recording that could no longer be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostRecording {
    /// Its file, as [`path_text`] writes it.
    pub path: String,
    /// The part that lacks it.
    pub part: Part,
    /// What is wrong with the file.
    pub reason: String,
}

impl Lost {
    /// How many are named: as many as a person looks up.
    pub const MOST_NAMED: usize = 5;

    /// Counts a recording, and names it if it is one of the first.
    pub fn add(&mut self, path: &Path, part: Part, reason: String) {
        *match part {
            Part::Train => &mut self.train,
            Part::Validation => &mut self.validation,
            Part::Test => &mut self.test,
        } += 1;
        if self.first.len() < Self::MOST_NAMED {
            self.first.push(LostRecording { path: path_text::to_text(path), part, reason });
        }
    }

    /// How many, over all parts.
    #[must_use]
    pub fn total(&self) -> usize {
        self.train + self.validation + self.test
    }

    /// Whether every used recording could be read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// How many, and of which parts, as a sentence without its period; `None` when nothing is lost.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let counts = [(self.train, Part::Train), (self.validation, Part::Validation), (self.test, Part::Test)];
        let parts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, part)| format!("{count} of {part}")).collect();
        let recordings = counted(self.total(), "used recording", "used recordings");
        (!self.is_empty()).then(|| format!("{recordings} could no longer be read: {}", parts.join(", ")))
    }

    /// A line for each that is named: its part, its file and what is wrong with it.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.first.iter().map(|LostRecording { path, part, reason }| format!("{part}: {path}: {reason}"))
    }
}

/// A folder that holds no usable run.
#[derive(Debug, thiserror::Error)]
pub enum SavedRunError {
    /// A file is missing or cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no finished run.
    #[error("there is no finished run in this folder ({RESULT_FILE} is missing): {}", .0.display())]
    NotARun(PathBuf),
    /// A settings file cannot be understood.
    #[error("the settings cannot be understood: {reason} ({})", path.display())]
    Settings {
        /// What is wrong, with line and column.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The weights cannot be used.
    #[error("{source} ({})", path.display())]
    Weights {
        /// What is wrong.
        source: WeightsError,
        /// The file.
        path: PathBuf,
    },
}

/// A run that was read back.
#[derive(Debug)]
pub struct SavedRun {
    /// Where it lies.
    pub folder: PathBuf,
    /// Its settings.
    pub config: TrainConfig,
    /// What came out.
    pub result: RunResult,
}

/// Whether `folder` looks like a run, by its files' names.
#[must_use]
pub fn is_run(folder: &Path) -> bool {
    folder.join(RESULT_FILE).is_file()
}

/// Whether `folder` has a training that was interrupted, and that can go on.
#[must_use]
pub fn is_interrupted(folder: &Path) -> bool {
    folder.join(CHECKPOINT_FILE).is_file() && !is_run(folder) && has_settings(folder)
}

/// Makes the folder of a run that is about to start, and writes its settings. A run that was there before is no longer
/// one from now on, so that its result can never stand beside another network.
///
/// # Errors
/// [`SavedRunError`] when the folder cannot be made or written to.
pub fn begin(folder: &Path, config: &TrainConfig) -> Result<(), SavedRunError> {
    let result = folder.join(RESULT_FILE);
    if let Err(error) = std::fs::remove_file(&result)
        && folder.is_dir()
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(FileError::at("replacing the earlier run", &result)(error).into());
    }
    save_toml(&folder.join(CONFIG_FILE), "saving the settings", config)
}

/// Removes weights and settings after a run that left nothing to use; where there are other files, these and the settings
/// stay.
pub fn abandon(folder: &Path) {
    // A folder that cannot be tidied up does no harm.
    let _ = std::fs::remove_file(folder.join(MODEL_FILE));
    let others =
        std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name() != CONFIG_FILE));
    if others {
        // The settings tell that these were left behind by a run.
        return;
    }
    let _ = std::fs::remove_file(folder.join(CONFIG_FILE));
    let _ = std::fs::remove_dir(folder);
}

/// Whether `folder` has the settings of a training, finished or not.
#[must_use]
pub fn has_settings(folder: &Path) -> bool {
    load_toml::<toml::Table>(&folder.join(CONFIG_FILE)).is_ok_and(|table| table.contains_key("spectrogram"))
}

/// Reads the settings of a training, finished or not.
///
/// # Errors
/// [`SavedRunError`] when there are none, or they make no sense.
pub fn read_settings(folder: &Path) -> Result<TrainConfig, SavedRunError> {
    let path = folder.join(CONFIG_FILE);
    let config: TrainConfig = load_toml(&path)?;
    config.validate().map_err(|error| SavedRunError::Settings { reason: error.to_string(), path })?;
    Ok(config)
}

/// Writes the weights of a run.
///
/// # Errors
/// [`SavedRunError`] when the file cannot be written; what was there before stays.
pub fn save_network(folder: &Path, network: &Network) -> Result<(), SavedRunError> {
    let path = folder.join(MODEL_FILE);
    let weights = network.to_safetensors().map_err(|source| SavedRunError::Weights { source, path: path.clone() })?;
    Ok(write_atomic(&path, "saving the network", |out| out.write_all(&weights))?)
}

/// Writes the result of a run, which marks the folder as one that can answer: after its settings and weights.
///
/// # Errors
/// [`SavedRunError`] when the file cannot be written.
pub fn save_result(folder: &Path, result: &RunResult) -> Result<(), SavedRunError> {
    save_toml(&folder.join(RESULT_FILE), "saving the result", result)
}

fn save_toml(path: &Path, action: &'static str, value: &impl Serialize) -> Result<(), SavedRunError> {
    let text = toml::to_string_pretty(value)
        .map_err(|error| SavedRunError::Settings { reason: error.to_string(), path: path.to_owned() })?;
    Ok(write_atomic(path, action, |out| out.write_all(text.as_bytes()))?)
}

impl SavedRun {
    /// Reads settings and result of the run in `folder`.
    ///
    /// # Errors
    /// [`SavedRunError`] when the folder holds no finished run or its settings cannot be understood.
    pub fn open(folder: &Path) -> Result<Self, SavedRunError> {
        if !is_run(folder) {
            return Err(SavedRunError::NotARun(folder.to_owned()));
        }
        let config = read_settings(folder)?;
        Ok(Self { config, result: load_toml(&folder.join(RESULT_FILE))?, folder: folder.to_owned() })
    }

    /// Reads the weights and makes them ready to answer on `compute`.
    ///
    /// # Errors
    /// [`SavedRunError`] when the weights are missing, damaged or of another network.
    pub fn predictor(&self, compute: &ComputeDevice) -> Result<Predictor, SavedRunError> {
        let path = self.folder.join(MODEL_FILE);
        let bytes = std::fs::read(&path).map_err(FileError::at("reading the network", &path))?;
        // The fresh weights are all replaced, so their seed does not matter.
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut network = self.config.network.init(self.result.bins, &mut rng, &compute.device);
        network.load_safetensors(bytes).map_err(|source| SavedRunError::Weights { source, path })?;
        Ok(Predictor::new(&network, self.config.network.window_frames(), &compute.device))
    }
}

fn load_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, SavedRunError> {
    let text = std::fs::read_to_string(path).map_err(FileError::at("reading the settings", path))?;
    toml_text::parse(&text)
        .map_err(|fault| SavedRunError::Settings { reason: fault.to_string(), path: path.to_owned() })
}
