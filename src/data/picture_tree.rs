//! The paper's tree of pictures: `train` and `test`, in each of them `healthy` and `sick`, there a JPEG for each recording.
//!
//! The paper's own program reads such a tree and draws its validation part from `train`, so ours lies there as well.
//! [`TABLE`] in the tree says of each picture whose it is, its part, and the recording that it was made from.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use image::codecs::jpeg::JpegEncoder;
use rayon::prelude::*;

use super::guard::InDataset;
use super::split::Part;
use super::study::StudyView;
use super::{Clip, Form, Label, path_text, table};
use crate::audio::{self, DecodeError};
use crate::files::{FileError, TEMPORARY_PREFIX};
use crate::spectrogram::paper::{self, PaperConfig};

/// The table in the tree. It can be opened as a dataset: its `path` column holds the pictures.
pub const TABLE: &str = "pictures.csv";

/// Its columns: the first five are those that a [table of recordings](table) needs.
const COLUMNS: [&str; 7] = ["path", "dataset", "person", "label", "reason", "part", "recording"];

/// How the pictures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeConfig {
    /// Which generation of FFmpeg they follow.
    pub picture: PaperConfig,
    /// Quality of the JPEGs, 1 to 100. Colours are kept at full resolution (4:4:4), whatever it is.
    pub quality: u8,
}

impl Default for TreeConfig {
    /// Pictures as FFmpeg 7.0 draws them, of a quality that shows no blocks.
    fn default() -> Self {
        Self { picture: PaperConfig::default(), quality: 95 }
    }
}

/// A tree that was written.
#[derive(Debug, Default)]
pub struct Exported {
    /// Pictures in the tree.
    pub pictures: usize,
    /// Recordings without one, each with what is wrong with it. They are not in the tree's table.
    pub failed: Vec<(PathBuf, PictureError)>,
}

/// Why no tree was written. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The study's parts cannot be drawn.
    #[error("there are no parts to write: {0}")]
    NoParts(String),
    /// Something is there already.
    #[error("there is something here already, and pictures of two studies would be mixed; choose a new folder ({})", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// The place belongs to a dataset.
    #[error(transparent)]
    InDataset(#[from] InDataset),
    /// It was stopped.
    #[error("writing the pictures was stopped; nothing was kept")]
    Stopped,
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a recording has no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Its file cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The picture cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A picture that is to be made.
struct Picture<'a> {
    clip: &'a Clip,
    part: Part,
    label: Label,
    /// Where it goes, below the tree's folder.
    place: PathBuf,
}

