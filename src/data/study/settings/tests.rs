use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::data::policy::Treatment;
use crate::data::sources::mapped::Mapping;

fn full() -> Settings {
    let entry = |key: &str, kind, path: &str, near: Option<&str>| SourceEntry {
        key: key.into(),
        kind,
        path: path.into(),
        near: near.map(Into::into),
        synthetic: kind == SourceKind::Coswara,
        mapping: None,
        names: BTreeMap::new(),
    };
    let mut settings = Settings {
        name: "Coughs \"2020\"\n".into(),
        sources: vec![
            entry("coswara", SourceKind::Coswara, r"C:\data\coswara", Some("../data/coswara")),
            entry("table", SourceKind::Table, "/data/100%25", None),
        ],
        split: SplitConfig { seed: u64::MAX, ..SplitConfig::default() },
        ..Settings::default()
    };
    settings.sources[1].mapping = Some(Mapping {
        table: "tables/mine.csv".into(),
        file: "name of file".into(),
        label: "pos".into(),
        person: Some("who".into()),
        ..Mapping::default()
    });
    settings.sources[1].names.insert("ward \"3\"".into(), "ward \"3\" (2)".into());
    settings.policy.set(SourceKind::Coswara, "recovered_full", Treatment::Healthy);
    let decided = [("a/é \"b\".wav", Decision::Exclude), ("c%25.wav", Decision::Sick)];
    settings.decisions.insert("coswara".into(), decided.map(|(path, made)| (path.to_owned(), made)).into());
    settings
}

fn read(text: impl AsRef<[u8]>) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), text).unwrap();
    Settings::read(folder.path())
}

fn written(settings: &Settings) -> String {
    let folder = tempfile::tempdir().unwrap();
    settings.write(folder.path()).unwrap();
    std::fs::read_to_string(folder.path().join(FILE)).unwrap()
}

#[test]
fn settings_come_back_and_are_written_alike() {
    for settings in [Settings::default(), full()] {
        let text = written(&settings);
        assert!(text.starts_with("# A study of coughscope"), "{text}");
        let back = read(&text).unwrap();
        assert_eq!(back, settings, "{text}");
        assert_eq!(written(&back), text);
    }
}

#[test]
fn a_folder_is_a_study_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!is_study(folder.path()));
    assert!(matches!(Settings::read(folder.path()), Err(SettingsError::File(_))));
    Settings::default().write(&folder.path().join("new")).unwrap();
    assert!(is_study(&folder.path().join("new")));
}

#[test]
fn gaps_have_defaults_and_unknown_fields_are_no_error() {
    let text = "version = 1\nname = \"n\"\nmood = 3\n[split]\nseed = 7\ncolour = 1\n[[sources]]\nkey = \"virufy\"\n\
                kind = \"virufy\"\npath = \"/d\"\nnew = [1]\n";
    let settings = read(text).unwrap();
    assert_eq!(settings.split, SplitConfig { seed: 7, ..SplitConfig::default() });
    assert_eq!(settings.policy, LabelPolicy::default());
    assert_eq!(settings.sources[0].path, "/d");
    assert_eq!(read(format!("\u{feff}{text}").replace('\n', "\r\n")).unwrap(), settings, "as an editor may save it");
}

#[test]
fn errors_say_where_and_what_to_do() {
    let message = |text: &str| read(text).unwrap_err().to_string();
    let newer = message(&format!("version = {}\nkind_of_thing = 1", VERSION + 1));
    assert!(newer.contains("newer version") && newer.contains(FILE), "{newer}");
    for (text, line) in [
        ("version = 1\n\nname = \"a", 3),
        ("version = 1\n[[sources]]\nkey = \"a\"\nkind = \"nothing\"\npath = \"\"\n", 4),
        ("version = 1\n[[sources]]\nkey = \"a\"\n", 2),
        ("version = 1\n[split]\nseed = -1\n", 3),
        ("version = 1\n[decisions.a]\n\"x\" = \"maybe\"\n", 3),
        ("version = 1\nversion = 1\n", 2),
        ("version = 1\n[policy.quality]\nclipped_share = 7\n", 3),
        ("version = 1\n[policy.labels.virufy]\nnegative = \"sick\"\nNEGATIVE = \"healthy\"\n", 4),
        ("name = \"a\"\n", 1),
        ("version = -4\n", 1),
        ("", 1),
    ] {
        let message = message(text);
        assert!(message.contains(&format!("at line {line}: ")), "{text:?}: {message}");
        assert!(message.contains("text editor"), "{message}");
    }
    let latin = read(b"version = 1\nname = \"caf\xe9\"\n").unwrap_err().to_string();
    assert!(latin.contains("at line 2: it is not UTF-8 text"), "{latin}");
}

