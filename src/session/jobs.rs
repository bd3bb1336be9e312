//! Background jobs: each runs on a named thread and reports over one bounded channel.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::Wake;
use super::answer::Answerer;
use super::clip_view::{ClipView, Picture};
use super::estimate::Estimate;
use super::evaluation::Evaluation;
use super::experiment::RunEvent;
use super::keeper::TrainAfter;
use super::player::SoundDevices;
use super::recent::RecentStudy;
use super::run::RunId;
use super::state::{CountedCohort, Unmapped};
use super::thumbnails::MadeThumbnail;
use super::weights::ChosenWeights;
use crate::data::policy::Doubt;
use crate::data::sources::mapped::{Mapping, MappingCount};
use crate::data::study::StudyView;
use crate::data::study::scores::Scores;
use crate::data::study::settings::is_study;
use crate::data::table::{has_table_name, is_combined_table};
use crate::data::{Clip, LabelPolicy};
use crate::report::predictions::{self, Prediction};
use crate::report::{self, history};
use crate::spectrogram::LevelPyramid;
use crate::train::TrainConfig;
use crate::train::device::{self, DeviceInfo};
use crate::train::saved::{SavedRun, is_interrupted, is_run};

/// What a job reports.
pub(super) enum Event {
    /// How far the making or reading of datasets is.
    Loading { task: &'static str, detail: String, done: usize, total: usize },
    /// The weights of InceptionV3, chosen now or, where `is_new` is false, the last time.
    Weights { weights: ChosenWeights, is_new: bool },
    /// Trainings of the study that was opened, interrupted by the end of the program.
    Interrupted(Vec<PathBuf>),
    /// What an interrupted training was asked to do.
    Resumable { folder: PathBuf, config: Box<TrainConfig> },
    /// What a training with these settings will cost, or why that cannot be told.
    Estimated { config: Box<TrainConfig>, estimate: Result<Estimate, String> },
    /// Nothing is left to read.
    LoadingEnded,
    /// The study, after a change, and the scores of its recordings: their places may have changed.
    Study { view: Arc<StudyView>, scores: Arc<Scores> },
    /// The scores of the recordings of the study as it was published last, after another evaluation is shown.
    Scores(Arc<Scores>),
    /// The recordings that somebody wants to train on have been read.
    ReadyToTrain(TrainAfter),
    /// The studies that were open lately.
    Recent(Vec<RecentStudy>),
    /// A folder with tables that no dataset's layout fits.
    Unmapped(Unmapped),
    /// What a table in this folder would give with these columns, or why it cannot be told.
    MappingCounted { root: PathBuf, mapping: Mapping, count: Result<MappingCount, String> },
    /// Good to know.
    Note(String),
    /// What the opened paths are.
    Sorted(Sorted),
    /// The label policy of this file, and what in it may be mistyped.
    PolicyRead { path: PathBuf, policy: Box<LabelPolicy>, doubts: Vec<Doubt> },
    /// A saved run was read.
    RunOpened(Box<OpenedRun>),
    /// Predictions from a file.
    PredictionsOpened(Box<Evaluation>),
    /// What can compute, or why that is not known.
    Devices(Result<Vec<DeviceInfo>, String>),
    /// A recording is ready to be drawn.
    View { clip: Arc<Clip>, picture: Picture, view: Result<Arc<ClipView>, String> },
    /// The used recordings, counted; `None` where the counting was stopped.
    Cohort(Option<CountedCohort>),
    /// A small picture of a recording.
    Thumbnail(MadeThumbnail),
    /// What sound can be played on.
    SoundDevices(SoundDevices),
    /// The recording with this number has come to its end, or could not be played.
    SoundEnded { id: u64, failure: Option<String> },
    /// A run goes on.
    Run { id: RunId, event: RunEvent },
    /// A new recording has its answer.
    Predicted { path: PathBuf, run: RunId, outcome: Result<(f64, Arc<LevelPyramid>), String> },
    /// Those of these recordings that have no answer get none, for this reason.
    NotPredicted { paths: Arc<[PathBuf]>, run: RunId, reason: String },
    /// Figures and tables were written here.
    Exported(PathBuf),
    /// What was asked for did not happen, for this reason.
    Failed(String),
    /// The job has ended, well or not. Always its last report.
    Ended,
    /// The study's thread has done what it was asked.
    OrderEnded,
}

/// Opened paths by what they are.
#[derive(Default)]
pub(super) struct Sorted {
    /// Folders with datasets, and combined tables.
    pub folders: Vec<PathBuf>,
    pub studies: Vec<PathBuf>,
    pub runs: Vec<PathBuf>,
    /// Trainings that were interrupted.
    pub interrupted: Vec<PathBuf>,
    pub tables: Vec<PathBuf>,
    pub recordings: Vec<PathBuf>,
    pub weights: Vec<PathBuf>,
    pub missing: Vec<PathBuf>,
}

/// A saved run, read back.
pub(super) struct OpenedRun {
    pub saved: SavedRun,
    pub history: Vec<crate::eval::history::EpochRecord>,
    /// `None` where the run came without its table.
    pub predictions: Option<Vec<Prediction>>,
    /// Empty where the run came without its table.
    pub validation: Vec<Prediction>,
    pub answerer: Answerer,
    /// Recordings that were opened together with it.
    pub then_predict: Vec<PathBuf>,
}

/// Starts the body of a job on a thread with this name. Whether the operating system let it.
type Start = fn(&str, Box<dyn FnOnce() + Send>) -> bool;

/// Sends reports and wakes the screen.
#[derive(Clone)]
pub(super) struct Reporter {
    sender: SyncSender<Event>,
    wake: Wake,
    start: Start,
}

impl Reporter {
    pub fn new(sender: SyncSender<Event>, wake: Wake) -> Self {
        let start: Start = |name, body| std::thread::Builder::new().name(name.to_owned()).spawn(body).is_ok();
        Self { sender, wake, start }
    }

