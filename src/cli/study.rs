//! The subcommands that work on datasets and studies.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::CliError;
use super::args::{Charts, Extract, Scan, Table};
use super::driver::Driver;
use super::output::{self, ScanReport, print_json};
use crate::data::split::{ClassCount, SplitBy};
use crate::data::study::cohort::Cohort;
use crate::data::study::settings;
use crate::data::{LabelPolicy, archives, scan, table};
use crate::session::{Command, Edit, StudyView};
use crate::train::saved;
use crate::units::{counted, grouped};

/// Time between two lines of progress.
pub(super) const SAY_EVERY: Duration = Duration::from_secs(2);

pub(super) fn scan(args: Scan, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    let outcome = open_study_and_datasets(&mut driver, args.study, args.policy.as_deref(), args.paths)
        .and_then(|()| if args.again { read_anew(&mut driver) } else { Ok(()) });
    let study = &driver.state().study;
    // One folder that cannot be read does not hide the others.
    if !study.is_empty() {
        let report = ScanReport::of(study);
        if args.json { print_json(&report) } else { output::print_scan(&report) }?;
    }
    outcome?;
    require_folders(study)
}

/// Reads every recording of the study once more.
fn read_anew(driver: &mut Driver) -> Result<(), CliError> {
    let keys: Vec<_> = driver.state().study.sources.iter().map(|source| source.key.clone()).collect();
    for key in keys {
        driver.perform(Command::ReadAnew(key));
    }
    driver.tell()
}

/// What is known of files that nobody could look at must not pass for what they are now.
pub(super) fn require_folders(study: &StudyView) -> Result<(), CliError> {
    let missing: Vec<String> = study
        .sources
        .iter()
        .filter(|source| !source.present)
        .map(|source| {
            format!(
                "the folder of {} is not there, and what is known of its recordings was read before; connect its drive, \
                 or say where it is now with: coughscope scan --study DIR PLACE ({})",
                source.name(),
                source.root.display()
            )
        })
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(CliError::Work(missing.join("\n"))) }
}

/// Opens a study, gives it the label policy of a file, and adds datasets to it; without a study all of this holds for this
/// command only.
///
/// Nothing but datasets: a run or a recording among the paths would be passed over in silence.
pub(super) fn open_study_and_datasets(
    driver: &mut Driver,
    study: Option<PathBuf>,
    policy: Option<&Path>,
    paths: Vec<PathBuf>,
) -> Result<(), CliError> {
    let is_other = |path: &&PathBuf| {
        path.is_file() && !crate::data::table::is_combined_table(path)
            || saved::is_run(path)
            || settings::is_study(path)
    };
    if let Some(other) = paths.iter().find(is_other) {
        return Err(CliError::Usage(format!(
            "a dataset is a folder, or a CSV with the columns {}, and this is none; the window asks which columns of another \
             table hold what, when the folder around it is opened there: {}",
            table::NEEDED.join(", "),
            other.display()
        )));
    }
    // Before anything is made or changed.
    let policy = read_policy(policy)?;
    if let Some(folder) = study {
        if paths.is_empty() {
            require_study(&folder)?;
        } else if !settings::is_study(&folder) {
            require_dataset(&paths)?;
        }
        driver.perform(Command::OpenStudy(folder));
        if driver.has_failed() {
            return driver.tell();
        }
    }
    if let Some(policy) = policy {
        let study = &driver.state().study;
        if !study.is_empty() && study.policy != policy {
            eprintln!("The study keeps this label policy from now on, in place of its own");
        }
        driver.perform(Command::Edit(Edit::Policy(Box::new(policy))));
    }
    if !paths.is_empty() {
        let before: Vec<_> = driver.state().study.sources.iter().map(|source| source.key.clone()).collect();
        driver.perform(Command::Open(paths));
        say_added(&driver.state().study, &before);
    }
    // Only now: where a dataset was missing, the paths may say where it is.
    driver.tell()
}

/// Says which datasets a study has from now on that it had not before.
fn say_added(study: &StudyView, before: &[Arc<str>]) {
    let fresh = study.sources.iter().filter(|source| !before.contains(&source.key));
    for source in fresh.filter(|_| study.folder.is_some()) {
        eprintln!("Added to the study: {} ({})", source.name(), source.root.display());
    }
}

/// The label policy of a file, where one is named; says what in it may be mistyped.
fn read_policy(path: Option<&Path>) -> Result<Option<LabelPolicy>, CliError> {
    let Some(path) = path else { return Ok(None) };
    let (policy, doubts) = LabelPolicy::read_with_doubts(path).map_err(CliError::work)?;
    for doubt in doubts {
        eprintln!("In the label policy, {doubt} ({})", path.display());
    }
    Ok(Some(policy))
}

