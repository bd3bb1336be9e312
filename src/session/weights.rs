//! The weights of InceptionV3 that a person named: read once to be sure of them, remembered between two starts of the program.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::data::path_text;
use crate::files::write_atomic;
use crate::models::inception::plan::Plan;
use crate::models::inception::weights::Weights;

const FILE_NAME: &str = "weights.toml";

/// A file that holds the whole network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenWeights {
    /// The file.
    pub path: PathBuf,
    /// What they are, where the file is a published one.
    pub published: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
}

/// Reads the weights at `path`, and remembers them.
///
/// # Errors
/// A sentence for the person when the file does not hold the network.
pub(super) fn choose(path: &Path, data_folder: &Path) -> Result<ChosenWeights, String> {
    let weights = Weights::read(path, &Plan::new(1)).map_err(|error| error.to_string())?;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let published = weights.known().map(|known| known.about.to_owned());
    let remembered = Remembered { path: path_text::to_text(&path), published: published.clone() };
    // Best effort: a note that cannot be written costs a person one look for the file.
    if let Ok(text) = toml::to_string(&remembered)
        && let Err(error) =
            write_atomic(&data_folder.join(FILE_NAME), "remembering the weights", |out| out.write_all(text.as_bytes()))
    {
        log::warn!("{error}");
    }
    Ok(ChosenWeights { path, published })
}

/// The weights that were chosen last, if the file is still there. Whether it is still the same shows when it is used.
pub(super) fn remembered(data_folder: &Path) -> Option<ChosenWeights> {
    let text = std::fs::read_to_string(data_folder.join(FILE_NAME)).ok()?;
    let Remembered { path, published } = toml::from_str(&text).ok()?;
    let path = path_text::meant(&path, Path::new(""));
    path.is_file().then_some(ChosenWeights { path, published })
}
