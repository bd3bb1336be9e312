//! What can be said of predictions beyond the counts at one threshold: how sure the numbers are, for whom they hold, what
//! they mean where the illness is rarer, and how two models differ.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::{Prediction, Summary, ThresholdOrigin, threshold_table};
use crate::data::{Label, PersonId};
use crate::eval::{
    Bounds, Choice, Difference, Differences, Draws, Estimate, EvalError, Interval, Intervals, METRICS,
    NaturalFrequencies, Pair, PeopleTable, Prevalence, RocPoint, Rule, Share, ThresholdTable, Watch, decimate,
    per_person, slices,
};
use crate::units::counted;

/// What predictions are counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Every recording counts once.
    #[default]
    Recording,
    /// Every person counts once, with the mean score of their recordings.
    Person,
}

/// What is asked of predictions at one threshold.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// Called sick at this score or more.
    pub threshold: f64,
    /// Where it comes from.
    pub origin: ThresholdOrigin,
    /// What each prediction stands for.
    pub unit: Unit,
    /// How often people are drawn for the intervals; `None` for no intervals.
    pub draws: Option<Draws>,
    /// How common the illness is where the model would be used.
    pub prevalence: Option<Prevalence>,
}

/// The answers, as `evaluate --json` prints them. What is not defined is `null`, and so is an infinite threshold.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// The counts and metrics at the threshold.
    #[serde(flatten)]
    pub summary: Summary,
    /// What each of them stands for.
    pub by: Unit,
    /// People behind the predictions; one that names nobody counts as a person.
    pub people: usize,
    /// Predictions that name nobody.
    pub without_person: usize,
    /// The thresholds that give the same matrix: above the first, up to the second.
    pub same_matrix: [f64; 2],
    /// How the intervals were drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draws: Option<Draws>,
    /// The 95 % interval of every number, by people drawn anew.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub intervals: BTreeMap<&'static str, Option<[f64; 2]>>,
    /// The ROC curve, thinned for drawing.
    pub curve_points: Vec<CurvePoint>,
    /// The same by person, where recordings are counted and somebody has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_person: Option<PerPersonSummary>,
    /// The same threshold in each dataset.
    pub slices: Vec<SliceSummary>,
    /// What the matrix means at another prevalence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prevalence: Option<AtPrevalence>,
}

/// One point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Called sick at this score or more; `null` in the file where it is infinite.
    pub threshold: f64,
    /// False positive rate.
    pub fpr: f64,
    /// True positive rate.
    pub tpr: f64,
}

/// The numbers where every person counts once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerPersonSummary {
    /// People left out because their recordings have both labels.
    pub both_labels: usize,
    /// The counts and metrics at the same threshold of the mean scores.
    #[serde(flatten)]
    pub summary: Summary,
}

/// The numbers of one part of the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SliceSummary {
    /// What its members share: `dataset`.
    pub of: &'static str,
    /// Which one; empty where it is not known.
    pub group: String,
    /// Predictions with a finite score.
    pub n: u64,
    /// Of these, the sick.
    pub positives: u64,
    /// Area under the ROC curve of this part alone.
    pub auc: Option<f64>,
    /// Share of its sick that is called sick, with the interval of Wilson where every person counts once.
    pub sensitivity: Option<f64>,
    /// See `sensitivity`.
    pub sensitivity_interval: Option<[f64; 2]>,
    /// Share of its healthy that is called healthy.
    pub specificity: Option<f64>,
    /// See `sensitivity`.
    pub specificity_interval: Option<[f64; 2]>,
    /// A class has fewer than 10 members: the numbers say little.
    pub small: bool,
}

/// What the matrix means where the illness is as common as this.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtPrevalence {
    /// The share of people who have the illness.
    pub prevalence: Prevalence,
    /// Of those called sick, the share that is sick.
    pub ppv: Option<f64>,
    /// Of those called healthy, the share that is healthy.
    pub npv: Option<f64>,
    /// What becomes of 1,000 people.
    pub of_1000: Option<NaturalFrequencies>,
}

