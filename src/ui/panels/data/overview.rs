//! What was opened: counts, what was left out and why.

use eframe::egui::{Align, CursorIcon, Label as TextLabel, Layout, Popup, Role, Sense, Ui, WidgetInfo};
use egui_extras::{Column, TableBuilder};

use super::super::{Cx, PanelId};
use crate::data::scan::SourceSummary;
use crate::data::study::filter::{Condition, Filter};
use crate::data::study::{ClipId, SourceView, StudyView, is_table_file};
use crate::data::{Label, Reason};
use crate::session::Command;
use crate::ui::dialogs::Dialog;
use crate::ui::format::{count, counted, short_path};
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, cell, class_bar, clickable_row, columns, dot, notice_with, stat};

/// Height of the list of unreadable files, in points; it scrolls.
const UNREADABLE_HEIGHT: f32 = 180.0;
/// Width of a dataset's name beside a reason, in points.
const DATASET_WIDTH: f32 = 76.0;
/// Height of a reason's row, in points.
const REASON_HEIGHT: f32 = 22.0;

/// The overview of the open datasets.
#[derive(Default)]
pub(super) struct OverviewTab {
    /// Counted once for each view of the study, as 35,000 recordings take a while to count.
    overview: Option<(u64, Overview)>,
}

impl OverviewTab {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let study = cx.state.study.as_ref();
        if self.overview.as_ref().is_none_or(|(made_for, _)| *made_for != study.revision) {
            self.overview = Some((study.revision, Overview::of(study)));
        }
        let Some((_, overview)) = &self.overview else { return };
        card(ui, "", |ui| totals(ui, overview));
        ui.add_space(space::S);
        columns(ui, &[1.25, 1.0], |ui, column| match column {
            0 => {
                spaced(ui, |ui| card(ui, "Datasets", |ui| datasets(ui, overview, cx)));
                card(ui, "Good to know", |ui| notes(ui, study, cx));
            }
            _ => {
                spaced(ui, |ui| card(ui, "Left out", |ui| left_out(ui, overview, cx)));
                card(ui, "Unreadable", |ui| unreadable(ui, overview, cx));
            }
        });
    }
}

fn spaced(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    contents(ui);
    ui.add_space(space::S);
}

/// The study in numbers.
struct Overview {
    sources: Vec<SourceView>,
    people: usize,
    /// Recordings that would be used, had they been read.
    awaiting: usize,
    /// The most frequent first.
    exclusions: Vec<Exclusion>,
}

/// A reason for which recordings of a dataset are left out.
struct Exclusion {
    /// The dataset's name.
    dataset: String,
    words: String,
    recordings: usize,
    /// Admits just these recordings.
    filter: Filter,
}

impl Exclusion {
    fn of(source: &SourceView, reason: &Reason, recordings: usize) -> Self {
        let conditions = [Condition::Dataset(source.key.clone()), Condition::LeftOutFor(reason.clone())];
        let (dataset, filter) = (source.name().to_owned(), Filter::of(conditions));
        Self { dataset, words: reason.to_string(), recordings, filter }
    }
}

impl Overview {
    fn of(study: &StudyView) -> Self {
        let (mut exclusions, mut awaiting) = (Vec::new(), 0);
        for source in &study.sources {
            for (reason, recordings) in &source.left_out {
                if *reason == Reason::NotReadYet {
                    // Not a finding about them, and soon over.
                    awaiting += recordings;
                } else {
                    exclusions.push(Exclusion::of(source, reason, *recordings));
                }
            }
        }
        exclusions.sort_by_key(|exclusion| std::cmp::Reverse(exclusion.recordings));
        Self { sources: study.sources.clone(), people: study.people, awaiting, exclusions }
    }

    fn sum(&self, of: impl Fn(&SourceSummary) -> usize) -> usize {
        self.sources.iter().map(|source| of(&source.summary)).sum()
    }
}

fn totals(ui: &mut Ui, overview: &Overview) {
    let mut figures = vec![
        ("Recordings", overview.sum(|source| source.recordings)),
        ("Healthy", overview.sum(|source| source.healthy)),
        ("Sick", overview.sum(|source| source.sick)),
        ("People", overview.people),
        ("Left out", overview.exclusions.iter().map(|exclusion| exclusion.recordings).sum()),
        ("Unreadable", overview.sum(|source| source.unreadable.len())),
    ];
    if overview.awaiting > 0 {
        figures.push(("Used once read", overview.awaiting));
    }
    columns(ui, &vec![1.0; figures.len()], |ui, index| {
        if let Some((name, number)) = figures.get(index) {
            stat(ui, name, &count(*number));
        }
    });
}

