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
//! How far a number could be from that of all people: a [`PeopleTable`] knows whose each recording is, and draws people
//! anew ([`PeopleTable::bootstrap`]); [`Pair`] does so for two models. With one score for each person ([`per_person`]),
//! [`Share::interval`] and [`PeopleTable::delong`] answer at once.
//!
//! This module sees plain slices only. A new metric is a row in [`METRICS`].

mod association;
mod benefit;
mod bootstrap;
mod calibration;
mod confusion;
mod curves;
mod delong;
pub mod history;
mod interval;
mod metrics;
mod normal;
mod pair;
mod people;
mod per_person;
mod permutation;
mod prevalence;
mod recalibration;
mod report;
mod rule_text;
mod rules;
mod share;
mod slices;
mod threshold;

pub use association::cramers_v;
pub use benefit::BenefitPoint;
pub use bootstrap::{BandPoint, Bounds, Draws, Estimate, Intervals, Watch};
pub use calibration::ReliabilityBin;
pub use confusion::Confusion;
pub use curves::{PrPoint, RocPoint, decimate};
pub use delong::{Delong, DelongDifference};
pub use interval::Interval;
pub use metrics::{METRICS, Metric, Undefined};
pub use pair::{Difference, Differences, Pair};
pub use people::PeopleTable;
pub use per_person::{PerPerson, PersonScore, per_person};
pub use permutation::{PERMUTATIONS, Profile, Scale, association_p_value, benjamini_hochberg};
pub use prevalence::{NaturalFrequencies, NoPrevalence, Prevalence};
pub use recalibration::{CalibrationLine, Recalibration};
pub use report::{ClassReport, ClassificationReport};
pub use rule_text::UnknownRule;
pub use rules::{Choice, Rule, RuleError};
pub use share::Share;
pub use slices::{Slice, slices};
pub use threshold::{EvalError, ThresholdTable};
