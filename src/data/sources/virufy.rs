//! Virufy's clinical data (virufy-data): 16 people, tested by PCR. Its licence forbids passing it on.
//!
//! ```text
//! labels.csv                          ..., corona_test, age, gender, ..., cough_filename
//! segmented/{neg,pos}/<stem>-<n>.mp3  one file for each cough
//! original/{neg,pos}/<stem>.mp3       one file for each person
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::fields::{joined, subject};
use super::search::list;
use super::table::{Row, Table};
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{counted, has_extension, name_of, note_on_rows_left_out, person, stem_of};
use crate::data::{Form, Obstacle, Subject};

const TABLE: &str = "labels.csv";
const NEEDED: [&str; 2] = ["corona_test", "cough_filename"];
/// The two forms and their folders.
const FORMS: [(Form, &str); 2] = [(Form::Segmented, "segmented"), (Form::Original, "original")];
/// The folders of the two test results, and the words of the table for them.
const RESULTS: [(&str, &str); 2] = [("neg", "negative"), ("pos", "positive")];

/// The layout of Virufy.
pub(super) struct Virufy;

impl Source for Virufy {
    fn kind(&self) -> SourceKind {
        SourceKind::Virufy
    }

    fn looks_for(&self) -> &'static str {
        "Virufy's labels.csv or segmented folder"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        let has_results = |inner: Listing| RESULTS.iter().all(|(name, _)| inner.folder(name).is_some());
        table_in(folder).is_some_and(|table| Table::has_any_column(table, &NEEDED))
            || FORMS.iter().any(|(_, name)| folder.folder(name).is_some_and(|inner| list(inner).is_ok_and(has_results)))
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let listing = list(root)?;
        let table = table_in(&listing).map(|path| Table::read(path, &NEEDED)).transpose()?;
        let (rows, left_out) = table.as_ref().map(|table| table.rows_by(stem_in)).unwrap_or_default();
        let mut contents = Contents::default();
        contents.notes.extend(note_on_rows_left_out(left_out));
        contents.notes.extend(table.iter().flat_map(Table::doubts));
        if table.is_none() {
            contents.notes.push(format!("{TABLE} is missing; the folders pos and neg give the labels."));
        }
        let forms: Vec<_> =
            FORMS.iter().filter_map(|(form, name)| listing.folder(name).map(|folder| (*form, folder))).collect();
        let only = forms.len() == 1;
        for (form, folder) in forms {
            // Where there is no choice, none can leave everything out.
            let form = if only { Form::Only } else { form };
            let mut with_sound = BTreeSet::new();
            for file in files_in(folder, &mut contents.notes)? {
                let stem = stem_of(&file.path).into_owned();
                let person_id = person_in(&stem).unwrap_or(&stem);
                contents.clips.push(clip(&file, person_id, rows.get(person_id).copied(), form));
                with_sound.insert(person_id.to_owned());
            }
            let silent = rows.iter().filter(|(stem, _)| !with_sound.contains(*stem));
            contents.clips.extend(silent.map(|(stem, row)| clip_without_sound(folder, stem, *row, form)));
        }
        Ok(contents)
    }
}

/// A sound file, and the test result that its folder stands for.
struct SoundFile {
    path: PathBuf,
    result: &'static str,
}

/// The table of this folder, if it has one.
fn table_in(folder: &Listing) -> Option<&Path> {
    folder.tables().find(|path| name_of(path).eq_ignore_ascii_case(TABLE))
}

/// The recording that a row is about, without its extension.
fn stem_in(row: Row) -> String {
    stem_of(Path::new(row.get("cough_filename"))).into_owned()
}

/// The sound files of one form; `notes` says what was not taken.
///
/// # Errors
/// [`SourceError`] when a folder cannot be listed.
fn files_in(folder: &Path, notes: &mut Vec<String>) -> Result<Vec<SoundFile>, SourceError> {
    let folder = list(folder)?;
    let (mut files, mut others) = (Vec::new(), 0);
    for (name, result) in RESULTS {
        let Some(folder) = folder.folder(name) else { continue };
        let (sounds, rest): (Vec<_>, Vec<_>) =
            list(folder)?.files.into_iter().partition(|f| has_extension(f, &["mp3"]));
        files.extend(sounds.into_iter().map(|path| SoundFile { path, result }));
        others += rest.len();
    }
    if others > 0 {
        notes.push(format!("Not read: {} beside the recordings, as those are .mp3.", counted(others, "file")));
    }
    Ok(files)
}

