//! Making probabilities of scores: logistic fits on the logit scale.

use serde::{Deserialize, Serialize};

use super::interval::{expit, logit};
use super::threshold::Tie;
use super::{ThresholdTable, Undefined};

/// Steps after which a fit that has not settled never will: Newton's needs about ten.
const STEPS: u32 = 100;

/// How the scores would have to be stretched and shifted to be probabilities (Cox 1958; Van Calster et al. 2019). Perfect is a
/// slope of 1 and both intercepts 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CalibrationLine {
    /// Below 1 the scores are too extreme, above 1 too timid.
    pub slope: f64,
    /// Shift on the logit scale, once stretched by the slope.
    pub intercept: f64,
    /// Shift on the logit scale without stretching, "in the large": below 0 the scores are too high on the whole.
    pub in_the_large: f64,
}

/// A rising map from scores to probabilities, fitted on the validation part, applied to every other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recalibration {
    /// The logit is divided by this (Guo et al. 2017). 0.5 stays 0.5.
    Temperature(f64),
    /// The logit is stretched and shifted (Platt 1999).
    Platt {
        /// Above 0.
        slope: f64,
        /// Added after stretching.
        intercept: f64,
    },
}

impl Recalibration {
    /// The probability that a score stands for; NaN stays NaN. As [`ThresholdTable::calibration_line`] says, scores nearer to
    /// 0 or 1 than single precision are moved away from it.
    #[must_use]
    pub fn apply(self, score: f64) -> f64 {
        let x = bounded_logit(score);
        match self {
            Self::Temperature(temperature) => expit(x / temperature),
            Self::Platt { slope, intercept } => expit(slope * x + intercept),
        }
    }
}

impl ThresholdTable {
    /// The line that a logistic regression of the label on the logit of the score finds.
    ///
    /// Scores nearer to 0 or 1 than networks in single precision can tell, about 1.2e-7, count as that far from it: their
    /// logit would be infinite.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur and overlap, scores lie in 0 to 1 and differ, and the fit settles.
    pub fn calibration_line(&self) -> Result<CalibrationLine, Undefined> {
        let points = self.logits()?;
        overlapping(&points)?;
        let (slope, intercept) = fit(&points, Free::Both, (1.0, 0.0))?;
        let (_, in_the_large) = fit(&points, Free::Intercept, (1.0, 0.0))?;
        Ok(CalibrationLine { slope, intercept, in_the_large })
    }

    /// The temperature that makes these labels most likely. Fit it on the validation part.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur, 0.5 does not tell them apart, scores lie in 0 to 1 and are higher for the
    /// sick, and the fit settles.
    pub fn temperature(&self) -> Result<Recalibration, Undefined> {
        let points = self.logits()?;
        // Where every score is on the right side of 0.5, the colder the likelier, without end.
        if points.iter().all(|point| (point.sick == 0.0 || point.x >= 0.0) && (point.healthy == 0.0 || point.x <= 0.0))
        {
            return Err(if points.iter().all(|point| point.x == 0.0) {
                Undefined::NoSpread
            } else {
                Undefined::Separated
            });
        }
        // The likelihood is concave: whether it rises from a slope of 0 says on which side its top lies.
        if points.iter().map(|point| point.x * (point.sick - point.healthy)).sum::<f64>() <= 0.0 {
            return Err(Undefined::Reversed);
        }
        let (slope, _) = fit(&points, Free::Slope, (1.0, 0.0))?;
        if slope > 0.0 { Ok(Recalibration::Temperature(1.0 / slope)) } else { Err(Undefined::Reversed) }
    }

    /// Platt's line. Fit it on the validation part. Labels count as `(P + 1) / (P + 2)` and `1 / (N + 2)` instead of 1 and 0, as
    /// Platt does, so that there is an end where the classes do not overlap.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur, scores lie in 0 to 1, differ and are higher for the sick, and the fit settles.
    pub fn platt(&self) -> Result<Recalibration, Undefined> {
        let mut points = self.logits()?;
        let (positives, negatives) = (self.positives() as f64, self.negatives() as f64);
        let (of_sick, of_healthy) = ((positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0));
        for point in &mut points {
            let sick = point.sick * of_sick + point.healthy * of_healthy;
            *point = Point { sick, healthy: point.sick + point.healthy - sick, ..*point };
        }
        let (slope, intercept) = fit(&points, Free::Both, (1.0, 0.0))?;
        if slope > 0.0 { Ok(Recalibration::Platt { slope, intercept }) } else { Err(Undefined::Reversed) }
    }

    /// The points to fit, where both classes occur and scores can be read as probabilities.
    fn logits(&self) -> Result<Vec<Point>, Undefined> {
        self.both_classes()?;
        self.probabilities()?;
        let point = |Tie { score, positives, negatives }| Point {
            x: bounded_logit(score),
            sick: positives as f64,
            healthy: negatives as f64,
        };
        Ok(self.ties().map(point).collect())
    }
}

