//! Paths as text that any system can store: relative to a dataset's folder where they can be, and the same on each.
//!
//! | text | path |
//! |---|---|
//! | `20200413/a/cough-heavy.wav` | inside of the root, name by name |
//! | `/mnt/b.wav`, `D:\b.wav` | elsewhere, absolute |
//! | `./b.wav` | elsewhere, relative to where the program was started |
//!
//! `%XX` is a byte: of a name that is not UTF-8 (Unix only), or one of `%`, `\` and `:`, so that no name looks like a
//! separator, a drive or an escape on another system. An absolute path keeps its `\` and `:`. On Windows, half of a
//! surrogate pair in a name becomes U+FFFD: that file is listed, but not found again.
//!
//! A study may come from a stranger. A text without an absolute or `./` beginning never leaves its root, whatever it
//! says: `..` is read as an odd name that no file has. An absolute one may name any file, as the root itself may.
//! That is safe as far as these paths are only ever read, as sound: nothing is written, run or sent there.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

use crate::data::scan::canonical;

/// How many folders up [`encode_near`] goes: a study beside its data needs one, and far more is no longer near.
const MOST_UP: usize = 3;

/// Marks a path that is neither inside of the root nor absolute.
const AS_GIVEN: &str = "./";

/// The text for `path`, relative to `root` where it lies inside; empty for the root itself.
#[must_use]
pub fn encode(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).ok().and_then(names).unwrap_or_else(|| encode_root(path))
}

/// The path that [`encode`] made `text` of, on the same system and for the same `root`. Total: a text that means nothing
/// here, such as a path of another system, gives a path inside of `root` where nothing is.
#[must_use]
pub fn decode(text: &str, root: &Path) -> PathBuf {
    if text.starts_with(AS_GIVEN) {
        return decode_root(text);
    }
    if looks_absolute(text) {
        let path = decode_root(text);
        return if path.is_absolute() { path } else { root.join(inert(text)) };
    }
    inside(root.to_owned(), text.split('/'))
}

/// The text for the root of a dataset itself: its own spelling, with what is not UTF-8 and `%` escaped.
#[must_use]
pub fn encode_root(root: &Path) -> String {
    let text = escape(root.as_os_str(), b"%");
    if root.is_absolute() { text } else { format!("{AS_GIVEN}{text}") }
}

/// The path that [`encode_root`] made `text` of. A root of another system gives a path that is not absolute here.
#[must_use]
pub fn decode_root(text: &str) -> PathBuf {
    unescape(text.strip_prefix(AS_GIVEN).unwrap_or(text)).into()
}

/// The text for `root` as seen from `folder`, for example `../coswara`, so that both can be moved together. `None` when it
/// is more than 3 folders up, or on another drive. Asks the file system, as a path can be spelled in many ways.
#[must_use]
pub fn encode_near(root: &Path, folder: &Path) -> Option<String> {
    let (root, folder) = (canonical(root), canonical(folder));
    let shared: PathBuf =
        root.components().zip(folder.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let up = folder.strip_prefix(&shared).ok()?.components().count();
    if !shared.has_root() || up > MOST_UP {
        return None;
    }
    let down = names(root.strip_prefix(&shared).ok()?)?;
    let up = vec![".."; up].join("/");
    Some(match (up.is_empty(), down.is_empty()) {
        (true, true) => ".".to_owned(),
        (true, false) => down,
        (false, true) => up,
        (false, false) => format!("{up}/{down}"),
    })
}

/// The path that [`encode_near`] made `text` of, seen from `folder`, which may have moved. Goes up no further than
/// [`encode_near`] does.
#[must_use]
pub fn decode_near(text: &str, folder: &Path) -> PathBuf {
    let mut path = canonical(folder);
    let mut parts = text.split('/').filter(|part| *part != ".").peekable();
    for _ in 0..MOST_UP {
        if parts.next_if_eq(&"..").is_none() {
            break;
        }
        path.pop();
    }
    inside(path, parts)
}

/// The names of a path that is made of nothing else, with `/` between them.
fn names(path: &Path) -> Option<String> {
    let names: Option<Vec<String>> = path
        .components()
        .map(|component| match component {
            Component::Normal(name) => Some(escape(name, br"%\:")),
            _ => None,
        })
        .collect();
    names.map(|names| names.join("/"))
}

/// `root` with these names below it. One that would lead elsewhere is kept, but means nothing.
fn inside<'a>(mut root: PathBuf, names: impl Iterator<Item = &'a str>) -> PathBuf {
    for text in names.filter(|text| !text.is_empty()) {
        let name = unescape(text);
        root.push(if is_one_name(&name) { name } else { inert(text).into() });
    }
    root
}

fn is_one_name(name: &OsStr) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
}

/// A name that leads nowhere on any system, for a text that must not be followed.
fn inert(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut name, byte| {
        if byte.is_ascii_alphanumeric() {
            name.push(char::from(byte))
        } else {
            push_escaped(&mut name, byte)
        }
        name
    })
}

/// Whether a text is an absolute path on some system: `/a`, `\\server\a` or `C:\a`.
fn looks_absolute(text: &str) -> bool {
    match text.as_bytes() {
        [b'/' | b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The text of `name`, where these ASCII characters and the bytes that are not UTF-8 are escaped.
fn escape(name: &OsStr, characters: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in bytes_of(name).utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(byte) if characters.contains(&byte) => push_escaped(&mut text, byte),
                _ => text.push(character),
            }
        }
        for &byte in chunk.invalid() {
            push_escaped(&mut text, byte);
        }
    }
    text
}

fn push_escaped(text: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(text, "%{byte:02X}");
}

