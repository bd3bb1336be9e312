//! The recordings that the list shows, in its order, and which of them are chosen.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::sync::Arc;

use crate::data::study::filter::Filter;
use crate::session::{ClipId, Scores, SortOrder, State, StudyView};

/// The recordings that the list shows. Computed only when what they depend on changes.
#[derive(Default)]
pub struct Rows {
    ids: Vec<ClipId>,
    /// The row of each recording of the study.
    places: Vec<Option<usize>>,
    /// Whether another recording of the study has the same file name, for each.
    namesakes: Vec<bool>,
    of: Question,
    chosen: Chosen,
    /// What `chosen` was computed from.
    marked: Arc<BTreeSet<ClipId>>,
}

/// What the rows depend on.
#[derive(Default)]
struct Question {
    revision: u64,
    filter: Filter,
    order: Option<SortOrder>,
    scores: Arc<Scores>,
}

/// The recordings that a decision is about, where they are chosen apart from the one that is shown.
#[derive(Debug, Default)]
pub struct Chosen {
    /// Those that the list shows, in its order.
    pub shown: Vec<ClipId>,
    /// How many the list does not show; nothing is decided about these.
    pub hidden: usize,
    /// How many of `shown` have no file, so that there is nothing to decide.
    pub without_file: usize,
}

impl Chosen {
    /// Whether there are any, listed or not; else the one that is shown is meant.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.shown.len() + self.hidden > 0
    }
}

/// What a change of the rows was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody asked for other recordings.
    Filter,
    /// Somebody asked for another order.
    Order,
    /// The study or its scores are others.
    Study,
}

impl Rows {
    /// Takes in what has changed since the last frame, and says what that was.
    pub fn update(&mut self, state: &State) -> Option<Change> {
        self.update_as(state, |ids| ids)
    }

    /// The same, with what `arrange` makes of the recordings that are asked for, in their order.
    pub fn update_as(&mut self, state: &State, arrange: impl FnOnce(Vec<ClipId>) -> Vec<ClipId>) -> Option<Change> {
        let (study, explore) = (&state.study, &state.explore);
        let change = if self.of.filter != explore.filter {
            Some(Change::Filter)
        } else if self.of.order != explore.order {
            Some(Change::Order)
        } else if self.of.revision != study.revision || !Arc::ptr_eq(&self.of.scores, &state.scores) {
            Some(Change::Study)
        } else {
            None
        };
        if change.is_some() {
            let chosen = explore.filter.choose(study, &state.scores);
            let ids = match explore.order {
                Some(order) => order.sort(study, &state.scores, chosen),
                None => chosen,
            };
            self.set(arrange(ids), study.clips.len());
            if self.namesakes.is_empty() || self.of.revision != study.revision {
                self.namesakes = namesakes(study);
            }
            self.of = Question {
                revision: study.revision,
                filter: explore.filter.clone(),
                order: explore.order,
                scores: Arc::clone(&state.scores),
            };
        }
        if change.is_some() || !Arc::ptr_eq(&self.marked, &explore.marked) {
            self.marked = Arc::clone(&explore.marked);
            self.chosen = self.choose(study);
        }
        change
    }

    fn set(&mut self, ids: Vec<ClipId>, recordings: usize) {
        self.places = vec![None; recordings];
        for (row, id) in ids.iter().enumerate() {
            if let Some(place) = self.places.get_mut(id.0) {
                *place = Some(row);
            }
        }
        self.ids = ids;
    }

    fn choose(&self, study: &StudyView) -> Chosen {
        let mut rows: Vec<usize> = self.marked.iter().filter_map(|id| self.place(*id)).collect();
        rows.sort_unstable();
        let shown: Vec<ClipId> = rows.into_iter().filter_map(|row| self.ids.get(row).copied()).collect();
        let has_no_file = |id: &&ClipId| study.clip(**id).is_some_and(|clip| !clip.has_file());
        Chosen {
            hidden: self.marked.len() - shown.len(),
            without_file: shown.iter().filter(has_no_file).count(),
            shown,
        }
    }

    /// The recordings, from the first row to the last.
    #[must_use]
    pub fn ids(&self) -> &[ClipId] {
        &self.ids
    }

