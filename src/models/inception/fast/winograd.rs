//! Convolutions of stride one as products of matrices, one for each point of the transform.
//!
//! The map is cut into tiles that overlap. For a block of tiles, small enough for the second-level cache, the inputs are
//! transformed, every point's matrix (tiles by channels) is multiplied with that point's weights, one panel of output
//! channels at a time, and the results are transformed back, finished and written into their place.

#![expect(
    clippy::needless_range_loop,
    reason = "loops over constant ranges are unrolled, those over iterators were not"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::gemm::{Finish, LINE, Panels, Rows, WIDEST, load, multiply_panel, store};
use super::map::{Map, scratch_of};
use super::steps::Work;
use super::transform;
use crate::models::inception::Size;
use crate::models::inception::plan::Conv;
use crate::models::inception::weights::Folded;

/// Floats of transformed inputs in a block: with the products beside them, they fill most of a second-level cache.
const BLOCK: usize = 100_000;

/// One direction of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Numbers in, and points of the transform.
    pub points: usize,
    /// Numbers out.
    pub outputs: usize,
}

/// The tiles for a kernel `length` long, the most economic first.
fn axes(length: usize) -> &'static [Axis] {
    const fn axis(points: usize, outputs: usize) -> Axis {
        Axis { points, outputs }
    }
    match length {
        1 => const { &[axis(1, 1)] },
        3 => const { &[axis(6, 4), axis(4, 2)] },
        5 => const { &[axis(6, 2)] },
        7 => const { &[axis(10, 4)] },
        _ => &[],
    }
}

/// Tiles below which a tile of fewer points does better, or none: transformed weights are larger, and cost more to read
/// than they save.
const FEWEST_TILES: usize = 8;

/// Tiles in a block, at least: so that weights too many for the cache are used often when they come by.
const FEWEST_IN_BLOCK: usize = 36;

/// A convolution whose weights are transformed.
pub struct Winograd {
    tile: [Axis; 2],
    padding: [usize; 2],
    input: usize,
    /// `[point]`, row by row of the tile: input channels by output channels.
    weights: Vec<Panels>,
    /// Floats between two points' inputs, and two points' products.
    input_step: usize,
    product_step: usize,
    /// Tiles in a block.
    tiles: usize,
}

impl Winograd {
    /// The tile for `conv` and a result of that size; none when it is strided or no tile suits it.
    pub fn tile(conv: &Conv, result: Size) -> Option<[Axis; 2]> {
        let squares = axes(conv.kernel[0])
            .iter()
            .flat_map(|&down| axes(conv.kernel[1]).iter().map(move |&across| [down, across]));
        let mut suited = squares.filter(|tile| is_supported(*tile)).filter(|[down, across]| {
            result.height.div_ceil(down.outputs) * result.width.div_ceil(across.outputs) >= FEWEST_TILES
        });
        suited.next().filter(|_| conv.stride == 1)
    }

    /// Transforms the weights of `conv`.
    pub fn new(conv: &Conv, tile: [Axis; 2], folded: &Folded, lanes: usize) -> Self {
        let [height, width] = conv.kernel;
        let (rows, columns) = (tile[0].points, tile[1].points);
        let points = rows * columns;
        // [out][in][point]
        let mut transformed = Vec::with_capacity(conv.output * conv.input * points);
        for kernel in folded.kernel.chunks_exact(height * width) {
            let across: Vec<Vec<f64>> = kernel
                .chunks_exact(width)
                .map(|row| transform::kernel(columns, &row.iter().map(|&number| f64::from(number)).collect::<Vec<_>>()))
                .collect();
            let mut grid = vec![0.0_f32; points];
            for column in 0..columns {
                let down: Vec<f64> = across.iter().map(|row| row[column]).collect();
                for (row, value) in transform::kernel(rows, &down).into_iter().enumerate() {
                    grid[row * columns + column] = value as f32;
                }
            }
            transformed.extend(grid);
        }
        let weights = (0..points)
            .map(|point| {
                Panels::pack(conv.input, conv.output, lanes, |input, output| {
                    transformed[(output * conv.input + input) * points + point]
                })
            })
            .collect();
        let depth = conv.input.next_multiple_of(LINE);
        let tiles = (BLOCK / (points * depth)).clamp(FEWEST_IN_BLOCK, 6 * FEWEST_IN_BLOCK);
        Self {
            tile,
            padding: conv.padding,
            input: conv.input,
            weights,
            input_step: step(tiles * depth),
            product_step: step(tiles * WIDEST * lanes),
            tiles,
        }
    }

