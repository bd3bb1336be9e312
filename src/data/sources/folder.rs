//! A plain folder of sounds, sorted by the user: `healthy/` and `sick/` in upper or lower case, directly inside or
//! inside of `train/` and `test/`.
//!
//! Nothing says whose recording is whose, so every file counts as a person of its own. The folders `train` and `test`
//! are both read; the program draws its own parts.

use std::path::{Path, PathBuf};

use super::search::{files_below, list};
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{folder_name, has_extension, person};
use crate::audio;
use crate::data::path_text;

/// The folders' names, and so the statuses.
const CLASSES: [&str; 2] = ["healthy", "sick"];
/// Folders in which the class folders may lie.
const PARTS: [&str; 3] = ["train", "validation", "test"];
/// What the reader of a result should know of plain folders.
pub const NAMES_NOBODY: &str = "A plain folder does not say whose recording is whose: every file counts as one person.";

/// The layout of a plain folder.
pub(super) struct Folder;

impl Source for Folder {
    fn kind(&self) -> SourceKind {
        SourceKind::Folder
    }

    fn looks_for(&self) -> &'static str {
        "two folders named healthy and sick"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        let has_classes = |inner: &Listing| CLASSES.iter().all(|class| inner.folder(class).is_some());
        has_classes(folder) || parts_in(folder).iter().any(has_classes)
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let listing = list(root)?;
        let mut places = parts_in(&listing);
        places.push(listing);
        let mut contents = Contents::default();
        for class in CLASSES {
            for folder in places.iter().filter_map(|place| place.folder(class)) {
                let sounds = files_below(folder).filter(|path| has_extension(path, &audio::EXTENSIONS));
                contents.clips.extend(sounds.map(|path| clip(root, path, class)));
            }
        }
        contents.notes.push(NAMES_NOBODY.to_owned());
        Ok(contents)
    }
}

/// The listings of `train`, `validation` and `test`, as far as they are there.
fn parts_in(folder: &Listing) -> Vec<Listing> {
    PARTS.iter().filter_map(|part| folder.folder(part)).filter_map(|part| list(part).ok()).collect()
}

fn clip(root: &Path, path: PathBuf, class: &str) -> Clip {
    // The root's own name keeps apart two folders that hold files of the same name.
    let dataset = folder_name(root);
    // Two names that are not UTF-8 must not become one person's.
    let inside = path_text::to_text(path.strip_prefix(root).unwrap_or(&path));
    let person = person(SourceKind::Folder, &format!("{dataset}/{inside}"));
    Clip { dataset: dataset.into(), ..Clip::new(path, SourceKind::Folder, person, class) }
}
