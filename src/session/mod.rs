//! The application without a screen: commands go in, jobs run in the background, state comes out.
//!
//! The window and the command line are two faces of one [`Session`]. Neither starts threads nor opens datasets; they
//! [`Session::send`] a [`Command`], let [`Session::poll`] take in what the jobs report, and read [`Session::state`].

mod answer;
mod clip_view;
mod clock;
mod command;
mod estimate;
mod evaluation;
mod experiment;
mod jobs;
mod keeper;
mod player;
mod prepare;
mod recent;
mod run;
mod runs;
mod scores;
mod state;
#[cfg(test)]
mod tests;
mod thumbnails;
mod update;
mod weights;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use answer::Answerer;
use jobs::{Event, Reporter};
use keeper::{Keeper, Order};

pub use clip_view::{ClipView, Picture, Waveform};
pub use command::{Command, DropIntent, RunOrder};
pub use estimate::Estimate;
pub use evaluation::{DEFAULT_THRESHOLD, Evaluation, NothingToEvaluate};
pub use jobs::panic_text;
pub use player::{NowPlaying, Player, SoundCommand, SoundDevices, Volume};
pub use recent::RecentStudy;
pub use run::{Run, RunCounts, RunId, RunPhase};
pub use state::{
    CountedCohort, Devices, Explore, Loading, Message, PredictedFile, PredictionOutcome, Severity, State, Unmapped,
    ViewState,
};
pub use thumbnails::{Thumbnail, ThumbnailConfig, Thumbnails};
pub use update::missing_in_words;
pub use weights::ChosenWeights;

pub use crate::data::study::order::{Direction, SortKey, SortOrder};
pub use crate::data::study::scores::{Outcome, Score, Scores};
pub use crate::data::study::{ClipId, Edit, StudyView};

/// The folder of a study, or of the user's data, in which runs are kept.
const RUNS_FOLDER: &str = "runs";

/// Called from background threads when there is something new to poll.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Whether studies outlive the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// What nobody saves is forgotten: for one job on the command line.
    Memory,
    /// Every study is kept from its first dataset on: for the window.
    Disk,
}

/// Reports that may wait to be polled. A job that reports faster than that waits, or drops batch figures.
const QUEUE: usize = 1024;

/// The running application.
pub struct Session {
    state: State,
    /// Where the demo study and new runs go.
    data_folder: PathBuf,
    reporter: Reporter,
    events: Receiver<Event>,
    /// To the thread that holds the study; `None` where it could not be started.
    keeper: Option<keeper::Handle>,
    /// The thread that plays, once something was to be played.
    sound: Option<player::Handle>,
    /// The thread that makes small pictures, once some were asked for.
    pictures: Option<thumbnails::Handle>,
    /// Jobs that have not reported their end.
    active_jobs: usize,
    /// Orders to the study's thread that it has not reported done.
    open_orders: usize,
    /// Raised to stop the run with this id.
    stops: HashMap<RunId, Arc<AtomicBool>>,
    /// Networks that are ready to answer.
    answerers: HashMap<RunId, Arc<Answerer>>,
    /// The saved run that was asked for last; answers for others come too late to be shown.
    wanted_run: Option<PathBuf>,
    /// Raised to stop the counting of the used recordings; `None` while they are not counted.
    counting: Option<Arc<AtomicBool>>,
    /// A recording is being made ready for Explore.
    viewing: bool,
    next_run: u64,
    next_message: u64,
    next_sound: u64,
}

impl Session {
    /// A session with nothing open. `data_folder` is where the demo study, new studies and new runs go; `wake` is called
    /// from background threads when there is something to poll.
    #[must_use]
    pub fn new(wake: Wake, data_folder: PathBuf, storage: Storage) -> Self {
        let (sender, events) = sync_channel(QUEUE);
        let reporter = Reporter::new(sender, wake);
        Self {
            state: State::default(),
            keeper: Keeper::start(&reporter, storage, data_folder.clone()),
            data_folder,
            reporter,
            events,
            sound: None,
            pictures: None,
            active_jobs: 0,
            open_orders: 0,
            stops: HashMap::new(),
            answerers: HashMap::new(),
            wanted_run: None,
            counting: None,
            viewing: false,
            next_run: 0,
            next_message: 0,
            next_sound: 0,
        }
    }

    /// Where the operating system wants this program's files, or the working folder where it names none.
    #[must_use]
    pub fn default_data_folder() -> PathBuf {
        directories::ProjectDirs::from("", "", "coughscope")
            .map_or_else(|| PathBuf::from("coughscope-data"), |folders| folders.data_local_dir().to_owned())
    }

    /// What is known right now.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether any background job runs.
    #[must_use]
    pub fn busy(&self) -> bool {
        // A thread that broke down answers no order any more.
        let keeper_works = self.keeper.as_ref().is_some_and(|keeper| !keeper.thread.is_finished());
        self.active_jobs > 0 || (self.open_orders > 0 && keeper_works)
    }

    /// Takes in what background jobs have reported. Never waits.
    pub fn poll(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.apply(event);
        }
    }

    /// Waits for at most `timeout` for one report and takes it in. Returns whether there was one. For the command line and
    /// tests; the window polls.
    pub fn wait(&mut self, timeout: Duration) -> bool {
        match self.events.recv_timeout(timeout) {
            Ok(event) => {
                self.apply(event);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}

impl Drop for Session {
    /// Asks running jobs to stop, so that closing the window does not leave a core busy, and waits until the study is saved.
    fn drop(&mut self) {
        for stop in self.stops.values().chain(&self.counting) {
            stop.store(true, Ordering::Relaxed);
        }
        if let Some(sound) = self.sound.take() {
            sound.quit();
        }
        let Some(keeper) = self.keeper.take() else { return };
        let _ = keeper.orders.send(Order::Quit);
        // Nobody listens any more: a report that waits for room would wait for ever.
        let (_, nothing) = sync_channel(0);
        drop(std::mem::replace(&mut self.events, nothing));
        let _ = keeper.thread.join();
    }
}
