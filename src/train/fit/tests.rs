use std::sync::Arc;

use super::*;
use crate::data::features::Features;
use crate::data::fingerprint::ContentHash;
use crate::models::NetworkConfig;
use crate::models::inception::extractor::ExtractorConfig;
use crate::models::small::SmallConfig;
use crate::spectrogram::{PaperConfig, SpectrogramConfig};
use crate::train::config::AugmentConfig;
use crate::train::config::Preset;
use crate::train::device::flex;
use crate::train::feature_store::{FeatureStore, Origin, Precision, picture_hash};
use crate::train::input::Embedding;

/// Noise with a louder band for the sick: easy to tell apart, and small.
fn examples(count: usize, seed: u64) -> Vec<Example> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|index| {
            let label = if index % 2 == 0 { Label::Healthy } else { Label::Sick };
            let loud = if label.is_positive() { 4..8 } else { 8..12 };
            let values = (0..16 * 20)
                .map(|i| rng.random_range(-0.75..-0.25) + if loud.contains(&(i / 20)) { 0.5 } else { 0.0 })
                .collect();
            Example { input: Input::Levels(Features::from_values(values, 16)), label }
        })
        .collect()
}

fn config() -> TrainConfig {
    TrainConfig {
        epochs: 4,
        batch_size: 8,
        network: NetworkConfig::Small(SmallConfig { window_frames: 16, channels: [4, 4, 8, 8], dropout: 0.1 }),
        augment: AugmentConfig { spec_augment: false, ..AugmentConfig::default() },
        ..TrainConfig::default()
    }
}

