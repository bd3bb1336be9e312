//! The program: the window, or a subcommand without one.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use coughscope::cli::{self, Args, CliError, Subcommand};
use coughscope::data::demo::DemoConfig;
use coughscope::session::{Session, Storage};
use coughscope::ui::{self, WindowError};

fn main() -> ExitCode {
    let args = Args::parse();
    start_log();
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

/// Shows what libraries call errors, and what this program warns of, as sentences. A person who wants to know more sets
/// `RUST_LOG`.
fn start_log() {
    let mut log = env_logger::Builder::from_env(
        // What symphonia says comes back as an error of ours, and what graphics libraries warn of is no fault here.
        env_logger::Env::default().default_filter_or("error,symphonia=off,coughscope=warn"),
    );
    if std::env::var_os(env_logger::DEFAULT_FILTER_ENV).is_none() {
        log.format(|out, record| writeln!(out, "{}", record.args()));
    }
    log.init();
}

fn run(args: Args) -> Result<(), CliError> {
    let data_folder = Session::default_data_folder();
    match args.command {
        Some(Subcommand::Demo(demo)) if demo.wants_window() => {
            let config = DemoConfig { people: demo.people, ..DemoConfig::default() };
            match window(&[], Some(config), &data_folder) {
                Err(WindowError::NoDisplay) => {
                    eprintln!("No display: the demo runs here, without its window.");
                    cli::run(Subcommand::Demo(demo), data_folder)
                }
                Err(error @ WindowError::Failed(_)) => {
                    eprintln!("{error}\nThe demo runs here, without its window.");
                    cli::run(Subcommand::Demo(demo), data_folder)
                }
                shown => shown.map_err(CliError::work),
            }
        }
        Some(command) => cli::run(command, data_folder),
        None => window(&args.paths, None, &data_folder).map_err(|error| match error {
            WindowError::NoDisplay => CliError::Usage(error.to_string()),
            WindowError::Failed(_) | WindowError::BrokeDown(_) => CliError::work(error),
        }),
    }
}

fn window(paths: &[PathBuf], demo: Option<DemoConfig>, data_folder: &Path) -> Result<(), WindowError> {
    ui::run(&|wake| Session::new(wake, data_folder.to_owned(), Storage::Disk), paths, demo)
}
