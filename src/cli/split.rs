//! `split`: draws the parts of a study, counts them, and says who and what is in more than one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::CliError;
use super::args::Split;
use super::driver::Driver;
use super::output::{self, print_json};
use super::study::{refuse_idle_held_out, require_folders, with_study};
use crate::data::sources::COUGHVID_NAMES_NOBODY;
use crate::data::split::{ClassCount, Leaks, Part, PartCounts, SplitBy, SplitConfig, SplitError, SplitOutcome};
use crate::data::study::{Shared, SharedPerson, SharedSound, StudyView, draw};
use crate::data::{Clip, Label, SourceKind, path_text};
use crate::units::{counted, grouped};

/// The answer of `split`.
#[derive(Serialize)]
struct SplitReport {
    by: SplitBy,
    seed: u64,
    validation: f64,
    /// `None` where a whole dataset is the test.
    test: Option<f64>,
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
    Drawn(Box<Drawn>),
    /// The parts cannot be drawn so, for this reason.
    Refused {
        error: String,
    },
}

type ByName<T> = BTreeMap<String, T>;

/// A draw in numbers: part, then class; and what leaks.
#[derive(Serialize)]
struct Drawn {
    counts: ByName<ByName<ClassCount>>,
    datasets: ByName<ByName<ByName<ClassCount>>>,
    leaks: LeakReport,
}

/// The counts, and everybody and everything that they count.
#[derive(Serialize)]
struct LeakReport {
    #[serde(flatten)]
    counts: Leaks,
    shared_people: Vec<PersonRow>,
    shared_exact_duplicates: Vec<Vec<RecordingRow>>,
    shared_near_duplicates: Vec<Vec<RecordingRow>>,
}

/// A person, and how many recordings of theirs each part has.
#[derive(Serialize)]
struct PersonRow {
    person: String,
    recordings: ByName<usize>,
}

/// One of the recordings with the same sound.
#[derive(Serialize)]
struct RecordingRow {
    #[serde(serialize_with = "path_text::serialize")]
    path: PathBuf,
    /// As a person finds it, for the text.
    #[serde(skip)]
    place: String,
    part: Part,
}

pub(super) fn split(args: Split, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    let (study, policy) = (args.study.clone(), args.policy.clone());
    with_study(&mut driver, study, policy.as_deref(), |driver| split_study(&driver.state().study, args))
}

fn split_study(study: &StudyView, args: Split) -> Result<(), CliError> {
    let typed = Typed { shares: args.validation.or(args.test).is_some(), dataset: args.held_out.is_some() };
    let mut config = study.split_config.clone();
    config.validation = args.validation.unwrap_or(config.validation);
    config.test = args.test.unwrap_or(config.test);
    config.seed = args.seed.unwrap_or(config.seed);
    // Who asks for a draw by dataset and names none wants to see each, whichever the study has for its training.
    let own = config.held_out.take().filter(|_| args.by.is_none());
    config.by = args.by.unwrap_or(config.by);
    refuse_idle_held_out(args.held_out.as_deref(), config.by, "--by dataset")?;
    config.held_out = args.held_out.or(own).filter(|_| config.by == SplitBy::Dataset);
    let used: Vec<&Arc<Clip>> = study.used().collect();
    let fold = |config| fold(study, &used, config, typed);
    let draws = if config.by == SplitBy::Dataset && config.held_out.is_none() {
        let datasets: BTreeSet<&str> = used.iter().map(|clip| &*clip.dataset).collect();
        let with = |name: &str| SplitConfig { held_out: Some(name.to_owned()), ..config.clone() };
        Draws::Each { folds: datasets.into_iter().map(|name| fold(with(name))).collect::<Result<_, _>>()? }
    } else {
        Draws::One(fold(config.clone())?)
    };
    let SplitConfig { by, seed, validation, test, .. } = config;
    let test = (by != SplitBy::Dataset).then_some(test);
    let report = SplitReport { by, seed, validation, test, draws, notes: notes(study) };
    report.print(args.json)?;
    require_folders(study)
}

