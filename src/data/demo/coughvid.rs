//! The demo's people in COUGHVID's layout, version 3: one folder of uuids in three formats, a table of 52 columns.

use std::path::Path;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::DemoError;
use super::containers::OPUS_RATE_HZ;
use super::plan::{Damage, Encoding, Health, Layout, Person, PlannedFile, pick};
use super::synth::Sex;
use super::tables::{NOTICE, Row, csv_table, notice_file};
use crate::data::Label;
use crate::units::{SampleRate, Seconds};

/// The columns before the experts'; the first is the row number, which has no name.
const COLUMNS: &str = ",uuid,datetime,cough_detected,latitude,longitude,age,gender,respiratory_condition,\
    fever_muscle_pain,status,status_SSL";
/// The columns of one expert, to which the expert's number, 1 to 4, is added. Only the first filled any in here.
const EXPERT_COLUMNS: &str =
    "quality,cough_type,dyspnea,wheezing,stridor,choking,congestion,nothing,diagnosis,severity";
/// Follows the real columns, and says what the table is.
const NOTE: &str = "note";
/// The most recordings that one person sends.
const MOST_RECORDINGS: u32 = 3;

/// Lays `people` out under `coughvid/coughvid_20211012/`.
pub(super) fn lay_out<'a>(people: &'a [Person], rng: &mut ChaCha8Rng) -> Result<Layout<'a>, DemoError> {
    let rate = SampleRate::new(OPUS_RATE_HZ)?;
    let root = Path::new("coughvid/coughvid_20211012");
    let mut layout = Layout { people: people.len(), ..Layout::default() };
    let mut rows = Vec::new();
    let mut heard = Vec::new();
    for (index, person) in people.iter().enumerate() {
        let about = about(rng, person);
        // Without a place, an age and a sex nothing links two recordings: such a person sends one.
        let linked = about.contains_key("latitude");
        let count = if linked { rng.random_range(1..=MOST_RECORDINGS) } else { 1 };
        let evening_minute = rng.random_range(0..120);
        for take in 0..count {
            let mut row = about.clone();
            let detected = detected(rng, rows.len());
            let uuid = uuid(rng);
            row.insert("uuid", uuid.clone());
            row.insert("datetime", datetime(index, evening_minute + 2 * take));
            row.insert("cough_detected", format!("{detected:.4}"));
            rows.push(row);
            // Every 20th row has lost its file.
            if rows.len() % 20 == 0 {
                layout.rows_without_audio += 1;
                continue;
            }
            let encoding = encoding(rows.len());
            let path = root.join(uuid).with_extension(encoding.extension());
            if detected >= 0.8 && person.health != Health::Unsettled {
                heard.push(path.clone());
            }
            let length = Seconds(rng.random_range(1.4..3.0));
            layout.recordings.push(PlannedFile { path, person, encoding, rate, length, damage: None });
        }
    }
    layout.damage(&[Damage::Half, Damage::HeaderOnly], |file| {
        file.encoding == Encoding::WebM && heard.contains(&file.path)
    });
    layout.damage(&[Damage::WebPage], |file| file.encoding == Encoding::Wav && heard.contains(&file.path));
    layout.texts.push((root.join("metadata_compiled.csv"), table(rows)?));
    layout.texts.push((root.join("NOTICE.txt"), notice_file("COUGHVID, version 3")));
    Ok(layout)
}

/// `metadata_compiled.csv`: rows by uuid and numbered, as in the real one.
fn table(mut rows: Vec<Row>) -> Result<Vec<u8>, csv::Error> {
    rows.sort_by(|a, b| a.get("uuid").cmp(&b.get("uuid")));
    for (index, row) in rows.iter_mut().enumerate() {
        row.insert("", index.to_string());
        row.insert(NOTE, NOTICE.to_owned());
    }
    let experts = (1..=4).flat_map(|expert| EXPERT_COLUMNS.split(',').map(move |column| format!("{column}_{expert}")));
    let columns = COLUMNS.split(',').map(str::to_owned).chain(experts).chain(std::iter::once(NOTE.to_owned()));
    csv_table(columns, &rows)
}

/// What a person's recordings have in common: nothing for those who stated nothing.
fn about(rng: &mut ChaCha8Rng, person: &Person) -> Row {
    let mut row = Row::new();
    let Health::Known(label) = person.health else { return row };
    let status = match label {
        Label::Healthy => "healthy",
        Label::Sick => pick(rng, ["COVID-19", "symptomatic"]),
    };
    row.insert("status", status.to_owned());
    row.insert("status_SSL", status.to_owned());
    let answer = |yes: bool| if yes { "True" } else { "False" }.to_owned();
    row.insert("respiratory_condition", answer(rng.random_bool(0.15)));
    row.insert("fever_muscle_pain", answer(rng.random_bool(if label.is_positive() { 0.35 } else { 0.08 })));
    if rng.random_bool(0.85) {
        row.insert("latitude", format!("{:.1}", rng.random_range(-40.0..60.0)));
        row.insert("longitude", format!("{:.1}", rng.random_range(-120.0..140.0)));
        row.insert("age", format!("{:.1}", f64::from(person.age_years)));
        let sex = match person.sex {
            Sex::Female => "female",
            Sex::Male => "male",
        };
        row.insert("gender", sex.to_owned());
    }
    if rng.random_bool(0.15) {
        expert_opinion(rng, label, &mut row);
    }
    row
}

/// What the first expert heard; experts are often wrong, and so is this one.
fn expert_opinion(rng: &mut ChaCha8Rng, label: Label, row: &mut Row) {
    let sounds_sick = rng.random_bool(if label.is_positive() { 0.7 } else { 0.3 });
    let diagnosis = if sounds_sick {
        pick(rng, ["upper_infection", "lower_infection", "obstructive_disease", "COVID-19"])
    } else {
        "healthy_cough"
    };
    row.insert("quality_1", pick(rng, ["good", "ok", "poor"]).to_owned());
    row.insert("cough_type_1", if sounds_sick { "wet" } else { "dry" }.to_owned());
    row.insert("nothing_1", if sounds_sick { "False" } else { "True" }.to_owned());
    row.insert("diagnosis_1", diagnosis.to_owned());
    row.insert("severity_1", if sounds_sick { "mild" } else { "pseudocough" }.to_owned());
}

/// The format of a row: about as often as in the real dataset, but WAV and Ogg more evenly.
fn encoding(row: usize) -> Encoding {
    match row % 10 {
        1 => Encoding::Wav,
        4 | 7 => Encoding::Ogg,
        _ => Encoding::WebM,
    }
}

/// The cough detector's score; every twelfth recording falls below the usual 0.8.
fn detected(rng: &mut ChaCha8Rng, row: usize) -> f64 {
    if row % 12 == 11 { rng.random_range(0.02..0.79) } else { rng.random_range(0.81..0.9999) }
}

/// A moment in 2020, in the table's notation; people record on days apart.
fn datetime(person: usize, minute: u32) -> String {
    let (month, day) = (4 + (person / 28) % 9, 1 + person % 28);
    format!("2020-{month:02}-{day:02}T{:02}:{:02}:30.500000+00:00", 18 + minute / 60, minute % 60)
}

/// A random uuid (RFC 9562, version 4).
fn uuid(rng: &mut ChaCha8Rng) -> String {
    let bits = (rng.random::<u128>() & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}
