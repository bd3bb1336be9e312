//! The list of recordings in Explore: search, filter, rows, arrow keys.

use eframe::egui::{Align, Color32, Key, Label as TextLabel, Layout, Modifiers, Sense, TextEdit, Ui};
use egui_extras::{Column, TableBuilder};

use super::Cx;
use crate::data::quality::{Flag, FlagTreatment, QualityPolicy};
use crate::data::{Clip, Label, Verdict};
use crate::session::{ClipId, Command, StudyView};
use crate::ui::format::{counted, file_name};
use crate::ui::theme::{self, Palette, palette, space};
use crate::ui::widgets::{badge, combo, dot};

/// Room that the meaning of the colours needs, in points; in narrower lists a row tells it on hover.
const LEGEND_WIDTH: f32 = 290.0;

/// Which recordings the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Filter {
    #[default]
    All,
    Used(Label),
    LeftOut,
    Unreadable,
    /// With a flag that the policy does not ignore.
    Flagged,
    /// A person has decided.
    ByHand,
}

impl Filter {
    const ALL: [(Self, &'static str); 7] = [
        (Self::All, "All"),
        (Self::Used(Label::Healthy), "Healthy"),
        (Self::Used(Label::Sick), "Sick"),
        (Self::LeftOut, "Left out"),
        (Self::Unreadable, "Unreadable"),
        (Self::Flagged, "Flagged"),
        (Self::ByHand, "By hand"),
    ];
    /// What became of a recording: each is of exactly one of these kinds.
    const OUTCOMES: [Self; 4] = [Self::Used(Label::Healthy), Self::Used(Label::Sick), Self::LeftOut, Self::Unreadable];

    fn admits(self, clip: &Clip, policy: &QualityPolicy) -> bool {
        match self {
            Self::All => true,
            Self::Used(label) => clip.verdict.label() == Some(label),
            Self::LeftOut => matches!(clip.verdict, Verdict::Exclude(_)),
            Self::Unreadable => matches!(clip.verdict, Verdict::Unreadable(_)),
            Self::Flagged => flags_that_count(clip, policy).next().is_some(),
            Self::ByHand => clip.decision.is_some(),
        }
    }

    /// Of the dot before a recording that it admits.
    fn colour(self, palette: &Palette) -> Color32 {
        match self {
            Self::All | Self::ByHand => palette.text,
            Self::Flagged => palette.warning,
            Self::Used(Label::Healthy) => palette.healthy,
            Self::Used(Label::Sick) => palette.sick,
            Self::LeftOut => palette.muted,
            Self::Unreadable => palette.error,
        }
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(filter, _)| *filter == self).map_or("", |(_, name)| name)
    }
}

/// What the rows were chosen by.
#[derive(Clone, Default, PartialEq)]
struct Query {
    revision: u64,
    search: String,
    filter: Filter,
}

/// The list of recordings.
#[derive(Default)]
pub struct RecordingList {
    search: String,
    filter: Filter,
    /// The rows, chosen again only when what they were chosen by changes.
    rows: Vec<ClipId>,
    rows_of: Query,
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
        text: |clip| clip.source.name().to_owned(),
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

/// A person's name without its dataset, which has a column of its own.
fn short_person(person: &str) -> &str {
    person.split_once(':').map_or(person, |(_, name)| name)
}

impl RecordingList {
    /// Draws the list and moves the selection.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let study = cx.state.study.as_ref();
        self.search_ui(ui);
        self.choose_rows(study, cx.state.explore.selected);
        ui.horizontal(|ui| {
            ui.label(theme::muted(ui, counted(self.rows.len(), "recording", "recordings")));
            if ui.available_width() >= LEGEND_WIDTH {
                ui.with_layout(Layout::right_to_left(Align::Center), legend);
            }
        });
        self.keys(ui, cx);
        self.table(ui, cx);
    }

