//! What is around every panel: the bar with the tabs above, the status bar below.

use eframe::egui::{
    Align, Button, Layout, Popup, Rect, Response, RichText, Role, Sense, Stroke, ThemePreference, Ui, Vec2, WidgetInfo,
};

use super::app::NAME;
use super::dialogs::Dialog;
use super::format::{count, file_name};
use super::panels::{Cx, PANELS, PanelId, PanelSpec};
use super::shortcuts::{self, Shortcut};
use super::theme::{self, palette, space};
use super::undo::UndoWords;
use super::widgets::{badge, progress_bar};
use crate::data::demo::DemoConfig;
use crate::session::{Command, Loading, Run};

/// Width of the progress bar below, in points.
const PROGRESS_WIDTH: f32 = 120.0;

/// The name, the tabs, the badge of synthetic data, File and the theme.
pub fn top_bar(ui: &mut Ui, shown: PanelId, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        ui.label(theme::section(NAME));
        ui.add_space(space::M);
        ui.spacing_mut().item_spacing.x = space::XS;
        for spec in &PANELS {
            if tab(ui, spec, spec.id == shown) {
                cx.show(spec.id);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            theme_menu(ui);
            file_menu(ui, cx);
            if cx.state.study.synthetic {
                let palette = palette(ui);
                badge(ui, "SYNTHETIC DEMO DATA", palette.warning, palette.warning_soft)
                    .on_hover_text("These recordings were made by a program and prove nothing about any disease");
            }
        });
    });
}

fn tab(ui: &mut Ui, spec: &PanelSpec, selected: bool) -> bool {
    let (palette, name) = (palette(ui), spec.name);
    let text =
        if selected { theme::strong(name).color(palette.accent) } else { RichText::new(name).color(palette.muted) };
    spec.key.on(ui.add(Button::selectable(selected, text)), spec.key.words()).clicked()
}

/// What of the File menu is done.
#[derive(Clone)]
enum FileAction {
    Ask(Dialog),
    Demo,
    Rename,
    Close,
}

/// An entry of the File menu.
struct FileItem {
    name: &'static str,
    help: &'static str,
    key: &'static Shortcut,
    action: FileAction,
}

/// What opens something.
static OPENING: [FileItem; 4] = [
    FileItem {
        name: "Open folders…",
        help: "Datasets, a study, or a saved run",
        key: &shortcuts::OPEN_FOLDERS,
        action: FileAction::Ask(Dialog::OpenFolder),
    },
    FileItem {
        name: "Open files…",
        help: "Recordings, or a table of predictions",
        key: &shortcuts::OPEN_FILES,
        action: FileAction::Ask(Dialog::OpenFiles),
    },
    FileItem {
        name: "Open a study…",
        help: "Goes on with the study in a folder, or starts one in an empty folder",
        key: &shortcuts::OPEN_STUDY,
        action: FileAction::Ask(Dialog::OpenStudy),
    },
    FileItem {
        name: "Demo study",
        help: "Synthetic recordings, made on this computer",
        key: &shortcuts::DEMO,
        action: FileAction::Demo,
    },
];

/// What concerns the study that is open.
static OF_STUDY: [FileItem; 4] = [
    FileItem {
        name: "Rename the study…",
        help: "The name that stands above its data and in the lists of studies",
        key: &shortcuts::RENAME,
        action: FileAction::Rename,
    },
    FileItem {
        name: "Keep the study in another folder…",
        help: "Its settings and what was read; the recordings stay where they are",
        key: &shortcuts::SAVE_STUDY,
        action: FileAction::Ask(Dialog::SaveStudy),
    },
    FileItem {
        name: "Export table…",
        help: "Every recording as a row, with its label and the reason",
        key: &shortcuts::EXPORT_TABLE,
        action: FileAction::Ask(Dialog::ExportTable),
    },
    FileItem {
        name: "Close the study",
        help: "It is kept, and can be opened again",
        key: &shortcuts::CLOSE_STUDY,
        action: FileAction::Close,
    },
];

