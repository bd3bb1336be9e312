//! What can be typed.

use std::path::PathBuf;

use clap::{ArgGroup, Parser, ValueEnum};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

use crate::data::demo::DemoConfig;
use crate::data::in_plain_words;
use crate::data::split::SplitBy;
use crate::eval::{Draws, Prevalence, Rule};
use crate::models::inception::{AveragePool, FeaturePool};
use crate::report::analysis::Unit;
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
fn named<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<Error>::new(text)).map_err(|error| in_plain_words(&error.to_string()))
}

/// Parses how many people a demo study has.
fn people(text: &str) -> Result<usize, String> {
    let range = DemoConfig::MIN_PEOPLE..=DemoConfig::MAX_PEOPLE;
    let people = text.parse().ok().filter(|people| range.contains(people));
    people.ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

/// Parses a number, which `NaN` is none of.
fn number(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| !number.is_nan()).ok_or_else(|| "must be a number".to_owned())
}

/// Parses a share of the recordings.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| "must be a number from 0 to below 1".to_owned())
}

/// Parses how common an illness is.
fn prevalence(text: &str) -> Result<Prevalence, String> {
    number(text).and_then(|share| Prevalence::new(share).map_err(|error| error.to_string()))
}

/// Work without a window.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Do the whole main job on a synthetic study: in the window, or here where there is no display
    Demo(Demo),
    /// Read datasets and count what is used, left out and unreadable
    Scan(Scan),
    /// Unpack the split archives of a downloaded Coswara
    Extract(Extract),
    /// Write the combined table of a study's recordings
    Table(Table),
    /// Draw the parts of a study, count them, and report what leaks between them
    Split(Split),
    /// Count what the classes of a study are made of, and say what besides the cough tells them apart
    Charts(Charts),
    /// Write the paper's tree of pictures
    #[command(subcommand)]
    Pictures(Pictures),
    /// Decode a recording to a 32-bit float WAV at its native rate
    Decode(Decode),
    /// Compute the spectrogram of a recording
    Spectrogram(SpectrogramArgs),
    /// Write what InceptionV3 makes of recordings or pictures, for other programs
    Features(Features),
    /// Say how long a training will take on this machine, and how much memory and disk
    Estimate(EstimateArgs),
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
    /// People in the study; about two recordings each
    #[arg(long, value_name = "N", default_value_t = DemoConfig::default().people, value_parser = people)]
    pub people: usize,
    /// Make the study in this folder, and stop there: no training
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    pub only_make: Option<PathBuf>,
    /// Folder for the run and its report [default: a new folder in your data folder]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl Demo {
    /// Whether the demo is to be seen, where there is a display.
    #[must_use]
    pub fn wants_window(&self) -> bool {
        !self.headless && !self.json && self.out.is_none() && self.only_make.is_none()
    }
}

