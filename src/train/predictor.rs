//! From features to a score.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use super::feature_store::StoreError;
use super::input::Input;
use crate::data::features::Features;
use crate::models::Network;

/// A network that answers: no gradients, no dropout.
#[derive(Clone, Debug)]
pub struct Predictor {
    network: Network,
    window_frames: usize,
    device: Device,
}

/// A recording got no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The device gave no finite number, for example after it was lost.
    #[error("the network gave no number; the device may have been lost: open the run again, or train again on the CPU")]
    NoNumber,
    /// Features could not be read from disk.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    /// # Errors
    /// [`ScoreError`] when the device gives no finite number, or features cannot be read from disk.
    pub fn score(&self, input: &Input) -> Result<f64, ScoreError> {
        let logits = match input {
            Input::Levels(features) => self.mean_logits(features),
            Input::Embedding(embedding) => {
                let mut values = Vec::with_capacity(embedding.length());
                embedding.read(&mut values)?;
                let shape = [1, 1, values.len(), 1];
                self.logits(values, shape)
                    .and_then(|logits| <[f32; 2]>::try_from(logits).ok())
                    .map(|pair| pair.map(f64::from))
            }
        };
        let score = logits.map(|[healthy, sick]| 1.0 / (1.0 + (healthy - sick).exp()));
        score.filter(|score| score.is_finite()).ok_or(ScoreError::NoNumber)
    }

    fn logits(&self, values: Vec<f32>, shape: [usize; 4]) -> Option<Vec<f32>> {
        let windows = Tensor::from_data(TensorData::new(values, shape), &self.device);
        self.network.forward(windows).into_data().try_to_vec::<f32>().ok()
    }

    /// Mean logits (healthy, sick) over the windows of a recording.
    fn mean_logits(&self, features: &Features) -> Option<[f64; 2]> {
        let starts = features.window_starts(self.window_frames);
        let mut sums = [0.0_f64; 2];
        for starts in starts.chunks(WINDOWS_PER_PASS) {
            let mut values = Vec::with_capacity(starts.len() * features.bins() * self.window_frames);
            for &start in starts {
                features.push_window(start, self.window_frames, &mut values);
            }
            let shape = [starts.len(), 1, features.bins(), self.window_frames];
            for pair in self.logits(values, shape)?.chunks_exact(2) {
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
