//! The confusion matrix, drawn as a matrix: rows are the true class, columns what the threshold calls it.

use eframe::egui::{Align2, CornerRadius, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::data::Label;
use crate::eval::Confusion;
use crate::ui::format::{count, percent};
use crate::ui::theme::{self, palette, space};

/// Room for the names of the rows, in points.
const ROW_HEAD: f32 = 84.0;
/// Room for the names of the columns, in points.
const COLUMN_HEAD: f32 = 24.0;
/// Strongest shading of a cell, where its whole row lies in it.
const FULL_SHADE: f32 = 0.42;

/// Draws the matrix as wide as there is room and `height` points high.
pub fn confusion_matrix(ui: &mut Ui, confusion: &Confusion, height: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let cells = Rect::from_min_max(rect.min + vec2(ROW_HEAD, COLUMN_HEAD), rect.max);
    let cell_size = (cells.size() - vec2(space::XS, space::XS)) / 2.0;
    for (row, (truth, counts)) in Label::ALL.into_iter().zip(confusion.rows()).enumerate() {
        let total: u64 = counts.iter().sum();
        for (column, (called, count)) in Label::ALL.into_iter().zip(counts).enumerate() {
            let step = cell_size + vec2(space::XS, space::XS);
            let min = cells.min + vec2(column as f32 * step.x, row as f32 * step.y);
            let cell = Rect::from_min_size(min, cell_size);
            cell_ui(ui, cell, &Cell { truth, called, count, total });
            if row == 0 {
                let place = pos2(cell.center().x, rect.top() + COLUMN_HEAD / 2.0 - 2.0);
                head(ui, place, Align2::CENTER_CENTER, &format!("Called {called}"));
            }
            if column == 0 {
                let place = pos2(rect.left(), cell.center().y);
                head(ui, place, Align2::LEFT_CENTER, &format!("Truly {truth}"));
            }
        }
    }
}

fn head(ui: &Ui, place: eframe::egui::Pos2, align: Align2, text: &str) {
    ui.painter().text(place, align, text, theme::caption_font(), palette(ui).muted);
}

struct Cell {
    truth: Label,
    called: Label,
    count: u64,
    /// Recordings in the cell's row.
    total: u64,
}

fn cell_ui(ui: &Ui, rect: Rect, cell: &Cell) {
    let palette = palette(ui);
    let right = cell.truth == cell.called;
    let colour = if right { palette.accent } else { palette.error };
    let share = if cell.total > 0 { cell.count as f64 / cell.total as f64 } else { f64::NAN };
    let shade = if share.is_finite() { share as f32 * FULL_SHADE } else { 0.0 };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(theme::RADIUS), palette.raised.lerp_to_gamma(colour, shade));

    let number = count(usize::try_from(cell.count).unwrap_or(usize::MAX));
    let middle = rect.center() - vec2(0.0, 8.0);
    painter.text(middle - vec2(0.0, 1.0), Align2::CENTER_BOTTOM, &number, theme::figure_font(), palette.text);
    let of_row = format!("{} of {}", percent(share), cell.truth);
    let meaning = match (cell.truth, right) {
        (Label::Healthy, true) => "rightly cleared",
        (Label::Healthy, false) => "false alarms",
        (Label::Sick, true) => "found",
        (Label::Sick, false) => "missed",
    };
    for (line, text) in [of_row.as_str(), meaning].into_iter().enumerate() {
        let place = middle + vec2(0.0, 5.0 + 16.0 * line as f32);
        painter.text(place, Align2::CENTER_TOP, text, theme::caption_font(), palette.text);
    }

    let name = format!("Truly {}, called {}: {number}", cell.truth, cell.called);
    let id = ui.scope_id().with(("confusion", cell.truth, cell.called));
    let response = ui.interact(rect, id, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Cell, true, &name));
    response.on_hover_text(format!("{name} ({}, {meaning})", percent(share)));
}
