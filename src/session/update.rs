//! How commands start jobs, and how their reports change the state. Runs and predictions are in [`super::runs`].

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::clip_view::{ClipView, Picture};
use super::evaluation::{Evaluation, SYNTHETIC_NOTE};
use super::jobs::{self, Event, Reporter, Sorted};
use super::keeper::{Order, TrainAfter};
use super::state::{CountedCohort, Devices, Loading, Message, Severity, ViewState};
use super::{Command, RunOrder, Session, weights};
use crate::data::LabelPolicy;
use crate::data::sources::mapped::{self, Mapping};
use crate::data::study::cohort::Cohort;
use crate::data::study::filter::{Facet, Filter};
use crate::data::study::scores::Scores;
use crate::data::study::{ClipId, Edit, SourceView, StudyView};
use crate::report;
use crate::report::figures::Caption;
use crate::train::TrainConfig;

/// Why a job did not start.
pub(super) const REFUSED: &str = "The operating system refused to start a thread; close other programs and try again";

impl Session {
    /// Does what the person asks, or starts the job that will. Never waits.
    pub fn send(&mut self, command: Command) {
        match command {
            Command::ProbeDevices => self.probe_devices(),
            Command::Open(paths) => self.open(paths),
            Command::OpenDemo(config) => self.order(Order::Demo { config, then: None }),
            Command::RunDemo { config, folder } => {
                self.order(Order::Demo { config, then: Some(TrainAfter { folder }) });
            }
            Command::OpenMapped { root, mapping } => {
                self.forget_unmapped(&root);
                self.order(Order::AddMapped { root, mapping });
            }
            Command::CountMapping { root, mapping } => self.count_mapping(root, mapping),
            Command::CancelMapping(root) => self.forget_unmapped(&root),
            Command::OpenStudy(folder) => self.order(Order::OpenStudy(folder)),
            Command::SaveStudyAs(folder) => self.order(Order::SaveAs(folder)),
            Command::Edit(edit) => self.order(Order::Edit(edit)),
            Command::Undo => self.order(Order::Undo),
            Command::Redo => self.order(Order::Redo),
            Command::StopReading => self.order(Order::StopReading),
            Command::ReadAgain => self.order(Order::ReadAgain),
            Command::ReadAnew(key) => self.order(Order::ReadAnew(key)),
            Command::Relocate { key, root } => self.order(Order::Relocate { key, root }),
            Command::RemoveSource(key) => self.order(Order::Remove(key)),
            Command::Unpack(key) => self.order(Order::Unpack(key)),
            Command::ExportTable(path) => self.export_table(path),
            Command::ReadPolicy(path) => self.read_policy(path),
            Command::SavePolicy(path) => self.save_policy(path),
            Command::CloseStudy => self.order(Order::Close),
            Command::Select(clip) => self.select(clip, BTreeSet::new()),
            Command::SelectMany { shown, marked } => self.select(shown, marked),
            Command::ShowOnly(filter) => self.state.explore.filter = filter,
            Command::SortBy(order) => self.state.explore.order = order,
            Command::ShowPicture(picture) => self.show_picture(picture),
            Command::CountCohort => self.count_cohort(),
            Command::ShowThumbnails { clips, config } => self.show_thumbnails(&clips, config),
            Command::Sound(command) => self.on_sound_command(command),
            Command::StartRun(order) => self.start_run(*order),
            Command::Estimate { config, features } => self.estimate(config, features),
            Command::ResumeRun(folder) => self.resume_run(folder),
            Command::ForgetInterrupted(folder) => self.state.interrupted.retain(|other| *other != folder),
            Command::ChooseWeights(path) => self.choose_weights(path),
            Command::StopRun(id) => self.stop_run(id),
            Command::ShowRun(id) => self.show_run(id),
            Command::SetThreshold(threshold) => self.with_evaluation(|shown| shown.set_threshold(threshold)),
            Command::ResetThreshold => self.with_evaluation(Evaluation::reset_threshold),
            Command::Predict(paths) => self.predict(paths),
            Command::ClearPredictions => self.state.predictions.clear(),
            Command::ExportReport(folder) => self.export_report(folder),
            Command::ExportPictures(folder) => self.export_pictures(folder),
            Command::Warn(text) => self.say(Severity::Warning, text),
            Command::Dismiss(id) => self.state.messages.retain(|message| message.id != id),
        }
    }

