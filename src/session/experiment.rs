//! One experiment from recordings to a tested, saved network: a plain function that the session runs on a thread.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use xxhash_rust::xxh3::Xxh3;

use super::answer::Answerer;
use super::evaluation::{DEFAULT_THRESHOLD, Evaluation};
use super::jobs::guarded;
use super::prepare::{Failed, Listener, Prepared, prepare};
use super::run::{RunCounts, RunId};
use crate::data::split::{Part, SplitOutcome};
use crate::data::study::{Dropped, draw};
use crate::data::{Clip, Label, PersonId, path_text};
use crate::eval::Rule;
use crate::report::predictions::{self, Prediction, threshold_table};
use crate::report::{self, ReportError};
use crate::train::device::{self, ComputeDevice, DeviceChoice, DeviceClass, Selected};
use crate::train::saved::{self, Lost, RunResult};
use crate::train::{
    Checkpoint, Example, Keeping, Predictor, Preparation, TrainConfig, TrainError, TrainEvent, Trained, fit_kept,
};

/// What an experiment reports.
pub(super) enum RunEvent {
    /// Spectrograms, or features of a frozen network, are being computed.
    Preparing { done: usize, total: usize },
    /// What the frozen network still has to compute.
    Features {
        /// What its weights are, where they are published ones.
        known: Option<&'static str>,
        /// Recordings whose features are not there yet.
        missing: usize,
        /// Recordings whose features are kept already.
        kept: usize,
        /// Bytes that those of the missing will take on disk.
        bytes: u64,
    },
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
    /// It ended with no network.
    Ended(Ending),
}

/// Why an experiment ended with no network.
pub(super) enum Ending {
    /// The person stopped it before there was one.
    Stopped,
    /// For this reason, in words for the person.
    Failed(String),
}

impl From<String> for Ending {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// What an experiment leaves in memory.
pub(super) struct Finished {
    pub evaluation: Evaluation,
    pub answerer: Answerer,
    pub result: RunResult,
}

/// What an experiment works on.
pub(super) struct Experiment {
    pub id: RunId,
    pub name: String,
    pub folder: PathBuf,
    /// Where the features of frozen networks are kept.
    pub features: PathBuf,
    pub config: TrainConfig,
    /// The used recordings.
    pub clips: Vec<Arc<Clip>>,
    /// The recordings are made up.
    pub synthetic: bool,
    /// The folders of their datasets, each with its name.
    pub folders: Vec<(String, PathBuf)>,
    /// What its parts are drawn without, as the files have changed or gone.
    pub dropped: Dropped,
    /// Go on from the checkpoint in the folder.
    pub resume: bool,
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
    /// [`Ending`] when there is no network to keep. The folder holds no run then.
    pub fn run(mut self, on_event: Listener<'_>) -> Result<(), Ending> {
        self.config.validate().map_err(|error| format!("the training setting {error}"))?;
        let selected = device::select(&self.config.device).map_err(|error| error.to_string())?;
        // Parts that are drawn with a dataset and trained without it would be other parts than the study shows.
        if let Some((name, folder)) = self.folders.iter().find(|(_, folder)| !folder.exists()) {
            return Err(not_there(name, folder).into());
        }
        let from =
            if self.resume { Some(Checkpoint::read(&self.folder).map_err(|error| error.to_string())?) } else { None };
        let preparation = Preparation::new(&self.config).map_err(|error| error.to_string())?;
        preparation.note_weights(&mut self.config);
        if !self.resume {
            // A folder that cannot be written to is found out now, not after hours of training.
            self.begin()?;
        }
        let outcome = guarded(|| Ok(self.run_on(selected, preparation, from, on_event)))
            .unwrap_or_else(|panic| Err(Ending::Failed(panic)));
        outcome.inspect_err(|_| {
            if !self.resume {
                saved::abandon(&self.folder);
            }
        })
    }

    fn begin(&self) -> Result<(), Ending> {
        Ok(saved::begin(&self.folder, &self.config).map_err(|error| error.to_string())?)
    }

