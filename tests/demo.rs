//! The demo study: what it promises, whole or not at all, the same for the same seed.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, as the tests do")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use coughscope::audio::{Recording, SoundFormat, decode};
use coughscope::data::demo::{DemoConfig, DemoError, DemoStudy, NOTICE, containers, generate, is_demo, synth};
use coughscope::data::quality::{Flag, Measures, QualityPolicy};
use coughscope::data::{Clip, Label, LabelPolicy, SourceKind, Verdict};
use coughscope::units::{SampleRate, Seconds};

#[path = "support/scanned.rs"]
mod scanned;

use scanned::scan;

/// The smallest study, which has everything that the default one has.
const SMALL: DemoConfig = DemoConfig { people: DemoConfig::MIN_PEOPLE, seed: 7 };

fn silent(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn make(root: &Path, config: &DemoConfig) -> DemoStudy {
    generate(root, config, &silent).unwrap()
}

/// All files below `root`, by their path within it.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().strip_prefix(root).unwrap().to_owned(), fs::read(entry.path()).unwrap())).collect()
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|extension| extensions.contains(&extension))
}

/// Names in a folder.
fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn one_seed_decides_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second, other] = ["first", "second", "other"].map(|name| folder.path().join(name));
    make(&first, &SMALL);
    // A single thread takes the recordings in another order.
    rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(|| make(&second, &SMALL));
    make(&other, &DemoConfig { seed: 8, ..SMALL });
    assert!(files(&first) == files(&second), "the same seed gave other files");
    let sounds = |root: &Path| -> Vec<Vec<u8>> {
        files(root).into_iter().filter(|(path, _)| has_extension(path, &["mp3"])).map(|(_, bytes)| bytes).collect()
    };
    assert!(sounds(&first) != sounds(&other), "another seed gave the same sounds");
}

#[test]
fn a_study_has_three_layouts_and_says_that_it_is_synthetic() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("demo");
    let study = make(&root, &SMALL);
    let files = files(&root);
    let sounds = |dataset: &str| -> Vec<(&PathBuf, &Vec<u8>)> {
        let audio = ["wav", "webm", "ogg", "mp3"];
        files.iter().filter(|(path, _)| path.starts_with(dataset) && has_extension(path, &audio)).collect()
    };
    assert_eq!(study.people, SMALL.people);
    assert_eq!(study.recordings, study.datasets.values().map(|counts| counts.recordings).sum::<usize>());
    for (dataset, counts) in &study.datasets {
        assert_eq!(sounds(dataset).len(), counts.recordings, "{dataset}");
        assert!(counts.broken > 0 && counts.rows_without_audio > 0, "{dataset}: {counts:?}");
    }
    let formats = ["webm", "ogg", "wav"].map(|kind| sounds("coughvid").iter().any(|(p, _)| has_extension(p, &[kind])));
    assert_eq!(formats, [true; 3], "COUGHVID has WebM, Ogg and WAV");

    let broken =
        |test: fn(&[u8]) -> bool| ["coswara", "coughvid", "virufy"].map(|d| sounds(d).iter().any(|f| test(f.1)));
    assert_eq!(broken(|bytes| bytes.len() == 44), [true, true, false], "a header without a sample");
    assert_eq!(broken(<[u8]>::is_empty), [false, false, true], "an empty file");
    assert!(broken(|bytes| bytes.starts_with(b"<!DOCTYPE html>"))[0], "a text file named .wav");

    let text = |path: &str| String::from_utf8(files[Path::new(path)].clone()).unwrap().to_lowercase();
    for path in [
        "README.txt",
        "demo.toml",
        "coswara/NOTICE.txt",
        "coswara/combined_data.csv",
        "coughvid/coughvid_20211012/NOTICE.txt",
        "coughvid/coughvid_20211012/metadata_compiled.csv",
        "virufy/clinical/NOTICE.txt",
        "virufy/clinical/labels.csv",
    ] {
        for part in ["synthetic", "made by a program", "proves nothing about any disease"] {
            assert!(text(path).contains(part), "{path} does not say \"{part}\"");
        }
    }
    assert!(is_demo(&root) && is_demo(&root.join("virufy/clinical/labels.csv")));
    assert!(!is_demo(folder.path()));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.join("virufy"), folder.path().join("link")).unwrap();
        assert!(is_demo(&folder.path().join("link")), "however the path is spelled");
    }
    fs::write(folder.path().join("demo.toml"), "[package]\nname = \"another program's demo\"\n").unwrap();
    assert!(!is_demo(folder.path()), "only our own marker counts");
    let columns = |path: &str| text(path).lines().next().unwrap().split(',').count();
    assert_eq!(columns("coswara/combined_data.csv"), 36);
    assert_eq!(columns("coughvid/coughvid_20211012/metadata_compiled.csv"), 52 + 1);
    assert_eq!(columns("virufy/clinical/labels.csv"), 8 + 1);
}

