//! Which recordings are shown: a text, a menu for each facet, and the conditions that hold now.

use eframe::egui::{Align, Button, Layout, Margin, TextEdit, Ui, vec2};

use crate::data::study::filter::{Condition, Facet, Filter};
use crate::session::{Command, StudyView};
use crate::ui::format::count;
use crate::ui::panels::Cx;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{cell, chip, combo};

/// Where there is as much room, in points, the text stands beside the menus.
const ROW_WIDTH: f32 = 720.0;
/// Width of a menu's entries, in points: room for the longer reasons.
const MENU_WIDTH: f32 = 360.0;
/// Height of the longest menu, in points; it scrolls.
const MENU_HEIGHT: f32 = 400.0;

/// The conditions of a facet with how many recordings meet each, for one view of the study.
type Choices = (Facet, u64, Vec<(Condition, usize)>);

/// What chooses the recordings, the same for every view of them.
#[derive(Default)]
pub struct FilterBar {
    /// What the menu that is open offers, counted when it opens.
    choices: Option<Choices>,
    /// Of all menus side by side, as they were drawn last, in points.
    menus_width: f32,
}

impl FilterBar {
    /// Draws it; what is chosen takes effect with the next frame.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let study = &cx.state.study;
        let mut filter = cx.state.explore.filter.clone();
        if ui.available_width() < ROW_WIDTH {
            search_ui(ui, &mut filter.text);
            self.menus(ui, study, &mut filter);
        } else {
            ui.horizontal(|ui| {
                let search_width = ui.available_width() - self.menus_width - space::S;
                cell(ui, search_width, Layout::top_down(Align::Min), |ui| search_ui(ui, &mut filter.text));
                self.menus_width = self.menus(ui, study, &mut filter);
            });
        }
        chips(ui, study, &mut filter);
        if filter != cx.state.explore.filter {
            cx.send(Command::ShowOnly(filter));
        }
    }

    /// A menu for each facet. Returns how wide they are together, in points.
    fn menus(&mut self, ui: &mut Ui, study: &StudyView, filter: &mut Filter) -> f32 {
        let row = ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            ui.spacing_mut().button_padding.x = space::S;
            ui.spacing_mut().icon_width = space::M;
            for facet in Facet::ALL {
                let name = theme::plain(facet.name());
                let name = if filter.get(facet).is_some() { name.color(palette(ui).accent) } else { name };
                let menu = combo(facet.name()).width(0.0).height(MENU_HEIGHT).selected_text(name).show_ui(ui, |ui| {
                    self.menu(ui, facet, study, filter);
                });
                menu.response.on_hover_text("Show only some recordings").accessible_name(facet.name());
            }
        });
        row.response.rect.width()
    }

    fn menu(&mut self, ui: &mut Ui, facet: Facet, study: &StudyView, filter: &mut Filter) {
        ui.set_width(MENU_WIDTH);
        if self.choices.as_ref().is_none_or(|(of, revision, _)| (*of, *revision) != (facet, study.revision)) {
            self.choices = Some((facet, study.revision, facet.choices(study)));
        }
        let chosen = filter.get(facet).cloned();
        if ui.selectable_label(chosen.is_none(), "All").clicked() {
            filter.clear(facet);
        }
        for (condition, recordings) in self.choices.iter().flat_map(|(_, _, choices)| choices) {
            let (words, number) = (condition.words(study), count(*recordings));
            let entry = Button::selectable(chosen.as_ref() == Some(condition), &words);
            let entry = ui.add(entry.right_text(theme::muted(ui, &number)).truncate().min_size(vec2(MENU_WIDTH, 0.0)));
            if entry.accessible_name(format!("{words}: {number}")).on_hover_text(words).clicked() {
                filter.set(condition.clone());
            }
        }
    }
}

/// The text that a row must have somewhere.
fn search_ui(ui: &mut Ui, text: &mut String) {
    let field = TextEdit::singleline(text)
        .hint_text("Search file, person or status")
        .desired_width(ui.available_width())
        .margin(Margin::symmetric(space::S as i8, 6));
    ui.add(field).accessible_name("Search");
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
