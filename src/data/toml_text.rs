//! TOML that a person may write or mend: read up to a bound, and what is wrong with it has a line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::in_plain_words;

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Fault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

impl Fault {
    fn at(bytes: &[u8], offset: usize, problem: impl Into<String>) -> Self {
        let line = 1 + bytes.iter().take(offset).filter(|byte| **byte == b'\n').count();
        Self { line, problem: problem.into() }
    }
}

/// The bytes of the file at `path`, at most `most`.
///
/// # Errors
/// When it cannot be read, is no regular file, or has more.
pub(super) fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        // Opening a pipe would wait for its other end.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let problem = format!("it has more than {} MB, far more than any such file", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

/// The text that these bytes are.
///
/// # Errors
/// [`Fault`] where they stop being UTF-8.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| Fault::at(bytes, error.valid_up_to(), "it is not UTF-8 text"))
}

/// What a text says. Keys that `T` does not know are passed over.
///
/// # Errors
/// [`Fault`] when it is not TOML, or a key does not hold what it should.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    toml::from_str(text).map_err(|error| fault_of(text, &error))
}

/// What a text says, in keys that `T` knows: all that it writes again.
///
/// # Errors
/// [`Fault`] as of [`parse`], and for the first key that `T` does not know.
pub(super) fn parse_strictly<T: DeserializeOwned + Serialize>(text: &str) -> Result<T, Fault> {
    let value: T = parse(text)?;
    let known = toml::Table::try_from(&value).map_err(|error| Fault::at(text.as_bytes(), 0, error.to_string()))?;
    let given = DeTable::parse(text).map_err(|error| fault_of(text, &error))?;
    match unknown_key(given.get_ref(), &known, "") {
        Some((offset, key)) => Err(Fault::at(text.as_bytes(), offset, format!("`{key}` means nothing here"))),
        None => Ok(value),
    }
}

/// The keys of the table at `place`, each with its line, counted from 1; none where there is no such table.
pub(super) fn keys_at(text: &str, place: &[&str]) -> Vec<(usize, String)> {
    let Ok(root) = DeTable::parse(text) else { return Vec::new() };
    let mut table = root.get_ref();
    for name in place {
        let inner = table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value.get_ref());
        let Some(DeValue::Table(inner)) = inner else { return Vec::new() };
        table = inner;
    }
    let line = |offset| Fault::at(text.as_bytes(), offset, "").line;
    table.keys().map(|key| (line(key.span().start), key.get_ref().to_string())).collect()
}

/// The line of the key at the end of `place`, counted from 1.
pub(super) fn line_of(text: &str, place: &[&str]) -> Option<usize> {
    let (key, tables) = place.split_last()?;
    keys_at(text, tables).into_iter().find(|(_, found)| found == key).map(|(line, _)| line)
}

fn fault_of(text: &str, error: &toml::de::Error) -> Fault {
    let offset = error.span().map_or(0, |span| span.start);
    Fault::at(text.as_bytes(), offset, in_plain_words(error.message()))
}

/// Where the first key of `given` stands that is not in `known`, and its name with the tables around it.
fn unknown_key(given: &DeTable<'_>, known: &toml::Table, around: &str) -> Option<(usize, String)> {
    let unknown = given.iter().filter_map(|(key, value)| {
        let name = format!("{around}{}", key.get_ref());
        match (known.get(key.get_ref().as_ref()), value.get_ref()) {
            (None, _) => Some((key.span().start, name)),
            (Some(toml::Value::Table(known)), DeValue::Table(given)) => unknown_key(given, known, &format!("{name}.")),
            (Some(_), _) => None,
        }
    });
    unknown.min_by_key(|(offset, _)| *offset)
}
