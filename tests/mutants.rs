//! A thousand damaged files: sounds, tables, sheets and settings. The scan ends, and names each that it refuses.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use coughscope::data::study::settings::Settings;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

const SOUNDS: usize = 600;
const SHEETS: usize = 150;
const TABLES: usize = 150;
const SETTINGS: usize = 100;

/// The bytes of a file, damaged as transfers, disks and strangers damage them.
fn mutated(rng: &mut ChaCha8Rng, original: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        if bytes.is_empty() {
            bytes.push(rng.random());
        }
        let at = rng.random_range(0..bytes.len());
        let end = (at + rng.random_range(1..=64)).min(bytes.len());
        match rng.random_range(0..7) {
            0 => bytes[at] ^= 1 << rng.random_range(0..8),
            1 => bytes.truncate(at),
            2 => bytes[at..end].fill(0),
            3 => bytes[at..end].fill(0xff),
            4 => rng.fill_bytes(&mut bytes[at..end]),
            5 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => drop(bytes.drain(at..end)),
        }
    }
    bytes
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn scan(home: &Path, arguments: &[&Path]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_coughscope"))
        .args(["scan", "--json"])
        .args(arguments)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{:?}: {said}", output.status);
    output
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every fixture of sound, with its ending.
fn originals() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending != "f32" && ending != "s16"));
    paths.sort();
    let ending = |path: &Path| path.extension().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (ending(path), std::fs::read(path).unwrap())).collect()
}

#[test]
fn mutated_sounds_are_read_or_named() {
    let (folder, rng) = (tempfile::tempdir().unwrap(), &mut ChaCha8Rng::seed_from_u64(1));
    let (root, originals) = (folder.path().join("own"), originals());
    let mut written = BTreeSet::new();
    for number in 0..SOUNDS {
        let (ending, original) = originals.choose(rng).unwrap();
        let class = if number % 2 == 0 { "healthy" } else { "sick" };
        let path = root.join(class).join(format!("{number:03}.{ending}"));
        write(&path, &mutated(rng, original));
        // What has no ending of a sound is no recording; the fixtures have one that stands for it.
        if coughscope::audio::EXTENSIONS.contains(&ending.as_str()) {
            written.insert(path);
        }
    }
    let report = parsed(&scan(folder.path(), &[&root]));
    let source = &report["sources"][0];
    assert_eq!(source["recordings"].as_u64().unwrap() as usize, written.len(), "each file is counted");
    let refused = source["unreadable"].as_array().unwrap();
    assert!(refused.len() > 50, "{} were refused", refused.len());
    for file in refused {
        assert!(written.contains(Path::new(file["path"].as_str().unwrap())), "{file}");
        assert!(file["reason"].as_str().unwrap().len() > 20, "{file}");
    }
    let excluded: u64 = source["excluded"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    let used = source["healthy"].as_u64().unwrap() + source["sick"].as_u64().unwrap();
    assert_eq!(used + excluded + refused.len() as u64, written.len() as u64, "nothing is lost");
}

#[test]
fn mutated_sheets_leave_their_recordings_in_the_list() {
    let (folder, rng) = (tempfile::tempdir().unwrap(), &mut ChaCha8Rng::seed_from_u64(2));
    let sound = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/mono.wav")).unwrap();
    let coswara = r#"{"a": 31, "covid_status": "positive_mild", "g": "female", "fever": true, "dT": "web"}"#;
    let coughvid = r#"{"datetime": "2020-04-13T21:30:59.801831+00:00", "cough_detected": "0.9754", "age": "15",
        "gender": "male", "status": "healthy", "expert_labels_1": {"quality": "good", "diagnosis": "COVID-19"}}"#;
    for number in 0..SHEETS {
        if number % 2 == 0 {
            let person = folder.path().join(format!("coswara/Extracted_data/20200413/{number:028}"));
            write(&person.join("cough-heavy.wav"), &sound);
            write(&person.join("metadata.json"), &mutated(rng, coswara.as_bytes()));
        } else {
            let place = folder.path().join(format!("coughvid/public_dataset/{number:08}-0f06-4c27-8c7b-737b18a2cf4c"));
            write(&place.with_extension("wav"), &sound);
            write(&place.with_extension("json"), &mutated(rng, coughvid.as_bytes()));
        }
    }
    let report = parsed(&scan(folder.path(), &[folder.path()]));
    let sources = report["sources"].as_array().unwrap();
    let recordings: u64 = sources.iter().map(|source| source["recordings"].as_u64().unwrap()).sum();
    assert_eq!(recordings as usize, SHEETS, "{report}");
    let damaged = |source: &Value| {
        let excluded = source["excluded"].as_object().unwrap();
        excluded
            .iter()
            .filter(|(reason, _)| reason.contains("sheet"))
            .map(|(_, count)| count.as_u64().unwrap())
            .sum::<u64>()
    };
    assert!(sources.iter().map(damaged).sum::<u64>() > 20, "{report}");
}

