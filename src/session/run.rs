//! One training run, as far as it has come.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::data::study::Dropped;
use crate::eval::history::EpochRecord;
use crate::models::NetworkConfig;
use crate::train::config::TrainConfig;
use crate::train::events::{BatchRecord, Plan};
pub use crate::train::saved::PartCounts as RunCounts;
use crate::train::saved::{Lost, SavedRun};
use crate::units::grouped;

/// Names a run within a session; every event of a run carries it, so that a late one cannot land in another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub u64);

/// One training run.
pub struct Run {
    /// Its name within the session.
    pub id: RunId,
    /// Its name on screen: the folder's name.
    pub name: String,
    /// Where it is saved.
    pub folder: PathBuf,
    /// What it was asked to do.
    pub config: TrainConfig,
    /// How far it is.
    pub phase: RunPhase,
    /// Its size, once known.
    pub plan: Option<Plan>,
    /// Every optimiser step that was reported, oldest first.
    pub batches: Vec<BatchRecord>,
    /// Every finished epoch.
    pub history: Vec<EpochRecord>,
    /// The epoch whose network is kept, from 1.
    pub best_epoch: Option<usize>,
    /// The threshold that was chosen on the validation part; known when finished.
    pub threshold: Option<f64>,
    /// The person has asked it to stop.
    pub stopping: bool,
    /// When it started, for a run of this session.
    pub started: Option<Instant>,
    /// What it was trained and tested on; known when finished.
    pub counts: Option<RunCounts>,
    /// What its parts were drawn with and it could not read; known when finished.
    pub lost: Lost,
    /// What its parts were drawn without, as the files had changed or gone; known when finished.
    pub dropped: Dropped,
    /// It was trained on made-up recordings.
    pub synthetic: bool,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum RunPhase {
    /// Spectrograms are being computed.
    Preparing {
        /// Recordings done.
        done: usize,
        /// Recordings in all.
        total: usize,
    },
    /// Optimiser steps are running.
    Training,
    /// The best network is being tested and saved.
    Testing,
    /// It ended and is saved; a run opened from disk is always here.
    Finished {
        /// The person stopped it before its last epoch; the best network up to there is kept.
        stopped: bool,
        /// Wall time from start to end.
        took: Duration,
    },
    /// The person stopped it before there was a network to keep.
    Cancelled,
    /// It ended without a network to use, for this reason.
    Failed(String),
}

impl Run {
    /// A run that is about to start.
    pub(super) fn new(id: RunId, name: String, folder: PathBuf, config: TrainConfig, synthetic: bool) -> Self {
        Self {
            id,
            name,
            folder,
            config,
            phase: RunPhase::Preparing { done: 0, total: 0 },
            plan: None,
            batches: Vec::new(),
            history: Vec::new(),
            best_epoch: None,
            threshold: None,
            stopping: false,
            started: Some(Instant::now()),
            counts: None,
            lost: Lost::default(),
            dropped: Dropped::default(),
            synthetic,
        }
    }

    /// A finished run that was read back.
    pub(super) fn from_saved(id: RunId, saved: &SavedRun, history: Vec<EpochRecord>) -> Self {
        let result = &saved.result;
        let took = Duration::try_from_secs_f64(result.took_secs).unwrap_or_default();
        Self {
            name: saved.folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            phase: RunPhase::Finished { stopped: result.stopped, took },
            history,
            best_epoch: Some(result.best_epoch),
            threshold: Some(result.threshold),
            started: None,
            counts: Some(result.counts),
            lost: result.lost.clone(),
            dropped: result.dropped.clone(),
            ..Self::new(id, String::new(), saved.folder.clone(), saved.config.clone(), result.synthetic)
        }
    }

    /// Whether it still works.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.phase, RunPhase::Preparing { .. } | RunPhase::Training | RunPhase::Testing)
    }

    /// Whether it ended with a network.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.phase, RunPhase::Finished { .. })
    }

    /// What it does right now, in words; `None` when it has ended.
    #[must_use]
    pub fn activity(&self) -> Option<String> {
        match &self.phase {
            RunPhase::Preparing { done, total } => {
                let what = match self.config.network {
                    NetworkConfig::Small(_) => "spectrograms",
                    NetworkConfig::Inception(_) => "features",
                };
                Some(format!("Computing {what} {} of {}", grouped(*done as u64), grouped(*total as u64)))
            }
            RunPhase::Training => {
                let epoch = self.batches.last().map_or(1, |batch| batch.epoch);
                let epochs = self.plan.as_ref().map_or(self.config.epochs, |plan| plan.epochs);
                Some(format!("Training, epoch {epoch} of {epochs}"))
            }
            RunPhase::Testing => Some("Testing the best network".to_owned()),
            RunPhase::Finished { .. } | RunPhase::Cancelled | RunPhase::Failed(_) => None,
        }
    }

    /// How much of what it does right now is done, 0 to 1: recordings while it prepares, then planned optimiser steps.
    /// `None` while that is not known.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        match self.phase {
            RunPhase::Preparing { done, total } => (total > 0).then(|| done as f32 / total as f32),
            RunPhase::Training => self.steps_done(),
            RunPhase::Testing => None,
            RunPhase::Finished { .. } | RunPhase::Cancelled | RunPhase::Failed(_) => Some(1.0),
        }
    }

    fn steps_done(&self) -> Option<f32> {
        let plan = self.plan.as_ref()?;
        let last = self.batches.last()?;
        let steps = plan.epochs * plan.batches_per_epoch;
        let done = (last.epoch - 1) * plan.batches_per_epoch + last.batch;
        (steps > 0).then(|| done as f32 / steps as f32)
    }

    /// Time left by the mean pace so far, if all epochs run; `None` before the first epoch is done.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let progress = self.steps_done()?;
        if self.history.is_empty() || progress <= 0.0 {
            return None;
        }
        let elapsed = self.batches.last()?.elapsed;
        Some(elapsed.mul_f32((1.0 - progress) / progress))
    }
}
