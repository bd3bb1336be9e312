//! Which recordings the list shows: the search, a menu for each facet, and the conditions that hold now.

use std::sync::Arc;

use eframe::egui::{Align, Button, Key, Layout, Margin, Modifiers, TextEdit, Ui, vec2};

use crate::data::study::filter::{Condition, Facet, Filter};
use crate::session::{Scores, State, StudyView};
use crate::ui::format::count;
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{cell, chip, combo};

/// Where there is as much room, in points, the text stands beside the menus.
const ROW_WIDTH: f32 = 720.0;
/// Of the menus side by side before they were drawn once, in points.
const MENUS_WIDTH: f32 = 400.0;
/// Width of a menu's entries, in points: room for the longer reasons.
const MENU_WIDTH: f32 = 360.0;
/// Height of the longest menu, in points; it scrolls.
const MENU_HEIGHT: f32 = 400.0;

/// The conditions of a facet with how many recordings meet each, for one view of the study and the scores of one run.
struct Choices {
    facet: Facet,
    revision: u64,
    scores: Arc<Scores>,
    counted: Vec<(Condition, usize)>,
}

impl Choices {
    fn of(facet: Facet, state: &State) -> Self {
        Self {
            facet,
            revision: state.study.revision,
            scores: Arc::clone(&state.scores),
            counted: facet.choices(&state.study, &state.scores, &state.explore.filter),
        }
    }

    fn is_of(&self, facet: Facet, state: &State) -> bool {
        (self.facet, self.revision) == (facet, state.study.revision) && Arc::ptr_eq(&self.scores, &state.scores)
    }
}

/// What narrows the list.
pub struct Filters {
    /// What the menu that is open offers, counted when it opens.
    choices: Option<Choices>,
    /// Of all menus side by side, as they were drawn last, in points.
    menus_width: f32,
}

impl Default for Filters {
    fn default() -> Self {
        Self { choices: None, menus_width: MENUS_WIDTH }
    }
}

impl Filters {
    /// Draws all of it, and changes `filter` as the person asks.
    pub fn ui(&mut self, ui: &mut Ui, state: &State, filter: &mut Filter) {
        if ui.available_width() < ROW_WIDTH {
            search(ui, &mut filter.text);
            ui.horizontal_wrapped(|ui| self.menus(ui, state, filter));
        } else {
            ui.horizontal(|ui| {
                let search_width = ui.available_width() - self.menus_width - space::S;
                cell(ui, search_width, Layout::top_down(Align::Min), |ui| search(ui, &mut filter.text));
                let menus = ui.horizontal(|ui| self.menus(ui, state, filter));
                self.menus_width = menus.response.rect.width();
            });
        }
        chips(ui, &state.study, filter);
    }

    /// A menu for each facet.
    fn menus(&mut self, ui: &mut Ui, state: &State, filter: &mut Filter) {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        ui.spacing_mut().button_padding.x = space::S;
        ui.spacing_mut().icon_width = space::M;
        for (facet, key) in Facet::ALL.into_iter().zip(&shortcuts::FACETS) {
            if facet == Facet::Result && state.scores.is_empty() {
                continue;
            }
            let name = theme::plain(facet.name());
            let name = if filter.get(facet).is_some() { name.color(palette(ui).accent) } else { name };
            let menu = combo(facet.name()).width(0.0).height(MENU_HEIGHT).selected_text(name).show_ui(ui, |ui| {
                self.menu(ui, facet, state, filter);
            });
            key.opens(menu.response.accessible_name(facet.name()), "Show only some recordings");
        }
    }

    fn menu(&mut self, ui: &mut Ui, facet: Facet, state: &State, filter: &mut Filter) {
        ui.set_width(MENU_WIDTH);
        if self.choices.as_ref().is_none_or(|choices| !choices.is_of(facet, state)) {
            self.choices = Some(Choices::of(facet, state));
        }
        let chosen = filter.get(facet).cloned();
        if ui.selectable_label(chosen.is_none(), "All").clicked() {
            filter.clear(facet);
        }
        for (condition, recordings) in self.choices.iter().flat_map(|choices| &choices.counted) {
            let (words, number) = (condition.words(&state.study), count(*recordings));
            let entry = Button::selectable(chosen.as_ref() == Some(condition), &words);
            let entry = ui.add(entry.right_text(theme::muted(ui, &number)).truncate().min_size(vec2(MENU_WIDTH, 0.0)));
            if entry.accessible_name(format!("{words}: {number}")).on_hover_text(words).clicked() {
                filter.set(condition.clone());
            }
        }
    }
}

/// The text that a row must have somewhere.
fn search(ui: &mut Ui, text: &mut String) {
    let field = TextEdit::singleline(text)
        .hint_text("Search file, person or status")
        .desired_width(ui.available_width())
        .margin(Margin::symmetric(space::S as i8, 6));
    let field = shortcuts::SEARCH.on(ui.add(field).accessible_name("Search"), "Show only what has these letters");
    if shortcuts::SEARCH.pressed(ui.ctx()) {
        field.request_focus();
    } else if field.lost_focus() {
        // The key that leaves the field does nothing else.
        ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Escape) || input.consume_key(Modifiers::NONE, Key::Enter)
        });
    }
}

/// The conditions that hold now, each to be clicked away.
fn chips(ui: &mut Ui, study: &StudyView, filter: &mut Filter) {
    let conditions: Vec<Condition> = filter.conditions().cloned().collect();
    if conditions.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for condition in conditions {
            if chip(ui, &condition.words(study)) {
                filter.clear(condition.facet());
            }
        }
    });
}
