//! From dropped folders to recordings: recognise the datasets, read their tables, measure the sounds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use super::sources::mapped::{self, Mapping};
use super::sources::{MOST_LEVELS, SOURCES, Source, SourceError, find};
use super::{Clip, Label, Obstacle, Reason, Sound, SoundFacts, SourceKind, Verdict, path_text, table};
use crate::audio::{DecodeError, decode};
use crate::files::FileError;

/// A dataset was recognised and its tables were read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanProgress<'a> {
    /// Which dataset.
    pub source: SourceKind,
    /// Its folder.
    pub root: &'a Path,
    /// The rows and files in it.
    pub recordings: usize,
}

/// Why a scan ended without a result. A broken sound file never ends one.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The progress callback asked to stop.
    #[error("the scan was cancelled")]
    Cancelled,
    /// A file was given where a dataset's folder is needed.
    #[error(
        "a dataset is a folder or a CSV with the columns {}, and this file is none; choose the folder around it ({})",
        table::NEEDED.join(", "),
        path.display()
    )]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// No dataset in a folder.
    #[error(
        "no dataset was recognised: looked in this folder and {levels} levels below it for {looked_for}{other} ({})",
        path.display(),
        levels = MOST_LEVELS,
        other = if *has_table { of_other_tables() } else { String::new() }
    )]
    Unrecognised {
        /// What marks the datasets, in plain words.
        looked_for: String,
        /// There is a table that is no dataset's own.
        has_table: bool,
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be listed.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset was recognised, and its table cannot be read.
    #[error("{kind} cannot be read: {source}")]
    Source {
        /// Which dataset.
        kind: SourceKind,
        /// Its folder.
        root: PathBuf,
        /// Why.
        source: SourceError,
    },
    /// Several of these, and nothing that could be read.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Self>),
}

impl ScanError {
    /// Its parts, each with a reason of its own.
    #[must_use]
    pub fn each(self) -> Vec<Self> {
        match self {
            Self::Several(errors) => errors,
            one => vec![one],
        }
    }
}

/// A dataset as its tables and folders describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceScan {
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder.
    pub root: PathBuf,
    /// Every table row and sound file.
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
    #[serde(serialize_with = "path_text::serialize")]
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
    #[serde(serialize_with = "path_text::serialize_all")]
    pub without_audio: Vec<PathBuf>,
}

/// A sound file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadableFile {
    /// The file.
    #[serde(serialize_with = "path_text::serialize")]
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Says how a table is read that no dataset's layout fits.
fn of_other_tables() -> String {
    format!(
        ". There is another table: the window asks which of its columns hold what when this folder is opened there, and the \
         command line takes a CSV with the columns {}",
        table::NEEDED.join(", ")
    )
}

impl ScanError {
    fn of(kind: SourceKind, root: &Path) -> impl FnOnce(SourceError) -> Self {
        move |source| Self::Source { kind, root: root.to_owned(), source }
    }
}

impl SourceScan {
    /// The scan in numbers.
    #[must_use]
    pub fn summary(&self) -> SourceSummary {
        SourceSummary::of(self.kind, &self.root, &self.clips)
    }
}

