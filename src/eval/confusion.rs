//! The four counts that a threshold makes.

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
}
