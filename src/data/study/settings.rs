//! What the user of a study chose: `study.toml`, which a person can read and mend.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::portable;
use crate::data::sources::mapped::Mapping;
use crate::data::split::SplitConfig;
use crate::data::{Decision, LabelPolicy, SourceKind};
use crate::files::{FileError, write_atomic};

/// The file that makes a folder a study.
pub const FILE: &str = "study.toml";

/// The version of its layout. A field that older programs may overlook leaves it as it is; a new word for something old,
/// such as a kind of dataset, raises it.
pub const VERSION: u32 = 1;

/// The largest file that is read: a decision on every one of a million recordings needs less.
const MOST_BYTES: u64 = 128 << 20;

/// The longest key of a source, in bytes.
const LONGEST_KEY: usize = 64;

const HEADER: &str = "\
# A study of coughscope: which datasets it is made of, and what was decided about them.
# The program writes this file anew when something changes. It may be edited by hand while the study is closed.

";

/// What `study.toml` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The version of the layout, [`VERSION`].
    pub version: u32,
    /// The study's name on screen and in reports.
    pub name: String,
    /// Which recordings are used, and as what.
    pub policy: LabelPolicy,
    /// How the parts are drawn.
    pub split: SplitConfig,
    /// The datasets, in the order in which they were opened.
    pub sources: Vec<SourceEntry>,
    /// What a person decided about single recordings: the source's key, then the recording's portable path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub decisions: BTreeMap<String, BTreeMap<String, Decision>>,
}

/// One dataset of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// Its name in this study: unique, 1 to 64 lower-case ASCII letters, digits and `-` (`coswara`, `coswara-2`).
    pub key: String,
    /// Which kind of dataset it is.
    pub kind: SourceKind,
    /// Its folder: absolute, as [`portable::encode_root`] writes it. A path of another system is kept as it is.
    pub path: String,
    /// Its folder as seen from the study's, as [`portable::encode_near`] writes it, where it is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
    /// How the columns of a user's own table are to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
}

/// Why `study.toml` cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not TOML, or a field does not hold what it should.
    #[error(
        "the study's settings are damaged at line {line}: {problem}; mend that line in a text editor, or move the file \
         away and open the datasets again ({})",
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
    /// A value that makes no sense.
    #[error("the study's settings cannot be used: {problem}; change that in a text editor ({})", path.display())]
    Invalid {
        /// What is wrong with which value.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// A later version of the program wrote it.
    #[error(
        "this study was saved by a newer version of the program (layout {version}, and this one knows {VERSION}); open \
         it with that one ({})",
        path.display()
    )]
    Newer {
        /// The version of its layout.
        version: u64,
        /// The file.
        path: PathBuf,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            name: String::new(),
            policy: LabelPolicy::default(),
            split: SplitConfig::default(),
            sources: Vec::new(),
            decisions: BTreeMap::new(),
        }
    }
}

