//! In which order somebody wants to see recordings.
//!
//! To order them by something else: a variant of [`SortKey`], and its value where the compiler asks.

use std::cmp::Ordering;

use super::filter::flags_that_count;
use super::scores::{Outcome, Scores};
use super::{ClipId, StudyView};
use crate::data::{Clip, Decision, Label, Verdict};

/// What recordings can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SortKey {
    /// The file's name.
    File,
    /// Whose it is.
    Person,
    /// Where it comes from.
    Dataset,
    /// Healthy, sick, left out, unreadable.
    Label,
    /// The dataset's own word.
    Status,
    /// How long it lasts.
    Length,
    /// How it is encoded.
    Codec,
    /// How often it was sampled.
    Rate,
    /// How much may be wrong with it.
    Quality,
    /// What a person decided.
    Decision,
    /// What the run that is open made of it.
    Score,
    /// Where that score fell: the errors first.
    Result,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// By what, and which way. Equal ones stay in the order of the study, and those without a value come last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortOrder {
    /// By what.
    pub key: SortKey,
    /// Which way.
    pub direction: Direction,
}

impl SortOrder {
    /// What follows when somebody asks for `key` once more: ascending, descending, and then the study's own order again.
    #[must_use]
    pub fn next(current: Option<Self>, key: SortKey) -> Option<Self> {
        match current.filter(|order| order.key == key).map(|order| order.direction) {
            None => Some(Self { key, direction: Direction::Ascending }),
            Some(Direction::Ascending) => Some(Self { key, direction: Direction::Descending }),
            Some(Direction::Descending) => None,
        }
    }

    /// Puts `rows`, which are in the order of `study`, in this order. Goes through all of them, so it is not for every
    /// frame.
    #[must_use]
    pub fn sort(self, study: &StudyView, scores: &Scores, rows: Vec<ClipId>) -> Vec<ClipId> {
        let mut missing = Vec::new();
        let mut known = Vec::with_capacity(rows.len());
        for id in rows {
            match study.clip(id).and_then(|clip| self.key.value(study, scores, id, clip)) {
                Some(value) => known.push((value, id)),
                None => missing.push(id),
            }
        }
        // Stable, so that equal ones keep their order also when it is reversed.
        match self.direction {
            Direction::Ascending => known.sort_by(|(one, _), (other, _)| one.compare(other)),
            Direction::Descending => known.sort_by(|(one, _), (other, _)| other.compare(one)),
        }
        known.into_iter().map(|(_, id)| id).chain(missing).collect()
    }
}

impl SortKey {
    /// What `clip` is ordered by; `None` where it has no such thing.
    fn value<'a>(self, study: &StudyView, scores: &Scores, id: ClipId, clip: &'a Clip) -> Option<Value<'a>> {
        let facts = clip.facts();
        match self {
            Self::File => Value::text(clip.path.file_name().unwrap_or(clip.path.as_os_str()).as_encoded_bytes()),
            Self::Person => Value::text(clip.person.name().as_bytes()),
            Self::Dataset => Value::text(clip.dataset_name().as_bytes()),
            Self::Label => Some(Value::number(label_rank(&clip.verdict))),
            Self::Status => Value::text(clip.status.as_bytes()),
            Self::Length => Some(Value::number(facts?.duration.0)),
            Self::Codec => Value::text(facts?.format.codec.as_bytes()),
            Self::Rate => Some(Value::number(f64::from(facts?.rate.hz()))),
            Self::Quality => {
                facts?;
                Some(Value::number(flags_that_count(clip, &study.policy.quality).count() as f64))
            }
            Self::Decision => Some(Value::number(decision_rank(clip.decision?))),
            Self::Score => Some(Value::number(scores.get(id)?.value)),
            Self::Result => Some(Value::number(outcome_rank(scores.get(id)?.outcome))),
        }
    }
}

fn label_rank(verdict: &Verdict) -> f64 {
    match verdict {
        Verdict::Use(Label::Healthy) => 0.0,
        Verdict::Use(Label::Sick) => 1.0,
        Verdict::Exclude(_) => 2.0,
        Verdict::Unreadable(_) => 3.0,
    }
}

fn decision_rank(decision: Decision) -> f64 {
    match decision {
        Decision::Use => 0.0,
        Decision::Healthy => 1.0,
        Decision::Sick => 2.0,
        Decision::Exclude => 3.0,
    }
}

fn outcome_rank(outcome: Outcome) -> f64 {
    match outcome {
        Outcome::FalseNegative => 0.0,
        Outcome::FalsePositive => 1.0,
        Outcome::Correct => 2.0,
    }
}

/// What recordings are compared by: mostly one number, as a list of thousands is put in order within a frame.
struct Value<'a> {
    /// A number, or the first letters of a text in lower case.
    start: u128,
    /// What of a text comes after these.
    rest: &'a [u8],
}

impl<'a> Value<'a> {
    fn number(number: f64) -> Self {
        let bits = number.to_bits();
        // As `f64::total_cmp` orders: the negative ones turned round, and below the others.
        let ordered = if number.is_sign_negative() { !bits } else { bits | (1 << 63) };
        Self { start: u128::from(ordered), rest: &[] }
    }

    /// `None` for an empty text.
    fn text(text: &'a [u8]) -> Option<Self> {
        let mut start = [0; size_of::<u128>()];
        for (letter, byte) in start.iter_mut().zip(text) {
            *letter = byte.to_ascii_lowercase();
        }
        let rest = text.get(start.len()..).unwrap_or_default();
        (!text.is_empty()).then(|| Self { start: u128::from_be_bytes(start), rest })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let starts = self.start.cmp(&other.start);
        // Short names and numbers are told by their start alone, and most that are compared are equal.
        if self.rest.is_empty() && other.rest.is_empty() {
            return starts;
        }
        starts.then_with(|| without_case(self.rest, other.rest))
    }
}

