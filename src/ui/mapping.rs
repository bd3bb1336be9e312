//! Asks which columns of a table hold what, when a folder fits no dataset's layout.

use std::path::PathBuf;

use eframe::egui::{Align, Context, Id, Label, Layout, Modal, ScrollArea, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use super::format::{count, counted, file_name, short_path};
use super::panels::Cx;
use super::theme::{self, palette, space};
use super::widgets::{combo, notice, primary_button, setting};
use crate::data::sources::mapped::{Mapping, TablePreview};
use crate::session::{Command, Unmapped};

/// Width of the dialog, in points; less in a small window.
const WIDTH: f32 = 640.0;
/// Width of the names of the columns' meanings, in points.
const NAME_WIDTH: f32 = 84.0;
/// Rows of this many points each are shown of the table.
const ROW_HEIGHT: f32 = 20.0;
/// Stands for "no column".
const NONE: &str = "none";

/// The question, while it is open.
#[derive(Default)]
pub struct MappingDialog {
    draft: Option<Draft>,
}

/// What the person has chosen so far.
struct Draft {
    root: PathBuf,
    mapping: Mapping,
    /// What the session was last asked to count.
    counted: Option<Mapping>,
}

/// What became of the question.
enum Answer {
    Open,
    Cancel,
}

impl MappingDialog {
    /// Draws the question while the session has one.
    pub fn ui(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let Some((unmapped, first)) = cx.state.unmapped.front().and_then(|it| Some((it, it.tables.first()?))) else {
            self.draft = None;
            return;
        };
        let fresh = self.draft.as_ref().is_none_or(|draft| draft.root != unmapped.root);
        let draft = if fresh {
            self.draft.insert(Draft { root: unmapped.root.clone(), mapping: first.guess.clone(), counted: None })
        } else if let Some(draft) = &mut self.draft {
            draft
        } else {
            return;
        };
        let waiting = cx.state.unmapped.len() - 1;
        let modal = Modal::new(Id::unique("mapping"))
            .show(ctx, |ui| theme::dialog_frame().show(ui, |ui| question(ui, unmapped, draft, fresh, waiting)).inner);
        // A click beside the dialog would throw the choices away.
        let escaped = modal.should_close() && !modal.backdrop_response.clicked();
        let mapping = draft.mapping.clone();
        match modal.inner {
            Some(Answer::Open) => cx.send(Command::OpenMapped { root: unmapped.root.clone(), mapping }),
            Some(Answer::Cancel) => cx.send(Command::CancelMapping(unmapped.root.clone())),
            None if escaped => cx.send(Command::CancelMapping(unmapped.root.clone())),
            None if draft.counted.as_ref() != Some(&mapping) => {
                draft.counted = Some(mapping.clone());
                cx.send(Command::CountMapping { root: unmapped.root.clone(), mapping });
            }
            None => {}
        }
    }
}

/// The question about one folder, while `waiting` others wait for their own.
fn question(ui: &mut Ui, unmapped: &Unmapped, draft: &mut Draft, fresh: bool, waiting: usize) -> Option<Answer> {
    let room = ui.ctx().content_rect().size() - vec2(2.0 * space::XL, 2.0 * space::XL);
    ui.set_width(WIDTH.min(room.x));
    ui.label(theme::section(format!("Which columns of “{}” hold what?", file_name(&unmapped.root))));
    let text = "This folder has the layout of none of the known datasets (Coswara, COUGHVID, Virufy, or a folder with \
                healthy and sick inside), but there is a table in it. Say which of its columns is which.";
    ui.add(Label::new(theme::muted(ui, text)).wrap());
    ui.add_space(space::S);
    // The buttons stay in sight in a small window.
    let footer = 84.0;
    ScrollArea::vertical().max_height((room.y - footer - 64.0).max(120.0)).show(ui, |ui| {
        table_choice(ui, unmapped, &mut draft.mapping);
        if let Some(table) = unmapped.tables.iter().find(|table| table.path == draft.mapping.table) {
            columns_ui(ui, table, &mut draft.mapping);
            ui.add_space(space::S);
            first_rows(ui, table, &draft.mapping);
        }
    });
    ui.add_space(space::XS);
    found(ui, unmapped, &draft.mapping);
    answer(ui, draft, fresh, waiting)
}

fn table_choice(ui: &mut Ui, unmapped: &Unmapped, mapping: &mut Mapping) {
    setting(ui, NAME_WIDTH, "Table", "Every table (.csv) in the folder and two levels below", |ui| {
        let [only] = unmapped.tables.as_slice() else {
            let chosen = mapping.table.display().to_string();
            let list = combo("table").width(320.0).truncate().selected_text(chosen).show_ui(ui, |ui| {
                for table in &unmapped.tables {
                    let is_chosen = table.path == mapping.table;
                    let name = format!("{} · {}", table.path.display(), counted(table.rows, "row", "rows"));
                    if ui.selectable_label(is_chosen, name).clicked() && !is_chosen {
                        *mapping = table.guess.clone();
                    }
                }
            });
            list.response.accessible_name("Table");
            return;
        };
        ui.label(format!("{} · {}", short_path(&only.path), counted(only.rows, "row", "rows")));
    });
}

/// The two columns that are needed, then those that may be there.
fn columns_ui(ui: &mut Ui, table: &TablePreview, mapping: &mut Mapping) {
    super::widgets::columns(ui, &[1.0, 1.0], |ui, column| match column {
        0 => {
            let help = "The name or path of the recording, with or without its ending";
            needed(ui, table, "File", help, &mut mapping.file);
            let help = "The state of health, in whatever words the table has";
            needed(ui, table, "Label", help, &mut mapping.label);
            let help =
                "Whose recording it is, so that nobody is in training and test; without it every file is a person";
            optional(ui, table, "Person", help, &mut mapping.person);
        }
        _ => {
            optional(ui, table, "Age", "In years", &mut mapping.age);
            optional(ui, table, "Sex", "", &mut mapping.sex);
            let help = "Which dataset a recording comes from; without it, the folder's name says so";
            optional(ui, table, "Dataset", help, &mut mapping.dataset);
        }
    });
}

fn needed(ui: &mut Ui, table: &TablePreview, name: &str, help: &str, chosen: &mut String) {
    setting(ui, NAME_WIDTH, name, help, |ui| {
        let list = combo(name).width(180.0).truncate().selected_text(chosen.clone()).show_ui(ui, |ui| {
            for column in named(table) {
                ui.selectable_value(chosen, column.clone(), column);
            }
        });
        list.response.accessible_name(format!("{name} column"));
    });
}

fn optional(ui: &mut Ui, table: &TablePreview, name: &str, help: &str, chosen: &mut Option<String>) {
    setting(ui, NAME_WIDTH, name, help, |ui| {
        let text = chosen.clone().unwrap_or_else(|| NONE.to_owned());
        let list = combo(name).width(180.0).truncate().selected_text(text).show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, NONE);
            for column in named(table) {
                ui.selectable_value(chosen, Some(column.clone()), column);
            }
        });
        list.response.accessible_name(format!("{name} column"));
    });
}

