//! What the subcommands print on standard output.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::CliError;
use crate::data::quality::Flag;
use crate::data::scan::SourceSummary;
use crate::data::study::{Dropped, SourceView};
use crate::data::{Clip, Label, PersonId, Sound, path_text};
use crate::session::{Evaluation, Run, StudyView};
use crate::train::device::{DeviceClass, DeviceInfo};
use crate::train::saved::Lost;
use crate::units::{counted, decimals_that_tell};

/// One object or array on standard output, and a line end.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(CliError::work)?;
    print(&format!("{text}\n"))
}

/// A reader that has seen enough (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::work(error)),
        _ => Ok(()),
    }
}

/// The answer of `scan`.
#[derive(Serialize)]
pub(super) struct ScanReport<'a> {
    sources: Vec<SourceReport<'a>>,
    /// People with a used recording, over all datasets.
    people: usize,
    /// Recordings that can be read and have not been.
    unread: usize,
    /// Some of them are made up.
    synthetic: bool,
}

/// A dataset: its summary, and what else is known of it.
#[derive(Serialize)]
struct SourceReport<'a> {
    key: &'a str,
    present: bool,
    /// Some of its sound is still in archives.
    packed: bool,
    #[serde(flatten)]
    summary: &'a SourceSummary,
    /// People with a used recording.
    people: usize,
    /// Recordings with a file that nobody has decoded.
    unread: usize,
    /// Recordings with each flag, whatever it leads to; every flag is there.
    flags: BTreeMap<&'static str, usize>,
    notes: &'a [String],
}

impl<'a> ScanReport<'a> {
    pub fn of(study: &'a StudyView) -> Self {
        Self {
            sources: study.clips_by_source().map(|(source, clips)| SourceReport::of(source, clips)).collect(),
            people: study.people,
            unread: study.unread,
            synthetic: study.synthetic,
        }
    }
}

impl<'a> SourceReport<'a> {
    fn of(source: &'a SourceView, clips: &[Arc<Clip>]) -> Self {
        let used = clips.iter().filter(|clip| clip.verdict.label().is_some());
        let people: HashSet<&PersonId> = used.map(|clip| &clip.person).collect();
        let with_file = || clips.iter().filter(|clip| clip.has_file());
        let flagged = |flag: Flag| with_file().filter(|clip| clip.flags.contains(flag)).count();
        Self {
            key: &source.key,
            present: source.present,
            packed: source.packed,
            summary: &source.summary,
            people: people.len(),
            unread: with_file().filter(|clip| clip.sound == Sound::Unread).count(),
            flags: Flag::ALL.map(|flag| (flag.id(), flagged(flag))).into(),
            notes: &source.notes,
        }
    }
}

pub(super) fn print_scan(report: &ScanReport<'_>) -> Result<(), CliError> {
    let mut text = String::new();
    for SourceReport { summary, people, present, packed, unread, flags, notes, .. } in &report.sources {
        let missing = if *present { "" } else { " (not there now)" };
        text += &format!("{} in {}{missing}\n", summary.kind.name(), summary.path.display());
        text += &format!("  {:>6} {}\n", summary.recordings, plural(summary.recordings, "recording", "recordings"));
        text += &format!("  {:>6} healthy\n  {:>6} sick\n{}", summary.healthy, summary.sick, people_text(*people));
        for (reason, count) in &summary.excluded {
            text += &format!("  {count:>6} left out: {reason}\n");
        }
        if !summary.unreadable.is_empty() {
            text += &format!("  {:>6} unreadable:\n", summary.unreadable.len());
        }
        for file in &summary.unreadable {
            text += &format!("         {}: {}\n", file.path.display(), file.reason);
        }
        if *unread > 0 {
            text += &format!("  {unread:>6} not read yet\n");
        }
        for flag in Flag::ALL {
            let count = flags.get(flag.id()).copied().unwrap_or_default();
            if count > 0 {
                text += &format!("  {count:>6} flagged: {}\n", flag.name().to_lowercase());
            }
        }
        text += &rows_without_audio(&summary.without_audio);
        for note in *notes {
            text += &format!("  Note: {note}\n");
        }
        if *packed {
            text += &format!("  To unpack its sound: coughscope extract {:?}\n", summary.path);
        }
    }
    text += &format!("In all\n{}", people_text(report.people));
    print(&text)
}

fn people_text(people: usize) -> String {
    format!("  {people:>6} {} with a used recording\n", plural(people, "person", "people"))
}

/// The noun after a number that stands in a column.
fn plural<'a>(number: usize, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

