//! Messages of the session, in the lower right corner until they are read.

use std::collections::BTreeMap;

use eframe::egui::{
    Align2, Area, Button, Context, CornerRadius, Frame, Id, Label, Margin, Order, RichText, Stroke, Ui, vec2,
};

use super::format::sentence;
use super::panels::Cx;
use super::theme::{self, palette, space};
use crate::session::{Command, Message, Severity};

/// Seconds after which a message that only informs goes by itself. Warnings and errors stay.
const INFO_SECS: f64 = 8.0;
/// Messages on screen at once; older ones follow as these are dismissed.
const SHOWN: usize = 4;
/// Width of a message, in points.
const WIDTH: f32 = 380.0;
/// Above the status bar, in points.
const ABOVE_STATUS_BAR: f32 = 60.0;

/// Remembers since when each message has been on screen.
#[derive(Default)]
pub struct Messages {
    since: BTreeMap<u64, f64>,
}

impl Messages {
    /// Draws the newest messages; dismisses those that are clicked away or have informed long enough.
    pub fn ui(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let state = cx.state;
        self.since.retain(|id, _| state.messages.iter().any(|message| message.id == *id));
        if state.messages.is_empty() {
            return;
        }
        let now = ctx.input(|input| input.time);
        let offset = vec2(-space::L, -ABOVE_STATUS_BAR);
        Area::new(Id::unique("messages")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, offset).show(
            ctx,
            |ui| {
                ui.set_width(WIDTH);
                for message in state.messages.iter().rev().take(SHOWN).rev() {
                    let since = *self.since.entry(message.id).or_insert(now);
                    let over = message.severity == Severity::Info && now - since > INFO_SECS;
                    if message_ui(ui, message) || over {
                        cx.send(Command::Dismiss(message.id));
                    }
                }
                let more = state.messages.len().saturating_sub(SHOWN);
                if more > 0 {
                    ui.label(theme::muted(ui, format!("and {more} earlier")));
                }
            },
        );
        if state.messages.iter().any(|message| message.severity == Severity::Info) {
            ctx.request_repaint_after_secs(1.0);
        }
    }
}

/// Whether it was dismissed.
fn message_ui(ui: &mut Ui, message: &Message) -> bool {
    let palette = palette(ui);
    let (colour, sign) = match message.severity {
        Severity::Info => (palette.accent, "i"),
        Severity::Warning => (palette.warning, "⚠"),
        Severity::Error => (palette.error, "✗"),
    };
    let frame = Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.line_strong))
        .corner_radius(CornerRadius::same(theme::CARD_RADIUS))
        .inner_margin(Margin::same(space::M as i8))
        .shadow(ui.visuals().popup_shadow);
    frame
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.label(RichText::new(sign).color(colour).size(theme::size::SECTION));
                let close_width = 72.0;
                let text_width = ui.available_width() - close_width;
                ui.allocate_ui(vec2(text_width, 0.0), |ui| {
                    ui.set_width(text_width);
                    ui.add(Label::new(sentence(&message.text)).wrap());
                });
                let close = Button::new(theme::muted(ui, "Dismiss")).frame_when_inactive(false);
                ui.add(close).clicked()
            })
            .inner
        })
        .inner
}
