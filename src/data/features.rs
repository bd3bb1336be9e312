//! What a network sees: the one path from sound to numbers, shared by training and prediction.

use std::path::Path;
use std::sync::Arc;

use crate::audio::{self, DecodeError, Recording};
use crate::spectrogram::{Spectrogram, SpectrogramConfig, SpectrogramError};

/// Levels of a recording relative to its own loudest moment, scaled: 1 is that moment, -1 as far below it as the
/// spectrogram's range is wide.
///
/// How loud a recording is says more about the microphone and its distance than about the person; so the same cough
/// recorded softly gives the same features, down to the floor of the range.
#[derive(Clone, Debug)]
pub struct Features {
    /// Row-major, shape `[bins, frames]`, lowest frequency first.
    values: Arc<[f32]>,
    bins: usize,
    frames: usize,
}

/// Why a recording has no features.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// Its file cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Its spectrogram cannot be computed.
    #[error(transparent)]
    Spectrogram(#[from] SpectrogramError),
}

/// The scaled value of silence, which fills windows that are longer than the recording.
pub const SILENCE: f32 = -1.0;

impl Features {
    /// Decodes `path` and computes its features.
    ///
    /// # Errors
    /// [`FeatureError`] when the file cannot be decoded or the settings make no sense.
    pub fn load(path: &Path, config: &SpectrogramConfig) -> Result<Self, FeatureError> {
        Ok(Self::of(&audio::decode(path)?, config)?)
    }

    /// Computes the features of a decoded recording.
    ///
    /// # Errors
    /// [`SpectrogramError`] when the settings make no sense.
    pub fn of(recording: &Recording, config: &SpectrogramConfig) -> Result<Self, SpectrogramError> {
        Ok(Self::from_spectrogram(&Spectrogram::compute(recording, config)?))
    }

    /// Scales a spectrogram.
    #[must_use]
    pub fn from_spectrogram(spectrogram: &Spectrogram) -> Self {
        let (low, high) = spectrogram.range_db;
        let scale = 2.0 / (high - low);
        let loudest = spectrogram.levels_db.iter().copied().fold(low, f32::max);
        // A cell at the floor is silence, however soft the rest is: a muted microphone must not look like a loud sound.
        let value = |level: &f32| if *level <= low { SILENCE } else { (1.0 + (level - loudest) * scale).max(SILENCE) };
        let values = spectrogram.levels_db.iter().map(value).collect();
        Self { values, bins: spectrogram.bins, frames: spectrogram.frames }
    }

    /// Features of the caller's own making. Shape of `values`: `[bins, values.len() / bins]`.
    #[cfg(test)]
    pub(crate) fn from_values(values: Vec<f32>, bins: usize) -> Self {
        Self { frames: values.len() / bins, bins, values: values.into() }
    }

    /// The scaled levels, row-major, shape `[bins, frames]`, lowest frequency first.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Frequency rows.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Time columns.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Appends the window of `frames` columns from column `start` (which may be negative) to `out`, row-major, shape
    /// `[bins, frames]`. Columns outside of the recording are [`SILENCE`].
    pub fn push_window(&self, start: isize, frames: usize, out: &mut Vec<f32>) {
        let from = start.clamp(0, self.frames as isize) as usize;
        let to = start.saturating_add_unsigned(frames).clamp(0, self.frames as isize) as usize;
        let before = (from as isize - start).clamp(0, frames as isize) as usize;
        for row in self.values.chunks_exact(self.frames.max(1)) {
            let end = out.len() + frames;
            out.resize(out.len() + before, SILENCE);
            out.extend_from_slice(row.get(from..to).unwrap_or_default());
            out.resize(end, SILENCE);
        }
    }

    /// First columns of the windows of `frames` columns that cover the whole recording: every half window, the last one
    /// flush with the end; one centred window for a recording that fits into it.
    #[must_use]
    pub fn window_starts(&self, frames: usize) -> Vec<isize> {
        if self.frames <= frames {
            return vec![-((frames - self.frames) as isize / 2)];
        }
        let last = self.frames - frames;
        let hop = (frames / 2).max(1);
        let mut starts: Vec<isize> = (0..last).step_by(hop).map(|start| start as isize).collect();
        starts.push(last as isize);
        starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SoundFormat;
    use crate::units::SampleRate;

    /// Two rows, five columns: 0.1 .. 0.5 and 0.6 .. 1.0.
    fn features() -> Features {
        Features { values: (1..=10).map(|i| i as f32 / 10.0).collect(), bins: 2, frames: 5 }
    }

    #[test]
    fn a_softer_recording_gives_the_same_features() {
        let levels = |offset: f32| Spectrogram {
            levels_db: [-10.0, -20.0, -60.0].map(|level| level + offset).to_vec().into(),
            bins: 1,
            frames: 3,
            hop: crate::units::Seconds(0.01),
            start: crate::units::Seconds(0.0),
            axis: crate::spectrogram::FrequencyAxis::Linear { top: crate::units::Hertz(8000.0) },
            range_db: (-80.0, 0.0),
        };
        let loud = Features::from_spectrogram(&levels(0.0));
        assert_eq!(loud.values[..], [1.0, 0.75, -0.25]);
        assert_eq!(Features::from_spectrogram(&levels(-16.0)).values[..], loud.values[..]);
    }

    #[test]
    fn windows_outside_are_silent() {
        let mut window = Vec::new();
        features().push_window(-1, 3, &mut window);
        assert_eq!(window, [SILENCE, 0.1, 0.2, SILENCE, 0.6, 0.7]);
        window.clear();
        features().push_window(4, 3, &mut window);
        assert_eq!(window, [0.5, SILENCE, SILENCE, 1.0, SILENCE, SILENCE]);
        window.clear();
        features().push_window(-9, 3, &mut window);
        assert_eq!(window, [SILENCE; 6]);
    }

    #[test]
    fn windows_cover_everything() {
        assert_eq!(features().window_starts(5), [0]);
        assert_eq!(features().window_starts(9), [-2]);
        assert_eq!(features().window_starts(2), [0, 1, 2, 3]);
        assert_eq!(features().window_starts(4), [0, 1]);
    }

    #[test]
    fn silence_stays_silent() {
        let rate = SampleRate::new(16_000).unwrap();
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        let muted = Recording::new(vec![vec![0.0; 16_000]], rate, format).unwrap();
        let features = Features::of(&muted, &SpectrogramConfig::default()).unwrap();
        assert!(features.values.iter().all(|value| *value == SILENCE));
    }
}
