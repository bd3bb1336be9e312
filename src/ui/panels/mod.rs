//! The panels: one file each, one line each in [`PANELS`].

mod data;
mod evaluate;
mod explore;
mod predict;
mod train;
mod train_form;

pub use data::DataTab;
use eframe::egui::{Button, Ui};

use super::dialogs::Dialog;
use super::shortcuts::{self, Shortcut};
use super::widgets::primary_button;
use crate::data::demo::DemoConfig;
use crate::session::{Command, State};

/// Names a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanelId {
    /// What was opened, and what became of it.
    Data,
    /// Recordings, one by one.
    Explore,
    /// A network in training.
    Train,
    /// Predictions under a threshold.
    Evaluate,
    /// New recordings.
    Predict,
}

/// One panel of the window.
pub trait Panel {
    /// Draws the panel: reads the state, and sends what the person asks for.
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>);
}

/// A line in the list of panels.
pub struct PanelSpec {
    /// Its name in code.
    pub id: PanelId,
    /// Its name on screen.
    pub name: &'static str,
    /// Shows it.
    pub key: &'static Shortcut,
    /// Makes it, as it is when the window opens.
    pub make: fn() -> Box<dyn Panel>,
}

/// Every panel, in the order of the work. To add one: its file, and a line here.
pub static PANELS: [PanelSpec; 5] = [
    PanelSpec { id: PanelId::Data, name: "Data", key: &shortcuts::PANELS[0], make: boxed::<data::DataPanel> },
    PanelSpec {
        id: PanelId::Explore,
        name: "Explore",
        key: &shortcuts::PANELS[1],
        make: boxed::<explore::ExplorePanel>,
    },
    PanelSpec { id: PanelId::Train, name: "Train", key: &shortcuts::PANELS[2], make: boxed::<train::TrainPanel> },
    PanelSpec {
        id: PanelId::Evaluate,
        name: "Evaluate",
        key: &shortcuts::PANELS[3],
        make: boxed::<evaluate::EvaluatePanel>,
    },
    PanelSpec {
        id: PanelId::Predict,
        name: "Predict",
        key: &shortcuts::PANELS[4],
        make: boxed::<predict::PredictPanel>,
    },
];

fn boxed<P: Panel + Default + 'static>() -> Box<dyn Panel> {
    Box::new(P::default())
}

/// What a panel may read, and where its wishes go.
pub struct Cx<'a> {
    /// What the session knows.
    pub state: &'a State,
    actions: &'a mut Vec<Action>,
    /// The tab of the Data panel that somebody wants to see.
    tab: Option<DataTab>,
}

/// A wish of the person.
#[derive(Debug)]
pub enum Action {
    /// For the session.
    Send(Command),
    /// Open the system's file dialog.
    Ask(Dialog),
    /// Ask for the study's name.
    Rename,
    /// Go to another panel.
    Show(PanelId),
    /// Go to a tab of the Data panel.
    ShowTab(DataTab),
}

impl<'a> Cx<'a> {
    /// A panel's view of `state`; its wishes are added to `actions`.
    pub fn new(state: &'a State, actions: &'a mut Vec<Action>) -> Self {
        Self { state, actions, tab: None }
    }

    /// The same, with a tab for the Data panel to go to.
    #[must_use]
    pub fn at_tab(self, tab: Option<DataTab>) -> Self {
        Self { tab, ..self }
    }

    /// The tab to go to, once.
    pub fn take_tab(&mut self) -> Option<DataTab> {
        self.tab.take()
    }

    /// Sends a command to the session.
    pub fn send(&mut self, command: Command) {
        self.actions.push(Action::Send(command));
    }

    /// Opens the system's file dialog.
    pub fn ask(&mut self, dialog: Dialog) {
        self.actions.push(Action::Ask(dialog));
    }

    /// Asks for the study's name.
    pub fn rename(&mut self) {
        self.actions.push(Action::Rename);
    }

    /// Goes to another panel.
    pub fn show(&mut self, panel: PanelId) {
        self.actions.push(Action::Show(panel));
    }

    /// Goes to a tab of the Data panel.
    pub fn show_tab(&mut self, tab: DataTab) {
        self.actions.push(Action::ShowTab(tab));
    }
}

/// The two ways to recordings, side by side and centred: for panels that have none yet.
fn open_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        // Two buttons of about this width.
        ui.add_space((ui.available_width() - 280.0).max(0.0) / 2.0);
        // Their keys count everywhere, so they are not taken in here.
        let open =
            shortcuts::OPEN_FOLDERS.on(primary_button(ui, "Open a folder…"), "Datasets, a study, or a saved run");
        if open.clicked() {
            cx.ask(Dialog::OpenFolder);
        }
        let demo = shortcuts::DEMO.on(ui.button("Open the demo study"), "Synthetic recordings, made on this computer");
        if demo.clicked() {
            cx.send(Command::OpenDemo(DemoConfig::default()));
            cx.show(PanelId::Data);
        }
    });
}

/// Undo and Redo, from right to left; each says on hover what it changes.
fn undo_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    let study = &cx.state.study;
    for (name, key, what, command) in
        [("Redo", &shortcuts::REDO, &study.redo, Command::Redo), ("Undo", &shortcuts::UNDO, &study.undo, Command::Undo)]
    {
        let button = ui.add_enabled(what.is_some(), Button::new(name));
        let help = what.as_ref().map_or(name.to_owned(), |what| format!("{name} {what}"));
        let button = key.on(button, &help).on_disabled_hover_text(format!("Nothing to {}", name.to_lowercase()));
        if button.clicked() {
            cx.send(command);
        }
    }
}
