//! The one list of metrics that a confusion matrix gives; screen, exports and tests iterate it.

use super::{Confusion, Interval, Share};

/// Why a value is not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Undefined {
    /// There is nothing to count.
    #[error("there are no scores")]
    Empty,
    /// The positive class does not occur.
    #[error("no recording is labelled sick")]
    NoPositives,
    /// The negative class does not occur.
    #[error("no recording is labelled healthy")]
    NoNegatives,
    /// Nothing was called positive.
    #[error("nothing was predicted sick")]
    NoPredictedPositives,
    /// Nothing was called negative.
    #[error("nothing was predicted healthy")]
    NoPredictedNegatives,
    /// The positive class neither occurs nor was called.
    #[error("nothing is labelled sick or was predicted sick")]
    NothingPositive,
    /// The negative class neither occurs nor was called.
    #[error("nothing is labelled healthy or was predicted healthy")]
    NothingNegative,
    /// Scores outside of 0 to 1 cannot be read as probabilities.
    #[error("a score lies outside of 0 to 1")]
    NotProbabilities,
    /// A spread cannot be measured: a class has one member, or the classes do not overlap.
    #[error("there are too few scores, or the classes do not overlap")]
    NoSpread,
    /// Everything is in one group, so that nothing can go together with it.
    #[error("all are alike")]
    OneGroup,
    /// The method counts each person once.
    #[error("a person has several scores")]
    SeveralScores,
    /// Every score of one class lies above every score of the other, so that nothing limits how sure one may be.
    #[error("the classes do not overlap")]
    Separated,
    /// Sick recordings score lower than healthy ones, so that no rising map makes probabilities of the scores.
    #[error("higher scores go with healthy recordings")]
    Reversed,
    /// A fit was not at its end after many steps.
    #[error("the fit did not settle")]
    NotSettled,
}

/// One number that sums up a confusion matrix.
#[derive(Debug)]
pub struct Metric {
    /// Key in exports, for example `sensitivity`.
    pub id: &'static str,
    /// Name on screen, in sentence case.
    pub name: &'static str,
    /// What it says, in plain words.
    pub explanation: &'static str,
    /// The least value that it can have; the greatest is 1.
    pub lowest: f64,
    /// The number that convention puts where the metric is not defined; shown only with that remark.
    pub convention: Option<f64>,
    /// How it is computed from a matrix that is not empty.
    formula: Formula,
}

/// How a metric is computed.
#[derive(Debug)]
enum Formula {
    /// A share; the reason is that of a share of nobody.
    Share(fn(&Confusion) -> Share, Undefined),
    /// Anything else.
    Other(fn(&Confusion) -> Result<f64, Undefined>),
}

impl Metric {
    /// The row of [`METRICS`] with this `id`.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.id == id)
    }

    /// The value for `confusion`.
    ///
    /// # Errors
    /// [`Undefined`] with the reason, where it has none.
    pub fn value(&self, confusion: &Confusion) -> Result<f64, Undefined> {
        if confusion.total() == 0 {
            return Err(Undefined::Empty);
        }
        match &self.formula {
            Formula::Share(share, reason) => share(confusion).value().ok_or(*reason),
            Formula::Other(compute) => compute(confusion),
        }
    }

    /// The 95 % interval of [`Share::interval`] where the metric is a share, else `None`. Right only where each person
    /// counts once in `confusion`; [`PeopleTable::bootstrap`](super::PeopleTable::bootstrap) is right everywhere.
    #[must_use]
    pub fn interval(&self, confusion: &Confusion) -> Option<Interval> {
        match &self.formula {
            Formula::Share(share, _) => share(confusion).interval(),
            Formula::Other(_) => None,
        }
    }

    /// The value for tables and files: the convention's number where the metric is not defined, or `None`.
    #[must_use]
    pub fn exported(&self, confusion: &Confusion) -> Option<f64> {
        self.value(confusion).ok().or(self.convention)
    }

    /// The value as shown: `0.893`, `not defined (nothing was predicted sick)` or `0 (undefined)`.
    #[must_use]
    pub fn show(&self, confusion: &Confusion) -> String {
        match (self.value(confusion), self.convention) {
            (Ok(value), _) => format!("{value:.3}"),
            (Err(_), Some(convention)) => format!("{convention} (undefined)"),
            (Err(reason), None) => format!("not defined ({reason})"),
        }
    }
}

