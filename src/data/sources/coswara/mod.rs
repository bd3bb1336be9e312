//! Coswara (Indian Institute of Science; Bhattacharya et al., Scientific Data 10, 397, 2023).
//!
//! ```text
//! Extracted_data/<date>/<id>/{cough-heavy,cough-shallow,...}.wav, metadata.json
//! <date>/<date>.tar.gz.aa, .ab, ...   the same, still packed
//! combined_data.csv                   id, covid_status, a (age), g (gender), ...; 21 to 36 columns in any order
//! <date>/<date>.csv                   one part of that table; 13 to 38 columns
//! annotations/cough-heavy_labels.csv  FILENAME, QUALITY
//! ```
//! Where exactly the people's folders lie does not matter: mirrors have them elsewhere (`coswara_data/kaggle_data`, with
//! the tables in `csvs`), and they are known by their contents. A person without a row in a table is described by the
//! `metadata.json`.

mod annotations;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use annotations::Annotations;
use files::{Days, Files, PersonFolder, is_archive, is_date, is_person, is_persons_file};

use super::fields::{Fields, Sheet, subject, words_of};
use super::search::list;
use super::table::{Row, Table};
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{counted, name_of, note_on_rows_left_out, person};
use crate::data::archives::{EXTRACTED, default_target};
use crate::data::{Form, Obstacle, Subject};

const TABLE: &str = "combined_data.csv";
const NEEDED: [&str; 2] = ["id", "covid_status"];
/// Where the Kaggle mirror keeps the tables.
const TABLES_FOLDER: &str = "csvs";
/// The columns that state a symptom or condition, and what they mean (`csv_labels_legend.json`): first what may come
/// from an infection, then what was there before.
const SYMPTOMS: [(&str, &str); 18] = [
    ("cold", "cold"),
    ("cough", "cough"),
    ("fever", "fever"),
    ("st", "sore throat"),
    ("bd", "breathing difficulties"),
    ("ftg", "fatigue"),
    ("mp", "muscle pain"),
    ("loss_of_smell", "loss of smell and taste"),
    ("diarrhoea", "diarrhoea"),
    ("pneumonia", "pneumonia"),
    ("others_resp", "other respiratory illness"),
    ("asthma", "asthma"),
    ("cld", "chronic lung disease"),
    ("ht", "hypertension"),
    ("ihd", "ischemic heart disease"),
    ("diabetes", "diabetes"),
    ("others_preexist", "other condition"),
    ("smoker", "smoker"),
];

/// The layout of Coswara.
pub(super) struct Coswara;

impl Source for Coswara {
    fn kind(&self) -> SourceKind {
        SourceKind::Coswara
    }

    fn looks_for(&self) -> &'static str {
        "Coswara's combined_data.csv, Extracted_data folder or archives"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        let has_columns = |table: &Path| Table::has_columns(table, &NEEDED);
        let is_day = |inner: &PathBuf| is_date(&name_of(inner)) && list(inner).is_ok_and(|day| holds_a_day(&day));
        // By its name too, so that a column that is missing can be named.
        folder.tables().any(|table| is_combined(table) && Table::has_any_column(table, &NEEDED))
            || folder.folder("extracted_data").is_some()
            || folder
                .folder(TABLES_FOLDER)
                .is_some_and(|csvs| list(csvs).is_ok_and(|csvs| csvs.tables().any(has_columns)))
            || folder.folders.iter().any(is_day)
            || holds_people(folder)
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let mut contents = Contents::default();
        let listing = list(root)?;
        let tables = read_tables(&listing, &mut contents.notes)?;
        let Files { mut people, archives } = Files::below(root);
        let days = Days::read(&listing, default_target(root)?, &people);
        let without_folder = days.without(&people);
        let annotations = Annotations::read(root, &mut contents.notes);
        let mut reader = Reader { days: &days, annotations: &annotations, clips: &mut contents.clips };
        let (rows, left_out) = rows_of(&tables);
        contents.notes.extend(note_on_rows_left_out(left_out));
        contents.notes.extend(tables.iter().flat_map(Table::doubts));
        reader.read_rows(&rows, &mut people);
        if !tables.is_empty() && !people.is_empty() {
            let count = counted(people.len(), "folder");
            contents.notes.push(format!("Described by the metadata.json, as no table has the person: {count}."));
        }
        reader.read_sheets(&people);
        let unpacked = unpacked_days(&contents.clips);
        contents.notes.extend(note_on_archives(&archives, &unpacked));
        let half: Vec<&str> = without_folder.filter(|day| archives.contains(*day) && unpacked.contains(*day)).collect();
        contents.notes.extend(note_on_half_days(&half));
        Ok(contents)
    }
}

