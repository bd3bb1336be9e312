//! The quality policy: every flag as a row, with what it leads to, from which value on, and how many recordings have it.

use eframe::egui::{Align, Button, Label as TextLabel, Layout, Slider, Ui};

use super::super::Cx;
use super::draft::Draft;
use crate::data::policy::LabelPolicy;
use crate::data::quality::{Flag, FlagTreatment, QualityPolicy};
use crate::data::study::FlagRow;
use crate::session::{Command, Edit};
use crate::ui::format::{count, counted};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, cell, notice, segments, slider};

/// Width of the three treatments, in points.
const TREATMENT_WIDTH: f32 = 216.0;
/// Width of the words before a slider, in points: the sliders stand below each other.
const WORDS_WIDTH: f32 = 196.0;
/// Width of a count, in points.
const COUNT_WIDTH: f32 = 84.0;

/// The tab of the quality policy.
#[derive(Default)]
pub(super) struct QualityTab {
    draft: Draft<LabelPolicy>,
}

impl QualityTab {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let study = cx.state.study.as_ref();
        let shown = self.draft.value(&study.policy, study.revision);
        let mut policy = shown.clone();
        card(ui, "What may be wrong with a recording", |ui| {
            let text = "Measured once, when a recording is read. Nothing is deleted: what is left out comes back with one \
                        click.";
            ui.add(TextLabel::new(theme::muted(ui, text)).wrap());
            if study.unread > 0 {
                let unread = counted(study.unread, "recording is", "recordings are");
                notice(ui, &format!("{unread} not read yet and not counted here"));
            }
            heads(ui);
            for row in &study.tally.flags {
                ui.separator();
                flag_row(ui, row, &mut policy.quality);
            }
            ui.separator();
            let is_default = policy.quality == QualityPolicy::default();
            let button = ui.add_enabled(!is_default, Button::new("Back to the defaults"));
            if shortcuts::DEFAULTS.activates(button, "Undo brings your own choices back") {
                policy.quality = QualityPolicy::default();
            }
        });
        if let Some(policy) = self.draft.change(&shown, policy, study.revision) {
            cx.send(Command::Edit(Edit::Policy(Box::new(policy))));
        }
    }
}

fn heads(ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            head(ui, TREATMENT_WIDTH, Layout::left_to_right(Align::Center), "What to do");
            ui.add_space(space::L);
            head(ui, COUNT_WIDTH, Layout::right_to_left(Align::Center), "Left out by it");
            head(ui, COUNT_WIDTH, Layout::right_to_left(Align::Center), "Recordings");
        });
    });
}

fn head(ui: &mut Ui, width: f32, layout: Layout, text: &str) {
    cell(ui, width, layout, |ui| ui.label(theme::caption(ui, text)));
}

/// Counts and treatment on the right; on the left what it is, and from which value on.
fn flag_row(ui: &mut Ui, row: &FlagRow, policy: &mut QualityPolicy) {
    let palette = palette(ui);
    let choices = [
        (FlagTreatment::Exclude, "Leave out", palette.text, "Recordings with it are not used"),
        (FlagTreatment::Warn, "Warn only", palette.warning, "They are used, and marked in Explore"),
        (FlagTreatment::Ignore, "Ignore", palette.text, "They are used, and not marked"),
    ];
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let current = policy.treatment(row.flag);
            let chosen = cell(ui, TREATMENT_WIDTH, Layout::left_to_right(Align::Center), |ui| {
                segments(ui, row.flag.name(), &choices, Some(current))
            });
            if let Some(chosen) = chosen {
                policy.treatment.insert(row.flag, chosen);
            }
            ui.add_space(space::L);
            for number in [row.left_out, row.recordings] {
                count_cell(ui, number);
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = space::XS;
                ui.label(theme::strong(row.flag.name()));
                ui.add(TextLabel::new(theme::muted(ui, row.flag.explanation())).wrap());
                threshold(ui, row.flag, policy);
            });
        });
    });
}

fn count_cell(ui: &mut Ui, number: usize) {
    cell(ui, COUNT_WIDTH, Layout::right_to_left(Align::Center), |ui| {
        let text = count(number);
        ui.label(if number == 0 { theme::plain(text).color(palette(ui).muted) } else { theme::plain(text) });
    });
}

/// From which value on a flag is set, where it depends on one.
fn threshold(ui: &mut Ui, flag: Flag, policy: &mut QualityPolicy) {
    let (words, range) = match flag {
        Flag::Silent => (
            "Loudest sample below",
            Slider::new(&mut policy.silent_below_dbfs, QualityPolicy::SILENT_BELOW_DBFS)
                .step_by(1.0)
                .fixed_decimals(0)
                .suffix(" dBFS"),
        ),
        Flag::Clipped => (
            "Share of cut-off samples above",
            Slider::new(&mut policy.clipped_share, QualityPolicy::CLIPPED_SHARE)
                .step_by(0.0005)
                .custom_formatter(|share, _| format!("{:.2} %", share * 100.0))
                .custom_parser(share_of),
        ),
        Flag::TooShort => (
            "Lasts less than",
            Slider::new(&mut policy.min_secs, QualityPolicy::MIN_SECS).step_by(0.05).fixed_decimals(2).suffix(" s"),
        ),
        Flag::LowSnr => (
            "Coughs above the rest by less than",
            Slider::new(&mut policy.min_snr_db, QualityPolicy::MIN_SNR_DB).step_by(0.5).fixed_decimals(1).suffix(" dB"),
        ),
        Flag::Truncated
        | Flag::NoCough
        | Flag::RatedPoor
        | Flag::ContradictoryLabels
        | Flag::ExactDuplicate
        | Flag::NearDuplicate => return,
    };
    ui.horizontal(|ui| {
        cell(ui, WORDS_WIDTH, Layout::left_to_right(Align::Center), |ui| ui.label(theme::muted(ui, words)));
        slider(ui, range, &format!("{flag}: {}", words.to_lowercase()));
    });
}

/// A share from what a person types in per cent.
fn share_of(text: &str) -> Option<f64> {
    let number: f64 = text.trim().trim_end_matches('%').trim().parse().ok()?;
    Some(number / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_typed_in_per_cent() {
        for (text, share) in [("0.5 %", Some(0.005)), ("2", Some(0.02)), (" 10% ", Some(0.1)), ("much", None)] {
            assert_eq!(share_of(text), share, "{text}");
        }
    }
}
