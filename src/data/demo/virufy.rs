//! The demo's people in Virufy's clinical layout: `labels.csv` and segments as MP3, by test result.

use std::path::Path;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::DemoError;
use super::plan::{Damage, Encoding, Health, Layout, Person, PlannedFile, pick};
use super::synth::Sex;
use super::tables::{NOTICE, Row, csv_table, notice_file};
use crate::data::Label;
use crate::units::{SampleRate, Seconds};

/// The real table's columns, and one that says what it is.
const COLUMNS: &str =
    "date,corona_test,age,gender,medical_history,smoker,patient_reported_symptoms,cough_filename,note";
/// Symptoms that patients report, in the table's spelling: lists end in a comma.
const SYMPTOMS: [&str; 4] = ["Sore throat,", "Shortness of breath,", "New or worsening cough,", "Fever or chills,"];
/// The rate of the real segments.
const RATE_HZ: u32 = 48_000;
/// One patient in this many has a row but no segment.
const SILENT_EVERY: usize = 10;

/// A patient's number has three digits.
pub(super) const MOST_PEOPLE: usize = 999;

/// Lays `people` out under `virufy/clinical/`. At most [`MOST_PEOPLE`].
pub(super) fn lay_out<'a>(people: &'a [Person], rng: &mut ChaCha8Rng) -> Result<Layout<'a>, DemoError> {
    let rate = SampleRate::new(RATE_HZ)?;
    let root = Path::new("virufy/clinical");
    let mut layout = Layout { people: people.len(), ..Layout::default() };
    let mut rows = Vec::with_capacity(people.len());
    for (index, person) in people.iter().enumerate() {
        let sick = person.health == Health::Known(Label::Sick);
        let (result, short) = if sick { ("positive", "pos") } else { ("negative", "neg") };
        let (sex, letter) = match person.sex {
            Sex::Female => ("female", 'f'),
            Sex::Male => ("male", 'm'),
        };
        let day = 21 + index % 9;
        let stem = format!("{short}-04{day}-{:03}-cough-{letter}-{}", index + 1, person.age_years);
        let symptom = if rng.random_bool(if sick { 0.6 } else { 0.3 }) { pick(rng, SYMPTOMS) } else { "none," };
        rows.push(Row::from([
            ("date", format!("4/{day}")),
            ("corona_test", result.to_owned()),
            ("age", person.age_years.to_string()),
            ("gender", sex.to_owned()),
            (
                "medical_history",
                if rng.random_bool(0.2) { "Asthma or chronic lung disease," } else { "none," }.to_owned(),
            ),
            ("smoker", if rng.random_bool(0.25) { "yes" } else { "no" }.to_owned()),
            ("patient_reported_symptoms", symptom.to_owned()),
            ("cough_filename", format!("{stem}.mp3")),
            ("note", NOTICE.to_owned()),
        ]));
        if index % SILENT_EVERY == SILENT_EVERY - 1 {
            layout.rows_without_audio += 1;
            continue;
        }
        for segment in 0..rng.random_range(2..=4) {
            layout.recordings.push(PlannedFile {
                path: root.join("segmented").join(short).join(format!("{stem}-{segment}.mp3")),
                person,
                encoding: Encoding::Mp3,
                rate,
                length: Seconds(rng.random_range(1.0..2.2)),
                damage: None,
            });
        }
    }
    layout.damage(&[Damage::Empty], |_| true);
    layout.texts.push((root.join("labels.csv"), csv_table(COLUMNS.split(','), &rows)?));
    layout.texts.push((root.join("NOTICE.txt"), notice_file("Virufy clinical")));
    Ok(layout)
}
