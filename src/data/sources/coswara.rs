//! Coswara (Indian Institute of Science; Bhattacharya et al., Scientific Data 10, 397, 2023).
//!
//! ```text
//! Extracted_data/<date>/<id>/{cough-heavy,cough-shallow,...}.wav, metadata.json
//! combined_data.csv       id, covid_status, a (age), g (gender), ...; 21 to 36 columns in any order
//! ```
//! Where exactly the people's folders lie does not matter: mirrors have them elsewhere, and they are known by their
//! contents. A person without a row in the table is described by the `metadata.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::search::{files_below, list};
use super::table::{Row, Table, read_text};
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{has_extension, name_of, note_on_rows_left_out, person, stem_of, subject};
use crate::data::{Form, Obstacle, Subject};

const TABLE: &str = "combined_data.csv";
const NEEDED: [&str; 2] = ["id", "covid_status"];
/// Length of a person's id, the name of the person's folder.
const ID_LENGTH: usize = 28;

/// The layout of Coswara.
pub(super) struct Coswara;

impl Source for Coswara {
    fn kind(&self) -> SourceKind {
        SourceKind::Coswara
    }

    fn looks_for(&self) -> &'static str {
        "Coswara's combined_data.csv or Extracted_data folder"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        table_in(folder).is_some_and(|table| Table::has_columns(table, &NEEDED))
            || folder.folder("extracted_data").is_some()
            || folder.folders.iter().any(|inner| is_date(&name_of(inner)) && holds_people(inner))
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let table = table_in(&list(root)?).map(|path| Table::read(path, &NEEDED)).transpose()?;
        let mut folders = people_folders(root);
        let mut contents = Contents::default();
        let mut reader = Reader { root, clips: &mut contents.clips };
        if let Some(table) = &table {
            let (rows, left_out) = table.rows_by(|row| row.get("id").to_owned());
            contents.notes.extend(note_on_rows_left_out(left_out));
            reader.read_rows(&rows, &mut folders);
            if !folders.is_empty() {
                let count = folders.len();
                contents.notes.push(format!("{count} people are not in {TABLE}; their metadata.json describes them."));
            }
        } else {
            contents.notes.push(format!("{TABLE} is missing; the labels come from each person's metadata.json."));
        }
        reader.read_sheets(&folders);
        contents.notes.extend(note_on_archives(root, &contents.clips));
        Ok(contents)
    }
}

/// What one person's folder holds of what is needed here.
#[derive(Debug, Default)]
struct PersonFolder {
    heavy: Option<PathBuf>,
    shallow: Option<PathBuf>,
    sheet: Option<PathBuf>,
}

/// Makes clips of people.
struct Reader<'a> {
    root: &'a Path,
    clips: &'a mut Vec<Clip>,
}

impl Reader<'_> {
    /// Adds the people of the table, and takes their folders out of `folders`.
    fn read_rows(&mut self, rows: &BTreeMap<String, Row>, folders: &mut BTreeMap<String, PersonFolder>) {
        let spelled_otherwise = folders_spelled_otherwise(rows, folders);
        for (id, row) in rows {
            let name = spelled_otherwise.get(id).unwrap_or(id);
            let folder = folders.remove(name).unwrap_or_default();
            self.add(id, &folder, row.get("covid_status"), &subject(row.get("a"), row.get("g")), None);
        }
    }

    /// Adds people that no table describes, by the sheet in their folder.
    fn read_sheets(&mut self, folders: &BTreeMap<String, PersonFolder>) {
        for (id, folder) in folders {
            let sheet = folder.sheet.as_deref().map_or_else(|| Ok(Sheet::default()), read_sheet);
            let obstacle = sheet.as_ref().err().map(|error| {
                log::warn!("{error}");
                Obstacle::DamagedSheet
            });
            let sheet = sheet.unwrap_or_default();
            let subject = subject(sheet.text("a"), sheet.text("g"));
            self.add(id, folder, sheet.text("covid_status"), &subject, obstacle.as_ref());
        }
    }

    /// Adds a clip for each of a person's two coughs.
    fn add(&mut self, id: &str, folder: &PersonFolder, status: &str, subject: &Subject, obstacle: Option<&Obstacle>) {
        let coughs =
            [(Form::Heavy, "cough-heavy.wav", &folder.heavy), (Form::Shallow, "cough-shallow.wav", &folder.shallow)];
        for (form, name, path) in coughs {
            let (path, obstacle) = match path {
                Some(path) => (path.clone(), obstacle.cloned()),
                None => (self.root.join(id).join(name), Some(Obstacle::NoAudioFile)),
            };
            let person = person(SourceKind::Coswara, id);
            let subject = subject.clone();
            self.clips.push(Clip { subject, form, obstacle, ..Clip::new(path, SourceKind::Coswara, person, status) });
        }
    }
}