fn fold(study: &StudyView, used: &[&Arc<Clip>], config: SplitConfig, typed: Typed) -> Result<Fold, CliError> {
    let clips: Vec<&Clip> = used.iter().map(|clip| clip.as_ref()).collect();
    let outcome = match draw(&clips, &config) {
        Ok(outcome) => Outcome::Drawn(Box::new(Drawn::of(study, used, &outcome))),
        Err(error) if typed.is_to_blame_for(&error) => return Err(CliError::Usage(error.to_string())),
        Err(error) => Outcome::Refused { error: error.to_string() },
    };
    Ok(Fold { held_out: config.held_out, outcome })
}

/// What the command line said of the draw; the rest is the study's.
#[derive(Clone, Copy)]
struct Typed {
    shares: bool,
    dataset: bool,
}

impl Typed {
    /// Whether something was typed that no study could draw, or not this one by any policy.
    fn is_to_blame_for(self, error: &SplitError) -> bool {
        match error {
            SplitError::Shares { .. } => self.shares,
            SplitError::NoDataset { .. } => self.dataset,
            SplitError::TooFew { .. } | SplitError::OneClass { .. } => false,
        }
    }
}

fn notes(study: &StudyView) -> Vec<&'static str> {
    let coughvid = study.used().any(|clip| clip.source == SourceKind::Coughvid);
    if coughvid { vec![COUGHVID_NAMES_NOBODY] } else { Vec::new() }
}

impl Drawn {
    fn of(study: &StudyView, used: &[&Arc<Clip>], outcome: &SplitOutcome) -> Self {
        let by_name = |counts: &PartCounts| {
            let classes = |part: Part| {
                Label::ALL.iter().map(|label| (label.to_string(), counts[part as usize][*label as usize])).collect()
            };
            Part::ALL.iter().map(|part| (part.to_string(), classes(*part))).collect()
        };
        let Shared { people, exact, near } = Shared::of(used, outcome, usize::MAX);
        let rows = |sounds: Vec<SharedSound>| -> Vec<Vec<RecordingRow>> {
            let row = |(clip, part): (Arc<Clip>, Part)| {
                let place = study.place_of(&clip.path);
                RecordingRow { path: clip.path.clone(), place, part }
            };
            sounds.into_iter().map(|SharedSound(recordings)| recordings.into_iter().map(row).collect()).collect()
        };
        Self {
            counts: by_name(&outcome.counts),
            datasets: outcome.datasets.iter().map(|(name, counts)| (name.clone(), by_name(counts))).collect(),
            leaks: LeakReport {
                counts: outcome.leaks,
                shared_people: people.into_iter().map(PersonRow::of).collect(),
                shared_exact_duplicates: rows(exact),
                shared_near_duplicates: rows(near),
            },
        }
    }
}

impl PersonRow {
    fn of(SharedPerson { person, recordings }: SharedPerson) -> Self {
        let counts = Part::ALL.iter().map(ToString::to_string).zip(recordings);
        Self { person: person.0, recordings: counts.filter(|(_, count)| *count > 0).collect() }
    }
}

impl SplitReport {
    /// Whether one draw was asked for and could not be made: then its reason is all there is to tell.
    fn is_refused(&self) -> bool {
        matches!(&self.draws, Draws::One(Fold { outcome: Outcome::Refused { .. }, .. }))
    }

