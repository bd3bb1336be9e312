//! Where the scores of each class lie, and the threshold between them.

use eframe::egui::{Align2, CornerRadius, CursorIcon, Rangef, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::basics::name_picture;
use crate::data::Label;
use crate::ui::theme::{self, palette};

/// Bars over the whole range.
const BINS: usize = 60;

/// Counts of scores by class over equal bins.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Lowest and highest score that is shown; 0 to 1 unless scores lie outside.
    pub range: (f64, f64),
    /// Counts per bin, in the order of [`Label::ALL`].
    bins: [[u32; BINS]; 2],
}

impl Histogram {
    /// Counts finite `scores`; others are left out.
    #[must_use]
    pub fn new(scores: impl Iterator<Item = (Label, f64)> + Clone) -> Self {
        let finite = scores.filter(|(_, score)| score.is_finite());
        let range = finite.clone().fold((0.0_f64, 1.0_f64), |(low, high), (_, s)| (low.min(s), high.max(s)));
        let mut bins = [[0; BINS]; 2];
        for (label, score) in finite {
            let share = (score - range.0) / (range.1 - range.0);
            let bin = ((share * BINS as f64) as usize).min(BINS - 1);
            if let Some(count) = bins.get_mut(label as usize).and_then(|bins| bins.get_mut(bin)) {
                *count += 1;
            }
        }
        Self { range, bins }
    }

    fn highest(&self) -> u32 {
        self.bins.iter().flatten().copied().max().unwrap_or(0)
    }
}

/// Draws `histogram` with sick above the axis and healthy below it, and the threshold as a line.
///
/// `inset` is kept free on both sides, so that a slider below lines up. Gives the threshold that was clicked or dragged
/// to, if any.
pub fn score_strip(ui: &mut Ui, histogram: &Histogram, threshold: f64, height: f32, inset: f32) -> Option<f64> {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
    let area = rect.shrink2(vec2(inset, 0.0));
    let (low, high) = histogram.range;
    let x_of = |score: f64| area.left() + area.width() * ((score - low) / (high - low)).clamp(0.0, 1.0) as f32;

    let painter = ui.painter();
    let called_sick = Rect::from_min_max(pos2(x_of(threshold), rect.top()), area.max);
    painter.rect_filled(called_sick, CornerRadius::ZERO, palette.accent_soft);
    for (label, colour) in [(Label::Healthy, palette.healthy), (Label::Sick, palette.sick)] {
        bars(ui, area, histogram, label, colour);
        let (align, y) =
            if label.is_positive() { (Align2::LEFT_TOP, area.top()) } else { (Align2::LEFT_BOTTOM, area.bottom()) };
        painter.text(pos2(area.left() + 2.0, y), align, label, theme::caption_font(), colour);
    }
    painter.hline(area.x_range(), area.center().y, Stroke::new(1.0, palette.line_strong));
    painter.vline(x_of(threshold), rect.y_range(), Stroke::new(2.0, palette.text));
    name_picture(&response, "Scores by class", &format!("scores from {low:.2} to {high:.2}, threshold {threshold:.3}"));

    let pointer = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked());
    response.on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
    let share = f64::from((pointer?.x - area.left()) / area.width()).clamp(0.0, 1.0);
    Some(low + share * (high - low))
}

fn bars(ui: &Ui, area: Rect, histogram: &Histogram, label: Label, colour: eframe::egui::Color32) {
    let Some(bins) = histogram.bins.get(label as usize) else { return };
    let width = area.width() / BINS as f32;
    // A little less than half the height, so that the highest bar does not touch the edge.
    let per_count = area.height() * 0.46 / histogram.highest().max(1) as f32;
    for (bin, &count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = area.left() + bin as f32 * width;
        // Even a single recording stays visible.
        let length = (count as f32 * per_count).max(1.5);
        let middle = area.center().y;
        let y = if label.is_positive() {
            Rangef::new(middle - length, middle)
        } else {
            Rangef::new(middle, middle + length)
        };
        let bar = Rect::from_x_y_ranges(Rangef::new(left + 0.5, left + width - 0.5), y);
        ui.painter().rect_filled(bar, CornerRadius::ZERO, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_score_is_in_one_bin() {
        let scores = [(Label::Healthy, 0.0), (Label::Healthy, 0.01), (Label::Sick, 1.0), (Label::Sick, f64::NAN)];
        let histogram = Histogram::new(scores.into_iter());
        assert_eq!(histogram.range, (0.0, 1.0));
        assert_eq!(histogram.bins[0][0], 2);
        assert_eq!(histogram.bins[1][BINS - 1], 1, "the highest score belongs to the last bin");
        assert_eq!(histogram.bins.iter().flatten().sum::<u32>(), 3);
    }

    #[test]
    fn scores_outside_of_0_to_1_widen_the_range() {
        let scores = [(Label::Healthy, -2.0), (Label::Sick, 5.0)];
        assert_eq!(Histogram::new(scores.into_iter()).range, (-2.0, 5.0));
        assert_eq!(Histogram::new(std::iter::empty()).range, (0.0, 1.0));
    }
}
