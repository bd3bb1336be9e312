//! What the datasets' rows and sheets have in common: named values, and the words in them.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::read_text;
use crate::data::Subject;

/// Named values that describe one recording: a row of a table, or a sheet of its own.
pub(super) trait Fields {
    /// The trimmed value; empty where it is not stated.
    fn get(&self, name: &str) -> &str;
}

/// A JSON sheet, in which a missing key means "not stated". A value inside of another has both keys as its name, with a
/// dot between (`expert_labels_1.quality`).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sheet(BTreeMap<String, String>);

impl Sheet {
    /// Reads a sheet. The error says in words what is wrong, for the log.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = read_text(path).map_err(|error| error.to_string())?;
        let values: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&text).map_err(|error| format!("not a sheet: {error} ({})", path.display()))?;
        let mut sheet = Self::default();
        for (name, value) in values {
            match value {
                serde_json::Value::Object(inner) => {
                    for (part, value) in inner {
                        sheet.insert(format!("{name}.{part}"), value);
                    }
                }
                value => sheet.insert(name, value),
            }
        }
        Ok(sheet)
    }

    fn insert(&mut self, name: String, value: serde_json::Value) {
        let text = match value {
            serde_json::Value::Null => return,
            serde_json::Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        self.0.insert(name, text);
    }
}

impl Fields for Sheet {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Whether a field says yes. The datasets and their mirrors write `True`, `TRUE`, `true` and `y`.
pub(super) fn is_yes(text: &str) -> bool {
    ["true", "y", "yes", "1", "1.0"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}

/// The words of those columns that say yes, as [`Subject::symptoms`] has them.
pub(super) fn words_of(fields: &dyn Fields, columns: &[(&str, &str)]) -> String {
    joined(columns.iter().filter(|(column, _)| is_yes(fields.get(column))).map(|(_, word)| *word))
}

/// Symptoms as one text.
pub(super) fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join("; ")
}

/// Age and sex from a dataset's words; what is not a plausible age counts as not stated.
pub(in crate::data) fn subject(age: &str, sex: &str) -> Subject {
    /// The oldest person on record lived 122 years.
    const OLDEST: f32 = 122.0;
    Subject {
        age: age.parse().ok().filter(|years| (0.0..=OLDEST).contains(years)),
        sex: Some(sex.to_lowercase()).filter(|sex| !sex.is_empty() && sex != "nan"),
        ..Subject::default()
    }
}

/// A detector's score; what is not between 0 and 1 counts as not stated.
pub(super) fn score(text: &str) -> Option<f32> {
    text.parse().ok().filter(|score| (0.0..=1.0).contains(score))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet_of(text: &str) -> Result<Sheet, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.json");
        std::fs::write(&path, text).unwrap();
        Sheet::read(&path)
    }

    #[test]
    fn a_sheet_has_texts_of_any_value_and_of_inner_ones() {
        let sheet =
            sheet_of(r#"{"a": 25, "g": " male ", "cold": true, "x": null, "expert_labels_1": {"quality": "ok"}}"#)
                .unwrap();
        let texts = ["a", "g", "cold", "x", "absent", "expert_labels_1.quality"].map(|name| sheet.get(name));
        assert_eq!(texts, ["25", "male", "true", "", "", "ok"]);
    }

    #[test]
    fn what_is_no_sheet_is_an_error() {
        for text in ["", "[]", "{\"a\": ", &"[".repeat(100_000)] {
            assert!(sheet_of(text).is_err());
        }
    }

    #[test]
    fn only_plausible_numbers_are_stated() {
        let ages = ["41.0", "0", "122", "123", "-1", "NaN", "inf", ""].map(|age| subject(age, "").age);
        assert_eq!(ages, [Some(41.0), Some(0.0), Some(122.0), None, None, None, None, None]);
        let scores = ["0.8", "1", "0", "inf", "1.1", "-0.1", "", "nan"].map(score);
        assert_eq!(scores, [Some(0.8), Some(1.0), Some(0.0), None, None, None, None, None]);
        assert_eq!(["Female", "", "NaN"].map(|sex| subject("", sex).sex), [Some("female".into()), None, None]);
    }

    #[test]
    fn yes_is_written_in_several_ways() {
        assert!(["True", "TRUE", "true", "y", "Yes", "1"].into_iter().all(is_yes));
        assert!(!["False", "n", "", "0", "na"].into_iter().any(is_yes));
    }
}
