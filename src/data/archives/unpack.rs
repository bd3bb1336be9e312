//! One archive, entry by entry.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use tar::{Entry, EntryType};
use xxhash_rust::xxh3::xxh3_64;

use super::folder::{DateFolder, Record};
use super::names::{Refusal, place, shown};
use super::parts::Archive;
use super::read::{MOST_FILE_BYTES, Reading};
use super::run::{Halt, Run};
use super::store::{Buffers, store};
use super::{ArchiveReport, ExtractError, Outcome, Problem, RefusedEntry};

/// How many files one archive may have. The whole of Coswara has 2,746 people with 10 files each.
const MOST_FILES: usize = 100_000;
/// How many refused entries are listed for one archive; all are counted.
const MOST_LISTED: usize = 100;

/// Extracts one archive. Only what ends the whole extraction is an error; else the report says what happened.
pub(super) fn unpack(archive: &Archive, run: &Run) -> Result<(ArchiveReport, Vec<RefusedEntry>), ExtractError> {
    let date = archive.date();
    run.report(date)?;
    let Some(folder) = DateFolder::open(run.target, date)? else {
        run.add_bytes(archive.bytes());
        let problem = Problem::InTheWay { path: run.target.join(date) };
        return Ok((ArchiveReport::new(date, Outcome::Incomplete(problem)), Vec::new()));
    };
    let files = folder.sweep()?;
    // Files that were removed since come back.
    if let Some(record) = folder.record(archive).filter(|record| record.files <= files) {
        run.add_bytes(archive.bytes());
        run.add_files(record.files);
        run.report(date)?;
        let Record { files, bytes, refused, .. } = record;
        let report = ArchiveReport { files, bytes, refused, ..ArchiveReport::new(date, Outcome::CompleteBefore) };
        return Ok((report, Vec::new()));
    }
    folder.forget()?;
    let reading = Reading::new(archive, run);
    let unpacking = Unpacking {
        reading: &reading,
        folder,
        report: ArchiveReport::new(date, Outcome::Complete),
        refused: Vec::new(),
        seen: HashMap::new(),
        buffers: Buffers::default(),
    };
    let ended = unpacking.finish()?;
    run.add_bytes(reading.unread());
    run.report(date)?;
    Ok(ended)
}

/// An archive that is being unpacked.
struct Unpacking<'a> {
    reading: &'a Reading<'a>,
    folder: DateFolder,
    report: ArchiveReport,
    refused: Vec<RefusedEntry>,
    /// By the hash of its lower-cased path, what is known of each file so far. Hashes, to bound memory.
    seen: HashMap<u64, Seen>,
    buffers: Buffers,
}

/// A file that was extracted.
struct Seen {
    /// Hash of the path as it is.
    path: u64,
    bytes: u64,
    /// It was not there before, or was different.
    written: bool,
}

