//! What the session knows. The window and the command line read it; only the session changes it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::clip_view::{ClipView, Picture};
use super::estimate::Estimate;
use super::evaluation::Evaluation;
use super::player::Player;
use super::recent::RecentStudy;
use super::run::{Run, RunId};
use super::thumbnails::Thumbnails;
use super::weights::ChosenWeights;
use crate::data::sources::mapped::{Mapping, MappingCount, TablePreview};
use crate::data::study::cohort::Cohort;
use crate::data::study::filter::Filter;
use crate::data::study::order::SortOrder;
use crate::data::study::scores::Scores;
use crate::data::study::{ClipId, StudyView};
use crate::spectrogram::LevelPyramid;
use crate::train::TrainConfig;
use crate::train::device::DeviceInfo;

/// Everything that is known right now.
#[derive(Default)]
pub struct State {
    /// The study that is open, as it was last published.
    pub study: Arc<StudyView>,
    /// Studies that were open lately.
    pub recent: Vec<RecentStudy>,
    /// Folders with tables that nobody recognised: which columns hold what is for the person to say, one after the other.
    pub unmapped: VecDeque<Unmapped>,
    /// The job that makes or reads datasets, while one runs.
    pub loading: Option<Loading>,
    /// The recording that Explore shows.
    pub explore: Explore,
    /// The used recordings in numbers, once somebody has asked for them.
    pub cohort: Option<CountedCohort>,
    /// Small pictures for the gallery.
    pub thumbnails: Thumbnails,
    /// The sound that is heard, and what it is heard on.
    pub player: Player,
    /// What can compute.
    pub devices: Devices,
    /// What a training with these settings will cost, or why that cannot be told; for the settings asked about last.
    pub estimate: Option<(TrainConfig, Result<Estimate, String>)>,
    /// What a training will cost is being measured.
    pub estimating: bool,
    /// Folders of trainings that were interrupted, and that can go on.
    pub interrupted: Vec<PathBuf>,
    /// The weights of InceptionV3 that a person named, for the paper's protocol.
    pub weights: Option<ChosenWeights>,
    /// Training runs, oldest first.
    pub runs: Vec<Run>,
    /// The run that Train shows.
    pub current_run: Option<RunId>,
    /// The run whose network scores new recordings: the last one that was opened, or trained and looked at.
    pub predict_run: Option<RunId>,
    /// What Evaluate shows.
    pub evaluation: Option<Evaluation>,
    /// What the run or table that Evaluate shows made of the recordings of the study.
    pub scores: Arc<Scores>,
    /// New recordings and their answers, newest first.
    pub predictions: Vec<PredictedFile>,
    /// Messages for the person, oldest first; the window shows each until it is dismissed.
    pub messages: Vec<Message>,
}

impl State {
    /// The run that Train shows.
    #[must_use]
    pub fn current_run(&self) -> Option<&Run> {
        self.current_run.and_then(|id| self.run(id))
    }

    /// The run whose network scores new recordings.
    #[must_use]
    pub fn predict_run(&self) -> Option<&Run> {
        self.predict_run.and_then(|id| self.run(id))
    }

    /// The run with this id.
    #[must_use]
    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// The run that is training or preparing right now.
    #[must_use]
    pub fn active_run(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.is_active())
    }
}

/// The used recordings, counted by everything that is known of them.
#[derive(Clone)]
pub struct CountedCohort {
    /// The [`StudyView::revision`] that was counted; an older one while the latest is on its way.
    pub revision: u64,
    /// The counts, or why they could not be made, in words for the person.
    pub cohort: Result<Arc<Cohort>, String>,
}

/// A folder with tables that no dataset's layout fits.
#[derive(Clone, Debug)]
pub struct Unmapped {
    /// The folder.
    pub root: PathBuf,
    /// Its tables; at least one.
    pub tables: Vec<TablePreview>,
    /// What was counted last for a choice of columns, or why it could not be.
    pub count: Option<(Mapping, Result<MappingCount, String>)>,
}

/// How far the making or reading of datasets is.
#[derive(Clone, Debug)]
pub struct Loading {
    /// What is being done, for example "Reading recordings".
    pub task: String,
    /// The file or folder in hand.
    pub detail: String,
    /// Steps done.
    pub done: usize,
    /// Steps in all; 0 while unknown.
    pub total: usize,
    /// When the job started.
    pub since: Instant,
}

