//! How commands start jobs, and how their reports change the state.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::clip_view::ClipView;
use super::evaluation::Evaluation;
use super::experiment::{Experiment, Finished, RunEvent};
use super::jobs::{self, Event, OpenedRun, Reporter, Sorted};
use super::run::{Run, RunId, RunPhase};
use super::state::{ClipId, Devices, Loading, Message, PredictedFile, PredictionOutcome, Severity, Study, ViewState};
use super::{Command, Session};
use crate::data::scan::SourceScan;
use crate::data::split::SplitConfig;
use crate::spectrogram::SpectrogramConfig;
use crate::train::{TrainConfig, TrainEvent};

impl Session {
    /// Does what the person asks, or starts the job that will. Never waits.
    pub fn send(&mut self, command: Command) {
        match command {
            Command::ProbeDevices => self.probe_devices(),
            Command::Open(paths) => self.open(paths),
            Command::OpenDemo => self.open_demo(),
            Command::RunDemo { folder } => {
                self.demo_run = Some(folder);
                self.open_demo();
            }
            Command::CloseStudy => self.close_study(),
            Command::Select(clip) => self.select(clip),
            Command::ShowSpectrogram(config) => self.show_spectrogram(config),
            Command::StartRun { config, folder } => self.start_run(*config, folder),
            Command::StopRun(id) => self.stop_run(id),
            Command::ShowRun(id) => self.show_run(id),
            Command::SetThreshold(threshold) => self.with_evaluation(|shown| shown.set_threshold(threshold)),
            Command::ResetThreshold => self.with_evaluation(Evaluation::reset_threshold),
            Command::Predict(paths) => self.predict(paths),
            Command::ExportReport(folder) => self.export_report(folder),
            Command::Dismiss(id) => self.state.messages.retain(|message| message.id != id),
        }
    }

    fn spawn(&mut self, name: &str, job: impl FnOnce(&Reporter) -> Result<(), String> + Send + 'static) {
        if self.reporter.spawn(name, job) {
            self.active_jobs += 1;
        } else {
            self.say(
                Severity::Error,
                "The operating system refused to start a thread; close other programs and try again",
            );
        }
    }

    pub(super) fn say(&mut self, severity: Severity, text: impl Into<String>) {
        let (id, text) = (self.next_message, text.into());
        self.next_message += 1;
        // The same words twice tell nothing new.
        self.state.messages.retain(|message| message.text != text);
        self.state.messages.push(Message { id, severity, text });
    }

    fn probe_devices(&mut self) {
        self.spawn("devices", |reporter| {
            let found = crate::train::device::probe().iter().map(|device| device.info.clone()).collect();
            let _ = reporter.send(Event::Devices(found));
            Ok(())
        });
    }

    fn open(&mut self, paths: Vec<PathBuf>) {
        self.spawn("open", move |reporter| {
            let _ = reporter.send(Event::Sorted(jobs::sort_paths(paths)));
            Ok(())
        });
    }

    fn open_demo(&mut self) {
        let folder = self.data_folder.join("demo");
        self.loading("Making the demo study");
        self.spawn("demo", move |reporter| jobs::make_demo(reporter, &folder));
    }

    fn close_study(&mut self) {
        self.generation += 1;
        self.state.study = Study::default();
        self.state.explore = Default::default();
        self.state.loading = None;
    }

    fn loading(&mut self, task: &str) {
        self.state.loading =
            Some(Loading { task: task.to_owned(), detail: String::new(), done: 0, total: 0, since: Instant::now() });
    }

    fn scan(&mut self, folders: Vec<PathBuf>) {
        if folders.is_empty() {
            return;
        }
        self.loading("Reading recordings");
        let (policy, generation) = (self.state.study.policy.clone(), self.generation);
        self.spawn("scan", move |reporter| jobs::scan_folders(reporter, &folders, &policy, generation));
    }

    fn select(&mut self, clip: ClipId) {
        self.state.explore.selected = Some(clip);
        self.load_view();
    }

