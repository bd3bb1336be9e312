//! What time and what frequency is where.

use std::ops::Range;

use eframe::egui::{Pos2, Rect, pos2, vec2};

use super::axis::TimeAxis;
use crate::spectrogram::Spectrogram;
use crate::ui::theme::space;
use crate::units::{Hertz, Seconds};

/// Room for the frequencies on the left, in points.
const LEFT_AXIS: f32 = 44.0;
/// Room for the times below, in points.
const TIME_AXIS: f32 = 20.0;
/// Room for what the cursor reads, in points.
pub(super) const READOUT: f32 = 20.0;
/// Share of the height that the waveform gets.
const WAVEFORM_SHARE: f32 = 0.26;

/// Where the two pictures are, and what part of the recording they show.
pub(super) struct Place {
    pub waveform: Rect,
    pub spectrogram: Rect,
    /// The times below.
    pub times: Rect,
    start: Seconds,
    span: Seconds,
}

impl Place {
    pub fn within(rect: Rect, axis: &TimeAxis) -> Self {
        let pictures = Rect::from_min_max(rect.min + vec2(LEFT_AXIS, READOUT), rect.max - vec2(0.0, TIME_AXIS));
        let split = pictures.top() + pictures.height() * WAVEFORM_SHARE;
        Self {
            waveform: Rect::from_min_max(pictures.min, pos2(pictures.right(), split - space::XS)),
            spectrogram: Rect::from_min_max(pos2(pictures.left(), split + space::XS), pictures.max),
            times: Rect::from_min_max(pictures.left_bottom(), pos2(pictures.right(), rect.bottom())),
            start: axis.visible().start,
            span: axis.span(),
        }
    }

    /// Both pictures, and what lies between them.
    pub fn both(&self) -> Rect {
        self.waveform.union(self.spectrogram)
    }

    pub fn x(&self, time: Seconds) -> f32 {
        self.waveform.left() + self.waveform.width() * ((time.0 - self.start.0) / self.span.0) as f32
    }

    pub fn time(&self, x: f32) -> Seconds {
        self.start.plus(self.duration_of(x - self.waveform.left()))
    }

    /// How long a stretch of `points` is.
    pub fn duration_of(&self, points: f32) -> Seconds {
        Seconds(f64::from(points / self.waveform.width()) * self.span.0)
    }

    /// The columns of `spectrogram` that are seen, at least in part.
    pub fn columns(&self, spectrogram: &Spectrogram) -> Range<usize> {
        let column = |time: Seconds| spectrogram.column_of_time(time).max(0.0);
        let first = (column(self.start) - 0.5).floor().max(0.0) as usize;
        first..(column(self.start.plus(self.span)) + 1.5).floor() as usize
    }

    /// The height at which the row of `frequency` has its middle.
    pub fn y(&self, spectrogram: &Spectrogram, frequency: Hertz) -> f32 {
        let rows_from_bottom = spectrogram.row_of_frequency(frequency) + 0.5;
        self.spectrogram.bottom() - self.spectrogram.height() * (rows_from_bottom / spectrogram.bins as f64) as f32
    }

    pub fn frequency(&self, spectrogram: &Spectrogram, y: f32) -> Hertz {
        let share = f64::from((self.spectrogram.bottom() - y) / self.spectrogram.height());
        spectrogram.frequency_of_row(share * spectrogram.bins as f64 - 0.5)
    }

    /// The stretch of the pictures' width that `range` takes, if any of it is seen.
    pub fn x_range(&self, range: &Range<Seconds>) -> Option<eframe::egui::Rangef> {
        let seen = self.waveform.x_range();
        let (from, to) = (self.x(range.start).max(seen.min), self.x(range.end).min(seen.max));
        (from <= to).then_some(eframe::egui::Rangef::new(from, to))
    }

    /// Whether the pointer is over the pictures.
    pub fn contains(&self, at: Pos2) -> bool {
        self.both().contains(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_place_are_inverse_at_any_zoom() {
        let mut axis = TimeAxis::whole(Seconds(2.5));
        for factor in [1.0, 3.0, 20.0] {
            axis.zoom(factor, Seconds(0.7));
            let place = Place::within(Rect::from_min_size(pos2(10.0, 20.0), vec2(600.0, 400.0)), &axis);
            for time in [axis.visible().start, Seconds(0.7), axis.visible().end] {
                assert!((place.time(place.x(time)).0 - time.0).abs() < 1e-5 * axis.span().0.max(1.0));
            }
        }
    }
}