fn clip(file: &SoundFile, person_id: &str, row: Option<Row>, form: Form) -> Clip {
    let stated = row.map_or("", |row| row.get("corona_test"));
    let status = if row.is_some() { stated } else { file.result };
    let obstacle = if person_in(&stem_of(&file.path)).is_none() {
        Some(Obstacle::ForeignName)
    } else if !stated.is_empty() && !stated.eq_ignore_ascii_case(file.result) {
        Some(Obstacle::FolderDisagrees)
    } else {
        None
    };
    let subject = row.map_or_else(Subject::default, subject_of);
    let person = person(SourceKind::Virufy, person_id);
    Clip { subject, obstacle, form, ..Clip::new(file.path.clone(), SourceKind::Virufy, person, status) }
}

fn clip_without_sound(folder: &Path, stem: &str, row: Row, form: Form) -> Clip {
    let person = person(SourceKind::Virufy, stem);
    let name = row.get("cough_filename");
    let says = |(_, result): &&(&str, &str)| row.get("corona_test").eq_ignore_ascii_case(result);
    // Where a file of this name would lie; a session was cut into files of other names, which nobody knows.
    let path = RESULTS.iter().find(says).map_or_else(|| folder.to_owned(), |(inner, _)| folder.join(inner)).join(name);
    Clip {
        subject: subject_of(row),
        obstacle: Some(Obstacle::NoAudioFile),
        form,
        ..Clip::new(path, SourceKind::Virufy, person, row.get("corona_test"))
    }
}

/// Age, sex, symptoms with what was there before, and date.
fn subject_of(row: Row) -> Subject {
    let stated: Vec<String> =
        ["patient_reported_symptoms", "medical_history"].iter().flat_map(|column| items(row.get(column))).collect();
    Subject {
        symptoms: joined(stated.iter().map(String::as_str)),
        recorded: row.get("date").to_owned(),
        ..subject(row.get("age"), row.get("gender"))
    }
}

/// The items of a field such as `Fever, chills, or sweating,Sore throat,`: a comma with a space after it is part of an
/// item; `none` is no item.
fn items(field: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for part in field.split(',') {
        match items.last_mut() {
            Some(item) if part.starts_with(' ') => *item += &format!(",{part}"),
            _ => items.push(part.to_owned()),
        }
    }
    items.retain(|item| !item.is_empty() && !item.eq_ignore_ascii_case("none"));
    items
}

/// The person of a recording: its stem without the number of the cough. `None` unless the stem is
/// `(pos|neg)-dddd-ddd-cough-(m|f)-age` with or without `-number`, as in `pos-0421-084-cough-m-50-3`.
fn person_in(stem: &str) -> Option<&str> {
    let is_number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = stem.split('-').collect();
    let (["pos" | "neg", date, patient, "cough", "m" | "f", age], number) = parts.split_at_checked(6)? else {
        return None;
    };
    if !(is_number(date, 4..=4) && is_number(patient, 3..=3) && is_number(age, 1..=3)) {
        return None;
    }
    match number {
        [] => Some(stem),
        [number] if is_number(number, 1..=9) => stem.strip_suffix(number)?.strip_suffix('-'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_the_stem_without_the_number_of_the_cough() {
        let person = Some("pos-0421-084-cough-m-50");
        assert_eq!(person_in("pos-0421-084-cough-m-50"), person);
        assert_eq!(person_in("pos-0421-084-cough-m-50-0"), person);
        assert_eq!(person_in("pos-0421-084-cough-m-50-12"), person);
    }

    #[test]
    fn commas_inside_of_an_item_are_kept() {
        assert_eq!(items("Fever, chills, or sweating,Sore throat,"), ["Fever, chills, or sweating", "Sore throat"]);
        for nothing in ["", "none,", ",", "None"] {
            assert!(items(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn other_names_are_not_virufys() {
        for stem in [
            "",
            "-",
            "cough",
            "pos-0421-084-cough-m",
            "pos-421-084-cough-m-50",
            "pos-0421-84-cough-m-50",
            "Pos-0421-084-cough-m-50",
            "pos-0421-084-cough-x-50",
            "pos-0421-084-cough-m-",
            "pos-0421-084-cough-m-50-",
            "pos-0421-084-cough-m-50-a",
            "pos-0421-084-cough-m-50-1-2",
            "pos-0421-084-cough-m-٥٠",
        ] {
            assert_eq!(person_in(stem), None, "{stem}");
        }
    }
}
