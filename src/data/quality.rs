//! How good a recording is, in numbers, and what a study makes of that.
//!
//! [`Measures`] are taken once, when a recording is decoded. A [`QualityPolicy`] turns them into [`Flag`]s, and those into
//! a [`FlagTreatment`], whenever it changes: that takes no sound.

mod flag;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

pub use flag::{Flag, FlagSet, FlagTreatment};
use serde::{Deserialize, Serialize};

use crate::audio::Recording;
use crate::audio::segment::{Level, Segments};
use crate::units::{Decibels, Seconds};

/// What is measured of a decoded recording.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// The largest sample of any channel; above 0 where a lossy codec overshot. At least [`Measures::FLOOR_DBFS`].
    pub peak_dbfs: f32,
    /// RMS over all channels, where a full-scale square wave has 0. At least [`Measures::FLOOR_DBFS`].
    pub rms_dbfs: f32,
    /// Mean of all samples, of full scale. Near 0, unless the recorder's electronics are at fault.
    pub dc_offset: f32,
    /// Share of all samples that lie on a plateau at the recording's own largest level, 0 to 1; see `clipped_samples`.
    pub clipped_share: f32,
    /// Coughs found by COUGHVID's segmentation, in the mean of the channels.
    pub coughs: u32,
    /// How long they last together, padding included.
    pub cough_secs: f32,
    /// Level of the coughs over the rest; `None` where there is nothing to compare, see [`Segments::snr`].
    pub snr_db: Option<f32>,
}

impl Measures {
    /// Stands for digital silence, so that every number can be stored: below the noise of any converter.
    pub const FLOOR_DBFS: f32 = -150.0;

    /// Measures a recording.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let levels: Vec<Level> = recording.channels().iter().map(|channel| Level::of(channel)).collect();
        let count = levels.len().max(1) as f64;
        let clipped: usize =
            recording.channels().iter().zip(&levels).map(|(channel, level)| clipped_samples(channel, level)).sum();
        let peak = levels.iter().map(Level::peak).fold(0.0, f32::max);
        let power = levels.iter().map(|level| level.rms * level.rms).sum::<f64>() / count;

        let mono = recording.mono();
        let segments = match levels.as_slice() {
            [level] => Segments::with_level(&mono, recording.rate(), level),
            _ => Segments::of(&mono, recording.rate()),
        };
        Self {
            peak_dbfs: stored(Decibels::from_amplitude(f64::from(peak))),
            rms_dbfs: stored(Decibels::from_power(power)),
            dc_offset: (levels.iter().map(|level| level.mean).sum::<f64>() / count) as f32,
            clipped_share: (clipped as f64 / (recording.frames() as f64 * count)) as f32,
            coughs: u32::try_from(segments.coughs.len()).unwrap_or(u32::MAX),
            cough_secs: recording.rate().duration(segments.masked()).0 as f32,
            snr_db: segments.snr(&mono).map(stored),
        }
    }
}

/// A level as [`Measures`] keep it: finite.
fn stored(level: Decibels) -> f32 {
    (level.0 as f32).max(Measures::FLOOR_DBFS)
}

