//! The sounds of a folder, and which of them a table's words mean.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use crate::audio;
use crate::data::sources::search::files_below;
use crate::data::sources::{has_extension, stem_of};

/// The sounds below a folder.
pub(super) struct SoundFiles {
    paths: BTreeSet<PathBuf>,
    /// Path without extension to the first sound of that name.
    without_extension: HashMap<PathBuf, PathBuf>,
    /// Lower-case stem to the only sound of that name; to none where there are several. One sound in several formats
    /// beside each other, as converters leave it, is the first of them.
    by_stem: HashMap<String, Option<PathBuf>>,
}

impl SoundFiles {
    /// Looks at every name below `root`.
    pub(super) fn below(root: &Path) -> Self {
        let is_sound = |path: &PathBuf| has_extension(path, &audio::EXTENSIONS);
        let paths: BTreeSet<PathBuf> = files_below(root).filter(is_sound).map(|path| normal(&path)).collect();
        let (mut without_extension, mut by_stem) = (HashMap::new(), HashMap::new());
        for path in &paths {
            without_extension.entry(path.with_extension("")).or_insert_with(|| path.clone());
            let only = by_stem.entry(stem_of(path).to_lowercase()).or_insert_with(|| Some(path.clone()));
            if only.as_ref().is_some_and(|only| only.with_extension("") != path.with_extension("")) {
                *only = None;
            }
        }
        Self { paths, without_extension, by_stem }
    }

    /// Every sound, sorted.
    pub(super) fn all(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    /// The sound that a table names: from one of the `places`, with or without its extension; else the only one of that
    /// name at any depth. An absolute path may lead anywhere.
    pub(super) fn find(&self, name: &Path, places: &[&Path]) -> Option<PathBuf> {
        for place in places {
            let path = normal(&place.join(name));
            if self.paths.contains(&path) || name.is_absolute() && path.is_file() {
                return Some(path);
            }
            if let Some(sound) = self.without_extension.get(&path) {
                return Some(sound.clone());
            }
        }
        // A dot in the name of a sound without extension (`17.3`) is no extension's.
        let name = name.file_name()?.to_string_lossy().to_lowercase();
        let stem = match Path::new(&name) {
            path if has_extension(path, &audio::EXTENSIONS) => stem_of(path).into_owned(),
            _ => name,
        };
        self.by_stem.get(&stem).cloned().flatten()
    }
}

/// A path without `.` and `..`, as far as its words alone tell.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