    /// The row of a recording, where it has one.
    #[must_use]
    pub fn place(&self, id: ClipId) -> Option<usize> {
        self.places.get(id.0).copied().flatten()
    }

    /// Whether another recording has the same file name.
    #[must_use]
    pub fn has_namesake(&self, id: ClipId) -> bool {
        self.namesakes.get(id.0).copied().unwrap_or_default()
    }

    /// The recordings that are chosen together; empty while only one is.
    #[must_use]
    pub fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    /// Whether a recording is chosen together with others.
    #[must_use]
    pub fn is_marked(&self, id: ClipId) -> bool {
        self.marked.contains(&id)
    }
}

/// Whether another recording of `study` has the same file name, for each.
fn namesakes(study: &StudyView) -> Vec<bool> {
    let mut files: HashMap<Option<&OsStr>, usize> = HashMap::with_capacity(study.clips.len());
    for clip in &study.clips {
        *files.entry(clip.path.file_name()).or_default() += 1;
    }
    study.clips.iter().map(|clip| files.get(&clip.path.file_name()).is_some_and(|files| *files > 1)).collect()
}

#[cfg(test)]
impl Rows {
    /// These rows of a study with so many recordings.
    pub fn of(ids: Vec<ClipId>, recordings: usize) -> Self {
        let mut rows = Self::default();
        rows.set(ids, recordings);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::study::filter::Condition;
    use crate::data::{Clip, Decision, Obstacle, PersonId, SourceKind};
    use crate::session::{Direction, SortKey};

    fn state() -> State {
        let clip = |(index, name): (usize, &str)| {
            let clip = Clip::new(name.into(), SourceKind::Folder, PersonId(name.to_owned()), "sick");
            let decision = (index > 1).then_some(Decision::Sick);
            let obstacle = (index == 3).then_some(Obstacle::NoAudioFile);
            Arc::new(Clip { decision, obstacle, ..clip })
        };
        let clips = ["c", "d", "b", "a"].into_iter().enumerate().map(clip).collect();
        let study = StudyView { revision: 1, clips, ..StudyView::default() };
        State { study: Arc::new(study), ..State::default() }
    }

    #[test]
    fn files_of_one_name_are_known() {
        let (mut state, mut rows) = (state(), Rows::default());
        rows.update(&state);
        assert!((0..4).all(|place| !rows.has_namesake(ClipId(place))));
        let mut study = StudyView::clone(&state.study);
        for person in ["x", "y"] {
            let path = std::path::Path::new(person).join("d");
            study.clips.push(Arc::new(Clip::new(path, SourceKind::Folder, PersonId(person.to_owned()), "sick")));
        }
        study.revision += 1;
        state.study = Arc::new(study);
        rows.update(&state);
        let found: Vec<usize> = (0..6).filter(|place| rows.has_namesake(ClipId(*place))).collect();
        assert_eq!(found, [1, 4, 5]);
    }

    #[test]
    fn only_chosen_recordings_that_are_shown_are_decided_about() {
        let (mut state, mut rows) = (state(), Rows::default());
        assert_eq!(rows.update(&state), Some(Change::Study));
        assert_eq!(rows.update(&state), None, "nothing is computed anew");
        state.explore.marked = Arc::new([0, 2, 3].map(ClipId).into());
        rows.update(&state);
        assert_eq!(rows.chosen().shown, [0, 2, 3].map(ClipId));
        state.explore.order = Some(SortOrder { key: SortKey::File, direction: Direction::Ascending });
        assert_eq!(rows.update(&state), Some(Change::Order));
        assert_eq!(rows.chosen().shown, [3, 2, 0].map(ClipId), "in the order of the list");
        assert_eq!(rows.place(ClipId(1)), Some(3));
        state.explore.filter = Filter::of([Condition::ByHand]);
        assert_eq!(rows.update(&state), Some(Change::Filter));
        assert_eq!((rows.chosen().shown.len(), rows.chosen().hidden, rows.chosen().without_file), (2, 1, 1));
        assert_eq!(rows.place(ClipId(0)), None);
    }
}
