//! The one list of metrics that a confusion matrix gives; screen, exports and tests iterate it.

use super::Confusion;

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
    /// The number that convention puts where the metric is not defined; shown only with that remark.
    pub convention: Option<f64>,
    /// Computes it from a matrix that is not empty.
    compute: fn(&Confusion) -> Result<f64, Undefined>,
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
        if confusion.total() == 0 { Err(Undefined::Empty) } else { (self.compute)(confusion) }
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
        convention: None,
        compute: |c| ratio(c.tp, c.positives(), Undefined::NoPositives),
    },
    Metric {
        id: "specificity",
        name: "Specificity",
        explanation: "Of all healthy recordings, the share that is called healthy (true negative rate)",
        convention: None,
        compute: |c| ratio(c.tn, c.negatives(), Undefined::NoNegatives),
    },
    Metric {
        id: "ppv",
        name: "Positive predictive value",
        explanation: "Of all recordings called sick, the share that is sick (precision); depends on how common the illness is",
        convention: None,
        compute: |c| ratio(c.tp, c.predicted_positives(), Undefined::NoPredictedPositives),
    },
    Metric {
        id: "npv",
        name: "Negative predictive value",
        explanation: "Of all recordings called healthy, the share that is healthy; depends on how common the illness is",
        convention: None,
        compute: |c| ratio(c.tn, c.predicted_negatives(), Undefined::NoPredictedNegatives),
    },
    Metric {
        id: "accuracy",
        name: "Accuracy",
        explanation: "The share of all calls that is right; misleading when one class is rare",
        convention: None,
        compute: |c| ratio(c.tp.saturating_add(c.tn), c.total(), Undefined::Empty),
    },
    Metric {
        id: "balanced_accuracy",
        name: "Balanced accuracy",
        explanation: "The mean of sensitivity and specificity; 0.5 is chance",
        convention: None,
        compute: balanced_accuracy,
    },
    Metric {
        id: "f1",
        name: "F1 score",
        explanation: "The harmonic mean of sensitivity and positive predictive value; ignores healthy recordings called healthy",
        convention: None,
        compute: f1,
    },
    Metric {
        id: "mcc",
        name: "Matthews correlation",
        explanation: "The correlation of call and truth: 1 is perfect, 0 is chance, -1 is always wrong",
        // Matthews 1975, and scikit-learn: 0 where a factor of the denominator is 0.
        convention: Some(0.0),
        compute: mcc,
    },
    Metric {
        id: "prevalence",
        name: "Prevalence",
        explanation: "The share of sick recordings in this data set, which is rarely the share among patients",
        convention: None,
        compute: |c| ratio(c.positives(), c.total(), Undefined::Empty),
    },
];

/// `part / whole`, or `reason` where the whole is 0.
fn ratio(part: u64, whole: u64, reason: Undefined) -> Result<f64, Undefined> {
    if whole == 0 { Err(reason) } else { Ok(part as f64 / whole as f64) }
}

fn balanced_accuracy(c: &Confusion) -> Result<f64, Undefined> {
    let sensitivity = ratio(c.tp, c.positives(), Undefined::NoPositives)?;
    let specificity = ratio(c.tn, c.negatives(), Undefined::NoNegatives)?;
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