/// Where missing recordings were looked for: all of a few, the first of many.
fn rows_without_audio(paths: &[PathBuf]) -> String {
    const MOST: usize = 20;
    let mut text = String::new();
    if !paths.is_empty() {
        text += "         rows without audio, and where it was looked for:\n";
    }
    for path in paths.iter().take(MOST) {
        text += &format!("         {}\n", path.display());
    }
    if paths.len() > MOST {
        text += &format!("         and {} more; --json lists them all\n", paths.len() - MOST);
    }
    text
}

/// The answer of `train` and `demo`.
#[derive(Serialize)]
pub(super) struct RunSummary {
    recordings: usize,
    train: usize,
    validation: usize,
    test: usize,
    people: usize,
    shared_people: usize,
    device: String,
    epochs: usize,
    best_epoch: Option<usize>,
    auc: Option<f64>,
    mcc: Option<f64>,
    threshold: f64,
    synthetic: bool,
    lost: Lost,
    dropped: Dropped,
    #[serde(serialize_with = "path_text::serialize")]
    out: PathBuf,
}

impl RunSummary {
    pub fn of(run: &Run, evaluation: &Evaluation) -> Self {
        let counts = run.counts.unwrap_or_default();
        let summary = crate::report::Summary::new(&evaluation.table, evaluation.threshold(), evaluation.origin());
        Self {
            recordings: counts.recordings,
            train: counts.train,
            validation: counts.validation,
            test: counts.test,
            people: counts.people,
            shared_people: counts.shared_people,
            device: run.plan.as_ref().map(|plan| plan.device.clone()).unwrap_or_default(),
            epochs: run.history.len(),
            best_epoch: run.best_epoch,
            auc: summary.auc,
            mcc: summary.mcc,
            threshold: summary.threshold,
            synthetic: run.synthetic,
            lost: run.lost.clone(),
            dropped: run.dropped.clone(),
            out: run.folder.clone(),
        }
    }
}

pub(super) fn print_run(summary: &RunSummary) -> Result<(), CliError> {
    let number = |value: Option<f64>| value.map_or("not defined".to_owned(), |value| format!("{value:.3}"));
    let RunSummary { train, validation, test, .. } = summary;
    let mut text = format!(
        "{} of {}: {train} to train, {validation} to validate, {test} to test\n\
         {} in more than one part\n\
         {} on {}; test AUC {}, MCC {} at threshold {:.3}, which was chosen on the validation part\n",
        counted(summary.recordings, "recording", "recordings"),
        counted(summary.people, "person", "people"),
        counted(summary.shared_people, "person", "people"),
        counted(summary.epochs, "epoch", "epochs"),
        summary.device,
        number(summary.auc),
        number(summary.mcc),
        summary.threshold,
    );
    for words in summary.lost.in_words().into_iter().chain(summary.dropped.in_words()) {
        text += &format!("{words}\n");
    }
    if summary.synthetic {
        text += "Synthetic recordings made by a program: this proves nothing about any disease\n";
    }
    text += &format!("Network, figures and tables: {}\n", summary.out.display());
    print(&text)
}

/// One answer of `predict`.
#[derive(Serialize)]
pub(super) struct PredictionRow {
    #[serde(serialize_with = "path_text::serialize")]
    path: PathBuf,
    score: f64,
    label: Label,
    threshold: f64,
}

impl PredictionRow {
    pub fn new(path: PathBuf, score: f64, threshold: f64) -> Self {
        let label = if score >= threshold { Label::Sick } else { Label::Healthy };
        Self { path, score, label, threshold }
    }
}

pub(super) fn print_predictions(rows: &[PredictionRow]) -> Result<(), CliError> {
    // One number of decimals for all, so that the scores stand below each other.
    let decimals = rows.iter().map(|row| decimals_that_tell(row.score, row.threshold, 4)).max().unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        text += &format!("{:.decimals$}  counts as {:<7}  {}\n", row.score, row.label.to_string(), row.path.display());
    }
    if let Some(row) = rows.first() {
        text += &format!(
            "A score of {:.decimals$} or more counts as sick. A score is no probability and no diagnosis.\n",
            row.threshold
        );
    }
    print(&text)
}

pub(super) fn print_devices(devices: &[DeviceInfo]) -> Result<(), CliError> {
    let mut text = String::new();
    for device in devices {
        let kind = match device.kind {
            DeviceClass::Gpu => "graphics card",
            DeviceClass::Cpu => "processor",
            DeviceClass::NdArray => "processor, slow reference",
            DeviceClass::SoftwareGpu => "software graphics driver, very slow",
        };
        text += &format!("{}  ({kind}; --device \"{}\")\n", device.name, device.choice);
    }
    print(&text)
}