    /// Floats that a thread needs beside the maps.
    pub fn scratch(&self) -> usize {
        let points = self.weights.len();
        points * (self.input_step + self.product_step + self.depth())
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> usize {
        self.weights.iter().map(Panels::bytes).sum()
    }

    /// Floats of a pixel's or a tile's channels.
    fn depth(&self) -> usize {
        self.input.next_multiple_of(LINE)
    }

    /// Writes the convolution of `input` into the channels of `out` from `first` on.
    pub fn run(&self, work: &Work, input: &Map, out: &mut Map, first: usize, bias: &[f32]) {
        let [down, across] = self.tile.map(|axis| axis.outputs);
        let columns = out.size.width.div_ceil(across);
        let rows = out.size.height.div_ceil(down);
        // Whole blocks, but work for every thread.
        let together = self.tiles.div_ceil(columns).min(rows.div_ceil(work.threads)).max(1);
        let (size, stride) = (out.size, out.stride);
        let lines = together * down;
        out.values.par_chunks_mut(lines * size.width * stride).enumerate().for_each(|(index, part)| {
            let Some(mut scratch) = scratch_of(work.scratch) else { return };
            let height = part.len() / (size.width * stride);
            let target = Target { values: part, height, width: size.width, stride, first, bias };
            self.rows(work.arch, input, index * together, columns, target, &mut scratch);
        });
    }

    /// Rows of tiles from row `first_row` on, as many as `target` has room for.
    fn rows(&self, arch: Arch, input: &Map, first_row: usize, columns: usize, mut target: Target, scratch: &mut [f32]) {
        let points = self.weights.len();
        let (inputs, rest) = scratch.split_at_mut(points * self.input_step);
        let (products, patch) = rest.split_at_mut(points * self.product_step);
        let count = target.height.div_ceil(self.tile[0].outputs) * columns;
        // Blocks of one size: a last one of a few tiles would waste the weights that are read for it.
        let block = count.div_ceil(count.div_ceil(self.tiles)).max(1);
        for start in (0..count).step_by(block) {
            let tiles = block.min(count - start);
            let place = Place { first: start, count: tiles, columns };
            let (tile, padding, step, depth) = (self.tile, self.padding, self.input_step, self.depth());
            arch.dispatch(Inputs { tile, padding, step, depth, input, first_row, place, patch, values: inputs });
            let Some(panels) = self.weights.first() else { return };
            for panel in 0..panels.len() {
                let channels = panels.columns_of(panel);
                let width = channels.len().next_multiple_of(panels.lanes());
                for (point, weights) in self.weights.iter().enumerate() {
                    let left = Rows {
                        data: &inputs[point * self.input_step..],
                        stride: depth,
                        count: tiles,
                        taps: &[0],
                        width: self.input,
                    };
                    let out = &mut products[point * self.product_step..];
                    multiply_panel(arch, left, weights, panel, Finish::Raw, out, width);
                }
                arch.dispatch(Outputs {
                    tile,
                    step: self.product_step,
                    width,
                    place,
                    products,
                    channel: channels.start,
                    channels: channels.len(),
                    target: &mut target,
                });
            }
        }
    }
}

/// Whether the transforms below know a tile.
fn is_supported(tile: [Axis; 2]) -> bool {
    matches!(
        tile.map(|axis| (axis.points, axis.outputs)),
        [(6, 4), (6, 4)]
            | [(4, 2), (4, 2)]
            | [(6, 2), (6, 2)]
            | [(1, 1), (6, 4) | (10, 4)]
            | [(6, 4) | (10, 4), (1, 1)]
    )
}

/// Floats between two points' values when each has `len`: an odd number of cache lines, so that the points of one tile
/// fall into different sets of the cache.
fn step(len: usize) -> usize {
    let lines = len.div_ceil(LINE);
    (lines + 1 - lines % 2) * LINE
}

/// Which tiles: `count` from `first` on, in rows of `columns`.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    count: usize,
    columns: usize,
}

