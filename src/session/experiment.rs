//! One experiment from recordings to a tested, saved network: a plain function that the session runs on a thread.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::evaluation::{DEFAULT_THRESHOLD, Evaluation};
use super::run::{RunCounts, RunId};
use crate::data::features::Features;
use crate::data::split::{Part, split};
use crate::data::{Clip, Label, PersonId};
use crate::eval::Rule;
use crate::report;
use crate::report::predictions::{self, Prediction, threshold_table};
use crate::train::device::{self, ComputeDevice};
use crate::train::saved::{self, RunResult};
use crate::train::{Example, Predictor, TrainConfig, TrainEvent, Trained, fit};

/// What an experiment reports.
pub(super) enum RunEvent {
    /// Spectrograms are being computed.
    Preparing { done: usize, total: usize },
    /// Something the person should know.
    Note(String),
    /// What the parts hold.
    Dealt(RunCounts),
    /// The network learns.
    Train(TrainEvent),
    /// The best network is being tested and saved.
    Testing,
    /// Done and saved.
    Finished(Box<Finished>),
    /// It ended with nothing saved, for this reason.
    Failed(String),
}

/// What an experiment leaves in memory.
pub(super) struct Finished {
    pub evaluation: Evaluation,
    pub predictor: Predictor,
    pub result: RunResult,
}

/// What an experiment works on.
pub(super) struct Experiment {
    pub id: RunId,
    pub name: String,
    pub folder: PathBuf,
    pub config: TrainConfig,
    pub clips: Vec<Arc<Clip>>,
    /// The recordings are made up.
    pub synthetic: bool,
}

/// A used recording with its features.
struct Item {
    path: PathBuf,
    person: PersonId,
    example: Example,
    part: Part,
}

/// How the operating threshold is chosen on the validation part.
const RULE: Rule = Rule::Youden;

impl Experiment {
    /// Computes features, deals parts, trains, chooses the threshold on validation, tests, saves, reports.
    ///
    /// # Errors
    /// A sentence for the person. Nothing usable is left in the folder then.
    pub fn run(&self, on_event: &mut (dyn FnMut(RunEvent) -> ControlFlow<()> + Send)) -> Result<(), String> {
        let started = Instant::now();
        let selected = device::select(&self.config.device).map_err(|error| error.to_string())?;
        if let Some(note) = selected.fallback {
            let _ = on_event(RunEvent::Note(note));
        }
        let items = self.prepare(on_event)?;
        let counts = self.count(&items)?;
        let _ = on_event(RunEvent::Dealt(counts));
        let trained = self.train(&items, &selected.device, on_event)?;
        let _ = on_event(RunEvent::Testing);
        let predictor = Predictor::new(&trained.network, self.config.network.window_frames(), &selected.device.device);
        let finished = self.test_and_save(&items, counts, trained, predictor, &selected.device, started)?;
        let _ = on_event(RunEvent::Finished(Box::new(finished)));
        Ok(())
    }

    /// Features of every used recording on all cores, and the part that it falls into.
    fn prepare(&self, on_event: &mut (dyn FnMut(RunEvent) -> ControlFlow<()> + Send)) -> Result<Vec<Item>, String> {
        let used: Vec<(&Arc<Clip>, Label)> =
            self.clips.iter().filter_map(|clip| clip.verdict.label().map(|label| (clip, label))).collect();
        let total = used.len();
        let done = AtomicUsize::new(0);
        let report = std::sync::Mutex::new(on_event);
        let prepared: Vec<Result<(&Arc<Clip>, Example), String>> = used
            .par_iter()
            .map(|&(clip, label)| {
                let outcome = Features::load(&clip.path, &self.config.spectrogram);
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                // A poisoned lock means that a listener panicked; the figures of progress are not worth a second panic.
                if let Ok(mut report) = report.lock()
                    && report(RunEvent::Preparing { done, total }).is_break()
                {
                    return Err("stopped".to_owned());
                }
                match outcome {
                    Ok(features) => Ok((clip, Example { features, label })),
                    Err(error) => Err(format!("{error} ({})", clip.path.display())),
                }
            })
            .collect();
        let on_event = report.into_inner().map_err(|_| "preparing the recordings failed inside the program")?;
        if on_event(RunEvent::Preparing { done: total, total }).is_break() {
            return Err("Training was stopped before it began".to_owned());
        }
        let (usable, failed): (Vec<_>, Vec<_>) = prepared.into_iter().partition(Result::is_ok);
        let failed: Vec<String> = failed.into_iter().filter_map(Result::err).collect();
        if let Some(first) = failed.first() {
            let note =
                format!("{} recordings could no longer be read and were left out, for example: {first}", failed.len());
            let _ = on_event(RunEvent::Note(note));
        }
        let usable: Vec<_> = usable.into_iter().flatten().collect();
        let people: Vec<_> = usable.iter().map(|(clip, example)| (&clip.person, example.label)).collect();
        let outcome = split(&people, &self.config.split).map_err(|error| error.to_string())?;
        let items = usable.into_iter().zip(outcome.parts).map(|((clip, example), part)| Item {
            path: clip.path.clone(),
            person: clip.person.clone(),
            example,
            part,
        });
        Ok(items.collect())
    }

