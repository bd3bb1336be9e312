//! Coswara's split archives: joined, unpacked, and put where the reader of the dataset looks for them.
//!
//! ```text
//! <root>/20200413/20200413.tar.gz.{aa,ab,...}  ->  <root>/Extracted_data/20200413/<id>/{cough-heavy.wav,...}
//! ```
//! The dataset's own script needs a Unix shell. This one streams: no archive and no file is ever held in memory.
//!
//! An archive comes from the internet, so nothing in it is believed. Only regular files are written, by us, under names
//! that [`place`] has checked; links, devices and sparse files are refused, permissions and owners are not applied, and
//! links in the target are not followed. This holds against any archive and whatever lies in the target beforehand, not
//! against another program that swaps folders for links meanwhile.
//!
//! An extraction may be cut off at any moment and begun again. A file gets its name when it is whole. A file that is
//! there already is compared with the archive, which has to be read through anyway, and is written again only if it
//! differs. A date that is complete has a record of the sizes of its archive's parts, and is passed over as long as these
//! stay the same.

mod folder;
mod names;
mod parts;
mod read;
mod run;
mod store;
mod unpack;

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

pub use names::{Refusal, place};
pub(super) use parts::EXTRACTED;
pub use parts::{Archive, Part, default_target, find};
pub use run::OnProgress;

use super::path_text;
use crate::files::FileError;
use folder::DateFolder;
use run::Run;

/// Held by the one extraction that may write to a target. It stays behind, empty.
const LOCK: &str = ".coughscope.lock";

/// How far an extraction is. Given often, from several threads; whoever shows it should thin it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractProgress<'a> {
    /// The archive that is being read by the thread that reports.
    pub date: &'a str,
    /// Compressed bytes that are done, over all archives. Threads may report out of order.
    pub bytes_done: u64,
    /// Compressed bytes of all archives that can be read.
    pub bytes_total: u64,
    /// Files that are in place, over all archives.
    pub files: usize,
}

/// What an extraction did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extracted {
    /// The folder with the dates.
    #[serde(serialize_with = "path_text::serialize")]
    pub target: PathBuf,
    /// Each archive, in the order given.
    pub archives: Vec<ArchiveReport>,
    /// Entries that were not extracted, at most 100 of each archive.
    pub refused: Vec<RefusedEntry>,
}

/// What became of one archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchiveReport {
    /// Its date, `YYYYMMDD`.
    pub date: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its files that are in place now.
    pub files: usize,
    /// Those of them that were not there before, or were different.
    pub written: usize,
    /// Their size together.
    pub bytes: u64,
    /// Entries that were not extracted.
    pub refused: usize,
}

/// How an archive ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Read to its end.
    Complete,
    /// Passed over: an earlier extraction read it to its end.
    CompleteBefore,
    /// Not read, or not to its end. The files that came out whole are kept.
    Incomplete(Problem),
}

/// What is wrong with one archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// Parts are not there although a later one is.
    #[error("parts are missing; download them again: {} ({})", listed(names), path.display())]
    MissingParts {
        /// The names of the missing parts.
        names: Vec<String>,
        /// The folder that they belong in.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
    /// Another archive has the same date.
    #[error("a second archive of the same date is left out; remove one of the two ({})", path.display())]
    Twin {
        /// The folder of the one that was left out.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
    /// The operating system cannot read a part.
    #[error("a part cannot be read: {reason}; download it again ({})", path.display())]
    Unreadable {
        /// What it said.
        reason: String,
        /// The part.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
    /// The bytes are no archive from some point on.
    #[error("the archive is damaged: {reason}; download its parts again ({})", path.display())]
    Damaged {
        /// What is wrong.
        reason: String,
        /// The folder with its parts.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
    /// It unpacks to more than sound does.
    #[error(
        "the archive unpacks to more than {} MB, which sound does not; is it the right one? ({})",
        limit_bytes / 1_000_000,
        path.display()
    )]
    TooLarge {
        /// What it may unpack to.
        limit_bytes: u64,
        /// The folder with its parts.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
    /// It has more files than the whole dataset.
    #[error("the archive has more than {limit} files; is it the right one? ({})", path.display())]
    TooManyFiles {
        /// How many it may have.
        limit: usize,
        /// The folder with its parts.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
    /// The target has a link or a file in place of the date's folder.
    #[error("a link or file is in the place of the folder for this date; move it away ({})", path.display())]
    InTheWay {
        /// The link or file.
        #[serde(serialize_with = "path_text::serialize")]
        path: PathBuf,
    },
}

/// An entry of an archive that was not extracted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedEntry {
    /// The archive.
    pub date: String,
    /// The entry's name as in the archive, escaped and cut.
    pub name: String,
    /// Why.
    pub reason: Refusal,
}

/// Why an extraction ended before its time. Nothing is lost: the next one goes on where it stopped. A broken archive
/// never ends one.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The progress callback asked to stop.
    #[error("the extraction was cancelled; extract again to go on where it stopped")]
    Cancelled,
    /// Another extraction is at work in the same folder.
    #[error("another extraction writes to this folder; wait for its end ({})", path.display())]
    Busy {
        /// The target.
        path: PathBuf,
    },
    /// No room.
    #[error("the disk is full; make room and extract again to go on where it stopped ({})", path.display())]
    DiskFull {
        /// The file for which there was no room.
        path: PathBuf,
    },
    /// The target cannot be written to.
    #[error(transparent)]
    File(FileError),
}

impl From<FileError> for ExtractError {
    fn from(error: FileError) -> Self {
        match error.source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path: error.path },
            _ => Self::File(error),
        }
    }
}

