//! Batches: which windows, in which order, varied how. All draws come from the run's own generator.

use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::config::AugmentConfig;
use super::feature_store::StoreError;
use super::fit::Example;
use super::input::Input;
use crate::data::features::SILENCE;

/// One batch, ready for the network.
pub(super) struct Batch {
    /// Shape `[batch, 1, bins, frames]`.
    pub windows: Tensor<4>,
    /// Share of each class, shape `[batch, 2]`; one-hot without mixup.
    pub targets: Tensor<2>,
    /// Whether the heavier share is the positive class, for counting right answers.
    pub positives: Vec<bool>,
}

/// Deals the training part into batches of random windows.
pub(super) struct Batcher<'a> {
    pub examples: &'a [Example],
    pub batch_size: usize,
    pub window_frames: usize,
    /// See [`TrainConfig::min_steps`](super::TrainConfig::min_steps).
    pub min_steps: usize,
    pub augment: &'a AugmentConfig,
}

impl Batcher<'_> {
    /// Frequency bands of the examples, or features of the frozen network.
    pub fn rows(&self) -> usize {
        self.examples.first().map_or(1, |example| example.input.rows())
    }

    /// The order of one epoch, in batches: every example once, or in a small study several times, so that an epoch has
    /// about `min_steps` at least. A last batch of one example joins its neighbour: a step along one recording alone is
    /// mostly noise.
    pub fn order(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
        let once = self.examples.len().div_ceil(self.batch_size.max(1)).max(1);
        let mut order = Vec::new();
        for _ in 0..self.min_steps.div_ceil(once).max(1) {
            let mut pass: Vec<usize> = (0..self.examples.len()).collect();
            pass.shuffle(rng);
            order.extend(pass);
        }
        let mut batches: Vec<Vec<usize>> = order.chunks(self.batch_size).map(<[usize]>::to_vec).collect();
        if batches.len() > 1
            && let Some(last) = batches.pop_if(|last| last.len() == 1)
            && let Some(previous) = batches.last_mut()
        {
            previous.extend(last);
        }
        batches
    }

    /// Cuts, hides and blends the windows of one batch; of a frozen network, reads and blends its features.
    ///
    /// # Errors
    /// [`StoreError`] when features cannot be read from disk.
    pub fn batch(&self, indices: &[usize], rng: &mut ChaCha8Rng, device: &Device) -> Result<Batch, StoreError> {
        let rows = self.rows();
        let columns = self.examples.first().map_or(1, |example| example.input.columns(self.window_frames));
        let size = rows * columns;
        let mut values = Vec::with_capacity(indices.len() * size);
        let mut targets = Vec::with_capacity(indices.len());
        for example in indices.iter().filter_map(|&index| self.examples.get(index)) {
            match &example.input {
                Input::Levels(features) => {
                    let spare = features.frames() as i64 - self.window_frames as i64;
                    let start = rng.random_range(spare.min(0)..=spare.max(0)) as isize;
                    let from = values.len();
                    features.push_window(start, self.window_frames, &mut values);
                    if self.augment.spec_augment
                        && let Some(window) = values.get_mut(from..)
                    {
                        hide(window, rows, self.augment, rng);
                    }
                }
                Input::Embedding(embedding) => embedding.read(&mut values)?,
            }
            targets.push(if example.label.is_positive() { 1.0_f32 } else { 0.0 });
        }
        if self.augment.mixup_alpha > 0.0 {
            mix(&mut values, &mut targets, size, self.augment.mixup_alpha, rng);
        }
        let count = targets.len();
        let pairs: Vec<f32> = targets.iter().flat_map(|&positive| [1.0 - positive, positive]).collect();
        Ok(Batch {
            windows: Tensor::from_data(TensorData::new(values, [count, 1, rows, columns]), device),
            targets: Tensor::from_data(TensorData::new(pairs, [count, 2]), device),
            positives: targets.iter().map(|&positive| positive >= 0.5).collect(),
        })
    }
}

/// `SpecAugment` (Park et al. 2019) without time warping: one band and one stretch of time become silence.
fn hide(window: &mut [f32], bins: usize, augment: &AugmentConfig, rng: &mut ChaCha8Rng) {
    let frames = window.len() / bins.max(1);
    let band = rng.random_range(0..=(augment.max_frequency_share * bins as f32) as usize);
    let low = rng.random_range(0..=bins - band);
    let stretch = rng.random_range(0..=(augment.max_time_share * frames as f32) as usize);
    let first = rng.random_range(0..=frames - stretch);
    for (row, levels) in window.chunks_exact_mut(frames.max(1)).enumerate() {
        if (low..low + band).contains(&row) {
            levels.fill(SILENCE);
        } else if let Some(hidden) = levels.get_mut(first..first + stretch) {
            hidden.fill(SILENCE);
        }
    }
}

