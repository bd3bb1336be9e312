//! Two ways to recognise a recording: by its samples, bit for bit, and by ear.
//!
//! A [`ContentHash`] is equal where the decoded samples are; a [`Fingerprint`] is similar where the sound is, after
//! re-encoding, resampling, a change of gain or a cut. [`duplicates`](super::duplicates) compares them.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;

use realfft::RealFftPlanner;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::audio::Recording;
use crate::units::{SampleRate, Seconds};

/// XXH3 (128 bits) over the sample rate, the number of channels and the decoded samples.
///
/// A WAV and a FLAC of the same samples agree, whatever their tags and names. It is no cryptographic hash: it finds copies,
/// and withstands no forger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(pub u128);

/// A text that is not a content hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content hash has 32 hexadecimal digits; scan the recording again")]
pub struct NotAContentHash;

impl ContentHash {
    /// Hashes a recording.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let mut hasher = Xxh3::new();
        hasher.update(&recording.rate().hz().to_le_bytes());
        hasher.update(&(recording.channels().len() as u64).to_le_bytes());
        let mut bytes = [0; 4 * 1024];
        for channel in recording.channels() {
            for block in channel.chunks(bytes.len() / 4) {
                let (words, _) = bytes.as_chunks_mut::<4>();
                for (word, sample) in words.iter_mut().zip(block) {
                    // Adding 0 turns -0 into 0: they sound alike, and decoders differ.
                    *word = (sample + 0.0).to_le_bytes();
                }
                hasher.update(bytes.get(..4 * block.len()).unwrap_or(&[]));
            }
        }
        Self(hasher.digest128())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for ContentHash {
    type Err = NotAContentHash;

    fn from_str(text: &str) -> Result<Self, NotAContentHash> {
        // `from_str_radix` alone would take a sign and fewer digits.
        let is_hex = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value = is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        value.map(Self).ok_or(NotAContentHash)
    }
}

impl TryFrom<String> for ContentHash {
    type Error = NotAContentHash;

    fn try_from(text: String) -> Result<Self, NotAContentHash> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

/// A word of a [`Fingerprint`] that says nothing, since the sound is too soft there.
pub const SILENT: u32 = 0;

/// What a recording sounds like, in words of 32 bits, one for each [`Fingerprint::HOP`].
///
/// After Haitsma and Kalker 2002 ("A highly robust audio fingerprinting system"): a bit is the sign of the change, over
/// time, of the difference between two neighbouring bands' energies. Their 0.37 s windows suit songs; a cough is
/// shorter, so windows here are shorter and changes are taken over three steps. Words where the sound is soft are [`SILENT`], or
/// the noise of two recorders would be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    words: Vec<u32>,
}

/// Bytes that are not a fingerprint of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this fingerprint was made by another version; scan the recording again")]
pub struct UnknownFingerprint;

/// Bits of a word.
const BITS: usize = 32;
/// One more band than there are differences of neighbours.
const BANDS: usize = BITS + 1;
/// The bands' range, in equal steps. Every codec keeps it at every bit rate in use, and it survives a telephone.
const RANGE_HZ: [f64; 2] = [300.0, 2000.0];
/// Length of the Hann window in hops: 96 ms. Six times the hop, so that a cut in the middle of a hop changes few bits.
const WINDOW_HOPS: usize = 6;
/// A change is taken over this many hops. Over one, it is small, and noise decides: with three, a trial found key words
/// in common between 120 of Virufy's 121 segments and their originals, with two, 118.
const LAG: usize = 3;
/// Windows that are softer than the loudest by more than this are silent: -35 dB, as a ratio of powers.
const SOFT: f32 = 3.162e-4;
/// So is everything below -90 dB of full scale, the resolution of 16 bits.
const INAUDIBLE: f32 = 1e-9;

impl Fingerprint {
    /// Time from one word to the next.
    pub const HOP: Seconds = Seconds(0.016);
    /// First byte of [`Fingerprint::to_bytes`]; another one means words that cannot be compared with these.
    const VERSION: u8 = 1;

