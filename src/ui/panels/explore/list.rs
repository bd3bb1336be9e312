//! The list of recordings in Explore: search, filter, rows, arrow keys.

use eframe::egui::{Align, Button, Color32, Key, Label as TextLabel, Layout, Modifiers, Sense, TextEdit, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use crate::data::quality::{Flag, QualityPolicy};
use crate::data::study::filter::{Condition, Facet, Filter, flags_that_count};
use crate::data::{Clip, Label, SourceKind, Verdict};
use crate::session::{ClipId, Command, Scores, StudyView};
use crate::ui::format::{count, file_name};
use crate::ui::panels::Cx;
use crate::ui::theme::{self, Palette, palette, space};
use crate::ui::widgets::{badge, chip, combo, dot};

/// Room that the meaning of the colours needs, in points; in narrower lists a row tells it on hover.
const LEGEND_WIDTH: f32 = 290.0;
/// Width of a menu's entries, in points: room for the longer reasons.
const MENU_WIDTH: f32 = 360.0;
/// Height of the longest menu, in points; it scrolls.
const MENU_HEIGHT: f32 = 400.0;

/// What became of a recording: each is of exactly one of these kinds, with the colour of its dot.
#[derive(Clone, Copy)]
enum Outcome {
    Used(Label),
    LeftOut,
    Unreadable,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Used(Label::Healthy), Self::Used(Label::Sick), Self::LeftOut, Self::Unreadable];

    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Use(label) => Self::Used(*label),
            Verdict::Exclude(_) => Self::LeftOut,
            Verdict::Unreadable(_) => Self::Unreadable,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Used(Label::Healthy) => "Healthy",
            Self::Used(Label::Sick) => "Sick",
            Self::LeftOut => "Left out",
            Self::Unreadable => "Unreadable",
        }
    }

    fn colour(self, palette: &Palette) -> Color32 {
        match self {
            Self::Used(Label::Healthy) => palette.healthy,
            Self::Used(Label::Sick) => palette.sick,
            Self::LeftOut => palette.muted,
            Self::Unreadable => palette.error,
        }
    }
}

/// What the rows were chosen by.
#[derive(Clone, Default, PartialEq)]
struct Query {
    revision: u64,
    filter: Filter,
}

/// The conditions of a facet with how many recordings meet each, for one view of the study.
type Choices = (Facet, u64, Vec<(Condition, usize)>);

/// The list of recordings.
#[derive(Default)]
pub struct RecordingList {
    /// The rows, chosen again only when what they were chosen by changes.
    rows: Vec<ClipId>,
    rows_of: Query,
    /// Where the selection was when it last was among the rows: a recording that is decided about may leave them.
    last_row: usize,
    /// What the menu that is open offers, counted when it opens.
    choices: Option<Choices>,
    /// Bring this row into view on the next frame: the selection itself follows only after this one.
    scroll_to: Option<ClipId>,
}

/// A column of the list.
struct Field {
    name: &'static str,
    /// Narrower lists leave it out, in points.
    min_list_width: f32,
    /// In points.
    width: f32,
    /// Share of the list's width that it takes when that is more.
    share: f32,
    text: fn(&Clip) -> String,
}

impl Field {
    fn width(&self, list_width: f32) -> f32 {
        self.width.max(self.share * list_width)
    }
}

/// Columns after the file's name.
const FIELDS: [Field; 5] = [
    Field {
        name: "Person",
        min_list_width: 300.0,
        width: 96.0,
        share: 0.35,
        text: |clip| short_person(&clip.person.0).to_owned(),
    },
    Field {
        name: "Dataset",
        min_list_width: 420.0,
        width: 72.0,
        share: 0.0,
        text: |clip| dataset_name(clip).to_owned(),
    },
    Field {
        name: "Length",
        min_list_width: 0.0,
        width: 52.0,
        share: 0.0,
        text: |clip| clip.facts().map_or("–".to_owned(), |sound| sound.duration.to_string()),
    },
    Field {
        name: "Codec",
        min_list_width: 560.0,
        width: 52.0,
        share: 0.0,
        text: |clip| clip.facts().map_or("–".to_owned(), |sound| sound.format.codec.clone()),
    },
    Field {
        name: "Rate",
        min_list_width: 640.0,
        width: 60.0,
        share: 0.0,
        text: |clip| clip.facts().map_or("–".to_owned(), |sound| sound.rate.to_string()),
    },
];