#[test]
fn values_that_make_no_sense_are_named_and_never_written() {
    let refused = |change: &dyn Fn(&mut Settings), word: &str| {
        let mut settings = full();
        change(&mut settings);
        let text = format!("{HEADER}{}", toml::to_string(&settings).unwrap());
        let (read, written) = (read(text).unwrap_err(), settings.write(Path::new("never made")).unwrap_err());
        // What stands on a line of its own is named with it.
        assert!(matches!(read, SettingsError::Invalid { .. } | SettingsError::Damaged { line: 2.., .. }), "{read:?}");
        assert!(matches!(written, SettingsError::Invalid { .. }), "{written:?}");
        for error in [read, written] {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    refused(&|settings| settings.sources[1].key = "coswara".into(), "two sources have the key `coswara`");
    refused(&|settings| settings.sources[1].key = String::new(), "\"\"");
    refused(&|settings| settings.sources[1].key = "a/b".into(), "a/b");
    refused(&|settings| settings.sources[1].key = "a".repeat(65), "1 to 64");
    refused(&|settings| settings.split.test = f64::NAN, "split.test is NaN");
    refused(&|settings| settings.split.validation = f64::INFINITY, "split.validation");
    refused(&|settings| settings.policy.min_cough_detected = f64::NAN, "min_cough_detected");
    refused(&|settings| settings.policy.min_cough_detected = 1e300, "min_cough_detected");
    refused(&|settings| settings.policy.quality.min_snr_db = f32::NAN, "policy.quality.min_snr_db is NaN");
    refused(&|settings| settings.policy.quality.min_secs = -3.0, "must be 0 to 10, for example 0.2");
    let error = Settings { version: VERSION + 1, ..full() }.write(Path::new("never made")).unwrap_err();
    assert!(matches!(error, SettingsError::Invalid { .. }), "{error:?}");
    assert!(!Path::new("never made").exists());
    let crowded = SplitConfig { test: 0.9, validation: 0.9, ..SplitConfig::default() };
    let settings = Settings { split: crowded, ..Settings::default() };
    assert_eq!(read(written(&settings)).unwrap(), settings, "the split itself refuses these");
}

#[test]
fn a_dataset_is_found_where_it_was_or_beside_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let home = crate::data::scan::canonical(folder.path());
    let (data, study) = (home.join("a/data"), home.join("a/study"));
    std::fs::create_dir_all(&data).unwrap();
    std::fs::create_dir_all(&study).unwrap();
    let entry = SourceEntry::new("folder".into(), SourceKind::Folder, &data, &study);
    assert_eq!(entry.resolve(&study), Some(data));
    std::fs::rename(home.join("a"), home.join("b")).unwrap();
    assert_eq!(entry.resolve(&home.join("b/study")), Some(home.join("b/data")));
    assert_eq!(entry.resolve(&home.join("elsewhere/study")), None);
    assert_eq!(SourceEntry { near: None, ..entry.clone() }.resolve(&home.join("b/study")), None);
    let foreign = SourceEntry { path: "src".into(), near: None, ..entry };
    assert_eq!(foreign.resolve(&home), None, "a relative root is not looked for beside the program");
}

#[test]
fn no_mutant_of_a_study_panics() {
    let original = written(&full()).into_bytes();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut below = |bound: usize| (rng.next_u64() % bound as u64) as usize;
    let mut readable = 0;
    for _ in 0..500 {
        let mut mutant = original.clone();
        for _ in 0..=below(3) {
            let at = below(mutant.len());
            match below(4) {
                0 => mutant[at] = below(256) as u8,
                1 => mutant.insert(at, b"[]{}=\"'#\n.,-9eX"[below(15)]),
                2 => drop(mutant.drain(at..(at + below(40)).min(mutant.len()))),
                _ => mutant.truncate(at.max(1)),
            }
            mutant.push(b'\n');
        }
        if let Ok(settings) = read(&mutant) {
            readable += 1;
            assert_eq!(read(written(&settings)).unwrap(), settings);
        }
    }
    assert!((1..500).contains(&readable), "{readable} of 500: the mutants test something");
}

proptest! {
    #[test]
    fn any_name_path_and_decision_come_back(name in ".*", path in ".*", near: Option<String>, clip in ".*") {
        let mut settings = Settings { name, ..full() };
        settings.sources[0].path = path;
        settings.sources[0].near = near;
        settings.decisions.insert(String::new(), [(clip, Decision::Use)].into());
        prop_assert_eq!(read(written(&settings)).unwrap(), settings);
    }
}
