//! Features of a frozen network, kept on disk: it runs once for a recording, and not once for every epoch and run.
//!
//! One file a recording, named by the hash of its samples, in a folder named by all else that the features depend on. A
//! file is written whole or not at all and carries a checksum, so that a kill costs the recording in hand, two runs may
//! share the store, and damage is noticed. The system keeps in memory what fits: files are read, not mapped, as a mapped
//! file that another program cuts short would end this one.

use std::io::Read;
use std::path::{Path, PathBuf};

use half::f16;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::data::fingerprint::ContentHash;
use crate::files::{FileError, write_atomic};
use crate::models::inception::extractor::ExtractorConfig;
use crate::models::inception::{AveragePool, FeaturePool};
use crate::spectrogram::PaperConfig;

/// Raise it when the same settings give other features.
const VERSION: u32 = 1;

/// Says in each folder of features what they are of; a folder without it is not ours.
const ABOUT: &str = "features.toml";

/// Bytes before the numbers: their checksum.
const HEAD: usize = 8;

/// How exactly features are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Half precision: three digits, half the room.
    #[default]
    F16,
    /// Single precision, as they were computed.
    F32,
}

impl Precision {
    /// Bytes of a number.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// All that the features of a recording depend on, but for its samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    version: u32,
    /// SHA-256 of the weights.
    weights: String,
    average_pool: AveragePool,
    pool: FeaturePool,
    picture: PaperConfig,
    precision: Precision,
}

impl Origin {
    /// Of an extractor that was [opened](crate::models::inception::extractor::Extractor::config), for such pictures.
    #[must_use]
    pub fn new(extractor: &ExtractorConfig, picture: PaperConfig, precision: Precision) -> Self {
        let ExtractorConfig { weights: _, sha256, average_pool, pool } = extractor.clone();
        Self { version: VERSION, weights: sha256, average_pool, pool, picture, precision }
    }
}

/// Features could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is there is not what was written.
    #[error(
        "the kept features of a recording were damaged and are deleted; train again, and they are made anew ({})",
        .0.display()
    )]
    Damaged(PathBuf),
    /// Numbers that half precision cannot hold.
    #[error(
        "the network gives features up to {0}, more than half precision can hold (65,504): keep them in single precision"
    )]
    TooLarge(f32),
}

/// The features of one origin, each of `length` numbers.
#[derive(Debug)]
pub struct FeatureStore {
    folder: PathBuf,
    precision: Precision,
    length: usize,
}

impl FeatureStore {
    /// The features of `origin` below `root`; makes the folder. `length` is how many numbers a recording has.
    ///
    /// # Errors
    /// [`StoreError::File`] when the folder cannot be made or written to.
    pub fn open(root: &Path, origin: &Origin, length: usize) -> Result<Self, StoreError> {
        let text = toml::to_string_pretty(origin).unwrap_or_default();
        let folder = root.join(format!("{:016x}", xxh3_64(text.as_bytes())));
        let about = folder.join(ABOUT);
        if !about.is_file() {
            write_atomic(&about, "keeping features", |out| out.write_all(text.as_bytes()))?;
        }
        Ok(Self { folder, precision: origin.precision, length })
    }

    /// How many numbers a recording has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Bytes on disk of `recordings`.
    #[must_use]
    pub fn bytes_of(&self, recordings: usize) -> u64 {
        recordings as u64 * self.file_bytes() as u64
    }

    /// Whether the features of the recording with these samples are there, in full length.
    #[must_use]
    pub fn has(&self, recording: ContentHash) -> bool {
        std::fs::metadata(self.path(recording)).is_ok_and(|file| file.len() == self.file_bytes() as u64)
    }

    /// Keeps the features of a recording. Shape of `features`: `[length]`.
    ///
    /// # Errors
    /// [`StoreError`] when the disk is full, or half precision cannot hold a number.
    pub fn put(&self, recording: ContentHash, features: &[f32]) -> Result<(), StoreError> {
        let bytes: Vec<u8> = match self.precision {
            Precision::F16 => {
                let largest = features.iter().copied().fold(0.0, |most: f32, value| most.max(value.abs()));
                if !f16::from_f32(largest).is_finite() {
                    return Err(StoreError::TooLarge(largest));
                }
                features.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect()
            }
            Precision::F32 => features.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        Ok(write_atomic(&self.path(recording), "keeping features", |out| {
            out.write_all(&xxh3_64(&bytes).to_le_bytes())?;
            out.write_all(&bytes)
        })?)
    }

    /// Appends the features of a recording to `out`.
    ///
    /// # Errors
    /// [`StoreError`] when they are not there or damaged.
    pub fn read(&self, recording: ContentHash, out: &mut Vec<f32>) -> Result<(), StoreError> {
        let path = self.path(recording);
        let mut bytes = Vec::with_capacity(self.file_bytes());
        let read = std::fs::File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(FileError::at("reading kept features", &path))?;
        let parts = bytes.split_first_chunk::<HEAD>().filter(|_| bytes.len() == self.file_bytes());
        let Some((_, body)) = parts.filter(|(head, body)| u64::from_le_bytes(**head) == xxh3_64(body)) else {
            // Best effort: what stays is found damaged again.
            let _ = std::fs::remove_file(&path);
            return Err(StoreError::Damaged(path));
        };
        match self.precision {
            Precision::F16 => out.extend(body.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32())),
            Precision::F32 => out.extend(body.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))),
        }
        Ok(())
    }

    fn file_bytes(&self) -> usize {
        HEAD + self.length * self.precision.bytes()
    }

    /// Spread over 256 folders: file managers and old file systems are slow with tens of thousands in one.
    fn path(&self, recording: ContentHash) -> PathBuf {
        let name = recording.to_string();
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }
}

