//! What the study holds, to look at and to listen to.

mod choosing;
mod columns;
mod decide;
mod detail;
mod fate;
mod filters;
mod list;
mod picture_form;
mod rows;
mod transport;

use eframe::egui::Ui;

use self::detail::Detail;
use self::list::RecordingList;
use self::picture_form::PictureForm;
use super::{Cx, Panel, open_buttons, undo_buttons};
use crate::ui::theme::space;
use crate::ui::widgets::{card, columns, empty_state, page_header};

/// The panel of the recordings.
#[derive(Default)]
pub struct ExplorePanel {
    form: PictureForm,
    list: RecordingList,
    detail: Detail,
}

impl Panel for ExplorePanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.study.is_empty() {
            let text = "Open a dataset to browse its recordings, see their waveforms and spectrograms, and find out why \
                        some are left out.";
            empty_state(ui, "No recordings yet", text, |ui| open_buttons(ui, cx));
            return;
        }
        page_header(ui, "Explore", "Arrow keys move through the list", |ui| {
            undo_buttons(ui, cx);
            self.form.ui(ui, cx);
        });
        self.recordings(ui, cx);
    }
}

impl ExplorePanel {
    /// One by one: the list, and the one that is chosen.
    fn recordings(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        columns(ui, &[1.0, 1.35], |ui, column| {
            let height = ui.available_height();
            card(ui, "", |ui| {
                // The frame's own margins and hairlines.
                ui.set_height(height - 2.0 * space::L - 2.0);
                match column {
                    0 => self.list.ui(ui, cx),
                    _ => self.detail.ui(ui, &self.form, cx),
                }
            });
        });
    }
}
