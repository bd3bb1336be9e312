//! What training reported after each epoch, as plain data.

use serde::{Deserialize, Serialize};

/// Losses and metrics after one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Mean cross-entropy over the training part in nats, weighted by class where the run says so.
    pub train_loss: f64,
    /// Share of right calls on the training part at threshold 0.5, 0 to 1.
    pub train_accuracy: f64,
    /// Mean cross-entropy over the validation part, weighted alike.
    pub validation_loss: f64,
    /// Share of right calls on the validation part at threshold 0.5, 0 to 1.
    pub validation_accuracy: f64,
    /// Area under the ROC curve on the validation part; `None` where it has one class only.
    pub validation_auc: Option<f64>,
}
