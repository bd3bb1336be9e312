//! How clicks and keys choose recordings: one, or several for one decision about all of them.

use std::collections::BTreeSet;

use eframe::egui::{Modifiers, Ui};

use super::rows::Rows;
use crate::data::study::filter::flags_that_count;
use crate::session::{ClipId, Command, Explore, StudyView};
use crate::ui::panels::Cx;
use crate::ui::shortcuts;

/// How a recording joins those that are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// It alone.
    Alone,
    /// One more, or one less where it is chosen already.
    Toggle,
    /// All from the one that was clicked last up to it.
    Range,
    /// The same, and those that are chosen already.
    RangeToo,
    /// Not at all: it is shown, and the others stay chosen.
    NotYet,
}

impl Join {
    /// What a click means with these keys held.
    pub fn of(held: Modifiers) -> Self {
        match (held.command, held.shift) {
            (false, false) => Self::Alone,
            (true, false) => Self::Toggle,
            (false, true) => Self::Range,
            (true, true) => Self::RangeToo,
        }
    }
}

/// Where ranges begin.
#[derive(Default)]
pub struct Choosing {
    anchor: Option<ClipId>,
}

impl Choosing {
    /// The wish to show `target`, chosen in this way.
    pub fn choose(&mut self, rows: &Rows, explore: &Explore, target: ClipId, how: Join) -> Command {
        let mut marked = match how {
            Join::Alone | Join::Range => BTreeSet::new(),
            Join::Toggle | Join::RangeToo | Join::NotYet => before(explore),
        };
        match how {
            Join::NotYet => return Command::SelectMany { shown: target, marked },
            Join::Alone => self.anchor = Some(target),
            Join::Toggle => {
                if !marked.remove(&target) {
                    marked.insert(target);
                }
                self.anchor = Some(target);
            }
            Join::Range | Join::RangeToo => {
                let place = |id: ClipId| rows.place(id);
                let to = place(target).unwrap_or(0);
                if explore.marked.is_empty() {
                    // Where only one is chosen, by whatever, ranges begin there.
                    self.anchor = explore.selected;
                }
                let from = self.anchor.and_then(place).or(explore.selected.and_then(place)).unwrap_or(to);
                marked.extend(rows.ids().get(from.min(to)..=from.max(to)).unwrap_or_default());
            }
        }
        wish(target, marked)
    }

    /// Takes in the keys that choose all, one only, or one more.
    pub fn keys(&mut self, ui: &Ui, rows: &Rows, cx: &mut Cx<'_>) {
        let explore = &cx.state.explore;
        if shortcuts::CHOOSE_ALL.pressed(ui.ctx()) {
            Self::all(rows, explore).into_iter().for_each(|wish| cx.send(wish));
        }
        let Some(shown) = explore.selected else { return };
        if !explore.marked.is_empty() && shortcuts::UNMARK.pressed(ui.ctx()) {
            cx.send(Command::Select(shown));
        }
        if shortcuts::TOGGLE.pressed(ui.ctx()) {
            cx.send(self.choose(rows, explore, shown, Join::Toggle));
        }
    }

    /// The wish to choose all rows; the one that is shown stays.
    pub fn all(rows: &Rows, explore: &Explore) -> Option<Command> {
        let shown = explore.selected.or(rows.ids().first().copied())?;
        Some(wish(shown, rows.ids().iter().copied().collect()))
    }
}

/// The next row after `at`, or the one before, whose recording has a flag that counts, where a key asks for it.
pub fn flagged(ui: &Ui, rows: &Rows, at: usize, study: &StudyView) -> Option<usize> {
    let ids = rows.ids();
    let has_flag = |row: &usize| {
        let clip = ids.get(*row).and_then(|id| study.clip(*id));
        clip.is_some_and(|clip| flags_that_count(clip, &study.policy.quality).next().is_some())
    };
    if shortcuts::NEXT_FLAGGED.pressed(ui.ctx()) {
        (at + 1..ids.len()).find(has_flag)
    } else if shortcuts::PREVIOUS_FLAGGED.pressed(ui.ctx()) {
        (0..at.min(ids.len())).rev().find(has_flag)
    } else {
        None
    }
}

/// What is chosen now.
fn before(explore: &Explore) -> BTreeSet<ClipId> {
    if explore.marked.is_empty() { explore.selected.into_iter().collect() } else { (*explore.marked).clone() }
}

