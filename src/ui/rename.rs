//! Asks for the name of the study.

use eframe::egui::{Context, Id, Key, Modal, TextEdit, Ui};

use super::panels::Cx;
use super::theme::{self, space};
use super::widgets::primary_button;
use crate::session::{Command, Edit};

/// Width of the question, in points.
const WIDTH: f32 = 380.0;
/// The longest name, in characters: it has to fit beside others.
const LONGEST: usize = 80;

/// The question, while it is open.
#[derive(Default)]
pub struct RenameDialog {
    draft: Option<Draft>,
}

struct Draft {
    name: String,
    /// It was not drawn yet.
    fresh: bool,
}

/// What became of the question.
enum Answer {
    Rename,
    Cancel,
}

impl RenameDialog {
    /// Asks, beginning with the name that the study has.
    pub fn open(&mut self, name: &str) {
        self.draft = Some(Draft { name: name.to_owned(), fresh: true });
    }

    /// Draws the question.
    pub fn ui(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let Some(draft) = &mut self.draft else { return };
        let modal = Modal::new(Id::unique("rename"))
            .show(ctx, |ui| theme::dialog_frame().show(ui, |ui| question(ui, draft)).inner);
        let cancelled = modal.should_close() || matches!(modal.inner, Some(Answer::Cancel));
        if matches!(modal.inner, Some(Answer::Rename)) {
            if draft.name.trim() != cx.state.study.name {
                cx.send(Command::Edit(Edit::Name(draft.name.clone())));
            }
            self.draft = None;
        } else if cancelled {
            self.draft = None;
        }
    }
}

fn question(ui: &mut Ui, draft: &mut Draft) -> Option<Answer> {
    ui.set_width(WIDTH);
    ui.label(theme::section("Name of the study"));
    ui.add_space(space::S);
    let field = TextEdit::singleline(&mut draft.name)
        .char_limit(LONGEST)
        .hint_text("The name of its folder")
        .desired_width(f32::INFINITY);
    let field = ui.add(field).accessible_name("Name of the study");
    if std::mem::take(&mut draft.fresh) {
        field.request_focus();
    }
    let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.add_space(space::M);
    ui.horizontal(|ui| {
        let renamed = primary_button(ui, "Rename").clicked();
        let cancelled = ui.button("Cancel").clicked();
        if renamed || entered { Some(Answer::Rename) } else { cancelled.then_some(Answer::Cancel) }
    })
    .inner
}