    /// Starts a job whose failure is an error message.
    pub(super) fn spawn(&mut self, name: &str, job: impl FnOnce(&Reporter) -> Result<(), String> + Send + 'static) {
        self.spawn_or(name, Event::Failed, job);
    }

    /// Starts a job that somebody waits for. `failed` makes of the reason what ends the waiting: it is taken in where the
    /// job fails, where it panics, and where it cannot be started.
    pub(super) fn spawn_or(
        &mut self,
        name: &str,
        failed: impl FnOnce(String) -> Event + Clone + Send + 'static,
        job: impl FnOnce(&Reporter) -> Result<(), String> + Send + 'static,
    ) {
        if self.reporter.spawn(name, failed.clone(), job) {
            self.active_jobs += 1;
        } else {
            self.apply(failed(REFUSED.to_owned()));
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
        self.spawn_or(
            "devices",
            |reason| Event::Devices(Err(reason)),
            |reporter| {
                let found = crate::train::device::probe().iter().map(|device| device.info.clone()).collect();
                let _ = reporter.send(Event::Devices(Ok(found)));
                Ok(())
            },
        );
    }

    fn choose_weights(&mut self, path: PathBuf) {
        let data_folder = self.data_folder.clone();
        self.spawn("weights", move |reporter| {
            let weights = weights::choose(&path, &data_folder)?;
            let _ = reporter.send(Event::Weights { weights, is_new: true });
            Ok(())
        });
    }

    fn open(&mut self, paths: Vec<PathBuf>) {
        self.spawn("open", move |reporter| {
            let _ = reporter.send(Event::Sorted(jobs::sort_paths(paths)));
            Ok(())
        });
    }

    /// Asks the study's thread for something.
    fn order(&mut self, order: Order) {
        let sent = self.keeper.as_ref().is_some_and(|keeper| keeper.orders.send(order).is_ok());
        if sent {
            self.open_orders += 1;
        } else {
            self.say(
                Severity::Error,
                "The part of the program that holds the study has ended; start the program again",
            );
        }
    }

    fn forget_unmapped(&mut self, root: &Path) {
        self.state.unmapped.retain(|unmapped| unmapped.root != root);
    }

    fn count_mapping(&mut self, root: PathBuf, mapping: Mapping) {
        let (asked_root, asked) = (root.clone(), mapping.clone());
        let failed = |reason| Event::MappingCounted { root: asked_root, mapping: asked, count: Err(reason) };
        self.spawn_or("count", failed, move |reporter| {
            let count = mapped::count_found(&root, &mapping).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::MappingCounted { root, mapping, count: Ok(count) });
            Ok(())
        });
    }

    fn export_table(&mut self, path: PathBuf) {
        let study = Arc::clone(&self.state.study);
        self.spawn("export table", move |reporter| {
            let policy = study.export(&path).map_err(|error| format!("The table was not written: {error}"))?;
            let _ = reporter.send(Event::Note(format!(
                "The table was written to {}, and the label policy that it follows to {}",
                path.display(),
                policy.display()
            )));
            Ok(())
        });
    }

