//! One set of predictions under a threshold that moves.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::data::demo;
use crate::eval::decimate;
use crate::eval::history::EpochRecord;
use crate::eval::{Confusion, PrPoint, Prevalence, RocPoint, Rule, RuleError, ThresholdTable};
use crate::report::analysis::{ChosenBy, by_person};
use crate::report::predictions::{self, Prediction, threshold_table};
use crate::report::{ReportError, ReportInput, ThresholdOrigin, write_report};

use super::run::RunId;
use crate::train::saved::{Lost, SavedRun};

/// Predictions and everything that a threshold does to them. A copy shares what is large.
#[derive(Clone)]
pub struct Evaluation {
    /// The run's or the file's name.
    pub title: String,
    /// The run that predicted, unless the predictions came from a file.
    pub run: Option<RunId>,
    /// The predictions of the test part, in file order.
    pub predictions: Arc<Vec<Prediction>>,
    /// The predictions of the run's validation part, where they are known.
    pub validation: Arc<Vec<Prediction>>,
    /// People behind the predictions; `None` where a prediction names nobody.
    pub people: Option<usize>,
    /// Counts at every distinct score.
    pub table: Arc<ThresholdTable>,
    /// ROC curve, thinned for drawing; empty with one class only.
    pub roc: Vec<RocPoint>,
    /// Precision-recall curve, thinned for drawing; empty without a sick recording.
    pub pr: Vec<PrPoint>,
    /// Area under the ROC curve; `None` with one class only.
    pub auc: Option<f64>,
    /// Average precision; `None` without a sick recording.
    pub average_precision: Option<f64>,
    /// The threshold now.
    threshold: f64,
    /// The threshold that was chosen on the validation part, where there was one.
    pub chosen: Option<f64>,
    /// It rests on made-up recordings.
    pub synthetic: bool,
    /// What the run's parts were drawn with and it could not read.
    lost: Lost,
    /// When it was made, to tell what a person opened since something else began.
    made: Instant,
}

/// There is not one prediction with a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is not one prediction with a finite score")]
pub struct NothingToEvaluate;

/// Points that a curve keeps for drawing: more than a wide screen has columns.
const CURVE_POINTS: usize = 2_000;

/// Written under every figure that rests on made-up recordings.
pub(super) const SYNTHETIC_NOTE: &str = "Synthetic recordings made by a program: this proves nothing about any disease";

/// Threshold of predictions that came without one: the paper's.
pub const DEFAULT_THRESHOLD: f64 = 0.5;

impl Evaluation {
    /// Sorts the scores once; every later move of the threshold is a look-up.
    ///
    /// # Errors
    /// [`NothingToEvaluate`] when no prediction has a score.
    pub fn new(
        title: String,
        run: Option<RunId>,
        predictions: Vec<Prediction>,
        chosen: Option<f64>,
        synthetic: bool,
    ) -> Result<Self, NothingToEvaluate> {
        let table = threshold_table(&predictions);
        if table.is_empty() {
            return Err(NothingToEvaluate);
        }
        let people: Option<BTreeSet<_>> = predictions.iter().map(|prediction| prediction.person.as_ref()).collect();
        Ok(Self {
            title,
            people: people.map(|people| people.len()),
            run,
            roc: decimate(&table.roc().unwrap_or_default(), CURVE_POINTS, |point| (point.fpr, point.tpr)),
            pr: decimate(&table.precision_recall().unwrap_or_default(), CURVE_POINTS, |point| {
                (point.recall, point.precision)
            }),
            auc: table.auc().ok(),
            average_precision: table.average_precision().ok(),
            threshold: chosen.unwrap_or(DEFAULT_THRESHOLD),
            predictions: Arc::new(predictions),
            validation: Arc::default(),
            table: Arc::new(table),
            chosen,
            synthetic,
            lost: Lost::default(),
            made: Instant::now(),
        })
    }

    /// Says that the parts of its run lack these recordings.
    #[must_use]
    pub fn without(self, lost: Lost) -> Self {
        Self { lost, ..self }
    }