impl Place {
    /// Row and column of tile `index` of the block.
    fn at(&self, index: usize) -> [usize; 2] {
        let tile = self.first + index;
        [tile / self.columns, tile % self.columns]
    }
}

/// Rows of the result, and what happens to them.
struct Target<'a> {
    values: &'a mut [f32],
    height: usize,
    width: usize,
    stride: usize,
    first: usize,
    bias: &'a [f32],
}

/// Transforms the inputs of a block.
struct Inputs<'a> {
    tile: [Axis; 2],
    padding: [usize; 2],
    step: usize,
    depth: usize,
    input: &'a Map,
    first_row: usize,
    place: Place,
    patch: &'a mut [f32],
    values: &'a mut [f32],
}

impl WithSimd for Inputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.tile.map(|axis| axis.points) {
            [6, 6] => self.tiles::<S, 6, 6>(simd),
            [4, 4] => self.tiles::<S, 4, 4>(simd),
            [1, 6] => self.tiles::<S, 1, 6>(simd),
            [6, 1] => self.tiles::<S, 6, 1>(simd),
            [1, 10] => self.tiles::<S, 1, 10>(simd),
            _ => self.tiles::<S, 10, 1>(simd),
        }
    }
}

impl Inputs<'_> {
    #[inline(always)]
    fn tiles<S: Simd, const H: usize, const W: usize>(mut self, simd: S) {
        // Made here, and not for every tile: zeroing it costs a tenth of the transform.
        let mut grid = [[simd.splat_f32s(0.0); H]; W];
        for index in 0..self.place.count {
            let [row, column] = self.place.at(index);
            let top = (self.first_row + row) * self.tile[0].outputs;
            let left = column * self.tile[1].outputs;
            let inside = |at: usize, axis: usize, length: usize| {
                at >= self.padding[axis] && at - self.padding[axis] + self.tile[axis].points <= length
            };
            let Size { height, width } = self.input.size;
            if inside(top, 0, height) && inside(left, 1, width) {
                let start = (top - self.padding[0]) * width + left - self.padding[1];
                let stride = self.input.stride;
                let data = &self.input.values[start * stride..];
                let values = &mut self.values[index * self.depth..];
                tile::<S, H, W>(simd, data, [width * stride, stride], self.depth, values, self.step, &mut grid);
            } else {
                self.fill_patch(top, left);
                let strides = [W * self.depth, self.depth];
                let values = &mut self.values[index * self.depth..];
                tile::<S, H, W>(simd, self.patch, strides, self.depth, values, self.step, &mut grid);
            }
        }
    }

    /// A tile at the border of the map, with zeros where there is no map.
    fn fill_patch(&mut self, top: usize, left: usize) {
        let [rows, columns] = self.tile.map(|axis| axis.points);
        let Size { height, width } = self.input.size;
        for (index, pixel) in self.patch.chunks_exact_mut(self.depth).take(rows * columns).enumerate() {
            let y = (top + index / columns).wrapping_sub(self.padding[0]);
            let x = (left + index % columns).wrapping_sub(self.padding[1]);
            if y < height && x < width {
                let start = (y * width + x) * self.input.stride;
                pixel.copy_from_slice(&self.input.values[start..start + self.depth]);
            } else {
                pixel.fill(0.0);
            }
        }
    }
}

