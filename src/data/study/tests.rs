//! Of datasets that overlap, move and go, and of decisions about what is not there.

use super::*;
use crate::data::{Label, Obstacle, PersonId, SoundFacts, Verdict};

fn clip(path: &str) -> Clip {
    let sound = Sound::Read(SoundFacts::for_tests());
    let kind = SourceKind::Table;
    Clip { sound, ..Clip::new(path.into(), kind, PersonId(path.into()), "sick") }
}

fn scan(root: &str, clips: Vec<Clip>) -> SourceScan {
    SourceScan { kind: SourceKind::Table, root: root.into(), clips, notes: Vec::new() }
}

fn mapping(table: &str) -> Mapping {
    Mapping { table: table.into(), file: "file".into(), label: "label".into(), ..Mapping::default() }
}

fn paths(study: &Study) -> Vec<String> {
    study.view().clips.iter().map(|clip| clip.path.display().to_string()).collect()
}

#[test]
fn two_tables_of_one_folder_are_two_datasets() {
    let unnamed = |path| Clip { obstacle: Some(Obstacle::NotInTable), ..clip(path) };
    let mut study = Study::default();
    let first = study.add(scan("/own", vec![clip("/own/a.wav"), unnamed("/own/b.wav")]), Some(mapping("one.csv")));
    let second = study.add(scan("/own", vec![clip("/own/b.wav"), unnamed("/own/a.wav")]), Some(mapping("two.csv")));
    assert_eq!([&*first, &*second], ["table", "table-2"]);
    assert_eq!(paths(&study), ["/own/a.wav", "/own/b.wav"], "each where a row names it");
    assert!(study.clips().all(|clip| clip.obstacle.is_none()));
    let again = study.add(scan("/own", vec![clip("/own/a.wav")]), Some(mapping("one.csv")));
    assert_eq!((again, study.sources().len()), (first, 2), "the same table takes its own place");
}

#[test]
fn what_was_left_out_as_a_repeat_comes_back_with_its_place() {
    let mut study = Study::default();
    let listed = || scan("/all", ["/all/x/a.wav", "/all/b.wav", "/all/x/c.wav"].map(clip).into());
    study.add(scan("/all/x", vec![clip("/all/x/a.wav"), clip("/all/x/c.wav")]), None);
    let all = study.add(listed(), None);
    assert_eq!(paths(&study), ["/all/x/a.wav", "/all/x/c.wav", "/all/b.wav"]);
    let notes = &study.view().sources[1].notes;
    assert_eq!(notes, &["2 of its recordings were listed already, and are left out here."]);
    assert_eq!(study.sources()[1].changes(&listed()), Changes::default(), "another look finds nothing new");
    assert_eq!(study.listed(&all).map(|scan| scan.clips.len()), Some(3), "the whole listing is remembered");

    let decided = Edit::Decisions(vec![("/all/x/a.wav".into(), Some(Decision::Exclude))]);
    let back = study.apply(decided);
    assert_eq!(back, Edit::Decisions(vec![("/all/x/a.wav".into(), None)]), "one recording, however often it is listed");
    let first = study.sources()[0].key.clone();
    study.remove(&first);
    assert_eq!(paths(&study), ["/all/x/a.wav", "/all/b.wav", "/all/x/c.wav"]);
    assert_eq!(study.view().sources[0].notes, Vec::<String>::new());
    assert_eq!(study.clips().next().map(|clip| clip.decision), Some(Some(Decision::Exclude)));
}

#[test]
fn a_table_moves_alone_or_with_its_recordings() {
    let mut study = Study::default();
    let key = study.add(scan("/old/table.csv", vec![clip("/old/a.wav"), clip("/far/b.wav")]), None);
    let decided = |path: &str| Edit::Decisions(vec![(path.into(), Some(Decision::Exclude))]);
    study.apply(decided("/old/a.wav"));
    let mut undo = decided("/old/a.wav");

    let alone = scan("/new/table.csv", vec![clip("/old/a.wav"), clip("/far/b.wav")]);
    assert!(study.resembles(&key, &alone));
    undo.relocate(&study.relocate(&key, &alone).unwrap());
    assert_eq!(undo, decided("/old/a.wav"), "the recordings are where they were");
    study.restore(key.clone(), alone, None);

    let mut study_of_old = Study::default();
    let key = study_of_old.add(scan("/old/table.csv", vec![clip("/old/a.wav"), clip("/far/b.wav")]), None);
    study_of_old.apply(decided("/old/a.wav"));
    let together = scan("/new/table.csv", vec![clip("/new/a.wav"), clip("/far/b.wav")]);
    undo.relocate(&study_of_old.relocate(&key, &together).unwrap());
    assert_eq!(undo, decided("/new/a.wav"));
    study_of_old.restore(key.clone(), together, None);
    assert_eq!(study_of_old.clips().next().map(|clip| clip.decision), Some(Some(Decision::Exclude)));
    assert!(!study.resembles(&key, &scan("/other/table.csv", vec![clip("/other/z.wav")])));
}