/// The recording that Explore shows.
#[derive(Default)]
pub struct Explore {
    /// Which recordings the list shows.
    pub filter: Filter,
    /// In which order the list shows them; `None` for the study's own.
    pub order: Option<SortOrder>,
    /// The recording that is shown.
    pub selected: Option<ClipId>,
    /// Recordings that are chosen together, for one decision about all of them. They stay
    /// chosen where the list does not show them.
    pub marked: Arc<BTreeSet<ClipId>>,
    /// Its sound and pictures.
    pub view: ViewState,
    /// What its pictures show.
    pub picture: Picture,
}

impl Explore {
    /// Finds what is chosen in `old` again in `new`, where other datasets may have moved it.
    pub(super) fn follow(&mut self, old: &StudyView, new: &StudyView) {
        let chosen = self.selected.iter().chain(self.marked.iter());
        let stays = |id: &ClipId| match (old.clip(*id), new.clip(*id)) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now) || before.path == now.path,
            (None, None) => true,
            _ => false,
        };
        if chosen.into_iter().all(stays) {
            self.selected = self.selected.filter(|id| new.clip(*id).is_some());
            return;
        }
        let places: HashMap<&Path, ClipId> =
            new.clips.iter().enumerate().map(|(place, clip)| (clip.path.as_path(), ClipId(place))).collect();
        let now = |id: &ClipId| places.get(old.clip(*id)?.path.as_path()).copied();
        self.selected = self.selected.as_ref().and_then(now);
        self.marked = Arc::new(self.marked.iter().filter_map(now).collect());
    }
}

/// Sound and pictures of a recording, on their way or there.
#[derive(Clone, Default)]
pub enum ViewState {
    /// No recording is chosen.
    #[default]
    Empty,
    /// A background job decodes it.
    Loading,
    /// Ready to draw.
    Ready(Arc<ClipView>),
    /// The reason, in words for the person.
    Failed(String),
}

/// What can compute, as far as it is known.
#[derive(Clone, Debug, Default)]
pub enum Devices {
    /// The probe is still running.
    #[default]
    Probing,
    /// Every device, best first.
    Ready(Vec<DeviceInfo>),
}

/// A new recording and the network's answer.
#[derive(Clone, Debug)]
pub struct PredictedFile {
    /// The recording.
    pub path: PathBuf,
    /// The run that answers.
    pub run: RunId,
    /// That run's name.
    pub run_name: String,
    /// The answer, or why there is none.
    pub outcome: PredictionOutcome,
}

/// The network's answer for one recording.
#[derive(Clone, Debug)]
pub enum PredictionOutcome {
    /// A background job works on it.
    Pending,
    /// The network's answer.
    Scored {
        /// From 0 (healthy) to 1 (sick); not a probability.
        score: f64,
        /// What the answer was compared with: the threshold chosen on the run's validation part.
        threshold: f64,
        /// The recording as the network saw it.
        spectrogram: Arc<LevelPyramid>,
    },
    /// The reason, in words for the person.
    Failed(String),
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something was left out or replaced.
    Warning,
    /// Something that was asked for did not happen.
    Error,
}

/// A message for the person.
#[derive(Clone, Debug)]
pub struct Message {
    /// Counts up; names the message in [`Command::Dismiss`](super::Command::Dismiss).
    pub id: u64,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, to which file, and what to do.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Clip, PersonId, SourceKind};

    fn study(names: &[&str]) -> StudyView {
        let clip =
            |name: &&str| Arc::new(Clip::new(name.into(), SourceKind::Folder, PersonId((*name).to_owned()), "sick"));
        StudyView { clips: names.iter().map(clip).collect(), ..StudyView::default() }
    }

    #[test]
    fn what_is_chosen_stays_chosen_where_it_goes() {
        let old = study(&["a", "b", "c"]);
        let marked: BTreeSet<ClipId> = [ClipId(1), ClipId(2)].into();
        for (new, selected, now) in [
            (study(&["a", "b", "c"]), Some(1), vec![1, 2]),
            (study(&["x", "c", "b"]), Some(2), vec![1, 2]),
            (study(&["c"]), None, vec![0]),
            (study(&[]), None, vec![]),
        ] {
            let mut explore =
                Explore { selected: Some(ClipId(1)), marked: Arc::new(marked.clone()), ..Explore::default() };
            explore.follow(&old, &new);
            assert_eq!(explore.selected, selected.map(ClipId));
            assert_eq!(*explore.marked, now.into_iter().map(ClipId).collect());
        }
    }
}
