//! The subcommands that work on datasets and studies.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::CliError;
use super::args::{Extract, Scan, Split, Table};
use super::driver::Driver;
use super::output::{self, ScanReport, print_json};
use crate::data::archives;
use crate::data::split::{ClassCount, Leaks, Part, PartCounts, SplitBy, SplitConfig, SplitOutcome};
use crate::data::study::{StudyView, draw, settings};
use crate::data::{Clip, Label, SourceKind};
use crate::session::Command;
use crate::train::saved;
use crate::units::grouped;

/// Time between two lines of progress.
const SAY_EVERY: Duration = Duration::from_secs(2);

pub(super) fn scan(args: Scan, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    let outcome = open_study_and_datasets(&mut driver, args.study, args.paths);
    let study = &driver.state().study;
    // One folder that cannot be read does not hide the others.
    if !study.is_empty() {
        let report = ScanReport::of(study);
        if args.json { print_json(&report) } else { output::print_scan(&report, study) }?;
    }
    outcome
}

/// Opens a study, and adds datasets to it; without a study they are read for this command only.
///
/// Nothing but datasets: a run or a recording among the paths would be passed over in silence.
pub(super) fn open_study_and_datasets(
    driver: &mut Driver,
    study: Option<PathBuf>,
    paths: Vec<PathBuf>,
) -> Result<(), CliError> {
    let is_other = |path: &&PathBuf| {
        path.is_file() && !crate::data::table::is_combined_table(path)
            || saved::is_run(path)
            || settings::is_study(path)
    };
    if let Some(other) = paths.iter().find(is_other) {
        return Err(CliError::Usage(format!("a dataset's folder is needed, and this is none: {}", other.display())));
    }
    if let Some(folder) = study {
        if paths.is_empty() {
            require_study(&folder)?;
        }
        driver.carry_out(Command::OpenStudy(folder))?;
    }
    if paths.is_empty() { Ok(()) } else { driver.carry_out(Command::Open(paths)) }
}

/// A folder that is no study would become an empty one.
fn require_study(folder: &std::path::Path) -> Result<(), CliError> {
    if settings::is_study(folder) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "there is no study here; make one with: coughscope scan --study DIR DATASET ({})",
        folder.display()
    )))
}

pub(super) fn table(args: Table, data_folder: PathBuf) -> Result<(), CliError> {
    require_study(&args.study)?;
    let mut driver = Driver::new(data_folder);
    driver.carry_out(Command::OpenStudy(args.study))?;
    driver.carry_out(Command::ExportTable(args.out))
}

pub(super) fn extract(args: &Extract) -> Result<(), CliError> {
    let found = archives::find(&args.folder).map_err(CliError::work)?;
    if found.is_empty() {
        return Err(CliError::Work(format!(
            "there are no archives here: looked for folders such as 20200413 with 20200413.tar.gz.aa inside ({})",
            args.folder.display()
        )));
    }
    let target = match &args.to {
        Some(target) => target.clone(),
        None => archives::default_target(&args.folder).map_err(CliError::work)?,
    };
    let said = Mutex::new(Instant::now());
    let progress = |progress: archives::ExtractProgress<'_>| {
        if let Ok(mut said) = said.lock()
            && said.elapsed() >= SAY_EVERY
        {
            *said = Instant::now();
            let megabytes = |bytes: u64| grouped(bytes / 1_000_000);
            eprintln!(
                "Unpacking {} of {} MB, {} files",
                megabytes(progress.bytes_done),
                megabytes(progress.bytes_total),
                grouped(progress.files as u64)
            );
        }
        ControlFlow::Continue(())
    };
    let extracted = archives::extract(&found, &target, &progress).map_err(CliError::work)?;
    if args.json {
        print_json(&extracted)?
    } else {
        output::print(&extracted_text(&extracted))?
    }
    let problems: Vec<String> = extracted.problems().map(|(date, problem)| format!("{date}: {problem}")).collect();
    if problems.is_empty() { Ok(()) } else { Err(CliError::Work(problems.join("\n"))) }
}

fn extracted_text(extracted: &archives::Extracted) -> String {
    let mut text = format!(
        "{} files of {} archives in {}\n",
        grouped(extracted.files() as u64),
        extracted.archives.len(),
        extracted.target.display()
    );
    if extracted.refused_count() > 0 {
        text += &format!("{} entries were not unpacked:\n", extracted.refused_count());
    }
    for entry in &extracted.refused {
        text += &format!("  {}: {}: {}\n", entry.date, entry.name, entry.reason);
    }
    text
}

