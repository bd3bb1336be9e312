//! The list of recordings in Explore: sorted rows, and how they are chosen.

use std::collections::BTreeSet;

use eframe::egui::{Align, Key, Layout, Modifiers, Popup, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use egui_extras::{Column, TableBody, TableBuilder};

use super::choosing::{Choosing, Join, flagged};
use super::columns::{self, Columns, FILE, Field, Row};
use super::decide;
use super::fate::legend;
use super::filters::{Filters, shown_of_all};
use super::rows::{Change, Rows};
use crate::data::study::filter::Filter;
use crate::session::{ClipId, Command, SortKey, SortOrder, State};
use crate::ui::panels::Cx;
use crate::ui::theme::{self, palette, space};

/// Where there is as much room for the rows, in points, a line below them tells what the marks mean; in smaller lists a row
/// tells it on hover.
const LEGEND_ROOM: f32 = 360.0;
/// Height of that line, in points.
const LEGEND_HEIGHT: f32 = 16.0;
/// Height of a row, in points.
const ROW_HEIGHT: f32 = theme::CONTROL_HEIGHT - 4.0;
/// The narrowest that a column can be drawn, in points.
const NARROWEST: f32 = 36.0;

/// The list of recordings.
pub struct RecordingList {
    rows: Rows,
    columns: Columns,
    choosing: Choosing,
    /// Where the selection was when it last was among the rows: a recording that is decided about may leave them.
    last_row: usize,
    /// Bring this row into view on the next frame: the selection itself follows only after this one.
    scroll_to: Option<ClipId>,
    /// The first point and the height of the rows that were seen on the last frame.
    seen: (f32, f32),
    /// Height of the bar below, as it was drawn last, in points.
    bar_height: f32,
}

impl Default for RecordingList {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            columns: Columns::default(),
            choosing: Choosing::default(),
            last_row: 0,
            scroll_to: None,
            seen: (0.0, 0.0),
            bar_height: decide::BAR_HEIGHT,
        }
    }
}

/// What was asked for in the table.
enum Asked {
    Order(Option<SortOrder>),
    Recording(ClipId, Join),
}

impl RecordingList {
    /// Brings a recording into sight on the next frame.
    pub fn reveal(&mut self, id: ClipId) {
        self.scroll_to = Some(id);
    }

    /// Draws the list and moves the selection.
    pub fn ui(&mut self, ui: &mut Ui, filters: &mut Filters, cx: &mut Cx<'_>) {
        let state = cx.state;
        let mut filter = state.explore.filter.clone();
        filters.ui(ui, state, &mut filter);
        let change = self.rows.update(state);
        self.follow(change, cx);
        self.head(ui, &mut filter, cx);
        if filter != state.explore.filter {
            cx.send(Command::ShowOnly(filter));
        }
        self.keys(ui, cx);
        decide::keys(ui, self.rows.chosen(), cx);
        self.table_and_bar(ui, cx);
    }

