//! What can be asked of the study's thread, and how it is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Keeper;
use super::job::{Outcome, Work};
use super::reading::JobId;
use crate::data::demo::{self, DemoConfig};
use crate::data::guard::keep_out_of_datasets;
use crate::data::sources::mapped::Mapping;
use crate::data::study::{Edit, Store, Study, settings};
use crate::session::evaluation::Evaluation;
use crate::session::jobs::Event;
use crate::session::{RUNS_FOLDER, Storage, clock, recent, weights};
use crate::train::saved::is_interrupted;

/// A wish to train as soon as the recordings have been read.
#[derive(Clone, Debug)]
pub(in crate::session) struct TrainAfter {
    /// Where to save the run; `None` picks a new folder.
    pub folder: Option<PathBuf>,
}

/// Something for the study's thread to do.
pub(in crate::session) enum Order {
    /// Add the datasets in these folders, or these combined tables.
    Add(Vec<PathBuf>),
    /// Add a table whose columns the person has named.
    AddMapped { root: PathBuf, mapping: Mapping },
    /// Make the demo study, or take the one that is there, and open it.
    Demo { config: DemoConfig, then: Option<TrainAfter> },
    /// Open the study in this folder, or make one there.
    OpenStudy(PathBuf),
    /// Keep the study in this folder from now on.
    SaveAs(PathBuf),
    /// Change something.
    Edit(Edit),
    /// Find the scores of this evaluation among the recordings, from now on.
    Score(Box<Evaluation>),
    /// Undo the last change.
    Undo,
    /// Do again what was undone last.
    Redo,
    /// Stop reading; what was read stays.
    StopReading,
    /// Look at every dataset again, and read what is new, changed or left over.
    ReadAgain,
    /// Read every recording of a dataset once more.
    ReadAnew(Arc<str>),
    /// A dataset lies elsewhere now.
    Relocate { key: Arc<str>, root: PathBuf },
    /// Take a dataset out of the study.
    Remove(Arc<str>),
    /// Unpack the archives of a dataset.
    Unpack(Arc<str>),
    /// Close the study.
    Close,
    /// A job of the thread's own has ended.
    Done { job: JobId, outcome: Outcome },
    /// The session is gone.
    Quit,
}

impl Keeper {
    pub(super) fn take(&mut self, order: Order) {
        // Every order but the thread's own is one that the session waits for.
        if !matches!(order, Order::Done { .. } | Order::Quit) {
            self.unfinished += 1;
        }
        match order {
            Order::Add(paths) => self.add(Work::Paths(paths.iter().map(|path| absolute(path)).collect())),
            Order::AddMapped { root, mapping } => self.add(Work::Mapped { root: absolute(&root), mapping }),
            Order::Demo { config, then } => self.open_demo(config, then),
            Order::OpenStudy(folder) => self.open_or_make_study(&absolute(&folder)),
            Order::SaveAs(folder) => self.save_as(&absolute(&folder)),
            Order::Edit(edit) => self.edit(edit),
            Order::Score(evaluation) => {
                self.evaluation = Some(evaluation);
                let _ = self.reporter.send(Event::Scores(self.scores()));
            }
            Order::Undo => self.undo(),
            Order::Redo => self.redo(),
            Order::StopReading => self.stop(),
            Order::ReadAgain => self.work(Work::Again),
            Order::ReadAnew(key) => self.read_anew(&key),
            Order::Relocate { key, root } => self.work(Work::Moved { key, root: absolute(&root) }),
            Order::Remove(key) => self.remove(&key),
            Order::Unpack(key) => self.work(Work::Unpack(key)),
            Order::Close => self.close(),
            Order::Done { job, outcome } => self.done(job, outcome),
            Order::Quit => {}
        }
    }

    /// Reads more datasets.
    fn add(&mut self, work: Work) {
        let is_demo = match &work {
            Work::Paths(paths) => paths.iter().any(|path| demo::is_demo(path)),
            _ => false,
        };
        if self.store.folder() == Some(self.demo_study().as_path()) && !is_demo {
            self.close();
            let text = "The demo study was closed: real recordings do not belong beside made-up ones";
            let _ = self.reporter.send(Event::Note(text.to_owned()));
        }
        self.work(work);
    }

    /// Makes a place for a study that nobody has given one. Only for one that is about to hold something: a folder dropped by
    /// mistake leaves nothing behind.
    pub(super) fn settle(&mut self) {
        if self.store.folder().is_some() || self.storage == Storage::Memory {
            return;
        }
        let folder = self.data_folder.join("studies").join(clock::name_from_clock("study"));
        match Store::open(&folder) {
            Ok(opened) => self.store = Arc::new(opened.store),
            Err(error) => {
                self.fail(&format!("The study cannot be kept, and is lost when the window closes: {error}"));
            }
        }
    }

