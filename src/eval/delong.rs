//! How far an area under the ROC curve could be from that of all people, without drawing any: DeLong, DeLong and
//! Clarke-Pearson (1988), with the midranks of Sun and Xu (2014) read off the sorted scores.

use super::interval::{Spread, Z_95};
use super::normal::two_sided_p;
use super::threshold::Tie;
use super::{Interval, Pair, PeopleTable, ThresholdTable, Undefined};

/// An area under the ROC curve with what DeLong say of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delong {
    /// The area.
    pub auc: f64,
    /// Its variance.
    pub variance: f64,
    /// Its 95 % interval, on the logit scale.
    pub interval: Interval,
}

/// How far two models are apart on the same people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelongDifference {
    /// The area of the first less that of the second.
    pub difference: f64,
    /// Its variance, less than the sum of both where the models agree on whom they find hard.
    pub variance: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// How likely a difference at least as large is by chance alone, on either side.
    pub p_value: f64,
}

impl PeopleTable {
    /// The area under the ROC curve with DeLong's interval.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur twice and overlap, each person has one score, and scores differ.
    pub fn delong(&self) -> Result<Delong, Undefined> {
        self.one_score_each()?;
        let table = self.table();
        let auc = table.overlapping_auc()?;
        let variance = table.delong_variance().ok_or(Undefined::NoSpread)?;
        let interval = Interval::on_logit_scale(auc, variance).ok_or(Undefined::NoSpread)?;
        Ok(Delong { auc, variance, interval })
    }
}

impl Pair {
    /// The difference of the areas under both ROC curves, with DeLong's interval.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur twice and overlap in both, each person has one score, and the models differ.
    pub fn delong(&self) -> Result<DelongDifference, Undefined> {
        let [first, second] = self.tables();
        first.one_score_each()?;
        let difference = first.table().overlapping_auc()? - second.table().overlapping_auc()?;
        let placements = [first, second].map(|people| people.table().placements().collect::<Vec<_>>());
        let (mut of_positives, mut of_negatives) = (Spread::default(), Spread::default());
        for &(sick, scores) in self.recordings() {
            let [a, b] = &placements;
            let (Some(a), Some(b)) = (Placement::find(a, scores[0]), Placement::find(b, scores[1])) else { continue };
            if sick {
                of_positives.add(a.of_positives - b.of_positives);
            } else {
                of_negatives.add(a.of_negatives - b.of_negatives);
            }
        }
        let of_mean = |of: Spread| of.variance().map(|variance| variance / of.count()).ok_or(Undefined::NoSpread);
        let variance = of_mean(of_positives)? + of_mean(of_negatives)?;
        if variance <= 0.0 {
            return Err(Undefined::NoSpread);
        }
        let reach = Z_95 * variance.sqrt();
        let interval = Interval { low: difference - reach, high: difference + reach };
        Ok(DelongDifference { difference, variance, interval, p_value: two_sided_p(difference / variance.sqrt()) })
    }
}

/// The recordings of one score, and on how much of the other class they are on the right side.
struct Placement {
    tie: Tie,
    /// Share of the negatives that score less, ties one half: Sun and Xu's difference of midranks, over the negatives.
    of_positives: f64,
    /// Share of the positives that score more, ties one half.
    of_negatives: f64,
}

impl Placement {
    /// The one with this score in falling ones.
    fn find(falling: &[Self], score: f64) -> Option<&Self> {
        falling.get(falling.partition_point(|placement| placement.tie.score > score))
    }
}

impl ThresholdTable {
    /// The area, where the classes overlap.
    fn overlapping_auc(&self) -> Result<f64, Undefined> {
        let auc = self.auc()?;
        if auc <= 0.0 || auc >= 1.0 { Err(Undefined::Separated) } else { Ok(auc) }
    }

    /// Falling scores. The caller has checked that both classes occur.
    fn placements(&self) -> impl Iterator<Item = Placement> + '_ {
        let (mut positives_above, mut negatives_above) = (0, 0);
        self.ties().map(move |tie| {
            let negatives_before = negatives_above as f64 + tie.negatives as f64 / 2.0;
            let positives_before = positives_above as f64 + tie.positives as f64 / 2.0;
            positives_above += tie.positives;
            negatives_above += tie.negatives;
            Placement {
                tie,
                of_positives: 1.0 - negatives_before / self.negatives() as f64,
                of_negatives: positives_before / self.positives() as f64,
            }
        })
    }

    /// DeLong's variance of the area; `None` with fewer than two of a class.
    pub(super) fn delong_variance(&self) -> Option<f64> {
        let (positives, negatives) = (self.positives() as f64, self.negatives() as f64);
        if positives < 2.0 || negatives < 2.0 {
            return None;
        }
        let auc = self.auc().ok()?;
        let (mut of_positives, mut of_negatives) = (0.0, 0.0);
        for Placement { tie, of_positives: share, of_negatives: other } in self.placements() {
            of_positives += tie.positives as f64 * (share - auc).powi(2);
            of_negatives += tie.negatives as f64 * (other - auc).powi(2);
        }
        Some(of_positives / (positives - 1.0) / positives + of_negatives / (negatives - 1.0) / negatives)
    }
}
