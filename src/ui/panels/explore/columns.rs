//! The columns of the list: what each shows, which are shown, and their heads, which sort.

use std::collections::BTreeSet;

use eframe::egui::accesskit::SortDirection;
use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{
    Align, Button, Label as TextLabel, Layout, PopupCloseBehavior, Response, RichText, Role, Sense, Shape, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};

use super::decide;
use super::fate::Fate;
use crate::data::quality::{Flag, QualityPolicy};
use crate::data::study::filter::flags_that_count;
use crate::data::{Clip, Verdict};
use crate::session::{Direction, Outcome, Score, Scores, SortKey, SortOrder};
use crate::ui::format::file_name;
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{badge, dot};

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
    /// Whether a cell asks for a look.
    stands_out: fn(&Row<'_>) -> bool,
}

/// The column of the file's name, which is always there.
pub const FILE: Field = Field {
    key: SortKey::File,
    name: "File",
    help: "The file's name, with the colour of its label",
    width: FILE_WIDTH,
    text: |row| file_name(&row.clip.path),
    more: |_| None,
    stands_out: |_| false,
};

/// The columns after the file's name, the most needed first: so many are shown as fit, until a person chooses.
pub static FIELDS: [Field; 10] = [
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
        text: |row| row.score.map_or(NONE.to_owned(), |score| format!("{:.2}", score.value)),
        more: |row| Some(score_in_words(row)),
        stands_out: |row| row.score.is_some_and(|score| score.outcome != Outcome::Correct),
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
        stands_out: |row| flags_that_count(row.clip, row.quality).next().is_some(),
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
        let possible = FIELDS.iter().filter(|field| scored || field.key != SortKey::Score);
        let fits = |field: &&Field| {
            room -= field.width + space::S;
            room >= 0.0
        };
        possible.take_while(fits).collect()
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
pub fn head(ui: &mut Ui, field: &Field, order: Option<SortOrder>) -> Option<Option<SortOrder>> {
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
    response.on_hover_text(format!("{}\n{click}", field.help)).clicked().then_some(next)
}

/// A cell of `row`, with more about it on hover.
pub fn cell(ui: &mut Ui, field: &Field, row: &Row<'_>) -> Response {
    let palette = palette(ui);
    let text = RichText::new((field.text)(row)).size(theme::size::SMALL);
    let text = text.color(if (field.stands_out)(row) { palette.warning } else { palette.muted });
    let cell = ui.add(TextLabel::new(text).truncate());
    match (field.more)(row) {
        Some(more) => cell.on_hover_text(more),
        None => cell,
    }
}

/// The class as a dot, the file's name, and marks for flags and what was decided by hand; in words on hover.
pub fn name_cell(ui: &mut Ui, row: &Row<'_>) {
    let (clip, palette) = (row.clip, palette(ui));
    let fate = Fate::of(&clip.verdict);
    let reason = match &clip.verdict {
        Verdict::Use(_) => String::new(),
        Verdict::Exclude(reason) => format!(": {reason}"),
        Verdict::Unreadable(reason) => format!(": {reason}"),
    };
    dot(ui, fate.colour(palette));
    let used = clip.verdict.label().is_some();
    let name = file_name(&clip.path);
    let text = if used { name.clone().into() } else { RichText::new(&name).color(palette.muted) };
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