/// The inverse of [`escape`]. A `%` without two digits after it stands for itself.
fn unescape(text: &str) -> OsString {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(escaped.map_or(first, |(high, low)| high << 4 | low));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    name_of(bytes)
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(unix)]
fn bytes_of(name: &OsStr) -> Cow<'_, [u8]> {
    std::os::unix::ffi::OsStrExt::as_bytes(name).into()
}

#[cfg(not(unix))]
fn bytes_of(name: &OsStr) -> Cow<'_, [u8]> {
    match name.to_string_lossy() {
        Cow::Borrowed(text) => text.as_bytes().into(),
        Cow::Owned(text) => text.into_bytes().into(),
    }
}

#[cfg(unix)]
fn name_of(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn name_of(bytes: Vec<u8>) -> OsString {
    // A name that is not UTF-8 comes from another system, and no file here has it.
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn texts_are_what_the_table_says() {
        let root = Path::new("/data/coswara");
        for (path, text) in [
            ("/data/coswara/20200413/a b/cough.wav", "20200413/a b/cough.wav"),
            ("/data/coswara", ""),
            ("/data/coswara/100%/é:1.wav", "100%25/é%3A1.wav"),
            (r"/data/coswara/a\b.wav", "a%5Cb.wav"),
            ("/data/coswara2/a.wav", "/data/coswara2/a.wav"),
            ("/data/coswara/../b.wav", "/data/coswara/../b.wav"),
            ("b.wav", "./b.wav"),
        ] {
            assert_eq!(encode(Path::new(path), root), text);
            assert_eq!(decode(text, root), Path::new(path), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8_come_back() {
        use std::os::unix::ffi::OsStrExt;
        let root = Path::new("/data");
        let path = root.join(OsStr::from_bytes(b"h\xe9l\xc3\xa9.wav"));
        assert_eq!(encode(&path, root), "h%E9lé.wav");
        assert_eq!(decode("h%E9lé.wav", root), path);
    }

    #[test]
    fn a_relative_text_never_leaves_its_root() {
        let root = Path::new("/data/coswara");
        for text in ["../../etc/passwd", "a/../../../b", "%2E%2E/%2e%2e/b", "a%2F..%2F..%2Fb", "..", "%2Fetc", "a//./b"]
        {
            let path = decode(text, root);
            assert!(path.starts_with(root), "{text}: {path:?}");
            assert!(!path.components().any(|part| part == Component::ParentDir), "{text}: {path:?}");
        }
        assert_eq!(decode("../b", root), root.join("%2E%2E").join("b"));
    }

    #[cfg(unix)]
    #[test]
    fn a_root_of_another_system_is_kept_as_text_and_not_found() {
        let text = r"C:\data\coswara";
        assert!(!decode_root(text).is_absolute());
        for absolute in [text, r"\\server\share\a.wav", "C:/a.wav"] {
            let path = decode(absolute, Path::new("/data"));
            assert_eq!(path.parent(), Some(Path::new("/data")), "{path:?}");
        }
    }

    #[test]
    fn near_roots_follow_a_study_that_moves() {
        let before = tempfile::tempdir().unwrap();
        let study = before.path().join("project/study");
        let data = before.path().join("data/50%");
        std::fs::create_dir_all(&study).unwrap();
        std::fs::create_dir_all(&data).unwrap();
        let near = encode_near(&data, &study).unwrap();
        assert_eq!(near, "../../data/50%25");
        let after = tempfile::tempdir().unwrap();
        for folder in ["project", "data"] {
            std::fs::rename(before.path().join(folder), after.path().join(folder)).unwrap();
        }
        assert_eq!(decode_near(&near, &after.path().join("project/study")), canonical(&after.path().join("data/50%")));
    }

    #[test]
    fn near_is_near() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(&path).unwrap();
            canonical(&path)
        };
        for (root, study, text) in [
            ("s", "s", Some(".")),
            ("s/d", "s", Some("d")),
            ("s", "s/t", Some("..")),
            ("d", "a/b/c", Some("../../../d")),
            ("d", "a/b/c/e", None),
        ] {
            let near = encode_near(&at(root), &at(study));
            assert_eq!(near.as_deref(), text);
            if let Some(near) = near {
                assert_eq!(decode_near(&near, &at(study)), at(root), "{near}");
            }
        }
        let deep = at("a/b/c/e");
        assert_eq!(decode_near("../../../../x", &deep), at("a").join("%2E%2E").join("x"));
        assert_eq!(decode_near("x/../y", &deep), deep.join("x").join("%2E%2E").join("y"));
    }

    proptest! {
        #[cfg(unix)]
        #[test]
        fn every_unix_path_comes_back(
            root in proptest::collection::vec(any::<u8>(), 0..12),
            names in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..9), 0..5),
            is_inside: bool,
            root_is_absolute: bool,
        ) {
            use std::os::unix::ffi::OsStringExt;
            let os = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
            let root = if root_is_absolute { Path::new("/").join(os(&root)) } else { os(&root) };
            let start = if is_inside { root.clone() } else { PathBuf::new() };
            let path = names.iter().fold(start, |path, name| path.join(os(name)));
            let text = encode(&path, &root);
            prop_assert_eq!(decode(&text, &root), path, "{}", text);
            prop_assert_eq!(decode_root(&encode_root(&root)), root);
        }

        #[test]
        fn any_text_is_read_without_leaving(text in "[./%2EeFf\\\\:Cé]{0,24}|.*") {
            let root = Path::new("/data/x");
            let path = decode(&text, root);
            if !looks_absolute(&text) && !text.starts_with("./") {
                prop_assert!(path.starts_with(root));
                prop_assert!(!path.components().any(|part| part == Component::ParentDir));
                prop_assert_eq!(decode(&encode(&path, root), root), path);
            }
        }
    }
}
