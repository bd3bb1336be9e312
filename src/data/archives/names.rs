//! From a name in an archive to a path that stays where it belongs, or the reason why there is none.

use std::path::PathBuf;

use serde::Serialize;

use super::parts::EXTRACTED;

/// Longest part of a path, in bytes: file systems take 255, the encrypted ones of home folders 143. A person's id has 28.
const MOST_NAME_BYTES: usize = 143;
/// Deepest file below the date's folder, itself counted. Coswara needs 2, and the reader of the dataset looks no deeper.
const MOST_PARTS: usize = 4;
/// How many bytes of a refused name are shown, before they are escaped.
const SHOWN_BYTES: usize = 120;
/// Names that begin so are this program's own: temporary files and the record of what was extracted.
pub(super) const OWN_PREFIX: &str = ".coughscope";

/// Why an entry of an archive was not extracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// `/x`, `\x`.
    #[error("an absolute path")]
    Absolute,
    /// `..`
    #[error("a path that leads out of its folder")]
    LeadsOut,
    /// A character that some system does not allow in names, or takes for something else: `\`, `:`, NUL, ...
    #[error("a character that not every system allows in names")]
    Character,
    /// `CON`, `NUL.wav`, `COM1`, ...
    #[error("a name that is a device on Windows")]
    Device,
    /// Windows drops them, so that two names become one.
    #[error("a name that ends in a dot or a space")]
    TrailingDotOrSpace,
    /// Not UTF-8.
    #[error("a name that is not text in UTF-8")]
    NotText,
    /// One part of the path is too long.
    #[error("a name of more than {MOST_NAME_BYTES} bytes")]
    TooLong,
    /// Too many folders.
    #[error("more than {MOST_PARTS} levels of folders")]
    TooDeep,
    /// No name, or only `.`, or data under the name of a folder.
    #[error("no name of a file")]
    NoName,
    /// A name that this program uses itself.
    #[error("a name that is kept for this program")]
    Kept,
    /// The same name as an earlier file's but for upper and lower case.
    #[error("a name that differs from an earlier one in upper and lower case only")]
    CaseTwin,
    /// A symbolic link.
    #[error("a symbolic link")]
    SymbolicLink,
    /// A hard link.
    #[error("a hard link")]
    HardLink,
    /// A character or block device, or a pipe.
    #[error("a device or pipe")]
    Special,
    /// A sparse file.
    #[error("a sparse file")]
    Sparse,
    /// Some other kind of entry.
    #[error("a kind of entry that is not a file")]
    UnknownKind,
    /// A size that no recording has.
    #[error("a file of more than {} MB", super::read::MOST_FILE_BYTES / 1_000_000)]
    TooLarge,
    /// The target has something else in this place: a link, a folder where a file belongs, or the reverse.
    #[error("something else, or a link, is in its place already")]
    InTheWay,
}

/// The path, below the folder of the archive's `date`, of the entry with this `name` (any bytes).
///
/// Archives differ in what stands before the person's folder: `20200413/`, `./20200413/`, `Extracted_data/20200413/` or
/// nothing; that is taken off. The result has at least one part, and each is an ordinary name on Linux, macOS and
/// Windows alike, so that a dataset is the same on all of them.
///
/// # Errors
/// [`Refusal`] when there is no such path.
pub fn place(name: &[u8], date: &str) -> Result<PathBuf, Refusal> {
    if name.contains(&0) {
        return Err(Refusal::Character);
    }
    let name = str::from_utf8(name).map_err(|_| Refusal::NotText)?;
    if name.starts_with(['/', '\\']) {
        return Err(Refusal::Absolute);
    }
    if name.ends_with('/') {
        return Err(Refusal::NoName);
    }
    let mut parts = Vec::new();
    for part in name.split('/').filter(|part| !matches!(*part, "" | ".")) {
        check(part)?;
        // A name of many thousand parts is not collected first.
        if parts.len() > 2 * MOST_PARTS {
            return Err(Refusal::TooDeep);
        }
        parts.push(part);
    }
    let below = below_date(&parts, date);
    match below.len() {
        0 => Err(Refusal::NoName),
        length if length > MOST_PARTS => Err(Refusal::TooDeep),
        _ => Ok(below.iter().collect()),
    }
}

/// The parts without what stands before the person's folder. The last part is the file, whatever its name.
fn below_date<'a>(parts: &'a [&'a str], date: &str) -> &'a [&'a str] {
    let folders = parts.split_last().map_or(parts, |(_, folders)| folders);
    let is_extracted = |part: &str| part.eq_ignore_ascii_case(EXTRACTED);
    let skipped = match folders {
        [first, second, ..] if is_extracted(first) && *second == date => 2,
        [first, ..] if is_extracted(first) || *first == date => 1,
        _ => 0,
    };
    parts.get(skipped..).unwrap_or_default()
}

/// Checks one part of a path.
fn check(part: &str) -> Result<(), Refusal> {
    if part == ".." {
        return Err(Refusal::LeadsOut);
    }
    if part.len() > MOST_NAME_BYTES {
        return Err(Refusal::TooLong);
    }
    // A backslash parts folders on Windows, and a colon names a drive or a hidden stream.
    if part.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) || part.contains(char::is_control) {
        return Err(Refusal::Character);
    }
    if part.ends_with(['.', ' ']) {
        return Err(Refusal::TrailingDotOrSpace);
    }
    if is_device(part) {
        return Err(Refusal::Device);
    }
    if part.get(..OWN_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX)) {
        return Err(Refusal::Kept);
    }
    Ok(())
}

/// Whether Windows opens a device under this name; it looks at what stands before the first dot, without spaces.
/// Source: Microsoft, "Naming Files, Paths, and Namespaces".
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_uppercase();
    let is_numbered = |prefix| {
        stem.strip_prefix(prefix).is_some_and(|number| {
            let mut digits = number.chars();
            matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || is_numbered("COM")
        || is_numbered("LPT")
}

/// A hostile name made fit to be shown: one line, nothing a terminal acts on, not long.
pub(super) fn shown(name: &[u8]) -> String {
    let start = name.get(..SHOWN_BYTES).unwrap_or(name);
    let ellipsis = if start.len() < name.len() { "…" } else { "" };
    format!("{}{ellipsis}", String::from_utf8_lossy(start).escape_debug())
}
