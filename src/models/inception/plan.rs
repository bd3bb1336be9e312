//! InceptionV3 without its classifier, described once: the fast path, the names and shapes of the weights, the number
//! of operations and the size of the features are all read from this list.
//!
//! Source: Szegedy et al. (2016), "Rethinking the Inception Architecture for Computer Vision"; the names are those of
//! torchvision's `inception_v3`, which timm's file shares. `AuxLogits` and `fc` are not part of it.

use super::Size;

/// Epsilon of every batch normalisation of this network.
pub const BATCH_NORM_EPSILON: f64 = 1e-3;

/// Colours of the picture.
pub const PICTURE_CHANNELS: usize = 3;

/// A convolution without bias, followed by batch normalisation and ReLU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Name of the layer in torchvision, for example `Mixed_5b.branch1x1`.
    pub name: String,
    /// Channels in.
    pub input: usize,
    /// Channels out.
    pub output: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step, downwards and to the right.
    pub stride: usize,
    /// Zeros added above and below, and to the left and to the right.
    pub padding: [usize; 2],
}

impl Conv {
    /// Size of the result for an input of `size`; none when the kernel is larger than the input.
    pub fn result(&self, size: Size) -> Option<Size> {
        let along = |length: usize, axis: usize| {
            Some((length + 2 * self.padding[axis]).checked_sub(self.kernel[axis])? / self.stride + 1)
        };
        Some(Size { height: along(size.height, 0)?, width: along(size.width, 1)? })
    }

    /// Multiplications (each with its addition) for an input of `size`.
    pub fn multiplications(&self, size: Size) -> u64 {
        let result = self.result(size).unwrap_or_default();
        [result.height, result.width, self.kernel[0], self.kernel[1], self.input, self.output]
            .into_iter()
            .map(|count| count as u64)
            .product()
    }
}

/// One step of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Convolution, batch normalisation, ReLU.
    Conv(Conv),
    /// The largest of 3x3, in steps of two, no padding.
    MaxPool,
    /// The mean of 3x3, in steps of one, one row and column of padding on each side: see
    /// [`AveragePool`](super::AveragePool).
    AveragePool,
    /// Branches that all read what comes in; their channels are put side by side, in this order.
    Branches(Vec<Vec<Self>>),
}

/// The part of a maximum pool, and how far it moves.
pub const POOL: (usize, usize) = (3, 2);

impl Layer {
    /// Channels that leave the layer when `channels` enter.
    pub fn channels(&self, channels: usize) -> usize {
        match self {
            Self::Conv(conv) => conv.output,
            Self::MaxPool | Self::AveragePool => channels,
            Self::Branches(branches) => branches
                .iter()
                .map(|branch| branch.iter().fold(channels, |channels, layer| layer.channels(channels)))
                .sum(),
        }
    }

    /// Size of the result for an input of `size`; none when the input is too small.
    pub fn result(&self, size: Size) -> Option<Size> {
        match self {
            Self::Conv(conv) => conv.result(size),
            Self::MaxPool => {
                let along = |length: usize| Some(length.checked_sub(POOL.0)? / POOL.1 + 1);
                Some(Size { height: along(size.height)?, width: along(size.width)? })
            }
            Self::AveragePool => Some(size),
            Self::Branches(branches) => branches.first()?.iter().try_fold(size, |size, layer| layer.result(size)),
        }
    }

    /// Calls `visit` for every convolution, with the size of its input.
    fn visit(&self, size: Size, visit: &mut impl FnMut(&Conv, Size)) {
        match self {
            Self::Conv(conv) => visit(conv, size),
            Self::MaxPool | Self::AveragePool => {}
            Self::Branches(branches) => {
                for branch in branches {
                    visit_all(branch, size, visit);
                }
            }
        }
    }
}

fn visit_all(layers: &[Layer], mut size: Size, visit: &mut impl FnMut(&Conv, Size)) {
    for layer in layers {
        layer.visit(size, visit);
        size = layer.result(size).unwrap_or_default();
    }
}

/// A tensor that the weights must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the file.
    pub name: String,
    /// Its shape; a kernel is `[out, in, height, width]`.
    pub shape: Vec<usize>,
}

/// The whole network, from the picture to `Mixed_7c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What follows what.
    pub layers: Vec<Layer>,
}

impl Plan {
    /// InceptionV3 with every number of channels divided by `divisor`: 1 for the network itself, 2 to 16 for
    /// small ones that have all of its parts, which tests use.
    pub fn new(divisor: usize) -> Self {
        let divisor = divisor.clamp(1, 16);
        Self { layers: Builder { divisor }.network() }
    }

    /// Size of the feature map for a picture of `size`; none when the picture is too small (below 75x75).
    pub fn result(&self, size: Size) -> Option<Size> {
        self.layers.iter().try_fold(size, |size, layer| layer.result(size))
    }

    /// Channels of the feature map: 2048 in the network itself.
    pub fn channels(&self) -> usize {
        self.layers.iter().fold(PICTURE_CHANNELS, |channels, layer| layer.channels(channels))
    }

