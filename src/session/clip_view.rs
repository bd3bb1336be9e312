//! A recording made ready to be drawn.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::run::RunId;
use crate::audio::segment::Segments;
use crate::audio::{self, Recording};
use crate::data::features::Features;
use crate::spectrogram::{LevelPyramid, Spectrogram, SpectrogramConfig};
use crate::units::Seconds;

/// What the pictures of a recording show.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// A spectrogram.
    Spectrogram(SpectrogramConfig),
    /// What the network of a run is given: levels relative to the loudest moment, in windows.
    Network {
        /// The run.
        run: RunId,
        /// Its spectrogram.
        config: SpectrogramConfig,
        /// Columns of one window.
        window_frames: usize,
    },
}

impl Default for Picture {
    fn default() -> Self {
        Self::Spectrogram(SpectrogramConfig::default())
    }
}

impl Picture {
    /// The spectrogram under it.
    #[must_use]
    pub fn config(&self) -> &SpectrogramConfig {
        match self {
            Self::Spectrogram(config) | Self::Network { config, .. } => config,
        }
    }
}

/// Sound and pictures of one recording, computed off the screen's thread and never changed.
#[derive(Debug)]
pub struct ClipView {
    /// Where the sound came from.
    pub path: PathBuf,
    /// The decoded sound.
    pub recording: Recording,
    /// The waveform at several levels of detail.
    pub waveform: Waveform,
    /// The spectrogram that was asked for, at several levels of detail.
    pub spectrogram: LevelPyramid,
    /// Where coughs were found, in order; apart from each other.
    pub coughs: Vec<Range<Seconds>>,
    /// The windows that a network looks at, where that is what the picture shows; they may reach beyond both ends.
    pub windows: Vec<Range<Seconds>>,
}

impl ClipView {
    /// Decodes `path` and computes what the screen needs.
    ///
    /// # Errors
    /// A sentence for the person, without the path.
    pub fn load(path: &Path, picture: &Picture) -> Result<Self, String> {
        let recording = audio::decode(path).map_err(|error| error.to_string())?;
        Self::of(path, recording, picture)
    }

    /// The same sound in another picture.
    ///
    /// # Errors
    /// A sentence for the person.
    pub fn with_picture(&self, picture: &Picture) -> Result<Self, String> {
        Self::of(&self.path, self.recording.clone(), picture)
    }

    fn of(path: &Path, recording: Recording, picture: &Picture) -> Result<Self, String> {
        let spectrogram = Spectrogram::compute(&recording, picture.config()).map_err(|error| error.to_string())?;
        let (spectrogram, windows) = match picture {
            Picture::Spectrogram(_) => (spectrogram, Vec::new()),
            Picture::Network { window_frames, .. } => as_network_sees(&spectrogram, *window_frames),
        };
        let (mono, rate) = (mono(&recording), recording.rate());
        let segments = Segments::of(&mono, rate);
        let coughs = segments.mask().map(|cough| rate.duration(cough.start)..rate.duration(cough.end));
        let (coughs, waveform) = (coughs.collect(), Waveform::new(mono));
        let spectrogram = LevelPyramid::new(Arc::new(spectrogram));
        Ok(Self { path: path.to_owned(), recording, waveform, spectrogram, coughs, windows })
    }
}

/// The features as levels in dB below the loudest moment, and the windows that a network looks at.
fn as_network_sees(spectrogram: &Spectrogram, window_frames: usize) -> (Spectrogram, Vec<Range<Seconds>>) {
    let features = Features::from_spectrogram(spectrogram);
    let width_db = spectrogram.range_db.1 - spectrogram.range_db.0;
    let shown = Spectrogram {
        // From -1 to 1 over the whole range.
        levels_db: features.values().iter().map(|value| (value - 1.0) / 2.0 * width_db).collect(),
        range_db: (-width_db, 0.0),
        ..spectrogram.clone()
    };
    let edge = |column: isize| spectrogram.time_of_column(column as f64 - 0.5);
    let window = |start: isize| edge(start)..edge(start.saturating_add_unsigned(window_frames));
    (shown, features.window_starts(window_frames).into_iter().map(window).collect())
}

/// Mean of the channels; shared where there is only one.
fn mono(recording: &Recording) -> Arc<[f32]> {
    match recording.channels() {
        [only] => Arc::clone(only),
        _ => Arc::from(recording.mono()),
    }
}

/// Lowest and highest sample of each stretch of sound, at halving resolutions, so that drawing any stretch costs as much
/// as the picture is wide.
#[derive(Debug)]
pub struct Waveform {
    /// Mean of the channels.
    samples: Arc<[f32]>,
    /// Level `k` holds one `(min, max)` per `BASE << k` samples.
    levels: Vec<Vec<(f32, f32)>>,
}

/// Samples per entry of the coarsest level that is not the samples themselves.
const BASE: usize = 16;

