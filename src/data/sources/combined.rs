//! A folder with a table of recordings, as `coughscope table` writes it: their sounds may lie anywhere.

use std::path::Path;

use super::search::list;
use super::{Contents, Listing, Source, SourceError, SourceKind, counted};
use crate::data::table;

/// The layout of a folder with such a table.
pub(super) struct Combined;

impl Source for Combined {
    fn kind(&self) -> SourceKind {
        SourceKind::Table
    }

    fn looks_for(&self) -> &'static str {
        "a table of recordings that coughscope exported"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        table_in(folder).is_some()
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let listing = list(root)?;
        let Some(path) = table_in(&listing) else { return Ok(Contents::default()) };
        let mut contents = table::read(path)?;
        let others = listing.tables().filter(|other| *other != path && table::is_combined_table(other)).count();
        if others > 0 {
            contents.notes.push(format!("Not read: {} of recordings in this folder.", counted(others, "other table")));
        }
        Ok(contents)
    }
}

fn table_in(folder: &Listing) -> Option<&Path> {
    folder.tables().find(|path| table::is_combined_table(path))
}
