//! What a run leaves behind for papers, slides and other programs: figures, tables, numbers.

pub mod analysis;
pub mod cohort;
pub mod figures;
pub mod history;
pub mod npy;
pub mod predictions;
pub mod summary;

use std::path::{Path, PathBuf};

pub use predictions::{Prediction, threshold_table};
pub use summary::{Summary, ThresholdOrigin};

use crate::data::Label;
use crate::eval::history::EpochRecord;
use crate::eval::{ClassificationReport, ThresholdTable};
use crate::files::{FileError, write_atomic};
use crate::train::saved;
use crate::units::counted;
use figures::{Caption, FigureError};

/// What a report is made from.
#[derive(Clone, Debug)]
pub struct ReportInput<'a> {
    /// Scores with their truth, in the order in which they are written.
    pub predictions: &'a [Prediction],
    /// Called sick at this score or more.
    pub threshold: f64,
    /// Where the threshold comes from; said in every file.
    pub threshold_origin: ThresholdOrigin,
    /// The course of training, where it is known.
    pub history: Option<&'a [EpochRecord]>,
    /// The first line beneath every figure's name and the head of the text report.
    pub title: &'a str,
    /// What a reader must know, for example that the data are synthetic; stands on every figure.
    pub notes: &'a [String],
    /// Lines about the notes that only the text report has room for.
    pub details: &'a [String],
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A figure could not be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
}

/// Draws a figure that needs predictions only, as SVG.
type Drawing = fn(&ThresholdTable, &ReportInput, &Caption) -> String;

/// The figures that need predictions only.
const FIGURES: [(&str, Drawing); 4] = [
    ("roc_auc.png", |table, input, caption| figures::roc(table, input.threshold, caption)),
    ("recall_vs_precision.png", |table, input, caption| figures::precision_recall(table, input.threshold, caption)),
    ("confusion_matrix.png", |table, input, caption| {
        figures::confusion_matrix(&table.confusion_at(input.threshold), input.threshold, caption)
    }),
    ("score_histogram.png", |_, input, caption| {
        let scores: Vec<_> = input.predictions.iter().map(|one| (one.label.is_positive(), one.score)).collect();
        figures::score_histogram(&scores, input.threshold, caption)
    }),
];

/// The figures that need the course of training.
const HISTORY_FIGURES: [&str; 2] = ["loss_history.png", "accuracy_history.png"];

/// The arrays of the paper's scripts, for NumPy: scores of both classes, shape `[recordings, 2]`; labels, 1 = sick.
const ARRAYS: [&str; 2] = ["test_predict.npy", "test_labels.npy"];

/// The course of training for NumPy, shape `[epochs, 4]`: training loss and accuracy, validation loss and accuracy.
const HISTORY_ARRAY: &str = "history.npy";

/// The tables of every report.
const TABLES: [&str; 4] = ["metrics.json", "metrics.csv", "classification_report.txt", "predictions.csv"];

/// Writes figures (`roc_auc.png`, `recall_vs_precision.png`, `confusion_matrix.png`, `score_histogram.png`, and with a
/// history `loss_history.png`, `accuracy_history.png`), `metrics.json`, `metrics.csv`, `classification_report.txt` and
/// `predictions.csv`, and the arrays of the paper's scripts (`test_predict.npy`, `test_labels.npy`, `history.npy`) into `folder`, which is made where it is missing. Returns the files, in the order written.
///
/// Values that are not defined for these predictions are named as such in every file.
///
/// # Errors
/// [`ReportError`] at the first file that cannot be written; those before it stay.
pub fn write_report(folder: &Path, input: &ReportInput) -> Result<Vec<PathBuf>, ReportError> {
    let table = threshold_table(input.predictions);
    let mut notes = input.notes.to_vec();
    if input.threshold_origin == ThresholdOrigin::Exploratory {
        notes.push(input.threshold_origin.in_words().to_owned());
    }
    let caption = Caption { title: input.title.to_owned(), notes };
    let mut written = Vec::new();
    for (name, drawing) in FIGURES {
        written.push(write_figure(folder, name, &drawing(&table, input, &caption))?);
    }
    if let Some(history) = input.history {
        let [loss, accuracy] = HISTORY_FIGURES;
        written.push(write_figure(folder, loss, &figures::loss_history(history, &caption))?);
        written.push(write_figure(folder, accuracy, &figures::accuracy_history(history, &caption))?);
    }
    written.extend(write_tables(folder, input, &table)?);
    written.extend(write_arrays(folder, input.predictions)?);
    written.extend(input.history.map(|history| write_history_array(folder, history)).transpose()?);
    Ok(written)
}