    fn search_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let choice = combo("filter").width(96.0).selected_text(self.filter.name());
                let choice = choice.show_ui(ui, |ui| {
                    for (filter, name) in Filter::ALL {
                        ui.selectable_value(&mut self.filter, filter, name);
                    }
                });
                choice.response.accessible_name("Show");
                let field = TextEdit::singleline(&mut self.search)
                    .hint_text("Search file, person or status")
                    .desired_width(ui.available_width())
                    .margin(eframe::egui::Margin::symmetric(space::S as i8, 6));
                ui.add(field).accessible_name("Search");
            });
        });
    }

    fn choose_rows(&mut self, study: &StudyView, selected: Option<ClipId>) {
        let query = Query { revision: study.revision, search: self.search.to_lowercase(), filter: self.filter };
        if query == self.rows_of {
            return;
        }
        self.rows = study
            .clips
            .iter()
            .enumerate()
            .filter(|(_, clip)| query.filter.admits(clip, &study.policy.quality) && matches(clip, &query.search))
            .map(|(index, _)| ClipId(index))
            .collect();
        self.rows_of = query;
        self.scroll_to = selected;
    }

    /// Arrow keys move the selection, unless a field is being typed in.
    fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        let selected = cx.state.explore.selected;
        let at = selected.and_then(|id| self.rows.iter().position(|row| *row == id));
        let typing = ui.ctx().egui_wants_keyboard_input();
        let pressed = |key| !typing && ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let last = self.rows.len().saturating_sub(1);
        // From a recording that the filter hides, every key leads to the first that it shows.
        let from = |step: &dyn Fn(usize) -> usize| at.map_or(0, step);
        let to = if pressed(Key::ArrowDown) {
            Some(from(&|at| (at + 1).min(last)))
        } else if pressed(Key::ArrowUp) {
            Some(from(&|at| at.saturating_sub(1)))
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
        let selected = self.rows.iter().position(|row| Some(*row) == state.explore.selected);
        let target = self.scroll_to.take().and_then(|id| self.rows.iter().position(|row| *row == id));
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

/// What the colours of the dots mean, from right to left.
fn legend(ui: &mut Ui) {
    let palette = palette(ui);
    ui.spacing_mut().item_spacing.x = space::XS;
    for kind in Filter::OUTCOMES.iter().rev() {
        ui.label(theme::caption(ui, kind.name()));
        dot(ui, kind.colour(palette));
        ui.add_space(space::S);
    }
}

/// The flags of a recording that the policy does not ignore.
fn flags_that_count<'a>(clip: &Clip, policy: &'a QualityPolicy) -> impl Iterator<Item = Flag> + use<'a> {
    let flags = clip.flags;
    Flag::ALL.into_iter().filter(move |flag| flags.contains(*flag) && policy.treatment(*flag) != FlagTreatment::Ignore)
}

/// The class as a dot, the file's name, and marks for flags and what was decided by hand; in words on hover.
fn name_cell(ui: &mut Ui, clip: &Clip, policy: &QualityPolicy) {
    let palette = palette(ui);
    let (kind, reason) = match &clip.verdict {
        Verdict::Use(label) => (Filter::Used(*label), String::new()),
        Verdict::Exclude(reason) => (Filter::LeftOut, format!(": {reason}")),
        Verdict::Unreadable(reason) => (Filter::Unreadable, format!(": {reason}")),
    };
    dot(ui, kind.colour(palette));
    let used = clip.verdict.label().is_some();
    let name = file_name(&clip.path);
    let text = if used { name.clone().into() } else { eframe::egui::RichText::new(&name).color(palette.muted) };
    let flags: Vec<&str> = flags_that_count(clip, policy).map(Flag::name).collect();
    let mut words = format!("{name}\n{}{reason}", kind.name());
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

/// Whether `clip` has `search` (lower case) in its file name, person, status or dataset.
fn matches(clip: &Clip, search: &str) -> bool {
    search.is_empty()
        || file_name(&clip.path).to_lowercase().contains(search)
        || clip.person.0.to_lowercase().contains(search)
        || clip.status.to_lowercase().contains(search)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Obstacle, PersonId, Reason, SourceKind};

    fn clip(verdict: Verdict) -> Clip {
        let person = PersonId("coswara:Abc".into());
        Clip { verdict, ..Clip::new("x/Cough-Heavy.wav".into(), SourceKind::Coswara, person, "positive_mild") }
    }

    #[test]
    fn search_looks_at_file_person_and_status() {
        let clip = clip(Verdict::Use(Label::Sick));
        for (search, found) in [("", true), ("heavy", true), ("abc", true), ("mild", true), ("shallow", false)] {
            assert_eq!(matches(&clip, search), found, "{search}");
        }
    }

    #[test]
    fn every_recording_has_one_outcome() {
        let policy = QualityPolicy::default();
        for verdict in [
            Verdict::Use(Label::Healthy),
            Verdict::Use(Label::Sick),
            Verdict::Exclude(Reason::Obstacle(Obstacle::NoAudioFile)),
            Verdict::Unreadable("no samples".into()),
        ] {
            let clip = clip(verdict);
            assert!(Filter::All.admits(&clip, &policy));
            let outcomes = Filter::OUTCOMES.iter().filter(|filter| filter.admits(&clip, &policy)).count();
            assert_eq!(outcomes, 1, "{:?}", clip.verdict);
        }
    }

    #[test]
    fn ignored_flags_do_not_count_as_flagged() {
        let policy = QualityPolicy::default();
        for (flag, flagged) in [(Flag::LowSnr, true), (Flag::Silent, true), (Flag::NoCough, false)] {
            let clip = Clip { flags: [flag].into_iter().collect(), ..clip(Verdict::Use(Label::Sick)) };
            assert_eq!(Filter::Flagged.admits(&clip, &policy), flagged, "{flag}");
        }
    }

    #[test]
    fn what_was_decided_by_hand_is_found() {
        let policy = QualityPolicy::default();
        let mut clip = clip(Verdict::Use(Label::Sick));
        assert!(!Filter::ByHand.admits(&clip, &policy));
        clip.decision = Some(crate::data::Decision::Sick);
        assert!(Filter::ByHand.admits(&clip, &policy));
    }
}
