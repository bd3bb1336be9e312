//! Paths as text, without loss: in [the table](super::table), and in whatever is written as JSON.
//!
//! What is not readable text stands as `%` with two hexadecimal digits for a byte, or `%u` with four for half a character
//! of Windows, and `%` itself as `%25`. Every other path is its own text.

use std::path::{Path, PathBuf};

use serde::Serializer;
use serde::ser::Serialize;

/// For `serialize_with`: serde's own way fails on a name that is not UTF-8.
///
/// # Errors
/// Whatever `serializer` says.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_text(path))
}

/// [`serialize`] for a list of paths.
///
/// # Errors
/// Whatever `serializer` says.
pub fn serialize_all<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    let texts: Vec<String> = paths.iter().map(|path| to_text(path)).collect();
    texts.serialize(serializer)
}

/// A path as text without control characters, which no reader trims.
#[must_use]
pub fn to_text(path: &Path) -> String {
    let mut text = String::new();
    push_path(&mut text, path);
    if text.ends_with(' ') {
        text.pop();
        push_byte(&mut text, b' ');
    }
    text
}

#[cfg(unix)]
fn push_path(text: &mut String, path: &Path) {
    use std::os::unix::ffi::OsStrExt;
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        chunk.valid().chars().for_each(|character| push_char(text, character));
        chunk.invalid().iter().for_each(|byte| push_byte(text, *byte));
    }
}

#[cfg(windows)]
fn push_path(text: &mut String, path: &Path) {
    use std::os::windows::ffi::OsStrExt;
    for character in char::decode_utf16(path.as_os_str().encode_wide()) {
        match character {
            Ok(character) => push_char(text, character),
            Err(half) => text.push_str(&format!("%u{:04X}", half.unpaired_surrogate())),
        }
    }
}

#[cfg(not(any(unix, windows)))]
fn push_path(text: &mut String, path: &Path) {
    path.to_string_lossy().chars().for_each(|character| push_char(text, character));
}

fn push_char(text: &mut String, character: char) {
    let is_plain = !character.is_control() && (character == ' ' || !character.is_whitespace()) && character != '%';
    if is_plain {
        text.push(character);
    } else {
        character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| push_byte(text, byte));
    }
}

fn push_byte(text: &mut String, byte: u8) {
    text.push_str(&format!("%{byte:02X}"));
}

/// The path that a text means from `folder` on. A text that nobody escaped may have a `%` that is one: of both readings,
/// the one that is there.
#[must_use]
pub fn meant(text: &str, folder: &Path) -> PathBuf {
    let path = folder.join(from_text(text));
    let literal = folder.join(text);
    if path != literal && !path.is_file() && literal.is_file() { literal } else { path }
}

/// The path that [`to_text`] was given. What is no escape stands for itself.
fn from_text(text: &str) -> PathBuf {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        pieces.push(Piece::Text(before));
        let half = after.strip_prefix('u').and_then(|after| hexadecimal(after, 4));
        rest = if let Some((byte, after)) = hexadecimal(after, 2) {
            pieces.push(Piece::Byte(byte.to_le_bytes()[0]));
            after
        } else if let Some((half, after)) = half {
            pieces.push(Piece::Half(half));
            after
        } else {
            pieces.push(Piece::Text("%"));
            after
        };
    }
    pieces.push(Piece::Text(rest));
    path_of(&pieces)
}

/// A piece of an escaped path.
enum Piece<'a> {
    Text(&'a str),
    Byte(u8),
    /// Half of a character that UTF-16 writes in two.
    Half(u16),
}

/// The number that the first `digits` hexadecimal digits give, and what follows.
fn hexadecimal(text: &str, digits: usize) -> Option<(u16, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    // A sign is no digit.
    let is_number = number.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u16::from_str_radix(number, 16).ok()).flatten().map(|number| (number, rest))
}

#[cfg(not(windows))]
fn path_of(pieces: &[Piece]) -> PathBuf {
    let mut bytes = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend(text.bytes()),
            Piece::Byte(byte) => bytes.push(*byte),
            // Only Windows has such names.
            Piece::Half(half) => bytes.extend(format!("%u{half:04X}").bytes()),
        }
    }
    #[cfg(unix)]
    let path: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(not(unix))]
    let path = std::ffi::OsString::from(String::from_utf8_lossy(&bytes).into_owned());
    PathBuf::from(path)
}

#[cfg(windows)]
fn path_of(pieces: &[Piece]) -> PathBuf {
    use std::os::windows::ffi::OsStringExt;
    let (mut units, mut bytes) = (Vec::new(), Vec::new());
    let flush = |bytes: &mut Vec<u8>, units: &mut Vec<u16>| {
        units.extend(String::from_utf8_lossy(bytes).encode_utf16());
        bytes.clear();
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend(text.bytes()),
            Piece::Byte(byte) => bytes.push(*byte),
            Piece::Half(half) => {
                flush(&mut bytes, &mut units);
                units.push(*half);
            }
        }
    }
    flush(&mut bytes, &mut units);
    PathBuf::from(std::ffi::OsString::from_wide(&units))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn readable_paths_stay_as_they_are() {
        for path in ["/data/my coughs/é.wav", "a=b", "x+y,\"z\"", ""] {
            assert_eq!(to_text(Path::new(path)), path);
        }
        assert_eq!(to_text(Path::new("/100%/a\nb ")), "/100%25/a%0Ab%20");
    }

    #[test]
    fn what_is_no_escape_stands_for_itself() {
        for text in ["/100%", "%+1", "%é", "%zz/%", "%u12"] {
            assert_eq!(from_text(text), Path::new(text));
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_escaped() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/a/Z\xfcrich.wav"));
        assert_eq!(to_text(path), "/a/Z%FCrich.wav");
        assert_eq!(from_text("/a/Z%FCrich.wav"), path);
    }

    proptest! {
        #[cfg(unix)]
        #[test]
        fn any_path_survives(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'%'), Just(b'u'), Just(b' ')], 0..24)) {
            use std::os::unix::ffi::OsStrExt;
            let path = Path::new(std::ffi::OsStr::from_bytes(&bytes));
            let text = to_text(path);
            let again = from_text(&text);
            prop_assert_eq!(again.as_os_str(), path.as_os_str());
            prop_assert_eq!(text.trim_end(), &text);
        }
    }
}
