//! Curves that all look the same.

use eframe::egui::{Color32, Stroke, Ui};
use egui_plot::{HoverPosition, Line, LineStyle, Plot, PlotPoints};

use crate::ui::theme::{caption_font, palette};

/// A plot without zoom, drag or scroll: the panel decides what is seen.
#[must_use]
pub fn fixed<'a>(ui: &Ui, id: &'a str, x_label: &str, y_label: &str) -> Plot<'a> {
    let palette = palette(ui);
    let axis = |hints: egui_plot::AxisHints<'a>, label: &str| {
        hints
            .label(eframe::egui::RichText::new(label).font(caption_font()).color(palette.muted))
            .tick_label_font(caption_font())
            .tick_label_color(palette.muted)
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
        .show_x(false)
        .show_y(false)
        .label_formatter(|_: &HoverPosition<'_>| None)
}

/// A curve that does not react to the pointer: looking for the nearest of many points would cost whole frames.
#[must_use]
pub fn curve<'a>(name: &str, points: impl Into<PlotPoints<'a>>, colour: Color32, width: f32) -> Line<'a> {
    Line::new(name, points).stroke(Stroke::new(width, colour)).allow_hover(false)
}

/// What pure chance would give, between two points.
#[must_use]
pub fn chance<'a>(ui: &Ui, from: [f64; 2], to: [f64; 2]) -> Line<'a> {
    curve("Chance", vec![from, to], palette(ui).line_strong, 1.0).style(LineStyle::dashed_dense())
}
