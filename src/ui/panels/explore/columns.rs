//! The columns of the list: what each shows, which are shown, and their heads, which sort.

use std::collections::BTreeSet;

use eframe::egui::accesskit::SortDirection;
use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{
    Align, Button, Color32, Label as TextLabel, Layout, PopupCloseBehavior, Response, RichText, Role, Sense, Shape,
    Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::decide;
use super::fate::{Fate, mark};
use crate::data::quality::{Flag, QualityPolicy};
use crate::data::study::filter::flags_that_count;
use crate::data::{Clip, Verdict};
use crate::session::{Direction, Outcome, Score, Scores, SortKey, SortOrder};
use crate::ui::format::file_name;
use crate::ui::shortcuts;
use crate::ui::theme::{self, Palette, palette, space};
use crate::ui::widgets::badge;

/// The least width of the file's name, in points: the other columns leave it that much.
pub const FILE_WIDTH: f32 = 150.0;
/// Stands for what is not known.
const NONE: &str = "–";

/// What the cells of a row are made of.
pub struct Row<'a> {
    /// The recording.
    pub clip: &'a Clip,
    /// What the open run made of it.
    pub score: Option<&'a Score>,
    /// The run, and its threshold.
    pub scores: &'a Scores,
    /// Which flags count.
    pub quality: &'a QualityPolicy,
    /// The file's name alone does not tell it from the others that are listed.
    pub is_ambiguous: bool,
}

