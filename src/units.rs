//! Physical units as types, and the only place that converts between them.

use serde::{Deserialize, Serialize};

/// Digits in groups of three: `12,345`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun: `1 recording`, `12,345 recordings`, `2 people`.
#[must_use]
pub fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number as u64), if number == 1 { one } else { many })
}

/// A size on disk, in powers of 1000 as drives are sold: `860 kB`, `3.4 GB`.
#[must_use]
pub fn file_size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 999.5 {
            let decimals = usize::from(unit != "bytes" && size < 9.95);
            return format!("{size:.decimals$} {unit}");
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// With how many decimals, `least` or more, a number reads as being on the side of `bound` on which it is: below, or at and
/// above.
#[must_use]
pub fn decimals_that_tell(number: f64, bound: f64, least: usize) -> usize {
    /// Tells any two numbers of 64 bits apart that are not tiny.
    const MOST: usize = 17;
    let tell = |decimals: &usize| {
        let shown = |number: f64| format!("{number:.decimals$}").parse().unwrap_or(number);
        (shown(number) >= shown(bound)) == (number >= bound)
    };
    (least..MOST).find(tell).unwrap_or(MOST)
}

/// Samples per second of one channel, in hertz.
///
/// Always between [`SampleRate::MIN_HZ`] and [`SampleRate::MAX_HZ`], so that a header with an absurd rate is
/// refused where it is read and no later code divides by zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct SampleRate(u32);

/// A sample rate outside of what sound files use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sample rate of {0} Hz is not plausible (expected {min} to {max} Hz)",
    min = SampleRate::MIN_HZ,
    max = SampleRate::MAX_HZ
)]
pub struct ImplausibleRate(pub u32);

impl SampleRate {
    /// Lowest accepted rate: half of the telephone's 8 kHz leaves room for odd recorders, and no more.
    pub const MIN_HZ: u32 = 1_000;
    /// Highest accepted rate: twice the 384 kHz of the fastest converters on the market.
    pub const MAX_HZ: u32 = 768_000;

    /// Checks `hz` against the plausible range.
    ///
    /// # Errors
    /// [`ImplausibleRate`] when `hz` lies outside of it.
    pub const fn new(hz: u32) -> Result<Self, ImplausibleRate> {
        if hz >= Self::MIN_HZ && hz <= Self::MAX_HZ { Ok(Self(hz)) } else { Err(ImplausibleRate(hz)) }
    }

    /// The rate in hertz.
    #[must_use]
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// Half of the rate: the highest frequency that sound at this rate can hold.
    #[must_use]
    pub fn nyquist(self) -> Hertz {
        Hertz(f64::from(self.0) / 2.0)
    }

    /// How long `samples` samples of one channel last.
    #[must_use]
    pub fn duration(self, samples: usize) -> Seconds {
        Seconds(samples as f64 / f64::from(self.0))
    }
}

impl TryFrom<u32> for SampleRate {
    type Error = ImplausibleRate;

    fn try_from(hz: u32) -> Result<Self, ImplausibleRate> {
        Self::new(hz)
    }
}

impl From<SampleRate> for u32 {
    fn from(rate: SampleRate) -> Self {
        rate.0
    }
}

impl std::fmt::Display for SampleRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // 44100 reads as "44.1 kHz", 16000 as "16 kHz".
        write!(f, "{} kHz", f64::from(self.0) / 1000.0)
    }
}

/// A duration or a position in time, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Seconds {
    /// This much later.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The nearest whole number of samples at `rate`; negative times give 0.
    #[must_use]
    pub fn samples(self, rate: SampleRate) -> usize {
        (self.0 * f64::from(rate.0)).round().max(0.0) as usize
    }
}

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} s", self.0)
    }
}

/// A frequency, in hertz.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hertz(pub f64);

impl Hertz {
    /// Where Slaney's mel scale turns from linear to logarithmic.
    const BREAK_HZ: f64 = 1000.0;
    /// Hertz per mel below the break.
    const LINEAR_STEP: f64 = 200.0 / 3.0;
    /// Natural logarithm of the frequency ratio of one mel above the break (Slaney 1998: 27 mels span a ratio of 6.4).
    fn log_step() -> f64 {
        6.4_f64.ln() / 27.0
    }

