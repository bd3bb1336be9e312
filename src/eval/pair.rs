//! Two models on the same people: how far they are apart.

use super::bootstrap::{AREAS, Draws, Estimate, Rows, Watch};
use super::interval::{Spread, Z_95};
use super::normal::two_sided_p;
use super::{EvalError, Interval, METRICS, PeopleTable, Undefined};

/// What two models say of the same recordings. What the two have in common, hard and easy people, is then no part of their
/// difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    tables: [PeopleTable; 2],
    /// Label and both scores of each recording that counts.
    recordings: Vec<(bool, [f64; 2])>,
    excluded: Vec<usize>,
}

/// One number of the first model less that of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference, and how far it could be from that of all people.
    pub estimate: Estimate,
    /// How likely a difference at least as large is by chance alone, on either side: below 0.05 where the interval leaves out
    /// 0. `None` where the difference is not defined.
    pub p_value: Option<f64>,
}

/// Every number of the first model less that of the second, each model at its own threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Differences {
    /// How people were drawn.
    pub draws: Draws,
    /// Area under the ROC curve.
    pub auc: Difference,
    /// Average precision.
    pub average_precision: Difference,
    /// Brier score: negative where the first is nearer to the truth.
    pub brier: Difference,
    /// Every row of [`METRICS`], in that order.
    pub metrics: Vec<Difference>,
}

impl Pair {
    /// Puts two models side by side: `labels` (`true` is positive), the scores of both, and whose the recordings are, all in
    /// one order. Shapes: `[n]`, `[n]` twice, and `[n]`. A recording counts where both scores are finite.
    ///
    /// # Errors
    /// [`EvalError`] when the lengths differ.
    pub fn new(labels: &[bool], scores: [&[f64]; 2], people: &[usize]) -> Result<Self, EvalError> {
        let [first, second] = scores;
        if first.len() != second.len() {
            return Err(EvalError::PairMismatch { first: first.len(), second: second.len() });
        }
        // A score that is missing in one model is left out of both.
        let or_missing = |score: f64, other: f64| if other.is_finite() { score } else { f64::NAN };
        let kept = |scores: &[f64], others: &[f64]| -> Vec<f64> {
            scores.iter().zip(others).map(|(score, other)| or_missing(*score, *other)).collect()
        };
        let (first, second) = (kept(first, second), kept(second, first));
        let tables = [PeopleTable::new(labels, &first, people)?, PeopleTable::new(labels, &second, people)?];
        let recordings =
            labels.iter().zip(first.iter().zip(&second)).filter(|(_, (a, b))| a.is_finite() && b.is_finite());
        let recordings = recordings.map(|(sick, (a, b))| (*sick, [*a, *b])).collect();
        let excluded = tables[0].table().excluded().to_vec();
        Ok(Self { tables, recordings, excluded })
    }

    /// Both models, each with its scores sorted.
    #[must_use]
    pub fn tables(&self) -> [&PeopleTable; 2] {
        self.tables.each_ref()
    }

    /// Positions of the recordings that were left out because a model has no finite score for them.
    #[must_use]
    pub fn excluded(&self) -> &[usize] {
        &self.excluded
    }

    /// Label and both scores of each recording that counts.
    pub(super) fn recordings(&self) -> &[(bool, [f64; 2])] {
        &self.recordings
    }

    /// Every difference at the two thresholds, with 95 % intervals from people drawn anew, the same in both models (see
    /// [`PeopleTable::bootstrap`]). `None` when it was cancelled.
    #[must_use]
    pub fn bootstrap(&self, thresholds: [f64; 2], draws: Draws, watch: Watch) -> Option<Differences> {
        let [first, second] = self.tables();
        let called = [first.called(thresholds[0]), second.called(thresholds[1])];
        // The first model's numbers, then the second's, until they are subtracted from the first.
        let width = AREAS + METRICS.len();
        let rows = Rows::draw(first, draws, watch, 2 * width, |weights, row| {
            let Some((of_first, of_second)) = row.split_at_mut_checked(width) else { return };
            first.measure(weights, called[0], of_first);
            second.measure(weights, called[1], of_second);
            of_first.iter_mut().zip(of_second).for_each(|(first, second)| *first -= *second);
        })?;
        let values = first.values(thresholds[0]).into_iter().zip(second.values(thresholds[1]));
        let inflation = first.inflation(draws.bounds);
        let mut differences = values.enumerate().map(|(column, (first, second))| {
            let value = first.and_then(|first| second.map(|second| first - second));
            rows.difference(column, value, inflation)
        });
        let mut next = || differences.next().unwrap_or(NOTHING);
        let (auc, average_precision, brier) = (next(), next(), next());
        Some(Differences { draws, auc, average_precision, brier, metrics: METRICS.iter().map(|_| next()).collect() })
    }
}

/// What a column that does not exist says.
const NOTHING: Difference = Difference { estimate: super::bootstrap::NOTHING, p_value: None };

impl Rows {
    /// The difference of one column, whose value in the data themselves is `value`: by its spread, the variance raised by
    /// `inflation`, or by percentiles without one.
    fn difference(&self, column: usize, value: Result<f64, Undefined>, inflation: Option<f64>) -> Difference {
        let rising = self.column(column);
        let estimate = self.percentile_estimate(value, &rising);
        let spread: Spread = rising.iter().copied().collect();
        let error = inflation.and_then(|inflation| Some((inflation * spread.variance()?).sqrt()));
        match (value, error) {
            (Ok(value), Some(error)) if error > ROUNDING => {
                let interval = Interval { low: value - Z_95 * error, high: value + Z_95 * error };
                let estimate = Estimate { interval: Ok(interval), ..estimate };
                Difference { estimate, p_value: Some(two_sided_p(value / error)) }
            }
            _ => Difference { estimate, p_value: estimate.interval.is_ok().then(|| beyond_zero(&rising)) },
        }
    }
}

/// Numbers that are equal may differ by so much.
const ROUNDING: f64 = 1e-12;

/// Twice the smaller share of the rising draws that lie on one side of 0 (Davison and Hinkley 1997, section 4.4), never 0.
fn beyond_zero(rising: &[f64]) -> f64 {
    let not_below = rising.len() - rising.partition_point(|difference| *difference < -ROUNDING);
    let not_above = rising.partition_point(|difference| *difference <= ROUNDING);
    let p_value = 2.0 * (not_below.min(not_above) + 1) as f64 / (rising.len() + 1) as f64;
    p_value.min(1.0)
}
