//! Numbers in words and digits, the same on every panel.

use std::path::Path;
use std::time::Duration;

pub use crate::units::counted;
use crate::units::grouped;

/// Digits in groups of three: `12,345`.
#[must_use]
pub fn count(number: usize) -> String {
    grouped(number as u64)
}

/// A share (0 to 1) in per cent, without decimals where they would pretend precision: `64 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.0} %", share * 100.0) } else { "not defined".to_owned() }
}

/// Time that a person waits: `8 s`, `3 min 20 s`, `1 h 5 min`.
#[must_use]
pub fn wait(duration: Duration) -> String {
    match duration.as_secs() {
        secs @ 0..60 => format!("{secs} s"),
        secs @ 60..3600 => format!("{} min {} s", secs / 60, secs % 60),
        secs => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}

/// A time that was measured, or worked out from such: `0.4 s`, `12 s`, `3 min 20 s`.
#[must_use]
pub fn measured(secs: f64) -> String {
    if secs < 9.95 {
        format!("{secs:.1} s")
    } else {
        wait(Duration::try_from_secs_f64(secs.round()).unwrap_or_default())
    }
}

/// The same words with a capital at the start: errors begin small, as they are also parts of longer ones.
#[must_use]
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The last part of a path, for lists; the whole path where it has none.
#[must_use]
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The last two parts of a path, where the whole would not fit: `…/demo/coswara`.
#[must_use]
pub fn short_path(path: &Path) -> String {
    let parts: Vec<_> = path.iter().collect();
    match parts.as_slice() {
        [.., parent, name] if parts.len() > 2 => format!("…/{}/{}", parent.display(), name.display()),
        _ => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (27_550, "27,550"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "person", "people"), "1 person");
        assert_eq!(counted(1200, "person", "people"), "1,200 people");
    }

    #[test]
    fn waits_change_their_unit() {
        for (secs, text) in [(0, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3900, "1 h 5 min")] {
            assert_eq!(wait(Duration::from_secs(secs)), text);
        }
    }

    #[test]
    fn sentences_begin_with_a_capital() {
        for (words, text) in [("", ""), ("no dataset", "No dataset"), ("élan", "Élan"), ("É", "É")] {
            assert_eq!(sentence(words), text);
        }
    }

    #[test]
    fn a_root_folder_keeps_its_name() {
        assert_eq!(file_name(Path::new("/")), "/");
        assert_eq!(file_name(Path::new("a/b.wav")), "b.wav");
        assert_eq!(short_path(Path::new("/data/demo/coswara")), "…/demo/coswara");
        assert_eq!(short_path(Path::new("demo/coswara")), "demo/coswara");
    }
}
