//! The course of a training run as a table, `history.csv`: one line for each epoch.

use std::path::Path;

use super::predictions::TableError;
use crate::eval::history::EpochRecord;
use crate::files::{FileError, write_atomic};

/// Writes one line for each epoch; the columns are the fields of [`EpochRecord`].
///
/// # Errors
/// [`FileError`] when the file cannot be written.
pub fn write(path: &Path, history: &[EpochRecord]) -> Result<(), FileError> {
    write_atomic(path, "writing the training history", |out| {
        let mut table = csv::Writer::from_writer(out);
        for record in history {
            table.serialize(record)?;
        }
        table.flush()
    })
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`TableError`] when the file cannot be read or a line is not an epoch.
pub fn read(path: &Path) -> Result<Vec<EpochRecord>, TableError> {
    let file = std::fs::File::open(path).map_err(FileError::at("opening the training history", path))?;
    let records = csv::Reader::from_reader(file).into_deserialize();
    records.collect::<Result<_, _>>().map_err(|source| TableError::Csv { source, path: path.to_owned() })
}
