//! What a training run reports while it goes on. Plain data, so that any thread can send it.

use std::time::Duration;

use crate::eval::history::EpochRecord;

/// One report of a running training.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainEvent {
    /// The first step is about to run.
    Started(Plan),
    /// One optimiser step is done. A listener that falls behind may miss some of these.
    Batch(BatchRecord),
    /// The network of this epoch has scored so many recordings of the validation part. May be dropped too.
    Validated {
        /// Recordings done.
        done: usize,
        /// Recordings in all.
        total: usize,
    },
    /// One epoch and its validation are done. Never dropped.
    Epoch {
        /// The figures of the epoch.
        record: EpochRecord,
        /// Whether it is the best so far, by validation AUC.
        best: bool,
    },
}

/// The size of a run, known before its first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The device's own name.
    pub device: String,
    /// Epochs at most.
    pub epochs: usize,
    /// Optimiser steps in each epoch.
    pub batches_per_epoch: usize,
    /// Numbers that training adjusts.
    pub parameters: usize,
}

/// Figures of one optimiser step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchRecord {
    /// Epoch, from 1.
    pub epoch: usize,
    /// Step within the epoch, from 1.
    pub batch: usize,
    /// Mean cross-entropy of the step's windows in nats, weighted by class where the run says so.
    pub loss: f64,
    /// Share of the step's windows on the right side of 0.5.
    pub accuracy: f64,
    /// Time since the run started.
    pub elapsed: Duration,
}
