//! Finding dataset roots in a dropped folder, and the files of a root.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use super::{Listing, SOURCES, Source, SourceKind, has_extension, name_of};
use crate::audio;
use crate::files::FileError;

/// How many folders below the dropped one are looked into. Archives unpack into a folder of their own name, and people
/// sort those into one or two more.
pub const MOST_LEVELS: usize = 4;
/// How many files and folders are looked at before the search ends, for someone who drops a whole disk. The largest
/// dataset, COUGHVID with its sidecars, has 70,000.
const MOST_ENTRIES: usize = 500_000;
/// How deep the files of a dataset lie below its root at most; Coswara has the deepest tree, with 4.
const MOST_FILE_LEVELS: usize = 6;

/// Finds the datasets in `dropped`: it may be a dataset's root, a folder around it, or hold several. A folder inside
/// of a dataset is not searched for others, but one that only has a table of recordings is: it counts where there is
/// nothing else. Sorted by path within each level; the same folder is given once.
///
/// # Errors
/// [`FileError`] when `dropped` itself cannot be listed; what cannot be listed below it is passed over and logged.
pub fn find(dropped: &Path) -> Result<Vec<(&'static dyn Source, PathBuf)>, FileError> {
    let mut roots = Vec::new();
    let mut seen = BTreeSet::new();
    let mut entries = 0;
    let mut waiting = VecDeque::from([(list(dropped)?, 0)]);
    while let Some((listing, level)) = waiting.pop_front() {
        // Links may lead to a folder twice, or in a circle.
        if !seen.insert(std::fs::canonicalize(&listing.path).unwrap_or_else(|_| listing.path.clone())) {
            continue;
        }
        entries += listing.folders.len() + listing.files.len();
        if let Some(source) = SOURCES.iter().find(|source| source.is_root(&listing)) {
            roots.push((*source, listing.path.clone()));
            if source.kind() != SourceKind::Table {
                continue;
            }
        }
        if level == MOST_LEVELS || entries > MOST_ENTRIES {
            continue;
        }
        for folder in &listing.folders {
            match list(folder) {
                Ok(inner) => waiting.push_back((inner, level + 1)),
                Err(error) => log::warn!("passed over: {error}"),
            }
        }
    }
    Ok(without_tables_of_others(roots))
}

/// Leaves out the tables of recordings that have a dataset below them, whose recordings they most likely list.
fn without_tables_of_others(mut roots: Vec<(&'static dyn Source, PathBuf)>) -> Vec<(&'static dyn Source, PathBuf)> {
    let folders: Vec<PathBuf> = roots.iter().map(|(_, root)| root.clone()).collect();
    roots.retain(|(source, root)| {
        source.kind() != SourceKind::Table || !folders.iter().any(|other| other != root && other.starts_with(root))
    });
    roots
}

/// What lies directly in `folder`, hidden entries left out (`.git`, and the `__MACOSX` of archives made on a Mac).
///
/// # Errors
/// [`FileError`] when it cannot be listed.
pub(in crate::data) fn list(folder: &Path) -> Result<Listing, FileError> {
    let action = "listing the folder";
    let mut listing = Listing { path: folder.to_owned(), ..Listing::default() };
    for entry in std::fs::read_dir(folder).map_err(FileError::at(action, folder))? {
        let entry = entry.map_err(FileError::at(action, folder))?;
        let path = entry.path();
        if is_hidden(&name_of(&path)) {
            continue;
        }
        // People keep large datasets on another disk, so links are followed; only those cost a look at the disk.
        let is_folder = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_dir(),
            _ => path.is_dir(),
        };
        let side = if is_folder { &mut listing.folders } else { &mut listing.files };
        side.push(path);
    }
    listing.folders.sort_unstable();
    listing.files.sort_unstable();
    Ok(listing)
}

/// Every file at any depth below `root`, sorted within each folder. What cannot be listed is passed over and logged; a
/// link to a folder around it leads to nothing new. A sound that is a link to nothing is a file that cannot be read, so
/// that it is named as one.
pub(in crate::data) fn files_below(root: &Path) -> impl Iterator<Item = PathBuf> {
    walkdir::WalkDir::new(root)
        .follow_links(true)
        .max_depth(MOST_FILE_LEVELS)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| match entry {
            Ok(entry) => entry.file_type().is_file().then(|| entry.into_path()),
            Err(error) => {
                let sound = sound_behind_broken_link(&error);
                if sound.is_none() && error.loop_ancestor().is_none() {
                    log::warn!("passed over: {error}");
                }
                sound
            }
        })
}

/// The sound that a link in vain would be.
fn sound_behind_broken_link(error: &walkdir::Error) -> Option<PathBuf> {
    let path = error.path()?;
    let is_broken = error.loop_ancestor().is_none() && path.is_symlink() && !path.exists();
    (is_broken && has_extension(path, &audio::EXTENSIONS)).then(|| path.to_owned())
}

/// Whether a name belongs to a system, not to a dataset.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || name == "__MACOSX"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_dataset(at: &Path) {
        for class in ["Healthy", "SICK"] {
            std::fs::create_dir_all(at.join(class)).unwrap();
        }
    }

    #[test]
    fn a_root_is_found_at_the_depth_limit_and_not_below() {
        let dropped = tempfile::tempdir().unwrap();
        plain_dataset(&dropped.path().join("a/b/c/d"));
        plain_dataset(&dropped.path().join("1/2/3/4/5"));
        let roots: Vec<_> = find(dropped.path()).unwrap().into_iter().map(|(_, root)| root).collect();
        assert_eq!(roots, [dropped.path().join("a/b/c/d")]);
    }

    #[test]
    fn nothing_is_searched_inside_of_a_dataset_or_hidden_folder() {
        let dropped = tempfile::tempdir().unwrap();
        plain_dataset(&dropped.path().join(".git"));
        plain_dataset(&dropped.path().join("__MACOSX"));
        plain_dataset(&dropped.path().join("mine"));
        plain_dataset(&dropped.path().join("mine/sick/more"));
        let roots: Vec<_> = find(dropped.path()).unwrap().into_iter().map(|(_, root)| root).collect();
        assert_eq!(roots, [dropped.path().join("mine")]);
    }

    #[cfg(unix)]
    #[test]
    fn links_in_a_circle_end() {
        let dropped = tempfile::tempdir().unwrap();
        plain_dataset(&dropped.path().join("mine"));
        std::os::unix::fs::symlink(dropped.path(), dropped.path().join("again")).unwrap();
        std::os::unix::fs::symlink(dropped.path().join("mine"), dropped.path().join("twin")).unwrap();
        assert_eq!(find(dropped.path()).unwrap().len(), 1);
    }
}
