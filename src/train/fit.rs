//! The training loop: a plain function that reports to a callback and stops when the callback says so.

use std::f64::consts::PI;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::adam::AdamW;
use super::batch::{Batch, Batcher};
use super::checkpoint::Checkpoint;
use super::config::{ConfigError, Schedule, TrainConfig};
use super::course::Course;
use super::device::ComputeDevice;
use super::events::{BatchRecord, Plan, TrainEvent};
use super::feature_store::StoreError;
use super::input::Input;
use super::predictor::{Predictor, ScoreError};
use crate::data::Label;
use crate::eval::ThresholdTable;
use crate::eval::history::EpochRecord;
use crate::files::FileError;
use crate::models::{Network, WeightsError};

/// A labelled recording.
#[derive(Clone, Debug)]
pub struct Example {
    /// What the network sees of it.
    pub input: Input,
    /// What it should answer.
    pub label: Label,
}

/// A finished training.
#[derive(Debug)]
pub struct Trained {
    /// The network of the best epoch, ready to answer.
    pub network: Network,
    /// The epoch it comes from, from 1.
    pub best_epoch: usize,
    /// Figures of every finished epoch.
    pub history: Vec<EpochRecord>,
    /// The callback asked to stop before the last epoch.
    pub stopped: bool,
    /// Why training ended before its last epoch, when something went wrong after there was a network to keep.
    pub broke_off: Option<TrainError>,
}

/// Why a training gave no network.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A setting makes no sense.
    #[error("the training setting {0}")]
    Config(#[from] ConfigError),
    /// Too few recordings to learn from.
    #[error("the {part} part has {healthy} healthy and {sick} sick recordings; training needs at least one of each")]
    TooFew {
        /// Which part.
        part: &'static str,
        /// Healthy recordings in it.
        healthy: usize,
        /// Sick recordings in it.
        sick: usize,
    },
    /// The loss or a score is no longer a number.
    #[error("the network's answers were no longer numbers in epoch {epoch}; try a lower learning rate")]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The features of a frozen network cannot be read from disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A checkpoint cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A checkpoint belongs to another network, or its weights cannot be read back from their device.
    #[error("the training cannot go on from its checkpoint: {0}")]
    Weights(#[from] WeightsError),
    /// It was stopped before one epoch was done, so that there is no network to keep.
    #[error("training was stopped before its first epoch was done; there is no network to keep")]
    StoppedEarly,
}

impl TrainError {
    fn in_epoch(epoch: usize) -> impl FnOnce(ScoreError) -> Self {
        move |error| match error {
            ScoreError::NoNumber => Self::Diverged { epoch },
            ScoreError::Store(error) => Self::Store(error),
        }
    }
}

/// Share of all steps over which the learning rate rises from 0 to its peak.
const WARM_UP_SHARE: f64 = 0.1;

/// Share of the peak at which the cosine ends, so that the last epoch still learns.
const FINAL_SHARE: f64 = 0.02;

/// Trains a network on `train`, keeps the one with the best AUC on `validation`, and reports to `on_event`.
///
/// On a CPU device equal inputs give equal networks. The callback runs on the calling thread; `ControlFlow::Break` stops
/// after the step in hand.
///
/// # Errors
/// [`TrainError`] when a setting makes no sense, a part lacks a class, the loss diverges, or it is stopped before the
/// first epoch is done.
pub fn fit(
    config: &TrainConfig,
    train: &[Example],
    validation: &[Example],
    compute: &ComputeDevice,
    on_event: &mut dyn FnMut(TrainEvent) -> ControlFlow<()>,
) -> Result<Trained, TrainError> {
    fit_kept(config, train, validation, compute, None, on_event)
}

/// Where a training is kept while it goes on.
pub struct Keeping<'a> {
    /// The folder of the run, in which a [`Checkpoint`] is written after its epochs.
    pub folder: &'a Path,
    /// See [`Checkpoint::data`].
    pub data: String,
    /// Where to take up; its epochs are reported once more.
    pub from: Option<Checkpoint>,
}