/// One is not several: of the last one that is left, its pictures are shown.
fn wish(target: ClipId, marked: BTreeSet<ClipId>) -> Command {
    match marked.len() {
        0 => Command::Select(target),
        1 => Command::Select(marked.first().copied().unwrap_or(target)),
        _ => Command::SelectMany { shown: target, marked },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Takes the wishes in as the session does, and tells what is shown and chosen, by the places in the study.
    fn after(gestures: &[(usize, Join)]) -> (usize, Vec<usize>) {
        // The list is sorted: its rows are not in the order of the study.
        let rows = Rows::of([4, 2, 0, 3, 1].map(ClipId).to_vec(), 5);
        let (mut choosing, mut explore) = (Choosing::default(), Explore::default());
        for (place, how) in gestures {
            let wish = choosing.choose(&rows, &explore, ClipId(*place), *how);
            take_in(&mut explore, wish);
        }
        (explore.selected.unwrap().0, explore.marked.iter().map(|id| id.0).collect())
    }

    fn take_in(explore: &mut Explore, wish: Command) {
        let (shown, marked) = match wish {
            Command::Select(shown) => (shown, BTreeSet::new()),
            Command::SelectMany { shown, marked } => (shown, marked),
            other => panic!("{other:?}"),
        };
        (explore.selected, explore.marked) = (Some(shown), Arc::new(marked));
    }

    #[test]
    fn clicks_choose_as_in_other_lists() {
        use Join::{Alone, NotYet, Range, RangeToo, Toggle};
        assert_eq!(after(&[(0, Alone)]), (0, vec![]));
        assert_eq!(after(&[(0, Alone), (3, Toggle)]), (3, vec![0, 3]));
        assert_eq!(after(&[(0, Alone), (3, Toggle), (3, Toggle)]), (0, vec![]), "the one that is left is shown");
        assert_eq!(after(&[(0, Toggle), (0, Toggle)]), (0, vec![]), "one stays in any case");
        assert_eq!(after(&[(2, Alone), (3, Range)]), (3, vec![0, 2, 3]), "in the order of the list");
        assert_eq!(after(&[(2, Alone), (3, Range), (4, Range)]), (4, vec![2, 4]), "from where it began");
        assert_eq!(after(&[(4, Alone), (3, Toggle), (1, RangeToo)]), (1, vec![1, 3, 4]));
        assert_eq!(after(&[(2, Alone), (3, Range), (1, Alone)]), (1, vec![]));
        assert_eq!(after(&[(2, Alone), (3, NotYet)]), (3, vec![2]), "shown, but not chosen");
        assert_eq!(after(&[(2, Alone), (3, NotYet), (3, Toggle)]), (3, vec![2, 3]));
        assert_eq!(after(&[(2, Alone), (3, NotYet), (1, Range)]), (1, vec![0, 1, 2, 3]), "from the chosen one on");
    }

    #[test]
    fn a_range_begins_at_the_one_that_was_chosen_elsewhere() {
        let rows = Rows::of([0, 1, 2, 3].map(ClipId).to_vec(), 4);
        let (mut choosing, mut explore) = (Choosing::default(), Explore::default());
        let clicked = choosing.choose(&rows, &explore, ClipId(3), Join::Alone);
        take_in(&mut explore, clicked);
        // As another panel, or Escape, does it.
        take_in(&mut explore, Command::Select(ClipId(0)));
        for (place, chosen) in [(1, 2), (2, 3)] {
            let wish = choosing.choose(&rows, &explore, ClipId(place), Join::Range);
            take_in(&mut explore, wish);
            assert_eq!(explore.marked.len(), chosen);
        }
    }

    #[test]
    fn all_rows_are_chosen_and_the_one_that_is_shown_stays() {
        let rows = Rows::of(vec![ClipId(2), ClipId(0)], 3);
        let mut explore = Explore { selected: Some(ClipId(0)), ..Explore::default() };
        let wish = Choosing::all(&rows, &explore).unwrap();
        take_in(&mut explore, wish);
        assert_eq!((explore.selected, explore.marked.len()), (Some(ClipId(0)), 2));
        assert!(Choosing::all(&Rows::default(), &Explore::default()).is_none());
    }
}
