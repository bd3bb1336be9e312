//! The four counts that a threshold makes.

use super::Share;

/// A confusion matrix; always 2 x 2, whichever classes occur.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Confusion {
    /// True positives: sick, called sick.
    pub tp: u64,
    /// False positives: healthy, called sick.
    pub fp: u64,
    /// True negatives: healthy, called healthy.
    pub tn: u64,
    /// False negatives: sick, called healthy (`fn` is a keyword).
    pub fn_: u64,
}

impl Confusion {
    /// The matrix as it is drawn and exported: rows are the true class, columns the predicted one, healthy first.
    #[must_use]
    pub const fn rows(&self) -> [[u64; 2]; 2] {
        [[self.tn, self.fp], [self.fn_, self.tp]]
    }

    /// The matrix of the same calls with the other class taken as the positive one.
    #[must_use]
    pub const fn swapped(&self) -> Self {
        Self { tp: self.tn, fp: self.fn_, tn: self.tp, fn_: self.fp }
    }

    /// How many are truly positive.
    #[must_use]
    pub const fn positives(&self) -> u64 {
        self.tp.saturating_add(self.fn_)
    }

    /// How many are truly negative.
    #[must_use]
    pub const fn negatives(&self) -> u64 {
        self.tn.saturating_add(self.fp)
    }

    /// How many were called positive.
    #[must_use]
    pub const fn predicted_positives(&self) -> u64 {
        self.tp.saturating_add(self.fp)
    }

    /// How many were called negative.
    #[must_use]
    pub const fn predicted_negatives(&self) -> u64 {
        self.tn.saturating_add(self.fn_)
    }

    /// How many there are in all.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.positives().saturating_add(self.negatives())
    }

    /// Of the sick, those called sick.
    #[must_use]
    pub const fn sensitivity(&self) -> Share {
        Share { part: self.tp, whole: self.positives() }
    }

    /// Of the healthy, those called healthy.
    #[must_use]
    pub const fn specificity(&self) -> Share {
        Share { part: self.tn, whole: self.negatives() }
    }

    /// Of those called sick, the sick: the positive predictive value at the share of sick that these data have.
    #[must_use]
    pub const fn ppv(&self) -> Share {
        Share { part: self.tp, whole: self.predicted_positives() }
    }

    /// Of those called healthy, the healthy: the negative predictive value at the share of sick that these data have.
    #[must_use]
    pub const fn npv(&self) -> Share {
        Share { part: self.tn, whole: self.predicted_negatives() }
    }

    /// Of all, those called what they are.
    #[must_use]
    pub const fn accuracy(&self) -> Share {
        Share { part: self.tp.saturating_add(self.tn), whole: self.total() }
    }

    /// Of all in these data, the sick.
    #[must_use]
    pub const fn prevalence(&self) -> Share {
        Share { part: self.positives(), whole: self.total() }
    }
}