#[test]
fn a_decision_about_a_recording_that_is_not_there_is_kept_and_undone() {
    let mut study = Study::default();
    let key = study.add(scan("/own", vec![clip("/own/a.wav"), clip("/own/b.wav")]), None);
    let decide = |decision| Edit::Decisions(vec![("/own/b.wav".into(), decision)]);
    study.apply(decide(Some(Decision::Healthy)));
    study.restore(key.clone(), scan("/own", vec![clip("/own/a.wav")]), None);
    let back = study.apply(decide(None));
    assert_eq!(back, decide(Some(Decision::Healthy)), "what was decided before the file went is known");
    study.apply(back);
    study.restore(key, scan("/own", vec![clip("/own/a.wav"), clip("/own/b.wav")]), None);
    assert_eq!(study.clips().nth(1).map(|clip| &clip.verdict), Some(&Verdict::Use(Label::Healthy)));
    assert_eq!(study.apply(Edit::Decisions(vec![("/elsewhere/z.wav".into(), None)])), Edit::Decisions(Vec::new()));
}

#[test]
fn a_study_is_made_up_as_long_as_one_of_its_datasets_is() {
    let mut study = Study::default();
    study.add(scan("/own", vec![clip("/own/a.wav")]), None);
    let demo = study.add(scan("/demo", vec![clip("/demo/b.wav")]), None);
    study.set_synthetic(&demo, true);
    assert!(study.view().synthetic);
    study.remove(&demo);
    assert!(!study.view().synthetic);
}

/// Also in a folder whose name is no readable text, and where a killed program left half of one.
#[cfg(unix)]
#[test]
fn a_copy_is_whole_wherever_it_goes() {
    use std::os::unix::ffi::OsStrExt;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&folder).unwrap();
    for leftover in ["index.sqlite", "index.sqlite-wal", "index.sqlite.part"] {
        std::fs::write(folder.join(leftover), "half of something").unwrap();
    }
    let mut study = Study::default();
    let key = study.add(scan("/own", vec![clip("/own/a.wav")]), None);
    let store = Store::in_memory().unwrap();
    store.remember(&key, &study.listed(&key).unwrap()).unwrap();
    drop(store.copy_to(&folder, &study).unwrap());
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["index.sqlite", "study.toml"]);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "nothing beside it");
    assert_eq!(paths(&Store::open(&folder).unwrap().study), ["/own/a.wav"]);
}

/// A kill while the settings of a new study are written.
#[test]
fn half_of_the_first_settings_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".coughscope-5NxgTq"), "half of the settings").unwrap();
    drop(Store::open(folder.path()).unwrap());
    drop(Store::open(folder.path()).unwrap());
    let mine = tempfile::tempdir().unwrap();
    std::fs::write(mine.path().join("mine.txt"), "mine").unwrap();
    assert!(Store::open(mine.path()).is_err());
}

#[test]
fn a_copy_that_fails_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("copy");
    let store = Store::in_memory().unwrap();
    let mut broken =
        Study::new(LabelPolicy { min_cough_detected: 2.0, ..LabelPolicy::default() }, SplitConfig::default());
    assert!(matches!(store.copy_to(&folder, &broken), Err(StoreError::Settings(_))));
    assert!(!folder.exists());
    // Something in the way that cannot be replaced.
    std::fs::create_dir_all(folder.join("index.sqlite.part/deep")).unwrap();
    broken.apply(Edit::Policy(Box::default()));
    assert!(matches!(store.copy_to(&folder, &broken), Err(StoreError::Index(_))));
    assert!(!folder.join("index.sqlite").exists() && !settings::is_study(&folder));
}

#[test]
fn a_recording_lies_in_the_innermost_folder_around_it() {
    let mut study = Study::default();
    study.add(scan("/all", vec![clip("/all/a.wav")]), None);
    study.add(SourceScan { kind: SourceKind::Virufy, ..scan("/all/x", vec![clip("/all/x/b.wav")]) }, None);
    let view = study.view();
    assert_eq!(view.place_of(Path::new("/all/x/b.wav")), "Virufy: b.wav");
    assert!(view.place_of(Path::new("/all/a.wav")).ends_with(": a.wav"));
}
