//! What is around every panel: the bar with the tabs above, the status bar below.

use eframe::egui::{
    Align, Button, Layout, Popup, Rect, Response, RichText, Role, Sense, Stroke, ThemePreference, Ui, Vec2, WidgetInfo,
};

use super::app::NAME;
use super::dialogs::Dialog;
use super::format::{count, file_name};
use super::panels::{Cx, PANELS, PanelId};
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
        for (index, spec) in PANELS.iter().enumerate() {
            if tab(ui, spec.name, index + 1, spec.id == shown) {
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

fn tab(ui: &mut Ui, name: &str, number: usize, selected: bool) -> bool {
    let palette = palette(ui);
    let text =
        if selected { theme::strong(name).color(palette.accent) } else { RichText::new(name).color(palette.muted) };
    let shortcut = if ui.ctx().os().is_mac() { "Cmd" } else { "Ctrl" };
    ui.add(Button::selectable(selected, text)).on_hover_text(format!("{shortcut}+{number}")).clicked()
}

/// What can be opened, and what can be done with the study as a whole.
fn file_menu(ui: &mut Ui, cx: &mut Cx<'_>) {
    let button = ui.button("File");
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(220.0);
        for (name, help, dialog) in [
            ("Open folders…", "Datasets, a study, or a saved run", Dialog::OpenFolder),
            ("Open files…", "Recordings, or a table of predictions", Dialog::OpenFiles),
            (
                "Open a study…",
                "Goes on with the study in a folder, or starts one in an empty folder",
                Dialog::OpenStudy,
            ),
        ] {
            if ui.add(menu_item(name)).on_hover_text(help).clicked() {
                cx.ask(dialog);
            }
        }
        if ui.add(menu_item("Demo study")).on_hover_text("Synthetic recordings, made on this computer").clicked() {
            cx.send(Command::OpenDemo(DemoConfig::default()));
            cx.show(PanelId::Data);
        }
        recent_items(ui, cx);
        ui.separator();
        let open = !cx.state.study.is_empty();
        let help = "The name that stands above its data and in the lists of studies";
        if ui.add_enabled(open, menu_item("Rename the study…")).on_hover_text(help).clicked() {
            cx.rename();
        }
        for (name, help, dialog) in [
            (
                "Keep the study in another folder…",
                "Its settings and what was read; the recordings stay where they are",
                Dialog::SaveStudy,
            ),
            ("Export table…", "Every recording as a row, with its label and the reason", Dialog::ExportTable),
        ] {
            if ui.add_enabled(open, menu_item(name)).on_hover_text(help).clicked() {
                cx.ask(dialog);
            }
        }
        let help = "It is kept, and can be opened again";
        if ui.add_enabled(open, menu_item("Close the study")).on_hover_text(help).clicked() {
            cx.send(Command::CloseStudy);
            cx.show(PanelId::Data);
        }
    });
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
    response.on_hover_text("Light or dark")
}

/// The promise and what was undone on the left, what goes on in the background on the right.
pub fn status_bar(ui: &mut Ui, undo: &mut UndoWords, cx: &mut Cx<'_>) {
    ui.horizontal(|ui| {
        ui.label(theme::muted(ui, "Nothing leaves this computer. Research and teaching only, not a diagnosis."));
        ui.add_space(space::M);
        undo.ui(ui);
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