impl Extracted {
    /// Files in place now, over all archives.
    #[must_use]
    pub fn files(&self) -> usize {
        self.archives.iter().map(|archive| archive.files).sum()
    }

    /// Entries that were not extracted, also those that are not listed.
    #[must_use]
    pub fn refused_count(&self) -> usize {
        self.archives.iter().map(|archive| archive.refused).sum()
    }

    /// The archives that could not be read to their end, by date.
    pub fn problems(&self) -> impl Iterator<Item = (&str, &Problem)> {
        self.archives.iter().filter_map(|archive| match &archive.outcome {
            Outcome::Incomplete(problem) => Some((archive.date.as_str(), problem)),
            Outcome::Complete | Outcome::CompleteBefore => None,
        })
    }
}

impl ArchiveReport {
    fn new(date: &str, outcome: Outcome) -> Self {
        Self { date: date.to_owned(), outcome, files: 0, written: 0, bytes: 0, refused: 0 }
    }
}

/// How many archives of the dataset in `root` are still to be extracted to the [default place](default_target): those that
/// nobody has begun, and those that an earlier [`extract`] has not read to their end.
///
/// # Errors
/// [`FileError`] when `root` cannot be listed.
pub fn left_to_extract(root: &Path) -> Result<usize, FileError> {
    let target = default_target(root)?;
    // Other programs leave no record; what they have extracted is taken to be whole.
    let is_ours = target.join(LOCK).exists();
    let is_left = |archive: &Archive| {
        DateFolder::existing(&target, archive.date()).is_none_or(|folder| is_ours && folder.record(archive).is_none())
    };
    Ok(find(root)?.iter().filter(|archive| is_left(archive)).count())
}

/// Extracts these archives to `<target>/<date>/`, several at once, and makes `target` where it is missing.
///
/// A new `target` that would stay without a file is removed again. `progress` may end the extraction with `Break`. An archive that cannot be read to its end does not hinder the others;
/// [`Extracted::problems`] has it.
///
/// # Errors
/// [`ExtractError`] when the target cannot be written to, or when `progress` said so. What was extracted until then
/// stays.
pub fn extract(archives: &[Archive], target: &Path, progress: OnProgress<'_>) -> Result<Extracted, ExtractError> {
    let action = "making the folder for the recordings";
    let is_new = !target.exists();
    std::fs::create_dir_all(target).map_err(FileError::at(action, target))?;
    // The user's own path may lead over links; from here on none is followed. On Windows this also lifts the limit on
    // the length of paths.
    let whole = std::fs::canonicalize(target).map_err(FileError::at(action, target))?;
    let lock = lock(&whole)?;
    let faults = faults(archives);
    let readable = archives.iter().zip(&faults).filter(|(_, fault)| fault.is_none());
    let run = Run::new(&whole, readable.map(|(archive, _)| archive.bytes()).sum(), progress);
    let ended: Vec<_> = archives
        .par_iter()
        .zip(faults)
        .with_max_len(1)
        .map(|(archive, fault)| match fault {
            Some(fault) => Ok((ArchiveReport::new(archive.date(), Outcome::Incomplete(fault)), Vec::new())),
            None => unpack::unpack(archive, &run).inspect_err(|_| run.stop()),
        })
        .collect();
    if is_new {
        remove_if_empty(&whole, archives, lock);
    }
    gather(target.to_owned(), ended)
}