/// A person's `metadata.json`: a flat object, in which a missing key means "not stated".
#[derive(Debug, Default)]
struct Sheet(BTreeMap<String, String>);

impl Sheet {
    /// The text of a key; empty where there is none.
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }
}

/// Reads a sheet; the error says in words what is wrong, for the log.
fn read_sheet(path: &Path) -> Result<Sheet, String> {
    let text = read_text(path).map_err(|error| error.to_string())?;
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|error| format!("not a sheet: {error} ({})", path.display()))?;
    let text_of = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    Ok(Sheet(fields.into_iter().map(|(key, value)| (key, text_of(value))).collect()))
}

/// The table of this folder, if it has one.
fn table_in(folder: &Listing) -> Option<&Path> {
    folder.tables().find(|path| name_of(path).eq_ignore_ascii_case(TABLE))
}

/// Every folder below `root` that holds a person's coughs or sheet, by the folder's name, which is the person's id.
fn people_folders(root: &Path) -> BTreeMap<String, PersonFolder> {
    let mut folders: BTreeMap<String, PersonFolder> = BTreeMap::new();
    for path in files_below(root) {
        let stem = stem_of(&path).to_lowercase();
        let is_sound = has_extension(&path, &["wav"]);
        let is_sheet = stem == "metadata" && has_extension(&path, &["json"]);
        if !(is_sheet || is_sound && matches!(stem.as_str(), "cough-heavy" | "cough-shallow")) {
            continue;
        }
        let Some(parent) = path.parent() else { continue };
        let person = folders.entry(name_of(parent).into_owned()).or_default();
        let slot = match stem.as_str() {
            "cough-heavy" => &mut person.heavy,
            "cough-shallow" => &mut person.shallow,
            _ => &mut person.sheet,
        };
        slot.get_or_insert(path);
    }
    folders
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

/// Says so when nothing is unpacked yet: a clone of the dataset holds its sound as split archives.
fn note_on_archives(root: &Path, clips: &[Clip]) -> Option<String> {
    if clips.iter().any(Clip::has_file) {
        return None;
    }
    let archives: BTreeSet<_> = files_below(root)
        .filter(|path| name_of(path).contains(".tar.gz"))
        .map(|path| stem_of(&path).into_owned())
        .collect();
    if archives.is_empty() {
        return None;
    }
    let count = archives.len();
    Some(format!(
        "The sound is still packed in {count} archives (.tar.gz.aa and so on); unpack them into Extracted_data."
    ))
}

/// Whether a folder's name is a date of recording, for example `20200413`.
fn is_date(name: &str) -> bool {
    name.len() == 8 && name.starts_with("20") && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a folder holds folders that are named like people.
fn holds_people(folder: &Path) -> bool {
    let is_id = |name: &str| name.len() == ID_LENGTH && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    list(folder).is_ok_and(|inner| inner.folders.iter().any(|person| is_id(&name_of(person))))
}
