//! The classification report, in scikit-learn's layout; rows are the true classes.

use std::fmt::{self, Display, Formatter};

use super::{Confusion, Metric, Undefined};

/// Precision, recall and F1 score of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassReport {
    /// Name of the class.
    pub name: String,
    /// Of the calls for this class, the share that is right.
    pub precision: Result<f64, Undefined>,
    /// Of this class, the share that was called so.
    pub recall: Result<f64, Undefined>,
    /// Harmonic mean of the two.
    pub f1: Result<f64, Undefined>,
    /// How many truly belong to this class.
    pub support: u64,
}

/// Precision, recall and F1 score of both classes, and their averages.
///
/// Unlike scikit-learn, a value that is not defined is shown as `n/a` and makes the averages over it `n/a`, where
/// scikit-learn counts it as 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationReport {
    /// The two classes, negative first.
    pub classes: [ClassReport; 2],
    /// Share of right calls.
    pub accuracy: Result<f64, Undefined>,
}

/// One value of a row.
type Column = fn(&ClassReport) -> Result<f64, Undefined>;

/// The averaged columns, in their order.
const COLUMNS: [Column; 3] = [|class| class.precision, |class| class.recall, |class| class.f1];

impl ClassificationReport {
    /// The report of `confusion`; `names` are those of the negative and the positive class.
    #[must_use]
    pub fn new(confusion: &Confusion, names: [&str; 2]) -> Self {
        let [negative, positive] = names;
        Self {
            classes: [class(&confusion.swapped(), negative, true), class(confusion, positive, false)],
            accuracy: metric("accuracy", confusion),
        }
    }

    /// Plain means over the classes: precision, recall, F1.
    pub fn macro_average(&self) -> [Result<f64, Undefined>; 3] {
        COLUMNS.map(|column| self.average(column, |_| 1.0))
    }

    /// Means over the classes weighted by support: precision, recall, F1.
    pub fn weighted_average(&self) -> [Result<f64, Undefined>; 3] {
        COLUMNS.map(|column| self.average(column, |class| class.support as f64))
    }

    fn average(&self, column: Column, weight: impl Fn(&ClassReport) -> f64) -> Result<f64, Undefined> {
        let (mut sum, mut total) = (0.0, 0.0);
        for class in self.classes.iter().filter(|class| weight(class) > 0.0) {
            sum += weight(class) * column(class)?;
            total += weight(class);
        }
        if total > 0.0 { Ok(sum / total) } else { Err(Undefined::Empty) }
    }

    /// Why values are not defined, each reason once.
    fn reasons(&self) -> impl Iterator<Item = Undefined> {
        let mut reasons: Vec<Undefined> = Vec::new();
        for class in &self.classes {
            for reason in COLUMNS.iter().filter_map(|column| column(class).err()) {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        }
        reasons.into_iter()
    }
}

/// The row of the class that `confusion` takes as positive; `swapped` turns reasons back to the caller's classes.
fn class(confusion: &Confusion, name: &str, swapped: bool) -> ClassReport {
    let value = |id| metric(id, confusion).map_err(|reason| if swapped { mirrored(reason) } else { reason });
    ClassReport {
        name: name.to_owned(),
        precision: value("ppv"),
        recall: value("sensitivity"),
        f1: value("f1"),
        support: confusion.positives(),
    }
}

fn metric(id: &str, confusion: &Confusion) -> Result<f64, Undefined> {
    Metric::find(id).map_or(Err(Undefined::Empty), |metric| metric.value(confusion))
}

/// The same reason with the classes exchanged.
fn mirrored(reason: Undefined) -> Undefined {
    match reason {
        Undefined::NoPositives => Undefined::NoNegatives,
        Undefined::NoPredictedPositives => Undefined::NoPredictedNegatives,
        Undefined::NothingPositive => Undefined::NothingNegative,
        other => other,
    }
}

impl Display for ClassificationReport {
    /// The text of `sklearn.metrics.classification_report` with two digits, and a note where a value is not defined.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let total = self.classes.iter().map(|class| class.support).sum::<u64>();
        let longest = self.classes.iter().map(|class| class.name.chars().count()).max().unwrap_or(0);
        let width = longest.max("weighted avg".len());

        writeln!(f, "{:>width$}  {:>9} {:>9} {:>9} {:>9}\n", "", "precision", "recall", "f1-score", "support")?;
        for class in &self.classes {
            row(f, width, &class.name, COLUMNS.map(|column| column(class)), class.support)?;
        }
        writeln!(f)?;
        writeln!(f, "{:>width$}  {:>9} {:>9} {:>9} {total:>9}", "accuracy", "", "", two_digits(self.accuracy))?;
        row(f, width, "macro avg", self.macro_average(), total)?;
        row(f, width, "weighted avg", self.weighted_average(), total)?;
        self.reasons().try_for_each(|reason| writeln!(f, "\nn/a: not defined, because {reason}"))
    }
}

fn row(
    f: &mut Formatter<'_>,
    width: usize,
    name: &str,
    values: [Result<f64, Undefined>; 3],
    support: u64,
) -> fmt::Result {
    let [precision, recall, f1] = values.map(two_digits);
    writeln!(f, "{name:>width$}  {precision:>9} {recall:>9} {f1:>9} {support:>9}")
}

fn two_digits(value: Result<f64, Undefined>) -> String {
    value.map_or_else(|_| "n/a".to_owned(), |value| format!("{value:.2}"))
}