    /// How many are shown, the way back to all of them, and the choices of order and columns.
    fn head(&mut self, ui: &mut Ui, filter: &mut Filter, cx: &mut Cx<'_>) {
        let state = cx.state;
        let width = ui.available_width();
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            shown_of_all(ui, self.rows.ids().len(), state, filter);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                self.columns.menu(ui, width, !state.scores.is_empty());
                if let Some(order) = Columns::order_menu(ui, state.explore.order, !state.scores.is_empty()) {
                    cx.send(Command::SortBy(order));
                }
            });
        });
    }

    /// Keeps in sight what is chosen.
    fn follow(&mut self, change: Option<Change>, cx: &mut Cx<'_>) {
        let explore = &cx.state.explore;
        let row = explore.selected.and_then(|id| self.rows.place(id));
        match change {
            None => {}
            // Whoever asks for some recordings wants to see one of them. One that leaves the list by a decision stays in
            // sight.
            Some(Change::Filter) if row.is_none() => {
                let first = self.rows.chosen().shown.first().or(self.rows.ids().first()).copied();
                if let Some(shown) = first {
                    cx.send(if explore.marked.is_empty() {
                        Command::Select(shown)
                    } else {
                        Command::SelectMany { shown, marked: BTreeSet::clone(&explore.marked) }
                    });
                }
                self.scroll_to = first;
            }
            Some(Change::Filter | Change::Order) => self.scroll_to = explore.selected,
            // Whoever looks around while recordings are read is not brought back.
            Some(Change::Study) if row != Some(self.last_row) => self.scroll_to = explore.selected,
            Some(Change::Study) => {}
        }
    }

    /// Keys choose other recordings, unless they belong to a field, a menu or a button.
    fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        let explore = &cx.state.explore;
        let at = explore.selected.and_then(|id| self.rows.place(id));
        self.last_row = at.unwrap_or(self.last_row);
        self.choosing.keys(ui, &self.rows, cx);
        let (to, how) = match self.arrow(ui, at) {
            Some((to, how)) => (to, how),
            None => match flagged(ui, &self.rows, self.last_row, &cx.state.study) {
                Some(to) => (to, Join::Alone),
                // Nothing is chosen yet: the first recording is better than an empty picture.
                None if explore.selected.is_none() => (0, Join::Alone),
                None => return,
            },
        };
        if let Some(id) = self
            .rows
            .ids()
            .get(to)
            .copied()
            .filter(|id| Some(*id) != explore.selected || how == Join::Alone && !explore.marked.is_empty())
        {
            self.scroll_to = Some(id);
            cx.send(self.choosing.choose(&self.rows, explore, id, how));
        }
    }

    /// Where an arrow key leads from row `at`; with Shift, all up to there are chosen, and with Ctrl, nothing else is.
    fn arrow(&self, ui: &Ui, at: Option<usize>) -> Option<(usize, Join)> {
        if ui.ctx().egui_wants_keyboard_input() || Popup::is_any_open(ui.ctx()) {
            return None;
        }
        let last = self.rows.ids().len().saturating_sub(1);
        let page = (self.seen.1 / (ROW_HEIGHT + ui.spacing().item_spacing.y)) as usize;
        let back = |rows: usize| self.last_row.saturating_sub(rows).min(last);
        // Where the selection has left the rows, the next one has taken its place.
        let next = at.map_or(self.last_row, |at| at + 1).min(last);
        let ways = [
            (Key::ArrowDown, next),
            (Key::ArrowUp, back(1)),
            (Key::PageDown, (self.last_row + page.max(1)).min(last)),
            (Key::PageUp, back(page.max(1))),
            (Key::Home, 0),
            (Key::End, last),
        ];
        ui.input_mut(|input| {
            // Those with others first: they would also count as the key alone.
            [(Modifiers::SHIFT, Join::Range), (Modifiers::COMMAND, Join::NotYet), (Modifiers::NONE, Join::Alone)]
                .into_iter()
                .find_map(|(modifiers, how)| {
                    let (_, to) = ways.iter().find(|(key, _)| input.consume_key(modifiers, *key))?;
                    Some((*to, how))
                })
        })
    }

    /// The rows and, below them so that they stay where they are, what their marks mean and the bar of those that are chosen.
    fn table_and_bar(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let several = self.rows.chosen().is_any();
        let has_legend = ui.available_height() >= LEGEND_ROOM;
        let gap = ui.spacing().item_spacing.y;
        let bar = if several { self.bar_height + gap } else { 0.0 };
        let below = bar + if has_legend { LEGEND_HEIGHT + gap } else { 0.0 };
        let size = ui.available_size() - vec2(0.0, below);
        ui.allocate_ui(size, |ui| {
            ui.set_min_size(size);
            self.table(ui, cx);
        });
        if has_legend {
            ui.scope(|ui| {
                ui.spacing_mut().interact_size.y = LEGEND_HEIGHT;
                ui.horizontal(legend);
            });
        }
        if several {
            self.bar_height = decide::bar(ui, self.rows.chosen(), cx).rect.height();
        }
    }

    fn table(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let state = cx.state;
        let fields = self.columns.shown(ui.available_width(), !state.scores.is_empty());
        let height = ui.available_height();
        let offset = self.scroll_to.take().and_then(|id| self.offset_of(ui, id));
        let keys: Vec<SortKey> = fields.iter().map(|field| field.key).collect();
        // What fades out at the edge is taken for something that is switched off.
        ui.spacing_mut().scroll.fade.strength = 0.0;
        let mut asked = None;
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            let mut table = TableBuilder::new(ui)
                .id_salt(("recordings", keys))
                // Not by Tab: there is a key for that.
                .sense(Sense::CLICK)
                .auto_shrink(false)
                .max_scroll_height(height)
                .min_scrolled_height(height.max(100.0) - theme::CONTROL_HEIGHT)
                .cell_layout(Layout::left_to_right(Align::Center))
                .column(Column::remainder().at_least(FILE.width).clip(true));
            for field in &fields {
                table = table.column(Column::initial(field.width).at_least(NARROWEST).clip(true).resizable(true));
            }
            if let Some(offset) = offset {
                table = table.vertical_scroll_offset(offset);
            }
            let table = table.header(20.0, |mut row| {
                for field in std::iter::once(&FILE).chain(fields.iter().copied()) {
                    row.col(|ui| {
                        if let Some(order) = columns::head(ui, field, state.explore.order, &state.scores) {
                            asked = Some(Asked::Order(order));
                        }
                    });
                }
            });
            let seen = table.body(|body| {
                if let Some(id) = self.body(body, &fields, state) {
                    asked = Some(id);
                }
            });
            self.seen = (seen.state.clamped_offset().y, seen.inner_rect.height());
        });
        match asked {
            Some(Asked::Order(order)) => cx.send(Command::SortBy(order)),
            Some(Asked::Recording(id, how)) => cx.send(self.choosing.choose(&self.rows, &state.explore, id, how)),
            None => {}
        }
    }

    /// Where the rows have to begin so that the one of `id` is seen; `None` where that is so already.
    fn offset_of(&self, ui: &Ui, id: ClipId) -> Option<f32> {
        let pitch = ROW_HEIGHT + ui.spacing().item_spacing.y;
        let top = self.rows.place(id)? as f32 * pitch;
        let (first, height) = self.seen;
        // Before the first frame nobody knows how many rows are seen.
        if top < first || height < pitch {
            Some(top)
        } else if top + pitch > first + height {
            Some(top + pitch - height)
        } else {
            None
        }
    }

    /// The rows that are seen. Returns what was asked for.
    fn body(&self, body: TableBody<'_>, fields: &[&Field], state: &State) -> Option<Asked> {
        let mut asked = None;
        let several = self.rows.chosen().is_any();
        let tells_person = fields.iter().any(|field| field.key == SortKey::Person);
        body.rows(ROW_HEIGHT, self.rows.ids().len(), |mut row| {
            let Some(id) = self.rows.ids().get(row.index()).copied() else { return };
            let Some(clip) = state.study.clip(id) else { return };
            let is_shown = state.explore.selected == Some(id);
            let is_chosen = self.rows.is_marked(id) || (is_shown && !several);
            row.set_selected(is_chosen);
            let quality = &state.study.policy.quality;
            let is_ambiguous = !tells_person && self.rows.has_namesake(id);
            let cells = Row { clip, score: state.scores.get(id), scores: &state.scores, quality, is_ambiguous };
            let (_, first) = row.col(|ui| {
                if is_shown && several {
                    mark_shown(ui);
                }
                columns::name_cell(ui, &cells);
            });
            first.widget_info(|| WidgetInfo::labeled(Role::Row, true, columns::row_in_words(&cells)));
            first.ctx.accesskit_node_builder(first.id, |node| node.set_selected(is_chosen));
            for field in fields {
                row.col(|ui| {
                    columns::cell(ui, field, &cells);
                });
            }
            if row.response().clicked() {
                let how = Join::of(first.ctx.input(|input| input.modifiers));
                asked = Some(Asked::Recording(id, how));
            }
        });
        asked
    }
}

/// A line at the left of the recording whose pictures are shown, where several are chosen.
fn mark_shown(ui: &Ui) {
    let room = ui.max_rect();
    let line = Rect::from_min_max(room.left_top(), room.left_bottom() + vec2(2.0, 0.0));
    ui.painter().rect_filled(line, 1.0, palette(ui).accent);
}
