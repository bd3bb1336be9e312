//! What the paper trained: one dense layer on the features of a frozen InceptionV3.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::inception::extractor::ExtractorConfig;
use super::init;

/// A dense layer on a frozen InceptionV3.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InceptionConfig {
    /// The frozen network.
    pub extractor: ExtractorConfig,
}

/// One dense layer.
#[derive(Module, Debug)]
pub struct Head {
    dense: Linear,
}

impl Head {
    /// Fresh weights, as Keras draws them, for `features` numbers a recording.
    pub(super) fn new(features: usize, rng: &mut ChaCha8Rng, device: &Device) -> Self {
        Self { dense: init::glorot(features, 2, rng, device) }
    }

    /// Logits (healthy, sick). Shapes: `[batch, features]` to `[batch, 2]`.
    pub(super) fn classify(&self, features: Tensor<2>) -> Tensor<2> {
        self.dense.forward(features)
    }
}
