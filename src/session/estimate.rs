//! What a training will cost on this machine, measured on a few of its recordings.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::experiment::Ending;
use super::prepare::{missing, prepare};
use crate::data::split::Part;
use crate::data::study::draw;
use crate::data::{Clip, Label};
use crate::train::device::{self, ComputeDevice};
use crate::train::{Example, Input, Predictor, Preparation, TrainConfig, TrainEvent, fit};

/// What a training will cost. Times are wall time with nothing else running; early stopping may end it sooner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Recordings of the training part.
    pub train: usize,
    /// Recordings of the validation part.
    pub validation: usize,
    /// Recordings of the test part.
    pub test: usize,
    /// Recordings whose spectrograms, or features of the frozen network, are to be computed.
    pub to_prepare: usize,
    /// How long that takes, in seconds.
    pub prepare_secs: f64,
    /// What the features of the frozen network will add on disk, in bytes.
    pub disk_bytes: u64,
    /// Rounds over the training part, at most.
    pub epochs: usize,
    /// How long each takes, with its validation, in seconds.
    pub epoch_secs: f64,
    /// How long everything takes, at most, in seconds.
    pub total_secs: f64,
    /// Memory at its fullest, in bytes; `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
    /// What computes.
    pub device: String,
}

/// Recordings that are prepared to measure how long one takes.
const SAMPLE: usize = 8;
/// Steps that are timed after the first, which also sets everything up.
const STEPS: usize = 3;

/// Prepares a few recordings and does a few steps, as `config` says, on the used recordings of a study. Features of a frozen
/// network that are computed for it are kept below `features`.
///
/// # Errors
/// A sentence for the person when the training could not begin.
pub(super) fn measure(clips: &[Arc<Clip>], config: &TrainConfig, features: &Path) -> Result<Estimate, String> {
    config.validate().map_err(|error| format!("the training setting {error}"))?;
    let compute = device::select(&config.device).map_err(|error| error.to_string())?.device;
    let references: Vec<&Clip> = clips.iter().map(Arc::as_ref).collect();
    let parts = draw(&references, &config.split).map_err(|error| error.to_string())?.parts;
    let in_part = |part| parts.iter().filter(|other| **other == part).count();
    let (train, validation, test) = (in_part(Part::Train), in_part(Part::Validation), in_part(Part::Test));

    let preparation = Preparation::new(config).map_err(|error| error.to_string())?;
    let missing = missing(clips, config, &preparation, features)?;
    let disk_bytes = missing.bytes;
    let pool = if missing.clips.is_empty() { clips.to_vec() } else { missing.clips };
    let sample: Vec<Arc<Clip>> = pool.iter().step_by((pool.len() / SAMPLE).max(1)).take(SAMPLE).cloned().collect();
    let started = Instant::now();
    let prepared = prepare(&sample, config, &preparation, features, &mut |_| ControlFlow::Continue(()));
    let (prepared, failed) = prepared.map_err(|ending| match ending {
        Ending::Failed(reason) => reason,
        Ending::Stopped => "it was stopped".to_owned(),
    })?;
    let per_recording_secs = started.elapsed().as_secs_f64() / sample.len().max(1) as f64;
    let inputs: Vec<Input> = prepared.into_iter().map(|prepared| prepared.example.input).collect();
    if inputs.is_empty() {
        let reason = failed.into_iter().next().map_or(String::new(), |failed| failed.reason);
        return Err(format!("none of the first recordings can be read: {reason}"));
    }
    let to_prepare = if disk_bytes > 0 {
        missing.count
    } else if keeps_on_disk(&inputs) {
        0
    } else {
        clips.len()
    };
    let steps = Steps::measure(config, &inputs, &compute)?;
    let once = train.div_ceil(config.batch_size);
    let passes = config.min_steps.div_ceil(once.max(1)).max(1);
    let epoch_secs =
        (train * passes).div_ceil(config.batch_size) as f64 * steps.step_secs + validation as f64 * steps.score_secs;
    let prepare_secs = to_prepare as f64 * per_recording_secs;
    let tested = (validation + test) as f64 * steps.score_secs;
    Ok(Estimate {
        train,
        validation,
        test,
        to_prepare,
        prepare_secs,
        disk_bytes,
        epochs: config.epochs,
        epoch_secs,
        total_secs: prepare_secs + config.epochs as f64 * epoch_secs + tested,
        memory_bytes: peak_bytes().map(|peak| peak + in_memory(&inputs) * clips.len() as u64),
        device: compute.info.name,
    })
}

fn keeps_on_disk(inputs: &[Input]) -> bool {
    inputs.iter().any(|input| matches!(input, Input::Embedding(_)))
}

/// Bytes that a recording takes in memory for the whole training, on average.
fn in_memory(inputs: &[Input]) -> u64 {
    let of = |input: &Input| match input {
        Input::Levels(features) => size_of_val(features.values()),
        Input::Embedding(_) => 0,
    };
    (inputs.iter().map(of).sum::<usize>() / inputs.len().max(1)) as u64
}

/// How long the parts of an epoch take.
struct Steps {
    step_secs: f64,
    score_secs: f64,
}

impl Steps {
    fn measure(config: &TrainConfig, inputs: &[Input], compute: &ComputeDevice) -> Result<Self, String> {
        let example = |(input, label): (&Input, Label)| Example { input: input.clone(), label };
        let labels = || Label::ALL.into_iter().cycle();
        let count = config.batch_size * (STEPS + 1);
        let train: Vec<Example> = inputs.iter().cycle().zip(labels()).take(count).map(example).collect();
        let validation: Vec<Example> = inputs.iter().cycle().zip(labels()).take(2).map(example).collect();
        let config = TrainConfig { epochs: 1, min_steps: 1, ..config.clone() };
        let mut elapsed = Vec::new();
        let trained = fit(&config, &train, &validation, compute, &mut |event| {
            if let TrainEvent::Batch(record) = event {
                elapsed.push(record.elapsed.as_secs_f64());
            }
            ControlFlow::Continue(())
        });
        let trained = trained.map_err(|error| error.to_string())?;
        let (Some(first), Some(last)) = (elapsed.first(), elapsed.last()) else {
            return Err("no step was done".into());
        };
        let step_secs = (last - first) / (elapsed.len() - 1).max(1) as f64;
        let predictor = Predictor::new(&trained.network, config.network.window_frames(), &compute.device);
        let started = Instant::now();
        for input in inputs {
            predictor.score(input).map_err(|error| error.to_string())?;
        }
        Ok(Self { step_secs, score_secs: started.elapsed().as_secs_f64() / inputs.len() as f64 })
    }
}

/// The most memory that this program has held so far, in bytes, where Linux tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}
