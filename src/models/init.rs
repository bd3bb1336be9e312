//! Seeded weights, the same on every device.
//!
//! Burn draws initial weights from a generator that all threads of a process share; two runs at once would disturb each
//! other. Ours come from the run's own generator.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A 3x3 or 1x1 convolution without bias (a norm follows), He-uniform (He et al. 2015, for ReLU).
pub(super) fn conv(
    channels: [usize; 2],
    kernel: usize,
    stride: [usize; 2],
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Conv2d {
    let pad = kernel / 2;
    let mut conv = Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride(stride)
        .with_padding(PaddingConfig2d::Explicit(pad, pad, pad, pad))
        .with_bias(false)
        .init(device);
    let fan_in = channels[0] * kernel * kernel;
    conv.weight = uniform([channels[1], channels[0], kernel, kernel], (6.0 / fan_in as f32).sqrt(), rng, device);
    conv
}

/// The last, dense layer: zero bias, and weights so small that training starts from "don't know" for every recording.
pub(super) fn linear(inputs: usize, outputs: usize, rng: &mut ChaCha8Rng, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(inputs, outputs).init(device);
    linear.weight = uniform([inputs, outputs], 0.1 * (3.0 / inputs as f32).sqrt(), rng, device);
    linear.bias = Some(Param::from_tensor(Tensor::zeros([outputs], device)));
    linear
}

/// A dense layer as Keras makes it: zero bias, Glorot-uniform weights (Glorot and Bengio 2010).
pub(super) fn glorot(inputs: usize, outputs: usize, rng: &mut ChaCha8Rng, device: &Device) -> Linear {
    let mut linear = LinearConfig::new(inputs, outputs).init(device);
    linear.weight = uniform([inputs, outputs], (6.0 / (inputs + outputs) as f32).sqrt(), rng, device);
    linear.bias = Some(Param::from_tensor(Tensor::zeros([outputs], device)));
    linear
}

fn uniform<const D: usize>(shape: [usize; D], bound: f32, rng: &mut ChaCha8Rng, device: &Device) -> Param<Tensor<D>> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-bound..=bound)).collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}
