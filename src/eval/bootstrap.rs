//! Intervals by drawing people anew, each with all recordings (Efron 1979; clusters as in Field and Welsh 2007).

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use rayon::prelude::*;

use super::interval::Spread;
use super::people::Recording;
use super::{Confusion, Interval, METRICS, PeopleTable, Undefined};

/// Points of the band around the ROC: false positive rates 0, 0.01, ... 1.
const BAND: usize = 101;

/// How an interval is taken from the draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bounds {
    /// From the 2.5th to the 97.5th percentile (Efron 1979). Too narrow in small studies, and more so above than below: of 2,000
    /// simulated ones with 60 people, 1,873 held the true AUC (`tests/eval/coverage.rs`).
    Percentile,
    /// The spread of the draws around the value, raised for small studies (Hesterberg 2015, What teachers should know about the
    /// bootstrap); on the logit scale, so that it stays within 0 and 1 and reaches farther to the side that has room.
    /// Differences of two models need no logit. Percentiles where the value is at an end of its scale.
    #[default]
    Spread,
}

/// How often people are drawn, from which seed, and what is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Draws {
    /// How many times.
    pub count: u32,
    /// Equal seeds give equal intervals, on any number of threads.
    pub seed: u64,
    /// How intervals are taken from them.
    pub bounds: Bounds,
}

impl Default for Draws {
    fn default() -> Self {
        Self { count: 2000, seed: 0, bounds: Bounds::default() }
    }
}

/// Who is told of the progress, and who may cancel.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Called with the number of draws that are done, from any thread, and not always in order.
    pub progress: &'a (dyn Fn(u32) + Sync),
    /// Once true, the work ends without a result.
    pub cancel: &'a AtomicBool,
}

/// A value and how far it could be from that of all people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value in these data.
    pub value: Result<f64, Undefined>,
    /// Its 95 % interval, over the draws where it is defined.
    pub interval: Result<Interval, Undefined>,
    /// In how many draws it was not defined.
    pub undefined_draws: u32,
}

/// The sensitivities that one false positive rate could have.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct BandPoint {
    /// The false positive rate.
    pub fpr: f64,
    /// The 95 % interval of the sensitivity there, of this point alone: the whole curve leaves the band more often.
    pub interval: Interval,
}

/// Every number at one threshold, with its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervals {
    /// How people were drawn.
    pub draws: Draws,
    /// Area under the ROC curve.
    pub auc: Estimate,
    /// Average precision.
    pub average_precision: Estimate,
    /// Brier score.
    pub brier: Estimate,
    /// Every row of [`METRICS`], in that order.
    pub metrics: Vec<Estimate>,
    /// The band around the ROC curve; empty unless both classes occur.
    pub band: Vec<BandPoint>,
}

impl Intervals {
    /// The estimate of the row of [`METRICS`] with this `id`.
    #[must_use]
    pub fn metric(&self, id: &str) -> Option<&Estimate> {
        METRICS.iter().zip(&self.metrics).find_map(|(metric, estimate)| (metric.id == id).then_some(estimate))
    }
}

impl PeopleTable {
    /// 95 % intervals of every number at `threshold`, from people drawn anew with replacement.
    ///
    /// People are drawn within their class, so that a draw has as many sick people as the data; those with recordings of both
    /// classes are a class of their own. All recordings of a drawn person come along. The share of sick therefore hardly changes,
    /// and what depends on it (the predictive values, accuracy, average precision) is told for people with that share of sick.
    /// `None` when it was cancelled.
    #[must_use]
    pub fn bootstrap(&self, threshold: f64, draws: Draws, watch: Watch) -> Option<Intervals> {
        let called = self.called(threshold);
        let rows = Rows::draw(self, draws, watch, AREAS + METRICS.len() + BAND, |weights, row| {
            self.measure(weights, called, row);
        })?;
        let lowest = [0.0; AREAS].into_iter().chain(METRICS.iter().map(|metric| metric.lowest));
        let columns = self.values(threshold).into_iter().zip(lowest).enumerate();
        let inflation = self.inflation(draws.bounds);
        let mut estimates = columns.map(|(column, (value, lowest))| rows.estimate(column, value, inflation, lowest));
        let mut next = || estimates.next().unwrap_or(NOTHING);
        let (auc, average_precision, brier) = (next(), next(), next());
        let metrics = METRICS.iter().map(|_| next()).collect();
        let band = (0..BAND).filter_map(|point| {
            let interval = percentiles(&rows.column(AREAS + METRICS.len() + point))?;
            Some(BandPoint { fpr: point as f64 / (BAND - 1) as f64, interval })
        });
        Some(Intervals { draws, auc, average_precision, brier, metrics, band: band.collect() })
    }