/// A column of the list.
pub struct Field {
    /// What it is ordered by.
    pub key: SortKey,
    /// The name on screen.
    pub name: &'static str,
    /// What it shows, for somebody who points at its head.
    help: &'static str,
    /// At first, in points.
    pub width: f32,
    text: fn(&Row<'_>) -> String,
    /// More about a cell, for somebody who points at it.
    more: fn(&Row<'_>) -> Option<String>,
    /// How much a cell asks for a look.
    tone: fn(&Row<'_>) -> Tone,
}

/// How much a cell asks for a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Quiet,
    Doubtful,
    Wrong,
}

impl Tone {
    fn colour(self, palette: &Palette) -> Color32 {
        match self {
            Self::Quiet => palette.muted,
            Self::Doubtful => palette.warning,
            Self::Wrong => palette.error,
        }
    }
}

impl Field {
    /// It shows what the open run made of recordings.
    fn is_of_run(&self) -> bool {
        matches!(self.key, SortKey::Score | SortKey::Result)
    }

    /// What it shows, and of which run.
    fn help(&self, scores: &Scores) -> String {
        if !self.is_of_run() || scores.is_empty() {
            return self.help.to_owned();
        }
        format!("{}\nScores of “{}”, judged at its threshold, {:.3}", self.help, scores.run, scores.threshold)
    }
}

/// The column of the file's name, which is always there.
pub const FILE: Field = Field {
    key: SortKey::File,
    name: "File",
    help: "The file's name, with the mark of its label",
    width: FILE_WIDTH,
    text: |row| file_name(&row.clip.path),
    more: |_| None,
    tone: |_| Tone::Quiet,
};

/// The columns after the file's name, the most needed first: so many are shown as fit, until a person chooses.
pub static FIELDS: [Field; 11] = [
    Field {
        key: SortKey::Length,
        name: "Length",
        help: "How long it lasts",
        width: 52.0,
        text: |row| row.clip.facts().map_or(NONE.to_owned(), |sound| sound.duration.to_string()),
        ..FILE
    },
    Field {
        key: SortKey::Score,
        name: "Score",
        help: "What the open run made of it, from 0 (healthy) to 1 (sick)",
        width: 52.0,
        text: |row| {
            let sign = if is_error(row) { " ✗" } else { "" };
            row.score.map_or(NONE.to_owned(), |score| format!("{:.2}{sign}", score.value))
        },
        more: |row| Some(score_in_words(row)),
        tone: |row| if is_error(row) { Tone::Wrong } else { Tone::Quiet },
    },
    Field {
        key: SortKey::Result,
        name: "Result",
        help: "Where the score of the open run fell; sorted, the errors come first",
        width: 72.0,
        text: |row| row.score.map_or(NONE, |score| score.outcome.name()).to_owned(),
        more: |row| Some(score_in_words(row)),
        tone: |row| if is_error(row) { Tone::Wrong } else { Tone::Quiet },
    },
    Field {
        key: SortKey::Person,
        name: "Person",
        help: "Whose it is",
        width: 96.0,
        text: |row| row.clip.person.name().to_owned(),
        ..FILE
    },
    Field {
        key: SortKey::Dataset,
        name: "Dataset",
        help: "Where it comes from",
        width: 72.0,
        text: |row| row.clip.dataset_name().to_owned(),
        ..FILE
    },
    Field {
        key: SortKey::Label,
        name: "Label",
        help: "What it counts as, or that it does not",
        width: 72.0,
        text: |row| Fate::of(&row.clip.verdict).name().to_owned(),
        ..FILE
    },
    Field {
        key: SortKey::Quality,
        name: "Quality",
        help: "What may be wrong with it; sorted by how much",
        width: 110.0,
        text: flags,
        more: |row| {
            let explained = |flag: Flag| format!("{}: {}", flag.name(), flag.explanation());
            let lines: Vec<String> = flags_that_count(row.clip, row.quality).map(explained).collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        },
        tone: |row| match flags_that_count(row.clip, row.quality).next() {
            Some(_) => Tone::Doubtful,
            None => Tone::Quiet,
        },
    },
    Field {
        key: SortKey::Codec,
        name: "Codec",
        help: "How its sound is encoded",
        width: 56.0,
        text: |row| row.clip.facts().map_or(NONE.to_owned(), |sound| sound.format.codec.clone()),
        ..FILE
    },
    Field {
        key: SortKey::Rate,
        name: "Rate",
        help: "How often its sound was sampled",
        width: 64.0,
        text: |row| row.clip.facts().map_or(NONE.to_owned(), |sound| sound.rate.to_string()),
        ..FILE
    },
    Field {
        key: SortKey::Status,
        name: "Status",
        help: "The dataset's own word for the state of health",
        width: 104.0,
        text: |row| if row.clip.status.is_empty() { NONE.to_owned() } else { row.clip.status.clone() },
        ..FILE
    },
    Field {
        key: SortKey::Decision,
        name: "Decision",
        help: "What was decided by hand",
        width: 72.0,
        text: |row| row.clip.decision.map_or(NONE.to_owned(), |decision| decide::name_of(Some(decision)).to_owned()),
        ..FILE
    },
];

/// Whether the open run was wrong about it.
fn is_error(row: &Row<'_>) -> bool {
    row.score.is_some_and(|score| score.outcome != Outcome::Correct)
}

fn flags(row: &Row<'_>) -> String {
    if row.clip.facts().is_none() {
        return NONE.to_owned();
    }
    flags_that_count(row.clip, row.quality).map(Flag::name).collect::<Vec<_>>().join(", ")
}

/// The score with its part and what the threshold makes of it.
fn score_in_words(row: &Row<'_>) -> String {
    let Some(score) = row.score else {
        return "No score: the open run learned from it, or did not have it".to_owned();
    };
    let part = score.part.map_or(String::new(), |part| format!(", {part} part"));
    let scores = row.scores;
    let mut words = format!(
        "{:.3} by “{}”{part}\n{}: {} at threshold {:.3}",
        score.value,
        scores.run,
        score.outcome.name(),
        lower(score.outcome.explanation()),
        scores.threshold
    );
    if row.clip.verdict.label() != Some(score.label) {
        words += &format!("\nThe run took it for {}; it has been decided otherwise since", score.label);
    }
    words
}

fn lower(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// Which columns are shown.
#[derive(Default)]
pub struct Columns {
    /// What a person has chosen; `None` for as many as fit.
    chosen: Option<BTreeSet<SortKey>>,
}

impl Columns {
    /// The columns after the file's name, in a list that is so many points wide.
    #[must_use]
    pub fn shown(&self, width: f32, scored: bool) -> Vec<&'static Field> {
        if let Some(chosen) = &self.chosen {
            return FIELDS.iter().filter(|field| chosen.contains(&field.key)).collect();
        }
        let mut room = width - FILE_WIDTH;
        let possible = FIELDS.iter().filter(|field| scored || !field.is_of_run());
        let fits = |field: &&Field| {
            room -= field.width + space::S;
            room >= 0.0
        };
        possible.take_while(fits).collect()
    }

    /// The menu of what the recordings are ordered by. Returns the order that a click asks for.
    pub fn order_menu(ui: &mut Ui, order: Option<SortOrder>, scored: bool) -> Option<Option<SortOrder>> {
        let mut asked = None;
        let button = MenuButton::new(theme::plain("Order").size(theme::size::SMALL));
        let (button, _) = button.ui(ui, |ui| {
            if ui.selectable_label(order.is_none(), "As in the study").clicked() {
                asked = Some(None);
            }
            for field in std::iter::once(&FILE).chain(FIELDS.iter().filter(|field| scored || !field.is_of_run())) {
                let direction = order.filter(|order| order.key == field.key).map(|order| order.direction);
                let words = match direction {
                    None => field.name.to_owned(),
                    Some(Direction::Ascending) => format!("{}, ascending", field.name),
                    Some(Direction::Descending) => format!("{}, descending", field.name),
                };
                if ui.selectable_label(direction.is_some(), words).on_hover_text(field.help).clicked() {
                    asked = Some(SortOrder::next(order, field.key));
                }
            }
        });
        shortcuts::SORT.opens(button, "What the recordings are ordered by; once more for the other way round");
        asked
    }

    /// The menu that chooses them.
    pub fn menu(&mut self, ui: &mut Ui, width: f32, scored: bool) {
        let button = MenuButton::new(theme::plain("Columns").size(theme::size::SMALL));
        // It stays open until all are chosen.
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let (button, _) = button.config(config).ui(ui, |ui| {
            let shown: BTreeSet<SortKey> = self.shown(width, scored).iter().map(|field| field.key).collect();
            for field in &FIELDS {
                let mut on = shown.contains(&field.key);
                if ui.checkbox(&mut on, field.name).on_hover_text(field.help).changed() {
                    let chosen = self.chosen.get_or_insert_with(|| shown.clone());
                    if on {
                        chosen.insert(field.key)
                    } else {
                        chosen.remove(&field.key)
                    };
                }
            }
            ui.separator();
            if ui.add_enabled(self.chosen.is_some(), Button::new("As many as fit")).clicked() {
                self.chosen = None;
            }
        });
        shortcuts::COLUMNS.opens(button, "Choose what the list shows");
    }
}

/// The head of a column. Returns the order that a click asks for.
pub fn head(ui: &mut Ui, field: &Field, order: Option<SortOrder>, scores: &Scores) -> Option<Option<SortOrder>> {
    let palette = palette(ui);
    let direction = order.filter(|order| order.key == field.key).map(|order| order.direction);
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click());
    let active = response.hovered() || response.has_focus() || direction.is_some();
    let colour = if active { palette.text } else { palette.muted };
    let words = ui.painter().layout_no_wrap(field.name.to_owned(), theme::caption_font(), colour);
    let end = rect.left() + words.size().x;
    ui.painter().galley(pos2(rect.left(), rect.center().y - words.size().y / 2.0), words, colour);
    if let Some(direction) = direction {
        // The fonts have no arrow.
        let (x, y, arm) = (end + space::S, rect.center().y, 3.5);
        let up = if direction == Direction::Ascending { -1.0 } else { 1.0 };
        let points = [vec2(0.0, up * arm), vec2(arm, -up * arm), vec2(-arm, -up * arm)].map(|arm| pos2(x, y) + arm);
        ui.painter().add(Shape::convex_polygon(points.to_vec(), palette.accent, Stroke::NONE));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, field.name));
    if let Some(direction) = direction {
        response.ctx.accesskit_node_builder(response.id, |node| {
            node.set_sort_direction(match direction {
                Direction::Ascending => SortDirection::Ascending,
                Direction::Descending => SortDirection::Descending,
            });
        });
    }
    let next = SortOrder::next(order, field.key);
    let click = match next.map(|order| order.direction) {
        Some(Direction::Ascending) => "Click to sort",
        Some(Direction::Descending) => "Click to reverse",
        None => "Click for the study's own order",
    };
    response.on_hover_text(format!("{}\n{click}", field.help(scores))).clicked().then_some(next)
}

