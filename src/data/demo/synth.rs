//! Synthetic coughs: bursts of noise through the resonances of a vocal tract.
//!
//! A cough is an explosive burst, a decaying flow of air, and often a voiced end (Korpas et al. 1996). Illness is one
//! number, the *severity*, with these small effects: wet crackling, a wheeze, a stronger second resonance, less
//! voice, duller highs. No single one is reliable, since people differ in the same ways. Nothing here was fitted to the
//! sounds of patients: the effects are invented, so that there is something to find.

use std::f64::consts::TAU;
use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::filters::{OnePole, Resonator};
use super::scene::Scene;
use crate::data::Label;
use crate::units::{Hertz, SampleRate, Seconds};

/// Resonances of the vocal tract that are modelled.
const FORMANTS: usize = 4;
/// Speed of sound in the warm, moist air of the throat, in cm/s.
const SPEED_OF_SOUND: f64 = 35_400.0;
/// Distance of the two classes' mean severities, in standard deviations of one class.
///
/// This sets how well anyone can do: someone who knew the severities would have an AUC of 0.95, and a logistic model of the
/// mean and deviation of 64 mel bands, tried on people it has not heard, has 0.84 to 0.91 over five seeds, 0.87 on average.
const CLASS_DISTANCE: f64 = 2.3;

/// A person's sex, as far as it shapes the voice and fills the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    /// Shorter vocal tract, higher pitch.
    Female,
    /// Longer vocal tract, lower pitch.
    Male,
}

/// What makes one person's coughs alike, apart from illness.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// Centres of the resonances, lowest first.
    formants: [Hertz; FORMANTS],
    /// Levels of the resonances, in decibels.
    formant_levels_db: [f64; FORMANTS],
    /// Pitch of the voiced end.
    pitch: Hertz,
    /// Level of everything above 2 kHz against the rest, in decibels.
    brightness_db: f64,
    /// Habitual crackling, added to the severity's: in units of severity.
    wetness: f64,
    /// Habitual wheezing, likewise.
    wheeziness: f64,
    /// Where a wheeze would sound.
    wheeze: Hertz,
    /// Habitual strength of the voiced end, as a factor.
    voicing: f64,
}

impl Voice {
    /// Draws a voice for a person of this sex and age.
    pub(super) fn draw(rng: &mut impl RngExt, sex: Sex, age_years: u32) -> Self {
        // Usual lengths of an adult's vocal tract and pitches of an adult's voice; age lowers women's voices.
        let (tract_cm, pitch_hz) = match sex {
            Sex::Female => (14.2, 210.0 - 0.5 * f64::from(age_years.min(80))),
            Sex::Male => (16.2, 115.0),
        };
        let tract_cm = tract_cm * (1.0 + 0.05 * normal(rng));
        // A tube that is closed at one end resonates at odd quarter waves; no real one is exactly a tube.
        let formants = std::array::from_fn(|index| {
            let quarter_waves = (2 * index + 1) as f64;
            Hertz(quarter_waves * SPEED_OF_SOUND / (4.0 * tract_cm) * (1.0 + 0.04 * normal(rng)))
        });
        Self {
            formants,
            formant_levels_db: std::array::from_fn(|index| -3.0 * index as f64 + 1.5 * normal(rng)),
            pitch: Hertz(pitch_hz * (0.12 * normal(rng)).exp()),
            brightness_db: 2.5 * normal(rng),
            wetness: 0.6 * normal(rng),
            wheeziness: 0.6 * normal(rng),
            wheeze: Hertz(rng.random_range(380.0..720.0)),
            voicing: (0.4 * normal(rng)).exp(),
        }
    }
}

