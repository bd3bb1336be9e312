//! A score against its threshold, as a bar with a mark.

use eframe::egui::{Color32, CornerRadius, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::basics::name_picture;
use crate::ui::theme::palette;
use crate::units::decimals_that_tell;

/// Draws `score` (0 to 1) as a bar of `width` points and `threshold` as a mark across it.
pub fn score_meter(ui: &mut Ui, score: f64, threshold: f64, colour: Color32, width: f32) {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    let bar = Rect::from_center_size(rect.center(), vec2(width, 8.0));
    let x = |share: f64| bar.left() + bar.width() * share.clamp(0.0, 1.0) as f32;
    let radius = CornerRadius::same(4);
    let painter = ui.painter();
    painter.rect_filled(bar, radius, palette.raised);
    painter.rect_filled(Rect::from_min_max(bar.min, pos2(x(score), bar.bottom())), radius, colour);
    painter.vline(x(threshold), rect.y_range(), Stroke::new(2.0, palette.text));
    let decimals = decimals_that_tell(score, threshold, 3);
    let (score, threshold) = (format!("{score:.decimals$}"), format!("{threshold:.decimals$}"));
    name_picture(&response, "Score", &format!("score {score}, threshold {threshold}"));
    response.on_hover_text(format!("Score {score}; the mark is the threshold, {threshold}"));
}
