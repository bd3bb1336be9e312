//! How far the scores are from the truth, when they are read as probabilities.

use super::{ThresholdTable, Undefined};

impl ThresholdTable {
    /// Brier score: the mean of `(score - label)^2`; 0 is perfect, 0.25 is what a constant 0.5 gets.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without scores, [`Undefined::NotProbabilities`] when a score lies outside of 0 to 1.
    pub fn brier(&self) -> Result<f64, Undefined> {
        if self.is_empty() {
            return Err(Undefined::Empty);
        }
        let (mut tp, mut fp, mut sum) = (0, 0, 0.0);
        for step in self.steps() {
            if !(0.0..=1.0).contains(&step.score) {
                return Err(Undefined::NotProbabilities);
            }
            sum += (step.tp - tp) as f64 * (1.0 - step.score).powi(2) + (step.fp - fp) as f64 * step.score.powi(2);
            (tp, fp) = (step.tp, step.fp);
        }
        Ok(sum / self.len() as f64)
    }
}
