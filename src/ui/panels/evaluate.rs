//! Predictions under a threshold: curves, matrix and metrics, which all move together.

use eframe::egui::{Align, DragValue, Grid, Label as TextLabel, Layout, Response, RichText, ScrollArea, Slider, Ui};
use egui_plot::{MarkerShape, PlotPoint, Points};

use super::{Cx, Panel, PanelId};
use crate::data::Label;
use crate::eval::{ClassificationReport, Confusion, METRICS, PrPoint, Undefined};
use crate::report::ThresholdOrigin;
use crate::session::{Command, Evaluation};
use crate::ui::dialogs::Dialog;
use crate::ui::format::{count, counted};
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{
    Histogram, badge, card, confusion_matrix, empty_state, grid, name_picture, notice, page_header, plot,
    primary_button, score_strip,
};

/// Smallest width of a card, in points: three stand side by side in a usual window, two in the smallest.
const CARD_WIDTH: f32 = 370.0;
/// Height of what is in a card, in points: the first row should be seen whole below the threshold.
const CARD_HEIGHT: std::ops::RangeInclusive<f32> = 230.0..=286.0;
/// What the threshold above and the frames around the cards take, in points.
const ABOVE_CARDS: f32 = 236.0;
/// Height of the strip of scores, in points.
const STRIP_HEIGHT: f32 = 64.0;
/// Radius of the point that marks the threshold on a curve, in points.
const MARK_RADIUS: f32 = 6.0;

/// People below which the panel says how little they can show.
const FEW_PEOPLE: usize = 10;

/// The panel of the evaluation.
#[derive(Default)]
pub struct EvaluatePanel {
    histogram: Option<(Stamp, Histogram)>,
}

/// Tells whether the predictions are still the same.
type Stamp = (String, usize, *const crate::report::predictions::Prediction);

/// Draws a card's content, so many points high.
type CardUi = fn(&mut Ui, &Evaluation, &mut Cx<'_>, f32);

/// The cards below the threshold, in reading order: what is looked at while the threshold moves comes first.
const CARDS: [CardUi; 5] = [roc_card, matrix_card, metrics_card, pr_card, report_card];

impl Panel for EvaluatePanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = &cx.state.evaluation else {
            nothing_yet(ui, cx);
            return;
        };
        header(ui, evaluation, cx);
        let height = (ui.available_height() - ABOVE_CARDS).clamp(*CARD_HEIGHT.start(), *CARD_HEIGHT.end());
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if evaluation.synthetic {
                notice(ui, "Synthetic recordings: these numbers show how the program works and prove nothing about any disease");
                ui.add_space(space::XS);
            }
            if let Some(people) = evaluation.people.filter(|people| *people < FEW_PEOPLE) {
                let people = counted(people, "person", "people");
                notice(ui, &format!("These are recordings of {people} only: one person more or less moves every number here"));
                ui.add_space(space::XS);
            }
            card(ui, "", |ui| self.threshold(ui, evaluation, cx));
            ui.add_space(space::S);
            grid(ui, CARD_WIDTH, CARDS.len(), |ui, index| {
                if let Some(draw) = CARDS.get(index) {
                    card(ui, "", |ui| {
                        ui.set_min_height(height);
                        draw(ui, evaluation, cx, height);
                    });
                }
            });
        });
    }
}

fn nothing_yet(ui: &mut Ui, cx: &mut Cx<'_>) {
    let text =
        "Train a network, open a saved run, or drop a table of predictions (columns label and score) on the window.";
    empty_state(ui, "Nothing to evaluate yet", text, |ui| {
        let [_, _, train, ..] = &shortcuts::PANELS;
        if train.on(primary_button(ui, "Train a network"), train.words()).clicked() {
            cx.show(PanelId::Train);
        }
    });
}

fn header(ui: &mut Ui, evaluation: &Evaluation, cx: &mut Cx<'_>) {
    let recordings = counted(usize::try_from(evaluation.table.len()).unwrap_or(usize::MAX), "recording", "recordings");
    let excluded = match evaluation.table.excluded().len() {
        0 => String::new(),
        left_out => format!(", {} without a usable score", count(left_out)),
    };
    let people =
        evaluation.people.map_or(String::new(), |people| format!(" of {}", counted(people, "person", "people")));
    let sick = evaluation.table.positives();
    let subtitle = format!("{} · {recordings}{people}, {sick} sick{excluded}", evaluation.title);
    page_header(ui, "Evaluate", &subtitle, |ui| {
        let help = "Figures and tables at this threshold, in a folder of their own";
        if shortcuts::EXPORT_REPORT.activates(primary_button(ui, "Export report…"), help) {
            cx.ask(Dialog::ExportReport);
        }
    });
}

