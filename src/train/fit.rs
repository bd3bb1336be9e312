//! The training loop: a plain function that reports to a callback and stops when the callback says so.

use std::f64::consts::PI;
use std::ops::ControlFlow;
use std::time::Instant;

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::batch::{Batch, Batcher};
use super::config::{ConfigError, TrainConfig};
use super::device::ComputeDevice;
use super::events::{BatchRecord, Plan, TrainEvent};
use super::predictor::Predictor;
use crate::data::Label;
use crate::data::features::Features;
use crate::eval::ThresholdTable;
use crate::eval::history::EpochRecord;
use crate::models::Network;

/// A labelled recording.
#[derive(Clone, Debug)]
pub struct Example {
    /// What the network sees of it.
    pub features: Features,
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
    /// It was stopped before one epoch was done, so that there is no network to keep.
    #[error("training was stopped before its first epoch was done; there is no network to keep")]
    StoppedEarly,
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
    config.validate()?;
    let [healthy, sick] = need_both_classes("training", train)?;
    need_both_classes("validation", validation)?;
    let mut run = Fit::new(config, train, [healthy, sick], compute);
    if on_event(TrainEvent::Started(run.plan.clone())).is_break() {
        return Err(TrainError::StoppedEarly);
    }
    keep_best(config, on_event, |epoch, on_event| {
        let record = run.train_and_validate(epoch, validation, on_event)?;
        Ok(record.map(|record| (run.network.valid(), record)))
    })
}

/// Who listens to a training, and may stop it.
type OnEvent<'a> = &'a mut dyn FnMut(TrainEvent) -> ControlFlow<()>;