/// Severity of a person at rank `share` (0 to 1, exclusive) of those of the same class.
///
/// Both classes are logistic with a standard deviation of 1, half of [`CLASS_DISTANCE`] on either side of 0. Ranks that are spread evenly give
/// every seed the same overlap, which is most of what makes one demo study as hard as another.
pub(super) fn severity(label: Label, share: f64) -> f64 {
    /// A logistic variable has the standard deviation pi / sqrt(3) times its scale.
    const SCALE: f64 = 0.551_328_895_421_792_1;
    let centre = if label.is_positive() { CLASS_DISTANCE / 2.0 } else { -CLASS_DISTANCE / 2.0 };
    let share = share.clamp(1e-6, 1.0 - 1e-6);
    centre + SCALE * (share / (1.0 - share)).ln()
}

/// One synthetic recording of a person that `seed` alone decides; for tests and examples.
///
/// Returns mono samples within -1 to 1; shape: `[length * rate]`.
#[must_use]
pub fn cough(seed: u64, label: Label, rate: SampleRate, length: Seconds) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sex = if rng.random() { Sex::Female } else { Sex::Male };
    let age_years = rng.random_range(18..80);
    let voice = Voice::draw(&mut rng, sex, age_years);
    let severity = severity(label, rng.random());
    let scene = Scene::draw(&mut rng);
    render(&mut rng, &voice, severity, &scene, rate, length)
}

/// Renders a recording: one to four coughs, then the room, the noise and the device of `scene`.
///
/// Returns mono samples within -1 to 1; shape: `[length * rate]`.
pub(super) fn render(
    rng: &mut impl RngExt,
    voice: &Voice,
    severity: f64,
    scene: &Scene,
    rate: SampleRate,
    length: Seconds,
) -> Vec<f32> {
    let mut dry = vec![0.0; length.samples(rate)];
    let effort = Effort::draw(rng);
    let mut onset_secs = rng.random_range(0.05..0.25);
    loop {
        let loudness = rng.random_range(0.7..1.0);
        let cough_length = effort.cough_length(rng);
        let burst = burst(rng, voice, severity, cough_length, rate);
        let onset = Seconds(onset_secs).samples(rate);
        for (sum, sample) in dry.iter_mut().skip(onset).zip(&burst) {
            *sum += loudness * sample;
        }
        // Long enough that the segmentation, which adds 0.2 s on either side of a cough, can leave something between two.
        onset_secs += rate.duration(burst.len()).0 + rng.random_range(0.3..0.8);
        // A cough that would be cut off before its middle is not begun.
        if onset_secs + 0.25 > length.0 {
            break;
        }
    }
    scene.record(rng, &dry, rate)
}

/// How the coughs of one recording are meant. Health has no part in it: what is flagged for its quality must not tell the
/// classes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// A cough as it was asked for.
    Full,
    /// Mostly short clearings of the throat: COUGHVID's segmentation finds no cough, or counts them as noise beside one.
    HalfHearted,
}

impl Effort {
    /// Share of recordings that are half-hearted, so that either flag comes up in some 2 % of them.
    const HALF_HEARTED: f64 = 0.05;
    /// Share of the coughs of such a recording that are cut short.
    const CUT_SHORT: f64 = 0.7;

    fn draw(rng: &mut impl RngExt) -> Self {
        if rng.random_bool(Self::HALF_HEARTED) { Self::HalfHearted } else { Self::Full }
    }

    /// The length of the next cough.
    fn cough_length(self, rng: &mut impl RngExt) -> Seconds {
        let cut_short = self == Self::HalfHearted && rng.random_bool(Self::CUT_SHORT);
        Seconds(if cut_short { rng.random_range(0.12..0.18) } else { rng.random_range(0.3..0.5) })
    }
}

/// How strongly each effect of illness shows in one cough.
struct Signs {
    /// Depth of the crackling, 0 to 1.
    crackle_depth: f64,
    /// Amplitude of the wheeze against the burst.
    wheeze: f64,
    /// Added level of the second resonance, in decibels.
    congestion_db: f64,
    /// Added level above 2 kHz, in decibels.
    dullness_db: f64,
    /// Amplitude of the voiced end.
    voicing: f64,
}