impl EvaluatePanel {
    fn threshold(&mut self, ui: &mut Ui, evaluation: &Evaluation, cx: &mut Cx<'_>) {
        let stamp = (evaluation.title.clone(), evaluation.predictions.len(), evaluation.predictions.as_ptr());
        if self.histogram.as_ref().is_none_or(|(made_for, _)| *made_for != stamp) {
            let scores = evaluation.predictions.iter().map(|prediction| (prediction.label, prediction.score));
            self.histogram = Some((stamp, Histogram::new(scores)));
        }
        let Some((_, histogram)) = &self.histogram else { return };
        let now = evaluation.threshold();
        let mut wanted = threshold_head(ui, evaluation, histogram.range, cx);
        wanted = wanted.or_else(|| stepped(ui, evaluation));
        // The slider's handle stays inside of its rail by this much.
        let slider_height = 20.0;
        let inset = slider_height / 2.5;
        wanted = wanted.or(score_strip(ui, histogram, now, STRIP_HEIGHT, inset));
        let mut value = now.clamp(histogram.range.0, histogram.range.1);
        ui.scope(|ui| {
            ui.spacing_mut().slider_width = ui.available_width();
            ui.spacing_mut().interact_size.y = slider_height;
            // The rail must be seen as something to drag along.
            ui.visuals_mut().widgets.inactive.bg_fill = palette(ui).line_strong;
            let slider =
                Slider::new(&mut value, histogram.range.0..=histogram.range.1).show_value(false).trailing_fill(false);
            if ui.add(slider).accessible_name("Threshold").changed() {
                wanted = Some(value);
            }
        });
        if let Some(threshold) = wanted {
            cx.send(Command::SetThreshold(threshold));
        }
    }
}

/// The threshold that a key asks for: the next at which the counts are others.
fn stepped(ui: &Ui, evaluation: &Evaluation) -> Option<f64> {
    let (low, high) = evaluation.table.same_matrix(evaluation.threshold());
    let wanted = if shortcuts::LOWER.pressed(ui.ctx()) {
        low
    } else if shortcuts::HIGHER.pressed(ui.ctx()) {
        high.next_up()
    } else {
        return None;
    };
    wanted.is_finite().then_some(wanted)
}

/// The number, where it comes from, and how far it could move without any change.
fn threshold_head(ui: &mut Ui, evaluation: &Evaluation, range: (f64, f64), cx: &mut Cx<'_>) -> Option<f64> {
    let mut value = evaluation.threshold();
    let mut wanted = None;
    ui.horizontal(|ui| {
        let label = ui.label(theme::section("Threshold"));
        let number = DragValue::new(&mut value)
            .range(range.0..=range.1)
            .clamp_existing_to_range(false)
            .speed(0.002)
            .fixed_decimals(4);
        // Leaving the field reads back what it shows: rounding alone must not move the threshold.
        let shown = |value: f64| format!("{value:.4}");
        let changed = ui.add(number).labelled_by(label.id).changed();
        if changed && shown(value) != shown(evaluation.threshold()) {
            wanted = Some(value);
        }
        origin(ui, evaluation, cx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(theme::muted(ui, same_matrix(evaluation.table.same_matrix(evaluation.threshold()))));
        });
    });
    wanted
}

fn origin(ui: &mut Ui, evaluation: &Evaluation, cx: &mut Cx<'_>) {
    let palette = palette(ui);
    match evaluation.origin() {
        ThresholdOrigin::Validation => {
            badge(ui, "chosen on validation", palette.accent, palette.accent_soft);
        }
        ThresholdOrigin::Exploratory => {
            badge(ui, "exploratory", palette.warning, palette.warning_soft)
                .on_hover_text("Moved after the test part was seen; exports say so. Predict keeps to the chosen one");
        }
        ThresholdOrigin::Unchosen => {
            badge(ui, "not chosen on validation", palette.muted, palette.raised);
        }
    }
    if let Some(chosen) = evaluation.chosen
        && evaluation.origin() == ThresholdOrigin::Exploratory
    {
        let reset = ui.button(format!("Reset to {chosen:.4}"));
        if shortcuts::RESET.activates(reset, "The threshold that was chosen on the validation part") {
            cx.send(Command::ResetThreshold);
        }
    }
}

/// The thresholds that change nothing, in words.
fn same_matrix((low, high): (f64, f64)) -> String {
    match (low.is_finite(), high.is_finite()) {
        (true, true) => format!("Above {low:.4} up to {high:.4} the counts stay the same"),
        (true, false) => format!("Anywhere above {low:.4} nothing is called sick"),
        (false, true) => format!("Anywhere up to {high:.4} everything is called sick"),
        (false, false) => "No scores".to_owned(),
    }
}