    fn show_spectrogram(&mut self, config: SpectrogramConfig) {
        self.state.explore.spectrogram = config;
        self.load_view();
    }

    fn load_view(&mut self) {
        let Some(id) = self.state.explore.selected else { return };
        let Some(clip) = self.state.study.clip(id).cloned() else { return };
        let config = self.state.explore.spectrogram.clone();
        self.state.explore.view = ViewState::Loading;
        self.spawn("view", move |reporter| {
            let view = ClipView::load(&clip.path, &config).map(Arc::new);
            let _ = reporter.send(Event::View { clip: id, config, view });
            Ok(())
        });
    }

    fn start_run(&mut self, config: TrainConfig, folder: Option<PathBuf>) {
        if self.state.active_run().is_some() {
            self.say(Severity::Warning, "A training is running; stop it first");
            return;
        }
        if self.state.study.is_empty() {
            self.say(Severity::Warning, "Open a dataset first; there is nothing to train on");
            return;
        }
        let id = RunId(self.next_run);
        self.next_run += 1;
        let folder = folder.unwrap_or_else(|| self.data_folder.join("runs").join(super::clock::run_name()));
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let synthetic = self.state.study.synthetic;
        self.state.runs.push(Run::new(id, name.clone(), folder.clone(), config.clone(), synthetic));
        self.state.current_run = Some(id);
        let stop = Arc::new(AtomicBool::new(false));
        self.stops.insert(id, Arc::clone(&stop));
        let clips = self.state.study.clips.clone();
        let experiment = Experiment { id, name, folder, config, clips, synthetic };
        self.spawn("train", move |reporter| {
            run_experiment(reporter, &experiment, &stop);
            Ok(())
        });
    }

    fn stop_run(&mut self, id: RunId) {
        if let Some(stop) = self.stops.get(&id) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    fn show_run(&mut self, id: RunId) {
        let Some(run) = self.state.run(id) else { return };
        let (folder, finished) = (run.folder.clone(), matches!(run.phase, RunPhase::Finished { .. }));
        self.state.current_run = Some(id);
        let shown = self.state.evaluation.as_ref().and_then(|evaluation| evaluation.run);
        if finished && shown != Some(id) {
            self.spawn("open run", move |reporter| jobs::open_run(reporter, &folder));
        }
    }

    fn with_evaluation(&mut self, change: impl FnOnce(&mut Evaluation)) {
        if let Some(evaluation) = &mut self.state.evaluation {
            change(evaluation);
        }
    }

    fn predict(&mut self, paths: Vec<PathBuf>) {
        let run = self.state.current_run().filter(|run| self.predictors.contains_key(&run.id));
        let Some((id, name, config)) = run.map(|run| (run.id, run.name.clone(), run.config.spectrogram.clone())) else {
            self.say(Severity::Warning, "There is no trained network yet: train one, or open a saved run");
            return;
        };
        let Some(predictor) = self.predictors.get(&id).cloned() else { return };
        for path in &paths {
            self.state.predictions.retain(|prediction| prediction.path != *path);
            let pending = PredictedFile { path: path.clone(), run: name.clone(), outcome: PredictionOutcome::Pending };
            self.state.predictions.insert(0, pending);
        }
        self.spawn("predict", move |reporter| {
            for path in paths {
                let outcome = jobs::predict(&predictor, &path, &config);
                if reporter.send(Event::Predicted { path, run: id, outcome }).is_break() {
                    break;
                }
            }
            Ok(())
        });
    }

    fn export_report(&mut self, folder: PathBuf) {
        let Some(evaluation) = self.state.evaluation.as_ref() else { return };
        let history = evaluation.run.and_then(|id| self.state.run(id)).map(|run| run.history.clone());
        let Ok(copy) = Evaluation::new(
            evaluation.title.clone(),
            evaluation.run,
            evaluation.predictions.clone(),
            Some(evaluation.threshold()),
            evaluation.synthetic,
        ) else {
            return;
        };
        self.spawn("export", move |reporter| {
            copy.write_report(&folder, history.as_deref()).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::Exported(folder));
            Ok(())
        });
    }