impl Signs {
    /// What `severity` does to this cough of this person; no two coughs of one person are quite alike.
    fn draw(rng: &mut impl RngExt, voice: &Voice, severity: f64) -> Self {
        let today = severity + 0.3 * normal(rng);
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        Self {
            crackle_depth: 0.85 * logistic(1.3 * (today + voice.wetness)),
            wheeze: 0.10 * (0.6 * (today + voice.wheeziness)).exp().min(6.0),
            congestion_db: 2.2 * today,
            dullness_db: -1.5 * today,
            voicing: 0.5 * voice.voicing * (-0.25 * today).exp(),
        }
    }
}

/// One cough of this length with a peak of 1.
fn burst(rng: &mut impl RngExt, voice: &Voice, severity: f64, length: Seconds, rate: SampleRate) -> Vec<f64> {
    let signs = Signs::draw(rng, voice, severity);
    let (explosion_secs, flow_secs) = (rng.random_range(0.02..0.05), rng.random_range(0.14..0.26));
    let flow_level = rng.random_range(0.35..0.6);
    let voice_centre_secs = length.0 * rng.random_range(0.55..0.75);

    let mut throat = Throat::new(voice, &signs, rate);
    let mut crackle = Crackle::new(rng, rate);
    let (mut pitch_phase, mut wheeze_phase) = (0.0_f64, 0.0_f64);
    let per_sample = TAU / f64::from(rate.hz());
    let samples: Vec<f64> = (0..length.samples(rate))
        .map(|index| {
            let t = rate.duration(index).0;
            // 4 ms of onset: the glottis opens at once.
            let attack = 1.0 - (-t / 0.004).exp();
            let fade = ((length.0 - t) / 0.05).clamp(0.0, 1.0);
            let flow = flow_level * (-t / flow_secs).exp();
            let air = attack * fade * ((-t / explosion_secs).exp() + flow);
            let wet = 1.0 - signs.crackle_depth * crackle.step(rng);
            let hump = (-((t - voice_centre_secs) / 0.05).powi(2)).exp() * fade;

            // The pitch glides down by a quarter over the cough; a pulse train is rich in harmonics.
            pitch_phase = (pitch_phase + voice.pitch.0 * (1.1 - 0.5 * t) / f64::from(rate.hz())).fract();
            let pulse = (1.0 - 2.0 * pitch_phase).powi(3) * signs.voicing * hump;
            wheeze_phase += voice.wheeze.0 * (1.0 + 0.02 * (TAU * 6.0 * t).sin()) * per_sample;
            let wheeze = signs.wheeze * wheeze_phase.sin() * fade * flow.sqrt();
            throat.step(air * wet * rng.random_range(-1.0..1.0) + 0.3 * pulse) + wheeze * wet
        })
        .collect();
    let peak = samples.iter().fold(f64::MIN_POSITIVE, |peak, sample| peak.max(sample.abs()));
    samples.iter().map(|sample| sample / peak).collect()
}

/// The vocal tract: parallel resonances and a shelf above 2 kHz.
struct Throat {
    /// The resonances that the rate can hold, with their amplitudes.
    formants: Vec<(Resonator, f64)>,
    /// Splits at the shelf's corner.
    shelf: OnePole,
    /// Amplitude above the corner.
    shelf_gain: f64,
}

impl Throat {
    /// Air that reaches the mouth past all resonances, as an amplitude.
    const DIRECT: f64 = 0.12;
    /// Corner of the shelf.
    const SHELF: Hertz = Hertz(2_000.0);

    fn new(voice: &Voice, signs: &Signs, rate: SampleRate) -> Self {
        let formants = voice
            .formants
            .iter()
            .zip(voice.formant_levels_db)
            .enumerate()
            .filter_map(|(index, (&centre, level_db))| {
                let congestion_db = if index == 1 { signs.congestion_db } else { 0.0 };
                let bandwidth = Hertz(80.0 + 0.06 * centre.0);
                Some((Resonator::new(centre, bandwidth, rate)?, amplitude(level_db + congestion_db)))
            })
            .collect();
        let shelf_gain = amplitude(voice.brightness_db + signs.dullness_db);
        Self { formants, shelf: OnePole::low_pass(Self::SHELF, rate), shelf_gain }
    }

