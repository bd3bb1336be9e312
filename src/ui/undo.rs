//! Undo and redo from the keyboard, and the words that say what they and decisions did.

use std::path::PathBuf;

use eframe::egui::{Context, Link, Ui};

use super::panels::Cx;
use super::{shortcuts, theme};
use crate::data::Decision;
use crate::session::{Command, Edit, State};
use crate::ui::format::counted;

/// Seconds for which the words stay.
const SHOWN_SECS: f64 = 10.0;

/// What was undone, redone or decided last, while it is shown.
#[derive(Default)]
pub struct UndoWords {
    said: Option<Said>,
}

struct Said {
    words: String,
    /// When it was said, in seconds.
    since: f64,
    /// It was a decision, and nothing has been changed since: it can be taken back beside the words.
    is_decision: bool,
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

    /// Notes what `command` is about to undo, to redo or to decide, if it is one of these.
    pub fn note(&mut self, ctx: &Context, command: &Command, state: &State) {
        let (words, is_decision) = match command {
            Command::Undo => (state.study.undo.as_ref().map(|what| format!("Undone: {what}")), false),
            Command::Redo => (state.study.redo.as_ref().map(|what| format!("Done again: {what}")), false),
            Command::Edit(Edit::Decisions(decisions)) => (Some(decided(decisions)), true),
            // What would be undone now is this.
            Command::Edit(_) => (None, false),
            _ => return,
        };
        let since = ctx.input(|input| input.time);
        self.said = words.map(|words| Said { words, since, is_decision });
    }

    /// Says it, for a few seconds; a decision can be taken back.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let now = ui.input(|input| input.time);
        let Some(said) = self.said.as_ref().filter(|said| now - said.since < SHOWN_SECS) else {
            self.said = None;
            return;
        };
        ui.label(theme::strong(&said.words).size(theme::size::SMALL).color(theme::palette(ui).accent));
        ui.ctx().request_repaint_after_secs((SHOWN_SECS - (now - said.since)) as f32);
        if said.is_decision {
            let link = ui.add(Link::new(theme::plain("Undo").size(theme::size::SMALL)));
            let link = shortcuts::UNDO.on(link, "Take it back").accessible_name(format!("Undo: {}", said.words));
            if link.clicked() {
                cx.send(Command::Undo);
            }
        }
    }
}

/// What a decision did, for example "3 recordings left out".
fn decided(decisions: &[(PathBuf, Option<Decision>)]) -> String {
    let recordings = counted(decisions.len(), "recording", "recordings");
    let mut kinds = decisions.iter().map(|(_, decision)| *decision);
    let first = kinds.next().flatten();
    let what = match first {
        _ if kinds.any(|other| other != first) => "decided about",
        None => "left to the policy",
        Some(Decision::Use) => "used",
        Some(Decision::Healthy) => "used as healthy",
        Some(Decision::Sick) => "used as sick",
        Some(Decision::Exclude) => "left out",
    };
    format!("{recordings} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_said_as_what_it_did() {
        let of = |decisions: &[Option<Decision>]| {
            decided(&decisions.iter().map(|decision| (PathBuf::new(), *decision)).collect::<Vec<_>>())
        };
        assert_eq!(of(&[Some(Decision::Exclude)]), "1 recording left out");
        assert_eq!(of(&[Some(Decision::Sick); 1200]), "1,200 recordings used as sick");
        assert_eq!(of(&[None, None]), "2 recordings left to the policy");
        assert_eq!(of(&[None, Some(Decision::Use)]), "2 recordings decided about");
    }
}
