//! A convolution with its folded weights, by the way that suits it.

use rayon::prelude::*;

use super::gemm::{Aligned, Finish, HIGHEST, Panels, Rows, multiply, multiply_panel};
use super::map::{Buffers, Map};
use super::steps::Work;
use super::winograd::Winograd;
use crate::models::inception::Size;
use crate::models::inception::plan::Conv;
use crate::models::inception::weights::Folded;

/// Floats of the input that a task reads once for every panel of the weights: half a second-level cache.
const TASK: usize = 140_000;

/// A convolution that is ready to run.
pub struct Convolution {
    conv: Conv,
    bias: Aligned,
    way: Way,
}

/// How the sums are formed.
enum Way {
    /// One product with the pixels where they lie.
    Direct(Panels),
    /// Transformed, tile by tile.
    Transformed(Winograd),
}

impl Convolution {
    /// For maps of `input` pixels and vectors of `lanes` floats.
    pub fn new(conv: &Conv, folded: &Folded, input: Size, lanes: usize) -> Self {
        let mut bias = Aligned::zeros(conv.output);
        bias.copy_from_slice(&folded.bias);
        let way = match Winograd::tile(conv, conv.result(input).unwrap_or_default()) {
            Some(tile) => Way::Transformed(Winograd::new(conv, tile, folded, lanes)),
            None => {
                let [height, width] = conv.kernel;
                let panels = Panels::pack(height * width * conv.input, conv.output, lanes, |row, output| {
                    let (place, input) = (row / conv.input, row % conv.input);
                    folded.kernel[(output * conv.input + input) * height * width + place]
                });
                Way::Direct(panels)
            }
        };
        Self { conv: conv.clone(), bias, way }
    }

