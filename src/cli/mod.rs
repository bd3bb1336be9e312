//! The same session without a window.
//!
//! Standard output carries results only (one JSON object with `--json`); progress and messages go to standard error.
//!
//! The exit code is 0 when the work is done. It is 2 for wrong use: what is wrong with the command as it was typed, such as
//! an unknown option, a value out of range, a path to read that is not there, or a place where nothing may be written
//! (`checks`, before any work). It is 1 when the work failed: a file that is there and cannot be read, an answer that this
//! study does not have.

mod args;
mod checks;
mod commands;
mod driver;
mod evaluate;
mod features;
mod output;
mod pictures;
mod split;
mod study;
mod train;

use std::path::PathBuf;
use std::process::ExitCode;

pub use args::{Args, Subcommand};

/// Why a command did not do its work.
#[derive(Debug)]
pub enum CliError {
    /// The command was used in a way that cannot work: exit code 2.
    Usage(String),
    /// The work failed: exit code 1.
    Work(String),
}

impl CliError {
    /// For `map_err`: the work failed, for this reason.
    #[must_use]
    pub fn work(error: impl std::fmt::Display) -> Self {
        Self::Work(error.to_string())
    }

    /// For `map_err`: it was asked for in a way that cannot work, for this reason.
    #[must_use]
    pub fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// Says the reason on standard error.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        let (Self::Usage(reason) | Self::Work(reason)) = self;
        eprintln!("coughscope: {reason}");
        match self {
            Self::Work(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

/// Runs a subcommand. `data_folder` is where the demo study and new runs go.
///
/// # Errors
/// [`CliError`] when the command makes no sense or its work failed.
pub fn run(command: Subcommand, data_folder: PathBuf) -> Result<(), CliError> {
    checks::check(&command)?;
    match command {
        Subcommand::Demo(demo) => commands::run_demo(&demo, data_folder),
        Subcommand::Scan(scan) => study::scan(scan, data_folder),
        Subcommand::Extract(extract) => study::extract(&extract),
        Subcommand::Table(table) => study::table(table, data_folder),
        Subcommand::Split(split) => split::split(split, data_folder),
        Subcommand::Charts(charts) => study::charts(charts, data_folder),
        Subcommand::Pictures(command) => pictures::pictures(command, data_folder),
        Subcommand::Decode(decode) => commands::decode(&decode),
        Subcommand::Spectrogram(spectrogram) => commands::spectrogram(&spectrogram),
        Subcommand::Features(args) => features::features(&args),
        Subcommand::Estimate(args) => train::estimate(args, data_folder),
        Subcommand::Train(args) => train::train(args, data_folder),
        Subcommand::Evaluate(evaluate) => evaluate::evaluate(&evaluate),
        Subcommand::Predict(predict) => commands::predict(predict, data_folder),
        Subcommand::Devices(devices) => commands::devices(&devices, data_folder),
    }
}