/// Writes the pictures of all used recordings of a study into the new folder `tree`, on all cores; whole or not at all.
///
/// `progress` is told how many of how many are done, from several threads, and may stop it.
///
/// # Errors
/// [`TreeError`] when nothing was written. Single recordings that cannot be read are in [`Exported::failed`].
pub fn export(
    study: &StudyView,
    tree: &Path,
    config: &TreeConfig,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Result<Exported, TreeError> {
    let pictures = pictures_of(study)?;
    check_new(tree)?;
    study.keep_out_of_datasets("the pictures", tree)?;
    let at_tree = |error| FileError::at("writing the pictures", tree)(error);
    let folder = new_folder_beside(tree).map_err(at_tree)?;
    let made = make_all(&pictures, folder.path(), config, progress).ok_or(TreeError::Stopped)?;
    let mut exported = Exported::default();
    let mut rows = Vec::new();
    for (picture, made) in pictures.iter().zip(made) {
        match made {
            Ok(()) => rows.push(picture),
            // A full disk is no matter of one recording.
            Err(PictureError::File(error)) => return Err(error.into()),
            Err(error) => exported.failed.push((picture.clip.path.clone(), error)),
        }
    }
    exported.pictures = rows.len();
    write_table(&folder.path().join(TABLE), &rows)?;
    keep(folder, tree).map_err(at_tree)?;
    Ok(exported)
}

/// Whether there is nothing at `tree` yet.
///
/// # Errors
/// [`TreeError::Taken`] when there is.
pub fn check_new(tree: &Path) -> Result<(), TreeError> {
    if std::fs::read_dir(tree).is_ok_and(|mut inside| inside.next().is_some()) || tree.is_file() {
        return Err(TreeError::Taken { path: tree.to_owned() });
    }
    Ok(())
}

/// What to draw, in the order of the study.
fn pictures_of(study: &StudyView) -> Result<Vec<Picture<'_>>, TreeError> {
    let parts = match &study.split {
        Some(Ok(split)) => &split.parts,
        Some(Err(reason)) => return Err(TreeError::NoParts(reason.clone())),
        None => return Err(TreeError::NoParts("no recording is used".to_owned())),
    };
    let used = study.used().zip(parts).filter_map(|(clip, part)| Some((clip, *part, clip.verdict.label()?)));
    let mut taken = HashSet::new();
    let mut next: HashMap<PathBuf, usize> = HashMap::new();
    let pictures = used.map(|(clip, part, label)| {
        let folder = Path::new(if part == Part::Test { "test" } else { "train" }).join(label.to_string());
        let name = stem_of(clip);
        // Two names that differ in case only are one name on Windows and macOS.
        let number = next.entry(folder.join(name.to_lowercase())).or_default();
        let place = loop {
            *number += 1;
            let place = folder.join(match *number {
                1 => format!("{name}.jpg"),
                more => format!("{name} ({more}).jpg"),
            });
            if taken.insert(path_text::to_text(&place).to_lowercase()) {
                break place;
            }
        };
        Picture { clip, part, label, place }
    });
    Ok(pictures.collect())
}

/// The name of a recording's picture, without `.jpg`, as in the paper: `heavy_<person>.wav`, else the recording's own.
fn stem_of(clip: &Clip) -> String {
    let file_name = path_text::to_text(Path::new(clip.path.file_name().unwrap_or_default()));
    let form = match clip.form {
        Form::Heavy => "heavy",
        Form::Shallow => "shallow",
        Form::Only | Form::Segmented | Form::Original => return file_name,
    };
    let person: String = clip.person.name().chars().map(|c| if r#"/\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
    match Path::new(&file_name).extension().and_then(|extension| extension.to_str()) {
        Some(extension) => format!("{form}_{person}.{extension}"),
        None => format!("{form}_{person}"),
    }
}

/// A folder on the tree's own disk, so that it can take the tree's name at the end. It is gone if nobody keeps it.
fn new_folder_beside(tree: &Path) -> io::Result<tempfile::TempDir> {
    let tree = std::path::absolute(tree)?;
    let parent = tree.parent().unwrap_or(&tree);
    std::fs::create_dir_all(parent)?;
    tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempdir_in(parent)
}

/// Gives the finished folder its name.
fn keep(folder: tempfile::TempDir, tree: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary folders are private; this one takes the rights of the folder that it lies in.
        let around = folder.path().parent().unwrap_or(tree).metadata()?.permissions().mode();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(around & 0o777 | 0o700))?;
    }
    if tree.is_dir() {
        std::fs::remove_dir(tree)?;
    }
    std::fs::rename(folder.path(), tree)?;
    // It has moved: there is nothing left to remove.
    let _ = folder.keep();
    Ok(())
}

/// Makes the pictures; `None` when it was stopped.
fn make_all(
    pictures: &[Picture<'_>],
    folder: &Path,
    config: &TreeConfig,
    progress: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
) -> Option<Vec<Result<(), PictureError>>> {
    let (done, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let make = |picture: &Picture<'_>| {
        if stopped.load(Ordering::Relaxed) {
            return None;
        }
        let made = make(picture, folder, config);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if progress(done, pictures.len()).is_break() {
            stopped.store(true, Ordering::Relaxed);
        }
        Some(made)
    };
    pictures.par_iter().map(make).collect()
}

fn make(picture: &Picture<'_>, folder: &Path, config: &TreeConfig) -> Result<(), PictureError> {
    let image = paper::picture(&audio::decode(&picture.clip.path)?, &config.picture);
    let path = folder.join(&picture.place);
    let write = || -> io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut out = BufWriter::new(File::create_new(&path)?);
        let mut encoder = JpegEncoder::new_with_quality(&mut out, config.quality.clamp(1, 100));
        encoder.encode_image(&image).map_err(io::Error::other)?;
        out.into_inner()?.sync_data()
    };
    Ok(write().map_err(FileError::at("writing a picture", &path))?)
}

