//! The thread that holds the study: it takes orders, reads datasets in the background, and publishes views.
//!
//! The window never waits for it. What a person changes goes in as an [`Order`]; what they see is the last
//! [`StudyView`] that came out. Everything that counts 35,000 recordings happens here.

mod job;
mod orders;
mod reading;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use job::Work;
pub(super) use orders::{Order, TrainAfter};
use reading::Reading;

use super::evaluation::Evaluation;
use super::jobs::{Event, Reporter, guarded};
use super::{Storage, scores};
use crate::data::study::scores::Scores;
use crate::data::study::{Edit, Store, Study, StudyView, settings};

/// Views are published this often while recordings are read: often enough to watch, seldom enough to cost nothing.
const PUBLISH_EVERY: Duration = Duration::from_millis(400);

/// Edits of one kind that follow each other within this time are undone together: a slider is dragged in many steps.
const ONE_GESTURE: Duration = Duration::from_millis(800);

/// The running thread.
pub(super) struct Handle {
    /// Where its orders go.
    pub orders: Sender<Order>,
    /// To wait for its end.
    pub thread: JoinHandle<()>,
}

/// A change that can be undone, and when it was made.
struct Undo {
    edit: Edit,
    at: Instant,
}

/// The thread's state.
pub(super) struct Keeper {
    study: Study,
    store: Arc<Store>,
    storage: Storage,
    /// Where studies go that nobody has given a place.
    data_folder: PathBuf,
    reporter: Reporter,
    orders: Receiver<Order>,
    /// For the jobs, to send their results.
    own: Sender<Order>,
    /// What is read right now.
    reading: Option<Reading>,
    /// What is read after it.
    waiting: VecDeque<Work>,
    /// What to do when nothing is left to read.
    then: Option<TrainAfter>,
    /// The person wants nothing to be read until they ask.
    stopped: bool,
    /// Orders that end when nothing is left to read.
    unfinished: usize,
    next_job: u64,
    undo: Vec<Undo>,
    redo: Vec<Edit>,
    revision: u64,
    /// What was published last.
    shown: Arc<StudyView>,
    /// The evaluation whose scores are found among the recordings.
    evaluation: Option<Box<Evaluation>>,
    /// Sounds have been read since they were compared with each other.
    uncompared: bool,
    /// The study has changed since it was published, and since it was saved.
    unpublished: bool,
    unsaved: bool,
    published: Instant,
}

impl Keeper {
    /// Starts the thread. `None` when the operating system refuses.
    pub fn start(reporter: &Reporter, storage: Storage, data_folder: PathBuf) -> Option<Handle> {
        let (own, orders) = channel();
        let (sender, reporter) = (own.clone(), reporter.clone());
        let body = move || {
            let told = reporter.clone();
            let ended = guarded(|| {
                let store = Store::in_memory().map_err(|error| error.to_string())?;
                Self::new(store, reporter, storage, data_folder, (own, orders)).run();
                Ok(())
            });
            if let Err(reason) = ended {
                let _ = told.send(Event::Failed(reason));
                let _ = told.send(Event::LoadingEnded);
            }
        };
        std::thread::Builder::new()
            .name("study".to_owned())
            .spawn(body)
            .ok()
            .map(|thread| Handle { orders: sender, thread })
    }

    fn new(
        store: Store,
        reporter: Reporter,
        storage: Storage,
        data_folder: PathBuf,
        (own, orders): (Sender<Order>, Receiver<Order>),
    ) -> Self {
        Self {
            study: Study::default(),
            store: Arc::new(store),
            storage,
            data_folder,
            reporter,
            orders,
            own,
            reading: None,
            waiting: VecDeque::new(),
            then: None,
            stopped: false,
            unfinished: 0,
            next_job: 0,
            undo: Vec::new(),
            redo: Vec::new(),
            revision: 0,
            shown: Arc::default(),
            evaluation: None,
            uncompared: false,
            unpublished: false,
            unsaved: false,
            published: Instant::now(),
        }
    }

