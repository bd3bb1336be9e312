//! InceptionV3 without its classifier, as the paper used it: a picture goes in, a map of 2048 features comes out.
//!
//! [`plan`] describes the network once, [`weights`] reads a file of weights and folds the batch normalisation,
//! [`fast`] runs it on the processor. Nothing here downloads anything: the user names a file.

pub mod fast;
pub mod plan;
pub mod weights;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AveragePool {
    /// Always by nine, as if zeros surrounded the map: torchvision's network.
    CountsPadding,
    /// By the number of pixels that exist: Keras's and TensorFlow's network, and so timm's `tf_` weights in Keras.
    SkipsPadding,
}