    /// The values of all recordings, in the order of [`PeopleTable::measure`], without the band.
    pub(super) fn values(&self, threshold: f64) -> Vec<Result<f64, Undefined>> {
        let table = self.table();
        let confusion = table.confusion_at(threshold);
        [table.auc(), table.average_precision(), table.brier()]
            .into_iter()
            .chain(METRICS.iter().map(|metric| metric.value(&confusion)))
            .collect()
    }

    /// How many recordings are called positive at `threshold`.
    pub(super) fn called(&self, threshold: f64) -> usize {
        self.table().confusion_at(threshold).predicted_positives() as usize
    }

    /// Measures the draw that has each person `weights[person]` times, where the first `called` recordings are called
    /// positive: three areas, the metrics, and as much of the band as `row` has room for. NaN where one is not defined.
    /// One pass over the recordings; nothing is sorted, nothing allocated.
    pub(super) fn measure(&self, weights: &[u32], called: usize, row: &mut [f64]) {
        row.fill(f64::NAN);
        let (mut positives, mut negatives, mut squared_error) = (0, 0, 0.0);
        for (person, weight) in self.people.iter().zip(weights) {
            positives += u64::from(person.positives) * u64::from(*weight);
            negatives += u64::from(person.negatives) * u64::from(*weight);
            squared_error += person.squared_error * f64::from(*weight);
        }
        let Some(([auc, average_precision, brier], rest)) = row.split_first_chunk_mut() else { return };
        let Some((metrics, band)) = rest.split_at_mut_checked(METRICS.len()) else { return };
        let Some((above, below)) = self.recordings.split_at_checked(called) else { return };
        let band = if positives > 0 && negatives > 0 { band } else { &mut [] };

        let mut walk = Walk { positives, negatives, band, ..Walk::default() };
        walk.along(above, weights);
        let (tp, fp) = (walk.tp, walk.fp);
        walk.along(below, weights);
        walk.end();

        let confusion = Confusion { tp, fp, tn: negatives - fp, fn_: positives - tp };
        *auc = walk.twice_the_area as f64 / (2.0 * positives as f64 * negatives as f64);
        *average_precision = walk.precision_sum / positives as f64;
        *brier = squared_error / (positives + negatives) as f64;
        for (value, metric) in metrics.iter_mut().zip(METRICS) {
            *value = metric.value(&confusion).unwrap_or(f64::NAN);
        }
    }
}

/// AUC, average precision and Brier score.
pub(super) const AREAS: usize = 3;

/// What a column that does not exist says.
pub(super) const NOTHING: Estimate =
    Estimate { value: Err(Undefined::Empty), interval: Err(Undefined::Empty), undefined_draws: 0 };

/// A walk along the falling scores of one draw.
#[derive(Default)]
struct Walk<'a> {
    /// How many positives and negatives there are.
    positives: u64,
    negatives: u64,
    /// How many were passed, without those of a tie that has not ended.
    tp: u64,
    fp: u64,
    tied_positives: u64,
    tied_negatives: u64,
    /// Twice the area under the curve so far, in units of one positive times one negative.
    twice_the_area: u128,
    /// Precision summed over the positives so far.
    precision_sum: f64,
    /// Where the sensitivities at even false positive rates go, and how many are there.
    band: &'a mut [f64],
    banded: usize,
}

impl Walk<'_> {
    /// `recordings` end with a tie.
    fn along(&mut self, recordings: &[Recording], weights: &[u32]) {
        for recording in recordings {
            let weight = u64::from(weights.get(recording.person as usize).copied().unwrap_or_default());
            if recording.sick {
                self.tied_positives += weight;
            } else {
                self.tied_negatives += weight;
            }
            if recording.last_of_tie && self.tied_positives + self.tied_negatives > 0 {
                self.step();
            }
        }
    }

    /// The next point of the curve.
    fn step(&mut self) {
        let (tp, fp) = (self.tp + self.tied_positives, self.fp + self.tied_negatives);
        self.twice_the_area += u128::from(self.tied_negatives) * u128::from(self.tp + tp);
        if self.tied_positives > 0 {
            self.precision_sum += self.tied_positives as f64 * tp as f64 / (tp + fp) as f64;
        }
        // Straight lines join the points; of a vertical one, the upper end counts.
        let per_point = self.negatives as f64 / (BAND - 1) as f64;
        while let Some(sensitivity) = self.band.get_mut(self.banded) {
            let wanted = self.banded as f64 * per_point;
            if wanted >= fp as f64 {
                break;
            }
            let along = (wanted - self.fp as f64) / self.tied_negatives as f64;
            *sensitivity = (self.tp as f64 + along * self.tied_positives as f64) / self.positives as f64;
            self.banded += 1;
        }
        (self.tp, self.fp, self.tied_positives, self.tied_negatives) = (tp, fp, 0, 0);
    }

    /// What is left of the band lies at the curve's end.
    fn end(&mut self) {
        self.band.iter_mut().skip(self.banded).for_each(|sensitivity| *sensitivity = 1.0);
    }
}

