//! Training: the settings, the curves as they grow, and what they say.

use eframe::egui::{Align, Button, Label as TextLabel, Layout, ScrollArea, Ui};
use egui_plot::{MarkerShape, Points};

use super::train_form::form;
use super::{Cx, Panel, PanelId, open_buttons};
use crate::eval::history::EpochRecord;
use crate::session::{Command, Run, RunPhase};
use crate::train::config::TrainConfig;
use crate::ui::format::{count, counted, file_name, wait};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{
    badge, card, columns, combo, empty_state, grid, name_picture, page_header, plot, progress_bar,
};

/// Width of the form, in points.
const FORM_WIDTH: f32 = 316.0;
/// Smallest width of a plot before the two are stacked, in points.
const PLOT_WIDTH: f32 = 240.0;
/// Batches that are drawn at most; more would cost time and show no more.
const DRAWN_BATCHES: usize = 2_000;

/// The panel of training.
#[derive(Default)]
pub struct TrainPanel {
    draft: TrainConfig,
}

impl Panel for TrainPanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        page_header(ui, "Train", "A network learns to tell sick from healthy coughs", |ui| run_list(ui, cx));
        let rest = (ui.available_width() - FORM_WIDTH - space::L).max(1.0);
        columns(ui, &[FORM_WIDTH, rest], |ui, column| match column {
            0 => form(ui, &mut self.draft, cx),
            _ => match cx.state.current_run() {
                Some(run) => {
                    interrupted(ui, cx);
                    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| run_ui(ui, run, cx));
                }
                None => {
                    interrupted(ui, cx);
                    no_run(ui, cx);
                }
            },
        });
    }
}

/// Trainings that the end of the program interrupted.
fn interrupted(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = cx.state.active_run().is_none() && cx.state.loading.is_none();
    for folder in &cx.state.interrupted {
        card(ui, "", |ui| {
            ui.horizontal_wrapped(|ui| {
                let name = file_name(folder);
                ui.label(format!("The training “{name}” was interrupted.")).on_hover_text(folder.display().to_string());
                let go_on = ui.add_enabled(idle, Button::new("Go on with it"));
                let help = "Takes up after the last epoch that was done, on the same recordings";
                if go_on.on_hover_text(help).on_disabled_hover_text("Wait for what is running now").clicked() {
                    cx.send(Command::ResumeRun(folder.clone()));
                }
                if ui.button("Not now").on_hover_text("Its files stay where they are").clicked() {
                    cx.send(Command::ForgetInterrupted(folder.clone()));
                }
            });
        });
        ui.add_space(space::S);
    }
}

fn no_run(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.study.is_empty() {
        let text = "Training needs recordings of both classes. Open a dataset, or the demo study.";
        empty_state(ui, "Open recordings first", text, |ui| open_buttons(ui, cx));
    } else {
        let text = "Start training on the left. Loss and accuracy appear here while the network learns; everything else \
                    stays usable.";
        empty_state(ui, "No run yet", text, |_| {});
    }
}

/// The runs of this session, to switch between.
fn run_list(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(current) = cx.state.current_run() else { return };
    let choice = combo("runs").width(200.0).truncate().selected_text(&current.name).show_ui(ui, |ui| {
        for run in cx.state.runs.iter().rev() {
            let text = format!("{} · {}", run.name, phase_in_words(run));
            if ui.selectable_label(run.id == current.id, text).clicked() {
                cx.send(Command::ShowRun(run.id));
            }
        }
    });
    let label = ui.label(theme::muted(ui, "Run"));
    shortcuts::RUNS.opens(choice.response.labelled_by(label.id), "The runs that are open");
}

fn run_ui(ui: &mut Ui, run: &Run, cx: &mut Cx<'_>) {
    card(ui, "", |ui| {
        head(ui, run, cx);
        progress(ui, run);
    });
    ui.add_space(space::S);
    let plot_height = (ui.available_height() - 212.0).clamp(180.0, 420.0);
    grid(ui, PLOT_WIDTH, 2, |ui, index| match index {
        0 => card(ui, "", |ui| loss_plot(ui, run, plot_height)),
        _ => card(ui, "", |ui| accuracy_plot(ui, run, plot_height)),
    });
    card(ui, "In words", |ui| in_words(ui, run));
}

