//! From dropped folders to clips that are ready for use: recognise, read the tables, decode every sound.

use std::collections::{BTreeMap, BTreeSet, HashSet};
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
    /// Several of these, and nothing that could be read.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Self>),
}

/// A dataset after its scan.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceScan {
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder.
    pub root: PathBuf,
    /// Every table row and sound file. Those that could be decoded have their [`SoundFacts`], also where they are left
    /// out.
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
    /// Rows and files; the sum of healthy, sick, excluded and unreadable.
    pub recordings: usize,
    /// Used as healthy.
    pub healthy: usize,
    /// Used as sick.
    pub sick: usize,
    /// Left out, by reason.
    pub excluded: BTreeMap<String, usize>,
    /// There, but without usable sound, whatever their label.
    pub unreadable: Vec<UnreadableFile>,
    /// Where the sound of rows without one was looked for; they are counted in `excluded`.
    pub without_audio: Vec<PathBuf>,
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
    /// Whether both are scans of one folder, however its path is spelled. Asks the file system.
    #[must_use]
    pub fn is_of(&self, root: &Path) -> bool {
        canonical(&self.root) == canonical(root)
    }

    /// The scan in numbers.
    #[must_use]
    pub fn summary(&self) -> SourceSummary {
        let used_as = |label| self.clips.iter().filter(|clip| clip.verdict == Verdict::Use(label)).count();
        let mut excluded = BTreeMap::new();
        let mut unreadable = Vec::new();
        let mut without_audio = Vec::new();
        for clip in &self.clips {
            match &clip.verdict {
                Verdict::Use(_) => {}
                Verdict::Exclude(reason) => {
                    *excluded.entry(reason.clone()).or_default() += 1;
                    if reason == NO_AUDIO_FILE {
                        without_audio.push(clip.path.clone());
                    }
                }
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
            without_audio,
        }
    }
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The datasets that could be read.
    pub sources: Vec<SourceScan>,
    /// What could not, when there was something else.
    pub problems: Vec<ScanError>,
}

/// Recognises the datasets in `paths`, reads their tables, and decodes every recording, on all cores.
///
/// A folder that lies in two of the paths is read once, and so is each recording. A dataset that cannot be read does not
/// hide the others.
///
/// `progress` may end the scan with `Break`.
///
/// # Errors
/// [`ScanError`] when there is nothing at all to read, or when `progress` said so.
pub fn scan(
    paths: &[PathBuf],
    policy: &LabelPolicy,
    progress: &(dyn Fn(ScanProgress) -> ControlFlow<()> + Sync),
) -> Result<Scan, ScanError> {
    let mut found = Scan::default();
    for (source, root) in find_all(paths, &mut found.problems) {
        let mut contents = match source.read(&root, policy) {
            Ok(contents) => contents,
            Err(error) => {
                found.problems.push(error.into());
                continue;
            }
        };
        if contents.clips.is_empty() {
            contents.notes.push("There is no recording in it.".to_owned());
        }
        let recordings = contents.clips.len();
        if progress(ScanProgress::Found { source: source.kind(), root: &root, recordings }).is_break() {
            return Err(ScanError::Cancelled);
        }
        found.sources.push(SourceScan { kind: source.kind(), root, clips: contents.clips, notes: contents.notes });
    }
    if found.sources.is_empty()
        && let Some(last) = found.problems.pop()
    {
        return Err(if found.problems.is_empty() {
            last
        } else {
            found.problems.push(last);
            ScanError::Several(found.problems)
        });
    }
    drop_repeated(&mut found.sources, []);
    decode_all(&mut found.sources, progress)?;
    Ok(found)
}

/// Leaves out recordings that an earlier one of `sources` or `open` has already, with a note: read twice, one file could
/// be learned from and tested on. Asks the file system, as a path can be spelled in many ways.
pub fn drop_repeated<'a>(sources: &mut [SourceScan], open: impl IntoIterator<Item = &'a Clip>) {
    let mut seen: HashSet<PathBuf> = open.into_iter().map(|clip| canonical(&clip.path)).collect();
    for source in sources {
        let before = source.clips.len();
        source.clips.retain(|clip| seen.insert(canonical(&clip.path)));
        let repeated = before - source.clips.len();
        if repeated > 0 {
            source.notes.push(format!(
                "{repeated} of its recordings were read already under another path, and are left out here."
            ));
        }
    }
}

/// The datasets in all of these folders, each once; paths without one go to `problems`.
fn find_all(paths: &[PathBuf], problems: &mut Vec<ScanError>) -> Vec<(&'static dyn Source, PathBuf)> {
    let mut seen = BTreeSet::new();
    let mut roots = Vec::new();
    for path in paths {
        if path.is_file() {
            problems.push(ScanError::NotAFolder { path: path.clone() });
            continue;
        }
        match find(path) {
            Ok(found) if found.is_empty() => {
                let looked_for: Vec<_> = SOURCES.iter().map(|source| source.looks_for()).collect();
                problems.push(ScanError::Unrecognised { looked_for: looked_for.join("; "), path: path.clone() });
            }
            Ok(found) => roots.extend(found.into_iter().filter(|(_, root)| seen.insert(canonical(root)))),
            Err(error) => problems.push(error.into()),
        }
    }
    roots
}

/// The one spelling of a path.
fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
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
