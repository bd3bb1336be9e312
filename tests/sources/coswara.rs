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
    let sound = anna.facts().unwrap();
    assert_eq!((sound.rate.hz(), sound.channels), (16_000, 1));
    assert!((sound.duration.0 - 0.5).abs() < 1e-9);
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
    assert_eq!(reasons(&summary), [("its sheet (.json) is damaged", 2), ("no audio file", 1), ("no status stated", 1)]);
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
    assert!(
        scan.notes
            .iter()
            .any(|note| note.contains("packed in 2 archives") && note.ends_with("let coughscope unpack them.")),
        "{:?}",
        scan.notes
    );
}

#[test]
fn coswara_that_was_unpacked_in_part_says_so() {
    let study = Study::new()
        .file("combined_data.csv", format!("id,covid_status\n{ANNA},healthy\n"))
        .file("20200413/20200413.tar.gz.aa", "x")
        .file("20200415/20200415.tar.gz.aa", "x")
        .sound(&heavy(ANNA));
    let scan = study.scan();
    assert!(scan.notes[0].starts_with("A part of the sound is still packed in 1 archive ("), "{:?}", scan.notes);
    let complete = study.file(&format!("Extracted_data/20200415/{BERT}/cough-heavy.wav"), "x").scan();
    assert!(!complete.notes.iter().any(|note| note.contains("packed")), "{:?}", complete.notes);
}

/// Where to look for a sound that is not there: beside the person's other one, on the day whose table names the person, or
/// on a day that nobody knows.
#[test]
fn coswara_says_where_a_missing_sound_would_be() {
    let study = Study::new()
        .file("combined_data.csv", format!("id,covid_status\n{ANNA},healthy\n{BERT},healthy\n{CARL},healthy\n"))
        .file("20200415/20200415.csv", format!("id,covid_status\n{ANNA},healthy\n{BERT},healthy\n"))
        .sound(&heavy(ANNA).replace("heavy", "shallow"));
    let missing = study.scan().summary().without_audio;
    let expected = [
        heavy(ANNA),
        heavy(BERT).replace("20200413", "20200415"),
        format!("Extracted_data/(unknown day)/{CARL}/cough-heavy.wav"),
    ];
    assert_eq!(missing, expected.map(|path| study.path().join(path)));
}

#[test]
fn a_day_that_was_unpacked_in_part_is_named() {
    let study = Study::new()
        .file("combined_data.csv", format!("id,covid_status\n{ANNA},healthy\n{BERT},healthy\n{CARL},healthy\n"))
        .file("20200413/20200413.csv", format!("id\n{ANNA}\n{BERT}\n"))
        .file("20200413/20200413.tar.gz.aa", "x")
        .file("20200415/20200415.csv", format!("id\n{CARL}\n"))
        .sound(&heavy(ANNA))
        .sound(&heavy(CARL).replace("20200413", "20200415"));
    let notes = study.scan().notes;
    assert!(
        notes.iter().any(|note| note
            .starts_with("Perhaps unpacked in part: 20200413; people in the tables without a folder there: 1.")),
        "{notes:?}"
    );
    let whole = study.sound(&heavy(&BERT.to_lowercase())).scan().notes;
    assert!(!whole.iter().any(|note| note.contains("unpacked in part")), "{whole:?}");
}

#[test]
fn a_clone_that_has_only_archives_is_known() {
    let scan = Study::new().file("clone/20200413/20200413.tar.gz.aa", "x").scan();
    assert_eq!((scan.kind, scan.clips.len()), (SourceKind::Coswara, 0));
    assert!(scan.root.ends_with("clone"), "{:?}", scan.root);
    assert!(scan.notes.iter().any(|note| note.contains("let coughscope unpack them")), "{:?}", scan.notes);
}

/// A combined table of another age: other columns, other order, another separator.
#[test]
fn coswara_states_symptoms_and_dates() {
    let table = format!(
        "cough;record_date;smoker;id;covid_status;a;cold;ht;fever;test_status\r\n\
         True;2021-05-01;y;{ANNA};positive_mild;30;TRUE;;False;p\r\n;2020-04-13;n;{BERT};healthy;;;;;\r\n"
    );
    let scan = Study::new().file("combined_data.csv", table).sound(&heavy(ANNA)).sound(&heavy(BERT)).scan();
    let subject = |id| &clip(&scan, &heavy(id)).subject;
    assert_eq!(subject(ANNA).symptoms, "cold; cough; smoker");
    assert_eq!((subject(ANNA).recorded.as_str(), subject(BERT).recorded.as_str()), ("2021-05-01", "2020-04-13"));
    assert_eq!(subject(BERT).symptoms, "");
}

