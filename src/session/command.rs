//! What a person can ask of the session.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clip_view::Picture;
use super::player::SoundCommand;
use super::run::RunId;
use super::thumbnails::ThumbnailConfig;
use crate::audio;
use crate::data::demo::DemoConfig;
use crate::data::sources::mapped::Mapping;
use crate::data::study::filter::Filter;
use crate::data::study::order::SortOrder;
use crate::data::study::{ClipId, Edit};
use crate::train::config::TrainConfig;

/// A training that is asked for.
#[derive(Clone, Debug, Default)]
pub struct RunOrder {
    /// What to do.
    pub config: TrainConfig,
    /// Where to save it; `None` picks a new folder in the study, or in the user's data folder.
    pub folder: Option<PathBuf>,
    /// Where the features of frozen networks are kept; `None` for the user's data folder.
    pub features: Option<PathBuf>,
    /// Go on from the checkpoint in `folder`.
    pub resume: bool,
}

/// A wish of the person, from the window or the command line.
#[derive(Clone, Debug)]
pub enum Command {
    /// Find out what can compute; asked once, when the program starts.
    ProbeDevices,
    /// Open whatever these are: dataset folders, saved runs, prediction tables, or recordings to predict.
    Open(Vec<PathBuf>),
    /// Make the demo study (or take the one that is there) and open it.
    OpenDemo(DemoConfig),
    /// Add the table in `root` whose columns the person has named.
    OpenMapped {
        /// The folder around the table.
        root: PathBuf,
        /// Which of its columns hold what.
        mapping: Mapping,
    },
    /// Count what the table in `root` would give with these columns, for a look before it is opened.
    CountMapping {
        /// The folder around the table.
        root: PathBuf,
        /// Which of its columns hold what.
        mapping: Mapping,
    },
    /// Forget the question which columns of the table in this folder hold what.
    CancelMapping(PathBuf),
    /// Open the study in this folder, or make one there.
    OpenStudy(PathBuf),
    /// Keep the study in this folder from now on.
    SaveStudyAs(PathBuf),
    /// Change the study's policy, parts or decisions.
    Edit(Edit),
    /// Undo the last change of the study.
    Undo,
    /// Do again what was undone last.
    Redo,
    /// Stop reading recordings; what was read stays.
    StopReading,
    /// Look at every dataset again, and read what is new, changed or left over.
    ReadAgain,
    /// Read every recording of the dataset with this key once more, also those whose files look unchanged.
    ReadAnew(Arc<str>),
    /// The dataset with this key lies elsewhere now.
    Relocate {
        /// The dataset.
        key: Arc<str>,
        /// Its folder.
        root: PathBuf,
    },
    /// Take the dataset with this key out of the study; its files stay.
    RemoveSource(Arc<str>),
    /// Unpack the archives of the dataset with this key.
    Unpack(Arc<str>),
    /// Write the combined table of all recordings, and the label policy beside it.
    ExportTable(PathBuf),
    /// Make the label policy of this file the study's; can be undone as any change of it.
    ReadPolicy(PathBuf),
    /// Write the study's label policy to a file of its own.
    SavePolicy(PathBuf),
    /// The whole main job on the demo study: make and open it, then train the quick network.
    RunDemo {
        /// Which demo study.
        config: DemoConfig,
        /// Where to save the run; `None` picks a new folder in the user's data folder.
        folder: Option<PathBuf>,
    },
    /// Close the study. It is kept.
    CloseStudy,
    /// Show a recording in Explore; it alone is chosen.
    Select(ClipId),
    /// Choose several recordings in Explore, and show one of them.
    SelectMany {
        /// The one to show.
        shown: ClipId,
        /// All that are chosen.
        marked: BTreeSet<ClipId>,
    },
    /// Show only these recordings in Explore's list.
    ShowOnly(Filter),
    /// Put Explore's list in this order; `None` for the study's own.
    SortBy(Option<SortOrder>),
    /// Show recordings in another picture in Explore.
    ShowPicture(Picture),
    /// Count the used recordings as they are now, by everything that is known of them.
    CountCohort,
    /// Make small pictures of these recordings, in this order. What was asked before is not wanted any more.
    ShowThumbnails {
        /// Those in sight.
        clips: Vec<ClipId>,
        /// What each shows.
        config: ThumbnailConfig,
    },
    /// Play, pause, louder, on another device.
    Sound(SoundCommand),
    /// Train a network on the study.
    StartRun(Box<RunOrder>),
    /// Measure what a training with these settings will cost.
    Estimate {
        /// The settings.
        config: Box<TrainConfig>,
        /// Where the features of frozen networks are kept; `None` for the user's data folder.
        features: Option<PathBuf>,
    },
    /// Go on with the training in this folder, which was interrupted or stopped.
    ResumeRun(PathBuf),
    /// Speak no more of the interrupted training in this folder; its files stay.
    ForgetInterrupted(PathBuf),
    /// Use the weights of InceptionV3 in this file, for the paper's protocol.
    ChooseWeights(PathBuf),
    /// Stop a run after the step in hand and keep its best network.
    StopRun(RunId),
    /// Make this the run that Train shows; when it is finished, evaluate it and let it score new recordings.
    ShowRun(RunId),
    /// Move the decision threshold of the evaluation that is shown.
    SetThreshold(f64),
    /// Set the threshold back to the one that was chosen on the validation part.
    ResetThreshold,
    /// Score recordings with [`State::predict_run`](super::State::predict_run).
    Predict(Vec<PathBuf>),
    /// Forget the scored recordings.
    ClearPredictions,
    /// Write figures and tables of the evaluation that is shown into a new folder inside of this one.
    ExportReport(PathBuf),
    /// Write figures and tables of the study's used recordings into a new folder inside of this one.
    ExportPictures(PathBuf),
    /// Tell the person what the window could not do.
    Warn(String),
    /// The person has read this message.
    Dismiss(u64),
}

/// What dropping a file or folder will do, told without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropIntent {
    /// A folder: look for datasets or a saved run in it.
    Folder,
    /// A sound: score it with the current run.
    Recording,
    /// A table of predictions: evaluate it.
    Predictions,
    /// A file of weights: read the frozen network from it.
    Weights,
    /// None of these.
    Unknown,
}

impl DropIntent {
    /// What dropping `path` will do.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        // A folder may have a dot in its name: `virufy-data-1.0`.
        let Some(extension) = path.extension().filter(|_| !path.is_dir()) else { return Self::Folder };
        let extension = extension.to_string_lossy().to_lowercase();
        match extension.as_str() {
            "csv" => Self::Predictions,
            "safetensors" => Self::Weights,
            sound if audio::EXTENSIONS.contains(&sound) => Self::Recording,
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
            ("model.safetensors", DropIntent::Weights),
            ("letter.docx", DropIntent::Unknown),
        ] {
            assert_eq!(DropIntent::of(Path::new(name)), intent, "{name}");
        }
        let folder = tempfile::Builder::new().suffix("-1.0").tempdir().unwrap();
        assert_eq!(DropIntent::of(folder.path()), DropIntent::Folder);
    }
}
