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

#[cfg(test)]
mod tests {
    use super::super::map::Buffers;
    use super::super::tests::architectures;
    use super::*;
    use crate::models::inception::Size;

    /// A map of `channels` whose numbers are `at(y, x, channel)`.
    fn filled(size: Size, channels: usize, at: impl Fn(usize, usize, usize) -> f32) -> Map {
        let mut map = Buffers::default().take(size, channels);
        for (index, pixel) in map.values.chunks_exact_mut(map.stride).enumerate() {
            for (channel, value) in pixel.iter_mut().take(channels).enumerate() {
                *value = at(index / size.width, index % size.width, channel);
            }
        }
        map
    }

    /// What `run` makes of the second half of a map of `size`.
    fn pooled(size: Size, channels: usize, run: impl Fn(&mut Map)) -> Vec<f32> {
        let mut out = Buffers::default().take(size, 2 * channels);
        run(&mut out);
        out.values.chunks_exact(out.stride).flat_map(|pixel| pixel[channels..2 * channels].to_vec()).collect()
    }

    #[test]
    fn the_largest_of_nine_is_found() {
        let size = Size { height: 8, width: 9 };
        let map = filled(size, 19, |y, x, channel| -((y * 31 + x * 17 + channel * 7) as f32 % 23.0));
        for arch in architectures() {
            let work = Work { arch, threads: 1, scratch: &[] };
            let found = pooled(Size { height: 3, width: 4 }, 19, |out| maximum(&work, &map, out, 19));
            for (index, &value) in found.iter().enumerate() {
                let (pixel, channel) = (index / 19, index % 19);
                let (top, left) = (pixel / 4 * 2, pixel % 4 * 2);
                let nine = (0..9).map(|i| map.values[((top + i / 3) * 9 + left + i % 3) * map.stride + channel]);
                assert_eq!(value, nine.fold(f32::NEG_INFINITY, f32::max));
            }
        }
    }

    #[test]
    fn a_mean_at_the_border_divides_by_the_rule() {
        let size = Size { height: 4, width: 5 };
        let ones = filled(size, 3, |_, _, _| 1.0);
        for arch in architectures() {
            let work = Work { arch, threads: 1, scratch: &[] };
            let mean = |rule| pooled(size, 3, |out| average(&work, &ones, out, 3, rule, None));
            assert!(mean(AveragePool::SkipsPadding).iter().all(|value| (value - 1.0).abs() < 1e-6));
            let counted = mean(AveragePool::CountsPadding);
            let expected = [(0, 4.0 / 9.0), (1, 6.0 / 9.0), (5, 6.0 / 9.0), (6, 1.0), (19, 4.0 / 9.0)];
            for (pixel, value) in expected {
                assert!((counted[3 * pixel] - value).abs() < 1e-6, "pixel {pixel}: {}", counted[3 * pixel]);
            }
            let bias = [0.25, -0.5, -2.0];
            let last = pooled(size, 3, |out| average(&work, &ones, out, 3, AveragePool::SkipsPadding, Some(&bias)));
            assert!((last[0] - 1.25).abs() < 1e-6 && (last[1] - 0.5).abs() < 1e-6 && last[2] == 0.0);
        }
    }
}