fn without_case(one: &[u8], other: &[u8]) -> Ordering {
    one.iter().map(u8::to_ascii_lowercase).cmp(other.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::scores::Score;
    use super::*;
    use crate::data::{PersonId, Sound, SoundFacts, SourceKind};
    use crate::units::Seconds;

    /// Name, length in seconds where it was read, and decision.
    fn study(clips: &[(&str, Option<f64>, Option<Decision>)]) -> StudyView {
        let clip = |(name, length, decision): &(&str, Option<f64>, Option<Decision>)| {
            let sound = length.map_or(Sound::Unread, |secs| {
                Sound::Read(SoundFacts { duration: Seconds(secs), ..SoundFacts::for_tests() })
            });
            let person = PersonId(format!("folder:{name}"));
            let clip = Clip::new(format!("x/{name}").into(), SourceKind::Folder, person, "");
            Arc::new(Clip { sound, decision: *decision, ..clip })
        };
        StudyView { clips: clips.iter().map(clip).collect(), ..StudyView::default() }
    }

    fn sorted(study: &StudyView, key: SortKey, direction: Direction) -> Vec<usize> {
        let rows = (0..study.clips.len()).map(ClipId).collect();
        SortOrder { key, direction }.sort(study, &Scores::default(), rows).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn names_are_ordered_whatever_their_case_and_equal_ones_stay() {
        let names = ["cough-shallow.wav", "Anna.wav", "cough-heavy.wav", "anna.wav", "cough-heavy.WAV", "b"];
        let study = study(&names.map(|name| (name, None, None)));
        assert_eq!(sorted(&study, SortKey::File, Direction::Ascending), [1, 3, 5, 2, 4, 0]);
        assert_eq!(sorted(&study, SortKey::File, Direction::Descending), [0, 2, 4, 5, 1, 3], "ties as in the study");
        assert_eq!(sorted(&study, SortKey::Person, Direction::Ascending), [1, 3, 5, 2, 4, 0]);
    }

    #[test]
    fn what_has_no_value_comes_last_in_both_directions() {
        let study = study(&[
            ("a", None, None),
            ("b", Some(2.0), None),
            ("c", Some(1.0), Some(Decision::Sick)),
            ("d", None, None),
        ]);
        assert_eq!(sorted(&study, SortKey::Length, Direction::Ascending), [2, 1, 0, 3]);
        assert_eq!(sorted(&study, SortKey::Length, Direction::Descending), [1, 2, 0, 3]);
        assert_eq!(sorted(&study, SortKey::Decision, Direction::Descending), [2, 0, 1, 3]);
        assert_eq!(sorted(&study, SortKey::Status, Direction::Descending), [0, 1, 2, 3], "none has one");
        assert_eq!(sorted(&study, SortKey::Score, Direction::Ascending), [0, 1, 2, 3]);
    }

    #[test]
    fn scores_order_recordings() {
        let study = study(&["a", "b", "c"].map(|name| (name, None, None)));
        let score = |value| Some(Score { value, label: Label::Sick, part: None, outcome: Outcome::Correct });
        let scores = Scores::new("run".into(), 0.5, vec![None, score(0.9), score(0.1)]);
        let order = |direction| {
            SortOrder { key: SortKey::Score, direction }.sort(&study, &scores, vec![ClipId(0), ClipId(1), ClipId(2)])
        };
        assert_eq!(order(Direction::Ascending), [ClipId(2), ClipId(1), ClipId(0)]);
        assert_eq!(order(Direction::Descending), [ClipId(1), ClipId(2), ClipId(0)]);
    }

    #[test]
    fn errors_come_before_what_was_right() {
        let study = study(&["a", "b", "c", "d"].map(|name| (name, None, None)));
        let score = |outcome| Some(Score { value: 0.5, label: Label::Sick, part: None, outcome });
        let outcomes = [Outcome::Correct, Outcome::FalsePositive, Outcome::FalseNegative];
        let scores = Scores::new("run".into(), 0.5, [None].into_iter().chain(outcomes.map(score)).collect());
        let order = SortOrder { key: SortKey::Result, direction: Direction::Ascending };
        let rows = (0..study.clips.len()).map(ClipId).collect();
        assert_eq!(order.sort(&study, &scores, rows), [3, 2, 1, 0].map(ClipId));
    }

    #[test]
    fn the_third_click_gives_the_order_of_the_study_back() {
        let mut order = None;
        let mut clicks = Vec::new();
        for key in [SortKey::File, SortKey::File, SortKey::File, SortKey::Length, SortKey::File] {
            order = SortOrder::next(order, key);
            clicks.push(order.map(|order| (order.key, order.direction)));
        }
        let (up, down) = (Direction::Ascending, Direction::Descending);
        let expected = [
            Some((SortKey::File, up)),
            Some((SortKey::File, down)),
            None,
            Some((SortKey::Length, up)),
            Some((SortKey::File, up)),
        ];
        assert_eq!(clicks, expected);
    }

    #[test]
    fn numbers_and_long_names_are_ordered_as_they_are() {
        let numbers = [f64::NEG_INFINITY, -2.5, -1.0, -0.0, 0.0, 1e-9, 0.5, 44_100.0, f64::INFINITY];
        assert!(numbers.map(Value::number).is_sorted_by(|one, other| one.compare(other).is_lt()));
        let names = ["neg-0423-003-cough-a", "Neg-0423-003-cough-B", "neg-0423-003-cough-b-2", "neg-0423-003-cougi"];
        let names = names.map(|name| Value::text(name.as_bytes()).unwrap());
        assert!(names.is_sorted_by(|one, other| one.compare(other).is_lt()));
    }
}
