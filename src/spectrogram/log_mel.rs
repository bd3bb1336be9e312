//! Log-mel spectrogram: one fixed frequency axis and one fixed range for recordings of every sample rate.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::stft::{Stft, hann};
use super::{FrequencyAxis, Spectrogram, SpectrogramError, setting};
use crate::audio::{Recording, resample};
use crate::units::{Hertz, SampleRate, Seconds};

/// 16 kHz, see [`LogMelConfig::rate`]. An implausible number here would not compile.
const DEFAULT_RATE: SampleRate = match SampleRate::new(16_000) {
    Ok(rate) => rate,
    Err(_) => panic!("16 kHz is a plausible rate"),
};

/// Settings of the log-mel spectrogram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogMelConfig {
    /// Every recording is brought to this rate first. Default: 16 kHz, customary for speech and coughs.
    pub rate: SampleRate,
    /// Samples under one periodic Hann window and in its FFT; even, 32 to 16384. Default: 512, 32 ms at 16 kHz.
    pub window: usize,
    /// Samples from one column to the next, from 1/16 of `window` to all of it. Default: 256, 16 ms at 16 kHz.
    pub hop: usize,
    /// Number of mel bands (rows), 1 to 256. Default: 64.
    pub mels: usize,
    /// Lower edge of the lowest band, in hertz. Default: 50, above a microphone's rumble and handling noise.
    pub f_min: Hertz,
    /// Upper edge of the highest band, in hertz, at most half of `rate`. Default: 8000, all that 16 kHz can hold.
    pub f_max: Hertz,
    /// Levels below are raised to it, in dB. Default: -80; of 28 recordings of Coswara and COUGHVID, somewhat over a quarter
    /// of the cells lay below, in the pauses between coughs.
    pub floor_db: f32,
    /// Levels above are lowered to it, in dB. Default: 20; in the same recordings 99.99 % of the cells lay below 17.4. A
    /// full-scale sine reaches up to 26 dB, not 0, because power is that of the unscaled FFT.
    pub ceiling_db: f32,
}

impl Default for LogMelConfig {
    fn default() -> Self {
        Self {
            rate: DEFAULT_RATE,
            window: 512,
            hop: 256,
            mels: 64,
            f_min: Hertz(50.0),
            f_max: Hertz(8000.0),
            floor_db: -80.0,
            ceiling_db: 20.0,
        }
    }
}

impl LogMelConfig {
    /// Checks every field against what it documents.
    ///
    /// # Errors
    /// [`SpectrogramError::Setting`] with the first field that makes no sense.
    pub fn validate(&self) -> Result<(), SpectrogramError> {
        let Self { rate, window, hop, mels, f_min, f_max, floor_db, ceiling_db } = self;
        let shapes = [
            ("window", "an even number from 32 to 16384", window, window % 2 == 0 && (32..=16_384).contains(window)),
            ("hop", "from a sixteenth of `window` to `window`", hop, (window.div_ceil(16)..=*window).contains(hop)),
            ("mels", "from 1 to 256", mels, (1..=256).contains(mels)),
        ];
        for (name, expected, actual, holds) in shapes {
            setting(holds, name, expected, actual)?;
        }
        setting(f_min.0 >= 0.0, "f_min", "0 Hz or more", &f_min.0)?;
        setting(f_max.0 > f_min.0, "f_max", "above `f_min`", &f_max.0)?;
        setting(*f_max <= rate.nyquist(), "f_max", "at most half of `rate`", &f_max.0)?;
        setting(floor_db.is_finite(), "floor_db", "a number", floor_db)?;
        setting(ceiling_db.is_finite() && ceiling_db > floor_db, "ceiling_db", "above `floor_db`", ceiling_db)
    }
}

thread_local! {
    /// The transform that this thread used last: a data set is computed with one configuration, file after file.
    static READY: Cell<Option<Transform>> = const { Cell::new(None) };
}

