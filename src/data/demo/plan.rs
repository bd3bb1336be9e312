//! Who takes part in the demo study, and which file holds which recording.

use std::path::PathBuf;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::containers::{self, EncodeError};
use super::scene::Scene;
use super::synth::{self, Sex, Voice, normal};
use super::tables::WEB_PAGE;
use crate::audio::wav;
use crate::data::Label;
use crate::units::{SampleRate, Seconds};

/// What is known of a person's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// One of the two classes.
    Known(Label),
    /// Exposed, recovered, not yet validated: the default label policy leaves them out.
    Unsettled,
}

/// Share of people with either class, of those whose health is known: about as many as in the paper's data, and the same
/// in every dataset, so that the dataset does not give the label away.
const SICK_SHARE: f64 = 0.45;

/// One person who never lived.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) health: Health,
    pub(super) sex: Sex,
    pub(super) age_years: u32,
    voice: Voice,
    scene: Scene,
    severity: f64,
}

/// Draws `count` people, of whom the share `unsettled` (0 to 1) has no known health. Their order is random.
pub(super) fn cast(rng: &mut ChaCha8Rng, count: usize, unsettled: f64) -> Vec<Person> {
    let unsettled = (count as f64 * unsettled).round() as usize;
    let known = count.saturating_sub(unsettled);
    let sick = (known as f64 * SICK_SHARE).round() as usize;
    let mut people = Vec::with_capacity(count);
    for (label, size) in [(Label::Sick, sick), (Label::Healthy, known.saturating_sub(sick))] {
        people.extend((0..size).map(|rank| person(rng, Health::Known(label), label, rank, size)));
    }
    people.extend((0..unsettled).map(|rank| {
        // They may be anything: nobody knows.
        let label = if rng.random() { Label::Sick } else { Label::Healthy };
        person(rng, Health::Unsettled, label, rank, unsettled)
    }));
    people.shuffle(rng);
    people
}

/// Draws the person at `rank` of `size`, by severity, among those who sound like `label`.
fn person(rng: &mut ChaCha8Rng, health: Health, label: Label, rank: usize, size: usize) -> Person {
    let sex = if rng.random_bool(0.6) { Sex::Male } else { Sex::Female };
    // Four years between the classes' means: as much of a hint as age gives in many real samples.
    let mean_years = if label.is_positive() { 42.0 } else { 38.0 };
    let age_years = (mean_years + 14.0 * normal(rng)).clamp(15.0, 85.0) as u32;
    let share = (rank as f64 + rng.random::<f64>()) / size as f64;
    Person {
        health,
        sex,
        age_years,
        voice: Voice::draw(rng, sex, age_years),
        scene: Scene::draw(rng),
        severity: synth::severity(label, share),
    }
}

/// How a recording is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// 16-bit WAV.
    Wav,
    /// Opus in Ogg.
    Ogg,
    /// Opus in a live WebM.
    WebM,
    /// MP3.
    Mp3,
}

impl Encoding {
    /// The file name's ending, without the dot.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Ogg => "ogg",
            Self::WebM => "webm",
            Self::Mp3 => "mp3",
        }
    }
}

/// What went wrong with a file, as it does in real datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Only the first 44 bytes arrived: of a WAV, the header without a sample.
    HeaderOnly,
    /// The second half is missing.
    Half,
    /// A web server's error page was stored under the recording's name.
    WebPage,
    /// Nothing arrived.
    Empty,
}

/// A recording to be made.
#[derive(Clone, Debug)]
pub(super) struct PlannedFile<'a> {
    /// Where, from the study's root.
    pub(super) path: PathBuf,
    pub(super) person: &'a Person,
    pub(super) encoding: Encoding,
    /// Ignored by Opus, which is always 48 kHz.
    pub(super) rate: SampleRate,
    pub(super) length: Seconds,
    pub(super) damage: Option<Damage>,
}

impl PlannedFile<'_> {
    /// The file's bytes; `rng` decides all that differs between two recordings of one person.
    pub(super) fn make(&self, rng: &mut ChaCha8Rng, comment: &str) -> Result<Vec<u8>, EncodeError> {
        let (person, rate) = (self.person, self.rate);
        let samples = synth::render(rng, &person.voice, person.severity, &person.scene, rate, self.length);
        let mut bytes = match self.encoding {
            Encoding::Wav => wav::encode_pcm16(&samples, rate)?,
            Encoding::Ogg => containers::ogg_opus(&samples, rng.random(), comment)?,
            Encoding::WebM => containers::webm_opus(&samples, rng.random(), comment)?,
            Encoding::Mp3 => containers::mp3(&samples, rate)?,
        };
        match self.damage {
            None => {}
            Some(Damage::HeaderOnly) => bytes.truncate(44),
            Some(Damage::Half) => bytes.truncate(bytes.len() / 2),
            Some(Damage::WebPage) => bytes = WEB_PAGE.as_bytes().to_vec(),
            Some(Damage::Empty) => bytes.clear(),
        }
        Ok(bytes)
    }
}

/// One dataset of the study: its files, and the people and rows behind them.
#[derive(Debug, Default)]
pub(super) struct Layout<'a> {
    pub(super) recordings: Vec<PlannedFile<'a>>,
    /// Tables and notices: path from the study's root, and content.
    pub(super) texts: Vec<(PathBuf, Vec<u8>)>,
    pub(super) people: usize,
    pub(super) rows_without_audio: usize,
}

impl Layout<'_> {
    /// Damages recordings in turn: each of `kinds` hits the next one that `eligible` accepts.
    pub(super) fn damage(&mut self, kinds: &[Damage], eligible: impl Fn(&PlannedFile<'_>) -> bool) {
        let targets = self.recordings.iter_mut().filter(|file| file.damage.is_none() && eligible(file));
        for (file, &kind) in targets.zip(kinds) {
            file.damage = Some(kind);
        }
    }
}

/// One of `choices`, each with the same chance.
pub(super) fn pick<T: Copy, const N: usize>(rng: &mut ChaCha8Rng, choices: [T; N]) -> T {
    choices[rng.random_range(0..N)]
}
