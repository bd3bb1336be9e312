//! How a panel is divided: cards, columns, a header, an empty state.

use eframe::egui::{Align, Layout, Rect, Ui, UiBuilder, pos2};

use crate::ui::theme::{self, palette, space};

/// A card with a head, as wide as there is room.
pub fn card<R>(ui: &mut Ui, head: &str, body: impl FnOnce(&mut Ui) -> R) -> R {
    theme::card_frame(palette(ui))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            if !head.is_empty() {
                ui.label(theme::section(head));
            }
            body(ui)
        })
        .inner
}

/// Side by side, with widths in proportion to `shares`; `contents` gets each column with its index.
pub fn columns(ui: &mut Ui, shares: &[f32], mut contents: impl FnMut(&mut Ui, usize)) {
    let full = ui.available_width();
    let room = full - space::L * (shares.len().saturating_sub(1)) as f32;
    let sum: f32 = shares.iter().sum();
    let top_left = ui.cursor().min;
    let (mut x, mut bottom) = (top_left.x, top_left.y);
    for (index, share) in shares.iter().enumerate() {
        // The last column takes what rounding has left.
        let last = index + 1 == shares.len();
        let width = if last { top_left.x + full - x } else { (room * share / sum).floor() }.max(0.0);
        let rect = Rect::from_min_max(pos2(x, top_left.y), pos2(x + width, ui.max_rect().bottom()));
        let layout = Layout::top_down(Align::LEFT);
        let mut column = ui.new_child(UiBuilder::new().id_salt(("column", index)).max_rect(rect).layout(layout));
        column.set_width(width);
        contents(&mut column, index);
        bottom = bottom.max(column.min_rect().bottom());
        x += width + space::L;
    }
    ui.advance_cursor_after_rect(Rect::from_min_max(top_left, pos2((x - space::L).max(top_left.x), bottom)));
}

/// `count` cells in rows of as many equal columns as are at least `min_width` wide.
pub fn grid(ui: &mut Ui, min_width: f32, count: usize, mut cell: impl FnMut(&mut Ui, usize)) {
    let fitting = ((ui.available_width() + space::L) / (min_width + space::L)).floor() as usize;
    let per_row = fitting.clamp(1, count.max(1));
    for first in (0..count).step_by(per_row) {
        let in_row = per_row.min(count - first);
        columns(ui, &vec![1.0; in_row], |ui, column| cell(ui, first + column));
        ui.add_space(space::L - ui.spacing().item_spacing.y);
    }
}

/// The head of a panel: its title, what it shows in a few words, and on the right what can be done with it.
pub fn page_header(ui: &mut Ui, title: &str, subtitle: &str, actions: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.label(theme::title(title));
        ui.add_space(space::XS);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            actions(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(eframe::egui::Label::new(theme::muted(ui, subtitle)).truncate());
            });
        });
    });
    ui.add_space(space::S);
}

/// What a panel shows before there is anything to show: what it is for, and the one thing to do.
pub fn empty_state(ui: &mut Ui, headline: &str, text: &str, actions: impl FnOnce(&mut Ui)) {
    // A little above the middle looks like the middle.
    ui.add_space((ui.available_height() * 0.3).max(space::XL));
    ui.vertical_centered(|ui| {
        ui.label(theme::title(headline));
        ui.add_space(space::XS);
        ui.scope(|ui| {
            ui.set_max_width(460.0);
            ui.label(eframe::egui::RichText::new(text).color(palette(ui).muted));
        });
        ui.add_space(space::M);
        actions(ui);
    });
}

/// Room of a fixed width in a row, whatever the contents need.
pub fn cell<R>(ui: &mut Ui, width: f32, layout: Layout, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let size = eframe::egui::vec2(width, theme::CONTROL_HEIGHT);
    let place = ui.allocate_space(size).1;
    let mut cell = ui.new_child(UiBuilder::new().max_rect(place).layout(layout));
    contents(&mut cell)
}

/// A row of a form: the name of a setting, `name_width` points wide and explained by `help`, then its control.
pub fn setting<R>(ui: &mut Ui, name_width: f32, name: &str, help: &str, control: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let label = cell(ui, name_width, Layout::left_to_right(Align::Center), |ui| ui.label(name));
        if !help.is_empty() {
            label.on_hover_text(help);
        }
        control(ui)
    })
    .inner
}
