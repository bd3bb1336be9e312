//! The label policy: every value of every dataset as a row, with what it counts as and how many that are.

use eframe::egui::{Align, Button, Label as TextLabel, Layout, Slider, Ui};

use super::super::Cx;
use super::draft::Draft;
use crate::data::SourceKind;
use crate::data::policy::{CoughKind, ExpertRole, LabelPolicy, Treatment, VirufyForm};
use crate::data::study::{DiagnosisRow, StatusRow, StudyView};
use crate::session::{Command, Edit};
use crate::ui::format::count;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, cell, notice, segments, setting, slider};

/// Width of the names of choices, in points.
const NAME_WIDTH: f32 = 130.0;
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
        card(ui, "What a dataset's words count as", |ui| {
            statuses(ui, study, &mut policy);
            back_to_defaults(ui, &mut policy);
        });
        if !study.tally.diagnoses.is_empty() {
            ui.add_space(space::S);
            card(ui, "What an expert's diagnosis counts as", |ui| diagnoses(ui, study, &mut policy));
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
        let help = "Coswara has two cough recordings of each person; with both, a person counts with two";
        setting(ui, NAME_WIDTH, "Coswara coughs", help, |ui| {
            for (kind, name) in
                [(CoughKind::Heavy, "Heavy"), (CoughKind::Shallow, "Shallow"), (CoughKind::Both, "Both")]
            {
                ui.selectable_value(&mut policy.coswara_cough, kind, name);
            }
        });
    }
    if open(SourceKind::Virufy) {
        let help = "Virufy has the same coughs twice: cut apart, and as they were recorded";
        setting(ui, NAME_WIDTH, "Virufy files", help, |ui| {
            for (form, name) in [(VirufyForm::Segmented, "One cough each"), (VirufyForm::Original, "One person each")] {
                ui.selectable_value(&mut policy.virufy_form, form, name);
            }
        });
    }
    if open(SourceKind::Coughvid) {
        let help =
            "How sure COUGHVID's own detector must be that a recording is a cough; the dataset's authors use 0.8";
        setting(ui, NAME_WIDTH, "Cough detected", help, |ui| {
            let bound = Slider::new(&mut policy.min_cough_detected, 0.0..=1.0).step_by(0.01).fixed_decimals(2);
            slider(ui, bound, "Cough detected at least");
            ui.label(theme::muted(ui, "at least, of 1"));
        });
        let help = "Physicians listened to about 2,800 recordings; the other labels are what people said of themselves";
        setting(ui, NAME_WIDTH, "Experts", help, |ui| {
            for (role, name, help) in [
                (ExpertRole::Ignored, "Do not count", "Labels are what people said of themselves"),
                (ExpertRole::Fills, "Fill gaps", "An expert's diagnosis counts where a person stated nothing"),
                (ExpertRole::Decides, "Decide", "An expert's diagnosis counts wherever there is one"),
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
    heads(ui, "Its own word");
    for rows in study.tally.statuses.chunk_by(|one, other| one.source == other.source) {
        let Some(first) = rows.first() else { continue };
        ui.label(theme::strong(first.source.name()));
        ui.spacing_mut().item_spacing.y = space::XS;
        for row in rows {
            status_row(ui, row, policy);
        }
        ui.add_space(space::S);
    }
}

/// The heads of the columns below.
fn heads(ui: &mut Ui, word: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        for (width, head) in [(WORD_WIDTH, word), (TREATMENT_WIDTH, "Counts as")] {
            head_cell(ui, width, Layout::left_to_right(Align::Center), head);
        }
        for head in ["Recordings", "Used"] {
            head_cell(ui, COUNT_WIDTH, Layout::right_to_left(Align::Center), head);
        }
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
    ui.horizontal(|ui| {
        word_cell(ui, name);
        let current = policy.treatment(row.source, &row.status);
        if let Some(chosen) = treatment_cell(ui, name, current) {
            policy.set(row.source, &row.status, chosen);
        }
        for number in [row.recordings, row.used] {
            count_cell(ui, number);
        }
        why(
            ui,
            match current {
                None => row.why,
                current if current == row.default => row.why,
                _ => "your choice",
            },
        );
    });
}

fn diagnoses(ui: &mut Ui, study: &StudyView, policy: &mut LabelPolicy) {
    if policy.experts == ExpertRole::Ignored {
        ui.label(theme::muted(ui, "The experts do not count now; above, under Experts, they can be made to"));
    }
    ui.add_enabled_ui(policy.experts != ExpertRole::Ignored, |ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        for row in &study.tally.diagnoses {
            diagnosis_row(ui, row, policy);
        }
    });
}

fn diagnosis_row(ui: &mut Ui, row: &DiagnosisRow, policy: &mut LabelPolicy) {
    ui.horizontal(|ui| {
        word_cell(ui, &row.diagnosis);
        if let Some(chosen) = treatment_cell(ui, &row.diagnosis, policy.diagnosis(&row.diagnosis)) {
            policy.set_diagnosis(&row.diagnosis, chosen);
        }
        count_cell(ui, row.recordings);
        why(ui, row.why);
    });
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
        (Treatment::Healthy, "Healthy", palette.healthy),
        (Treatment::Sick, "Sick", palette.sick),
        (Treatment::Exclude, "Leave out", palette.text),
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
    if button.on_hover_text("Undo brings your own choices back").clicked() {
        *policy = defaults;
    }
}
