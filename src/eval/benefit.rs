//! Whether acting on the scores does more good than acting on everybody, or on nobody (Vickers and Elkin 2006).

use super::{ThresholdTable, Undefined};

/// One point of the decision curve. Benefits are in found sick people for each person tested.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct BenefitPoint {
    /// The probability of illness from which on one would act. Who acts from 0.1 on takes 9 false alarms for 1 found.
    pub probability: f64,
    /// Net benefit of acting on those who score at least this probability.
    pub model: f64,
    /// Net benefit of acting on everybody. Acting on nobody has a benefit of 0.
    pub treat_all: f64,
}

impl ThresholdTable {
    /// The decision curve at `probabilities`, each from 0 to below 1; others are left out. Read it only where the scores are
    /// calibrated.
    ///
    /// Net benefit is `TP / n - FP / n * p / (1 - p)`.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without scores, [`Undefined::NotProbabilities`] when a score lies outside of 0 to 1.
    pub fn decision_curve(&self, probabilities: &[f64]) -> Result<Vec<BenefitPoint>, Undefined> {
        self.probabilities()?;
        let n = self.len() as f64;
        let point = |probability: f64| {
            let benefit =
                |found: u64, alarms: u64| found as f64 / n - alarms as f64 / n * (probability / (1.0 - probability));
            let called = self.confusion_at(probability);
            let model = benefit(called.tp, called.fp);
            BenefitPoint { probability, model, treat_all: benefit(self.positives(), self.negatives()) }
        };
        Ok(probabilities.iter().copied().filter(|p| (0.0..1.0).contains(p)).map(point).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_by_hand() {
        let table = ThresholdTable::new(&[true, true, false, false, false], &[0.9, 0.3, 0.6, 0.2, 0.1]).unwrap();
        let curve = table.decision_curve(&[0.0, 0.25, 0.5, 1.0]).unwrap();
        let close = |actual: f64, expected: f64| assert!((actual - expected).abs() < 1e-15, "{actual}, {expected}");
        assert_eq!(curve.len(), 3, "nobody is sick for more than certain");
        // From 0 on everybody is called: 2 of 5 are found, and alarms cost nothing.
        close(curve[0].model, 0.4);
        close(curve[0].treat_all, 0.4);
        // 2 found, 1 alarm at a third; all: 2 found, 3 alarms at a third.
        close(curve[1].model, 0.4 - 0.2 / 3.0);
        close(curve[1].treat_all, 0.4 - 0.6 / 3.0);
        close(curve[2].model, 0.2 - 0.2);
        close(curve[2].treat_all, 0.4 - 0.6);
    }

    #[test]
    fn scores_must_be_probabilities() {
        let table = |score| ThresholdTable::from_pairs([(true, score)]);
        assert_eq!(table(1.5).decision_curve(&[0.5]), Err(Undefined::NotProbabilities));
        assert_eq!(table(f64::NAN).decision_curve(&[0.5]), Err(Undefined::Empty));
    }
}
