//! A look at the tables of a folder, and a guess which of their columns say what.

use std::path::{Path, PathBuf};

use super::{Mapping, lower};
use crate::data::sources::search::list;
use crate::data::sources::table::Table;

/// How many levels below the folder tables are looked for.
const LEVELS: usize = 2;
/// How many tables are shown at most.
const MOST_TABLES: usize = 32;
/// How many rows of each are shown.
const SHOWN_ROWS: usize = 5;
/// How many folders are looked into at most, for datasets with one for each person.
const MOST_FOLDERS: usize = 4_096;

/// Names of columns with the sound's name.
const FILE: [&str; 15] = [
    "file",
    "filename",
    "file_name",
    "filepath",
    "file_path",
    "path",
    "audio",
    "audio_path",
    "audio_file",
    "wav",
    "cough_filename",
    "cough_path",
    "recording",
    "uuid",
    "name",
];
/// Names of columns with the label.
const LABEL: [&str; 13] = [
    "label",
    "labels",
    "status",
    "class",
    "target",
    "diagnosis",
    "covid_status",
    "covid19",
    "covid",
    "corona_test",
    "pcr_test_result",
    "disease",
    "result",
];
/// Names of columns with the person.
const PERSON: [&str; 14] = [
    "person",
    "person_id",
    "patient",
    "patient_id",
    "subject",
    "subject_id",
    "participant",
    "participant_id",
    "speaker",
    "speaker_id",
    "user",
    "user_id",
    "pid",
    "id",
];
const AGE: [&str; 3] = ["age", "age_years", "a"];
const SEX: [&str; 4] = ["sex", "gender", "biological_sex", "g"];
const DATASET: [&str; 4] = ["dataset", "source", "database", "corpus"];

/// A table of a folder as it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePreview {
    /// Where it lies, relative to the folder.
    pub path: PathBuf,
    /// Its columns, as they are written.
    pub columns: Vec<String>,
    /// The fields of its first rows, at most 5; a row may be shorter or longer than the heading.
    pub first_rows: Vec<Vec<String>>,
    /// How many rows it has.
    pub rows: usize,
    /// What the columns' names suggest; where they suggest no file or label, the first and the last column.
    pub guess: Mapping,
}

/// The tables (`.csv`) in a folder and up to two levels below it, nearer ones first. What cannot be read is passed over
/// and logged.
#[must_use]
pub fn preview(folder: &Path) -> Vec<TablePreview> {
    let mut previews = Vec::new();
    let mut level = vec![folder.to_owned()];
    let mut looked_into = 0;
    for _ in 0..=LEVELS {
        let mut below = Vec::new();
        for place in level {
            looked_into += 1;
            if looked_into > MOST_FOLDERS || previews.len() >= MOST_TABLES {
                return previews;
            }
            let Ok(listing) = list(&place).inspect_err(|error| log::warn!("passed over: {error}")) else { continue };
            let tables = listing.tables().filter_map(|path| preview_of(folder, path));
            previews.extend(tables.take(MOST_TABLES - previews.len()));
            below.extend(listing.folders);
        }
        level = below;
    }
    previews
}

fn preview_of(folder: &Path, path: &Path) -> Option<TablePreview> {
    let table = Table::read(path, &[]).inspect_err(|error| log::warn!("passed over: {error}")).ok()?;
    let columns = table.headings().to_vec();
    if columns.iter().all(String::is_empty) {
        return None;
    }
    let path = path.strip_prefix(folder).unwrap_or(path).to_owned();
    let first_rows = table.rows().take(SHOWN_ROWS).map(|row| row.fields().map(str::to_owned).collect()).collect();
    Some(TablePreview { guess: guess(&path, &columns), path, first_rows, rows: table.rows().count(), columns })
}

/// The columns whose names are among the known ones; better known names first.
fn guess(table: &Path, columns: &[String]) -> Mapping {
    let find = |names: &[&str]| {
        let named = |name: &&str| columns.iter().find(|column| lower(column).replace([' ', '-'], "_") == *name);
        names.iter().find_map(named).cloned()
    };
    let named: Vec<&String> = columns.iter().filter(|column| !column.is_empty()).collect();
    let first = || named.first().map(|column| (*column).clone());
    let last = || named.last().map(|column| (*column).clone());
    let file = find(&FILE).or_else(first).unwrap_or_default();
    Mapping {
        table: table.to_owned(),
        label: find(&LABEL).or_else(last).unwrap_or_default(),
        person: find(&PERSON).filter(|person| *person != file),
        age: find(&AGE),
        sex: find(&SEX),
        dataset: find(&DATASET),
        file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(columns: &str) -> Mapping {
        guess(Path::new("t.csv"), &columns.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn columns_are_guessed_by_their_names() {
        let all = guessed("ID,Age,Gender,File Name,Diagnosis,source");
        let expected = Mapping {
            table: "t.csv".into(),
            file: "File Name".into(),
            label: "Diagnosis".into(),
            person: Some("ID".into()),
            age: Some("Age".into()),
            sex: Some("Gender".into()),
            dataset: Some("source".into()),
        };
        assert_eq!(all, expected);
        let none = guessed(",x,y,z,");
        assert_eq!((none.file.as_str(), none.label.as_str(), none.person), ("x", "z", None));
        assert_eq!(guessed("uuid,status").person, None);
        assert_eq!(guessed("uuid,path,status").file, "path", "a path says more than a uuid");
    }
}
