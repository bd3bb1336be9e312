//! A folder with any table of file names and labels, whose columns the user names.
//!
//! The label column's words are the statuses. What they count as is for the user to say: only `healthy` and `sick` mean
//! themselves.

mod files;
mod preview;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use files::SoundFiles;
pub use preview::{TablePreview, preview};

use super::fields::subject;
use super::table::{Row, Table};
use super::{Clip, Contents, SourceError, SourceKind, counted, folder_name, person, with_system_separators};
use crate::data::{Obstacle, PersonId, path_text};

/// Which table of a folder describes its recordings, and which of its columns say what. Columns are matched in upper or
/// lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The table, relative to the folder.
    #[serde(with = "relative")]
    pub table: PathBuf,
    /// The column with the sound's name or path.
    pub file: String,
    /// The column with the label.
    pub label: String,
    /// The column that says whose recording it is. Without one, every file counts as a person.
    pub person: Option<String>,
    /// The column with the age in years.
    pub age: Option<String>,
    /// The column with the sex.
    pub sex: Option<String>,
    /// The column that says which dataset a recording comes from. Without one, the folder's name does.
    pub dataset: Option<String>,
}

/// A relative path as portable text, whatever bytes its name has.
mod relative {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::data::study::portable;

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        portable::encode(path, Path::new("")).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Ok(portable::decode(&String::deserialize(deserializer)?, Path::new("")))
    }
}

/// What a mapping would find, for a look before it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingCount {
    /// Rows that name a file.
    pub rows: usize,
    /// Those of them whose file is there.
    pub found: usize,
    /// Label to number of rows; empty for rows that state none.
    pub labels: BTreeMap<String, usize>,
    /// Sound files that no row names.
    pub unnamed: usize,
}

/// Counts what `mapping` would find in `root`, without opening a sound.
///
/// # Errors
/// [`SourceError`] when the table cannot be read or lacks a column of the mapping.
pub fn count_found(root: &Path, mapping: &Mapping) -> Result<MappingCount, SourceError> {
    let table = mapping.open(root)?;
    let sounds = SoundFiles::below(root);
    let rows = Rows::of(&table, mapping, root, &sounds);
    let mut count = MappingCount { unnamed: rows.unnamed(&sounds).count(), ..MappingCount::default() };
    for (_, row) in &rows.rows {
        *count.labels.entry(row.get(&lower(&mapping.label)).to_owned()).or_default() += 1;
    }
    count.rows = rows.rows.len();
    count.found = rows.rows.iter().filter(|(path, _)| path.is_some()).count();
    Ok(count)
}

/// Reads the table that `mapping` names and lists the sounds of `root`, without opening one. A row whose sound is
/// missing is [`Obstacle::NoAudioFile`], and a sound that no row names is [`Obstacle::NotInTable`].
///
/// # Errors
/// [`SourceError`] when the table cannot be read or lacks a column of the mapping.
pub fn read(root: &Path, mapping: &Mapping) -> Result<Contents, SourceError> {
    let table = mapping.open(root)?;
    let sounds = SoundFiles::below(root);
    let rows = Rows::of(&table, mapping, root, &sounds);
    let doubts = table.doubts();
    let reader = Reader { root, mapping, dataset: folder_name(root).into() };
    let mut contents = Contents { notes: doubts, ..Contents::default() };
    contents.clips.extend(rows.rows.iter().map(|(path, row)| reader.clip(path.clone(), *row)));
    contents.clips.extend(rows.unnamed(&sounds).map(|path| reader.clip_without_row(path.to_owned())));
    if rows.nameless > 0 {
        contents.notes.push(format!("Not read: {} of the table without a file name.", counted(rows.nameless, "row")));
    }
    if rows.repeated > 0 {
        contents.notes.push(format!(
            "Not read: {} of the table that say what an earlier row says.",
            counted(rows.repeated, "row")
        ));
    }
    if mapping.person.is_none() {
        contents.notes.push("No column says whose recording is whose: every file counts as one person.".to_owned());
    }
    Ok(contents)
}

