//! Pictures of sound: from a [`Recording`] to levels over time and frequency.
//!
//! `log_mel` is the default of the recommended protocol, `paper` the exact arithmetic of FFmpeg's `showspectrumpic`.
//! Training, prediction and the screen all go through [`Spectrogram::compute`], so that they can never drift apart.

pub mod colour;
pub mod linear;
pub mod log_mel;
pub mod paper;
mod picture;
pub mod pyramid;
mod stft;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::audio::Recording;
use crate::units::{Hertz, Seconds};

pub use colour::ColourMap;
pub use linear::LinearConfig;
pub use log_mel::LogMelConfig;
pub use paper::{PaperConfig, Placement};
pub use pyramid::LevelPyramid;

/// Which spectrogram, with all of its settings. Stored with every trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SpectrogramConfig {
    /// Mel bands on one fixed axis for every sample rate.
    LogMel(LogMelConfig),
    /// FFT bins on a linear axis, each sample rate with its own.
    Linear(LinearConfig),
    /// FFmpeg's `showspectrumpic`, 1024 x 512.
    Paper(PaperConfig),
}

impl SpectrogramConfig {
    /// Checks the settings that can make no sense.
    ///
    /// # Errors
    /// [`SpectrogramError::Setting`] with the first of them.
    pub fn validate(&self) -> Result<(), SpectrogramError> {
        match self {
            Self::LogMel(config) => config.validate(),
            Self::Linear(config) => config.validate(),
            Self::Paper(_) => Ok(()),
        }
    }

    /// The lowest and the highest level that its spectrograms can hold, in dB.
    #[must_use]
    pub fn range_db(&self) -> (f32, f32) {
        match self {
            Self::LogMel(config) => (config.floor_db, config.ceiling_db),
            Self::Linear(config) => (config.floor_db, config.ceiling_db),
            Self::Paper(_) => paper::RANGE_DB,
        }
    }
}

impl Default for SpectrogramConfig {
    /// Log-mel: one axis for every sample rate.
    fn default() -> Self {
        Self::LogMel(LogMelConfig::default())
    }
}

/// What the rows of a spectrogram stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum FrequencyAxis {
    /// Row `i` of `n` is centred at `i * top / n`.
    Linear {
        /// The frequency just above the highest row.
        top: Hertz,
    },
    /// Row `i` is a mel band with this centre.
    Mel {
        /// Centre frequency of each row, rising.
        centres: Arc<[Hertz]>,
    },
}

/// Levels over time and frequency.
#[derive(Clone, Debug)]
pub struct Spectrogram {
    /// Levels in dB, row-major, shape `[bins, frames]`, lowest frequency first, clipped to `range_db`.
    pub levels_db: Arc<[f32]>,
    /// Number of frequency rows.
    pub bins: usize,
    /// Number of time columns.
    pub frames: usize,
    /// Time between two columns.
    pub hop: Seconds,
    /// Time of the first column's centre.
    pub start: Seconds,
    /// What the rows stand for.
    pub axis: FrequencyAxis,
    /// The lowest and the highest level that `levels_db` can hold.
    pub range_db: (f32, f32),
}

/// Why a spectrogram could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum SpectrogramError {
    /// A setting that makes no sense.
    #[error("the spectrogram setting `{name}` must be {expected}, not {actual}")]
    Setting {
        /// The setting's name in `config.toml`.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        actual: String,
    },
    /// The sound could not be brought to the spectrogram's sample rate.
    #[error(transparent)]
    Resample(#[from] crate::audio::ResampleError),
}

/// Whether a setting `holds` what it should.
fn setting(
    holds: bool,
    name: &'static str,
    expected: &'static str,
    actual: &impl ToString,
) -> Result<(), SpectrogramError> {
    if holds { Ok(()) } else { Err(SpectrogramError::Setting { name, expected, actual: actual.to_string() }) }
}

impl Spectrogram {
    /// Computes the spectrogram of `recording` that `config` describes.
    ///
    /// # Errors
    /// [`SpectrogramError`] when a setting makes no sense or the sound cannot be resampled.
    pub fn compute(recording: &Recording, config: &SpectrogramConfig) -> Result<Self, SpectrogramError> {
        match config {
            SpectrogramConfig::LogMel(config) => log_mel::compute(recording, config),
            SpectrogramConfig::Linear(config) => linear::compute(recording, config),
            SpectrogramConfig::Paper(config) => Ok(paper::compute(recording, config)),
        }
    }
}
