//! Which recordings the list shows: the search, a menu for each facet, and the conditions that hold now.

use std::sync::Arc;

use eframe::egui::{
    Align, Button, Key, Layout, Link, Margin, Modifiers, PopupCloseBehavior, RichText, TextEdit, Ui, vec2,
};

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
/// Width of the menu of all other filters, in points.
const MORE_WIDTH: f32 = 400.0;
/// Of that, what the names of the filters take, in points.
const NAME_WIDTH: f32 = 80.0;
/// Height of its lines, in points.
const LINE_HEIGHT: f32 = 22.0;
/// Height of the longest menu, in points; it scrolls.
const MENU_HEIGHT: f32 = 400.0;

/// Where the list is less wide, in points, some of these filters are among the others.
const MENUS_ALONE_WIDTH: f32 = 460.0;
/// The filters that have a menu of their own wherever there is any room.
const ALWAYS_ALONE: usize = 3;

/// What a menu offers, counted for one view of the study, the scores of one run, and what else is asked for.
struct Offer {
    facets: Vec<Facet>,
    revision: u64,
    scores: Arc<Scores>,
    filter: Filter,
    /// The conditions of each facet, with how many recordings meet each.
    choices: Vec<(Facet, Vec<(Condition, usize)>)>,
}

impl Offer {
    fn of(facets: &[Facet], state: &State, filter: &Filter) -> Self {
        let choices = |facet: &Facet| (*facet, facet.choices(&state.study, &state.scores, filter));
        Self {
            facets: facets.to_vec(),
            revision: state.study.revision,
            scores: Arc::clone(&state.scores),
            filter: filter.clone(),
            choices: facets.iter().map(choices).collect(),
        }
    }

    fn is_of(&self, facets: &[Facet], state: &State, filter: &Filter) -> bool {
        self.facets == facets
            && self.revision == state.study.revision
            && Arc::ptr_eq(&self.scores, &state.scores)
            && self.filter == *filter
    }
}

/// What narrows the list.
pub struct Filters {
    /// What the menu that is open offers, counted when it opens.
    offer: Option<Offer>,
    /// Of all menus side by side, as they were drawn last, in points.
    menus_width: f32,
}

impl Default for Filters {
    fn default() -> Self {
        Self { offer: None, menus_width: MENUS_WIDTH }
    }
}

impl Filters {
    /// Draws all of it, and changes `filter` as the person asks.
    pub fn ui(&mut self, ui: &mut Ui, state: &State, filter: &mut Filter) {
        let width = ui.available_width();
        let alone = if width < MENUS_ALONE_WIDTH { ALWAYS_ALONE } else { shortcuts::FACETS.len() };
        if width < ROW_WIDTH {
            search(ui, &mut filter.text);
            ui.horizontal_wrapped(|ui| self.menus(ui, alone, state, filter));
        } else {
            ui.horizontal(|ui| {
                let search_width = ui.available_width() - self.menus_width - space::S;
                cell(ui, search_width, Layout::top_down(Align::Min), |ui| search(ui, &mut filter.text));
                let menus = ui.horizontal(|ui| self.menus(ui, alone, state, filter));
                self.menus_width = menus.response.rect.width();
            });
        }
        chips(ui, &state.study, filter);
    }

    /// A menu for each of the first facets, and one for all others.
    fn menus(&mut self, ui: &mut Ui, alone: usize, state: &State, filter: &mut Filter) {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        ui.spacing_mut().button_padding.x = space::S;
        ui.spacing_mut().icon_width = space::M;
        let is_offered = |facet: &Facet| !(facet.is_of_run() && state.scores.is_empty());
        for (facet, key) in Facet::ALL.into_iter().zip(&shortcuts::FACETS).take(alone) {
            if is_offered(&facet) {
                let name = menu_name(ui, facet.name(), filter.get(facet).is_some());
                let menu = combo(facet.name()).width(0.0).height(MENU_HEIGHT).selected_text(name);
                let menu = menu.show_ui(ui, |ui| self.menu(ui, facet, state, filter));
                key.opens(menu.response.accessible_name(facet.name()), "Show only some recordings");
            }
        }
        let others: Vec<Facet> = Facet::ALL.into_iter().skip(alone).filter(is_offered).collect();
        let name = menu_name(ui, MORE, others.iter().any(|facet| filter.get(*facet).is_some()));
        let menu = combo(MORE).width(0.0).height(MENU_HEIGHT).selected_text(name);
        // It stays open until all is said.
        let menu = menu.close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let menu = menu.show_ui(ui, |ui| self.more(ui, &others, state, filter)).response.accessible_name(MORE);
        for key in shortcuts::FACETS.iter().skip(alone) {
            key.also_opens(&menu);
        }
        shortcuts::MORE_FILTERS.opens(menu, "Show only recordings of some score, duration, format, age and so on");
    }

