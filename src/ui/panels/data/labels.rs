//! The label policy: every value of every dataset as a row, with how many recordings have it and what it counts as.

use eframe::egui::{Align, Button, Label as TextLabel, Layout, Slider, Ui};

use super::super::Cx;
use super::draft::Draft;
use crate::data::SourceKind;
use crate::data::policy::{CoughKind, ExpertRole, LabelPolicy, Treatment, VirufyForm};
use crate::data::study::{StatusRow, StudyView};
use crate::session::{Command, Edit};
use crate::ui::dialogs::Dialog;
use crate::ui::format::{count, counted};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, cell, notice, segments, setting, slider};

/// Width of the names of choices, in points.
const NAME_WIDTH: f32 = 160.0;
/// Width of a dataset's word, in points.
const WORD_WIDTH: f32 = 200.0;
/// Width of the three treatments, in points.
const TREATMENT_WIDTH: f32 = 216.0;
/// Width of a count, in points.
const COUNT_WIDTH: f32 = 72.0;

/// The tab of the label policy.
#[derive(Default)]
pub(super) struct LabelsTab {
    draft: Draft<LabelPolicy>,
}

impl LabelsTab {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let study = cx.state.study.as_ref();
        let shown = self.draft.value(&study.policy, study.revision);
        let mut policy = shown.clone();
        card(ui, "Which recordings", |ui| choices(ui, study, &mut policy));
        ui.add_space(space::S);
        card(ui, "What each status counts as", |ui| {
            statuses(ui, study, &mut policy);
            ui.horizontal(|ui| {
                back_to_defaults(ui, &mut policy);
                files(ui, cx);
            });
        });
        if !study.tally.diagnoses.is_empty() {
            ui.add_space(space::S);
            card(ui, "What each expert diagnosis counts as", |ui| diagnoses(ui, study, &mut policy));
        }
        if let Some(policy) = self.draft.change(&shown, policy, study.revision) {
            cx.send(Command::Edit(Edit::Policy(Box::new(policy))));
        }
    }
}

/// The choices that a dataset has beside its words; only those of datasets that are open.
fn choices(ui: &mut Ui, study: &StudyView, policy: &mut LabelPolicy) {
    let open = |kind| study.sources.iter().any(|source| source.kind == kind);
    if open(SourceKind::Coswara) {
        let help = "Coswara asked each person for two recordings of coughs";
        setting(ui, NAME_WIDTH, "Coswara coughs", help, |ui| {
            for (kind, name, help) in [
                (CoughKind::Heavy, "Heavy", "The strong coughs, as in the paper: one recording of each person"),
                (CoughKind::Shallow, "Shallow", "The light coughs: one recording of each person"),
                (CoughKind::Both, "Both", "Two recordings of each person"),
            ] {
                ui.selectable_value(&mut policy.coswara_cough, kind, name).on_hover_text(help);
            }
        });
    }
    if open(SourceKind::Virufy) {
        let help = "Virufy has the same coughs twice: cut apart, and as they were recorded";
        setting(ui, NAME_WIDTH, "Virufy recordings", help, |ui| {
            for (form, name, help) in [
                (VirufyForm::Segmented, "Single coughs", "Every cough is a recording, about seven of each patient"),
                (VirufyForm::Original, "Whole recordings", "One recording of each patient, with all coughs in it"),
            ] {
                ui.selectable_value(&mut policy.virufy_form, form, name).on_hover_text(help);
            }
        });
    }
    if open(SourceKind::Coughvid) || study.tally.cough_scores.recordings > 0 {
        let help = "COUGHVID gives every recording a score from 0 to 1: how sure its own detector is that it is a cough. \
                    The dataset's authors use 0.8";
        setting(ui, NAME_WIDTH, "COUGHVID cough score", help, |ui| {
            let bound = Slider::new(&mut policy.min_cough_detected, LabelPolicy::MIN_COUGH_DETECTED)
                .step_by(0.01)
                .fixed_decimals(2);
            slider(ui, bound, "Cough score at least");
            let scores = &study.tally.cough_scores;
            let left = count(scores.at_least(policy.min_cough_detected));
            let all = counted(scores.recordings, "recording", "recordings");
            ui.label(theme::muted(ui, format!("or more: {left} of {all}")));
        });
        let help = "Physicians listened to about 2,800 recordings of COUGHVID; all its other labels are self-reported";
        setting(ui, NAME_WIDTH, "Expert diagnoses", help, |ui| {
            for (role, name, help) in [
                (ExpertRole::Ignored, "Not used", "Every label is what the person reported"),
                (
                    ExpertRole::Fills,
                    "Where nothing was reported",
                    "A diagnosis counts where the person reported nothing",
                ),
                (
                    ExpertRole::Decides,
                    "Before self-reports",
                    "A diagnosis counts wherever there is one, whatever the person reported",
                ),
            ] {
                ui.selectable_value(&mut policy.experts, role, name).on_hover_text(help);
            }
        });
    }
    let leaves_choice = |kind| matches!(kind, SourceKind::Coswara | SourceKind::Virufy | SourceKind::Coughvid);
    if !study.sources.iter().any(|source| leaves_choice(source.kind)) {
        ui.label(theme::muted(ui, "Every recording of these datasets; they leave no choice"));
    }
}

