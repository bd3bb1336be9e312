//! InceptionV3 on any device, through Burn: what graphics cards run, and what the fast path is tested against.

use std::collections::HashMap;

use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData, activation::relu};

use super::AveragePool;
use super::plan::{Conv, Layer, POOL, Plan};
use super::weights::{Weights, WeightsError};

/// Kernel `[out, in, height, width]` and bias `[out]`, with the batch normalisation folded into them.
struct Folded {
    kernel: Tensor<4>,
    bias: Tensor<1>,
}

/// The network with its weights, on one device.
pub struct Reference {
    layers: Vec<Layer>,
    /// By the name of the layer.
    convs: HashMap<String, Folded>,
    average_pool: AveragePool,
}

impl Reference {
    /// Moves `weights` for `plan` to `device`.
    ///
    /// # Errors
    /// [`WeightsError`] when the weights were read for another plan.
    pub fn new(
        plan: &Plan,
        weights: &Weights,
        average_pool: AveragePool,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let mut convs = HashMap::new();
        for conv in plan.convs() {
            let folded = weights.folded(&conv)?;
            let [height, width] = conv.kernel;
            let kernel = TensorData::new(folded.kernel, [conv.output, conv.input, height, width]);
            let bias = TensorData::new(folded.bias, [conv.output]);
            let folded = Folded { kernel: Tensor::from_data(kernel, device), bias: Tensor::from_data(bias, device) };
            convs.insert(conv.name, folded);
        }
        Ok(Self { layers: plan.layers.clone(), convs, average_pool })
    }

    /// The features of a batch of pictures; no units, none negative.
    ///
    /// # Shapes
    /// - `pictures`: `[batch, 3, height, width]`, each colour from 0 to 1 or as the weights expect it
    /// - output: `[batch, 2048, height', width']`
    #[must_use]
    pub fn features(&self, pictures: Tensor<4>) -> Tensor<4> {
        self.all(&self.layers, pictures)
    }

    fn all(&self, layers: &[Layer], map: Tensor<4>) -> Tensor<4> {
        layers.iter().fold(map, |map, layer| self.layer(layer, map))
    }

    fn layer(&self, layer: &Layer, map: Tensor<4>) -> Tensor<4> {
        let (side, step) = POOL;
        match layer {
            Layer::Conv(conv) => self.conv(conv, map),
            Layer::MaxPool => max_pool2d(map, MaxPoolOptions::new([side; 2]).with_stride([step; 2])),
            Layer::AveragePool => {
                let options = AvgPoolOptions::new([side; 2]).with_stride([1; 2]).with_padding([side / 2; 2]);
                avg_pool2d(map, options.with_count_include_pad(self.average_pool == AveragePool::CountsPadding))
            }
            Layer::Branches(branches) => {
                Tensor::cat(branches.iter().map(|branch| self.all(branch, map.clone())).collect(), 1)
            }
        }
    }

    fn conv(&self, conv: &Conv, map: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([conv.stride; 2], conv.padding, [1; 2], 1);
        match self.convs.get(&conv.name) {
            Some(Folded { kernel, bias }) => relu(conv2d(map, kernel.clone(), Some(bias.clone()), options)),
            // `new` has put every layer of the plan there.
            None => map,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::models::inception::Size;
    use crate::models::inception::fast::tests::REDUCED;
    use crate::models::inception::fast::{Backbone, Settings};

    /// Burn's own layers and ours are written apart, and agree.
    #[test]
    fn the_fast_path_agrees_with_burn() {
        let (plan, size) = (Plan::new(16), Size { height: 107, width: 163 });
        let weights = Weights::parse(REDUCED, Path::new("reduced.safetensors"), &plan).unwrap();
        let (pictures, colours) = (2, 3);
        let values: Vec<f32> =
            (0..pictures * size.pixels() * colours).map(|i| (i * 7 % 251 + i / 997 % 5) as f32 / 255.0).collect();
        for average_pool in [AveragePool::CountsPadding, AveragePool::SkipsPadding] {
            let device = Device::flex();
            let reference = Reference::new(&plan, &weights, average_pool, &device).unwrap();
            let data = TensorData::new(values.clone(), [pictures, size.height, size.width, colours]);
            let batch = Tensor::<4>::from_data(data, &device).permute([0, 3, 1, 2]);
            let found = reference.features(batch).permute([0, 2, 3, 1]).into_data().try_to_vec::<f32>().unwrap();
            let backbone =
                Backbone::new(&plan, &weights, Settings { picture: size, average_pool, threads: 2 }).unwrap();
            let mut memory = backbone.workspace();
            let fast: Vec<f32> = values
                .chunks_exact(size.pixels() * colours)
                .flat_map(|picture| backbone.features(picture, &mut memory).unwrap().values)
                .collect();
            assert_eq!(found.len(), fast.len());
            let largest = fast.iter().copied().fold(0.0, f32::max);
            let off = found.iter().zip(&fast).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest;
            assert!(off < 1e-5, "{average_pool:?}: {off}");
        }
    }
}
