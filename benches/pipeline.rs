//! What the main job costs: `cargo bench`. Compare rows of one run with each other, not with another day's.
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up should stop")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use coughscope::audio::{Recording, SoundFormat};
use coughscope::data::Label;
use coughscope::data::features::Features;
use coughscope::eval::{Draws, PeopleTable, ThresholdTable, Watch};
use coughscope::spectrogram::{LogMelConfig, PaperConfig, Spectrogram, SpectrogramConfig};
use coughscope::train::{Example, Input, TrainConfig, device, fit};
use coughscope::units::SampleRate;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn noise(secs: f64, hz: u32) -> Recording {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let rate = SampleRate::new(hz).expect("a plausible rate");
    let samples = (0..(secs * f64::from(hz)) as usize).map(|_| rng.random_range(-0.5..0.5)).collect();
    let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
    Recording::new(vec![samples], rate, format).expect("samples")
}

/// Ten seconds at 44.1 kHz, mono, already decoded.
fn spectrograms(criterion: &mut Criterion) {
    let recording = noise(10.0, 44_100);
    let mut group = criterion.benchmark_group("spectrogram of 10 s at 44.1 kHz");
    for (name, config) in [
        ("log-mel", SpectrogramConfig::LogMel(LogMelConfig::default())),
        ("paper", SpectrogramConfig::Paper(PaperConfig::default())),
    ] {
        group.bench_function(name, |bench| bench.iter(|| Spectrogram::compute(black_box(&recording), &config)));
    }
    group.finish();
}

/// A million scores: building the table once, then one look-up for each move of the threshold. The peer counts afresh.
fn thresholds(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let labels: Vec<bool> = (0..1_000_000).map(|_| rng.random_bool(0.3)).collect();
    let scores: Vec<f64> =
        labels.iter().map(|&sick| rng.random_range(0.0..1.0) + f64::from(u8::from(sick)) * 0.3).collect();
    let table = ThresholdTable::new(&labels, &scores).expect("equal lengths");
    let mut group = criterion.benchmark_group("threshold on 1 M scores");
    group.sample_size(10);
    group.bench_function("build the table", |bench| bench.iter(|| ThresholdTable::new(black_box(&labels), &scores)));
    group.bench_function("look up", |bench| bench.iter(|| table.confusion_at(black_box(0.5))));
    group.bench_function("thresholds of the same matrix", |bench| bench.iter(|| table.same_matrix(black_box(0.5))));
    group.bench_function("point of the curve nearest to a pointer on it", |bench| {
        bench.iter(|| table.nearest_roc(black_box(0.3), 0.4));
    });
    group.bench_function("count afresh (peer)", |bench| {
        bench.iter(|| labels.iter().zip(&scores).filter(|&(&sick, &score)| sick && score >= black_box(0.5)).count());
    });
    group.finish();
}

/// The intervals of a large study: 35,000 recordings of 17,500 people, 2,000 draws.
fn intervals(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let people: Vec<usize> = (0..35_000).map(|recording| recording / 2).collect();
    let labels: Vec<bool> = people.iter().map(|person| person % 5 == 0).collect();
    let scores: Vec<f64> =
        labels.iter().map(|&sick| rng.random_range(0.0..1.0) + f64::from(u8::from(sick)) * 0.3).collect();
    let table = PeopleTable::new(&labels, &scores, &people).expect("equal lengths");
    let never = AtomicBool::new(false);
    let mut group = criterion.benchmark_group("intervals of 35,000 scores");
    group.sample_size(10);
    group.bench_function("2,000 draws of people", |bench| {
        bench.iter(|| table.bootstrap(black_box(0.5), Draws::default(), Watch { progress: &|_| {}, cancel: &never }));
    });
    group.finish();
}

/// An epoch of 12 steps: windows, forward, backward, AdamW, and the scoring of one validation pair. The ndarray device is
/// left out: it is built for comparing losses, not for speed, and takes some 40 times as long.
fn training_step(criterion: &mut Criterion) {
    let config = TrainConfig { epochs: 1, ..TrainConfig::default() };
    const STEPS: usize = 12;
    let examples: Vec<Example> = (0..STEPS * config.batch_size)
        .map(|index| Example {
            input: Input::Levels(Features::of(&noise(2.1, 16_000), &config.spectrogram).expect("default settings")),
            label: if index % 2 == 0 { Label::Healthy } else { Label::Sick },
        })
        .collect();
    let mut group = criterion.benchmark_group("small network");
    group.sample_size(10);
    group.throughput(Throughput::Elements(STEPS as u64));
    use device::DeviceClass::{Cpu, Gpu};
    for compute in device::probe().iter().filter(|device| matches!(device.info.kind, Cpu | Gpu)) {
        group.bench_function(
            format!("{STEPS} training steps of {} windows, {}", config.batch_size, compute.info.name),
            |bench| {
                bench.iter_batched(
                    || examples.clone(),
                    |train| fit(&config, &train, &examples[..2], compute, &mut |_| ControlFlow::Continue(())),
                    BatchSize::LargeInput,
                );
            },
        );
    }
    group.finish();
}

criterion_group!(benches, spectrograms, thresholds, intervals, training_step);
criterion_main!(benches);
