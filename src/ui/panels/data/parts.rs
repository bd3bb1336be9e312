//! How the recordings fall into parts, and what leaks between them.

use eframe::egui::{DragValue, Grid, Label as TextLabel, RichText, Slider, Ui};

use super::super::Cx;
use super::draft::Draft;
use crate::data::split::{Leaks, Part, SplitBy, SplitConfig, SplitOutcome};
use crate::data::study::StudyView;
use crate::data::{Label, SourceKind};
use crate::session::{Command, Edit};
use crate::ui::format::{count, counted, percent};
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, columns, combo, dot, grid, notice};

/// Width of the names of settings, in points.
const NAME_WIDTH: f32 = 110.0;

/// The tab of the parts.
#[derive(Default)]
pub(super) struct PartsTab {
    draft: Draft<SplitConfig>,
}

impl PartsTab {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let study = cx.state.study.as_ref();
        let shown = self.draft.value(&study.split_config, study.revision);
        let mut config = shown.clone();
        columns(ui, &[1.0, 1.25], |ui, column| match column {
            0 => {
                card(ui, "How they are drawn", |ui| settings(ui, study, &mut config));
                ui.add_space(space::S);
                card(ui, "What leaks between them", |ui| leaks_ui(ui, study));
            }
            _ => card(ui, "Parts", |ui| outcome_ui(ui, study)),
        });
        if let Some(config) = self.draft.change(&shown, config, study.revision) {
            cx.send(Command::Edit(Edit::Split(config)));
        }
    }
}

fn settings(ui: &mut Ui, study: &StudyView, config: &mut SplitConfig) {
    setting(ui, "Drawn by", |ui| {
        for (by, name, help) in [
            (SplitBy::Person, "Person", "Nobody is in two parts"),
            (SplitBy::File, "Recording", "As in the paper: one person may be in several parts"),
            (SplitBy::Dataset, "Dataset", "One dataset is the test, the others train: does it work elsewhere?"),
        ] {
            if ui.selectable_value(&mut config.by, by, name).on_hover_text(help).clicked() && by == SplitBy::Dataset {
                // Something to begin with.
                config.held_out = config.held_out.take().or_else(|| datasets(study).into_iter().next());
            }
        }
    });
    match config.by {
        SplitBy::Person => {}
        SplitBy::File => notice(
            ui,
            "The same person can be in training and test: the network may recognise voices, and results look too good",
        ),
        SplitBy::Dataset => setting(ui, "Test on", |ui| {
            let chosen = config.held_out.clone().unwrap_or_default();
            let choice = combo("held out").selected_text(&chosen).show_ui(ui, |ui| {
                for name in datasets(study) {
                    ui.selectable_value(&mut config.held_out, Some(name.clone()), name);
                }
            });
            choice.response.accessible_name("Test on");
        }),
    }
    share(ui, "Validation", &mut config.validation);
    if config.by != SplitBy::Dataset {
        share(ui, "Test", &mut config.test);
    }
    setting(ui, "Seed", |ui| {
        ui.add(DragValue::new(&mut config.seed)).on_hover_text("Another number is another draw; equal ones are equal");
    });
}

fn setting(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.scope(|ui| {
            ui.set_width(NAME_WIDTH);
            ui.label(name);
        });
        contents(ui);
    });
}

fn share(ui: &mut Ui, name: &str, share: &mut f64) {
    setting(ui, name, |ui| {
        let slider = Slider::new(share, 0.0..=0.5).step_by(0.01).custom_formatter(|share, _| percent(share));
        let slider = slider.custom_parser(|text| {
            let number: f64 = text.trim().trim_end_matches('%').trim().parse().ok()?;
            Some(number / 100.0)
        });
        ui.add(slider).accessible_name(format!("{name} share"));
    });
}

/// The names of the datasets that have a used recording.
fn datasets(study: &StudyView) -> Vec<String> {
    match &study.split {
        Some(Ok(outcome)) => outcome.datasets.keys().cloned().collect(),
        _ => study
            .used()
            .map(|clip| clip.dataset.to_string())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect(),
    }
}

fn outcome_ui(ui: &mut Ui, study: &StudyView) {
    match &study.split {
        None => {
            ui.label(theme::muted(ui, "Drawn when recordings have been read"));
        }
        Some(Err(reason)) => notice(ui, reason),
        Some(Ok(outcome)) => {
            parts_table(ui, outcome);
            if outcome.datasets.len() > 1 {
                ui.separator();
                by_dataset(ui, outcome);
            }
        }
    }
}

fn parts_table(ui: &mut Ui, outcome: &SplitOutcome) {
    grid(ui, 92.0, Part::ALL.len(), |ui, index| {
        let Some(part) = Part::ALL.get(index).copied() else { return };
        let palette = palette(ui);
        let (name, colour) = match part {
            Part::Train => ("Training", palette.train),
            Part::Validation => ("Validation", palette.validation),
            Part::Test => ("Test", palette.test),
        };
        ui.horizontal(|ui| {
            dot(ui, colour);
            ui.label(theme::strong(name));
        });
        for label in Label::ALL {
            let class = outcome.count(part, label);
            ui.label(format!("{} {label}", count(class.recordings)));
            ui.label(
                RichText::new(counted(class.people, "person", "people")).size(theme::size::SMALL).color(palette.muted),
            );
        }
    });
}

/// Recordings by dataset, part and class, healthy before sick.
fn by_dataset(ui: &mut Ui, outcome: &SplitOutcome) {
    ui.label(theme::muted(ui, "Healthy and sick recordings by dataset"));
    Grid::new("by dataset").num_columns(4).min_col_width(84.0).show(ui, |ui| {
        for head in ["", "Training", "Validation", "Test"] {
            ui.label(theme::caption(ui, head));
        }
        ui.end_row();
        for (name, counts) in &outcome.datasets {
            ui.label(name);
            for [healthy, sick] in counts {
                ui.label(format!("{} · {}", count(healthy.recordings), count(sick.recordings)));
            }
            ui.end_row();
        }
    });
}

fn leaks_ui(ui: &mut Ui, study: &StudyView) {
    let Some(Ok(outcome)) = &study.split else {
        ui.label(theme::muted(ui, "Known when the parts have been drawn"));
        return;
    };
    let Leaks { people, exact_duplicates, near_duplicates } = outcome.leaks;
    let help = "A network could recognise them, and the result would look better than it is";
    for (number, one, many) in [
        (people, "person on both sides", "people on both sides"),
        (exact_duplicates, "exact duplicate on both sides", "exact duplicates on both sides"),
        (near_duplicates, "near duplicate on both sides", "near duplicates on both sides"),
    ] {
        let palette = palette(ui);
        let colour = if number == 0 { palette.accent } else { palette.warning };
        ui.label(theme::strong(counted(number, one, many)).color(colour)).on_hover_text(help);
    }
    if study.sources.iter().any(|source| source.kind == SourceKind::Coughvid) {
        let caveat = "COUGHVID names no people; recordings of the same place, age and sex within 15 minutes count \
                      as one person, so that separation there is likely but not proven";
        ui.add(TextLabel::new(theme::muted(ui, caveat)).wrap());
    }
}
