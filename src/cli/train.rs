//! Training: `train`, and what it would cost: `estimate`.

use std::path::{Path, PathBuf};

use super::CliError;
use super::args::{EstimateArgs, Train};
use super::commands::report_run;
use super::driver::Driver;
use super::output::{print, print_json};
use super::study::{open_study_and_datasets, refuse_idle_held_out, require_folders};
use crate::data::path_text;
use crate::data::split::SplitConfig;
use crate::models::NetworkConfig;
use crate::session::{Command, Estimate, RunOrder};
use crate::train::saved::read_settings;
use crate::train::{Checkpoint, Preparation, Preset, TrainConfig, device};
use crate::units::{counted, file_size};

pub(super) fn train(args: Train, data_folder: PathBuf) -> Result<(), CliError> {
    let resume = args.resume.is_some();
    let config = match &args.resume {
        Some(run) => settings_of(run)?,
        None => settings(&args)?,
    };
    // What cannot be used is found out before the recordings are read.
    device::select(&config.device).map_err(CliError::usage)?;
    if let NetworkConfig::Inception(_) = config.network {
        drop(Preparation::new(&config).map_err(CliError::work)?);
    }
    let mut driver = Driver::new(data_folder);
    open_study_and_datasets(&mut driver, args.study, args.policy.as_deref(), args.paths)?;
    let mut order = RunOrder { config, folder: args.out, features: args.cache, resume };
    if resume {
        order.folder = args.resume;
    } else {
        let drawn = &driver.state().study.split_config;
        // The draw is a part of the paper's protocol; what leaks by it is told with the result.
        let split = if order.config.preset == Preset::Paper { &order.config.split } else { drawn };
        let by = args.split.unwrap_or(split.by);
        refuse_idle_held_out(args.held_out.as_deref(), by, "--split dataset")?;
        let held_out = args.held_out.or(split.held_out.clone());
        order.config.split = SplitConfig { by, held_out, seed: args.seed.unwrap_or(split.seed), ..split.clone() };
    }
    require_folders(&driver.state().study)?;
    driver.carry_out(Command::StartRun(Box::new(order)))?;
    report_run(&driver, args.json)
}

/// What a training would cost: `estimate`.
pub(super) fn estimate(args: EstimateArgs, data_folder: PathBuf) -> Result<(), CliError> {
    let mut config = TrainConfig { device: args.device, ..args.preset.config() };
    name_weights(&mut config, args.weights.as_deref())?;
    let mut driver = Driver::new(data_folder);
    open_study_and_datasets(&mut driver, Some(args.study), None, Vec::new())?;
    require_folders(&driver.state().study)?;
    if config.preset != Preset::Paper {
        config.split = driver.state().study.split_config.clone();
    }
    driver.carry_out(Command::Estimate { config: Box::new(config), features: args.cache })?;
    let estimate = driver.state().estimate.as_ref().map(|(_, estimate)| estimate);
    match estimate {
        Some(Ok(estimate)) if args.json => print_json(estimate),
        Some(Ok(estimate)) => print(&in_words(estimate)),
        Some(Err(reason)) => Err(CliError::Work(reason.clone())),
        None => Err(CliError::Work("the cost of the training could not be measured".to_owned())),
    }
}

fn in_words(cost: &Estimate) -> String {
    let mut text = format!("At most {:.0} s on {}\n", cost.total_secs, cost.device);
    let recordings = counted(cost.to_prepare, "recording", "recordings");
    text += &format!("  {:.1} s to prepare {recordings}\n", cost.prepare_secs);
    let epochs = counted(cost.epochs, "epoch", "epochs");
    text += &format!(
        "  {epochs} of {:.1} s each, on {} for training\n",
        cost.epoch_secs,
        counted(cost.train, "recording", "recordings")
    );
    if let Some(bytes) = cost.memory_bytes {
        text += &format!("  {} of memory\n", file_size(bytes));
    }
    text + &format!("  {} more on disk for features\n", file_size(cost.disk_bytes))
}

/// The settings of a training that begins.
fn settings(args: &Train) -> Result<TrainConfig, CliError> {
    let preset = args.preset.config();
    let mut config = TrainConfig {
        device: args.device.clone(),
        epochs: args.epochs.unwrap_or(preset.epochs),
        seed: args.seed.unwrap_or(preset.seed),
        ..preset
    };
    name_weights(&mut config, args.weights.as_deref())?;
    config.validate().map_err(CliError::usage)?;
    Ok(config)
}

fn name_weights(config: &mut TrainConfig, weights: Option<&Path>) -> Result<(), CliError> {
    if let (NetworkConfig::Inception(network), Some(weights)) = (&mut config.network, weights) {
        // The run is opened again from elsewhere.
        let weights = std::path::absolute(weights).map_err(CliError::work)?;
        network.extractor.weights = path_text::to_text(&weights);
    }
    Ok(())
}

/// The settings of a training that was interrupted.
fn settings_of(run: &Path) -> Result<TrainConfig, CliError> {
    let config = read_settings(run).map_err(CliError::work)?;
    // A checkpoint that cannot be used is found out now, too.
    let Checkpoint { history, .. } = Checkpoint::read(run).map_err(CliError::work)?;
    eprintln!("Going on after epoch {} of {}", history.len(), config.epochs);
    Ok(config)
}
