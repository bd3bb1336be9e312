//! The panel before there is anything to show.

use eframe::egui::epaint::{RoundedRect, tessellator::path};
use eframe::egui::{CornerRadius, Shape, Stroke, Ui};

use super::super::{Cx, open_buttons};
use crate::session::Command;
use crate::ui::format::count;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::empty_state;

/// Before anything is open: what to drop, and the studies that were open lately.
pub(super) fn welcome(ui: &mut Ui, cx: &mut Cx<'_>) {
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
        recent(ui, cx);
        ui.add_space(space::L);
        for (name, words) in [
            ("Coswara", "Indian Institute of Science · github.com/iiscleap/Coswara-Data"),
            ("COUGHVID", "EPFL · zenodo.org/records/7024894"),
            ("Virufy", "Virufy clinical data · github.com/virufy/virufy-data"),
            ("Your own", "a folder with healthy and sick inside, or with a table of recordings and labels"),
            ("Also", "a study, a trained run, a table of predictions, or recordings to score"),
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

/// Studies to go on with.
fn recent(ui: &mut Ui, cx: &mut Cx<'_>) {
    /// As many as fit without hiding the rest.
    const SHOWN: usize = 4;
    if cx.state.recent.is_empty() {
        return;
    }
    ui.add_space(space::L);
    ui.label(theme::strong("Go on with"));
    for study in cx.state.recent.iter().take(SHOWN) {
        let words = format!("{} · {}", study.name, study.datasets);
        if ui.link(words).on_hover_text(study.folder.display().to_string()).clicked() {
            cx.send(Command::OpenStudy(study.folder.clone()));
        }
    }
}

/// While the first dataset is read.
pub(super) fn loading_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(loading) = &cx.state.loading else { return };
    empty_state(ui, &loading.task, &loading.detail, |ui| {
        if loading.total > 0 {
            ui.label(format!("{} of {}", count(loading.done), count(loading.total)));
        }
        ui.add(eframe::egui::Spinner::new().color(palette(ui).accent));
        ui.add_space(space::S);
        if ui.button("Cancel").clicked() {
            cx.send(Command::StopReading);
        }
    });
}
