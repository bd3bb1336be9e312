//! One picture of the gallery: a stretch of a recording, its name, and what may be wrong with it.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Color32, Context, CornerRadius, Label as TextLabel, Layout, Rect, Response, Sense, Stroke, StrokeKind,
    TextureHandle, TextureId, TextureOptions, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::super::choosing::Join;
use super::super::fate::Fate;
use super::super::rows::Rows;
use super::listen;
use crate::data::Clip;
use crate::data::study::filter::flags_that_count;
use crate::session::{ClipId, Thumbnail, ThumbnailConfig};
use crate::ui::format::file_name;
use crate::ui::panels::Cx;
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{Look, stretch_image};
use crate::units::Seconds;

/// Height of the spectrogram, in points.
const PICTURE_HEIGHT: f32 = 72.0;
/// Height of the line below it, in points.
const CAPTION_HEIGHT: f32 = 20.0;
/// Height of both, in points.
pub const TILE_HEIGHT: f32 = PICTURE_HEIGHT + CAPTION_HEIGHT;

/// The pictures on the screen.
#[derive(Default)]
pub struct Tiles {
    textures: HashMap<ClipId, Texture>,
    /// One was clicked twice in this frame.
    pub double_clicked: bool,
    /// The one that was clicked in this frame, and what that means.
    pub clicked: Option<(ClipId, Join)>,
}

/// How the pictures are drawn.
pub struct Drawn<'a> {
    /// At most so many beside each other.
    pub per_row: usize,
    /// Their colours.
    pub look: Look,
    /// What each shows.
    pub config: &'a ThumbnailConfig,
    /// Which are chosen.
    pub rows: &'a Rows,
}

/// A texture, what it was made of, and whether it was seen in this frame.
struct Texture {
    of: Arc<Thumbnail>,
    look: Look,
    handle: TextureHandle,
    seen: bool,
}

impl Tiles {
    /// A row of pictures.
    pub fn row(&mut self, ui: &mut Ui, ids: &[ClipId], drawn: &Drawn<'_>, cx: &mut Cx<'_>) {
        let room = ui.available_width();
        let width = (room - space::S * (drawn.per_row - 1) as f32) / drawn.per_row as f32;
        let (row, _) = ui.allocate_exact_size(vec2(room, TILE_HEIGHT), Sense::hover());
        for (place, id) in ids.iter().enumerate() {
            let left = row.left() + place as f32 * (width + space::S);
            let rect = Rect::from_min_size(pos2(left, row.top()), vec2(width, TILE_HEIGHT));
            if let Some(clip) = cx.state.study.clip(*id) {
                self.tile(ui, rect, (*id, clip), drawn, cx);
            }
        }
    }

    /// Forgets the textures that were not drawn since the last time.
    pub fn forget_unseen(&mut self) {
        self.textures.retain(|_, texture| std::mem::take(&mut texture.seen));
    }

    fn tile(&mut self, ui: &mut Ui, rect: Rect, (id, clip): (ClipId, &Clip), drawn: &Drawn<'_>, cx: &mut Cx<'_>) {
        let response = ui.interact(rect, ui.scope_id().with(("tile", id.0)), Sense::click());
        let is_shown = cx.state.explore.selected == Some(id);
        let is_chosen = drawn.rows.is_marked(id) || (is_shown && !drawn.rows.chosen().is_any());
        let picture = Rect::from_min_max(rect.min, pos2(rect.right(), rect.top() + PICTURE_HEIGHT));
        match cx.state.thumbnails.get(&clip.path) {
            Some(Ok(thumbnail)) => {
                let texture = self.texture(ui.ctx(), id, thumbnail, drawn.look);
                // What was asked for before is faint until the new one is there.
                let opacity = if cx.state.thumbnails.is_as(&clip.path, drawn.config) { 1.0 } else { 0.4 };
                draw(ui, picture, thumbnail, drawn.look, (texture, opacity));
                let player = &cx.state.player;
                let heard = player.current.as_ref().is_some_and(|current| current.path == clip.path);
                if let Some(ear) = player.position().filter(|_| heard) {
                    mark(ui, picture, thumbnail, ear);
                }
            }
            Some(Err(_)) => blank(ui, picture, "No picture"),
            None => blank(ui, picture, ""),
        }
        border(ui, picture, &response, is_chosen, is_shown);
        caption(ui, Rect::from_min_max(pos2(rect.left(), picture.bottom()), rect.max), clip, cx);
        let words = words(clip, cx);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &words));
        self.act(&response.on_hover_text(&words), id, clip, cx);
    }

    fn act(&mut self, response: &Response, id: ClipId, clip: &Clip, cx: &mut Cx<'_>) {
        if cx.state.player.plays(&clip.path) {
            // The position moves without any report.
            response.ctx.request_repaint();
        }
        if !response.clicked() {
            return;
        }
        let how = Join::of(response.ctx.input(|input| input.modifiers));
        self.clicked = Some((id, how));
        if response.double_clicked() {
            self.double_clicked = true;
        } else if how == Join::Alone {
            listen(clip, cx);
        }
    }

    fn texture(&mut self, ctx: &Context, id: ClipId, thumbnail: &Arc<Thumbnail>, look: Look) -> TextureId {
        let known = self.textures.get_mut(&id).filter(|known| Arc::ptr_eq(&known.of, thumbnail) && known.look == look);
        if let Some(known) = known {
            known.seen = true;
            return known.handle.id();
        }
        let range_db = look.range_db.unwrap_or(thumbnail.range_db);
        let image = stretch_image(&thumbnail.pixels, look.map, range_db);
        let handle = ctx.load_texture("thumbnail", image, TextureOptions::NEAREST);
        let shown = handle.id();
        self.textures.insert(id, Texture { of: Arc::clone(thumbnail), look, handle, seen: true });
        shown
    }
}

