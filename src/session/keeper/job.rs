//! The jobs that read datasets, each a plain function that reports how far it is and asks whether to stop.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use crate::data::archives::{self, ExtractError, ExtractProgress};
use crate::data::demo::{self, DemoConfig, DemoError};
use crate::data::scan::{self, Measured, Scan, ScanError, ScanProgress, SourceScan};
use crate::data::sources::SourceError;
use crate::data::sources::mapped::{self, Mapping};
use crate::data::study::{self, SameFiles, Store, StoreError, Todo};
use crate::data::{Sound, SourceKind};
use crate::session::jobs::{Event, Reporter};
use crate::session::state::Unmapped;
use crate::session::update::unless;
use crate::units::counted;

/// Something to read.
pub(super) enum Work {
    /// The demo study.
    Demo(DemoConfig),
    /// Folders with datasets, or combined tables.
    Paths(Vec<PathBuf>),
    /// A table with named columns.
    Mapped { root: PathBuf, mapping: Mapping },
    /// Every dataset of the study.
    Again,
    /// A dataset of the study, in another folder.
    Moved { key: Arc<str>, root: PathBuf },
    /// The archives of a dataset.
    Unpack(Arc<str>),
}

/// What a job came to.
pub(in crate::session) enum Outcome {
    /// The demo study is in this folder.
    Demo(PathBuf),
    /// Datasets were read.
    Tables(Tables),
    /// Archives were unpacked.
    Unpacked,
    /// Every sound was read, or the job was stopped.
    Sounds,
    /// These pairs have the same sound in another form.
    Compared(Vec<(PathBuf, PathBuf)>),
    /// It was stopped before there was anything.
    Stopped,
    /// It failed.
    Failed(String),
}

/// Datasets that were read.
#[derive(Default)]
pub(in crate::session) struct Tables {
    pub(super) scans: Vec<Table>,
    /// Datasets of the study whose folders are not there.
    pub(super) missing: Vec<Arc<str>>,
    /// What could not be read, in words.
    pub(super) problems: Vec<String>,
}

/// A dataset that was read.
pub(super) struct Table {
    /// Its key, where the study has it already.
    pub key: Option<Arc<str>>,
    pub scan: SourceScan,
    pub mapping: Option<Mapping>,
    /// Some of its archives have not been extracted.
    pub packed: bool,
    /// A program made its recordings up.
    pub synthetic: bool,
}

impl Table {
    fn of(scan: SourceScan, known: &[Known], mapping: Option<Mapping>) -> Self {
        let place = study::place(&scan.root, mapping.as_ref());
        let key = known.iter().find(|source| source.place() == place).map(|source| source.key.clone());
        let packed = scan.kind == SourceKind::Coswara
            && archives::left_to_extract(&scan.root).is_ok_and(|archives| archives > 0);
        // A table may lie elsewhere than the recordings that it lists.
        let first = scan.clips.iter().find(|clip| clip.has_file());
        let synthetic = demo::is_demo(&scan.root) || first.is_some_and(|clip| demo::is_demo(&clip.path));
        Self { key, scan, mapping, packed, synthetic }
    }
}

/// A dataset that the study has.
#[derive(Clone)]
pub(super) struct Known {
    pub key: Arc<str>,
    pub kind: SourceKind,
    pub root: PathBuf,
    pub mapping: Option<Mapping>,
    /// For a table with named columns that is not at its place: the names of its files, from its folder on.
    pub lost: HashSet<PathBuf>,
}

impl Known {
    /// What tells it from the others. Asks the file system.
    fn place(&self) -> PathBuf {
        study::place(&self.root, self.mapping.as_ref())
    }

    /// Whether it is at its place. Asks the file system.
    fn is_there(&self) -> bool {
        self.mapping.as_ref().map_or_else(|| self.root.exists(), |mapping| self.root.join(&mapping.table).exists())
    }

    /// The same table in another folder, if that has one of its files. Nothing but the names of its columns tells such a
    /// table.
    fn found_in(&self, folder: &Path) -> Option<SourceScan> {
        let mapping = self.mapping.as_ref().filter(|_| !self.lost.is_empty())?;
        let scan = scan::read_again(self.kind, folder, Some(mapping)).ok()?;
        let is_known = |path: &Path| path.strip_prefix(folder).is_ok_and(|name| self.lost.contains(name));
        scan.clips.iter().any(|clip| clip.has_file() && is_known(&clip.path)).then_some(scan)
    }
}