/// The answer of `split`.
#[derive(Serialize)]
struct SplitReport {
    by: SplitBy,
    seed: u64,
    validation: f64,
    test: f64,
    #[serde(flatten)]
    draws: Draws,
    notes: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Draws {
    One(Fold),
    Each { folds: Vec<Fold> },
}

/// One draw.
#[derive(Serialize)]
struct Fold {
    held_out: Option<String>,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Drawn(Counted),
    /// The parts cannot be drawn so, for this reason.
    Refused {
        error: String,
    },
}

/// A draw in numbers: part, then class.
#[derive(Serialize)]
struct Counted {
    counts: BTreeMap<String, BTreeMap<String, ClassCount>>,
    datasets: BTreeMap<String, BTreeMap<String, BTreeMap<String, ClassCount>>>,
    leaks: Leaks,
}

const NO_PEOPLE_IN_COUGHVID: &str = "COUGHVID names no people: recordings of one place, age and gender within 15 minutes count as one \
     person's, and nobody can prove that no other person is on both sides";

pub(super) fn split(args: Split, data_folder: PathBuf) -> Result<(), CliError> {
    require_study(&args.study)?;
    let mut driver = Driver::new(data_folder);
    driver.carry_out(Command::OpenStudy(args.study))?;
    let study = &driver.state().study;
    let mut config = study.split_config.clone();
    config.by = args.by.unwrap_or(config.by);
    config.validation = args.validation.unwrap_or(config.validation);
    config.test = args.test.unwrap_or(config.test);
    config.seed = args.seed.unwrap_or(config.seed);
    config.held_out = args.held_out.or(config.held_out);
    let used: Vec<&Clip> = study.used().map(AsRef::as_ref).collect();
    let draws = if config.by == SplitBy::Dataset && config.held_out.is_none() {
        let datasets: std::collections::BTreeSet<&str> = used.iter().map(|clip| &*clip.dataset).collect();
        let fold = |name: &str| {
            let config = SplitConfig { held_out: Some(name.to_owned()), ..config.clone() };
            let outcome = match draw(&used, &config) {
                Ok(outcome) => Outcome::Drawn(counted(&outcome)),
                Err(error) => Outcome::Refused { error },
            };
            Fold { held_out: config.held_out, outcome }
        };
        Draws::Each { folds: datasets.into_iter().map(fold).collect() }
    } else {
        let outcome = draw(&used, &config).map_err(CliError::Work)?;
        let held_out = config.held_out.clone().filter(|_| config.by == SplitBy::Dataset);
        Draws::One(Fold { held_out, outcome: Outcome::Drawn(counted(&outcome)) })
    };
    let report = SplitReport {
        by: config.by,
        seed: config.seed,
        validation: config.validation,
        test: config.test,
        draws,
        notes: notes(study),
    };
    if args.json { print_json(&report) } else { print_split(&report) }
}

fn notes(study: &StudyView) -> Vec<&'static str> {
    let coughvid = study.used().any(|clip| clip.source == SourceKind::Coughvid);
    if coughvid { vec![NO_PEOPLE_IN_COUGHVID] } else { Vec::new() }
}

fn counted(outcome: &SplitOutcome) -> Counted {
    let by_name = |counts: &PartCounts| {
        let classes = |part: Part| {
            Label::ALL.iter().map(|label| (label.to_string(), counts[part as usize][*label as usize])).collect()
        };
        Part::ALL.iter().map(|part| (part.to_string(), classes(*part))).collect()
    };
    Counted {
        counts: by_name(&outcome.counts),
        datasets: outcome.datasets.iter().map(|(name, counts)| (name.clone(), by_name(counts))).collect(),
        leaks: outcome.leaks,
    }
}

fn print_split(report: &SplitReport) -> Result<(), CliError> {
    let mut text = String::new();
    match &report.draws {
        Draws::One(fold) => text += &fold_text(fold),
        Draws::Each { folds } => text.extend(folds.iter().map(fold_text)),
    }
    for note in &report.notes {
        text += &format!("Note: {note}\n");
    }
    output::print(&text)
}

fn fold_text(fold: &Fold) -> String {
    let mut text = String::new();
    if let Some(dataset) = &fold.held_out {
        text += &format!("Test on {dataset}:\n");
    }
    match &fold.outcome {
        Outcome::Refused { error } => text += &format!("  not possible: {error}\n"),
        Outcome::Drawn(Counted { counts, leaks, .. }) => {
            for part in Part::ALL.map(|part| part.to_string()) {
                for (label, count) in counts.get(&part).into_iter().flatten() {
                    let ClassCount { people, recordings } = count;
                    text += &format!("  {part:<10} {recordings:>7} {label:<8} of {people} people\n");
                }
            }
            let Leaks { people, exact_duplicates, near_duplicates } = leaks;
            text += &format!(
                "  on both sides: {people} people, {exact_duplicates} exact and {near_duplicates} near duplicates\n"
            );
        }
    }
    text
}