/// How a threshold was chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChosenBy {
    /// The rule, as the command line spells it.
    pub rule: String,
    /// Whether it was chosen on the validation part, and not on the predictions that are judged.
    pub on_validation: bool,
    /// All thresholds that satisfy the rule equally well, falling.
    pub ties: Vec<f64>,
}

impl ChosenBy {
    /// The choice that `rule` made.
    #[must_use]
    pub fn new(rule: Rule, choice: Choice, on_validation: bool) -> Self {
        Self { rule: rule.to_string(), on_validation, ties: choice.ties }
    }
}

/// How two models differ on the same recordings: every number of the first less that of the second.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Recordings that both have scored.
    pub n: usize,
    /// The threshold of the other model.
    pub other_threshold: f64,
    /// How the intervals were drawn.
    pub draws: Draws,
    /// By metric.
    pub differences: BTreeMap<&'static str, DifferenceSummary>,
}

/// One number of the first model less that of the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DifferenceSummary {
    /// The difference.
    pub difference: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// How likely a difference at least as large is by chance alone.
    pub p_value: Option<f64>,
}

/// Why two tables of predictions cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComparisonError {
    /// A table does not name its recordings.
    #[error("predictions are compared by their recordings, and {0} of them name none (column `path`)")]
    Nameless(usize),
    /// The recordings are others.
    #[error(
        "the two were tested on other recordings: {} in the first only, {} in the second only; a difference would say \
         as much of the recordings as of the models",
        counted(*.first, "recording is", "recordings are"),
        counted(*.second, "is", "are")
    )]
    OtherRecordings {
        /// Recordings that only the first has.
        first: usize,
        /// Recordings that only the second has.
        second: usize,
    },
    /// The truths are others.
    #[error("{} another label in the second, so that the two were tested against other truths", counted(*.0, "recording has", "recordings have"))]
    OtherLabels(usize),
    /// Something else does not fit.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// Predictions as the statistics take them: one entry each, in their order.
struct Columns {
    labels: Vec<bool>,
    scores: Vec<f64>,
    people: Vec<usize>,
    /// Who the numbers in `people` are; `None` for a prediction that names nobody.
    names: Vec<Option<PersonId>>,
}

impl Columns {
    fn of(predictions: &[Prediction]) -> Self {
        let mut numbers: HashMap<&PersonId, usize> = HashMap::new();
        let mut names: Vec<Option<PersonId>> = Vec::new();
        let mut people = Vec::with_capacity(predictions.len());
        for prediction in predictions {
            let next = names.len();
            let number = match &prediction.person {
                Some(person) => *numbers.entry(person).or_insert(next),
                None => next,
            };
            if number == next {
                names.push(prediction.person.clone());
            }
            people.push(number);
        }
        Self {
            labels: predictions.iter().map(|prediction| prediction.label.is_positive()).collect(),
            scores: predictions.iter().map(|prediction| prediction.score).collect(),
            people,
            names,
        }
    }
}

/// One prediction for each person, the mean score of their recordings, and how many people are left out because their
/// recordings have both labels.
#[must_use]
pub fn by_person(predictions: &[Prediction]) -> (Vec<Prediction>, usize) {
    let columns = Columns::of(predictions);
    // The lengths agree, as all come of one list.
    let people = per_person(&columns.labels, &columns.scores, &columns.people).unwrap_or_default();
    let one = |person: &crate::eval::PersonScore| Prediction {
        path: None,
        person: columns.names.get(person.person).cloned().flatten(),
        label: if person.sick { Label::Sick } else { Label::Healthy },
        score: person.score,
    };
    (people.people.iter().map(one).collect(), people.both_labels.len())
}