/// A job at work, on a thread of its own.
pub(super) struct Job {
    pub reporter: Reporter,
    pub stop: Arc<AtomicBool>,
    /// Somebody is there who can name the columns of a table.
    pub can_ask: bool,
}

impl Job {
    pub fn loading(&self, task: &'static str, detail: String, done: usize, total: usize) -> ControlFlow<()> {
        let sent = self.reporter.try_send(Event::Loading { task, detail, done, total });
        if sent.is_break() { sent } else { unless(&self.stop) }
    }

    pub fn make_demo(&self, folder: &Path, config: &DemoConfig) -> Result<Outcome, String> {
        let progress =
            |done, total| self.loading("Making the demo study", "synthetic recordings".to_owned(), done, total);
        match demo::generate(folder, config, &progress) {
            Ok(study) => Ok(Outcome::Demo(study.root)),
            Err(DemoError::Stopped) => Ok(Outcome::Stopped),
            Err(error) => Err(error.to_string()),
        }
    }

    pub fn read_tables(&self, work: Work, known: &[Known], store: &Store) -> Result<Outcome, String> {
        let task = "Reading the tables";
        let progress = |ScanProgress { source, root, recordings }: ScanProgress<'_>| {
            let recordings = counted(recordings, "recording", "recordings");
            self.loading(task, format!("{}: {recordings} in {}", source.name(), root.display()), 0, 0)
        };
        let _ = self.loading(task, String::new(), 0, 0);
        let mut tables = Tables::default();
        match work {
            Work::Paths(paths) => {
                let Scan { sources, mut problems } = match scan::read_all(&paths, &progress) {
                    Err(ScanError::Cancelled) => return Ok(Outcome::Stopped),
                    found => found.unwrap_or_else(|error| Scan { sources: Vec::new(), problems: error.each() }),
                };
                tables.scans = sources.into_iter().map(|scan| Table::of(scan, known, None)).collect();
                problems.retain(|problem| !find_again(problem, known, store, &mut tables.scans));
                tables.problems = self.unsolved(problems);
                if tables.scans.is_empty() {
                    let reason = tables.problems.join("\n");
                    return if reason.is_empty() { Ok(Outcome::Stopped) } else { Err(reason) };
                }
            }
            Work::Mapped { root, mapping } => {
                let scan = scan::read_again(SourceKind::Table, &root, Some(&mapping));
                let scan = scan.map_err(|error| error.to_string())?;
                tables.scans.push(Table::of(scan, known, Some(mapping)));
            }
            Work::Again => self.read_again(known, &mut tables),
            Work::Moved { key, root } => {
                let Some(source) = known.iter().find(|source| source.key == key) else { return Ok(Outcome::Stopped) };
                let scan = scan::read_again(source.kind, &root, source.mapping.as_ref());
                let scan = scan.map_err(|error| error.to_string())?;
                let table = Table::of(scan, known, source.mapping.clone());
                tables.scans.push(Table { key: Some(key), ..table });
            }
            Work::Unpack(key) => return self.unpack(key, known),
            Work::Demo(_) => return Ok(Outcome::Stopped),
        }
        for Table { key, scan, .. } in &mut tables.scans {
            if let Some(key) = key {
                store.recall(key, scan, &|| unless(&self.stop)).map_err(|error| error.to_string())?;
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Outcome::Stopped);
            }
        }
        Ok(Outcome::Tables(tables))
    }

    /// What of these problems a person cannot put right by naming the columns of a table, in words.
    fn unsolved(&self, problems: Vec<ScanError>) -> Vec<String> {
        problems.iter().filter(|problem| !self.offer_mapping(problem)).map(ToString::to_string).collect()
    }

    /// A folder that nobody recognises, or whose table lacks a column, may hold a table whose columns the person can name.
    /// Whether they are asked and there is nothing else to tell: what is missing is told.
    fn offer_mapping(&self, problem: &ScanError) -> bool {
        let Some(path) = folder_to_map(problem).filter(|_| self.can_ask) else { return false };
        let is_all = matches!(problem, ScanError::Unrecognised { .. });
        let tables = mapped::preview(path);
        if tables.is_empty() {
            return false;
        }
        let unmapped = Unmapped { root: path.clone(), tables, count: None };
        self.reporter.send(Event::Unmapped(unmapped)).is_continue() && is_all
    }

    /// Reads every dataset of the study again: new and changed files show, and missing ones.
    fn read_again(&self, known: &[Known], tables: &mut Tables) {
        for source in known {
            if unless(&self.stop).is_break() {
                return;
            }
            if !source.is_there() {
                tables.missing.push(source.key.clone());
                continue;
            }
            let read = scan::read_again(source.kind, &source.root, source.mapping.as_ref());
            match read {
                Ok(scan) => tables.scans.push(Table::of(scan, known, source.mapping.clone())),
                Err(error) => tables.problems.push(error.to_string()),
            }
        }
    }

    /// Unpacks the archives of a dataset beside them.
    fn unpack(&self, key: Arc<str>, known: &[Known]) -> Result<Outcome, String> {
        let Some(source) = known.iter().find(|source| source.key == key) else { return Ok(Outcome::Stopped) };
        let found = archives::find(&source.root).map_err(|error| error.to_string())?;
        let target = archives::default_target(&source.root).map_err(|error| error.to_string())?;
        let megabytes = |bytes: u64| usize::try_from(bytes / 1_000_000).unwrap_or(usize::MAX);
        let progress = |progress: ExtractProgress<'_>| {
            let detail = format!("{}, {}", progress.date, counted(progress.files, "file", "files"));
            self.loading("Unpacking (MB)", detail, megabytes(progress.bytes_done), megabytes(progress.bytes_total))
        };
        match archives::extract(&found, &target, &progress) {
            Ok(extracted) => {
                for (date, problem) in extracted.problems() {
                    let _ = self.reporter.send(Event::Failed(format!("{date}: {problem}")));
                }
                if extracted.refused_count() > 0 {
                    let _ = self.reporter.send(Event::Note(format!(
                        "{} not unpacked from the archives, as only plain files with safe names are",
                        counted(extracted.refused_count(), "entry was", "entries were")
                    )));
                }
                Ok(Outcome::Unpacked)
            }
            Err(ExtractError::Cancelled) => Ok(Outcome::Stopped),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Decodes on all cores.
    pub fn read_sounds(
        &self,
        todo: Vec<Todo>,
        store: &Store,
        heard: &Sender<(Todo, Sound)>,
    ) -> Result<Outcome, String> {
        store.mark_uncompared().map_err(|error| error.to_string())?;
        let (total, done) = (todo.len(), AtomicUsize::new(0));
        let failure: Mutex<Option<StoreError>> = Mutex::new(None);
        let _ = todo.into_par_iter().try_for_each(|todo| {
            let measured = Measured::of(&todo.path);
            let name = todo.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Err(error) = store.put(&todo, &measured) {
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return ControlFlow::Break(());
            }
            // Nobody listens to a job that was stopped; what it read is in the index.
            let _ = heard.send((todo, measured.sound));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.loading("Reading recordings", name, done, total)
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(format!("{error}; make room, then read again: it goes on where it stopped")),
            None => Ok(Outcome::Sounds),
        }
    }
}

/// The folder in which a table may lie that nobody recognises, or that lacks a column.
fn folder_to_map(problem: &ScanError) -> Option<&PathBuf> {
    match problem {
        ScanError::Unrecognised { path, .. } => Some(path),
        ScanError::Source { root, source: SourceError::Columns { .. }, .. } => Some(root),
        _ => None,
    }
}

/// Adds to `found` the tables with named columns that have moved to the folder of this problem. Whether there are any.
fn find_again(problem: &ScanError, known: &[Known], store: &Store, found: &mut Vec<Table>) -> bool {
    let Some(folder) = folder_to_map(problem) else { return false };
    let before = found.len();
    found.extend(known.iter().filter_map(|source| {
        let scan = source.found_in(folder)?;
        // An index that cannot be read is told where the table is taken in.
        if store.compare(&source.key, &scan).is_ok_and(|files| files == SameFiles::No) {
            return None;
        }
        let table = Table::of(scan, known, source.mapping.clone());
        Some(Table { key: Some(source.key.clone()), ..table })
    }));
    found.len() > before
}