/// Removes a target without a single file: an empty one looks as if the recordings had been there and were lost.
fn remove_if_empty(target: &Path, archives: &[Archive], lock: File) {
    for archive in archives {
        // A folder with anything in it stays.
        let _ = std::fs::remove_dir(target.join(archive.date()));
    }
    let others = std::fs::read_dir(target).into_iter().flatten().filter(|entry| {
        let is_lock = |entry: &std::fs::DirEntry| entry.file_name() == LOCK;
        !entry.as_ref().is_ok_and(is_lock)
    });
    if others.count() == 0 {
        let _ = std::fs::remove_file(target.join(LOCK));
        // Windows keeps the name of a file until the last who has it open lets go.
        drop(lock);
        let _ = std::fs::remove_dir(target);
    }
}

/// What each archive shows before it is opened.
fn faults(archives: &[Archive]) -> Vec<Option<Problem>> {
    let mut dates = BTreeSet::new();
    let fault = |archive: &Archive| {
        archive.gap().or_else(|| {
            // Two threads would write the same files.
            let is_twin = !dates.insert(archive.date().to_owned());
            is_twin.then(|| Problem::Twin { path: archive.folder().to_owned() })
        })
    };
    archives.iter().map(fault).collect()
}

/// Puts the archives' reports together, or says what ended them. The threads that were stopped by another's error say
/// that they were cancelled, which is not the reason to give.
fn gather(
    target: PathBuf,
    ended: Vec<Result<(ArchiveReport, Vec<RefusedEntry>), ExtractError>>,
) -> Result<Extracted, ExtractError> {
    let mut extracted = Extracted { target, archives: Vec::new(), refused: Vec::new() };
    let mut reason = None;
    for result in ended {
        match result {
            Ok((report, refused)) => {
                extracted.archives.push(report);
                extracted.refused.extend(refused);
            }
            Err(ExtractError::Cancelled) => {
                reason.get_or_insert(ExtractError::Cancelled);
            }
            Err(error) => {
                if matches!(reason, None | Some(ExtractError::Cancelled)) {
                    reason = Some(error);
                }
            }
        }
    }
    reason.map_or(Ok(extracted), Err)
}

/// Keeps other extractions away from `target` until the file is dropped, or the process ends in whatever way: they
/// would take each other's temporary files for leftovers.
fn lock(target: &Path) -> Result<File, ExtractError> {
    let path = target.join(LOCK);
    let opened = match File::create_new(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open_lock(&path),
        made => made,
    };
    let file = opened.map_err(FileError::at("making the lock of the folder", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ExtractError::Busy { path: target.to_owned() }),
        Err(TryLockError::Error(error)) => {
            // Some network disks have no locks; that is no reason to extract nothing.
            log::warn!("no lock: {error} ({})", path.display());
            Ok(file)
        }
    }
}

/// Opens an old lock; a link there would have us lock a file that is not ours.
fn open_lock(path: &Path) -> std::io::Result<File> {
    if std::fs::symlink_metadata(path)?.is_file() {
        File::options().write(true).open(path)
    } else {
        Err(std::io::Error::other("something else is in its place; move it away"))
    }
}

/// Names in a sentence; the first few of many.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.get(..SHOWN).unwrap_or(names).join(", ");
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_errors() {
        let failed = |kind: std::io::ErrorKind| {
            ExtractError::from(FileError { action: "writing", path: "a.wav".into(), source: kind.into() })
        };
        assert!(failed(std::io::ErrorKind::StorageFull).to_string().starts_with("the disk is full; make room"));
        assert!(matches!(failed(std::io::ErrorKind::QuotaExceeded), ExtractError::DiskFull { .. }));
        assert!(matches!(failed(std::io::ErrorKind::PermissionDenied), ExtractError::File(_)));
    }

    #[test]
    fn what_ended_everything_is_told_before_those_it_stopped() {
        let full = ExtractError::DiskFull { path: "a.wav".into() };
        let ended = vec![Err(ExtractError::Cancelled), Err(full), Err(ExtractError::Cancelled)];
        assert!(matches!(gather("x".into(), ended), Err(ExtractError::DiskFull { .. })));
        assert!(matches!(gather("x".into(), vec![Err(ExtractError::Cancelled)]), Err(ExtractError::Cancelled)));
    }
}
