//! From features to a score.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use crate::data::features::Features;
use crate::models::Network;

/// A network that answers: no gradients, no dropout.
#[derive(Clone, Debug)]
pub struct Predictor {
    network: Network,
    window_frames: usize,
    device: Device,
}

/// Windows per forward pass: bounds memory for long recordings.
const WINDOWS_PER_PASS: usize = 32;

impl Predictor {
    /// Wraps a trained network for windows of `window_frames` columns.
    #[must_use]
    pub fn new(network: &Network, window_frames: usize, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        Self { network: network.valid().to_device(&device), window_frames, device }
    }

    /// The score of a recording: from 0 (healthy) to 1 (sick), the softmax of the logits averaged over its windows.
    ///
    /// Returns `None` when the device gives no finite number, for example after it was lost.
    #[must_use]
    pub fn score(&self, features: &Features) -> Option<f64> {
        let [healthy, sick] = self.logits(features)?;
        let score = 1.0 / (1.0 + (healthy - sick).exp());
        score.is_finite().then_some(score)
    }

    /// Mean logits (healthy, sick) over the windows of a recording.
    fn logits(&self, features: &Features) -> Option<[f64; 2]> {
        let starts = features.window_starts(self.window_frames);
        let mut sums = [0.0_f64; 2];
        for starts in starts.chunks(WINDOWS_PER_PASS) {
            let mut values = Vec::with_capacity(starts.len() * features.bins() * self.window_frames);
            for &start in starts {
                features.push_window(start, self.window_frames, &mut values);
            }
            let shape = [starts.len(), 1, features.bins(), self.window_frames];
            let windows = Tensor::from_data(TensorData::new(values, shape), &self.device);
            let logits = self.network.forward(windows).into_data().try_to_vec::<f32>().ok()?;
            for pair in logits.chunks_exact(2) {
                for (sum, &logit) in sums.iter_mut().zip(pair) {
                    *sum += f64::from(logit);
                }
            }
        }
        Some(sums.map(|sum| sum / starts.len() as f64))
    }

    /// Probabilities (healthy, sick) of single windows, for tests of devices against each other.
    ///
    /// # Shapes
    /// - `windows`: `[batch, 1, bins, frames]`
    /// - output: `[batch, 2]`
    #[must_use]
    pub fn window_probabilities(&self, windows: Tensor<4>) -> Tensor<2> {
        softmax(self.network.forward(windows.to_device(&self.device)), 1)
    }
}
