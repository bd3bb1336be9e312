//! The recording that is chosen: what it is, what was decided about it, and its pictures.

use std::sync::Arc;

use eframe::egui::{Align, Label as TextLabel, Layout, Ui};

use super::decide;
use super::picture_form::PictureForm;
use super::transport::transport;
use crate::data::policy::LabelPolicy;
use crate::data::quality::FlagTreatment;
use crate::data::{Clip, Verdict};
use crate::session::{ClipId, ClipView, Command, Edit, ViewState};
use crate::ui::format::{counted, file_name, sentence};
use crate::ui::panels::Cx;
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{SoundView, badge, empty_state};

/// Room that the name of the decision needs beside the choices and a reason, in points; a smaller window leaves it out.
const HEAD_WIDTH: f32 = 560.0;

/// The recording that is chosen.
#[derive(Default)]
pub struct Detail {
    sound: SoundView,
    /// Stays on screen, faded, while the next recording is read, so that moving through the list does not flicker.
    last: Option<Arc<ClipView>>,
}

impl Detail {
    /// Draws it, in the picture that `form` has chosen.
    pub fn ui(&mut self, ui: &mut Ui, form: &PictureForm, cx: &mut Cx<'_>) {
        if let Some(clip) = cx.state.explore.selected.and_then(|id| cx.state.study.clip(id)) {
            selected_head(ui, clip);
            decision(ui, clip, cx);
            flags(ui, clip, &cx.state.study.policy);
            twin(ui, clip, cx);
        }
        match &cx.state.explore.view {
            ViewState::Empty => empty_state(ui, "No recording chosen", "Choose one in the list.", |_| {}),
            ViewState::Loading => self.loading(ui, form),
            ViewState::Failed(reason) => empty_state(ui, "This file has no usable sound", reason, |_| {}),
            ViewState::Ready(view) => {
                ui.scope(|ui| facts(ui, view));
                self.pictures(ui, view, form, cx);
                self.last = Some(view.clone());
            }
        }
    }

    /// The pictures, over the row of controls.
    fn pictures(&mut self, ui: &mut Ui, view: &Arc<ClipView>, form: &PictureForm, cx: &mut Cx<'_>) {
        let look = form.look();
        let player = &cx.state.player;
        let heard = player.current.as_ref().is_some_and(|current| current.path == view.path);
        let playing = player.position().filter(|_| heard);
        ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
            transport(ui, view, &mut self.sound, cx);
            ui.with_layout(Layout::top_down(Align::Min), |ui| self.sound.ui(ui, view, look, playing));
        });
    }

    fn loading(&mut self, ui: &mut Ui, form: &PictureForm) {
        let look = form.look();
        if let Some(view) = &self.last {
            ui.scope(|ui| {
                ui.multiply_opacity(0.4);
                ui.scope(|ui| facts(ui, view));
                self.sound.ui(ui, view, look, None);
            });
        } else {
            empty_state(ui, "Reading the recording", "", |ui| {
                ui.spinner();
            });
        }
    }
}

/// Name, class and status of a recording.
fn selected_head(ui: &mut Ui, clip: &Clip) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            match &clip.verdict {
                Verdict::Use(label) => {
                    let colour = if label.is_positive() { palette.sick } else { palette.healthy };
                    badge(ui, &label.to_string(), colour, palette.raised)
                }
                Verdict::Exclude(_) => badge(ui, "left out", palette.muted, palette.raised),
                Verdict::Unreadable(_) => badge(ui, "unreadable", palette.error, palette.raised),
            };
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = ui.add(TextLabel::new(theme::section(file_name(&clip.path))).truncate());
                name.on_hover_text(clip.path.display().to_string());
            });
        });
    });
    let words = subject_words(clip);
    ui.add(TextLabel::new(theme::muted(ui, &words)).truncate()).on_hover_text(words);
}

/// Dataset, status, age, sex and person of a recording, in a line.
pub fn subject_words(clip: &Clip) -> String {
    let status = if clip.status.is_empty() { "no status" } else { &clip.status };
    let age = clip.subject.age.map_or(String::new(), |age| format!(" · {age:.0} years"));
    let sex = clip.subject.sex.as_deref().map_or(String::new(), |sex| format!(" · {sex}"));
    format!("{} · {status}{age}{sex} · {}", clip.source.name(), clip.person.0)
}

