//! A label policy as a file of its own: written beside an exported table, and taken to another study.

use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::{Doubt, LabelPolicy, doubts};
use crate::data::toml_text::{self, Fault};
use crate::files::{FileError, write_atomic};

/// How the names of such files end.
pub const EXTENSION: &str = "policy.toml";

/// The largest file that is read: some hundred thousand words need less.
const MOST_BYTES: u64 = 16 << 20;

const HEADER: &str = "\
# A label policy of coughscope: which recordings are used, and as what.
# It may be edited by hand and read into any study. What is left out of it has its default.
";

/// Begins the first line, which tells whether the rest is as it was written.
const MARK: &str = "# coughscope ";

/// Why a label policy cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not TOML, has a key that means nothing, or a value that is none of the known ones.
    #[error(
        "this is no label policy: line {line}: {problem}; mend that line in a text editor, or choose a file that was \
         saved as a policy ({})",
        path.display()
    )]
    Damaged {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// A value that makes no sense, or a word that stands there twice.
    #[error(
        "the label policy cannot be used: line {line}: {problem}; change that in a text editor ({})",
        path.display()
    )]
    Invalid {
        /// Counted from 1.
        line: usize,
        /// What is wrong with which value.
        problem: String,
        /// The file.
        path: PathBuf,
    },
}

impl LabelPolicy {
    /// Reads a policy that [`LabelPolicy::write`] or a person has written. What it leaves out has its default. Also gives
    /// the words in it that no dataset is known to have, which count all the same.
    ///
    /// # Errors
    /// [`PolicyError`] when the file cannot be read, or says something that no policy knows: a mistyped key must not be
    /// taken for a default.
    pub fn read_with_doubts(path: &Path) -> Result<(Self, Vec<Doubt>), PolicyError> {
        let bytes =
            toml_text::read_bounded(path, MOST_BYTES).map_err(FileError::at("reading the label policy", path))?;
        let (policy, text) = toml_text::text_of(&bytes)
            .and_then(|text| Ok((Self::parse(text)?, text)))
            .map_err(|Fault { line, problem }| PolicyError::Damaged { line, problem, path: path.to_owned() })?;
        policy.check_text(text, &[]).map_err(|Fault { line, problem }| PolicyError::Invalid {
            line,
            problem,
            path: path.to_owned(),
        })?;
        Ok((policy, doubts::of(text)))
    }

    /// [`LabelPolicy::read_with_doubts`] for those who have nobody to ask.
    ///
    /// # Errors
    /// As there.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        Self::read_with_doubts(path).map(|(policy, _)| policy)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        if toml_text::parse::<toml::Table>(text)?.is_empty() {
            return Err(Fault { line: 1, problem: "it says nothing".to_owned() });
        }
        toml_text::parse_strictly(text)
    }

    /// Writes the policy to a file of its own, whole or not at all.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written; an older file is untouched then.
    pub fn write(&self, path: &Path) -> Result<(), FileError> {
        write_atomic(path, "writing the label policy", |out| {
            let text = toml::to_string(self).map_err(io::Error::other)?;
            let rest = format!("{HEADER}\n{text}");
            write!(out, "{}\n{rest}", mark(&rest))
        })
    }

    /// Whether [`LabelPolicy::write`] has written the file at `path` and nobody has changed it since, so that it may be
    /// replaced.
    #[must_use]
    pub fn is_as_written(path: &Path) -> bool {
        let bytes = toml_text::read_bounded(path, MOST_BYTES).unwrap_or_default();
        let lines = std::str::from_utf8(&bytes).ok().and_then(|text| text.split_once('\n'));
        lines.is_some_and(|(first, rest)| first == mark(rest))
    }
}

