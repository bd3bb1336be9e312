//! Scores sorted once, so that every threshold afterwards is a look-up.

use super::{Confusion, Undefined};

/// Why scores could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Labels and scores do not belong together.
    #[error("{labels} labels do not fit {scores} scores: give one label for each score, in the same order")]
    LengthMismatch {
        /// Number of labels.
        labels: usize,
        /// Number of scores.
        scores: usize,
    },
    /// Whose the recordings are and the scores do not belong together.
    #[error("{people} people do not fit {scores} scores: say for each score whose it is, in the same order")]
    PeopleMismatch {
        /// How often it is said whose a recording is.
        people: usize,
        /// Number of scores.
        scores: usize,
    },
    /// Groups and scores do not belong together.
    #[error("{groups} groups do not fit {scores} scores: give one group for each score, in the same order")]
    GroupMismatch {
        /// Number of groups.
        groups: usize,
        /// Number of scores.
        scores: usize,
    },
    /// Two models that are compared have other recordings.
    #[error("{first} scores of one model do not fit {second} of the other: give both for the same recordings")]
    PairMismatch {
        /// Number of the first model's scores.
        first: usize,
        /// Number of the second model's scores.
        second: usize,
    },
}

/// What is called positive at one distinct score and above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// The score, finite.
    pub score: f64,
    /// Positives that score at least this much.
    pub tp: u64,
    /// Negatives that score at least this much.
    pub fp: u64,
}

/// All recordings of one score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tie {
    /// The score, finite.
    pub score: f64,
    /// Positives with this score.
    pub positives: u64,
    /// Negatives with this score.
    pub negatives: u64,
}

/// Cumulative counts at each distinct score: the one primitive behind every curve and metric.
///
/// Building it sorts once, in `O(n log n)`; a threshold is then a binary search.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdTable {
    /// One per distinct score, scores falling, counts rising.
    steps: Vec<Step>,
    /// Number of positives with a finite score.
    positives: u64,
    /// Number of negatives with a finite score.
    negatives: u64,
    /// Positions of the scores that are NaN or infinite, rising.
    excluded: Vec<usize>,
}

impl ThresholdTable {
    /// Sorts `scores` with their `labels` (`true` is positive). Shapes: `[n]` and `[n]`; `n` may be 0.
    ///
    /// Scores that are NaN or infinite are left out, see [`ThresholdTable::excluded`].
    ///
    /// # Errors
    /// [`EvalError::LengthMismatch`] when the lengths differ.
    pub fn new(labels: &[bool], scores: &[f64]) -> Result<Self, EvalError> {
        if labels.len() != scores.len() {
            return Err(EvalError::LengthMismatch { labels: labels.len(), scores: scores.len() });
        }
        Ok(Self::from_pairs(labels.iter().copied().zip(scores.iter().copied())))
    }

    /// As [`ThresholdTable::new`], from pairs of label and score.
    #[must_use]
    pub fn from_pairs(pairs: impl IntoIterator<Item = (bool, f64)>) -> Self {
        let mut excluded = Vec::new();
        let mut finite = Vec::new();
        for (index, (label, score)) in pairs.into_iter().enumerate() {
            if score.is_finite() {
                // Adding 0 turns -0 into 0, so that the two are one threshold.
                finite.push((score + 0.0, label));
            } else {
                excluded.push(index);
            }
        }
        // Only counts per distinct score leave this function, so the order within ties need not be stable.
        finite.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        Self::from_falling(finite.into_iter(), excluded)
    }

    /// The table of finite scores that fall already, and the positions of those that were left out.
    pub(super) fn from_falling(falling: impl Iterator<Item = (f64, bool)>, excluded: Vec<usize>) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let (mut tp, mut fp) = (0, 0);
        for (score, label) in falling {
            if label {
                tp += 1;
            } else {
                fp += 1;
            }
            match steps.last_mut() {
                Some(last) if last.score == score => (last.tp, last.fp) = (tp, fp),
                _ => steps.push(Step { score, tp, fp }),
            }
        }
        Self { steps, positives: tp, negatives: fp, excluded }
    }

    /// Number of scores that count.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.positives + self.negatives
    }

    /// Whether no score counts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Number of positives that count.
    #[must_use]
    pub fn positives(&self) -> u64 {
        self.positives
    }

    /// Number of negatives that count.
    #[must_use]
    pub fn negatives(&self) -> u64 {
        self.negatives
    }

    /// Positions, in the input, of the scores that were left out because they are NaN or infinite.
    #[must_use]
    pub fn excluded(&self) -> &[usize] {
        &self.excluded
    }

    /// The confusion matrix of `score >= threshold`. A NaN threshold calls nothing positive, as `>=` does.
    #[must_use]
    pub fn confusion_at(&self, threshold: f64) -> Confusion {
        self.confusion_after(self.steps_at(threshold))
    }

    /// The thresholds `(lo, hi)` that give the same matrix: every `t` with `lo < t <= hi`.
    ///
    /// `lo` is negative infinity where everything is called positive, `hi` infinity where nothing is.
    #[must_use]
    pub fn same_matrix(&self, threshold: f64) -> (f64, f64) {
        let reached = self.steps_at(threshold);
        let lo = self.steps.get(reached).map_or(f64::NEG_INFINITY, |step| step.score);
        let hi = reached.checked_sub(1).and_then(|last| self.steps.get(last)).map_or(f64::INFINITY, |step| step.score);
        (lo, hi)
    }

    /// Every threshold that gives a matrix of its own, falling: infinity (nothing is called positive), then each
    /// distinct score.
    pub fn thresholds(&self) -> impl Iterator<Item = (f64, Confusion)> + '_ {
        std::iter::once((f64::INFINITY, self.confusion_after(0)))
            .chain(self.steps.iter().map(|step| (step.score, self.confusion_of(step))))
    }

    /// The steps, scores falling.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The distinct scores, falling, each with how many have it.
    pub(super) fn ties(&self) -> impl Iterator<Item = Tie> + '_ {
        let mut passed = (0, 0);
        self.steps.iter().map(move |&Step { score, tp, fp }| {
            let (tp_before, fp_before) = std::mem::replace(&mut passed, (tp, fp));
            Tie { score, positives: tp - tp_before, negatives: fp - fp_before }
        })
    }

    /// The matrix at one step.
    pub(super) fn confusion_of(&self, step: &Step) -> Confusion {
        Confusion { tp: step.tp, fp: step.fp, tn: self.negatives - step.fp, fn_: self.positives - step.tp }
    }

    /// Fails unless both classes occur.
    pub(super) fn both_classes(&self) -> Result<(), Undefined> {
        match (self.positives, self.negatives) {
            (0, 0) => Err(Undefined::Empty),
            (0, _) => Err(Undefined::NoPositives),
            (_, 0) => Err(Undefined::NoNegatives),
            _ => Ok(()),
        }
    }

    /// How many steps reach `threshold`.
    fn steps_at(&self, threshold: f64) -> usize {
        self.steps.partition_point(|step| step.score >= threshold)
    }

    /// The matrix where the first `reached` steps are called positive.
    fn confusion_after(&self, reached: usize) -> Confusion {
        match reached.checked_sub(1).and_then(|last| self.steps.get(last)) {
            Some(step) => self.confusion_of(step),
            None => Confusion { tp: 0, fp: 0, tn: self.negatives, fn_: self.positives },
        }
    }
}
