//! Bar charts of the two classes, as the figures show them.

use eframe::egui::{
    Align2, Color32, CornerRadius, CursorIcon, Id, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::basics::name_picture;
use crate::data::Label;
use crate::report::figures::{Anchor, Area, Bar, BarChart, Drawing, Lettering};
use crate::ui::theme::{self, palette};

/// A bar of the chart, for who says what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarPlace {
    /// The place of its value in [`BarChart::groups`].
    pub group: usize,
    /// Its class.
    pub label: Label,
}

/// What a bar says when it is pointed at, and what a click does.
#[derive(Debug, Default)]
pub struct BarWords {
    /// What it stands for.
    pub meaning: String,
    /// What a click does; `None` where it does nothing.
    pub action: Option<&'static str>,
}

/// Draws the chart as wide as there is room. Returns the bar that was clicked.
pub fn bar_chart(ui: &mut Ui, chart: &BarChart, words: impl Fn(BarPlace) -> BarWords) -> Option<BarPlace> {
    let width_of = |text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::caption_font(), Color32::PLACEHOLDER);
        f64::from(galley.size().x)
    };
    let letters = Lettering { size: f64::from(theme::size::CAPTION), width: &width_of };
    let drawing = chart.layout(f64::from(ui.available_width()), &letters);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), drawing.height as f32), Sense::hover());
    name_picture(&response, &chart.title, &chart.summary());
    paint(ui, &drawing, rect);
    let mut clicked = None;
    for bar in &drawing.bars {
        let place = BarPlace { group: bar.group, label: bar.label };
        // Charts in one column of a panel share their scope.
        let id = ui.scope_id().with((&chart.title, bar.group, bar.label));
        if bar_ui(ui, bar, (rect, id), &words(place)) {
            clicked = Some(place);
        }
    }
    clicked
}

fn paint(ui: &Ui, drawing: &Drawing, rect: Rect) {
    let (palette, painter) = (palette(ui), ui.painter());
    let at = |(x, y): (f64, f64)| rect.min + vec2(x as f32, y as f32);
    for [from, to] in &drawing.lines {
        painter.line_segment([at(*from), at(*to)], Stroke::new(1.0, palette.line));
    }
    for text in &drawing.texts {
        let align = match text.anchor {
            Anchor::Start => Align2::LEFT_CENTER,
            Anchor::Middle => Align2::CENTER_CENTER,
            Anchor::End => Align2::RIGHT_CENTER,
        };
        let colour = if text.is_name { palette.text } else { palette.muted };
        painter.text(at(text.at), align, &text.words, theme::caption_font(), colour);
    }
}

/// Whether it was clicked.
fn bar_ui(ui: &Ui, bar: &Bar, (chart, id): (Rect, Id), words: &BarWords) -> bool {
    const FAINT: f32 = 0.45;
    let palette = palette(ui);
    let colour = if bar.label.is_positive() { palette.sick } else { palette.healthy };
    let colour = if bar.is_faint { colour.gamma_multiply(FAINT) } else { colour };
    let (area, reach) = (placed(bar.area, chart), placed(bar.reach, chart));
    let sense = if words.action.is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(reach, id, sense);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(reach, CornerRadius::same(2), palette.raised.gamma_multiply(0.6));
    }
    ui.painter().rect_filled(area, CornerRadius::same(2), colour);
    if response.has_focus() {
        ui.painter().rect_stroke(reach, CornerRadius::same(2), Stroke::new(1.0, palette.accent), StrokeKind::Inside);
    }
    let Some(action) = words.action else {
        response.on_hover_text(&words.meaning);
        return false;
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words.meaning));
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    response.on_hover_text(format!("{}\n{action}", words.meaning)).clicked()
}

fn placed(area: Area, chart: Rect) -> Rect {
    let min = pos2(chart.left() + area.x as f32, chart.top() + area.y as f32);
    Rect::from_min_size(min, vec2(area.width as f32, area.height as f32))
}
