//! Training on recordings of which some are gone: never in silence.

use coughscope::data::split::Part;
use coughscope::session::{Run, RunOrder};
use coughscope::train::TrainConfig;
use coughscope::train::device::DeviceChoice;
use coughscope::train::saved::SavedRun;

use super::*;

fn train(desk: &mut Desk, folder: PathBuf) {
    let split = desk.view().split_config.clone();
    let config = TrainConfig { epochs: 1, device: DeviceChoice::Cpu, split, ..TrainConfig::default() };
    desk.does(Command::StartRun(Box::new(RunOrder { config, folder: Some(folder), ..RunOrder::default() })));
}

#[test]
fn training_waits_for_every_dataset() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    // The drive goes while the window is open.
    std::fs::rename(place.path("data/virufy"), place.path("away")).unwrap();
    let refused = |desk: &Desk| {
        let said = desk.said(Severity::Error);
        let root = place.path("data/virufy").display().to_string();
        assert!(
            said.iter().any(|text| text.contains("the folder of Virufy is not there") && text.contains(&root)),
            "{said:?}"
        );
        assert!(!desk.0.state().runs.iter().any(Run::is_finished));
        assert!(!place.path("run").exists());
    };
    train(&mut desk, place.path("run"));
    refused(&desk);
    drop(desk);
    let mut desk = place.study("mine");
    train(&mut desk, place.path("run"));
    refused(&desk);
    assert!(desk.said(Severity::Error).iter().any(|text| text.contains("was not started")));

    std::fs::rename(place.path("away"), place.path("data/virufy")).unwrap();
    desk.does(Command::ReadAgain);
    train(&mut desk, place.path("run"));
    let run = desk.0.state().current_run().unwrap();
    assert!(run.is_finished() && run.lost.is_empty());
    let text = std::fs::read_to_string(place.path("run/run.toml")).unwrap();
    assert!(!text.contains("lost"), "{text}");
}

#[test]
fn recordings_that_are_lost_on_the_way_are_recorded() {
    let place = Place::new(60);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let split = desk.view().split.clone().unwrap().unwrap();
    let used: Vec<PathBuf> = desk.view().used().map(|clip| clip.path.clone()).collect();
    let first =
        |part: Part, count| (0..used.len()).filter(|index| split.parts[*index] == part).take(count).collect::<Vec<_>>();
    let gone = [first(Part::Train, 2), first(Part::Test, 1)].concat();
    for index in &gone {
        std::fs::remove_file(&used[*index]).unwrap();
    }
    train(&mut desk, place.path("run"));
    let words = "3 used recordings could no longer be read: 2 of train, 1 of test";
    let said = desk.said(Severity::Warning);
    let name = used[gone[0]].file_name().unwrap().to_string_lossy().into_owned();
    assert!(said.iter().any(|text| text.contains(words) && text.contains(&name)), "{said:?}");

    let lost = SavedRun::open(&place.path("run")).unwrap().result.lost;
    assert_eq!((lost.train, lost.validation, lost.test), (2, 0, 1));
    let mut named: Vec<_> = lost.first.iter().map(|one| (one.path.clone(), one.part)).collect();
    named.sort();
    let mut expected: Vec<_> = gone
        .iter()
        .map(|index| used[*index].display().to_string())
        .zip([Part::Train, Part::Train, Part::Test])
        .collect();
    expected.sort();
    assert_eq!(named, expected);
    let report = std::fs::read_to_string(place.path("run/classification_report.txt")).unwrap();
    assert!(report.contains(words) && report.contains(&name), "{report}");
    assert_eq!(desk.0.state().current_run().unwrap().lost, lost);
}

/// What the reading before a training finds broken is in no part, and so not among what the training loses.
#[test]
fn a_file_that_was_overwritten_is_named_by_the_run_that_lacks_it() {
    let place = Place::new(60);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let used: Vec<PathBuf> = desk.view().used().map(|clip| clip.path.clone()).collect();
    let (overwritten, whole) = (&used[3], std::fs::read(&used[3]).unwrap());
    drop(desk);
    std::fs::write(overwritten, "no sound").unwrap();

    let mut desk = place.study("mine");
    let path = overwritten.display().to_string();
    let name = overwritten.file_name().unwrap().to_string_lossy().into_owned();
    let said = desk.said(Severity::Info);
    let is_named = |text: &&&str| text.contains("1 file is new or changed") && text.contains(&name);
    assert!(said.iter().any(|text| is_named(&text)), "{said:?}");
    train(&mut desk, place.path("run"));
    let words = "1 recording that was used is left out now, as the files have changed or gone";
    let said = desk.said(Severity::Warning);
    assert!(said.iter().any(|text| text.contains(words) && text.contains(&path)), "{said:?}");
    let result = SavedRun::open(&place.path("run")).unwrap().result;
    assert!(result.lost.is_empty());
    assert_eq!(result.dropped.recordings, 1);
    assert_eq!(result.dropped.first[0].path, path);
    assert!(!result.dropped.first[0].reason.is_empty());
    let run = desk.0.state().current_run().unwrap();
    assert_eq!((&run.dropped, run.counts.unwrap().recordings), (&result.dropped, used.len() - 1));

    std::fs::write(overwritten, whole).unwrap();
    desk.does(Command::ReadAgain);
    assert_eq!(desk.used(), used.len());
    assert!(desk.view().dropped.is_empty(), "it is back");
    std::fs::remove_file(overwritten).unwrap();
    desk.does(Command::ReadAgain);
    assert_eq!(desk.view().dropped.first[0].path, path, "it is gone");
}
