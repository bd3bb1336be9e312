//! What a study of 35,000 recordings costs: `cargo bench --bench study`. Compare rows of one run with each other, not with
//! another day's.
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up should stop")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coughscope::audio::{self, SoundFormat};
use coughscope::data::demo::{self, DemoConfig};
use coughscope::data::fingerprint::ContentHash;
use coughscope::data::policy::Treatment;
use coughscope::data::quality::Measures;
use coughscope::data::scan::{Measured, SourceScan, Stamp};
use coughscope::data::study::cohort::Cohort;
use coughscope::data::study::{Edit, Store, Study, Todo};
use coughscope::data::{Clip, LabelPolicy, PersonId, Sound, SoundFacts, SourceKind, Subject};
use coughscope::units::{SampleRate, Seconds};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const RECORDINGS: usize = 35_000;

fn facts(number: usize) -> SoundFacts {
    SoundFacts {
        rate: SampleRate::new(48_000).expect("a plausible rate"),
        channels: 1,
        duration: Seconds(1.0 + number as f64 / 5_000.0),
        format: SoundFormat { container: "WebM".into(), codec: "Opus".into(), truncated: number.is_multiple_of(50) },
        measures: Measures {
            peak_dbfs: -3.0,
            rms_dbfs: -25.0,
            dc_offset: 0.0,
            clipped_share: 0.0,
            coughs: 2,
            cough_secs: 1.0,
            snr_db: Some(number as f32 % 20.0),
        },
        // Every hundredth recording is a copy of the one before.
        content: ContentHash(if number.is_multiple_of(100) { number as u128 + 1 } else { number as u128 }),
    }
}

/// COUGHVID in its full size, as its table lists it; half a recording a person.
fn coughvid(root: &Path) -> SourceScan {
    const STATUSES: [&str; 4] = ["healthy", "symptomatic", "COVID-19", ""];
    let clip = |number: usize| {
        let path = root.join(format!("{number:08x}-0f06-4c27-8c7b-737b18a2cf4c.webm"));
        let person = PersonId(format!("coughvid:{:08x}-0f06-4c27-8c7b-737b18a2cf4c", number / 2));
        let sex = Some(if number.is_multiple_of(3) { "female" } else { "male" }.to_owned());
        Clip {
            subject: Subject { age: Some(20.0 + (number % 50) as f32), sex, ..Subject::default() },
            cough_detected: Some((number % 101) as f32 / 100.0),
            sound: Sound::Read(facts(number)),
            ..Clip::new(path, SourceKind::Coughvid, person, STATUSES[number % STATUSES.len()])
        }
    };
    let clips = (0..RECORDINGS).map(clip).collect();
    SourceScan { kind: SourceKind::Coughvid, root: root.to_owned(), clips, notes: Vec::new() }
}

/// A change of policy, to the new counts, parts and leaks that the screen shows.
fn policy(criterion: &mut Criterion) {
    let mut study = Study::default();
    study.add(coughvid(Path::new("/coughvid")), None);
    let policies = [0.7, 0.8].map(|bound| {
        let mut policy = LabelPolicy { min_cough_detected: bound, ..LabelPolicy::default() };
        policy.set(
            SourceKind::Coughvid,
            "symptomatic",
            if bound > 0.75 { Treatment::Sick } else { Treatment::Exclude },
        );
        Box::new(policy)
    });
    let mut turn = policies.iter().cycle();
    criterion.bench_function("change of policy, recounted, of 35,000 recordings", |bench| {
        bench.iter(|| {
            study.apply(Edit::Policy(turn.next().expect("a cycle").clone()));
            study.group();
            black_box(study.view())
        });
    });
}

/// What the classes are made of, with every test: what the charts of Explore show.
fn charts(criterion: &mut Criterion) {
    let mut study = Study::default();
    study.add(coughvid(Path::new("/coughvid")), None);
    study.group();
    let view = study.view();
    let mut group = criterion.benchmark_group("study of 35,000 recordings");
    group.sample_size(10);
    group.bench_function("charts, counted and tested", |bench| {
        bench.iter(|| Cohort::of(black_box(&view), &|| ControlFlow::Continue(())));
    });
    group.finish();
}

