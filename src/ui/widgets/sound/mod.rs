//! Waveform over spectrogram: one time axis, one cursor.

mod axis;
mod draw;
mod gestures;
mod place;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Color32, Pos2, Rect, Response, Sense, Ui, pos2, vec2};

use super::basics::name_picture;
use super::spectrogram::SpectrogramPicture;
use crate::session::ClipView;
use crate::spectrogram::colour::ColourMap;
use crate::ui::format::counted;
use crate::ui::theme::palette;
use crate::units::Seconds;
use gestures::Aim;
use place::Place;

/// How much one press of a key zooms.
const KEY_ZOOM: f64 = 2.0;

/// How the spectrogram is coloured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Levels to colours.
    pub map: ColourMap,
    /// The levels at the two ends of the map, in dB; `None` for those that the spectrogram was computed for.
    pub range_db: Option<(f32, f32)>,
}

/// Waveform and spectrogram of one recording.
#[derive(Default)]
pub struct SoundView {
    picture: SpectrogramPicture,
    /// The recording that `aim` is about.
    of: PathBuf,
    aim: Option<Aim>,
}

impl SoundView {
    /// Draws `view` into the room that is left; `playing` is where in it the ear is.
    pub fn ui(&mut self, ui: &mut Ui, view: &Arc<ClipView>, look: Look, playing: Option<Seconds>) {
        let palette = palette(ui);
        let size = ui.available_size().max(vec2(160.0, 160.0));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        if self.of != view.path {
            self.of.clone_from(&view.path);
            self.aim = None;
        }
        let aim = self.aim.get_or_insert_with(|| Aim::at(view.duration()));
        aim.take_in(ui, &response, &Place::within(rect, &aim.axis));
        if let Some(playing) = playing.filter(|_| aim.drag.is_none()) {
            aim.axis.follow(playing);
        }
        let place = Place::within(rect, &aim.axis);
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        draw::waveform(&painter, &place, view, &aim.axis, palette);
        let texture = {
            let pixels = place.spectrogram.size() * ui.ctx().pixels_per_point();
            let columns = place.columns(view.spectrogram.spectrogram());
            self.picture.texture(ui.ctx(), &view.spectrogram, columns, look, pixels)
        };
        let spectrogram = view.spectrogram.spectrogram();
        // A column reaches half a step to both sides of its time.
        let edge = |column: usize| place.x(spectrogram.time_of_column(column as f64 - 0.5));
        let picture =
            Rect::from_x_y_ranges(edge(texture.columns.start)..=edge(texture.columns.end), place.spectrogram.y_range());
        let [r, g, b] = look.map.rgb(0.0);
        let clipped = painter.with_clip_rect(place.spectrogram.intersect(painter.clip_rect()));
        clipped.rect_filled(place.spectrogram, 0.0, Color32::from_rgb(r, g, b));
        clipped.image(texture.id, picture, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
        draw::windows(&painter, &place, &view.windows);
        draw::time_axis(&painter, &place, &aim.axis, palette);
        draw::frequency_axis(&painter, &place, spectrogram, palette);
        draw::selection(&painter, &place, aim.selection.as_ref(), palette.accent);
        draw::selection(
            &painter,
            &place,
            aim.zoom_mark(&place, response.interact_pointer_pos()).as_ref(),
            palette.text,
        );
        draw::marks(&painter, &place, aim.cursor, playing, palette);
        draw::readout(&painter, &place, view, aim, pointer(&response), palette);
        name_pictures(ui, &response, &place, view, aim);
    }

    /// The part that is marked.
    #[must_use]
    pub fn selection(&self) -> Option<Range<Seconds>> {
        self.aim.as_ref()?.selection.clone()
    }

    /// Where Play begins without a selection.
    #[must_use]
    pub fn cursor(&self) -> Seconds {
        self.aim.as_ref().map_or(Seconds(0.0), |aim| aim.cursor)
    }

    /// What is seen, and how long the recording is.
    #[must_use]
    pub fn visible(&self) -> Option<(Range<Seconds>, Seconds)> {
        self.aim.as_ref().map(|aim| (aim.axis.visible(), aim.axis.total()))
    }

    /// Changes what is seen or marked.
    pub fn go(&mut self, step: ViewStep) {
        let Some(aim) = &mut self.aim else { return };
        let seen = aim.axis.visible();
        let middle = Seconds((seen.start.0 + seen.end.0) / 2.0);
        // The selection, or else the cursor, is what a person looks at.
        let around = match &aim.selection {
            Some(marked) => Seconds((marked.start.0 + marked.end.0) / 2.0),
            None if seen.contains(&aim.cursor) => aim.cursor,
            None => middle,
        };
        match step {
            ViewStep::ZoomIn => aim.axis.zoom(KEY_ZOOM, around),
            ViewStep::ZoomOut => aim.axis.zoom(1.0 / KEY_ZOOM, around),
            ViewStep::Whole => aim.axis.show(&(Seconds(0.0)..aim.axis.total())),
            ViewStep::Selection => {
                if let Some(marked) = &aim.selection {
                    aim.axis.show(marked);
                }
            }
            ViewStep::Earlier => aim.axis.pan(Seconds(-aim.axis.span().0 / 4.0)),
            ViewStep::Later => aim.axis.pan(Seconds(aim.axis.span().0 / 4.0)),
            ViewStep::Unmark => aim.selection = None,
        }
    }
}

/// A change of what is seen or marked, for a key or a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewStep {
    /// Half as much, twice as wide.
    ZoomIn,
    /// Twice as much.
    ZoomOut,
    /// All of the recording.
    Whole,
    /// Just the selection.
    Selection,
    /// A quarter of the width to the left.
    Earlier,
    /// A quarter of the width to the right.
    Later,
    /// Nothing is marked any more.
    Unmark,
}

/// Where the pointer is, also while it drags beyond the edge.
fn pointer(response: &Response) -> Option<Pos2> {
    response.hover_pos().or_else(|| response.interact_pointer_pos())
}

fn name_pictures(ui: &Ui, response: &Response, place: &Place, view: &ClipView, aim: &Aim) {
    let spectrogram = view.spectrogram.spectrogram();
    let seen = aim.axis.visible();
    let mut words = format!("{} long, {}", view.duration(), counted(view.coughs.len(), "cough found", "coughs found"));
    if !aim.axis.is_whole() {
        words += &format!(", from {:.3} to {:.3} s shown", seen.start.0, seen.end.0);
    }
    if !view.windows.is_empty() {
        words += &format!(", {}", counted(view.windows.len(), "window of the network", "windows of the network"));
    }
    if let Some(marked) = &aim.selection {
        words += &format!(", from {:.3} to {:.3} s selected", marked.start.0, marked.end.0);
    }
    let facts = format!("{words}, {} rows, {} columns", spectrogram.bins, spectrogram.frames);
    for (name, rect, words) in [("Waveform", place.waveform, words), ("Spectrogram", place.spectrogram, facts)] {
        let part = ui.interact(rect, response.id.with(name), Sense::hover());
        name_picture(&part, name, &words);
    }
}
