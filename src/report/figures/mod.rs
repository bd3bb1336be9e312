//! Figures for papers and slides: SVG text from plain data, and PNG from SVG.
//!
//! Colours mean the same everywhere: blue is healthy or training, orange is sick, validation or the chosen point.

mod axis;
mod bars;
mod matrix;
mod plot;
mod png;
mod svg;

pub use bars::{Anchor, Area, Bar, BarChart, Drawing, Form, Group, Lettering, Text, bar_chart};
pub use matrix::confusion_matrix;
pub use png::{FigureError, png};

use crate::eval::history::EpochRecord;
use crate::eval::{ThresholdTable, Undefined, decimate};
use axis::Axis;
use plot::{Key, Place, Plot};
use svg::{Stroke, colour};

/// What stands beneath every figure's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// Which run or data set is shown.
    pub title: String,
    /// What a reader must know, for example that the data are synthetic.
    pub notes: Vec<String>,
}

/// Size of the lines beneath a figure's name, of axis labels and of the legend.
const TEXT_SIZE: f64 = 15.0;
/// More points than a figure has pixels change nothing that can be seen.
const MAX_POINTS: usize = 2_000;
/// Width of curves.
const CURVE: f64 = 2.5;
/// Radius of the chosen point.
const POINT: f64 = 8.0;
/// Height of square plots: as high as their area is wide.
const SQUARE: f64 = 668.0;
/// Height of plots over epochs.
const WIDE: f64 = 400.0;
/// Bins of the score histogram; a width of 0.05 for scores from 0 to 1.
const BINS: usize = 20;

/// The ROC curve with its area and the point of `threshold`.
#[must_use]
pub fn roc(table: &ThresholdTable, threshold: f64, caption: &Caption) -> String {
    let (x, y) = (Axis::unit("False positive rate (1 - specificity)"), Axis::unit("True positive rate (sensitivity)"));
    let mut plot = Plot::new("ROC curve", caption, SQUARE, x, y);
    match (table.roc(), table.auc(), table.roc_at(threshold)) {
        (Ok(points), Ok(auc), Ok(chosen)) => {
            let chance = Stroke::dashed(colour::SILVER, 1.5);
            let stroke = Stroke::solid(colour::BLUE, CURVE);
            let points: Vec<_> = points.iter().map(|point| (point.fpr, point.tpr)).collect();
            plot.curve(&[(0.0, 0.0), (1.0, 1.0)], chance);
            plot.curve(&decimate(&points, MAX_POINTS, |point| *point), stroke);
            plot.dot((chosen.fpr, chosen.tpr), POINT, colour::ORANGE);
            plot.explain(Key::Line(stroke), format!("AUC {auc:.3}"));
            plot.explain(Key::Line(chance), "Chance, AUC 0.500");
            plot.explain(Key::Dot(colour::ORANGE), threshold_text(threshold));
            let text = format!("Sensitivity {:.3}, specificity {:.3}", chosen.tpr, 1.0 - chosen.fpr);
            plot.explain(Key::Blank, text);
        }
        (Err(reason), ..) | (_, Err(reason), _) | (.., Err(reason)) => {
            plot.message(&not_defined("The ROC curve", reason));
        }
    }
    plot.finish(Place::LowerRight)
}

/// The precision-recall curve with its average precision and the point of `threshold`.
#[must_use]
pub fn precision_recall(table: &ThresholdTable, threshold: f64, caption: &Caption) -> String {
    let (x, y) = (Axis::unit("Recall (sensitivity)"), Axis::unit("Precision (positive predictive value)"));
    let mut plot = Plot::new("Precision and recall", caption, SQUARE, x, y);
    match (table.precision_recall(), table.average_precision()) {
        (Ok(points), Ok(average)) => {
            let points: Vec<_> = points.iter().map(|point| (point.recall, point.precision)).collect();
            let prevalence = table.positives() as f64 / table.len() as f64;
            let chance = Stroke::dashed(colour::SILVER, 1.5);
            let stroke = Stroke::solid(colour::BLUE, CURVE);
            plot.curve(&[(0.0, prevalence), (1.0, prevalence)], chance);
            plot.curve(&steps(&decimate(&points, MAX_POINTS, |point| *point)), stroke);
            plot.explain(Key::Line(stroke), format!("Average precision {average:.3}"));
            plot.explain(Key::Line(chance), format!("Chance, the share of sick recordings: {prevalence:.3}"));
            precision_recall_point(&mut plot, table, threshold);
        }
        (Err(reason), _) | (_, Err(reason)) => plot.message(&not_defined("The curve", reason)),
    }
    // The curve of a rare class runs low, that of a good model high.
    let low = table.average_precision().is_ok_and(|average| average < 0.5);
    plot.finish(if low { Place::UpperRight } else { Place::LowerLeft })
}

/// The chosen point; without one where nothing is called sick, because precision is not defined there.
fn precision_recall_point(plot: &mut Plot, table: &ThresholdTable, threshold: f64) {
    let text = threshold_text(threshold);
    match table.precision_recall_at(threshold) {
        Ok(chosen) => {
            plot.dot((chosen.recall, chosen.precision), POINT, colour::ORANGE);
            plot.explain(Key::Dot(colour::ORANGE), text);
            plot.explain(Key::Blank, format!("Recall {:.3}, precision {:.3}", chosen.recall, chosen.precision));
        }
        Err(reason) => plot.explain(Key::Blank, format!("{text}: {reason}")),
    }
}