/// Transforms one tile of `H` by `W` pixels, a vector of channels at a time.
#[inline(always)]
fn tile<S: Simd, const H: usize, const W: usize>(
    simd: S,
    data: &[f32],
    strides: [usize; 2],
    depth: usize,
    values: &mut [f32],
    step: usize,
    grid: &mut [[S::f32s; H]; W],
) {
    let mut pixels = [[S::as_simd_f32s(data).0; W]; H];
    for y in 0..H {
        for x in 0..W {
            pixels[y][x] = S::as_simd_f32s(&data[y * strides[0] + x * strides[1]..][..depth]).0;
        }
    }
    let (values, step) = (S::as_mut_simd_f32s(values).0, step / S::F32_LANES);
    for vector in 0..depth / S::F32_LANES {
        for y in 0..H {
            let mut line = [simd.splat_f32s(0.0); W];
            for x in 0..W {
                line[x] = pixels[y][x][vector];
            }
            let line = transform::input(simd, line);
            for x in 0..W {
                grid[x][y] = line[x];
            }
        }
        for x in 0..W {
            let down = transform::input(simd, grid[x]);
            for y in 0..H {
                values[(y * W + x) * step + vector] = down[y];
            }
        }
    }
}

/// Transforms the products of a block and a panel back, and writes them.
struct Outputs<'a, 'b> {
    tile: [Axis; 2],
    step: usize,
    width: usize,
    place: Place,
    products: &'a [f32],
    channel: usize,
    channels: usize,
    target: &'a mut Target<'b>,
}

impl WithSimd for Outputs<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.tile.map(|axis| (axis.points, axis.outputs)) {
            [(6, 4), (6, 4)] => self.tiles::<S, 6, 4, 6, 4>(simd),
            [(4, 2), (4, 2)] => self.tiles::<S, 4, 2, 4, 2>(simd),
            [(6, 2), (6, 2)] => self.tiles::<S, 6, 2, 6, 2>(simd),
            [(1, 1), (6, 4)] => self.tiles::<S, 1, 1, 6, 4>(simd),
            [(6, 4), (1, 1)] => self.tiles::<S, 6, 4, 1, 1>(simd),
            [(1, 1), (10, 4)] => self.tiles::<S, 1, 1, 10, 4>(simd),
            _ => self.tiles::<S, 10, 4, 1, 1>(simd),
        }
    }
}

impl Outputs<'_, '_> {
    #[inline(always)]
    fn tiles<S: Simd, const H: usize, const Y: usize, const W: usize, const X: usize>(self, simd: S) {
        let Target { values, height, width, stride, first, bias } = self.target;
        let zero = simd.splat_f32s(0.0);
        let mut down = [[zero; W]; Y];
        let (products, step) = (S::as_simd_f32s(self.products).0, self.step / S::F32_LANES);
        for index in 0..self.place.count {
            let [row, column] = self.place.at(index);
            let (top, left) = (row * Y, column * X);
            let (rows, columns) = (Y.min(*height - top), X.min(*width - left));
            for channel in (0..self.channels).step_by(S::F32_LANES) {
                let here = S::F32_LANES.min(self.channels - channel);
                let start = (index * self.width + channel) / S::F32_LANES;
                for x in 0..W {
                    let mut line = [zero; H];
                    for y in 0..H {
                        line[y] = products[(y * W + x) * step + start];
                    }
                    let line = transform::output::<S, H, Y>(simd, line);
                    for y in 0..Y {
                        down[y][x] = line[y];
                    }
                }
                let bias = load(simd, &bias[self.channel + channel..][..here]);
                for y in 0..rows {
                    let outputs = transform::output::<S, W, X>(simd, down[y]);
                    let line = ((top + y) * *width + left) * *stride + *first + self.channel + channel;
                    for x in 0..columns {
                        let value = outputs[x];
                        let value = simd.max_f32s(simd.add_f32s(value, bias), zero);
                        store(simd, &mut values[line + x * *stride..][..here], value);
                    }
                }
            }
        }
    }
}