fn is_combined(table: &Path) -> bool {
    name_of(table).eq_ignore_ascii_case(TABLE)
}

/// Whether the folder of one day holds people, the packed sound of that day, or its table.
fn holds_a_day(folder: &Listing) -> bool {
    folder.folders.iter().any(|inner| is_person(&name_of(inner)))
        || folder.files.iter().any(|file| is_archive(&name_of(file)))
        || folder.tables().any(|table| Table::has_columns(table, &NEEDED))
}

/// Whether people's folders lie directly in this one, as in a single day or in `kaggle_data`.
fn holds_people(folder: &Listing) -> bool {
    let person = folder.folders.iter().find(|inner| is_person(&name_of(inner)));
    person.is_some_and(|person| list(person).is_ok_and(|inner| inner.files.iter().any(|file| is_persons_file(file))))
}

/// The combined table; where there is none, the tables of the days; where there is none either, nothing. `notes` says
/// what took its place.
///
/// # Errors
/// [`SourceError`] when the combined table cannot be read. The table of one day does not hide the others.
fn read_tables(root: &Listing, notes: &mut Vec<String>) -> Result<Vec<Table>, SourceError> {
    let beside = root.folder(TABLES_FOLDER).map(list).transpose()?.unwrap_or_default();
    if let Some(combined) = root.tables().chain(beside.tables()).find(|table| is_combined(table)) {
        return Ok(vec![Table::read(combined, &NEEDED)?]);
    }
    let days = root.folders.iter().filter(|folder| is_date(&name_of(folder)));
    let mut tables = Vec::new();
    for folder in std::iter::once(beside).chain(days.filter_map(|day| list(day).ok())) {
        for path in folder.tables() {
            match Table::read(path, &NEEDED) {
                Ok(table) => tables.push(table),
                Err(error) => notes.push(format!("One table was not read: {error}.")),
            }
        }
    }
    notes.push(match tables.len() {
        0 => format!("{TABLE} is missing; the labels come from each person's metadata.json."),
        1 => format!("{TABLE} is missing; the labels come from the table of one day."),
        days => format!("{TABLE} is missing; the labels come from the tables of {days} days."),
    });
    Ok(tables)
}

/// The rows of all tables by id, the first of each, and how many are left out.
fn rows_of(tables: &[Table]) -> (BTreeMap<String, Row<'_>>, usize) {
    let (mut rows, mut left_out) = (BTreeMap::new(), 0);
    for table in tables {
        let (more, repeated) = table.rows_by(|row| row.get("id").to_owned());
        left_out += repeated + more.keys().filter(|id| rows.contains_key(*id)).count();
        for (id, row) in more {
            rows.entry(id).or_insert(row);
        }
    }
    (rows, left_out)
}

/// Makes clips of people.
struct Reader<'a> {
    days: &'a Days,
    annotations: &'a Annotations,
    clips: &'a mut Vec<Clip>,
}

