//! What was opened: counts, what was left out and why, and how the recordings fall into parts.

use eframe::egui::epaint::{RoundedRect, tessellator::path};
use eframe::egui::{Align, CornerRadius, Label as TextLabel, Layout, RichText, ScrollArea, Shape, Stroke, Ui};
use egui_extras::{Column, TableBuilder};

use super::{Cx, Panel, PanelId, StudyStamp, open_buttons};
use crate::data::scan::SourceSummary;
use crate::data::split::{Part, SplitOutcome};
use crate::data::{Label, SourceKind};
use crate::session::Study;
use crate::ui::format::{count, counted, short_path};
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, class_bar, columns, dot, empty_state, grid, notice, page_header, primary_button, stat};

/// Height of the list of unreadable files, in points; it scrolls.
const UNREADABLE_HEIGHT: f32 = 180.0;

/// The panel of the open datasets.
#[derive(Default)]
pub struct DataPanel {
    /// Counted once for each study, as 35,000 recordings take a while to count.
    overview: Option<(StudyStamp, Overview)>,
}

impl Panel for DataPanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.study.is_empty() {
            if cx.state.loading.is_some() {
                loading_ui(ui, cx)
            } else {
                welcome(ui, cx)
            }
            return;
        }
        let stamp = StudyStamp::of(&cx.state.study);
        if self.overview.as_ref().is_none_or(|(made_for, _)| *made_for != stamp) {
            self.overview = Some((stamp, Overview::of(&cx.state.study)));
        }
        let Some((_, overview)) = &self.overview else { return };
        header(ui, cx, overview);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            card(ui, "", |ui| totals(ui, overview));
            ui.add_space(space::S);
            columns(ui, &[1.25, 1.0], |ui, column| match column {
                0 => {
                    spaced(ui, |ui| card(ui, "Datasets", |ui| datasets(ui, overview)));
                    card(ui, "Left out", |ui| left_out(ui, overview));
                }
                _ => {
                    spaced(ui, |ui| card(ui, "Parts", |ui| split_ui(ui, &cx.state.study)));
                    spaced(ui, |ui| card(ui, "Unreadable files", |ui| unreadable(ui, overview)));
                    card(ui, "Notes", |ui| notes(ui, &cx.state.study));
                }
            });
        });
    }
}

fn spaced(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    contents(ui);
    ui.add_space(space::S);
}

/// The study in numbers.
struct Overview {
    sources: Vec<SourceSummary>,
    people: usize,
}

impl Overview {
    fn of(study: &Study) -> Self {
        let people: std::collections::BTreeSet<_> =
            study.clips.iter().filter(|clip| clip.verdict.label().is_some()).map(|clip| &clip.person).collect();
        Self {
            sources: study.sources.iter().map(crate::data::scan::SourceScan::summary).collect(),
            people: people.len(),
        }
    }

    fn sum(&self, of: impl Fn(&SourceSummary) -> usize) -> usize {
        self.sources.iter().map(of).sum()
    }

    /// Reasons with their dataset and count, the most frequent first.
    fn exclusions(&self) -> Vec<(SourceKind, &str, usize)> {
        let mut all: Vec<_> = self
            .sources
            .iter()
            .flat_map(|source| source.excluded.iter().map(|(reason, count)| (source.kind, reason.as_str(), *count)))
            .collect();
        all.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
        all
    }
}

fn welcome(ui: &mut Ui, cx: &mut Cx<'_>) {
    let text = "Drop a folder anywhere on this window. Coughscope recognises the datasets below as they are published, \
                lists what it leaves out and why, and changes nothing in them.";
    drop_zone(ui);
    empty_state(ui, "Open cough recordings", text, |ui| {
        open_buttons(ui, cx);
        ui.add_space(space::S);
        ui.label(theme::caption(
            ui,
            "The demo study is synthetic: made by a program, it proves nothing about any disease",
        ));
        ui.add_space(space::XL);
        for (name, words) in [
            ("Coswara", "Indian Institute of Science · github.com/iiscleap/Coswara-Data"),
            ("COUGHVID", "EPFL · zenodo.org/records/7024894"),
            ("Virufy", "Virufy clinical data · github.com/virufy/virufy-data"),
            ("Your own", "a folder with healthy and sick inside"),
            ("Also", "a trained run, a table of predictions, or recordings to score"),
        ] {
            ui.label(theme::muted(ui, format!("{name} · {words}")));
        }
    });
}

/// A dashed outline around the room that is left.
fn drop_zone(ui: &Ui) {
    let mut outline = Vec::new();
    let rect = ui.available_rect_before_wrap().shrink(1.0);
    path::rounded_rectangle(&mut outline, RoundedRect::new(rect, CornerRadius::same(theme::CARD_RADIUS)));
    outline.extend(outline.first().copied());
    let dashes = Shape::dashed_line(&outline, Stroke::new(1.5, palette(ui).line_strong), 6.0, 6.0);
    ui.painter().extend(dashes);
}

fn loading_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(loading) = &cx.state.loading else { return };
    empty_state(ui, &loading.task, &loading.detail, |ui| {
        if loading.total > 0 {
            ui.label(format!("{} of {}", count(loading.done), count(loading.total)));
        }
        ui.add(eframe::egui::Spinner::new().color(palette(ui).accent));
    });
}

fn header(ui: &mut Ui, cx: &mut Cx<'_>, overview: &Overview) {
    let subtitle = counted(overview.sources.len(), "dataset", "datasets");
    page_header(ui, "Data", &subtitle, |ui| {
        if primary_button(ui, "Explore recordings").clicked() {
            cx.show(PanelId::Explore);
        }
        if ui.button("Train a network").clicked() {
            cx.show(PanelId::Train);
        }
    });
}

