//! The root of the window: a session, the panels, and which one is shown.

use std::path::PathBuf;
use std::time::Instant;

use eframe::egui::{CentralPanel, Context, Frame, Margin, Panel as SidePanel, Ui};

use super::closing::Closing;
use super::dialogs::Dialogs;
use super::mapping::MappingDialog;
use super::messages::Messages;
use super::panels::{Action, Cx, DataTab, PANELS, Panel, PanelId};
use super::rename::RenameDialog;
use super::shortcuts::Sheet;
use super::theme::{self, space};
use super::undo::UndoWords;
use super::{drop, shell};
use crate::session::{Command, Evaluation, RunId, Session, SoundCommand, State};

/// The program's name, in the title of the window and elsewhere.
pub const NAME: &str = "coughscope";

/// The window's content.
pub struct App {
    session: Session,
    panels: Vec<Box<dyn Panel>>,
    shown: PanelId,
    dialogs: Dialogs,
    messages: Messages,
    mapping: MappingDialog,
    rename: RenameDialog,
    closing: Closing,
    undo: UndoWords,
    sheet: Sheet,
    /// The tab of the Data panel to go to on the next frame.
    tab: Option<DataTab>,
}

impl App {
    /// Styles `ctx` and makes the panels; `session` is what they show.
    #[must_use]
    pub fn new(ctx: &Context, mut session: Session) -> Self {
        theme::install(ctx);
        session.send(Command::ProbeDevices);
        session.send(SoundCommand::Probe.into());
        Self {
            session,
            panels: PANELS.iter().map(|spec| (spec.make)()).collect(),
            shown: PanelId::Data,
            dialogs: Dialogs::default(),
            messages: Messages::default(),
            mapping: MappingDialog::default(),
            rename: RenameDialog::default(),
            closing: Closing::default(),
            undo: UndoWords::default(),
            sheet: Sheet::default(),
            tab: None,
        }
    }

    /// What the session knows.
    #[must_use]
    pub fn state(&self) -> &State {
        self.session.state()
    }

    /// The panel that is shown.
    #[must_use]
    pub fn shown(&self) -> PanelId {
        self.shown
    }

    /// Goes to a panel.
    pub fn show(&mut self, panel: PanelId) {
        self.shown = panel;
    }

    /// Sends a command, as a panel would.
    pub fn send(&mut self, command: Command) {
        self.session.send(command);
    }

    /// Takes in what happened since the last frame: news of the session, dialogs, drops, shortcuts. Draws nothing.
    pub fn logic(&mut self, ctx: &Context) {
        let before = Landmarks::of(self.session.state());
        self.session.poll();
        if let Some(panel) = landing(self.shown, &before, &Landmarks::of(self.session.state())) {
            self.shown = panel;
        }
        self.closing.hold(ctx, self.session.state());
        if let Some(command) = self.dialogs.poll(ctx) {
            self.open(command);
        }
        let dropped: Vec<PathBuf> =
            ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        if !dropped.is_empty() {
            self.open(Command::Open(dropped));
        }
        self.sheet.keys(ctx);
        if let Some(command) = UndoWords::pressed(ctx) {
            self.undo.note(ctx, &command, self.session.state());
            self.session.send(command);
        }
        for spec in &PANELS {
            if spec.key.pressed(ctx) {
                self.shown = spec.id;
            }
        }
    }

    /// Draws the window into `ui`.
    pub fn ui(&mut self, ui: &mut Ui) {
        let mut actions = Vec::new();
        let mut cx = Cx::new(self.session.state(), &mut actions).at_tab(self.tab.take());
        let palette = theme::palette(ui);
        let bar = Frame::new().fill(palette.surface).inner_margin(Margin::symmetric(space::L as i8, space::S as i8));
        SidePanel::top("top bar").frame(bar).resizable(false).show(ui, |ui| shell::top_bar(ui, self.shown, &mut cx));
        SidePanel::bottom("status bar")
            .frame(bar)
            .resizable(false)
            .show(ui, |ui| shell::status_bar(ui, &mut self.undo, &mut cx));
        let body = Frame::new().fill(palette.canvas).inner_margin(Margin::same(space::L as i8));
        CentralPanel::default().frame(body).show(ui, |ui| {
            let index = PANELS.iter().position(|spec| spec.id == self.shown).unwrap_or(0);
            if let Some(panel) = self.panels.get_mut(index) {
                // Every panel keeps its own scroll positions and fields.
                ui.push_id(index, |ui| panel.ui(ui, &mut cx));
            }
        });
        self.messages.ui(ui.ctx(), &mut cx);
        self.mapping.ui(ui.ctx(), &mut cx);
        self.rename.ui(ui.ctx(), &mut cx);
        let run = cx.state.predict_run().map(|run| run.name.as_str());
        drop::overlay(ui.ctx(), run);
        self.closing.ui(ui.ctx());
        self.sheet.ui(ui.ctx());
        for action in actions {
            self.act(ui.ctx(), action);
        }
    }

