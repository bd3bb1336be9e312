//! Short-time Fourier transform, one frame at a time, with the plan and all buffers reused.

use std::f64::consts::TAU;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner, RealToComplex};

/// A windowed FFT of real samples, computed in `T`.
///
/// Planning costs as much as dozens of transforms, so callers keep one per thread.
pub(super) struct Stft<T> {
    plan: Arc<dyn RealToComplex<T>>,
    window: Vec<T>,
    frame: Vec<T>,
    bins: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
}

impl<T: FftNum + From<f32>> Stft<T> {
    /// Plans the transform of frames as long as `window`, which every frame is multiplied with.
    pub(super) fn new(window: Vec<T>) -> Self {
        let plan = RealFftPlanner::new().plan_fft_forward(window.len());
        let (frame, bins, scratch) = (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
        Self { plan, window, frame, bins, scratch }
    }

    /// The spectrum of the frame that begins at `samples[start]`; what lies before or after `samples` counts as silence.
    ///
    /// Bins 0 to half of the window's length, unscaled: `X[k] = sum w[i] x[start + i] exp(-2 pi j k i / len)`.
    pub(super) fn transform(&mut self, samples: &[f32], start: isize) -> &[Complex<T>] {
        let lead = start.min(0).unsigned_abs().min(self.frame.len());
        let rest = samples.get(start.max(0).unsigned_abs()..).unwrap_or(&[]);
        let (before, inside) = self.frame.split_at_mut(lead);
        let heard = rest.len().min(inside.len());
        let (inside, after) = inside.split_at_mut(heard);
        before.fill(T::zero());
        after.fill(T::zero());
        for ((value, &sample), &weight) in inside.iter_mut().zip(rest).zip(&self.window[lead..]) {
            *value = T::from(sample) * weight;
        }
        let done = self.plan.process_with_scratch(&mut self.frame, &mut self.bins, &mut self.scratch);
        debug_assert!(done.is_ok(), "every buffer was made by the plan: {done:?}");
        &self.bins
    }
}

/// Hann window of `len` points, `(1 - cos(2 pi i / period)) / 2`.
///
/// A `period` of `len` is the periodic form of spectral analysis, `len - 1` the symmetric one of filter design.
pub(super) fn hann(len: usize, period: usize) -> impl Iterator<Item = f64> {
    (0..len).map(move |i| 0.5 - 0.5 * (TAU * i as f64 / period as f64).cos())
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// The definition, term by term, with silence around `samples`.
    fn naive(samples: &[f32], start: isize, window: &[f64]) -> Vec<Complex<f64>> {
        let len = window.len();
        let at = |i: usize| usize::try_from(start + i as isize).ok().and_then(|at| samples.get(at)).copied();
        (0..=len / 2)
            .map(|k| {
                (0..len)
                    .map(|i| {
                        let turn = -TAU * ((k * i) % len) as f64 / len as f64;
                        Complex::from_polar(window[i] * f64::from(at(i).unwrap_or(0.0)), turn)
                    })
                    .sum()
            })
            .collect()
    }

    fn noise(len: usize) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    #[test]
    fn agrees_with_the_definition_inside_and_across_both_ends() {
        let samples = noise(300);
        for len in [2, 16, 30, 128] {
            let window: Vec<f64> = hann(len, len).collect();
            let mut double = Stft::<f64>::new(window.clone());
            let mut single = Stft::<f32>::new(window.iter().map(|&w| w as f32).collect());
            for start in [-200, -128, -64, -1, 0, 1, 150, 250, 299, 300, 1000] {
                let expected = naive(&samples, start, &window);
                let close = |got: Complex<f64>, want: Complex<f64>, tolerance| (got - want).norm() < tolerance;
                for (&got, &want) in double.transform(&samples, start).iter().zip(&expected) {
                    assert!(close(got, want, 1e-12), "{len} {start}: {got} {want}");
                }
                // Single precision keeps about seven digits of sums that reach 64.
                for (&got, &want) in single.transform(&samples, start).iter().zip(&expected) {
                    assert!(close(Complex::new(got.re.into(), got.im.into()), want, 2e-5), "{len} {start}");
                }
            }
        }
    }

    #[test]
    fn the_two_hann_windows_differ_in_their_last_point() {
        let periodic: Vec<f64> = hann(4, 4).collect();
        let symmetric: Vec<f64> = hann(5, 4).collect();
        assert_eq!(periodic, symmetric[..4]);
        assert!(symmetric[4].abs() < 1e-15 && (symmetric[2] - 1.0).abs() < 1e-15);
    }
}
