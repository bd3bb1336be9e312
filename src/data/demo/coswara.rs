//! The demo's people in Coswara's layout: a folder for each, two coughs, a table of 36 columns.

use std::path::{Path, PathBuf};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::DemoError;
use super::plan::{Damage, Encoding, Health, Layout, Person, PlannedFile, pick};
use super::synth::Sex;
use super::tables::{Row, csv_table, notice_file};
use crate::data::Label;
use crate::units::{SampleRate, Seconds};

/// Coswara's `combined_data.csv` of 2022, in its order.
const COLUMNS: &str = "id,a,covid_status,record_date,ep,g,l_c,l_l,l_s,rU,smoker,cold,ht,diabetes,cough,ctDate,ctScan,\
    ctScore,diarrhoea,fever,loss_of_smell,mp,testType,test_date,test_status,um,vacc,bd,others_resp,ftg,st,ihd,asthma,\
    others_preexist,cld,pneumonia";
/// Symptoms that a person may report.
const SYMPTOMS: [&str; 8] = ["cold", "cough", "diarrhoea", "fever", "loss_of_smell", "mp", "ftg", "st"];
/// Days on which recordings were released together.
const DATES: [&str; 6] = ["2020-04-13", "2020-06-04", "2020-09-30", "2021-04-26", "2021-08-30", "2022-02-24"];
/// Rates that Coswara's browsers recorded with.
const RATES_HZ: [u32; 3] = [16_000, 44_100, 48_000];
/// Statuses that the default label policy leaves out.
const UNSETTLED: [&str; 4] =
    ["under_validation", "recovered_full", "no_resp_illness_exposed", "resp_illness_not_identified"];
/// One person in this many has a row but no recording.
const SILENT_EVERY: usize = 12;

/// Lays `people` out under `coswara/`.
pub(super) fn lay_out<'a>(people: &'a [Person], rng: &mut ChaCha8Rng) -> Result<Layout<'a>, DemoError> {
    let root = Path::new("coswara");
    let mut layout = Layout { people: people.len(), ..Layout::default() };
    let mut rows = Vec::with_capacity(people.len());
    for (index, person) in people.iter().enumerate() {
        let row = row(rng, index, person);
        let folder = folder_of(root, &row);
        layout.texts.push((folder.join("metadata.json"), metadata_json(&row)?));
        rows.push(row);
        if index % SILENT_EVERY == SILENT_EVERY - 1 {
            layout.rows_without_audio += 1;
            continue;
        }
        let rate = SampleRate::new(pick(rng, RATES_HZ))?;
        for (name, seconds) in [("cough-heavy", 1.6..3.0), ("cough-shallow", 1.2..2.4)] {
            let path = folder.join(name).with_extension(Encoding::Wav.extension());
            let length = Seconds(rng.random_range(seconds));
            layout.recordings.push(PlannedFile { path, person, encoding: Encoding::Wav, rate, length, damage: None });
        }
    }
    layout.damage(&[Damage::HeaderOnly, Damage::WebPage, Damage::HeaderOnly], |file| {
        file.person.health != Health::Unsettled && file.path.ends_with("cough-heavy.wav")
    });
    layout.texts.push((root.join("combined_data.csv"), csv_table(COLUMNS.split(','), &rows)?));
    layout.texts.push((root.join("NOTICE.txt"), notice_file("Coswara")));
    Ok(layout)
}

/// `Extracted_data/<date>/<id>`.
fn folder_of(root: &Path, row: &Row) -> PathBuf {
    let value = |column| row.get(column).map_or("", String::as_str);
    root.join("Extracted_data").join(value("record_date").replace('-', "")).join(value("id"))
}

/// A person's row of the table.
fn row(rng: &mut ChaCha8Rng, index: usize, person: &Person) -> Row {
    let status = match person.health {
        Health::Known(Label::Healthy) => "healthy",
        // In the proportions of the real table.
        Health::Known(Label::Sick) => match rng.random_range(0..100) {
            0..62 => "positive_mild",
            62..86 => "positive_moderate",
            _ => "positive_asymp",
        },
        Health::Unsettled => UNSETTLED[index % UNSETTLED.len()],
    };
    let sex = match person.sex {
        Sex::Female => "female",
        Sex::Male => "male",
    };
    let mut row = Row::from([
        ("id", id(rng)),
        ("a", person.age_years.to_string()),
        ("covid_status", status.to_owned()),
        ("record_date", pick(rng, DATES).to_owned()),
        ("ep", "y".to_owned()),
        ("g", sex.to_owned()),
        // The table has no column for remarks; where the person lives is the one place that says it all.
        ("l_c", "Synthetic".to_owned()),
        ("l_s", "made by a program".to_owned()),
        ("l_l", "proves nothing about any disease".to_owned()),
        ("rU", "n".to_owned()),
    ]);
    // The real column mixes these two spellings.
    if rng.random_bool(0.2) {
        row.insert("smoker", if rng.random() { "True" } else { "y" }.to_owned());
    }
    let chance = if person.health == Health::Known(Label::Healthy) { 0.06 } else { 0.25 };
    for symptom in SYMPTOMS {
        if rng.random_bool(chance) {
            row.insert(symptom, "True".to_owned());
        }
    }
    row
}

/// 28 letters and digits, as Firebase makes them.
fn id(rng: &mut ChaCha8Rng) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..28).map(|_| char::from(pick(rng, *ALPHABET))).collect()
}

/// The person's row as Coswara's `metadata.json`: numbers and truth values as such, what is not reported left out.
fn metadata_json(row: &Row) -> Result<Vec<u8>, serde_json::Error> {
    let mut object: serde_json::Map<String, serde_json::Value> = row
        .iter()
        .filter(|(column, _)| **column != "record_date")
        .map(|(column, text)| {
            let value = match text.as_str() {
                "True" => true.into(),
                number if *column == "a" => number.parse::<u32>().unwrap_or_default().into(),
                text => text.into(),
            };
            ((*column).to_owned(), value)
        })
        .collect();
    object.insert("dT".to_owned(), "web".into());
    object.insert("iF".to_owned(), true.into());
    serde_json::to_vec_pretty(&object)
}
