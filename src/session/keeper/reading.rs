//! Reading datasets in the background of the study's thread: first their tables, then every sound.
//!
//! One job at a time. Sounds are written to the index as they are measured, by the threads that measure them, so that a
//! kill at any moment loses only the files in hand; the model hears of them in batches.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rayon::prelude::*;

use super::{Keeper, Order};
use crate::data::archives::{self, ExtractError, ExtractProgress};
use crate::data::demo::{self, DemoConfig, DemoError};
use crate::data::scan::{self, Measured, Scan, ScanError, ScanProgress, SourceScan};
use crate::data::sources::mapped::{self, Mapping};
use crate::data::study::{Store, StoreError, Todo};
use crate::data::{Clip, Sound, SourceKind};
use crate::session::jobs::{Event, Reporter, guarded};
use crate::session::state::Unmapped;
use crate::session::update::unless;
use crate::units::grouped;

/// Names a job, so that what a stopped one leaves behind is known as such.
pub(super) type JobId = u64;

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

/// A job that runs.
pub(super) struct Reading {
    id: JobId,
    stop: Arc<AtomicBool>,
    kind: Kind,
    thread: JoinHandle<()>,
}

enum Kind {
    /// Tables, or the making of files.
    Tables,
    /// Sounds, and those that the model has not heard of.
    Sounds(Arc<Mutex<Vec<(Todo, Sound)>>>),
    /// What was read, recording against recording.
    Comparison,
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
    scans: Vec<Table>,
    /// Datasets of the study whose folders are not there.
    missing: Vec<Arc<str>>,
    /// What could not be read, in words.
    problems: Vec<String>,
    /// Something among them was made up.
    synthetic: bool,
}

/// A dataset that was read.
struct Table {
    /// Its key, where the study has it already.
    key: Option<Arc<str>>,
    scan: SourceScan,
    mapping: Option<Mapping>,
    /// It holds archives, and no sound.
    packed: bool,
}

impl Table {
    fn of(scan: SourceScan, known: &[Known], mapping: Option<Mapping>) -> Self {
        let key = known.iter().find(|source| scan.is_of(&source.root)).map(|source| source.key.clone());
        let silent = scan.kind == SourceKind::Coswara && !scan.clips.iter().any(Clip::has_file);
        let packed = silent && archives::find(&scan.root).is_ok_and(|archives| !archives.is_empty());
        Self { key, scan, mapping, packed }
    }
}

/// A dataset that the study has.
#[derive(Clone)]
struct Known {
    key: Arc<str>,
    kind: SourceKind,
    root: PathBuf,
    mapping: Option<Mapping>,
}

impl Keeper {
    /// Does `work` as soon as nothing else is read. Sounds can wait: they go on afterwards where they stopped.
    pub(super) fn work(&mut self, work: Work) {
        self.waiting.push_back(work);
        match &self.reading {
            None => self.next(),
            Some(Reading { kind: Kind::Sounds(_), stop, .. }) => stop.store(true, Ordering::Relaxed),
            Some(_) => {}
        }
    }

    /// Reads sounds that nobody has read, unless something is being read already.
    pub(super) fn read_what_is_left(&mut self) {
        if self.reading.is_none() {
            self.next();
        }
    }

    /// Stops the job that runs, and waits for the files in hand, so that nothing is written to the index afterwards.
    /// Nothing more is read until somebody asks.
    pub(super) fn stop_reading(&mut self) {
        self.waiting.clear();
        if let Some(reading) = &self.reading {
            reading.stop.store(true, Ordering::Relaxed);
        }
        let Some(reading) = self.reading.take() else { return };
        let _ = reading.thread.join();
        if let Kind::Sounds(heard) = reading.kind {
            self.hear(&heard);
        }
    }

    /// Starts what comes next: tables before sounds.
    fn next(&mut self) {
        match self.waiting.pop_front() {
            Some(Work::Demo(config)) => {
                let folder = self.data_folder.join("demo");
                self.begin(Kind::Tables, move |job| job.make_demo(&folder, &config));
            }
            Some(work) => {
                let (known, store) = (self.known(), Arc::clone(&self.store));
                self.begin(Kind::Tables, move |job| job.read_tables(work, &known, &store));
            }
            None => {
                let todo = self.study.todo();
                if todo.is_empty() {
                    self.compare();
                    return;
                }
                let fresh = Arc::new(Mutex::new(Vec::new()));
                let (store, heard) = (Arc::clone(&self.store), Arc::clone(&fresh));
                self.begin(Kind::Sounds(fresh), move |job| job.read_sounds(todo, &store, &heard));
            }
        }
    }

    /// Looks for recordings with the same sound, if there are any that nobody has compared yet.
    fn compare(&mut self) {
        if std::mem::take(&mut self.uncompared) {
            let (store, roots) = (Arc::clone(&self.store), self.study.roots());
            self.begin(Kind::Comparison, move |job| {
                let _ = job.loading("Comparing recordings", String::new(), 0, 0);
                store.find_near(&roots).map(Outcome::Compared).map_err(|error| error.to_string())
            });
        }
    }