/// Mixup (Zhang et al. 2018): each window is blended with the next one of the batch, and so are their targets.
fn mix(values: &mut [f32], targets: &mut [f32], size: usize, alpha: f32, rng: &mut ChaCha8Rng) {
    let count = targets.len();
    if count < 2 {
        return;
    }
    let share = beta(alpha, rng);
    let (original, labels) = (values.to_vec(), targets.to_vec());
    for index in 0..count {
        let partner = (index + 1) % count;
        let other = original.chunks_exact(size).nth(partner).unwrap_or_default();
        for (value, &blend) in values.iter_mut().skip(index * size).zip(other) {
            *value = share * *value + (1.0 - share) * blend;
        }
        if let (Some(target), Some(&blend)) = (targets.get_mut(index), labels.get(partner)) {
            *target = share * *target + (1.0 - share) * blend;
        }
    }
}

/// A draw of Beta(alpha, alpha), folded to 0.5..1 so that the window's own label stays the heavier one (Jöhnk 1964).
fn beta(alpha: f32, rng: &mut ChaCha8Rng) -> f32 {
    // For alpha up to 1 a pair is accepted in at least half of the tries; the bound keeps odd settings from hanging.
    for _ in 0..1000 {
        let (x, y) = (rng.random::<f32>().powf(1.0 / alpha), rng.random::<f32>().powf(1.0 / alpha));
        let sum = x + y;
        if sum <= 1.0 && sum > 0.0 {
            return (x / sum).max(y / sum);
        }
    }
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Label;
    use crate::data::features::Features;
    use rand::SeedableRng;

    /// Four rows of one value.
    fn example(frames: usize, value: f32, label: Label) -> Example {
        Example { input: Input::Levels(Features::from_values(vec![value; 4 * frames], 4)), label }
    }

    fn batcher<'a>(examples: &'a [Example], augment: &'a AugmentConfig) -> Batcher<'a> {
        Batcher { examples, batch_size: 4, window_frames: 8, min_steps: 12, augment }
    }

    #[test]
    fn every_example_equally_often_and_no_batch_of_one() {
        let augment = AugmentConfig::default();
        for (count, times, steps) in [(49, 1, 12), (9, 4, 9), (200, 1, 50), (1, 12, 3)] {
            let examples: Vec<_> = (0..count).map(|_| example(8, 0.0, Label::Sick)).collect();
            let batches = batcher(&examples, &augment).order(&mut ChaCha8Rng::seed_from_u64(1));
            assert_eq!(batches.len(), steps, "{count} examples");
            assert!(batches.iter().all(|batch| (2..=5).contains(&batch.len())), "{batches:?}");
            let mut all: Vec<usize> = batches.concat();
            all.sort_unstable();
            assert_eq!(all, (0..count).flat_map(|index| vec![index; times]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn same_seed_same_batch_and_hidden_parts_are_silent() {
        let examples = [example(20, 1.0, Label::Sick), example(3, 1.0, Label::Healthy)];
        let augment = AugmentConfig { max_frequency_share: 1.0, ..AugmentConfig::default() };
        let draw = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let batch = batcher(&examples, &augment).batch(&[0, 1], &mut rng, &Device::flex()).unwrap();
            assert_eq!(batch.windows.dims(), [2, 1, 4, 8]);
            assert_eq!(batch.positives, [true, false]);
            batch.windows.into_data().try_to_vec::<f32>().unwrap()
        };
        assert_eq!(draw(3), draw(3));
        assert!(draw(3).iter().all(|&value| value == 1.0 || value == SILENCE));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn mixup_keeps_the_heavier_label() {
        let examples = [example(8, 1.0, Label::Sick), example(8, SILENCE, Label::Healthy)];
        let augment = AugmentConfig { spec_augment: false, mixup_alpha: 0.4, ..AugmentConfig::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let batch = batcher(&examples, &augment).batch(&[0, 1], &mut rng, &Device::flex()).unwrap();
        let targets = batch.targets.into_data().try_to_vec::<f32>().unwrap();
        let windows = batch.windows.into_data().try_to_vec::<f32>().unwrap();
        assert!(targets[1] >= 0.5 && targets[3] <= 0.5 && (targets[1] + targets[3] - 1.0).abs() < 1e-6);
        // The level 1 belongs to sick and -1 to healthy, so the blend of the sound is the blend of the labels.
        assert!((windows[0] - (2.0 * targets[1] - 1.0)).abs() < 1e-6);
    }
}
