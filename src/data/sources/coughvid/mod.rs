//! COUGHVID (EPFL; Orlandic, Teijeiro, Atienza, Scientific Data 8, 156, 2021), versions 1 to 3 and their mirrors.
//!
//! ```text
//! metadata_compiled.csv   uuid, datetime, cough_detected, latitude, longitude, age, gender, ..., status, ...
//! <uuid>.{webm,ogg,wav}   beside the table, or below it
//! <uuid>.json             beside the sound; the same values, which count only where there is no table (version 1)
//! ```
//! The dataset names no people. Recordings from one place of one age and gender within minutes are most likely one
//! person's, so they are kept together; that no other person is in two parts cannot be proven. `status_SSL`, which
//! version 3 adds, was guessed by a classifier and is not read.

mod files;
mod people;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use files::{Files, holds_pairs, read_sheets};
use people::people;

use super::fields::{Fields, score, subject, words_of};
use super::search::list;
use super::table::Table;
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{counted, is_uuid, name_of, note_on_rows_left_out, person};
use crate::data::{Obstacle, Opinion, Rating, Subject};

/// What a reader of any split with COUGHVID must know.
pub const NAMES_NOBODY: &str = "COUGHVID names no people. Recordings of the same place, age and gender within 15 minutes \
                                count as one person's: that nobody is in two parts is likely there, but cannot be proven.";

const TABLE: &str = "metadata_compiled.csv";
const NEEDED: [&str; 3] = ["uuid", "cough_detected", "status"];
/// What people could tick, and what it means.
const SYMPTOMS: [(&str, &str); 2] =
    [("respiratory_condition", "respiratory condition"), ("fever_muscle_pain", "fever or muscle pain")];
/// How many experts listened.
const EXPERTS: usize = 4;

/// The layout of COUGHVID.
pub(super) struct Coughvid;

impl Source for Coughvid {
    fn kind(&self) -> SourceKind {
        SourceKind::Coughvid
    }

    fn looks_for(&self) -> &'static str {
        "COUGHVID's metadata_compiled.csv or its pairs of sound and .json"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        table_in(folder).is_some() || holds_pairs(folder)
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let listing = list(root)?;
        let files = Files::below(root);
        let mut reader = Reader { root, sounds: files.sounds, contents: Contents::default() };
        if let Some(path) = table_in(&listing) {
            let table = Table::read(path, &NEEDED)?;
            let (rows, left_out) = table.rows_by(|row| row.get("uuid").to_lowercase());
            reader.add_all(&rows);
            reader.contents.notes.extend(note_on_rows_left_out(left_out));
            reader.contents.notes.extend(table.doubts());
        } else {
            let (sheets, damaged) = read_sheets(files.sheets);
            reader.add_all(&sheets);
            reader.contents.notes.push("There is no table; the labels come from each recording's .json.".to_owned());
            for uuid in damaged {
                reader.add_nameless(&uuid, Obstacle::DamagedSheet);
            }
        }
        reader.add_the_rest();
        if files.passed_over > 0 {
            reader.contents.notes.push(format!(
                "Passed over: {} of recordings that are there in another format too; each is read once, from WebM \
                 before Ogg before WAV.",
                counted(files.passed_over, "file")
            ));
        }
        Ok(reader.contents)
    }
}

/// The table of this folder: known by its columns, but of several the one with the dataset's own name, which is known
/// even if a column is missing, so that it can be named.
fn table_in(folder: &Listing) -> Option<&Path> {
    /// More tables than any version or mirror has beside each other.
    const MOST_TABLES: usize = 32;
    let mut tables: Vec<_> = folder.tables().collect();
    let is_own = |path: &Path| name_of(path).eq_ignore_ascii_case(TABLE);
    tables.sort_by_key(|path| !is_own(path));
    tables.into_iter().take(MOST_TABLES).find(|path| {
        Table::has_columns(path, &["uuid", "cough_detected"]) || is_own(path) && Table::has_any_column(path, &NEEDED)
    })
}

