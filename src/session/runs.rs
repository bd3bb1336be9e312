//! Training runs, their evaluation, and what their networks answer: the second half of [`super::update`].

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::evaluation::{DEFAULT_THRESHOLD, Evaluation};
use super::experiment::{Ending, Experiment, Finished, RunEvent, not_there};
use super::jobs::{self, Event, OpenedRun, Reporter};
use super::run::{Run, RunId, RunPhase};
use super::state::{PredictedFile, PredictionOutcome, Severity};
use super::update::unless;
use super::{RUNS_FOLDER, RunOrder, Session, estimate};
use crate::spectrogram::LevelPyramid;
use crate::train::saved::read_settings;
use crate::train::{TrainConfig, TrainEvent};
use crate::units::{counted, file_size, grouped};

impl Session {
    pub(super) fn start_run(&mut self, order: RunOrder) {
        let RunOrder { config, folder, features, resume } = order;
        if self.state.active_run().is_some() {
            self.say(Severity::Warning, "A training is running; stop it first");
            return;
        }
        if self.state.study.is_empty() {
            self.say(Severity::Warning, "Open a dataset first; there is nothing to train on");
            return;
        }
        if let Some(source) = self.state.study.sources.iter().find(|source| !source.present) {
            let reason = not_there(source.name(), &source.root);
            self.say(Severity::Error, format!("The training was not started: {reason}"));
            return;
        }
        // A training that goes on takes the place of what it was.
        self.state.runs.retain(|run| !(resume && Some(&run.folder) == folder.as_ref()));
        let id = self.new_run_id();
        let folder = folder.unwrap_or_else(|| {
            let home = self.state.study.folder.as_ref().unwrap_or(&self.data_folder);
            home.join(RUNS_FOLDER).join(super::clock::name_from_clock("run"))
        });
        let features = self.features_or(features);
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let synthetic = self.state.study.synthetic;
        self.state.runs.push(Run::new(id, name.clone(), folder.clone(), config.clone(), synthetic));
        self.state.current_run = Some(id);
        let stop = Arc::new(AtomicBool::new(false));
        self.stops.insert(id, Arc::clone(&stop));
        let clips = self.state.study.used().cloned().collect();
        let sources = &self.state.study.sources;
        let folders = sources.iter().map(|source| (source.name().to_owned(), source.root.clone())).collect();
        let dropped = self.state.study.dropped.clone();
        let experiment = Experiment { id, name, folder, features, config, clips, synthetic, folders, dropped, resume };
        let failed = move |reason| Event::Run { id, event: RunEvent::Ended(Ending::Failed(reason)) };
        self.spawn_or("train", failed, move |reporter| {
            run_experiment(reporter, experiment, &stop);
            Ok(())
        });
    }

    pub(super) fn estimate(&mut self, config: Box<TrainConfig>, features: Option<PathBuf>) {
        if self.state.estimating {
            return;
        }
        self.state.estimating = true;
        let clips: Vec<_> = self.state.study.used().cloned().collect();
        let features = self.features_or(features);
        let asked = config.clone();
        let failed = move |reason| Event::Estimated { config: asked, estimate: Err(reason) };
        self.spawn_or("estimate", failed, move |reporter| {
            let estimate = jobs::guarded(|| estimate::measure(&clips, &config, &features));
            let _ = reporter.send(Event::Estimated { config, estimate });
            Ok(())
        });
    }

    /// Where the features of frozen networks are kept, unless somebody has named a folder.
    fn features_or(&self, named: Option<PathBuf>) -> PathBuf {
        named.unwrap_or_else(|| self.data_folder.join("features"))
    }