/// Checkpoints are written at most so often: epochs may take a tenth of a second.
const KEEP_EVERY: Duration = Duration::from_secs(2);

/// As [`fit`], with what it needs to go on after an interruption kept in a folder. On a CPU device a training that takes up
/// gives the history and the network of one that was not interrupted.
///
/// # Errors
/// As [`fit`]; and when the checkpoint belongs to another network.
pub fn fit_kept(
    config: &TrainConfig,
    train: &[Example],
    validation: &[Example],
    compute: &ComputeDevice,
    mut keeping: Option<Keeping<'_>>,
    on_event: OnEvent<'_>,
) -> Result<Trained, TrainError> {
    config.validate()?;
    let [healthy, sick] = need_both_classes("training", train)?;
    need_both_classes("validation", validation)?;
    let mut run = Fit::new(config, train, [healthy, sick], compute);
    let mut course = Course::new(config);
    let from = keeping.as_mut().and_then(|keeping| keeping.from.take());
    if let Some(from) = &from {
        run.take_up(from)?;
    }
    if on_event(TrainEvent::Started(run.plan.clone())).is_break() {
        return Err(TrainError::StoppedEarly);
    }
    if let Some(from) = from {
        course.take_up(from, run.batcher.rows(), &compute.device, on_event)?;
    }
    let mut last_kept = None;
    while let Some(epoch) = course.next_epoch() {
        let outcome = run.train_and_validate(epoch, validation, on_event);
        course.take(outcome.map(|record| record.map(|record| (run.network.valid(), record))), on_event);
        let due = last_kept.is_none_or(|last: Instant| last.elapsed() >= KEEP_EVERY);
        if let Some(keeping) = keeping.as_ref().filter(|_| due) {
            last_kept = Some(Instant::now());
            if let Err(error) = run.keep(&course, keeping) {
                course.break_off(error);
            }
        }
    }
    course.end()
}

/// Who listens to a training, and may stop it.
pub(super) type OnEvent<'a> = &'a mut dyn FnMut(TrainEvent) -> ControlFlow<()>;

/// The state of a training between two steps.
struct Fit<'a> {
    config: &'a TrainConfig,
    batcher: Batcher<'a>,
    network: Network,
    optimizer: AdamW,
    device: Device,
    /// Weight of each class in the loss: healthy, sick.
    class_weights: [f32; 2],
    rng: ChaCha8Rng,
    plan: Plan,
    step: usize,
    started: Instant,
}

impl<'a> Fit<'a> {
    fn new(config: &'a TrainConfig, train: &'a [Example], counts: [usize; 2], compute: &ComputeDevice) -> Self {
        let device = compute.device.clone().autodiff();
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let batcher = Batcher {
            examples: train,
            batch_size: config.batch_size,
            window_frames: config.network.window_frames(),
            min_steps: config.min_steps,
            augment: &config.augment,
        };
        let network = config.network.init(batcher.rows(), &mut rng, &device);
        let weights =
            if config.class_weights { counts.map(|count| train.len() as f32 / (2 * count) as f32) } else { [1.0; 2] };
        let plan = Plan {
            device: compute.info.name.clone(),
            epochs: config.epochs,
            batches_per_epoch: batcher.order(&mut rng.clone()).len(),
            parameters: network.num_params(),
        };
        Self {
            config,
            batcher,
            optimizer: AdamW::new(config),
            network,
            class_weights: weights,
            device,
            rng,
            plan,
            step: 0,
            started: Instant::now(),
        }
    }

    /// Goes on with the weights and the optimiser of a checkpoint.
    fn take_up(&mut self, from: &Checkpoint) -> Result<(), TrainError> {
        let mut network = self.network.valid();
        network.load_safetensors(from.network.clone())?;
        self.network = network.train();
        self.optimizer.take_up(from.steps, from.moments.clone(), &self.device.clone().without_autodiff());
        self.step = from.steps;
        Ok(())
    }

