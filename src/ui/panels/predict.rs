//! New recordings: the network's score, against the threshold, in words that promise nothing.

use std::path::Path;
use std::sync::Arc;

use eframe::egui::{
    Align, CornerRadius, Direction, FontSelection, Image, Label as TextLabel, Layout, RichText, ScrollArea, Sense, Ui,
    UiBuilder, vec2,
};

use eframe::egui::text::LayoutJob;

use super::{Cx, Panel, PanelId};
use crate::session::{Command, PredictedFile, PredictionOutcome, Run, RunId};
use crate::spectrogram::LevelPyramid;
use crate::spectrogram::colour::ColourMap;
use crate::ui::dialogs::Dialog;
use crate::ui::format::{counted, file_name};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{
    Look, SpectrogramPicture, card, empty_state, notice, page_header, primary_button, score_meter,
};

/// Size of the small spectrograms, in points.
const PICTURE: eframe::egui::Vec2 = vec2(128.0, 52.0);
/// Height of a row, in points.
const ROW_HEIGHT: f32 = 68.0;
/// Width of the score's bar, in points.
const METER_WIDTH: f32 = 150.0;

/// Width of the score's number, in points.
const FIGURE_WIDTH: f32 = 56.0;

/// The panel of new recordings.
#[derive(Default)]
pub struct PredictPanel {
    pictures: Vec<(Arc<LevelPyramid>, SpectrogramPicture)>,
}

impl Panel for PredictPanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(run) = cx.state.predict_run() else {
            if let Some(run) = cx.state.active_run() {
                still_training(ui, run, cx);
                return;
            }
            let text = "Recordings are scored by a network of your own. Train one, or drop the folder of a saved run on the window.";
            empty_state(ui, "No trained network yet", text, |ui| {
                let [_, _, train, ..] = &shortcuts::PANELS;
                if train.on(primary_button(ui, "Train a network"), train.words()).clicked() {
                    cx.show(PanelId::Train);
                }
            });
            return;
        };
        header(ui, run, cx);
        if cx.state.predictions.is_empty() {
            let text = format!("Drop recordings anywhere on this window, and run “{}” scores them.", run.name);
            empty_state(ui, "Drop recordings to score", &text, |_| {});
            return;
        }
        ui.add(TextLabel::new(theme::muted(ui, caution(run))).wrap());
        self.forget_pictures(&cx.state.predictions);
        let run = run.id;
        let predictions = &cx.state.predictions;
        card(ui, "", |ui| {
            ScrollArea::vertical().auto_shrink([false, true]).show_rows(
                ui,
                ROW_HEIGHT,
                predictions.len(),
                |ui, rows| {
                    for prediction in predictions.get(rows).unwrap_or_default() {
                        self.row(ui, prediction, run);
                    }
                },
            );
        });
    }
}

fn still_training(ui: &mut Ui, run: &Run, cx: &mut Cx<'_>) {
    let text = format!("Run “{}” is still in training; recordings can be scored when it has finished.", run.name);
    empty_state(ui, "No trained network yet", &text, |ui| {
        let [_, _, train, ..] = &shortcuts::PANELS;
        if train.on(primary_button(ui, "Show the training"), train.words()).clicked() {
            cx.show(PanelId::Train);
        }
    });
}

fn header(ui: &mut Ui, run: &Run, cx: &mut Cx<'_>) {
    let scored = counted(cx.state.predictions.len(), "recording", "recordings");
    let threshold =
        run.threshold.map_or(String::new(), |value| format!(" · threshold {value:.3}, chosen on validation"));
    page_header(ui, "Predict", &format!("Run “{}”{threshold} · {scored}", run.name), |ui| {
        let help = "Each gets the score of this run";
        if shortcuts::OPEN_RECORDINGS.activates(primary_button(ui, "Open recordings…"), help) {
            cx.ask(Dialog::OpenRecordings);
        }
        if !cx.state.predictions.is_empty()
            && shortcuts::CLEAR.activates(ui.button("Clear"), "Forget these scores; no file is touched")
        {
            cx.send(Command::ClearPredictions);
        }
    });
    if run.synthetic {
        notice(ui, "This network learned from synthetic recordings: its scores say nothing about any person");
    }
}

/// What a score is and is not.
fn caution(run: &Run) -> String {
    let learned = run.counts.map_or(String::new(), |counts| {
        format!(" The network learned from {}.", counted(counts.train, "recording", "recordings"))
    });
    format!(
        "A score is not a probability, and this is not a diagnosis.{learned} It cannot tell when a recording is unlike those, \
         or holds no cough at all."
    )
}

