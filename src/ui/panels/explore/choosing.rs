//! How clicks and keys choose recordings: one, or several for one decision about all of them.

use std::collections::BTreeSet;

use super::rows::Rows;
use crate::session::{ClipId, Command, Explore};

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
            Join::Toggle | Join::RangeToo => before(explore),
        };
        match how {
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

    /// The wish to choose all rows; the one that is shown stays.
    pub fn all(rows: &Rows, explore: &Explore) -> Option<Command> {
        let shown = explore.selected.or(rows.ids().first().copied())?;
        Some(wish(shown, rows.ids().iter().copied().collect()))
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
        use Join::{Alone, Range, RangeToo, Toggle};
        assert_eq!(after(&[(0, Alone)]), (0, vec![]));
        assert_eq!(after(&[(0, Alone), (3, Toggle)]), (3, vec![0, 3]));
        assert_eq!(after(&[(0, Alone), (3, Toggle), (3, Toggle)]), (0, vec![]), "the one that is left is shown");
        assert_eq!(after(&[(0, Toggle), (0, Toggle)]), (0, vec![]), "one stays in any case");
        assert_eq!(after(&[(2, Alone), (3, Range)]), (3, vec![0, 2, 3]), "in the order of the list");
        assert_eq!(after(&[(2, Alone), (3, Range), (4, Range)]), (4, vec![2, 4]), "from where it began");
        assert_eq!(after(&[(4, Alone), (3, Toggle), (1, RangeToo)]), (1, vec![1, 3, 4]));
        assert_eq!(after(&[(2, Alone), (3, Range), (1, Alone)]), (1, vec![]));
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