impl Analysis {
    /// Answers `questions` about `predictions`. Takes about a microsecond for each draw and recording.
    ///
    /// # Errors
    /// [`EvalError`] where the predictions make no table; they always do.
    pub fn new(predictions: &[Prediction], questions: &Questions) -> Result<Self, EvalError> {
        let columns = Columns::of(predictions);
        let table = PeopleTable::new(&columns.labels, &columns.scores, &columns.people)?;
        let &Questions { threshold, origin, unit, draws, prevalence } = questions;
        let intervals = draws.and_then(|draws| table.bootstrap(threshold, draws, UNWATCHED));
        let (low, high) = table.table().same_matrix(threshold);
        let has_several = columns.names.len() < predictions.len();
        let people = (unit == Unit::Recording && has_several).then(|| PerPersonSummary::new(predictions, questions));
        Ok(Self {
            summary: Summary::new(table.table(), threshold, origin),
            by: unit,
            people: table.people(),
            without_person: predictions.iter().filter(|prediction| prediction.person.is_none()).count(),
            same_matrix: [low, high],
            draws: intervals.as_ref().map(|intervals| intervals.draws),
            intervals: intervals.as_ref().map(intervals_by_name).unwrap_or_default(),
            curve_points: curve_of(table.table()),
            per_person: people,
            slices: slices_by_dataset(predictions, &columns, threshold, !has_several)?,
            prevalence: prevalence.map(|prevalence| AtPrevalence::new(prevalence, table.table(), threshold)),
        })
    }

    /// The interval of the number with this name in [`Summary`].
    #[must_use]
    pub fn interval(&self, name: &str) -> Option<[f64; 2]> {
        self.intervals.get(name).copied().flatten()
    }
}

impl PerPersonSummary {
    fn new(predictions: &[Prediction], questions: &Questions) -> Self {
        let (people, both_labels) = by_person(predictions);
        let summary = Summary::new(&threshold_table(&people), questions.threshold, questions.origin);
        Self { both_labels, summary }
    }
}

impl AtPrevalence {
    fn new(prevalence: Prevalence, table: &ThresholdTable, threshold: f64) -> Self {
        let confusion = table.confusion_at(threshold);
        Self {
            prevalence,
            ppv: prevalence.ppv(&confusion).ok(),
            npv: prevalence.npv(&confusion).ok(),
            of_1000: prevalence.natural_frequencies(&confusion, 1000).ok(),
        }
    }
}

impl Comparison {
    /// Compares two models on the same recordings, each at its own threshold. The recordings may be in any order.
    ///
    /// # Errors
    /// [`ComparisonError`] where the recordings or their labels are not the same.
    pub fn new(
        [first, second]: [&[Prediction]; 2],
        thresholds: [f64; 2],
        draws: Draws,
    ) -> Result<Self, ComparisonError> {
        let others = by_path(second)?;
        let own = by_path(first)?;
        let only_first = own.keys().filter(|path| !others.contains_key(*path)).count();
        let only_second = others.keys().filter(|path| !own.contains_key(*path)).count();
        if only_first + only_second > 0 || own.len() != first.len() || others.len() != second.len() {
            return Err(ComparisonError::OtherRecordings { first: only_first, second: only_second });
        }
        let other_of = |prediction: &Prediction| prediction.path.as_deref().and_then(|path| others.get(path).copied());
        let paired: Vec<(&Prediction, &Prediction)> =
            first.iter().filter_map(|prediction| Some((prediction, other_of(prediction)?))).collect();
        let unlike = paired.iter().filter(|(one, other)| one.label != other.label).count();
        if unlike > 0 {
            return Err(ComparisonError::OtherLabels(unlike));
        }
        let columns = Columns::of(first);
        let scores: Vec<f64> = paired.iter().map(|(_, other)| other.score).collect();
        let pair = Pair::new(&columns.labels, [&columns.scores, &scores], &columns.people)?;
        let differences = pair.bootstrap(thresholds, draws, UNWATCHED);
        Ok(Self {
            n: paired.len() - pair.excluded().len(),
            other_threshold: thresholds[1],
            draws,
            differences: differences.as_ref().map(differences_by_name).unwrap_or_default(),
        })
    }
}

