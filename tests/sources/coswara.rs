//! Coswara in small, and the real sample where it is present.

use std::collections::BTreeMap;

use coughscope::data::policy::CoughKind;

use super::*;

/// Ids of Coswara's shape: 28 letters and digits.
pub const ANNA: &str = "AnnaAnnaAnnaAnnaAnnaAnnaAnna";
const BERT: &str = "BertBertBertBertBertBertBert";
const CARL: &str = "CarlCarlCarlCarlCarlCarlCarl";

/// Where a person's heavy cough lies.
pub fn heavy(id: &str) -> String {
    format!("Extracted_data/20200413/{id}/cough-heavy.wav")
}

#[test]
fn coswara_is_read_by_its_table() {
    let table = format!(
        "g,covid_status,a,id\nfemale,healthy,31,{ANNA}\nmale,positive_mild,,{BERT}\nmale,recovered_full,200,{CARL}\n\
         male,healthy,50,nobody\nmale,on_holiday,5,odd\nmale,healthy,6,hollow\nfemale,healthy,1,{ANNA}\n"
    );
    let hollow = encode_pcm16(&[], SampleRate::new(44_100).unwrap()).unwrap();
    assert_eq!(hollow.len(), 44, "a WAV header and nothing else, as they occur in the dataset");
    let study = Study::new()
        .file("combined_data.csv", table)
        .sound(&heavy(ANNA))
        // A disk that ignores case gave this folder another spelling.
        .sound(&heavy(&BERT.to_lowercase()))
        .sound(&heavy(CARL))
        .sound(&heavy("odd"))
        .file(&heavy("hollow"), hollow)
        .sound(&heavy("stranger"))
        .file("Extracted_data/20200413/stranger/metadata.json", r#"{"covid_status": "positive_asymp", "a": 44}"#);
    let scan = study.scan();
    let summary = scan.summary();
    assert_eq!((scan.kind, counts(&summary)), (SourceKind::Coswara, (7, 1, 2, 1)));
    let expected = [
        ("no audio file", 1),
        ("recovered_full: recovered; neither sick nor clearly healthy", 1),
        ("unknown status \"on_holiday\"", 1),
    ];
    assert_eq!(reasons(&summary), expected);
    assert_eq!(scan.notes.len(), 2, "one row repeats an id, one person is in no row: {:?}", scan.notes);

    let anna = clip(&scan, &heavy(ANNA));
    assert_eq!(anna.person.0, format!("coswara:{ANNA}"));
    assert_eq!((anna.subject.age, anna.subject.sex.as_deref()), (Some(31.0), Some("female")));
    let sound = anna.sound.as_ref().unwrap();
    assert_eq!((sound.rate.hz(), sound.channels), (16_000, 1));
    assert!((sound.duration.0 - 0.1).abs() < 1e-9);
    assert_eq!(clip(&scan, &heavy(&BERT.to_lowercase())).person.0, format!("coswara:{BERT}"));
    assert_eq!(clip(&scan, &heavy(CARL)).subject.age, None, "nobody is 200");
    assert_eq!(clip(&scan, &heavy("stranger")).subject.age, Some(44.0));
    let reason = &summary.unreadable[0].reason;
    assert!(!reason.is_empty() && !reason.contains("hollow"), "the path stands beside the reason: {reason}");
}

#[test]
fn coswara_sounds_are_chosen_by_the_policy() {
    let study = Study::new()
        .file("combined_data.csv", format!("id,covid_status\n{ANNA},healthy\n{BERT},positive_mild\n"))
        .sound(&heavy(ANNA))
        .sound(&heavy(ANNA).replace("heavy", "shallow"))
        .sound(&heavy(BERT).replace("heavy", "shallow"));
    for (coswara_cough, expected) in
        [(CoughKind::Heavy, (2, 1, 0, 0)), (CoughKind::Shallow, (2, 1, 1, 0)), (CoughKind::Both, (4, 2, 1, 0))]
    {
        let policy = LabelPolicy { coswara_cough, ..LabelPolicy::default() };
        assert_eq!(counts(&study.scan_with(&policy).summary()), expected, "{coswara_cough:?}");
    }
}

#[test]
fn coswara_without_its_table_is_read_by_the_sheets() {
    let sheet = |id: &str| heavy(id).replace("cough-heavy.wav", "metadata.json");
    let study = Study::new()
        .sound(&heavy(ANNA))
        .file(&sheet(ANNA), r#"{"covid_status": " healthy ", "a": 25, "g": "Female", "iF": true, "x": null}"#)
        .sound(&heavy(BERT))
        .file(&sheet(BERT), "{\"covid_status\": \"heal")
        .sound(&heavy(CARL))
        .file(&sheet(CARL), "[".repeat(100_000))
        .sound(&heavy("d"))
        .file(&sheet("e"), r#"{"covid_status": "healthy"}"#);
    let scan = study.scan();
    let summary = scan.summary();
    assert_eq!(counts(&summary), (5, 1, 0, 0));
    assert_eq!(reasons(&summary), [("damaged metadata.json", 2), ("no audio file", 1), ("no status stated", 1)]);
    assert_eq!(clip(&scan, &heavy(ANNA)).subject.sex.as_deref(), Some("female"));
    assert!(scan.notes[0].contains("combined_data.csv is missing"), "{:?}", scan.notes);
}

#[test]
fn coswara_that_is_still_packed_says_so() {
    let study = Study::new()
        .file("combined_data.csv", format!("id,covid_status\n{ANNA},healthy\n"))
        .file("20200413/20200413.tar.gz.aa", "x")
        .file("20200413/20200413.tar.gz.ab", "x")
        .file("20200415/20200415.tar.gz.aa", "x");
    let scan = study.scan();
    assert_eq!(reasons(&scan.summary()), [("no audio file", 1)]);
    assert!(scan.notes.iter().any(|note| note.contains("packed in 2 archives")), "{:?}", scan.notes);
}

#[test]
fn the_sample_of_coswara_is_counted_as_its_table_says() {
    let Some(path) = real("coswara") else { return };
    let scans = scan(&[path], &LabelPolicy::default(), &|_| ControlFlow::Continue(())).unwrap().sources;
    let [scan] = scans.as_slice() else { panic!("one dataset: {scans:?}") };
    assert_eq!(scan.clips.len(), 2746);
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    for clip in &scan.clips {
        *statuses.entry(clip.status.as_str()).or_default() += 1;
    }
    let expected = [
        ("healthy", 1433),
        ("no_resp_illness_exposed", 248),
        ("positive_asymp", 90),
        ("positive_mild", 426),
        ("positive_moderate", 165),
        ("recovered_full", 146),
        ("resp_illness_not_identified", 157),
        ("under_validation", 81),
    ];
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), expected);
    let summary = scan.summary();
    eprintln!("{}", serde_json::to_string(&summary).unwrap());
    // 15 people have a heavy cough here: 10 healthy, 2 exposed and 3 ill with something else; two of the files, one
    // healthy and one of the others, are headers without samples.
    assert_eq!(counts(&summary), (2746, 9, 0, 2));
    assert_eq!(summary.excluded["no audio file"], 2731);
    assert_eq!(summary.excluded.values().sum::<usize>(), 2731 + 4);
}
