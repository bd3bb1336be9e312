//! Asks before a window is closed on a training that still runs: minutes or hours of work would be lost by one click.

use eframe::egui::{Context, Id, Label, Modal, Ui, ViewportCommand};

use super::theme::{self, space};
use super::widgets::primary_button;
use crate::session::State;

/// Width of the question, in points.
const WIDTH: f32 = 380.0;

/// The question, while it is open.
#[derive(Default)]
pub struct Closing {
    asking: bool,
    confirmed: bool,
}

impl Closing {
    /// Holds the window open while a training runs, until the person has answered. Called for hidden windows too: a
    /// minimised one can be closed from the task bar.
    pub fn hold(&mut self, ctx: &Context, state: &State) {
        if state.active_run().is_none() {
            self.asking = false;
        } else if ctx.input(|input| input.viewport().close_requested()) && !self.confirmed {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            ctx.send_viewport_cmd(ViewportCommand::Minimized(false));
            self.asking = true;
        }
    }

    /// Draws the question.
    pub fn ui(&mut self, ctx: &Context) {
        if self.asking {
            let modal = Modal::new(Id::unique("closing")).show(ctx, |ui| {
                theme::dialog_frame().show(ui, |ui| self.question(ui));
            });
            if modal.should_close() {
                self.asking = false;
            }
        }
    }

    fn question(&mut self, ui: &mut Ui) {
        ui.set_width(WIDTH);
        ui.label(theme::section("A training is running"));
        ui.add_space(space::S);
        let text = "Closing now ends it, and what it has learned is lost. To keep the best network so far, stop the \
                    training first.";
        ui.add(Label::new(text).wrap());
        ui.add_space(space::M);
        ui.horizontal(|ui| {
            if primary_button(ui, "Keep training").clicked() {
                self.asking = false;
            }
            if ui.button("Close anyway").clicked() {
                self.confirmed = true;
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
            }
        });
    }
}
