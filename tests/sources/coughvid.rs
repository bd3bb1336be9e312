//! COUGHVID in small, and the real sample where it is present.

use coughscope::data::sources::COUGHVID_NAMES_NOBODY;
use coughscope::data::{Label, Verdict};

use super::*;

/// The `n`-th uuid.
pub fn uuid(n: u32) -> String {
    format!("{n:08x}-0f06-4c27-8c7b-737b18a2cf4c")
}

#[test]
fn coughvid_is_filtered_and_labelled_in_both_versions() {
    for (heading, extra) in [
        (",uuid,datetime,cough_detected,latitude,longitude,age,gender,status,status_SSL", ""),
        ("uuid,datetime,cough_detected,SNR,latitude,longitude,age,gender,fever_muscle_pain,status", "inf"),
    ] {
        let row = |n: u32, detected: &str, status: &str| match extra {
            "" => format!("{n},{},2020-04-13T10:00:00+00:00,{detected},,,40.0,male,{status},healthy\n", uuid(n)),
            snr => format!("{},2020-04-13T10:00:00+00:00,{detected},{snr},,,40.0,male,FALSE,{status}\n", uuid(n)),
        };
        let rows = [
            row(1, "0.8", "healthy"),
            row(2, "0.95", "COVID-19"),
            row(3, "1", "symptomatic"),
            row(4, "0.7999", "healthy"),
            row(5, "0.9", ""),
            row(6, "", "healthy"),
            row(7, "0.9", "healthy"),
        ];
        let mut study = Study::new().file("metadata_compiled.csv", format!("{heading}\n{}", rows.concat()));
        for n in 1..=6 {
            study = study.sound(&format!("{}.wav", uuid(n)));
        }
        let scan = study.sound(&format!("{}.wav", uuid(8))).sound("example.wav").scan();
        let summary = scan.summary();
        assert_eq!((scan.kind, counts(&summary)), (SourceKind::Coughvid, (8, 1, 2, 0)), "{heading}");
        let expected = [
            ("cough score below 0.8", 1),
            ("cough score not stated", 1),
            ("in no table or sheet", 1),
            ("no audio file", 1),
            ("no status stated", 1),
        ];
        assert_eq!(reasons(&summary), expected, "{heading}");
        let one = clip(&scan, &format!("{}.wav", uuid(1)));
        assert_eq!((one.subject.age, one.subject.sex.as_deref()), (Some(40.0), Some("male")));
    }
}

#[test]
fn coughvid_has_one_sound_for_a_uuid() {
    let study = Study::new()
        .file("a/metadata_compiled.csv", format!("uuid,cough_detected,status\n{},1,healthy\n", uuid(1)))
        .sound(&format!("a/{}.wav", uuid(1)))
        .file(&format!("a/audio/{}.WEBM", uuid(1).to_uppercase()), "not WebM");
    let scan = study.scan();
    assert_eq!(counts(&scan.summary()), (1, 0, 0, 1), "the original is taken, readable or not");
    assert_eq!(scan.clips[0].path.extension().unwrap(), "WEBM");
    assert!(scan.notes.iter().any(|note| note.starts_with("Passed over: 1 file of")), "{:?}", scan.notes);
}

#[test]
fn coughvid_people_are_guessed_from_place_age_gender_and_time() {
    let recordings = [
        (1, "2020-05-13T18:00:00+00:00", "41.6,-4.8,41.0,female"),
        (2, "2020-05-13T18:14:59+00:00", "41.6,-4.8,41.0,female"),
        // Half an hour after the first, but within 15 minutes of the second.
        (3, "2020-05-13T18:29:59+00:00", "41.6,-4.8,41.0,female"),
        (4, "2020-05-13T18:45:00+00:00", "41.6,-4.8,41.0,female"),
        (5, "2020-05-13T18:00:00+00:00", "41.6,-4.8,41.0,male"),
        (6, "2020-05-13T18:00:00+00:00", "41.6,-4.8,,female"),
        (7, "2020-05-13T18:00:01+00:00", "41.6,-4.8,,female"),
        (8, "2020-05-13T20:05:00+02:00", "41.6,-4.8,41.0,female"),
    ];
    let mut table = "uuid,cough_detected,status,datetime,latitude,longitude,age,gender\n".to_owned();
    for (n, time, who) in recordings {
        table += &format!("{},1,healthy,{time},{who}\n", uuid(n));
    }
    let scan = Study::new().file("metadata_compiled.csv", table).scan();
    let person = |n: u32| format!("coughvid:{}", uuid(n));
    let people: Vec<_> = scan.clips.iter().map(|clip| clip.person.0.clone()).collect();
    assert_eq!(people, [person(1), person(1), person(1), person(4), person(5), person(6), person(7), person(1)]);
    assert!(scan.notes[0].contains("3 recordings were joined"), "{:?}", scan.notes);
}

