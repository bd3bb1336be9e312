//! How commands start jobs, and how their reports change the state. Runs and predictions are in [`super::runs`].

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::clip_view::ClipView;
use super::evaluation::Evaluation;
use super::jobs::{self, Event, Load, OpenSource, Reporter, Scanned, Sorted, TrainAfter};
use super::state::{ClipId, Devices, Loading, Message, Severity, Study, ViewState};
use super::{Command, Session};
use crate::data::scan::SourceScan;
use crate::data::split::SplitConfig;
use crate::spectrogram::SpectrogramConfig;
use crate::train::TrainConfig;

impl Session {
    /// Does what the person asks, or starts the job that will. Never waits.
    pub fn send(&mut self, command: Command) {
        match command {
            Command::ProbeDevices => self.probe_devices(),
            Command::Open(paths) => self.open(paths),
            Command::OpenDemo => self.load(Load::Demo(None)),
            Command::RunDemo { folder } => self.load(Load::Demo(Some(TrainAfter { folder }))),
            Command::CloseStudy => self.close_study(),
            Command::Select(clip) => self.select(clip),
            Command::ShowSpectrogram(config) => self.show_spectrogram(config),
            Command::StartRun { config, folder } => self.start_run(*config, folder),
            Command::StopRun(id) => self.stop_run(id),
            Command::ShowRun(id) => self.show_run(id),
            Command::SetThreshold(threshold) => self.with_evaluation(|shown| shown.set_threshold(threshold)),
            Command::ResetThreshold => self.with_evaluation(Evaluation::reset_threshold),
            Command::Predict(paths) => self.predict(paths),
            Command::ClearPredictions => self.state.predictions.clear(),
            Command::ExportReport(folder) => self.export_report(folder),
            Command::Warn(text) => self.say(Severity::Warning, text),
            Command::Dismiss(id) => self.state.messages.retain(|message| message.id != id),
        }
    }

    /// Starts a job whose failure is an error message.
    pub(super) fn spawn(&mut self, name: &str, job: impl FnOnce(&Reporter) -> Result<(), String> + Send + 'static) {
        let _ = self.spawn_or(name, Event::Failed, job);
    }

