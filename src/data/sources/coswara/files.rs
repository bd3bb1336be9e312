//! The people's folders and the archives of a copy of Coswara, wherever they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::data::sources::search::{files_below, list};
use crate::data::sources::table::Table;
use crate::data::sources::{Listing, has_extension, name_of, stem_of};

/// Stands for the folder of a day that no table tells, so that nobody looks for the person beside the days.
const UNKNOWN_DAY: &str = "(unknown day)";

/// Length of a person's id, the name of the person's folder.
const ID_LENGTH: usize = 28;

/// What lies below the root.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The folders that hold a person's coughs or sheet, by the folder's name, which is the person's id.
    pub(super) people: BTreeMap<String, PersonFolder>,
    /// The days whose sound is there in split archives.
    pub(super) archives: BTreeSet<String>,
}

/// What one person's folder holds of what is needed here.
#[derive(Debug, Default)]
pub(super) struct PersonFolder {
    pub(super) heavy: Option<PathBuf>,
    pub(super) shallow: Option<PathBuf>,
    pub(super) sheet: Option<PathBuf>,
}

impl PersonFolder {
    /// The folder itself; `None` where nothing of it is there.
    pub(super) fn path(&self) -> Option<&Path> {
        [&self.heavy, &self.shallow, &self.sheet].into_iter().flatten().next()?.parent()
    }
}

impl Files {
    /// Looks at every name below `root`.
    pub(super) fn below(root: &Path) -> Self {
        let mut files = Self::default();
        for path in files_below(root) {
            let name = name_of(&path);
            if is_archive(&name) {
                let (day, _) = name.split_once('.').unwrap_or((&name, ""));
                files.archives.insert(day.to_owned());
            } else if is_persons_file(&path) {
                files.insert(path);
            }
        }
        files
    }

    /// Adds a person's file.
    fn insert(&mut self, path: PathBuf) {
        let Some(folder) = path.parent() else { return };
        let person = self.people.entry(name_of(folder).into_owned()).or_default();
        let slot = match stem_of(&path).to_lowercase().as_str() {
            "cough-heavy" => &mut person.heavy,
            "cough-shallow" => &mut person.shallow,
            _ => &mut person.sheet,
        };
        slot.get_or_insert(path);
    }
}

/// On which day the people were put into the dataset, which is where their sound lies; only the tables of the days say.
#[derive(Debug)]
pub(super) struct Days {
    /// Id to day.
    of_person: BTreeMap<String, String>,
    /// Where the people of days that nobody knows lie.
    otherwise: PathBuf,
    /// Where the archives are unpacked to.
    extracted: PathBuf,
}

impl Days {
    /// Reads the tables of the days in `root`. One that cannot be read tells nothing.
    pub(super) fn read(root: &Listing, extracted: PathBuf, people: &BTreeMap<String, PersonFolder>) -> Self {
        let mut of_person = BTreeMap::new();
        for folder in root.folders.iter().filter(|folder| is_date(&name_of(folder))) {
            let day = name_of(folder).into_owned();
            let tables = list(folder).unwrap_or_default();
            for table in tables.tables().filter_map(|path| Table::read(path, &["id"]).ok()) {
                for row in table.rows().filter(|row| !row.get("id").is_empty()) {
                    of_person.entry(row.get("id").to_owned()).or_insert_with(|| day.clone());
                }
            }
        }
        // A mirror has its people in one folder; elsewhere each day has its own.
        let around = people.values().find_map(|person| Some(person.path()?.parent()?.to_owned()));
        // The date of a recording is no help: the combined table has far more of them than there are folders.
        let otherwise =
            around.filter(|folder| !is_date(&name_of(folder))).unwrap_or_else(|| extracted.join(UNKNOWN_DAY));
        Self { of_person, otherwise, extracted }
    }

    /// Where a person's folder would be.
    pub(super) fn place(&self, id: &str) -> PathBuf {
        let day = self.of_person.get(id);
        day.map_or_else(|| self.otherwise.clone(), |day| self.extracted.join(day)).join(id)
    }

    /// The day of each person who has no folder, however it is spelled.
    pub(super) fn without(&self, folders: &BTreeMap<String, PersonFolder>) -> impl Iterator<Item = &str> + use<'_> {
        let there: BTreeSet<String> = folders.keys().map(|name| name.to_lowercase()).collect();
        let lacking = self.of_person.iter().filter(move |(id, _)| !there.contains(&id.to_lowercase()));
        lacking.map(|(_, day)| day.as_str())
    }
}

/// Whether this is one of a person's coughs or the sheet.
pub(super) fn is_persons_file(path: &Path) -> bool {
    let stem = stem_of(path);
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    is("metadata") && has_extension(path, &["json"])
        || (is("cough-heavy") || is("cough-shallow")) && has_extension(path, &["wav"])
}

/// Whether a folder is named like a person: 28 letters and digits.
pub(super) fn is_person(name: &str) -> bool {
    name.len() == ID_LENGTH && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a folder's name is a date of recording, for example `20200413`.
pub(super) fn is_date(name: &str) -> bool {
    name.len() == 8 && name.starts_with("20") && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a file holds the sound of one day or a part of it, for example `20200413.tar.gz.aa`.
pub(super) fn is_archive(name: &str) -> bool {
    let Some((day, rest)) = name.split_once('.') else { return false };
    is_date(day) && (rest == "tar.gz" || rest.starts_with("tar.gz."))
}
