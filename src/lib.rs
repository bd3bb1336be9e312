//! coughscope: a workbench for cough-sound classification. Explore recordings, train a network, choose a threshold,
//! predict. Research and teaching, no diagnosis; nothing leaves the computer.
//!
//! # Layers
//!
//! Dependencies point one way, to the left; `tests/layers` holds them.
//!
//! ```text
//! units, files <- audio, eval <- spectrogram <- data <- models <- train <- report <- session <- ui, cli
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`units`] | sample rates, seconds, hertz, decibels; the only conversions; counts in digits |
//! | [`files`] | writing a file whole or not at all |
//! | [`audio`] | decoding to a [`Recording`](audio::Recording), resampling, cough segmentation, WAV |
//! | [`eval`] | thresholds, curves, metrics, intervals by person, calibration; plain slices, no network |
//! | [`spectrogram`] | `log-mel` and the paper's pictures, colour maps |
//! | [`data`] | datasets, archives, label policy, quality, duplicates, split, features, the study on disk, the demo study |
//! | [`models`] | the networks |
//! | [`train`] | settings, devices, the loop, saved runs |
//! | [`report`] | figures and tables |
//! | [`session`] | the application without a screen: commands in, state out |
//! | [`ui`] | the window |
//! | [`cli`] | the command line |
//!
//! # From a dropped folder to a table that can be trusted
//!
//! folder → [`Source`](data::sources::Source) lists [`Clip`](data::Clip)s → [`Measured`](data::scan::Measured) for each file,
//! written to the [`Index`](data::study::index::Index) at once → [`Study`](data::study::Study), whose
//! [`LabelPolicy`](data::LabelPolicy) gives every clip flags and a verdict → an immutable
//! [`StudyView`](data::study::StudyView) → panel, table, split, training. The study lives on a thread of its own; what a
//! person changes goes there as an [`Edit`](data::study::Edit), and comes back as the next view.
//!
//! # From a recording to a prediction
//!
//! path → [`audio::decode`] → [`Recording`](audio::Recording) →
//! [`Spectrogram::compute`](spectrogram::Spectrogram::compute) → [`Features`](data::features::Features) → windows →
//! [`Predictor`](train::Predictor) → score → compared with the run's threshold. The settings of the spectrogram are saved
//! with the weights, and prediction uses those.
//!
//! Of the paper's network the windows are the features of a frozen [`Extractor`](models::inception::extractor::Extractor),
//! computed once for a recording and kept in a [`FeatureStore`](train::feature_store::FeatureStore).
//!
//! # From a button to a live curve
//!
//! panel → [`Command::StartRun`](session::Command::StartRun) → a named thread → [`train::fit`] reports
//! [`TrainEvent`](train::TrainEvent)s → bounded channel → [`Session::poll`](session::Session::poll) →
//! [`State`](session::State) → panel. Batch figures may be dropped, epochs never. After epochs a
//! [`Checkpoint`](train::Checkpoint) is written, from which a training that was cut off goes on.
//!
//! # To add
//!
//! | a | touch |
//! |---|---|
//! | dataset | a file in `data/sources/` and a line in [`SOURCES`](data::sources::SOURCES) |
//! | mark of poor quality | a variant of [`Flag`](data::quality::Flag) and where it is raised |
//! | filter of the list of recordings | a variant of [`Facet`](data::study::filter::Facet) and its conditions |
//! | chart of the data | a variant of [`Attribute`](data::study::cohort::Attribute) and the value that recordings have |
//! | column of the list of recordings | a row in `FIELDS`, and a variant of [`SortKey`](data::study::order::SortKey) |
//! | key | a line in [`ui::shortcuts`] |
//! | network | a file in `models/` and its variants in `models/mod.rs` |
//! | preset | a variant of [`Preset`](train::Preset) and its settings |
//! | metric | a row in [`METRICS`](eval::METRICS) |
//! | rule that chooses a threshold | a variant of [`Rule`](eval::Rule), and its spelling in `eval/rule_text.rs` |
//! | panel | a file in `ui/panels/` and a line in [`PANELS`](ui::panels::PANELS) |
//! | subcommand | its arguments in `cli/args.rs` and a function in `cli/commands.rs` |

pub mod audio;
pub mod cli;
pub mod data;
pub mod eval;
pub mod files;
pub mod models;
pub mod report;
pub mod session;
pub mod spectrogram;
pub mod train;
pub mod ui;
pub mod units;
