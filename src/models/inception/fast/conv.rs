//! A convolution with its folded weights, by the way that suits it.

use rayon::prelude::*;

use super::gemm::{Aligned, Finish, HIGHEST, Panels, Rows, multiply};
use super::map::{Buffers, Map};
use super::steps::Work;
use super::winograd::Winograd;
use crate::models::inception::Size;
use crate::models::inception::plan::Conv;
use crate::models::inception::weights::Folded;

/// Floats of the left-hand matrix that a task reads again and again: a quarter of a second-level cache.
const TASK: usize = 65_536;

/// Tiles below which transformed weights, which are larger, cost more to read than they save.
const FEWEST_TILES: usize = 8;

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
        let result = conv.result(input).unwrap_or_default();
        let tile = Winograd::tile(conv).filter(|[down, across]| {
            result.height.div_ceil(down.outputs) * result.width.div_ceil(across.outputs) >= FEWEST_TILES
        });
        let way = match tile {
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
            let pixels = (TASK / input.stride).clamp(HIGHEST, 32 * HIGHEST).next_multiple_of(HIGHEST).min(fair).max(1);
            out.values.par_chunks_mut(pixels * stride).enumerate().for_each(|(index, part)| {
                let data = &input.values[index * pixels * input.stride..];
                let count = part.len() / stride;
                let left = Rows { data, stride: input.stride, count, taps: &[0], width: self.conv.input };
                multiply(work.arch, left, panels, finish, &mut part[first..], stride);
            });
            return;
        }
        let (taps, run) = self.taps(input);
        out.values.par_chunks_mut(width * stride).enumerate().for_each(|(row, part)| {
            let data = &input.values[row * self.conv.stride * input.size.width * input.stride..];
            let left = Rows { data, stride: self.conv.stride * input.stride, count: width, taps: &taps, width: run };
            multiply(work.arch, left, panels, finish, &mut part[first..], stride);
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