fn head(ui: &mut Ui, run: &Run, cx: &mut Cx<'_>) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let help = "Its curves and errors, with a threshold that moves";
            if run.is_finished() && shortcuts::EVALUATE_RUN.activates(ui.button("Evaluate this run"), help) {
                cx.send(Command::ShowRun(run.id));
                cx.show(PanelId::Evaluate);
            }
            let stopped = matches!(run.phase, RunPhase::Finished { stopped: true, .. });
            let may_go_on = stopped && !cx.state.study.is_empty() && cx.state.active_run().is_none();
            let help = "Takes up where it was stopped, on the same recordings";
            if may_go_on && ui.button("Go on training").on_hover_text(help).clicked() {
                cx.send(Command::ResumeRun(run.folder.clone()));
            }
            if run.synthetic {
                badge(ui, "synthetic data", palette.warning, palette.warning_soft);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(TextLabel::new(theme::section(&run.name)).truncate())
                    .on_hover_text(run.folder.display().to_string());
            });
        });
    });
}

fn phase_in_words(run: &Run) -> String {
    let activity = run
        .activity()
        .map(|activity| if run.stopping { format!("Stopping: {}", activity.to_lowercase()) } else { activity });
    activity.unwrap_or_else(|| match &run.phase {
        RunPhase::Cancelled => "Stopped before there was a network to keep".to_owned(),
        RunPhase::Failed(reason) => format!("Failed: {reason}"),
        RunPhase::Finished { stopped: true, .. } => "Stopped; the best network is kept".to_owned(),
        _ => "Finished".to_owned(),
    })
}

fn progress(ui: &mut Ui, run: &Run) {
    let palette = palette(ui);
    if matches!(run.phase, RunPhase::Failed(_) | RunPhase::Cancelled) {
        let colour = if run.phase == RunPhase::Cancelled { palette.muted } else { palette.error };
        ui.add(TextLabel::new(eframe::egui::RichText::new(phase_in_words(run)).color(colour)).wrap());
        return;
    }
    progress_bar(ui, "Training progress", run.progress(), ui.available_width());
    ui.horizontal_wrapped(|ui| {
        ui.label(phase_in_words(run));
        let mut facts = Vec::new();
        if let RunPhase::Finished { took, .. } = &run.phase {
            facts.push(format!("took {}", wait(*took)));
        } else if let Some(started) = run.started {
            facts.push(format!("{} so far", wait(started.elapsed())));
        }
        if let (RunPhase::Training, Some(left)) = (&run.phase, run.time_left()) {
            facts.push(format!("about {} left", wait(left)));
        }
        if let Some(plan) = &run.plan {
            facts.push(plan.device.clone());
            facts.push(format!("a network of {} numbers to learn", count(plan.parameters)));
        }
        ui.label(theme::muted(ui, facts.join(" · ")));
    });
}

/// One figure of an epoch.
type Figure = fn(&EpochRecord) -> f64;

fn loss_plot(ui: &mut Ui, run: &Run, height: f32) {
    let skip = run.batches.len().div_ceil(DRAWN_BATCHES).max(1);
    let steps = run.plan.as_ref().map_or(1, |plan| plan.batches_per_epoch).max(1) as f64;
    let batches: Vec<[f64; 2]> = run
        .batches
        .iter()
        .step_by(skip)
        .filter(|batch| batch.loss.is_finite())
        .map(|batch| [(batch.epoch - 1) as f64 + batch.batch as f64 / steps, batch.loss])
        .collect();
    let summary = run.history.last().map_or("no epoch yet".to_owned(), |last| {
        format!("after epoch {}: training {:.3}, validation {:.3}", last.epoch, last.train_loss, last.validation_loss)
    });
    let curves: [(&str, Figure); 2] =
        [("Training", |record| record.train_loss), ("Validation", |record| record.validation_loss)];
    history_plot(
        ui,
        &HistoryPlot {
            run,
            head: "Loss",
            name: "Loss curves",
            summary,
            batches,
            curves,
            height,
            unit: "Loss (cross-entropy)",
        },
    );
}