fn totals(ui: &mut Ui, overview: &Overview) {
    let figures = [
        ("Recordings", overview.sum(|source| source.recordings)),
        ("Healthy", overview.sum(|source| source.healthy)),
        ("Sick", overview.sum(|source| source.sick)),
        ("People", overview.people),
        ("Left out", overview.sum(|source| source.excluded.values().sum())),
        ("Unreadable", overview.sum(|source| source.unreadable.len())),
    ];
    columns(ui, &[1.0; 6], |ui, index| {
        if let Some((name, number)) = figures.get(index) {
            stat(ui, name, &count(*number));
        }
    });
}

fn datasets(ui: &mut Ui, overview: &Overview) {
    for (index, source) in overview.sources.iter().enumerate() {
        if index > 0 {
            ui.separator();
        }
        ui.horizontal(|ui| {
            ui.label(theme::strong(source.kind.name()));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(theme::muted(ui, format!("{} in all", count(source.recordings))));
            });
        });
        class_bar(ui, source.healthy, source.sick);
        ui.horizontal(|ui| {
            class_count(ui, Label::Healthy, source.healthy);
            ui.add_space(space::S);
            class_count(ui, Label::Sick, source.sick);
        });
        let path = source.path.display().to_string();
        ui.add(TextLabel::new(theme::muted(ui, short_path(&source.path))).truncate()).on_hover_text(path);
    }
}

fn class_count(ui: &mut Ui, label: Label, number: usize) {
    let palette = palette(ui);
    dot(ui, if label.is_positive() { palette.sick } else { palette.healthy });
    ui.label(format!("{} {label}", count(number)));
}

fn left_out(ui: &mut Ui, overview: &Overview) {
    let exclusions = overview.exclusions();
    if exclusions.is_empty() {
        ui.label(theme::muted(ui, "Every recording is used"));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    for (source, reason, number) in exclusions {
        ui.horizontal(|ui| {
            ui.label(theme::muted(ui, source.name()));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(count(number));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(TextLabel::new(reason).truncate());
                });
            });
        });
    }
}

fn unreadable(ui: &mut Ui, overview: &Overview) {
    let files: Vec<_> = overview.sources.iter().flat_map(|source| &source.unreadable).collect();
    if files.is_empty() {
        ui.label(theme::muted(ui, "Every file could be read"));
        return;
    }
    let row_height = 36.0;
    let table = TableBuilder::new(ui)
        .id_salt("unreadable")
        .max_scroll_height(UNREADABLE_HEIGHT)
        .min_scrolled_height(UNREADABLE_HEIGHT.min(row_height * files.len() as f32))
        .column(Column::remainder().clip(true));
    table.body(|body| {
        body.rows(row_height, files.len(), |mut row| {
            let Some(file) = files.get(row.index()) else { return };
            row.col(|ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 0.0;
                    let name = ui.add(TextLabel::new(short_path(&file.path)).truncate());
                    name.on_hover_text(file.path.display().to_string());
                    let reason = ui.add(TextLabel::new(theme::muted(ui, &file.reason)).truncate());
                    reason.on_hover_text(&file.reason);
                });
            });
        });
    });
}

fn notes(ui: &mut Ui, study: &Study) {
    let mut notes: Vec<&String> = study.sources.iter().flat_map(|source| &source.notes).collect();
    notes.dedup();
    if notes.is_empty() {
        ui.label(theme::muted(ui, "Nothing to note"));
    }
    for note in notes {
        ui.add(TextLabel::new(theme::muted(ui, note)).wrap());
    }
}

fn split_ui(ui: &mut Ui, study: &Study) {
    match &study.split {
        None => {
            ui.label(theme::muted(ui, "Drawn when the recordings have been read"));
        }
        Some(Err(reason)) => notice(ui, reason),
        Some(Ok(outcome)) => {
            let usual = "By person, as training does unless Train says otherwise";
            ui.add(TextLabel::new(theme::muted(ui, usual)).wrap());
            shared_people(ui, outcome);
            parts_table(ui, outcome);
            if study.sources.iter().any(|source| source.kind == SourceKind::Coughvid) {
                let caveat = "COUGHVID names no people; recordings of the same place, age and sex within 15 minutes count \
                              as one person, so that separation there is likely but not proven";
                ui.add(TextLabel::new(theme::muted(ui, caveat)).wrap());
            }
        }
    }
}

fn shared_people(ui: &mut Ui, outcome: &SplitOutcome) {
    let palette = palette(ui);
    let shared = counted(outcome.shared_people, "person", "people");
    let colour = if outcome.shared_people == 0 { palette.accent } else { palette.warning };
    ui.label(theme::strong(format!("{shared} in more than one part")).color(colour))
        .on_hover_text("A network could recognise them by their voice, and the result would look better than it is");
}

fn parts_table(ui: &mut Ui, outcome: &SplitOutcome) {
    grid(ui, 92.0, Part::ALL.len(), |ui, index| {
        let Some(part) = Part::ALL.get(index).copied() else { return };
        let palette = palette(ui);
        let (name, colour) = match part {
            Part::Train => ("Training", palette.train),
            Part::Validation => ("Validation", palette.validation),
            Part::Test => ("Test", palette.test),
        };
        ui.horizontal(|ui| {
            dot(ui, colour);
            ui.label(theme::strong(name));
        });
        for label in Label::ALL {
            let class = outcome.count(part, label);
            ui.label(format!("{} {label}", count(class.recordings)));
            ui.label(
                RichText::new(counted(class.people, "person", "people")).size(theme::size::SMALL).color(palette.muted),
            );
        }
    });
}