/// Loss over epochs, for training and validation.
#[must_use]
pub fn loss_history(history: &[EpochRecord], caption: &Caption) -> String {
    let series = Series { train: |record| record.train_loss, validation: |record| record.validation_loss };
    history_figure("Loss", history, caption, &series, (0.0, f64::INFINITY))
}

/// Accuracy over epochs, for training and validation.
#[must_use]
pub fn accuracy_history(history: &[EpochRecord], caption: &Caption) -> String {
    let series = Series { train: |record| record.train_accuracy, validation: |record| record.validation_accuracy };
    history_figure("Accuracy", history, caption, &series, (0.0, 1.0))
}

/// The two values of an epoch that a figure compares.
struct Series {
    train: fn(&EpochRecord) -> f64,
    validation: fn(&EpochRecord) -> f64,
}

fn history_figure(
    name: &str,
    history: &[EpochRecord],
    caption: &Caption,
    series: &Series,
    limits: (f64, f64),
) -> String {
    let both = history.iter().flat_map(|record| [(series.train)(record), (series.validation)(record)]);
    let epochs = || history.iter().map(|record| record.epoch);
    let x = Axis::counting("Epoch", epochs().min().unwrap_or(1), epochs().max().unwrap_or(1));
    let y = Axis::around(name, both.clone(), limits);
    let mut plot = Plot::new(&format!("{name} per epoch"), caption, WIDE, x, y);
    for (label, colour, value) in
        [("Training", colour::BLUE, series.train), ("Validation", colour::ORANGE, series.validation)]
    {
        let points: Vec<(f64, f64)> = history.iter().map(|record| (record.epoch as f64, value(record))).collect();
        let stroke = Stroke::solid(colour, CURVE);
        plot.curve(&points, stroke);
        // Few epochs are marked one by one, and a single one is visible at all.
        if points.len() <= 40 {
            points.iter().for_each(|point| plot.dot(*point, 4.5, colour));
        }
        plot.explain(Key::Line(stroke), label);
    }
    if !both.clone().any(f64::is_finite) {
        plot.message("There is no epoch with a finite value");
    }
    plot.finish(Place::Heading)
}

/// How the scores of each class are distributed, and where `threshold` cuts them.
#[must_use]
pub fn score_histogram(scores: &[(bool, f64)], threshold: f64, caption: &Caption) -> String {
    let finite = || scores.iter().filter(|(_, score)| score.is_finite());
    let outside = finite().any(|(_, score)| !(0.0..=1.0).contains(score));
    let x = if outside {
        Axis::around("Score", finite().map(|(_, score)| *score), (f64::MIN, f64::MAX))
    } else {
        Axis::unit("Score")
    };
    let shares = [false, true].map(|class| bin_shares(finite().filter(|(label, _)| *label == class), &x));
    let y = Axis::around("Share of the class (%)", shares.iter().flatten().copied().chain([0.0]), (0.0, 100.0));
    let edge = |bin: usize| x.min + (x.max - x.min) * bin as f64 / BINS as f64;
    let (low, high, top) = (x.min, x.max, y.max);
    let edges: Vec<(f64, f64)> = (0..BINS).map(|bin| (edge(bin), edge(bin + 1))).collect();

    let mut plot = Plot::new("Scores by class", caption, WIDE, x, y);
    for (shares, (colour, name)) in shares.iter().zip([(colour::BLUE, "Healthy"), (colour::ORANGE, "Sick")]) {
        for (&share, &bin) in shares.iter().zip(&edges) {
            plot.bar(bin, share, colour, 0.5);
        }
        plot.explain(Key::Box(colour, 0.6), name);
    }
    if (low..=high).contains(&threshold) {
        let stroke = Stroke::dashed(colour::INK, 1.5);
        plot.curve(&[(threshold, 0.0), (threshold, top)], stroke);
        plot.explain(Key::Line(stroke), threshold_text(threshold));
    }
    if scores.is_empty() {
        plot.message("There are no scores");
    }
    plot.finish(Place::Heading)
}

/// Per cent of `scores` in each bin of the axis.
fn bin_shares<'a>(scores: impl Iterator<Item = &'a (bool, f64)>, axis: &Axis) -> [f64; BINS] {
    let mut counts = [0.0; BINS];
    let mut total: f64 = 0.0;
    for (_, score) in scores {
        let bin = (axis.share(*score) * BINS as f64) as usize;
        if let Some(count) = counts.get_mut(bin.min(BINS - 1)) {
            *count += 1.0;
        }
        total += 1.0;
    }
    counts.map(|count| 100.0 * count / total.max(1.0))
}

/// Corners for a step curve: precision holds from one recall down to the next, which is the area that average
/// precision sums.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        if let &[(_, precision), (recall, next)] = pair {
            corners.extend([(recall, precision), (recall, next)]);
        }
    }
    corners
}

fn threshold_text(threshold: f64) -> String {
    if threshold == f64::INFINITY {
        return "Threshold above every score".to_owned();
    }
    format!("Threshold {threshold:.3}")
}

fn not_defined(what: &str, reason: Undefined) -> String {
    format!("{what} is not defined: {reason}")
}
