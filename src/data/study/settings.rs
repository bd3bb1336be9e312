//! What the user of a study chose: `study.toml`, which a person can read and mend.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::portable;
use crate::data::sources::mapped::Mapping;
use crate::data::split::SplitConfig;
use crate::data::toml_text::{self, Fault};
use crate::data::{Decision, LabelPolicy, SourceKind};
use crate::files::{FileError, write_atomic};

/// The file that makes a folder a study.
pub const FILE: &str = "study.toml";

/// The version of its layout. A field that older programs may overlook leaves it as it is; a new word for something old,
/// such as a kind of dataset, raises it. 2 has the flag `contradictory-labels`.
pub const VERSION: u32 = 2;

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
    /// The version of the layout: [`VERSION`], whatever was read.
    pub version: u32,
    /// The study's name on screen, if it was given one; else it is called like its folder.
    #[serde(skip_serializing_if = "String::is_empty")]
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
    /// A program made its recordings up.
    #[serde(default, skip_serializing_if = "is_false")]
    pub synthetic: bool,
    /// How the columns of a user's own table are to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    /// What its datasets are called in this study, by the names that its folder or table gives them, where another has
    /// these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
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

/// What to call the study in `folder` that was given this name, or none.
#[must_use]
pub fn name_or_folder(name: &str, folder: &Path) -> String {
    if name.is_empty() {
        folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
    } else {
        name.to_owned()
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
        let bytes = toml_text::read_bounded(&path, MOST_BYTES).map_err(FileError::at("opening the study", &path))?;
        let settings = toml_text::text_of(&bytes).map_err(Problem::Damaged).and_then(Self::parse);
        let settings = settings.map_err(|problem| problem.at(&path))?;
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
        let head: Head = toml_text::parse(text).map_err(Problem::Damaged)?;
        match head.version.map(u64::try_from) {
            Some(Ok(version)) if version > u64::from(VERSION) => Err(Problem::Newer(version)),
            Some(Ok(1..)) => {
                let settings: Self = toml_text::parse(text).map_err(Problem::Damaged)?;
                settings.policy.check_text(text, &["policy"]).map_err(Problem::Damaged)?;
                Ok(Self { version: VERSION, ..settings })
            }
            _ => {
                let problem = format!("`version = {VERSION}` is missing");
                Err(Problem::Damaged(Fault { line: 1, problem }))
            }
        }
    }

    /// What is wrong with values that are of the right type.
    ///
    /// Shares that leave nothing for training are right here: drawing the split says so, and they may be changed on screen.
    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("this program writes version {VERSION}, not {}", self.version));
        }
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
        self.policy.check().map_err(|problem| format!("policy.{problem}"))?;
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
        Self {
            key,
            kind,
            path: portable::encode_root(root),
            near,
            synthetic: false,
            mapping: None,
            names: BTreeMap::new(),
        }
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What is wrong with a text, before it is known which file it is from.
enum Problem {
    Damaged(Fault),
    Newer(u64),
}

impl Problem {
    fn at(self, path: &Path) -> SettingsError {
        let path = path.to_owned();
        match self {
            Self::Damaged(Fault { line, problem }) => SettingsError::Damaged { line, problem, path },
            Self::Newer(version) => SettingsError::Newer { version, path },
        }
    }
}

fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