impl SourceSummary {
    /// Counts the recordings of one dataset.
    #[must_use]
    pub fn of<'a>(kind: SourceKind, root: &Path, clips: impl IntoIterator<Item = &'a Clip, IntoIter: Clone>) -> Self {
        let clips = clips.into_iter();
        let mut summary = Self {
            kind,
            path: root.to_owned(),
            recordings: 0,
            healthy: 0,
            sick: 0,
            excluded: BTreeMap::new(),
            unreadable: Vec::new(),
            without_audio: Vec::new(),
        };
        for (reason, count) in Reason::tally(clips.clone()) {
            *summary.excluded.entry(reason.to_string()).or_default() += count;
        }
        for clip in clips {
            summary.recordings += 1;
            match &clip.verdict {
                Verdict::Use(Label::Healthy) => summary.healthy += 1,
                Verdict::Use(Label::Sick) => summary.sick += 1,
                Verdict::Exclude(reason) => {
                    if *reason == Reason::Obstacle(Obstacle::NoAudioFile) {
                        summary.without_audio.push(clip.path.clone());
                    }
                }
                Verdict::Unreadable(reason) => {
                    summary.unreadable.push(UnreadableFile { path: clip.path.clone(), reason: reason.clone() });
                }
            }
        }
        summary
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

/// Recognises the datasets in `paths` and reads their tables, without opening a sound.
///
/// A folder that lies in two of the paths is read once. A dataset that cannot be read does not hide the others.
/// `progress` may end the reading with `Break`.
///
/// # Errors
/// [`ScanError`] when there is nothing at all to read, or when `progress` said so.
pub fn read_all(paths: &[PathBuf], progress: &dyn Fn(ScanProgress) -> ControlFlow<()>) -> Result<Scan, ScanError> {
    let mut found = Scan::default();
    // A table that the program itself has exported may be dropped as a file; every other dataset is a folder.
    let (tables, folders): (Vec<&PathBuf>, Vec<&PathBuf>) =
        paths.iter().partition(|path| path.is_file() && table::is_combined_table(path));
    let tables = tables.into_iter().map(|path| read_again(SourceKind::Table, path, None));
    let folders = find_all(&folders, &mut found.problems);
    for scan in tables.chain(folders.into_iter().map(|(source, root)| read(source, &root))) {
        let scan = match scan {
            Ok(scan) => scan,
            Err(error) => {
                found.problems.push(error);
                continue;
            }
        };
        let recordings = scan.clips.len();
        if progress(ScanProgress { source: scan.kind, root: &scan.root, recordings }).is_break() {
            return Err(ScanError::Cancelled);
        }
        found.sources.push(scan);
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
    Ok(found)
}

/// Reads the tables of one dataset, without opening a sound.
///
/// # Errors
/// [`ScanError::Source`] when they cannot be read.
pub fn read(source: &dyn Source, root: &Path) -> Result<SourceScan, ScanError> {
    let kind = source.kind();
    let mut contents = source.read(root).map_err(ScanError::of(kind, root))?;
    if contents.clips.is_empty() {
        contents.notes.push("There is no recording in it.".to_owned());
    }
    Ok(SourceScan { kind, root: root.to_owned(), clips: contents.clips, notes: contents.notes })
}

/// Reads a dataset that was open before, without opening a sound: as it was then, by its kind and its mapping, whatever
/// else may be recognised in its folder by now.
///
/// # Errors
/// [`ScanError`] when its tables cannot be read.
pub fn read_again(kind: SourceKind, root: &Path, mapping: Option<&Mapping>) -> Result<SourceScan, ScanError> {
    let unrecognised = || {
        let looked_for = kind.name().to_owned();
        ScanError::Unrecognised { looked_for, has_table: false, path: root.to_owned() }
    };
    let contents = match mapping {
        Some(mapping) => mapped::read(root, mapping).map_err(ScanError::of(kind, root))?,
        None if kind == SourceKind::Table && root.is_file() => table::read(root).map_err(ScanError::of(kind, root))?,
        None => {
            let source = SOURCES.iter().find(|source| source.kind() == kind).ok_or_else(unrecognised)?;
            return read(*source, root);
        }
    };
    Ok(SourceScan { kind, root: root.to_owned(), clips: contents.clips, notes: contents.notes })
}

/// Says how many recordings of a dataset do not count in it, as another has them.
pub(super) fn note_on_repeats(count: usize) -> Option<String> {
    let (recordings, are) = match count {
        0 => return None,
        1 => ("1 of its recordings was".to_owned(), "is"),
        more => (format!("{more} of its recordings were"), "are"),
    };
    Some(format!("{recordings} listed already, and {are} left out here."))
}

/// The datasets in all of these folders, each once; paths without one go to `problems`.
fn find_all(paths: &[&PathBuf], problems: &mut Vec<ScanError>) -> Vec<(&'static dyn Source, PathBuf)> {
    let mut seen = BTreeSet::new();
    let mut roots = Vec::new();
    for path in paths {
        if path.is_file() {
            problems.push(ScanError::NotAFolder { path: path.to_path_buf() });
            continue;
        }
        match find(path) {
            Ok(found) if found.is_empty() => {
                let looked_for: Vec<_> = SOURCES.iter().map(|source| source.looks_for()).collect();
                let has_table = !mapped::preview(path).is_empty();
                let (looked_for, path) = (looked_for.join("; "), path.to_path_buf());
                problems.push(ScanError::Unrecognised { looked_for, has_table, path });
            }
            Ok(found) => roots.extend(found.into_iter().filter(|(_, root)| seen.insert(canonical(root)))),
            Err(error) => problems.push(error.into()),
        }
    }
    roots
}

/// The one spelling of a path.
pub(super) fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What a file looks like from outside. While that stays the same, its sound is taken to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its size.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970; negative before.
    pub modified_ns: i64,
}

impl Stamp {
    /// The stamp of the file at `path`; `None` when there is none, or it is no file.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let modified = metadata.modified().ok()?;
        let ns = match modified.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_nanos()).ok()?,
            Err(before) => -i64::try_from(before.duration().as_nanos()).ok()?,
        };
        Some(Self { bytes: metadata.len(), modified_ns: ns })
    }
}

/// What opening one recording gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The file as it was just before; `None` when it was not there.
    pub stamp: Option<Stamp>,
    /// Its sound, or why there is none.
    pub sound: Sound,
    /// What it sounds like, to find it again in another form; `None` for silence.
    pub fingerprint: Option<Fingerprint>,
}

impl Measured {
    /// Decodes the file at `path`. Never fails: what is wrong with a file is its result.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        // Before the decoding: a file that changes meanwhile must look changed the next time.
        let stamp = Stamp::of(path);
        // One recording must never end the scan of 30,000, whatever breaks.
        let measured = catch_unwind(|| {
            let recording = decode(path)?;
            Ok((SoundFacts::of(&recording), Fingerprint::of(&recording)))
        });
        match measured.unwrap_or(Err(DecodeError::Panicked)) {
            Ok((facts, fingerprint)) => Self { stamp, sound: Sound::Read(facts), fingerprint },
            Err(error) => Self { stamp, sound: Sound::Unreadable(error.to_string()), fingerprint: None },
        }
    }
}