    /// The same on a machine that starts no thread.
    #[cfg(test)]
    pub fn without_threads(self) -> Self {
        Self { start: |_, _| false, ..self }
    }

    /// Sends a report that must arrive; waits while the queue is full. `Break` when the session is gone.
    pub fn send(&self, event: Event) -> ControlFlow<()> {
        let sent = self.sender.send(event);
        (self.wake)();
        if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Sends a report that may be dropped when the queue is full, since newer ones follow.
    pub fn try_send(&self, event: Event) -> ControlFlow<()> {
        let gone = matches!(self.sender.try_send(event), Err(TrySendError::Disconnected(_)));
        (self.wake)();
        if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Runs `job` on a thread of its own. Whatever happens, a panic included, [`Event::Ended`] is its last report; an error
    /// becomes what `failed` makes of it.
    ///
    /// Returns whether the thread could be started; if not, the job reports nothing.
    pub fn spawn(
        &self,
        name: &str,
        failed: impl FnOnce(String) -> Event + Send + 'static,
        job: impl FnOnce(&Self) -> Result<(), String> + Send + 'static,
    ) -> bool {
        let reporter = self.clone();
        let body = move || {
            // The session may be gone; then nobody is left to tell.
            if let Err(reason) = guarded(|| job(&reporter)) {
                let _ = reporter.send(failed(reason));
            }
            let _ = reporter.send(Event::Ended);
        };
        (self.start)(name, Box::new(body))
    }
}

/// `work`, with a panic turned into its words: a file that breaks a library must not take other answers with it.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(format!("Something went wrong inside the program: {}", panic_text(panic.as_ref()))))
}

/// The words of a panic.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no details".to_owned())
}

/// Tells datasets, runs, tables and recordings apart.
pub(super) fn sort_paths(paths: Vec<PathBuf>) -> Sorted {
    let mut sorted = Sorted::default();
    for path in paths {
        let is_table = has_table_name(&path);
        let is_weights = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
        let list = if !path.exists() {
            &mut sorted.missing
        } else if path.is_dir() {
            if is_run(&path) {
                &mut sorted.runs
            } else if is_interrupted(&path) {
                &mut sorted.interrupted
            } else if is_study(&path) {
                &mut sorted.studies
            } else {
                &mut sorted.folders
            }
        } else if is_weights {
            &mut sorted.weights
        } else if is_table {
            if is_combined_table(&path) { &mut sorted.folders } else { &mut sorted.tables }
        } else {
            &mut sorted.recordings
        };
        list.push(path);
    }
    sorted
}

/// Reads a saved run and makes its network ready.
pub(super) fn open_run(reporter: &Reporter, folder: &Path, then_predict: Vec<PathBuf>) -> Result<(), String> {
    let saved = SavedRun::open(folder).map_err(|error| error.to_string())?;
    // The processor answers as well as the card; after a card that failed in training it is the one that works.
    let trained_it = |selected: &device::Selected| selected.device.info.name == saved.result.device;
    let compute = device::select(&saved.config.device).ok().filter(trained_it);
    let compute = compute.map_or_else(device::flex, |selected| selected.device);
    let predictor = saved.predictor(&compute).map_err(|error| error.to_string())?;
    // Whoever passes a network on may keep back the tables, which name people and folders.
    let present = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    let history = present(report::HISTORY_TABLE)
        .map(|path| history::read(&path))
        .transpose()
        .map_err(|error| error.to_string())?;
    let table = |name: &str| present(name).map(|path| predictions::read(&path)).transpose();
    let predictions = table("predictions.csv").map_err(|error| error.to_string())?;
    let validation = table(report::VALIDATION_TABLE).map_err(|error| error.to_string())?.unwrap_or_default();
    let history = history.unwrap_or_default();
    let answerer = Answerer::new(predictor, saved.config.clone(), None);
    let opened = OpenedRun { saved, history, predictions, validation, answerer, then_predict };
    let _ = reporter.send(Event::RunOpened(Box::new(opened)));
    Ok(())
}

/// Reads a table of predictions.
pub(super) fn open_predictions(reporter: &Reporter, table: &Path) -> Result<(), String> {
    let evaluation = Evaluation::of_table(table)?;
    let _ = reporter.send(Event::PredictionsOpened(Box::new(evaluation)));
    Ok(())
}

/// A folder in `parent` that is not there yet, so that nothing is written over: `name`, or with a number behind.
pub(super) fn new_folder(parent: &Path, name: &str) -> PathBuf {
    (1..)
        .map(|number| if number == 1 { name.to_owned() } else { format!("{name}-{number}") })
        .map(|name| parent.join(name))
        .find(|folder| !folder.exists())
        .unwrap_or_else(|| parent.to_owned())
}