    /// The same, with the predictions of the run's validation part.
    #[must_use]
    pub fn with_validation(self, validation: Vec<Prediction>) -> Self {
        Self { validation: Arc::new(validation), ..self }
    }

    /// Reads anyone's table of predictions, with the columns `label` and `score` at least.
    ///
    /// # Errors
    /// A sentence for the person, with the path.
    pub fn of_table(table: &Path) -> Result<Self, String> {
        let predictions = predictions::read(table).map_err(|error| error.to_string())?;
        let title = table.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A table knows nothing of its recordings; the run beside it does, and so do the paths in it.
        let beside = table.parent().and_then(|folder| SavedRun::open(folder).ok());
        let first = predictions.iter().find_map(|prediction| prediction.path.as_deref());
        let synthetic = beside.is_some_and(|run| run.result.synthetic) || first.is_some_and(demo::is_demo);
        Self::new(title, None, predictions, None, synthetic)
            .map_err(|error| format!("these predictions cannot be evaluated: {error} ({})", table.display()))
    }

    /// The same with one prediction for each person: the mean score of their recordings. People whose recordings have both
    /// labels are left out.
    ///
    /// # Errors
    /// [`NothingToEvaluate`] when nobody is left.
    pub fn by_person(self) -> Result<Self, NothingToEvaluate> {
        let [test, validation] = [&self.predictions, &self.validation].map(|part| by_person(part).0);
        let people = Self::new(self.title, self.run, test, self.chosen, self.synthetic)?;
        Ok(people.with_validation(validation).without(self.lost))
    }

    /// Moves the threshold to where `rule` puts it: on the validation part, or on the predictions themselves where there is
    /// none. What it stays at when the run was trained is still the one that was chosen before the test part was seen.
    ///
    /// # Errors
    /// [`RuleError`] when no threshold can be chosen.
    pub fn choose(&mut self, rule: Rule, prevalence: Option<Prevalence>) -> Result<ChosenBy, RuleError> {
        let validation = (!self.validation.is_empty()).then(|| threshold_table(&self.validation));
        let table = validation.as_ref().unwrap_or(&self.table);
        let choice = match prevalence {
            Some(prevalence) => rule.choose_at(table, prevalence),
            None => rule.choose(table),
        }?;
        self.threshold = choice.threshold;
        Ok(ChosenBy::new(rule, choice, validation.is_some()))
    }

    /// When it was made.
    #[must_use]
    pub fn made(&self) -> Instant {
        self.made
    }

    /// The threshold now: a score at or above it counts as sick.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Moves the threshold. Values that are no number are ignored.
    pub fn set_threshold(&mut self, threshold: f64) {
        if !threshold.is_nan() {
            self.threshold = threshold;
        }
    }

    /// Sets the threshold back to the chosen one.
    pub fn reset_threshold(&mut self) {
        self.threshold = self.chosen.unwrap_or(DEFAULT_THRESHOLD);
    }

    /// What the numbers at the threshold are worth.
    #[must_use]
    pub fn origin(&self) -> ThresholdOrigin {
        match self.chosen {
            Some(chosen) if chosen == self.threshold => ThresholdOrigin::Validation,
            Some(_) => ThresholdOrigin::Exploratory,
            None => ThresholdOrigin::Unchosen,
        }
    }

    /// The confusion matrix at the threshold.
    #[must_use]
    pub fn confusion(&self) -> Confusion {
        self.table.confusion_at(self.threshold)
    }

    /// Writes figures and tables at the threshold into `folder`.
    ///
    /// # Errors
    /// [`ReportError`] when a file cannot be written.
    pub fn write_report(&self, folder: &Path, history: Option<&[EpochRecord]>) -> Result<(), ReportError> {
        let synthetic = self.synthetic.then(|| SYNTHETIC_NOTE.to_owned());
        let notes: Vec<String> = synthetic.into_iter().chain(self.lost.in_words()).collect();
        let details: Vec<String> = self.lost.lines().collect();
        let input = ReportInput {
            title: &self.title,
            notes: &notes,
            details: &details,
            predictions: &self.predictions,
            threshold: self.threshold,
            threshold_origin: self.origin(),
            history,
        };
        write_report(folder, &input).map(|_| ())
    }
}
