//! What a training needs to go on after it was interrupted: written after an epoch, whole or not at all.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::eval::history::EpochRecord;
use crate::files::{FileError, write_atomic};

/// The checkpoint in a run's folder, while the run is not done.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";

/// A training between two epochs.
///
/// There is no state of the random generator: that of an epoch follows from the run's seed and the epoch's number.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Figures of the epochs that are done.
    pub history: Vec<EpochRecord>,
    /// The epoch of the best network so far, from 1.
    pub best_epoch: usize,
    /// Optimiser steps so far.
    pub steps: usize,
    /// What tells these recordings, labels and parts from others: a training must go on with the same.
    pub data: String,
    /// The weights now, as the bytes of a `.safetensors` file.
    pub network: Vec<u8>,
    /// Those of the best epoch.
    pub best: Vec<u8>,
    /// What the optimiser remembers: a pair for each parameter.
    pub moments: Vec<[Vec<f32>; 2]>,
}

/// The part of a checkpoint that is text: TOML, which gives every number back bit for bit.
#[derive(Serialize, Deserialize)]
struct Position {
    history: Vec<EpochRecord>,
    best_epoch: usize,
    steps: usize,
    data: String,
    /// Length of each parameter.
    parameters: Vec<usize>,
}

/// A checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its content is not what was written.
    #[error("the checkpoint is damaged, so that the training cannot go on: {reason} ({})", path.display())]
    Damaged {
        /// What is wrong.
        reason: String,
        /// The file.
        path: PathBuf,
    },
}

/// Under this name the text is kept.
const POSITION: &str = "position";

impl Checkpoint {
    /// Writes it into the run's `folder`, over the one before.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be written; the one before stays.
    pub fn write(&self, folder: &Path) -> Result<(), FileError> {
        let path = folder.join(CHECKPOINT_FILE);
        let bytes = self
            .to_bytes()
            .map_err(|error| FileError::at("keeping the training", &path)(std::io::Error::other(error)))?;
        write_atomic(&path, "keeping the training", |out| out.write_all(&bytes))
    }

    /// Removes the checkpoint of a run that is done. Best effort: one that stays takes room and does no harm.
    pub fn remove(folder: &Path) {
        let _ = std::fs::remove_file(folder.join(CHECKPOINT_FILE));
    }

    fn to_bytes(&self) -> Result<Vec<u8>, SafeTensorError> {
        let position = Position {
            history: self.history.clone(),
            best_epoch: self.best_epoch,
            steps: self.steps,
            data: self.data.clone(),
            parameters: self.moments.iter().map(|[first, _]| first.len()).collect(),
        };
        let position = toml::to_string(&position).unwrap_or_default().into_bytes();
        let moments = |which: usize| -> Vec<u8> {
            self.moments.iter().flat_map(|pair| &pair[which]).flat_map(|number| number.to_le_bytes()).collect()
        };
        let (first, second) = (moments(0), moments(1));
        let parts = [
            (POSITION, &position),
            ("network", &self.network),
            ("best", &self.best),
            ("first", &first),
            ("second", &second),
        ];
        let views =
            parts.into_iter().map(|(name, bytes)| Ok((name, TensorView::new(Dtype::U8, vec![bytes.len()], bytes)?)));
        safetensors::serialize(views.collect::<Result<Vec<_>, SafeTensorError>>()?, None)
    }

    /// Reads the checkpoint in the run's `folder`.
    ///
    /// # Errors
    /// [`CheckpointError`] when there is none, or it is damaged.
    pub fn read(folder: &Path) -> Result<Self, CheckpointError> {
        let path = folder.join(CHECKPOINT_FILE);
        let bytes = std::fs::read(&path).map_err(FileError::at("reading the checkpoint", &path))?;
        Self::from_bytes(&bytes).map_err(|reason| CheckpointError::Damaged { reason, path })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let part = |name: &str| file.tensor(name).map(|view| view.data().to_vec()).map_err(|error| error.to_string());
        let position = String::from_utf8(part(POSITION)?).map_err(|error| error.to_string())?;
        let position: Position = toml::from_str(&position).map_err(|error| error.to_string())?;
        let numbers = |name: &str| -> Result<Vec<f32>, String> {
            Ok(part(name)?.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        let (mut first, mut second) = (numbers("first")?.into_iter(), numbers("second")?.into_iter());
        let mut moments = Vec::with_capacity(position.parameters.len());
        for length in position.parameters {
            let pair = [first.by_ref().take(length).collect(), second.by_ref().take(length).collect()];
            if pair.iter().any(|numbers: &Vec<f32>| numbers.len() != length) {
                return Err("the optimiser's numbers are cut short".to_owned());
            }
            moments.push(pair);
        }
        let Position { history, best_epoch, steps, data, .. } = position;
        if !(1..=history.len()).contains(&best_epoch) {
            return Err(format!("its best epoch, {best_epoch}, is not one of {}", history.len()));
        }
        Ok(Self { history, best_epoch, steps, data, network: part("network")?, best: part("best")?, moments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let record = |epoch| EpochRecord {
            epoch,
            train_loss: 0.1 + 0.2,
            train_accuracy: 0.5,
            validation_loss: 1.0 / 3.0,
            validation_accuracy: 0.25,
            validation_auc: (epoch == 2).then_some(0.7),
        };
        Checkpoint {
            history: vec![record(1), record(2)],
            best_epoch: 2,
            steps: 24,
            data: "0123abcd".into(),
            network: vec![1, 2, 3],
            best: Vec::new(),
            moments: vec![
                [vec![0.1, -0.0, f32::MIN_POSITIVE], vec![1.0, 2.0, 3.0]],
                [vec![], vec![]],
                [vec![7.0], vec![8.0]],
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let written = checkpoint();
        written.write(folder.path()).unwrap();
        assert_eq!(Checkpoint::read(folder.path()).unwrap(), written);
        assert!(matches!(Checkpoint::read(&folder.path().join("none")), Err(CheckpointError::File(_))));
    }

    #[test]
    fn damage_is_an_error_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = checkpoint().to_bytes().unwrap();
        let path = folder.path().join(CHECKPOINT_FILE);
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = Checkpoint::read(folder.path()).unwrap_err().to_string();
            assert!(
                error.starts_with("the checkpoint is damaged") && error.ends_with("checkpoint.safetensors)"),
                "{error}"
            );
        }
    }
}