fn accuracy_plot(ui: &mut Ui, run: &Run, height: f32) {
    let summary = run.history.last().map_or("no epoch yet".to_owned(), |last| {
        let (train, validation) = (last.train_accuracy * 100.0, last.validation_accuracy * 100.0);
        format!("after epoch {}: training {train:.0} %, validation {validation:.0} %", last.epoch)
    });
    let curves: [(&str, Figure); 2] =
        [("Training", |record| record.train_accuracy), ("Validation", |record| record.validation_accuracy)];
    let unit = "Share right at threshold 0.5";
    history_plot(
        ui,
        &HistoryPlot {
            run,
            head: "Accuracy",
            name: "Accuracy curves",
            summary,
            batches: Vec::new(),
            curves,
            height,
            unit,
        },
    );
}

struct HistoryPlot<'a> {
    run: &'a Run,
    head: &'static str,
    name: &'static str,
    summary: String,
    /// Raw values of single steps, over epochs.
    batches: Vec<[f64; 2]>,
    curves: [(&'static str, Figure); 2],
    height: f32,
    unit: &'static str,
}

fn history_plot(ui: &mut Ui, plotted: &HistoryPlot<'_>) {
    let palette = palette(ui);
    let faint = palette.train.gamma_multiply(0.4);
    let with_steps = !plotted.batches.is_empty();
    let [train, validation] = [("Training", palette.train), ("Validation", palette.validation)];
    let legend: &[_] = if with_steps { &[("Steps", faint), train, validation] } else { &[train, validation] };
    plot::head_with_legend(ui, plotted.head, legend);
    let epochs = plotted.run.plan.as_ref().map_or(plotted.run.config.epochs, |plan| plan.epochs);
    let frame = plot::fixed(ui, plotted.name, "Epoch", plotted.unit)
        .height(plotted.height)
        .x_grid_spacer(plot::every(plot::round_step(epochs as f64 / 8.0).max(1.0)))
        .include_x(0.0)
        .include_x(epochs as f64)
        .show_x(false)
        .show_y(false);
    let frame = if with_steps { frame.include_y(0.0) } else { frame.include_y(0.4).include_y(1.0) };
    let shown = frame.show(ui, |ui| {
        if with_steps {
            ui.points(Points::new("Single steps", plotted.batches.clone()).radius(1.2).color(faint).allow_hover(false));
        }
        for ((name, figure), colour) in plotted.curves.iter().zip([palette.train, palette.validation]) {
            let points: Vec<[f64; 2]> = plotted
                .run
                .history
                .iter()
                .map(|record| [record.epoch as f64, figure(record)])
                .filter(|[_, value]| value.is_finite())
                .collect();
            ui.line(plot::curve(name, points.clone(), colour, 2.0));
            ui.points(Points::new(*name, points).shape(MarkerShape::Circle).radius(3.0).color(colour));
        }
    });
    name_picture(&shown.response, plotted.name, &plotted.summary);
}

fn in_words(ui: &mut Ui, run: &Run) {
    ui.label(theme::strong(Trend::of(&run.history).in_words(run.is_active())));
    let mut facts = Vec::new();
    if let Some(best) = run.best_epoch.and_then(|epoch| run.history.iter().find(|record| record.epoch == epoch)) {
        let auc = best.validation_auc.map_or(String::new(), |auc| format!(", validation AUC {auc:.3}"));
        let so_far = if run.is_active() { " so far" } else { "" };
        facts.push(format!("Best epoch{so_far}: {}{auc}", best.epoch));
    }
    if let Some(counts) = run.counts {
        facts.push(format!(
            "{} to train, {} to choose the best epoch and the threshold, {} to test; from {}, {} in more than one part",
            counted(counts.train, "recording", "recordings"),
            count(counts.validation),
            count(counts.test),
            counted(counts.people, "person", "people"),
            counted(counts.shared_people, "person", "people"),
        ));
    }
    for fact in facts {
        ui.add(TextLabel::new(theme::muted(ui, fact)).wrap());
    }
}

/// What the curves say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trend {
    /// Fewer than two epochs.
    TooEarly,
    /// Within the last two epochs the validation loss fell clearly below all before.
    Improving,
    /// No clear new low for a while, but no steady rise either.
    Level,
    /// Training has gone on getting better while validation has got worse, since this epoch.
    Memorising { since: usize },
}

