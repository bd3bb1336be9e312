//! Reading datasets in the background of the study's thread: first their tables, then every sound.
//!
//! One job at a time. Sounds are written to the index as they are measured, by the threads that measure them, so that a
//! kill at any moment loses only the files in hand; the model hears of them in batches.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use super::job::{Job, Known, Outcome, Table, Tables, Work};
use super::{Keeper, Order};
use crate::data::Sound;
use crate::data::scan::SourceScan;
use crate::data::study::{self, SameFiles, Todo};
use crate::session::Storage;
use crate::session::jobs::{Event, guarded};
use crate::session::update::unless;
use crate::units::counted;

/// Names a job, so that what a stopped one leaves behind is known as such.
pub(super) type JobId = u64;

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
    Sounds(Receiver<(Todo, Sound)>),
    /// What was read, recording against recording.
    Comparison,
}

impl Keeper {
    /// Does `work` as soon as nothing else is read. Sounds and comparisons can wait: they go on afterwards.
    pub(super) fn work(&mut self, work: Work) {
        self.stopped = false;
        self.waiting.push_back(work);
        match &self.reading {
            None => self.next(),
            Some(Reading { kind: Kind::Sounds(_) | Kind::Comparison, stop, .. }) => stop.store(true, Ordering::Relaxed),
            Some(Reading { kind: Kind::Tables, .. }) => {}
        }
    }

    /// Reads sounds that nobody has read, unless something is being read already.
    pub(super) fn read_what_is_left(&mut self) {
        if self.reading.is_none() && !self.stopped {
            self.next();
        }
    }

    /// The person wants nothing more to be read.
    pub(super) fn stop(&mut self) {
        self.stop_reading();
        self.stopped = true;
        self.then = None;
    }

    /// Waits until no sound is written to the index, for something that changes it; tables go on. To be followed by
    /// [`Keeper::read_what_is_left`].
    pub(super) fn pause(&mut self) {
        if !matches!(&self.reading, Some(Reading { kind: Kind::Tables, .. })) {
            self.end_reading();
        }
    }

    /// Stops the job that runs, and waits for the files in hand, so that nothing is written to the index afterwards.
    /// Nothing more is read until somebody asks.
    pub(super) fn stop_reading(&mut self) {
        self.waiting.clear();
        self.end_reading();
    }

    fn end_reading(&mut self) {
        if let Some(reading) = &self.reading {
            reading.stop.store(true, Ordering::Relaxed);
        }
        let Some(reading) = self.reading.take() else { return };
        let _ = reading.thread.join();
        match reading.kind {
            Kind::Sounds(heard) => self.hear(heard.try_iter().collect()),
            Kind::Comparison => self.uncompared = true,
            Kind::Tables => {}
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
                let store = Arc::clone(&self.store);
                let (heard, sounds) = channel();
                self.begin(Kind::Sounds(sounds), move |job| job.read_sounds(todo, &store, &heard));
            }
        }
    }

    /// Looks for recordings with the same sound, if there are any that nobody has compared yet.
    fn compare(&mut self) {
        if std::mem::take(&mut self.uncompared) {
            let (store, roots) = (Arc::clone(&self.store), self.study.roots());
            self.begin(Kind::Comparison, move |job| {
                let _ = job.loading("Comparing recordings", String::new(), 0, 0);
                let found = store.find_near(&roots, &|| unless(&job.stop)).map_err(|error| error.to_string())?;
                Ok(found.map_or(Outcome::Stopped, Outcome::Compared))
            });
        }
    }

    fn known(&self) -> Vec<Known> {
        let known = |source: &crate::data::study::StudySource| Known {
            key: source.key.clone(),
            kind: source.kind,
            root: source.root.clone(),
            mapping: source.mapping.clone(),
            lost: if source.present || source.mapping.is_none() { HashSet::new() } else { source.names() },
        };
        self.study.sources().iter().map(known).collect()
    }

    fn begin(&mut self, kind: Kind, work: impl FnOnce(&Job) -> Result<Outcome, String> + Send + 'static) {
        let (id, stop) = (self.next_job, Arc::new(AtomicBool::new(false)));
        self.next_job += 1;
        let job =
            Job { reporter: self.reporter.clone(), stop: Arc::clone(&stop), can_ask: self.storage == Storage::Disk };
        let comparison = matches!(kind, Kind::Comparison);
        let own = self.own.clone();
        let body = move || {
            let outcome = guarded(|| work(&job)).unwrap_or_else(Outcome::Failed);
            let _ = own.send(Order::Done { job: id, outcome });
        };
        match std::thread::Builder::new().name("read".to_owned()).spawn(body) {
            Ok(thread) => self.reading = Some(Reading { id, stop, kind, thread }),
            Err(error) => self.refused(comparison, &error),
        }
    }

    /// A job could not be started. What waits after it would not start either; nobody waits for that.
    fn refused(&mut self, comparison: bool, error: &std::io::Error) {
        self.fail(&format!(
            "The operating system refused to start a thread: {error}; close other programs, then read the datasets again"
        ));
        self.uncompared |= comparison;
        self.stop();
    }

    /// Lets the model hear of the sounds that were read since the last time.
    pub(super) fn take_in_sounds(&mut self) {
        if let Some(Reading { kind: Kind::Sounds(heard), .. }) = &self.reading {
            let heard = heard.try_iter().collect();
            self.hear(heard);
        }
    }

    fn hear(&mut self, heard: Vec<(Todo, Sound)>) {
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
        let Some(Reading { kind, .. }) = self.reading.take() else { return };
        self.uncompared |= matches!(kind, Kind::Comparison) && !matches!(outcome, Outcome::Compared(_));
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
                self.then = None;
                if self.waiting.is_empty() && !matches!(kind, Kind::Tables) {
                    // What failed would fail again. Tables that cannot be read are no reason to stop reading sounds.
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
        let was_empty = self.study.sources().is_empty();
        if was_empty && !tables.scans.is_empty() {
            self.settle();
        }
        for Table { key, mut scan, mapping, packed, synthetic } in tables.scans {
            let is_named = key.is_some();
            let key = key.or_else(|| self.moved(&mut scan));
            if let Some(key) = &key
                && !self.accept(key, &scan, is_named)
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
            self.study.set_synthetic(&key, synthetic);
            let listed = self.study.listed(&key);
            if let Some(Err(error)) = listed.map(|scan| self.store.remember(&key, &scan)) {
                self.fail(&error);
            }
        }
        if was_empty {
            self.remember_place();
        }
        match self.store.near(&self.study.roots()) {
            Ok(near) => self.study.set_near(near),
            Err(error) => self.fail(&error),
        }
        self.changed(true);
        self.publish();
    }
}