    /// Every convolution, in the order of the plan.
    pub fn convs(&self) -> Vec<Conv> {
        let mut convs = Vec::new();
        visit_all(&self.layers, Size { height: 0, width: 0 }, &mut |conv, _| convs.push(conv.clone()));
        convs
    }

    /// Every tensor that a file of weights must hold.
    pub fn wanted(&self) -> Vec<Wanted> {
        self.convs().iter().flat_map(wanted).collect()
    }

    /// Floating-point operations of all convolutions for a picture of `size`: two for each multiplication with its
    /// addition.
    pub fn operations(&self, size: Size) -> u64 {
        let mut multiplications = 0;
        visit_all(&self.layers, size, &mut |conv, size| multiplications += conv.multiplications(size));
        2 * multiplications
    }
}

/// The tensors of one convolution: the kernel, then scale, shift, mean and variance of its batch normalisation.
pub fn wanted(conv: &Conv) -> [Wanted; 5] {
    let named = |part: &str, shape: Vec<usize>| Wanted { name: format!("{}.{part}", conv.name), shape };
    let [height, width] = conv.kernel;
    [
        named("conv.weight", vec![conv.output, conv.input, height, width]),
        named("bn.weight", vec![conv.output]),
        named("bn.bias", vec![conv.output]),
        named("bn.running_mean", vec![conv.output]),
        named("bn.running_var", vec![conv.output]),
    ]
}

/// Builds the layers for channels divided by `divisor`.
struct Builder {
    divisor: usize,
}

/// Shape of a kernel with its step and padding.
struct Shape {
    kernel: [usize; 2],
    stride: usize,
    padding: [usize; 2],
}

/// A square kernel without padding.
const fn valid(side: usize, stride: usize) -> Shape {
    Shape { kernel: [side, side], stride, padding: [0, 0] }
}

/// A kernel of odd sides that keeps the size of the map.
const fn same(height: usize, width: usize) -> Shape {
    Shape { kernel: [height, width], stride: 1, padding: [height / 2, width / 2] }
}

impl Builder {
    /// A convolution named `name` from `input` to `output` channels of the full network.
    fn conv(&self, name: &str, input: usize, output: usize, shape: Shape) -> Layer {
        let input = if input == PICTURE_CHANNELS { input } else { input / self.divisor };
        let Shape { kernel, stride, padding } = shape;
        Layer::Conv(Conv { name: name.to_owned(), input, output: output / self.divisor, kernel, stride, padding })
    }

    /// Convolutions one after the other, in `block`, the first from `input` channels.
    fn branch(&self, block: &str, mut input: usize, convs: Vec<(&str, usize, Shape)>) -> Vec<Layer> {
        let mut layers = Vec::new();
        for (name, output, shape) in convs {
            layers.push(self.conv(&format!("{block}.{name}"), input, output, shape));
            input = output;
        }
        layers
    }

    fn pooled(&self, block: &str, input: usize, output: usize) -> Vec<Layer> {
        let conv = self.conv(&format!("{block}.branch_pool"), input, output, valid(1, 1));
        vec![Layer::AveragePool, conv]
    }

    fn network(&self) -> Vec<Layer> {
        vec![
            self.conv("Conv2d_1a_3x3", PICTURE_CHANNELS, 32, valid(3, 2)),
            self.conv("Conv2d_2a_3x3", 32, 32, valid(3, 1)),
            self.conv("Conv2d_2b_3x3", 32, 64, same(3, 3)),
            Layer::MaxPool,
            self.conv("Conv2d_3b_1x1", 64, 80, valid(1, 1)),
            self.conv("Conv2d_4a_3x3", 80, 192, valid(3, 1)),
            Layer::MaxPool,
            self.fine("Mixed_5b", 192, 32),
            self.fine("Mixed_5c", 256, 64),
            self.fine("Mixed_5d", 288, 64),
            self.halve_fine("Mixed_6a", 288),
            self.middle("Mixed_6b", 128),
            self.middle("Mixed_6c", 160),
            self.middle("Mixed_6d", 160),
            self.middle("Mixed_6e", 192),
            self.halve_middle("Mixed_7a", 768),
            self.coarse("Mixed_7b", 1280),
            self.coarse("Mixed_7c", 2048),
        ]
    }

    /// 35x35 maps of a 299x299 picture.
    fn fine(&self, block: &str, input: usize, pooled: usize) -> Layer {
        Layer::Branches(vec![
            self.branch(block, input, vec![("branch1x1", 64, valid(1, 1))]),
            self.branch(block, input, vec![("branch5x5_1", 48, valid(1, 1)), ("branch5x5_2", 64, same(5, 5))]),
            self.branch(
                block,
                input,
                vec![
                    ("branch3x3dbl_1", 64, valid(1, 1)),
                    ("branch3x3dbl_2", 96, same(3, 3)),
                    ("branch3x3dbl_3", 96, same(3, 3)),
                ],
            ),
            self.pooled(block, input, pooled),
        ])
    }