/// The spectrogram where there is sound, as opaque as is said, and nothing where the recording has ended.
fn draw(ui: &Ui, rect: Rect, thumbnail: &Thumbnail, look: Look, (texture, opacity): (TextureId, f32)) {
    let mut painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 0.0, palette(ui).raised);
    painter.multiply_opacity(opacity);
    let sound = thumbnail.sound();
    let [r, g, b] = look.map.rgb(0.0);
    let ground = Rect::from_x_y_ranges(x(rect, thumbnail, sound.start)..=x(rect, thumbnail, sound.end), rect.y_range());
    painter.rect_filled(ground, 0.0, Color32::from_rgb(r, g, b));
    let times = &thumbnail.times;
    let place = Rect::from_x_y_ranges(x(rect, thumbnail, times.start)..=x(rect, thumbnail, times.end), rect.y_range());
    painter.image(texture, place, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
}

/// Where a time lies in a picture.
fn x(rect: Rect, thumbnail: &Thumbnail, time: Seconds) -> f32 {
    let window = &thumbnail.window;
    let share = (time.0 - window.start.0) / (window.end.0 - window.start.0);
    rect.left() + rect.width() * share as f32
}

/// Where the ear is.
fn mark(ui: &Ui, rect: Rect, thumbnail: &Thumbnail, ear: Seconds) {
    let x = x(rect, thumbnail, ear);
    if rect.x_range().contains(x) {
        ui.painter().vline(x, rect.y_range(), Stroke::new(2.0, Color32::WHITE));
    }
}

/// A picture that is not made yet, or cannot be.
fn blank(ui: &Ui, rect: Rect, words: &str) {
    let palette = palette(ui);
    ui.painter().rect_filled(rect, 0.0, palette.raised);
    let centre = eframe::egui::Align2::CENTER_CENTER;
    ui.painter().text(rect.center(), centre, words, theme::caption_font(), palette.muted);
}

fn border(ui: &Ui, rect: Rect, response: &Response, is_chosen: bool, is_shown: bool) {
    let palette = palette(ui);
    let line = |rect: Rect, width: f32, colour: Color32| {
        ui.painter().rect_stroke(rect, CornerRadius::ZERO, Stroke::new(width, colour), StrokeKind::Inside);
    };
    if is_chosen {
        line(rect, 3.0, palette.accent);
    } else if is_shown {
        line(rect, 1.5, palette.accent);
    } else if response.hovered() {
        line(rect, 1.0, palette.line_strong);
    }
    if response.has_focus() {
        // Light and dark, as one of them is seen on any picture.
        let inside = if is_chosen { rect.shrink(3.0) } else { rect };
        line(inside, 2.0, palette.text);
        line(inside.shrink(2.0), 1.5, palette.surface);
    }
}

/// Whose it is and how long; files of several people may have one name.
fn caption(ui: &mut Ui, rect: Rect, clip: &Clip, cx: &Cx<'_>) {
    let palette = palette(ui);
    let layout = Layout::right_to_left(Align::Center);
    let mut line = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    line.spacing_mut().item_spacing.x = space::XS;
    if let Some(sound) = clip.facts() {
        line.label(theme::caption(&line, sound.duration.to_string()));
    }
    if flags_that_count(clip, &cx.state.study.policy.quality).next().is_some() {
        line.label(theme::caption(&line, "⚠").color(palette.warning));
    }
    line.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add(TextLabel::new(theme::caption(ui, clip.person.name())).truncate().selectable(false));
    });
}

/// Everything that the picture does not say.
fn words(clip: &Clip, cx: &Cx<'_>) -> String {
    let study = &cx.state.study;
    let mut words = format!("{}: {}", Fate::of(&clip.verdict).name(), file_name(&clip.path));
    words += &format!("\n{}", super::detail::subject_words(clip));
    let flags: Vec<&str> = flags_that_count(clip, &study.policy.quality).map(|flag| flag.name()).collect();
    if !flags.is_empty() {
        words += &format!("\nFlagged: {}", flags.join(", ").to_lowercase());
    }
    if let Some(Err(reason)) = cx.state.thumbnails.get(&clip.path) {
        words += &format!("\n{reason}");
    }
    words
}
