//! How far a number could be from that of all people.

use super::{ThresholdTable, Undefined};

/// The 97.5th percentile of the normal distribution: 95 of 100 intervals hold the true value.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// The 95 % interval of a share with this variance, taken on the logit scale, so that it stays between 0 and 1; `None`
    /// without a variance, and at the ends of the scale.
    pub(super) fn on_logit_scale(share: f64, variance: f64) -> Option<Self> {
        let slope = share * (1.0 - share);
        if variance <= 0.0 || slope <= 0.0 {
            return None;
        }
        let (middle, reach) = (logit(share), Z_95 * variance.sqrt() / slope);
        Some(Self { low: expit(middle - reach), high: expit(middle + reach) })
    }
}

/// The spread of numbers that come one by one (Welford 1962).
#[derive(Clone, Copy, Default)]
pub(super) struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let from_mean = value - self.mean;
        self.mean += from_mean / self.count;
        self.squares += from_mean * (value - self.mean);
    }

    /// How many numbers came.
    pub(super) fn count(&self) -> f64 {
        self.count
    }

    /// `None` with fewer than two numbers.
    pub(super) fn variance(&self) -> Option<f64> {
        (self.count >= 2.0).then(|| self.squares / (self.count - 1.0))
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut spread = Self::default();
        values.into_iter().for_each(|value| spread.add(value));
        spread
    }
}

/// The natural logarithm of the odds of a share.
pub(super) fn logit(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

/// The inverse of [`logit`].
pub(super) fn expit(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

impl ThresholdTable {
    /// The 95 % interval of [`ThresholdTable::auc`], by DeLong, DeLong and Clarke-Pearson (1988) on the logit scale. Right
    /// only where there is one score for each person: several of one person are no new evidence.
    ///
    /// Classes that do not overlap show no spread to measure. As many pairs of a positive and a negative as have nobody in
    /// common were then all ordered alike, and the interval is the exact one of that many successes in a row (Clopper and
    /// Pearson 1934).
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur; and where they overlap, unless each occurs twice and scores differ.
    pub fn auc_interval(&self) -> Result<Interval, Undefined> {
        let auc = self.auc()?;
        let least = unanimous(self.positives().min(self.negatives()));
        if auc >= 1.0 {
            return Ok(Interval { low: least, high: 1.0 });
        }
        if auc <= 0.0 {
            return Ok(Interval { low: 0.0, high: 1.0 - least });
        }
        let variance = self.delong_variance().ok_or(Undefined::NoSpread)?;
        Interval::on_logit_scale(auc, variance).ok_or(Undefined::NoSpread)
    }
}

/// The lower end of the exact 95 % interval of a share that was 1 in `trials` trials, at least one.
fn unanimous(trials: u64) -> f64 {
    (0.025_f64.ln() / trials as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The toy data of the evaluation tests.
    fn toy() -> ThresholdTable {
        let sick = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0].map(|label| label == 1);
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.9, 0.7, 0.7];
        ThresholdTable::new(&sick, &scores).unwrap()
    }

    #[test]
    fn the_toy_interval_is_the_known_one() {
        assert!((toy().delong_variance().unwrap() - 0.0238).abs() < 1e-12);
        let interval = toy().auc_interval().unwrap();
        assert!((interval.low - 0.378).abs() < 5e-4 && (interval.high - 0.954).abs() < 5e-4, "{interval:?}");
    }

    #[test]
    fn classes_that_do_not_overlap_are_as_certain_as_they_are_many() {
        // By tests/golden/association.py: binomtest(n, n).proportion_ci(method="exact") of SciPy.
        for (positives, negatives, low) in [(8, 9, 0.630_583), (9, 8, 0.630_583), (40, 300, 0.911_903), (1, 5, 0.025)] {
            let table = |sign: f64| {
                let of = |count, sick, score| std::iter::repeat_n((sick, score), count);
                ThresholdTable::from_pairs(of(positives, true, sign).chain(of(negatives, false, -sign)))
            };
            let interval = table(1.0).auc_interval().unwrap();
            assert!(
                (interval.low - low).abs() < 1e-6 && interval.high == 1.0,
                "{positives}, {negatives}: {interval:?}"
            );
            let turned = table(-1.0).auc_interval().unwrap();
            assert!(turned.low == 0.0 && (turned.high - (1.0 - low)).abs() < 1e-6, "{turned:?}");
        }
    }

    #[test]
    fn without_spread_or_people_there_is_no_interval() {
        let table = |pairs: &[(bool, f64)]| ThresholdTable::from_pairs(pairs.iter().copied());
        let apart = table(&[(true, 0.9), (true, 0.8), (false, 0.2), (false, 0.1)]);
        assert!(apart.auc_interval().is_ok());
        let tied = table(&[(true, 0.5), (true, 0.5), (false, 0.5), (false, 0.5)]);
        assert_eq!(tied.auc_interval(), Err(Undefined::NoSpread));
        let alone = table(&[(true, 0.5), (false, 0.6), (false, 0.1)]);
        assert_eq!(alone.auc_interval(), Err(Undefined::NoSpread));
        assert_eq!(table(&[(true, 0.5)]).auc_interval(), Err(Undefined::NoNegatives));
    }
}