/// Every metric of a confusion matrix, in the order in which it is shown.
pub static METRICS: &[Metric] = &[
    Metric {
        id: "sensitivity",
        name: "Sensitivity",
        explanation: "Of all sick recordings, the share that is called sick (recall, true positive rate)",
        lowest: 0.0,
        convention: None,
        formula: Formula::Share(Confusion::sensitivity, Undefined::NoPositives),
    },
    Metric {
        id: "specificity",
        name: "Specificity",
        explanation: "Of all healthy recordings, the share that is called healthy (true negative rate)",
        lowest: 0.0,
        convention: None,
        formula: Formula::Share(Confusion::specificity, Undefined::NoNegatives),
    },
    Metric {
        id: "ppv",
        name: "Positive predictive value",
        explanation: "Of all recordings called sick, the share that is sick (precision); depends on how common the illness is",
        lowest: 0.0,
        convention: None,
        formula: Formula::Share(Confusion::ppv, Undefined::NoPredictedPositives),
    },
    Metric {
        id: "npv",
        name: "Negative predictive value",
        explanation: "Of all recordings called healthy, the share that is healthy; depends on how common the illness is",
        lowest: 0.0,
        convention: None,
        formula: Formula::Share(Confusion::npv, Undefined::NoPredictedNegatives),
    },
    Metric {
        id: "accuracy",
        name: "Accuracy",
        explanation: "The share of all calls that is right; misleading when one class is rare",
        lowest: 0.0,
        convention: None,
        formula: Formula::Share(Confusion::accuracy, Undefined::Empty),
    },
    Metric {
        id: "balanced_accuracy",
        name: "Balanced accuracy",
        explanation: "The mean of sensitivity and specificity; 0.5 is chance",
        lowest: 0.0,
        convention: None,
        formula: Formula::Other(balanced_accuracy),
    },
    Metric {
        id: "f1",
        name: "F1 score",
        explanation: "The harmonic mean of sensitivity and positive predictive value; ignores healthy recordings called healthy",
        lowest: 0.0,
        convention: None,
        formula: Formula::Other(f1),
    },
    Metric {
        id: "mcc",
        name: "Matthews correlation",
        explanation: "The correlation of call and truth: 1 is perfect, 0 is chance, -1 is always wrong",
        lowest: -1.0,
        // Matthews 1975, and scikit-learn: 0 where a factor of the denominator is 0.
        convention: Some(0.0),
        formula: Formula::Other(mcc),
    },
    Metric {
        id: "prevalence",
        name: "Prevalence",
        explanation: "The share of sick recordings in this data set, which is rarely the share among patients",
        lowest: 0.0,
        convention: None,
        formula: Formula::Share(Confusion::prevalence, Undefined::Empty),
    },
];

fn balanced_accuracy(c: &Confusion) -> Result<f64, Undefined> {
    let sensitivity = c.sensitivity().value().ok_or(Undefined::NoPositives)?;
    let specificity = c.specificity().value().ok_or(Undefined::NoNegatives)?;
    Ok(f64::midpoint(sensitivity, specificity))
}

fn f1(c: &Confusion) -> Result<f64, Undefined> {
    if c.positives() == 0 && c.predicted_positives() == 0 {
        return Err(Undefined::NothingPositive);
    }
    Ok(2.0 * c.tp as f64 / (c.positives() as f64 + c.predicted_positives() as f64))
}

fn mcc(c: &Confusion) -> Result<f64, Undefined> {
    let factors = [
        (c.positives(), Undefined::NoPositives),
        (c.negatives(), Undefined::NoNegatives),
        (c.predicted_positives(), Undefined::NoPredictedPositives),
        (c.predicted_negatives(), Undefined::NoPredictedNegatives),
    ];
    let mut product = 1.0;
    for (count, reason) in factors {
        if count == 0 {
            return Err(reason);
        }
        product *= count as f64;
    }
    let numerator = c.tp as f64 * c.tn as f64 - c.fp as f64 * c.fn_ as f64;
    Ok(numerator / product.sqrt())
}