    /// Writes what a later training needs to go on from here.
    fn keep(&self, course: &Course<'_>, keeping: &Keeping<'_>) -> Result<(), TrainError> {
        let network = self.network.valid();
        if let Some(checkpoint) = course.checkpoint(&network, self.optimizer.moments(), self.step, &keeping.data)? {
            checkpoint.write(keeping.folder)?;
        }
        Ok(())
    }

    /// One epoch and its figures, or `None` when the callback stopped it.
    fn train_and_validate(
        &mut self,
        epoch: usize,
        validation: &[Example],
        on_event: &mut dyn FnMut(TrainEvent) -> ControlFlow<()>,
    ) -> Result<Option<EpochRecord>, TrainError> {
        let Some((train_loss, train_accuracy)) = self.epoch(epoch, on_event)? else { return Ok(None) };
        let predictor = self.predictor();
        let mut scores = Vec::with_capacity(validation.len());
        for example in validation {
            scores.push(predictor.score(&example.input).map_err(TrainError::in_epoch(epoch))?);
            let validated = TrainEvent::Validated { done: scores.len(), total: validation.len() };
            if on_event(validated).is_break() {
                return Ok(None);
            }
        }
        let loss = self.validation_loss(validation, &scores);
        Ok(Some(epoch_record(epoch, [train_loss, loss], train_accuracy, validation, &scores)))
    }

    /// The steps of one epoch. Returns mean loss and accuracy, or `None` when the callback stopped it.
    fn epoch(
        &mut self,
        epoch: usize,
        on_event: &mut dyn FnMut(TrainEvent) -> ControlFlow<()>,
    ) -> Result<Option<(f64, f64)>, TrainError> {
        // A stream of its own for each epoch, so that a training that takes up draws what it would have drawn.
        self.rng = ChaCha8Rng::seed_from_u64(self.config.seed);
        self.rng.set_stream(epoch as u64);
        let (mut loss_sum, mut right, mut seen) = (0.0, 0, 0);
        for (index, indices) in self.batcher.order(&mut self.rng).iter().enumerate() {
            let batch = self.batcher.batch(indices, &mut self.rng, &self.device)?;
            let (loss, correct) = self.optimise(batch);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch });
            }
            let size = indices.len();
            loss_sum += loss * size as f64;
            right += correct;
            seen += size;
            let record = BatchRecord {
                epoch,
                batch: index + 1,
                loss,
                accuracy: correct as f64 / size as f64,
                elapsed: self.started.elapsed(),
            };
            if on_event(TrainEvent::Batch(record)).is_break() {
                return Ok(None);
            }
        }
        Ok(Some((loss_sum / seen as f64, right as f64 / seen as f64)))
    }

    /// One optimiser step. Returns the weighted mean cross-entropy and the number of windows on the right side of 0.5.
    fn optimise(&mut self, batch: Batch) -> (f64, usize) {
        let rate = self.learning_rate();
        self.step += 1;
        let pooled = self.network.pooled(batch.windows);
        let kept = self.dropout_mask(pooled.dims());
        let logits = self.network.classify(pooled * kept);
        let log_probabilities = log_softmax(if self.config.double_softmax { softmax(logits, 1) } else { logits }, 1);
        let weights = batch.targets * Tensor::from_floats([self.class_weights], &self.device);
        let total = weights.clone().sum();
        let loss = (weights * log_probabilities.clone()).sum().neg() / total;
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        self.network = self.optimizer.step(rate, self.network.clone(), gradients);
        let loss = f64::from(loss.into_scalar::<f32>());
        let correct =
            count_right(&log_probabilities.into_data().try_to_vec::<f32>().unwrap_or_default(), &batch.positives);
        (loss, correct)
    }

    /// Zero for hidden features, else the factor that keeps their mean (Srivastava et al. 2014). Drawn from the run's own
    /// generator: Burn's belongs to the whole process.
    fn dropout_mask(&mut self, shape: [usize; 2]) -> Tensor<2> {
        let share = self.config.network.dropout().clamp(0.0, 0.95);
        let kept = (1.0 / (1.0 - share)) as f32;
        let mask: Vec<f32> =
            (0..shape.iter().product()).map(|_| if self.rng.random_bool(share) { 0.0 } else { kept }).collect();
        Tensor::from_data(TensorData::new(mask, shape), &self.device)
    }

    fn learning_rate(&self) -> f64 {
        if self.config.schedule == Schedule::Constant {
            return self.config.learning_rate;
        }
        let steps = (self.plan.epochs * self.plan.batches_per_epoch).max(1) as f64;
        let warm_up = (WARM_UP_SHARE * steps).max(1.0);
        let step = self.step as f64;
        let share = if step < warm_up {
            (step + 1.0) / warm_up
        } else {
            let along = (step - warm_up) / (steps - warm_up).max(1.0);
            FINAL_SHARE + (1.0 - FINAL_SHARE) * 0.5 * (1.0 + (PI * along).cos())
        };
        self.config.learning_rate * share.min(1.0)
    }

    /// Mean cross-entropy, weighted and softmaxed as in training, so that the two curves can be compared.
    fn validation_loss(&self, validation: &[Example], scores: &[f64]) -> f64 {
        // Keeps the logarithm finite for a score of exactly 0 or 1, as scikit-learn's log_loss does.
        const TINY: f64 = 1e-15;
        let weight = |sick: bool| f64::from(self.class_weights[usize::from(sick)]);
        let share = |sick: bool, score: f64| if sick { score } else { 1.0 - score };
        let loss = |share: f64| {
            // The second softmax takes the two shares for logits.
            let share = if self.config.double_softmax { 1.0 / (1.0 + (1.0 - 2.0 * share).exp()) } else { share };
            -share.max(TINY).ln()
        };
        let labels = || validation.iter().map(|example| example.label.is_positive());
        let sum: f64 = labels().zip(scores).map(|(sick, &score)| weight(sick) * loss(share(sick, score))).sum();
        sum / labels().map(weight).sum::<f64>()
    }

    fn predictor(&self) -> Predictor {
        Predictor::new(&self.network, self.batcher.window_frames, &self.device)
    }
}