fn write_table(path: &Path, pictures: &[&Picture<'_>]) -> Result<(), FileError> {
    crate::files::write_atomic(path, "writing the table of the pictures", |out: &mut dyn Write| {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(COLUMNS)?;
        for Picture { clip, part, label, place } in pictures.iter().copied() {
            // One spelling on every system: a tree made on Windows opens elsewhere.
            let place = path_text::to_text(place).replace('\\', "/");
            let recording = path_text::to_text(&std::path::absolute(&clip.path)?);
            let (label, part) = (label.to_string(), part.to_string());
            let (dataset, person) = (table::guarded(&clip.dataset), table::guarded(&clip.person.0));
            csv.write_record([place.as_str(), &dataset, &person, &label, "", &part, &recording])?;
        }
        csv.flush()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wav;
    use crate::data::scan::SourceScan;
    use crate::data::split::{SplitBy, SplitConfig};
    use crate::data::study::Study;
    use crate::data::{Decision, LabelPolicy, PersonId, Sound, SoundFacts, SourceKind};
    use crate::units::SampleRate;

    /// Twelve recordings of noise in `folder`, half of them sick, each of its own person, called alike but for the case.
    fn study(folder: &Path) -> Study {
        let rate = SampleRate::new(8000).unwrap();
        let clips = (0..12).map(|number: u32| {
            let path = folder.join(format!("{number}/{}", if number.is_multiple_of(2) { "a.wav" } else { "A.WAV" }));
            let noise = |i: u32| ((i * 7919 + number * 104_729) % 2003) as f32 / 2003.0 - 0.5;
            let samples: Vec<f32> = (0..8000).map(noise).collect();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, wav::encode_pcm16(&samples, rate).unwrap()).unwrap();
            let person = PersonId(format!("folder:{number}"));
            let mut clip = Clip::new(path.clone(), SourceKind::Folder, person, "");
            clip.decision = Some(if number % 4 < 2 { Decision::Healthy } else { Decision::Sick });
            clip.sound = Sound::Read(SoundFacts::of(&audio::decode(&path).unwrap()));
            clip
        });
        let clips = clips.collect();
        let split = SplitConfig { by: SplitBy::File, ..SplitConfig::default() };
        let mut study = Study::new(LabelPolicy::default(), split);
        study.add(SourceScan { kind: SourceKind::Folder, root: folder.to_owned(), clips, notes: Vec::new() }, None);
        study
    }

    fn files(folder: &Path) -> Vec<String> {
        let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        files.map(|entry| path_text::to_text(entry.path().strip_prefix(folder).unwrap())).collect()
    }

    fn write(study: &StudyView, tree: &Path) -> Result<Exported, TreeError> {
        export(study, tree, &TreeConfig::default(), &|_, _| ControlFlow::Continue(()))
    }

    #[test]
    fn each_used_recording_has_its_picture_and_its_row() {
        let place = tempfile::tempdir().unwrap();
        let (data, tree) = (place.path().join("data"), place.path().join("out/tree"));
        let view = study(&data).view();
        let exported = write(&view, &tree).unwrap();
        assert_eq!((exported.pictures, exported.failed.len()), (12, 0));
        let files = files(&tree);
        assert_eq!(files.len(), 13);
        assert_eq!(files[0], TABLE);
        let lower: HashSet<String> = files.iter().map(|file| file.to_lowercase()).collect();
        assert_eq!(lower.len(), 13, "no two names that some systems take for one");

        let mut table = csv::Reader::from_path(tree.join(TABLE)).unwrap();
        let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
        let parts = view.split.as_ref().unwrap().as_ref().unwrap().parts.clone();
        for ((row, clip), part) in rows.iter().zip(view.used()).zip(parts) {
            let folder = if part == Part::Test { "test" } else { "train" };
            let label = clip.verdict.label().unwrap().to_string();
            assert!(row[0].starts_with(&format!("{folder}/{label}/")) && files.contains(&row[0].to_owned()), "{row:?}");
            assert_eq!((&row[2], &row[3], &row[5]), (clip.person.0.as_str(), label.as_str(), &*part.to_string()));
            assert_eq!(Path::new(&row[6]), clip.path);
        }
        assert_eq!(rows.len(), 12);
    }

    /// The picture is the one that FFmpeg draws, but for what a JPEG loses, and keeps its colours at full resolution.
    #[test]
    fn the_picture_is_the_papers() {
        let place = tempfile::tempdir().unwrap();
        let (data, tree) = (place.path().join("data"), place.path().join("tree"));
        let view = study(&data).view();
        write(&view, &tree).unwrap();
        let mut table = csv::Reader::from_path(tree.join(TABLE)).unwrap();
        let row = table.records().next().unwrap().unwrap();
        let jpeg = std::fs::read(tree.join(&row[0])).unwrap();
        let start = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        let sampling: Vec<u8> = (0..3).map(|component| jpeg[start + 11 + 3 * component]).collect();
        assert_eq!(sampling, [0x11; 3], "one sample of each colour for each pixel");
        let read = image::load_from_memory(&jpeg).unwrap().to_rgb8();
        let drawn = paper::picture(&audio::decode(Path::new(&row[6])).unwrap(), &PaperConfig::default());
        assert_eq!(read.dimensions(), (1024, 512));
        let off: f64 = read.iter().zip(drawn.iter()).map(|(read, drawn)| f64::from(read.abs_diff(*drawn))).sum();
        let mean = off / drawn.len() as f64;
        assert!(mean < 4.0, "off by {mean} of 255 in the mean");
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_rest_is_written() {
        let place = tempfile::tempdir().unwrap();
        let (data, tree) = (place.path().join("data"), place.path().join("tree"));
        let view = study(&data).view();
        let broken = &view.clips[3].path;
        std::fs::write(broken, b"no sound").unwrap();
        let exported = write(&view, &tree).unwrap();
        assert_eq!((exported.pictures, exported.failed.len()), (11, 1));
        assert_eq!(&exported.failed[0].0, broken);
        assert_eq!(files(&tree).len(), 12);
    }

    #[test]
    fn nothing_is_left_of_a_tree_that_was_stopped_or_refused() {
        let place = tempfile::tempdir().unwrap();
        let (data, tree) = (place.path().join("data"), place.path().join("tree"));
        let study = study(&data);
        let view = study.view();
        let stop = |done, _| if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        assert!(matches!(export(&view, &tree, &TreeConfig::default(), &stop), Err(TreeError::Stopped)));
        let left = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
        assert_eq!(left(place.path()), 1, "only the recordings");
        assert!(matches!(write(&view, &data.join("tree")), Err(TreeError::InDataset { .. })));
        std::fs::create_dir(&tree).unwrap();
        std::fs::write(tree.join("mine.txt"), "mine").unwrap();
        assert!(matches!(write(&view, &tree), Err(TreeError::Taken { .. })));
        assert_eq!(files(&tree), ["mine.txt"]);
        assert!(matches!(write(&Study::default().view(), &tree), Err(TreeError::NoParts(_))));
    }

    #[test]
    fn coswaras_pictures_are_called_as_in_the_paper() {
        let person = PersonId("coswara:Eoyf44".to_owned());
        let mut clip = Clip::new("/c/20200413/Eoyf44/cough-heavy.wav".into(), SourceKind::Coswara, person, "healthy");
        clip.form = Form::Heavy;
        assert_eq!(stem_of(&clip), "heavy_Eoyf44.wav");
        clip.form = Form::Only;
        assert_eq!(stem_of(&clip), "cough-heavy.wav");
    }
}
