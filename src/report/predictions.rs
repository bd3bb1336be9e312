//! Predictions as a table: `path,person,label,score`.

use std::path::{Path, PathBuf};

use csv::StringRecord;

use crate::data::{Label, PersonId, path_text};
use crate::eval::ThresholdTable;
use crate::files::{FileError, write_atomic};

/// What a model said of one recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The recording, where known.
    pub path: Option<PathBuf>,
    /// Whose it is, where known.
    pub person: Option<PersonId>,
    /// The truth.
    pub label: Label,
    /// The model's score for [`Label::Sick`]; usually 0 to 1, not finite where the model failed.
    pub score: f64,
}

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no table.
    #[error("the table cannot be read: {source} ({})", path.display())]
    Csv {
        /// What is wrong, with the line.
        source: csv::Error,
        /// The file.
        path: PathBuf,
    },
    /// A column that is needed does not occur.
    #[error("the table has no column `{column}`; its columns are: {found} ({})", path.display())]
    MissingColumn {
        /// The name that was looked for.
        column: &'static str,
        /// The names that occur.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// A cell that makes no sense.
    #[error("line {line}: `{column}` must be {expected}, not `{actual}` ({})", path.display())]
    Cell {
        /// Line in the file, from 1.
        line: u64,
        /// Name of the column.
        column: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        actual: String,
        /// The file.
        path: PathBuf,
    },
}

/// The table that thresholds are looked up in; excluded positions are those in `predictions`.
#[must_use]
pub fn threshold_table(predictions: &[Prediction]) -> ThresholdTable {
    ThresholdTable::from_pairs(predictions.iter().map(|prediction| (prediction.label.is_positive(), prediction.score)))
}

/// Reads a table with a header. Columns are found by name, in any order and case: `label` (0, 1, healthy or sick) and
/// `score` are needed, `path` and `person` used where they occur, others ignored.
///
/// # Errors
/// [`TableError`] naming the line and the column.
pub fn read(path: &Path) -> Result<Vec<Prediction>, TableError> {
    let file = std::fs::File::open(path).map_err(FileError::at("opening the predictions", path))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let csv_error = |source| TableError::Csv { source, path: path.to_owned() };
    let columns = Columns::find(reader.headers().map_err(csv_error)?, path)?;
    reader.records().map(|record| columns.prediction(&record.map_err(csv_error)?, path)).collect()
}

/// Writes the table that [`read`] reads, with its paths as [`path_text`] says.
///
/// # Errors
/// [`FileError`] when the file cannot be written.
pub fn write(path: &Path, predictions: &[Prediction]) -> Result<(), FileError> {
    write_atomic(path, "writing the predictions", |out| {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(["path", "person", "label", "score"])?;
        for prediction in predictions {
            let recording = prediction.path.as_deref().map(path_text::to_text).unwrap_or_default();
            let person = prediction.person.as_ref().map_or("", |person| person.0.as_str());
            table.write_record([
                recording.as_str(),
                person,
                &prediction.label.to_string(),
                &prediction.score.to_string(),
            ])?;
        }
        table.flush()
    })
}

/// Where the columns are.
struct Columns {
    path: Option<usize>,
    person: Option<usize>,
    label: usize,
    score: usize,
}

impl Columns {
    fn find(header: &StringRecord, path: &Path) -> Result<Self, TableError> {
        // Excel puts a byte order mark before the first name.
        let names: Vec<&str> = header.iter().map(|name| name.trim_start_matches('\u{feff}')).collect();
        let position = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let needed = |column| {
            position(column).ok_or_else(|| TableError::MissingColumn {
                column,
                found: names.join(", "),
                path: path.to_owned(),
            })
        };
        Ok(Self {
            path: position("path"),
            person: position("person"),
            label: needed("label")?,
            score: needed("score")?,
        })
    }

    fn prediction(&self, record: &StringRecord, path: &Path) -> Result<Prediction, TableError> {
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let optional = |column: Option<usize>| column.map(cell).filter(|text| !text.is_empty());
        let wrong = |column, expected, actual: &str| TableError::Cell {
            line: record.position().map_or(0, csv::Position::line),
            column,
            expected,
            actual: actual.to_owned(),
            path: path.to_owned(),
        };
        let (label, score) = (cell(self.label), cell(self.score));
        Ok(Prediction {
            path: optional(self.path).map(|text| path_text::meant(text, Path::new(""))),
            person: optional(self.person).map(|person| PersonId(person.to_owned())),
            label: parse_label(label).ok_or_else(|| wrong("label", "0, 1, healthy or sick", label))?,
            score: score.parse().map_err(|_| wrong("score", "a number", score))?,
        })
    }
}

/// A label as tables write it.
fn parse_label(text: &str) -> Option<Label> {
    let numbered = |label: Label| if label.is_positive() { "1" } else { "0" };
    Label::ALL.into_iter().find(|label| text == numbered(*label) || text.eq_ignore_ascii_case(&label.to_string()))
}
