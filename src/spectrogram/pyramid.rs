//! A spectrogram at halving resolutions in time, so that any stretch of it is drawn at the cost of the picture's size.

use std::ops::Range;
use std::sync::Arc;

use super::Spectrogram;

/// The highest level of ever longer stretches: no short sound is lost at any zoom.
#[derive(Debug)]
pub struct LevelPyramid {
    spectrogram: Arc<Spectrogram>,
    /// Entry `k` holds stretches of `2^(k + 1)` columns. The spectrogram itself is the finest.
    coarser: Vec<Layer>,
}

/// Row-major levels, shape `[bins, frames]`.
#[derive(Debug)]
struct Layer {
    levels_db: Vec<f32>,
    frames: usize,
}

/// Levels of a stretch of a spectrogram, one for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Row-major, shape `[height, width]`, highest frequency first, in dB.
    pub levels_db: Vec<f32>,
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// The columns of the spectrogram that they cover.
    pub columns: Range<usize>,
}

impl LevelPyramid {
    /// Halves `spectrogram` until two columns are left; takes as much memory again.
    #[must_use]
    pub fn new(spectrogram: Arc<Spectrogram>) -> Self {
        let mut coarser: Vec<Layer> = Vec::new();
        let (mut frames, bins) = (spectrogram.frames, spectrogram.bins);
        while frames > 2 {
            let finer = coarser.last().map_or(&*spectrogram.levels_db, |layer| layer.levels_db.as_slice());
            let halved = frames.div_ceil(2);
            let mut levels_db = Vec::with_capacity(halved * bins);
            for row in finer.chunks_exact(frames) {
                levels_db.extend(row.chunks(2).map(|pair| pair.iter().copied().fold(f32::NEG_INFINITY, f32::max)));
            }
            coarser.push(Layer { levels_db, frames: halved });
            frames = halved;
        }
        Self { spectrogram, coarser }
    }

    /// The spectrogram that was halved.
    #[must_use]
    pub fn spectrogram(&self) -> &Arc<Spectrogram> {
        &self.spectrogram
    }

    /// The highest level under each pixel of a picture of `columns`, at most `width` by `height` pixels. Columns outside of
    /// the spectrogram are left out; the result says which ones it covers.
    #[must_use]
    pub fn stretch(&self, columns: Range<usize>, width: usize, height: usize) -> Stretch {
        let end = columns.end.min(self.spectrogram.frames);
        let columns = columns.start.min(end)..end;
        let per_pixel = columns.len() / width.max(1);
        // The coarsest layer that still has an entry for each pixel.
        let layer = (per_pixel.max(1).ilog2() as usize).min(self.coarser.len());
        let (levels, frames) = match layer.checked_sub(1).and_then(|coarser| self.coarser.get(coarser)) {
            Some(layer) => (layer.levels_db.as_slice(), layer.frames),
            None => (&*self.spectrogram.levels_db, self.spectrogram.frames),
        };
        let entries = columns.start >> layer..columns.end.div_ceil(1 << layer).min(frames);
        let columns = entries.start << layer..(entries.end << layer).min(self.spectrogram.frames);
        let bins = self.spectrogram.bins;
        let (width, height) = (entries.len().min(width.max(1)), bins.min(height.max(1)));
        let mut pooled = vec![f32::NEG_INFINITY; width * height];
        for (bin, row) in levels.chunks_exact(frames.max(1)).enumerate() {
            let to = height - 1 - bin * height / bins;
            let (Some(row), Some(pixels)) = (row.get(entries.clone()), pooled.get_mut(to * width..(to + 1) * width))
            else {
                continue;
            };
            pool(row, pixels);
        }
        Stretch { levels_db: pooled, width, height, columns }
    }
}

/// Raises each pixel to the highest of the entries that lie under it; there are at least as many entries as pixels.
fn pool(entries: &[f32], pixels: &mut [f32]) {
    let (count, width) = (entries.len(), pixels.len());
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let under = entries.get(index * count / width..(index + 1) * count / width).unwrap_or_default();
        *pixel = under.iter().copied().fold(*pixel, f32::max);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spectrogram::FrequencyAxis;
    use crate::units::{Hertz, Seconds};

    fn with_one_loud_cell(bins: usize, frames: usize, bin: usize, frame: usize) -> LevelPyramid {
        let mut levels = vec![-80.0; bins * frames];
        levels[bin * frames + frame] = 0.0;
        LevelPyramid::new(Arc::new(Spectrogram {
            levels_db: levels.into(),
            bins,
            frames,
            hop: Seconds(0.01),
            start: Seconds(0.0),
            axis: FrequencyAxis::Linear { top: Hertz(8000.0) },
            range_db: (-80.0, 0.0),
        }))
    }

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let stretch = with_one_loud_cell(4, 2, 0, 1).stretch(0..2, 10, 10);
        assert_eq!((stretch.width, stretch.height, stretch.columns), (2, 4, 0..2));
        assert_eq!(stretch.levels_db[3 * 2 + 1], 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_loud_cell_is_seen_once_wherever_one_looks_at_it(
            bins in 1..40_usize,
            frames in 1..700_usize,
            at in (0.0..1.0_f64, 0.0..1.0_f64),
            looked in (0.0..1.0_f64, 0.0..1.0_f64),
            size in (1..900_usize, 1..50_usize),
        ) {
            let (bin, frame) = ((at.0 * bins as f64) as usize, (at.1 * frames as f64) as usize);
            let pyramid = with_one_loud_cell(bins, frames, bin, frame);
            let (a, b) = ((looked.0 * frames as f64) as usize, (looked.1 * frames as f64) as usize);
            let wanted = a.min(b)..a.max(b) + 1;
            let stretch = pyramid.stretch(wanted.clone(), size.0, size.1);
            prop_assert!(stretch.width <= size.0 && stretch.height <= size.1);
            prop_assert_eq!(stretch.levels_db.len(), stretch.width * stretch.height);
            prop_assert!(stretch.columns.start <= wanted.start && stretch.columns.end >= wanted.end);
            let loud = stretch.levels_db.iter().filter(|level| **level == 0.0).count();
            prop_assert_eq!(loud, usize::from(stretch.columns.contains(&frame)));
            prop_assert!(stretch.levels_db.iter().all(|level| level.is_finite()), "every pixel has a cell under it");
        }
    }
}
