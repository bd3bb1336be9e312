//! Curves that all look the same.

use eframe::egui::{Align, Color32, Layout, Stroke, Ui};
use egui_plot::{GridInput, GridMark, HoverPosition, Line, LineStyle, Plot, PlotPoints};

use super::basics::dot;
use crate::ui::theme::{self, caption_font, palette, space};

/// Ticks are named from this distance on, and in full strength from the second, in points.
const TICK_SPACING: std::ops::RangeInclusive<f32> = 16.0..=24.0;

/// A plot without zoom, drag or scroll: the panel decides what is seen.
#[must_use]
pub fn fixed<'a>(ui: &Ui, id: &'a str, x_label: &str, y_label: &str) -> Plot<'a> {
    let palette = palette(ui);
    let axis = |hints: egui_plot::AxisHints<'a>, label: &str| {
        hints
            .label(eframe::egui::RichText::new(label).font(caption_font()).color(palette.muted))
            .tick_label_font(caption_font())
            .tick_label_color(palette.muted)
            .label_spacing(TICK_SPACING)
    };
    Plot::new(id)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_axis_zoom_drag(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .grid_color(palette.line)
        .grid_fade(0.0)
        .cursor_color(palette.line_strong)
        .custom_x_axes(vec![axis(egui_plot::AxisHints::new_x(), x_label)])
        .custom_y_axes(vec![axis(egui_plot::AxisHints::new_y(), y_label)])
}

/// A plot of two shares, both axes from 0 to 1 with a little room for the marks on the edge.
#[must_use]
pub fn unit_square<'a>(ui: &Ui, id: &'a str, x_label: &str, y_label: &str) -> Plot<'a> {
    const ROOM: f64 = 0.02;
    fixed(ui, id, x_label, y_label)
        .default_x_bounds(-ROOM, 1.0 + ROOM)
        .default_y_bounds(-ROOM, 1.0 + ROOM)
        .set_margin_fraction(eframe::egui::Vec2::ZERO)
        .x_grid_spacer(every(0.2))
        .y_grid_spacer(every(0.2))
        .show_x(false)
        .show_y(false)
        .label_formatter(|_: &HoverPosition<'_>| None)
}

/// A curve that does not react to the pointer: looking for the nearest of many points would cost whole frames.
#[must_use]
pub fn curve<'a>(name: &str, points: impl Into<PlotPoints<'a>>, colour: Color32, width: f32) -> Line<'a> {
    // A band would merge the vertical steps of a curve into wedges.
    Line::new(name, points).stroke(Stroke::new(width, colour)).allow_hover(false).allow_band(false)
}

/// What pure chance would give, between two points.
#[must_use]
pub fn chance<'a>(ui: &Ui, from: [f64; 2], to: [f64; 2]) -> Line<'a> {
    curve("Chance", vec![from, to], palette(ui).muted, 1.0).style(LineStyle::dashed_dense())
}

/// Grid lines at every multiple of `step`.
pub fn every(step: f64) -> impl Fn(GridInput) -> Vec<GridMark> {
    // The other two sizes of a grid are the same lines, only stronger.
    egui_plot::uniform_grid_spacer(move |_| [step, step * 5.0, step * 25.0])
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `smallest`.
#[must_use]
pub fn round_step(smallest: f64) -> f64 {
    let power = 10.0_f64.powf(smallest.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= smallest)
        .unwrap_or(10.0 * power)
}

/// The names of a plot's curves, each after its colour, on the right of a card's head.
pub fn head_with_legend(ui: &mut Ui, head: &str, curves: &[(&str, Color32)]) {
    ui.horizontal(|ui| {
        ui.label(theme::section(head));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (name, colour) in curves.iter().rev() {
                ui.label(theme::caption(ui, *name));
                dot(ui, *colour);
                ui.add_space(space::S);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_large_enough() {
        for (smallest, step) in [(0.013, 0.02), (0.2, 0.2), (0.21, 0.5), (3.0, 5.0), (7.0, 10.0)] {
            assert!((round_step(smallest) - step).abs() < 1e-9, "{smallest}");
        }
    }
}
