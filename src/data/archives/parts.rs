//! Which archives a clone of the dataset holds, and of which parts each is made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Problem;
use crate::data::sources::{files_below, list};
use crate::files::FileError;

/// The folder that the dataset's own script unpacks into, and everybody's default.
pub(in crate::data) const EXTRACTED: &str = "Extracted_data";
/// Letters in the ending of a part: `split` counts aa, ab, ..., zz.
const LETTERS: usize = 26;

/// One archive of the dataset: the recordings of one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    date: String,
    folder: PathBuf,
    parts: Vec<Part>,
    missing: Vec<String>,
}

/// A file that holds a piece of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// Its size when it was found.
    pub bytes: u64,
}

impl Archive {
    /// The date of recording as `YYYYMMDD`, which is also the archive's name; eight digits.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }

    /// The files that make up the archive, in order. A plain `.tar.gz` is one part.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The names of parts that are not there although a later one is. A part missing at the end cannot be known from
    /// names; the archive turns out to be damaged then.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Compressed size of all parts, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// The folder with the parts.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What makes it useless to begin.
    pub(super) fn gap(&self) -> Option<Problem> {
        (!self.missing.is_empty())
            .then(|| Problem::MissingParts { names: self.missing.clone(), path: self.folder.clone() })
    }
}

/// What one file is of an archive.
enum Piece {
    /// All of it.
    Whole,
    /// The part with this number, from 0.
    Part(usize),
}

/// Pieces of one archive that lie in one folder.
#[derive(Default)]
struct Pieces {
    whole: Option<Part>,
    parts: BTreeMap<usize, Part>,
}

impl Pieces {
    fn missing(&self) -> impl Iterator<Item = usize> {
        let last = self.parts.keys().next_back().copied().unwrap_or_default();
        (0..last).filter(|number| !self.parts.contains_key(number))
    }

    /// The parts as the dataset has them come first: a plain archive beside them was joined by hand, and may be cut off.
    fn into_archive(self, date: String, folder: PathBuf) -> Archive {
        let missing: Vec<_> = self.missing().map(|number| part_name(&date, number)).collect();
        match self.whole {
            Some(whole) if self.parts.is_empty() || !missing.is_empty() => {
                Archive { date, folder, parts: vec![whole], missing: Vec::new() }
            }
            _ => Archive { date, folder, parts: self.parts.into_values().collect(), missing },
        }
    }
}

/// The archives below a dataset's root, by date: every `YYYYMMDD.tar.gz`, whole or in parts. Other archives are not the
/// dataset's. An archive that lacks a part is given too; [`super::extract`] says so and goes on to the others.
///
/// # Errors
/// [`FileError`] when `root` cannot be listed or a part cannot be looked at.
pub fn find(root: &Path) -> Result<Vec<Archive>, FileError> {
    // The search below passes over what it cannot list, and this one must not be.
    list(root)?;
    let mut found: BTreeMap<(String, PathBuf), Pieces> = BTreeMap::new();
    for path in files_below(root) {
        let Some((date, piece)) = recognise(&path) else { continue };
        let metadata = std::fs::metadata(&path).map_err(FileError::at("looking at a part of an archive", &path))?;
        let folder = path.parent().unwrap_or(root).to_owned();
        let pieces = found.entry((date, folder)).or_default();
        let part = Part { path, bytes: metadata.len() };
        match piece {
            Piece::Whole => pieces.whole = Some(part),
            Piece::Part(number) => {
                pieces.parts.entry(number).or_insert(part);
            }
        }
    }
    Ok(found.into_iter().map(|((date, folder), pieces)| pieces.into_archive(date, folder)).collect())
}

/// Where the archives of this dataset are extracted to unless the user says otherwise: `Extracted_data` below its root,
/// as it is spelled there already.
///
/// # Errors
/// [`FileError`] when `root` cannot be listed.
pub fn default_target(root: &Path) -> Result<PathBuf, FileError> {
    let listing = list(root)?;
    Ok(listing.folder(EXTRACTED).map_or_else(|| root.join(EXTRACTED), Path::to_owned))
}

/// Reads `YYYYMMDD.tar.gz` and `YYYYMMDD.tar.gz.ab`, in upper or lower case.
fn recognise(path: &Path) -> Option<(String, Piece)> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let (date, ending) = name.split_once(".tar.gz")?;
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let piece = match ending.as_bytes() {
        [] => Piece::Whole,
        [b'.', high @ b'a'..=b'z', low @ b'a'..=b'z'] => {
            Piece::Part(usize::from(high - b'a') * LETTERS + usize::from(low - b'a'))
        }
        _ => return None,
    };
    Some((date.to_owned(), piece))
}

/// The name of a part: number 27 of 20200413 is `20200413.tar.gz.bb`.
pub(super) fn part_name(date: &str, number: usize) -> String {
    let letter = |index: usize| ('a'..='z').nth(index % LETTERS).unwrap_or('z');
    format!("{date}.tar.gz.{}{}", letter(number / LETTERS), letter(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts_read_back() {
        for number in [0, 1, 25, 26, 27, 675] {
            let name = part_name("20200413", number);
            let Some((date, Piece::Part(read))) = recognise(Path::new(&name)) else { panic!("{name}") };
            assert_eq!((date.as_str(), read), ("20200413", number));
        }
        assert_eq!(part_name("20200413", 27), "20200413.tar.gz.bb");
        assert!(matches!(recognise(Path::new("x/20200413.TAR.GZ")), Some((_, Piece::Whole))));
        for other in ["20200413.tar", "2020.tar.gz.aa", "20200413.tar.gz.a", "20200413.tar.gz.aaa", "x20200413.tar.gz"]
        {
            assert!(recognise(Path::new(other)).is_none(), "{other}");
        }
    }
}
