//! ROC and precision-recall curves, and the areas under them.

use super::threshold::Step;
use super::{Confusion, ThresholdTable, Undefined};

/// One point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Calls `score >= threshold` positive; infinity at the curve's start.
    pub threshold: f64,
    /// False positive rate, 1 - specificity: the x-axis.
    pub fpr: f64,
    /// True positive rate, sensitivity: the y-axis.
    pub tpr: f64,
    /// The counts behind it.
    pub confusion: Confusion,
}

/// One point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrPoint {
    /// Calls `score >= threshold` positive; `None` for the curve's conventional end at precision 1, recall 0.
    pub threshold: Option<f64>,
    /// Positive predictive value: the y-axis.
    pub precision: f64,
    /// Sensitivity: the x-axis.
    pub recall: f64,
}

impl ThresholdTable {
    /// The ROC curve: from (0, 0) at threshold infinity to (1, 1), one point for each distinct score.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur.
    pub fn roc(&self) -> Result<Vec<RocPoint>, Undefined> {
        self.both_classes()?;
        Ok(self.thresholds().map(|(threshold, confusion)| self.roc_point(threshold, confusion)).collect())
    }

    /// The point of the ROC curve at `threshold`: where its marker stands.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur.
    pub fn roc_at(&self, threshold: f64) -> Result<RocPoint, Undefined> {
        self.both_classes()?;
        Ok(self.roc_point(threshold, self.confusion_at(threshold)))
    }

    /// The point of the ROC curve nearest to (`fpr`, `tpr`): what dragging on the curve selects. Of equals, the highest
    /// threshold. Most of the curve is ruled out unseen, so that a million scores take a tenth of a
    /// millisecond.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur.
    pub fn nearest_roc(&self, fpr: f64, tpr: f64) -> Result<RocPoint, Undefined> {
        self.both_classes()?;
        let start = self.roc_point(f64::INFINITY, self.confusion_at(f64::INFINITY));
        let mut nearest = Nearest { fpr, tpr, distance: f64::INFINITY, point: start };
        nearest.consider(start);
        self.search(self.steps(), &mut nearest);
        Ok(nearest.point)
    }

    /// Looks for a nearer point among `steps`. The curve rises to the right, so that the points between two of its points lie
    /// in the rectangle of those.
    fn search(&self, steps: &[Step], nearest: &mut Nearest) {
        let point = |step: &Step| self.roc_point(step.score, self.confusion_of(step));
        let (Some(first), Some(last)) = (steps.first().map(point), steps.last().map(point)) else { return };
        if nearest.distance_to_box(&first, &last) > nearest.distance {
            return;
        }
        let (lower, upper) = steps.split_at(steps.len() / 2);
        match (lower, upper) {
            ([], _) => nearest.consider(first),
            ([.., end], _) => {
                let end = point(end);
                let lower_first = nearest.distance_to_box(&first, &end) <= nearest.distance_to_box(&end, &last);
                let halves = if lower_first { [lower, upper] } else { [upper, lower] };
                halves.into_iter().for_each(|half| self.search(half, nearest));
            }
        }
    }

    /// Area under the ROC curve by trapezoids: the chance that a positive scores above a negative, ties one half.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur.
    pub fn auc(&self) -> Result<f64, Undefined> {
        self.both_classes()?;
        // Twice the area in units of one positive times one negative: whole numbers, so no rounding adds up.
        let (mut tp, mut fp, mut twice) = (0, 0, 0_u128);
        for step in self.steps() {
            twice += u128::from(step.fp - fp) * u128::from(step.tp + tp);
            (tp, fp) = (step.tp, step.fp);
        }
        Ok(twice as f64 / (2.0 * self.positives() as f64 * self.negatives() as f64))
    }

    /// The precision-recall curve as scikit-learn orders it: thresholds rising, recall falling, then the end at
    /// precision 1, recall 0 that has no threshold.
    ///
    /// # Errors
    /// [`Undefined`] when there is no positive.
    pub fn precision_recall(&self) -> Result<Vec<PrPoint>, Undefined> {
        self.some_positive()?;
        let end = PrPoint { threshold: None, precision: 1.0, recall: 0.0 };
        let steps = self.steps().iter().rev();
        let points = steps.map(|step| self.precision_recall_point(step.score, step.tp, step.fp));
        Ok(points.chain([end]).collect())
    }

