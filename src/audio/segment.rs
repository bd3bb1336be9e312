//! Where in a recording the coughs are: COUGHVID's segmentation and its signal-to-noise ratio.
//!
//! Orlandic, Teijeiro and Atienza 2021 ("The COUGHVID crowdsourcing dataset", Scientific Data 8:156) compare the power of
//! each sample with two multiples of the recording's RMS, one to begin a cough and a lower one to end it. Their
//! recordings are peak-normalised first; so is everything here, in effect, since power and RMS scale differently.

use std::ops::Range;

use crate::units::{Decibels, SampleRate, Seconds};

/// A cough begins where power exceeds this multiple of the RMS.
const BEGIN: f64 = 2.0;
/// A cough goes on while power reaches this multiple of the RMS.
const CONTINUE: f64 = 0.1;
/// How long power may stay below that before the cough ends.
const TOLERANCE: Seconds = Seconds(0.01);
/// Added before and after a cough.
const PADDING: Seconds = Seconds(0.2);
/// Whatever is not longer, without padding, is a click and no cough.
const MIN_COUGH: Seconds = Seconds(0.2);

/// How loud a channel is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The largest sample, or 0 where none is above it.
    pub max: f32,
    /// The smallest sample, or 0 where none is below it.
    pub min: f32,
    /// Mean of the samples.
    pub mean: f64,
    /// Root of the mean square, of full scale; the mean is not taken off.
    pub rms: f64,
}

impl Level {
    /// Measures finite samples in one pass. All is 0 where there are none.
    #[must_use]
    pub fn of(samples: &[f32]) -> Self {
        let (mut max, mut min) = (0.0_f32, 0.0_f32);
        let (mut total, mut power) = (0.0, 0.0);
        for block in samples.chunks(BLOCK) {
            let (high, low, sum, squares) = summary(block);
            max = max.max(high);
            min = min.min(low);
            total += f64::from(sum);
            power += f64::from(squares);
        }
        let count = samples.len().max(1) as f64;
        Self { max, min, mean: total / count, rms: (power / count).sqrt() }
    }

    /// The largest absolute value.
    #[must_use]
    pub fn peak(&self) -> f32 {
        self.max.max(-self.min)
    }
}

/// Sums that are kept side by side, so that they can be vectorised.
const LANES: usize = 8;
/// Samples that are summed in single precision before the sum goes to double.
const BLOCK: usize = 1024;

/// The coughs of one channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segments {
    /// One range of samples for each cough, padding included, in order. Neighbours may overlap in their padding.
    pub coughs: Vec<Range<usize>>,
}

impl Segments {
    /// Finds the coughs of one channel.
    ///
    /// A cough that the file's end cuts is kept if what there is of it is long enough. A recording without peaks, as
    /// steady noise or a tone, has none: power never reaches twice the RMS.
    #[must_use]
    pub fn of(samples: &[f32], rate: SampleRate) -> Self {
        Self::with_level(samples, rate, &Level::of(samples))
    }

    /// [`Segments::of`], where the [`Level`] of the samples is known already.
    #[must_use]
    pub fn with_level(samples: &[f32], rate: SampleRate, level: &Level) -> Self {
        let peak = f64::from(level.peak());
        // (x / peak)^2 > k rms / peak, solved for x: nothing needs to be scaled.
        let threshold = |multiple: f64| (multiple * level.rms * peak).sqrt() as f32;
        let (begin, go_on) = (threshold(BEGIN), threshold(CONTINUE));
        let (padding, min_cough) = (PADDING.samples(rate), MIN_COUGH.samples(rate));
        let tolerance = TOLERANCE.samples(rate);
        let mut coughs = Vec::new();
        let mut from = 0;
        while let Some(onset) = next_above(samples, from, begin) {
            let end = end_of_cough(samples, onset, go_on, tolerance);
            if end - onset > min_cough {
                coughs.push(onset.saturating_sub(padding)..(end + padding).min(samples.len()));
            }
            from = end;
        }
        Self { coughs }
    }

    /// The cough mask: the same ranges, with those that overlap or touch joined.
    pub fn mask(&self) -> impl Iterator<Item = Range<usize>> {
        let mut coughs = self.coughs.iter().cloned().peekable();
        std::iter::from_fn(move || {
            let mut joined = coughs.next()?;
            while let Some(next) = coughs.next_if(|next| next.start <= joined.end) {
                joined.end = next.end;
            }
            Some(joined)
        })
    }

    /// Samples in the cough mask.
    #[must_use]
    pub fn masked(&self) -> usize {
        self.mask().map(|range| range.len()).sum()
    }

    /// Level of the coughs over what lies between them: `20 log10(RMS inside of the mask / RMS outside)`.
    ///
    /// `samples` are those that were segmented. `None` without a cough, without anything outside of the mask, and where the
    /// outside is digital silence (an edited or gated recording), for which no finite ratio exists.
    #[must_use]
    pub fn snr(&self, samples: &[f32]) -> Option<Decibels> {
        let (mut inside, mut outside) = (0.0, 0.0);
        let (mut masked, mut from) = (0, 0);
        for range in self.mask() {
            outside += energy(samples.get(from..range.start)?);
            inside += energy(samples.get(range.clone())?);
            masked += range.len();
            from = range.end;
        }
        outside += energy(samples.get(from..)?);
        let unmasked = samples.len().checked_sub(masked)?;
        let ratio = (inside / masked as f64) / (outside / unmasked as f64);
        // 0 / 0 without an inside or an outside, x / 0 over digital silence.
        ratio.is_finite().then(|| Decibels::from_power(ratio))
    }
}