impl PredictPanel {
    fn row(&mut self, ui: &mut Ui, prediction: &PredictedFile, current_run: RunId) {
        ui.horizontal(|ui| {
            ui.set_min_height(ROW_HEIGHT);
            match &prediction.outcome {
                PredictionOutcome::Pending => {
                    placeholder(ui, |ui| {
                        ui.spinner();
                    });
                    words(ui, prediction, RichText::new("Working…").color(palette(ui).muted));
                }
                PredictionOutcome::Failed(reason) => {
                    placeholder(ui, |ui| {
                        ui.label(theme::muted(ui, "no sound"));
                    });
                    words(ui, prediction, RichText::new(reason).color(palette(ui).error));
                }
                PredictionOutcome::Scored { score, threshold, spectrogram } => {
                    self.picture(ui, spectrogram, &prediction.path);
                    let other_run = if prediction.run == current_run {
                        String::new()
                    } else {
                        format!(" · run {}", prediction.run_name)
                    };
                    let verdict = format!("{}{other_run}", verdict(*score, *threshold));
                    score_ui(ui, prediction, *score, *threshold, verdict);
                }
            }
        });
    }

    fn picture(&mut self, ui: &mut Ui, spectrogram: &Arc<LevelPyramid>, path: &Path) {
        let at = self.pictures.iter().position(|(of, _)| Arc::ptr_eq(of, spectrogram)).unwrap_or_else(|| {
            self.pictures.push((spectrogram.clone(), SpectrogramPicture::default()));
            self.pictures.len() - 1
        });
        let Some((_, picture)) = self.pictures.get_mut(at) else { return };
        let look = Look { map: ColourMap::default(), range_db: None };
        let pixels = PICTURE * ui.ctx().pixels_per_point();
        let all = 0..spectrogram.spectrogram().frames;
        let shown = picture.texture(ui.ctx(), spectrogram, all, look, pixels);
        let image = Image::new((shown.id, PICTURE)).corner_radius(CornerRadius::same(4));
        let response = ui.add(image);
        super::super::widgets::name_picture(&response, "Spectrogram", &file_name(path));
    }

    /// Lets go of the pictures of answers that are gone.
    fn forget_pictures(&mut self, predictions: &[PredictedFile]) {
        let shown = |picture: &Arc<LevelPyramid>| {
            predictions.iter().any(|prediction| {
                matches!(&prediction.outcome, PredictionOutcome::Scored { spectrogram, .. } if Arc::ptr_eq(spectrogram, picture))
            })
        };
        if self.pictures.len() > predictions.len() {
            self.pictures.retain(|(picture, _)| shown(picture));
        }
    }
}

/// Where the picture would be.
fn placeholder(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let (rect, _) = ui.allocate_exact_size(PICTURE, Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(4), palette(ui).raised);
    let layout = Layout::centered_and_justified(Direction::LeftToRight);
    // A child that does not move the cursor: the place is already taken.
    contents(&mut ui.new_child(UiBuilder::new().max_rect(rect.shrink(space::M)).layout(layout)));
}

/// The file's name, and its folder in a weaker tone: every file of Coswara is called `cough-heavy.wav`.
fn name_in_folder(ui: &Ui, path: &Path) -> LayoutJob {
    let mut job = LayoutJob::default();
    theme::strong(file_name(path)).append_to(&mut job, ui.style(), FontSelection::Default, Align::Center);
    if let Some(folder) = path.parent().and_then(Path::file_name) {
        let folder = theme::muted(ui, format!("   {}", folder.to_string_lossy()));
        folder.append_to(&mut job, ui.style(), FontSelection::Default, Align::Center);
    }
    job
}

fn words(ui: &mut Ui, prediction: &PredictedFile, second: RichText) {
    ui.vertical(|ui| {
        ui.add_space(space::M);
        ui.spacing_mut().item_spacing.y = space::XS;
        let name = ui.add(TextLabel::new(name_in_folder(ui, &prediction.path)).truncate());
        name.on_hover_text(prediction.path.display().to_string());
        ui.add(TextLabel::new(second.size(theme::size::SMALL)).truncate());
    });
}

fn score_ui(ui: &mut Ui, prediction: &PredictedFile, score: f64, threshold: f64, verdict: String) {
    let palette = palette(ui);
    let colour = if score >= threshold { palette.sick } else { palette.healthy };
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        // A place of its own width, so that the bars of all rows line up.
        let number = vec2(FIGURE_WIDTH, ui.available_height());
        ui.allocate_ui_with_layout(number, Layout::right_to_left(Align::Center), |ui| {
            ui.set_min_size(number);
            ui.label(theme::figure(format!("{score:.2}")));
        });
        score_meter(ui, score, threshold, colour, METER_WIDTH);
        ui.add_space(space::S);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            words(ui, prediction, RichText::new(verdict).color(colour));
        });
    });
}

/// What the threshold makes of a score.
fn verdict(score: f64, threshold: f64) -> &'static str {
    if score >= threshold {
        "At or above the threshold: counts as sick"
    } else {
        "Below the threshold: counts as healthy"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_on_the_threshold_counts_as_sick_as_in_the_evaluation() {
        assert_eq!(verdict(0.5, 0.5), verdict(0.9, 0.5));
        assert_ne!(verdict(0.49, 0.5), verdict(0.5, 0.5));
    }
}
