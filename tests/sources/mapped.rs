//! A folder with any table, whose columns the user names.

use coughscope::data::policy::Treatment;
use coughscope::data::sources::mapped::{Mapping, MappingCount, count_found, preview, read};

use super::*;

fn mapping(table: &str) -> Mapping {
    Mapping { table: table.into(), file: "File".into(), label: "Result".into(), ..Mapping::default() }
}

/// `(file name, status, obstacle)` of every clip.
fn listed(clips: &[Clip]) -> Vec<(String, &str, Option<Obstacle>)> {
    let name = |clip: &Clip| clip.path.file_name().unwrap().to_string_lossy().into_owned();
    clips.iter().map(|clip| (name(clip), clip.status.as_str(), clip.obstacle.clone())).collect()
}

#[test]
fn files_are_found_by_path_name_and_stem() {
    let elsewhere = Study::new().sound("far.wav");
    let table = format!(
        "File;Result\nbeside.wav;pos\nsounds/below;pos\nfrom the root.wav;neg\nsounds\\windows.wav;neg\nMOVED;neg\n\
         C:\\old\\moved2.mp3;neg\n../tables/./dots.wav;neg\n17.3;neg\ntwice;pos\nabsent.wav;pos\n;pos\nbeside.wav;pos\n{};neg\n",
        elsewhere.path().join("far.wav").display()
    );
    let study = Study::new()
        .file("tables/all.csv", table)
        .sound("tables/beside.wav")
        .sound("tables/sounds/below.wav")
        .sound("from the root.wav")
        .sound("sounds/windows.wav")
        .sound("a/b/moved.flac")
        .sound("a/b/moved.wav")
        .sound("a/b/moved2.wav")
        .sound("tables/dots.wav")
        .sound("17.3.wav")
        .sound("a/twice.wav")
        .sound("b/twice.wav")
        .file("a/readme.txt", "x");
    let contents = read(study.path(), &mapping("tables/all.csv")).unwrap();
    let found = |name: &str, status| (name.to_owned(), status, None);
    let expected = [
        found("beside.wav", "pos"),
        found("below.wav", "pos"),
        found("from the root.wav", "neg"),
        found("windows.wav", "neg"),
        found("moved.flac", "neg"),
        found("moved2.wav", "neg"),
        found("dots.wav", "neg"),
        found("17.3.wav", "neg"),
        ("twice".to_owned(), "pos", Some(Obstacle::NoAudioFile)),
        ("absent.wav".to_owned(), "pos", Some(Obstacle::NoAudioFile)),
        found("far.wav", "neg"),
        ("moved.wav".to_owned(), "", Some(Obstacle::NotInTable)),
        ("twice.wav".to_owned(), "", Some(Obstacle::NotInTable)),
        ("twice.wav".to_owned(), "", Some(Obstacle::NotInTable)),
    ];
    assert_eq!(listed(&contents.clips), expected);
    let notes = [
        "Not read: 1 row of the table without a file name.",
        "Not read: 1 row of the table that say what an earlier row says.",
        "No column says whose recording is whose: every file counts as one person.",
    ];
    assert_eq!(contents.notes, notes);

    let count = count_found(study.path(), &mapping("tables/all.csv")).unwrap();
    let labels = [("neg".to_owned(), 7), ("pos".to_owned(), 4)].into();
    assert_eq!(count, MappingCount { rows: 11, found: 9, labels, unnamed: 3 });
}

