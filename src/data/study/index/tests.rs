mod damage;

use std::collections::HashSet;
use std::time::Instant;

use proptest::prelude::*;

use super::super::portable;
use super::*;
use crate::audio::SoundFormat;
use crate::data::fingerprint::ContentHash;
use crate::data::quality::Measures;
use crate::data::{Form, Obstacle, Opinion, PersonId, Rating, SoundFacts, Subject};
use crate::units::{SampleRate, Seconds};

const ROOT: &str = "/data/folder";

fn clip(number: usize) -> Clip {
    let path = Path::new(ROOT).join(format!("healthy/{number:05}.wav"));
    Clip::new(path, SourceKind::Folder, PersonId(format!("folder:{number}")), "healthy")
}

fn read(bytes: u64) -> Measured {
    Measured {
        stamp: Some(Stamp { bytes, modified_ns: -7 }),
        sound: Sound::Read(SoundFacts::for_tests()),
        fingerprint: None,
    }
}

fn put(index: &Index, path: &str, measured: &Measured) {
    index.put_sound("folder", path, measured).unwrap();
}

fn store(index: &mut Index, clips: &[Clip]) {
    index.store_source("folder", Path::new(ROOT), SourceKind::Folder, clips, &["A note.".into()]).unwrap();
}

fn load(index: &Index) -> Option<SourceScan> {
    index.load_source("folder", Path::new(ROOT)).unwrap()
}

fn paths(index: &Index) -> HashSet<String> {
    index.sounds("folder").unwrap().into_keys().collect()
}

fn named(number: usize) -> String {
    format!("healthy/{number:05}.wav")
}

fn any_path() -> impl Strategy<Value = PathBuf> {
    let name = prop_oneof!["[a-z0-9 %é:\\\\]{1,12}", "\\PC{1,8}"];
    let names = proptest::collection::vec(name, 1..4);
    (names, any::<bool>()).prop_map(|(names, is_inside)| {
        let start = Path::new(if is_inside { ROOT } else { "/elsewhere" });
        names.iter().fold(start.to_owned(), |path, name| path.join(name))
    })
}

fn any_measures() -> impl Strategy<Value = Measures> {
    let number = -1e9_f32..1e9;
    let levels = (number.clone(), number.clone(), number.clone(), number.clone());
    (levels, any::<u32>(), number.clone(), proptest::option::of(number)).prop_map(
        |((peak_dbfs, rms_dbfs, dc_offset, clipped_share), coughs, cough_secs, snr_db)| Measures {
            peak_dbfs,
            rms_dbfs,
            dc_offset,
            clipped_share,
            coughs,
            cough_secs,
            snr_db,
        },
    )
}

fn any_sound() -> impl Strategy<Value = Sound> {
    let facts = (1_000_u32..=768_000, 1_usize..70_000, 1e-9_f64..1e9, ".*", ".*", any::<bool>());
    let read = (facts, any_measures(), any::<u128>()).prop_map(
        |((hz, channels, secs, container, codec, truncated), measures, content)| {
            let (rate, format) = (SampleRate::new(hz).unwrap(), SoundFormat { container, codec, truncated });
            let (duration, content) = (Seconds(secs), ContentHash(content));
            Sound::Read(SoundFacts { rate, channels, duration, format, measures, content })
        },
    );
    prop_oneof![Just(Sound::Unread), ".*".prop_map(Sound::Unreadable), read]
}