impl Mapping {
    /// Reads the table, which must have all columns that this names.
    fn open(&self, root: &Path) -> Result<Table, SourceError> {
        let others = [&self.person, &self.age, &self.sex, &self.dataset].into_iter().flatten();
        let needed: Vec<String> = [&self.file, &self.label].into_iter().chain(others).map(|name| lower(name)).collect();
        let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
        Table::read(&root.join(&self.table), &needed)
    }
}

/// A column's name as rows know it.
fn lower(column: &str) -> String {
    column.trim().to_lowercase()
}

/// The rows of a table with their sounds.
struct Rows<'a> {
    /// The sound of each row, where it is there. A sound is here again only with another label, which the study then
    /// knows to be in dispute.
    rows: Vec<(Option<PathBuf>, Row<'a>)>,
    /// How many rows name no file.
    nameless: usize,
    /// How many rows repeat the file and the label of an earlier row.
    repeated: usize,
}

impl<'a> Rows<'a> {
    fn of(table: &'a Table, mapping: &Mapping, root: &Path, sounds: &SoundFiles) -> Self {
        let place = root.join(&mapping.table);
        let places = [place.parent().unwrap_or(root), root];
        let [column, label] = [&mapping.file, &mapping.label].map(|column| lower(column));
        let mut seen = BTreeSet::new();
        let mut rows = Self { rows: Vec::new(), nameless: 0, repeated: 0 };
        for row in table.rows() {
            let name = row.get(&column);
            if name.is_empty() {
                rows.nameless += 1;
                continue;
            }
            let path = sounds.find(&with_system_separators(name), &places);
            let file = path.clone().unwrap_or_else(|| root.join(name));
            if !seen.insert((file, row.get(&label).to_lowercase())) {
                rows.repeated += 1;
                continue;
            }
            rows.rows.push((path, row));
        }
        rows
    }

    /// The sounds that no row names.
    fn unnamed<'s>(&self, sounds: &'s SoundFiles) -> impl Iterator<Item = &'s Path> + use<'s, '_, 'a> {
        let named: BTreeSet<&Path> = self.rows.iter().filter_map(|(path, _)| path.as_deref()).collect();
        sounds.all().filter(move |path| !named.contains(path))
    }
}

/// Makes clips of rows and files.
struct Reader<'a> {
    root: &'a Path,
    mapping: &'a Mapping,
    /// The folder's name.
    dataset: Arc<str>,
}

impl Reader<'_> {
    fn clip(&self, path: Option<PathBuf>, row: Row) -> Clip {
        let get = |column: &Option<String>| column.as_deref().map_or("", |column| row.get(&lower(column)));
        let obstacle = path.is_none().then_some(Obstacle::NoAudioFile);
        let path = path.unwrap_or_else(|| self.root.join(with_system_separators(row.get(&lower(&self.mapping.file)))));
        let dataset = match get(&self.mapping.dataset) {
            "" => self.dataset.clone(),
            dataset => dataset.into(),
        };
        let person = match get(&self.mapping.person) {
            "" => self.person_of(&path),
            // Tables number their people alike.
            id => person(SourceKind::Table, &format!("{dataset}/{id}")),
        };
        let subject = subject(get(&self.mapping.age), get(&self.mapping.sex));
        let status = row.get(&lower(&self.mapping.label));
        Clip { dataset, subject, obstacle, ..Clip::new(path, SourceKind::Table, person, status) }
    }

    fn clip_without_row(&self, path: PathBuf) -> Clip {
        let person = self.person_of(&path);
        let clip = Clip::new(path, SourceKind::Table, person, "");
        Clip { dataset: self.dataset.clone(), obstacle: Some(Obstacle::NotInTable), ..clip }
    }

    /// The person of a recording that nobody is named for: its own.
    fn person_of(&self, path: &Path) -> PersonId {
        let inside = path_text::to_text(path.strip_prefix(self.root).unwrap_or(path));
        person(SourceKind::Table, &format!("{}/{inside}", self.dataset))
    }
}
