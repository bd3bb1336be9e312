//! The few recursive filters that the demo's voices, rooms and devices are made of. All work one sample at a time, in
//! double precision, and start at rest.

use std::f64::consts::TAU;

use crate::units::{Hertz, SampleRate, Seconds};

/// First-order low-pass, 6 dB per octave: `y += k (x - y)`.
#[derive(Clone, Debug)]
pub(super) struct OnePole {
    /// Share of the difference that is followed in each step, 0 to 1.
    follow: f64,
    /// Last output.
    state: f64,
}

impl OnePole {
    /// A low-pass with its -3 dB point at `cutoff`; one above the Nyquist frequency lets everything pass.
    pub(super) fn low_pass(cutoff: Hertz, rate: SampleRate) -> Self {
        let follow =
            if cutoff.0 >= rate.nyquist().0 { 1.0 } else { 1.0 - (-TAU * cutoff.0 / f64::from(rate.hz())).exp() };
        Self { follow, state: 0.0 }
    }

    /// Filters one sample.
    pub(super) fn step(&mut self, input: f64) -> f64 {
        self.state += self.follow * (input - self.state);
        self.state
    }
}

/// Two-pole resonance, the usual model of one formant, with a gain of about 1 at its peak.
#[derive(Clone, Debug)]
pub(super) struct Resonator {
    /// Input gain and the two feedback coefficients.
    coefficients: [f64; 3],
    /// The last two outputs, newest first.
    outputs: [f64; 2],
}

impl Resonator {
    /// A resonance at `centre` that is `bandwidth` wide; `None` where `rate` cannot hold it.
    pub(super) fn new(centre: Hertz, bandwidth: Hertz, rate: SampleRate) -> Option<Self> {
        if centre.0 + bandwidth.0 >= rate.nyquist().0 {
            return None;
        }
        let fs = f64::from(rate.hz());
        let radius = (-TAU / 2.0 * bandwidth.0 / fs).exp();
        let angle = TAU * centre.0 / fs;
        // Klatt (1980), with the peak gain of the pole pair taken out instead of the gain at 0 Hz.
        let gain = (1.0 - radius) * (1.0 - 2.0 * radius * (2.0 * angle).cos() + radius * radius).sqrt();
        Some(Self { coefficients: [gain, 2.0 * radius * angle.cos(), -radius * radius], outputs: [0.0; 2] })
    }

    /// Filters one sample.
    pub(super) fn step(&mut self, input: f64) -> f64 {
        let ([gain, near, far], [last, before]) = (self.coefficients, self.outputs);
        let output = gain * input + near * last + far * before;
        self.outputs = [output, last];
        output
    }
}

/// Feedback comb: an echo that repeats every `delay` and has lost 60 dB after the reverberation time.
#[derive(Clone, Debug)]
pub(super) struct Comb {
    /// One delay of past outputs, used as a ring.
    line: Vec<f64>,
    /// Where in the ring the oldest output lies.
    position: usize,
    /// How much of each echo returns.
    feedback: f64,
}

impl Comb {
    /// An echo every `delay` in a room whose sound takes `rt60` to fall by 60 dB (Schroeder 1962).
    pub(super) fn new(delay: Seconds, rt60: Seconds, rate: SampleRate) -> Self {
        let feedback = 10_f64.powf(-3.0 * delay.0 / rt60.0);
        Self { line: vec![0.0; delay.samples(rate).max(1)], position: 0, feedback }
    }

    /// Filters one sample; the output is late by the delay.
    pub(super) fn step(&mut self, input: f64) -> f64 {
        let Some(slot) = self.line.get_mut(self.position) else { return 0.0 };
        let output = *slot;
        *slot = input + self.feedback * output;
        self.position = (self.position + 1) % self.line.len();
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 16_000;

    fn rate() -> SampleRate {
        SampleRate::new(RATE_HZ).unwrap()
    }

    /// Steady amplitude of a sine after `step`, from the last of two seconds.
    fn gain_at(frequency_hz: f64, mut step: impl FnMut(f64) -> f64) -> f64 {
        let outputs: Vec<f64> = (0..2 * RATE_HZ)
            .map(|index| step((TAU * frequency_hz * f64::from(index) / f64::from(RATE_HZ)).sin()))
            .collect();
        outputs[RATE_HZ as usize..].iter().fold(0.0, |peak: f64, output| peak.max(output.abs()))
    }

    #[test]
    fn resonator_peaks_at_its_centre() {
        let new = || Resonator::new(Hertz(1_000.0), Hertz(100.0), rate()).unwrap();
        let [centre, edge, far] = [1_000.0, 1_050.0, 3_000.0].map(|hz| {
            let mut resonator = new();
            gain_at(hz, |input| resonator.step(input))
        });
        assert!((centre - 1.0).abs() < 0.02, "peak gain {centre}");
        assert!((edge - 0.5_f64.sqrt()).abs() < 0.03, "gain at half the bandwidth {edge}");
        assert!(far < 0.05, "gain far away {far}");
        assert!(Resonator::new(Hertz(7_990.0), Hertz(100.0), rate()).is_none());
    }

    #[test]
    fn low_pass_falls_by_3_db_at_its_cutoff() {
        let mut low_pass = OnePole::low_pass(Hertz(200.0), rate());
        assert!((gain_at(200.0, |input| low_pass.step(input)) - 0.5_f64.sqrt()).abs() < 0.03);
        let mut open = OnePole::low_pass(Hertz(20_000.0), rate());
        assert_eq!(open.step(0.25), 0.25);
    }

    #[test]
    fn comb_loses_60_db_in_the_reverberation_time() {
        let mut comb = Comb::new(Seconds(0.05), Seconds(0.5), rate());
        let answer: Vec<f64> = (0..RATE_HZ).map(|index| comb.step(if index == 0 { 1.0 } else { 0.0 })).collect();
        let delay = Seconds(0.05).samples(rate());
        assert_eq!(answer[delay], 1.0);
        assert!((answer[11 * delay] - 1e-3).abs() < 1e-9, "ten echoes later: {}", answer[11 * delay]);
    }
}
