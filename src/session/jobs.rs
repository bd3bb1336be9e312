//! Background jobs: each runs on a named thread and reports over one bounded channel.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};

use super::Wake;
use super::clip_view::ClipView;
use super::evaluation::Evaluation;
use super::experiment::RunEvent;
use super::run::RunId;
use super::state::ClipId;
use crate::data::features::Features;
use crate::data::scan::{ScanProgress, SourceScan, scan};
use crate::data::split::{SplitConfig, SplitOutcome, split};
use crate::data::{Clip, LabelPolicy, demo};
use crate::report::history;
use crate::report::predictions::{self, Prediction};
use crate::spectrogram::SpectrogramConfig;
use crate::train::Predictor;
use crate::train::device::{self, DeviceInfo};
use crate::train::saved::{SavedRun, is_run};

/// What a job reports.
pub(super) enum Event {
    /// How far the making or reading of datasets is.
    Loading { task: &'static str, detail: String, done: usize, total: usize },
    /// What the opened paths are.
    Sorted(Sorted),
    /// The demo study is ready in this folder.
    DemoReady(PathBuf),
    /// Datasets were read.
    Scanned { generation: u64, sources: Vec<SourceScan>, synthetic: bool },
    /// The study's recordings fall into these parts.
    Split { generation: u64, outcome: Result<SplitOutcome, String> },
    /// A saved run was read.
    RunOpened(Box<OpenedRun>),
    /// Predictions from a file.
    PredictionsOpened(Box<Evaluation>),
    /// What can compute.
    Devices(Vec<DeviceInfo>),
    /// A recording is ready to be drawn.
    View { clip: ClipId, config: SpectrogramConfig, view: Result<Arc<ClipView>, String> },
    /// A run goes on.
    Run { id: RunId, event: RunEvent },
    /// A new recording has its answer.
    Predicted { path: PathBuf, run: RunId, outcome: Result<(f64, Arc<ClipView>), String> },
    /// Figures and tables were written here.
    Exported(PathBuf),
    /// What was asked for did not happen, for this reason.
    Failed(String),
    /// The job has ended, well or not. Always its last report.
    Ended,
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
    pub predictions: Vec<Prediction>,
    pub predictor: Predictor,
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
    /// becomes [`Event::Failed`].
    ///
    /// Returns whether the thread could be started; if not, the job reports nothing.
    pub fn spawn(&self, name: &str, job: impl FnOnce(&Self) -> Result<(), String> + Send + 'static) -> bool {
        let reporter = self.clone();
        let body = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| job(&reporter)));
            let failure = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(reason),
                Err(panic) => Some(format!("Something went wrong inside the program: {}", panic_text(panic.as_ref()))),
            };
            // The session may be gone; then nobody is left to tell.
            if let Some(reason) = failure {
                let _ = reporter.send(Event::Failed(reason));
            }
            let _ = reporter.send(Event::Ended);
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(body).is_ok()
    }
}

/// The words of a panic.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
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
    generation: u64,
) -> Result<(), String> {
    let progress = |progress: ScanProgress<'_>| match progress {
        ScanProgress::Found { source, root, recordings } => reporter.send(Event::Loading {
            task: "Reading recordings",
            detail: format!("{}: {recordings} recordings in {}", source.name(), root.display()),
            done: 0,
            total: 0,
        }),
        ScanProgress::Decoded { done, total, path } => reporter.try_send(Event::Loading {
            task: "Reading recordings",
            detail: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            done,
            total,
        }),
    };
    let sources = scan(folders, policy, &progress).map_err(|error| error.to_string())?;
    let synthetic =
        folders.iter().any(|folder| demo::is_demo(folder)) || sources.iter().any(|source| demo::is_demo(&source.root));
    let _ = reporter.send(Event::Scanned { generation, sources, synthetic });
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
pub(super) fn make_demo(reporter: &Reporter, folder: &Path) -> Result<(), String> {
    let progress = |done, total| {
        let task = "Making the demo study";
        reporter.try_send(Event::Loading { task, detail: "synthetic recordings".to_owned(), done, total })
    };
    let study = demo::generate(folder, &demo::DemoConfig::default(), &progress).map_err(|error| error.to_string())?;
    let _ = reporter.send(Event::DemoReady(study.root));
    Ok(())
}

/// Reads a saved run and makes its network ready.
pub(super) fn open_run(reporter: &Reporter, folder: &Path) -> Result<(), String> {
    let saved = SavedRun::open(folder).map_err(|error| error.to_string())?;
    let selected = device::select(&saved.config.device).unwrap_or_else(|_| device::Selected {
        device: device::flex(),
        fallback: None, // A run is opened to be looked at; the CPU answers as well as the card that trained it.
    });
    let predictor = saved.predictor(&selected.device).map_err(|error| error.to_string())?;
    let history = history::read(&folder.join("history.csv")).map_err(|error| error.to_string())?;
    let predictions = predictions::read(&folder.join("predictions.csv")).map_err(|error| error.to_string())?;
    let _ = reporter.send(Event::RunOpened(Box::new(OpenedRun { saved, history, predictions, predictor })));
    Ok(())
}

/// Reads a table of predictions.
pub(super) fn open_predictions(reporter: &Reporter, table: &Path) -> Result<(), String> {
    let predictions = predictions::read(table).map_err(|error| error.to_string())?;
    let title = table.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let evaluation = Evaluation::new(title, None, predictions, None, false)
        .map_err(|error| format!("These predictions cannot be evaluated: {error} ({})", table.display()))?;
    let _ = reporter.send(Event::PredictionsOpened(Box::new(evaluation)));
    Ok(())
}

/// Scores one new recording exactly as the training recordings were prepared.
pub(super) fn predict(
    predictor: &Predictor,
    path: &Path,
    config: &SpectrogramConfig,
) -> Result<(f64, Arc<ClipView>), String> {
    // One bad file, even one that breaks a library, must not take the answers for the others with it.
    catch_unwind(AssertUnwindSafe(|| {
        let view = ClipView::load(path, config)?;
        let features = Features::from_spectrogram(&view.spectrogram);
        let score = predictor.score(&features).ok_or("The network gave no number; open the run again")?;
        Ok((score, Arc::new(view)))
    }))
    .unwrap_or_else(|panic| Err(format!("Something went wrong inside the program: {}", panic_text(panic.as_ref()))))
}