/// From the folder of a study to the first view, without a look at its datasets.
fn second_start(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("coughvid");
    std::fs::create_dir(&root).expect("a folder");
    let place = folder.path().join("study");
    let opened = Store::open(&place).expect("a new study");
    let (store, mut study) = (opened.store, opened.study);
    let scan = coughvid(&root);
    store.remember("coughvid", &scan).expect("room");
    for (index, clip) in scan.clips.iter().enumerate() {
        let key = coughscope::data::study::ClipKey { source: "coughvid".into(), index };
        let todo = Todo { key, path: clip.path.clone(), root: root.as_path().into() };
        let stamp = Some(Stamp { bytes: 1, modified_ns: 1 });
        store.put(&todo, &Measured { stamp, sound: clip.sound.clone(), fingerprint: None }).expect("room");
    }
    study.add(scan, None);
    store.save(&study).expect("room");
    drop(store);
    let mut group = criterion.benchmark_group("study of 35,000 recordings");
    group.sample_size(10);
    group.bench_function("second start, to the first view", |bench| {
        bench.iter(|| {
            let mut opened = Store::open(&place).expect("the study");
            opened.study.group();
            black_box(opened.study.view())
        });
    });
    group.finish();
}

/// One recording of each kind: reading it for a study against decoding it alone.
fn recordings(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("demo");
    demo::generate(&root, &DemoConfig { people: 60, seed: 1 }, &|_, _| ControlFlow::Continue(())).expect("a demo");
    let whole = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.len() > 4_000);
    let files: Vec<PathBuf> = walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.is_file() && whole(path))
        .collect();
    for ending in ["wav", "webm", "ogg", "mp3"] {
        let path =
            files.iter().find(|path| path.extension().is_some_and(|own| own == ending)).expect("one of each kind");
        let mut group = criterion.benchmark_group(format!("reading a .{ending}"));
        group.bench_function("decode alone (peer)", |bench| bench.iter(|| audio::decode(black_box(path))));
        group.bench_function("for a study", |bench| {
            bench.iter_batched(|| path, |path| Measured::of(black_box(path)), BatchSize::SmallInput);
        });
        group.finish();
    }
}

/// Recordings of a folder that are timed for [`whole_folder`], spread evenly over it.
const SAMPLED: usize = 2_000;

/// The same for a real folder: `COUGHSCOPE_DATA=DIR cargo bench --bench study -- folder`. Each recording is decoded and
/// read for a study in turn, on one thread, so that a busy machine slows both; the ratio of the sums is printed.
fn whole_folder(_: &mut Criterion) {
    let Some(data) = std::env::var_os("COUGHSCOPE_DATA") else { return };
    let is_sound =
        |path: &PathBuf| path.extension().is_some_and(|own| audio::EXTENSIONS.contains(&&*own.to_string_lossy()));
    let files: Vec<PathBuf> = walkdir::WalkDir::new(data)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(is_sound)
        .collect();
    let (mut decoding, mut reading) = (Duration::ZERO, Duration::ZERO);
    let every = (files.len() / SAMPLED).max(1);
    for path in files.iter().step_by(every) {
        // From here on, the file is in the system's cache.
        black_box(audio::decode(path).is_ok());
        let start = Instant::now();
        black_box(audio::decode(path).is_ok());
        decoding += start.elapsed();
        let start = Instant::now();
        black_box(Measured::of(path));
        reading += start.elapsed();
    }
    println!(
        "{} of {} recordings: decode alone {decoding:.2?}, for a study {reading:.2?}, ratio {:.3}",
        files.len().div_ceil(every),
        files.len(),
        reading.as_secs_f64() / decoding.as_secs_f64()
    );
}

criterion_group!(benches, policy, charts, second_start, recordings, whole_folder);
criterion_main!(benches);
