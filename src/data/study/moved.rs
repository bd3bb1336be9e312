//! Datasets that lie elsewhere than before, and files that two of them have.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Edit, Store, StoreError, Study, StudySource, portable};
use crate::data::scan::{Measured, SourceScan, Stamp, canonical};
use crate::data::sources::mapped::Mapping;
use crate::data::{Clip, Obstacle, Sound};

/// What tells one dataset from another: its folder, or the table whose columns the person has named, however the path is
/// spelled. Asks the file system.
#[must_use]
pub fn place(root: &Path, mapping: Option<&Mapping>) -> PathBuf {
    canonical(&mapping.map_or_else(|| root.to_owned(), |mapping| root.join(&mapping.table)))
}

/// Whether the root of a dataset is a table of recordings, and no folder. Does not ask the file system, as the table may
/// be gone.
#[must_use]
pub fn is_table_file(root: &Path) -> bool {
    root.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(OsStr::new("csv")))
}

/// The folder from which the names of a dataset's files are meant.
fn base(root: &Path) -> &Path {
    if is_table_file(root) { root.parent().unwrap_or(root) } else { root }
}

/// Where the files of a dataset are after it has moved.
#[derive(Clone, Debug)]
pub struct Relocation {
    from: PathBuf,
    to: PathBuf,
    /// Files that are where they were: a table may move without them.
    stay: HashSet<PathBuf>,
}

impl Relocation {
    /// Where a file is now. One of another dataset stays.
    fn follow(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.from) {
            Ok(inside) if !self.stay.contains(path) => self.to.join(inside),
            _ => path.to_owned(),
        }
    }
}

impl Edit {
    /// Follows recordings to another place.
    pub fn relocate(&mut self, relocation: &Relocation) {
        let Self::Decisions(decisions) = self else { return };
        for (path, _) in decisions {
            *path = relocation.follow(path);
        }
    }
}

impl Study {
    /// The dataset at this [`place`]. Asks the file system.
    #[must_use]
    pub fn source_at(&self, place: &Path) -> Option<&StudySource> {
        self.sources.iter().find(|source| source.place() == place)
    }

    /// The datasets that are not at their place and have files of the names of these, the most first: one of them may have
    /// moved. [`Store::compare`] tells whether the files are the same too.
    #[must_use]
    pub fn lost_with_names_of(&self, scan: &SourceScan) -> Vec<Arc<str>> {
        let lost = self.sources.iter().filter(|source| !source.present && source.kind == scan.kind);
        let mut alike: Vec<_> = lost.map(|source| (source.in_common(scan), &source.key)).collect();
        alike.retain(|(common, _)| *common > 0);
        alike.sort_by_key(|(common, _)| Reverse(*common));
        alike.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// Whether `scan`, of another place, has files of the dataset `key`. True for one that has none.
    #[must_use]
    pub fn resembles(&self, key: &str, scan: &SourceScan) -> bool {
        let source = self.source(key);
        source.is_some_and(|source| source.in_common(scan) > 0 || !source.clips.iter().any(|clip| clip.has_file()))
    }

    /// Says that a dataset lies where `scan` found it. Its recordings keep what is known of them. Returns the way that they
    /// went; `None` when there is no such dataset.
    pub fn relocate(&mut self, key: &str, scan: &SourceScan) -> Option<Relocation> {
        let source = self.sources.iter_mut().find(|source| *source.key == *key)?;
        let relocation = source.relocation(scan);
        for clip in &mut source.clips {
            let path = relocation.follow(&clip.path);
            if path != clip.path {
                Arc::make_mut(clip).path = path;
            }
        }
        for path in source.unlisted.iter_mut().map(|(path, _)| path).chain(&mut source.doubtful) {
            *path = relocation.follow(path);
        }
        source.root.clone_from(&scan.root);
        source.present = true;
        Some(relocation)
    }

    /// Finds out which files two datasets have, under whatever path: they count in the first only, as one file must not be
    /// learned from and tested on. A table's row goes before a sound that no row names.
    pub(super) fn mark_repeats(&mut self) {
        let mut repeats = vec![BTreeSet::new(); self.sources.len()];
        let mut seen = HashSet::new();
        for named in [true, false] {
            for (source, repeats) in self.sources.iter().zip(&mut repeats) {
                for (index, (clip, file)) in source.clips.iter().zip(&source.files).enumerate() {
                    if (clip.obstacle != Some(Obstacle::NotInTable)) == named && !seen.insert(file) {
                        repeats.insert(index);
                    }
                }
            }
        }
        for (source, repeats) in self.sources.iter_mut().zip(repeats) {
            source.repeats = repeats;
        }
    }
}

/// What comparing the files of a dataset with those of the same names elsewhere showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameFiles {
    /// They are the same.
    Yes,
    /// Only their names are.
    No,
    /// None of them has been read yet, so that only their names can be compared.
    Unknown,
}