    /// The point of the precision-recall curve at `threshold`.
    ///
    /// # Errors
    /// [`Undefined`] when there is no positive, or nothing is called positive.
    pub fn precision_recall_at(&self, threshold: f64) -> Result<PrPoint, Undefined> {
        self.some_positive()?;
        let Confusion { tp, fp, .. } = self.confusion_at(threshold);
        if tp + fp == 0 {
            return Err(Undefined::NoPredictedPositives);
        }
        Ok(self.precision_recall_point(threshold, tp, fp))
    }

    /// Average precision: precision summed over the steps of recall; not the trapezoid, which is too high.
    ///
    /// # Errors
    /// [`Undefined`] when there is no positive.
    pub fn average_precision(&self) -> Result<f64, Undefined> {
        self.some_positive()?;
        let (mut tp, mut sum) = (0, 0.0);
        for step in self.steps() {
            sum += (step.tp - tp) as f64 * step.tp as f64 / (step.tp + step.fp) as f64;
            tp = step.tp;
        }
        Ok(sum / self.positives() as f64)
    }

    fn roc_point(&self, threshold: f64, confusion: Confusion) -> RocPoint {
        let fpr = confusion.fp as f64 / self.negatives() as f64;
        let tpr = confusion.tp as f64 / self.positives() as f64;
        RocPoint { threshold, fpr, tpr, confusion }
    }

    /// A point of the precision-recall curve; the caller has checked that something is called positive.
    fn precision_recall_point(&self, threshold: f64, tp: u64, fp: u64) -> PrPoint {
        let precision = tp as f64 / (tp + fp) as f64;
        let recall = tp as f64 / self.positives() as f64;
        PrPoint { threshold: Some(threshold), precision, recall }
    }

    /// Fails when there is no positive.
    fn some_positive(&self) -> Result<(), Undefined> {
        match (self.positives(), self.negatives()) {
            (0, 0) => Err(Undefined::Empty),
            (0, _) => Err(Undefined::NoPositives),
            _ => Ok(()),
        }
    }
}

/// The nearest point that was seen so far.
struct Nearest {
    fpr: f64,
    tpr: f64,
    /// Squared.
    distance: f64,
    point: RocPoint,
}

impl Nearest {
    fn consider(&mut self, point: RocPoint) {
        let distance = (point.fpr - self.fpr).powi(2) + (point.tpr - self.tpr).powi(2);
        let better = distance < self.distance || distance == self.distance && point.threshold > self.point.threshold;
        if better {
            (self.distance, self.point) = (distance, point);
        }
    }

    /// The squared distance to the rectangle between two corners, 0 inside.
    fn distance_to_box(&self, low: &RocPoint, high: &RocPoint) -> f64 {
        let outside = |at: f64, low: f64, high: f64| (low - at).max(at - high).max(0.0);
        outside(self.fpr, low.fpr, high.fpr).powi(2) + outside(self.tpr, low.tpr, high.tpr).powi(2)
    }
}

/// At most `max_points` of `points` that keep the shape of the curve for drawing: all of them when they are few.
///
/// Largest triangle three buckets (Steinarsson 2013): both ends stay, and of each bucket between them the point that
/// spans the largest triangle with its neighbours, so corners stay too. `xy` gives a point's position. At least the
/// two ends are kept.
#[must_use]
pub fn decimate<P: Copy>(points: &[P], max_points: usize, xy: impl Fn(&P) -> (f64, f64)) -> Vec<P> {
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return Vec::new() };
    if points.len() <= max_points.max(2) {
        return points.to_vec();
    }
    let inner = points.get(1..points.len() - 1).unwrap_or_default();
    let buckets = max_points.saturating_sub(2);
    let bucket = |index: usize| {
        let edge = |i: usize| i * inner.len() / buckets;
        inner.get(edge(index)..edge(index + 1)).unwrap_or_default()
    };

    let mut kept = vec![first];
    let mut previous = xy(&first);
    for index in 0..buckets {
        let next = if index + 1 < buckets { centre(bucket(index + 1), &xy) } else { xy(&last) };
        let area = |point: &P| {
            let (x, y) = xy(point);
            ((previous.0 - next.0) * (y - previous.1) - (previous.0 - x) * (next.1 - previous.1)).abs()
        };
        if let Some(&best) = bucket(index).iter().max_by(|a, b| area(a).total_cmp(&area(b))) {
            kept.push(best);
            previous = xy(&best);
        }
    }
    kept.push(last);
    kept
}

/// Mean position of some points.
fn centre<P>(points: &[P], xy: impl Fn(&P) -> (f64, f64)) -> (f64, f64) {
    let (x, y) = points.iter().map(xy).fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x, sum.1 + y));
    let count = points.len().max(1) as f64;
    (x / count, y / count)
}
