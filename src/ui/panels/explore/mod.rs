//! What the study holds, to look at and to listen to.

mod charts;
mod detail;
mod list;
mod picture_form;
mod transport;

use eframe::egui::Ui;

use self::charts::Charts;
use self::detail::Detail;
use self::list::RecordingList;
use self::picture_form::PictureForm;
use super::{Cx, Panel, open_buttons, undo_buttons};
use crate::data::study::filter::Filter;
use crate::session::Command;
use crate::ui::theme::{palette, space};
use crate::ui::widgets::{card, columns, empty_state, page_header, segments};

/// How the study is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ExploreView {
    /// One recording after the other.
    #[default]
    Recordings,
    /// All used ones, counted.
    Charts,
}

/// The panel of the recordings.
#[derive(Default)]
pub struct ExplorePanel {
    view: ExploreView,
    /// The filter as it was last: who asks for other recordings wants to see the list.
    filter: Filter,
    charts: Charts,
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
        if self.filter != cx.state.explore.filter {
            self.filter = cx.state.explore.filter.clone();
            self.view = ExploreView::Recordings;
        }
        let subtitle = match self.view {
            ExploreView::Recordings => "Arrow keys move through the list".to_owned(),
            ExploreView::Charts => Charts::subtitle(&cx.state.study.cohort),
        };
        page_header(ui, "Explore", &subtitle, |ui| {
            match self.view {
                ExploreView::Recordings => {
                    undo_buttons(ui, cx);
                    self.form.ui(ui, cx);
                }
                ExploreView::Charts => Charts::actions(ui, cx),
            }
            self.view = view_switch(ui, self.view);
        });
        match self.view {
            ExploreView::Recordings => self.recordings(ui, cx),
            ExploreView::Charts => {
                if let Some(filter) = self.charts.ui(ui, cx) {
                    cx.send(Command::ShowOnly(filter));
                    self.view = ExploreView::Recordings;
                }
            }
        }
    }
}

/// Which view to show from now on.
fn view_switch(ui: &mut Ui, current: ExploreView) -> ExploreView {
    let accent = palette(ui).accent;
    let choices = [
        (ExploreView::Recordings, "Recordings", accent, "One after the other, to look at and to listen to"),
        (ExploreView::Charts, "Charts", accent, "The used recordings in numbers, and what gives the class away"),
    ];
    segments(ui, "View", &choices, Some(current)).unwrap_or(current)
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
