//! Scores of new recordings.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::jobs::guarded;
use crate::audio;
use crate::spectrogram::{LevelPyramid, Spectrogram};
use crate::train::{Predictor, Preparation, TrainConfig};

/// A trained network that scores new recordings exactly as those of its training were prepared.
pub(super) struct Answerer {
    predictor: Predictor,
    config: TrainConfig,
    /// Made at the first recording: a run can be looked at without the weights of its frozen network.
    preparation: OnceLock<Preparation>,
}

impl Answerer {
    pub fn new(predictor: Predictor, config: TrainConfig, preparation: Option<Preparation>) -> Self {
        let preparation = preparation.map_or_else(OnceLock::new, OnceLock::from);
        Self { predictor, config, preparation }
    }

    /// The score of a recording, and the picture of what was looked at.
    ///
    /// # Errors
    /// A sentence for the person.
    pub fn score(&self, path: &Path) -> Result<(f64, Arc<LevelPyramid>), String> {
        guarded(|| {
            let recording = audio::decode(path).map_err(|error| error.to_string())?;
            let input = self.preparation()?.input(&recording).map_err(|error| error.to_string())?;
            let score = self.predictor.score(&input).map_err(|error| error.to_string())?;
            let shown =
                Spectrogram::compute(&recording, &self.config.spectrogram).map_err(|error| error.to_string())?;
            Ok((score, Arc::new(LevelPyramid::new(Arc::new(shown)))))
        })
    }

    fn preparation(&self) -> Result<&Preparation, String> {
        match self.preparation.get() {
            Some(ready) => Ok(ready),
            None => {
                let ready = Preparation::new(&self.config).map_err(|error| error.to_string())?;
                Ok(self.preparation.get_or_init(|| ready))
            }
        }
    }
}