fn write_history_array(folder: &Path, history: &[EpochRecord]) -> Result<PathBuf, FileError> {
    let row = |record: &EpochRecord| {
        [record.train_loss, record.train_accuracy, record.validation_loss, record.validation_accuracy]
    };
    let path = folder.join(HISTORY_ARRAY);
    npy::write_rows(&path, &history.iter().map(row).collect::<Vec<_>>())?;
    Ok(path)
}

fn write_arrays(folder: &Path, predictions: &[Prediction]) -> Result<[PathBuf; 2], FileError> {
    let [scores, labels] = ARRAYS.map(|name| folder.join(name));
    npy::write_rows(&scores, &predictions.iter().map(|one| [1.0 - one.score, one.score]).collect::<Vec<_>>())?;
    npy::write(&labels, &predictions.iter().map(|one| i64::from(one.label.is_positive())).collect::<Vec<_>>())?;
    Ok([scores, labels])
}

/// The history as a table, in a run's folder.
pub const HISTORY_TABLE: &str = "history.csv";

/// The scores of the validation part, in a run's folder.
pub const VALIDATION_TABLE: &str = "validation_predictions.csv";

/// Every file of a report.
fn report_files() -> impl Iterator<Item = &'static str> {
    FIGURES.iter().map(|(name, _)| *name).chain(HISTORY_FIGURES).chain(TABLES).chain(ARRAYS).chain([HISTORY_ARRAY])
}

/// Whether a new run may be saved in `folder` without writing over anything: it is missing, empty, or holds only what an
/// interrupted run left behind.
#[must_use]
pub fn may_hold_run(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return !folder.exists() };
    let names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    let ours = || {
        let of_run = [saved::CONFIG_FILE, saved::MODEL_FILE, HISTORY_TABLE, VALIDATION_TABLE];
        let known: Vec<&str> = report_files().chain(of_run).collect();
        saved::has_settings(folder) && names.iter().all(|name| known.iter().any(|ours| name == ours))
    };
    names.is_empty() || ours()
}

/// Whether a report may be written into `folder`: not over a run, whose numbers belong to its own threshold, and not over
/// somebody's tables. An earlier report is replaced.
#[must_use]
pub fn may_write(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    let earlier_report = has("metrics.json") && has("classification_report.txt");
    !saved::is_run(folder) && (earlier_report || !report_files().any(has))
}

fn write_figure(folder: &Path, name: &str, svg: &str) -> Result<PathBuf, ReportError> {
    let (path, picture) = (folder.join(name), figures::png(svg)?);
    write_atomic(&path, "writing the figure", |out| out.write_all(&picture))?;
    Ok(path)
}

fn write_tables(folder: &Path, input: &ReportInput, table: &ThresholdTable) -> Result<[PathBuf; 4], ReportError> {
    let [json, csv, text, list] = TABLES.map(|name| folder.join(name));
    write_atomic(&json, "writing the metrics", |out| {
        serde_json::to_writer_pretty(&mut *out, &Summary::new(table, input.threshold, input.threshold_origin))?;
        out.write_all(b"\n")
    })?;
    write_atomic(&csv, "writing the metrics", |out| {
        summary::write_csv(out, table, input.threshold, input.threshold_origin)
    })?;
    let report = classification_report(input, table);
    write_atomic(&text, "writing the report", |out| out.write_all(report.as_bytes()))?;
    predictions::write(&list, input.predictions)?;
    Ok([json, csv, text, list])
}

/// The classification report with its title and notes; rows are the true classes.
fn classification_report(input: &ReportInput, table: &ThresholdTable) -> String {
    let [healthy, sick] = Label::ALL.map(|label| label.to_string());
    let report = ClassificationReport::new(&table.confusion_at(input.threshold), [&healthy, &sick]);
    let mut head = vec![input.title.to_owned()];
    head.extend(input.notes.iter().cloned());
    head.extend(input.details.iter().map(|line| format!("  {line}")));
    head.push(format!("Called sick at a score of {} or more; rows are the true classes", input.threshold));
    head.push(input.threshold_origin.in_words().to_owned());
    if !table.excluded().is_empty() {
        let left_out = counted(
            table.excluded().len(),
            "recording without a finite score is",
            "recordings without a finite score are",
        );
        head.push(format!("{left_out} left out"));
    }
    format!("{}\n\n{report}", head.join("\n"))
}