/// Samples in runs of at least three on the plateau of clipping.
///
/// Clipping flattens what lies above a limit. In PCM that limit is full scale, or less when the sound was turned down after
/// it was clipped, and not the same up and down when a filter took out a DC offset: so each polarity's own extreme is the
/// limit. A lossy codec tilts and ripples the plateau and overshoots it, in Opus and MP3 to beyond full scale: so the limit
/// is full scale at most, and all within 1 % of it or above counts. The peak of a sound that was not clipped comes
/// that close once or twice; three samples in a row are rare in sound as broad as a cough's, so that its share stays near 0.
/// A low steady tone does count: a tenth of a sine is that close.
fn clipped_samples(samples: &[f32], level: &Level) -> usize {
    /// A plateau reaches this far down from the limit.
    const PLATEAU: f32 = 0.99;
    /// Below -40 dB, 1 % is no more than a few steps of 16 bits, and any soft noise would have plateaus.
    const SOFTEST: f32 = 0.01;
    const SHORTEST: usize = 3;
    const STEP: usize = 64;
    let limit = |extreme: f32| if extreme < SOFTEST { f32::INFINITY } else { PLATEAU * extreme.min(1.0) };
    let (high, low) = (limit(level.max), -limit(-level.min));
    let mut clipped = 0;
    let mut run = 0;
    for block in samples.chunks(STEP) {
        // Most blocks hold no such sample: those are seen without a branch for each sample.
        if run == 0 && !block.iter().fold(false, |any, &x| any | (x >= high) | (x <= low)) {
            continue;
        }
        for &sample in block {
            if sample >= high || sample <= low {
                run += 1;
                // The third sample vouches for the two before it.
                clipped += match run {
                    0..SHORTEST => 0,
                    SHORTEST => SHORTEST,
                    _ => 1,
                };
            } else {
                run = 0;
            }
        }
    }
    clipped
}

/// From which values on a recording is flagged, and what a flag leads to. Stored with a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QualityPolicy {
    /// [`Flag::Silent`] when the peak is below. Default -60 dB, 33 steps of 16 bits; the softest of those recordings peaks at
    /// -21 dB.
    pub silent_below_dbfs: f32,
    /// [`Flag::Clipped`] when a larger share of samples is, 0 to 1. Default 0.005, forty times the
    /// most that was seen in 167 recordings of Coswara, COUGHVID and Virufy.
    pub clipped_share: f32,
    /// [`Flag::TooShort`] when it lasts less. Default 0.2 s, the least that the segmentation accepts as a cough.
    pub min_secs: f32,
    /// [`Flag::LowSnr`] when the ratio is lower. Default 3 dB: coughs with less than twice the power of the rest, as one of
    /// 100 recordings of these datasets has in which coughs were found.
    pub min_snr_db: f32,
    /// What each flag leads to. Defaults to [`Flag::default_treatment`], which also decides what this leaves open.
    pub treatment: BTreeMap<Flag, FlagTreatment>,
}

impl Default for QualityPolicy {
    fn default() -> Self {
        Self {
            silent_below_dbfs: -60.0,
            clipped_share: 0.005,
            min_secs: 0.2,
            min_snr_db: 3.0,
            treatment: Flag::ALL.into_iter().map(|flag| (flag, flag.default_treatment())).collect(),
        }
    }
}

impl QualityPolicy {
    /// What [`QualityPolicy::silent_below_dbfs`] may be, in a file and on screen.
    pub const SILENT_BELOW_DBFS: RangeInclusive<f32> = -100.0..=-20.0;
    /// What [`QualityPolicy::clipped_share`] may be.
    pub const CLIPPED_SHARE: RangeInclusive<f32> = 0.0..=0.1;
    /// What [`QualityPolicy::min_secs`] may be.
    pub const MIN_SECS: RangeInclusive<f32> = 0.0..=10.0;
    /// What [`QualityPolicy::min_snr_db`] may be.
    pub const MIN_SNR_DB: RangeInclusive<f32> = 0.0..=30.0;

    /// What measuring alone tells about a recording. A silent one is not also called noisy or without coughs.
    #[must_use]
    pub fn flags(&self, measures: &Measures, duration: Seconds, truncated: bool) -> FlagSet {
        let is_silent = measures.peak_dbfs < self.silent_below_dbfs;
        let findings = [
            (Flag::Silent, is_silent),
            (Flag::Clipped, measures.clipped_share > self.clipped_share),
            (Flag::TooShort, duration.0 < f64::from(self.min_secs)),
            (Flag::Truncated, truncated),
            (Flag::LowSnr, !is_silent && measures.snr_db.is_some_and(|snr| snr < self.min_snr_db)),
            (Flag::NoCough, !is_silent && measures.coughs == 0),
        ];
        findings.into_iter().filter(|(_, found)| *found).map(|(flag, _)| flag).collect()
    }