    /// Listens to a recording (the mean of its channels).
    ///
    /// `None` when nothing in it is loud and long enough (about 0.15 s), or its sample rate holds no sound up to 2 kHz.
    #[must_use]
    pub fn of(recording: &Recording) -> Option<Self> {
        Self::of_mono(&recording.mono(), recording.rate())
    }

    /// [`Fingerprint::of`] for the samples of one channel.
    #[must_use]
    pub fn of_mono(samples: &[f32], rate: SampleRate) -> Option<Self> {
        if rate.nyquist().0 < RANGE_HZ[1] {
            return None;
        }
        let (slow, slow_hz) = decimate(samples, rate);
        let frames = Frames::new(&slow, slow_hz);
        let count = frames.powers.len().checked_sub(LAG)?;
        let loudest = frames.powers.iter().copied().fold(0.0, f32::max);
        let floor = (loudest * SOFT).max(INAUDIBLE);
        let is_heard = |word: usize| {
            let power = |frame: usize| frames.powers.get(frame).copied().unwrap_or(0.0);
            word < count && power(word).max(power(word + LAG)) > floor
        };
        Analyser::with(slow_hz, |analyser| Self::listen(&slow, &frames, count, &is_heard, analyser))
    }

    /// The words of `count` places in `slow`, of which `is_heard` tells the silent ones.
    fn listen(
        slow: &[f32],
        frames: &Frames,
        count: usize,
        is_heard: &dyn Fn(usize) -> bool,
        analyser: &mut Analyser,
    ) -> Option<Self> {
        // Only frames that a word needs are analysed; this keeps the last ones, by frame number.
        let mut recent = [[0.0; BITS]; LAG + 1];
        let mut words = vec![SILENT; count];
        for frame in 0..frames.powers.len() {
            let word = frame.checked_sub(LAG);
            let ends_word = word.is_some_and(is_heard);
            if !ends_word && !is_heard(frame) {
                continue;
            }
            let now = analyser.differences(slow, frames.start(frame));
            if let Some(word) = word.filter(|_| ends_word) {
                let before = &recent[word % (LAG + 1)];
                let bits = now.iter().zip(before).fold(0, |bits, (now, before)| bits << 1 | u32::from(now > before));
                // A real 0 is as rare as any other word, and gives up one bit for the mark.
                if let Some(kept) = words.get_mut(word) {
                    *kept = if bits == SILENT { 1 } else { bits };
                }
            }
            recent[frame % (LAG + 1)] = now;
        }
        words.iter().any(|&word| word != SILENT).then_some(Self { words })
    }

    /// The words in order of time, one for each hop, [`SILENT`] ones included.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// For storing: a byte of version, then the words, little-endian; 2.5 kB for 10 s.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let words = self.words.iter().flat_map(|word| word.to_le_bytes());
        [Self::VERSION].into_iter().chain(words).collect()
    }

    /// The inverse of [`Fingerprint::to_bytes`].
    ///
    /// # Errors
    /// [`UnknownFingerprint`] when the bytes are of another version or no fingerprint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UnknownFingerprint> {
        let Some((&Self::VERSION, words)) = bytes.split_first() else { return Err(UnknownFingerprint) };
        let (words, []) = words.as_chunks::<4>() else { return Err(UnknownFingerprint) };
        Ok(Self { words: words.iter().map(|word| u32::from_le_bytes(*word)).collect() })
    }
}

