//! What a network is given of a recording, and how it is made: one way for training and prediction.

use std::sync::Arc;

use super::config::TrainConfig;
use super::feature_store::{FeatureStore, StoreError};
use crate::audio::Recording;
use crate::data::features::Features;
use crate::data::fingerprint::ContentHash;
use crate::models::NetworkConfig;
use crate::models::inception::Size;
use crate::models::inception::extractor::{Extractor, ExtractorError};
use crate::models::inception::fast::BackboneError;
use crate::spectrogram::{PaperConfig, SpectrogramConfig, SpectrogramError, paper};

/// What a network is given of one recording.
#[derive(Clone, Debug)]
pub enum Input {
    /// Levels over time and frequency, of which it looks at windows.
    Levels(Features),
    /// The features of a frozen network, as a whole.
    Embedding(Embedding),
}

/// The features of a frozen network; no units.
#[derive(Clone, Debug)]
pub enum Embedding {
    /// In memory.
    Held(Arc<[f32]>),
    /// On disk, and read when they are needed: thousands of recordings would not fit into memory.
    Stored {
        /// Where.
        store: Arc<FeatureStore>,
        /// Whose.
        recording: ContentHash,
    },
}

impl Input {
    /// Frequency bands, or features of the frozen network.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Levels(features) => features.bins(),
            Self::Embedding(embedding) => embedding.length(),
        }
    }

    /// Columns of one window, for a network that looks at `window_frames` columns of levels.
    #[must_use]
    pub fn columns(&self, window_frames: usize) -> usize {
        match self {
            Self::Levels(_) => window_frames,
            Self::Embedding(_) => 1,
        }
    }
}

impl Embedding {
    /// How many numbers it has.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Held(values) => values.len(),
            Self::Stored { store, .. } => store.length(),
        }
    }

    /// Appends its numbers to `out`.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read from disk.
    pub fn read(&self, out: &mut Vec<f32>) -> Result<(), StoreError> {
        match self {
            Self::Held(values) => out.extend_from_slice(values),
            Self::Stored { store, recording } => store.read(*recording, out)?,
        }
        Ok(())
    }
}

/// Makes the input of a network from a recording.
pub enum Preparation {
    /// Levels, as they are.
    Levels(SpectrogramConfig),
    /// The paper's picture, through the frozen network.
    Frozen {
        /// The network.
        extractor: Box<Extractor>,
        /// The picture.
        picture: PaperConfig,
    },
}

/// The input of a network could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PreparationError {
    /// The spectrogram cannot be computed.
    #[error(transparent)]
    Spectrogram(#[from] SpectrogramError),
    /// The frozen network cannot be made ready.
    #[error(transparent)]
    Extractor(#[from] ExtractorError),
    /// The frozen network cannot be run.
    #[error(transparent)]
    Backbone(#[from] BackboneError),
}

/// Size of the paper's pictures.
const PICTURE: Size = Size { height: paper::HEIGHT, width: paper::WIDTH };

impl Preparation {
    /// As `config` describes it. Reads the weights of a frozen network, which takes about a second.
    ///
    /// # Errors
    /// [`ExtractorError`] when the weights cannot be used.
    pub fn new(config: &TrainConfig) -> Result<Self, ExtractorError> {
        match (&config.network, &config.spectrogram) {
            (NetworkConfig::Inception(network), SpectrogramConfig::Paper(picture)) => {
                let extractor = Box::new(Extractor::open(&network.extractor, PICTURE)?);
                Ok(Self::Frozen { extractor, picture: *picture })
            }
            (_, spectrogram) => Ok(Self::Levels(spectrogram.clone())),
        }
    }

    /// Notes in `config` which weights are used, so that others of the same name are noticed later.
    pub fn note_weights(&self, config: &mut TrainConfig) {
        if let (Self::Frozen { extractor, .. }, NetworkConfig::Inception(network)) = (self, &mut config.network) {
            network.extractor = extractor.config().clone();
        }
    }

    /// The input of a decoded recording.
    ///
    /// # Errors
    /// [`PreparationError`] when a setting makes no sense.
    pub fn input(&self, recording: &Recording) -> Result<Input, PreparationError> {
        match self {
            Self::Levels(config) => Ok(Input::Levels(Features::of(recording, config)?)),
            Self::Frozen { extractor, picture } => {
                let features = extractor.features(&paper::picture(recording, picture))?;
                Ok(Input::Embedding(Embedding::Held(features.into())))
            }
        }
    }
}