impl Trend {
    /// Epochs after the lowest validation loss before a rise is called memorising: two happen by chance.
    const AFTER_LOWEST: usize = 3;
    /// The share by which a validation loss must differ to count as better or worse: smaller steps come and go by chance.
    const CLEARLY: f64 = 0.02;

    fn of(history: &[EpochRecord]) -> Self {
        let lowest_of = |epochs: &[EpochRecord]| {
            epochs.iter().copied().min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss))
        };
        let (before, latest) = history.split_at(history.len().saturating_sub(2).max(1).min(history.len()));
        let (Some(earlier), Some(newest), Some(lowest), [.., last]) =
            (lowest_of(before), lowest_of(latest), lowest_of(history), latest)
        else {
            return Self::TooEarly;
        };
        let worse = newest.validation_loss > lowest.validation_loss * (1.0 + Self::CLEARLY);
        if worse && last.epoch >= lowest.epoch + Self::AFTER_LOWEST && last.train_loss < lowest.train_loss {
            Self::Memorising { since: lowest.epoch + 1 }
        } else if newest.validation_loss < earlier.validation_loss * (1.0 - Self::CLEARLY) {
            Self::Improving
        } else {
            Self::Level
        }
    }

    /// In words for the person; `active` while more epochs may follow.
    fn in_words(self, active: bool) -> String {
        match self {
            Self::TooEarly => "Too early to say".to_owned(),
            Self::Improving if active => "Still improving".to_owned(),
            Self::Improving => "Was still improving at the end: more epochs may help".to_owned(),
            Self::Level => "No longer improving".to_owned(),
            Self::Memorising { since } => {
                format!("Has begun to memorise: since epoch {since} training gets better and validation worse")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(losses: &[(f64, f64)]) -> Vec<EpochRecord> {
        let record = |(index, (train_loss, validation_loss)): (usize, &(f64, f64))| EpochRecord {
            epoch: index + 1,
            train_loss: *train_loss,
            train_accuracy: 0.5,
            validation_loss: *validation_loss,
            validation_accuracy: 0.5,
            validation_auc: None,
        };
        losses.iter().enumerate().map(record).collect()
    }

    #[test]
    fn curves_are_put_in_words() {
        for (losses, trend) in [
            (vec![], Trend::TooEarly),
            (vec![(0.7, 0.7)], Trend::TooEarly),
            (vec![(0.7, 0.7), (0.6, 0.65)], Trend::Improving),
            (vec![(0.7, 0.7), (0.6, 0.6), (0.5, 0.61)], Trend::Improving),
            (vec![(0.7, 0.6), (0.6, 0.61), (0.5, 0.62)], Trend::Level),
            (vec![(0.7, 0.6), (0.6, 0.65), (0.5, 0.62), (0.4, 0.595)], Trend::Level),
            (vec![(0.7, 0.6), (0.6, 0.61), (0.5, 0.62), (0.4, 0.7)], Trend::Memorising { since: 2 }),
            (vec![(0.7, 0.7), (0.6, 0.5), (0.5, 0.6), (0.4, 0.8), (0.3, 0.78)], Trend::Memorising { since: 3 }),
            (vec![(0.7, 0.6), (0.8, 0.61), (0.9, 0.62), (1.0, 0.7)], Trend::Level),
        ] {
            assert_eq!(Trend::of(&history(&losses)), trend, "{losses:?}");
        }
    }
}
