//! Training: a plain function with a callback, the devices it runs on, and what it leaves on disk.

mod adam;
mod batch;
mod checkpoint;
pub mod config;
mod course;
pub mod device;
pub mod events;
pub mod feature_store;
mod fit;
mod input;
mod predictor;
pub mod saved;

pub use checkpoint::{CHECKPOINT_FILE, Checkpoint, CheckpointError};
pub use config::{Preset, TrainConfig};
pub use events::{BatchRecord, Plan, TrainEvent};
pub use fit::{Example, Keeping, TrainError, Trained, fit, fit_kept};
pub use input::{Embedding, Input, Preparation, PreparationError};
pub use predictor::{Predictor, ScoreError};
