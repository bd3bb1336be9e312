//! What a training run is asked to do. Saved beside the weights as `config.toml`.

use serde::{Deserialize, Serialize};

use crate::data::split::SplitConfig;
use crate::models::NetworkConfig;
use crate::spectrogram::SpectrogramConfig;
use crate::train::device::DeviceChoice;

/// All settings of a training run; two runs with equal settings and data on a CPU give equal networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainConfig {
    /// The preset that these settings started from.
    pub preset: Preset,
    /// Rounds over the training part; a small one is shown several times in each. Default 20.
    pub epochs: usize,
    /// Windows of sound per optimiser step. Default 16.
    pub batch_size: usize,
    /// Peak learning rate of `AdamW`, reached after a short warm-up and lowered along a cosine. Default 0.002.
    pub learning_rate: f64,
    /// Weight decay of `AdamW`. Default 0.01.
    pub weight_decay: f64,
    /// Weigh each class by the inverse of its share, so that the more frequent one gets no head start. Default true.
    pub class_weights: bool,
    /// Made-up variation of the training part.
    pub augment: AugmentConfig,
    /// Stop after this many epochs without a better validation AUC; 0 never stops early. Default 6.
    pub patience: usize,
    /// Seed of weights, order and augmentation. Default 123, the paper's.
    pub seed: u64,
    /// What computes.
    pub device: DeviceChoice,
    /// The network.
    pub network: NetworkConfig,
    /// The features that the network sees. Prediction uses the same.
    pub spectrogram: SpectrogramConfig,
    /// How recordings are dealt to training, validation and test.
    pub split: SplitConfig,
}

/// A named set of settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The small network on log-mel spectrograms: minutes on a laptop.
    #[default]
    Quick,
}

impl Preset {
    /// Every preset, in the order in which it is offered.
    pub const ALL: [Self; 1] = [Self::Quick];

    /// The settings that it stands for.
    #[must_use]
    pub fn config(self) -> TrainConfig {
        match self {
            Self::Quick => TrainConfig::default(),
        }
    }

    /// Its name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "Quick",
        }
    }

    /// One sentence on what it is good for.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Quick => "A small network on log-mel spectrograms: minutes on a laptop, no graphics card needed",
        }
    }
}

/// Variation of the training part that keeps the label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AugmentConfig {
    /// Hide one random band of frequencies and one random stretch of time (`SpecAugment`). Default true.
    pub spec_augment: bool,
    /// Widest hidden band, as a share of the bands. Default 0.15.
    pub max_frequency_share: f32,
    /// Longest hidden stretch, as a share of the window. Default 0.2.
    pub max_time_share: f32,
    /// Strength `alpha` of mixup (blends two windows and their labels by a Beta(alpha, alpha) draw); 0 is off. Default 0.
    pub mixup_alpha: f32,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self { spec_augment: true, max_frequency_share: 0.15, max_time_share: 0.2, mixup_alpha: 0.0 }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            preset: Preset::Quick,
            epochs: 20,
            batch_size: 16,
            learning_rate: 2e-3,
            weight_decay: 1e-2,
            class_weights: true,
            augment: AugmentConfig::default(),
            patience: 6,
            seed: 123,
            device: DeviceChoice::Auto,
            network: NetworkConfig::default(),
            spectrogram: SpectrogramConfig::default(),
            split: SplitConfig::default(),
        }
    }
}

/// A setting of [`TrainConfig`] that makes no sense.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("`{name}` must be {expected}, not {actual}")]
pub struct ConfigError {
    /// The setting's name in `config.toml`.
    pub name: &'static str,
    /// What it must be.
    pub expected: &'static str,
    /// What it is.
    pub actual: String,
}

impl TrainConfig {
    /// Checks every number, so that a typing error in a file or a field ends in a sentence, not in a strange network.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that makes no sense.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks: [(&'static str, bool, &'static str, String); 9] = [
            ("epochs", (1..=10_000).contains(&self.epochs), "between 1 and 10000", self.epochs.to_string()),
            ("batch_size", (1..=4096).contains(&self.batch_size), "between 1 and 4096", self.batch_size.to_string()),
            (
                "learning_rate",
                self.learning_rate > 0.0 && self.learning_rate <= 1.0,
                "above 0 and at most 1",
                self.learning_rate.to_string(),
            ),
            (
                "weight_decay",
                (0.0..=1.0).contains(&self.weight_decay),
                "between 0 and 1",
                self.weight_decay.to_string(),
            ),
            (
                "augment.max_frequency_share",
                (0.0..=1.0).contains(&self.augment.max_frequency_share),
                "between 0 and 1",
                self.augment.max_frequency_share.to_string(),
            ),
            (
                "augment.max_time_share",
                (0.0..=1.0).contains(&self.augment.max_time_share),
                "between 0 and 1",
                self.augment.max_time_share.to_string(),
            ),
            (
                "augment.mixup_alpha",
                (0.0..=1.0).contains(&self.augment.mixup_alpha),
                "between 0 and 1",
                self.augment.mixup_alpha.to_string(),
            ),
            (
                "network.window_frames",
                self.network.window_frames() > 0,
                "at least 1",
                self.network.window_frames().to_string(),
            ),
            (
                "network.dropout",
                (0.0..1.0).contains(&self.network.dropout()),
                "at least 0 and below 1",
                self.network.dropout().to_string(),
            ),
        ];
        for (name, fine, expected, actual) in checks {
            if !fine {
                return Err(ConfigError { name, expected, actual });
            }
        }
        self.spectrogram.validate().map_err(|error| ConfigError {
            name: "spectrogram",
            expected: "a spectrogram that can be computed",
            actual: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_and_survive_toml() {
        let config = TrainConfig::default();
        config.validate().unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), config);
    }

    #[test]
    fn a_bad_number_is_named() {
        let config = TrainConfig { learning_rate: f64::NAN, ..TrainConfig::default() };
        assert_eq!(config.validate().unwrap_err().name, "learning_rate");
    }
}