    /// From 35x35 to 17x17.
    fn halve_fine(&self, block: &str, input: usize) -> Layer {
        Layer::Branches(vec![
            self.branch(block, input, vec![("branch3x3", 384, valid(3, 2))]),
            self.branch(
                block,
                input,
                vec![
                    ("branch3x3dbl_1", 64, valid(1, 1)),
                    ("branch3x3dbl_2", 96, same(3, 3)),
                    ("branch3x3dbl_3", 96, valid(3, 2)),
                ],
            ),
            vec![Layer::MaxPool],
        ])
    }

    /// 17x17 maps; `inner` channels between the long kernels.
    fn middle(&self, block: &str, inner: usize) -> Layer {
        const INPUT: usize = 768;
        Layer::Branches(vec![
            self.branch(block, INPUT, vec![("branch1x1", 192, valid(1, 1))]),
            self.branch(
                block,
                INPUT,
                vec![
                    ("branch7x7_1", inner, valid(1, 1)),
                    ("branch7x7_2", inner, same(1, 7)),
                    ("branch7x7_3", 192, same(7, 1)),
                ],
            ),
            self.branch(
                block,
                INPUT,
                vec![
                    ("branch7x7dbl_1", inner, valid(1, 1)),
                    ("branch7x7dbl_2", inner, same(7, 1)),
                    ("branch7x7dbl_3", inner, same(1, 7)),
                    ("branch7x7dbl_4", inner, same(7, 1)),
                    ("branch7x7dbl_5", 192, same(1, 7)),
                ],
            ),
            self.pooled(block, INPUT, 192),
        ])
    }

    /// From 17x17 to 8x8.
    fn halve_middle(&self, block: &str, input: usize) -> Layer {
        Layer::Branches(vec![
            self.branch(block, input, vec![("branch3x3_1", 192, valid(1, 1)), ("branch3x3_2", 320, valid(3, 2))]),
            self.branch(
                block,
                input,
                vec![
                    ("branch7x7x3_1", 192, valid(1, 1)),
                    ("branch7x7x3_2", 192, same(1, 7)),
                    ("branch7x7x3_3", 192, same(7, 1)),
                    ("branch7x7x3_4", 192, valid(3, 2)),
                ],
            ),
            vec![Layer::MaxPool],
        ])
    }

    /// 8x8 maps; two of the branches end in two of their own.
    fn coarse(&self, block: &str, input: usize) -> Layer {
        let split = |stem: &str| {
            Layer::Branches(vec![
                self.branch(block, 384, vec![(&format!("{stem}a"), 384, same(1, 3))]),
                self.branch(block, 384, vec![(&format!("{stem}b"), 384, same(3, 1))]),
            ])
        };
        let mut square = self.branch(block, input, vec![("branch3x3_1", 384, valid(1, 1))]);
        square.push(split("branch3x3_2"));
        let mut double =
            self.branch(block, input, vec![("branch3x3dbl_1", 448, valid(1, 1)), ("branch3x3dbl_2", 384, same(3, 3))]);
        double.push(split("branch3x3dbl_3"));
        Layer::Branches(vec![
            self.branch(block, input, vec![("branch1x1", 320, valid(1, 1))]),
            square,
            double,
            self.pooled(block, input, 192),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_are_those_of_the_published_network() {
        let plan = Plan::new(1);
        assert_eq!(plan.channels(), 2048);
        assert_eq!(plan.result(Size { height: 299, width: 299 }), Some(Size { height: 8, width: 8 }));
        assert_eq!(plan.result(Size { height: 512, width: 1024 }), Some(Size { height: 14, width: 30 }));
        assert_eq!(plan.result(Size { height: 75, width: 75 }), Some(Size { height: 1, width: 1 }));
        assert_eq!(plan.result(Size { height: 74, width: 75 }), None);
        let numbers: usize = plan.wanted().iter().map(|wanted| wanted.shape.iter().product::<usize>()).sum();
        let without_running = numbers - plan.convs().iter().map(|conv| 2 * conv.output).sum::<usize>();
        // Keras prints 21,802,784 for its network without the classifier: no gamma there, so one number less a channel.
        let gammas: usize = plan.convs().iter().map(|conv| conv.output).sum();
        assert_eq!(numbers - gammas, 21_802_784);
        assert_eq!(without_running, 21_785_568);
        assert_eq!(plan.convs().len(), 94);
        assert_eq!(plan.operations(Size { height: 512, width: 1024 }), 72_302_092_992);
    }

    #[test]
    fn a_reduced_network_has_all_parts() {
        let (full, reduced) = (Plan::new(1), Plan::new(16));
        assert_eq!(reduced.channels(), 128);
        for (full, reduced) in full.convs().iter().zip(reduced.convs()) {
            assert_eq!((&full.name, full.kernel, full.padding), (&reduced.name, reduced.kernel, reduced.padding));
            assert_eq!(full.output, 16 * reduced.output, "{}", full.name);
        }
    }
}
