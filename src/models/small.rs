//! A small residual network for log-mel windows.
//!
//! A picture network treats a shift in frequency as it treats a shift in time; in sound the first changes the meaning.
//! This network keeps the frequency position to its end: only time is pooled away, so that its last layer sees *which*
//! band held *what*.

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{GroupNorm, GroupNormConfig, Linear};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::init;

/// Sizes of the small network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SmallConfig {
    /// Time columns of one window. Default 128: two seconds at the default hop.
    pub window_frames: usize,
    /// Channels of the stem and of the three residual stages, each of which halves time and frequency.
    /// Default 16, 24, 32, 48.
    pub channels: [usize; 4],
    /// Share of the pooled features that training hides at random. Default 0.3.
    pub dropout: f64,
}

impl Default for SmallConfig {
    fn default() -> Self {
        Self { window_frames: 128, channels: [16, 24, 32, 48], dropout: 0.3 }
    }
}

/// Stem, three residual stages, pooling over time, one dense layer.
#[derive(Module, Debug)]
pub struct SmallNetwork {
    stem: Conv2d,
    stem_norm: GroupNorm,
    stages: Vec<ResidualBlock>,
    head: Linear,
}

/// Two 3x3 convolutions and a strided shortcut (He et al. 2016).
#[derive(Module, Debug)]
struct ResidualBlock {
    first: Conv2d,
    first_norm: GroupNorm,
    second: Conv2d,
    second_norm: GroupNorm,
    shortcut: Conv2d,
    shortcut_norm: GroupNorm,
}

impl SmallConfig {
    /// A network with fresh weights for windows of `bins` frequency rows.
    #[must_use]
    pub fn init(&self, bins: usize, rng: &mut ChaCha8Rng, device: &Device) -> SmallNetwork {
        let [stem, rest @ ..] = self.channels;
        let mut channels = stem;
        let mut rows = halved(bins);
        let stem_conv = init::conv([1, stem], 3, [2, 2], rng, device);
        let mut stages = Vec::with_capacity(rest.len());
        for out in rest {
            stages.push(ResidualBlock::new([channels, out], rng, device));
            channels = out;
            rows = halved(rows);
        }
        SmallNetwork {
            stem: stem_conv,
            stem_norm: norm(stem, device),
            stages,
            // Mean and spread over time for every channel and row.
            head: init::linear(2 * channels * rows, 2, rng, device),
        }
    }
}

/// A norm over groups of channels of each window by itself (Wu and He 2018). With a batch norm the same network answered
/// otherwise in training than after it: a batch of 16 windows is too few for its statistics, and the validation loss
/// leapt from epoch to epoch.
fn norm(channels: usize, device: &Device) -> GroupNorm {
    let groups = (1..=channels / GROUP).rev().find(|groups| channels.is_multiple_of(*groups)).unwrap_or(1);
    GroupNormConfig::new(groups, channels).init(device)
}

/// Channels of one group of a norm, about.
const GROUP: usize = 8;

/// Rows or columns that a padded convolution of stride 2 leaves.
fn halved(size: usize) -> usize {
    size.div_ceil(2)
}

impl SmallNetwork {
    /// Mean and standard deviation over time of every channel and frequency row (statistics pooling, Snyder et al. 2017).
    ///
    /// # Shapes
    /// - `windows`: `[batch, 1, bins, frames]`; any number of frames
    /// - output: `[batch, features]`
    #[must_use]
    pub fn pooled(&self, windows: Tensor<4>) -> Tensor<2> {
        let mut x = relu(self.stem_norm.forward(self.stem.forward(windows)));
        for stage in &self.stages {
            x = stage.forward(x);
        }
        // Keeps the root's slope finite where nothing moves.
        const TINY: f64 = 1e-4;
        let mean = x.clone().mean_dim(3);
        let deviation = (x - mean.clone()).square().mean_dim(3).add_scalar(TINY).sqrt();
        Tensor::cat(vec![mean.flatten::<2>(1, 3), deviation.flatten::<2>(1, 3)], 1)
    }

    /// Logits (healthy, sick) of pooled features.
    ///
    /// # Shapes
    /// - `pooled`: `[batch, features]`
    /// - output: `[batch, 2]`
    #[must_use]
    pub fn classify(&self, pooled: Tensor<2>) -> Tensor<2> {
        self.head.forward(pooled)
    }
}

impl ResidualBlock {
    fn new(channels: [usize; 2], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let norm = || norm(channels[1], device);
        Self {
            first: init::conv(channels, 3, [2, 2], rng, device),
            first_norm: norm(),
            second: init::conv([channels[1], channels[1]], 3, [1, 1], rng, device),
            second_norm: norm(),
            shortcut: init::conv(channels, 1, [2, 2], rng, device),
            shortcut_norm: norm(),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let inner = relu(self.first_norm.forward(self.first.forward(x.clone())));
        let inner = self.second_norm.forward(self.second.forward(inner));
        relu(inner + self.shortcut_norm.forward(self.shortcut.forward(x)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use rand::SeedableRng;

    #[test]
    fn any_length_fits_and_gives_two_logits() {
        let device = Device::flex();
        let network = SmallConfig::default().init(64, &mut ChaCha8Rng::seed_from_u64(1), &device);
        for frames in [1, 17, 128, 300] {
            let x = Tensor::random([2, 1, 64, frames], Distribution::Default, &device);
            assert_eq!(network.classify(network.pooled(x)).dims(), [2, 2], "{frames} frames");
        }
    }

    #[test]
    fn frequency_position_matters_and_time_position_hardly() {
        let device = Device::flex();
        let network = SmallConfig::default().init(64, &mut ChaCha8Rng::seed_from_u64(1), &device);
        let tone = |row: usize, column: usize| {
            let mut values = vec![-1.0_f32; 64 * 128];
            for r in row..row + 4 {
                for c in column..column + 16 {
                    values[r * 128 + c] = 1.0;
                }
            }
            let data = burn::tensor::TensorData::new(values, [1, 1, 64, 128]);
            network.classify(network.pooled(Tensor::from_data(data, &device))).into_data().try_to_vec::<f32>().unwrap()
        };
        let base = tone(16, 48);
        let distance = |other: Vec<f32>| base.iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f32>();
        // 16 columns are a multiple of the network's total stride, so that only the window's borders tell them apart.
        let (in_time, in_frequency) = (distance(tone(16, 64)), distance(tone(32, 48)));
        assert!(in_time < 0.2 * in_frequency, "{in_time} in time, {in_frequency} in frequency");
    }
}
