//! The networks. Those of ours map a batch of feature windows to two logits per window: healthy, sick. The paper's
//! backbone ([`inception`]) maps a picture to features.
//!
//! To add one: a file beside [`small`], a variant in [`NetworkConfig`] and one in [`Network`].

pub mod head;
pub mod inception;
mod init;
pub mod small;

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::spectrogram::paper;

use head::{Head, InceptionConfig};
use small::{SmallConfig, SmallNetwork};

/// Which network, with its sizes. Saved with every run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkConfig {
    /// The small residual network of our own.
    Small(SmallConfig),
    /// The paper's: a dense layer on the features of a frozen InceptionV3.
    Inception(InceptionConfig),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self::Small(SmallConfig::default())
    }
}

/// A network with its weights.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one network")]
pub enum Network {
    /// The small residual network of our own.
    Small(SmallNetwork),
    /// The dense layer on a frozen network's features.
    Head(Head),
}

/// Saved weights that do not fit.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file is not safetensors, or broken.
    #[error("the weights cannot be read as safetensors ({0}); the file is damaged or of another kind")]
    Unreadable(String),
    /// The weights belong to another network.
    #[error("the weights do not fit the network of this run's config.toml: {0}")]
    Mismatch(String),
}

impl NetworkConfig {
    /// A network with fresh weights drawn from `rng`, for windows of `rows` frequency bands, or so many features of a frozen
    /// network.
    #[must_use]
    pub fn init(&self, rows: usize, rng: &mut ChaCha8Rng, device: &Device) -> Network {
        match self {
            Self::Small(config) => Network::Small(config.init(rows, rng, device)),
            Self::Inception(_) => Network::Head(Head::new(rows, rng, device)),
        }
    }

    /// Time columns that it looks at at once.
    #[must_use]
    pub fn window_frames(&self) -> usize {
        match self {
            Self::Small(config) => config.window_frames,
            Self::Inception(_) => paper::WIDTH,
        }
    }

    /// Share of the pooled features that training hides at random.
    #[must_use]
    pub fn dropout(&self) -> f64 {
        match self {
            Self::Small(config) => config.dropout,
            Self::Inception(_) => 0.0,
        }
    }

    /// Its name on screen.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Small(_) => "Small residual network",
            Self::Inception(_) => "InceptionV3, frozen",
        }
    }
}

impl Network {
    /// Logits (healthy, sick) of a batch.
    ///
    /// # Shapes
    /// - `windows`: `[batch, 1, bins, frames]`, levels scaled to -1..1; or `[batch, 1, features, 1]` of a frozen network
    /// - output: `[batch, 2]`
    #[must_use]
    pub fn forward(&self, windows: Tensor<4>) -> Tensor<2> {
        self.classify(self.pooled(windows))
    }

    /// The features that the last layer sees, where training applies dropout.
    ///
    /// # Shapes
    /// - `windows`: as for [`Network::forward`]
    /// - output: `[batch, features]`
    #[must_use]
    pub fn pooled(&self, windows: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Small(network) => network.pooled(windows),
            Self::Head(_) => windows.flatten(1, 3),
        }
    }

    /// Logits (healthy, sick) of pooled features.
    ///
    /// # Shapes
    /// - `pooled`: `[batch, features]`
    /// - output: `[batch, 2]`
    #[must_use]
    pub fn classify(&self, pooled: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Small(network) => network.classify(pooled),
            Self::Head(head) => head.classify(pooled),
        }
    }

    /// The weights as the bytes of a `.safetensors` file.
    ///
    /// # Errors
    /// [`WeightsError::Unreadable`] when a tensor cannot be read back from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, WeightsError> {
        // Burn's remarks in the header come in any order, and equal networks are to give equal files.
        let mut store = SafetensorsStore::from_bytes(None).skip_enum_variants(true).clear_metadata();
        self.save_into(&mut store).map_err(|error| WeightsError::Unreadable(error.to_string()))?;
        store.get_bytes().map_err(|error| WeightsError::Unreadable(error.to_string()))
    }

    /// Replaces the weights by those of a `.safetensors` file. Every tensor of the network must be there, with its shape.
    ///
    /// # Errors
    /// [`WeightsError`] when the bytes are no safetensors or belong to another network.
    pub fn load_safetensors(&mut self, bytes: Vec<u8>) -> Result<(), WeightsError> {
        let mut store = SafetensorsStore::from_bytes(Some(bytes)).skip_enum_variants(true).validate(false);
        let result = self.load_from(&mut store).map_err(|error| WeightsError::Unreadable(error.to_string()))?;
        if let Some(error) = result.errors.first() {
            return Err(WeightsError::Mismatch(error.to_string()));
        }
        if let Some((name, _)) = result.missing.first() {
            return Err(WeightsError::Mismatch(format!("the tensor `{name}` is missing")));
        }
        Ok(())
    }
}
