//! The folder of one date in the target: what may be written there, and the record of what was.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ExtractError;
use super::names::{OWN_PREFIX, Refusal};
use super::parts::Archive;
use super::run::Run;
use crate::files::{FileError, TEMPORARY_PREFIX, write_atomic};

/// The name of a date's record.
const RECORD: &str = ".coughscope.json";
/// Largest record that is read; one has some hundred bytes.
const MOST_RECORD_BYTES: u64 = 1 << 16;

/// Written when an archive was read to its end and all of its files are on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Sizes of the archive's parts, in order: what tells this archive from another of its date.
    part_bytes: Vec<u64>,
    /// Files that were extracted.
    pub files: usize,
    /// Their size together.
    pub bytes: u64,
    /// Entries that were not extracted.
    pub refused: usize,
}

impl Record {
    pub fn new(archive: &Archive, files: usize, bytes: u64, refused: usize) -> Self {
        Self { part_bytes: part_bytes(archive), files, bytes, refused }
    }
}

/// The folder of one date. Only one thread has it.
pub(super) struct DateFolder {
    path: PathBuf,
    /// The last folder in it that was found to be one, with all that lead there.
    checked: Option<PathBuf>,
}

impl DateFolder {
    /// Opens the folder of this date, and makes it where it is missing; `None` when something else is in its place.
    pub fn open(target: &Path, date: &str) -> Result<Option<Self>, FileError> {
        let path = target.join(date);
        Ok(make_folder(&path)?.then_some(Self { path, checked: None }))
    }

    /// The folder of this date, where there is one.
    pub fn existing(target: &Path, date: &str) -> Option<Self> {
        let path = target.join(date);
        path.is_dir().then_some(Self { path, checked: None })
    }

    /// Removes what a killed extraction left, and counts the files.
    pub fn sweep(&self) -> Result<usize, FileError> {
        let mut files = 0;
        for entry in self.entries() {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy();
            if !entry.file_type().is_file() {
                continue;
            }
            if name.starts_with(TEMPORARY_PREFIX) {
                let remove = fs::remove_file(entry.path());
                remove.map_err(FileError::at("removing a temporary file", entry.path()))?;
            } else if !name.starts_with(OWN_PREFIX) {
                files += 1;
            }
        }
        Ok(files)
    }

    /// The record of an earlier extraction of this very archive.
    pub fn record(&self, archive: &Archive) -> Option<Record> {
        let mut text = Vec::new();
        File::open(self.path.join(RECORD)).ok()?.take(MOST_RECORD_BYTES).read_to_end(&mut text).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        (record.part_bytes == part_bytes(archive)).then_some(record)
    }

    /// Removes the record, so that files which do not belong to it are never taken for complete.
    pub fn forget(&self) -> Result<(), FileError> {
        let path = self.path.join(RECORD);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FileError { action: "removing the record of an earlier extraction", path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// Writes the record, after everything that it vouches for is on the disk.
    ///
    /// Files are not flushed one by one as they are written: a kill of the program takes nothing from the system's cache,
    /// and after a power cut there is no record, so the next extraction compares every file with the archive. Flushed
    /// together at the end, most are on the disk already.
    pub fn complete(&self, record: &Record, run: &Run, date: &str) -> Result<(), ExtractError> {
        for entry in self.entries() {
            let entry = entry?;
            if is_flushable(&entry) {
                flush(entry.path())?;
                run.report(date)?;
            }
        }
        let write = |out: &mut dyn io::Write| serde_json::to_writer_pretty(out, record).map_err(io::Error::from);
        write_atomic(&self.path.join(RECORD), "writing the record of the extraction", write)?;
        Ok(())
    }

    /// The whole path of the file at `below`, with its folders made; a refusal when something that is no folder leads
    /// there, or something that is no file is there.
    pub fn place(&mut self, below: &Path) -> Result<Result<PathBuf, Refusal>, FileError> {
        let path = self.path.join(below);
        if self.checked.as_deref() != path.parent() {
            let mut folder = self.path.clone();
            for part in below.parent().into_iter().flat_map(Path::components) {
                folder.push(part);
                if !make_folder(&folder)? {
                    return Ok(Err(Refusal::InTheWay));
                }
            }
            self.checked = Some(folder);
        }
        let is_free = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.is_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(FileError::at("looking for a recording", &path)(error)),
        };
        Ok(if is_free { Ok(path) } else { Err(Refusal::InTheWay) })
    }

    /// Everything below, links not followed.
    fn entries(&self) -> impl Iterator<Item = Result<walkdir::DirEntry, FileError>> {
        walkdir::WalkDir::new(&self.path).into_iter().map(|entry| {
            entry.map_err(|error| {
                let path = error.path().unwrap_or(&self.path).to_owned();
                FileError { action: "listing the folder of a date", path, source: error.into() }
            })
        })
    }
}

fn part_bytes(archive: &Archive) -> Vec<u64> {
    archive.parts().iter().map(|part| part.bytes).collect()
}

/// Whether there is a folder now: no link to one, and no file.
fn make_folder(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir(path).map_err(FileError::at("making a folder for recordings", path))?;
            Ok(true)
        }
        Err(error) => Err(FileError::at("looking for the folder of recordings", path)(error)),
    }
}

/// Windows flushes no folders; it keeps their entries safe itself.
fn is_flushable(entry: &walkdir::DirEntry) -> bool {
    entry.file_type().is_file() || cfg!(unix) && entry.file_type().is_dir()
}

fn flush(path: &Path) -> Result<(), FileError> {
    // Windows flushes only what is open for writing.
    match File::options().read(true).write(cfg!(windows)).open(path) {
        // Nothing of ours, then.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        opened => {
            opened.and_then(|file| file.sync_all()).map_err(FileError::at("flushing recordings to the disk", path))
        }
    }
}