    fn known(&self) -> Vec<Known> {
        let known = |source: &crate::data::study::StudySource| Known {
            key: source.key.clone(),
            kind: source.kind,
            root: source.root.clone(),
            mapping: source.mapping.clone(),
        };
        self.study.sources().iter().map(known).collect()
    }

    fn begin(&mut self, kind: Kind, work: impl FnOnce(&Job) -> Result<Outcome, String> + Send + 'static) {
        let (id, stop) = (self.next_job, Arc::new(AtomicBool::new(false)));
        self.next_job += 1;
        let job = Job { reporter: self.reporter.clone(), stop: Arc::clone(&stop) };
        let own = self.own.clone();
        let body = move || {
            let outcome = guarded(|| work(&job)).unwrap_or_else(Outcome::Failed);
            let _ = own.send(Order::Done { job: id, outcome });
        };
        match std::thread::Builder::new().name("read".to_owned()).spawn(body) {
            Ok(thread) => self.reading = Some(Reading { id, stop, kind, thread }),
            Err(error) => self.fail(&format!("the operating system refused to start a thread: {error}")),
        }
    }

    /// Lets the model hear of the sounds that were read since the last time.
    pub(super) fn take_in_sounds(&mut self) {
        if let Some(Reading { kind: Kind::Sounds(heard), .. }) = &self.reading {
            let heard = Arc::clone(heard);
            self.hear(&heard);
        }
    }

    fn hear(&mut self, heard: &Mutex<Vec<(Todo, Sound)>>) {
        let heard = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
        if heard.is_empty() {
            return;
        }
        for (todo, sound) in heard {
            self.study.set_sound(&todo, sound);
        }
        self.uncompared = true;
        self.changed(false);
    }

    pub(super) fn done(&mut self, job: JobId, outcome: Outcome) {
        self.take_in_sounds();
        if self.reading.as_ref().is_none_or(|reading| reading.id != job) {
            // A job that was stopped; what it had read is in the index.
            return;
        }
        self.reading = None;
        match outcome {
            Outcome::Demo(folder) => self.waiting.push_front(Work::Paths(vec![folder])),
            Outcome::Tables(tables) => self.merge(tables),
            Outcome::Unpacked => self.waiting.push_front(Work::Again),
            Outcome::Compared(near) => {
                self.study.set_near(near);
                self.changed(false);
            }
            Outcome::Sounds | Outcome::Stopped => {}
            Outcome::Failed(reason) => {
                self.fail(&reason);
                if self.waiting.is_empty() {
                    // Whatever failed would fail again.
                    return;
                }
            }
        }
        self.next();
    }

    fn merge(&mut self, tables: Tables) {
        for problem in tables.problems {
            self.fail(&problem);
        }
        for key in tables.missing {
            self.study.set_present(&key, false);
        }
        if tables.synthetic {
            self.study.set_synthetic();
        }
        for Table { key, mut scan, mapping, packed } in tables.scans {
            let key = key.or_else(|| self.moved(&mut scan));
            if let Some(key) = &key
                && !self.accept(key, &scan)
            {
                continue;
            }
            let key = match key {
                Some(key) => {
                    self.study.restore(key.clone(), scan, mapping);
                    key
                }
                None => self.study.add(scan, mapping),
            };
            if packed {
                self.study.set_packed(&key);
            }
            let listed = self.study.listed(&key);
            if let Some(Err(error)) = listed.map(|scan| self.store.remember(&key, &scan)) {
                self.fail(&error);
            }
        }
        self.changed(true);
        self.publish();
    }
}

impl Keeper {
    /// The dataset that was not at its place and is found again in `scan`.
    fn moved(&self, scan: &mut SourceScan) -> Option<Arc<str>> {
        let key = self.study.moved(scan)?;
        if let Err(error) = self.store.recall(&key, scan) {
            self.fail(&error);
        }
        Some(key)
    }

    /// Whether `scan` may take the place of the dataset `key`; says what has changed.
    fn accept(&mut self, key: &Arc<str>, scan: &SourceScan) -> bool {
        let Some(source) = self.study.sources().iter().find(|source| source.key == *key) else { return false };
        if source.root != scan.root {
            if !self.study.resembles(key, scan) {
                self.fail(&format!(
                    "none of the recordings that are known of {} are in this folder; choose the folder that has them ({})",
                    source.kind,
                    scan.root.display()
                ));
                return false;
            }
            self.study.relocate(key, &scan.root);
            return true;
        }
        let (fresh, missing) = source.changes(scan);
        if missing > 0 || (fresh > 0 && self.study.has_sounds(key)) {
            let text = format!(
                "{}: {} files are new or changed and {} are missing since it was read last",
                source.kind,
                grouped(fresh as u64),
                grouped(missing as u64)
            );
            let _ = self.reporter.send(Event::Note(text));
        }
        true
    }
}