/// Opens a study and does `work` on it under the label policy of a file; the study has its own again afterwards.
pub(super) fn with_study(
    driver: &mut Driver,
    study: PathBuf,
    policy: Option<&Path>,
    work: impl FnOnce(&mut Driver) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let policy = read_policy(policy)?;
    open_study_and_datasets(driver, Some(study), None, Vec::new())?;
    let Some(policy) = policy else { return work(driver) };
    driver.carry_out(Command::Edit(Edit::Policy(Box::new(policy))))?;
    let done = work(driver);
    let undone = driver.carry_out(Command::Undo);
    done.and(undone)
}

/// A path without any dataset would leave an empty study behind. The tables are read for that, but no sound.
fn require_dataset(paths: &[PathBuf]) -> Result<(), CliError> {
    scan::read_all(paths, &|_| ControlFlow::Continue(())).map(|_| ()).map_err(CliError::work)
}

/// A folder that is no study would become an empty one.
fn require_study(folder: &Path) -> Result<(), CliError> {
    if settings::is_study(folder) {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "there is no study here; make one with: coughscope scan --study DIR DATASET ({})",
        folder.display()
    )))
}

/// A dataset to hold out means nothing unless the draw is by dataset, and must not be passed over in silence.
pub(super) fn refuse_idle_held_out(held_out: Option<&str>, by: SplitBy, option: &str) -> Result<(), CliError> {
    match held_out {
        Some(name) if by != SplitBy::Dataset => Err(CliError::Usage(format!(
            "--held-out {name} needs {option}: only then is a dataset the test; add {option}, or leave --held-out out"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn table(args: Table, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    let Table { study, out, policy } = args;
    with_study(&mut driver, study, policy.as_deref(), |driver| {
        driver.carry_out(Command::ExportTable(out))?;
        require_folders(&driver.state().study)
    })
}

pub(super) fn charts(args: Charts, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    open_study_and_datasets(&mut driver, Some(args.study), None, Vec::new())?;
    let cohort = Cohort::of(&driver.state().study, &|| ControlFlow::Continue(())).unwrap_or_default();
    if let Some(folder) = args.out {
        driver.carry_out(Command::ExportPictures(folder))?;
    }
    if args.json {
        print_json(&serde_json::json!({ "cohort": cohort, "findings": cohort.findings() }))?;
    } else {
        output::print(&cohort_text(&cohort))?;
    }
    require_folders(&driver.state().study)
}

fn cohort_text(cohort: &Cohort) -> String {
    let [healthy, sick] = cohort.classes;
    let class = |name: &str, class: ClassCount| {
        let recordings = counted(class.recordings, &format!("{name} recording"), &format!("{name} recordings"));
        format!("{recordings} of {}", counted(class.people, "person", "people"))
    };
    let left_out = grouped(cohort.left_out as u64);
    let mut text = format!("{}, {}; {left_out} left out\n", class("healthy", healthy), class("sick", sick));
    for finding in cohort.findings() {
        let name = finding.strength.name();
        text += &format!("{name}: {} {} {}\n", finding.headline, finding.evidence, finding.details);
    }
    for remark in cohort.remarks() {
        text += &format!("{remark}\n");
    }
    text
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
                "Unpacking {} of {} MB, {}",
                megabytes(progress.bytes_done),
                megabytes(progress.bytes_total),
                counted(progress.files, "file", "files")
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
    let (archives, written) =
        (extracted.archives.len(), extracted.archives.iter().map(|archive| archive.written).sum());
    let complete = archives - extracted.problems().count();
    let mut text = format!(
        "{} now in {}\n{} written by this run, the others were there before\n{} of {} read to the end\n",
        counted(extracted.files(), "file is", "files are"),
        extracted.target.display(),
        counted(written, "of them was", "of them were"),
        grouped(complete as u64),
        counted(archives, "archive", "archives"),
    );
    let (refused, listed) = (extracted.refused_count(), extracted.refused.len());
    if refused > 0 {
        // An archive that an earlier run has read to its end is not read again.
        let rest = if listed > 0 { ":" } else { "; the run that read these archives listed them" };
        text += &format!("{} not unpacked{rest}\n", counted(refused, "entry was", "entries were"));
    }
    for entry in &extracted.refused {
        text += &format!("  {}: {}: {}\n", entry.date, entry.name, entry.reason);
    }
    if listed > 0 && refused > listed {
        text += &format!("  and {} more\n", grouped((refused - listed) as u64));
    }
    text
}
