//! The smallest pieces: a figure, a badge, a button, a bar.

use eframe::egui::{
    Align, Button, Color32, ComboBox, CornerRadius, CursorIcon, Frame, Label, Layout, Margin, Rect, Response, RichText,
    Role, Sense, Slider, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use crate::ui::format::{count, counted, percent};
use crate::ui::theme::{self, palette, space};

/// A number with its name above.
pub fn stat(ui: &mut Ui, name: &str, value: &str) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.label(theme::caption(ui, name));
        ui.label(theme::figure(value));
    })
    .response
}

/// A short word on a coloured ground, no higher than its text in any layout.
pub fn badge(ui: &mut Ui, text: &str, colour: Color32, ground: Color32) -> Response {
    let words = ui.painter().layout_no_wrap(text.to_owned(), theme::caption_font(), colour);
    let (rect, response) = ui.allocate_exact_size(words.size() + vec2(2.0 * space::S, space::S), Sense::hover());
    ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), ground);
    ui.painter().galley(rect.center() - words.size() / 2.0, words, colour);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// A bar that fills; while the `share` (0 to 1) is not known, a part of it moves.
pub fn progress_bar(ui: &mut Ui, name: &str, share: Option<f32>, width: f32) {
    /// Seconds that the moving part takes from one end to the other.
    const SWEEP_SECS: f64 = 1.6;
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 6.0), Sense::hover());
    let radius = CornerRadius::same(3);
    ui.painter().rect_filled(rect, radius, palette.raised);
    let (from, to) = match share {
        Some(share) => (0.0, share.clamp(0.0, 1.0)),
        None => {
            ui.ctx().request_repaint();
            let at = (ui.input(|input| input.time) / SWEEP_SECS).fract() as f32;
            ((at * 1.3 - 0.3).max(0.0), (at * 1.3).min(1.0))
        }
    };
    let x = |share: f32| rect.left() + rect.width() * share;
    let done = Rect::from_min_max(pos2(x(from), rect.top()), pos2(x(to), rect.bottom()));
    ui.painter().rect_filled(done, radius, palette.accent);
    name_picture(&response, name, &share.map_or("not known yet".to_owned(), |share| percent(f64::from(share))));
}

/// A sentence that asks for care, on a coloured ground.
pub fn notice(ui: &mut Ui, text: &str) {
    notice_frame(ui).show(ui, |ui| notice_text(ui, text));
}

/// A sentence that asks for care, with the button that puts it right. Returns that.
pub fn notice_with(ui: &mut Ui, text: &str, button: &str) -> Response {
    notice_frame(ui)
        .show(ui, |ui| {
            let row = ui.horizontal(|ui| {
                let row = ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let button = ui.button(button);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| notice_text(ui, text));
                    button
                });
                row.inner
            });
            row.inner
        })
        .inner
}

fn notice_frame(ui: &Ui) -> Frame {
    Frame::new()
        .fill(palette(ui).warning_soft)
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin::symmetric(space::M as i8, space::S as i8))
}

fn notice_text(ui: &mut Ui, text: &str) {
    let colour = palette(ui).warning;
    ui.set_width(ui.available_width());
    ui.add(Label::new(RichText::new(text).size(theme::size::SMALL).color(colour)).wrap());
}

/// The one main action of a place.
pub fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let palette = palette(ui);
    ui.add(Button::new(theme::strong(text).color(palette.on_accent)).fill(palette.accent).stroke(Stroke::NONE))
}

/// A choice of one of several, with a fine arrow in place of egui's.
pub fn combo(id: &str) -> ComboBox<'static> {
    ComboBox::from_id_salt(id).icon(|ui, rect, _, _| {
        let (middle, arm) = (rect.center(), 3.5);
        let points = [vec2(-arm, -arm / 2.0), vec2(0.0, arm / 2.0), vec2(arm, -arm / 2.0)].map(|arm| middle + arm);
        ui.painter().line(points.to_vec(), Stroke::new(1.5, palette(ui).muted));
    })
}

/// A condition that holds now, with a cross. Returns whether it was clicked, to take it away.
pub fn chip(ui: &mut Ui, text: &str) -> bool {
    let palette = palette(ui);
    let words = RichText::new(format!("{text}  ×")).size(theme::size::SMALL).color(palette.accent);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 22.0;
        ui.spacing_mut().button_padding = vec2(space::S, 2.0);
        let button = Button::new(words).fill(palette.accent_soft).stroke(Stroke::NONE).truncate();
        let button = ui.add(button).on_hover_text(format!("{text}\nClick to show the others too"));
        button.accessible_name(format!("{text}: show the others too")).clicked()
    })
    .inner
}