    fn act(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Send(command) => {
                self.undo.note(ctx, &command, self.session.state());
                self.session.send(command);
            }
            Action::Ask(dialog) => self.dialogs.ask(dialog),
            Action::Rename => self.rename.open(&self.session.state().study.name),
            Action::Show(panel) => self.shown = panel,
            Action::ShowTab(tab) => {
                self.shown = PanelId::Data;
                self.tab = Some(tab);
            }
        }
    }

    /// Sends a command that opens things, and goes where the result will be.
    fn open(&mut self, command: Command) {
        match &command {
            Command::Open(paths) => self.shown = drop::destination(paths).unwrap_or(self.shown),
            Command::Predict(_) => self.shown = PanelId::Predict,
            _ => {}
        }
        self.session.send(command);
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        Self::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Self::ui(self, ui);
    }
}

/// What in the state decides where to go by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Landmarks {
    training: Option<RunId>,
    /// The run that Evaluate shows.
    evaluated: Option<RunId>,
    /// When what Evaluate shows was made: a run that is opened again is shown again.
    made: Option<Instant>,
    predictions: usize,
}

impl Landmarks {
    fn of(state: &State) -> Self {
        Self {
            training: state.active_run().map(|run| run.id),
            evaluated: state.evaluation.as_ref().and_then(|evaluation| evaluation.run),
            made: state.evaluation.as_ref().map(Evaluation::made),
            predictions: state.predictions.len(),
        }
    }
}

/// Where the window goes by itself: to Train, when the demo begins to train; to Evaluate, when the training that is
/// watched ends or a dropped run was opened; to Predict, when recordings were dropped together with the run.
fn landing(shown: PanelId, before: &Landmarks, after: &Landmarks) -> Option<PanelId> {
    if shown == PanelId::Data && before.training.is_none() && after.training.is_some() {
        return Some(PanelId::Train);
    }
    if after.evaluated.is_none() || after.made == before.made {
        return None;
    }
    let watched_training_ended =
        shown == PanelId::Train && before.training.is_some() && before.training == after.evaluated;
    // A training that ends while somebody looks at the data is no reason to go anywhere.
    let opened = shown == PanelId::Data && before.training != after.evaluated;
    if opened && after.predictions > before.predictions {
        return Some(PanelId::Predict);
    }
    (watched_training_ended || opened).then_some(PanelId::Evaluate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landmarks(training: Option<u64>, evaluated: Option<u64>) -> Landmarks {
        Landmarks {
            training: training.map(RunId),
            evaluated: evaluated.map(RunId),
            made: evaluated.map(|_| Instant::now()),
            predictions: 0,
        }
    }

    #[test]
    fn evaluate_opens_when_the_watched_training_ends() {
        let (before, after) = (landmarks(Some(1), None), landmarks(None, Some(1)));
        assert_eq!(landing(PanelId::Train, &before, &after), Some(PanelId::Evaluate));
        for elsewhere in [PanelId::Data, PanelId::Explore] {
            assert_eq!(landing(elsewhere, &before, &after), None, "someone who works elsewhere is not disturbed");
        }
        assert_eq!(landing(PanelId::Train, &after, &after), None);
    }

    #[test]
    fn evaluate_opens_with_a_dropped_run_also_the_second_time() {
        let (before, after) = (landmarks(None, None), landmarks(None, Some(1)));
        assert_eq!(landing(PanelId::Data, &before, &after), Some(PanelId::Evaluate));
        let again = Landmarks { made: Some(Instant::now()), ..after };
        assert_eq!(landing(PanelId::Data, &after, &again), Some(PanelId::Evaluate));
        let beside_a_training = Landmarks { training: Some(RunId(7)), ..after };
        let opened = Landmarks { made: Some(Instant::now()), ..beside_a_training };
        assert_eq!(landing(PanelId::Data, &beside_a_training, &opened), Some(PanelId::Evaluate));
        let with_recordings = Landmarks { predictions: 2, ..again };
        assert_eq!(landing(PanelId::Data, &after, &with_recordings), Some(PanelId::Predict));
    }

    #[test]
    fn train_opens_when_the_demo_begins_to_train() {
        let (before, after) = (landmarks(None, None), landmarks(Some(1), None));
        assert_eq!(landing(PanelId::Data, &before, &after), Some(PanelId::Train));
        assert_eq!(landing(PanelId::Explore, &before, &after), None, "someone who works elsewhere is not disturbed");
    }
}
