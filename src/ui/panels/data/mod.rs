//! The study: what was opened, what counts as what, and how the recordings fall into parts.

mod draft;
mod labels;
mod leaks;
mod overview;
mod parts;
mod quality;
mod welcome;

use std::time::Duration;

use eframe::egui::{Align, Label as TextLabel, Layout, Margin, ScrollArea, Ui};

use super::{Cx, Panel, PanelId, undo_buttons};
use crate::session::{Command, Loading};
use crate::ui::dialogs::Dialog;
use crate::ui::format::{count, counted, wait};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{notice_with, page_header, primary_button, progress_bar};

/// What of the study is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataTab {
    /// What was opened: counts, and what was left out.
    #[default]
    Overview,
    /// What each dataset's words count as.
    Labels,
    /// What poor sound leads to.
    Quality,
    /// Training, validation and test.
    Parts,
}

impl DataTab {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Overview, "Overview"), (Self::Labels, "Labels"), (Self::Quality, "Quality"), (Self::Parts, "Parts")];
}

/// The panel of the study.
#[derive(Default)]
pub struct DataPanel {
    tab: DataTab,
    overview: overview::OverviewTab,
    labels: labels::LabelsTab,
    quality: quality::QualityTab,
    parts: parts::PartsTab,
}

impl Panel for DataPanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.study.is_empty() {
            if cx.state.loading.is_some() {
                welcome::loading_ui(ui, cx);
            } else {
                welcome::welcome(ui, cx);
            }
            return;
        }
        self.tab = cx.take_tab().unwrap_or(self.tab);
        header(ui, cx);
        progress(ui, cx);
        ui.horizontal(|ui| {
            for ((tab, name), key) in DataTab::ALL.into_iter().zip(&shortcuts::DATA_TABS) {
                if key.activates(ui.selectable_label(self.tab == tab, name), name) {
                    self.tab = tab;
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| undo_buttons(ui, cx));
        });
        ScrollArea::vertical().id_salt(self.tab as usize).auto_shrink(false).show(ui, |ui| match self.tab {
            DataTab::Overview => self.overview.ui(ui, cx),
            DataTab::Labels => self.labels.ui(ui, cx),
            DataTab::Quality => self.quality.ui(ui, cx),
            DataTab::Parts => self.parts.ui(ui, cx),
        });
    }
}

fn header(ui: &mut Ui, cx: &mut Cx<'_>) {
    let study = &cx.state.study;
    let datasets = counted(study.sources.len(), "dataset", "datasets");
    let subtitle = if study.name.is_empty() { datasets } else { format!("{} · {datasets}", study.name) };
    page_header(ui, "Data", &subtitle, |ui| {
        // The keys of these three count everywhere, so they are not taken in here.
        let [_, explore, train, ..] = &shortcuts::PANELS;
        if explore.on(primary_button(ui, "Explore recordings"), explore.words()).clicked() {
            cx.show(PanelId::Explore);
        }
        if train.on(ui.button("Train a network"), train.words()).clicked() {
            cx.show(PanelId::Train);
        }
        let help = "Every recording as a row, with its label and the reason";
        if shortcuts::EXPORT_TABLE.on(ui.button("Export table…"), help).clicked() {
            cx.ask(Dialog::ExportTable);
        }
    });
}

/// How far the reading is, or that it was stopped before its end.
fn progress(ui: &mut Ui, cx: &mut Cx<'_>) {
    if let Some(loading) = &cx.state.loading {
        if reading_ui(ui, loading) {
            cx.send(Command::StopReading);
        }
    } else if cx.state.study.unread > 0 {
        let unread = cx.state.study.unread;
        let text = counted(unread, "recording has not been read yet", "recordings have not been read yet");
        let read = notice_with(ui, &text, "Read them");
        if shortcuts::READ_REST.activates(read, shortcuts::READ_REST.words()) {
            cx.send(Command::ReadAgain);
        }
        ui.add_space(space::S);
    }
}

/// How far the reading is, how fast, and how long it takes. Returns whether to stop it.
fn reading_ui(ui: &mut Ui, loading: &Loading) -> bool {
    let mut stop = false;
    let frame = theme::card_frame(palette(ui)).inner_margin(Margin::symmetric(space::L as i8, space::S as i8));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(theme::strong(&loading.task));
            let share = (loading.total > 0).then(|| loading.done as f32 / loading.total as f32);
            progress_bar(ui, "Reading", share, 180.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let help = "What was read stays, and reading goes on later";
                stop = shortcuts::STOP.activates(ui.button("Stop"), help);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(TextLabel::new(theme::muted(ui, pace(loading))).truncate()).on_hover_text(&loading.detail);
                });
            });
        });
    });
    ui.add_space(space::S);
    stop
}

/// `12,345 of 34,434 · 210 files/s · 1 min 45 s left`.
fn pace(loading: &Loading) -> String {
    if loading.total == 0 {
        return loading.detail.clone();
    }
    let counts = format!("{} of {}", count(loading.done), count(loading.total));
    let elapsed = loading.since.elapsed().as_secs_f64();
    // The first moments say nothing about the rest.
    if elapsed < 1.0 || loading.done == 0 {
        return counts;
    }
    let per_sec = loading.done as f64 / elapsed;
    let left = Duration::try_from_secs_f64((loading.total - loading.done.min(loading.total)) as f64 / per_sec);
    let left = left.map(wait).unwrap_or_default();
    format!("{counts} · {per_sec:.0} files/s · {left} left")
}
