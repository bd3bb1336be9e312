//! Where studies and their datasets lie: moved, found again, in each other's way, kept elsewhere.

use coughscope::audio::wav::encode_pcm16;
use coughscope::units::SampleRate;

use super::*;

/// Moved together with its study, moved alone and pointed at, moved alone and dropped on the window.
#[test]
fn moved_folders_are_found_again() {
    let place = Place::new(40);
    std::fs::create_dir(place.path("one")).unwrap();
    std::fs::rename(place.path("data"), place.path("one/data")).unwrap();
    let mut desk = place.study("one/mine");
    desk.does(Command::Open(vec![place.path("one/data")]));
    let path = desk.view().used().next().unwrap().path.clone();
    desk.does(Command::Edit(Edit::Decisions(vec![(path, Some(Decision::Exclude))])));
    let verdicts = desk.verdicts();
    drop(desk);

    std::fs::rename(place.path("one"), place.path("two")).unwrap();
    let mut desk = place.study("two/mine");
    assert_eq!(desk.verdicts(), verdicts);
    assert!(desk.view().sources.iter().all(|source| source.present));
    drop(desk);

    std::fs::create_dir_all(place.path("elsewhere/deep")).unwrap();
    std::fs::rename(place.path("two/data"), place.path("elsewhere/deep/data")).unwrap();
    desk = place.study("two/mine");
    assert!(desk.view().sources.iter().all(|source| !source.present));
    assert_eq!(desk.verdicts(), verdicts, "what is known is kept");
    let virufy = desk.view().sources.iter().find(|source| source.kind == SourceKind::Virufy).unwrap().key.clone();
    desk.does(Command::Relocate { key: virufy.clone(), root: place.path("home") });
    assert!(
        desk.said(Severity::Error).iter().any(|text| text.contains("none of the recordings")),
        "{:?}",
        desk.said(Severity::Error)
    );
    assert_eq!(desk.verdicts(), verdicts, "a wrong folder changes nothing");
    desk.does(Command::Relocate { key: virufy.clone(), root: place.path("elsewhere/deep/data/virufy/clinical") });
    desk.does(Command::Relocate { key: virufy, root: place.path("elsewhere/deep/data/virufy") });
    desk.does(Command::Open(vec![place.path("elsewhere/deep/data")]));
    assert!(desk.view().sources.iter().all(|source| source.present), "{:?}", desk.view().sources);
    assert_eq!(desk.view().sources.len(), 3, "no dataset twice");
    assert_eq!(desk.verdicts(), verdicts);
    assert_eq!(desk.unread(), 0);
}

/// What was decided before a dataset moved can be undone after it.
#[test]
fn an_undo_follows_a_dataset_that_has_moved() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let before = desk.verdicts();
    let clip = desk.view().used().find(|clip| clip.source == SourceKind::Virufy).unwrap().path.clone();
    desk.does(Command::Edit(Edit::Decisions(vec![(clip, Some(Decision::Exclude))])));
    std::fs::rename(place.path("data"), place.path("moved")).unwrap();
    let virufy = desk.view().sources.iter().find(|source| source.kind == SourceKind::Virufy).unwrap().key.clone();
    desk.does(Command::Relocate { key: virufy, root: place.path("moved/virufy/clinical") });
    assert_ne!(desk.verdicts(), before);
    desk.does(Command::Undo);
    assert_eq!(desk.verdicts(), before);
}

#[test]
fn a_study_is_kept_elsewhere() {
    let place = Place::new(40);
    let mut desk = place.session();
    desk.does(Command::Open(vec![place.path("data")]));
    let first = desk.view().folder.clone().unwrap();
    assert!(first.starts_with(place.path("home")), "nobody has to name a place: {}", first.display());
    let verdicts = desk.verdicts();
    desk.does(Command::SaveStudyAs(place.path("named")));
    assert_eq!(desk.view().folder.as_deref(), Some(place.path("named").as_path()));
    desk.does(Command::SaveStudyAs(place.path("data")));
    assert!(!desk.said(Severity::Error).is_empty(), "a folder with other files is refused");
    drop(desk);
    let desk = place.study("named");
    assert_eq!((desk.verdicts(), desk.view().name.as_str()), (verdicts, "named"));
}

/// The folder of another dataset is no place for this one.
#[test]
fn a_dataset_is_not_moved_onto_another() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let (verdicts, sources) = (desk.verdicts(), desk.view().sources.clone());
    let root_of = |kind| sources.iter().find(|source| source.kind == kind).unwrap().root.clone();
    std::fs::create_dir_all(place.path("own/healthy")).unwrap();
    std::fs::create_dir_all(place.path("own/sick")).unwrap();
    desk.does(Command::Open(vec![place.path("own")]));
    let own = desk.view().sources.iter().find(|source| source.kind == SourceKind::Folder).unwrap().key.clone();
    let root = root_of(SourceKind::Virufy);
    desk.does(Command::Relocate { key: own, root: root.clone() });
    let said = desk.said(Severity::Error);
    assert!(said.iter().any(|text| text.contains("Virufy of this study is read from there already")), "{said:?}");
    assert_eq!(desk.verdicts(), verdicts);
    assert_eq!(desk.view().sources.len(), sources.len() + 1);
}

