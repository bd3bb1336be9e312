//! One model at one threshold, in numbers.

use std::io::{self, Write};

use serde::Serialize;

use crate::eval::{Confusion, METRICS, Metric, ThresholdTable, Undefined};

/// Where a threshold comes from, which decides what the numbers at it are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ThresholdOrigin {
    /// A rule chose it on the validation part, before the test part was seen.
    Validation,
    /// It was moved after the test part was seen.
    Exploratory,
    /// Nobody chose it on other data than these.
    #[default]
    Unchosen,
}

impl ThresholdOrigin {
    /// What a reader of an export must know.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Validation => "The threshold was chosen on the validation part",
            Self::Exploratory => "Exploratory: the threshold was moved after the test part was seen",
            Self::Unchosen => "The threshold was not chosen on a validation part",
        }
    }
}

/// What `metrics.json` holds; a value that is not defined is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Recordings with a finite score.
    pub n: u64,
    /// Of these, the sick ones.
    pub positives: u64,
    /// Recordings left out because their score is not finite.
    pub excluded: usize,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// Called sick at this score or more; `null` in the file when it is infinite.
    pub threshold: f64,
    /// Where the threshold comes from.
    pub threshold_origin: ThresholdOrigin,
    /// Sick, called sick.
    pub tp: u64,
    /// Healthy, called sick.
    pub fp: u64,
    /// Healthy, called healthy.
    pub tn: u64,
    /// Sick, called healthy.
    #[serde(rename = "fn")]
    pub fn_: u64,
    /// Matthews correlation; 0 by convention where it is not defined.
    pub mcc: Option<f64>,
    /// Share of right calls.
    pub accuracy: Option<f64>,
    /// Share of the sick that is called sick.
    pub sensitivity: Option<f64>,
    /// Share of the healthy that is called healthy.
    pub specificity: Option<f64>,
    /// Share of those called sick that is sick.
    pub ppv: Option<f64>,
    /// Share of those called healthy that is healthy.
    pub npv: Option<f64>,
    /// Harmonic mean of sensitivity and positive predictive value.
    pub f1: Option<f64>,
    /// Brier score; `null` when a score lies outside of 0 to 1.
    pub brier: Option<f64>,
}

impl Summary {
    /// Looks everything up in `table`.
    #[must_use]
    pub fn new(table: &ThresholdTable, threshold: f64, threshold_origin: ThresholdOrigin) -> Self {
        let confusion = table.confusion_at(threshold);
        let metric = |id| Metric::find(id).and_then(|metric| metric.exported(&confusion));
        let Confusion { tp, fp, tn, fn_ } = confusion;
        Self {
            n: table.len(),
            positives: table.positives(),
            excluded: table.excluded().len(),
            auc: table.auc().ok(),
            average_precision: table.average_precision().ok(),
            threshold,
            threshold_origin,
            tp,
            fp,
            tn,
            fn_,
            mcc: metric("mcc"),
            accuracy: metric("accuracy"),
            sensitivity: metric("sensitivity"),
            specificity: metric("specificity"),
            ppv: metric("ppv"),
            npv: metric("npv"),
            f1: metric("f1"),
            brier: table.brier().ok(),
        }
    }
}

/// Writes `metric,value,note`: every number of the summary and every row of [`METRICS`], with the reason where one is
/// not defined.
pub(super) fn write_csv(
    out: &mut dyn Write,
    table: &ThresholdTable,
    threshold: f64,
    origin: ThresholdOrigin,
) -> io::Result<()> {
    let confusion = table.confusion_at(threshold);
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["metric", "value", "note"])?;
    let Confusion { tp, fp, tn, fn_ } = confusion;
    let excluded = table.excluded().len() as u64;
    let counts = [
        ("n", table.len()),
        ("positives", table.positives()),
        ("excluded", excluded),
        ("tp", tp),
        ("fp", fp),
        ("tn", tn),
        ("fn", fn_),
    ];
    for (name, count) in counts {
        csv.write_record([name, &count.to_string(), ""])?;
    }
    let note = format!("called sick at this score or more. {}", origin.in_words());
    csv.write_record(["threshold", &threshold.to_string(), &note])?;
    let curves = [("auc", table.auc()), ("average_precision", table.average_precision()), ("brier", table.brier())];
    for (name, value) in curves {
        write_value(&mut csv, name, value, None)?;
    }
    for metric in METRICS {
        write_value(&mut csv, metric.id, metric.value(&confusion), metric.convention)?;
    }
    csv.flush()
}

fn write_value(
    csv: &mut csv::Writer<&mut dyn Write>,
    name: &str,
    value: Result<f64, Undefined>,
    convention: Option<f64>,
) -> io::Result<()> {
    let number = value.ok().or(convention).map(|number| number.to_string()).unwrap_or_default();
    let note = value.err().map(|reason| format!("not defined: {reason}")).unwrap_or_default();
    csv.write_record([name, &number, &note])?;
    Ok(())
}
