//! Where the demo study lies: its marker, and how it gets there whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::tables::NOTICE;
use super::{DatasetCounts, DemoConfig, DemoError, DemoStudy};
use crate::files::{FileError, write_atomic};

/// Raised whenever the same config would give other files.
const VERSION: u32 = 2;
/// The marker's name in the study's root.
const MARKER_NAME: &str = "demo.toml";
/// Tells our marker from another program's `demo.toml`.
const GENERATOR: &str = "coughscope demo study";
/// Names of unfinished studies begin so.
const STAGING_PREFIX: &str = ".coughscope-demo-";
/// An unfinished study of this age was left by a program that was killed: making one takes seconds.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// `demo.toml`: written last, so that a study that has it is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// [`GENERATOR`].
    generator: String,
    /// [`NOTICE`], for people who open the file.
    notice: String,
    version: u32,
    people: usize,
    /// As text: TOML's numbers end at half of a `u64`.
    seed: String,
    datasets: BTreeMap<String, DatasetCounts>,
}

impl Marker {
    /// The marker of a study of this version.
    pub(super) fn new(config: &DemoConfig, datasets: BTreeMap<String, DatasetCounts>) -> Self {
        Self {
            generator: GENERATOR.to_owned(),
            notice: NOTICE.to_owned(),
            version: VERSION,
            people: config.people,
            seed: config.seed.to_string(),
            datasets,
        }
    }

    /// The marker in `folder`; `None` where there is none that we wrote.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(MARKER_NAME)).ok()?;
        toml::from_str::<Self>(&text).ok().filter(|marker| marker.generator == GENERATOR)
    }

    /// Writes the marker into `folder`.
    pub(super) fn write(&self, folder: &Path) -> Result<(), FileError> {
        write_atomic(&folder.join(MARKER_NAME), "writing the demo study's marker", |out| {
            let text = toml::to_string(self).map_err(io::Error::other)?;
            out.write_all(text.as_bytes())
        })
    }

    /// Whether the study is of this version and of `config`.
    pub(super) fn is_of(&self, config: &DemoConfig) -> bool {
        self.version == VERSION && self.people == config.people && self.seed == config.seed.to_string()
    }

    /// The study that the marker in `root` stands for.
    pub(super) fn study(&self, root: &Path) -> DemoStudy {
        DemoStudy {
            root: root.to_owned(),
            people: self.datasets.values().map(|counts| counts.people).sum(),
            recordings: self.datasets.values().map(|counts| counts.recordings).sum(),
            datasets: self.datasets.clone(),
        }
    }
}

/// Accepts a `root` that is missing, empty, or a demo study.
pub(super) fn check_replaceable(root: &Path) -> Result<(), DemoError> {
    if Marker::read(root).is_some() {
        return Ok(());
    }
    match fs::read_dir(root).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(DemoError::Occupied(root.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FileError::at("reading the demo study's folder", root)(error).into()),
    }
}

/// Writes a file of the unfinished study, and the folders above it.
///
/// Not with [`write_atomic`]: the study appears under its name only when it is whole, and flushing each of 500 files to
/// the disk would take longer than making them.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), FileError> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, content))
        .map_err(FileError::at("writing the demo study", path))
}

/// A temporary folder beside the study's place, on the same disk; removed when dropped.
pub(super) struct Staging(TempDir);

impl Staging {
    /// Makes the folder beside `root`, and removes what killed programs left there.
    pub(super) fn beside(root: &Path) -> Result<Self, FileError> {
        let parent = match root.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let action = "making a folder for the demo study";
        fs::create_dir_all(parent).map_err(FileError::at(action, parent))?;
        sweep_leftovers(parent);
        tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(parent)
            .map(Self)
            .map_err(FileError::at(action, parent))
    }

    /// Where the new study is written.
    pub(super) fn study(&self) -> PathBuf {
        self.0.path().join("new")
    }

    /// Renames the new study to `root`; an older demo that lies there is removed afterwards.
    ///
    /// A kill between the two renames leaves no study at `root`, and the next call makes one.
    pub(super) fn put_in_place(self, root: &Path) -> Result<(), FileError> {
        let replaced = self.0.path().join("old");
        let had_old = root.exists();
        let attempt = || -> io::Result<()> {
            if had_old {
                fs::rename(root, &replaced)?;
            }
            fs::rename(self.study(), root).inspect_err(|_| {
                if had_old {
                    // Should this fail as well, the first error says more than the second.
                    let _ = fs::rename(&replaced, root);
                }
            })
        };
        attempt().map_err(FileError::at("moving the demo study to its place", root))
    }
}

/// Removes unfinished studies that are old enough to belong to no running program.
///
/// Best effort: what cannot be read or removed only takes up space.
fn sweep_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX)) {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > LEFTOVER_AGE)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            log::warn!("an unfinished demo study could not be removed: {error} ({})", entry.path().display());
        }
    }
}