    /// Says what was drawn; an error when nothing could be.
    fn print(&self, json: bool) -> Result<(), CliError> {
        let folds = match &self.draws {
            Draws::One(fold) => std::slice::from_ref(fold),
            Draws::Each { folds } => folds,
        };
        if json {
            print_json(self)?;
        } else if !self.is_refused() {
            let notes = self.notes.iter().map(|note| format!("Note: {note}\n"));
            output::print(&folds.iter().map(Fold::text).chain(notes).collect::<String>())?;
        }
        if folds.iter().any(|fold| matches!(fold.outcome, Outcome::Drawn(_))) {
            return Ok(());
        }
        Err(CliError::Work(match folds {
            [Fold { outcome: Outcome::Refused { error }, .. }] if matches!(self.draws, Draws::One(_)) => error.clone(),
            [] => "no recording of this study is used, so there is nothing to draw".to_owned(),
            _ => {
                "none of the datasets can be the test; the reasons are with each, and --by person draws people of all \
                  datasets"
                    .to_owned()
            }
        }))
    }
}

impl Fold {
    fn text(&self) -> String {
        let head = self.held_out.as_ref().map_or(String::new(), |dataset| format!("Test on {dataset}:\n"));
        head + &match &self.outcome {
            Outcome::Refused { error } => format!("  not possible: {error}\n"),
            Outcome::Drawn(drawn) => drawn.text(),
        }
    }
}

impl Drawn {
    fn text(&self) -> String {
        let mut text = String::new();
        for part in Part::ALL.map(|part| part.to_string()) {
            for (label, count) in self.counts.get(&part).into_iter().flatten() {
                let people = counted(count.people, "person", "people");
                text += &format!("  {part:<10} {:>7} {label:<8} of {people}\n", grouped(count.recordings as u64));
            }
        }
        if self.datasets.len() > 1 {
            text += "  recordings by dataset, healthy + sick:\n";
            text.extend(self.datasets.iter().map(|(name, parts)| dataset_text(name, parts)));
        }
        text + &self.leaks.text()
    }
}

fn dataset_text(name: &str, parts: &ByName<ByName<ClassCount>>) -> String {
    let in_part = |part: Part| {
        let classes = parts.get(&part.to_string());
        let counts = classes.into_iter().flatten().map(|(_, count)| grouped(count.recordings as u64));
        format!("{part} {}", counts.collect::<Vec<_>>().join(" + "))
    };
    format!("    {name}: {}\n", Part::ALL.map(in_part).join(", "))
}

impl LeakReport {
    fn text(&self) -> String {
        let Leaks { people, exact_duplicates, near_duplicates } = self.counts;
        let mut text = format!(
            "  in more than one part: {}, {}, {}\n",
            counted(people, "person", "people"),
            counted(exact_duplicates, "exact duplicate", "exact duplicates"),
            counted(near_duplicates, "near duplicate", "near duplicates"),
        );
        let person = |row: &PersonRow| {
            let in_part = |part: Part| Some(format!("{} in {part}", row.recordings.get(&part.to_string())?));
            let parts: Vec<_> = Part::ALL.into_iter().filter_map(in_part).collect();
            format!("{}: {}", row.person, parts.join(", "))
        };
        text += &first_of("people", &self.shared_people, person);
        let sound = |recordings: &Vec<RecordingRow>| sound_text(recordings);
        text += &first_of("exact duplicates", &self.shared_exact_duplicates, sound);
        text + &first_of("near duplicates", &self.shared_near_duplicates, sound)
    }
}

/// The recordings of one sound; the first of many.
fn sound_text(recordings: &[RecordingRow]) -> String {
    const MOST: usize = 4;
    let row = |row: &RecordingRow| format!("{} ({})", row.place, row.part);
    let text = recordings.iter().take(MOST).map(row).collect::<Vec<_>>().join(" = ");
    let more = recordings.len().saturating_sub(MOST);
    if more == 0 { text } else { format!("{text} = {} more", grouped(more as u64)) }
}

/// A line for each of the first of many.
fn first_of<T>(what: &str, rows: &[T], line: impl Fn(&T) -> String) -> String {
    const MOST: usize = 10;
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("  {what} in more than one part:\n");
    text.extend(rows.iter().take(MOST).map(|row| format!("    {}\n", line(row))));
    if rows.len() > MOST {
        text += &format!("    and {} more; --json lists them all\n", grouped((rows.len() - MOST) as u64));
    }
    text
}
