//! File and folder names that are not UTF-8, as an old archive or a Latin-1 disk leaves them: every answer names them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use coughscope::audio::wav;
use coughscope::data::Label;
use coughscope::data::demo::synth;
use coughscope::units::{SampleRate, Seconds};

use super::*;

/// `Zürich` in Latin-1.
const ZURICH: &[u8] = b"Z\xfcrich";

fn named(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}

/// A plain folder with this many coughs of each class, of which the first two healthy ones are one sound, and a file
/// that is no sound. Gives its place.
fn make_folder(around: &Path, coughs: u64) -> PathBuf {
    let root = around.join(named(ZURICH));
    write_coughs(&root, 0, coughs);
    std::fs::write(root.join("sick").join(named(b"broken\xff.wav")), "no sound").unwrap();
    root
}

/// A plain folder with this many coughs of each class, others for each `seed`.
fn write_coughs(root: &Path, seed: u64, coughs: u64) {
    let rate = SampleRate::new(16_000).unwrap();
    for (class, label) in [("healthy", Label::Healthy), ("sick", Label::Sick)] {
        let folder = root.join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..coughs {
            let seed = seed + if label == Label::Healthy { number.max(1) } else { 1_000 + number };
            let bytes = wav::encode_pcm16(&synth::cough(seed, label, rate, Seconds(1.5)), rate).unwrap();
            std::fs::write(folder.join(named(&[b"\xfc", format!("{number}.wav").as_bytes()].concat())), bytes).unwrap();
        }
    }
}

fn run(folder: &Path, arguments: &[&dyn AsRef<OsStr>]) -> Output {
    let arguments: Vec<&OsStr> = arguments.iter().map(|argument| (*argument).as_ref()).collect();
    coughscope(folder, &arguments)
}

#[test]
fn scan_split_and_table_name_them() {
    let place = tempfile::tempdir().unwrap();
    let root = make_folder(place.path(), 12);
    let scan = json(&run(place.path(), &[&"scan", &root, &"--study", &"mine", &"--json"]));
    let source = &scan["sources"][0];
    assert!(source["path"].as_str().unwrap().ends_with("/Z%FCrich"), "{source}");
    assert!(source["unreadable"][0]["path"].as_str().unwrap().ends_with("/sick/broken%FF.wav"), "{source}");
    let used = source["healthy"].as_u64().unwrap() + source["sick"].as_u64().unwrap();
    assert_eq!(scan["people"], used, "{source}: two such names are two people");

    // Both copies are used, and drawn apart in one of these draws.
    std::fs::write(place.path().join("p.toml"), "[quality.treatment]\nexact-duplicate = \"warn\"\n").unwrap();
    let leaked = (0..40).find_map(|seed: u64| {
        let seed = seed.to_string();
        let arguments: [&dyn AsRef<OsStr>; 10] =
            [&"split", &"--study", &"mine", &"--by", &"file", &"--policy", &"p.toml", &"--json", &"--seed", &seed];
        let split = json(&run(place.path(), &arguments));
        split["leaks"]["shared_exact_duplicates"].get(0).cloned()
    });
    let leaked = leaked.expect("two of 24 recordings fall into two parts in one of 40 draws");
    assert!(leaked[0]["path"].as_str().unwrap().ends_with("/Z%FCrich/healthy/%FC0.wav"), "{leaked}");

    let table = place.path().join(named(b"table\xff.csv"));
    assert!(run(place.path(), &[&"table", &"--study", &"mine", &"--out", &table]).status.success());
    let again = json(&run(place.path(), &[&"scan", &table, &"--json"]));
    assert!(again["sources"][0]["path"].as_str().unwrap().ends_with("/table%FF.csv"), "{again}");
    assert_eq!(again["people"], scan["people"]);
}