/// Brings sound to 4.8 to 9.6 kHz, low-passed at about 2.4 kHz; returns the samples and their rate in hertz.
///
/// A windowed sinc (Hamming) that spans six samples of the result: short, since little that folds back reaches the bands. The rate need not
/// be the same for all recordings, since bands and hops are counted in hertz and seconds.
fn decimate(samples: &[f32], rate: SampleRate) -> (Vec<f32>, f64) {
    const LANES: usize = 8;
    const SLOWEST_HZ: u32 = 4_800;
    const CUTOFF_HZ: f64 = 2_400.0;
    let factor = (rate.hz() / SLOWEST_HZ).max(1) as usize;
    let rate_hz = f64::from(rate.hz());
    if factor == 1 {
        return (samples.to_vec(), rate_hz);
    }
    let length = (6 * factor).next_multiple_of(LANES);
    let mut taps: Vec<f64> = (0..length)
        .map(|i| {
            let t = i as f64 - (length - 1) as f64 / 2.0;
            let x = std::f64::consts::TAU * CUTOFF_HZ / rate_hz * t;
            let hamming = 0.54 - 0.46 * (std::f64::consts::TAU * i as f64 / (length - 1) as f64).cos();
            // The length is even, so that x is never 0.
            hamming * x.sin() / x
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    let taps: Vec<f32> = taps.into_iter().map(|tap| tap as f32).collect();
    let (taps, _) = taps.as_chunks::<LANES>();
    let slow = samples.windows(length).step_by(factor).map(|window| {
        let mut sums = [0.0; LANES];
        for (samples, taps) in window.as_chunks::<LANES>().0.iter().zip(taps) {
            for lane in 0..LANES {
                sums[lane] += samples[lane] * taps[lane];
            }
        }
        sums.iter().sum()
    });
    (slow.collect(), rate_hz / factor as f64)
}

/// Where the windows lie, and how loud they are.
struct Frames {
    hop_samples: f64,
    /// Mean power of each window's first difference: low-frequency rumble must not decide what is loud.
    powers: Vec<f32>,
}

impl Frames {
    fn new(samples: &[f32], rate_hz: f64) -> Self {
        let hop_samples = Fingerprint::HOP.0 * rate_hz;
        let mut frames = Self { hop_samples, powers: Vec::new() };
        let hops = (samples.len() as f64 / hop_samples) as usize;
        let of_hop = |hop| {
            let samples = samples.get(frames.start(hop)..frames.start(hop + 1)).unwrap_or(&[]);
            let energy: f32 = samples.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
            energy / samples.len().max(1) as f32
        };
        let of_hops: Vec<f32> = (0..hops).map(of_hop).collect();
        frames.powers = of_hops.windows(WINDOW_HOPS).map(|w| w.iter().sum::<f32>() / WINDOW_HOPS as f32).collect();
        frames
    }

    /// First sample of a window. Rounded for each, so that fractions of a sample never add up.
    fn start(&self, frame: usize) -> usize {
        (frame as f64 * self.hop_samples).round() as usize
    }
}

thread_local! {
    /// The analysers of the rates that this thread has met: planning takes as long as a second of sound.
    static ANALYSERS: RefCell<Vec<(f64, Analyser)>> = const { RefCell::new(Vec::new()) };
}

/// From a window of sound to differences of bands.
struct Analyser {
    window: Vec<f32>,
    plan: std::sync::Arc<dyn realfft::RealToComplex<f32>>,
    input: Vec<f32>,
    bins: Vec<realfft::num_complex::Complex<f32>>,
    scratch: Vec<realfft::num_complex::Complex<f32>>,
    /// The bands' edges: a bin, and how much of it lies below the edge.
    edges: [(usize, f32); BANDS + 1],
}

impl Analyser {
    /// Lends the thread's analyser of this rate.
    fn with<T>(rate_hz: f64, work: impl FnOnce(&mut Self) -> T) -> T {
        /// Recorders have a handful of rates.
        const MOST: usize = 8;
        ANALYSERS.with_borrow_mut(|analysers| {
            let place = analysers.iter().position(|(hz, _)| hz.to_bits() == rate_hz.to_bits());
            let (_, mut analyser) =
                place.map_or_else(|| (rate_hz, Self::new(rate_hz)), |place| analysers.swap_remove(place));
            let result = work(&mut analyser);
            analysers.truncate(MOST - 1);
            analysers.push((rate_hz, analyser));
            result
        })
    }

    fn new(rate_hz: f64) -> Self {
        let length = (WINDOW_HOPS as f64 * Fingerprint::HOP.0 * rate_hz).round() as usize;
        // Zeros fill up to a length of small prime factors.
        let size = length.next_multiple_of(128);
        let plan = RealFftPlanner::new().plan_fft_forward(size);
        let turn = std::f64::consts::TAU / length.max(1) as f64;
        let edges = std::array::from_fn(|edge| {
            let hz = RANGE_HZ[0] + (RANGE_HZ[1] - RANGE_HZ[0]) * edge as f64 / BANDS as f64;
            // A bin reaches half a step to both sides of its frequency.
            let position = hz * size as f64 / rate_hz + 0.5;
            (position as usize, position.fract() as f32)
        });
        Self {
            window: (0..length).map(|i| (0.5 - 0.5 * (turn * i as f64).cos()) as f32).collect(),
            input: plan.make_input_vec(),
            bins: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            plan,
            edges,
        }
    }

    /// Energy of each band less that of the next one. Samples behind the end count as 0.
    fn differences(&mut self, samples: &[f32], start: usize) -> [f32; BITS] {
        let samples = samples.get(start..).unwrap_or(&[]);
        self.input.fill(0.0);
        for ((input, sample), weight) in self.input.iter_mut().zip(samples).zip(&self.window) {
            *input = sample * weight;
        }
        let done = self.plan.process_with_scratch(&mut self.input, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "every buffer was made by the plan: {done:?}");
        let power = |bin: usize| self.bins.get(bin).map_or(0.0, |value| value.norm_sqr());
        let bands: [f32; BANDS] = std::array::from_fn(|band| {
            let ((from, below), (to, above)) = (self.edges[band], self.edges[band + 1]);
            (from..to).map(power).sum::<f32>() - below * power(from) + above * power(to)
        });
        std::array::from_fn(|bit| bands[bit] - bands[bit + 1])
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::audio::{SoundFormat, decode_bytes};
    use crate::data::Label;
    use crate::data::demo::synth;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    fn recording(channels: Vec<Vec<f32>>, hz: u32) -> Recording {
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        Recording::new(channels, rate(hz), format).unwrap()
    }

    #[test]
    fn one_sound_in_two_lossless_formats_has_one_hash() {
        let wav = decode_bytes(include_bytes!("../../tests/fixtures/audio/mono.wav"), Path::new("a.wav")).unwrap();
        let flac = decode_bytes(include_bytes!("../../tests/fixtures/audio/mono.flac"), Path::new("a.flac")).unwrap();
        assert_eq!(ContentHash::of(&wav), ContentHash::of(&flac));
    }

    #[test]
    fn everything_that_is_heard_changes_the_hash() {
        let samples: Vec<f32> = (0..5_000).map(|i| (i % 77) as f32 / 77.0).collect();
        let hash = |channels: &[&[f32]], hz| {
            ContentHash::of(&recording(channels.iter().map(|channel| channel.to_vec()).collect(), hz))
        };
        let mut other = samples.clone();
        other[4_321] += 1e-5;
        let hashes = [
            hash(&[&samples], 8_000),
            hash(&[&samples], 16_000),
            hash(&[&other], 8_000),
            hash(&[&samples[1..]], 8_000),
            hash(&[&samples, &samples], 8_000),
            hash(&[&samples, &other], 8_000),
            hash(&[&other, &samples], 8_000),
            hash(&[&samples[..2_500], &samples[2_500..]], 8_000),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
        assert_eq!(hash(&[&[0.0, 1.0]], 8_000), hash(&[&[-0.0, 1.0]], 8_000));
    }

    #[test]
    fn a_hash_is_32_digits() {
        let hash = ContentHash(0xab);
        assert_eq!(hash.to_string(), "000000000000000000000000000000ab");
        assert_eq!(serde_json::to_string(&hash).unwrap(), "\"000000000000000000000000000000ab\"");
        for bad in ["", "ab", "+00000000000000000000000000000ab", "0000000000000000000000000000000ab", "ä"] {
            assert_eq!(bad.parse::<ContentHash>(), Err(NotAContentHash), "{bad}");
        }
        assert!(serde_json::from_str::<ContentHash>("\"xy\"").is_err());
    }

    #[test]
    fn what_cannot_be_heard_has_no_fingerprint() {
        assert_eq!(Fingerprint::of_mono(&[], rate(48_000)), None);
        assert_eq!(Fingerprint::of_mono(&[0.0; 48_000], rate(48_000)), None);
        let cough = synth::cough(1, Label::Healthy, rate(16_000), Seconds(2.0));
        assert!(Fingerprint::of_mono(&cough, rate(16_000)).is_some());
        assert_eq!(Fingerprint::of_mono(&cough[..1_600], rate(16_000)), None, "0.1 s");
        assert_eq!(Fingerprint::of_mono(&cough, rate(3_000)), None, "no sound up to 2 kHz");
        let whisper: Vec<f32> = cough.iter().map(|x| x * 1e-6).collect();
        assert_eq!(Fingerprint::of_mono(&whisper, rate(16_000)), None);
    }

    #[test]
    fn decimation_keeps_the_bands_and_drops_what_would_fold_into_them() {
        let tone = |hz: f64, fs: u32| -> Vec<f32> {
            let turn = std::f64::consts::TAU * hz / f64::from(fs);
            (0..fs).map(|i| (turn * f64::from(i)).sin() as f32).collect()
        };
        let power = |samples: &[f32]| samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32;
        for fs in [16_000, 22_050, 44_100, 48_000, 96_000, 192_000] {
            for hz in [300.0, 1_000.0, 1_500.0] {
                let (slow, slow_hz) = decimate(&tone(hz, fs), rate(fs));
                assert!((4_800.0..9_600.0).contains(&slow_hz), "{fs} {slow_hz}");
                assert!((power(&slow) - 0.5).abs() < 0.1, "{fs} {hz}: {}", power(&slow));
            }
            // These would appear at 700 Hz and 1.5 kHz.
            for folding in [700.0, 1_500.0] {
                let (_, slow_hz) = decimate(&[0.0; 500], rate(fs));
                let (slow, _) = decimate(&tone(slow_hz - folding, fs), rate(fs));
                assert!(power(&slow) < 0.02, "{fs} {folding}: {}", power(&slow));
            }
        }
    }

    #[test]
    fn bytes_of_another_kind_are_refused() {
        for bytes in [&[][..], &[2], &[0, 1, 2, 3, 4], &[1, 1, 2, 3], &[1, 1, 2, 3, 4, 5]] {
            assert_eq!(Fingerprint::from_bytes(bytes), Err(UnknownFingerprint));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_and_bytes_restore_hash_and_fingerprint(value: u128, words: Vec<u32>) {
            let hash = ContentHash(value);
            prop_assert_eq!(hash.to_string().parse(), Ok(hash));
            let fingerprint = Fingerprint { words };
            prop_assert_eq!(Fingerprint::from_bytes(&fingerprint.to_bytes()), Ok(fingerprint));
        }

        #[test]
        fn any_sound_at_any_rate_is_heard_without_harm(
            samples in prop::collection::vec(-2.0_f32..2.0, 0..3_000),
            hz in SampleRate::MIN_HZ..=SampleRate::MAX_HZ,
        ) {
            if let Some(fingerprint) = Fingerprint::of_mono(&samples, rate(hz)) {
                let most = rate(hz).duration(samples.len()).0 / Fingerprint::HOP.0;
                prop_assert!(fingerprint.words().len() as f64 <= most);
            }
        }
    }
}
