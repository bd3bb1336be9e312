//! The demo study: no dataset may be shipped, so the program makes one.
//!
//! [`generate`] writes a few hundred synthetic recordings in the layouts and words of the three datasets under one
//! folder. One seed decides every byte (on one machine: the sounds use the platform's sine and exponential).
//! Everything in it says that it is synthetic and proves nothing about any disease; [`is_demo`] lets the window and the
//! reports say so too.
//!
//! `plan` draws the people; `coswara`, `coughvid` and `virufy` decide their files and tables; [`synth`] and `scene` make
//! the sound, [`containers`] the files.

pub mod containers;
mod coswara;
mod coughvid;
mod filters;
mod place;
mod plan;
mod scene;
pub mod synth;
mod tables;
mod virufy;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::files::FileError;
use crate::units::ImplausibleRate;
use place::Marker;
use plan::{Layout, PlannedFile};
pub use tables::NOTICE;

/// What the demo study is made from. Equal configs give equal studies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoConfig {
    /// People in all three datasets together, from [`DemoConfig::MIN_PEOPLE`] to [`DemoConfig::MAX_PEOPLE`].
    ///
    /// Default 220: about 440 recordings. The default label policy uses about 340 of them, since it leaves out unsettled
    /// diagnoses and Coswara's shallow coughs.
    pub people: usize,
    /// Decides everything that is drawn at random. Default 1.
    pub seed: u64,
}

impl DemoConfig {
    /// Fewer people would leave a dataset without one of its classes or its broken files.
    pub const MIN_PEOPLE: usize = 40;
    /// Five times the people of COUGHVID, Coswara and Virufy together; their recordings take some 10 GB.
    pub const MAX_PEOPLE: usize = 100_000;
}

impl Default for DemoConfig {
    fn default() -> Self {
        Self { people: 220, seed: 1 }
    }
}

/// A complete demo study on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoStudy {
    /// Its folder, which holds `coswara`, `coughvid` and `virufy`.
    pub root: PathBuf,
    /// People with at least a row in a table.
    pub people: usize,
    /// Audio files, broken ones included.
    pub recordings: usize,
    /// The same by dataset: `coswara`, `coughvid`, `virufy`.
    pub datasets: BTreeMap<String, DatasetCounts>,
}

/// How much of everything one dataset of the demo study holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetCounts {
    /// People with at least a row in the table.
    pub people: usize,
    /// Audio files, broken ones included.
    pub recordings: usize,
    /// Audio files that are broken on purpose.
    pub broken: usize,
    /// Rows of the table whose recording does not exist.
    pub rows_without_audio: usize,
}

