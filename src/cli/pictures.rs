//! The paper's tree of pictures.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use super::CliError;
use super::args::{ExportPictures, Pictures};
use super::driver::Driver;
use super::output::{self, print_json};
use super::study::{SAY_EVERY, open_study_and_datasets, require_folders};
use crate::data::path_text;
use crate::data::picture_tree::{self, Exported, TreeConfig};
use crate::spectrogram::PaperConfig;
use crate::units::{counted, grouped};

pub(super) fn pictures(args: Pictures, data_folder: PathBuf) -> Result<(), CliError> {
    match args {
        Pictures::Export(args) => export(args, data_folder),
    }
}

fn export(args: ExportPictures, data_folder: PathBuf) -> Result<(), CliError> {
    let mut driver = Driver::new(data_folder);
    open_study_and_datasets(&mut driver, Some(args.study), None, Vec::new())?;
    let study = &driver.state().study;
    // A tree without the recordings of a missing dataset would be another study's.
    require_folders(study)?;
    let config = TreeConfig { picture: PaperConfig { placement: args.placement }, quality: args.quality };
    let said = Mutex::new(Instant::now());
    let progress = |done, total| {
        if let Ok(mut said) = said.lock()
            && said.elapsed() >= SAY_EVERY
        {
            *said = Instant::now();
            eprintln!("Drawing pictures {} of {}", grouped(done as u64), grouped(total as u64));
        }
        ControlFlow::Continue(())
    };
    let exported = picture_tree::export(study, &args.out, &config, &progress).map_err(CliError::work)?;
    let Exported { pictures, failed } = &exported;
    if args.json {
        let failed: Vec<_> = failed
            .iter()
            .map(|(path, error)| serde_json::json!({ "path": path_text::to_text(path), "reason": error.to_string() }))
            .collect();
        print_json(
            &serde_json::json!({ "pictures": pictures, "failed": failed, "out": path_text::to_text(&args.out) }),
        )?;
    } else {
        output::print(&format!("{} in {}\n", counted(*pictures, "picture", "pictures"), args.out.display()))?;
    }
    let lines: Vec<String> = failed.iter().map(|(path, error)| format!("{error} ({})", path.display())).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let head = format!("{} not in the tree", counted(lines.len(), "recording is", "recordings are"));
    Err(CliError::Work(format!("{head}:\n{}", lines.join("\n"))))
}