fn roc_card(ui: &mut Ui, evaluation: &Evaluation, cx: &mut Cx<'_>, height: f32) {
    let auc = evaluation.auc.map_or("AUC not defined".to_owned(), |auc| format!("AUC {auc:.3}"));
    ui.label(theme::section(format!("ROC · {auc}")));
    let confusion = evaluation.confusion();
    let now = metric("sensitivity", &confusion).zip(metric("specificity", &confusion));
    let Some((sensitivity, specificity)) = now else {
        not_defined(ui, evaluation.table.auc().err());
        return;
    };
    let palette = palette(ui);
    let chance = plot::chance(ui, [0.0, 0.0], [1.0, 1.0]);
    let shown =
        plot::unit_square(ui, "roc", "1 − specificity", "Sensitivity").height(height - space::XL).show(ui, |ui| {
            let points: Vec<[f64; 2]> = evaluation.roc.iter().map(|point| [point.fpr, point.tpr]).collect();
            ui.line(chance);
            ui.line(plot::curve("ROC", points, palette.accent, 2.0));
            ui.points(mark("Threshold", [1.0 - specificity, sensitivity], palette.text));
        });
    let summary = format!(
        "area under the curve {}; at threshold {:.3}: sensitivity {sensitivity:.3}, specificity {specificity:.3}",
        evaluation.auc.map_or("not defined".to_owned(), |auc| format!("{auc:.3}")),
        evaluation.threshold(),
    );
    name_picture(&shown.response, "ROC curve", &summary);
    if let Some(place) = dragged_to(&shown.response, &shown.transform)
        && let Ok(nearest) = evaluation.table.nearest_roc(place.x, place.y)
    {
        cx.send(Command::SetThreshold(finite(nearest.threshold, evaluation)));
    }
    drag_hint(shown.response);
}

fn pr_card(ui: &mut Ui, evaluation: &Evaluation, cx: &mut Cx<'_>, height: f32) {
    let area = evaluation.average_precision.map_or("not defined".to_owned(), |area| format!("{area:.3}"));
    ui.label(theme::section(format!("Precision-recall · average precision {area}")));
    if evaluation.pr.is_empty() {
        not_defined(ui, evaluation.table.average_precision().err());
        return;
    }
    let palette = palette(ui);
    let confusion = evaluation.confusion();
    let now = metric("sensitivity", &confusion).zip(metric("ppv", &confusion));
    let prevalence = evaluation.table.positives() as f64 / evaluation.table.len() as f64;
    let chance = plot::chance(ui, [0.0, prevalence], [1.0, prevalence]);
    let shown =
        plot::unit_square(ui, "pr", "Recall (sensitivity)", "Precision").height(height - space::XL).show(ui, |ui| {
            ui.line(chance);
            ui.line(plot::curve("Precision", steps(&evaluation.pr), palette.accent, 2.0));
            if let Some((recall, precision)) = now {
                ui.points(mark("Threshold", [recall, precision], palette.text));
            }
        });
    let at = now.map_or("nothing is called sick".to_owned(), |(recall, precision)| {
        format!("recall {recall:.3}, precision {precision:.3}")
    });
    let summary = format!("average precision {area}; at threshold {:.3}: {at}", evaluation.threshold());
    name_picture(&shown.response, "Precision-recall curve", &summary);
    if let Some(place) = dragged_to(&shown.response, &shown.transform)
        && let Some(threshold) = nearest_pr(&evaluation.pr, place)
    {
        cx.send(Command::SetThreshold(threshold));
    }
    drag_hint(shown.response);
}

fn mark(name: &str, at: [f64; 2], colour: eframe::egui::Color32) -> Points<'static> {
    Points::new(name, vec![at]).shape(MarkerShape::Circle).radius(MARK_RADIUS).color(colour).allow_hover(false)
}

fn drag_hint(response: Response) {
    response.on_hover_cursor(eframe::egui::CursorIcon::Crosshair);
}

/// Where the pointer clicked or dragged to, in the plot's own coordinates.
fn dragged_to(response: &Response, transform: &egui_plot::PlotTransform) -> Option<PlotPoint> {
    let moved = response.dragged() || response.clicked();
    response.interact_pointer_pos().filter(|_| moved).map(|place| transform.value_from_position(place))
}

/// The curve as the steps whose area is the average precision, recall rising. A straight line between two points would
/// promise values that no threshold reaches (Davis and Goadrich 2006).
fn steps(points: &[PrPoint]) -> Vec<[f64; 2]> {
    let mut curve: Vec<[f64; 2]> = Vec::with_capacity(points.len() * 2);
    for point in points.iter().rev() {
        if let Some(&[recall, _]) = curve.last() {
            curve.push([recall, point.precision]);
        }
        curve.push([point.recall, point.precision]);
    }
    curve
}

