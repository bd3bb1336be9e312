//! The list of keys, over the window.

use eframe::egui::{Align2, Context, Frame, Grid, Key, Modifiers, ScrollArea, Ui, Window, vec2};

use super::{GROUPS, Group, Line, SHEET};
use crate::ui::theme::{self, space};

/// What its frame and title take, in points.
const AROUND: f32 = 120.0;

/// The list of keys, over the window.
#[derive(Default)]
pub struct Sheet {
    open: bool,
    /// How far keys have asked to scroll since it was drawn, in pages.
    pages: f32,
}

impl Sheet {
    /// Opens and closes with its key, before a panel takes Escape.
    pub fn keys(&mut self, ctx: &Context) {
        if SHEET.pressed(ctx) {
            self.open = !self.open;
        }
        if self.open && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.open = false;
        }
        for (key, pages) in [(Key::PageDown, 1.0), (Key::PageUp, -1.0)] {
            if self.open && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                self.pages += pages;
            }
        }
    }

    /// Draws while it is open.
    pub fn ui(&mut self, ctx: &Context) {
        let frame = Frame::window(&ctx.global_style()).inner_margin(space::L);
        let height = (ctx.content_rect().height() - AROUND).max(160.0);
        let pages = std::mem::take(&mut self.pages);
        Window::new("Keys")
            .open(&mut self.open)
            .collapsible(false)
            .resizable(false)
            .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
            .frame(frame)
            .show(ctx, |ui| {
                ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(true).show(
                    ui,
                    |ui| {
                        if pages != 0.0 {
                            ui.scroll_with_delta(vec2(0.0, -pages * height));
                        }
                        // The longest group beside all others.
                        let (explore, others): (Vec<&Group>, Vec<&Group>) =
                            GROUPS.iter().partition(|group| group.name == "Explore");
                        ui.horizontal_top(|ui| {
                            ui.spacing_mut().item_spacing.x = space::XL;
                            for column in [others, explore] {
                                ui.vertical(|ui| column.into_iter().for_each(|group| group_ui(ui, group)));
                            }
                        });
                    },
                );
            });
    }
}

fn group_ui(ui: &mut Ui, group: &Group) {
    // Lines of text, not rows of controls.
    ui.spacing_mut().interact_size.y = 0.0;
    ui.label(theme::section(group.name));
    let lines = Grid::new(group.name).num_columns(2).spacing(vec2(space::L, space::XS));
    lines.show(ui, |ui| {
        for line in group.lines {
            let (keys, words) = match line {
                Line::Button(shortcut) | Line::Key(shortcut) => (shortcut.keys(ui.ctx()), shortcut.words()),
                Line::Gesture(gesture, words) => ((*gesture).to_owned(), *words),
            };
            ui.label(theme::strong(keys).size(theme::size::SMALL));
            ui.label(theme::muted(ui, words));
            ui.end_row();
        }
    });
    ui.add_space(space::S);
}