/// Arguments of `scan`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("datasets").args(["paths", "study"]).required(true).multiple(true))]
pub struct Scan {
    /// Dataset folders, or combined tables
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Keep what is read in this study, and go on where an earlier scan of it stopped
    #[arg(long, value_name = "DIR")]
    pub study: Option<PathBuf>,
    /// Read every recording once more, also those whose files look unchanged since the last scan
    #[arg(long, requires = "study")]
    pub again: bool,
    /// Decide by the label policy of this file, as `table` and the window write it; a study keeps it in place of its own
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `extract`.
#[derive(Debug, clap::Args)]
pub struct Extract {
    /// The folder of Coswara, with the archives in folders named by date
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where to unpack [default: Extracted_data in the same folder]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `table`.
#[derive(Debug, clap::Args)]
pub struct Table {
    /// The study
    #[arg(long, value_name = "DIR")]
    pub study: PathBuf,
    /// The table to write; the label policy goes beside it, as .policy.toml
    #[arg(long, value_name = "T.csv")]
    pub out: PathBuf,
    /// Decide by the label policy of this file, for this command only: the study keeps its own
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// Arguments of `split`.
#[derive(Debug, clap::Args)]
pub struct Split {
    /// The study
    #[arg(long, value_name = "DIR")]
    pub study: PathBuf,
    /// person: the parts share nobody; file: drawn file by file, as in the paper; dataset: one dataset is the test part
    /// [default: as the study has it]
    #[arg(long, value_parser = named::<SplitBy>)]
    pub by: Option<SplitBy>,
    /// The dataset for the test, with --by dataset [default: each in turn; without --by, the study's own]
    #[arg(long, value_name = "NAME")]
    pub held_out: Option<String>,
    /// Decide by the label policy of this file, for this command only: the study keeps its own
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Share for validation, 0 to below 1
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    pub validation: Option<f64>,
    /// Share for the test, 0 to below 1
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    pub test: Option<f64>,
    /// Which draw
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `charts`.
#[derive(Debug, clap::Args)]
pub struct Charts {
    /// The study
    #[arg(long, value_name = "DIR")]
    pub study: PathBuf,
    /// Make a new folder in this one, with every chart as PNG and SVG, and the numbers as CSV
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What `pictures` does.
#[derive(Debug, clap::Subcommand)]
pub enum Pictures {
    /// Draw the used recordings of a study as FFmpeg does: train and test, in each healthy and sick, there JPEGs
    Export(ExportPictures),
}

/// Arguments of `pictures export`.
#[derive(Debug, clap::Args)]
pub struct ExportPictures {
    /// The study; its validation part lies in train, where the paper's program draws it
    #[arg(long, value_name = "DIR")]
    pub study: PathBuf,
    /// A new folder for the tree, and for pictures.csv, which says whose each picture is
    #[arg(long, value_name = "TREE")]
    pub out: PathBuf,
    /// Where the window lies: right (as FFmpeg 7.0), left (4.2) or zeropad (5.1)
    #[arg(long, value_parser = named::<Placement>, default_value = "right")]
    pub placement: Placement,
    /// Quality of the JPEGs, 1 to 100
    #[arg(long, value_name = "Q", default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: u8,
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
#[command(
    group = ArgGroup::new("datasets").args(["paths", "study"]).required(true).multiple(true),
    override_usage = "coughscope train [OPTIONS] --out <RUN> <PATH>...\n       \
                      coughscope train [OPTIONS] --study <DIR> [PATH]...",
)]
pub struct Train {
    /// Dataset folders, or combined tables; with --study they are added to the study for good
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Train on what this study uses, by its label policy and its way to draw the parts
    #[arg(long, value_name = "DIR")]
    pub study: Option<PathBuf>,
    /// A new folder for the run: network, settings, history, predictions and report
    /// [default with --study: one in the study]
    #[arg(long, value_name = "RUN")]
    pub out: Option<PathBuf>,
    /// Settings to start from. quick: a small network that a processor trains in minutes; recommended: a larger one, trained
    /// longer; paper: the published protocol, an InceptionV3 that is not trained and a layer on its features
    #[arg(long, value_name = "NAME", value_parser = named::<Preset>, default_value = "quick")]
    pub preset: Preset,
    /// Go on with a training that was interrupted or stopped, on the same recordings and with its own settings
    #[arg(long, value_name = "RUN", conflicts_with_all = ["out", "preset", "weights", "epochs", "seed", "split", "held_out", "device"])]
    pub resume: Option<PathBuf>,
    /// The weights of InceptionV3 for --preset paper: a .safetensors file with torchvision's names, such as
    /// model.safetensors of https://huggingface.co/timm/inception_v3.tv_in1k
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Where the features of InceptionV3 are kept for the next run [default: in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// What computes: auto (a graphics card, or else the processor), cpu, gpu, ndarray (slow, to compare with), or a part of a
    /// name that `devices` lists
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub device: DeviceChoice,
    /// Rounds over the training part at most; a small one is shown several times in each [default: the preset's]
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Which random draw, of the parts, the first weights and the order; the same number gives the same draw
    /// [default: the study's for its parts, else the preset's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How the parts are drawn. person: they share nobody; file: recording by recording, as in the paper; dataset: one dataset
    /// is the test part, see --held-out [default: as the study has it, else person]
    #[arg(long, value_name = "BY", value_parser = named::<SplitBy>)]
    pub split: Option<SplitBy>,
    /// The dataset that is the test part, with --split dataset [default: the study's own]
    #[arg(long, value_name = "NAME")]
    pub held_out: Option<String>,
    /// Decide by the label policy of this file, as `table` and the window write it; a study keeps it in place of its own
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `estimate`.
#[derive(Debug, clap::Args)]
pub struct EstimateArgs {
    /// The study to train on
    #[arg(long, value_name = "DIR")]
    pub study: PathBuf,
    /// The settings: quick, recommended or paper
    #[arg(long, value_name = "NAME", value_parser = named::<Preset>, default_value = "quick")]
    pub preset: Preset,
    /// The weights of InceptionV3 for --preset paper
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    /// Where the features of InceptionV3 are kept [default: in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// What computes, as for `train`
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub device: DeviceChoice,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `features`.
#[derive(Debug, clap::Args)]
pub struct Features {
    /// Recordings or pictures, in the order of the rows
    #[arg(required = true, value_name = "IN")]
    pub files: Vec<PathBuf>,
    /// The weights of InceptionV3: a .safetensors file with torchvision's names
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// A new NumPy file: one row of single-precision numbers for each IN
    #[arg(long, value_name = "F.npy")]
    pub out: PathBuf,
    /// none: the whole map of features, `height * width * 2048` numbers; mean: its mean, 2048 numbers
    #[arg(long, value_name = "none|mean", value_parser = named::<FeaturePool>, default_value = "none")]
    pub pool: FeaturePool,
    /// What the files are: recordings, of which the paper's pictures are drawn, or pictures of one size
    #[arg(long, value_name = "picture|recording", value_parser = named::<FeatureInput>, default_value = "recording")]
    pub input: FeatureInput,
    /// Whether means at the border of a map count the padding, as torchvision does (counts-padding), or not, as Keras does
    /// (skips-padding)
    #[arg(long, value_name = "RULE", value_parser = named::<AveragePool>, default_value = "counts-padding")]
    pub average_pool: AveragePool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What features are computed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureInput {
    /// Recordings.
    Recording,
    /// Pictures.
    Picture,
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
    #[arg(long, value_name = "T", allow_negative_numbers = true, value_parser = number)]
    pub threshold: Option<f64>,
    /// Choose the threshold, on the run's validation part where it has one: youden, corner, mcc, se=0.95 (sensitivity at
    /// least), sp=0.95 (specificity at least) or cost=5 (false alarms that one missed case is worth)
    #[arg(long, value_name = "RULE", conflicts_with = "threshold")]
    pub rule: Option<Rule>,
    /// Say what the numbers mean where this share of people is sick, such as 0.05; `--rule cost` counts with it
    #[arg(long, value_name = "SHARE", value_parser = prevalence)]
    pub prevalence: Option<Prevalence>,
    /// Count recordings, or people by the mean score of their recordings
    #[arg(long, value_name = "person|recording", value_parser = named::<Unit>, default_value = "recording")]
    pub by: Unit,
    /// How often people are drawn anew for the 95 % intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = Draws::default().count, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub bootstrap: u32,
    /// The seed of these draws: equal seeds give equal intervals
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Another run, or its predictions.csv, on the same recordings: every difference, with its interval
    #[arg(long, value_name = "RUN")]
    pub compare: Option<PathBuf>,
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