    /// What these facets offer, counted once.
    fn offer(&mut self, facets: &[Facet], state: &State, filter: &Filter) -> &[(Facet, Vec<(Condition, usize)>)] {
        let known = self.offer.take().filter(|offer| offer.is_of(facets, state, filter));
        &self.offer.insert(known.unwrap_or_else(|| Offer::of(facets, state, filter))).choices
    }

    fn menu(&mut self, ui: &mut Ui, facet: Facet, state: &State, filter: &mut Filter) {
        ui.set_width(MENU_WIDTH);
        let mut wanted = filter.clone();
        let chosen = filter.get(facet);
        if ui.selectable_label(chosen.is_none(), "All").clicked() {
            wanted.clear(facet);
        }
        for (condition, recordings) in self.offer(&[facet], state, filter).iter().flat_map(|(_, choices)| choices) {
            let (words, number) = (condition.words(&state.study), count(*recordings));
            let entry = Button::selectable(chosen == Some(condition), &words);
            let entry = ui.add(entry.right_text(theme::muted(ui, &number)).truncate().min_size(vec2(MENU_WIDTH, 0.0)));
            if entry.accessible_name(format!("{words}: {number}")).on_hover_text(words).clicked() {
                wanted.set(condition.clone());
            }
        }
        *filter = wanted;
    }

    /// Several facets below each other, each with its conditions side by side; a second click takes one away.
    fn more(&mut self, ui: &mut Ui, facets: &[Facet], state: &State, filter: &mut Filter) {
        ui.set_width(MORE_WIDTH);
        let mut wanted = filter.clone();
        for (facet, choices) in self.offer(facets, state, filter) {
            if choices.is_empty() {
                continue;
            }
            ui.horizontal_top(|ui| {
                // Lines of text that can be clicked, close to each other.
                ui.spacing_mut().interact_size.y = LINE_HEIGHT;
                ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
                ui.spacing_mut().button_padding = vec2(6.0, 2.0);
                let name = ui.allocate_ui_with_layout(
                    vec2(NAME_WIDTH, LINE_HEIGHT),
                    Layout::left_to_right(Align::Center),
                    |ui| ui.label(theme::caption(ui, facet.name())),
                );
                ui.add_space((NAME_WIDTH - name.response.rect.width()).max(0.0));
                ui.vertical(|ui| {
                    ui.set_width(MORE_WIDTH - NAME_WIDTH);
                    ui.horizontal_wrapped(|ui| {
                        for (condition, recordings) in choices {
                            let is_chosen = filter.get(*facet) == Some(condition);
                            let (words, number) = (condition.words(&state.study), count(*recordings));
                            let entry =
                                Button::selectable(is_chosen, (theme::plain(&words), theme::muted(ui, &number)));
                            let name = format!("{}: {words}: {number}", facet.name());
                            if ui.add(entry).accessible_name(name).clicked() {
                                if is_chosen { wanted.clear(*facet) } else { wanted.set(condition.clone()) }
                            }
                        }
                    });
                });
            });
            ui.add_space(space::XS);
        }
        *filter = wanted;
    }
}

/// The menu of the facets without one of their own.
const MORE: &str = "More";

/// What stands on a menu, in the accent where it narrows the list.
fn menu_name(ui: &Ui, name: &str, narrows: bool) -> RichText {
    let name = theme::plain(name);
    if narrows { name.color(palette(ui).accent) } else { name }
}

/// How many of the recordings are shown, and the way back to all of them.
pub fn shown_of_all(ui: &mut Ui, shown: usize, state: &State, filter: &mut Filter) {
    ui.label(theme::muted(ui, format!("{} of {} shown", count(shown), count(state.study.clips.len()))));
    if *filter != Filter::default() {
        let link = ui.add(Link::new(theme::plain("Show all").size(theme::size::SMALL)));
        if shortcuts::SHOW_ALL.activates(link, "Clear search and filters") {
            *filter = Filter::default();
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
            if chip(ui, &named(&condition, study)) {
                filter.clear(condition.facet());
            }
        }
    });
}

/// A condition by itself: a number does not say what it is of.
fn named(condition: &Condition, study: &StudyView) -> String {
    let (facet, words) = (condition.facet(), condition.words(study));
    let speaks_for_itself = Facet::ALL.iter().take(shortcuts::FACETS.len()).any(|main| *main == facet);
    if speaks_for_itself { words } else { format!("{}: {words}", facet.name()) }
}