impl Reader<'_> {
    /// Adds the people of the tables, and takes their folders out of `folders`.
    fn read_rows(&mut self, rows: &BTreeMap<String, Row>, folders: &mut BTreeMap<String, PersonFolder>) {
        let spelled_otherwise = folders_spelled_otherwise(rows, folders);
        for (id, row) in rows {
            let name = spelled_otherwise.get(id).unwrap_or(id);
            let folder = folders.remove(name).unwrap_or_default();
            self.add(id, &folder, row, None);
        }
    }

    /// Adds people that no table describes, by the sheet in their folder.
    fn read_sheets(&mut self, folders: &BTreeMap<String, PersonFolder>) {
        for (id, folder) in folders {
            let sheet = folder.sheet.as_deref().map_or_else(|| Ok(Sheet::default()), Sheet::read);
            let obstacle = sheet.as_ref().err().map(|error| {
                log::warn!("{error}");
                Obstacle::DamagedSheet
            });
            self.add(id, folder, &sheet.unwrap_or_default(), obstacle.as_ref());
        }
    }

    /// Adds a clip for each of a person's two coughs.
    fn add(&mut self, id: &str, folder: &PersonFolder, fields: &dyn Fields, obstacle: Option<&Obstacle>) {
        let coughs =
            [(Form::Heavy, "cough-heavy.wav", &folder.heavy), (Form::Shallow, "cough-shallow.wav", &folder.shallow)];
        let subject = Subject {
            symptoms: words_of(fields, &SYMPTOMS),
            recorded: fields.get("record_date").to_owned(),
            ..subject(fields.get("a"), fields.get("g"))
        };
        // Where a sound that is not there would be: beside the other one, else where its day says.
        let place = folder.path().map_or_else(|| self.days.place(id), Path::to_owned);
        for (form, name, path) in coughs {
            let (path, obstacle) = match path {
                Some(path) => (path.clone(), obstacle.cloned()),
                None => (place.join(name), Some(Obstacle::NoAudioFile)),
            };
            let person = person(SourceKind::Coswara, id);
            let opinions = self.annotations.of(id, form).into_iter().collect();
            let clip = Clip::new(path, SourceKind::Coswara, person, fields.get("covid_status"));
            self.clips.push(Clip { subject: subject.clone(), form, opinions, obstacle, ..clip });
        }
    }
}

/// The rows whose folder differs from the id in upper and lower case only, as disks that ignore case leave them: id to
/// folder name. A folder that is some row's exactly is never given to another.
fn folders_spelled_otherwise(
    rows: &BTreeMap<String, Row>,
    folders: &BTreeMap<String, PersonFolder>,
) -> BTreeMap<String, String> {
    let mut free: BTreeMap<String, &String> =
        folders.keys().filter(|name| !rows.contains_key(*name)).map(|name| (name.to_lowercase(), name)).collect();
    rows.keys()
        .filter(|id| !folders.contains_key(*id))
        .filter_map(|id| free.remove(&id.to_lowercase()).map(|name| (id.clone(), name.clone())))
        .collect()
}

/// The days of which at least one sound is there.
fn unpacked_days(clips: &[Clip]) -> BTreeSet<String> {
    let days = clips.iter().filter(|clip| clip.has_file()).filter_map(|clip| clip.path.parent()?.parent());
    days.map(|day| name_of(day).into_owned()).collect()
}

/// Says so when days that are there as archives too lack some of their people, one entry in `missing` for each: unpacking
/// was interrupted.
fn note_on_half_days(missing: &[&str]) -> Option<String> {
    let days: BTreeSet<&str> = missing.iter().copied().collect();
    let first = days.first()?;
    let others = match days.len() - 1 {
        0 => String::new(),
        others => format!(" and {}", counted(others, "other day")),
    };
    Some(format!(
        "Perhaps unpacked in part: {first}{others}; people in the tables without a folder there: {}. Remove the folder of \
         such a day from {EXTRACTED}, and let coughscope unpack it again.",
        missing.len()
    ))
}

/// Says so when the sound of some days is not unpacked yet: a clone of the dataset holds it as split archives.
fn note_on_archives(archives: &BTreeSet<String>, unpacked: &BTreeSet<String>) -> Option<String> {
    let packed = archives.difference(unpacked).count();
    if packed == 0 {
        return None;
    }
    let sound = if unpacked.is_empty() { "The sound" } else { "A part of the sound" };
    let archives = counted(packed, "archive");
    Some(format!("{sound} is still packed in {archives} (.tar.gz.aa and so on); let coughscope unpack them."))
}
