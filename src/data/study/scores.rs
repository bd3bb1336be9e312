//! What a run made of the recordings of a study: scores, and whether they fell on the right side of its threshold.

use std::sync::Arc;

use super::ClipId;
use crate::data::Label;
use crate::data::split::Part;

/// Where a score fell, given the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// On the right side of the threshold.
    Correct,
    /// Sick, but below the threshold.
    FalseNegative,
    /// Healthy, but at or above the threshold.
    FalsePositive,
}

impl Outcome {
    /// All of them, in the order in which a screen lists them.
    pub const ALL: [Self; 3] = [Self::Correct, Self::FalseNegative, Self::FalsePositive];

    /// What `score` is of a recording with this `label`.
    #[must_use]
    pub fn of(label: Label, score: f64, threshold: f64) -> Self {
        match (label, score >= threshold) {
            (Label::Sick, false) => Self::FalseNegative,
            (Label::Healthy, true) => Self::FalsePositive,
            (Label::Sick, true) | (Label::Healthy, false) => Self::Correct,
        }
    }

    /// The name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Correct => "Correct",
            Self::FalseNegative => "Missed",
            Self::FalsePositive => "False alarm",
        }
    }

    /// What it means, for somebody who points at it.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Correct => "On the right side of the threshold",
            Self::FalseNegative => "Sick, but below the threshold (a false negative)",
            Self::FalsePositive => "Healthy, but at or above the threshold (a false positive)",
        }
    }
}

/// What a run made of one recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// From 0 (healthy) to 1 (sick); not a probability.
    pub value: f64,
    /// The label that the run was tested with. It may have been decided otherwise since.
    pub label: Label,
    /// The part that the recording was in; `None` where the predictions came from a file that does not say.
    pub part: Option<Part>,
    /// Where the score fell.
    pub outcome: Outcome,
}

/// What a run made of the recordings of a study. Those that it learned from have no score.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// The run's or the file's name.
    pub run: Arc<str>,
    /// A score at or above it counts as sick.
    pub threshold: f64,
    /// By the recording's place in the study.
    by_place: Vec<Option<Score>>,
    scored: usize,
}

impl Scores {
    /// The scores of a run, by the recordings' places in the study.
    #[must_use]
    pub fn new(run: Arc<str>, threshold: f64, by_place: Vec<Option<Score>>) -> Self {
        let scored = by_place.iter().flatten().count();
        Self { run, threshold, by_place, scored }
    }

    /// The score of a recording, where it has one.
    #[must_use]
    pub fn get(&self, id: ClipId) -> Option<&Score> {
        self.by_place.get(id.0)?.as_ref()
    }

    /// Recordings with a score.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scored
    }

    /// Whether no recording has a score.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scored == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_on_the_threshold_counts_as_sick() {
        for (label, score, outcome) in [
            (Label::Sick, 0.5, Outcome::Correct),
            (Label::Sick, 0.49, Outcome::FalseNegative),
            (Label::Healthy, 0.5, Outcome::FalsePositive),
            (Label::Healthy, 0.49, Outcome::Correct),
        ] {
            assert_eq!(Outcome::of(label, score, 0.5), outcome, "{label} {score}");
        }
    }
}
