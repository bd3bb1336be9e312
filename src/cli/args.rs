//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

use crate::data::split::SplitBy;
use crate::spectrogram::Placement;
use crate::train::Preset;
use crate::train::device::DeviceChoice;

/// A workbench for cough-sound classification: explore recordings, train a network, choose a threshold, predict.
///
/// Without a subcommand it opens the window. Nothing leaves this computer. For research and teaching; it is no diagnosis.
#[derive(Debug, Parser)]
#[command(name = "coughscope", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Datasets, saved runs, prediction tables or recordings to open in the window
    pub paths: Vec<PathBuf>,
    /// Work without a window
    #[command(subcommand)]
    pub command: Option<Subcommand>,
}

/// Parses a choice by the name that it has in files, so that both always agree.
fn named<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    T::deserialize(StrDeserializer::new(text))
}

/// Work without a window.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Do the whole main job on a synthetic study: in the window, or here where there is no display
    Demo(Demo),
    /// Read datasets and count what is used, left out and unreadable
    Scan(Scan),
    /// Decode a recording to a 32-bit float WAV at its native rate
    Decode(Decode),
    /// Compute the spectrogram of a recording
    Spectrogram(SpectrogramArgs),
    /// Train a network on datasets and test it
    Train(Train),
    /// Measure predictions at a threshold
    Evaluate(Evaluate),
    /// Score recordings with a saved run
    Predict(Predict),
    /// List what can compute
    Devices(Devices),
}

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Do not open a window even where there is a display
    #[arg(long)]
    pub headless: bool,
    /// Folder for the run and its report [default: a new folder in your data folder]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
pub struct Scan {
    /// Dataset folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `decode`.
#[derive(Debug, clap::Args)]
pub struct Decode {
    /// The recording
    pub file: PathBuf,
    /// The WAV file to write
    #[arg(long, value_name = "OUT")]
    pub wav: PathBuf,
}

/// Which spectrogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SpectrogramPreset {
    /// FFmpeg's showspectrumpic, 1024 x 512
    Paper,
    /// Mel bands in dB on one axis for every sample rate
    LogMel,
}

/// Arguments of `spectrogram`.
#[derive(Debug, clap::Args)]
pub struct SpectrogramArgs {
    /// The recording
    pub file: PathBuf,
    /// A .png picture or an .npy matrix in dB (rows = frequencies, lowest first)
    #[arg(long, value_name = "OUT")]
    pub out: PathBuf,
    /// Which spectrogram
    #[arg(long, value_enum, default_value = "log-mel")]
    pub preset: SpectrogramPreset,
    /// Where the paper's window lies: right (as FFmpeg 7.0), left (4.2) or zeropad (5.1); with --preset paper
    #[arg(long, value_parser = named::<Placement>)]
    pub placement: Option<Placement>,
}

/// Arguments of `train`.
#[derive(Debug, clap::Args)]
pub struct Train {
    /// Dataset folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Folder for the run: network, settings, history, predictions and report
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Settings to start from: quick
    #[arg(long, value_parser = named::<Preset>, default_value = "quick")]
    pub preset: Preset,
    /// auto, cpu, ndarray, gpu, or a part of a device's name
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// Rounds over the training part; a small one is shown several times in each
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Seed of the split, the weights and the order
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// person: the parts share nobody; file: drawn file by file, as in the paper
    #[arg(long, value_parser = named::<SplitBy>, default_value = "person")]
    pub split: SplitBy,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `evaluate`.
#[derive(Debug, clap::Args)]
pub struct Evaluate {
    /// A saved run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["predictions", "scores", "labels"])]
    pub run: Option<PathBuf>,
    /// A table with the columns path, person, label, score
    #[arg(long, value_name = "P.csv", conflicts_with_all = ["scores", "labels"])]
    pub predictions: Option<PathBuf>,
    /// A NumPy file of scores
    #[arg(long, value_name = "S.npy", requires = "labels")]
    pub scores: Option<PathBuf>,
    /// A NumPy file of labels (1 = sick)
    #[arg(long, value_name = "L.npy", requires = "scores")]
    pub labels: Option<PathBuf>,
    /// A score at or above this counts as sick [default: the run's own, else 0.5]
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub threshold: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Folder for figures and tables
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `predict`.
#[derive(Debug, clap::Args)]
pub struct Predict {
    /// A saved run
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
    /// Recordings
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `devices`.
#[derive(Debug, clap::Args)]
pub struct Devices {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
