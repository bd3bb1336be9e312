//! AdamW (Loshchilov and Hutter 2019), with a state that can be kept and taken up again on any device.
//!
//! The arithmetic is Burn's. Burn's own optimiser takes up a kept state on its default device, which here is a graphics card,
//! and ends the program where there is none.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::TrainConfig;
use crate::models::Network;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;

/// The optimiser and what it remembers of the gradients.
pub(super) struct AdamW {
    epsilon: f32,
    weight_decay: f32,
    /// Steps so far.
    time: i32,
    /// Means of gradients and of their squares, flattened, for each parameter in the order of the network.
    moments: Vec<[Tensor<1>; 2]>,
}

impl AdamW {
    pub fn new(config: &TrainConfig) -> Self {
        let (epsilon, weight_decay) = (config.epsilon as f32, config.weight_decay as f32);
        Self { epsilon, weight_decay, time: 0, moments: Vec::new() }
    }

    /// One step along `gradients`.
    pub fn step(&mut self, rate: f64, network: Network, gradients: GradientsParams) -> Network {
        self.time = self.time.saturating_add(1);
        let correct = |beta: f32| 1.0 - beta.powi(self.time);
        let corrections = [correct(BETA_1), correct(BETA_2)];
        network.map(&mut Step { adam: self, rate: rate as f32, corrections, gradients, index: 0 })
    }

    /// What it remembers: a pair for each parameter, in the order of the network. Empty before the first step.
    pub fn moments(&self) -> Vec<[Vec<f32>; 2]> {
        let numbers = |tensor: &Tensor<1>| tensor.to_data().try_to_vec::<f32>().unwrap_or_default();
        self.moments.iter().map(|[first, second]| [numbers(first), numbers(second)]).collect()
    }

    /// Takes up what [`AdamW::moments`] gave after `time` steps.
    pub fn take_up(&mut self, time: usize, moments: Vec<[Vec<f32>; 2]>, device: &Device) {
        let tensor = |numbers: Vec<f32>| {
            let shape = [numbers.len()];
            Tensor::from_data(TensorData::new(numbers, shape), device)
        };
        self.time = i32::try_from(time).unwrap_or(i32::MAX);
        self.moments = moments.into_iter().map(|pair| pair.map(tensor)).collect();
    }
}

/// One step over all parameters.
struct Step<'a> {
    adam: &'a mut AdamW,
    rate: f32,
    /// What the means are divided by: they begin at zero.
    corrections: [f32; 2],
    gradients: GradientsParams,
    /// The parameter in hand.
    index: usize,
}

impl Step<'_> {
    /// The parameter after the step. The first step finds no moments yet.
    fn moved(&mut self, value: Tensor<1>, gradient: Tensor<1>) -> Tensor<1> {
        let fresh = || [0, 1].map(|_| gradient.zeros_like());
        let [first, second] = self.adam.moments.get(self.index).cloned().unwrap_or_else(fresh);
        let first = first.mul_scalar(BETA_1).add(gradient.clone().mul_scalar(1.0 - BETA_1));
        let second = second.mul_scalar(BETA_2).add(gradient.square().mul_scalar(1.0 - BETA_2));
        let [by_first, by_second] = self.corrections;
        let spread = second.clone().div_scalar(by_second).sqrt().add_scalar(self.adam.epsilon);
        let update = first.clone().div_scalar(by_first).div(spread);
        match self.adam.moments.get_mut(self.index) {
            Some(place) => *place = [first, second],
            None => self.adam.moments.push([first, second]),
        }
        self.index += 1;
        let kept = if self.adam.weight_decay > 0.0 {
            value.mul_scalar(1.0 - self.rate * self.adam.weight_decay)
        } else {
            value
        };
        kept.sub(update.mul_scalar(self.rate))
    }
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let shape = tensor.dims();
        let moved = self.moved(tensor.inner().flatten(0, D - 1), gradient.flatten(0, D - 1));
        let moved = Tensor::from_inner(moved.reshape(shape)).require_grad();
        Param::from_mapped_value(id, moved, mapper)
    }
}

#[cfg(test)]
mod tests {
    use burn::optim::AdamWConfig;
    use burn::tensor::Distribution;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::models::NetworkConfig;
    use crate::models::small::SmallConfig;

    fn network(device: &Device) -> Network {
        let config = SmallConfig { window_frames: 16, channels: [2, 2, 3, 3], dropout: 0.0 };
        NetworkConfig::Small(config).init(8, &mut ChaCha8Rng::seed_from_u64(1), device)
    }

    fn gradients(network: &Network, windows: &Tensor<4>) -> GradientsParams {
        let loss = network.forward(windows.clone()).powi_scalar(2).sum();
        GradientsParams::from_grads(loss.backward(), network)
    }

    fn scores(network: &Network, windows: &Tensor<4>) -> Vec<f32> {
        network.forward(windows.clone()).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn its_steps_are_those_of_burn() {
        let device = Device::flex().autodiff();
        let windows = Tensor::random([4, 1, 8, 16], Distribution::Uniform(-1.0, 1.0), &device);
        for weight_decay in [0.0, 0.01] {
            let config = TrainConfig { weight_decay, ..TrainConfig::default() };
            let (mut ours, mut theirs) = (network(&device), network(&device));
            let mut adam = AdamW::new(&config);
            let settings = AdamWConfig::new().with_weight_decay(weight_decay as f32).with_epsilon(1e-5);
            let mut burn = settings.init();
            for step in 1..=5 {
                let rate = 0.01 * f64::from(step);
                ours = adam.step(rate, ours.clone(), gradients(&ours, &windows));
                theirs = burn.step(rate, theirs.clone(), gradients(&theirs, &windows));
                for (ours, theirs) in scores(&ours, &windows).iter().zip(scores(&theirs, &windows)) {
                    assert!((ours - theirs).abs() < 1e-5, "step {step}: {ours} for {theirs}");
                }
            }
        }
    }

    #[test]
    fn a_state_that_is_taken_up_goes_on_bit_for_bit() {
        let device = Device::flex().autodiff();
        let windows = Tensor::random([4, 1, 8, 16], Distribution::Uniform(-1.0, 1.0), &device);
        let config = TrainConfig::default();
        let mut network = network(&device);
        let mut adam = AdamW::new(&config);
        for _ in 0..3 {
            network = adam.step(0.01, network.clone(), gradients(&network, &windows));
        }
        let mut other = AdamW::new(&config);
        other.take_up(3, adam.moments(), &Device::flex());
        let stepped = |adam: &mut AdamW| {
            let next = adam.step(0.01, network.clone(), gradients(&network, &windows));
            (scores(&next, &windows), adam.moments())
        };
        assert_eq!(stepped(&mut adam), stepped(&mut other));
    }
}