#[test]
fn people_and_datasets_are_those_of_the_columns() {
    let study = Study::new()
        .file("t.csv", "File,Result,Who,Years,SEX,from\na,Healthy,7,41,F,X\nb,ill,7,,,\nc,ill,,200,,X\n")
        .sound("a.wav")
        .sound("b.wav")
        .sound("c.wav");
    let columns = |name: &str| Some(name.to_owned());
    let mapping = Mapping {
        person: columns("who"),
        age: columns("years"),
        sex: columns("Sex"),
        dataset: columns("From"),
        ..mapping("t.csv")
    };
    let contents = read(study.path(), &mapping).unwrap();
    let root = study.path().file_name().unwrap().to_string_lossy().into_owned();
    let people: Vec<_> = contents.clips.iter().map(|clip| clip.person.0.clone()).collect();
    assert_eq!(people, ["table:X/7".to_owned(), format!("table:{root}/7"), format!("table:{root}/c.wav")]);
    let datasets: Vec<_> = contents.clips.iter().map(|clip| clip.dataset.as_ref()).collect();
    assert_eq!(datasets, ["X", root.as_str(), "X"]);
    let first = &contents.clips[0];
    assert_eq!((first.subject.age, first.subject.sex.as_deref()), (Some(41.0), Some("f")));
    assert_eq!(contents.clips[2].subject.age, None);
    let policy = LabelPolicy::default();
    let statuses = ["healthy", "Sick", "ill", "positive"].map(|status| policy.treatment(SourceKind::Table, status));
    assert_eq!(statuses, [Some(Treatment::Healthy), Some(Treatment::Sick), None, None], "nothing is guessed");
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let study = Study::new().file("t.csv", "File,Other\na,b\n");
    for error in
        [read(study.path(), &mapping("t.csv")).unwrap_err(), count_found(study.path(), &mapping("t.csv")).unwrap_err()]
    {
        assert!(matches!(error, SourceError::Columns { .. }), "{error}");
        assert!(error.to_string().contains("lacks the column result and has File, Other"), "{error}");
    }
    assert!(matches!(read(study.path(), &mapping("absent.csv")), Err(SourceError::File(_))));
}

#[test]
fn tables_are_shown_before_they_are_mapped() {
    let rows: String = (0..9).map(|n| format!("{n}.wav,sick,{n}\n")).collect();
    let study = Study::new()
        .file("b.csv", format!("filename,label,patient\n{rows}"))
        .file("x/y/deep.CSV", "uuid;class\n1;2\n")
        .file("x/y/z/too deep.csv", "uuid,class\n")
        .file("x/empty.csv", "")
        .file("x/damaged.csv", format!("a,b\n1,\"{}", "x".repeat(20_000)));
    let previews = preview(study.path());
    let paths: Vec<_> = previews.iter().map(|preview| preview.path.as_path()).collect();
    assert_eq!(paths, [Path::new("b.csv"), Path::new("x/y/deep.CSV")]);
    assert_eq!((previews[0].rows, previews[0].first_rows.len()), (9, 5));
    assert_eq!(previews[0].columns, ["filename", "label", "patient"]);
    assert_eq!(previews[0].first_rows[1], ["1.wav", "sick", "1"]);
    assert_eq!(previews[0].guess.person.as_deref(), Some("patient"));
    assert_eq!((previews[1].guess.file.as_str(), previews[1].guess.label.as_str()), ("uuid", "class"));
    assert_eq!(previews[1].guess.table, Path::new("x/y/deep.CSV"));

    let many = (0..40).fold(Study::new(), |study, n| study.file(&format!("{n:02}.csv"), "a,b\n"));
    assert_eq!(preview(many.path()).len(), 32);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the preview counts is what is read, whatever the table holds.
    #[test]
    fn a_damaged_table_is_counted_as_it_is_read(bytes in damaged()) {
        let study = Study::new().file("t.csv", [b"File,Result\n", bytes.as_slice()].concat()).sound("healthy.wav");
        for preview in preview(study.path()) {
            let (count, contents) = (count_found(study.path(), &preview.guess), read(study.path(), &preview.guess));
            let (Ok(count), Ok(contents)) = (count, contents) else { panic!("what was previewed is read") };
            prop_assert_eq!(contents.clips.len(), count.rows + count.unnamed);
            prop_assert_eq!(count.labels.values().sum::<usize>(), count.rows);
            prop_assert_eq!(contents.clips.iter().filter(|clip| clip.obstacle.is_none()).count(), count.found);
        }
    }
}