impl Waveform {
    /// Builds the pyramid of mono `samples`.
    #[must_use]
    pub fn new(samples: Arc<[f32]>) -> Self {
        let finest: Vec<(f32, f32)> = samples.chunks(BASE).map(extremes).collect();
        let mut levels = vec![finest];
        while let Some(last) = levels.last()
            && last.len() > 2
        {
            let halved = last.chunks(2).map(|pair| pair.iter().copied().fold(pair[0], union)).collect();
            levels.push(halved);
        }
        Self { samples, levels }
    }

    /// `columns` pairs of lowest and highest sample between two times, given as shares (0 to 1) of the whole.
    ///
    /// Entries are those of the coarsest level that still has one entry per column, so that peaks are never lost. Where a
    /// column is shorter than a sample, straight lines lead from one to the next.
    #[must_use]
    pub fn columns(&self, from: f64, to: f64, columns: usize) -> Vec<(f32, f32)> {
        let span = (to - from).max(0.0) * self.samples.len() as f64;
        let per_column = span / columns.max(1) as f64;
        let start = |column: usize| from * self.samples.len() as f64 + column as f64 * per_column;
        if per_column < BASE as f64 {
            return (0..columns).map(|column| self.traced(start(column), start(column + 1))).collect();
        }
        let level = self.levels.iter().enumerate().rev().find(|(k, _)| ((BASE << k) as f64) <= per_column);
        let Some((level, entries)) = level else { return Vec::new() };
        let entry_samples = (BASE << level) as f64;
        (0..columns)
            .map(|column| {
                let (start, end) = (start(column) / entry_samples, start(column + 1) / entry_samples);
                let first = (start.max(0.0) as usize).min(entries.len().saturating_sub(1));
                let last = (end.ceil().max(0.0) as usize).clamp(first + 1, entries.len().max(first + 1));
                entries
                    .get(first..last.min(entries.len()))
                    .and_then(|slice| slice.iter().copied().reduce(union))
                    .unwrap_or((0.0, 0.0))
            })
            .collect()
    }

    /// Lowest and highest point of the line through the samples between two positions, in samples.
    fn traced(&self, start: f64, end: f64) -> (f32, f32) {
        let between = (start.ceil().max(0.0) as usize, (end.floor() + 1.0).max(0.0) as usize);
        let ends = extremes(&[self.value_at(start), self.value_at(end)]);
        let inside = self.samples.get(between.0..between.1.min(self.samples.len())).unwrap_or_default();
        if inside.is_empty() { ends } else { union(ends, extremes(inside)) }
    }

    /// The value at a position between two samples.
    fn value_at(&self, position: f64) -> f32 {
        let last = self.samples.len().saturating_sub(1);
        let position = position.clamp(0.0, last as f64);
        let (before, share) = (position as usize, position.fract() as f32);
        let sample = |index: usize| self.samples.get(index.min(last)).copied().unwrap_or(0.0);
        sample(before) * (1.0 - share) + sample(before + 1) * share
    }
}

fn extremes(samples: &[f32]) -> (f32, f32) {
    samples.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &s| (low.min(s), high.max(s)))
}

fn union(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0.min(b.0), a.1.max(b.1))
}

impl ClipView {
    /// How long the sound lasts.
    #[must_use]
    pub fn duration(&self) -> Seconds {
        self.recording.duration()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_peak_is_never_lost() {
        let mut samples = vec![0.0; 100_000];
        samples[54_321] = 0.9;
        let waveform = Waveform::new(samples.into());
        for columns in [1, 7, 100, 1000, 5000] {
            let drawn = waveform.columns(0.0, 1.0, columns);
            assert_eq!(drawn.len(), columns);
            let peak = drawn.iter().map(|pair| pair.1).fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(peak, 0.9, "{columns} columns");
        }
    }

    #[test]
    fn a_zoomed_stretch_shows_its_own_samples() {
        let samples: Vec<f32> = (0..1000).map(|i| if i < 500 { 0.1 } else { 0.5 }).collect();
        let waveform = Waveform::new(samples.into());
        assert!(waveform.columns(0.0, 0.4, 10).iter().all(|pair| pair.1 == 0.1));
        assert!(waveform.columns(0.6, 1.0, 10).iter().all(|pair| pair.0 == 0.5));
    }

    #[test]
    fn between_two_samples_there_is_a_line() {
        let waveform = Waveform::new(vec![0.0, 1.0, 0.0, 1.0].into());
        // Eight columns over four samples: half a sample each.
        let columns = waveform.columns(0.0, 1.0, 8);
        assert_eq!(columns[..4], [(0.0, 0.5), (0.5, 1.0), (0.5, 1.0), (0.0, 0.5)]);
        assert_eq!(columns[7], (1.0, 1.0), "the last sample holds to the end");
    }
}