/// The hash of a picture that comes from no recording, under which its features are kept.
#[must_use]
pub fn picture_hash(pixels: &[u8]) -> ContentHash {
    ContentHash(xxh3_128(pixels))
}

/// What is kept below a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Recordings with features, counted once for each origin.
    pub recordings: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Counts what is kept below `root`. Asks the file system for every file: tens of thousands take a second.
#[must_use]
pub fn kept(root: &Path) -> Kept {
    let files = origins(root).flat_map(|folder| walkdir::WalkDir::new(folder).min_depth(2)).filter_map(Result::ok);
    let sizes = files.filter(|entry| entry.file_type().is_file()).filter_map(|entry| entry.metadata().ok());
    sizes.fold(Kept::default(), |sum, file| Kept { recordings: sum.recordings + 1, bytes: sum.bytes + file.len() })
}

/// Deletes everything that is kept below `root`, and nothing else that lies there.
///
/// # Errors
/// [`FileError`] for the first folder that cannot be deleted.
pub fn clear(root: &Path) -> Result<(), FileError> {
    for folder in origins(root) {
        std::fs::remove_dir_all(&folder).map_err(FileError::at("deleting kept features", &folder))?;
    }
    Ok(())
}

/// The folders below `root` that say what they keep.
fn origins(root: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|folder| folder.join(ABOUT).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(precision: Precision) -> Origin {
        let config = ExtractorConfig { sha256: "ab".repeat(32), ..ExtractorConfig::default() };
        Origin::new(&config, PaperConfig::default(), precision)
    }

    fn read(store: &FeatureStore, recording: ContentHash) -> Result<Vec<f32>, StoreError> {
        let mut out = Vec::new();
        store.read(recording, &mut out).map(|()| out)
    }

    #[test]
    fn what_is_put_is_read_by_the_next_run_too() {
        let root = tempfile::tempdir().unwrap();
        let features = [0.0, 0.1, 12.345, 65_504.0];
        for (precision, off) in [(Precision::F16, 0.005), (Precision::F32, 0.0)] {
            let (one, other) = (ContentHash(1), ContentHash(u128::MAX));
            let store = FeatureStore::open(root.path(), &origin(precision), 4).unwrap();
            assert!(!store.has(one));
            store.put(one, &features).unwrap();
            let again = FeatureStore::open(root.path(), &origin(precision), 4).unwrap();
            assert!(again.has(one) && !again.has(other));
            for (found, wanted) in read(&again, one).unwrap().iter().zip(features) {
                assert!((found - wanted).abs() <= off, "{found} for {wanted}");
            }
            assert!(matches!(read(&again, other), Err(StoreError::File(_))));
        }
        assert_eq!(kept(root.path()), Kept { recordings: 2, bytes: (8 + 8) + (8 + 16) });
    }

    #[test]
    fn features_of_another_origin_are_others() {
        let root = tempfile::tempdir().unwrap();
        let recording = ContentHash(7);
        let base = ExtractorConfig { sha256: "ab".repeat(32), ..ExtractorConfig::default() };
        let mean = ExtractorConfig { pool: FeaturePool::Mean, ..base.clone() };
        let keras = ExtractorConfig { average_pool: AveragePool::SkipsPadding, ..base.clone() };
        let moved = ExtractorConfig { weights: "elsewhere/model.safetensors".into(), ..base.clone() };
        let open = |config: &ExtractorConfig| {
            FeatureStore::open(root.path(), &Origin::new(config, PaperConfig::default(), Precision::F16), 1).unwrap()
        };
        open(&base).put(recording, &[1.0]).unwrap();
        assert!(open(&moved).has(recording), "the same weights in another place");
        assert!(!open(&mean).has(recording) && !open(&keras).has(recording));
    }

    #[test]
    fn damage_is_noticed_and_large_numbers_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let store = FeatureStore::open(root.path(), &origin(Precision::F16), 3).unwrap();
        let recording = ContentHash(5);
        store.put(recording, &[1.0, 2.0, 3.0]).unwrap();
        let path = store.path(recording);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[10] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(read(&store, recording), Err(StoreError::Damaged(at)) if at == path));
        assert!(!store.has(recording), "the next run makes it anew");
        std::fs::write(&path, &bytes[..9]).unwrap();
        assert!(!store.has(recording), "cut short is not there");
        assert!(matches!(store.put(recording, &[7e4, 0.0, 0.0]), Err(StoreError::TooLarge(7e4))));
        let wide = FeatureStore::open(root.path(), &origin(Precision::F32), 3).unwrap();
        wide.put(recording, &[7e4, 0.0, 0.0]).unwrap();
    }

    #[test]
    fn clearing_spares_what_is_not_ours() {
        let root = tempfile::tempdir().unwrap();
        let store = FeatureStore::open(root.path(), &origin(Precision::F16), 1).unwrap();
        store.put(ContentHash(5), &[1.0]).unwrap();
        std::fs::create_dir(root.path().join("letters")).unwrap();
        std::fs::write(root.path().join("letters/a.txt"), "dear").unwrap();
        clear(root.path()).unwrap();
        assert_eq!(kept(root.path()), Kept::default());
        assert!(root.path().join("letters/a.txt").is_file());
        assert!(matches!(store.put(ContentHash(5), &[1.0]), Ok(())), "a run that still goes on");
    }
}
