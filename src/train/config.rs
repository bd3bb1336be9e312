//! What a training run is asked to do. Saved beside the weights as `config.toml`.

use serde::{Deserialize, Serialize};

use super::feature_store::Precision;
use crate::data::split::{SplitBy, SplitConfig};
use crate::models::NetworkConfig;
use crate::models::head::InceptionConfig;
use crate::models::small::SmallConfig;
use crate::spectrogram::{PaperConfig, SpectrogramConfig};
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
    /// Which epoch's network is kept. Default the best one's.
    pub keep: Keep,
    /// How the learning rate moves. Default warm-up and cosine.
    pub schedule: Schedule,
    /// Added to the denominator of `AdamW`. Default 1e-5, Burn's; Keras's is 1e-7.
    pub epsilon: f64,
    /// Optimiser steps in an epoch, about, at least: a small study is shown several times in each, as twenty epochs over
    /// a hundred recordings would be too few steps to learn anything. Default 12; 1 shows every recording once.
    pub min_steps: usize,
    /// Softmax before a loss that expects logits, the paper's mistake, which weakens the gradients. Default false.
    pub double_softmax: bool,
    /// How exactly the features of a frozen network are kept. Default half precision.
    pub feature_precision: Precision,
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
    /// What the paper's findings ask for: a network that keeps frequency apart from time, drawn by person, trained longer.
    Recommended,
    /// The paper's protocol: a frozen InceptionV3 on FFmpeg's pictures, drawn by file.
    Paper,
}

/// Which epoch's network a run keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The one with the highest AUC on validation; on a tie, the lower loss.
    #[default]
    Best,
    /// The last one, whatever it is worth.
    Last,
}

/// How the learning rate moves over a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Linear warm-up, then half a cosine (Loshchilov and Hutter 2017).
    #[default]
    WarmUpCosine,
    /// The same at every step.
    Constant,
}

impl Preset {
    /// Every preset, in the order in which it is offered.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Recommended, Self::Paper];

    /// The settings that it stands for.
    #[must_use]
    pub fn config(self) -> TrainConfig {
        match self {
            Self::Quick => TrainConfig::default(),
            Self::Recommended => TrainConfig {
                preset: self,
                epochs: 60,
                patience: 15,
                network: NetworkConfig::Small(SmallConfig { channels: [24, 32, 48, 64], ..SmallConfig::default() }),
                ..TrainConfig::default()
            },
            Self::Paper => TrainConfig {
                preset: self,
                epochs: 15,
                batch_size: 32,
                learning_rate: 2e-4,
                weight_decay: 0.0,
                class_weights: false,
                augment: AugmentConfig { spec_augment: false, ..AugmentConfig::default() },
                patience: 0,
                keep: Keep::Last,
                schedule: Schedule::Constant,
                epsilon: 1e-7,
                min_steps: 1,
                network: NetworkConfig::Inception(InceptionConfig::default()),
                spectrogram: SpectrogramConfig::Paper(PaperConfig::default()),
                // 1,456 of about 8,000 for the test, and a tenth of the rest for validation.
                split: SplitConfig { by: SplitBy::File, validation: 0.08, test: 0.18, ..SplitConfig::default() },
                ..TrainConfig::default()
            },
        }
    }

    /// Its name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Quick => "Quick",
            Self::Recommended => "Recommended",
            Self::Paper => "Paper",
        }
    }

    /// One sentence on what it is good for.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Quick => "A small network on log-mel spectrograms: minutes on a laptop, no graphics card needed",
            Self::Recommended => {
                "A larger network of the same kind, trained three times as long: keeps frequency apart from time, as sound asks for"
            }
            Self::Paper => {
                "As published: InceptionV3, frozen, on FFmpeg's pictures, and one layer trained on its features. Needs a \
                 file of ImageNet weights"
            }
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
            keep: Keep::Best,
            schedule: Schedule::WarmUpCosine,
            epsilon: 1e-5,
            min_steps: 12,
            double_softmax: false,
            feature_precision: Precision::F16,
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
        let checks: [(&'static str, bool, &'static str, String); 11] = [
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
            ("epsilon", self.epsilon > 0.0 && self.epsilon <= 1.0, "above 0 and at most 1", self.epsilon.to_string()),
            ("min_steps", (1..=10_000).contains(&self.min_steps), "between 1 and 10000", self.min_steps.to_string()),
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
        for preset in Preset::ALL {
            let config = preset.config();
            config.validate().unwrap();
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<TrainConfig>(&text).unwrap(), config);
            assert_eq!(config.preset, preset);
        }
    }

    #[test]
    fn settings_of_an_earlier_version_mean_what_they_meant() {
        let text = toml::to_string(&TrainConfig::default()).unwrap();
        let later = ["keep", "schedule", "epsilon", "min_steps", "double_softmax", "feature_precision"];
        let of_before = |line: &&str| !later.iter().any(|name| line.starts_with(&format!("{name} =")));
        let earlier: Vec<&str> = text.lines().filter(of_before).collect();
        assert_eq!(earlier.len() + later.len(), text.lines().count());
        assert_eq!(toml::from_str::<TrainConfig>(&earlier.join("\n")).unwrap(), TrainConfig::default());
    }

    #[test]
    fn a_bad_number_is_named() {
        let config = TrainConfig { learning_rate: f64::NAN, ..TrainConfig::default() };
        assert_eq!(config.validate().unwrap_err().name, "learning_rate");
    }
}