/// Runs epochs until the settings, the listener or an error ends them, and keeps the best network. `epoch` returns
/// `None` when the listener stopped it.
fn keep_best(
    config: &TrainConfig,
    on_event: OnEvent<'_>,
    mut epoch: impl FnMut(usize, OnEvent<'_>) -> Result<Option<(Network, EpochRecord)>, TrainError>,
) -> Result<Trained, TrainError> {
    let mut best: Option<Best> = None;
    let mut history = Vec::new();
    let (mut stopped, mut broke_off) = (false, None);
    for number in 1..=config.epochs {
        let (network, record) = match epoch(number, on_event) {
            Ok(Some(done)) => done,
            Ok(None) => {
                stopped = true;
                break;
            }
            Err(error) => {
                broke_off = Some(error);
                break;
            }
        };
        let is_best = best.as_ref().is_none_or(|best| best.is_beaten_by(&record));
        if is_best {
            best = Some(Best { network, record });
        }
        history.push(record);
        if on_event(TrainEvent::Epoch { record, best: is_best }).is_break() {
            stopped = number < config.epochs;
            break;
        }
        let since_best = best.as_ref().map_or(0, |best| number - best.record.epoch);
        if config.patience > 0 && since_best >= config.patience {
            break;
        }
    }
    match best {
        Some(Best { network, record }) => {
            Ok(Trained { network, best_epoch: record.epoch, history, stopped, broke_off })
        }
        None => Err(broke_off.unwrap_or(TrainError::StoppedEarly)),
    }
}

/// The state of a training between two steps.
struct Fit<'a> {
    config: &'a TrainConfig,
    batcher: Batcher<'a>,
    network: Network,
    optimizer: burn::optim::ModuleOptimizer,
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
        let bins = train.first().map_or(1, |example| example.features.bins());
        let network = config.network.init(bins, &mut rng, &device);
        let batcher = Batcher {
            examples: train,
            batch_size: config.batch_size,
            window_frames: config.network.window_frames(),
            augment: &config.augment,
        };
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
            optimizer: AdamWConfig::new().with_weight_decay(config.weight_decay as f32).init(),
            network,
            class_weights: weights,
            device,
            rng,
            plan,
            step: 0,
            started: Instant::now(),
        }
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
            scores.push(predictor.score(&example.features).ok_or(TrainError::Diverged { epoch })?);
            let validated = TrainEvent::Validated { done: scores.len(), total: validation.len() };
            if on_event(validated).is_break() {
                return Ok(None);
            }
        }
        Ok(Some(epoch_record(epoch, train_loss, train_accuracy, validation, &scores, self.class_weights)))
    }

    /// The steps of one epoch. Returns mean loss and accuracy, or `None` when the callback stopped it.
    fn epoch(
        &mut self,
        epoch: usize,
        on_event: &mut dyn FnMut(TrainEvent) -> ControlFlow<()>,
    ) -> Result<Option<(f64, f64)>, TrainError> {
        let (mut loss_sum, mut right, mut seen) = (0.0, 0, 0);
        for (index, indices) in self.batcher.order(&mut self.rng).iter().enumerate() {
            let batch = self.batcher.batch(indices, &mut self.rng, &self.device);
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
        let log_probabilities = log_softmax(self.network.classify(pooled * kept), 1);
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

    /// Linear warm-up, then half a cosine (Loshchilov and Hutter 2017).
    fn learning_rate(&self) -> f64 {
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

    fn predictor(&self) -> Predictor {
        Predictor::new(&self.network, self.batcher.window_frames, &self.device)
    }
}

/// The best network so far and its figures.
struct Best {
    network: Network,
    record: EpochRecord,
}

impl Best {
    /// Higher validation AUC, and on a tie the lower validation loss.
    fn is_beaten_by(&self, record: &EpochRecord) -> bool {
        match (record.validation_auc, self.record.validation_auc) {
            (Some(new), Some(old)) if new != old => new > old,
            _ => record.validation_loss < self.record.validation_loss,
        }
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

fn epoch_record(
    epoch: usize,
    train_loss: f64,
    train_accuracy: f64,
    validation: &[Example],
    scores: &[f64],
    class_weights: [f32; 2],
) -> EpochRecord {
    // Keeps the logarithm finite for a score of exactly 0 or 1, as scikit-learn's log_loss does.
    const TINY: f64 = 1e-15;
    let labels: Vec<bool> = validation.iter().map(|example| example.label.is_positive()).collect();
    let pairs = || labels.iter().zip(scores);
    let count = labels.len() as f64;
    // Weighted as in training, so that the two curves can be compared.
    let weight = |sick: bool| f64::from(class_weights[usize::from(sick)]);
    let total: f64 = labels.iter().map(|&sick| weight(sick)).sum();
    let loss = |sick: bool, score: f64| -(if sick { score } else { 1.0 - score }).max(TINY).ln();
    let loss: f64 = pairs().map(|(&sick, &score)| weight(sick) * loss(sick, score)).sum();
    let right = pairs().filter(|&(&sick, &score)| (score >= 0.5) == sick).count();
    EpochRecord {
        epoch,
        train_loss,
        train_accuracy,
        validation_loss: loss / total,
        validation_accuracy: right as f64 / count,
        validation_auc: ThresholdTable::new(&labels, scores).ok().and_then(|table| table.auc().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::NetworkConfig;
    use crate::models::small::SmallConfig;
    use crate::train::config::AugmentConfig;
    use crate::train::device::flex;

    /// Noise with a louder band for the sick: easy to tell apart, and small.
    fn examples(count: usize, seed: u64) -> Vec<Example> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count)
            .map(|index| {
                let label = if index % 2 == 0 { Label::Healthy } else { Label::Sick };
                let loud = if label.is_positive() { 4..8 } else { 8..12 };
                let values = (0..16 * 20)
                    .map(|i| rng.random_range(-0.75..-0.25) + if loud.contains(&(i / 20)) { 0.5 } else { 0.0 })
                    .collect();
                Example { features: Features::from_values(values, 16), label }
            })
            .collect()
    }

    fn config() -> TrainConfig {
        TrainConfig {
            epochs: 4,
            batch_size: 8,
            network: NetworkConfig::Small(SmallConfig { window_frames: 16, channels: [4, 4, 8, 8], dropout: 0.1 }),
            augment: AugmentConfig { spec_augment: false, ..AugmentConfig::default() },
            ..TrainConfig::default()
        }
    }

    #[test]
    fn it_learns_what_is_there_and_is_reproducible() {
        let (train, validation) = (examples(48, 1), examples(16, 2));
        let fit_once = || {
            let mut events = Vec::new();
            let trained = fit(&config(), &train, &validation, &flex(), &mut |event| {
                events.push(event);
                ControlFlow::Continue(())
            })
            .unwrap();
            (trained, events)
        };
        let (first, events) = fit_once();
        assert_eq!(first.history.len(), 4);
        assert_eq!(first.history[first.best_epoch - 1].validation_auc, Some(1.0));
        let batches = events.iter().filter(|event| matches!(event, TrainEvent::Batch(_))).count();
        assert_eq!(batches, 4 * 12, "twice over the 48 recordings, in batches of 8");
        let (second, _) = fit_once();
        assert_eq!(first.history, second.history, "same seed, same figures");
        let scores = |trained: &Trained| {
            let predictor = Predictor::new(&trained.network, 16, &flex().device);
            validation.iter().map(|example| predictor.score(&example.features)).collect::<Vec<_>>()
        };
        assert_eq!(scores(&first), scores(&second), "same seed, same network");
    }

    #[test]
    fn stop_keeps_the_best_epoch_so_far() {
        let (train, validation) = (examples(16, 1), examples(8, 2));
        let trained = fit(&config(), &train, &validation, &flex(), &mut |event| match event {
            TrainEvent::Epoch { record, .. } if record.epoch == 2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .unwrap();
        assert!(trained.stopped);
        assert_eq!(trained.history.len(), 2);
        let nothing = fit(&config(), &train, &validation, &flex(), &mut |event| match event {
            TrainEvent::Batch(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert!(matches!(nothing, Err(TrainError::StoppedEarly)));
    }

    #[test]
    fn what_breaks_after_a_good_epoch_does_not_take_its_network() {
        let device = flex().device;
        let epochs = |broken_from: usize| {
            let config = config();
            let device = device.clone();
            keep_best(&config.clone(), &mut |_| ControlFlow::Continue(()), move |epoch, _| {
                if epoch >= broken_from {
                    return Err(TrainError::Diverged { epoch });
                }
                let network = config.network.init(16, &mut ChaCha8Rng::seed_from_u64(1), &device);
                Ok(Some((network, epoch_record(epoch, 0.7, 0.5, &examples(4, 2), &[0.1, 0.9, 0.2, 0.8], [1.0; 2]))))
            })
        };
        let trained = epochs(3).unwrap();
        assert_eq!((trained.best_epoch, trained.history.len()), (1, 2));
        assert!(matches!(trained.broke_off, Some(TrainError::Diverged { epoch: 3 })) && !trained.stopped);
        assert!(matches!(epochs(1), Err(TrainError::Diverged { epoch: 1 })), "there was nothing to keep");
        assert!(epochs(100).unwrap().broke_off.is_none());
    }

    #[test]
    fn a_recording_without_numbers_ends_the_epoch_with_an_error() {
        let (train, mut validation) = (examples(48, 1), examples(16, 2));
        validation.push(Example { features: Features::from_values(vec![f32::NAN; 16 * 20], 16), label: Label::Sick });
        let ended = fit(&config(), &train, &validation, &flex(), &mut |_| ControlFlow::Continue(()));
        assert!(matches!(ended, Err(TrainError::Diverged { epoch: 1 })));
    }

    #[test]
    fn a_stop_is_heard_during_validation() {
        let (train, validation) = (examples(16, 1), examples(8, 2));
        let mut validated = 0;
        let ended = fit(&config(), &train, &validation, &flex(), &mut |event| match event {
            TrainEvent::Validated { .. } => {
                validated += 1;
                if validated == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            _ => ControlFlow::Continue(()),
        });
        assert!(matches!(ended, Err(TrainError::StoppedEarly)));
        assert_eq!(validated, 3);
    }

    #[test]
    fn one_class_is_refused_with_its_counts() {
        let healthy: Vec<_> = examples(8, 1).into_iter().filter(|example| !example.label.is_positive()).collect();
        let error = fit(&config(), &healthy, &healthy, &flex(), &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the training part has 4 healthy and 0 sick recordings; training needs at least one of each"
        );
    }
}