#[test]
fn a_complete_study_is_used_again_and_another_config_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("demo");
    let study = make(&root, &SMALL);
    let calls = AtomicUsize::new(0);
    let count = |_: usize, _: usize| {
        calls.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    assert_eq!(generate(&root, &SMALL, &count).unwrap(), study);
    assert_eq!(calls.load(Ordering::Relaxed), 0, "nothing is made twice");

    fs::write(root.join("coswara/mine.txt"), "belongs to the old study").unwrap();
    let other = generate(&root, &DemoConfig { seed: u64::MAX, ..SMALL }, &count).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), other.recordings, "each recording is counted once");
    assert!(!root.join("coswara/mine.txt").exists(), "the old study is gone");
    assert_eq!(names(folder.path()), ["demo"], "nothing is left beside it");

    // An older version says so in its marker.
    let marker = fs::read_to_string(root.join("demo.toml")).unwrap();
    fs::write(root.join("demo.toml"), marker.replace("version = ", "version = 9")).unwrap();
    calls.store(0, Ordering::Relaxed);
    generate(&root, &DemoConfig { seed: u64::MAX, ..SMALL }, &count).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), other.recordings, "another version is made anew");
}

#[test]
fn what_is_not_a_demo_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("thesis");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("chapter.txt"), "years of work").unwrap();
    assert!(matches!(generate(&root, &SMALL, &silent), Err(DemoError::Occupied(path)) if path == root));
    assert_eq!(names(&root), ["chapter.txt"]);
    for people in [0, DemoConfig::MIN_PEOPLE - 1, DemoConfig::MAX_PEOPLE + 1] {
        let config = DemoConfig { people, ..SMALL };
        assert!(matches!(generate(&root, &config, &silent), Err(DemoError::People(got)) if got == people));
    }
}

#[test]
fn a_stopped_or_killed_run_leaves_no_half_study() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("demo");
    let stop_at_five =
        |done: usize, _: usize| if done >= 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    assert!(matches!(generate(&root, &SMALL, &stop_at_five), Err(DemoError::Stopped)));
    assert!(names(folder.path()).is_empty(), "nothing is left behind");

    // What a killed program leaves: a part of a study under a temporary name, which is no demo.
    let leftover = folder.path().join(".coughscope-demo-killed/new/coswara");
    fs::create_dir_all(&leftover).unwrap();
    fs::write(leftover.join("combined_data.csv"), "id,a").unwrap();
    assert!(!is_demo(&leftover));
    let study = make(&root, &SMALL);
    assert!(matches!(generate(&root, &DemoConfig { seed: 8, ..SMALL }, &stop_at_five), Err(DemoError::Stopped)));
    assert_eq!(make(&root, &SMALL), study, "the old study survives a stopped replacement");
}

#[test]
fn scanning_finds_what_was_promised() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("demo");
    let study = make(&root, &SMALL);
    let scans = scan(&[root], &LabelPolicy::default()).unwrap().sources;
    assert_eq!(scans.len(), 3);
    for scan in &scans {
        let counts = study.datasets[scan.kind.id()];
        let with_file: Vec<&Clip> = scan.clips.iter().filter(|clip| clip.path.is_file()).collect();
        // By default only one of Coswara's two coughs is read, and each person has both.
        let share = if scan.kind == SourceKind::Coswara { 2 } else { 1 };
        assert_eq!(with_file.len(), counts.recordings / share, "{}", scan.kind);
        assert_eq!(scan.clips.len() - with_file.len(), counts.rows_without_audio, "{}", scan.kind);
        for label in Label::ALL {
            assert!(with_file.iter().any(|clip| clip.verdict == Verdict::Use(label)), "{} has no {label}", scan.kind);
        }
        let unreadable = with_file.iter().filter(|clip| matches!(clip.verdict, Verdict::Unreadable(_))).count();
        let truncated = with_file.iter().filter_map(|clip| clip.facts()).filter(|s| s.format.truncated).count();
        assert_eq!(unreadable + truncated, counts.broken, "{}", scan.kind);
        let lasting = with_file.iter().filter_map(|clip| clip.facts()).all(|s| (0.5..3.1).contains(&s.duration.0));
        assert!(lasting, "{}", scan.kind);
    }
}

/// Two seconds of a cough at 48 kHz, which all encoders take.
fn source() -> (Vec<f32>, SampleRate) {
    let rate = SampleRate::new(48_000).unwrap();
    (synth::cough(3, Label::Sick, rate, Seconds(2.0)), rate)
}

/// Signal-to-noise ratio in decibels of `found` against `wanted`; their lengths may differ.
fn snr_db(wanted: &[f32], found: &[f32]) -> f64 {
    let power = |values: &mut dyn Iterator<Item = f32>| values.map(|value| f64::from(value).powi(2)).sum::<f64>();
    let error = power(&mut wanted.iter().zip(found).map(|(a, b)| a - b));
    10.0 * (power(&mut wanted.iter().copied()) / error).log10()
}

