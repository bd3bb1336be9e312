//! Virufy's CDF of COUGHVID in small.

use super::coughvid::uuid;
use super::*;

/// Rows of `(n, pcr_test_result, pcr_test_result_inferred, covid_symptoms)`.
fn table(column: &str, rows: &[(u32, &str, &str, &str)]) -> String {
    let heading = format!(
        ",source,patient_id,cough_detected,{column},age,biological_sex,submission_date,respiratory_condition,\
         pcr_test_result,pcr_test_result_inferred,covid_symptoms\n"
    );
    let row = |(n, result, inferred, symptoms): &(u32, &str, &str, &str)| {
        let sound = format!("virufy-cdf-coughvid/{}.wav", uuid(*n));
        format!("{n},coughvid,P{n},0.9,{sound},40.0,NaN,2020-04-13,True,{result},{inferred},{symptoms}\n")
    };
    heading + &rows.iter().map(row).collect::<String>()
}

const ROWS: [(u32, &str, &str, &str); 8] = [
    (1, "positive", "positive", "True"),
    (2, "negative", "negative", "False"),
    (3, "positive", "positive", "False"),
    (4, "negative", "negative", "True"),
    (5, "untested", "negative", ""),
    (6, "pending", "", "True"),
    (7, "negative", "negative", ""),
    (8, "negative", "negative", "False"),
];

fn cdf() -> Study {
    let mut study = Study::new().file("cdf/virufy-cdf-coughvid.csv", table("cough_path", &ROWS));
    for n in 1..=7 {
        study = study.sound(&format!("cdf/virufy-cdf-coughvid/{}.wav", uuid(n)));
    }
    study.sound(&format!("cdf/virufy-cdf-coughvid/{}.wav", uuid(9)))
}

#[test]
fn only_measured_results_with_fitting_symptoms_count() {
    let scan = cdf().scan();
    assert_eq!((scan.kind, counts(&scan.summary())), (SourceKind::VirufyCdf, (9, 1, 1, 0)));
    let expected = [
        ("in no table or sheet", 1),
        ("negative, symptomatic: ill with something else", 1),
        ("negative: tested negative; symptoms are not stated", 1),
        ("no audio file", 1),
        ("pending: the test result was still open", 1),
        ("positive, no symptoms: tested positive, and states no symptoms", 1),
        ("the test result was inferred, not measured", 1),
    ];
    assert_eq!(reasons(&scan.summary()), expected);
    let one = clip(&scan, &format!("{}.wav", uuid(1)));
    assert_eq!((one.person.0.as_str(), one.status.as_str()), ("virufy-cdf:P1", "positive, symptomatic"));
    assert_eq!(one.subject.symptoms, "respiratory condition; symptoms of COVID-19");
    assert_eq!((one.subject.age, &one.subject.sex), (Some(40.0), &None));
    assert_eq!((one.subject.recorded.as_str(), one.cough_detected), ("2020-04-13", Some(0.9)));
}

#[test]
fn the_other_name_of_the_path_and_another_folder_are_found() {
    let study = Study::new()
        .file("a.csv", table("audio_path", &ROWS[..2]).replace("virufy-cdf-coughvid/", "virufy-cdf-coughvid\\"))
        .sound(&format!("virufy-cdf-coughvid/{}.wav", uuid(1)))
        .sound(&format!("elsewhere/{}.OGG", uuid(2).to_uppercase()));
    assert_eq!(counts(&study.scan().summary()), (2, 1, 1, 0));
}

/// One sound under two names would be learned from and tested on.
#[test]
fn what_coughvid_has_too_counts_once() {
    let table = format!("uuid,cough_detected,status\n{},0.9,COVID-19\n{},0.9,healthy\n", uuid(1), uuid(2));
    let study = cdf()
        .file("coughvid/metadata_compiled.csv", table)
        .sound(&format!("coughvid/{}.wav", uuid(1)))
        .sound("other/healthy/a.wav")
        .sound("other/sick/a.wav");
    let scans = scan(&[study.path().to_owned()], &LabelPolicy::default()).unwrap().sources;
    let cdf = scans.iter().find(|scan| scan.kind == SourceKind::VirufyCdf).unwrap();
    assert_eq!(clip(cdf, &format!("{}.wav", uuid(1))).obstacle, Some(Obstacle::InCoughvid));
    assert_eq!(clip(cdf, &format!("{}.wav", uuid(2))).obstacle, None, "COUGHVID has no sound of it here");
    assert_eq!(counts(&cdf.summary()), (9, 1, 0, 0));
}