/// Work that nobody watches: it ends by itself.
const UNWATCHED: Watch<'static> = Watch { progress: &|_| {}, cancel: &NEVER };
static NEVER: AtomicBool = AtomicBool::new(false);

fn by_path(predictions: &[Prediction]) -> Result<HashMap<&Path, &Prediction>, ComparisonError> {
    let nameless = predictions.iter().filter(|prediction| prediction.path.is_none()).count();
    if nameless > 0 {
        return Err(ComparisonError::Nameless(nameless));
    }
    Ok(predictions.iter().filter_map(|prediction| Some((prediction.path.as_deref()?, prediction))).collect())
}

/// The numbers of a [`Summary`] that are no metric, before [`METRICS`].
const AREAS: [&str; 3] = ["auc", "average_precision", "brier"];

fn by_name<T>(areas: [T; 3], metrics: impl Iterator<Item = T>) -> impl Iterator<Item = (&'static str, T)> {
    let names = AREAS.into_iter().chain(METRICS.iter().map(|metric| metric.id));
    names.zip(areas.into_iter().chain(metrics))
}

fn intervals_by_name(intervals: &Intervals) -> BTreeMap<&'static str, Option<[f64; 2]>> {
    let areas = [&intervals.auc, &intervals.average_precision, &intervals.brier];
    let ends = |(name, estimate): (_, &Estimate)| (name, estimate.interval.ok().map(ends));
    by_name(areas, intervals.metrics.iter()).map(ends).collect()
}

fn differences_by_name(differences: &Differences) -> BTreeMap<&'static str, DifferenceSummary> {
    let areas = [&differences.auc, &differences.average_precision, &differences.brier];
    let summary = |(name, difference): (_, &Difference)| {
        let Estimate { value, interval, .. } = difference.estimate;
        let interval = interval.ok().map(ends);
        (name, DifferenceSummary { difference: value.ok(), interval, p_value: difference.p_value })
    };
    by_name(areas, differences.metrics.iter()).map(summary).collect()
}

fn ends(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}

fn curve_of(table: &ThresholdTable) -> Vec<CurvePoint> {
    /// More than a wide screen has columns.
    const POINTS: usize = 2_000;
    let roc = decimate(&table.roc().unwrap_or_default(), POINTS, |point| (point.fpr, point.tpr));
    roc.iter().map(|&RocPoint { threshold, fpr, tpr, .. }| CurvePoint { threshold, fpr, tpr }).collect()
}

/// The parts by dataset, as the names of people tell it. `is_per_person`: everybody is there once, so that Wilson's
/// intervals are right.
fn slices_by_dataset(
    predictions: &[Prediction],
    columns: &Columns,
    threshold: f64,
    is_per_person: bool,
) -> Result<Vec<SliceSummary>, EvalError> {
    let dataset = |prediction: &Prediction| {
        let person = prediction.person.as_ref().and_then(|person| person.0.split_once(':'));
        person.map_or_else(String::new, |(dataset, _)| dataset.to_owned())
    };
    let groups: Vec<String> = predictions.iter().map(dataset).collect();
    let parts = slices(&columns.labels, &columns.scores, &groups, threshold)?;
    let interval = |share: Share| share.interval().filter(|_| is_per_person).map(ends);
    Ok(parts
        .into_iter()
        .map(|part| SliceSummary {
            of: "dataset",
            group: part.group,
            n: part.n,
            positives: part.positives,
            auc: part.auc.ok(),
            sensitivity: part.confusion.sensitivity().value(),
            sensitivity_interval: interval(part.confusion.sensitivity()),
            specificity: part.confusion.specificity().value(),
            specificity_interval: interval(part.confusion.specificity()),
            small: part.small,
        })
        .collect())
}

/// How intervals are drawn `count` times from `seed`; `None` for no draws.
#[must_use]
pub fn draws(count: u32, seed: u64) -> Option<Draws> {
    (count > 0).then(|| Draws { count, seed, bounds: Bounds::default() })
}

#[cfg(test)]
mod tests;