#[test]
fn coswara_without_its_table_is_read_by_the_tables_of_the_days() {
    let sheet = format!("extracted_data/20200415/{CARL}/metadata.json");
    let study = Study::new()
        .file("20200413/20200413.csv", format!("id,a,covid_status\n{ANNA},30,healthy\n"))
        .file("20200415/20200415.csv", format!("covid_status,fever,id\npositive_mild,True,{BERT}\nhealthy,,{ANNA}\n"))
        .file("20200416/20200416.csv", "nothing,of,use\n")
        .sound(&format!("extracted_data/20200413/{ANNA}/cough-heavy.wav"))
        .sound(&format!("extracted_data/20200415/{BERT}/cough-heavy.wav"))
        .sound(&format!("extracted_data/20200415/{CARL}/cough-heavy.wav"))
        .file(&sheet, r#"{"covid_status": "positive_asymp", "mp": true, "record_date": "2020-04-15"}"#);
    let scan = study.scan();
    assert_eq!(counts(&scan.summary()), (3, 1, 2, 0));
    let [anna, bert, carl] = [ANNA, BERT, CARL].map(|id| {
        let person = format!("coswara:{id}");
        scan.clips.iter().find(|clip| clip.person.0 == person).unwrap()
    });
    assert_eq!((anna.status.as_str(), anna.subject.age), ("healthy", Some(30.0)));
    assert_eq!((bert.status.as_str(), bert.subject.symptoms.as_str()), ("positive_mild", "fever"));
    assert_eq!((carl.subject.symptoms.as_str(), carl.subject.recorded.as_str()), ("muscle pain", "2020-04-15"));
    for part in ["tables of 2 days", "no table has the person: 1 folder.", "Not read: 1 row of", "20200416.csv"] {
        assert!(scan.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", scan.notes);
    }
}

#[test]
fn the_kaggle_mirror_of_coswara_is_known() {
    let study = Study::new()
        .file("csvs/20200413.csv", format!("id,covid_status\n{ANNA},healthy\n"))
        .file("csvs/20200415.csv", format!("id,covid_status\n{BERT},positive_moderate\n"))
        .sound(&format!("coswara_data/kaggle_data/{ANNA}/cough-heavy.wav"))
        .sound(&format!("coswara_data/kaggle_data/{BERT}/cough-heavy.wav"));
    let scan = study.scan();
    assert_eq!((scan.kind, counts(&scan.summary())), (SourceKind::Coswara, (2, 1, 1, 0)));
    assert_eq!(scan.root, study.path());
    let without_tables = Study::new()
        .sound(&format!("kaggle_data/{ANNA}/cough-heavy.wav"))
        .file(&format!("kaggle_data/{BERT}/metadata.json"), r#"{"covid_status": "healthy"}"#);
    assert_eq!(counts(&without_tables.scan().summary()), (2, 0, 0, 0));
}

#[test]
fn ratings_of_listeners_belong_to_the_clip_of_their_form() {
    let study = Study::new()
        .file("combined_data.csv", format!("id,covid_status\n{ANNA},healthy\n{BERT},healthy\n{CARL},healthy\n"))
        .file(
            "annotations/cough-heavy_labels.csv",
            format!(
                "FILENAME, QUALITY\r\n{ANNA}_cough-heavy,2\r\n{}_cough-heavy.wav,0\r\n{CARL}_cough-heavy,?\r\n",
                BERT.to_uppercase()
            ),
        )
        .file("annotations/cough-shallow_labels.csv", format!(" FILENAME, QUALITY\r\n{ANNA}_cough-shallow,1\r\n"))
        .file("annotations/vowel-a_labels.csv", format!("FILENAME, QUALITY\r\n{CARL}_vowel-a,2\r\n"));
    let both = LabelPolicy { coswara_cough: CoughKind::Both, ..LabelPolicy::default() };
    let scan = study.scan_with(&both);
    let ratings: Vec<_> =
        scan.clips.iter().map(|clip| (clip.form, clip.opinions.first().and_then(|o| o.rating))).collect();
    let expected = [
        (Form::Heavy, Some(Rating::Excellent)),
        (Form::Shallow, Some(Rating::Good)),
        (Form::Heavy, Some(Rating::Poor)),
        (Form::Shallow, None),
        (Form::Heavy, None),
        (Form::Shallow, None),
    ];
    assert_eq!(ratings, expected);
}

#[test]
fn the_sample_of_coswara_is_counted_as_its_table_says() {
    let Some(path) = real("coswara") else { return };
    let scans = scan(&[path], &LabelPolicy::default()).unwrap().sources;
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
    // The rows of cough-heavy_labels.csv, counted with `tr -d '\r ' | cut -d, -f2 | sort | uniq -c`.
    let rated =
        |rating| scan.clips.iter().filter(|clip| clip.opinions.iter().any(|o| o.rating == Some(rating))).count();
    assert_eq!([Rating::Poor, Rating::Good, Rating::Excellent].map(rated), [210, 216, 2320]);
    // `mp` is "True" in 325 rows.
    assert_eq!(scan.clips.iter().filter(|clip| clip.subject.symptoms.contains("muscle pain")).count(), 325);
    assert!(scan.clips.iter().all(|clip| clip.subject.recorded.starts_with("202")));
}