/// A cell of `row`, with more about it on hover.
pub fn cell(ui: &mut Ui, field: &Field, row: &Row<'_>) -> Response {
    let palette = palette(ui);
    let text = RichText::new((field.text)(row)).size(theme::size::SMALL);
    let text = text.color((field.tone)(row).colour(palette));
    let cell = ui.add(TextLabel::new(text).truncate());
    match (field.more)(row) {
        Some(more) => cell.on_hover_text(more),
        None => cell,
    }
}

/// A row in words, for screen readers.
pub fn row_in_words(row: &Row<'_>) -> String {
    let clip = row.clip;
    let mut words = format!(
        "{} of {}, {}, {}",
        file_name(&clip.path),
        clip.person.name(),
        clip.dataset_name(),
        Fate::of(&clip.verdict).name().to_lowercase()
    );
    if let Some(sound) = clip.facts() {
        words += &format!(", {}", sound.duration);
    }
    let flags: Vec<&str> = flags_that_count(clip, row.quality).map(Flag::name).collect();
    if !flags.is_empty() {
        words += &format!(", flagged: {}", flags.join(", ").to_lowercase());
    }
    if clip.decision.is_some() {
        words += ", decided by hand";
    }
    if let Some(score) = row.score {
        words += &format!(", score {:.2}: {}", score.value, lower(score.outcome.name()));
    }
    words
}

