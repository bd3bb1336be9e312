//! The first version of COUGHVID, which has no table: each recording has a sheet beside it.

use super::coughvid::uuid;
use super::*;

/// A sheet as the dataset has it: every value is a text, and what is not known is absent.
fn sheet(status: &str, detected: &str) -> String {
    format!(
        r#"{{"datetime": "2020-04-13T21:30:59.801831+00:00", "cough_detected": "{detected}", "age": "41", "gender": "male",
        "latitude": "31.3", "longitude": "34.8", "respiratory_condition": "False", "fever_muscle_pain": "True",
        "status": "{status}", "expert_labels_2": {{"quality": "ok", "cough_type": "dry", "dyspnea": "True",
        "diagnosis": "lower_infection", "severity": "mild"}}}}"#
    )
}

fn with_sheet(study: Study, n: u32, text: &str) -> Study {
    study.file(&format!("public_dataset/{}.json", uuid(n)), text)
}

fn with_sound(study: Study, n: u32) -> Study {
    study.sound(&format!("public_dataset/{}.wav", uuid(n)))
}

#[test]
fn the_first_version_is_labelled_by_its_sheets() {
    let mut study = Study::new();
    for (n, text) in [
        (1, sheet("healthy", "0.96")),
        (2, sheet("COVID-19", "0.9")),
        (3, sheet("healthy", "0.3")),
        (4, r#"{"cough_detected": "0.9"}"#.to_owned()),
        (5, "{\"cough_detected".to_owned()),
        (6, sheet("healthy", "0.9")),
    ] {
        study = with_sheet(study, n, &text);
    }
    for n in [1, 2, 3, 4, 5, 7] {
        study = with_sound(study, n);
    }
    let scan = study.file(&format!("public_dataset/{}.ogg", uuid(1)), "x").sound("public_dataset/example.wav").scan();
    assert_eq!(scan.kind, SourceKind::Coughvid);
    assert!(scan.root.ends_with("public_dataset"), "{:?}", scan.root);
    assert_eq!(counts(&scan.summary()), (7, 0, 1, 1), "the .ogg is read in place of the .wav, and holds nothing");
    let expected = [
        ("cough score below 0.8", 1),
        ("in no table or sheet", 1),
        ("its sheet (.json) is damaged", 1),
        ("no audio file", 1),
        ("no status stated", 1),
    ];
    assert_eq!(reasons(&scan.summary()), expected);
    let two = clip(&scan, &format!("{}.wav", uuid(2)));
    assert_eq!((two.subject.age, two.subject.symptoms.as_str()), (Some(41.0), "fever or muscle pain"));
    assert_eq!(two.subject.recorded, "2020-04-13T21:30:59.801831+00:00");
    let heard = Opinion { diagnosis: "lower_infection".into(), rating: Some(Rating::Fair), severity: "mild".into() };
    assert_eq!(two.opinions, [heard]);
    assert_eq!(two.person.0, format!("coughvid:{}", uuid(1)), "one place, age, gender and time");
    for part in ["There is no table", "Passed over: 1 file of", "without a label: 1 sound file."] {
        assert!(scan.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", scan.notes);
    }
}

/// The mirror of WAV files has sheets and a table: the table counts.
#[test]
fn a_table_comes_before_the_sheets() {
    let study = with_sound(with_sheet(Study::new(), 1, &sheet("COVID-19", "0.9")), 1);
    assert_eq!(counts(&study.scan().summary()), (1, 0, 1, 0));
    let table = format!("uuid,cough_detected,status\n{},0.9,healthy\n", uuid(1).to_uppercase());
    let study = study.file("public_dataset/metadata_compiled.csv", table);
    assert_eq!(counts(&study.scan().summary()), (1, 1, 0, 0));
}

#[test]
fn other_pairs_of_sound_and_json_are_not_coughvid() {
    let foreign = with_sound(with_sheet(Study::new(), 1, r#"{"label": "healthy"}"#), 1);
    assert!(matches!(foreign.error(), ScanError::Unrecognised { .. }));
    let only_sheets = with_sheet(Study::new(), 1, &sheet("healthy", "0.9"));
    assert!(matches!(only_sheets.error(), ScanError::Unrecognised { .. }));
}