    fn count(&self, items: &[Item]) -> Result<RunCounts, String> {
        let people: Vec<_> = items.iter().map(|item| (&item.person, item.example.label)).collect();
        let outcome = split(&people, &self.config.split).map_err(|error| error.to_string())?;
        let in_part = |part| items.iter().filter(|item| item.part == part).count();
        let mut names: Vec<_> = items.iter().map(|item| &item.person).collect();
        names.sort_unstable();
        names.dedup();
        Ok(RunCounts {
            recordings: items.len(),
            train: in_part(Part::Train),
            validation: in_part(Part::Validation),
            test: in_part(Part::Test),
            people: names.len(),
            shared_people: outcome.shared_people,
        })
    }

    fn train(
        &self,
        items: &[Item],
        compute: &ComputeDevice,
        on_event: &mut (dyn FnMut(RunEvent) -> ControlFlow<()> + Send),
    ) -> Result<Trained, String> {
        let part = |part| items.iter().filter(|item| item.part == part).map(|item| item.example.clone()).collect();
        let (train, validation): (Vec<Example>, Vec<Example>) = (part(Part::Train), part(Part::Validation));
        fit(&self.config, &train, &validation, compute, &mut |event| on_event(RunEvent::Train(event)))
            .map_err(|error| error.to_string())
    }

    fn test_and_save(
        &self,
        items: &[Item],
        counts: RunCounts,
        trained: Trained,
        predictor: Predictor,
        compute: &ComputeDevice,
        started: Instant,
    ) -> Result<Finished, String> {
        let validation = predict(&predictor, items, Part::Validation)?;
        let test = predict(&predictor, items, Part::Test)?;
        let threshold = choose_threshold(&validation);
        let result = RunResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            labels: Label::ALL.map(|label| label.to_string()),
            bins: items.first().map_or(0, |item| item.example.features.bins()),
            threshold,
            threshold_rule: format!("{} on the validation part", RULE.name()),
            best_epoch: trained.best_epoch,
            device: compute.info.name.clone(),
            took_secs: started.elapsed().as_secs_f64(),
            stopped: trained.stopped,
            synthetic: self.synthetic,
            counts,
        };
        let evaluation = Evaluation::new(self.name.clone(), Some(self.id), test, Some(threshold), self.synthetic)
            .map_err(|error| error.to_string())?;
        let folder = &self.folder;
        predictions::write(&folder.join("validation_predictions.csv"), &validation)
            .map_err(|error| error.to_string())?;
        report::history::write(&folder.join("history.csv"), &trained.history).map_err(|error| error.to_string())?;
        evaluation.write_report(folder, Some(&trained.history)).map_err(|error| error.to_string())?;
        // The result file comes last and marks the folder as complete.
        saved::save(folder, &self.config, &trained.network, &result).map_err(|error| error.to_string())?;
        Ok(Finished { evaluation, predictor, result })
    }
}

fn predict(predictor: &Predictor, items: &[Item], part: Part) -> Result<Vec<Prediction>, String> {
    items
        .iter()
        .filter(|item| item.part == part)
        .map(|item| {
            let score = predictor
                .score(&item.example.features)
                .ok_or("The network gave no number; the device may have been lost. Train again on the CPU.")?;
            Ok(Prediction {
                path: Some(item.path.clone()),
                person: Some(item.person.clone()),
                label: item.example.label,
                score,
            })
        })
        .collect()
}

/// The threshold of [`RULE`] on the validation part; the paper's 0.5 where no rule can choose.
fn choose_threshold(validation: &[Prediction]) -> f64 {
    RULE.choose(&threshold_table(validation))
        .map(|choice| choice.threshold)
        .ok()
        .filter(|threshold| threshold.is_finite())
        .unwrap_or(DEFAULT_THRESHOLD)
}