impl Keeper {
    /// The dataset that was not at its place and is found again in `scan`.
    fn moved(&self, scan: &mut SourceScan) -> Option<Arc<str>> {
        let lost = self.study.lost_with_names_of(scan);
        let key = lost.into_iter().find(|key| self.files_of(key, scan) == SameFiles::Yes)?;
        if let Err(error) = self.store.recall(&key, scan, &|| ControlFlow::Continue(())) {
            self.fail(&error);
        }
        Some(key)
    }

    /// Whether the files of `scan` are those of the dataset `key`. Of files that nobody has read nothing is lost when they
    /// count as others.
    fn files_of(&self, key: &str, scan: &SourceScan) -> SameFiles {
        self.store.compare(key, scan).unwrap_or_else(|error| {
            self.fail(&error);
            SameFiles::Unknown
        })
    }

    /// Whether `scan` may take the place of the dataset `key`; says what has changed. `is_named`: the person or the study
    /// says that it does, and its files have not been compared yet.
    fn accept(&mut self, key: &Arc<str>, scan: &SourceScan, is_named: bool) -> bool {
        let Some(source) = self.study.sources().iter().find(|source| source.key == *key) else { return false };
        if source.root != scan.root {
            let wanted = study::place(&scan.root, source.mapping.as_ref());
            if let Some(other) = self.study.source_at(&wanted).filter(|other| other.key != *key) {
                self.fail(&format!(
                    "{} of this study is read from there already; choose the place to which {} was moved ({})",
                    other.name(),
                    source.name(),
                    scan.root.display()
                ));
                return false;
            }
            if !self.study.resembles(key, scan) {
                self.fail(&format!(
                    "none of the recordings that are known of {} are here; choose the place that has them ({})",
                    source.name(),
                    scan.root.display()
                ));
                return false;
            }
            let (name, before) = (source.name().into_owned(), source.root.clone());
            if is_named && self.files_of(key, scan) == SameFiles::No {
                self.fail(&format!(
                    "the files here have the names of those of {name}, but hold other sounds; open the folder as a dataset \
                     of its own ({})",
                    scan.root.display()
                ));
                return false;
            }
            let _ = self.reporter.send(Event::Note(format!(
                "{name} is read from {} now; it was at {}",
                scan.root.display(),
                before.display()
            )));
            if let Some(relocation) = self.study.relocate(key, scan) {
                let edits = self.undo.iter_mut().map(|undo| &mut undo.edit).chain(&mut self.redo);
                edits.for_each(|edit| edit.relocate(&relocation));
            }
            return true;
        }
        let changes = source.changes(scan);
        let (fresh, missing) = (changes.fresh.len(), changes.missing.len());
        if missing > 0 || (fresh > 0 && self.study.has_sounds(key)) {
            let lines: String = changes.lines(&source.root).map(|line| format!("\n{line}")).collect();
            let text = format!(
                "{}: since it was read last, {} new or changed, and {} missing, for example{lines}",
                source.name(),
                counted(fresh, "file is", "files are"),
                counted(missing, "file is", "files are")
            );
            let _ = self.reporter.send(Event::Note(text));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::data::study::Store;
    use crate::session::jobs::Reporter;

    #[test]
    fn a_thread_that_is_refused_leaves_no_order_open() {
        let (sender, events) = sync_channel(64);
        let reporter = Reporter::new(sender, Arc::new(|| {}));
        let store = Store::in_memory().unwrap();
        let mut keeper = Keeper::new(store, reporter, Storage::Memory, PathBuf::new(), channel());
        keeper.unfinished = 2;
        keeper.waiting.push_back(Work::Again);
        keeper.refused(true, &std::io::Error::other("no memory"));
        keeper.collect();
        let told: Vec<Event> = events.try_iter().collect();
        assert!(matches!(&told[0], Event::Failed(reason) if reason.contains("no memory")));
        assert_eq!(told.iter().filter(|event| matches!(event, Event::OrderEnded)).count(), 2);
        assert!(told.iter().any(|event| matches!(event, Event::LoadingEnded)));
        assert!(keeper.uncompared && keeper.waiting.is_empty(), "the next reading does what was not done");
        keeper.read_what_is_left();
        assert!(keeper.reading.is_none(), "nothing is tried again until somebody asks");
    }
}