/// The first sample from `from` on whose absolute value exceeds `threshold`.
fn next_above(samples: &[f32], from: usize, threshold: f32) -> Option<usize> {
    const STEP: usize = 64;
    let rest = samples.get(from..)?;
    // Whole blocks first, without a branch for each sample: most of a recording is not a cough.
    let quiet = rest.chunks(STEP).take_while(|block| !block.iter().fold(false, |any, x| any | (x.abs() > threshold)));
    let skipped: usize = quiet.map(<[f32]>::len).sum();
    let found = rest.get(skipped..)?.iter().position(|x| x.abs() > threshold)?;
    Some(from + skipped + found)
}

/// One past the sample at which the cough that began at `onset` is given up, at most the number of samples.
fn end_of_cough(samples: &[f32], onset: usize, threshold: f32, tolerance: usize) -> usize {
    let mut last = onset;
    loop {
        let window_end = (last + tolerance + 2).min(samples.len());
        // The last loud sample in reach is enough: no gap before it can be longer than the tolerance.
        let ahead = samples.get(last + 1..window_end).and_then(|w| w.iter().rposition(|x| x.abs() >= threshold));
        let Some(ahead) = ahead else { return window_end };
        last += 1 + ahead;
    }
}

/// Maximum, minimum, sum and sum of squares; both extremes start at 0.
fn summary(block: &[f32]) -> (f32, f32, f32, f32) {
    let (mut max, mut min, mut sums, mut squares) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let mut add = |lane: usize, sample: f32| {
        // Not `f32::max`: its care for NaN keeps this from being vectorised.
        max[lane] = if sample > max[lane] { sample } else { max[lane] };
        min[lane] = if sample < min[lane] { sample } else { min[lane] };
        sums[lane] += sample;
        squares[lane] += sample * sample;
    };
    let (whole, rest) = block.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, &sample) in chunk.iter().enumerate() {
            add(lane, sample);
        }
    }
    for (lane, &sample) in rest.iter().enumerate() {
        add(lane, sample);
    }
    let extremes = (max.into_iter().fold(0.0, f32::max), min.into_iter().fold(0.0, f32::min));
    (extremes.0, extremes.1, sums.iter().sum(), squares.iter().sum())
}

/// Sum of the squares.
fn energy(samples: &[f32]) -> f64 {
    samples.chunks(BLOCK).map(|block| f64::from(summary(block).3)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `tests/golden/segment.py` wrote: the program of a signal and what a plain implementation makes of it.
    #[derive(serde::Deserialize)]
    struct Golden {
        name: String,
        rate: u32,
        /// Length and amplitude (of 32,768) of each stretch of noise.
        stretches: Vec<(usize, i64)>,
        coughs: Vec<(usize, usize)>,
        snr_db: Option<f64>,
    }

    /// Noise from a linear congruential generator, in whole steps of 16 bits: equal in every language.
    fn signal(stretches: &[(usize, i64)]) -> Vec<f32> {
        let mut state = 1_u64;
        let mut samples = Vec::new();
        for &(length, amplitude) in stretches {
            for _ in 0..length {
                state = (state * 1_103_515_245 + 12_345) % (1 << 31);
                let unit = (state >> 15) as i64 - (1 << 15);
                samples.push((unit * amplitude).div_euclid(1 << 15) as f32 / 32_768.0);
            }
        }
        samples
    }

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    #[test]
    fn agrees_with_the_plain_implementation() {
        let golden: Vec<Golden> = serde_json::from_str(include_str!("../../tests/golden/segment.json")).unwrap();
        assert!(golden.len() >= 8);
        for case in golden {
            let samples = signal(&case.stretches);
            let segments = Segments::of(&samples, rate(case.rate));
            let coughs: Vec<_> = segments.coughs.iter().map(|range| (range.start, range.end)).collect();
            assert_eq!(coughs, case.coughs, "{}", case.name);
            match (segments.snr(&samples), case.snr_db) {
                // Single precision in sums of 1,024 terms.
                (Some(Decibels(got)), Some(want)) => assert!((got - want).abs() < 1e-3, "{}: {got} {want}", case.name),
                (got, want) => assert_eq!(got.map(|snr| snr.0), want, "{}", case.name),
            }
        }
    }

    #[test]
    fn nothing_has_no_cough_and_no_ratio() {
        for samples in [vec![], vec![0.0], vec![0.0; 48_000], vec![0.5; 48_000]] {
            let segments = Segments::of(&samples, rate(48_000));
            assert_eq!(segments, Segments::default());
            assert_eq!(segments.snr(&samples), None);
        }
    }

    #[test]
    fn overlapping_padding_is_masked_once() {
        let segments = Segments { coughs: vec![0..10, 8..20, 20..25, 40..50] };
        assert_eq!(segments.mask().collect::<Vec<_>>(), [0..25, 40..50]);
        assert_eq!(segments.masked(), 35);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn neither_gain_nor_polarity_moves_a_cough(
            stretches in prop::collection::vec((1..4_000_usize, prop::sample::select(vec![0, 30, 900, 9_000, 32_000])), 1..9),
            halvings in 0..6,
        ) {
            let samples = signal(&stretches);
            // A power of two changes no mantissa, so that no sample may cross a threshold by rounding.
            let other: Vec<f32> = samples.iter().map(|x| -x * 0.5_f32.powi(halvings)).collect();
            let segments = Segments::of(&samples, rate(8_000));
            prop_assert_eq!(&segments, &Segments::of(&other, rate(8_000)));
            let bounded = segments.coughs.iter().all(|cough| cough.start < cough.end && cough.end <= samples.len());
            prop_assert!(bounded && segments.coughs.is_sorted_by_key(|cough| cough.start));
        }
    }
}