/// One of a few choices beside each other, each with its colour when chosen, and on hover what it does; `name` says what is
/// chosen for screen readers and tests. Returns another one that was clicked.
pub fn segments<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    choices: &[(T, &'static str, Color32, &'static str)],
    current: Option<T>,
) -> Option<T> {
    let segments: Vec<_> = choices.iter().map(|(choice, text, colour, _)| (*choice, *text, *colour)).collect();
    segments_with(ui, name, &segments, current, |button, index| match choices.get(index) {
        Some((.., help)) => button.on_hover_text(*help),
        None => button,
    })
}

/// [`segments`] whose buttons are told of by `finish`, which gets each with its index.
pub fn segments_with<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    choices: &[(T, &'static str, Color32)],
    current: Option<T>,
    mut finish: impl FnMut(Response, usize) -> Response,
) -> Option<T> {
    let palette = palette(ui);
    let mut chosen = None;
    Frame::new().fill(palette.canvas).corner_radius(CornerRadius::same(theme::RADIUS)).show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.spacing_mut().button_padding.x = space::S;
        // From left to right, whichever way the row around it is laid out.
        let mut order: Vec<usize> = (0..choices.len()).collect();
        if ui.layout().prefer_right_to_left() {
            order.reverse();
        }
        for index in order {
            let Some((choice, text, colour)) = choices.get(index) else { continue };
            let is_current = current == Some(*choice);
            let words =
                if is_current { theme::strong(*text).color(*colour) } else { theme::plain(*text).color(palette.muted) };
            let button = finish(ui.add(Button::selectable(is_current, words)), index);
            if button.accessible_name(format!("{name}: {text}")).clicked() && !is_current {
                chosen = Some(*choice);
            }
        }
    });
    chosen
}

/// A row of a list that can be clicked as a whole; `name` says for screen readers and tests what that shows. Contents are
/// laid out from left to right.
pub fn clickable_row(ui: &mut Ui, height: f32, name: &str, contents: impl FnOnce(&mut Ui)) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.expand2(vec2(space::XS, 0.0)), theme::RADIUS, palette(ui).raised);
    }
    let layout = Layout::left_to_right(Align::Center);
    contents(&mut ui.new_child(UiBuilder::new().max_rect(rect).layout(layout)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// A slider whose rail is seen as something to drag along, and whose handle is no higher than its number.
pub fn slider(ui: &mut Ui, slider: Slider<'_>, name: &str) -> Response {
    /// Of the number's field with its margins, in points: lower, and the two would not be level.
    const HEIGHT: f32 = 24.0;
    ui.scope(|ui| {
        let palette = palette(ui);
        ui.spacing_mut().interact_size.y = HEIGHT;
        ui.spacing_mut().slider_width = 140.0;
        ui.visuals_mut().widgets.inactive.bg_fill = palette.line_strong;
        ui.visuals_mut().selection.bg_fill = palette.accent;
        ui.add(slider).accessible_name(name)
    })
    .inner
}

/// A filled circle before a class or a part.
pub fn dot(ui: &mut Ui, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, colour);
}

/// The balance of the two classes, as one bar with a gap between the colours.
pub fn class_bar(ui: &mut Ui, healthy: usize, sick: usize) {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    let total = (healthy + sick).max(1) as f32;
    let split = rect.left() + rect.width() * healthy as f32 / total;
    let half = |left: f32, right: f32| Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
    let radius = CornerRadius::same(4);
    let painter = ui.painter();
    if healthy + sick == 0 {
        painter.rect_filled(rect, radius, palette.raised);
    }
    if healthy > 0 {
        painter.rect_filled(half(rect.left(), if sick > 0 { split - 1.0 } else { split }), radius, palette.healthy);
    }
    if sick > 0 {
        painter.rect_filled(half(if healthy > 0 { split + 1.0 } else { split }, rect.right()), radius, palette.sick);
    }
    let summary = format!("{} healthy, {} sick", count(healthy), count(sick));
    name_picture(&response, "Class balance", &summary);
    response.on_hover_text(counted(healthy + sick, "recording is used", "recordings are used"));
}

/// Gives a drawn thing its name and its content in words, for screen readers and tests.
pub fn name_picture(response: &Response, name: &str, summary: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    response.ctx.accesskit_node_builder(response.id, |node| node.set_description(summary));
}