/// Version 2 of the table, as its mirrors write it: `SNR` may be infinite, and yes is TRUE.
#[test]
fn coughvid_listeners_and_symptoms_are_kept_apart() {
    let heading = "uuid,cough_detected,SNR,respiratory_condition,fever_muscle_pain,datetime,status,quality_1,dyspnea_1,\
                   diagnosis_1,severity_1,quality_2,diagnosis_2,severity_2,quality_4,diagnosis_4,severity_4";
    let rows = [
        format!(
            "{},0.9,inf,TRUE,True,2020-04-13T10:00:00+00:00,healthy,good,True,COVID-19,mild,,,,no_cough,,",
            uuid(1)
        ),
        format!("{},1.0,20,FALSE,FALSE,,healthy,,,,,ok,healthy_cough,pseudocough,poor,,unknown", uuid(2)),
        format!("{},inf,20,,,,healthy,,,,,,,,,,", uuid(3)),
    ];
    let mut study = Study::new().file("deep/er/metadata_compiled.csv", format!("{heading}\n{}\n", rows.join("\n")));
    for n in 1..=3 {
        study = study.sound(&format!("deep/er/{}.wav", uuid(n)));
    }
    let scan = study.scan();
    assert_eq!(reasons(&scan.summary()), [("cough score not stated", 1)], "infinity is no score");
    let said = |diagnosis: &str, rating, severity: &str| Opinion {
        diagnosis: diagnosis.into(),
        rating: Some(rating),
        severity: severity.into(),
    };
    let [first, second, third] = scan.clips.as_slice() else { panic!("three: {scan:?}") };
    assert_eq!(first.opinions, [said("COVID-19", Rating::Good, "mild"), said("", Rating::NoCough, "")]);
    assert_eq!(
        second.opinions,
        [said("healthy_cough", Rating::Fair, "pseudocough"), said("", Rating::Poor, "unknown")]
    );
    assert_eq!(third.opinions, []);
    let symptoms: Vec<_> = scan.clips.iter().map(|clip| clip.subject.symptoms.as_str()).collect();
    assert_eq!(symptoms, ["respiratory condition; fever or muscle pain", "", ""], "dyspnea is what an expert heard");
    assert_eq!(first.subject.recorded, "2020-04-13T10:00:00+00:00");
}

#[test]
fn nobody_is_said_to_be_joined_where_nobody_is() {
    let table = format!("uuid,cough_detected,status\n{},0.9,healthy\n", uuid(1));
    let study = Study::new().file("metadata_compiled.csv", table).sound(&format!("{}.wav", uuid(1)));
    assert_eq!(study.scan().notes, [COUGHVID_NAMES_NOBODY]);
}

/// Whoever has two versions, or the WAV mirror beside the original, has most recordings twice.
#[test]
fn a_recording_of_two_copies_counts_in_the_first() {
    let table = |uuids: &[String]| {
        let rows: String = uuids.iter().map(|uuid| format!("{uuid},0.9,healthy\n")).collect();
        format!("uuid,cough_detected,status\n{rows}")
    };
    let study = Study::new()
        .file("v2/metadata_compiled.csv", table(&[uuid(1), uuid(2), uuid(3)]))
        .sound(&format!("v2/{}.webm", uuid(1)))
        .sound(&format!("v2/{}.webm", uuid(2)))
        .file("wav/metadata_compiled.csv", table(&[uuid(1), uuid(2), uuid(3)]))
        .sound(&format!("wav/{}.wav", uuid(2)))
        .sound(&format!("wav/{}.wav", uuid(3)));
    let scans = scan(&[study.path().to_owned()], &LabelPolicy::default()).unwrap().sources;
    let used = |scan: &SourceScan| scan.clips.iter().filter(|clip| clip.verdict.label().is_some()).count();
    assert_eq!(scans.iter().map(used).collect::<Vec<_>>(), [2, 1]);
    let repeat = clip(&scans[1], &format!("{}.wav", uuid(2)));
    assert_eq!(repeat.obstacle, Some(Obstacle::InCoughvid));
}

#[test]
fn the_sample_of_coughvid_is_counted_as_its_table_says() {
    let Some(path) = real("coughvid") else { return };
    let scans = scan(&[path], &LabelPolicy::default()).unwrap().sources;
    let summaries: Vec<_> = scans.iter().map(SourceScan::summary).collect();
    eprintln!("{}", serde_json::to_string(&summaries).unwrap());
    let [wav, v3] = summaries.as_slice() else { panic!("two folders: {summaries:?}") };
    assert_eq!((counts(wav), counts(v3)), ((17, 1, 0, 0), (17, 1, 0, 0)));
    assert_eq!(reasons(wav), [("no audio file", 16)]);
    assert_eq!(reasons(v3), [("cough score below 0.8", 2), ("no audio file", 14)]);
    // 0044cb7b and 7becf6fa: one place, one age and gender, three minutes apart.
    let people: BTreeSet<_> = scans[0].clips.iter().map(|clip| &clip.person).collect();
    assert_eq!(people.len(), 16);
    assert!(scans.iter().flat_map(|scan| &scan.clips).all(|clip| clip.verdict != Verdict::Use(Label::Sick)));
}