#[test]
fn it_learns_what_is_there_and_is_reproducible() {
    let (train, validation) = (examples(48, 1), examples(16, 2));
    let fit_once = || {
        let mut events = Vec::new();
        let trained = fit(&config(), &train, &validation, &flex(), &mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        })
        .unwrap();
        (trained, events)
    };
    let (first, events) = fit_once();
    assert_eq!(first.history.len(), 4);
    assert_eq!(first.history[first.best_epoch - 1].validation_auc, Some(1.0));
    let batches = events.iter().filter(|event| matches!(event, TrainEvent::Batch(_))).count();
    assert_eq!(batches, 4 * 12, "twice over the 48 recordings, in batches of 8");
    let (second, _) = fit_once();
    assert_eq!(first.history, second.history, "same seed, same figures");
    let scores = |trained: &Trained| {
        let predictor = Predictor::new(&trained.network, 16, &flex().device);
        validation.iter().map(|example| predictor.score(&example.input).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(scores(&first), scores(&second), "same seed, same network");
}

#[test]
fn stop_keeps_the_best_epoch_so_far() {
    let (train, validation) = (examples(16, 1), examples(8, 2));
    let trained = fit(&config(), &train, &validation, &flex(), &mut |event| match event {
        TrainEvent::Epoch { record, .. } if record.epoch == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .unwrap();
    assert!(trained.stopped);
    assert_eq!(trained.history.len(), 2);
    let nothing = fit(&config(), &train, &validation, &flex(), &mut |event| match event {
        TrainEvent::Batch(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(nothing, Err(TrainError::StoppedEarly)));
}

#[test]
fn what_breaks_after_a_good_epoch_does_not_take_its_network() {
    let device = flex().device;
    let config = config();
    let epochs = |broken_from: usize| {
        let mut course = Course::new(&config);
        while let Some(epoch) = course.next_epoch() {
            let network = config.network.init(16, &mut ChaCha8Rng::seed_from_u64(1), &device);
            let record = epoch_record(epoch, [0.7, 0.6], 0.5, &examples(4, 2), &[0.1, 0.9, 0.2, 0.8]);
            let outcome =
                if epoch >= broken_from { Err(TrainError::Diverged { epoch }) } else { Ok(Some((network, record))) };
            course.take(outcome, &mut |_| ControlFlow::Continue(()));
        }
        course.end()
    };
    let trained = epochs(3).unwrap();
    assert_eq!((trained.best_epoch, trained.history.len()), (1, 2));
    assert!(matches!(trained.broke_off, Some(TrainError::Diverged { epoch: 3 })) && !trained.stopped);
    assert!(matches!(epochs(1), Err(TrainError::Diverged { epoch: 1 })), "there was nothing to keep");
    assert!(epochs(100).unwrap().broke_off.is_none());
}

#[test]
fn a_recording_without_numbers_ends_the_epoch_with_an_error() {
    let (train, mut validation) = (examples(48, 1), examples(16, 2));
    let broken = Features::from_values(vec![f32::NAN; 16 * 20], 16);
    validation.push(Example { input: Input::Levels(broken), label: Label::Sick });
    let ended = fit(&config(), &train, &validation, &flex(), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(ended, Err(TrainError::Diverged { epoch: 1 })));
}

#[test]
fn a_stop_is_heard_during_validation() {
    let (train, validation) = (examples(16, 1), examples(8, 2));
    let mut validated = 0;
    let ended = fit(&config(), &train, &validation, &flex(), &mut |event| match event {
        TrainEvent::Validated { .. } => {
            validated += 1;
            if validated == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(ended, Err(TrainError::StoppedEarly)));
    assert_eq!(validated, 3);
}

#[test]
fn one_class_is_refused_with_its_counts() {
    let healthy: Vec<_> = examples(8, 1).into_iter().filter(|example| !example.label.is_positive()).collect();
    let error = fit(&config(), &healthy, &healthy, &flex(), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the training part has 4 healthy and 0 sick recordings; training needs at least one of each"
    );
}

/// Features of a frozen network, in which one number tells the sick.
fn embeddings(count: usize, seed: u64) -> Vec<(Vec<f32>, Label)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let one = |index: usize| {
        let label = if index.is_multiple_of(2) { Label::Healthy } else { Label::Sick };
        let mut features: Vec<f32> = (0..40).map(|_| rng.random_range(0.0..1.0)).collect();
        features[7] += f32::from(u8::from(label.is_positive()));
        (features, label)
    };
    (0..count).map(one).collect()
}

#[test]
fn features_from_disk_give_the_losses_of_those_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::new(&ExtractorConfig::default(), PaperConfig::default(), Precision::F32);
    let store = Arc::new(FeatureStore::open(folder.path(), &origin, 40).unwrap());
    let config =
        TrainConfig { learning_rate: 0.05, spectrogram: SpectrogramConfig::default(), ..Preset::Paper.config() };
    let parts = [embeddings(64, 1), embeddings(16, 2)];
    let in_memory = parts.clone().map(|part| -> Vec<Example> {
        let held = |features: Vec<f32>| Input::Embedding(Embedding::Held(features.into()));
        part.into_iter().map(|(features, label)| Example { input: held(features), label }).collect()
    });
    let on_disk = parts.map(|part| -> Vec<Example> {
        part.into_iter()
            .map(|(features, label)| {
                let bytes: Vec<u8> = features.iter().flat_map(|value| value.to_le_bytes()).collect();
                let recording = picture_hash(&bytes);
                store.put(recording, &features).unwrap();
                Example { input: Input::Embedding(Embedding::Stored { store: Arc::clone(&store), recording }), label }
            })
            .collect()
    });
    let history = |[train, validation]: &[Vec<Example>; 2]| {
        fit(&config, train, validation, &flex(), &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let (held, stored) = (history(&in_memory), history(&on_disk));
    assert_eq!(held.history, stored.history);
    assert_eq!((held.history.len(), held.best_epoch), (15, 15), "the last epoch's network is kept");
    let [first, .., last] = &held.history[..] else { panic!("fifteen epochs") };
    assert!(last.train_loss < first.train_loss && last.validation_auc.unwrap() > 0.9, "{last:?}");
}

#[test]
fn features_that_are_gone_end_the_training_with_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::new(&ExtractorConfig::default(), PaperConfig::default(), Precision::F16);
    let store = Arc::new(FeatureStore::open(folder.path(), &origin, 40).unwrap());
    let missing = |index: u128| Example {
        input: Input::Embedding(Embedding::Stored { store: Arc::clone(&store), recording: ContentHash(index) }),
        label: if index.is_multiple_of(2) { Label::Healthy } else { Label::Sick },
    };
    let examples: Vec<Example> = (0..8).map(missing).collect();
    let config = Preset::Paper.config();
    let error = fit(&config, &examples, &examples, &flex(), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.to_string().starts_with("reading kept features failed"), "{error}");
}

/// The paper fed probabilities to a loss that expects logits: both losses stay above what a certain network can reach.
#[test]
fn double_softmax_weakens_the_loss_in_both_parts() {
    let example = |(features, label): (Vec<f32>, Label)| Example {
        input: Input::Embedding(Embedding::Held(features.into())),
        label,
    };
    let [train, validation] =
        [embeddings(64, 1), embeddings(16, 2)].map(|part| part.into_iter().map(example).collect::<Vec<_>>());
    let last = |double_softmax: bool| {
        let config = TrainConfig { learning_rate: 0.2, double_softmax, ..Preset::Paper.config() };
        *fit(&config, &train, &validation, &flex(), &mut |_| ControlFlow::Continue(())).unwrap().history.last().unwrap()
    };
    let (right, weak) = (last(false), last(true));
    // Certain and right everywhere, two softmaxes still give ln(1 + 1/e).
    let least = (1.0 + (-1.0_f64).exp()).ln();
    assert!(right.train_loss < least && right.validation_loss < least, "{right:?}");
    assert!(weak.train_loss > least && weak.validation_loss > least, "{weak:?}");
}

/// A training that is cut off after any epoch goes on as if nothing had happened.
#[test]
fn a_training_that_takes_up_gives_the_same_history_and_network() {
    let (train, validation) = (examples(48, 1), examples(16, 2));
    let whole = fit(&config(), &train, &validation, &flex(), &mut |_| ControlFlow::Continue(())).unwrap();
    for cut in 1..4 {
        let folder = tempfile::tempdir().unwrap();
        let kept = |from| Some(Keeping { folder: folder.path(), data: "these".into(), from });
        // Only the first epoch is kept in so short a time; what follows it is done once more.
        let cut_off = fit_kept(&config(), &train, &validation, &flex(), kept(None), &mut |event| match event {
            TrainEvent::Epoch { record, .. } if record.epoch == cut => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert!(cut_off.unwrap().stopped);
        let checkpoint = Checkpoint::read(folder.path()).unwrap();
        assert_eq!((checkpoint.history.len(), checkpoint.data.as_str()), (1, "these"));
        let mut told = Vec::new();
        let resumed = fit_kept(&config(), &train, &validation, &flex(), kept(Some(checkpoint)), &mut |event| {
            if let TrainEvent::Epoch { record, best } = event {
                told.push((record, best));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(resumed.history, whole.history);
        assert_eq!(told.iter().map(|(record, _)| *record).collect::<Vec<_>>(), whole.history);
        assert_eq!(told.iter().rposition(|(_, best)| *best), Some(whole.best_epoch - 1));
        assert_eq!(resumed.network.to_safetensors().unwrap(), whole.network.to_safetensors().unwrap());
    }
}

#[test]
fn a_checkpoint_of_another_network_is_refused() {
    let (train, validation) = (examples(16, 1), examples(8, 2));
    let folder = tempfile::tempdir().unwrap();
    let kept = |from| Some(Keeping { folder: folder.path(), data: String::new(), from });
    let on = &mut |_: TrainEvent| ControlFlow::Continue(());
    fit_kept(&config(), &train, &validation, &flex(), kept(None), on).unwrap();
    let checkpoint = Checkpoint::read(folder.path()).unwrap();
    let other = TrainConfig {
        network: NetworkConfig::Small(SmallConfig { window_frames: 16, channels: [4, 4, 8, 12], dropout: 0.1 }),
        ..config()
    };
    let error = fit_kept(&other, &train, &validation, &flex(), kept(Some(checkpoint)), on).unwrap_err().to_string();
    assert!(error.starts_with("the training cannot go on from its checkpoint"), "{error}");
}
