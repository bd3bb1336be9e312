//! Reading a [`Spectrogram`]: as a picture, and cell by cell under a cursor.

use image::{Rgb, RgbImage};

use super::colour::{ColourMap, to_byte};
use super::{FrequencyAxis, Spectrogram};
use crate::units::{Hertz, Seconds};

impl Spectrogram {
    /// A picture of `frames` x `bins` pixels, lowest frequency at the bottom, `range_db` spread over the whole map.
    #[must_use]
    pub fn to_image(&self, map: ColourMap) -> RgbImage {
        let colours = map.table();
        let (lowest, highest) = self.range_db;
        let steps_per_db = 255.0 / (highest - lowest);
        let mut image = RgbImage::new(self.frames as u32, self.bins as u32);
        let rows = self.levels_db.chunks_exact(self.frames.max(1)).rev();
        for (pixel, &level) in image.pixels_mut().zip(rows.flatten()) {
            *pixel = Rgb(colours[usize::from(to_byte((level - lowest) * steps_per_db))]);
        }
        image
    }

    /// The level in dB of the cell around `time` and `frequency`; `None` outside of the spectrogram.
    #[must_use]
    pub fn level_at(&self, time: Seconds, frequency: Hertz) -> Option<f32> {
        let column = cell(self.column_of_time(time), self.frames)?;
        let row = cell(self.row_of_frequency(frequency), self.bins)?;
        self.levels_db.get(row * self.frames + column).copied()
    }

    /// The time at `column`; whole numbers are the centres of the columns.
    #[must_use]
    pub fn time_of_column(&self, column: f64) -> Seconds {
        Seconds(self.start.0 + column * self.hop.0)
    }

    /// The inverse of [`Spectrogram::time_of_column`].
    #[must_use]
    pub fn column_of_time(&self, time: Seconds) -> f64 {
        (time.0 - self.start.0) / self.hop.0
    }

    /// The frequency at `row`; whole numbers are the centres of the rows, counted from the lowest.
    #[must_use]
    pub fn frequency_of_row(&self, row: f64) -> Hertz {
        match &self.axis {
            FrequencyAxis::Linear { top } => Hertz(row * top.0 / self.bins as f64),
            FrequencyAxis::Mel { centres } => {
                let (first, step) = mel_line(centres);
                Hertz::from_mel(first + row * step)
            }
        }
    }

    /// The inverse of [`Spectrogram::frequency_of_row`].
    #[must_use]
    pub fn row_of_frequency(&self, frequency: Hertz) -> f64 {
        match &self.axis {
            FrequencyAxis::Linear { top } => frequency.0 * self.bins as f64 / top.0,
            FrequencyAxis::Mel { centres } => {
                let (first, step) = mel_line(centres);
                (frequency.to_mel() - first) / step
            }
        }
    }
}

/// The lowest centre and the distance between two, in mel: bands are evenly spaced there. One band alone counts as 1 mel.
fn mel_line(centres: &[Hertz]) -> (f64, f64) {
    match centres {
        [first, .., last] => (first.to_mel(), (last.to_mel() - first.to_mel()) / (centres.len() - 1) as f64),
        [only] => (only.to_mel(), 1.0),
        [] => (0.0, 1.0),
    }
}

/// The cell that reaches half a step to both sides of `position`, if it is one of `count`.
fn cell(position: f64, count: usize) -> Option<usize> {
    let nearest = position.round();
    (nearest >= 0.0 && nearest < count as f64).then_some(nearest as usize)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn spectrogram(axis: FrequencyAxis) -> Spectrogram {
        Spectrogram {
            levels_db: Arc::from([-80.0, -60.0, -40.0, -30.0, -20.0, 0.0]),
            bins: 2,
            frames: 3,
            hop: Seconds(0.5),
            start: Seconds(1.0),
            axis,
            range_db: (-80.0, 0.0),
        }
    }

    #[test]
    fn the_cursor_reads_the_nearest_cell_and_nothing_outside() {
        let linear = spectrogram(FrequencyAxis::Linear { top: Hertz(2000.0) });
        assert_eq!(linear.level_at(Seconds(1.0), Hertz(0.0)), Some(-80.0));
        assert_eq!(linear.level_at(Seconds(1.7), Hertz(499.0)), Some(-60.0));
        assert_eq!(linear.level_at(Seconds(2.2), Hertz(1400.0)), Some(0.0));
        assert_eq!(linear.level_at(Seconds(2.3), Hertz(1000.0)), None);
        assert_eq!(linear.level_at(Seconds(0.7), Hertz(1000.0)), None);
        assert_eq!(linear.level_at(Seconds(1.0), Hertz(1501.0)), None);
        assert_eq!(linear.level_at(Seconds(f64::NAN), Hertz(0.0)), None);
    }

    #[test]
    fn rows_and_frequencies_are_inverse_on_both_axes() {
        let centres = Arc::from([Hertz(300.0), Hertz(3000.0)]);
        let mel = spectrogram(FrequencyAxis::Mel { centres });
        assert!((mel.frequency_of_row(1.0).0 - 3000.0).abs() < 1e-9);
        for axis in [mel, spectrogram(FrequencyAxis::Linear { top: Hertz(8000.0) })] {
            for row in [0.0, 0.25, 1.0, 1.5] {
                assert!((axis.row_of_frequency(axis.frequency_of_row(row)) - row).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_picture_has_low_frequencies_at_the_bottom() {
        let image = spectrogram(FrequencyAxis::Linear { top: Hertz(2000.0) }).to_image(ColourMap::Grey);
        assert_eq!(image.dimensions(), (3, 2));
        let levels: Vec<u8> = image.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(levels, [159, 191, 255, 0, 64, 128]);
    }
}