impl Unpacking<'_> {
    fn finish(mut self) -> Result<(ArchiveReport, Vec<RefusedEntry>), ExtractError> {
        match self.read() {
            Ok(()) => {
                let ArchiveReport { files, bytes, refused, .. } = self.report;
                let record = Record::new(self.reading.archive, files, bytes, refused);
                self.folder.complete(&record, self.reading.run, self.reading.archive.date())?;
            }
            Err(Halt::Archive(problem)) => self.report.outcome = Outcome::Incomplete(problem),
            Err(Halt::All(error)) => return Err(error),
        }
        Ok((self.report, self.refused))
    }

    fn read(&mut self) -> Result<(), Halt> {
        let reading = self.reading;
        let mut archive = tar::Archive::new(reading.open());
        // Reads on to the end of the last part, where the checksum is; also archives that were appended to another.
        archive.set_ignore_zeros(true);
        for entry in archive.entries().map_err(|error| reading.halt(error))? {
            self.entry(entry.map_err(|error| reading.halt(error))?)?;
        }
        Ok(())
    }

    fn entry(&mut self, mut entry: Entry<'_, impl Read>) -> Result<(), Halt> {
        let is_sparse = entry.header().entry_type() == EntryType::GNUSparse;
        // The size of a sparse file is with its holes, which take no room in the archive.
        let stored = if is_sparse { entry.header().entry_size() } else { Ok(entry.size()) };
        self.reading.allow(stored.map_err(|error| self.reading.halt(error))?);
        let name = entry.path_bytes().into_owned();
        let placed = match self.wanted(&mut entry, &name) {
            Ok(None) => return Ok(()),
            Ok(Some(path)) => self.folder.place(&path)?.map(|whole| (path, whole)),
            Err(reason) => Err(reason),
        };
        match placed {
            Ok((path, whole)) => self.keep(&path, &whole, entry)?,
            Err(reason) => self.refuse(&name, reason),
        }
        Ok(())
    }

    /// Where this entry belongs below the date's folder; `None` for a folder and what describes the whole archive.
    fn wanted(&self, entry: &mut Entry<'_, impl Read>, name: &[u8]) -> Result<Option<PathBuf>, Refusal> {
        let date = self.reading.archive.date();
        // Before there was a mark for folders, they were empty files with a slash at the end.
        let is_old_folder = name.ends_with(b"/") && entry.size() == 0;
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous if !is_old_folder => {}
            EntryType::Regular | EntryType::Continuous | EntryType::Directory => {
                // Folders are made for files only. Still, a name that could not be one is worth being told.
                let name = name.strip_suffix(b"/").unwrap_or(name);
                return match place(name, date) {
                    Ok(_) | Err(Refusal::NoName) => Ok(None),
                    Err(reason) => Err(reason),
                };
            }
            EntryType::XGlobalHeader => return Ok(None),
            EntryType::Symlink => return Err(Refusal::SymbolicLink),
            EntryType::Link => return Err(Refusal::HardLink),
            EntryType::Char | EntryType::Block | EntryType::Fifo => return Err(Refusal::Special),
            EntryType::GNUSparse => return Err(Refusal::Sparse),
            _ => return Err(Refusal::UnknownKind),
        }
        // The newer way to store a sparse file: a regular one whose content begins with a map.
        let described = entry.pax_extensions().ok().flatten();
        if described.into_iter().flatten().flatten().any(|pair| pair.key_bytes().starts_with(b"GNU.sparse.")) {
            return Err(Refusal::Sparse);
        }
        if entry.size() > MOST_FILE_BYTES {
            return Err(Refusal::TooLarge);
        }
        let path = place(name, date)?;
        let (folded, exact) = hashes(&path);
        match self.seen.get(&folded) {
            Some(seen) if seen.path != exact => Err(Refusal::CaseTwin),
            _ => Ok(Some(path)),
        }
    }

    /// Writes a file where it differs from what is there. Of two with the same name the later one stays, as `tar` has it.
    fn keep(&mut self, below: &Path, path: &Path, entry: Entry<'_, impl Read>) -> Result<(), Halt> {
        let (folded, exact) = hashes(below);
        if self.seen.len() >= MOST_FILES && !self.seen.contains_key(&folded) {
            let path = self.reading.archive.folder().to_owned();
            return Err(Problem::TooManyFiles { limit: MOST_FILES, path }.into());
        }
        let bytes = entry.size();
        let is_written = store(path, bytes, entry, self.reading, &mut self.buffers)?;
        let earlier = self.seen.remove(&folded);
        let was_written = earlier.as_ref().is_some_and(|earlier| earlier.written);
        self.report.written += usize::from(is_written && !was_written);
        self.report.bytes += bytes;
        self.seen.insert(folded, Seen { path: exact, bytes, written: is_written || was_written });
        match earlier {
            Some(earlier) => self.report.bytes -= earlier.bytes,
            None => {
                self.report.files += 1;
                self.reading.run.add_files(1);
            }
        }
        Ok(self.reading.run.report(self.reading.archive.date())?)
    }

    fn refuse(&mut self, name: &[u8], reason: Refusal) {
        self.report.refused += 1;
        if self.refused.len() < MOST_LISTED {
            let date = self.reading.archive.date().to_owned();
            self.refused.push(RefusedEntry { date, name: shown(name), reason });
        }
    }
}

/// Hashes of a path lower-cased, and as it is.
fn hashes(path: &Path) -> (u64, u64) {
    let text = path.to_string_lossy();
    (xxh3_64(text.to_lowercase().as_bytes()), xxh3_64(text.as_bytes()))
}