    fn run_on(
        &self,
        selected: Selected,
        preparation: Preparation,
        from: Option<Checkpoint>,
        on_event: Listener<'_>,
    ) -> Result<(), Ending> {
        let started = Instant::now();
        if let Some(note) = selected.fallback {
            let _ = on_event(RunEvent::Note(note));
        }
        if let Some(words) = self.dropped.in_words() {
            let lines: String = self.dropped.lines().map(|line| format!("\n{line}")).collect();
            let _ = on_event(RunEvent::Note(format!("{words}; the parts are drawn without them, for example{lines}")));
        }
        let clips: Vec<&Clip> = self.clips.iter().map(Arc::as_ref).collect();
        let outcome = draw(&clips, &self.config.split).map_err(|error| error.to_string())?;
        let (usable, failed) = prepare(&self.clips, &self.config, &preparation, &self.features, on_event)?;
        let lost = lost(&failed, &outcome);
        if let Some(words) = lost.in_words() {
            let lines: String = lost.lines().map(|line| format!("\n{line}")).collect();
            let _ = on_event(RunEvent::Note(format!("{words}; the training goes on without them, for example{lines}")));
        }
        let (items, counts) = deal(usable, &outcome);
        let _ = on_event(RunEvent::Dealt(counts));
        let data = hash_of(&items);
        if from.as_ref().is_some_and(|from| from.data != data) {
            return Err(Ending::Failed(changed(&self.folder)));
        }
        if self.resume {
            // Only now: a training that cannot go on keeps the network that it stopped with.
            self.begin()?;
        }
        let (trained, compute) = self.train(&items, selected.device, (data, from), on_event)?;
        let _ = on_event(RunEvent::Testing);
        let predictor = Predictor::new(&trained.network, self.config.network.window_frames(), &compute.device);
        if let Some(error) = &trained.broke_off {
            let _ = on_event(RunEvent::Note(format!(
                "Training broke off, and the best network up to there is kept: {error}"
            )));
        }
        let answerer = Answerer::new(predictor.clone(), self.config.clone(), Some(preparation));
        let (result, evaluation, unwritten) =
            self.test_and_save(&items, (counts, lost), trained, &predictor, &compute, started)?;
        if let Some(error) = unwritten {
            let _ = on_event(RunEvent::Note(format!("The network is saved, but not its whole report: {error}")));
        }
        let _ = on_event(RunEvent::Finished(Box::new(Finished { evaluation, answerer, result })));
        Ok(())
    }

    /// Trains on `compute`, or on the CPU where a graphics card that nobody named turns out not to work. Returns what
    /// computed in the end.
    fn train(
        &self,
        items: &[Item],
        compute: ComputeDevice,
        (data, from): (String, Option<Checkpoint>),
        on_event: Listener<'_>,
    ) -> Result<(Trained, ComputeDevice), Ending> {
        let part = |part| items.iter().filter(|item| item.part == part).map(|item| item.example.clone()).collect();
        let (train, validation): (Vec<Example>, Vec<Example>) = (part(Part::Train), part(Part::Validation));
        let fit_on = |compute: &ComputeDevice, on_event: Listener<'_>| {
            guarded(|| {
                let mut tell = |event| on_event(RunEvent::Train(event));
                let keeping = Keeping { folder: &self.folder, data: data.clone(), from: from.clone() };
                Ok(fit_kept(&self.config, &train, &validation, compute, Some(keeping), &mut tell))
            })
        };
        let replaceable = matches!(self.config.device, DeviceChoice::Auto | DeviceChoice::Gpu);
        let (fitted, compute) = match fit_on(&compute, &mut *on_event) {
            Ok(fitted) => (fitted, compute),
            // Drivers fail by panicking, at the first kernel or when the memory is full.
            Err(reason) if replaceable && compute.info.kind != DeviceClass::Cpu => {
                let (cpu, card) = (device::flex(), &compute.info.name);
                let _ = on_event(RunEvent::Note(format!(
                    "{card} failed; training starts again on the processor: {reason}"
                )));
                let fitted = fit_on(&cpu, &mut *on_event).map_err(Ending::Failed)?;
                (fitted, cpu)
            }
            Err(reason) => {
                let device = &compute.info.name;
                return Err(Ending::Failed(format!("{reason} ({device}; choose another device and train again)")));
            }
        };
        match fitted {
            Ok(trained) => Ok((trained, compute)),
            Err(TrainError::StoppedEarly) => Err(Ending::Stopped),
            Err(other) => Err(Ending::Failed(other.to_string())),
        }
    }