    fn run(mut self) {
        self.tell_recent();
        self.tell_weights();
        loop {
            let patience = if self.reading.is_some() { PUBLISH_EVERY / 4 } else { Duration::from_secs(3600) };
            match self.orders.recv_timeout(patience) {
                Ok(Order::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // Whatever has come meanwhile is taken in before anything is counted: a dragged slider sends many edits.
            let mut quit = false;
            while let Ok(order) = self.orders.try_recv() {
                if matches!(order, Order::Quit) {
                    quit = true;
                    break;
                }
                self.take(order);
            }
            self.collect();
            if quit {
                break;
            }
        }
        self.stop_reading();
        self.save();
    }

    /// Publishes and saves what has changed.
    fn collect(&mut self) {
        self.take_in_sounds();
        let reading = self.reading.is_some();
        if self.unpublished && (!reading || self.published.elapsed() >= PUBLISH_EVERY) {
            self.publish();
        }
        if self.unsaved {
            self.save();
        }
        if !reading && self.waiting.is_empty() {
            self.finish();
        }
    }

    /// Everything that was asked for has been read.
    fn finish(&mut self) {
        if self.unfinished == 0 {
            return;
        }
        let _ = self.reporter.send(Event::LoadingEnded);
        if let Some(then) = self.then.take() {
            let _ = self.reporter.send(Event::ReadyToTrain(then));
        }
        for _ in 0..std::mem::take(&mut self.unfinished) {
            let _ = self.reporter.send(Event::OrderEnded);
        }
    }

    fn publish(&mut self) {
        self.revision += 1;
        self.study.group();
        let mut view = self.study.view();
        view.revision = self.revision;
        if let Some(folder) = self.store.folder() {
            view.name = settings::name_or_folder(&view.name, folder);
            view.folder = Some(folder.to_owned());
        }
        view.undo = self.undo.last().map(|undo| undo.edit.name());
        view.redo = self.redo.last().map(Edit::name);
        self.unpublished = false;
        self.published = Instant::now();
        self.shown = Arc::new(view);
        let _ = self.reporter.send(Event::Study { view: Arc::clone(&self.shown), scores: self.scores() });
    }

    /// The scores of the recordings that were published last.
    fn scores(&self) -> Arc<Scores> {
        let scores = self.evaluation.as_ref().map(|evaluation| scores::of(evaluation, &self.shown));
        Arc::new(scores.unwrap_or_default())
    }

    fn save(&mut self) {
        let saved = self.store.save(&self.study);
        self.unsaved = saved.is_err();
        if let Err(error) = saved {
            self.fail(&error);
        }
    }

    fn fail(&self, reason: &impl ToString) {
        let _ = self.reporter.send(Event::Failed(reason.to_string()));
    }

    /// Marks the study as changed; `kept` where study.toml holds what changed.
    fn changed(&mut self, kept: bool) {
        self.unpublished = true;
        self.unsaved |= kept;
    }

    /// Makes a change that can be undone.
    fn edit(&mut self, edit: Edit) {
        let back = self.study.apply(edit);
        self.redo.clear();
        let same_gesture = self.undo.last().is_some_and(|last| {
            let same_kind =
                matches!((&last.edit, &back), (Edit::Policy(_), Edit::Policy(_)) | (Edit::Split(_), Edit::Split(_)));
            same_kind && last.at.elapsed() < ONE_GESTURE
        });
        if same_gesture {
            if let Some(last) = self.undo.last_mut() {
                last.at = Instant::now();
            }
        } else {
            self.undo.push(Undo { edit: back, at: Instant::now() });
        }
        self.changed(true);
        self.read_what_is_left();
    }

    fn undo(&mut self) {
        if let Some(Undo { edit, .. }) = self.undo.pop() {
            self.redo.push(self.study.apply(edit));
            self.changed(true);
            self.read_what_is_left();
        }
    }

    fn redo(&mut self) {
        if let Some(edit) = self.redo.pop() {
            // Long ago, so that the next gesture does not join it.
            let at = Instant::now().checked_sub(ONE_GESTURE).unwrap_or_else(Instant::now);
            self.undo.push(Undo { edit: self.study.apply(edit), at });
            self.changed(true);
            self.read_what_is_left();
        }
    }
}