    /// Puts the study first among those that were open lately, if it holds something.
    pub(super) fn remember_place(&self) {
        let place = self.store.folder().filter(|_| self.storage == Storage::Disk);
        if let Some(folder) = place.filter(|_| !self.study.sources().is_empty()) {
            recent::add(&self.data_folder, folder);
        }
    }

    /// Where the demo study is kept.
    fn demo_study(&self) -> PathBuf {
        self.data_folder.join("demo-study")
    }

    fn open_demo(&mut self, config: DemoConfig, then: Option<TrainAfter>) {
        // Made-up recordings do not belong beside real ones.
        let demo = self.demo_study();
        if self.storage == Storage::Memory {
            self.close();
        } else if !self.open_study(&demo) {
            return;
        }
        self.then = then;
        self.work(Work::Demo(config));
    }

    /// Opens the study that a person has chosen, or makes one there.
    fn open_or_make_study(&mut self, folder: &Path) {
        if !settings::is_study(folder)
            && let Err(error) = keep_out_of_datasets::<&str, &Path>(THE_STUDY, folder, [])
        {
            self.fail(&error);
            return;
        }
        self.open_study(folder);
    }

    /// Opens a study in place of the one that is open; one that cannot be opened leaves that one open. Whether it is open
    /// now.
    fn open_study(&mut self, folder: &Path) -> bool {
        if self.store.folder() == Some(folder) {
            self.work(Work::Again);
            return true;
        }
        match Store::open(folder) {
            Ok(opened) => {
                self.close();
                self.put_in_place(opened.store, opened.study);
                for note in opened.notes {
                    let _ = self.reporter.send(Event::Note(note));
                }
                self.publish();
                self.tell_interrupted(folder);
                self.work(Work::Again);
                true
            }
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    fn put_in_place(&mut self, store: Store, study: Study) {
        // A program that was killed between the reading and the comparing left that to this one.
        self.uncompared = store.is_uncompared().unwrap_or(true) && study.sources().iter().any(|source| source.present);
        self.store = Arc::new(store);
        self.study = study;
        self.remember_place();
        self.undo.clear();
        self.redo.clear();
        self.changed(false);
        self.tell_recent();
    }

    pub(super) fn tell_recent(&self) {
        if self.storage == Storage::Disk {
            let _ = self.reporter.send(Event::Recent(recent::list(&self.data_folder)));
        }
    }

    /// Trainings of the study that the end of the program interrupted.
    fn tell_interrupted(&self, study: &Path) {
        let entries = std::fs::read_dir(study.join(RUNS_FOLDER)).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|run| is_interrupted(run)).collect();
        found.sort();
        let _ = self.reporter.send(Event::Interrupted(found));
    }

    pub(super) fn tell_weights(&self) {
        if self.storage == Storage::Disk
            && let Some(weights) = weights::remembered(&self.data_folder)
        {
            let _ = self.reporter.send(Event::Weights { weights, is_new: false });
        }
    }

    fn save_as(&mut self, folder: &Path) {
        let known = self.study.sources().iter().map(|source| (source.name(), &source.root));
        if let Err(error) = keep_out_of_datasets(THE_STUDY, folder, known) {
            self.fail(&error);
            return;
        }
        // Half of a recording's result in one place and half in the other would be none.
        self.pause();
        match self.store.copy_to(folder, &self.study) {
            Ok(store) => {
                self.store = Arc::new(store);
                self.remember_place();
                self.changed(true);
                self.tell_recent();
                let _ = self.reporter.send(Event::Note(format!("The study is kept in {}", folder.display())));
            }
            Err(error) => self.fail(&error),
        }
        self.read_what_is_left();
    }

    fn read_anew(&mut self, key: &str) {
        self.pause();
        match self.store.forget_sounds(key) {
            Ok(()) => {
                self.study.forget_sounds(key);
                self.changed(false);
            }
            Err(error) => self.fail(&error),
        }
        self.work(Work::Again);
    }

    fn remove(&mut self, key: &str) {
        self.pause();
        self.study.remove(key);
        if let Err(error) = self.store.forget(key) {
            self.fail(&error);
        }
        self.changed(true);
        self.read_what_is_left();
    }

    fn close(&mut self) {
        self.stop_reading();
        self.stopped = false;
        self.then = None;
        if self.unsaved {
            self.save();
        }
        match Store::in_memory() {
            Ok(store) => self.put_in_place(store, Study::default()),
            Err(error) => self.fail(&error),
        }
        self.publish();
    }
}

/// What may not lie in a dataset.
const THE_STUDY: &str = "the study";

/// A study outlives the folder in which the program was started.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
