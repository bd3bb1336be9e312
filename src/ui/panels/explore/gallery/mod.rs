//! The gallery: healthy and sick side by side, as small pictures on the same scale, to look through and to listen to.

mod groups;
mod tile;

use std::ops::Range;

use eframe::egui::{
    Align, Button, Color32, Label as TextLabel, Layout, Link, Mesh, Modifiers, Popup, Rect, ScrollArea, Sense, Shape,
    Ui, vec2,
};

use self::groups::{Group, Groups, Step, asks_for_left_out};
use self::tile::{Drawn, TILE_HEIGHT, Tiles};
use super::choosing::{Choosing, Join, flagged};
use super::columns::Columns;
use super::fate::mark;
use super::filters::{Filters, shown_of_all};
use super::picture_form::{PictureForm, whole_range};
use super::rows::Change;
use super::transport::{again_and_again, why_silent};
use super::{decide, detail};
use crate::data::Clip;
use crate::data::study::filter::{Condition, Filter};
use crate::session::{ClipId, Command, Picture, SoundCommand, SoundDevices, State, ThumbnailConfig};
use crate::ui::format::{counted, file_name};
use crate::ui::panels::Cx;
use crate::ui::shortcuts;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{Look, card, columns, combo};
use crate::units::Seconds;

/// How much time a picture can span.
const SPANS: [Seconds; 4] = [Seconds(1.0), Seconds(2.0), Seconds(5.0), Seconds(10.0)];
/// The span at first: a cough and the one after it.
const FIRST_SPAN: Seconds = SPANS[1];
/// Narrowest picture, in points.
const MIN_TILE_WIDTH: f32 = 132.0;
/// Width of the scale of the colours, in points.
const SCALE_WIDTH: f32 = 96.0;

/// What the gallery asks of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Show the chosen recording by itself.
    LookCloser,
}

/// The gallery.
pub struct Gallery {
    groups: Groups,
    tiles: Tiles,
    span: Seconds,
    /// What was asked of the session last: recordings, what is shown of each, and the view of the study.
    asked: Option<(Vec<ClipId>, ThumbnailConfig, u64)>,
    /// Bring this one into sight on the next frame.
    reveal: Option<ClipId>,
    choosing: Choosing,
    /// Height of the bar of several chosen recordings, as it was drawn last, in points.
    bar_height: f32,
}

impl Default for Gallery {
    fn default() -> Self {
        Self {
            groups: Groups::default(),
            tiles: Tiles::default(),
            span: FIRST_SPAN,
            asked: None,
            reveal: None,
            choosing: Choosing::default(),
            bar_height: decide::BAR_HEIGHT,
        }
    }
}