/// What a person decides about a recording, and why it is left out where it is.
fn decision(ui: &mut Ui, clip: &Clip, cx: &mut Cx<'_>) {
    if !clip.has_file() {
        ui.label(theme::muted(ui, format!("Left out: {}", words_of(&clip.verdict))));
        return;
    }
    // With several, the keys are about all of them.
    let keys = cx.state.explore.marked.is_empty();
    ui.horizontal_wrapped(|ui| {
        if ui.available_width() >= HEAD_WIDTH {
            ui.label(theme::muted(ui, "Decision"));
        }
        if let Some(chosen) = decide::choices(ui, "Decision", Some(clip.decision), keys) {
            cx.send(Command::Edit(Edit::Decisions(vec![(clip.path.clone(), chosen)])));
        }
        if clip.verdict.label().is_none() {
            let words = format!("Left out: {}", words_of(&clip.verdict));
            ui.add(TextLabel::new(theme::muted(ui, &words)).truncate()).on_hover_text(words);
        } else if clip.decision.is_some() {
            ui.label(theme::muted(ui, "Decided by hand"));
        }
    });
}

/// Why a recording is not used.
fn words_of(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Use(_) => String::new(),
        Verdict::Exclude(reason) => reason.to_string(),
        Verdict::Unreadable(reason) => reason.clone(),
    }
}

/// What may be wrong with a recording, each with its explanation on hover. Those that the policy ignores are faint.
fn flags(ui: &mut Ui, clip: &Clip, policy: &LabelPolicy) {
    if clip.flags.is_empty() {
        return;
    }
    let palette = palette(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        ui.spacing_mut().item_spacing.x = space::XS;
        for flag in clip.flags.iter() {
            let treatment = policy.quality.treatment(flag);
            let (colour, ground, leads_to) = match treatment {
                FlagTreatment::Ignore => (palette.muted, palette.raised, "It is ignored"),
                FlagTreatment::Warn => (palette.warning, palette.warning_soft, "It is only a warning"),
                FlagTreatment::Exclude => (palette.error, palette.raised, "Recordings with it are left out"),
            };
            let help = format!("{}\n{leads_to}; the Quality tab of Data can change that.", flag.explanation());
            badge(ui, flag.name(), colour, ground).on_hover_text(help);
        }
    });
}

/// Which other recording sounds the same, and the way to it.
fn twin(ui: &mut Ui, clip: &Clip, cx: &mut Cx<'_>) {
    let study = &cx.state.study;
    let Some(words) = study.twin_in_words(clip).map(|words| sentence(&words)) else { return };
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // Another listing of its own file is no recording to go to.
            let is_listed = clip.same.exact.is_some() || clip.same.near.is_some();
            if is_listed
                && shortcuts::TWIN.activates(ui.button("Show it"), "Go to the other recording")
                && let Some(place) =
                    study.clips.iter().position(|other| Some(&*other.path) == clip.same.twin.as_deref())
            {
                cx.send(Command::Select(ClipId(place)));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(TextLabel::new(theme::muted(ui, &words)).truncate()).on_hover_text(words);
            });
        });
    });
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
    let words = format!("{} · {} · {channels} · {}", recording.duration(), recording.rate(), format.name());
    let words = match view.coughs.len() {
        0 => format!("{words} · no cough found"),
        coughs => format!("{words} · {}", counted(coughs, "cough found", "coughs found")),
    };
    // A line of text among others, not a row of controls.
    ui.spacing_mut().interact_size.y = 0.0;
    ui.horizontal(|ui| {
        let facts = ui.add(TextLabel::new(theme::muted(ui, words)).truncate());
        facts.on_hover_text(view.path.display().to_string());
        if format.truncated {
            let palette = palette(ui);
            badge(ui, "cut short", palette.warning, palette.warning_soft)
                .on_hover_text("The file ended before its own structure said so; the sound up to there was kept");
        }
    });
}