    /// Starts a job whose failure is what `failed` makes of the reason. Returns whether it could be started.
    fn spawn_or(
        &mut self,
        name: &str,
        failed: impl FnOnce(String) -> Event + Send + 'static,
        job: impl FnOnce(&Reporter) -> Result<(), String> + Send + 'static,
    ) -> bool {
        let started = self.reporter.spawn(name, failed, job);
        if started {
            self.active_jobs += 1;
        } else {
            self.say(
                Severity::Error,
                "The operating system refused to start a thread; close other programs and try again",
            );
        }
        started
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

    /// Makes or reads datasets, one after the other: what is open already must be known before more is added to it.
    fn load(&mut self, load: Load) {
        if self.loading_now {
            self.waiting.push_back(load);
        } else {
            self.loading_now = true;
            match load {
                Load::Demo(then) => self.make_demo(then),
                Load::Folders(folders) => self.scan(folders, None),
            }
        }
    }

    fn load_next(&mut self) {
        self.loading_now = false;
        self.state.loading = None;
        if let Some(next) = self.waiting.pop_front() {
            self.load(next);
        }
    }

    fn make_demo(&mut self, then: Option<TrainAfter>) {
        let folder = self.data_folder.join("demo");
        self.start_loading("Making the demo study", move |reporter, generation, stop| {
            jobs::make_demo(reporter, &folder, then, generation, stop)
        });
    }

    fn scan(&mut self, folders: Vec<PathBuf>, then: Option<TrainAfter>) {
        let study = &self.state.study;
        let mut clips = study.clips.iter().cloned();
        let mut clips_of = |source: &SourceScan| clips.by_ref().take(source.clips.len()).collect();
        let open: Vec<OpenSource> =
            study.sources.iter().map(|source| (source.root.clone(), clips_of(source))).collect();
        let policy = study.policy.clone();
        self.start_loading("Reading recordings", move |reporter, generation, stop| {
            jobs::scan_folders(reporter, &folders, &policy, &open, then, generation, stop)
        });
    }

    /// Starts a job that makes or reads datasets, with progress; closing the study stops it.
    fn start_loading(
        &mut self,
        task: &'static str,
        job: impl FnOnce(&Reporter, u64, &AtomicBool) -> Result<(), String> + Send + 'static,
    ) {
        let (generation, stop) = (self.generation, Arc::clone(&self.stop_loading));
        self.on_loading(task, String::new(), 0, 0);
        let failed = move |reason| Event::LoadingFailed { generation, reason };
        if !self.spawn_or("load", failed, move |reporter| job(reporter, generation, &stop)) {
            self.load_next();
        }
    }

    fn close_study(&mut self) {
        self.generation += 1;
        self.stop_loading.store(true, Ordering::Relaxed);
        self.stop_loading = Arc::default();
        self.waiting.clear();
        self.loading_now = false;
        self.state.study = Study::default();
        self.state.explore = Default::default();
        self.state.loading = None;
    }

    fn select(&mut self, clip: ClipId) {
        self.state.explore.selected = Some(clip);
        self.load_view();
    }

    fn show_spectrogram(&mut self, config: SpectrogramConfig) {
        self.state.explore.spectrogram = config;
        self.load_view();
    }

    /// Makes the chosen recording ready to be drawn. One at a time: who runs through the list with a key held down sees
    /// the last one, not a queue of all.
    fn load_view(&mut self) {
        let Some(id) = self.state.explore.selected else { return };
        let Some(clip) = self.state.study.clip(id).cloned() else { return };
        self.state.explore.view = ViewState::Loading;
        if self.viewing {
            return;
        }
        self.viewing = true;
        let config = self.state.explore.spectrogram.clone();
        self.spawn("view", move |reporter| {
            let view = jobs::guarded(|| ClipView::load(&clip.path, &config).map(Arc::new));
            let _ = reporter.send(Event::View { clip, config, view });
            Ok(())
        });
    }

    fn with_evaluation(&mut self, change: impl FnOnce(&mut Evaluation)) {
        if let Some(evaluation) = &mut self.state.evaluation {
            change(evaluation);
        }
    }

    /// Takes in one report.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Loading { generation, task, detail, done, total } if generation == self.generation => {
                self.on_loading(task, detail, done, total);
            }
            Event::DemoReady { generation, folder, then } if generation == self.generation => {
                self.scan(vec![folder], then);
            }
            Event::Scanned { generation, scanned, then } if generation == self.generation => {
                self.on_scanned(scanned, then);
            }
            Event::LoadingFailed { generation, reason } if generation == self.generation => {
                self.say(Severity::Error, reason);
                self.load_next();
            }
            Event::Split { generation, outcome } if generation == self.generation => {
                self.state.study.split = Some(outcome);
            }
            // What a study left behind that is closed by now.
            Event::Loading { .. }
            | Event::DemoReady { .. }
            | Event::Scanned { .. }
            | Event::LoadingFailed { .. }
            | Event::Split { .. } => {}
            Event::Sorted(sorted) => self.on_sorted(sorted),
            Event::RunOpened(opened) => self.on_run_opened(*opened),
            Event::PredictionsOpened(evaluation) => self.state.evaluation = Some(*evaluation),
            Event::Devices(found) => self.state.devices = Devices::Ready(found),
            Event::View { clip, config, view } => self.on_view(&clip, &config, view),
            Event::Run { id, event } => self.on_run(id, event),
            Event::Predicted { path, run, outcome } => self.on_predicted(&path, run, outcome),
            Event::Exported(folder) => {
                self.say(Severity::Info, format!("The report was written to {}", folder.display()));
            }
            Event::Failed(reason) => self.say(Severity::Error, reason),
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
        if !sorted.folders.is_empty() {
            self.load(Load::Folders(sorted.folders));
        }
        for table in sorted.tables {
            self.spawn("open table", move |reporter| jobs::open_predictions(reporter, &table));
        }
        self.open_runs(sorted.runs, sorted.recordings);
    }

    fn on_scanned(&mut self, scanned: Scanned, then: Option<TrainAfter>) {
        let Scanned { sources, replaced, synthetic } = scanned;
        let opened = sources.len();
        let study = &mut self.state.study;
        study.sources.retain(|open| !replaced.contains(&open.root));
        study.sources.extend(sources);
        study.synthetic |= synthetic;
        study.clips = study.sources.iter().flat_map(|source| source.clips.iter().cloned().map(Arc::new)).collect();
        let alone = study.sources.len() == opened;
        // Until the new one is drawn.
        study.split = None;
        let clips = study.clips.clone();
        self.state.explore.selected = None;
        self.state.explore.view = ViewState::Empty;
        let generation = self.generation;
        self.spawn("split", move |reporter| {
            jobs::split_clips(reporter, &clips, &SplitConfig::default(), generation);
            Ok(())
        });
        // Recordings that a person opened meanwhile are theirs to train on, or not.
        if let Some(TrainAfter { folder }) = then.filter(|_| alone) {
            self.start_run(TrainConfig::default(), folder);
        }
        self.load_next();
    }

    fn on_view(
        &mut self,
        clip: &Arc<crate::data::Clip>,
        config: &SpectrogramConfig,
        view: Result<Arc<ClipView>, String>,
    ) {
        self.viewing = false;
        let wanted = self.state.explore.selected.and_then(|id| self.state.study.clip(id));
        let Some(wanted) = wanted else { return };
        if Arc::ptr_eq(wanted, clip) && self.state.explore.spectrogram == *config {
            self.state.explore.view = view.map_or_else(ViewState::Failed, ViewState::Ready);
        } else {
            // Another one was chosen meanwhile.
            self.load_view();
        }
    }
}

/// Continues until somebody asks to stop.
pub(super) fn unless(stop: &AtomicBool) -> ControlFlow<()> {
    if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