/// The first line of a policy that goes on with `rest`. XXH3 finds changes, and withstands no forger.
fn mark(rest: &str) -> String {
    format!("{MARK}{:016x}", xxh3_64(rest.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SourceKind;
    use crate::data::policy::{CoughKind, Treatment};
    use crate::data::quality::{Flag, FlagTreatment};

    fn read(text: impl AsRef<[u8]>) -> Result<LabelPolicy, PolicyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.policy.toml");
        std::fs::write(&path, text).unwrap();
        LabelPolicy::read(&path)
    }

    #[test]
    fn a_policy_comes_back_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new folder/mine.policy.toml");
        let mut policy = LabelPolicy { coswara_cough: CoughKind::Both, ..LabelPolicy::default() };
        policy.set(SourceKind::Table, "a new word", Treatment::Sick);
        policy.set_diagnosis("flu", Treatment::Exclude);
        policy.quality.treatment.insert(Flag::LowSnr, FlagTreatment::Exclude);
        for policy in [LabelPolicy::default(), policy] {
            policy.write(&path).unwrap();
            assert_eq!(LabelPolicy::read(&path).unwrap(), policy);
            assert!(LabelPolicy::is_as_written(&path));
        }
        assert!(std::fs::read_to_string(&path).unwrap().contains("\n# A label policy"));
    }

    #[test]
    fn a_changed_policy_is_told_from_a_written_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.policy.toml");
        LabelPolicy::default().write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let (_, unmarked) = text.split_once('\n').unwrap();
        for changed in [text.replace("0.8", "0.5"), text.clone() + "\n", unmarked.to_owned(), String::new()] {
            assert_ne!(changed, text);
            std::fs::write(&path, changed).unwrap();
            assert!(!LabelPolicy::is_as_written(&path));
        }
        assert!(!LabelPolicy::is_as_written(folder.path()));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let policy = read("min_cough_detected = 0.5\n[quality]\nmin_secs = 1.0\n").unwrap();
        let mut expected = LabelPolicy { min_cough_detected: 0.5, ..LabelPolicy::default() };
        expected.quality.min_secs = 1.0;
        assert_eq!(policy, expected);
    }

    #[test]
    fn errors_name_the_line_and_the_key() {
        for (text, line, word) in [
            ("min_cough_detected = 0.5\nmin_cough = 0.5\n", 2, "`min_cough` means nothing"),
            ("experts = \"fills\"\n\n[quality]\nmin_sec = 1.0\n", 4, "`quality.min_sec` means nothing"),
            ("version = 1\nname = \"a study\"\n[policy]\n", 1, "`version` means nothing"),
            ("experts = \"sometimes\"\n", 1, "sometimes"),
            ("[labels.coswara]\nhealthy = \"well\"\n", 2, "well"),
            ("[labels.cosvara]\nhealthy = \"healthy\"\n", 1, "cosvara"),
            ("[quality.treatment]\nloud = \"warn\"\n", 2, "loud"),
            ("path,dataset,person\n", 1, ""),
            ("\n# nothing\n", 1, "says nothing"),
        ] {
            let error = read(text).unwrap_err();
            let PolicyError::Damaged { line: found, problem, path } = &error else { panic!("{error:?}") };
            assert_eq!(*found, line, "{text:?}: {error}");
            assert!(problem.contains(word), "{text:?}: {error}");
            assert!(error.to_string().ends_with(&format!("({})", path.display())), "{error}");
        }
        assert!(read(b"experts = \"caf\xe9\"\n").unwrap_err().to_string().contains("not UTF-8"));
        assert!(matches!(LabelPolicy::read(Path::new("nowhere.policy.toml")), Err(PolicyError::File(_))));
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        for (text, line, problem) in [
            ("min_cough_detected = 2.0\n", 1, "min_cough_detected is 2 and must be 0 to 1, for example 0.8"),
            ("[quality]\nmin_snr_db = nan\n", 2, "quality.min_snr_db is NaN and must be 0 to 30, for example 3"),
            ("[quality]\n\nmin_secs = -3\n", 3, "quality.min_secs is -3 and must be 0 to 10, for example 0.2"),
            ("quality.clipped_share = 7\n", 1, "quality.clipped_share is 7 and must be 0 to 0.1, for example 0.005"),
            (
                "[quality]\nmin_secs = 1\nsilent_below_dbfs = 60\n",
                3,
                "quality.silent_below_dbfs is 60 and must be -100 to -20, for example -60",
            ),
        ] {
            let error = read(text).unwrap_err();
            let PolicyError::Invalid { line: found, problem: said, .. } = &error else { panic!("{error:?}") };
            assert_eq!((*found, said.as_str()), (line, problem), "{text:?}");
            assert!(error.to_string().contains(&format!("line {line}: {problem}; change that")), "{error}");
        }
        let at_its_bounds = "min_cough_detected = 1.0\n[quality]\nsilent_below_dbfs = -20.0\nclipped_share = 0.1\n";
        assert!(read(at_its_bounds).is_ok());
    }

    #[test]
    fn a_word_that_stands_there_twice_is_named_with_both_lines() {
        for (text, line, problem) in [
            (
                "[labels.virufy]\nnegative = \"healthy\"\nNegative = \"exclude\"\n",
                3,
                "`Negative` is one word with `negative` of line 2",
            ),
            (
                "[diagnoses]\n\"covid-19\" = \"sick\"\n\n\"COVID-19\" = \"sick\"\n",
                4,
                "`COVID-19` is one word with `covid-19` of line 2",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}: {problem}")), "{error}");
        }
        let two_datasets = "[labels.virufy]\nnegative = \"healthy\"\n[labels.virufy-cdf]\nNEGATIVE = \"exclude\"\n";
        assert!(read(two_datasets).is_ok());
    }
}