/// Files that are decoded to tell whether those of one size hold one sound.
const MOST_DECODED: usize = 16;

impl Store {
    /// Whether most files of `scan` are those that were read as the dataset `key`: of one size, and, in a sample of these, of
    /// one sound. Folders are often laid out alike, so that `healthy/001.wav` says little; a copy loses the time of its file,
    /// and files that one program wrote at once share it. Asks the file system, and decodes a few files.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be read.
    pub fn compare(&self, key: &str, scan: &SourceScan) -> Result<SameFiles, StoreError> {
        let known = self.sounds(key)?;
        let mut other_size = 0;
        let mut alike = Vec::new();
        for clip in scan.clips.iter().filter(|clip| clip.has_file()) {
            let Some((then, sound)) = known.get(&portable::encode(&clip.path, &scan.root)) else { continue };
            match Stamp::of(&clip.path) {
                Some(now) if now.bytes == then.bytes => alike.push((&clip.path, sound)),
                Some(_) => other_size += 1,
                None => {}
            }
        }
        let (mut same, mut compared) = (0, 0);
        for (path, sound) in alike.iter().step_by(alike.len().div_ceil(MOST_DECODED).max(1)) {
            // A file without sound may be any file without sound.
            let (Sound::Read(then), now) = (sound, Measured::of(path).sound) else { continue };
            compared += 1;
            same += usize::from(matches!(now, Sound::Read(now) if now.content == then.content));
        }
        Ok(match (compared, other_size) {
            (0, 0) => SameFiles::Unknown,
            // More than half of them all, of which `alike` are in the same proportion as its sample.
            _ if 2 * same * alike.len() > compared * (alike.len() + other_size) => SameFiles::Yes,
            _ => SameFiles::No,
        })
    }
}

impl StudySource {
    /// What tells it from the others. Asks the file system.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        place(&self.root, self.mapping.as_ref())
    }

    /// The recordings that count here, and not in an earlier dataset, each with its place in the listing.
    pub(super) fn counted(&self) -> impl Iterator<Item = (usize, &Arc<Clip>)> {
        self.clips.iter().enumerate().filter(|(index, _)| !self.repeats.contains(index))
    }

    /// The names of its files, from its folder on, by which they are known again elsewhere.
    #[must_use]
    pub fn names(&self) -> HashSet<PathBuf> {
        let files = self.clips.iter().filter(|clip| clip.has_file());
        files.filter_map(|clip| Some(clip.path.strip_prefix(base(&self.root)).ok()?.to_owned())).collect()
    }

    fn relocation(&self, scan: &SourceScan) -> Relocation {
        let theirs: HashSet<&Path> = scan.clips.iter().map(|clip| clip.path.as_path()).collect();
        let ours = self.clips.iter().map(|clip| &clip.path);
        Relocation {
            from: base(&self.root).to_owned(),
            to: base(&scan.root).to_owned(),
            stay: ours.filter(|path| theirs.contains(path.as_path())).cloned().collect(),
        }
    }

    /// How many of its files `scan`, of another place, has.
    fn in_common(&self, scan: &SourceScan) -> usize {
        let relocation = self.relocation(scan);
        let theirs: HashSet<&Path> =
            scan.clips.iter().filter(|clip| clip.has_file()).map(|clip| clip.path.as_path()).collect();
        let ours = self.clips.iter().filter(|clip| clip.has_file()).map(|clip| relocation.follow(&clip.path));
        ours.filter(|path| theirs.contains(path.as_path())).count()
    }
}