/// Two folders of one name, and two whose names look alike: each is a dataset with people of its own, and the name that
/// is listed can be given.
#[test]
fn folders_that_are_called_alike_are_told_apart() {
    let place = tempfile::tempdir().unwrap();
    let folders = [named(b"a/data"), named(b"b/data"), named(b"a/Z\xfcrich"), named(b"a/Z\xfdrich")];
    for (seed, folder) in (0..).step_by(100).zip(&folders) {
        write_coughs(&place.path().join(folder), seed, 6);
    }
    let [one, two, three, four] = &folders;
    let scan = json(&run(place.path(), &[&"scan", one, two, three, four, &"--study", &"mine", &"--json"]));
    let used = |source: &Value| source["healthy"].as_u64().unwrap() + source["sick"].as_u64().unwrap();
    let all: u64 = scan["sources"].as_array().unwrap().iter().map(used).sum();
    assert_eq!(scan["people"], all, "every file is a person of its own");

    let folds = |study: &str| {
        let split = json(&run(place.path(), &[&"split", &"--study", &study, &"--by", &"dataset", &"--json"]));
        let folds = split["folds"].as_array().unwrap().iter();
        folds.map(|fold| fold["held_out"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(folds("mine"), ["Z%FCrich", "Z%FDrich", "data", "data (2)"]);
    for name in folds("mine") {
        let split =
            run(place.path(), &[&"split", &"--study", &"mine", &"--by", &"dataset", &"--held-out", &name, &"--json"]);
        let test = &json(&split)["datasets"][&name]["test"];
        assert!(test["sick"]["people"].as_u64().unwrap() > 4, "{name}: {test}");
    }

    let table = run(place.path(), &[&"table", &"--study", &"mine", &"--out", &"all.csv"]);
    assert!(table.status.success());
    let again = json(&run(place.path(), &[&"scan", &"all.csv", &"--study", &"other", &"--json"]));
    assert_eq!(again["people"], scan["people"]);
    assert_eq!(folds("other"), folds("mine"));
}

/// A row of a dataset's own table whose sound is missing.
#[test]
fn scan_names_where_missing_sounds_would_lie() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join(named(ZURICH));
    std::fs::create_dir_all(root.join("original/neg")).unwrap();
    std::fs::create_dir_all(root.join("original/pos")).unwrap();
    let row = "negative,41,male,neg-0421-083-cough-m-53.mp3\n";
    std::fs::write(root.join("labels.csv"), format!("corona_test,age,gender,cough_filename\n{row}")).unwrap();
    let scan = json(&run(place.path(), &[&"scan", &root, &"--json"]));
    let missing = scan["sources"][0]["without_audio"][0].as_str().unwrap();
    assert!(missing.contains("/Z%FCrich/original/") && missing.ends_with("neg-0421-083-cough-m-53.mp3"), "{missing}");
}

#[test]
fn extract_names_them() {
    let place = tempfile::tempdir().unwrap();
    let date = place.path().join("clone/20200413");
    std::fs::create_dir_all(&date).unwrap();
    std::fs::write(date.join("20200413.tar.gz.aa"), "no archive").unwrap();
    let target = named(ZURICH);
    let (results, _) = results_and_failure(&run(place.path(), &[&"extract", &"clone", &"--to", &target, &"--json"]));
    let extracted: Value = serde_json::from_str(&results).unwrap();
    assert!(extracted["target"].as_str().unwrap().ends_with("Z%FCrich"), "{extracted}");

    let odd = place.path().join(named(ZURICH)).join("20200413");
    std::fs::create_dir_all(&odd).unwrap();
    std::fs::write(odd.join("20200413.tar.gz.ab"), "no archive").unwrap();
    let clone = place.path().join(named(ZURICH));
    let (results, _) = results_and_failure(&run(place.path(), &[&"extract", &clone, &"--json"]));
    let extracted: Value = serde_json::from_str(&results).unwrap();
    let problem = &extracted["archives"][0]["outcome"]["incomplete"]["missing-parts"];
    assert!(problem["path"].as_str().unwrap().contains("Z%FCrich"), "{extracted}");
}

#[test]
fn train_and_predict_name_them() {
    let place = tempfile::tempdir().unwrap();
    let root = make_folder(place.path(), 12);
    let out = named(b"run\xff");
    let train =
        run(place.path(), &[&"train", &root, &"--out", &out, &"--epochs", &"1", &"--device", &"cpu", &"--json"]);
    assert!(json(&train)["out"].as_str().unwrap().ends_with("run%FF"));
    let cough = root.join("sick").join(named(b"\xfc3.wav"));
    let answer = json(&run(place.path(), &[&"predict", &"--run", &out, &cough, &"--json"]));
    assert!(answer[0]["path"].as_str().unwrap().ends_with("/Z%FCrich/sick/%FC3.wav"), "{answer}");
}
