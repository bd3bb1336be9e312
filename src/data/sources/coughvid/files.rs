//! The sounds and sheets of a copy of COUGHVID.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::data::sources::fields::{Fields, Sheet};
use crate::data::sources::search::files_below;
use crate::data::sources::{Listing, has_extension, is_uuid, stem_of};

/// Where a uuid has several files, the first of these is read: the authors' converter leaves a WAV beside the original.
const EXTENSIONS: [&str; 3] = ["webm", "ogg", "wav"];

/// What lies below the root, by lower-case uuid.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// One sound each. Other sounds are among them, by their stem.
    pub(super) sounds: BTreeMap<String, PathBuf>,
    pub(super) sheets: BTreeMap<String, PathBuf>,
    /// How many files hold a recording that another file holds too.
    pub(super) passed_over: usize,
}

impl Files {
    /// Looks at every name below `root`.
    pub(super) fn below(root: &Path) -> Self {
        let mut files = Self::default();
        for path in files_below(root) {
            let uuid = stem_of(&path).to_lowercase();
            if has_extension(&path, &["json"]) && is_uuid(&uuid) {
                files.sheets.entry(uuid).or_insert(path);
            } else if rank(&path).is_some() {
                files.add_sound(uuid, path);
            }
        }
        files
    }

    fn add_sound(&mut self, uuid: String, path: PathBuf) {
        if let Some(other) = self.sounds.get(&uuid) {
            self.passed_over += usize::from(is_uuid(&uuid));
            if rank(&path) >= rank(other) {
                return;
            }
        }
        self.sounds.insert(uuid, path);
    }
}

/// The place of a sound file in [`EXTENSIONS`]; `None` for any other file.
fn rank(path: &Path) -> Option<usize> {
    EXTENSIONS.iter().position(|extension| has_extension(path, &[extension]))
}

/// Whether a folder holds a sound and its sheet, both named by a uuid, as version 1 does.
pub(super) fn holds_pairs(folder: &Listing) -> bool {
    /// Some sheets may be damaged; one that can be read is enough.
    const TRIED: usize = 4;
    let has_sound = |sheet: &&PathBuf| {
        let named = |extension: &str| folder.files.binary_search(&sheet.with_extension(extension)).is_ok();
        EXTENSIONS.iter().any(|extension| named(extension))
    };
    folder
        .files
        .iter()
        .filter(|file| has_extension(file, &["json"]) && is_uuid(&stem_of(file)))
        .filter(has_sound)
        .take(TRIED)
        .any(|sheet| Sheet::read(sheet).is_ok_and(|sheet| !sheet.get("cough_detected").is_empty()))
}

/// Reads the sheets of all recordings, on all cores, and gives the uuids of those that cannot be read beside them.
pub(super) fn read_sheets(paths: BTreeMap<String, PathBuf>) -> (BTreeMap<String, Sheet>, Vec<String>) {
    let read: Vec<_> = paths.into_par_iter().map(|(uuid, path)| (uuid, Sheet::read(&path))).collect();
    let (mut sheets, mut damaged) = (BTreeMap::new(), Vec::new());
    for (uuid, sheet) in read {
        match sheet {
            Ok(sheet) => {
                sheets.insert(uuid, sheet);
            }
            Err(error) => {
                log::warn!("{error}");
                damaged.push(uuid);
            }
        }
    }
    (sheets, damaged)
}