impl Gallery {
    /// Draws the pictures, chosen by `filters` and drawn as `form` says.
    pub fn ui(&mut self, ui: &mut Ui, filters: &mut Filters, form: &PictureForm, cx: &mut Cx<'_>) -> Option<Ask> {
        let mut ask = None;
        self.tiles.double_clicked = false;
        let height = ui.available_height();
        card(ui, "", |ui| {
            // The frame's own margins and hairlines.
            ui.set_height(height - 2.0 * space::L - 2.0);
            let mut filter = cx.state.explore.filter.clone();
            filters.ui(ui, cx.state, &mut filter);
            // Whoever looks around while recordings are read is not brought back.
            if matches!(self.groups.update(cx.state), Some(Change::Filter | Change::Order)) {
                self.reveal = cx.state.explore.selected;
            }
            decide::keys(ui, self.groups.rows().chosen(), cx);
            self.scales(ui, form.look(), &mut filter, cx);
            if filter != cx.state.explore.filter {
                cx.send(Command::ShowOnly(filter));
            }
            ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
                ask = chosen(ui, cx);
                ui.separator();
                self.bar(ui, cx);
                ui.with_layout(Layout::top_down(Align::Min), |ui| self.side_by_side(ui, form.look(), cx));
            });
        });
        ask.or(self.tiles.double_clicked.then_some(Ask::LookCloser))
    }

    /// Brings a recording into sight on the next frame.
    pub fn reveal(&mut self, id: ClipId) {
        self.reveal = Some(id);
    }

    /// What to decide about all that are chosen, where these are several.
    fn bar(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let chosen = self.groups.rows().chosen();
        if chosen.is_any() {
            let size = vec2(ui.available_width(), self.bar_height);
            let bar = ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| decide::bar(ui, chosen, cx));
            self.bar_height = bar.inner.rect.height();
        }
    }

    /// How many are shown and why not all, how long a picture is, and what the colours mean.
    fn scales(&mut self, ui: &mut Ui, look: Look, filter: &mut Filter, cx: &mut Cx<'_>) {
        ui.horizontal(|ui| {
            shown_of_all(ui, self.groups.rows().ids().len(), cx.state, filter);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let picture = &cx.state.explore.picture;
                let (low, high) = look.range_db.unwrap_or_else(|| whole_range(picture));
                let is_relative = matches!(picture, Picture::Network { .. });
                let top = if is_relative { "each one's loudest".to_owned() } else { format!("{high:.0} dB") };
                ui.label(theme::caption(ui, top));
                colour_scale(ui, look, is_relative);
                ui.label(theme::caption(ui, format!("{low:.0} dB")));
                ui.add_space(space::S);
                let words = |span: Seconds| format!("{:.0} s each", span.0);
                let menu = combo("span").width(84.0).selected_text(words(self.span)).show_ui(ui, |ui| {
                    for span in SPANS {
                        ui.selectable_value(&mut self.span, span, words(span));
                    }
                });
                let help = "How much time a picture spans. Each begins just before the first cough that was found.";
                shortcuts::SPAN.opens(menu.response.accessible_name("Time in each picture"), help);
                if let Some(order) = Columns::order_menu(ui, cx.state.explore.order, !cx.state.scores.is_empty()) {
                    cx.send(Command::SortBy(order));
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| self.missing(ui, filter));
            });
        });
    }

    /// Why not all that are asked for are shown, and the way to them.
    fn missing(&self, ui: &mut Ui, filter: &mut Filter) {
        let Some(words) = self.groups.missing_in_words(filter) else { return };
        let help = "The two classes stand side by side here. What is left out stands beside them where the filter asks \
                    for it; what has no usable sound has no picture.";
        ui.add(TextLabel::new(theme::muted(ui, words)).truncate()).on_hover_text(help);
        if !asks_for_left_out(filter) {
            let link = ui.add(Link::new(theme::plain("Show what is left out").size(theme::size::SMALL)));
            if link.on_hover_text("As the label filter does").clicked() {
                filter.set(Condition::LeftOut);
            }
        }
    }

    fn side_by_side(&mut self, ui: &mut Ui, look: Look, cx: &mut Cx<'_>) {
        let shown = self.groups.all().len();
        let per_row = per_row((ui.available_width() + space::L) / shown as f32 - space::L);
        self.keys(ui, per_row, cx);
        let reveal = self.reveal.take();
        let config = self.config(cx.state);
        let drawn = Drawn { per_row, look, config: &config, rows: self.groups.rows() };
        let mut in_sight = InSight::default();
        columns(ui, &vec![1.0; shown], |ui, column| {
            let Some(group) = self.groups.all().get(column) else { return };
            head(ui, group);
            if group.recordings.is_empty() {
                ui.label(theme::muted(ui, "None of those that are shown"));
                return;
            }
            let row_height = TILE_HEIGHT + ui.spacing().item_spacing.y;
            let mut area = ScrollArea::vertical().id_salt(("gallery", column)).auto_shrink(false);
            if let Some(index) = reveal.and_then(|id| group.recordings.iter().position(|own| *own == id)) {
                // Half of the row before it is seen too: there is more above.
                area = area.vertical_scroll_offset(((index / per_row) as f32 - 0.5).max(0.0) * row_height);
            }
            area.show_rows(ui, TILE_HEIGHT, group.recordings.len().div_ceil(per_row), |ui, rows| {
                in_sight.take_in(&group.recordings, rows.start * per_row..rows.end * per_row);
                for row in rows {
                    let ids = group.recordings.chunks(per_row).nth(row).unwrap_or_default();
                    self.tiles.row(ui, ids, &drawn, cx);
                }
            });
        });
        self.tiles.forget_unseen();
        if let Some((id, how)) = self.tiles.clicked.take() {
            let explore = &cx.state.explore;
            if how != Join::Alone || explore.selected != Some(id) || !explore.marked.is_empty() {
                cx.send(self.choosing.choose(self.groups.rows(), explore, id, how));
            }
        }
        self.ask_for(in_sight, config, cx);
    }

    /// What the pictures are to show.
    fn config(&self, state: &State) -> ThumbnailConfig {
        ThumbnailConfig { picture: state.explore.picture.clone(), span: self.span }
    }

    /// Arrow keys move among the pictures, with Shift they choose all up to there, and Enter plays.
    fn keys(&mut self, ui: &Ui, per_row: usize, cx: &mut Cx<'_>) {
        let explore = &cx.state.explore;
        let rows = self.groups.rows();
        self.choosing.keys(ui, rows, cx);
        let typing = ui.ctx().egui_wants_keyboard_input() || Popup::is_any_open(ui.ctx());
        // Those with others first: they would also count as the key alone.
        let ways =
            [(Modifiers::SHIFT, Join::Range), (Modifiers::COMMAND, Join::NotYet), (Modifiers::NONE, Join::Alone)];
        let step = ways.into_iter().filter(|_| !typing).find_map(|(held, how)| {
            let pressed = |step: &Step| ui.input_mut(|input| input.consume_key(held, step.key()));
            Some((Step::ALL.into_iter().find(pressed)?, how))
        });
        let next = match step {
            Some((step, how)) => self.groups.step(explore.selected, step, per_row).map(|next| (next, how)),
            None => {
                let at = explore.selected.and_then(|id| rows.place(id)).unwrap_or_default();
                let row = flagged(ui, rows, at, &cx.state.study);
                row.and_then(|row| rows.ids().get(row)).map(|next| (*next, Join::Alone))
            }
        };
        if let Some((next, how)) = next {
            self.reveal = Some(next);
            cx.send(self.choosing.choose(rows, explore, next, how));
        }
        let selected = cx.state.explore.selected.and_then(|id| cx.state.study.clip(id));
        if let Some(clip) = selected.filter(|_| shortcuts::PLAY.pressed(ui.ctx())) {
            listen(clip, cx);
        }
    }

    /// Asks the session for the pictures in sight, once.
    fn ask_for(&mut self, in_sight: InSight, config: ThumbnailConfig, cx: &mut Cx<'_>) {
        let wanted = (in_sight.in_order(), config, cx.state.study.revision);
        if self.asked.as_ref() != Some(&wanted) {
            cx.send(Command::ShowThumbnails { clips: wanted.0.clone(), config: wanted.1.clone() });
            self.asked = Some(wanted);
        }
    }
}

