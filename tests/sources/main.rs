//! The datasets as they lie on a user's disk, in small: each test builds one, scans it, and counts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the builders of a test may fail it, as the test itself")]

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use coughscope::audio::wav::encode_pcm16;
use coughscope::data::scan::{ScanError, SourceScan, SourceSummary, read_all};
use coughscope::data::sources::{SOURCES, SourceError};
use coughscope::data::{Clip, Form, LabelPolicy, Obstacle, Opinion, Rating, SourceKind};
use coughscope::units::SampleRate;
use proptest::prelude::*;
use tempfile::TempDir;

mod cdf;
mod coswara;
mod coughvid;
mod coughvid_v1;
mod mapped;
#[path = "../support/scanned.rs"]
mod scanned;
mod table;
mod virufy;

use scanned::scan;

/// A dataset under construction in a folder of its own.
struct Study(TempDir);

impl Study {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file of any content.
    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Writes half a second of sound.
    fn sound(self, path: &str) -> Self {
        let rate = SampleRate::new(16_000).unwrap();
        let samples: Vec<f32> = (0..8_000).map(|i| (i as f32 * 0.3).sin() * 0.5).collect();
        self.file(path, encode_pcm16(&samples, rate).unwrap())
    }

    /// The scan of the only dataset.
    fn scan_with(&self, policy: &LabelPolicy) -> SourceScan {
        let mut scans = scan(&[self.path().to_owned()], policy).unwrap().sources;
        assert_eq!(scans.len(), 1, "{scans:?}");
        scans.remove(0)
    }

    fn scan(&self) -> SourceScan {
        self.scan_with(&LabelPolicy::default())
    }

    fn error(&self) -> ScanError {
        scan(&[self.path().to_owned()], &LabelPolicy::default()).unwrap_err()
    }
}

/// `(recordings, healthy, sick, unreadable)`.
fn counts(summary: &SourceSummary) -> (usize, usize, usize, usize) {
    let sum = summary.healthy + summary.sick + summary.unreadable.len() + summary.excluded.values().sum::<usize>();
    assert_eq!(summary.recordings, sum, "nothing is lost");
    let rows_without = summary.excluded.get("no audio file").copied().unwrap_or_default();
    assert_eq!(summary.without_audio.len(), rows_without, "each is listed");
    (summary.recordings, summary.healthy, summary.sick, summary.unreadable.len())
}

fn reasons(summary: &SourceSummary) -> Vec<(&str, usize)> {
    summary.excluded.iter().map(|(reason, count)| (reason.as_str(), *count)).collect()
}

/// The clip whose path ends so.
fn clip<'a>(scan: &'a SourceScan, end: &str) -> &'a Clip {
    scan.clips.iter().find(|clip| clip.path.ends_with(end)).unwrap_or_else(|| panic!("no {end} in {:?}", scan.clips))
}

/// A folder of real recordings beside the checkout, or `None` with a note.
fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.is_dir() {
        eprintln!("skipped: no sample of {name} here");
        return None;
    }
    Some(path)
}

// Plain folders and what all have in common

#[test]
fn a_plain_folder_is_read_in_any_case_and_depth() {
    let study = Study::new()
        .sound("Healthy/a.wav")
        .sound("Healthy/clinic/b.WAV")
        .sound("SICK/a.wav")
        .file("SICK/list.txt", "x")
        .sound("train/healthy/c.wav")
        .sound("test/sick/d.wav")
        .file("test/sick/e.flac", "broken");
    let scan = study.scan();
    assert_eq!((scan.kind, counts(&scan.summary())), (SourceKind::Folder, (6, 3, 2, 1)));
    let people: BTreeSet<_> = scan.clips.iter().map(|clip| &clip.person).collect();
    assert_eq!(people.len(), 6, "one person for each file");
    assert!(scan.notes[0].contains("one person"), "{:?}", scan.notes);
}

