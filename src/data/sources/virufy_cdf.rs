//! Virufy's Common Data Format of COUGHVID (virufy-cdf-coughvid): recordings of COUGHVID, relabelled.
//!
//! ```text
//! virufy-cdf-coughvid.csv                   patient_id, cough_path (or audio_path), cough_detected, age,
//!                                           biological_sex, ..., pcr_test_result, pcr_test_result_inferred, covid_symptoms
//! virufy-cdf-coughvid/<uuid>.{webm,ogg,..}  as the table's paths say
//! ```
//! The test results are joined here with whether the person states symptoms: "positive, symptomatic". A result that
//! Virufy inferred is no test result. Where COUGHVID is open too, its recordings count
//! ([`Uuids`](crate::data::overlap::Uuids)).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::fields::{is_yes, score, subject, words_of};
use super::search::{files_below, list};
use super::table::{Row, Table};
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{has_extension, is_uuid, name_of, note_on_rows_left_out, person, stem_of, with_system_separators};
use crate::audio;
use crate::data::{Obstacle, Subject};

const TABLE: &str = "virufy-cdf-coughvid.csv";
const NEEDED: [&str; 2] = ["patient_id", "pcr_test_result"];
/// The column of the sound's path, in the order of preference.
const PATHS: [&str; 2] = ["cough_path", "audio_path"];
/// What the table states, and what it means.
const SYMPTOMS: [(&str, &str); 3] = [
    ("respiratory_condition", "respiratory condition"),
    ("fever_or_muscle_pain", "fever or muscle pain"),
    ("covid_symptoms", "symptoms of COVID-19"),
];

/// The layout of Virufy's CDF.
pub(super) struct VirufyCdf;

impl Source for VirufyCdf {
    fn kind(&self) -> SourceKind {
        SourceKind::VirufyCdf
    }

    fn looks_for(&self) -> &'static str {
        "Virufy's virufy-cdf-coughvid.csv"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        table_in(folder).is_some()
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let listing = list(root)?;
        let Some(path) = table_in(&listing) else { return Ok(Contents::default()) };
        let table = Table::read(path, &NEEDED)?;
        let (rows, left_out) = table.rows_by(uuid_in);
        let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
        for path in files_below(root).filter(|path| has_extension(path, &audio::EXTENSIONS)) {
            let uuid = stem_of(&path).to_lowercase();
            // Of several, the one that the row names.
            let named = rows.get(&uuid).is_some_and(|row| path == root.join(path_in(*row)));
            if named || !files.contains_key(&uuid) {
                files.insert(uuid, path);
            }
        }
        let mut contents = Contents::default();
        contents.clips.extend(rows.iter().map(|(uuid, row)| clip(root, uuid, *row, files.remove(uuid))));
        contents
            .notes
            .push("These are recordings of COUGHVID; where COUGHVID is open too, each is used once.".to_owned());
        contents.notes.extend(note_on_rows_left_out(left_out));
        contents.notes.extend(table.doubts());
        contents.clips.extend(files.into_iter().filter(|(uuid, _)| is_uuid(uuid)).map(|(uuid, path)| Clip {
            obstacle: Some(Obstacle::NotInTable),
            ..Clip::new(path, SourceKind::VirufyCdf, person(SourceKind::VirufyCdf, &uuid), "")
        }));
        Ok(contents)
    }
}

/// The table of this folder: known by its columns, or by its name where one of them is missing.
fn table_in(folder: &Listing) -> Option<&Path> {
    let is_own = |path: &Path| name_of(path).eq_ignore_ascii_case(TABLE) && Table::has_any_column(path, &NEEDED);
    let by_columns = folder.tables().find(|path| Table::has_columns(path, &NEEDED));
    by_columns.or_else(|| folder.tables().find(|path| is_own(path)))
}

/// The sound that a row names, relative to the root.
fn path_in(row: Row) -> PathBuf {
    let named = PATHS.iter().map(|column| row.get(column)).find(|path| !path.is_empty());
    with_system_separators(named.unwrap_or_default())
}

/// The uuid of a row: the stem of its sound.
fn uuid_in(row: Row) -> String {
    stem_of(&path_in(row)).to_lowercase()
}

fn clip(root: &Path, uuid: &str, row: Row, file: Option<PathBuf>) -> Clip {
    let result = TestResult::of(row);
    let obstacle = match (&file, result) {
        (None, _) => Some(Obstacle::NoAudioFile),
        (Some(_), TestResult::Inferred) => Some(Obstacle::InferredResult),
        (Some(_), _) => None,
    };
    let patient = row.get("patient_id");
    let person = person(SourceKind::VirufyCdf, if patient.is_empty() { uuid } else { patient });
    let path = file.unwrap_or_else(|| root.join(path_in(row)));
    Clip {
        subject: Subject {
            symptoms: words_of(&row, &SYMPTOMS),
            recorded: row.get("submission_date").to_owned(),
            ..subject(row.get("age"), row.get("biological_sex"))
        },
        cough_detected: score(row.get("cough_detected")),
        obstacle,
        ..Clip::new(path, SourceKind::VirufyCdf, person, &status(result, row.get("covid_symptoms")))
    }
}

/// What a row says of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TestResult<'a> {
    /// In the table's own word; empty where nothing is stated.
    Stated(&'a str),
    /// Not tested, but Virufy concluded a result from other answers.
    Inferred,
}

impl<'a> TestResult<'a> {
    fn of(row: Row<'a>) -> Self {
        let is_result = |text: &str| ["positive", "negative"].iter().any(|one| text.eq_ignore_ascii_case(one));
        let stated = row.get("pcr_test_result");
        if !is_result(stated) && is_result(row.get("pcr_test_result_inferred")) {
            Self::Inferred
        } else {
            Self::Stated(stated)
        }
    }
}

/// The status as the label policy lists it: the test result, and whether symptoms are stated.
fn status(result: TestResult, covid_symptoms: &str) -> String {
    let result = match result {
        TestResult::Inferred => return "untested".to_owned(),
        TestResult::Stated(result) => result.to_lowercase(),
    };
    match result.as_str() {
        "positive" | "negative" if is_yes(covid_symptoms) => format!("{result}, symptomatic"),
        "positive" | "negative" if !covid_symptoms.is_empty() => format!("{result}, no symptoms"),
        _ => result,
    }
}
