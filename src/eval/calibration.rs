//! How far the scores are from the truth, when they are read as probabilities.

use super::threshold::Tie;
use super::{Share, ThresholdTable, Undefined};

/// Bins of the reliability diagram.
const BINS: u64 = 10;

/// Recordings of similar scores, and how many of them are sick: a point of the reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Lowest score in it.
    pub lowest: f64,
    /// Highest score in it.
    pub highest: f64,
    /// Mean score: the x-axis.
    pub mean_score: f64,
    /// The sick among them: the y-axis, with its interval. All of them are `observed.whole`.
    pub observed: Share,
}

impl ReliabilityBin {
    /// How far the observed share lies from the mean score.
    fn distance(&self) -> f64 {
        self.observed.value().map_or(0.0, |observed| (observed - self.mean_score).abs())
    }
}

impl ThresholdTable {
    /// Brier score: the mean of `(score - label)^2`; 0 is perfect, 0.25 is what a constant 0.5 gets.
    ///
    /// # Errors
    /// [`Undefined::Empty`] without scores, [`Undefined::NotProbabilities`] when a score lies outside of 0 to 1.
    pub fn brier(&self) -> Result<f64, Undefined> {
        self.probabilities()?;
        let squares =
            |tie: Tie| tie.positives as f64 * (1.0 - tie.score).powi(2) + tie.negatives as f64 * tie.score.powi(2);
        Ok(self.ties().map(squares).sum::<f64>() / self.len() as f64)
    }

    /// The reliability diagram: recordings by rising score in 10 bins of equal count. Equal scores stay in one bin, so that
    /// there may be fewer bins, and larger ones.
    ///
    /// # Errors
    /// As [`ThresholdTable::brier`].
    pub fn reliability(&self) -> Result<Vec<ReliabilityBin>, Undefined> {
        self.probabilities()?;
        let mut ties: Vec<Tie> = self.ties().collect();
        ties.reverse();
        let n = self.len();
        let (mut bins, mut start, mut passed) = (Vec::new(), 0, 0);
        let mut open_bin_of = 0;
        for (place, tie) in ties.iter().enumerate() {
            passed += tie.positives + tie.negatives;
            // The bin that the next recording belongs to.
            let next_bin = passed * BINS / n;
            if next_bin > open_bin_of {
                bins.extend(ties.get(start..=place).and_then(bin));
                (open_bin_of, start) = (next_bin, place + 1);
            }
        }
        Ok(bins)
    }

    /// Expected calibration error: the mean distance of observed share and mean score over the bins of
    /// [`ThresholdTable::reliability`], each weighing as much as it has recordings (Naeini, Cooper and Hauskrecht 2015; bins
    /// of equal count as in Nguyen and O'Connor 2015). It depends on the bins: compare only like with like.
    ///
    /// # Errors
    /// As [`ThresholdTable::brier`].
    pub fn calibration_error(&self) -> Result<f64, Undefined> {
        let bins = self.reliability()?;
        let sum: f64 = bins.iter().map(|bin| bin.observed.whole as f64 * bin.distance()).sum();
        Ok(sum / self.len() as f64)
    }

    /// Fails unless the scores can be read as probabilities.
    pub(super) fn probabilities(&self) -> Result<(), Undefined> {
        let (Some(highest), Some(lowest)) = (self.steps().first(), self.steps().last()) else {
            return Err(Undefined::Empty);
        };
        if highest.score <= 1.0 && lowest.score >= 0.0 { Ok(()) } else { Err(Undefined::NotProbabilities) }
    }
}

/// The bin of some rising scores.
fn bin(ties: &[Tie]) -> Option<ReliabilityBin> {
    let (lowest, highest) = (ties.first()?.score, ties.last()?.score);
    let (mut observed, mut sum) = (Share::default(), 0.0);
    for tie in ties {
        let count = tie.positives + tie.negatives;
        observed.part += tie.positives;
        observed.whole += count;
        sum += count as f64 * tie.score;
    }
    Some(ReliabilityBin { lowest, highest, mean_score: sum / observed.whole as f64, observed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_stay_in_one_bin() {
        let scores = [0.1, 0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7];
        let table = ThresholdTable::from_pairs(scores.into_iter().map(|score| (score > 0.45, score)));
        let counts: Vec<u64> = table.reliability().unwrap().iter().map(|bin| bin.observed.whole).collect();
        assert_eq!(counts, [3, 1, 1, 1, 1, 1, 2]);
        // Three at 0.1 and 0.2, 0.3, 0.4 that are healthy; 0.5, 0.6 and two at 0.7 that are sick.
        let error = (0.3 + 0.2 + 0.3 + 0.4 + 0.5 + 0.4 + 0.6) / 10.0;
        assert!((table.calibration_error().unwrap() - error).abs() < 1e-15);
    }

    #[test]
    fn few_scores_make_few_bins() {
        let bins = |count: u32| {
            let scores = (0..count).map(|i| (i % 2 == 0, f64::from(i) / f64::from(count)));
            ThresholdTable::from_pairs(scores).reliability().unwrap().len()
        };
        assert_eq!((bins(1), bins(3), bins(10), bins(11), bins(1000)), (1, 3, 10, 10, 10));
    }

    #[test]
    fn scores_must_be_probabilities() {
        let table = |score| ThresholdTable::from_pairs([(true, score)]);
        assert_eq!(table(1.5).reliability(), Err(Undefined::NotProbabilities));
        assert_eq!(table(-0.5).calibration_error(), Err(Undefined::NotProbabilities));
        assert_eq!(table(f64::NAN).reliability(), Err(Undefined::Empty));
    }
}