/// The columns that have a name.
fn named(table: &TablePreview) -> impl Iterator<Item = &String> {
    table.columns.iter().filter(|column| !column.is_empty())
}

/// The first rows as they are, with the chosen columns marked.
fn first_rows(ui: &mut Ui, table: &TablePreview, mapping: &Mapping) {
    let palette = palette(ui);
    let chosen = |column: &String| {
        let optional = [&mapping.person, &mapping.age, &mapping.sex, &mapping.dataset];
        *column == mapping.file || *column == mapping.label || optional.into_iter().flatten().any(|name| name == column)
    };
    ScrollArea::horizontal().id_salt("first rows").auto_shrink([false, true]).show(ui, |ui| {
        let builder = TableBuilder::new(ui)
            .id_salt(&table.path)
            .striped(true)
            .vscroll(false)
            .cell_layout(Layout::left_to_right(Align::Center))
            .columns(Column::auto().at_least(64.0).at_most(200.0).clip(true), table.columns.len());
        let head = builder.header(ROW_HEIGHT, |mut row| {
            for column in &table.columns {
                let colour = if chosen(column) { palette.accent } else { palette.muted };
                row.col(|ui| {
                    ui.add(Label::new(theme::caption(ui, column).color(colour)).truncate());
                });
            }
        });
        head.body(|body| {
            body.rows(ROW_HEIGHT, table.first_rows.len(), |mut row| {
                let fields = table.first_rows.get(row.index()).map_or(&[][..], Vec::as_slice);
                for index in 0..table.columns.len() {
                    row.col(|ui| {
                        let text = fields.get(index).map_or("", String::as_str);
                        ui.add(Label::new(theme::plain(text).size(theme::size::SMALL)).truncate());
                    });
                }
            });
        });
    });
}

/// How many recordings these columns lead to, and what happens next.
fn found(ui: &mut Ui, unmapped: &Unmapped, mapping: &Mapping) {
    match unmapped.count.as_ref().filter(|(counted, _)| counted == mapping) {
        None => {
            ui.label(theme::muted(ui, "Looking for the recordings…"));
        }
        Some((_, Err(reason))) => notice(ui, reason),
        Some((_, Ok(found))) => {
            let rows = counted(found.rows, "row names a recording", "rows name a recording");
            let labels = counted(found.labels.len(), "label", "labels");
            let words = format!("{rows}, {} of them found · {labels}", count(found.found));
            if found.found == 0 {
                notice(ui, &format!("{words}. Another column may hold the file names"));
            } else {
                ui.label(theme::strong(words));
            }
        }
    }
    let next = "Every word of the label column becomes a row under Data, Labels. Only “healthy” and “sick” count as \
                themselves; what the others count as is for you to say there.";
    ui.add(Label::new(theme::muted(ui, next)).wrap());
}

fn answer(ui: &mut Ui, draft: &Draft, fresh: bool, waiting: usize) -> Option<Answer> {
    let same = draft.mapping.file == draft.mapping.label;
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        let open = ui.add_enabled_ui(!same, |ui| primary_button(ui, "Open the table")).inner;
        // Enter takes what was guessed.
        if fresh {
            open.request_focus();
        }
        let cancel = ui.button("Cancel");
        if same {
            ui.label(theme::muted(ui, "File and label cannot be the same column"));
        } else if waiting > 0 {
            ui.label(theme::muted(
                ui,
                counted(waiting, "more folder asks after this one", "more folders ask after this one"),
            ));
        }
        if open.clicked() { Some(Answer::Open) } else { cancel.clicked().then_some(Answer::Cancel) }
    })
    .inner
}