/// A job at work, on a thread of its own.
struct Job {
    reporter: Reporter,
    stop: Arc<AtomicBool>,
}

impl Job {
    fn loading(&self, task: &'static str, detail: String, done: usize, total: usize) -> ControlFlow<()> {
        let sent = self.reporter.try_send(Event::Loading { task, detail, done, total });
        if sent.is_break() { sent } else { unless(&self.stop) }
    }

    fn make_demo(&self, folder: &Path, config: &DemoConfig) -> Result<Outcome, String> {
        let progress =
            |done, total| self.loading("Making the demo study", "synthetic recordings".to_owned(), done, total);
        match demo::generate(folder, config, &progress) {
            Ok(study) => Ok(Outcome::Demo(study.root)),
            Err(DemoError::Stopped) => Ok(Outcome::Stopped),
            Err(error) => Err(error.to_string()),
        }
    }

    fn read_tables(&self, work: Work, known: &[Known], store: &Store) -> Result<Outcome, String> {
        let task = "Reading the tables";
        let progress = |progress: ScanProgress<'_>| match progress {
            ScanProgress::Found { source, root, recordings } => {
                let detail = format!("{}: {recordings} recordings in {}", source.name(), root.display());
                self.loading(task, detail, 0, 0)
            }
            ScanProgress::Decoded { .. } => unless(&self.stop),
        };
        let _ = self.loading(task, String::new(), 0, 0);
        let mut tables = Tables::default();
        match work {
            Work::Paths(paths) => match scan::read_all(&paths, &progress) {
                Ok(Scan { sources, problems }) => {
                    tables.scans = sources.into_iter().map(|scan| Table::of(scan, known, None)).collect();
                    let unsolved = problems.iter().filter(|problem| !self.offer_mapping(problem));
                    tables.problems = unsolved.map(ToString::to_string).collect();
                    tables.synthetic = paths.iter().any(|path| demo::is_demo(path));
                }
                Err(ScanError::Cancelled) => return Ok(Outcome::Stopped),
                Err(error) if self.offer_mapping(&error) => return Ok(Outcome::Stopped),
                Err(error) => return Err(error.to_string()),
            },
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
        tables.synthetic |= tables.scans.iter().any(|table| demo::is_demo(&table.scan.root));
        for Table { key, scan, .. } in &mut tables.scans {
            if let Some(key) = key {
                store.recall(key, scan).map_err(|error| error.to_string())?;
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(Outcome::Stopped);
            }
        }
        Ok(Outcome::Tables(tables))
    }

    /// A folder that nobody recognises may hold a table whose columns the person can name. Whether they are asked: then
    /// there is nothing else to tell.
    fn offer_mapping(&self, problem: &ScanError) -> bool {
        let ScanError::Unrecognised { path, .. } = problem else { return false };
        let tables = mapped::preview(path);
        if tables.is_empty() {
            return false;
        }
        let unmapped = Unmapped { root: path.clone(), tables, count: None };
        self.reporter.send(Event::Unmapped(unmapped)).is_continue()
    }

    /// Reads every dataset of the study again: new and changed files show, and missing ones.
    fn read_again(&self, known: &[Known], tables: &mut Tables) {
        for source in known {
            if !source.root.exists() {
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
            let detail = format!("{}, {} files", progress.date, grouped(progress.files as u64));
            self.loading("Unpacking (MB)", detail, megabytes(progress.bytes_done), megabytes(progress.bytes_total))
        };
        match archives::extract(&found, &target, &progress) {
            Ok(extracted) => {
                for (date, problem) in extracted.problems() {
                    let _ = self.reporter.send(Event::Failed(format!("{date}: {problem}")));
                }
                if extracted.refused_count() > 0 {
                    let _ = self.reporter.send(Event::Note(format!(
                        "{} entries of the archives were not unpacked, as they are no plain files with safe names",
                        extracted.refused_count()
                    )));
                }
                Ok(Outcome::Unpacked)
            }
            Err(ExtractError::Cancelled) => Ok(Outcome::Stopped),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Decodes on all cores.
    fn read_sounds(
        &self,
        todo: Vec<Todo>,
        store: &Store,
        fresh: &Mutex<Vec<(Todo, Sound)>>,
    ) -> Result<Outcome, String> {
        let (total, done) = (todo.len(), AtomicUsize::new(0));
        let failure: Mutex<Option<StoreError>> = Mutex::new(None);
        let _ = todo.into_par_iter().try_for_each(|todo| {
            let measured = Measured::of(&todo.path);
            let name = todo.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Err(error) = store.put(&todo, &measured) {
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                return ControlFlow::Break(());
            }
            fresh.lock().unwrap_or_else(PoisonError::into_inner).push((todo, measured.sound));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.loading("Reading recordings", name, done, total)
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(format!("{error}; make room, then read again: it goes on where it stopped")),
            None => Ok(Outcome::Sounds),
        }
    }
}