/// What can be opened, and what can be done with the study as a whole. The keys count also while the menu is closed.
fn file_menu(ui: &mut Ui, cx: &mut Cx<'_>) {
    let button = ui.button("File");
    let open = !cx.state.study.is_empty();
    let usable = OPENING.iter().chain(OF_STUDY.iter().filter(|_| open));
    let mut wanted = usable.into_iter().find(|item| item.key.pressed(ui.ctx()));
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(220.0);
        let mut add = |ui: &mut Ui, item: &'static FileItem, enabled: bool| {
            if item.key.on(ui.add_enabled(enabled, menu_item(item.name)), item.help).clicked() {
                wanted = Some(item);
            }
        };
        OPENING.iter().for_each(|item| add(ui, item, true));
        recent_items(ui, cx);
        ui.separator();
        OF_STUDY.iter().for_each(|item| add(ui, item, open));
    });
    shortcuts::FILE_MENU.opens(button, "Open, export and close");
    match wanted.map(|item| &item.action) {
        None => {}
        Some(FileAction::Ask(dialog)) => cx.ask(dialog.clone()),
        Some(FileAction::Rename) => cx.rename(),
        Some(FileAction::Demo) => {
            cx.send(Command::OpenDemo(DemoConfig::default()));
            cx.show(PanelId::Data);
        }
        Some(FileAction::Close) => {
            cx.send(Command::CloseStudy);
            cx.show(PanelId::Data);
        }
    }
}

/// The studies that were open lately, without the one that is open.
fn recent_items(ui: &mut Ui, cx: &mut Cx<'_>) {
    /// More would fill a small window.
    const SHOWN: usize = 5;
    let others = cx.state.recent.iter().filter(|recent| cx.state.study.folder.as_ref() != Some(&recent.folder));
    let others: Vec<_> = others.take(SHOWN).collect();
    if others.is_empty() {
        return;
    }
    ui.separator();
    ui.label(theme::caption(ui, "Go on with"));
    for recent in others {
        let words = format!("{} · {}", recent.name, recent.datasets);
        if ui.add(menu_item(&words)).on_hover_text(recent.folder.display().to_string()).clicked() {
            cx.send(Command::OpenStudy(recent.folder.clone()));
            cx.show(PanelId::Data);
        }
    }
}

fn menu_item(text: &str) -> Button<'_> {
    Button::selectable(false, text)
}

fn theme_menu(ui: &mut Ui) {
    let current = ui.ctx().options(|options| options.theme_preference);
    let choices =
        [(ThemePreference::System, "System"), (ThemePreference::Light, "Light"), (ThemePreference::Dark, "Dark")];
    let button = theme_button(ui);
    Popup::menu(&button).show(|ui| {
        for (choice, name) in choices {
            if ui.add(Button::selectable(choice == current, name)).clicked() {
                ui.ctx().set_theme(choice);
            }
        }
    });
    shortcuts::THEME.opens(button, "Light or dark");
}

/// A half-filled disc, the common sign for light and dark.
fn theme_button(ui: &mut Ui) -> Response {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(theme::CONTROL_HEIGHT), Sense::click());
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, theme::RADIUS, palette.raised);
    }
    let (centre, radius) = (rect.center(), 6.5);
    painter.circle_stroke(centre, radius, Stroke::new(1.5, palette.muted));
    let right_half = Rect::from_min_max(rect.center_top(), rect.max);
    painter.with_clip_rect(right_half).circle_filled(centre, radius, palette.muted);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Theme"));
    response
}

/// The promise and what was undone on the left, what goes on in the background on the right.
pub fn status_bar(ui: &mut Ui, undo: &mut UndoWords, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        ui.label(theme::muted(ui, "Nothing leaves this computer. Research and teaching only, not a diagnosis."));
        ui.add_space(space::M);
        undo.ui(ui, cx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(loading) = &cx.state.loading {
                loading_ui(ui, loading);
            } else if let Some(run) = cx.state.active_run()
                && run_ui(ui, run)
            {
                cx.show(PanelId::Train);
            }
        });
    });
}

fn loading_ui(ui: &mut Ui, loading: &Loading) {
    let share = (loading.total > 0).then(|| loading.done as f32 / loading.total as f32);
    progress_bar(ui, "Progress", share, PROGRESS_WIDTH);
    let counts = match loading.total {
        0 => String::new(),
        total => format!(" {} of {}", count(loading.done), count(total)),
    };
    ui.label(theme::muted(ui, format!("{}{counts}", loading.task))).on_hover_text(&loading.detail);
}

/// Whether it was clicked.
fn run_ui(ui: &mut Ui, run: &Run) -> bool {
    let Some(text) = run.activity() else { return false };
    progress_bar(ui, "Progress", run.progress(), PROGRESS_WIDTH);
    ui.link(RichText::new(text).size(theme::size::SMALL)).on_hover_text(file_name(&run.folder)).clicked()
}