/// Fails where one score parts the classes, even if both have that score: a slope then has no end (Albert and Anderson 1984).
/// The points fall.
fn overlapping(points: &[Point]) -> Result<(), Undefined> {
    let range = |has: fn(&Point) -> bool| {
        let mut logits = points.iter().filter(|point| has(point)).map(|point| point.x);
        let highest = logits.next()?;
        Some((logits.next_back().unwrap_or(highest), highest))
    };
    let sick = range(|point| point.sick > 0.0).ok_or(Undefined::NoPositives)?;
    let healthy = range(|point| point.healthy > 0.0).ok_or(Undefined::NoNegatives)?;
    if sick.0 >= healthy.1 || healthy.0 >= sick.1 { Err(Undefined::Separated) } else { Ok(()) }
}

/// The logit of a score that is kept away from 0 and 1.
fn bounded_logit(score: f64) -> f64 {
    let nearest = f64::from(f32::EPSILON);
    logit(score.clamp(nearest, 1.0 - nearest))
}

/// Recordings of one score.
#[derive(Clone, Copy)]
struct Point {
    /// Logit of the score.
    x: f64,
    /// How many are sick and healthy; parts of people in Platt's fit.
    sick: f64,
    healthy: f64,
}

/// What of a line is fitted.
#[derive(Clone, Copy, PartialEq)]
enum Free {
    Both,
    Slope,
    Intercept,
}

/// The slope and intercept that make the points most likely, from `start` by Newton's method; steps that overshoot are
/// halved. What is not free stays as it is.
fn fit(points: &[Point], free: Free, start: (f64, f64)) -> Result<(f64, f64), Undefined> {
    let weight: f64 = points.iter().map(|point| point.sick + point.healthy).sum();
    let (mut slope, mut intercept) = start;
    let mut loss = negative_log_likelihood(points, slope, intercept);
    for _ in 0..STEPS {
        let Step { of_slope, of_intercept } = newton_step(points, slope, intercept, free).ok_or(Undefined::NoSpread)?;
        let mut length = 1.0;
        let (next, next_loss) = loop {
            let next = (slope + length * of_slope, intercept + length * of_intercept);
            let next_loss = negative_log_likelihood(points, next.0, next.1);
            // Near the end, rounding alone decides which is less.
            if next_loss <= loss + 1e-13 * weight {
                break (next, next_loss);
            }
            length /= 2.0;
            if length < 1e-6 {
                return Err(Undefined::NotSettled);
            }
        };
        (slope, intercept) = next;
        loss = next_loss;
        let step = of_slope.abs().max(of_intercept.abs());
        if length == 1.0 && step <= 1e-10 * (1.0 + slope.abs() + intercept.abs()) {
            return Ok((slope, intercept));
        }
    }
    Err(Undefined::NotSettled)
}

/// In nats, over all recordings.
fn negative_log_likelihood(points: &[Point], slope: f64, intercept: f64) -> f64 {
    // ln(1 + e^z) without overflow.
    let softplus = |z: f64| z.max(0.0) + (-z.abs()).exp().ln_1p();
    let of = |point: &Point| {
        let z = slope * point.x + intercept;
        point.sick * softplus(-z) + point.healthy * softplus(z)
    };
    points.iter().map(of).sum()
}

/// One step of Newton's method.
struct Step {
    of_slope: f64,
    of_intercept: f64,
}

/// `None` where the curvature does not tell which way to go: all scores are alike.
fn newton_step(points: &[Point], slope: f64, intercept: f64, free: Free) -> Option<Step> {
    let (mut to_slope, mut to_intercept) = (0.0, 0.0);
    let (mut of_slope, mut of_both, mut of_intercept) = (0.0, 0.0, 0.0);
    for &Point { x, sick, healthy } in points {
        let p = expit(slope * x + intercept);
        let missing = sick - (sick + healthy) * p;
        let curvature = (sick + healthy) * p * (1.0 - p);
        to_slope += x * missing;
        to_intercept += missing;
        of_slope += curvature * x * x;
        of_both += curvature * x;
        of_intercept += curvature;
    }
    let step = match free {
        Free::Slope => Step { of_slope: to_slope / of_slope, of_intercept: 0.0 },
        Free::Intercept => Step { of_slope: 0.0, of_intercept: to_intercept / of_intercept },
        Free::Both => {
            let determinant = of_slope * of_intercept - of_both * of_both;
            // Alike but for rounding.
            if determinant <= 1e-12 * of_slope * of_intercept {
                return None;
            }
            Step {
                of_slope: (to_slope * of_intercept - to_intercept * of_both) / determinant,
                of_intercept: (to_intercept * of_slope - to_slope * of_both) / determinant,
            }
        }
    };
    (step.of_slope.is_finite() && step.of_intercept.is_finite()).then_some(step)
}