    /// What is added to each channel.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Floats that a thread needs beside the maps.
    pub fn scratch(&self) -> usize {
        match &self.way {
            Way::Direct(_) => 0,
            Way::Transformed(winograd) => winograd.scratch(),
        }
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> usize {
        match &self.way {
            Way::Direct(panels) => panels.bytes(),
            Way::Transformed(winograd) => winograd.bytes(),
        }
    }

    /// Writes convolution, bias and ReLU of `input` into the channels of `out` from `first` on.
    pub fn run(&self, work: &Work, buffers: &mut Buffers, input: &Map, out: &mut Map, first: usize) {
        match &self.way {
            Way::Transformed(winograd) => winograd.run(work, input, out, first, &self.bias),
            Way::Direct(panels) => {
                let finish = Finish::BiasRelu(&self.bias);
                if self.conv.padding == [0, 0] {
                    self.direct(work, panels, input, out, first, finish);
                } else {
                    let padded = pad(buffers, input, self.conv.padding);
                    self.direct(work, panels, &padded, out, first, finish);
                    buffers.give(padded);
                }
            }
        }
    }

    /// As [`run`](Self::run) for a kernel of one pixel, without bias and ReLU.
    pub fn run_raw(&self, work: &Work, input: &Map, out: &mut Map) {
        if let Way::Direct(panels) = &self.way {
            self.direct(work, panels, input, out, 0, Finish::Raw);
        }
    }

    fn direct(&self, work: &Work, panels: &Panels, input: &Map, out: &mut Map, first: usize, finish: Finish) {
        let (stride, width) = (out.stride, out.size.width);
        if self.conv.kernel == [1, 1] && self.conv.stride == 1 {
            let fair = out.size.pixels().div_ceil(work.threads);
            let pixels = (TASK / input.stride).clamp(HIGHEST, 32 * HIGHEST).min(fair).max(1);
            out.values.par_chunks_mut(pixels * stride).enumerate().for_each(|(index, part)| {
                let data = &input.values[index * pixels * input.stride..];
                let count = part.len() / stride;
                let left = Rows { data, stride: input.stride, count, taps: &[0], width: self.conv.input };
                multiply(work.arch, left, panels, finish, &mut part[first..], stride);
            });
            return;
        }
        let (taps, run) = self.taps(input);
        let (line, step) = (input.size.width * input.stride, self.conv.stride);
        let fair = out.size.height.div_ceil(work.threads);
        let rows = (TASK / (step * line)).min(fair).max(1);
        out.values.par_chunks_mut(rows * width * stride).enumerate().for_each(|(index, part)| {
            // Every panel meets all rows before the next one comes: it may be too large to stay for a second picture.
            for panel in 0..panels.len() {
                let columns = panels.columns_of(panel);
                for (row, out) in part.chunks_exact_mut(width * stride).enumerate() {
                    let data = &input.values[(index * rows + row) * step * line..];
                    let left = Rows { data, stride: step * input.stride, count: width, taps: &taps, width: run };
                    let out = &mut out[first + columns.start..];
                    multiply_panel(work.arch, left, panels, panel, finish.of(&columns), out, stride);
                }
            }
        });
    }

    /// Where the kernel reads, from its first pixel on: the beginnings of its runs, and their length in floats.
    fn taps(&self, input: &Map) -> (Vec<usize>, usize) {
        let [height, width] = self.conv.kernel;
        let line = input.size.width * input.stride;
        if input.stride == self.conv.input {
            // No gap between pixels: a row of the kernel is one run.
            return ((0..height).map(|y| y * line).collect(), width * self.conv.input);
        }
        let taps = (0..height).flat_map(|y| (0..width).map(move |x| y * line + x * input.stride));
        (taps.collect(), self.conv.input)
    }
}

/// A copy with zeros around it.
fn pad(buffers: &mut Buffers, input: &Map, padding: [usize; 2]) -> Map {
    let [down, across] = padding;
    let size = Size { height: input.size.height + 2 * down, width: input.size.width + 2 * across };
    let mut padded = buffers.take(size, input.channels);
    padded.values.fill(0.0);
    let (from, to) = (input.size.width * input.stride, size.width * padded.stride);
    for (line, source) in padded.values.chunks_exact_mut(to).skip(down).zip(input.values.chunks_exact(from)) {
        line[across * padded.stride..][..from].copy_from_slice(source);
    }
    padded
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;
    use pulp::Arch;

    use super::super::gemm::lanes;
    use super::super::tests::architectures;
    use super::*;

    /// Kernel and padding of every kind of convolution in the network, and one that only the direct way knows.
    const KINDS: [([usize; 2], usize, [usize; 2]); 11] = [
        ([1, 1], 1, [0, 0]),
        ([3, 3], 2, [0, 0]),
        ([3, 3], 1, [0, 0]),
        ([3, 3], 1, [1, 1]),
        ([5, 5], 1, [2, 2]),
        ([1, 7], 1, [0, 3]),
        ([7, 1], 1, [3, 0]),
        ([1, 3], 1, [0, 1]),
        ([3, 1], 1, [1, 0]),
        ([1, 1], 2, [0, 0]),
        ([2, 3], 1, [1, 2]),
    ];

    /// Numbers from -1 to 1 that look random and are the same every time.
    fn noise(len: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    /// The definition: sums in f64, bias, ReLU. `[height, width, out]`.
    fn reference(conv: &Conv, folded: &Folded, size: Size, input: &[f32]) -> Vec<f64> {
        let result = conv.result(size).unwrap();
        let [height, width] = conv.kernel;
        let mut values = Vec::new();
        for (y, x) in (0..result.height).flat_map(|y| (0..result.width).map(move |x| (y, x))) {
            for out in 0..conv.output {
                let mut sum = f64::from(folded.bias[out]);
                for (ky, kx) in (0..height).flat_map(|ky| (0..width).map(move |kx| (ky, kx))) {
                    let row = (y * conv.stride + ky).wrapping_sub(conv.padding[0]);
                    let column = (x * conv.stride + kx).wrapping_sub(conv.padding[1]);
                    if row < size.height && column < size.width {
                        for channel in 0..conv.input {
                            let weight = folded.kernel[((out * conv.input + channel) * height + ky) * width + kx];
                            let number = input[(row * size.width + column) * conv.input + channel];
                            sum += f64::from(weight) * f64::from(number);
                        }
                    }
                }
                values.push(sum.max(0.0));
            }
        }
        values
    }

    /// Runs `conv` into the middle of a wider map, and checks every number there and beside it.
    fn check(arch: Arch, conv: &Conv, size: Size, threads: usize) {
        let folded = Folded {
            kernel: noise(conv.output * conv.input * conv.kernel[0] * conv.kernel[1], 1),
            bias: noise(conv.output, 2),
        };
        let numbers = noise(size.pixels() * conv.input, 3);
        let expected = reference(conv, &folded, size, &numbers);
        let largest = expected.iter().fold(f64::MIN_POSITIVE, |most, &value| most.max(value));

        let ready = Convolution::new(conv, &folded, size, lanes(arch));
        let mut buffers = Buffers::default();
        let mut input = buffers.take(size, conv.input);
        input.values.fill(f32::NAN);
        for (pixel, numbers) in input.values.chunks_exact_mut(input.stride).zip(numbers.chunks_exact(conv.input)) {
            pixel[..conv.input].copy_from_slice(numbers);
        }
        const BESIDE: usize = 5;
        let mut out = buffers.take(conv.result(size).unwrap(), conv.output + 2 * BESIDE);
        out.values.fill(7.0);
        let scratch: Vec<_> = (0..threads).map(|_| Mutex::new(Aligned::zeros(ready.scratch()))).collect();
        let work = Work { arch, threads, scratch: &scratch };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ready.run(&work, &mut buffers, &input, &mut out, BESIDE));

        for (pixel, expected) in out.values.chunks_exact(out.stride).zip(expected.chunks_exact(conv.output)) {
            for (value, expected) in pixel[BESIDE..].iter().zip(expected) {
                let off = (f64::from(*value) - expected).abs() / largest;
                assert!(off < 1e-5, "{value} for {expected}, {off:.1e} of the largest: {conv:?} {size:?}");
            }
            let beside = pixel[..BESIDE].iter().chain(&pixel[BESIDE + conv.output..][..BESIDE]);
            assert!(beside.into_iter().all(|&value| value == 7.0), "wrote beside its channels: {conv:?} {size:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn every_kind_of_convolution_agrees_with_its_definition(
            kind in 0..KINDS.len(),
            height in 7..30_usize,
            width in 7..30_usize,
            input in 1..40_usize,
            output in 1..90_usize,
            threads in 1..4_usize,
        ) {
            let (kernel, stride, padding) = KINDS[kind];
            let conv = Conv { name: String::new(), input, output, kernel, stride, padding };
            for arch in architectures() {
                check(arch, &conv, Size { height, width }, threads);
            }
        }
    }

    #[test]
    fn channels_of_the_real_layers_agree_too() {
        for (kind, input, output) in [(3, 96, 96), (4, 48, 64), (5, 160, 192), (6, 192, 192), (2, 80, 192), (1, 3, 32)]
        {
            let (kernel, stride, padding) = KINDS[kind];
            let conv = Conv { name: String::new(), input, output, kernel, stride, padding };
            check(Arch::new(), &conv, Size { height: 17, width: 23 }, 2);
        }
    }
}