#[test]
fn mutated_tables_are_read_or_named() {
    let (folder, rng) = (tempfile::tempdir().unwrap(), &mut ChaCha8Rng::seed_from_u64(3));
    let tables = [
        (
            "combined_data.csv",
            "id,a,covid_status,record_date,g\nAnnaAnnaAnnaAnnaAnnaAnnaAnna,31,healthy,2020-04-13,female\n",
        ),
        (
            "metadata_compiled.csv",
            ",uuid,datetime,cough_detected,age,gender,status\n\
             0,00014dcc-0f06-4c27-8c7b-737b18a2cf4c,2020-11-25T18:58:50+00:00,0.95,40,male,COVID-19\n",
        ),
        (
            "labels.csv",
            "date,corona_test,age,gender,cough_filename\n4/16,negative,53,male,neg-0421-083-cough-m-53.mp3\n",
        ),
        ("recordings.csv", "path,dataset,person,label,reason\na.wav,mine,anna,healthy,\nb.wav,mine,bert,sick,\n"),
    ];
    let roots: Vec<PathBuf> = (0..TABLES)
        .map(|number| {
            let (name, text) = tables[number % tables.len()];
            let root = folder.path().join(format!("{number:03}"));
            write(&root.join(name), &mutated(rng, text.repeat(1 + number % 3).as_bytes()));
            root
        })
        .collect();
    let arguments: Vec<&Path> = roots.iter().map(PathBuf::as_path).collect();
    let output = scan(folder.path(), &arguments);
    let report = parsed(&output);
    let read: BTreeSet<&str> =
        report["sources"].as_array().unwrap().iter().map(|source| source["path"].as_str().unwrap()).collect();
    let said = String::from_utf8_lossy(&output.stderr);
    for root in &roots {
        let named = root.to_str().unwrap();
        assert!(read.contains(named) || said.contains(named), "{named} was passed over: {said}");
    }
    assert!(read.len() > 20 && read.len() < TABLES, "{} of {TABLES} were read", read.len());
}

#[test]
fn mutated_settings_open_or_are_named() {
    let (folder, rng) = (tempfile::tempdir().unwrap(), &mut ChaCha8Rng::seed_from_u64(4));
    let whole = folder.path().join("whole");
    Settings { name: "mine".into(), ..Settings::default() }.write(&whole).unwrap();
    let text = std::fs::read(whole.join("study.toml")).unwrap();
    let mut refused = 0;
    for number in 0..SETTINGS {
        let study = folder.path().join(format!("{number:03}"));
        write(&study.join("study.toml"), &mutated(rng, &text));
        // One process each would take minutes; what the window does with a study begins with these two.
        if let Err(error) = Settings::read(&study) {
            assert!(error.to_string().contains(study.to_str().unwrap()), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused} were refused");
    let damaged = folder.path().join("damaged");
    write(&damaged.join("study.toml"), &text[..text.len() / 2 - 3]);
    let output = scan(folder.path(), &[Path::new("--study"), &damaged]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("study.toml"));
}