/// A dataset's name; a plain folder's and a table's are their own.
fn dataset_name(clip: &Clip) -> &str {
    match clip.source {
        SourceKind::Folder | SourceKind::Table => &clip.dataset,
        known => known.name(),
    }
}

/// A person's name without its dataset, which has a column of its own.
fn short_person(person: &str) -> &str {
    person.split_once(':').map_or(person, |(_, name)| name)
}

impl RecordingList {
    /// Draws the list and moves the selection.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let state = cx.state;
        let mut filter = state.explore.filter.clone();
        search_ui(ui, &mut filter.text);
        self.menus(ui, &state.study, &state.scores, &mut filter);
        chips(ui, &state.study, &mut filter);
        if filter != state.explore.filter {
            cx.send(Command::ShowOnly(filter));
        }
        self.choose_rows(cx);
        ui.horizontal(|ui| {
            let (shown, all) = (count(self.rows.len()), count(state.study.clips.len()));
            ui.label(theme::muted(ui, format!("{shown} of {all} shown")));
            if ui.available_width() >= LEGEND_WIDTH {
                ui.with_layout(Layout::right_to_left(Align::Center), legend);
            }
        });
        self.keys(ui, cx);
        self.table(ui, cx);
    }

    /// A menu for each facet.
    fn menus(&mut self, ui: &mut Ui, study: &StudyView, scores: &Scores, filter: &mut Filter) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            ui.spacing_mut().button_padding.x = space::S;
            ui.spacing_mut().icon_width = space::M;
            for facet in Facet::ALL {
                let name = theme::plain(facet.name());
                let name = if filter.get(facet).is_some() { name.color(palette(ui).accent) } else { name };
                let menu = combo(facet.name()).width(0.0).height(MENU_HEIGHT).selected_text(name).show_ui(ui, |ui| {
                    self.menu(ui, facet, study, scores, filter);
                });
                menu.response.on_hover_text("Show only some recordings").accessible_name(facet.name());
            }
        });
    }

    fn menu(&mut self, ui: &mut Ui, facet: Facet, study: &StudyView, scores: &Scores, filter: &mut Filter) {
        ui.set_width(MENU_WIDTH);
        if self.choices.as_ref().is_none_or(|(of, revision, _)| (*of, *revision) != (facet, study.revision)) {
            self.choices = Some((facet, study.revision, facet.choices(study, scores)));
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

    fn choose_rows(&mut self, cx: &mut Cx<'_>) {
        let (study, explore) = (&cx.state.study, &cx.state.explore);
        let is_new_question = self.rows_of.filter != explore.filter;
        if !is_new_question && self.rows_of.revision == study.revision {
            return;
        }
        self.rows = explore.filter.choose(study, &cx.state.scores);
        self.rows_of = Query { revision: study.revision, filter: explore.filter.clone() };
        self.scroll_to = explore.selected;
        // Whoever asks for some recordings wants to see one of them. One that leaves the list by a decision stays in sight.
        if is_new_question
            && let Some(first) = self.rows.first()
            && explore.selected.is_none_or(|selected| self.rows.binary_search(&selected).is_err())
        {
            self.scroll_to = Some(*first);
            cx.send(Command::Select(*first));
        }
    }

    /// Arrow keys move the selection, unless a field is being typed in.
    fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        let selected = cx.state.explore.selected;
        let at = selected.and_then(|id| self.rows.binary_search(&id).ok());
        self.last_row = at.unwrap_or(self.last_row);
        let typing = ui.ctx().egui_wants_keyboard_input();
        let pressed = |key| !typing && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.rows.len().saturating_sub(1);
        let to = if pressed(Key::ArrowDown) {
            // Where the selection has left the rows, the next one has taken its place.
            Some(at.map_or(self.last_row, |at| at + 1).min(last))
        } else if pressed(Key::ArrowUp) {
            Some(self.last_row.saturating_sub(1).min(last))
        } else if pressed(Key::End) {
            Some(last)
        } else if pressed(Key::Home) || selected.is_none() {
            // Nothing is chosen yet: the first recording is better than an empty picture.
            Some(0)
        } else {
            None
        };
        if let Some(row) = to.and_then(|to| self.rows.get(to)).filter(|row| Some(**row) != selected) {
            self.scroll_to = Some(*row);
            cx.send(Command::Select(*row));
        }
    }

    fn table(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let state = cx.state;
        let width = ui.available_width();
        let fields: Vec<&Field> = FIELDS.iter().filter(|field| width >= field.min_list_width).collect();
        let height = ui.available_height();
        let mut table = TableBuilder::new(ui)
            .id_salt("recordings")
            .sense(Sense::click())
            .auto_shrink(false)
            .max_scroll_height(height)
            .min_scrolled_height(height.max(100.0) - theme::CONTROL_HEIGHT)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Column::remainder().clip(true));
        for field in &fields {
            table = table.column(Column::exact(field.width(width)).clip(true));
        }
        let place = |id: ClipId| self.rows.binary_search(&id).ok();
        let selected = state.explore.selected.and_then(place);
        let target = self.scroll_to.take().and_then(place);
        if let Some(row) = target {
            table = table.scroll_to_row(row, None);
        }
        let head = table.header(20.0, |mut row| {
            for name in std::iter::once("File").chain(fields.iter().map(|field| field.name)) {
                row.col(|ui| {
                    ui.label(theme::caption(ui, name));
                });
            }
        });
        head.body(|body| {
            body.rows(theme::CONTROL_HEIGHT - 4.0, self.rows.len(), |mut row| {
                let Some(id) = self.rows.get(row.index()).copied() else { return };
                let Some(clip) = state.study.clip(id) else { return };
                row.set_selected(selected == Some(row.index()));
                row.col(|ui| name_cell(ui, clip, &state.study.policy.quality));
                for field in &fields {
                    row.col(|ui| {
                        ui.add(TextLabel::new(theme::muted(ui, (field.text)(clip))).truncate());
                    });
                }
                if row.response().clicked() {
                    cx.send(Command::Select(id));
                }
            });
        });
    }
}

