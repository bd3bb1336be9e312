//! What the study holds, to look at and to listen to.

mod charts;
mod choosing;
mod columns;
mod decide;
mod detail;
mod fate;
mod filters;
mod gallery;
mod list;
mod picture_form;
mod rows;
mod transport;

use eframe::egui::Ui;

use self::charts::Charts;
use self::detail::Detail;
use self::filters::Filters;
use self::gallery::{Ask, Gallery};
use self::list::RecordingList;
use self::picture_form::PictureForm;
use super::{Cx, Panel, open_buttons, undo_buttons};
use crate::data::study::filter::Filter;
use crate::session::Command;
use crate::ui::shortcuts;
use crate::ui::theme::{palette, space};
use crate::ui::widgets::{card, columns, empty_state, page_header, segments_with};

/// A way to look at the recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ExploreView {
    /// One by one.
    #[default]
    Recordings,
    /// Healthy and sick side by side.
    Gallery,
    /// All that are used, counted.
    Charts,
}

impl ExploreView {
    /// Each with its name, and what it shows.
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Recordings, "Recordings", "One by one, to look at and to listen to"),
        (Self::Gallery, "Gallery", "Healthy and sick side by side, as small pictures"),
        (Self::Charts, "Charts", "The used recordings in numbers, and what gives the class away"),
    ];
}

/// The panel of the recordings.
#[derive(Default)]
pub struct ExplorePanel {
    view: ExploreView,
    /// The filter as it was last: who asks for other recordings wants to see them, not counts of all.
    filter: Filter,
    charts: Charts,
    form: PictureForm,
    filters: Filters,
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
        if self.filter != cx.state.explore.filter {
            self.filter = cx.state.explore.filter.clone();
            if self.view == ExploreView::Charts {
                self.view = ExploreView::Recordings;
            }
        }
        let subtitle = match self.view {
            ExploreView::Recordings | ExploreView::Gallery => String::new(),
            ExploreView::Charts => Charts::subtitle(cx.state),
        };
        page_header(ui, "Explore", &subtitle, |ui| {
            match self.view {
                ExploreView::Recordings | ExploreView::Gallery => {
                    undo_buttons(ui, cx);
                    self.form.ui(ui, cx);
                }
                ExploreView::Charts => Charts::actions(ui, cx),
            }
            self.switch(ui, cx);
        });
        match self.view {
            ExploreView::Recordings => self.recordings(ui, cx),
            ExploreView::Gallery => {
                if self.gallery.ui(ui, &mut self.filters, &self.form, cx) == Some(Ask::LookCloser) {
                    self.show(ExploreView::Recordings, cx);
                }
            }
            ExploreView::Charts => {
                if let Some(filter) = self.charts.ui(ui, cx) {
                    cx.send(Command::ShowOnly(filter));
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
        let choices = ExploreView::ALL.map(|(view, name, _)| (view, name, text));
        let mut wanted = segments_with(ui, "View", &choices, Some(self.view), |button, index| {
            match (shortcuts::VIEWS.get(index), ExploreView::ALL.get(index)) {
                (Some(key), Some((.., help))) => key.on(button, help),
                _ => button,
            }
        });
        for (key, (view, ..)) in shortcuts::VIEWS.iter().zip(ExploreView::ALL) {
            if key.pressed(ui.ctx()) {
                wanted = Some(view);
            }
        }
        if let Some(view) = wanted {
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
                    0 => self.list.ui(ui, &mut self.filters, cx),
                    _ => self.detail.ui(ui, &self.form, cx),
                }
            });
        });
    }
}
