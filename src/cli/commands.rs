//! One function for each subcommand.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::args::{Decode, Demo, Devices, Predict, SpectrogramArgs, SpectrogramPreset};
use super::driver::Driver;
use super::output::{self, PredictionRow, RunSummary};
use super::{CliError, output::print_json};
use crate::audio::{self, Recording, wav};
use crate::data::demo::{self, DemoConfig};
use crate::files::write_atomic;
use crate::report::npy;
use crate::session::{Command, DEFAULT_THRESHOLD, Devices as Found, PredictionOutcome};
use crate::spectrogram::{ColourMap, LogMelConfig, PaperConfig, Spectrogram, SpectrogramConfig, paper};
use crate::train::saved::SavedRun;
use crate::units::counted;

pub(super) fn run_demo(args: &Demo, data_folder: PathBuf) -> Result<(), CliError> {
    eprintln!("Demo: synthetic recordings made by a program. The results prove nothing about any disease.");
    let config = DemoConfig { people: args.people, ..DemoConfig::default() };
    if let Some(folder) = &args.only_make {
        return make_demo(folder, &config, args.json);
    }
    let mut driver = Driver::new(data_folder);
    driver.carry_out(Command::RunDemo { config, folder: args.out.clone() })?;
    report_run(&driver, args.json)
}

/// Makes the demo study and nothing else.
fn make_demo(folder: &Path, config: &DemoConfig, json: bool) -> Result<(), CliError> {
    let study = demo::generate(folder, config, &|_, _| ControlFlow::Continue(())).map_err(CliError::work)?;
    if json {
        return print_json(&study.datasets);
    }
    let recordings = counted(study.recordings, "recording", "recordings");
    let people = counted(study.people, "person", "people");
    output::print(&format!("{recordings} of {people} in {}\n", study.root.display()))
}

pub(super) fn decode(args: &Decode) -> Result<(), CliError> {
    let recording = read_recording(&args.file)?;
    wav::write_f32(&args.wav, &recording).map_err(CliError::work)?;
    let format = recording.format();
    let truncated = if format.truncated { ", truncated: the file ends early" } else { "" };
    eprintln!(
        "{} in {}, {}, {}, {}{truncated}",
        format.codec,
        format.container,
        recording.rate(),
        counted(recording.channels().len(), "channel", "channels"),
        recording.duration(),
    );
    Ok(())
}

fn read_recording(path: &Path) -> Result<Recording, CliError> {
    audio::decode(path).map_err(|error| CliError::Work(format!("{error} ({})", path.display())))
}

pub(super) fn spectrogram(args: &SpectrogramArgs) -> Result<(), CliError> {
    if args.placement.is_some() && args.preset != SpectrogramPreset::Paper {
        return Err(CliError::Usage("--placement belongs to --preset paper".to_owned()));
    }
    let config = PaperConfig { placement: args.placement.unwrap_or_default() };
    let ending = args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("png") => write_picture(args, &config),
        Some("npy") => write_matrix(args, config),
        _ => Err(CliError::Usage(format!("--out must end in .png or .npy: {}", args.out.display()))),
    }
}

fn write_picture(args: &SpectrogramArgs, config: &PaperConfig) -> Result<(), CliError> {
    let recording = read_recording(&args.file)?;
    let picture = match args.preset {
        SpectrogramPreset::Paper => paper::picture(&recording, config),
        SpectrogramPreset::LogMel => {
            let config = SpectrogramConfig::LogMel(LogMelConfig::default());
            Spectrogram::compute(&recording, &config).map_err(CliError::work)?.to_image(ColourMap::default())
        }
    };
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).map_err(CliError::work)?;
    write_atomic(&args.out, "writing the picture", |out| out.write_all(png.get_ref())).map_err(CliError::work)
}

fn write_matrix(args: &SpectrogramArgs, paper: PaperConfig) -> Result<(), CliError> {
    let recording = read_recording(&args.file)?;
    let config = match args.preset {
        SpectrogramPreset::Paper => SpectrogramConfig::Paper(paper),
        SpectrogramPreset::LogMel => SpectrogramConfig::LogMel(LogMelConfig::default()),
    };
    let spectrogram = Spectrogram::compute(&recording, &config).map_err(CliError::work)?;
    npy::write_matrix(&args.out, &spectrogram.levels_db, spectrogram.frames).map_err(CliError::work)
}

pub(super) fn report_run(driver: &Driver, json: bool) -> Result<(), CliError> {
    let state = driver.state();
    let (Some(run), Some(evaluation)) =
        (state.current_run().filter(|run| run.is_finished()), state.evaluation.as_ref())
    else {
        return Err(CliError::Work("the training ended without a result".to_owned()));
    };
    let summary = RunSummary::of(run, evaluation);
    if json { print_json(&summary) } else { output::print_run(&summary) }
}

pub(super) fn predict(args: Predict, data_folder: PathBuf) -> Result<(), CliError> {
    let threshold = SavedRun::open(&args.run).map_err(CliError::work)?.result.threshold;
    let mut driver = Driver::new(data_folder);
    driver.carry_out(Command::Open(vec![args.run]))?;
    driver.carry_out(Command::Predict(args.files.clone()))?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for path in args.files {
        let file = driver.state().predictions.iter().find(|file| file.path == path);
        match file.map(|file| &file.outcome) {
            Some(PredictionOutcome::Scored { score, .. }) => rows.push(PredictionRow::new(path, *score, threshold)),
            Some(PredictionOutcome::Failed(reason)) => failures.push(format!("{reason} ({})", path.display())),
            Some(PredictionOutcome::Pending) | None => failures.push(format!("no answer ({})", path.display())),
        }
    }
    if args.json {
        print_json(&rows)?;
    } else {
        output::print_predictions(&rows)?;
    }
    if failures.is_empty() { Ok(()) } else { Err(CliError::Work(failures.join("\n"))) }
}

pub(super) fn devices(args: &Devices, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    driver.carry_out(Command::ProbeDevices)?;
    let Found::Ready(devices) = &driver.state().devices else {
        return Err(CliError::Work("the devices could not be listed".to_owned()));
    };
    if args.json { print_json(&serde_json::json!({ "devices": devices })) } else { output::print_devices(devices) }
}

/// The threshold of predictions that came without one, for the help text.
const _: () = assert!(DEFAULT_THRESHOLD == 0.5, "the help of `evaluate --threshold` says 0.5");
