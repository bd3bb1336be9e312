//! Training: a plain function with a callback, the devices it runs on, and what it leaves on disk.

mod batch;
pub mod config;
pub mod device;
pub mod events;
pub mod feature_store;
mod fit;
mod input;
mod predictor;
pub mod saved;

pub use config::{Preset, TrainConfig};
pub use events::{BatchRecord, Plan, TrainEvent};
pub use fit::{Example, TrainError, Trained, fit};
pub use input::{Embedding, Input, Preparation, PreparationError};
pub use predictor::{Predictor, ScoreError};