fn need_both_classes(part: &'static str, examples: &[Example]) -> Result<[usize; 2], TrainError> {
    let sick = examples.iter().filter(|example| example.label.is_positive()).count();
    let healthy = examples.len() - sick;
    if healthy == 0 || sick == 0 {
        return Err(TrainError::TooFew { part, healthy, sick });
    }
    Ok([healthy, sick])
}

fn count_right(log_probabilities: &[f32], positives: &[bool]) -> usize {
    log_probabilities
        .chunks_exact(2)
        .zip(positives)
        .filter(|(pair, positive)| matches!(pair, [healthy, sick] if (sick >= healthy) == **positive))
        .count()
}

/// The figures of an epoch; `losses` of training and validation.
fn epoch_record(
    epoch: usize,
    losses: [f64; 2],
    train_accuracy: f64,
    validation: &[Example],
    scores: &[f64],
) -> EpochRecord {
    let labels: Vec<bool> = validation.iter().map(|example| example.label.is_positive()).collect();
    let count = labels.len() as f64;
    let right = labels.iter().zip(scores).filter(|&(&sick, &score)| (score >= 0.5) == sick).count();
    let [train_loss, validation_loss] = losses;
    EpochRecord {
        epoch,
        train_loss,
        train_accuracy,
        validation_loss,
        validation_accuracy: right as f64 / count,
        validation_auc: ThresholdTable::new(&labels, scores).ok().and_then(|table| table.auc().ok()),
    }
}

#[cfg(test)]
mod tests;