fn nearest_pr(points: &[PrPoint], to: PlotPoint) -> Option<f64> {
    let distance = |point: &&PrPoint| (point.recall - to.x).powi(2) + (point.precision - to.y).powi(2);
    points
        .iter()
        .filter(|point| point.threshold.is_some())
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))?
        .threshold
}

/// A threshold that a number field can show: just above the highest score stands for infinity.
fn finite(threshold: f64, evaluation: &Evaluation) -> f64 {
    if threshold.is_finite() { threshold } else { evaluation.table.same_matrix(threshold).0.next_up() }
}

fn metric(id: &str, confusion: &Confusion) -> Option<f64> {
    crate::eval::Metric::find(id)?.value(confusion).ok()
}

fn not_defined(ui: &mut Ui, reason: Option<Undefined>) {
    let reason = reason.map_or("not defined".to_owned(), |reason| format!("Not defined: {reason}"));
    empty_state(ui, "No curve", &reason, |_| {});
}

fn matrix_card(ui: &mut Ui, evaluation: &Evaluation, _cx: &mut Cx<'_>, height: f32) {
    ui.label(theme::section("Confusion matrix"));
    confusion_matrix(ui, &evaluation.confusion(), height - space::XL);
}

fn metrics_card(ui: &mut Ui, evaluation: &Evaluation, _cx: &mut Cx<'_>, _height: f32) {
    let confusion = evaluation.confusion();
    ui.label(theme::section("Metrics"));
    ui.spacing_mut().item_spacing.y = 0.0;
    for metric in METRICS {
        ui.horizontal(|ui| {
            ui.label(metric.name).on_hover_text(metric.explanation);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| match metric.value(&confusion) {
                Ok(value) => {
                    ui.label(theme::strong(format!("{value:.3}")));
                }
                Err(reason) => {
                    let text =
                        metric.convention.map_or("not defined".to_owned(), |value| format!("{value} (undefined)"));
                    ui.label(theme::muted(ui, text)).on_hover_text(reason.to_string());
                }
            });
        });
    }
}

fn report_card(ui: &mut Ui, evaluation: &Evaluation, _cx: &mut Cx<'_>, _height: f32) {
    ui.label(theme::section("Classification report"));
    let names = Label::ALL.map(|label| label.to_string());
    let report = ClassificationReport::new(&evaluation.confusion(), [&names[0], &names[1]]);
    let value = |value: Result<f64, Undefined>| value.map_or("not defined".to_owned(), |value| format!("{value:.3}"));
    let total = evaluation.table.len();
    Grid::new("classification report").num_columns(5).spacing([space::L, space::S]).show(ui, |ui| {
        for head in ["", "Precision", "Recall", "F1", "Support"] {
            ui.label(theme::caption(ui, head));
        }
        ui.end_row();
        for class in &report.classes {
            ui.label(theme::strong(&class.name));
            for figure in [class.precision, class.recall, class.f1] {
                ui.label(value(figure));
            }
            ui.label(class.support.to_string());
            ui.end_row();
        }
        for (name, average) in
            [("macro average", report.macro_average()), ("weighted average", report.weighted_average())]
        {
            ui.label(RichText::new(name).color(palette(ui).muted));
            for figure in average {
                ui.label(value(figure));
            }
            ui.label(total.to_string());
            ui.end_row();
        }
    });
    ui.add_space(space::S);
    ui.label(format!("Accuracy {}", value(report.accuracy)));
    ui.add(TextLabel::new(theme::muted(ui, "Rows are the true class; the report is scikit-learn's")).wrap());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_curve_encloses_the_average_precision() {
        // scikit-learn's toy of four: precisions 2/3, 1/2, 1, 1 at recalls 1, 1/2, 1/2, 0; average precision 0.8333.
        let point = |recall, precision| PrPoint { threshold: Some(0.5), precision, recall };
        let points = [point(1.0, 2.0 / 3.0), point(0.5, 0.5), point(0.5, 1.0), point(0.0, 1.0)];
        let curve = steps(&points);
        let area: f64 = curve.windows(2).map(|pair| (pair[1][0] - pair[0][0]) * pair[1][1]).sum();
        assert!((area - 0.833_333_333_333).abs() < 1e-9, "{area}");
    }

    #[test]
    fn a_threshold_that_changes_nothing_is_said() {
        assert_eq!(same_matrix((0.25, 0.5)), "Above 0.2500 up to 0.5000 the counts stay the same");
        assert!(same_matrix((0.9, f64::INFINITY)).contains("nothing is called sick"));
        assert!(same_matrix((f64::NEG_INFINITY, 0.1)).contains("everything is called sick"));
    }
}