    /// Counts the used recordings, unless that is being done. Whoever asks again for as long as the counts are of an older
    /// view gets those of the latest in the end.
    fn count_cohort(&mut self) {
        if self.counting.is_some() {
            return;
        }
        let study = Arc::clone(&self.state.study);
        let revision = study.revision;
        let stop = Arc::new(AtomicBool::new(false));
        self.counting = Some(Arc::clone(&stop));
        let counted = move |cohort| CountedCohort { revision, cohort };
        let failed = move |reason| Event::Cohort(Some(counted(Err(reason))));
        self.spawn_or("count cohort", failed, move |reporter| {
            let cohort = Cohort::of(&study, &|| unless(&stop));
            let _ = reporter.send(Event::Cohort(cohort.map(|cohort| counted(Ok(Arc::new(cohort))))));
            Ok(())
        });
    }

    /// Counts of an older view are not worth waiting for. While recordings are read, views follow each other faster than
    /// they are counted: then a count goes on, or none would ever be done.
    fn stop_counting(&self) {
        if let Some(stop) = self.counting.as_ref().filter(|_| self.state.loading.is_none()) {
            stop.store(true, Ordering::Relaxed);
        }
    }

    fn export_pictures(&mut self, folder: PathBuf) {
        let study = Arc::clone(&self.state.study);
        self.spawn("export pictures", move |reporter| {
            let cohort = Cohort::of(&study, &|| ControlFlow::Continue(())).unwrap_or_default();
            if cohort.is_empty() {
                return Err("There is nothing to draw: no recording is used".to_owned());
            }
            study.keep_out_of_datasets("the charts", &folder).map_err(|error| error.to_string())?;
            let folder = jobs::new_folder(&folder, "pictures");
            let synthetic = study.synthetic.then(|| SYNTHETIC_NOTE.to_owned());
            let caption = Caption { title: study.name.clone(), notes: synthetic.into_iter().collect() };
            report::cohort::write(&folder, &cohort, &caption).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::Note(format!("The pictures were written to {}", folder.display())));
            Ok(())
        });
    }

    fn read_policy(&mut self, path: PathBuf) {
        self.spawn("read policy", move |reporter| {
            let (policy, doubts) = LabelPolicy::read_with_doubts(&path).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::PolicyRead { path, policy: Box::new(policy), doubts });
            Ok(())
        });
    }

    fn save_policy(&mut self, path: PathBuf) {
        let study = Arc::clone(&self.state.study);
        self.spawn("save policy", move |reporter| {
            study.keep_out_of_datasets("the label policy", &path).map_err(|error| error.to_string())?;
            study.policy.write(&path).map_err(|error| error.to_string())?;
            let _ = reporter.send(Event::Note(format!("The label policy was written to {}", path.display())));
            Ok(())
        });
    }

    fn select(&mut self, clip: ClipId, marked: BTreeSet<ClipId>) {
        let explore = &mut self.state.explore;
        if *explore.marked != marked {
            explore.marked = Arc::new(marked);
        }
        if explore.selected != Some(clip) {
            explore.selected = Some(clip);
            self.stop_playing();
        }
        self.load_view();
    }

    /// Shows an evaluation, and what its run made of the recordings of the study.
    pub(super) fn show_evaluation(&mut self, evaluation: Evaluation) {
        self.order(Order::Score(Box::new(evaluation.clone())));
        self.state.evaluation = Some(evaluation);
    }

    fn on_scores(&mut self, scores: Arc<Scores>) {
        self.state.scores = scores;
        if self.state.scores.is_empty() {
            // Nothing could meet it, and there is no menu to take it away.
            self.state.explore.filter.clear(Facet::Result);
        }
    }

    fn show_picture(&mut self, picture: Picture) {
        self.state.explore.picture = picture;
        self.load_view();
    }

    /// Makes the chosen recording ready to be drawn. One at a time: who runs through the list with a key held down sees
    /// the last one, not a queue of all.
    fn load_view(&mut self) {
        let Some(id) = self.state.explore.selected else { return };
        let Some(clip) = self.state.study.clip(id).cloned() else { return };
        // The same sound in another picture: the old one stays until then.
        let known = match &self.state.explore.view {
            ViewState::Ready(view) if view.path == clip.path => Some(Arc::clone(view)),
            _ => None,
        };
        if known.is_none() {
            self.state.explore.view = ViewState::Loading;
        }
        if self.viewing {
            return;
        }
        self.viewing = true;
        let picture = self.state.explore.picture.clone();
        let (asked, asked_picture) = (Arc::clone(&clip), picture.clone());
        let failed = |reason| Event::View { clip: asked, picture: asked_picture, view: Err(reason) };
        self.spawn_or("view", failed, move |reporter| {
            let view = match known {
                Some(view) => view.with_picture(&picture),
                None => ClipView::load(&clip.path, &picture),
            }?;
            let _ = reporter.send(Event::View { clip, picture, view: Ok(Arc::new(view)) });
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
            Event::Loading { task, detail, done, total } => self.on_loading(task, detail, done, total),
            Event::LoadingEnded => self.state.loading = None,
            Event::Study { view, scores } => {
                self.on_study(view);
                self.on_scores(scores);
            }
            Event::Scores(scores) => self.on_scores(scores),
            Event::ReadyToTrain(TrainAfter { folder }) => {
                let split = self.state.study.split_config.clone();
                let config = TrainConfig { split, ..TrainConfig::default() };
                self.start_run(RunOrder { config, folder, ..RunOrder::default() });
            }
            Event::Recent(recent) => self.state.recent = recent,
            Event::Estimated { config, estimate } => {
                self.state.estimating = false;
                self.state.estimate = Some((*config, estimate));
            }
            Event::Interrupted(folders) => self.state.interrupted = folders,
            Event::Resumable { folder, config } => {
                self.state.interrupted.retain(|other| *other != folder);
                self.start_run(RunOrder { config: *config, folder: Some(folder), resume: true, ..RunOrder::default() });
            }
            Event::Weights { weights, is_new } => {
                if is_new {
                    let what = weights
                        .published
                        .as_deref()
                        .unwrap_or("weights of InceptionV3 that no publication is known of");
                    self.say(Severity::Info, format!("{} has {what}", weights.path.display()));
                }
                self.state.weights = Some(weights);
            }
            Event::Unmapped(unmapped) => {
                // Dropped once more, it is still one question.
                match self.state.unmapped.iter_mut().find(|asked| asked.root == unmapped.root) {
                    Some(asked) => *asked = unmapped,
                    None => self.state.unmapped.push_back(unmapped),
                }
            }
            Event::MappingCounted { root, mapping, count } => {
                if let Some(unmapped) = self.state.unmapped.iter_mut().find(|unmapped| unmapped.root == root) {
                    unmapped.count = Some((mapping, count));
                }
            }
            Event::Note(text) => self.say(Severity::Info, text),
            Event::Sorted(sorted) => self.on_sorted(sorted),
            Event::PolicyRead { path, policy, doubts } => {
                self.say(Severity::Info, format!("The label policy was read from {}", path.display()));
                for doubt in doubts {
                    self.say(Severity::Warning, format!("In the label policy, {doubt} ({})", path.display()));
                }
                self.order(Order::Edit(Edit::Policy(policy)));
            }
            Event::RunOpened(opened) => self.on_run_opened(*opened),
            Event::PredictionsOpened(evaluation) => self.show_evaluation(*evaluation),
            Event::Devices(Ok(found)) => self.state.devices = Devices::Ready(found),
            Event::Devices(Err(reason)) => {
                // The choice "automatic" looks again when a training begins.
                self.state.devices = Devices::Ready(Vec::new());
                self.say(Severity::Error, format!("What can compute could not be found out: {reason}"));
            }
            Event::View { clip, picture, view } => self.on_view(&clip, &picture, view),
            Event::Cohort(counted) => {
                self.counting = None;
                self.state.cohort = counted.or(self.state.cohort.take());
            }
            Event::Thumbnail(made) => self.on_thumbnail(made),
            Event::SoundDevices(devices) => self.on_sound_devices(devices),
            Event::SoundEnded { id, failure } => self.on_sound_ended(id, failure),
            Event::Run { id, event } => self.on_run(id, event),
            Event::Predicted { path, run, outcome } => self.on_predicted(&path, run, outcome),
            Event::NotPredicted { paths, run, reason } => self.on_not_predicted(&paths, run, &reason),
            Event::Exported(folder) => {
                self.say(Severity::Info, format!("The report was written to {}", folder.display()));
            }
            Event::Failed(reason) => self.say(Severity::Error, reason),
            Event::Ended => self.active_jobs = self.active_jobs.saturating_sub(1),
            Event::OrderEnded => self.open_orders = self.open_orders.saturating_sub(1),
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
            self.order(Order::Add(sorted.folders));
        }
        if let Some(study) = sorted.studies.into_iter().last() {
            self.order(Order::OpenStudy(study));
        }
        for folder in sorted.interrupted {
            self.state.interrupted.retain(|other| *other != folder);
            self.state.interrupted.push(folder);
        }
        for path in sorted.weights {
            self.choose_weights(path);
        }
        for table in sorted.tables {
            self.spawn("open table", move |reporter| jobs::open_predictions(reporter, &table));
        }
        self.open_runs(sorted.runs, sorted.recordings);
    }

    /// Takes in a new view of the study; the recordings that are chosen in Explore stay chosen where they are still there.
    fn on_study(&mut self, study: Arc<StudyView>) {
        let explore = &mut self.state.explore;
        explore.follow(&self.state.study, &study);
        if explore.selected.is_none() {
            explore.view = ViewState::Empty;
        }
        explore.filter.forget_missing(&study);
        if study.is_empty() {
            // Another study is another question.
            explore.filter = Filter::default();
            explore.order = None;
            self.state.cohort = None;
        }
        self.tell_missing(&study);
        self.stop_counting();
        let old = std::mem::replace(&mut self.state.study, study);
        // After a decision about all of them, this takes thousands of recordings apart: longer than a frame.
        rayon::spawn(move || drop(old));
    }

    /// Says which datasets are not at their place any more, and takes back what was said of those that are again.
    fn tell_missing(&mut self, study: &StudyView) {
        let was_missing = |key: &str| self.state.study.source(key).is_some_and(|source| !source.present);
        let news: Vec<String> =
            study.sources.iter().filter(|new| !new.present && !was_missing(&new.key)).map(missing_in_words).collect();
        let is_missing = |key: &str| study.source(key).is_some_and(|source| !source.present);
        let old: Vec<String> = self
            .state
            .study
            .sources
            .iter()
            .filter(|old| !old.present && !is_missing(&old.key))
            .map(missing_in_words)
            .collect();
        self.state.messages.retain(|message| !old.contains(&message.text));
        for text in news {
            self.say(Severity::Info, text);
        }
    }

    fn on_view(&mut self, clip: &Arc<crate::data::Clip>, picture: &Picture, view: Result<Arc<ClipView>, String>) {
        self.viewing = false;
        let wanted = self.state.explore.selected.and_then(|id| self.state.study.clip(id));
        let Some(wanted) = wanted else { return };
        if wanted.path == clip.path && self.state.explore.picture == *picture {
            self.state.explore.view = view.map_or_else(ViewState::Failed, ViewState::Ready);
        } else {
            // Another one was chosen meanwhile.
            self.load_view();
        }
    }
}

/// What a session says of a dataset whose folder is gone.
#[must_use]
pub fn missing_in_words(source: &SourceView) -> String {
    let (name, root) = (source.name(), source.root.display());
    format!("{name} is not at its place any more, and what is known of it was read before ({root})")
}

/// Continues until somebody asks to stop.
pub(super) fn unless(stop: &AtomicBool) -> ControlFlow<()> {
    if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
