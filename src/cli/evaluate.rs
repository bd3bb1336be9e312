//! What predictions are worth: `evaluate`.

use std::path::Path;

use serde::Serialize;

use super::CliError;
use super::args::Evaluate;
use super::output::{print, print_json};
use crate::data::Label;
use crate::eval::METRICS;
use crate::report::analysis::{Analysis, ChosenBy, Comparison, Questions, Unit, draws};
use crate::report::history;
use crate::report::predictions::{self, Prediction};
use crate::report::{HISTORY_TABLE, VALIDATION_TABLE, npy};
use crate::session::Evaluation;
use crate::train::saved::SavedRun;
use crate::units::counted;

/// What `--json` prints.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    analysis: Analysis,
    #[serde(flatten)]
    chosen: Option<ChosenBy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison: Option<Comparison>,
}

pub(super) fn evaluate(args: &Evaluate) -> Result<(), CliError> {
    let mut evaluation = load(args)?;
    let recordings = evaluation.clone();
    if args.by == Unit::Person {
        evaluation = evaluation.by_person().map_err(CliError::work)?;
    }
    if let Some(threshold) = args.threshold {
        evaluation.set_threshold(threshold);
    }
    let chosen = args.rule.map(|rule| evaluation.choose(rule, args.prevalence)).transpose().map_err(CliError::work)?;
    let questions = Questions {
        threshold: evaluation.threshold(),
        origin: evaluation.origin(),
        unit: args.by,
        draws: draws(args.bootstrap, args.seed),
        prevalence: args.prevalence,
    };
    let analysis = Analysis::new(&evaluation.predictions, &questions).map_err(CliError::work)?;
    let comparison = args.compare.as_deref().map(|other| compare(&recordings, other, args)).transpose()?;
    if let Some(folder) = &args.out {
        let history = args.run.as_ref().map(|run| history::read(&run.join(HISTORY_TABLE)));
        let history = history.transpose().map_err(CliError::work)?;
        evaluation.write_report(folder, history.as_deref()).map_err(CliError::work)?;
        eprintln!("Figures and tables: {}", folder.display());
    }
    let answer = Answer { analysis, chosen, comparison };
    if args.json { print_json(&answer) } else { print(&in_words(&evaluation, &answer)) }
}

/// Compares the recordings of `evaluation` with what another run, or its table of predictions, says of them. Both at the
/// threshold that is theirs.
fn compare(evaluation: &Evaluation, other: &Path, args: &Evaluate) -> Result<Comparison, CliError> {
    let draws = draws(args.bootstrap, args.seed)
        .ok_or_else(|| CliError::usage("two runs are compared by drawing people: --bootstrap must not be 0"))?;
    let second = if other.is_file() { Evaluation::of_table(other).map_err(CliError::Work)? } else { of_run(other)? };
    let thresholds = [args.threshold.unwrap_or(evaluation.threshold()), second.threshold()];
    Comparison::new([&evaluation.predictions, &second.predictions], thresholds, draws)
        .map_err(|error| CliError::Work(format!("{error} ({})", other.display())))
}

fn load(args: &Evaluate) -> Result<Evaluation, CliError> {
    match (&args.run, &args.predictions, &args.scores, &args.labels) {
        (Some(folder), ..) => of_run(folder),
        (_, Some(table), ..) => Evaluation::of_table(table).map_err(CliError::Work),
        (_, _, Some(scores), Some(labels)) => {
            Evaluation::new(name_of(scores), None, read_arrays(scores, labels)?, None, false).map_err(CliError::work)
        }
        _ => Err(CliError::Usage(
            "say what to evaluate: --run RUN, --predictions P.csv, or --scores S.npy --labels L.npy".to_owned(),
        )),
    }
}

fn of_run(folder: &Path) -> Result<Evaluation, CliError> {
    let run = SavedRun::open(folder).map_err(CliError::work)?;
    let test = predictions::read(&folder.join("predictions.csv")).map_err(CliError::work)?;
    // Runs of earlier versions have none.
    let validation = folder.join(VALIDATION_TABLE);
    let validation =
        validation.is_file().then(|| predictions::read(&validation)).transpose().map_err(CliError::work)?;
    let chosen = Some(run.result.threshold);
    Ok(Evaluation::new(name_of(folder), None, test, chosen, run.result.synthetic)
        .map_err(CliError::work)?
        .with_validation(validation.unwrap_or_default())
        .without(run.result.lost))
}

