//! Undo and redo from the keyboard, and the words that say what they and other large changes did.

use eframe::egui::{Context, Ui};

use super::{shortcuts, theme};
use crate::session::{Command, Edit, State};
use crate::ui::format::count;

/// Seconds for which the words stay.
const SHOWN_SECS: f64 = 6.0;

/// What was undone, redone or decided last, while it is shown.
#[derive(Default)]
pub struct UndoWords {
    said: Option<(String, f64)>,
}

impl UndoWords {
    /// Undo or Redo, when its keys were pressed outside of a text field.
    #[must_use]
    pub fn pressed(ctx: &Context) -> Option<Command> {
        if shortcuts::REDO.pressed(ctx) {
            Some(Command::Redo)
        } else {
            shortcuts::UNDO.pressed(ctx).then_some(Command::Undo)
        }
    }

    /// Notes what `command` is about to undo or redo, or to decide about several recordings, if it is one of these.
    pub fn note(&mut self, ctx: &Context, command: &Command, state: &State) {
        let words = match command {
            Command::Undo => state.study.undo.as_ref().map(|what| format!("Undone: {what}")),
            Command::Redo => state.study.redo.as_ref().map(|what| format!("Done again: {what}")),
            // About one, its own row tells.
            Command::Edit(Edit::Decisions(decisions)) if decisions.len() > 1 => {
                Some(format!("Decided about {} recordings", count(decisions.len())))
            }
            _ => None,
        };
        if let Some(words) = words {
            self.said = Some((words, ctx.input(|input| input.time)));
        }
    }

    /// Says it, for a few seconds.
    pub fn ui(&mut self, ui: &mut Ui) {
        let now = ui.input(|input| input.time);
        let Some((words, since)) = self.said.as_ref().filter(|(_, since)| now - since < SHOWN_SECS) else {
            self.said = None;
            return;
        };
        ui.label(theme::strong(words).size(theme::size::SMALL).color(theme::palette(ui).accent));
        ui.ctx().request_repaint_after_secs((SHOWN_SECS - (now - since)) as f32);
    }
}