    /// Takes in one report.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Loading { task, detail, done, total } => self.on_loading(task, detail, done, total),
            Event::Sorted(sorted) => self.on_sorted(sorted),
            Event::DemoReady(folder) => self.scan(vec![folder]),
            Event::Scanned { generation, sources, synthetic } => self.on_scanned(generation, sources, synthetic),
            Event::Split { generation, outcome } if generation == self.generation => {
                self.state.study.split = Some(outcome);
            }
            Event::Split { .. } => {}
            Event::RunOpened(opened) => self.on_run_opened(*opened),
            Event::PredictionsOpened(evaluation) => self.state.evaluation = Some(*evaluation),
            Event::Devices(found) => self.state.devices = Devices::Ready(found),
            Event::View { clip, config, view } => self.on_view(clip, &config, view),
            Event::Run { id, event } => self.on_run(id, event),
            Event::Predicted { path, run, outcome } => self.on_predicted(&path, run, outcome),
            Event::Exported(folder) => {
                self.say(Severity::Info, format!("The report was written to {}", folder.display()));
            }
            Event::Failed(reason) => {
                self.state.loading = None;
                self.demo_run = None;
                self.say(Severity::Error, reason);
            }
            Event::Ended => self.active_jobs = self.active_jobs.saturating_sub(1),
        }
    }

    fn on_loading(&mut self, task: &str, detail: String, done: usize, total: usize) {
        let since = self
            .state
            .loading
            .as_ref()
            .filter(|loading| loading.task == task)
            .map_or_else(Instant::now, |loading| loading.since);
        self.state.loading = Some(Loading { task: task.to_owned(), detail, done, total, since });
    }

    fn on_sorted(&mut self, sorted: Sorted) {
        for path in sorted.missing {
            self.say(Severity::Error, format!("There is no such file or folder: {}", path.display()));
        }
        self.scan(sorted.folders);
        for folder in sorted.runs {
            self.spawn("open run", move |reporter| jobs::open_run(reporter, &folder));
        }
        for table in sorted.tables {
            self.spawn("open table", move |reporter| jobs::open_predictions(reporter, &table));
        }
        if !sorted.recordings.is_empty() {
            self.predict(sorted.recordings);
        }
    }

    fn on_scanned(&mut self, generation: u64, sources: Vec<SourceScan>, synthetic: bool) {
        if generation != self.generation {
            return;
        }
        let study = &mut self.state.study;
        study.sources.retain(|open| sources.iter().all(|new| new.root != open.root));
        study.sources.extend(sources);
        study.synthetic |= synthetic;
        study.clips = study.sources.iter().flat_map(|source| source.clips.iter().cloned().map(Arc::new)).collect();
        let clips = study.clips.clone();
        self.state.loading = None;
        self.state.explore.selected = None;
        self.state.explore.view = ViewState::Empty;
        let generation = self.generation;
        self.spawn("split", move |reporter| {
            jobs::split_clips(reporter, &clips, &SplitConfig::default(), generation);
            Ok(())
        });
        if let Some(folder) = self.demo_run.take() {
            self.start_run(TrainConfig::default(), folder);
        }
    }

    fn on_run_opened(&mut self, opened: OpenedRun) {
        let OpenedRun { saved, history, predictions, predictor } = opened;
        let existing = self.state.runs.iter().find(|run| run.folder == saved.folder).map(|run| run.id);
        let id = existing.unwrap_or_else(|| {
            let id = RunId(self.next_run);
            self.next_run += 1;
            self.state.runs.push(Run::from_saved(id, &saved, history));
            id
        });
        let name = self.state.run(id).map(|run| run.name.clone()).unwrap_or_default();
        self.state.current_run = Some(id);
        self.predictors.insert(id, Arc::new(predictor));
        let (threshold, synthetic) = (Some(saved.result.threshold), saved.result.synthetic);
        match Evaluation::new(name, Some(id), predictions, threshold, synthetic) {
            Ok(evaluation) => self.state.evaluation = Some(evaluation),
            Err(error) => self.say(Severity::Error, format!("The run's predictions cannot be evaluated: {error}")),
        }
    }

    fn on_view(&mut self, clip: ClipId, config: &SpectrogramConfig, view: Result<Arc<ClipView>, String>) {
        let explore = &mut self.state.explore;
        // A late picture of a recording that is no longer chosen is dropped.
        if explore.selected == Some(clip) && explore.spectrogram == *config {
            explore.view = view.map_or_else(ViewState::Failed, ViewState::Ready);
        }
    }

    fn on_predicted(&mut self, path: &std::path::Path, run: RunId, outcome: Result<(f64, Arc<ClipView>), String>) {
        let threshold = self
            .state
            .evaluation
            .as_ref()
            .filter(|evaluation| evaluation.run == Some(run))
            .map_or(super::DEFAULT_THRESHOLD, Evaluation::threshold);
        if let Some(file) = self.state.predictions.iter_mut().find(|file| file.path == path) {
            file.outcome = match outcome {
                Ok((score, view)) => PredictionOutcome::Scored { score, threshold, view },
                Err(reason) => PredictionOutcome::Failed(reason),
            };
        }
    }

    fn on_run(&mut self, id: RunId, event: RunEvent) {
        if let RunEvent::Note(note) = event {
            self.say(Severity::Warning, note);
            return;
        }
        let Some(run) = self.state.runs.iter_mut().find(|run| run.id == id) else { return };
        match event {
            RunEvent::Note(_) => {}
            RunEvent::Preparing { done, total } => run.phase = RunPhase::Preparing { done, total },
            RunEvent::Dealt(counts) => run.counts = Some(counts),
            RunEvent::Train(TrainEvent::Started(plan)) => {
                run.plan = Some(plan);
                run.phase = RunPhase::Training;
            }
            RunEvent::Train(TrainEvent::Batch(record)) => run.batches.push(record),
            RunEvent::Train(TrainEvent::Epoch { record, best }) => {
                if best {
                    run.best_epoch = Some(record.epoch);
                }
                run.history.push(record);
            }
            RunEvent::Testing => run.phase = RunPhase::Testing,
            RunEvent::Finished(finished) => self.on_finished(id, *finished),
            RunEvent::Failed(reason) => {
                run.phase = RunPhase::Failed(reason.clone());
                self.stops.remove(&id);
                self.say(Severity::Error, format!("Training ended without a network: {reason}"));
            }
        }
    }

    fn on_finished(&mut self, id: RunId, finished: Finished) {
        let Finished { evaluation, predictor, result } = finished;
        if let Some(run) = self.state.runs.iter_mut().find(|run| run.id == id) {
            run.phase = RunPhase::Finished {
                stopped: result.stopped,
                took: Duration::try_from_secs_f64(result.took_secs).unwrap_or_default(),
            };
            run.best_epoch = Some(result.best_epoch);
        }
        self.stops.remove(&id);
        self.predictors.insert(id, Arc::new(predictor));
        self.state.current_run = Some(id);
        self.state.evaluation = Some(evaluation);
    }
}

/// Runs an experiment and passes its reports on; batch figures may be dropped when nobody keeps up.
fn run_experiment(reporter: &Reporter, experiment: &Experiment, stop: &AtomicBool) {
    let id = experiment.id;
    let outcome = experiment.run(&mut |event| {
        let droppable = matches!(event, RunEvent::Preparing { .. } | RunEvent::Train(TrainEvent::Batch(_)));
        let event = Event::Run { id, event };
        let sent = if droppable { reporter.try_send(event) } else { reporter.send(event) };
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { sent }
    });
    if let Err(reason) = outcome {
        let _ = reporter.send(Event::Run { id, event: RunEvent::Failed(reason) });
    }
}