    /// The frequency on Slaney's mel scale (Auditory Toolbox, 1998; librosa's default).
    #[must_use]
    pub fn to_mel(self) -> f64 {
        if self.0 < Self::BREAK_HZ {
            self.0 / Self::LINEAR_STEP
        } else {
            Self::BREAK_HZ / Self::LINEAR_STEP + (self.0 / Self::BREAK_HZ).ln() / Self::log_step()
        }
    }

    /// The inverse of [`Hertz::to_mel`].
    #[must_use]
    pub fn from_mel(mel: f64) -> Self {
        let break_mel = Self::BREAK_HZ / Self::LINEAR_STEP;
        if mel < break_mel {
            Self(mel * Self::LINEAR_STEP)
        } else {
            Self(Self::BREAK_HZ * ((mel - break_mel) * Self::log_step()).exp())
        }
    }
}

/// A level relative to full scale, in decibels.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decibels(pub f64);

impl Decibels {
    /// `20 log10(amplitude)`; an amplitude of 0 gives negative infinity.
    #[must_use]
    pub fn from_amplitude(amplitude: f64) -> Self {
        Self(20.0 * amplitude.log10())
    }

    /// `10 log10(power)`; a power of 0 gives negative infinity.
    #[must_use]
    pub fn from_power(power: f64) -> Self {
        Self(10.0 * power.log10())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_at_a_glance() {
        let sizes =
            [0, 999, 1_000, 9_949, 9_950, 859_900, 999_499, 999_500, 3_440_648, 13_800_000_000, 1_200_000_000_000];
        let expected = [
            "0 bytes",
            "999 bytes",
            "1.0 kB",
            "9.9 kB",
            "10 kB",
            "860 kB",
            "999 kB",
            "1.0 MB",
            "3.4 MB",
            "14 GB",
            "1.2 TB",
        ];
        assert_eq!(sizes.map(file_size), expected);
    }

    #[test]
    fn a_number_below_a_bound_reads_so() {
        let decimals = |number: f64| decimals_that_tell(number, 0.5, 3);
        assert_eq!((decimals(0.2), decimals(0.5), decimals(f64::NAN)), (3, 3, 3));
        assert_eq!(decimals(0.500_001), 3, "it reads like the bound, and counts as that does");
        assert_eq!(decimals(0.499_97), 5);
        assert_eq!(decimals(0.5 - 1e-9), 9);
        assert_eq!(decimals(0.5_f64.next_down()), 16);
    }

    #[test]
    fn absurd_rates_are_refused() {
        assert_eq!(SampleRate::new(0), Err(ImplausibleRate(0)));
        assert_eq!(SampleRate::new(2_147_483_640), Err(ImplausibleRate(2_147_483_640)));
        assert!(SampleRate::new(44_100).is_ok());
    }

    #[test]
    fn duration_and_samples_are_inverse() {
        let rate = SampleRate::new(44_100).unwrap();
        assert_eq!(rate.duration(441_000), Seconds(10.0));
        assert_eq!(Seconds(10.0).samples(rate), 441_000);
        assert_eq!(Seconds(-1.0).samples(rate), 0);
    }

    #[test]
    fn mel_scale_agrees_with_librosa() {
        // librosa.hz_to_mel([110, 1000, 4000]) = 1.65, 15.0, 35.16376...
        assert!((Hertz(110.0).to_mel() - 1.65).abs() < 1e-12);
        assert!((Hertz(1000.0).to_mel() - 15.0).abs() < 1e-12);
        assert!((Hertz(4000.0).to_mel() - 35.163_760_314_616_4).abs() < 1e-9);
        for hz in [20.0, 500.0, 1000.0, 3400.0, 8000.0] {
            assert!((Hertz::from_mel(Hertz(hz).to_mel()).0 - hz).abs() < 1e-9);
        }
    }

    #[test]
    fn decibels_of_half_amplitude() {
        assert!((Decibels::from_amplitude(0.5).0 + 6.020_599_913).abs() < 1e-8);
        assert!((Decibels::from_power(0.5).0 + 3.010_299_957).abs() < 1e-8);
    }
}
