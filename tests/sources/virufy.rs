//! Virufy in small. Its licence forbids keeping real recordings of it here.

use coughscope::data::policy::VirufyForm;

use super::*;

const VIRUFY_TABLE: &str = "date,corona_test,age,gender,medical_history,smoker,patient_reported_symptoms,cough_filename\n\
    4/16/2020,negative,53,male,\"none,\",no,\"none,\",neg-0421-083-cough-m-53.mp3\n\
    4/17/2020,positive,50,male,\"Asthma,Congestive heart failure,\",no,\"Fever, chills, or sweating,Sore throat,\",pos-0421-084-cough-m-50.mp3\n\
    4/17/2020,positive,43,female,,no,,pos-0421-085-cough-f-43.mp3\n";

/// Three files of two people, all "MP3" by name only: what counts here is which files are wanted, and as what.
pub fn virufy() -> Study {
    Study::new()
        .file("clinical/labels.csv", VIRUFY_TABLE)
        .file("clinical/original/neg/neg-0421-083-cough-m-53.mp3", "")
        .file("clinical/segmented/neg/neg-0421-083-cough-m-53-0.mp3", "")
        .file("clinical/segmented/neg/neg-0421-083-cough-m-53-1.mp3", "")
        .file("clinical/segmented/pos/pos-0421-084-cough-m-50-0.mp3", "")
}

/// `(file name, person, status)` of every clip with a file, and what is read of it.
fn virufy_clips(scan: &SourceScan) -> Vec<(String, &str, &str)> {
    let name = |clip: &Clip| clip.path.file_stem().unwrap().to_string_lossy().into_owned();
    scan.clips.iter().map(|clip| (name(clip), clip.person.0.as_str(), clip.status.as_str())).collect()
}

#[test]
fn virufy_segments_belong_to_the_person_of_their_name() {
    let scan = virufy().scan();
    let summary = scan.summary();
    assert_eq!((scan.kind, counts(&summary)), (SourceKind::Virufy, (4, 0, 0, 3)), "empty files are unreadable");
    assert_eq!(reasons(&summary), [("no audio file", 1)]);
    let (anna, bert) = ("virufy:neg-0421-083-cough-m-53", "virufy:pos-0421-084-cough-m-50");
    let expected = [
        ("neg-0421-083-cough-m-53-0".to_owned(), anna, "negative"),
        ("neg-0421-083-cough-m-53-1".to_owned(), anna, "negative"),
        ("pos-0421-084-cough-m-50-0".to_owned(), bert, "positive"),
        ("pos-0421-085-cough-f-43".to_owned(), "virufy:pos-0421-085-cough-f-43", "positive"),
    ];
    assert_eq!(virufy_clips(&scan), expected);
    assert_eq!(scan.clips[0].subject.age, Some(53.0));
    let subjects: Vec<_> = scan.clips.iter().map(|clip| &clip.subject).collect();
    assert_eq!((subjects[0].symptoms.as_str(), subjects[0].recorded.as_str()), ("", "4/16/2020"));
    assert_eq!(subjects[2].symptoms, "Fever, chills, or sweating; Sore throat; Asthma; Congestive heart failure");
}

#[test]
fn virufy_is_read_in_one_form_only() {
    let policy = LabelPolicy { virufy_form: VirufyForm::Original, ..LabelPolicy::default() };
    let scan = virufy().scan_with(&policy);
    assert_eq!(counts(&scan.summary()), (3, 0, 0, 1));
    assert_eq!(scan.clips[0].person.0, "virufy:neg-0421-083-cough-m-53");

    let only_segments = Study::new()
        .file("segmented/neg/neg-0421-083-cough-m-53-0.mp3", "")
        .file("segmented/pos/pos-0421-084-cough-m-50-0.mp3", "");
    let scan = only_segments.scan_with(&policy);
    assert_eq!(counts(&scan.summary()), (2, 0, 0, 2));
    assert_eq!(scan.clips[1].status, "positive", "without a table the folder says so");
    assert!(scan.clips.iter().all(|clip| clip.form == Form::Only), "no choice can leave everything out");
    assert_eq!(scan.notes.len(), 1, "there is no table: {:?}", scan.notes);
}

#[test]
fn virufy_files_that_do_not_fit_are_left_out_with_a_reason() {
    let scan = virufy()
        .sound("clinical/segmented/pos/neg-0421-083-cough-m-53-2.mp3")
        .sound("clinical/segmented/pos/my cough.mp3")
        .sound("clinical/segmented/pos/pos-0421-084-cough-m-50-1.wav")
        .scan();
    let expected =
        [("its name is not one of the dataset's", 1), ("no audio file", 1), ("the table and the folder disagree", 1)];
    assert_eq!(reasons(&scan.summary()), expected);
    assert_eq!(counts(&scan.summary()), (6, 0, 0, 3), "a .wav is not Virufy's");
    assert!(scan.notes.iter().any(|note| note.starts_with("Not read: 1 file beside")), "{:?}", scan.notes);
}

#[test]
fn missing_virufy_sounds_are_named_where_they_would_lie() {
    let study = virufy();
    for folder in ["neg", "pos"] {
        let folder = study.path().join("clinical/segmented").join(folder);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
    }
    let missing = study.scan().summary().without_audio;
    assert!(!missing.is_empty());
    for path in missing {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let result = &name[..3];
        assert!(path.ends_with(format!("clinical/segmented/{result}/{name}")), "{}", path.display());
    }
}
