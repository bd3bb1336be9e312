//! Where and with what a synthetic cough was recorded: the room, its noise, the device.

use std::f64::consts::TAU;

use rand::RngExt;

use super::filters::{Comb, OnePole};
use super::synth::{amplitude, normal};
use crate::units::{Hertz, SampleRate, Seconds};

/// A room and a device. Drawn for each person, since people record at home with their own phone.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// Time in which the room's sound falls by 60 dB.
    rt60: Seconds,
    /// Level of the room's sound against the direct one, in decibels.
    reverb_db: f64,
    /// Level of the background noise against the coughs' peak, in decibels.
    noise_db: f64,
    /// Where the background noise begins to fall.
    noise_corner: Hertz,
    /// Level of the mains hum against the coughs' peak, in decibels.
    hum_db: f64,
    /// Mains frequency: 50 or 60 Hz.
    mains: Hertz,
    /// Where the microphone's and the device's response ends.
    bandwidth: Hertz,
    /// Peak of the finished recording; above 1 it clips.
    peak: f64,
}

impl Scene {
    /// Delays of the room's four combs, in seconds: Schroeder's (1962), which have no common divisor.
    const COMB_DELAYS: [f64; 4] = [0.0297, 0.0371, 0.0411, 0.0437];

    /// Draws a room and a device.
    pub(super) fn draw(rng: &mut impl RngExt) -> Self {
        Self {
            rt60: Seconds(rng.random_range(0.15..0.7)),
            reverb_db: rng.random_range(-30.0..-12.0),
            noise_db: rng.random_range(-65.0..-32.0),
            noise_corner: Hertz(rng.random_range(150.0..1_500.0)),
            hum_db: rng.random_range(-80.0..-45.0),
            mains: if rng.random() { Hertz(50.0) } else { Hertz(60.0) },
            bandwidth: Hertz(rng.random_range(3_800.0..14_000.0)),
            // Now and then too loud: one recording in about seven clips.
            peak: (0.55 * amplitude(4.5 * normal(rng))).min(1.4),
        }
    }

    /// What the device stores of `dry` sound. Returns as many samples, within -1 to 1.
    pub(super) fn record(&self, rng: &mut impl RngExt, dry: &[f64], rate: SampleRate) -> Vec<f32> {
        let mut combs = Self::COMB_DELAYS.map(|delay| Comb::new(Seconds(delay), self.rt60, rate));
        // White noise loses power in the low-pass: this brings it back to the level that is asked for.
        let noise_gain = amplitude(self.noise_db) * (rate.nyquist().0 / self.noise_corner.0).sqrt();
        let mut noise_colour = OnePole::low_pass(self.noise_corner, rate);
        let mut device = [OnePole::low_pass(self.bandwidth, rate), OnePole::low_pass(self.bandwidth, rate)];
        let (reverb, hum_level) = (amplitude(self.reverb_db), amplitude(self.hum_db));
        let sound: Vec<f64> = dry
            .iter()
            .enumerate()
            .map(|(index, &direct)| {
                let room: f64 = combs.iter_mut().map(|comb| comb.step(direct)).sum();
                let noise = noise_gain * noise_colour.step(rng.random_range(-1.0..1.0));
                let angle = TAU * self.mains.0 * rate.duration(index).0;
                let hum = hum_level * (angle.sin() + 0.5 * (3.0 * angle).sin());
                device.iter_mut().fold(direct + reverb * room + noise, |sound, stage| stage.step(sound)) + hum
            })
            .collect();
        let loudest = sound.iter().fold(f64::MIN_POSITIVE, |peak, sample| peak.max(sample.abs()));
        sound.iter().map(|sample| (sample * self.peak / loudest).clamp(-1.0, 1.0) as f32).collect()
    }
}
