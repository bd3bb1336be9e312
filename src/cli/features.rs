//! The features of a frozen network, for other programs: `features`.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use image::RgbImage;

use super::CliError;
use super::args::{FeatureInput, Features};
use super::output::{print, print_json};
use crate::audio;
use crate::data::path_text;
use crate::models::inception::Size;
use crate::models::inception::extractor::{Extractor, ExtractorConfig};
use crate::models::inception::fast::BackboneError;
use crate::report::npy;
use crate::spectrogram::{PaperConfig, paper};
use crate::units::counted;

/// Rows that are computed before they are written: enough for all cores, and some 100 MB at most.
const ROWS_AT_ONCE: usize = 16;

pub(super) fn features(args: &Features) -> Result<(), CliError> {
    let picture = match (args.input, args.files.first()) {
        (FeatureInput::Picture, Some(first)) => {
            let (width, height) = image::image_dimensions(first).map_err(|error| of_file(&error, first))?;
            Size { height: height as usize, width: width as usize }
        }
        _ => Size { height: paper::HEIGHT, width: paper::WIDTH },
    };
    let config = ExtractorConfig {
        weights: path_text::to_text(&args.weights),
        average_pool: args.average_pool,
        pool: args.pool,
        ..ExtractorConfig::default()
    };
    let extractor = Extractor::open(&config, picture).map_err(CliError::work)?;
    let weights = extractor.known().map_or("weights of no published file", |known| known.about);
    eprintln!("InceptionV3 with {weights}");
    let (rows, columns) = (args.files.len(), extractor.length());
    let mut source = Rows { extractor: &extractor, input: args.input, files: &args.files, ready: VecDeque::new() };
    let mut failure = None;
    let row = |_| {
        source.next().map_err(|error| {
            failure = Some(error);
            io::Error::other("a file has no features")
        })
    };
    let written = npy::write_rows_by(&args.out, [rows, columns], row);
    if let Some(failure) = failure {
        return Err(failure);
    }
    written.map_err(CliError::work)?;
    if args.json {
        return print_json(&serde_json::json!({
            "rows": rows, "columns": columns, "out": path_text::to_text(&args.out), "weights": {
                "sha256": extractor.config().sha256, "published_as": extractor.known().map(|known| known.page),
            },
        }));
    }
    let rows = counted(rows, "row", "rows");
    print(&format!("{rows} of {} in {}\n", counted(columns, "feature", "features"), args.out.display()))
}

/// Computes rows a few at a time, in order.
struct Rows<'a> {
    extractor: &'a Extractor,
    input: FeatureInput,
    /// Those that are not computed yet.
    files: &'a [PathBuf],
    ready: VecDeque<Vec<f32>>,
}

impl Rows<'_> {
    fn next(&mut self) -> Result<Vec<f32>, CliError> {
        if self.ready.is_empty() {
            let (now, later) = self.files.split_at(self.files.len().min(ROWS_AT_ONCE));
            self.files = later;
            self.ready = self.compute(now)?;
            eprintln!("Features: {} to go", counted(later.len(), "file", "files"));
        }
        self.ready.pop_front().ok_or_else(|| CliError::Work("there are no more files".to_owned()))
    }

    fn compute(&self, files: &[PathBuf]) -> Result<VecDeque<Vec<f32>>, CliError> {
        let rows = Mutex::new(files.iter().map(|_| None).collect::<Vec<_>>());
        self.extractor.each::<_, _, Unfit>(
            files,
            |path| Ok(((), self.picture(path)?)),
            |index, outcome| {
                let failed = outcome.is_err();
                if let Some(row) = rows.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                    *row = Some(outcome);
                }
                if failed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What fails is found in the order of the files; what comes after it may not have been begun.
        let computed = files.iter().zip(rows).filter_map(|(path, row)| Some((path, row?)));
        computed.map(|(path, row)| row.map(|((), row)| row).map_err(|error| of_file(&error.0, path))).collect()
    }

    fn picture(&self, path: &Path) -> Result<RgbImage, Unfit> {
        match self.input {
            FeatureInput::Recording => {
                let recording = audio::decode(path).map_err(|error| Unfit(error.to_string()))?;
                Ok(paper::picture(&recording, &PaperConfig::default()))
            }
            FeatureInput::Picture => Ok(image::open(path).map_err(|error| Unfit(error.to_string()))?.to_rgb8()),
        }
    }
}

/// Why a file has no features.
struct Unfit(String);

impl From<BackboneError> for Unfit {
    fn from(error: BackboneError) -> Self {
        Self(error.to_string())
    }
}

fn of_file(error: &impl ToString, path: &Path) -> CliError {
    CliError::Work(format!("{} ({})", error.to_string(), path.display()))
}
