//! The label policy: every value of every dataset as a row, with what it counts as and how many that are.

use eframe::egui::{Align, Grid, Label as TextLabel, Layout, Response, Slider, Ui};

use super::super::Cx;
use super::draft::Draft;
use crate::data::SourceKind;
use crate::data::policy::{CoughKind, ExpertRole, LabelPolicy, Treatment, VirufyForm};
use crate::data::study::{DiagnosisRow, StatusRow, StudyView};
use crate::session::{Command, Edit};
use crate::ui::format::count;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::card;

/// Width of the names of choices, in points.
const NAME_WIDTH: f32 = 150.0;

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
            let is_default = policy == LabelPolicy::default();
            if ui.add_enabled_ui(!is_default, |ui| ui.button("Back to the defaults")).inner.clicked() {
                policy = LabelPolicy::default();
            }
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
        choice(ui, "Coswara coughs", "Both gives two recordings of each person", |ui| {
            for (kind, name) in
                [(CoughKind::Heavy, "Heavy"), (CoughKind::Shallow, "Shallow"), (CoughKind::Both, "Both")]
            {
                ui.selectable_value(&mut policy.coswara_cough, kind, name);
            }
        });
    }
    if open(SourceKind::Virufy) {
        choice(ui, "Virufy files", "The same coughs, cut apart or in one piece", |ui| {
            for (form, name) in [(VirufyForm::Segmented, "One cough each"), (VirufyForm::Original, "One person each")] {
                ui.selectable_value(&mut policy.virufy_form, form, name);
            }
        });
    }
    if open(SourceKind::Coughvid) {
        let help = "COUGHVID's own detector must be at least this sure that a recording is a cough; 0.8 is usual";
        choice(ui, "Cough detected", help, |ui| {
            let slider = Slider::new(&mut policy.min_cough_detected, 0.0..=1.0).step_by(0.01).fixed_decimals(2);
            ui.add(slider).accessible_name("Cough detected at least");
        });
        let help = "Physicians listened to about 2,800 recordings; the other labels are what people said of themselves";
        choice(ui, "Experts", help, |ui| {
            for (role, name) in [
                (ExpertRole::Ignored, "Do not count"),
                (ExpertRole::Fills, "Count where nothing is stated"),
                (ExpertRole::Decides, "Decide"),
            ] {
                ui.selectable_value(&mut policy.experts, role, name);
            }
        });
    }
    if study.sources.iter().all(|source| matches!(source.kind, SourceKind::Folder | SourceKind::Table)) {
        ui.label(theme::muted(ui, "These datasets leave no choice"));
    }
}

fn choice(ui: &mut Ui, name: &str, help: &str, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let label = ui.scope(|ui| {
            ui.set_width(NAME_WIDTH);
            ui.label(name)
        });
        label.inner.on_hover_text(help);
        contents(ui);
    });
}

fn statuses(ui: &mut Ui, study: &StudyView, policy: &mut LabelPolicy) {
    let mut dataset = None;
    for rows in study.tally.statuses.chunk_by(|one, other| one.source == other.source) {
        let Some(first) = rows.first() else { continue };
        if dataset.replace(first.source).is_some() {
            ui.separator();
        }
        ui.label(theme::strong(first.source.name()));
        Grid::new(("statuses", first.source)).num_columns(5).striped(false).min_col_width(60.0).show(ui, |ui| {
            for row in rows {
                status_row(ui, row, policy);
                ui.end_row();
            }
        });
    }
}

fn status_row(ui: &mut Ui, row: &StatusRow, policy: &mut LabelPolicy) {
    let name = if row.status.is_empty() { "nothing stated" } else { &row.status };
    cell(ui, 210.0, name);
    let current = policy.treatment(row.source, &row.status);
    if let Some(chosen) = treatment_ui(ui, name, current) {
        policy.set(row.source, &row.status, chosen);
    }
    number_cell(ui, row.recordings).on_hover_text(format!("{} are used", count(row.used)));
    let why = if current == row.default { row.why } else { "your choice" };
    ui.add(TextLabel::new(theme::muted(ui, why)).truncate());
}

fn diagnoses(ui: &mut Ui, study: &StudyView, policy: &mut LabelPolicy) {
    if policy.experts == ExpertRole::Ignored {
        ui.label(theme::muted(ui, "The experts do not count now; choose so above to change that"));
    }
    ui.add_enabled_ui(policy.experts != ExpertRole::Ignored, |ui| {
        Grid::new("diagnoses").num_columns(5).min_col_width(60.0).show(ui, |ui| {
            for row in &study.tally.diagnoses {
                diagnosis_row(ui, row, policy);
                ui.end_row();
            }
        });
    });
}

fn diagnosis_row(ui: &mut Ui, row: &DiagnosisRow, policy: &mut LabelPolicy) {
    cell(ui, 210.0, &row.diagnosis);
    if let Some(chosen) = treatment_ui(ui, &row.diagnosis, policy.diagnosis(&row.diagnosis)) {
        policy.set_diagnosis(&row.diagnosis, chosen);
    }
    number_cell(ui, row.recordings);
    ui.add(TextLabel::new(theme::muted(ui, row.why)).truncate());
}

/// Three ways to treat a value, of which one is chosen. Returns another that was clicked.
fn treatment_ui(ui: &mut Ui, name: &str, current: Option<Treatment>) -> Option<Treatment> {
    let palette = palette(ui);
    let mut chosen = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for treatment in Treatment::ALL {
            let (text, colour) = match treatment {
                Treatment::Healthy => ("Healthy", palette.healthy),
                Treatment::Sick => ("Sick", palette.sick),
                Treatment::Exclude => ("Leave out", palette.muted),
            };
            let is_current = current.unwrap_or(Treatment::Exclude) == treatment;
            let text = eframe::egui::RichText::new(text).color(if is_current { colour } else { palette.muted });
            let button = ui.selectable_label(is_current, text);
            if button.accessible_name(format!("{name}: {treatment}")).clicked() && !is_current {
                chosen = Some(treatment);
            }
        }
    });
    chosen
}

fn cell(ui: &mut Ui, width: f32, text: &str) {
    ui.scope(|ui| {
        ui.set_width(width);
        ui.add(TextLabel::new(text).truncate()).on_hover_text(text);
    });
}

fn number_cell(ui: &mut Ui, number: usize) -> Response {
    ui.scope(|ui| {
        ui.set_width(64.0);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(count(number))).inner
    })
    .inner
}
