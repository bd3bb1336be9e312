//! A graphics card (or a software driver in its place) learns what the CPU learns.
//!
//! `CUBECL_AUTOTUNE_LEVEL=minimal cargo test --release --test gpu -- --ignored --nocapture`

#![cfg(test)]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use coughscope::audio::{Recording, SoundFormat};
use coughscope::data::Label;
use coughscope::data::features::Features;
use coughscope::models::NetworkConfig;
use coughscope::models::small::SmallConfig;
use coughscope::spectrogram::{LogMelConfig, SpectrogramConfig};
use coughscope::train::device::{ComputeDevice, DeviceClass, flex, probe};
use coughscope::train::{Example, Input, TrainConfig, TrainEvent, fit};
use coughscope::units::SampleRate;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Relative difference of a loss after four steps. Both devices compute in 32 bits but add in another order; measured on
/// lavapipe: below 0.003.
const TOLERANCE: f64 = 0.01;

fn examples() -> Vec<Example> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let spectrogram = SpectrogramConfig::LogMel(LogMelConfig { mels: 16, ..LogMelConfig::default() });
    let rate = SampleRate::new(16_000).unwrap();
    (0..8)
        .map(|index| {
            let label = if index % 2 == 0 { Label::Healthy } else { Label::Sick };
            let loudness = if label.is_positive() { 0.5 } else { 0.05 };
            let samples = (0..8_000).map(|_| rng.random_range(-loudness..loudness)).collect();
            let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
            let recording = Recording::new(vec![samples], rate, format).unwrap();
            Example { input: Input::Levels(Features::of(&recording, &spectrogram).unwrap()), label }
        })
        .collect()
}

fn losses(examples: &[Example], compute: &ComputeDevice) -> Vec<f64> {
    let config = TrainConfig {
        epochs: 2,
        batch_size: 4,
        network: NetworkConfig::Small(SmallConfig { window_frames: 16, channels: [4, 4, 8, 8], dropout: 0.0 }),
        ..TrainConfig::default()
    };
    let mut losses = Vec::new();
    let started = Instant::now();
    fit(&config, examples, examples, compute, &mut |event| {
        if let TrainEvent::Batch(record) = event {
            eprintln!(
                "{}: step {}, loss {:.6}, {:.1?}",
                compute.info.name,
                losses.len() + 1,
                record.loss,
                started.elapsed()
            );
            losses.push(record.loss);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    losses
}

#[test]
#[ignore = "takes minutes on a software driver and needs a Vulkan, Metal or DirectX 12 adapter"]
fn losses_agree_with_the_cpu() {
    let adapters: Vec<_> = probe()
        .iter()
        .filter(|device| matches!(device.info.kind, DeviceClass::Gpu | DeviceClass::SoftwareGpu))
        .collect();
    assert!(!adapters.is_empty(), "no graphics adapter here: install one, or mesa-vulkan-drivers");
    let examples: Arc<[Example]> = examples().into();
    let expected = losses(&examples, &flex());
    for adapter in adapters {
        for (step, (cpu, gpu)) in expected.iter().zip(losses(&examples, adapter)).enumerate() {
            let difference = (cpu - gpu).abs() / cpu;
            assert!(difference < TOLERANCE, "step {}: {cpu} on the CPU, {gpu} on {}", step + 1, adapter.info.name);
        }
    }
}