    pub(super) fn resume_run(&mut self, folder: PathBuf) {
        self.spawn("resume", move |reporter| {
            let config = read_settings(&folder).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::Resumable { folder, config: Box::new(config) });
            Ok(())
        });
    }

    fn new_run_id(&mut self) -> RunId {
        let id = RunId(self.next_run);
        self.next_run += 1;
        id
    }

    pub(super) fn stop_run(&mut self, id: RunId) {
        if let Some(stop) = self.stops.get(&id) {
            stop.store(true, Ordering::Relaxed);
        }
        if let Some(run) = self.run_mut(id) {
            run.stopping = true;
        }
    }

    fn run_mut(&mut self, id: RunId) -> Option<&mut Run> {
        self.state.runs.iter_mut().find(|run| run.id == id)
    }

    pub(super) fn show_run(&mut self, id: RunId) {
        let Some(run) = self.state.run(id) else { return };
        let (folder, finished) = (run.folder.clone(), run.is_finished());
        self.state.current_run = Some(id);
        if !finished {
            return;
        }
        let shown = self.state.evaluation.as_ref().and_then(|evaluation| evaluation.run);
        if shown == Some(id) && self.answerers.contains_key(&id) {
            self.state.predict_run = Some(id);
            // An answer that is still on its way belongs to a run that is no longer wanted.
            self.wanted_run = None;
        } else {
            self.open_runs(vec![folder], Vec::new());
        }
    }

    /// Opens saved runs, and shows the last; it then scores `recordings`. Without a run the one in use scores them.
    pub(super) fn open_runs(&mut self, folders: Vec<PathBuf>, mut recordings: Vec<PathBuf>) {
        if folders.is_empty() {
            if !recordings.is_empty() {
                self.predict(recordings);
            }
            return;
        }
        self.wanted_run = folders.last().cloned();
        for folder in folders {
            let then_predict =
                if self.wanted_run.as_ref() == Some(&folder) { std::mem::take(&mut recordings) } else { Vec::new() };
            self.spawn("open run", move |reporter| jobs::open_run(reporter, &folder, then_predict));
        }
    }

    pub(super) fn on_run_opened(&mut self, opened: OpenedRun) {
        let OpenedRun { saved, history, predictions, validation, answerer, then_predict } = opened;
        let existing = self.state.runs.iter().find(|run| run.folder == saved.folder).map(|run| run.id);
        let id = existing.unwrap_or_else(|| self.new_run_id());
        let run = Run::from_saved(id, &saved, history);
        match self.run_mut(id) {
            // It may have been trained anew since it was opened; what this session saw of its training stays.
            Some(known) if !known.is_active() => {
                let (batches, plan, started) = (std::mem::take(&mut known.batches), known.plan.take(), known.started);
                let history = if run.history.is_empty() { std::mem::take(&mut known.history) } else { run.history };
                *known = Run { batches, plan, started, history, ..run };
            }
            Some(_) => {}
            None => self.state.runs.push(run),
        }
        self.answerers.insert(id, Arc::new(answerer));
        // The person has asked for another one since.
        if self.wanted_run.as_ref() != Some(&saved.folder) {
            if !then_predict.is_empty() {
                let text = "The recordings were not scored, as another run was opened meanwhile; drop them again";
                self.say(Severity::Warning, text);
            }
            return;
        }
        let name = self.state.run(id).map(|run| run.name.clone()).unwrap_or_default();
        self.state.current_run = Some(id);
        self.state.predict_run = Some(id);
        let (threshold, synthetic) = (Some(saved.result.threshold), saved.result.synthetic);
        match predictions.map(|predictions| Evaluation::new(name, Some(id), predictions, threshold, synthetic)) {
            Some(Ok(evaluation)) => {
                self.show_evaluation(evaluation.without(saved.result.lost).with_validation(validation));
            }
            Some(Err(error)) => {
                self.say(Severity::Error, format!("The run's predictions cannot be evaluated: {error}"));
            }
            None => self.say(
                Severity::Info,
                "The run came without its predictions.csv: it can score recordings, but there is nothing to evaluate",
            ),
        }
        if !then_predict.is_empty() {
            self.predict(then_predict);
        }
    }

    pub(super) fn on_run(&mut self, id: RunId, event: RunEvent) {
        let Some(run) = self.state.runs.iter_mut().find(|run| run.id == id) else { return };
        match event {
            RunEvent::Note(note) => self.say(Severity::Warning, note),
            RunEvent::Features { known, missing, kept, bytes } => {
                let weights = known.map_or("weights of no published file".to_owned(), str::to_owned);
                let mut note = format!("InceptionV3 with {weights}: ");
                note += &match missing {
                    0 => format!("the features of all {} are kept already", grouped(kept as u64)),
                    _ => format!(
                        "the features of {} are computed once and kept, which takes {}",
                        counted(missing, "recording", "recordings"),
                        file_size(bytes)
                    ),
                };
                self.say(Severity::Info, note);
            }
            RunEvent::Preparing { done, total } => run.phase = RunPhase::Preparing { done, total },
            RunEvent::Dealt(counts) => run.counts = Some(counts),
            RunEvent::Train(TrainEvent::Started(plan)) => {
                // A training that moves to the processor begins anew.
                run.batches.clear();
                run.history.clear();
                run.best_epoch = None;
                run.plan = Some(plan);
                run.phase = RunPhase::Training;
            }
            RunEvent::Train(TrainEvent::Batch(record)) => run.batches.push(record),
            RunEvent::Train(TrainEvent::Validated { .. }) => {}
            RunEvent::Train(TrainEvent::Epoch { record, best }) => {
                if best {
                    run.best_epoch = Some(record.epoch);
                }
                run.history.push(record);
            }
            RunEvent::Testing => run.phase = RunPhase::Testing,
            RunEvent::Finished(finished) => self.on_finished(id, *finished),
            RunEvent::Ended(ending) => self.on_ended(id, ending),
        }
    }

    fn on_ended(&mut self, id: RunId, ending: Ending) {
        self.stops.remove(&id);
        let Some(run) = self.run_mut(id) else { return };
        match ending {
            Ending::Stopped => run.phase = RunPhase::Cancelled,
            Ending::Failed(reason) => {
                run.phase = RunPhase::Failed(reason.clone());
                self.say(Severity::Error, format!("Training ended without a network: {reason}"));
            }
        }
    }

    fn on_finished(&mut self, id: RunId, finished: Finished) {
        let Finished { evaluation, answerer, result } = finished;
        self.stops.remove(&id);
        self.answerers.insert(id, Arc::new(answerer));
        let Some(run) = self.run_mut(id) else { return };
        run.phase = RunPhase::Finished {
            stopped: result.stopped,
            took: Duration::try_from_secs_f64(result.took_secs).unwrap_or_default(),
        };
        run.best_epoch = Some(result.best_epoch);
        (run.lost, run.dropped) = (result.lost, result.dropped);
        run.threshold = Some(result.threshold);
        let (name, started) = (run.name.clone(), run.started);
        // Whoever looks at something opened since the start is not interrupted.
        let busy_elsewhere = self.state.evaluation.as_ref().is_some_and(|open| Some(open.made()) > started);
        if self.state.current_run == Some(id) && !busy_elsewhere {
            self.state.predict_run = Some(id);
            self.show_evaluation(evaluation);
        } else {
            self.state.predict_run.get_or_insert(id);
            self.say(Severity::Info, format!("The training “{name}” has finished; Train shows it"));
        }
    }

    pub(super) fn predict(&mut self, mut paths: Vec<PathBuf>) {
        let mut seen = HashSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        let run = self.state.predict_run();
        let Some((id, name)) = run.map(|run| (run.id, run.name.clone())) else {
            self.say(Severity::Warning, "There is no trained network yet: train one, or open a saved run");
            return;
        };
        let Some(answerer) = self.answerers.get(&id).cloned() else { return };
        let others = std::mem::take(&mut self.state.predictions);
        let pending = paths.iter().rev().map(|path| PredictedFile {
            path: path.clone(),
            run: id,
            run_name: name.clone(),
            outcome: PredictionOutcome::Pending,
        });
        self.state.predictions = pending.chain(others.into_iter().filter(|file| !seen.contains(&file.path))).collect();
        let paths: Arc<[PathBuf]> = paths.into();
        let asked = Arc::clone(&paths);
        let failed = move |reason| Event::NotPredicted { paths: asked, run: id, reason };
        self.spawn_or("predict", failed, move |reporter| {
            for path in paths.iter() {
                let outcome = answerer.score(path);
                if reporter.send(Event::Predicted { path: path.clone(), run: id, outcome }).is_break() {
                    break;
                }
            }
            Ok(())
        });
    }

    pub(super) fn on_predicted(&mut self, path: &Path, run: RunId, outcome: Result<(f64, Arc<LevelPyramid>), String>) {
        // The one chosen on validation: a threshold that somebody tries out in Evaluate judges nobody.
        let threshold = self.state.run(run).and_then(|run| run.threshold).unwrap_or(DEFAULT_THRESHOLD);
        let file = self.state.predictions.iter_mut().find(|file| file.path == path && file.run == run);
        if let Some(file) = file {
            file.outcome = match outcome {
                Ok((score, spectrogram)) => PredictionOutcome::Scored { score, threshold, spectrogram },
                Err(reason) => PredictionOutcome::Failed(reason),
            };
        }
    }

    pub(super) fn on_not_predicted(&mut self, paths: &[PathBuf], run: RunId, reason: &str) {
        let pending = |file: &&mut PredictedFile| {
            file.run == run && paths.contains(&file.path) && matches!(file.outcome, PredictionOutcome::Pending)
        };
        for file in self.state.predictions.iter_mut().filter(pending) {
            file.outcome = PredictionOutcome::Failed(reason.to_owned());
        }
    }

    pub(super) fn export_report(&mut self, folder: PathBuf) {
        let Some(evaluation) = self.state.evaluation.clone() else { return };
        let history = evaluation.run.and_then(|id| self.state.run(id)).map(|run| run.history.clone());
        let study = Arc::clone(&self.state.study);
        self.spawn("export", move |reporter| {
            study.keep_out_of_datasets("the report", &folder).map_err(|error| error.to_string())?;
            let folder = jobs::new_folder(&folder, &report_name(&evaluation.title));
            evaluation.write_report(&folder, history.as_deref()).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::Exported(folder));
            Ok(())
        });
    }
}

/// What a report's folder is called.
fn report_name(title: &str) -> String {
    let stem = Path::new(title).file_stem().map_or_else(|| title.into(), |stem| stem.to_string_lossy());
    format!("{stem}-report")
}

/// Runs an experiment and passes its reports on; batch figures may be dropped when nobody keeps up.
fn run_experiment(reporter: &Reporter, experiment: Experiment, stop: &AtomicBool) {
    let id = experiment.id;
    let outcome = jobs::guarded(|| {
        Ok(experiment.run(&mut |event| {
            use TrainEvent::{Batch, Validated};
            // Nobody shows these.
            if matches!(event, RunEvent::Train(Validated { .. })) {
                return unless(stop);
            }
            let droppable = matches!(event, RunEvent::Preparing { .. } | RunEvent::Train(Batch(_)));
            let event = Event::Run { id, event };
            let sent = if droppable { reporter.try_send(event) } else { reporter.send(event) };
            if sent.is_break() { ControlFlow::Break(()) } else { unless(stop) }
        }))
    });
    if let Err(ending) = outcome.unwrap_or_else(|panic| Err(Ending::Failed(panic))) {
        let _ = reporter.send(Event::Run { id, event: RunEvent::Ended(ending) });
    }
}