/// The files of one sound in every encoding, with the samples that each adds in front and in all.
fn encoded(folder: &Path) -> [(PathBuf, usize, usize); 3] {
    let (samples, rate) = source();
    let store = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    // A live WebM trims nothing: 312 samples of lead-in, filled up to whole packets of 60 ms.
    let padded = (samples.len() + 312).div_ceil(2_880) * 2_880 - samples.len();
    [
        (store("a.ogg", containers::ogg_opus(&samples, 1, NOTICE).unwrap()), 0, 0),
        (store("a.webm", containers::webm_opus(&samples, 1, NOTICE).unwrap()), 312, padded),
        (store("a.mp3", containers::mp3(&samples, rate).unwrap()), 0, 0),
    ]
}

#[test]
fn encoded_files_hold_the_sound_that_went_in() {
    let folder = tempfile::tempdir().unwrap();
    let (samples, rate) = source();
    for (path, lead_in, added) in encoded(folder.path()) {
        let recording: Recording = decode(&path).unwrap();
        let name = path.file_name().unwrap();
        assert_eq!((recording.rate(), recording.channels().len()), (rate, 1), "{name:?}");
        assert_eq!(recording.frames(), samples.len() + added, "{name:?}");
        assert!(!recording.format().truncated, "{name:?}");
        // Measured with opusdec and FFmpeg: Ogg 15.7 dB, WebM 14.0 dB, MP3 25.9 dB. A codec keeps what is heard, not the wave,
        // but one sample too early or too late shows.
        let snr_from = |first: usize| snr_db(&samples, &recording.mono()[first..]);
        assert!(snr_from(lead_in) > 12.0, "{name:?}: {:.1} dB", snr_from(lead_in));
        assert!(snr_from(lead_in) > snr_from(lead_in + 1) + 1.0, "{name:?} is late");
        assert!(lead_in == 0 || snr_from(lead_in) > snr_from(lead_in - 1) + 1.0, "{name:?} is early");
    }
}

#[test]
fn ffprobe_reads_the_encoded_files() {
    let folder = tempfile::tempdir().unwrap();
    for (path, _, added) in encoded(folder.path()) {
        let arguments = ["-v", "warning", "-count_packets", "-show_entries", "stream=codec_name,sample_rate,channels"];
        let Ok(output) = Command::new("ffprobe").args(arguments).arg("-of").arg("csv=p=0").arg(&path).output() else {
            eprintln!("skipped: ffprobe is not installed");
            return;
        };
        let codec = if has_extension(&path, &["mp3"]) { "mp3" } else { "opus" };
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(answer.trim().starts_with(&format!("{codec},48000,1")), "{} ({added}): {answer}", path.display());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}: no warning", path.display());
    }
}

#[test]
fn coughs_stay_in_range_at_every_rate() {
    for (seed, hz) in [(0, 8_000), (1, 16_000), (2, 44_100), (3, 48_000), (4, 96_000)] {
        let rate = SampleRate::new(hz).unwrap();
        let samples = synth::cough(seed, Label::Healthy, rate, Seconds(1.5));
        assert_eq!(samples.len(), Seconds(1.5).samples(rate));
        assert!(samples.iter().all(|sample| sample.abs() <= 1.0));
        assert!(samples.iter().any(|sample| sample.abs() > 0.01), "{hz} Hz is silent");
        assert_eq!(samples, synth::cough(seed, Label::Healthy, rate, Seconds(1.5)), "one seed, one sound");
    }
    let rate = SampleRate::new(16_000).unwrap();
    assert!(synth::cough(0, Label::Sick, rate, Seconds(0.0)).is_empty());
}

/// The demo must not teach that sick people record badly. A few recordings are flagged all the same, so that one can see
/// what a flag looks like.
#[test]
fn few_coughs_are_flagged_and_health_has_no_part_in_it() {
    const RECORDINGS: u64 = 400;
    let rate = SampleRate::new(16_000).unwrap();
    let policy = QualityPolicy::default();
    let flags = |seed: u64, label| {
        // As long as the recordings of the three datasets.
        let length = Seconds(1.0 + 0.4 * (seed % 6) as f64);
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        let recording = Recording::new(vec![synth::cough(seed, label, rate, length)], rate, format).unwrap();
        policy.flags(&Measures::of(&recording), length, false)
    };
    let [healthy, sick] = [(Label::Healthy, 0), (Label::Sick, RECORDINGS)]
        .map(|(label, first)| (first..first + RECORDINGS).map(|seed| flags(seed, label)).collect::<Vec<_>>());
    for flag in [Flag::NoCough, Flag::LowSnr] {
        let shares = [&healthy, &sick].map(|sets| {
            let percent = |count: usize| 100.0 * count as f64 / sets.len() as f64;
            percent(sets.iter().filter(|set| set.contains(flag)).count())
        });
        assert!(shares.iter().all(|share| (0.2..5.0).contains(share)), "{flag}: {shares:?} % of healthy and sick");
        // Three standard errors of a difference of two shares of 2 %.
        assert!((shares[0] - shares[1]).abs() < 3.0, "{flag}: {shares:?} % of healthy and sick");
    }
}
