//! What a person can ask of the session.

use std::path::{Path, PathBuf};

use super::run::RunId;
use super::state::ClipId;
use crate::spectrogram::SpectrogramConfig;
use crate::train::config::TrainConfig;

/// A wish of the person, from the window or the command line.
#[derive(Clone, Debug)]
pub enum Command {
    /// Find out what can compute; asked once, when the program starts.
    ProbeDevices,
    /// Open whatever these are: dataset folders, saved runs, prediction tables, or recordings to predict.
    Open(Vec<PathBuf>),
    /// Make the demo study (or take the one that is there) and open it.
    OpenDemo,
    /// The whole main job on the demo study: make and open it, then train the quick network.
    RunDemo {
        /// Where to save the run; `None` picks a new folder in the user's data folder.
        folder: Option<PathBuf>,
    },
    /// Close every dataset.
    CloseStudy,
    /// Show a recording in Explore.
    Select(ClipId),
    /// Show another kind of spectrogram in Explore.
    ShowSpectrogram(SpectrogramConfig),
    /// Train a network on the study.
    StartRun {
        /// What to do.
        config: Box<TrainConfig>,
        /// Where to save it; `None` picks a new folder in the user's data folder.
        folder: Option<PathBuf>,
    },
    /// Stop a run after the step in hand and keep its best network.
    StopRun(RunId),
    /// Make this the run that Train shows and Predict uses, and evaluate it.
    ShowRun(RunId),
    /// Move the decision threshold of the evaluation that is shown.
    SetThreshold(f64),
    /// Set the threshold back to the one that was chosen on the validation part.
    ResetThreshold,
    /// Score recordings with the current run.
    Predict(Vec<PathBuf>),
    /// Write figures and tables of the evaluation that is shown into this folder.
    ExportReport(PathBuf),
    /// The person has read this message.
    Dismiss(u64),
}

/// What dropping a file or folder will do, told from its name alone: no file is opened for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropIntent {
    /// A folder: look for datasets or a saved run in it.
    Folder,
    /// A sound: score it with the current run.
    Recording,
    /// A table of predictions: evaluate it.
    Predictions,
    /// None of these.
    Unknown,
}

/// Endings of sound files that are offered to the decoder.
const SOUND_EXTENSIONS: [&str; 15] =
    ["wav", "flac", "mp3", "m4a", "mp4", "aac", "ogg", "oga", "opus", "webm", "mka", "aif", "aiff", "caf", "weba"];

impl DropIntent {
    /// What dropping `path` will do.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let Some(extension) = path.extension() else { return Self::Folder };
        let extension = extension.to_string_lossy().to_lowercase();
        match extension.as_str() {
            "csv" => Self::Predictions,
            sound if SOUND_EXTENSIONS.contains(&sound) => Self::Recording,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_what_a_drop_does() {
        for (name, intent) in [
            ("Coswara-Data", DropIntent::Folder),
            ("cough.WEBM", DropIntent::Recording),
            ("predictions.csv", DropIntent::Predictions),
            ("letter.docx", DropIntent::Unknown),
        ] {
            assert_eq!(DropIntent::of(Path::new(name)), intent, "{name}");
        }
    }
}