/// What every draw measured: one row a draw, NaN where a number was not defined.
pub(super) struct Rows {
    values: Vec<f64>,
    width: usize,
}

impl Rows {
    /// Draws people `draws.count` times, and has `measure` fill a row of `width` numbers from how often each person was
    /// drawn. `None` when cancelled.
    pub(super) fn draw(
        people: &PeopleTable,
        draws: Draws,
        watch: Watch,
        width: usize,
        measure: impl Fn(&[u32], &mut [f64]) + Sync,
    ) -> Option<Self> {
        let mut values = vec![f64::NAN; width * draws.count as usize];
        let done = AtomicU32::new(0);
        let room = || vec![0; people.people()];
        values.par_chunks_mut(width).enumerate().for_each_init(room, |weights, (number, row)| {
            if !watch.cancel.load(Ordering::Relaxed) {
                people.draw(draws.seed, number as u64, weights);
                measure(weights, row);
                (watch.progress)(done.fetch_add(1, Ordering::Relaxed) + 1);
            }
        });
        (!watch.cancel.load(Ordering::Relaxed)).then_some(Self { values, width })
    }

    /// The numbers of one column that are defined, rising.
    pub(super) fn column(&self, column: usize) -> Vec<f64> {
        let all = self.values.chunks(self.width).filter_map(|row| row.get(column)).copied();
        let mut defined: Vec<f64> = all.filter(|value| !value.is_nan()).collect();
        defined.sort_unstable_by(f64::total_cmp);
        defined
    }

    /// The estimate of one column, whose value in the data themselves is `value`, on a scale from `lowest` to 1: by its spread,
    /// the variance raised by `inflation`, or by percentiles without one.
    fn estimate(&self, column: usize, value: Result<f64, Undefined>, inflation: Option<f64>, lowest: f64) -> Estimate {
        let rising = self.column(column);
        let estimate = self.percentile_estimate(value, &rising);
        let around = |value| inflation.and_then(|inflation| around(value, lowest, inflation, &rising));
        match value.ok().and_then(around) {
            Some(interval) => Estimate { interval: Ok(interval), ..estimate },
            None => estimate,
        }
    }

    /// The estimate of a column by the percentiles of its draws, which are rising.
    pub(super) fn percentile_estimate(&self, value: Result<f64, Undefined>, rising: &[f64]) -> Estimate {
        let interval = value.and_then(|_| percentiles(rising).ok_or(Undefined::Empty));
        Estimate { value, interval, undefined_draws: (self.values.len() / self.width - rising.len()) as u32 }
    }
}

/// The interval of the spread of `draws` around `value`, on a scale from `lowest` to 1, by its logit; their variance is raised
/// by `inflation`. `None` at the ends of the scale and without spread.
fn around(value: f64, lowest: f64, inflation: f64, draws: &[f64]) -> Option<Interval> {
    let spread: Spread = draws.iter().copied().collect();
    let height = 1.0 - lowest;
    let variance = inflation * spread.variance()? / height.powi(2);
    let share = Interval::on_logit_scale((value - lowest) / height, variance)?;
    Some(Interval { low: lowest + height * share.low, high: lowest + height * share.high })
}

impl PeopleTable {
    /// How often each person is drawn: within each stratum, as many people as it has. Each draw has random numbers of its own,
    /// so that the order of the draws does not matter.
    fn draw(&self, seed: u64, number: u64, weights: &mut [u32]) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        weights.fill(0);
        for stratum in self.strata() {
            let Some(weights) = weights.get_mut(stratum.clone()) else { continue };
            let people = weights.len() as u64;
            for _ in 0..people {
                // The high half of the product: even to one in 2^32 / `people`.
                let person = (u64::from(random.next_u32()) * people) >> 32;
                if let Some(weight) = weights.get_mut(person as usize) {
                    *weight += 1;
                }
            }
        }
    }
}

/// The 2.5th and 97.5th percentile of rising numbers, between neighbours as NumPy does; `None` of no numbers.
fn percentiles(rising: &[f64]) -> Option<Interval> {
    Some(Interval { low: percentile(rising, 0.025)?, high: percentile(rising, 0.975)? })
}