fn datasets(ui: &mut Ui, overview: &Overview, cx: &mut Cx<'_>) {
    for (index, source) in overview.sources.iter().enumerate() {
        if index > 0 {
            ui.separator();
        }
        let summary = &source.summary;
        ui.horizontal(|ui| {
            ui.label(theme::strong(source.name()));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                source_menu(ui, source, cx);
                ui.label(theme::muted(ui, format!("{} in all", count(summary.recordings))));
            });
        });
        if !source.present {
            let what = if is_table_file(&source.root) { "table" } else { "folder" };
            let text = format!(
                "Its {what} is not there any more. What was read is kept. Say where the {what} is now, or drop it on this \
                 window."
            );
            if notice_with(ui, &text, "Locate…").clicked() {
                cx.ask(locate(source));
            }
        }
        if source.packed {
            let text =
                "Its sound is still in split archives. They are joined and unpacked beside them; the archives stay.";
            if notice_with(ui, text, "Unpack the archives").clicked() {
                cx.send(Command::Unpack(source.key.clone()));
            }
        }
        class_bar(ui, summary.healthy, summary.sick);
        ui.horizontal(|ui| {
            class_count(ui, Label::Healthy, summary.healthy);
            ui.add_space(space::S);
            class_count(ui, Label::Sick, summary.sick);
        });
        let path = source.root.display().to_string();
        ui.add(TextLabel::new(theme::muted(ui, short_path(&source.root))).truncate()).on_hover_text(path);
    }
}

/// The question where a dataset is now.
fn locate(source: &SourceView) -> Dialog {
    let ask = if is_table_file(&source.root) { Dialog::LocateTable } else { Dialog::Locate };
    ask(source.key.clone())
}

/// What can be done with a dataset, behind one word.
fn source_menu(ui: &mut Ui, source: &SourceView, cx: &mut Cx<'_>) {
    let button = ui.button("Options");
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} options", source.name())));
    Popup::menu(&button).show(|ui| {
        if ui.button("Look for changes").on_hover_text("Finds new, changed and missing files").clicked() {
            cx.send(Command::ReadAgain);
        }
        let help = "Also recordings whose files look unchanged: one that was replaced by another of the same size and time \
                    is not noticed otherwise";
        if ui.button("Read every recording again").on_hover_text(help).clicked() {
            cx.send(Command::ReadAnew(source.key.clone()));
        }
        if ui.button("Locate…").on_hover_text("Say where it is now; what was read is kept").clicked() {
            cx.ask(locate(source));
        }
        if ui.button("Take it out of the study").on_hover_text("Its files stay where they are").clicked() {
            cx.send(Command::RemoveSource(source.key.clone()));
        }
    });
}

fn class_count(ui: &mut Ui, label: Label, number: usize) {
    let palette = palette(ui);
    dot(ui, if label.is_positive() { palette.sick } else { palette.healthy });
    ui.label(format!("{} {label}", count(number)));
}

/// Opens Explore with just these recordings.
fn explore(cx: &mut Cx<'_>, filter: Filter) {
    cx.send(Command::ShowOnly(filter));
    cx.show(PanelId::Explore);
}

fn left_out(ui: &mut Ui, overview: &Overview, cx: &mut Cx<'_>) {
    if overview.exclusions.is_empty() {
        let none = if overview.awaiting > 0 { "None so far" } else { "Every recording is used" };
        ui.label(theme::muted(ui, none));
        return;
    }
    ui.label(theme::muted(ui, "Click a reason to see its recordings"));
    ui.spacing_mut().item_spacing.y = 0.0;
    for exclusion in &overview.exclusions {
        let Exclusion { dataset, words, recordings, filter } = exclusion;
        let name = format!("{dataset}: {words}");
        let row = clickable_row(ui, REASON_HEIGHT, &name, |ui| {
            cell(ui, DATASET_WIDTH, Layout::left_to_right(Align::Center), |ui| {
                ui.add(TextLabel::new(theme::muted(ui, dataset)).truncate());
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(count(*recordings));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(TextLabel::new(words).truncate());
                });
            });
        });
        let help = format!("{name}\nShow {} in Explore", counted(*recordings, "recording", "recordings"));
        if row.on_hover_text(help).clicked() {
            explore(cx, filter.clone());
        }
    }
}

fn unreadable(ui: &mut Ui, overview: &Overview, cx: &mut Cx<'_>) {
    let files: Vec<_> = overview.sources.iter().flat_map(|source| &source.summary.unreadable).collect();
    if files.is_empty() {
        let none = if overview.awaiting > 0 { "None so far" } else { "Every file could be read" };
        ui.label(theme::muted(ui, none));
        return;
    }
    ui.label(theme::muted(ui, "Click a file to see it among the others"));
    let row_height = 36.0;
    let table = TableBuilder::new(ui)
        .id_salt("unreadable")
        .sense(Sense::click())
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
            if row.response().on_hover_cursor(CursorIcon::PointingHand).clicked() {
                let place = cx.state.study.clips.iter().position(|clip| clip.path == file.path);
                explore(cx, Filter::of([Condition::Unreadable]));
                if let Some(place) = place {
                    cx.send(Command::Select(ClipId(place)));
                }
            }
        });
    });
}

fn notes(ui: &mut Ui, study: &StudyView, cx: &mut Cx<'_>) {
    let mut notes: Vec<&String> = study.sources.iter().flat_map(|source| &source.notes).collect();
    notes.dedup();
    let by_hand = study.tally.by_hand;
    if notes.is_empty() && by_hand == 0 {
        ui.label(theme::muted(ui, "Nothing to note"));
    }
    if by_hand > 0 {
        let decided = counted(by_hand, "recording was decided", "recordings were decided");
        let link = ui.link(theme::plain(format!("{decided} by hand")).size(theme::size::SMALL));
        if link.on_hover_text("Show them in Explore").clicked() {
            explore(cx, Filter::of([Condition::ByHand]));
        }
    }
    for note in notes {
        ui.add(TextLabel::new(theme::muted(ui, note)).wrap());
    }
}
