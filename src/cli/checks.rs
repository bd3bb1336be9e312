//! What can be seen to be wrong with a command before any work is done. Whatever is found here is wrong use.

use std::path::{Path, PathBuf};

use super::CliError;
use super::args::{Pictures, Subcommand};
use crate::data::guard::keep_out_of_datasets;
use crate::data::picture_tree;
use crate::data::study::check_export;
use crate::data::study::settings::{Settings, is_study};
use crate::models::NetworkConfig;
use crate::models::inception::extractor::ExtractorError;
use crate::report;
use crate::train::saved::{self, SavedRun};
use crate::train::{CHECKPOINT_FILE, Preset};

/// Refuses paths to read that are not there, and places to write to where something would be lost or a dataset changed.
///
/// # Errors
/// [`CliError::Usage`], always.
pub(super) fn check(command: &Subcommand) -> Result<(), CliError> {
    for path in inputs(command) {
        require(path)?;
    }
    match command {
        Subcommand::Demo(demo) => {
            check_place(demo.only_make.as_deref(), |folder| keep_out("the demo study", folder, None))?;
            // An earlier demo run is nobody's work.
            let is_demo = |run: &Path| SavedRun::open(run).is_ok_and(|run| run.result.synthetic);
            check_place(demo.out.as_deref(), |run| if is_demo(run) { Ok(()) } else { check_run(run, None) })
        }
        Subcommand::Scan(scan) => check_place(scan.study.as_deref(), check_study),
        Subcommand::Table(table) => {
            check_export(&table.out, datasets_of(Some(&table.study))).map(|_| ()).map_err(CliError::usage)
        }
        Subcommand::Charts(charts) => check_place(charts.out.as_deref(), |folder| {
            refuse_file(folder)?;
            keep_out("the charts", folder, Some(&charts.study))
        }),
        Subcommand::Pictures(Pictures::Export(export)) => {
            picture_tree::check_new(&export.out).map_err(CliError::usage)?;
            keep_out("the pictures", &export.out, Some(&export.study))
        }
        Subcommand::Decode(decode) => {
            refuse_itself(&decode.file, &decode.wav)?;
            refuse_other_kind(&decode.wav)?;
            keep_out("the WAV file", &decode.wav, None)
        }
        Subcommand::Spectrogram(spectrogram) => {
            refuse_itself(&spectrogram.file, &spectrogram.out)?;
            keep_out("the spectrogram", &spectrogram.out, None)
        }
        Subcommand::Train(train) => {
            if let Some(run) = &train.resume {
                return check_resumed(run);
            }
            if train.study.is_none() && train.out.is_none() {
                let words =
                    "say where the run is to be kept: add --out RUN, or --study DIR for a study that keeps its runs";
                return Err(CliError::Usage(words.to_owned()));
            }
            check_weights(train.preset, train.weights.as_deref())?;
            check_place(train.study.as_deref(), check_study)?;
            check_place(train.out.as_deref(), |run| check_run(run, train.study.as_deref()))
        }
        Subcommand::Estimate(estimate) => check_weights(estimate.preset, estimate.weights.as_deref()),
        Subcommand::Features(features) => {
            if !features.out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy")) {
                return Err(CliError::Usage(format!("--out must end in .npy: {}", features.out.display())));
            }
            keep_out("the features", &features.out, None)
        }
        Subcommand::Evaluate(evaluate) => check_place(evaluate.out.as_deref(), check_report),
        Subcommand::Extract(_) | Subcommand::Split(_) | Subcommand::Predict(_) | Subcommand::Devices(_) => Ok(()),
    }
}

/// The paths that a command reads. No study is among them: that may be made, or is missed in words of its own.
fn inputs(command: &Subcommand) -> Vec<&PathBuf> {
    match command {
        Subcommand::Scan(scan) => scan.paths.iter().chain(&scan.policy).collect(),
        Subcommand::Extract(extract) => vec![&extract.folder],
        Subcommand::Table(table) => table.policy.iter().collect(),
        Subcommand::Split(split) => split.policy.iter().collect(),
        Subcommand::Decode(decode) => vec![&decode.file],
        Subcommand::Spectrogram(spectrogram) => vec![&spectrogram.file],
        Subcommand::Train(train) => {
            train.paths.iter().chain(&train.policy).chain(&train.weights).chain(&train.resume).collect()
        }
        Subcommand::Estimate(estimate) => estimate.weights.iter().collect(),
        Subcommand::Features(features) => features.files.iter().chain([&features.weights]).collect(),
        Subcommand::Evaluate(evaluate) => {
            let tables = [&evaluate.predictions, &evaluate.scores, &evaluate.labels];
            tables.into_iter().chain([&evaluate.run, &evaluate.compare]).flatten().collect()
        }
        Subcommand::Predict(predict) => std::iter::once(&predict.run).chain(&predict.files).collect(),
        Subcommand::Demo(_) | Subcommand::Charts(_) | Subcommand::Pictures(_) | Subcommand::Devices(_) => Vec::new(),
    }
}

