//! The datasets that the program reads, one file or folder each.
//!
//! To add one: a file with a type that is a [`Source`], a variant of [`SourceKind`], a line in [`SOURCES`], and its
//! statuses in [`RULES`](super::policy::RULES). A table whose columns the user must name is no such type, as nothing
//! recognises it: [`mapped`] reads it.

mod combined;
mod coswara;
mod coughvid;
mod fields;
mod folder;
pub mod mapped;
mod search;
pub(super) mod table;
mod virufy;
mod virufy_cdf;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use coughvid::NAMES_NOBODY as COUGHVID_NAMES_NOBODY;
pub(super) use fields::subject;
pub(super) use folder::NAMES_NOBODY as FOLDER_NAMES_NOBODY;
pub use search::{MOST_LEVELS, find};
pub(super) use search::{files_below, list};

use self::fields::Fields;
use super::{Clip, path_text};
use crate::files::FileError;

/// The kinds of dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Coswara of the Indian Institute of Science.
    Coswara,
    /// COUGHVID of EPFL.
    Coughvid,
    /// Virufy's clinical data.
    Virufy,
    /// Virufy's labels for recordings of COUGHVID.
    #[serde(rename = "virufy-cdf")]
    VirufyCdf,
    /// Folders named `healthy` and `sick`.
    Folder,
    /// A table of file names and labels, its columns named by the user.
    Table,
}

impl SourceKind {
    /// The short name in files and on the command line; the same word as in serialised form.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Coswara => "coswara",
            Self::Coughvid => "coughvid",
            Self::Virufy => "virufy",
            Self::VirufyCdf => "virufy-cdf",
            Self::Folder => "folder",
            Self::Table => "table",
        }
    }

    /// The name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coswara => "Coswara",
            Self::Coughvid => "COUGHVID",
            Self::Virufy => "Virufy",
            Self::VirufyCdf => "Virufy CDF",
            Self::Folder => "Folder",
            Self::Table => "Table",
        }
    }

    /// Whether it is one dataset wherever it lies: its name is the same in every copy, and so are its people.
    #[must_use]
    pub const fn is_published(self) -> bool {
        !matches!(self, Self::Folder | Self::Table)
    }

    /// The name on screen of the dataset of this kind in `root`: a plain folder and a table are called as they are on the
    /// disk.
    #[must_use]
    pub fn name_in(self, root: &Path) -> Cow<'_, str> {
        if self.is_published() || root.file_name().is_none() { self.name().into() } else { folder_name(root) }
    }
}

impl std::fmt::Display for SourceKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A dataset's layout on disk: how to know it, and how to read its tables.
pub trait Source: Sync {
    /// Which dataset this is.
    fn kind(&self) -> SourceKind;

    /// What marks its folder, in plain words, to complete "looked for ...".
    fn looks_for(&self) -> &'static str;

    /// Whether this folder is the dataset's root. Looks at names and the heads of tables only, and is quick.
    fn is_root(&self, folder: &Listing) -> bool;

    /// Reads the tables and lists the files under `root`, without opening a sound. Every row of a table and every sound
    /// file gets a clip, so that nothing is lost silently; what becomes of it is the policy's to say, later.
    ///
    /// # Errors
    /// [`SourceError`] when a table cannot be read or lacks a column that the labels need.
    fn read(&self, root: &Path) -> Result<Contents, SourceError>;
}

/// Every dataset, in the order in which a folder is offered to them.
pub const SOURCES: &[&dyn Source] = &[
    &coswara::Coswara,
    &coughvid::Coughvid,
    &virufy_cdf::VirufyCdf,
    &virufy::Virufy,
    &folder::Folder,
    &combined::Combined,
];

/// What a dataset holds, as its tables and folders say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// One clip for each row of a table or sound file, in a fixed order.
    pub clips: Vec<Clip>,
    /// What the reader of a result should know, as whole sentences.
    pub notes: Vec<String>,
}

/// The direct contents of one folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The folder itself.
    pub path: PathBuf,
    /// Its folders, sorted.
    pub folders: Vec<PathBuf>,
    /// Its files, sorted.
    pub files: Vec<PathBuf>,
}

impl Listing {
    /// The folder directly inside with this name, in upper or lower case.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<&Path> {
        self.folders.iter().find(|folder| name_of(folder).eq_ignore_ascii_case(name)).map(PathBuf::as_path)
    }

    /// The tables (`.csv`) directly inside.
    pub fn tables(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(|file| has_extension(file, &["csv"])).map(PathBuf::as_path)
    }
}

/// A found dataset that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A table without a column that the labels need.
    #[error(
        "the table lacks the column {missing} and has {found}; take the dataset's own table, or name that column ({})",
        path.display()
    )]
    Columns {
        /// The columns that are missing.
        missing: String,
        /// The columns that are there.
        found: String,
        /// The table.
        path: PathBuf,
    },
    /// A table that is damaged.
    #[error(
        "the table cannot be read from line {line} on: {problem}; repair it or download it again ({})",
        path.display()
    )]
    Damaged {
        /// The first line of the row in question, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
        /// The table.
        path: PathBuf,
    },
    /// A file that is far larger than such a table or sheet ever is.
    #[error(
        "the file has more than {} MB, far more than any table of this kind; is it the right one? ({})",
        limit_bytes / 1_000_000,
        path.display()
    )]
    TooLarge {
        /// The largest size that is read.
        limit_bytes: u64,
        /// The file.
        path: PathBuf,
    },
}

/// The last part of a path as text; empty where there is none.
pub(super) fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// What a dataset is called after its folder or file: a name that is no readable text as [`path_text`] writes it, so that
/// it can be typed.
pub(super) fn folder_name(root: &Path) -> Cow<'_, str> {
    let name = root.file_name().unwrap_or_default();
    name.to_str().map_or_else(|| path_text::to_text(Path::new(name)).into(), Cow::from)
}

/// The last part of a path as text, without its extension.
pub(super) fn stem_of(path: &Path) -> Cow<'_, str> {
    path.file_stem().unwrap_or_default().to_string_lossy()
}

/// Whether the extension is one of these, in upper or lower case.
fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|own| extensions.iter().any(|one| own.eq_ignore_ascii_case(one)))
}

/// A person of a dataset; ids of two datasets never meet.
fn person(source: SourceKind, id: &str) -> super::PersonId {
    super::PersonId(format!("{}:{id}", source.id()))
}

/// Says how many rows of a table do not count.
fn note_on_rows_left_out(count: usize) -> Option<String> {
    (count > 0)
        .then(|| format!("Not read: {} of the table without an id or with an earlier row's.", counted(count, "row")))
}

/// A count with its noun, for example "1 row" and "2 rows".
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Whether this is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub(super) fn is_uuid(name: &str) -> bool {
    name.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && name.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// A path from a table that was perhaps written on Windows.
fn with_system_separators(path: &str) -> PathBuf {
    if cfg!(windows) { PathBuf::from(path) } else { PathBuf::from(path.replace('\\', "/")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_known_by_their_shape() {
        assert!(is_uuid("00014dcc-0f06-4c27-8c7b-737b18a2cf4c"));
        for name in ["", "cough", "00014dcc0f064c278c7b737b18a2cf4c", "0001-4dcc-0f06-4c27-8c7b737b18a2cf4c", "é"] {
            assert!(!is_uuid(name), "{name}");
        }
    }
}
