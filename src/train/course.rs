//! The course of a training over its epochs: which network is kept, and when it ends.

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::config::{Keep, TrainConfig};
use super::events::TrainEvent;
use super::fit::{OnEvent, TrainError, Trained};
use crate::eval::history::EpochRecord;
use crate::models::{Network, WeightsError};

/// The epochs that are done, and the best network so far.
pub(super) struct Course<'a> {
    config: &'a TrainConfig,
    best: Option<Best>,
    history: Vec<EpochRecord>,
    /// The listener stopped it.
    stopped: bool,
    /// An error ended it.
    broke_off: Option<TrainError>,
}

/// A network and its figures.
struct Best {
    network: Network,
    record: EpochRecord,
}

impl<'a> Course<'a> {
    pub fn new(config: &'a TrainConfig) -> Self {
        Self { config, best: None, history: Vec::new(), stopped: false, broke_off: None }
    }

    /// The epoch to do next, from 1; `None` when the settings, the listener or an error ended the training.
    pub fn next_epoch(&self) -> Option<usize> {
        let since_best = self.best.as_ref().map_or(0, |best| self.history.len() - best.record.epoch);
        let patient = self.config.patience == 0 || since_best < self.config.patience;
        let goes_on = patient && !self.stopped && self.broke_off.is_none() && self.history.len() < self.config.epochs;
        goes_on.then(|| self.history.len() + 1)
    }

    /// Takes in what an epoch gave, and reports it. `None` is an epoch that the listener stopped.
    pub fn take(&mut self, outcome: Result<Option<(Network, EpochRecord)>, TrainError>, on_event: OnEvent<'_>) {
        match outcome {
            Ok(Some((network, record))) => {
                let best = self.is_best(&record);
                if best {
                    self.best = Some(Best { network, record });
                }
                self.add(record, best, on_event);
            }
            Ok(None) => self.stopped = true,
            Err(error) => self.broke_off = Some(error),
        }
    }

    fn add(&mut self, record: EpochRecord, best: bool, on_event: OnEvent<'_>) {
        self.history.push(record);
        if on_event(TrainEvent::Epoch { record, best }).is_break() {
            self.stopped = self.history.len() < self.config.epochs;
        }
    }

    fn is_best(&self, record: &EpochRecord) -> bool {
        self.best.as_ref().is_none_or(|best| self.config.keep == Keep::Last || best.is_beaten_by(record))
    }

    /// An error that ends the training after the epoch in hand.
    pub fn break_off(&mut self, error: TrainError) {
        self.broke_off = Some(error);
    }

    /// What a later training needs to go on from here; `None` before the first epoch is done.
    ///
    /// # Errors
    /// [`WeightsError`] when a tensor cannot be read back from its device.
    pub fn checkpoint(
        &self,
        network: &Network,
        moments: Vec<[Vec<f32>; 2]>,
        steps: usize,
        data: &str,
    ) -> Result<Option<Checkpoint>, WeightsError> {
        let Some(best) = &self.best else { return Ok(None) };
        Ok(Some(Checkpoint {
            history: self.history.clone(),
            best_epoch: best.record.epoch,
            steps,
            data: data.to_owned(),
            network: network.to_safetensors()?,
            best: best.network.to_safetensors()?,
            moments,
        }))
    }

    /// Goes on after the epochs of a checkpoint, which are reported once more. `rows` is as for
    /// [`NetworkConfig::init`](crate::models::NetworkConfig::init).
    ///
    /// # Errors
    /// [`WeightsError`] when the checkpoint belongs to another network.
    pub fn take_up(
        &mut self,
        from: Checkpoint,
        rows: usize,
        device: &Device,
        on_event: OnEvent<'_>,
    ) -> Result<(), WeightsError> {
        // The fresh weights are all replaced, so their seed does not matter.
        let mut network = self.config.network.init(rows, &mut ChaCha8Rng::seed_from_u64(0), device);
        network.load_safetensors(from.best)?;
        let mut so_far: Option<EpochRecord> = None;
        for record in from.history {
            let beats = |best: &EpochRecord| self.config.keep == Keep::Last || is_beaten_by(best, &record);
            let best = so_far.as_ref().is_none_or(beats);
            if best {
                so_far = Some(record);
            }
            self.add(record, best, on_event);
        }
        self.best = self.history.get(from.best_epoch - 1).map(|&record| Best { network, record });
        Ok(())
    }

    /// What is kept.
    ///
    /// # Errors
    /// What ended the training before its first epoch was done.
    pub fn end(self) -> Result<Trained, TrainError> {
        let Self { best, history, stopped, broke_off, .. } = self;
        match best {
            Some(Best { network, record }) => {
                Ok(Trained { network, best_epoch: record.epoch, history, stopped, broke_off })
            }
            None => Err(broke_off.unwrap_or(TrainError::StoppedEarly)),
        }
    }
}

impl Best {
    fn is_beaten_by(&self, record: &EpochRecord) -> bool {
        is_beaten_by(&self.record, record)
    }
}

/// Higher validation AUC, and on a tie the lower validation loss.
fn is_beaten_by(best: &EpochRecord, record: &EpochRecord) -> bool {
    match (record.validation_auc, best.validation_auc) {
        (Some(new), Some(old)) if new != old => new > old,
        _ => record.validation_loss < best.validation_loss,
    }
}
