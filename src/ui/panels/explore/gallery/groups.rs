//! Which recordings stand side by side, and where an arrow key leads.

use std::collections::HashSet;

use eframe::egui::Key;

use super::super::fate::Fate;
use super::super::rows::{Change, Rows};
use crate::data::Label;
use crate::data::study::filter::{Facet, Filter};
use crate::session::{ClipId, State};
use crate::ui::format::counted;

/// Recordings of one kind, in the order of the list.
pub struct Group {
    /// The kind.
    pub fate: Fate,
    /// Its recordings.
    pub recordings: Vec<ClipId>,
    /// How many people these are of.
    pub people: usize,
}

/// The groups, from left to right.
#[derive(Default)]
pub struct Groups {
    all: Vec<Group>,
    /// All of their recordings, one group after the other.
    rows: Rows,
    /// Recordings that are asked for, but are in no group.
    without_place: usize,
}

/// Where an arrow key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Left,
    Right,
    Up,
    Down,
    First,
    Last,
}

impl Step {
    pub const ALL: [Self; 6] = [Self::Left, Self::Right, Self::Up, Self::Down, Self::First, Self::Last];

    /// The key that asks for it.
    pub fn key(self) -> Key {
        match self {
            Self::Left => Key::ArrowLeft,
            Self::Right => Key::ArrowRight,
            Self::Up => Key::ArrowUp,
            Self::Down => Key::ArrowDown,
            Self::First => Key::Home,
            Self::Last => Key::End,
        }
    }
}

impl Groups {
    /// Chooses the recordings again where the study, the filter or the order has changed. Returns what has.
    pub fn update(&mut self, state: &State) -> Option<Change> {
        let mut made = None;
        let change = self.rows.update_as(state, |ids| {
            let groups = groups(state, &ids);
            let shown: Vec<ClipId> = groups.iter().flat_map(|group| group.recordings.iter().copied()).collect();
            made = Some((groups, ids.len() - shown.len()));
            shown
        });
        if let Some(made) = made {
            (self.all, self.without_place) = made;
        }
        change
    }

    /// All groups; the two classes first.
    pub fn all(&self) -> &[Group] {
        &self.all
    }

    /// Recordings of all groups, one after the other, and which are chosen.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// How many are asked for and not shown, and why; `None` where all are.
    pub fn missing_in_words(&self, filter: &Filter) -> Option<String> {
        let count = self.without_place;
        let words = if asks_for_left_out(filter) {
            counted(count, "has no sound to picture", "have no sound to picture")
        } else {
            counted(count, "is left out or unreadable", "are left out or unreadable")
        };
        (count > 0).then_some(words)
    }

    /// Where a step from `selected` leads, with `per_row` pictures in each row of each group; `None` where it leads nowhere.
    pub fn step(&self, selected: Option<ClipId>, step: Step, per_row: usize) -> Option<ClipId> {
        let place = |id: ClipId| {
            let within = |group: &Group| group.recordings.iter().position(|own| *own == id);
            self.all.iter().enumerate().find_map(|(column, group)| Some((column, within(group)?)))
        };
        let Some((column, index)) = selected.and_then(place) else {
            return self.all.iter().find_map(|group| group.recordings.first()).copied();
        };
        let own = &self.all.get(column)?.recordings;
        let in_row = index % per_row;
        // Beyond the edge lies the row of the same height in the next group.
        let beside = |column: usize, in_row: usize| {
            let beside = &self.all.get(column)?.recordings;
            beside.get((index - index % per_row + in_row).min(beside.len().checked_sub(1)?)).copied()
        };
        match step {
            Step::Left if in_row == 0 => beside(column.checked_sub(1)?, per_row - 1),
            Step::Left => own.get(index - 1).copied(),
            Step::Right if in_row + 1 == per_row || index + 1 == own.len() => beside(column + 1, 0),
            Step::Right => own.get(index + 1).copied(),
            Step::Up => own.get(index.checked_sub(per_row)?).copied(),
            Step::Down => own.get(index + per_row).copied(),
            Step::First => own.first().copied(),
            Step::Last => own.last().copied(),
        }
    }
}

/// Those of `ids` that have a file, by what became of them.
fn groups(state: &State, ids: &[ClipId]) -> Vec<Group> {
    let clips = || ids.iter().filter_map(|id| Some((*id, state.study.clip(*id)?))).filter(|(_, clip)| clip.has_file());
    let group = |fate: Fate| {
        let (mut recordings, mut people) = (Vec::new(), HashSet::new());
        for (id, clip) in clips().filter(|(_, clip)| Fate::of(&clip.verdict) == fate) {
            recordings.push(id);
            people.insert(&clip.person);
        }
        Group { fate, recordings, people: people.len() }
    };
    let mut groups: Vec<Group> = Label::ALL.map(|label| group(Fate::Used(label))).into();
    // What is not used stands beside the two classes only where somebody looks for it.
    if asks_for_left_out(&state.explore.filter) {
        groups.extend(Some(group(Fate::LeftOut)).filter(|group| !group.recordings.is_empty()));
    }
    groups
}

/// Whether somebody asks for recordings by what may keep them from being used.
pub fn asks_for_left_out(filter: &Filter) -> bool {
    [Facet::Label, Facet::Quality, Facet::Decision].into_iter().any(|facet| filter.get(facet).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven healthy (0 to 6), two sick (7, 8).
    fn groups() -> Groups {
        let group = |fate, ids: std::ops::Range<usize>| Group {
            fate,
            people: ids.len(),
            recordings: ids.map(ClipId).collect(),
        };
        let [healthy, sick] = Label::ALL.map(Fate::Used);
        Groups { all: vec![group(healthy, 0..7), group(sick, 7..9)], ..Groups::default() }
    }

    #[test]
    fn arrows_walk_over_both_groups() {
        let step = |from: usize, step| groups().step(Some(ClipId(from)), step, 3).map(|id| id.0);
        // 0 1 2 | 7 8
        // 3 4 5 |
        // 6     |
        for (from, way, to) in [
            (0, Step::Right, Some(1)),
            (2, Step::Right, Some(7)),
            (5, Step::Right, Some(8)),
            (6, Step::Right, Some(8)),
            (8, Step::Right, None),
            (7, Step::Left, Some(2)),
            (8, Step::Left, Some(7)),
            (0, Step::Left, None),
            (0, Step::Down, Some(3)),
            (5, Step::Down, None),
            (4, Step::Up, Some(1)),
            (1, Step::Up, None),
            (3, Step::First, Some(0)),
            (7, Step::Last, Some(8)),
        ] {
            assert_eq!(step(from, way), to, "{way:?} of {from}");
        }
    }

    #[test]
    fn without_a_choice_any_key_leads_to_the_first() {
        assert_eq!(groups().step(None, Step::Left, 3), Some(ClipId(0)));
        assert_eq!(groups().step(Some(ClipId(99)), Step::Down, 3), Some(ClipId(0)));
        assert_eq!(Groups::default().step(None, Step::Down, 3), None);
    }
}
