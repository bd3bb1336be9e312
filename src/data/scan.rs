//! From dropped folders to clips that are ready for use: recognise, read the tables, decode every sound.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::sources::{MOST_LEVELS, NO_AUDIO_FILE, SOURCES, Source, SourceError, find};
use super::{Clip, Label, LabelPolicy, SoundFacts, SourceKind, Verdict};
use crate::audio::{Recording, decode};
use crate::files::FileError;

/// How far a scan is. Given often, from several threads; whoever shows it should thin it out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScanProgress<'a> {
    /// A dataset was recognised and its tables were read.
    Found {
        /// Which dataset.
        source: SourceKind,
        /// Its folder.
        root: &'a Path,
        /// The rows and files in it.
        recordings: usize,
    },
    /// One more sound was decoded, or turned out to be unreadable.
    Decoded {
        /// How many are done, over all datasets. Threads may report out of order.
        done: usize,
        /// How many there are to do.
        total: usize,
        /// The sound.
        path: &'a Path,
    },
}

/// Why a scan ended without a result. A broken sound file never ends one.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The progress callback asked to stop.
    #[error("the scan was cancelled")]
    Cancelled,
    /// A file was given where a dataset's folder is needed.
    #[error("a dataset is a folder, and this is a file; choose the folder around it ({})", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// No dataset in a folder.
    #[error(
        "no dataset was recognised: looked in this folder and {levels} levels below it for {looked_for} ({})",
        path.display(),
        levels = MOST_LEVELS
    )]
    Unrecognised {
        /// What marks the datasets, in plain words.
        looked_for: String,
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be listed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset's table cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// A dataset after its scan.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceScan {
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder.
    pub root: PathBuf,
    /// Every table row and sound file. Those that are used have their [`SoundFacts`].
    pub clips: Vec<Clip>,
    /// What the reader of a result should know, as whole sentences.
    pub notes: Vec<String>,
}

/// A scan in numbers, as written to reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceSummary {
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder.
    pub path: PathBuf,
    /// Rows and files; always the sum of the four below.
    pub recordings: usize,
    /// Used as healthy.
    pub healthy: usize,
    /// Used as sick.
    pub sick: usize,
    /// Left out, by reason.
    pub excluded: BTreeMap<String, usize>,
    /// Wanted, but without usable sound.
    pub unreadable: Vec<UnreadableFile>,
}

/// A sound file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadableFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl SourceScan {
    /// The scan in numbers.
    #[must_use]
    pub fn summary(&self) -> SourceSummary {
        let used_as = |label| self.clips.iter().filter(|clip| clip.verdict == Verdict::Use(label)).count();
        let mut excluded = BTreeMap::new();
        let mut unreadable = Vec::new();
        for clip in &self.clips {
            match &clip.verdict {
                Verdict::Use(_) => {}
                Verdict::Exclude(reason) => *excluded.entry(reason.clone()).or_default() += 1,
                Verdict::Unreadable(reason) => {
                    unreadable.push(UnreadableFile { path: clip.path.clone(), reason: reason.clone() });
                }
            }
        }
        SourceSummary {
            kind: self.kind,
            path: self.root.clone(),
            recordings: self.clips.len(),
            healthy: used_as(Label::Healthy),
            sick: used_as(Label::Sick),
            excluded,
            unreadable,
        }
    }
}

/// Recognises the datasets in `paths`, reads their tables, and decodes every recording, on all cores.
///
/// A folder that lies in two of the paths is read once. `progress` may end the scan with `Break`.
///
/// # Errors
/// [`ScanError`] when a path holds no dataset or a table cannot be read (both before anything is decoded), or when
/// `progress` said so.
pub fn scan(
    paths: &[PathBuf],
    policy: &LabelPolicy,
    progress: &(dyn Fn(ScanProgress) -> ControlFlow<()> + Sync),
) -> Result<Vec<SourceScan>, ScanError> {
    let mut scans = Vec::new();
    for (source, root) in find_all(paths)? {
        let mut contents = source.read(&root, policy)?;
        if contents.clips.is_empty() {
            contents.notes.push("There is no recording in it.".to_owned());
        }
        let recordings = contents.clips.len();
        if progress(ScanProgress::Found { source: source.kind(), root: &root, recordings }).is_break() {
            return Err(ScanError::Cancelled);
        }
        scans.push(SourceScan { kind: source.kind(), root, clips: contents.clips, notes: contents.notes });
    }
    decode_all(&mut scans, progress)?;
    Ok(scans)
}

/// The datasets in all of these folders, each once.
fn find_all(paths: &[PathBuf]) -> Result<Vec<(&'static dyn Source, PathBuf)>, ScanError> {
    let mut seen = BTreeSet::new();
    let mut roots = Vec::new();
    for path in paths {
        if path.is_file() {
            return Err(ScanError::NotAFolder { path: path.clone() });
        }
        let found = find(path)?;
        if found.is_empty() {
            let looked_for: Vec<_> = SOURCES.iter().map(|source| source.looks_for()).collect();
            return Err(ScanError::Unrecognised { looked_for: looked_for.join("; "), path: path.clone() });
        }
        roots.extend(found.into_iter().filter(|(_, root)| seen.insert(canonical(root))));
    }
    Ok(roots)
}

/// The one spelling of a folder's path.
fn canonical(folder: &Path) -> PathBuf {
    std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Decodes every clip that has a file, and marks those that have no usable sound. Excluded ones too: a person who thinks
/// of using them wants to know how long they are and whether they play.
fn decode_all(
    scans: &mut [SourceScan],
    progress: &(dyn Fn(ScanProgress) -> ControlFlow<()> + Sync),
) -> Result<(), ScanError> {
    let no_audio = Verdict::Exclude(NO_AUDIO_FILE.to_owned());
    let wanted: Vec<&mut Clip> =
        scans.iter_mut().flat_map(|scan| &mut scan.clips).filter(|clip| clip.verdict != no_audio).collect();
    let total = wanted.len();
    let done = AtomicUsize::new(0);
    let flow = wanted.into_par_iter().try_for_each(|clip| {
        match decode(&clip.path) {
            Ok(recording) => clip.sound = Some(facts(&recording)),
            Err(error) => clip.verdict = Verdict::Unreadable(error.to_string()),
        }
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress(ScanProgress::Decoded { done, total, path: &clip.path })
    });
    if flow.is_break() { Err(ScanError::Cancelled) } else { Ok(()) }
}

fn facts(recording: &Recording) -> SoundFacts {
    SoundFacts {
        rate: recording.rate(),
        channels: recording.channels().len(),
        duration: recording.duration(),
        format: recording.format().clone(),
    }
}