/// The class as a mark, the file's name, and marks for flags and what was decided by hand; in words on hover.
pub fn name_cell(ui: &mut Ui, row: &Row<'_>) {
    let (clip, palette) = (row.clip, palette(ui));
    let fate = Fate::of(&clip.verdict);
    let reason = match &clip.verdict {
        Verdict::Use(_) => String::new(),
        Verdict::Exclude(reason) => format!(": {reason}"),
        Verdict::Unreadable(reason) => format!(": {reason}"),
    };
    mark(ui, fate);
    let used = clip.verdict.label().is_some();
    let name = file_name(&clip.path);
    let text = if row.is_ambiguous { format!("{} / {name}", clip.person.name()) } else { name.clone() };
    let text = if used { text.into() } else { RichText::new(text).color(palette.muted) };
    let flags: Vec<&str> = flags_that_count(clip, row.quality).map(Flag::name).collect();
    let mut words = format!("{name}\n{}{reason}", fate.name());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_columns_are_shown_as_fit() {
        let shown = |width, scored| -> Vec<&str> {
            Columns::default().shown(width, scored).iter().map(|field| field.name).collect()
        };
        assert_eq!(shown(328.0, false), ["Length", "Person"]);
        assert_eq!(shown(328.0, true), ["Length", "Score"]);
        assert_eq!(shown(2_000.0, true).len(), FIELDS.len());
        assert_eq!(shown(100.0, true), Vec::<&str>::new());
    }

    #[test]
    fn every_column_has_a_key_of_its_own() {
        let keys: BTreeSet<SortKey> = FIELDS.iter().map(|field| field.key).chain([FILE.key]).collect();
        assert_eq!(keys.len(), FIELDS.len() + 1);
    }
}