/// Recordings that are on the screen or will be soon.
#[derive(Default)]
struct InSight {
    /// Whether only soon, and the place in its group.
    recordings: Vec<(bool, usize, ClipId)>,
}

impl InSight {
    /// Takes in those of a group that are on the screen, and as many after them: whoever scrolls on finds them made.
    fn take_in(&mut self, group: &[ClipId], on_screen: Range<usize>) {
        let ahead = on_screen.end + on_screen.len();
        let near = group.iter().copied().enumerate().take(ahead).skip(on_screen.start);
        self.recordings.extend(near.map(|(place, id)| (place >= on_screen.end, place, id)));
    }

    /// From top to bottom over all groups; what is not on the screen yet comes last.
    fn in_order(mut self) -> Vec<ClipId> {
        self.recordings.sort_by_key(|(soon, place, _)| (*soon, *place));
        self.recordings.into_iter().map(|(_, _, id)| id).collect()
    }
}

/// Pictures beside each other in a column `width` points wide.
fn per_row(width: f32) -> usize {
    (((width + space::S) / (MIN_TILE_WIDTH + space::S)).floor() as usize).max(1)
}

/// Plays what the picture of a recording shows, pauses, or goes on.
fn listen(clip: &Clip, cx: &mut Cx<'_>) {
    let player = &cx.state.player;
    if !matches!(player.devices, SoundDevices::Ready(_)) {
        return;
    }
    let command = match &player.current {
        Some(current) if current.path == clip.path && current.paused => SoundCommand::Resume,
        Some(current) if current.path == clip.path => SoundCommand::Pause,
        _ => {
            let thumbnail = cx.state.thumbnails.get(&clip.path).and_then(Result::ok);
            SoundCommand::PlayFile { path: clip.path.clone(), range: thumbnail.map(|thumbnail| thumbnail.sound()) }
        }
    };
    cx.send(command.into());
}