/// The demo study could not be made. Whatever was at its place before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// [`DemoConfig::people`] is out of range.
    #[error(
        "a demo study of {0} people cannot be made: ask for {min} to {max}",
        min = DemoConfig::MIN_PEOPLE,
        max = DemoConfig::MAX_PEOPLE
    )]
    People(usize),
    /// The folder holds something else, which is never overwritten.
    #[error("this folder holds other files, and the demo study would replace them: choose an empty or a new one ({})", .0.display())]
    Occupied(PathBuf),
    /// The progress callback asked to stop.
    #[error("making the demo study was stopped")]
    Stopped,
    /// A folder or a file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A sound could not be encoded.
    #[error("encoding a demo recording failed: {source}; please report this ({})", path.display())]
    Encode {
        /// The encoder's reason.
        source: containers::EncodeError,
        /// Which recording.
        path: PathBuf,
    },
    /// A table could not be written.
    #[error("writing a table of the demo study failed: {0}; please report this")]
    Table(#[from] csv::Error),
    /// A person's metadata could not be written.
    #[error("writing the metadata of the demo study failed: {0}; please report this")]
    Metadata(#[from] serde_json::Error),
    /// A rate of the plan is not plausible.
    #[error(transparent)]
    Rate(#[from] ImplausibleRate),
}

/// Makes the demo study at `root`, or finds the one of the same config that is there already.
///
/// Work is spread over rayon's threads; `progress(done, total)` counts recordings, may be called from any of them, and ends
/// the work with `Break`. The study is written beside `root` and renamed, so that it is whole or not at all. A demo of
/// another config or an older version is replaced; anything else at `root` is left alone.
///
/// # Errors
/// [`DemoError::People`] and [`DemoError::Occupied`] before anything is written; [`DemoError::Stopped`] after a `Break`;
/// the others when a file cannot be made.
pub fn generate(
    root: &Path,
    config: &DemoConfig,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<DemoStudy, DemoError> {
    if !(DemoConfig::MIN_PEOPLE..=DemoConfig::MAX_PEOPLE).contains(&config.people) {
        return Err(DemoError::People(config.people));
    }
    if let Some(marker) = Marker::read(root).filter(|marker| marker.is_of(config)) {
        return Ok(marker.study(root));
    }
    place::check_replaceable(root)?;
    let staging = place::Staging::beside(root)?;
    let marker = write_study(&staging.study(), config, progress)?;
    staging.put_in_place(root)?;
    Ok(marker.study(root))
}

/// Whether `path` is a demo study or lies within one, so that the window and reports can say that it is synthetic.
///
/// Looks for the marker in each folder above: ask once for a study, not in each frame.
#[must_use]
pub fn is_demo(path: &Path) -> bool {
    // `.` and links have no telling ancestors of their own.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    path.ancestors().any(|folder| Marker::read(folder).is_some())
}

/// Writes the whole study into `folder`, its marker last.
fn write_study(
    folder: &Path,
    config: &DemoConfig,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Marker, DemoError> {
    // Chosen so that the datasets have about as many recordings each, of which one or more come from a person.
    let coswara_people = config.people * 3 / 10;
    let coughvid_people = config.people * 9 / 20;
    let virufy_people = (config.people - coswara_people - coughvid_people).min(virufy::MOST_PEOPLE);
    // Large studies are mostly COUGHVID, as the real data are.
    let coughvid_people = config.people - coswara_people - virufy_people;

    let rng = &mut random_stream(config.seed, CAST_STREAM);
    let coswara = plan::cast(rng, coswara_people, 0.16);
    let coughvid = plan::cast(rng, coughvid_people, 0.12);
    let virufy = plan::cast(rng, virufy_people, 0.0);
    let layouts = [
        ("coswara", coswara::lay_out(&coswara, rng)?),
        ("coughvid", coughvid::lay_out(&coughvid, rng)?),
        ("virufy", virufy::lay_out(&virufy, rng)?),
    ];

    for (path, content) in layouts.iter().flat_map(|(_, layout)| &layout.texts) {
        place::write(&folder.join(path), content)?;
    }
    let files: Vec<&PlannedFile<'_>> = layouts.iter().flat_map(|(_, layout)| &layout.recordings).collect();
    write_recordings(folder, config.seed, &files, progress)?;
    place::write(&folder.join("README.txt"), tables::README.as_bytes())?;
    let datasets = layouts.iter().map(|(name, layout)| ((*name).to_owned(), counts(layout))).collect();
    let marker = Marker::new(config, datasets);
    marker.write(folder)?;
    Ok(marker)
}

/// Makes and writes all recordings, in parallel.
fn write_recordings(
    folder: &Path,
    seed: u64,
    files: &[&PlannedFile<'_>],
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<(), DemoError> {
    let done = AtomicUsize::new(0);
    files.par_iter().enumerate().try_for_each(|(index, file)| {
        // A stream of its own for each recording: the order in which threads take them changes nothing.
        let mut rng = random_stream(seed, CAST_STREAM + 1 + index as u64);
        let bytes =
            file.make(&mut rng, NOTICE).map_err(|source| DemoError::Encode { source, path: file.path.clone() })?;
        place::write(&folder.join(&file.path), &bytes)?;
        match progress(done.fetch_add(1, Ordering::Relaxed) + 1, files.len()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(DemoError::Stopped),
        }
    })
}

/// The random stream that decides people and tables; the recordings' follow it.
const CAST_STREAM: u64 = 0;

/// Independent random numbers for each `stream` of one `seed`.
fn random_stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// What a layout holds.
fn counts(layout: &Layout<'_>) -> DatasetCounts {
    DatasetCounts {
        people: layout.people,
        recordings: layout.recordings.len(),
        broken: layout.recordings.iter().filter(|file| file.damage.is_some()).count(),
        rows_without_audio: layout.rows_without_audio,
    }
}