/// The text that a row must have somewhere.
fn search_ui(ui: &mut Ui, text: &mut String) {
    let field = TextEdit::singleline(text)
        .hint_text("Search file, person or status")
        .desired_width(ui.available_width())
        .margin(eframe::egui::Margin::symmetric(space::S as i8, 6));
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

/// What the colours of the dots mean, from right to left.
fn legend(ui: &mut Ui) {
    let palette = palette(ui);
    ui.spacing_mut().item_spacing.x = space::XS;
    for outcome in Outcome::ALL.into_iter().rev() {
        ui.label(theme::caption(ui, outcome.name()));
        dot(ui, outcome.colour(palette));
        ui.add_space(space::S);
    }
}

/// The class as a dot, the file's name, and marks for flags and what was decided by hand; in words on hover.
fn name_cell(ui: &mut Ui, clip: &Clip, policy: &QualityPolicy) {
    let palette = palette(ui);
    let outcome = Outcome::of(&clip.verdict);
    let reason = match &clip.verdict {
        Verdict::Use(_) => String::new(),
        Verdict::Exclude(reason) => format!(": {reason}"),
        Verdict::Unreadable(reason) => format!(": {reason}"),
    };
    dot(ui, outcome.colour(palette));
    let used = clip.verdict.label().is_some();
    let name = file_name(&clip.path);
    let text = if used { name.clone().into() } else { eframe::egui::RichText::new(&name).color(palette.muted) };
    let flags: Vec<&str> = flags_that_count(clip, policy).map(Flag::name).collect();
    let mut words = format!("{name}\n{}{reason}", outcome.name());
    if !flags.is_empty() {
        words += &format!("\nFlagged: {}", flags.join(", ").to_lowercase());
    }
    if clip.decision.is_some() {
        words += "\nDecided by hand";
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        if clip.decision.is_some() {
            badge(ui, "by hand", palette.accent, palette.accent_soft);
        }
        if !flags.is_empty() {
            ui.label(theme::caption(ui, "⚠").color(palette.warning));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(TextLabel::new(text).truncate()).on_hover_text(words);
        });
    });
}
