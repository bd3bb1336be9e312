//! Undo and redo from the keyboard, and the words that say what they did.

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

use super::theme;
use crate::session::{Command, State};

/// Seconds for which the words stay.
const SHOWN_SECS: f64 = 6.0;

const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
/// The one with Shift first: it would also count as the other.
const REDO: [KeyboardShortcut; 2] = [
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z),
    KeyboardShortcut::new(Modifiers::COMMAND, Key::Y),
];

/// What was undone or redone last, while it is shown.
#[derive(Default)]
pub struct UndoWords {
    said: Option<(String, f64)>,
}

impl UndoWords {
    /// Undo or Redo, when its keys were pressed outside of a text field.
    #[must_use]
    pub fn pressed(ctx: &Context) -> Option<Command> {
        if ctx.text_edit_focused() {
            return None;
        }
        ctx.input_mut(|input| {
            if REDO.iter().any(|keys| input.consume_shortcut(keys)) {
                Some(Command::Redo)
            } else {
                input.consume_shortcut(&UNDO).then_some(Command::Undo)
            }
        })
    }

    /// Notes what `command` is about to undo or redo, if it is one of the two.
    pub fn note(&mut self, ctx: &Context, command: &Command, state: &State) {
        let words = match command {
            Command::Undo => state.study.undo.as_ref().map(|what| format!("Undone: {what}")),
            Command::Redo => state.study.redo.as_ref().map(|what| format!("Done again: {what}")),
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
