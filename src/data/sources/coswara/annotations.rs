//! What Coswara's listeners said of the recordings' quality.

use std::collections::HashMap;
use std::path::Path;

use crate::data::sources::search::list;
use crate::data::sources::table::Table;
use crate::data::sources::{name_of, stem_of};
use crate::data::{Form, Opinion, Rating};

const FOLDER: &str = "annotations";
const NEEDED: [&str; 2] = ["filename", "quality"];

/// One rating each for recordings of heavy and shallow coughs.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// By id as it is written.
    exact: HashMap<(String, Form), Rating>,
    /// By id in lower case; ids are unique in it.
    lower_case: HashMap<(String, Form), Rating>,
}

impl Annotations {
    /// Reads `annotations/cough-heavy*.csv` and `cough-shallow*.csv`; what comes before `_labels` differs with the age of
    /// the copy. A table that cannot be read is named in `notes`: labels do not depend on it.
    pub(super) fn read(root: &Path, notes: &mut Vec<String>) -> Self {
        let mut annotations = Self::default();
        let folder = list(root).ok().and_then(|root| list(root.folder(FOLDER)?).ok()).unwrap_or_default();
        for path in folder.tables() {
            let name = name_of(path).to_lowercase();
            let form = if name.starts_with("cough-heavy") {
                Form::Heavy
            } else if name.starts_with("cough-shallow") {
                Form::Shallow
            } else {
                continue;
            };
            match Table::read(path, &NEEDED) {
                Ok(table) => {
                    annotations.add(&table, form);
                    notes.extend(table.doubts());
                }
                Err(error) => notes.push(format!("The ratings of listeners were not read: {error}.")),
            }
        }
        annotations
    }

    fn add(&mut self, table: &Table, form: Form) {
        for row in table.rows() {
            let rating = match row.get("quality") {
                "0" => Rating::Poor,
                "1" => Rating::Good,
                "2" => Rating::Excellent,
                _ => continue,
            };
            // `<id>_cough-heavy`, where ids are letters and digits.
            let stem = stem_of(Path::new(row.get("filename")));
            let id = stem.split_once('_').map_or(stem.as_ref(), |(id, _)| id);
            self.exact.entry((id.to_owned(), form)).or_insert(rating);
            self.lower_case.entry((id.to_lowercase(), form)).or_insert(rating);
        }
    }

    /// What was said of this person's recording.
    pub(super) fn of(&self, id: &str, form: Form) -> Option<Opinion> {
        let exact = self.exact.get(&(id.to_owned(), form));
        let rating = exact.or_else(|| self.lower_case.get(&(id.to_lowercase(), form)))?;
        Some(Opinion { rating: Some(*rating), ..Opinion::default() })
    }
}