    /// What a flag leads to.
    #[must_use]
    pub fn treatment(&self, flag: Flag) -> FlagTreatment {
        self.treatment.get(&flag).copied().unwrap_or_else(|| flag.default_treatment())
    }

    /// The flags of a set that lead to `treatment`.
    #[must_use]
    pub fn with_treatment(&self, flags: FlagSet, treatment: FlagTreatment) -> FlagSet {
        flags.iter().filter(|flag| self.treatment(*flag) == treatment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SoundFormat;
    use crate::data::Label;
    use crate::data::demo::synth;
    use crate::units::SampleRate;

    fn recording(channels: Vec<Vec<f32>>) -> Recording {
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        Recording::new(channels, SampleRate::new(16_000).unwrap(), format).unwrap()
    }

    fn cough(seed: u64) -> Vec<f32> {
        synth::cough(seed, Label::Sick, SampleRate::new(16_000).unwrap(), Seconds(4.0))
    }

    /// Turned up by `gain`, cut at `limit`.
    fn overdriven(samples: &[f32], gain: f32, limit: f32) -> Vec<f32> {
        samples.iter().map(|x| (x * gain).clamp(-limit, limit)).collect()
    }

    #[test]
    fn levels_are_those_of_the_definition() {
        // 1,000 periods of 16 samples.
        let sine: Vec<f32> =
            (0..16_000).map(|i| 0.5 * (std::f64::consts::TAU * f64::from(i) / 16.0).sin() as f32 + 0.1).collect();
        let measures = Measures::of(&recording(vec![sine]));
        assert!((measures.peak_dbfs - 20.0 * 0.6_f32.log10()).abs() < 1e-4, "{measures:?}");
        assert!((measures.rms_dbfs - 10.0 * (0.125_f32 + 0.01).log10()).abs() < 1e-4, "{measures:?}");
        assert!((measures.dc_offset - 0.1).abs() < 1e-5, "{measures:?}");
    }

    #[test]
    fn silence_has_finite_measures_and_one_flag() {
        let measures = Measures::of(&recording(vec![vec![0.0; 16_000]]));
        assert_eq!((measures.peak_dbfs, measures.rms_dbfs), (Measures::FLOOR_DBFS, Measures::FLOOR_DBFS));
        assert_eq!((measures.clipped_share, measures.coughs, measures.snr_db), (0.0, 0, None));
        let flags = QualityPolicy::default().flags(&measures, Seconds(1.0), false);
        assert_eq!(flags.iter().collect::<Vec<_>>(), [Flag::Silent]);
        let json = serde_json::to_string(&measures).unwrap();
        assert_eq!(serde_json::from_str::<Measures>(&json).unwrap(), measures);
    }

    #[test]
    fn overdriven_sound_is_clipped_at_any_later_level() {
        let policy = QualityPolicy::default();
        let clipped = |samples: Vec<f32>| {
            let measures = Measures::of(&recording(vec![samples]));
            policy.flags(&measures, Seconds(4.0), false).contains(Flag::Clipped)
        };
        for seed in 0..8 {
            let clean = cough(seed);
            assert!(!clipped(clean.clone()), "{seed}");
            let peak = clean.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
            assert!(clipped(overdriven(&clean, 10.0 / peak, 1.0)), "{seed}: full scale");
            assert!(clipped(overdriven(&clean, 3.0 / peak, 0.3)), "{seed}: turned down");
            // A lossy codec's ripple, 2 % up and down, beyond full scale.
            let ripple = |(i, x): (usize, f32)| x * if i % 7 < 4 { 1.02 } else { 0.98 };
            let rippled = overdriven(&clean, 10.0 / peak, 1.0).into_iter().enumerate().map(ripple).collect();
            assert!(clipped(rippled), "{seed}: ripple");
        }
    }

    #[test]
    fn only_three_in_a_row_are_a_plateau() {
        let count = |samples: &[f32]| clipped_samples(samples, &Level::of(samples));
        assert_eq!(count(&[0.0, 1.0, 1.0, 0.0, 0.5]), 0);
        assert_eq!(count(&[0.0, 1.0, 1.0, 1.0, 0.5]), 3);
        assert_eq!(count(&[0.0, 1.0, 1.0, 0.995, 1.0, -0.7, -0.7, -0.7]), 7, "each polarity has its own limit");
        assert_eq!(count(&[1.2, 1.0, 1.1, 0.992]), 4, "overshoot");
        assert_eq!(count(&[0.009, 0.009, 0.009]), 0, "too soft to tell");
        // Across the borders of blocks.
        let mut long = vec![0.0; 200];
        long[62..67].fill(1.0);
        assert_eq!(count(&long), 5);
    }

    #[test]
    fn channels_are_measured_apart() {
        let loud = overdriven(&cough(3), 20.0, 1.0);
        let one = Measures::of(&recording(vec![loud.clone()]));
        let two = Measures::of(&recording(vec![loud.clone(), vec![0.0; loud.len()]]));
        assert!(one.clipped_share > 0.005);
        assert!((two.clipped_share - one.clipped_share / 2.0).abs() < 1e-6, "the mean of both would hide it");
        assert_eq!(two.peak_dbfs.to_bits(), one.peak_dbfs.to_bits());
        assert!((one.rms_dbfs - two.rms_dbfs - 3.0103).abs() < 1e-3);
        assert_eq!(two.coughs, one.coughs);
    }

    #[test]
    fn each_threshold_has_its_flag() {
        let policy = QualityPolicy::default();
        let fine = Measures {
            peak_dbfs: -3.0,
            rms_dbfs: -20.0,
            dc_offset: 0.0,
            clipped_share: 0.0,
            coughs: 2,
            cough_secs: 1.0,
            snr_db: Some(20.0),
        };
        let only = |measures: Measures, secs, truncated| {
            policy.flags(&measures, Seconds(secs), truncated).iter().collect::<Vec<_>>()
        };
        assert_eq!(only(fine, 5.0, false), []);
        assert_eq!(only(fine, 0.1, false), [Flag::TooShort]);
        assert_eq!(only(fine, 5.0, true), [Flag::Truncated]);
        assert_eq!(only(Measures { clipped_share: 0.02, ..fine }, 5.0, false), [Flag::Clipped]);
        assert_eq!(only(Measures { snr_db: Some(1.0), ..fine }, 5.0, false), [Flag::LowSnr]);
        assert_eq!(only(Measures { snr_db: None, ..fine }, 5.0, false), [], "nothing to compare is no finding");
        assert_eq!(only(Measures { coughs: 0, snr_db: None, ..fine }, 5.0, false), [Flag::NoCough]);
    }

    #[test]
    fn a_policy_survives_toml_and_fills_gaps() {
        let mut policy = QualityPolicy::default();
        policy.treatment.insert(Flag::NoCough, FlagTreatment::Exclude);
        policy.min_snr_db = 6.0;
        let text = toml::to_string(&policy).unwrap();
        assert_eq!(toml::from_str::<QualityPolicy>(&text).unwrap(), policy);

        let partial: QualityPolicy = toml::from_str("[treatment]\nclipped = \"exclude\"\n").unwrap();
        assert_eq!(partial.min_secs.to_bits(), 0.2_f32.to_bits());
        assert_eq!(partial.treatment(Flag::Silent), FlagTreatment::Exclude);
        let flags = [Flag::Clipped, Flag::NearDuplicate].into_iter().collect();
        let excluded = partial.with_treatment(flags, FlagTreatment::Exclude);
        assert_eq!(excluded.iter().collect::<Vec<_>>(), [Flag::Clipped]);
    }
}