fn any_clip() -> impl Strategy<Value = Clip> {
    use Form::{Heavy, Only, Original, Segmented, Shallow};
    use Rating::{Excellent, Fair, Good, NoCough, Poor};
    let subject = (proptest::option::of(0_f32..122.0), proptest::option::of(".*"), ".*", ".*")
        .prop_map(|(age, sex, symptoms, recorded)| Subject { age, sex, symptoms, recorded });
    let rating = proptest::option::of(proptest::sample::select(vec![NoCough, Poor, Fair, Good, Excellent]));
    let opinion =
        (".*", rating, ".*").prop_map(|(diagnosis, rating, severity)| Opinion { diagnosis, rating, severity });
    let obstacle = prop_oneof![
        proptest::sample::select(vec![
            Obstacle::NoAudioFile,
            Obstacle::NotInTable,
            Obstacle::DamagedSheet,
            Obstacle::ForeignName,
            Obstacle::FolderDisagrees,
            Obstacle::InferredResult,
            Obstacle::InCoughvid,
        ]),
        ".*".prop_map(Obstacle::LeftOutThere),
    ];
    let form = proptest::sample::select(vec![Only, Heavy, Shallow, Segmented, Original]);
    let stated = (".*", ".*", ".*", proptest::option::of(0_f32..1.0));
    let judged = (proptest::collection::vec(opinion, 0..4), proptest::option::of(obstacle));
    (any_path(), stated, subject, form, judged, any_sound()).prop_map(
        |(path, (person, status, dataset, cough_detected), subject, form, (opinions, obstacle), sound)| Clip {
            dataset: dataset.into(),
            subject,
            form,
            cough_detected,
            opinions,
            obstacle,
            sound,
            ..Clip::new(path, SourceKind::Coswara, PersonId(person), &status)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn recordings_come_back(
        mut clips in proptest::collection::vec(any_clip(), 0..12),
        notes in proptest::collection::vec(".*", 0..3),
        stamp: (u64, i64),
    ) {
        // One file has one sound.
        let mut seen = HashSet::new();
        clips.retain(|clip| seen.insert(clip.path.clone()));
        let root = Path::new(ROOT);
        let stamp = Stamp { bytes: stamp.0, modified_ns: stamp.1 };
        let mut index = Index::in_memory().unwrap();
        index.store_source("key", root, SourceKind::Coswara, &clips, &notes).unwrap();
        for clip in &clips {
            let measured = Measured { stamp: Some(stamp), sound: clip.sound.clone(), fingerprint: None };
            index.put_sound("key", &portable::encode(&clip.path, root), &measured).unwrap();
        }
        let sounds = index.sounds("key").unwrap();
        for clip in &clips {
            let stored = sounds.get(&portable::encode(&clip.path, root)).cloned();
            let expected = (stamp, clip.sound.clone());
            prop_assert_eq!(stored, Some(expected).filter(|(_, sound)| *sound != Sound::Unread));
        }
        let expected = SourceScan { kind: SourceKind::Coswara, root: root.to_owned(), clips, notes };
        prop_assert_eq!(index.load_source("key", root).unwrap(), Some(expected));
    }
}

#[cfg(unix)]
#[test]
fn a_root_that_moved_and_names_that_are_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"h\xe9.wav");
    let mut index = Index::in_memory().unwrap();
    store(&mut index, &[Clip { path: Path::new(ROOT).join(name), ..clip(0) }]);
    let moved = index.load_source("folder", Path::new("/mnt/new")).unwrap().unwrap();
    assert_eq!(moved.clips[0].path, Path::new("/mnt/new").join(name));
}

#[test]
fn sources_are_replaced_and_removed_alone() {
    let mut index = Index::in_memory().unwrap();
    assert_eq!(load(&index), None);
    store(&mut index, &[clip(0), clip(1)]);
    index.store_source("other", Path::new("/o"), SourceKind::Virufy, &[clip(3)], &[]).unwrap();
    for number in 0..2 {
        put(&index, &named(number), &read(1));
    }
    store(&mut index, &[clip(1)]);
    let kinds = vec![("folder".to_owned(), SourceKind::Folder), ("other".to_owned(), SourceKind::Virufy)];
    assert_eq!(index.sources().unwrap(), kinds);
    let scan = load(&index).unwrap();
    assert_eq!((scan.clips.len(), scan.notes.len()), (1, 1));
    assert_eq!(scan.clips[0].sound, read(1).sound, "its sound is still known");
    assert_eq!(paths(&index).len(), 2, "so is the other's");
    assert_eq!(index.prune("folder").unwrap(), 1);
    assert_eq!(paths(&index), [named(1)].into());
    index.remove_source("folder").unwrap();
    assert_eq!(load(&index), None);
    assert!(paths(&index).is_empty());
    assert_eq!(index.load_source("other", Path::new("/o")).unwrap().unwrap().clips.len(), 1);
}

