//! The spectrogram on a linear frequency axis, at the recording's own rate: for looking, as sound editors show it.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::stft::{Stft, hann};
use super::{FrequencyAxis, Spectrogram, SpectrogramError, setting};
use crate::audio::Recording;
use crate::units::Seconds;

/// Settings of the linear spectrogram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearConfig {
    /// Samples under one periodic Hann window and in its FFT; even, 32 to 16384. Default: 1024, 23 ms at 44.1 kHz.
    pub window: usize,
    /// Samples from one column to the next, from 1/16 of `window` to all of it. Default: 256.
    pub hop: usize,
    /// Levels below are raised to it, in dB of a full-scale sine. Default: -120, below 16-bit quantisation noise.
    pub floor_db: f32,
    /// Levels above are lowered to it. Default: 0, a full-scale sine.
    pub ceiling_db: f32,
}

impl Default for LinearConfig {
    fn default() -> Self {
        Self { window: 1024, hop: 256, floor_db: -120.0, ceiling_db: 0.0 }
    }
}

impl LinearConfig {
    /// Checks every field against what it documents.
    ///
    /// # Errors
    /// [`SpectrogramError::Setting`] with the first field that makes no sense.
    pub fn validate(&self) -> Result<(), SpectrogramError> {
        let Self { window, hop, floor_db, ceiling_db } = self;
        let even = window % 2 == 0 && (32..=16_384).contains(window);
        setting(even, "window", "an even number from 32 to 16384", window)?;
        setting((window.div_ceil(16)..=*window).contains(hop), "hop", "from a sixteenth of `window` to `window`", hop)?;
        setting(floor_db.is_finite(), "floor_db", "a number", floor_db)?;
        setting(ceiling_db.is_finite() && ceiling_db > floor_db, "ceiling_db", "above `floor_db`", ceiling_db)
    }
}

thread_local! {
    /// The transform that this thread used last, and the window it is for.
    static READY: Cell<Option<(usize, Stft<f64>)>> = const { Cell::new(None) };
}

/// The linear spectrogram of the mean of all channels: shape `[window / 2, 1 + samples / hop]`, column `i` centred at
/// `i * hop / rate`, sound before and after counted as silence; the Nyquist frequency is left out.
///
/// A sine of amplitude 1 in the middle of a row has 0 dB there.
///
/// # Errors
/// [`SpectrogramError`] when a setting makes no sense.
pub fn compute(recording: &Recording, config: &LinearConfig) -> Result<Spectrogram, SpectrogramError> {
    config.validate()?;
    let LinearConfig { window, hop, floor_db, ceiling_db } = *config;
    let mut stft = match READY.take() {
        Some((ready, stft)) if ready == window => stft,
        _ => Stft::new(hann(window, window).collect()),
    };
    // The window's mean is 1/2, and a sine's power lies in two bins, one of which is kept.
    let full_scale = window as f64 / 4.0;
    let samples = recording.mono();
    let (bins, frames) = (window / 2, 1 + samples.len() / hop);
    let mut levels = vec![floor_db; bins * frames];
    for frame in 0..frames {
        let start = (frame * hop) as isize - (window / 2) as isize;
        let spectrum = stft.transform(&samples, start);
        for (row, bin) in levels.chunks_exact_mut(frames).zip(spectrum) {
            let level = 10.0 * (bin.norm_sqr() / (full_scale * full_scale)).log10();
            // Silence gives -inf, which the clamp raises to the floor.
            row[frame] = (level as f32).clamp(floor_db, ceiling_db);
        }
    }
    READY.set(Some((window, stft)));
    let rate = recording.rate();
    Ok(Spectrogram {
        levels_db: levels.into(),
        bins,
        frames,
        hop: rate.duration(hop),
        start: Seconds(0.0),
        axis: FrequencyAxis::Linear { top: rate.nyquist() },
        range_db: (floor_db, ceiling_db),
    })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::audio::SoundFormat;
    use crate::units::{Hertz, SampleRate};

    fn sine(hertz: f64, amplitude: f64) -> Recording {
        let samples = (0..8_000).map(|n| (amplitude * (TAU * hertz * f64::from(n) / 8_000.0).sin()) as f32).collect();
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        Recording::new(vec![samples], SampleRate::new(8_000).unwrap(), format).unwrap()
    }

    #[test]
    fn a_sine_has_its_own_level_at_its_own_place() {
        let config = LinearConfig { window: 256, hop: 64, ..LinearConfig::default() };
        for (amplitude, level) in [(1.0, 0.0), (0.1, -20.0)] {
            let spectrogram = compute(&sine(1_000.0, amplitude), &config).unwrap();
            assert_eq!((spectrogram.bins, spectrogram.frames), (128, 1 + 8_000 / 64));
            let got = spectrogram.level_at(Seconds(0.5), Hertz(1_000.0)).unwrap();
            assert!((got - level).abs() < 0.01, "{got}");
            // A Hann window leaves nothing four bins away.
            assert!(spectrogram.level_at(Seconds(0.5), Hertz(1_125.0)).unwrap() <= level - 100.0);
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        for config in [
            LinearConfig { window: 31, ..LinearConfig::default() },
            LinearConfig { hop: 0, ..LinearConfig::default() },
            LinearConfig { hop: 2_000, ..LinearConfig::default() },
            LinearConfig { floor_db: 1.0, ..LinearConfig::default() },
        ] {
            assert!(compute(&sine(100.0, 1.0), &config).is_err(), "{config:?}");
        }
    }
}