fn require(path: &Path) -> Result<(), CliError> {
    if path.exists() {
        return Ok(());
    }
    Err(CliError::Usage(format!("there is no such file or folder ({})", path.display())))
}

/// What `check` says of a place that was named; what was not named is the program's own choice.
fn check_place(place: Option<&Path>, check: impl FnOnce(&Path) -> Result<(), CliError>) -> Result<(), CliError> {
    place.map_or(Ok(()), check)
}

/// Refuses to go on with what was not interrupted.
fn check_resumed(run: &Path) -> Result<(), CliError> {
    if run.join(CHECKPOINT_FILE).is_file() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "there is nothing to go on with: this folder has no {CHECKPOINT_FILE}, so that its training is done, or was \
         interrupted before its first epoch was; train anew ({})",
        run.display()
    )))
}

/// Refuses a preset without the weights that it needs, and weights that nothing needs.
fn check_weights(preset: Preset, weights: Option<&Path>) -> Result<(), CliError> {
    let frozen = matches!(preset.config().network, NetworkConfig::Inception(_));
    match weights {
        None if frozen => Err(CliError::Usage(format!("--weights FILE is missing: {}", ExtractorError::NoWeights))),
        Some(_) if !frozen => Err(CliError::Usage("--weights belongs to --preset paper".to_owned())),
        _ => Ok(()),
    }
}

/// Refuses to make a study in a dataset. One that is there already is opened wherever it lies.
fn check_study(folder: &Path) -> Result<(), CliError> {
    if is_study(folder) { Ok(()) } else { keep_out("the study", folder, None) }
}

/// Refuses to write a run over files that may be somebody's work.
fn check_run(folder: &Path, study: Option<&Path>) -> Result<(), CliError> {
    refuse_file(folder)?;
    if !report::may_hold_run(folder) {
        let what = if saved::is_run(folder) {
            "already holds a trained run"
        } else if folder.join(CHECKPOINT_FILE).is_file() {
            "holds a training that was interrupted (--resume goes on with it)"
        } else {
            "is not empty"
        };
        return Err(CliError::Usage(format!(
            "this folder {what}, and files in it would be lost; choose another folder: {}",
            folder.display()
        )));
    }
    keep_out("the run", folder, study)
}

/// Refuses to write a report over a run, or over tables of other programs.
fn check_report(folder: &Path) -> Result<(), CliError> {
    refuse_file(folder)?;
    if !report::may_write(folder) {
        return Err(CliError::Usage(format!(
            "this folder holds a trained run, or files that the report would write over; choose another: {}",
            folder.display()
        )));
    }
    keep_out("the report", folder, None)
}

/// Refuses to write into a dataset: one of the study's, or any other.
fn keep_out(what: &'static str, place: &Path, study: Option<&Path>) -> Result<(), CliError> {
    keep_out_of_datasets(what, place, datasets_of(study)).map_err(CliError::usage)
}

/// The names and folders of a study's datasets, without opening it. What is wrong with its settings is told when it is.
fn datasets_of(study: Option<&Path>) -> Vec<(String, PathBuf)> {
    let Some((folder, settings)) = study.and_then(|folder| Some((folder, Settings::read(folder).ok()?))) else {
        return Vec::new();
    };
    let roots = settings.sources.iter().filter_map(|source| Some((source.kind, source.resolve(folder)?)));
    roots.map(|(kind, root)| (kind.name_in(&root).into_owned(), root)).collect()
}

/// Refuses a file where a folder is needed; one that is not there yet can be made.
fn refuse_file(folder: &Path) -> Result<(), CliError> {
    if folder.is_file() {
        let path = folder.display();
        return Err(CliError::Usage(format!("--out is a folder, and this is a file; choose another place: {path}")));
    }
    Ok(())
}

/// Refuses to write over the recording that is read: it would be gone.
fn refuse_itself(recording: &Path, out: &Path) -> Result<(), CliError> {
    match (recording.canonicalize(), out.canonicalize()) {
        (Ok(recording), Ok(out)) if recording == out => Err(CliError::Usage(format!(
            "this is the recording itself, and it would be lost; choose another name: {}",
            out.display()
        ))),
        _ => Ok(()),
    }
}

/// Refuses to write a WAV over a file of another kind.
fn refuse_other_kind(wav: &Path) -> Result<(), CliError> {
    let is_wav = wav.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
    if is_wav || !wav.exists() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "this file is no WAV and would be lost; choose a name that ends in .wav: {}",
        wav.display()
    )))
}