#[test]
fn only_what_was_there_and_opened_is_remembered() {
    let index = Index::in_memory().unwrap();
    put(&index, "a", &read(1));
    put(&index, "a", &Measured { stamp: None, ..read(2) });
    put(&index, "b", &Measured { sound: Sound::Unread, ..read(2) });
    assert!(paths(&index).is_empty());
}

#[test]
fn sounds_of_another_analysis_count_as_not_measured() {
    let mut index = Index::in_memory().unwrap();
    store(&mut index, &[clip(0)]);
    put(&index, &named(0), &read(1));
    index.put_fingerprint("folder", &named(0), b"words").unwrap();
    index.connection.execute("UPDATE sound SET analysis = ?1", [ANALYSIS_VERSION + 1]).unwrap();
    assert_eq!(load(&index).unwrap().clips[0].sound, Sound::Unread);
    assert!(paths(&index).is_empty());
    assert!(fingerprints(&index).is_empty());
}

fn fingerprints(index: &Index) -> Vec<(String, String, Vec<u8>)> {
    let mut all = Vec::new();
    index
        .for_each_fingerprint(&mut |source, path, words| all.push((source.into(), path.into(), words.to_vec())))
        .unwrap();
    all
}

#[test]
fn fingerprints_and_twins_come_back() {
    let mut index = Index::in_memory().unwrap();
    for path in ["a", "b", "c"] {
        put(&index, path, &read(1));
    }
    for (path, words) in [("b", &b"2"[..]), ("a", b"1"), ("c", b"3"), ("d", b"4"), ("a", b"5"), ("c", b"")] {
        index.put_fingerprint("folder", path, words).unwrap();
    }
    let row = |path: &str, words: &[u8]| ("folder".to_owned(), path.to_owned(), words.to_vec());
    assert_eq!(fingerprints(&index), [row("a", b"5"), row("b", b"2")], "c was emptied, and d was never measured");

    let file = |source: &str, path: &str| FileRef { source: source.into(), path: path.into() };
    let pair = |similarity| Twins { one: file("folder", "a"), other: file("other", "b"), similarity };
    index.put_twins(&[pair(0.1)]).unwrap();
    index.put_twins(&[pair(0.9), pair(1.0)]).unwrap();
    assert_eq!(index.twins().unwrap(), [pair(0.9), pair(1.0)]);
    index.remove_source("other").unwrap();
    assert!(index.twins().unwrap().is_empty());
}

#[test]
fn impossible_values_count_as_not_measured_or_not_listed() {
    let damaged = |change: &str| {
        let mut index = Index::in_memory().unwrap();
        store(&mut index, &[clip(0), clip(1)]);
        put(&index, &named(0), &read(1));
        index.connection.execute(change, []).unwrap();
        index
    };
    for change in [
        "UPDATE sound SET rate = 0",
        "UPDATE sound SET rate = -44100",
        "UPDATE sound SET rate = NULL",
        "UPDATE sound SET channels = 0",
        "UPDATE sound SET channels = -9223372036854775808",
        "UPDATE sound SET duration_secs = 9e999",
        "UPDATE sound SET duration_secs = NULL",
        "UPDATE sound SET duration_secs = -1.0",
        "UPDATE sound SET codec = CAST(x'ff' AS TEXT)",
    ] {
        let index = damaged(change);
        assert_eq!(load(&index).unwrap().clips[0].sound, Sound::Unread, "{change}");
        assert!(paths(&index).is_empty(), "{change}");
    }
    for change in ["UPDATE sound SET content = x'00'", "UPDATE sound SET path = CAST(x'ff' AS TEXT)"] {
        assert!(paths(&damaged(change)).is_empty(), "{change}");
    }
    for change in [
        "UPDATE source SET kind = 'nothing'",
        "UPDATE source SET notes = '['",
        "UPDATE clip SET form = '\"louder\"'",
        "UPDATE clip SET opinions = '[{}'",
        "UPDATE clip SET obstacle = '3' WHERE position = 1",
        "UPDATE clip SET age = 9e999",
        "UPDATE clip SET cough_detected = 1e300",
        "UPDATE clip SET person = CAST(x'ff' AS TEXT)",
    ] {
        assert_eq!(load(&damaged(change)), None, "{change}");
    }
    assert!(damaged("UPDATE source SET kind = 'nothing'").sources().unwrap().is_empty());
}

