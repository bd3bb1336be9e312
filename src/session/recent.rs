//! The studies that were open lately, remembered between two starts of the program.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::study::portable;
use crate::data::study::settings::{self, SourceEntry};
use crate::files::write_atomic;

const FILE_NAME: &str = "recent.toml";
/// How many are remembered.
const MOST: usize = 12;

/// A study that was open lately and is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentStudy {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name.
    pub name: String,
    /// Its datasets, in words.
    pub datasets: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Remembered {
    #[serde(default)]
    studies: Vec<String>,
}

/// The studies that were open lately, the last one first; those that are gone are passed over.
pub(super) fn list(data_folder: &Path) -> Vec<RecentStudy> {
    let studies = read(data_folder).studies.into_iter().map(|text| portable::decode_root(&text));
    studies.filter_map(describe).collect()
}

fn describe(folder: PathBuf) -> Option<RecentStudy> {
    let settings = settings::Settings::read(&folder).ok()?;
    let place = |source: &SourceEntry| source.resolve(&folder).unwrap_or_else(|| portable::decode_root(&source.path));
    let mut datasets: Vec<String> =
        settings.sources.iter().map(|source| source.kind.name_in(&place(source)).into_owned()).collect();
    datasets.dedup();
    if datasets.is_empty() {
        return None;
    }
    Some(RecentStudy { name: settings::name_or_folder(&settings.name, &folder), datasets: datasets.join(", "), folder })
}

/// Puts a study first. Best effort: a list that cannot be written costs a person one look for the folder.
pub(super) fn add(data_folder: &Path, folder: &Path) {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let text = portable::encode_root(&folder);
    let mut studies = read(data_folder).studies;
    studies.retain(|other| *other != text);
    studies.insert(0, text);
    studies.truncate(MOST);
    let written = std::fs::create_dir_all(data_folder).map_err(|error| error.to_string()).and_then(|()| {
        let content = toml::to_string(&Remembered { studies }).map_err(|error| error.to_string())?;
        write_atomic(&data_folder.join(FILE_NAME), "remembering the study", |out| out.write_all(content.as_bytes()))
            .map_err(|error| error.to_string())
    });
    if let Err(error) = written {
        log::warn!("{error}");
    }
}

fn read(data_folder: &Path) -> Remembered {
    std::fs::read_to_string(data_folder.join(FILE_NAME))
        .ok()
        .and_then(|text| toml::from_str(&text).ok())
        .unwrap_or_default()
}