    /// Also returns why the report is incomplete, if it is: figures are no reason to lose a network.
    fn test_and_save(
        &self,
        items: &[Item],
        (counts, lost): (RunCounts, Lost),
        trained: Trained,
        predictor: &Predictor,
        compute: &ComputeDevice,
        started: Instant,
    ) -> Result<(RunResult, Evaluation, Option<String>), String> {
        let folder = &self.folder;
        saved::save_network(folder, &trained.network).map_err(|error| error.to_string())?;
        let validation = predict(predictor, items, Part::Validation)?;
        let test = predict(predictor, items, Part::Test)?;
        let threshold = choose_threshold(&validation);
        let result = RunResult {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            labels: Label::ALL.map(|label| label.to_string()),
            bins: items.first().map_or(0, |item| item.example.input.rows()),
            threshold,
            threshold_rule: format!("{} on the validation part", RULE.name()),
            best_epoch: trained.best_epoch,
            device: compute.info.name.clone(),
            took_secs: started.elapsed().as_secs_f64(),
            stopped: trained.stopped,
            synthetic: self.synthetic,
            counts,
            lost,
            dropped: self.dropped.clone(),
        };
        let evaluation = Evaluation::new(self.name.clone(), Some(self.id), test, Some(threshold), self.synthetic)
            .map_err(|error| error.to_string())?
            .without(result.lost.clone())
            .with_validation(validation);
        let tables = || -> Result<(), ReportError> {
            predictions::write(&folder.join(report::VALIDATION_TABLE), &evaluation.validation)?;
            report::history::write(&folder.join(report::HISTORY_TABLE), &trained.history)?;
            evaluation.write_report(folder, Some(&trained.history))
        };
        // From here on the folder is a run that can answer; a full disk may still cost it its tables.
        saved::save_result(folder, &result).map_err(|error| error.to_string())?;
        let unwritten = tables().err().map(|error| error.to_string());
        if !trained.stopped && trained.broke_off.is_none() {
            Checkpoint::remove(folder);
        }
        Ok((result, evaluation, unwritten))
    }
}

/// What tells these recordings, labels and parts from others.
fn hash_of(items: &[Item]) -> String {
    let mut hasher = Xxh3::new();
    for Item { path, person, example, part } in items {
        let line = format!("{}\t{}\t{}\t{part}\n", path_text::to_text(path), person.0, example.label);
        hasher.update(line.as_bytes());
    }
    format!("{:016x}", hasher.digest())
}

/// Says that a training cannot go on with other recordings.
fn changed(folder: &Path) -> String {
    format!(
        "the recordings, their labels or their parts are others than when this training was interrupted, and its figures \
         would mix two experiments; put the study back as it was, or train anew ({})",
        folder.display()
    )
}

/// Says that the folder of a dataset is gone, and what to do.
pub(super) fn not_there(name: &str, folder: &Path) -> String {
    format!(
        "the folder of {name} is not there, and its recordings would be missing from the parts; connect its drive, say \
         where it is now, or take the dataset out of the study ({})",
        folder.display()
    )
}

/// Which part lacks each recording that can no longer be read.
fn lost(failed: &[Failed<'_>], outcome: &SplitOutcome) -> Lost {
    let mut lost = Lost::default();
    for Failed { index, clip, reason } in failed {
        if let Some(part) = outcome.parts.get(*index) {
            lost.add(&clip.path, *part, reason.clone());
        }
    }
    lost
}

/// Gives every recording that could be prepared its part.
fn deal(usable: Vec<Prepared<'_>>, outcome: &SplitOutcome) -> (Vec<Item>, RunCounts) {
    let items: Vec<Item> = usable
        .into_iter()
        .filter_map(|prepared| {
            let Prepared { index, clip, example } = prepared;
            let part = *outcome.parts.get(index)?;
            Some(Item { path: clip.path.clone(), person: clip.person.clone(), example, part })
        })
        .collect();
    let in_part = |part| items.iter().filter(|item| item.part == part).count();
    let counts = RunCounts {
        recordings: items.len(),
        train: in_part(Part::Train),
        validation: in_part(Part::Validation),
        test: in_part(Part::Test),
        people: items.iter().map(|item| &item.person).collect::<BTreeSet<_>>().len(),
        shared_people: outcome.leaks.people,
    };
    (items, counts)
}

fn predict(predictor: &Predictor, items: &[Item], part: Part) -> Result<Vec<Prediction>, String> {
    items
        .iter()
        .filter(|item| item.part == part)
        .map(|item| {
            let score = predictor.score(&item.example.input).map_err(|error| error.to_string())?;
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