#[test]
fn one_window_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mut first = Index::open(&path).unwrap();
    store(&mut first, &[clip(0)]);
    let error = Index::open(&path).unwrap_err();
    assert!(matches!(error, IndexError::InUse { .. }), "{error:?}");
    assert!(error.to_string().contains("another window"), "{error}");
    put(&first, &named(0), &read(1));
    drop(first);
    let again = Index::open(&path).unwrap();
    assert_eq!(load(&again).unwrap().clips[0].sound, read(1).sound);
    assert!(matches!(Index::open(&path), Err(IndexError::InUse { .. })), "also when nothing was written since");
}

#[test]
fn foreign_and_newer_databases_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.sqlite");
    Connection::open(&foreign).unwrap().execute("CREATE TABLE mail (text TEXT)", []).unwrap();
    let hostile = folder.path().join("hostile.sqlite");
    drop(Index::open(&hostile).unwrap());
    let trigger = "CREATE TRIGGER t AFTER INSERT ON sound BEGIN DELETE FROM clip; END";
    Connection::open(&hostile).unwrap().execute(trigger, []).unwrap();
    for path in [&foreign, &hostile] {
        let before = std::fs::read(path).unwrap();
        assert!(matches!(Index::open(path), Err(IndexError::Damaged { .. })));
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    let newer = folder.path().join("newer.sqlite");
    drop(Index::open(&newer).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 1_000).unwrap();
    assert!(matches!(Index::open(&newer), Err(IndexError::Newer { .. })));
    assert!(matches!(Index::open(&folder.path().join("none/x.sqlite")), Err(IndexError::File { .. })));
    assert!(matches!(Index::open(folder.path()), Err(IndexError::File { .. })));
}

#[test]
fn a_damaged_index_makes_room_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    for number in 1..3 {
        std::fs::write(&path, [7; 5_000]).unwrap();
        assert!(matches!(Index::open(&path), Err(IndexError::Damaged { .. })));
        std::fs::write(log_of(&path), "log").unwrap();
        let aside = Index::set_aside(&path).unwrap();
        assert_eq!(std::fs::read(log_of(&aside)).unwrap(), b"log");
        assert_eq!(aside, folder.path().join(format!("index.damaged-{number}.sqlite")));
        assert_eq!(std::fs::read(&aside).unwrap(), [7; 5_000]);
        assert!(!path.exists() && !log_of(&path).exists());
    }
    drop(Index::open(&path).unwrap());
    assert!(Index::set_aside(&folder.path().join("none.sqlite")).is_err());
}

#[test]
fn the_size_of_a_large_study() {
    const MANY: usize = 35_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mut index = Index::open(&path).unwrap();
    let clips: Vec<Clip> = (0..MANY)
        .map(|number| Clip {
            subject: Subject { age: Some(33.0), sex: Some("female".into()), ..Subject::default() },
            form: Form::Heavy,
            cough_detected: Some(0.9),
            opinions: if number % 12 == 0 { vec![Opinion::default(); 3] } else { Vec::new() },
            ..clip(number)
        })
        .collect();
    let time = |what: &str, start: Instant| println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    store(&mut index, &clips);
    time("storing 35,000 recordings", start);
    let start = Instant::now();
    for number in 0..MANY {
        put(&index, &named(number), &read(number as u64));
    }
    time("storing their sounds one by one", start);
    drop(index);
    let start = Instant::now();
    let mut index = Index::open(&path).unwrap();
    time("opening", start);
    let start = Instant::now();
    let scan = load(&index).unwrap();
    time("loading", start);
    let start = Instant::now();
    assert_eq!(index.sounds("folder").unwrap().len(), MANY);
    time("the sounds alone", start);
    let start = Instant::now();
    store(&mut index, &scan.clips);
    time("replacing", start);
    assert_eq!(scan.clips.len(), MANY);
    assert!(scan.clips.iter().all(|clip| clip.facts().is_some()));
}