/// The log-mel spectrogram of the mean of all channels: shape `[mels, 1 + samples / hop]` after resampling, column `i`
/// centred at `i * hop / rate`, sound before and after counted as silence.
///
/// Agrees with librosa's `power_to_db(melspectrogram(..., pad_mode="constant"), top_db=None)` within 0.001 dB, clipped to
/// the range. Above the Nyquist frequency of a recording at a lower rate, levels are at the floor.
///
/// # Errors
/// [`SpectrogramError`] when a setting makes no sense or the sound cannot be resampled.
pub fn compute(recording: &Recording, config: &LogMelConfig) -> Result<Spectrogram, SpectrogramError> {
    let mut transform = match READY.take() {
        Some(ready) if ready.config == *config => ready,
        _ => Transform::new(config)?,
    };
    let mono = recording.mono();
    let samples = if recording.rate() == config.rate {
        mono
    } else {
        Cow::Owned(resample(&mono, recording.rate(), config.rate)?)
    };
    let frames = 1 + samples.len() / config.hop;
    let spectrogram = Spectrogram {
        levels_db: transform.levels_db(&samples, frames).into(),
        bins: config.mels,
        frames,
        hop: config.rate.duration(config.hop),
        start: Seconds(0.0),
        axis: FrequencyAxis::Mel { centres: Arc::clone(&transform.centres) },
        range_db: (config.floor_db, config.ceiling_db),
    };
    READY.set(Some(transform));
    Ok(spectrogram)
}

/// All that depends on the configuration alone.
struct Transform {
    config: LogMelConfig,
    /// In double precision: single would lose the bands more than 60 dB below the loudest.
    stft: Stft<f64>,
    bands: Vec<Band>,
    centres: Arc<[Hertz]>,
}

impl Transform {
    fn new(config: &LogMelConfig) -> Result<Self, SpectrogramError> {
        config.validate()?;
        let (lowest, highest) = (config.f_min.to_mel(), config.f_max.to_mel());
        let step = (highest - lowest) / (config.mels + 1) as f64;
        let edges: Vec<Hertz> = (0..config.mels + 2).map(|i| Hertz::from_mel(lowest + i as f64 * step)).collect();
        let bin = Hertz(f64::from(config.rate.hz()) / config.window as f64);
        let bands: Vec<Band> = edges.windows(3).map(|edges| Band::new(edges, bin)).collect();
        let heard = bands.iter().all(|band| !band.weights.is_empty());
        setting(heard, "mels", "few enough for `window` that every band holds one of its frequencies", &config.mels)?;
        Ok(Self {
            config: config.clone(),
            stft: Stft::new(hann(config.window, config.window).collect()),
            bands,
            centres: edges[1..=config.mels].into(),
        })
    }

    /// Levels in dB of samples at the configured rate, shape `[mels, frames]`.
    fn levels_db(&mut self, samples: &[f32], frames: usize) -> Vec<f32> {
        let LogMelConfig { window, hop, floor_db, ceiling_db, .. } = self.config;
        let mut levels = vec![floor_db; self.bands.len() * frames];
        let mut power = vec![0.0; window / 2 + 1];
        for frame in 0..frames {
            let start = (frame * hop) as isize - (window / 2) as isize;
            for (power, bin) in power.iter_mut().zip(self.stft.transform(samples, start)) {
                *power = bin.norm_sqr();
            }
            for (row, band) in levels.chunks_exact_mut(frames).zip(&self.bands) {
                // Silence gives -inf, which the clamp raises to the floor.
                row[frame] = (10.0 * band.power(&power).log10() as f32).clamp(floor_db, ceiling_db);
            }
        }
        levels
    }
}

/// One triangle of the mel filter bank: its non-zero weights, for consecutive FFT bins.
struct Band {
    first_bin: usize,
    weights: Vec<f64>,
}

impl Band {
    /// The triangle over `[low, centre, high]`, scaled to unit area in hertz (Slaney's norm), for bins every `bin` hertz.
    fn new(edges: &[Hertz], bin: Hertz) -> Self {
        let &[Hertz(low), Hertz(centre), Hertz(high)] = edges else {
            return Self { first_bin: 0, weights: Vec::new() };
        };
        let weight = |index: usize| {
            let hertz = index as f64 * bin.0;
            let slope = f64::min((hertz - low) / (centre - low), (high - hertz) / (high - centre));
            slope * 2.0 / (high - low)
        };
        let first_bin = (low / bin.0) as usize + 1;
        Self { first_bin, weights: (first_bin..).map(weight).take_while(|&weight| weight > 0.0).collect() }
    }

    /// The power under the triangle. `spectrum` holds the power of each FFT bin.
    fn power(&self, spectrum: &[f64]) -> f64 {
        spectrum.iter().skip(self.first_bin).zip(&self.weights).map(|(power, weight)| power * weight).sum()
    }
}