/// A plain folder with one healthy and one sick recording, of tones of these heights.
fn plain_folder(folder: &Path, hz: [f32; 2]) {
    let rate = SampleRate::new(16_000).unwrap();
    for (class, hz) in ["healthy", "sick"].into_iter().zip(hz) {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        let samples: Vec<f32> = (0..8_000).map(|i| (i as f32 * hz / 2_546.0).sin() * 0.5).collect();
        std::fs::write(folder.join(class).join("001.wav"), encode_pcm16(&samples, rate).unwrap()).unwrap();
    }
}

/// Two folders are often laid out alike: the names of the files, and even their sizes, say little.
#[test]
fn another_folder_with_the_same_names_is_not_a_missing_one() {
    let place = Place::new(40);
    plain_folder(&place.path("clinic/recordings"), [300.0, 400.0]);
    plain_folder(&place.path("school/recordings"), [500.0, 600.0]);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("clinic/recordings")]));
    let (path, before) = (desk.view().clips[0].path.clone(), desk.verdicts());
    desk.does(Command::Edit(Edit::Decisions(vec![(path, Some(Decision::Exclude))])));
    let clinic = desk.view().sources[0].key.clone();
    std::fs::rename(place.path("clinic"), place.path("away")).unwrap();
    drop(desk);

    let mut desk = place.study("mine");
    assert!(!desk.view().sources[0].present);
    desk.does(Command::Open(vec![place.path("school/recordings")]));
    assert_eq!(
        desk.view().sources.len(),
        2,
        "a dataset of its own: {:?} {:?}",
        desk.said(Severity::Info),
        desk.said(Severity::Error)
    );
    assert_eq!(desk.used(), 3, "whose recordings nobody has decided about");
    desk.does(Command::Relocate { key: clinic.clone(), root: place.path("school/recordings") });
    let said = desk.said(Severity::Error);
    assert!(said.iter().any(|text| text.contains("is read from there already")), "{said:?}");
    let school = desk.view().sources[1].key.clone();
    desk.does(Command::RemoveSource(school));
    desk.does(Command::Relocate { key: clinic, root: place.path("school/recordings") });
    let said = desk.said(Severity::Error);
    assert!(said.iter().any(|text| text.contains("hold other sounds")), "{said:?}");

    // A copy on another drive has lost the times of its files.
    for file in ["healthy/001.wav", "sick/001.wav"] {
        let copied = std::fs::read(place.path("away/recordings").join(file)).unwrap();
        std::fs::create_dir_all(place.path("drive/x").join(file).parent().unwrap()).unwrap();
        std::fs::write(place.path("drive/x").join(file), copied).unwrap();
    }
    desk.does(Command::Open(vec![place.path("drive/x")]));
    assert_eq!(
        (desk.view().sources.len(), desk.used()),
        (1, before.len() - 1),
        "it is the missing one, with its decision"
    );
    let said = desk.said(Severity::Info);
    assert!(said.iter().any(|text| text.contains("recordings is read from") && text.contains("it was at")), "{said:?}");
}

/// The banner is there from the first view on, and goes with the demo's last recording.
#[test]
fn made_up_recordings_are_known_at_once_and_until_they_are_gone() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    drop(desk);
    let mut desk = place.session();
    desk.0.send(Command::OpenStudy(place.path("mine")));
    while desk.view().is_empty() {
        desk.0.wait(Duration::from_millis(50));
    }
    assert!(desk.view().synthetic, "in the first view");
    let keys: Vec<_> = desk.view().sources.iter().map(|source| source.key.clone()).collect();
    for key in keys {
        assert!(desk.view().synthetic);
        desk.does(Command::RemoveSource(key));
    }
    assert!(!desk.view().synthetic);
}

/// What is dropped by mistake leaves no folder and no line on the list.
#[test]
fn only_a_study_that_holds_something_is_remembered() {
    let place = Place::new(40);
    std::fs::create_dir(place.path("holiday")).unwrap();
    let mut desk = place.session();
    desk.does(Command::Open(vec![place.path("holiday")]));
    assert!(!desk.said(Severity::Error).is_empty());
    desk.does(Command::OpenStudy(place.path("empty")));
    drop(desk);
    assert!(!place.path("home/studies").exists(), "nothing is made for nothing");
    assert!(!place.path("home/recent.toml").exists(), "and nothing is remembered");
    let mut desk = place.session();
    desk.does(Command::Open(vec![place.path("data")]));
    let folder = desk.view().folder.clone().unwrap();
    desk.does(Command::CloseStudy);
    let recent: Vec<_> = desk.0.state().recent.iter().map(|study| study.folder.clone()).collect();
    assert_eq!(recent, [folder]);
}

/// A policy may be mended by hand: a word that no dataset has is said where the policy is read.
#[test]
fn a_mistyped_word_of_a_policy_is_told_in_the_window() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    std::fs::write(place.path("p.policy.toml"), "[labels.coughvid]\nsymptomatc = \"exclude\"\n").unwrap();
    desk.does(Command::ReadPolicy(place.path("p.policy.toml")));
    let said = desk.said(Severity::Warning);
    let expected = "line 2: COUGHVID is not known to have the status `symptomatc`; did you mean `symptomatic`?";
    assert!(said.iter().any(|text| text.contains(expected)), "{said:?}");
}
