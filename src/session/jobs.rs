//! Background jobs: each runs on a named thread and reports over one bounded channel.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::Wake;
use super::clip_view::ClipView;
use super::evaluation::Evaluation;
use super::experiment::RunEvent;
use super::run::RunId;
use super::update::unless;
use crate::audio;
use crate::data::features::Features;
use crate::data::scan::{Scan, ScanError, ScanProgress, SourceScan, drop_repeated, scan};
use crate::data::split::{SplitConfig, SplitOutcome, split};
use crate::data::{Clip, LabelPolicy, demo};
use crate::report::predictions::{self, Prediction};
use crate::report::{self, history};
use crate::spectrogram::{Spectrogram, SpectrogramConfig};
use crate::train::Predictor;
use crate::train::device::{self, DeviceInfo};
use crate::train::saved::{SavedRun, is_run};

/// What a job reports.
pub(super) enum Event {
    /// How far the making or reading of datasets is.
    Loading { generation: u64, task: &'static str, detail: String, done: usize, total: usize },
    /// What the opened paths are.
    Sorted(Sorted),
    /// The demo study is ready in this folder.
    DemoReady { generation: u64, folder: PathBuf, then: Option<TrainAfter> },
    /// Datasets were read.
    Scanned { generation: u64, scanned: Scanned, then: Option<TrainAfter> },
    /// Datasets could not be made or read, for this reason.
    LoadingFailed { generation: u64, reason: String },
    /// The study's recordings fall into these parts.
    Split { generation: u64, outcome: Result<SplitOutcome, String> },
    /// A saved run was read.
    RunOpened(Box<OpenedRun>),
    /// Predictions from a file.
    PredictionsOpened(Box<Evaluation>),
    /// What can compute.
    Devices(Vec<DeviceInfo>),
    /// A recording is ready to be drawn.
    View { clip: Arc<Clip>, config: SpectrogramConfig, view: Result<Arc<ClipView>, String> },
    /// A run goes on.
    Run { id: RunId, event: RunEvent },
    /// A new recording has its answer.
    Predicted { path: PathBuf, run: RunId, outcome: Result<(f64, Arc<Spectrogram>), String> },
    /// Figures and tables were written here.
    Exported(PathBuf),
    /// What was asked for did not happen, for this reason.
    Failed(String),
    /// The job has ended, well or not. Always its last report.
    Ended,
}

/// The folder of a dataset that is open, and its recordings.
pub(super) type OpenSource = (PathBuf, Vec<Arc<Clip>>);

/// Datasets that were read.
pub(super) struct Scanned {
    pub sources: Vec<SourceScan>,
    /// Roots of open datasets that these take the place of.
    pub replaced: Vec<PathBuf>,
    /// Something among them was made up.
    pub synthetic: bool,
}

/// A wish to make or read datasets.
pub(super) enum Load {
    /// The demo study, and what to do with it.
    Demo(Option<TrainAfter>),
    /// Folders with datasets.
    Folders(Vec<PathBuf>),
}

/// The wish to train as soon as the recordings have been read.
pub(super) struct TrainAfter {
    /// Where to save the run; `None` picks a new folder in the user's data folder.
    pub folder: Option<PathBuf>,
}

/// Opened paths by what they are.
#[derive(Default)]
pub(super) struct Sorted {
    pub folders: Vec<PathBuf>,
    pub runs: Vec<PathBuf>,
    pub tables: Vec<PathBuf>,
    pub recordings: Vec<PathBuf>,
    pub missing: Vec<PathBuf>,
}

/// A saved run, read back.
pub(super) struct OpenedRun {
    pub saved: SavedRun,
    pub history: Vec<crate::eval::history::EpochRecord>,
    /// `None` where the run came without its table.
    pub predictions: Option<Vec<Prediction>>,
    pub predictor: Predictor,
    /// Recordings that were opened together with it.
    pub then_predict: Vec<PathBuf>,
}

/// Sends reports and wakes the screen.
#[derive(Clone)]
pub(super) struct Reporter {
    sender: SyncSender<Event>,
    wake: Wake,
}

impl Reporter {
    pub fn new(sender: SyncSender<Event>, wake: Wake) -> Self {
        Self { sender, wake }
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
        std::thread::Builder::new().name(name.to_owned()).spawn(body).is_ok()
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
        let is_table = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let list = if !path.exists() {
            &mut sorted.missing
        } else if path.is_dir() {
            if is_run(&path) { &mut sorted.runs } else { &mut sorted.folders }
        } else if is_table {
            &mut sorted.tables
        } else {
            &mut sorted.recordings
        };
        list.push(path);
    }
    sorted
}

/// Reads the datasets in `folders`.
pub(super) fn scan_folders(
    reporter: &Reporter,
    folders: &[PathBuf],
    policy: &LabelPolicy,
    open: &[OpenSource],
    then: Option<TrainAfter>,
    generation: u64,
    stop: &AtomicBool,
) -> Result<(), String> {
    let task = "Reading recordings";
    let progress = |progress: ScanProgress<'_>| {
        let sent = match progress {
            ScanProgress::Found { source, root, recordings } => {
                let detail = format!("{}: {recordings} recordings in {}", source.name(), root.display());
                reporter.send(Event::Loading { generation, task, detail, done: 0, total: 0 })
            }
            ScanProgress::Decoded { done, total, path } => {
                let detail = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                reporter.try_send(Event::Loading { generation, task, detail, done, total })
            }
        };
        if sent.is_break() { sent } else { unless(stop) }
    };
    let Scan { mut sources, problems } = match scan(folders, policy, &progress) {
        Ok(found) => found,
        Err(ScanError::Cancelled) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    // A folder that is opened again is read anew; a recording that is open from elsewhere is not taken twice.
    let replaces = |(root, _): &&OpenSource| sources.iter().any(|new| new.is_of(root));
    let (replaced, kept): (Vec<_>, Vec<_>) = open.iter().partition(replaces);
    let replaced: Vec<PathBuf> = replaced.into_iter().map(|(root, _)| root.clone()).collect();
    if !kept.is_empty() {
        drop_repeated(&mut sources, kept.into_iter().flat_map(|(_, clips)| clips).map(Arc::as_ref));
    }
    for problem in problems {
        let _ = reporter.send(Event::Failed(problem.to_string()));
    }
    let synthetic =
        folders.iter().any(|folder| demo::is_demo(folder)) || sources.iter().any(|source| demo::is_demo(&source.root));
    let _ = reporter.send(Event::Scanned { generation, scanned: Scanned { sources, replaced, synthetic }, then });
    Ok(())
}

/// Deals the used recordings to parts, to show what training will do.
pub(super) fn split_clips(reporter: &Reporter, clips: &[Arc<Clip>], config: &SplitConfig, generation: u64) {
    let items: Vec<_> =
        clips.iter().filter_map(|clip| clip.verdict.label().map(|label| (&clip.person, label))).collect();
    let outcome = split(&items, config).map_err(|error| error.to_string());
    let _ = reporter.send(Event::Split { generation, outcome });
}

/// Makes the demo study, or takes the one that is there.
pub(super) fn make_demo(
    reporter: &Reporter,
    folder: &Path,
    then: Option<TrainAfter>,
    generation: u64,
    stop: &AtomicBool,
) -> Result<(), String> {
    let progress = |done, total| {
        let (task, detail) = ("Making the demo study", "synthetic recordings".to_owned());
        let sent = reporter.try_send(Event::Loading { generation, task, detail, done, total });
        if sent.is_break() { sent } else { unless(stop) }
    };
    match demo::generate(folder, &demo::DemoConfig::default(), &progress) {
        Ok(study) => {
            let _ = reporter.send(Event::DemoReady { generation, folder: study.root, then });
            Ok(())
        }
        Err(demo::DemoError::Stopped) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
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
    let predictions = present("predictions.csv").map(|path| predictions::read(&path)).transpose();
    let predictions = predictions.map_err(|error| error.to_string())?;
    let history = history.unwrap_or_default();
    let opened = OpenedRun { saved, history, predictions, predictor, then_predict };
    let _ = reporter.send(Event::RunOpened(Box::new(opened)));
    Ok(())
}

/// Reads a table of predictions.
pub(super) fn open_predictions(reporter: &Reporter, table: &Path) -> Result<(), String> {
    let evaluation = Evaluation::of_table(table)?;
    let _ = reporter.send(Event::PredictionsOpened(Box::new(evaluation)));
    Ok(())
}

/// Scores one new recording exactly as the training recordings were prepared.
pub(super) fn predict(
    predictor: &Predictor,
    path: &Path,
    config: &SpectrogramConfig,
) -> Result<(f64, Arc<Spectrogram>), String> {
    guarded(|| {
        let recording = audio::decode(path).map_err(|error| error.to_string())?;
        let spectrogram = Spectrogram::compute(&recording, config).map_err(|error| error.to_string())?;
        let features = Features::from_spectrogram(&spectrogram);
        let score = predictor.score(&features).ok_or("The network gave no number; open the run again")?;
        Ok((score, Arc::new(spectrogram)))
    })
}

/// A folder in `parent` that is not there yet, so that no other report and no run is written over.
pub(super) fn new_report_folder(parent: &Path, title: &str) -> PathBuf {
    let stem = Path::new(title).file_stem().map_or_else(|| title.into(), |stem| stem.to_string_lossy());
    (1..)
        .map(|number| if number == 1 { format!("{stem}-report") } else { format!("{stem}-report-{number}") })
        .map(|name| parent.join(name))
        .find(|folder| !folder.exists())
        .unwrap_or_else(|| parent.to_owned())
}