fn percentile(rising: &[f64], share: f64) -> Option<f64> {
    let place = share * rising.len().checked_sub(1)? as f64;
    let below = *rising.get(place.floor() as usize)?;
    let above = *rising.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::ThresholdTable;

    /// Random recordings with many ties: labels, scores and people.
    fn recordings(random: &mut ChaCha8Rng) -> (Vec<bool>, Vec<f64>, Vec<usize>) {
        let mut below = |limit: u32| random.next_u32() % limit;
        let n = 1 + below(40);
        let (scores, people) = (1 + below(12), 1 + below(15));
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            columns.0.push(below(2) == 1);
            columns.1.push(f64::from(below(scores)) / f64::from(scores));
            columns.2.push(below(people) as usize);
        }
        columns
    }

    /// The sensitivity of a curve at a false positive rate, by straight lines; of a vertical one, the upper end.
    fn sensitivity(table: &ThresholdTable, fpr: f64) -> f64 {
        let roc = table.roc().unwrap();
        let above = roc.iter().rposition(|point| point.fpr <= fpr + 1e-12).unwrap();
        let (from, Some(to)) = (roc[above], roc.get(above + 1)) else { return 1.0 };
        from.tpr + (to.tpr - from.tpr) * (fpr - from.fpr).max(0.0) / (to.fpr - from.fpr)
    }

    #[test]
    fn a_weight_is_a_repetition() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut compared = 0;
        for _ in 0..400 {
            let (labels, scores, people) = recordings(&mut random);
            let threshold = f64::from(random.next_u32() % 13) / 12.0;
            let times: Vec<u32> = (0..15).map(|_| random.next_u32() % 4).collect();
            let written_out =
                (0..labels.len()).flat_map(|i| std::iter::repeat_n((labels[i], scores[i]), times[people[i]] as usize));
            let expected = ThresholdTable::from_pairs(written_out);

            let table = PeopleTable::new(&labels, &scores, &people).unwrap();
            let mut weights = vec![0; table.people()];
            for (recording, person) in table.recordings.iter().zip(in_table_order(&labels, &scores, &people)) {
                weights[recording.person as usize] = times[person];
            }
            let mut row = vec![0.0; AREAS + METRICS.len() + BAND];
            table.measure(&weights, table.called(threshold), &mut row);

            let confusion = expected.confusion_at(threshold);
            let areas = [expected.auc(), expected.average_precision(), expected.brier()];
            let values = areas.into_iter().chain(METRICS.iter().map(|metric| metric.value(&confusion)));
            for (actual, value) in row.iter().zip(values) {
                let value = value.unwrap_or(f64::NAN);
                assert!((actual - value).abs() < 1e-12 || actual.is_nan() && value.is_nan(), "{actual}, {value}");
            }
            if expected.auc().is_ok() {
                compared += 1;
                for (point, actual) in row[AREAS + METRICS.len()..].iter().enumerate() {
                    let value = sensitivity(&expected, point as f64 / 100.0);
                    assert!((actual - value).abs() < 1e-9, "at {point} %: {actual}, {value}");
                }
            }
        }
        assert!(compared > 200, "{compared}");
    }

    /// Whose each recording is, in the order of the table.
    fn in_table_order(labels: &[bool], scores: &[f64], people: &[usize]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|&a, &b| {
            scores[b].total_cmp(&scores[a]).then((people[a], labels[a]).cmp(&(people[b], labels[b])))
        });
        order.into_iter().map(|i| people[i]).collect()
    }

    #[test]
    fn people_are_drawn_within_their_class() {
        let labels = [true, true, true, false, false, true, false];
        let table = PeopleTable::new(&labels, &[0.5; 7], &[0, 1, 2, 3, 4, 5, 5]).unwrap();
        let mut weights = vec![0; table.people()];
        let mut sums = vec![0; table.people()];
        for number in 0..3000 {
            table.draw(1, number, &mut weights);
            let in_stratum = table.strata().each_ref().map(|stratum| weights[stratum.clone()].iter().sum::<u32>());
            assert_eq!(in_stratum, [2, 3, 1]);
            sums.iter_mut().zip(&weights).for_each(|(sum, weight)| *sum += weight);
        }
        // Each once in the mean, to five standard errors.
        assert!(sums.iter().all(|sum| (2900..=3100).contains(sum)), "{sums:?}");
    }

    #[test]
    fn percentiles_are_those_of_numpy() {
        // numpy.percentile([1, 2, 4, 8], [2.5, 97.5])
        let interval = percentiles(&[1.0, 2.0, 4.0, 8.0]).unwrap();
        assert!((interval.low - 1.075).abs() < 1e-12 && (interval.high - 7.7).abs() < 1e-12, "{interval:?}");
        assert_eq!(percentiles(&[]), None);
    }
}