/// What the group is, and how many are in it.
fn head(ui: &mut Ui, group: &Group) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        mark(ui, group.fate);
        ui.label(theme::section(group.fate.name()));
        let recordings = counted(group.recordings.len(), "recording", "recordings");
        let words = format!("{recordings} of {}", counted(group.people, "person", "people"));
        ui.add(TextLabel::new(theme::muted(ui, words)).truncate());
    });
    // In the class's colour, over all of its pictures: where one class ends and the other begins.
    let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), 2.0), Sense::hover());
    ui.painter().rect_filled(line, 1.0, group.fate.colour(palette));
}

/// The colours from the lowest level to the highest.
fn colour_scale(ui: &mut Ui, look: Look, is_relative: bool) {
    let (rect, response) = ui.allocate_exact_size(vec2(SCALE_WIDTH, 10.0), Sense::hover());
    let colours = look.map.table();
    let step = rect.width() / colours.len() as f32;
    let mut mesh = Mesh::default();
    for (index, [r, g, b]) in colours.into_iter().enumerate() {
        let left = rect.left() + index as f32 * step;
        let bar = Rect::from_x_y_ranges(left..=left + step, rect.y_range());
        mesh.add_colored_rect(bar, Color32::from_rgb(r, g, b));
    }
    ui.painter().add(Shape::mesh(mesh));
    response.on_hover_text(if is_relative {
        "The network is given levels below the loudest moment of each recording: the same colours are not the same levels \
         in two pictures"
    } else {
        "The same colours mean the same levels in every picture; Settings changes them"
    });
}

/// The chosen recording in a line, and what can be done with it.
fn chosen(ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask> {
    let clip = cx.state.explore.selected.and_then(|id| cx.state.study.clip(id))?;
    let mut ask = None;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let closer = shortcuts::VIEWS[0]
                .on(ui.button("Look closer"), "Show this recording by itself, as a double click does");
            if closer.clicked() {
                ask = Some(Ask::LookCloser);
            }
            again_and_again(ui, "Play what the picture shows again and again", cx);
            play_button(ui, clip, cx);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let words = format!("{} · {}", file_name(&clip.path), detail::subject_words(clip));
                ui.add(TextLabel::new(theme::muted(ui, &words)).truncate()).on_hover_text(words);
            });
        });
    });
    ask
}

/// Play or pause; says why there is nothing to hear where no device is.
fn play_button(ui: &mut Ui, clip: &Clip, cx: &mut Cx<'_>) {
    let player = &cx.state.player;
    let name = if player.plays(&clip.path) { "Pause" } else { "Play" };
    let ready = matches!(player.devices, SoundDevices::Ready(_));
    let button = ui.add_enabled(ready, Button::new(name).min_size(vec2(64.0, theme::CONTROL_HEIGHT)));
    let button = button.accessible_name(shortcuts::PLAY.words());
    let button = why_silent(shortcuts::PLAY.on(button, "Play what the picture shows"), &player.devices);
    if button.clicked() {
        listen(clip, cx);
    }
}
