//! Recordings one by one: the list, and waveform and spectrogram of the one that is chosen.

use std::sync::Arc;

use eframe::egui::{Align, Label as TextLabel, Layout, Ui};

use super::recordings::RecordingList;
use super::{Cx, Panel, open_buttons};
use crate::data::Verdict;
use crate::session::{ClipView, Command, ViewState};
use crate::spectrogram::colour::ColourMap;
use crate::spectrogram::{LogMelConfig, PaperConfig, SpectrogramConfig};
use crate::ui::format::file_name;
use crate::ui::theme;
use crate::ui::widgets::{SoundView, badge, card, columns, combo, empty_state, page_header};

/// The panel of the recordings.
#[derive(Default)]
pub struct ExplorePanel {
    list: RecordingList,
    sound: SoundView,
    map: ColourMap,
    /// Stays on screen, faded, while the next recording is read, so that moving through the list does not flicker.
    last: Option<Arc<ClipView>>,
}

impl Panel for ExplorePanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.study.is_empty() {
            let text = "Open a dataset to browse its recordings, see their waveforms and spectrograms, and find out why \
                        some are left out.";
            empty_state(ui, "No recordings yet", text, |ui| open_buttons(ui, cx));
            return;
        }
        page_header(ui, "Explore", "Arrow keys move through the list", |ui| self.settings(ui, cx));
        columns(ui, &[1.0, 1.35], |ui, column| {
            let height = ui.available_height();
            card(ui, "", |ui| {
                // The frame's own margins and hairlines.
                ui.set_height(height - 2.0 * theme::space::L - 2.0);
                match column {
                    0 => self.list.ui(ui, cx),
                    _ => self.recording(ui, cx),
                }
            });
        });
    }
}

impl ExplorePanel {
    fn settings(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let choice = combo("colours").width(104.0).selected_text(self.map.name()).show_ui(ui, |ui| {
            for map in ColourMap::ALL {
                ui.selectable_value(&mut self.map, map, map.name());
            }
        });
        let label = ui.label(theme::muted(ui, "Colours"));
        choice.response.labelled_by(label.id);
        let paper = matches!(cx.state.explore.spectrogram, SpectrogramConfig::Paper(_));
        if ui.selectable_label(paper, "As in the paper").clicked() && !paper {
            cx.send(Command::ShowSpectrogram(SpectrogramConfig::Paper(PaperConfig::default())));
        }
        if ui.selectable_label(!paper, "Log-mel").clicked() && paper {
            cx.send(Command::ShowSpectrogram(SpectrogramConfig::LogMel(LogMelConfig::default())));
        }
    }

    fn recording(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        selected_head(ui, cx);
        match &cx.state.explore.view {
            ViewState::Empty => empty_state(ui, "No recording chosen", "Choose one in the list.", |_| {}),
            ViewState::Loading => self.loading(ui),
            ViewState::Failed(reason) => empty_state(ui, "This file has no usable sound", reason, |_| {}),
            ViewState::Ready(view) => {
                ui.scope(|ui| facts(ui, view));
                self.sound.ui(ui, view, self.map);
                self.last = Some(view.clone());
            }
        }
    }

    fn loading(&mut self, ui: &mut Ui) {
        if let Some(view) = &self.last {
            ui.scope(|ui| {
                ui.multiply_opacity(0.4);
                ui.scope(|ui| facts(ui, view));
                self.sound.ui(ui, view, self.map);
            });
        } else {
            empty_state(ui, "Reading the recording", "", |ui| {
                ui.spinner();
            });
        }
    }
}

/// Name, class and status of the chosen recording.
fn selected_head(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(clip) = cx.state.explore.selected.and_then(|id| cx.state.study.clip(id)) else { return };
    let palette = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            match &clip.verdict {
                Verdict::Use(label) => {
                    let colour = if label.is_positive() { palette.sick } else { palette.healthy };
                    badge(ui, &label.to_string(), colour, palette.raised)
                }
                Verdict::Exclude(reason) => badge(ui, &format!("left out: {reason}"), palette.muted, palette.raised),
                Verdict::Unreadable(_) => badge(ui, "unreadable", palette.error, palette.raised),
            };
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = ui.add(TextLabel::new(theme::section(file_name(&clip.path))).truncate());
                name.on_hover_text(clip.path.display().to_string());
            });
        });
    });
    let status = if clip.status.is_empty() { "no status" } else { &clip.status };
    let age = clip.subject.age.map_or(String::new(), |age| format!(" · {age:.0} years"));
    let sex = clip.subject.sex.as_deref().map_or(String::new(), |sex| format!(" · {sex}"));
    let words = format!("{} · {status}{age}{sex} · {}", clip.source.name(), clip.person.0);
    ui.add(TextLabel::new(theme::muted(ui, words)).truncate());
}

/// What decoding found.
fn facts(ui: &mut Ui, view: &ClipView) {
    let recording = &view.recording;
    let format = recording.format();
    let channels = match recording.channels().len() {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        several => format!("{several} channels"),
    };
    let codec = if format.container == format.codec {
        format.codec.clone()
    } else {
        format!("{} in {}", format.codec, format.container)
    };
    let words = format!("{} · {} · {channels} · {codec}", recording.duration(), recording.rate());
    // A line of text among others, not a row of controls.
    ui.spacing_mut().interact_size.y = 0.0;
    ui.horizontal(|ui| {
        let facts = ui.add(TextLabel::new(theme::muted(ui, words)).truncate());
        facts.on_hover_text(view.path.display().to_string());
        if format.truncated {
            let palette = theme::palette(ui);
            badge(ui, "cut short", palette.warning, palette.warning_soft)
                .on_hover_text("The file ended before its own structure said so; the sound up to there was kept");
        }
    });
}
