//! InceptionV3 without its classifier, as the paper used it: a picture goes in, a map of 2048 features comes out.
//!
//! [`plan`] describes the network once, [`weights`] reads a file of weights and folds the batch normalisation,
//! [`fast`] runs it on the processor, [`extractor`] takes many pictures through it, and [`reference`](mod@reference) is the
//! same through Burn, on any device. Nothing here downloads anything: the user names a file.

pub mod extractor;
pub mod fast;
pub mod plan;
pub mod reference;
pub mod weights;

use serde::{Deserialize, Serialize};

/// Height and width of a picture or a feature map, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// Rows times columns.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}

/// What a 3x3 mean at the border of a map divides by. Frameworks differ, so weights belong to one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AveragePool {
    /// Always by nine, as if zeros surrounded the map: torchvision's network, whose files of weights are read here.
    #[default]
    CountsPadding,
    /// By the number of pixels that exist: Keras's and TensorFlow's network, and so timm's `tf_` weights in Keras.
    SkipsPadding,
}

/// What is kept of the map of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeaturePool {
    /// All of it, flattened: 860,160 numbers of the paper's picture, which tell where in the picture they come from.
    #[default]
    None,
    /// The mean of each channel: 2,048 numbers of a picture of any size.
    Mean,
}