#[test]
fn a_folder_may_hold_several_datasets_and_is_read_once() {
    let study = virufy::virufy()
        .file("x/coswara/combined_data.csv", format!("id,covid_status\n{},healthy\n", coswara::ANNA))
        .sound(&format!("x/coswara/{}", coswara::heavy(coswara::ANNA)))
        .file("coughvid/coughvid_20211012/metadata_compiled.csv", "uuid,cough_detected,status\n")
        .sound("own/healthy/a.wav")
        .sound("own/sick/b.wav");
    let paths = [study.path().to_owned(), study.path().join("x"), study.path().join("x/../own")];
    let found = std::cell::RefCell::new(Vec::new());
    let scans = read_all(&paths, &|progress| {
        found.borrow_mut().push((progress.source, progress.recordings));
        ControlFlow::Continue(())
    })
    .unwrap()
    .sources;
    use SourceKind::{Coswara, Coughvid, Folder, Virufy};
    // Nearer ones first, then by name; with both forms of Virufy and both coughs of Coswara.
    assert_eq!(found.into_inner(), [(Virufy, 7), (Folder, 2), (Coughvid, 0), (Coswara, 2)]);
    let empty = scans.iter().find(|scan| scan.kind == Coughvid).unwrap();
    assert!(empty.notes.iter().any(|note| note == "There is no recording in it."), "{:?}", empty.notes);
}

#[test]
fn a_summary_has_the_agreed_fields() {
    let study = Study::new().sound("healthy/a.wav").file("sick/b.wav", "");
    let scan = study.scan();
    let json = serde_json::to_value(scan.summary()).unwrap();
    let reason = &scan.summary().unreadable[0].reason;
    let expected = serde_json::json!({
        "kind": "folder", "path": study.path(), "recordings": 2, "healthy": 1, "sick": 0, "excluded": {},
        "unreadable": [{ "path": study.path().join("sick/b.wav"), "reason": reason }],
        "without_audio": [],
    });
    assert_eq!(json, expected);
}

#[test]
fn errors_say_what_to_do() {
    let empty = Study::new().file("notes.txt", "x");
    let message = empty.error().to_string();
    for source in SOURCES {
        assert!(message.contains(source.looks_for()), "{message}");
    }
    let file = scan(&[empty.path().join("notes.txt")], &LabelPolicy::default());
    assert!(matches!(file, Err(ScanError::NotAFolder { .. })), "{file:?}");
    let absent = scan(&[empty.path().join("absent")], &LabelPolicy::default());
    assert!(matches!(absent, Err(ScanError::File(_))), "{absent:?}");

    let no_status = Study::new().file("metadata_compiled.csv", "uuid,cough_detected\n");
    let error = no_status.error();
    assert!(matches!(error, ScanError::Source { source: SourceError::Columns { .. }, .. }), "{error}");
    assert!(error.to_string().starts_with("COUGHVID cannot be read: the table lacks the column status"), "{error}");
}

/// A dataset's own table without one of its columns is no stranger's table.
#[test]
fn a_missing_column_is_named_with_its_dataset() {
    for (table, columns, dataset, missing) in [
        ("combined_data.csv", "id,a,g", "Coswara", "covid_status"),
        ("combined_data.csv", "covid_status,a", "Coswara", "id"),
        ("metadata_compiled.csv", "uuid,status", "COUGHVID", "cough_detected"),
        ("metadata_compiled.csv", "cough_detected,status", "COUGHVID", "uuid"),
        ("labels.csv", "age,cough_filename", "Virufy", "corona_test"),
        ("labels.csv", "age,corona_test", "Virufy", "cough_filename"),
        ("virufy-cdf-coughvid.csv", "patient_id,cough_path", "Virufy CDF", "pcr_test_result"),
    ] {
        let error = Study::new().file(table, format!("{columns}\n")).error().to_string();
        let expected = format!("{dataset} cannot be read: the table lacks the column {missing} and has");
        assert!(error.starts_with(&expected), "{error}");
        assert!(error.ends_with(&format!("{table})")), "{error}");
    }
}

