//! What the study holds, to look at and to listen to.

mod detail;
mod filter_bar;
mod gallery;
mod list;
mod picture_form;
mod transport;

use eframe::egui::Ui;

use self::detail::Detail;
use self::filter_bar::FilterBar;
use self::gallery::{Ask, Gallery};
use self::list::RecordingList;
use self::picture_form::PictureForm;
use super::{Cx, Panel, open_buttons, undo_buttons};
use crate::ui::theme::{palette, space};
use crate::ui::widgets::{card, columns, empty_state, page_header, segments};

/// A way to look at the recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ExploreView {
    /// One by one.
    #[default]
    Recordings,
    /// Healthy and sick side by side.
    Gallery,
}

impl ExploreView {
    /// Each with its name, and what it shows.
    const ALL: [(Self, &'static str, &'static str); 2] = [
        (Self::Recordings, "Recordings", "One by one, with waveform and spectrogram"),
        (Self::Gallery, "Gallery", "Healthy and sick side by side, as small pictures"),
    ];
}

/// The panel of the recordings.
#[derive(Default)]
pub struct ExplorePanel {
    view: ExploreView,
    form: PictureForm,
    filters: FilterBar,
    list: RecordingList,
    detail: Detail,
    gallery: Gallery,
}

impl Panel for ExplorePanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.study.is_empty() {
            let text = "Open a dataset to browse its recordings, see their waveforms and spectrograms, and find out why \
                        some are left out.";
            empty_state(ui, "No recordings yet", text, |ui| open_buttons(ui, cx));
            return;
        }
        page_header(ui, "Explore", "", |ui| {
            undo_buttons(ui, cx);
            self.form.ui(ui, cx);
            self.switch(ui, cx);
        });
        match self.view {
            ExploreView::Recordings => self.recordings(ui, cx),
            ExploreView::Gallery => {
                if self.gallery.ui(ui, &mut self.filters, &self.form, cx) == Some(Ask::LookCloser) {
                    self.show(ExploreView::Recordings, cx);
                }
            }
        }
    }
}

impl ExplorePanel {
    /// The choice of the view.
    fn switch(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let text = palette(ui).text;
        let choices = ExploreView::ALL.map(|(view, name, help)| (view, name, text, help));
        if let Some(view) = segments(ui, "View", &choices, Some(self.view)) {
            self.show(view, cx);
        }
    }

    /// Goes to a view, where the recording that is chosen is in sight.
    fn show(&mut self, view: ExploreView, cx: &Cx<'_>) {
        self.view = view;
        if let Some(selected) = cx.state.explore.selected {
            self.list.reveal(selected);
            self.gallery.reveal(selected);
        }
    }

    /// One by one: the list, and the one that is chosen.
    fn recordings(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        columns(ui, &[1.0, 1.35], |ui, column| {
            let height = ui.available_height();
            card(ui, "", |ui| {
                // The frame's own margins and hairlines.
                ui.set_height(height - 2.0 * space::L - 2.0);
                match column {
                    0 => {
                        self.filters.ui(ui, cx);
                        self.list.ui(ui, cx);
                    }
                    _ => self.detail.ui(ui, &self.form, cx),
                }
            });
        });
    }
}
