//! Recordings that were used until their files changed or went: a scan must not lose them in silence.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Study, StudySource};
use crate::data::scan::SourceScan;
use crate::data::{Clip, Obstacle, Reason, Sound, Verdict, path_text};
use crate::units::counted;

/// Recordings that were used when their files were read last, and are not since these have changed or gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// How many.
    pub recordings: usize,
    /// The first [`Dropped::MOST_NAMED`] of them.
    pub first: Vec<DroppedRecording>,
}

/// A recording whose file has changed or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedRecording {
    /// Its file, as [`path_text`] writes it.
    pub path: String,
    /// Why it is not used any more.
    pub reason: String,
}

/// What a new look at the files of a dataset found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are new or have changed, by path.
    pub fresh: Vec<PathBuf>,
    /// Files that are not there any more, by path.
    pub missing: Vec<PathBuf>,
}

impl Dropped {
    /// How many are named: as many as a person looks up.
    pub const MOST_NAMED: usize = 5;

    /// Whether nothing was dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recordings == 0
    }

    /// How many, as a sentence without its period; `None` when nothing was dropped.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let recordings = counted(self.recordings, "recording that was used is", "recordings that were used are");
        (!self.is_empty()).then(|| format!("{recordings} left out now, as the files have changed or gone"))
    }

    /// A line for each that is named: its file and why it is not used any more.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.first.iter().map(|DroppedRecording { path, reason }| format!("{path}: {reason}"))
    }

    /// Counts the recording at `path`, and names it if it is one of the first.
    fn add(&mut self, path: &Path, reason: String) {
        self.recordings += 1;
        if self.first.len() < Self::MOST_NAMED {
            self.first.push(DroppedRecording { path: path_text::to_text(path), reason });
        }
    }
}

impl Changes {
    /// A line for each of the first: what has become of it, and its path below `root`.
    pub fn lines(&self, root: &Path) -> impl Iterator<Item = String> {
        let of = |word, paths: &[PathBuf]| {
            let line = |path: &PathBuf| format!("{word}: {}", path.strip_prefix(root).unwrap_or(path).display());
            paths.iter().take(Dropped::MOST_NAMED).map(line).collect::<Vec<_>>()
        };
        of("new or changed", &self.fresh).into_iter().chain(of("missing", &self.missing))
    }
}

impl Study {
    /// What was used until its file changed or went, of `clips`, the recordings that count.
    pub(super) fn dropped(&self, clips: &[Arc<Clip>]) -> Dropped {
        let doubtful: HashSet<&Path> =
            self.sources.iter().flat_map(|source| &source.doubtful).map(PathBuf::as_path).collect();
        let mut dropped = Dropped::default();
        if doubtful.is_empty() {
            return dropped;
        }
        let clips = clips.iter().map(|clip| (clip.path.as_path(), clip.as_ref()));
        let clips: HashMap<&Path, &Clip> = clips.filter(|(path, _)| doubtful.contains(path)).collect();
        for path in self.sources.iter().flat_map(|source| &source.doubtful) {
            match clips.get(path.as_path()).map(|clip| &clip.verdict) {
                None => dropped.add(path, "the file is not there any more".to_owned()),
                Some(Verdict::Unreadable(reason)) => dropped.add(path, reason.clone()),
                Some(Verdict::Exclude(reason @ (Reason::Flag(_) | Reason::Obstacle(Obstacle::NoAudioFile)))) => {
                    dropped.add(path, reason.to_string());
                }
                // What a table, the policy or a person leaves out is not dropped for its file.
                Some(Verdict::Use(_) | Verdict::Exclude(_)) => {}
            }
        }
        dropped
    }
}

impl StudySource {
    /// What has changed between what is known of its files and `scan`, a new look at the same place.
    #[must_use]
    pub fn changes(&self, scan: &SourceScan) -> Changes {
        let present: HashMap<&Path, &Sound> =
            scan.clips.iter().filter(|clip| clip.has_file()).map(|clip| (clip.path.as_path(), &clip.sound)).collect();
        // A table may name a file twice.
        let known: HashMap<&Path, &Sound> =
            self.clips.iter().filter(|clip| clip.has_file()).map(|clip| (clip.path.as_path(), &clip.sound)).collect();
        let is_same = |path: &Path, now: &Sound| {
            known.get(path).is_some_and(|sound| **sound == Sound::Unread || *now != Sound::Unread)
        };
        let fresh = present.iter().filter(|(path, now)| !is_same(path, now)).map(|(path, _)| *path);
        let missing = known.keys().filter(|path| !present.contains_key(*path)).copied();
        let sorted = |mut paths: Vec<&Path>| {
            paths.sort_unstable();
            paths.into_iter().map(Path::to_owned).collect()
        };
        Changes { fresh: sorted(fresh.collect()), missing: sorted(missing.collect()) }
    }

    /// The recordings that are used, or were until their files changed or went, and that `found`, a new look at the same
    /// place, cannot vouch for.
    pub(super) fn doubtful(&self, found: &[Clip]) -> Vec<PathBuf> {
        let read: HashSet<&Path> =
            found.iter().filter(|clip| clip.sound != Sound::Unread).map(|clip| clip.path.as_path()).collect();
        let used = self.counted().filter(|(_, clip)| clip.verdict.label().is_some()).map(|(_, clip)| &clip.path);
        let lost = used.filter(|path| !read.contains(path.as_path()));
        let mut paths: Vec<PathBuf> = self.doubtful.iter().chain(lost).cloned().collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }
}
