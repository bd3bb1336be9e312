//! Pooling.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::gemm::{load, store};
use super::map::Map;
use super::steps::Work;
use crate::models::inception::AveragePool;
use crate::models::inception::plan::POOL;

/// Writes the largest of 3x3 pixels, in steps of two, into the channels of `out` from `first` on.
pub fn maximum(work: &Work, input: &Map, out: &mut Map, first: usize) {
    let (stride, width) = (out.stride, out.size.width);
    out.values.par_chunks_mut(width * stride).enumerate().for_each(|(row, line)| {
        work.arch.dispatch(Maximum { input, row, line, stride, first });
    });
}

struct Maximum<'a> {
    input: &'a Map,
    row: usize,
    line: &'a mut [f32],
    stride: usize,
    first: usize,
}

impl WithSimd for Maximum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (side, move_by) = POOL;
        let Map { size, channels, stride, values } = self.input;
        for (column, pixel) in self.line.chunks_exact_mut(self.stride).enumerate() {
            let corner = (self.row * size.width + column) * move_by;
            for channel in (0..*channels).step_by(S::F32_LANES) {
                let here = S::F32_LANES.min(channels - channel);
                let at = |y: usize, x: usize| load(simd, &values[(corner + y * size.width + x) * stride + channel..]);
                let mut largest = at(0, 0);
                for y in 0..side {
                    for x in 0..side {
                        largest = simd.max_f32s(largest, at(y, x));
                    }
                }
                store(simd, &mut pixel[self.first + channel..][..here], largest);
            }
        }
    }
}

/// Writes the mean of 3x3 pixels into the channels of `out` from `first` on; with a `bias`, that and ReLU after it.
pub fn average(work: &Work, input: &Map, out: &mut Map, first: usize, rule: AveragePool, bias: Option<&[f32]>) {
    let (stride, width) = (out.stride, out.size.width);
    out.values.par_chunks_mut(width * stride).enumerate().for_each(|(row, line)| {
        work.arch.dispatch(Average { input, row, line, stride, first, rule, bias });
    });
}

struct Average<'a> {
    input: &'a Map,
    row: usize,
    line: &'a mut [f32],
    stride: usize,
    first: usize,
    rule: AveragePool,
    bias: Option<&'a [f32]>,
}

impl WithSimd for Average<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Map { size, channels, stride, values } = self.input;
        let zero = simd.splat_f32s(0.0);
        let rows = self.row.saturating_sub(1)..(self.row + 2).min(size.height);
        for (column, pixel) in self.line.chunks_exact_mut(self.stride).enumerate() {
            let columns = column.saturating_sub(1)..(column + 2).min(size.width);
            let divisor = match self.rule {
                AveragePool::CountsPadding => 9,
                AveragePool::SkipsPadding => rows.len() * columns.len(),
            };
            let scale = simd.splat_f32s(1.0 / divisor as f32);
            for channel in (0..*channels).step_by(S::F32_LANES) {
                let here = S::F32_LANES.min(channels - channel);
                let mut sum = zero;
                for y in rows.clone() {
                    for x in columns.clone() {
                        sum = simd.add_f32s(sum, load(simd, &values[(y * size.width + x) * stride + channel..]));
                    }
                }
                let value = match self.bias {
                    Some(bias) => {
                        let bias = load(simd, &bias[channel..][..here]);
                        simd.max_f32s(simd.mul_add_e_f32s(sum, scale, bias), zero)
                    }
                    None => simd.mul_f32s(sum, scale),
                };
                store(simd, &mut pixel[self.first + channel..][..here], value);
            }
        }
    }
}