/// Whether `folder` is a study. Says nothing of whether it can be read.
#[must_use]
pub fn is_study(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

impl Settings {
    /// Reads the settings of the study in `folder`. Fields that are missing have their defaults; fields that this version
    /// does not know are not kept.
    ///
    /// # Errors
    /// [`SettingsError`] when the file cannot be read, is damaged, or is of a later version.
    pub fn read(folder: &Path) -> Result<Self, SettingsError> {
        let path = folder.join(FILE);
        let bytes = read_bounded(&path).map_err(FileError::at("opening the study", &path))?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = line_at(&bytes, error.valid_up_to());
            SettingsError::Damaged { line, problem: "it is not UTF-8 text".to_owned(), path: path.clone() }
        })?;
        let settings = Self::parse(text).map_err(|problem| problem.at(&path))?;
        settings.check().map_err(|problem| SettingsError::Invalid { problem, path })?;
        Ok(settings)
    }

    /// Writes the settings of the study in `folder`, which is made if need be; whole or not at all.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] when they could not be read again; [`SettingsError::File`] when writing fails.
    pub fn write(&self, folder: &Path) -> Result<(), SettingsError> {
        let path = folder.join(FILE);
        self.check().map_err(|problem| SettingsError::Invalid { problem, path: path.clone() })?;
        write_atomic(&path, "saving the study", |out| {
            let text = toml::to_string(self).map_err(io::Error::other)?;
            out.write_all(HEADER.as_bytes())?;
            out.write_all(text.as_bytes())
        })?;
        Ok(())
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        /// All that a later version must keep.
        #[derive(Deserialize)]
        struct Head {
            version: Option<i64>,
        }
        let damaged = |error: &toml::de::Error| {
            let line = line_at(text.as_bytes(), error.span().map_or(0, |span| span.start));
            Problem::Damaged { line, problem: error.message().trim_end().replace('\n', ", ") }
        };
        let head: Head = toml::from_str(text).map_err(|error| damaged(&error))?;
        match head.version.map(u64::try_from) {
            Some(Ok(version)) if version > u64::from(VERSION) => Err(Problem::Newer(version)),
            Some(Ok(1..)) => toml::from_str(text).map_err(|error| damaged(&error)),
            _ => Err(Problem::Damaged { line: 1, problem: format!("`version = {VERSION}` is missing") }),
        }
    }

    /// What is wrong with values that are of the right type.
    ///
    /// Shares that leave nothing for training are right here: drawing the split says so, and they may be changed on screen.
    fn check(&self) -> Result<(), String> {
        let mut keys = BTreeSet::new();
        for SourceEntry { key, .. } in &self.sources {
            if !is_key(key) {
                return Err(format!(
                    "the key {key:?} of a source is not 1 to {LONGEST_KEY} lower-case letters, digits and `-`"
                ));
            }
            if !keys.insert(key) {
                return Err(format!("two sources have the key `{key}`"));
            }
        }
        let bound = self.policy.min_cough_detected;
        if !(0.0..=1.0).contains(&bound) {
            return Err(format!("policy.min_cough_detected is {bound} and must be 0 to 1"));
        }
        for (name, share) in [("validation", self.split.validation), ("test", self.split.test)] {
            if !share.is_finite() {
                return Err(format!("split.{name} is {share} and must be a number from 0 to below 1"));
            }
        }
        Ok(())
    }
}

impl SourceEntry {
    /// The dataset in `root`, an absolute path, for the study in `folder`. Asks the file system where both are.
    #[must_use]
    pub fn new(key: String, kind: SourceKind, root: &Path, folder: &Path) -> Self {
        let near = portable::encode_near(root, folder);
        Self { key, kind, path: portable::encode_root(root), near, mapping: None }
    }

    /// Where the dataset is now, for the study in `folder`: where it was, else where it would have moved with the study.
    /// `None` when it is at neither place.
    #[must_use]
    pub fn resolve(&self, folder: &Path) -> Option<PathBuf> {
        let before = portable::decode_root(&self.path);
        // A relative one, such as a drive of another system, would be looked for wherever the program was started.
        if before.is_absolute() && before.exists() {
            return Some(before);
        }
        self.near.as_ref().map(|near| portable::decode_near(near, folder)).filter(|moved| moved.exists())
    }
}

/// What is wrong with a text, before it is known which file it is from.
enum Problem {
    Damaged { line: usize, problem: String },
    Newer(u64),
}

impl Problem {
    fn at(self, path: &Path) -> SettingsError {
        let path = path.to_owned();
        match self {
            Self::Damaged { line, problem } => SettingsError::Damaged { line, problem, path },
            Self::Newer(version) => SettingsError::Newer { version, path },
        }
    }
}

fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The number of the line with the byte at `offset`, counted from 1.
fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes.iter().take(offset).filter(|byte| **byte == b'\n').count()
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        // Opening a pipe would wait for its other end.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        let problem = format!("it has more than {} MB, far more than any study", MOST_BYTES >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::data::policy::Treatment;

    fn full() -> Settings {
        let entry = |key: &str, kind, path: &str, near: Option<&str>| SourceEntry {
            key: key.into(),
            kind,
            path: path.into(),
            near: near.map(Into::into),
            mapping: None,
        };
        let mut settings = Settings {
            name: "Coughs \"2020\"\n".into(),
            sources: vec![
                entry("coswara", SourceKind::Coswara, r"C:\data\coswara", Some("../data/coswara")),
                entry("table", SourceKind::Table, "/data/100%25", None),
            ],
            split: SplitConfig { seed: u64::MAX, ..SplitConfig::default() },
            ..Settings::default()
        };
        settings.sources[1].mapping = Some(toml::toml! { file = "name of file" [labels] pos = "sick" });
        settings.policy.set(SourceKind::Coswara, "recovered_full", Treatment::Healthy);
        let decided = [("a/é \"b\".wav", Decision::Exclude), ("c%25.wav", Decision::Sick)];
        settings.decisions.insert("coswara".into(), decided.map(|(path, made)| (path.to_owned(), made)).into());
        settings
    }

    fn read(text: impl AsRef<[u8]>) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), text).unwrap();
        Settings::read(folder.path())
    }

    fn written(settings: &Settings) -> String {
        let folder = tempfile::tempdir().unwrap();
        settings.write(folder.path()).unwrap();
        std::fs::read_to_string(folder.path().join(FILE)).unwrap()
    }

    #[test]
    fn settings_come_back_and_are_written_alike() {
        for settings in [Settings::default(), full()] {
            let text = written(&settings);
            assert!(text.starts_with("# A study of coughscope"), "{text}");
            let back = read(&text).unwrap();
            assert_eq!(back, settings, "{text}");
            assert_eq!(written(&back), text);
        }
    }

    #[test]
    fn a_folder_is_a_study_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_study(folder.path()));
        assert!(matches!(Settings::read(folder.path()), Err(SettingsError::File(_))));
        Settings::default().write(&folder.path().join("new")).unwrap();
        assert!(is_study(&folder.path().join("new")));
    }

    #[test]
    fn gaps_have_defaults_and_unknown_fields_are_no_error() {
        let text = "version = 1\nname = \"n\"\nmood = 3\n[split]\nseed = 7\ncolour = 1\n[[sources]]\nkey = \"virufy\"\n\
                    kind = \"virufy\"\npath = \"/d\"\nnew = [1]\n";
        let settings = read(text).unwrap();
        assert_eq!(settings.split, SplitConfig { seed: 7, ..SplitConfig::default() });
        assert_eq!(settings.policy, LabelPolicy::default());
        assert_eq!(settings.sources[0].path, "/d");
        assert_eq!(
            read(format!("\u{feff}{text}").replace('\n', "\r\n")).unwrap(),
            settings,
            "as an editor may save it"
        );
    }

    #[test]
    fn errors_say_where_and_what_to_do() {
        let message = |text: &str| read(text).unwrap_err().to_string();
        let newer = message("version = 2\nkind_of_thing = 1");
        assert!(newer.contains("newer version") && newer.contains(FILE), "{newer}");
        for (text, line) in [
            ("version = 1\n\nname = \"a", 3),
            ("version = 1\n[[sources]]\nkey = \"a\"\nkind = \"nothing\"\npath = \"\"\n", 4),
            ("version = 1\n[[sources]]\nkey = \"a\"\n", 2),
            ("version = 1\n[split]\nseed = -1\n", 3),
            ("version = 1\n[decisions.a]\n\"x\" = \"maybe\"\n", 3),
            ("version = 1\nversion = 1\n", 2),
            ("name = \"a\"\n", 1),
            ("version = -4\n", 1),
            ("", 1),
        ] {
            let message = message(text);
            assert!(message.contains(&format!("at line {line}: ")), "{text:?}: {message}");
            assert!(message.contains("text editor"), "{message}");
        }
        let latin = read(b"version = 1\nname = \"caf\xe9\"\n").unwrap_err().to_string();
        assert!(latin.contains("at line 2: it is not UTF-8 text"), "{latin}");
    }

    #[test]
    fn values_that_make_no_sense_are_named_and_never_written() {
        let refused = |change: &dyn Fn(&mut Settings), word: &str| {
            let mut settings = full();
            change(&mut settings);
            let text = format!("{HEADER}{}", toml::to_string(&settings).unwrap());
            for error in [read(text).unwrap_err(), settings.write(Path::new("never made")).unwrap_err()] {
                assert!(matches!(error, SettingsError::Invalid { .. }), "{error:?}");
                assert!(error.to_string().contains(word), "{error}");
            }
        };
        refused(&|settings| settings.sources[1].key = "coswara".into(), "two sources have the key `coswara`");
        refused(&|settings| settings.sources[1].key = String::new(), "\"\"");
        refused(&|settings| settings.sources[1].key = "a/b".into(), "a/b");
        refused(&|settings| settings.sources[1].key = "a".repeat(65), "1 to 64");
        refused(&|settings| settings.split.test = f64::NAN, "split.test is NaN");
        refused(&|settings| settings.split.validation = f64::INFINITY, "split.validation");
        refused(&|settings| settings.policy.min_cough_detected = f64::NAN, "min_cough_detected");
        refused(&|settings| settings.policy.min_cough_detected = 1e300, "min_cough_detected");
        assert!(!Path::new("never made").exists());
        let crowded = SplitConfig { test: 0.9, validation: 0.9, ..SplitConfig::default() };
        let settings = Settings { split: crowded, ..Settings::default() };
        assert_eq!(read(written(&settings)).unwrap(), settings, "the split itself refuses these");
    }

    #[test]
    fn a_key_is_free() {
        let mut settings = full();
        assert_eq!(settings.free_key(SourceKind::VirufyCdf), "virufy-cdf");
        assert_eq!(settings.free_key(SourceKind::Coswara), "coswara-2");
        settings.sources[1].key = "coswara-2".into();
        assert_eq!(settings.free_key(SourceKind::Coswara), "coswara-3");
        assert!(is_key(&settings.free_key(SourceKind::VirufyCdf)));
    }

    #[test]
    fn a_dataset_is_found_where_it_was_or_beside_the_study() {
        let folder = tempfile::tempdir().unwrap();
        let home = crate::data::scan::canonical(folder.path());
        let (data, study) = (home.join("a/data"), home.join("a/study"));
        std::fs::create_dir_all(&data).unwrap();
        std::fs::create_dir_all(&study).unwrap();
        let entry = SourceEntry::new("folder".into(), SourceKind::Folder, &data, &study);
        assert_eq!(entry.resolve(&study), Some(data));
        std::fs::rename(home.join("a"), home.join("b")).unwrap();
        assert_eq!(entry.resolve(&home.join("b/study")), Some(home.join("b/data")));
        assert_eq!(entry.resolve(&home.join("elsewhere/study")), None);
        assert_eq!(SourceEntry { near: None, ..entry.clone() }.resolve(&home.join("b/study")), None);
        let foreign = SourceEntry { path: "src".into(), near: None, ..entry };
        assert_eq!(foreign.resolve(&home), None, "a relative root is not looked for beside the program");
    }

    #[test]
    fn no_mutant_of_a_study_panics() {
        let original = written(&full()).into_bytes();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut below = |bound: usize| (rng.next_u64() % bound as u64) as usize;
        let mut readable = 0;
        for _ in 0..500 {
            let mut mutant = original.clone();
            for _ in 0..=below(3) {
                let at = below(mutant.len());
                match below(4) {
                    0 => mutant[at] = below(256) as u8,
                    1 => mutant.insert(at, b"[]{}=\"'#\n.,-9eX"[below(15)]),
                    2 => drop(mutant.drain(at..(at + below(40)).min(mutant.len()))),
                    _ => mutant.truncate(at.max(1)),
                }
                mutant.push(b'\n');
            }
            if let Ok(settings) = read(&mutant) {
                readable += 1;
                assert_eq!(read(written(&settings)).unwrap(), settings);
            }
        }
        assert!((1..500).contains(&readable), "{readable} of 500: the mutants test something");
    }

    proptest! {
        #[test]
        fn any_name_path_and_decision_come_back(name in ".*", path in ".*", near: Option<String>, clip in ".*") {
            let mut settings = Settings { name, ..full() };
            settings.sources[0].path = path;
            settings.sources[0].near = near;
            settings.decisions.insert(String::new(), [(clip, Decision::Use)].into());
            prop_assert_eq!(read(written(&settings)).unwrap(), settings);
        }
    }
}