#[test]
fn one_bad_dataset_does_not_hide_a_good_one() {
    let study = Study::new()
        .sound("good/healthy/a.wav")
        .sound("good/sick/b.wav")
        .file("bad/combined_data.csv", format!("id,covid_status\n{},\"{}", coswara::ANNA, "x".repeat(200_000)));
    let paths = [study.path().join("good"), study.path().join("bad"), study.path().join("absent")];
    let found = scan(&paths, &LabelPolicy::default()).unwrap();
    assert_eq!(found.sources.len(), 1);
    let problems: Vec<_> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems.iter().any(|text| text.contains("absent")), "{problems:?}");
    assert!(problems.iter().any(|text| text.contains("combined_data.csv")), "{problems:?}");
}

/// One file under two names would be learned from and tested on.
#[test]
fn a_recording_that_two_paths_lead_to_is_taken_once() {
    let study = Study::new()
        .sound("mine/train/healthy/a.wav")
        .sound("mine/train/sick/b.wav")
        .sound("mine/test/healthy/c.wav")
        .sound("mine/test/sick/d.wav");
    let paths = [study.path().join("mine"), study.path().join("mine/train")];
    let scans = scan(&paths, &LabelPolicy::default()).unwrap().sources;
    assert_eq!(scans.iter().map(|scan| scan.clips.len()).collect::<Vec<_>>(), [4, 0]);
    assert!(scans[1].notes.iter().any(|note| note.starts_with("2 of its recordings")), "{:?}", scans[1].notes);
}

#[test]
fn the_reading_of_tables_can_be_cancelled() {
    let study = virufy::virufy().sound("own/healthy/a.wav").sound("own/sick/a.wav");
    for at in [0, 1] {
        let calls = AtomicUsize::new(0);
        let result = read_all(&[study.path().to_owned()], &|_| {
            if calls.fetch_add(1, Ordering::Relaxed) >= at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(result, Err(ScanError::Cancelled)), "{result:?}");
        assert_eq!(calls.into_inner(), at + 1, "it did not go on to the end");
    }
}

/// Bytes as a damaged table has them: pieces of real ones, quotes, separators, line ends, and anything else.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        ",",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        ";",
        "\0",
        "inf",
        "-1e999",
        "healthy",
        "COVID-19",
        "0.9",
        "2020-04-13T21:30:59+00:00",
        "../../x",
        "/",
        "pos-0421-084-cough-m-50.mp3",
        "{",
        "}",
        ":",
        "é",
        "\u{feff}",
    ];
    let piece = prop_oneof![
        3 => prop::sample::select(pieces.to_vec())
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_tables_never_panic(bytes in damaged()) {
        let with = |heading: &str| [heading.as_bytes(), b"\n", &bytes].concat();
        let study = Study::new()
            .file("a/combined_data.csv", with("id,covid_status,a,g"))
            .file("a/Extracted_data/x/metadata.json", &bytes)
            .file("b/metadata_compiled.csv", with("uuid,cough_detected,status,datetime,latitude,longitude,age,gender"))
            .file("c/labels.csv", with("corona_test,cough_filename,age"))
            .file("d/virufy-cdf-coughvid.csv", with("patient_id,cough_path,pcr_test_result,covid_symptoms"))
            .file("e/table.csv", with("path,dataset,person,label,reason,age"))
            .file("f/20200413/20200413.csv", with("id,covid_status,cough"))
            .file("f/annotations/cough-heavy_labels.csv", with(" FILENAME, QUALITY"));
        let scans = scan(&[study.path().to_owned()], &LabelPolicy::default());
        if let Ok(found) = scans {
            prop_assert_eq!(found.sources.len() + found.problems.len(), 6);
            for scan in found.sources {
                counts(&scan.summary());
            }
        }
    }
}