fn in_words(evaluation: &Evaluation, answer: &Answer) -> String {
    let Answer { analysis, chosen, comparison } = answer;
    let confusion = evaluation.confusion();
    let unit = match analysis.by {
        Unit::Recording => counted(evaluation.table.len() as usize, "recording", "recordings"),
        Unit::Person => counted(evaluation.table.len() as usize, "person", "people"),
    };
    let with_interval = |name: &str, value: String| match analysis.interval(name) {
        Some([low, high]) => format!("{value} ({low:.3} to {high:.3})"),
        None => value,
    };
    let area = |name: &str, value: Option<f64>| {
        with_interval(name, value.map_or("not defined".to_owned(), |value| format!("{value:.3}")))
    };
    let mut text = format!(
        "{unit}, {} sick, of {}\n  Area under the ROC curve     {}\n  Average precision            {}\n",
        evaluation.table.positives(),
        counted(analysis.people, "person", "people"),
        area("auc", evaluation.auc),
        area("average_precision", evaluation.average_precision),
    );
    text += &format!("\nAt threshold {}{}:\n", evaluation.threshold(), choice_in_words(chosen.as_ref()));
    text += "               called healthy  called sick\n";
    text += &format!("  is healthy   {:>14}  {:>11}\n", confusion.tn, confusion.fp);
    text += &format!("  is sick      {:>14}  {:>11}\n\n", confusion.fn_, confusion.tp);
    for metric in METRICS {
        text += &format!("  {:<28} {}\n", metric.name, with_interval(metric.id, metric.show(&confusion)));
    }
    if let Some(draws) = analysis.draws {
        text += &format!("  In brackets: 95 % intervals, from drawing the people anew {} times.\n", draws.count);
    }
    if analysis.without_person > 0 {
        text += &format!(
            "  {} nobody; each counts as a person, so that the intervals are too narrow if some are of one.\n",
            counted(analysis.without_person, "prediction names", "predictions name"),
        );
    }
    if let Some(people) = &analysis.per_person {
        let auc = people.summary.auc.map_or("not defined".to_owned(), |auc| format!("{auc:.3}"));
        text += &format!("\nEverybody once, by the mean score of their recordings: {} ", people.summary.n);
        text += &format!("people, area under the ROC curve {auc}");
        if people.both_labels > 0 {
            text += &format!("; left out for having both labels: {}", people.both_labels);
        }
        text += "\n";
    }
    text + &slices_in_words(analysis)
        + &prevalence_in_words(analysis)
        + &comparison.as_ref().map_or_else(String::new, comparison_in_words)
}

fn choice_in_words(chosen: Option<&ChosenBy>) -> String {
    let Some(ChosenBy { rule, on_validation, ties }) = chosen else { return String::new() };
    let part = if *on_validation { "on the validation part" } else { "on these very predictions, which flatters them" };
    let others = match ties.len() {
        0 | 1 => String::new(),
        several => format!("; {} do as well, and this one misses the fewest", several - 1),
    };
    format!(" (by {rule}, {part}{others})")
}

fn slices_in_words(analysis: &Analysis) -> String {
    if analysis.slices.len() < 2 {
        return String::new();
    }
    let share = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let mut text = "\nBy dataset             n   sick    AUC  sensitivity  specificity\n".to_owned();
    for slice in &analysis.slices {
        let name = if slice.group.is_empty() { "not known" } else { &slice.group };
        text += &format!(
            "  {name:<16} {:>6} {:>6} {:>6} {:>12} {:>12}{}\n",
            slice.n,
            slice.positives,
            share(slice.auc),
            share(slice.sensitivity),
            share(slice.specificity),
            if slice.small { "  too few to say" } else { "" }
        );
    }
    text
}

fn prevalence_in_words(analysis: &Analysis) -> String {
    let Some(at) = analysis.prevalence else { return String::new() };
    let share = |value: Option<f64>| value.map_or("not defined".to_owned(), |value| format!("{:.1} %", 100.0 * value));
    let mut text = format!(
        "\nWhere {} of people are sick: of those called sick {} are, of those called healthy {} are.\n",
        share(Some(at.prevalence.share())),
        share(at.ppv),
        share(at.npv)
    );
    if let Some(of_1000) = at.of_1000 {
        text += &format!(
            "  Of 1,000 people {} sick are found and {} missed; {} healthy are alarmed for nothing and {} cleared.\n",
            of_1000.found, of_1000.missed, of_1000.false_alarms, of_1000.cleared
        );
    }
    text
}

fn comparison_in_words(comparison: &Comparison) -> String {
    let mut text = format!(
        "\nLess the other model (at its threshold {}), on the same {}:\n",
        comparison.other_threshold,
        counted(comparison.n, "recording", "recordings")
    );
    let names = [("auc", "Area under the ROC curve"), ("average_precision", "Average precision")];
    for (id, name) in names.into_iter().chain(METRICS.iter().map(|metric| (metric.id, metric.name))) {
        let Some(found) = comparison.differences.get(id) else { continue };
        let (Some(difference), Some([low, high])) = (found.difference, found.interval) else { continue };
        let p_value = found.p_value.map_or_else(String::new, |p_value| format!("  p {p_value:.3}"));
        text += &format!("  {name:<28} {difference:+.3} ({low:+.3} to {high:+.3}){p_value}\n");
    }
    text
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn read_arrays(scores: &Path, labels: &Path) -> Result<Vec<Prediction>, CliError> {
    let in_file = |path: &Path, error: npy::NpyError| CliError::Work(format!("{error} ({})", path.display()));
    let score_values = npy::read(scores).and_then(|array| array.scores()).map_err(|error| in_file(scores, error))?;
    let label_values: Vec<Label> =
        npy::read(labels).and_then(|array| array.labels()).map_err(|error| in_file(labels, error))?;
    if score_values.len() != label_values.len() {
        return Err(CliError::Work(format!(
            "{} and {} do not fit: the two files belong to different experiments ({} and {})",
            counted(score_values.len(), "score", "scores"),
            counted(label_values.len(), "label", "labels"),
            scores.display(),
            labels.display()
        )));
    }
    let rows = score_values.into_iter().zip(label_values);
    Ok(rows.map(|(score, label)| Prediction { path: None, person: None, label, score }).collect())
}
