//! What the scores of a model are worth: counts, curves, metrics, thresholds.
//!
//! Everything starts from a [`ThresholdTable`], which sorts the scores once. Moving the threshold afterwards is a
//! look-up in it, never a rescan:
//!
//! ```
//! use coughscope::eval::{Rule, ThresholdTable};
//!
//! let sick = [false, false, true, true];
//! let score = [0.1, 0.4, 0.35, 0.8];
//! let table = ThresholdTable::new(&sick, &score)?;
//! assert_eq!(table.auc(), Ok(0.75));
//! assert_eq!(table.confusion_at(0.5).tp, 1);
//! assert_eq!(Rule::TargetSensitivity(1.0).choose(&table)?.threshold, 0.35);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Conventions, the same everywhere: sick is the positive class, and a recording is called positive when its
//! `score >= threshold`. Values agree with scikit-learn where it defines them; what is not defined is an
//! [`Undefined`] with its reason, never a silent 0.
//!
//! This module sees plain slices only. A new metric is a row in [`METRICS`].

mod association;
mod calibration;
mod confusion;
mod curves;
pub mod history;
mod interval;
mod metrics;
mod permutation;
mod report;
mod rules;
mod threshold;

pub use association::cramers_v;
pub use confusion::Confusion;
pub use curves::{PrPoint, RocPoint, decimate};
pub use interval::Interval;
pub use metrics::{METRICS, Metric, Undefined};
pub use permutation::{PERMUTATIONS, Profile, Scale, association_p_value, benjamini_hochberg};
pub use report::{ClassReport, ClassificationReport};
pub use rules::{Choice, Rule, RuleError};
pub use threshold::{EvalError, ThresholdTable};