/// Makes clips of recordings.
struct Reader<'a> {
    root: &'a Path,
    /// The sound of recordings that have no clip yet, by uuid.
    sounds: BTreeMap<String, PathBuf>,
    contents: Contents,
}

impl Reader<'_> {
    /// Adds the recordings that a table or their sheets describe, by uuid.
    fn add_all<F: Fields>(&mut self, described: &BTreeMap<String, F>) {
        let people = people(described);
        for (uuid, fields) in described {
            let person_id = people.get(uuid).unwrap_or(uuid);
            let clip = clip(self.root, uuid, fields, person_id, self.sounds.remove(uuid));
            self.contents.clips.push(clip);
        }
        self.contents.notes.push(note_on_people(&people));
    }

    /// Adds a recording of which only the name is known.
    fn add_nameless(&mut self, uuid: &str, obstacle: Obstacle) {
        let (path, obstacle) = match self.sounds.remove(uuid) {
            Some(path) => (path, obstacle),
            None => (self.root.join(uuid), Obstacle::NoAudioFile),
        };
        let clip = Clip::new(path, SourceKind::Coughvid, person(SourceKind::Coughvid, uuid), "");
        self.contents.clips.push(Clip { obstacle: Some(obstacle), ..clip });
    }

    /// Adds the sounds that nothing describes. Other files (a README's example) are not recordings of the dataset.
    fn add_the_rest(&mut self) {
        let rest: Vec<String> = self.sounds.keys().filter(|uuid| is_uuid(uuid)).cloned().collect();
        if !rest.is_empty() {
            let count = counted(rest.len(), "sound file");
            self.contents.notes.push(format!("In no table or sheet, and so without a label: {count}."));
        }
        for uuid in rest {
            self.add_nameless(&uuid, Obstacle::NotInTable);
        }
    }
}

fn clip(root: &Path, uuid: &str, fields: &dyn Fields, person_id: &str, file: Option<PathBuf>) -> Clip {
    let obstacle = file.is_none().then_some(Obstacle::NoAudioFile);
    let path = file.unwrap_or_else(|| root.join(uuid));
    let person = person(SourceKind::Coughvid, person_id);
    Clip {
        subject: Subject {
            symptoms: words_of(fields, &SYMPTOMS),
            recorded: fields.get("datetime").to_owned(),
            ..subject(fields.get("age"), fields.get("gender"))
        },
        cough_detected: score(fields.get("cough_detected")),
        opinions: (1..=EXPERTS).filter_map(|expert| opinion(fields, expert)).collect(),
        obstacle,
        ..Clip::new(path, SourceKind::Coughvid, person, fields.get("status"))
    }
}

/// What this expert said, if anything: `diagnosis_1` of a table, `expert_labels_1.diagnosis` of a sheet.
fn opinion(fields: &dyn Fields, expert: usize) -> Option<Opinion> {
    let said = |what: &str| {
        let in_table = fields.get(&format!("{what}_{expert}"));
        if in_table.is_empty() { fields.get(&format!("expert_labels_{expert}.{what}")) } else { in_table }.to_owned()
    };
    let rating = match said("quality").to_lowercase().as_str() {
        "good" => Some(Rating::Good),
        "ok" => Some(Rating::Fair),
        "poor" => Some(Rating::Poor),
        "no_cough" => Some(Rating::NoCough),
        _ => None,
    };
    let opinion = Opinion { diagnosis: said("diagnosis"), rating, severity: said("severity") };
    (opinion != Opinion::default()).then_some(opinion)
}

fn note_on_people(people: &HashMap<String, String>) -> String {
    let joined = match people.iter().filter(|(uuid, first)| uuid != first).count() {
        0 => String::new(),
        1 => " Here 1 recording was joined to an earlier one.".to_owned(),
        more => format!(" Here {more} recordings were joined to earlier ones."),
    };
    format!("{NAMES_NOBODY}{joined}")
}