    fn step(&mut self, air: f64) -> f64 {
        let resonant: f64 = self.formants.iter_mut().map(|(formant, level)| *level * formant.step(air)).sum();
        let sound = resonant + Self::DIRECT * air;
        let low = self.shelf.step(sound);
        low + self.shelf_gain * (sound - low)
    }
}

/// Mucus that closes the airway for a moment, which then pops open, as crackles are thought to arise (Piirilä and Sovijärvi
/// 1995): a smoothed random switch between open (0) and closed (1).
struct Crackle {
    /// 1 while the way is closed.
    closed: f64,
    /// Samples until the next change.
    remaining: usize,
    /// Shortest and longest time of a closure, in samples.
    closure: Range<usize>,
    /// Shortest and longest time between closures, in samples.
    opening: Range<usize>,
    /// Rounds the edges.
    smooth: OnePole,
}

impl Crackle {
    fn new(rng: &mut impl RngExt, rate: SampleRate) -> Self {
        let samples = |range: Range<f64>| Seconds(range.start).samples(rate)..Seconds(range.end).samples(rate);
        // With the rounded edges about 6 to 11 ms, fine to coarse: CORSA divides them at 10 ms (Sovijärvi et al. 2000). No longer,
        // or the segmentation, which lets a cough go quiet for 10 ms, would find no cough in wet ones.
        let closure = samples(0.004..0.008);
        let opening = samples(0.006..0.030);
        Self {
            closed: 0.0,
            remaining: rng.random_range(opening.clone()),
            closure,
            opening,
            smooth: OnePole::low_pass(Hertz(120.0), rate),
        }
    }

    fn step(&mut self, rng: &mut impl RngExt) -> f64 {
        if self.remaining == 0 {
            self.closed = 1.0 - self.closed;
            let interval = if self.closed > 0.0 { &self.closure } else { &self.opening };
            self.remaining = rng.random_range(interval.clone());
        }
        self.remaining -= 1;
        self.smooth.step(self.closed)
    }
}

/// The amplitude of a level in decibels.
pub(super) fn amplitude(level_db: f64) -> f64 {
    10_f64.powf(level_db / 20.0)
}

/// A draw from the standard normal distribution (Box and Muller 1958).
pub(super) fn normal(rng: &mut impl RngExt) -> f64 {
    // The generator returns 0 to 1 without 1: turned round, the logarithm never sees 0.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_of_the_classes_overlap() {
        let ranks = |label| (0..1_000).map(move |rank| severity(label, (f64::from(rank) + 0.5) / 1_000.0));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (sick, healthy): (Vec<_>, Vec<_>) = (ranks(Label::Sick).collect(), ranks(Label::Healthy).collect());
        assert!((mean(&sick) - mean(&healthy) - CLASS_DISTANCE).abs() < 1e-9);
        let deviation = sick.iter().map(|value| (value - mean(&sick)).powi(2)).sum::<f64>() / 1_000.0;
        assert!((deviation.sqrt() - 1.0).abs() < 0.01, "standard deviation {}", deviation.sqrt());
        // The Mann-Whitney statistic of a listener who knows the severity itself: nobody can do better.
        let wins = sick.iter().map(|value| healthy.iter().filter(|other| value > other).count()).sum::<usize>();
        let ceiling = wins as f64 / 1e6;
        assert!((0.93..0.98).contains(&ceiling), "AUC of the best possible listener {ceiling}");
    }

    #[test]
    fn normal_draws_have_mean_0_and_deviation_1() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let draws: Vec<f64> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let power = draws.iter().map(|draw| draw * draw).sum::<f64>() / draws.len() as f64;
        // Five standard errors of 20,000 draws.
        assert!(mean.abs() < 0.036 && (power - 1.0).abs() < 0.05, "{mean} {power}");
    }
}
