//! How the recordings fall into parts, and what leaks between them.

use eframe::egui::{
    Button, Color32, CornerRadius, DragValue, Grid, Label as TextLabel, Rect, Sense, Slider, Ui, pos2, vec2,
};

use super::super::Cx;
use super::draft::Draft;
use super::leaks::leaks_ui;
use crate::data::Label;
use crate::data::split::{ClassCount, Part, SplitBy, SplitConfig, SplitOutcome};
use crate::data::study::StudyView;
use crate::session::{Command, Edit};
use crate::ui::format::{count, counted, percent};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, columns, combo, dot, name_picture, notice, setting, slider};

/// Width of the names of settings, in points.
const NAME_WIDTH: f32 = 88.0;

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
    setting(ui, NAME_WIDTH, "Drawn by", "What stays together in one part", |ui| {
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
    ui.add(TextLabel::new(theme::muted(ui, explanation(config.by))).wrap());
    if config.by == SplitBy::Dataset {
        setting(ui, NAME_WIDTH, "Test on", "The dataset that the network never sees in training", |ui| {
            let chosen = config.held_out.as_deref().map_or("choose one", |name| dataset_name(study, name)).to_owned();
            let choice = combo("held out").selected_text(chosen).show_ui(ui, |ui| {
                for name in datasets(study) {
                    let words = dataset_name(study, &name).to_owned();
                    ui.selectable_value(&mut config.held_out, Some(name), words);
                }
            });
            choice.response.accessible_name("Test on");
        });
    }
    let help = "The best epoch and the threshold are chosen on it";
    share(ui, "Validation", help, &mut config.validation);
    if config.by != SplitBy::Dataset {
        share(ui, "Test", "Opened once, for the numbers that are reported", &mut config.test);
    }
    setting(ui, NAME_WIDTH, "Seed", "Another number gives another draw; the same number gives the same", |ui| {
        ui.add(DragValue::new(&mut config.seed)).accessible_name("Seed");
    });
    let defaults = SplitConfig::default();
    let button = ui.add_enabled(*config != defaults, Button::new("Back to the defaults"));
    if shortcuts::DEFAULTS.activates(button, "Undo brings your own choices back") {
        *config = defaults;
    }
}

fn explanation(by: SplitBy) -> &'static str {
    match by {
        SplitBy::Person => {
            "All recordings of a person are in one part. The test is people whom the network never heard"
        }
        SplitBy::File => {
            "As in the paper: the same person can be in training and test. The network may recognise voices, and results \
             look too good"
        }
        SplitBy::Dataset => "One dataset is the test, and the others train: shows whether it works at another place",
    }
}

fn share(ui: &mut Ui, name: &str, help: &str, share: &mut f64) {
    setting(ui, NAME_WIDTH, name, help, |ui| {
        let range = Slider::new(share, 0.0..=0.5).step_by(0.01).custom_formatter(|share, _| percent(share));
        let range = range.custom_parser(|text| {
            let number: f64 = text.trim().trim_end_matches('%').trim().parse().ok()?;
            Some(number / 100.0)
        });
        slider(ui, range, &format!("{name} share"));
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

/// A dataset's name as it is written: `COUGHVID` for `coughvid`, and a folder's as it is.
fn dataset_name<'a>(study: &StudyView, name: &'a str) -> &'a str {
    study.sources.iter().find(|source| source.kind.id() == name).map_or(name, |source| source.kind.name())
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
                by_dataset(ui, study, outcome);
            }
        }
    }
}

/// The parts as rows, their classes as columns, with what they sum up to.
fn parts_table(ui: &mut Ui, outcome: &SplitOutcome) {
    let people_and =
        |class: ClassCount| format!("{} · {}", count(class.recordings), counted(class.people, "person", "people"));
    Grid::new("parts").num_columns(4).min_col_width(column_width(ui)).show(ui, |ui| {
        for head in ["", "Healthy", "Sick", "Recordings"] {
            ui.label(theme::caption(ui, head));
        }
        ui.end_row();
        for part in Part::ALL {
            let (name, colour) = name_and_colour(ui, part);
            ui.horizontal(|ui| {
                dot(ui, colour);
                ui.label(theme::strong(name));
            });
            let classes = Label::ALL.map(|label| outcome.count(part, label));
            for class in classes {
                ui.label(people_and(class));
            }
            ui.label(theme::strong(count(classes.iter().map(|class| class.recordings).sum())));
            ui.end_row();
        }
    });
    share_bar(ui, outcome);
}

/// Of four columns that share the room.
fn column_width(ui: &Ui) -> f32 {
    ((ui.available_width() - 3.0 * space::S) / 4.0).floor().max(0.0)
}

fn name_and_colour(ui: &Ui, part: Part) -> (&'static str, Color32) {
    let palette = palette(ui);
    match part {
        Part::Train => ("Training", palette.train),
        Part::Validation => ("Validation", palette.validation),
        Part::Test => ("Test", palette.test),
    }
}

/// The shares of the parts, as one bar.
fn share_bar(ui: &mut Ui, outcome: &SplitOutcome) {
    let sizes =
        Part::ALL.map(|part| Label::ALL.map(|label| outcome.count(part, label).recordings).iter().sum::<usize>());
    let total: usize = sizes.iter().sum::<usize>().max(1);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    let mut left = rect.left();
    for (part, size) in Part::ALL.into_iter().zip(sizes) {
        let right = left + rect.width() * size as f32 / total as f32;
        if size > 0 {
            let piece = Rect::from_min_max(pos2(left, rect.top()), pos2(right - 1.0, rect.bottom()));
            ui.painter().rect_filled(piece, CornerRadius::same(4), name_and_colour(ui, part).1);
        }
        left = right;
    }
    let [train, validation, test] = sizes.map(|size| percent(size as f64 / total as f64));
    let words = format!("{train} training, {validation} validation, {test} test");
    name_picture(&response, "Shares of the parts", &words);
    response.on_hover_text(words);
}

/// Recordings by dataset, part and class.
fn by_dataset(ui: &mut Ui, study: &StudyView, outcome: &SplitOutcome) {
    ui.label(theme::strong("By dataset"));
    ui.label(theme::muted(ui, "Healthy and sick recordings"));
    Grid::new("by dataset").num_columns(4).min_col_width(column_width(ui)).show(ui, |ui| {
        for head in ["", "Training", "Validation", "Test"] {
            ui.label(theme::caption(ui, head));
        }
        ui.end_row();
        for (name, counts) in &outcome.datasets {
            ui.add(TextLabel::new(dataset_name(study, name)).truncate());
            for [healthy, sick] in counts {
                let none = healthy.recordings + sick.recordings == 0;
                let text = format!("{} + {}", count(healthy.recordings), count(sick.recordings));
                ui.label(if none { theme::plain("–").color(palette(ui).muted) } else { theme::plain(text) });
            }
            ui.end_row();
        }
    });
}