fn statuses(ui: &mut Ui, study: &StudyView, policy: &mut LabelPolicy) {
    let unknown = study.tally.statuses.iter().filter(|row| policy.treatment(row.source, &row.status).is_none()).count();
    if unknown > 0 {
        notice(ui, "Nobody has said yet what some of these words count as; until somebody does, they are left out");
    }
    heads(ui, "Status");
    for rows in study.tally.statuses.chunk_by(|one, other| one.source == other.source) {
        let Some(first) = rows.first() else { continue };
        ui.label(theme::strong(study.names_of(first.source)));
        ui.spacing_mut().item_spacing.y = space::XS;
        for row in rows {
            status_row(ui, row, policy);
        }
        ui.add_space(space::S);
    }
}

/// The heads of the columns below: the same for every table here.
fn heads(ui: &mut Ui, word: &str) {
    let (left, right) = (Layout::left_to_right(Align::Center), Layout::right_to_left(Align::Center));
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        head_cell(ui, WORD_WIDTH, left, word);
        head_cell(ui, COUNT_WIDTH, right, "Recordings");
        ui.add_space(space::S);
        head_cell(ui, TREATMENT_WIDTH, left, "Counts as");
        head_cell(ui, COUNT_WIDTH, right, "Used");
        ui.add_space(space::S);
        ui.label(theme::caption(ui, "Why"));
    });
}

fn head_cell(ui: &mut Ui, width: f32, layout: Layout, head: &str) {
    let place = ui.allocate_space(eframe::egui::vec2(width, theme::size::SECTION)).1;
    let mut place = ui.new_child(eframe::egui::UiBuilder::new().max_rect(place).layout(layout));
    place.label(theme::caption(&place, head));
}

fn status_row(ui: &mut Ui, row: &StatusRow, policy: &mut LabelPolicy) {
    let name = if row.status.is_empty() { "nothing stated" } else { &row.status };
    let current = policy.treatment(row.source, &row.status);
    let reason = if current.is_none() || current == row.default { row.why } else { "your choice" };
    if let Some(chosen) = value_row(ui, name, current, [row.recordings, row.used], reason) {
        policy.set(row.source, &row.status, chosen);
    }
}

fn diagnoses(ui: &mut Ui, study: &StudyView, policy: &mut LabelPolicy) {
    if policy.experts == ExpertRole::Ignored {
        ui.label(theme::muted(ui, "They are not used now; “Expert diagnoses” above can change that"));
    }
    ui.add_enabled_ui(policy.experts != ExpertRole::Ignored, |ui| {
        heads(ui, "Diagnosis");
        ui.spacing_mut().item_spacing.y = space::XS;
        for row in &study.tally.diagnoses {
            let current = policy.diagnosis(&row.diagnosis);
            if let Some(chosen) = value_row(ui, &row.diagnosis, current, [row.recordings, row.used], row.why) {
                policy.set_diagnosis(&row.diagnosis, chosen);
            }
        }
    });
}

/// A value with how many recordings have it, what it counts as, how many of them are used, and why. Returns another
/// treatment that was clicked.
fn value_row(
    ui: &mut Ui,
    name: &str,
    current: Option<Treatment>,
    [recordings, used]: [usize; 2],
    reason: &str,
) -> Option<Treatment> {
    ui.horizontal(|ui| {
        word_cell(ui, name);
        count_cell(ui, recordings);
        ui.add_space(space::S);
        let chosen = treatment_cell(ui, name, current);
        count_cell(ui, used);
        why(ui, reason);
        chosen
    })
    .inner
}

fn word_cell(ui: &mut Ui, word: &str) {
    cell(ui, WORD_WIDTH, Layout::left_to_right(Align::Center), |ui| {
        ui.add(TextLabel::new(word).truncate()).on_hover_text(word);
    });
}

/// Three ways to treat a value, of which one is chosen. Returns another that was clicked.
fn treatment_cell(ui: &mut Ui, name: &str, current: Option<Treatment>) -> Option<Treatment> {
    let palette = palette(ui);
    let choices = [
        (Treatment::Healthy, "Healthy", palette.healthy, "Used as healthy"),
        (Treatment::Sick, "Sick", palette.sick, "Used as sick"),
        (Treatment::Exclude, "Leave out", palette.text, "Not used"),
    ];
    cell(ui, TREATMENT_WIDTH, Layout::left_to_right(Align::Center), |ui| segments(ui, name, &choices, current))
}

fn count_cell(ui: &mut Ui, number: usize) {
    cell(ui, COUNT_WIDTH, Layout::right_to_left(Align::Center), |ui| {
        let text = count(number);
        ui.label(if number == 0 { theme::plain(text).color(palette(ui).muted) } else { theme::plain(text) });
    });
}

fn why(ui: &mut Ui, words: &str) {
    ui.add_space(space::S);
    ui.add(TextLabel::new(theme::muted(ui, words)).truncate());
}

fn back_to_defaults(ui: &mut Ui, policy: &mut LabelPolicy) {
    // The quality has a tab and a button of its own.
    let defaults = LabelPolicy { quality: policy.quality.clone(), ..LabelPolicy::default() };
    let button = ui.add_enabled(*policy != defaults, Button::new("Back to the defaults"));
    if shortcuts::DEFAULTS.activates(button, "Undo brings your own choices back") {
        *policy = defaults;
    }
}

/// Takes the policy to another study and back.
fn files(ui: &mut Ui, cx: &mut Cx<'_>) {
    let help = "Writes the choices of Labels and Quality to a file, for another study or for the record";
    if shortcuts::SAVE_POLICY.activates(ui.button("Save policy…"), help) {
        cx.ask(Dialog::SavePolicy);
    }
    let help = "Takes the choices of Labels and Quality from such a file; Undo brings your own back";
    if shortcuts::READ_POLICY.activates(ui.button("Read policy…"), help) {
        cx.ask(Dialog::ReadPolicy);
    }
}
