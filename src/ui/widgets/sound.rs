//! Waveform over spectrogram: one time axis, one cursor.

use std::sync::Arc;

use eframe::egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::basics::name_picture;
use super::plot::round_step;
use super::spectrogram::SpectrogramPicture;
use crate::session::{ClipView, Waveform};
use crate::spectrogram::colour::ColourMap;
use crate::spectrogram::{FrequencyAxis, Spectrogram};
use crate::ui::theme::{self, Palette, caption_font, palette, space};
use crate::units::{Decibels, Hertz, Seconds};

/// Room for the frequencies on the left, in points.
const LEFT_AXIS: f32 = 44.0;
/// Room for the times below, in points.
const TIME_AXIS: f32 = 20.0;
/// Room for what the cursor reads, in points.
const READOUT: f32 = 20.0;
/// Share of the height that the waveform gets.
const WAVEFORM_SHARE: f32 = 0.26;
/// Smallest distance between two times on the axis, in points.
const TIME_STEP: f32 = 72.0;
/// Smallest distance between two frequencies on the axis, in points.
const FREQUENCY_STEP: f32 = 26.0;

/// Waveform and spectrogram of one recording.
#[derive(Default)]
pub struct SoundView {
    picture: SpectrogramPicture,
}

/// Where the two pictures are, and what time is where.
struct Place {
    waveform: Rect,
    spectrogram: Rect,
    duration: Seconds,
}

impl Place {
    fn within(rect: Rect, duration: Seconds) -> Self {
        let pictures = Rect::from_min_max(rect.min + vec2(LEFT_AXIS, READOUT), rect.max - vec2(0.0, TIME_AXIS));
        let split = pictures.top() + pictures.height() * WAVEFORM_SHARE;
        Self {
            waveform: Rect::from_min_max(pictures.min, pos2(pictures.right(), split - space::XS)),
            spectrogram: Rect::from_min_max(pos2(pictures.left(), split + space::XS), pictures.max),
            duration,
        }
    }

    fn x(&self, time: Seconds) -> f32 {
        self.waveform.left() + self.waveform.width() * (time.0 / self.duration.0) as f32
    }

    fn time(&self, x: f32) -> Seconds {
        Seconds(f64::from((x - self.waveform.left()) / self.waveform.width()) * self.duration.0)
    }

    /// The height at which the row of `frequency` has its middle.
    fn y(&self, spectrogram: &Spectrogram, frequency: Hertz) -> f32 {
        let rows_from_bottom = spectrogram.row_of_frequency(frequency) + 0.5;
        self.spectrogram.bottom() - self.spectrogram.height() * (rows_from_bottom / spectrogram.bins as f64) as f32
    }

    fn frequency(&self, spectrogram: &Spectrogram, y: f32) -> Hertz {
        let share = f64::from((self.spectrogram.bottom() - y) / self.spectrogram.height());
        spectrogram.frequency_of_row(share * spectrogram.bins as f64 - 0.5)
    }
}

impl SoundView {
    /// Draws `view` into the room that is left.
    pub fn ui(&mut self, ui: &mut Ui, view: &Arc<ClipView>, map: ColourMap) {
        let palette = palette(ui);
        let (rect, response) = ui.allocate_exact_size(ui.available_size().max(vec2(160.0, 160.0)), Sense::hover());
        let place = Place::within(rect, view.duration());
        let painter = ui.painter().with_clip_rect(rect);
        waveform(&painter, &place, &view.waveform, palette);
        self.spectrogram(ui, &painter, &place, view, map);
        time_axis(&painter, &place, palette);
        frequency_axis(&painter, &place, &view.spectrogram, palette);
        cursor(&painter, &place, view, response.hover_pos(), palette);
        name_pictures(ui, &response, &place, view);
    }

    fn spectrogram(&mut self, ui: &Ui, painter: &Painter, place: &Place, view: &Arc<ClipView>, map: ColourMap) {
        let spectrogram = &view.spectrogram;
        // A column reaches half a step to both sides of its time.
        let left = place.x(spectrogram.time_of_column(-0.5));
        let right = place.x(spectrogram.time_of_column(spectrogram.frames as f64 - 0.5));
        let picture = Rect::from_x_y_ranges(left..=right, place.spectrogram.y_range());
        let texture = self.picture.texture(ui.ctx(), spectrogram, map, picture.size());
        let [r, g, b] = map.rgb(0.0);
        let clipped = painter.with_clip_rect(place.spectrogram.intersect(painter.clip_rect()));
        clipped.rect_filled(place.spectrogram, 0.0, Color32::from_rgb(r, g, b));
        clipped.image(texture, picture, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    }
}

fn waveform(painter: &Painter, place: &Place, waveform: &Waveform, palette: &Palette) {
    let rect = place.waveform;
    painter.rect_filled(rect, 0.0, palette.canvas);
    let columns = waveform.columns(0.0, 1.0, rect.width().floor().max(1.0) as usize);
    let peak = columns.iter().fold(0.0_f32, |peak, (low, high)| peak.max(-low).max(*high));
    // Silence stays a line; anything louder fills the height, and the axis says how loud it is.
    let scale = rect.height() * 0.48 / peak.max(1e-3);
    let middle = rect.center().y;
    let mut mesh = Mesh::default();
    for (column, (low, high)) in columns.iter().enumerate() {
        let x = rect.left() + column as f32;
        let (top, bottom) = (middle - high * scale, middle - low * scale);
        let bar = Rect::from_min_max(pos2(x, top - 0.5), pos2(x + 1.0, bottom + 0.5));
        mesh.add_colored_rect(bar, palette.accent);
    }
    painter.add(Shape::mesh(mesh));
    let level = Decibels::from_amplitude(f64::from(peak));
    let words = if level.0.is_finite() {
        ["peak".to_owned(), format!("{:.0} dB", level.0)]
    } else {
        ["silent".into(), String::new()]
    };
    let mut place = rect.left_top() - vec2(6.0, 0.0);
    for line in words {
        place.y = painter.text(place, Align2::RIGHT_TOP, line, caption_font(), palette.muted).bottom();
    }
}

fn time_axis(painter: &Painter, place: &Place, palette: &Palette) {
    let rect = place.spectrogram;
    let step = round_step(place.duration.0 * f64::from(TIME_STEP / rect.width()));
    let decimals = if step < 0.1 { 2 } else { usize::from(step < 1.0) };
    let mut tick = 0;
    loop {
        let time = f64::from(tick) * step;
        let x = place.x(Seconds(time));
        if x > rect.right() + 0.5 {
            break;
        }
        painter.vline(x, rect.bottom()..=rect.bottom() + 4.0, Stroke::new(1.0, palette.line_strong));
        let align = if tick == 0 { Align2::LEFT_TOP } else { Align2::CENTER_TOP };
        // A label that would be cut off at the edge is left out.
        if x + 16.0 < rect.right() || tick == 0 {
            let text = format!("{time:.decimals$} s");
            painter.text(pos2(x, rect.bottom() + 5.0), align, text, caption_font(), palette.muted);
        }
        tick += 1;
    }
}

fn frequency_axis(painter: &Painter, place: &Place, spectrogram: &Spectrogram, palette: &Palette) {
    let rect = place.spectrogram;
    let mut last = f32::INFINITY;
    for frequency in marked_frequencies(spectrogram) {
        let y = place.y(spectrogram, frequency);
        if y < rect.top() + 4.0 || y > rect.bottom() || last - y < FREQUENCY_STEP {
            continue;
        }
        last = y;
        painter.hline(rect.left() - 4.0..=rect.left(), y, Stroke::new(1.0, palette.line_strong));
        let place = pos2(rect.left() - 6.0, y.min(rect.bottom() - 5.0));
        painter.text(place, Align2::RIGHT_CENTER, hertz(frequency), caption_font(), palette.muted);
    }
}

/// Round frequencies, rising: even steps on a linear axis, octaves on a mel axis.
fn marked_frequencies(spectrogram: &Spectrogram) -> Vec<Hertz> {
    match &spectrogram.axis {
        FrequencyAxis::Linear { top } => {
            let step = round_step(top.0 / 12.0);
            (0..=12).map(|tick| Hertz(f64::from(tick) * step)).collect()
        }
        FrequencyAxis::Mel { .. } => (0..8).map(|octave| Hertz(125.0 * f64::from(1 << octave))).collect(),
    }
}

fn hertz(frequency: Hertz) -> String {
    if frequency.0 < 1000.0 {
        format!("{:.0} Hz", frequency.0)
    } else {
        format!("{} kHz", (frequency.0 / 100.0).round() / 10.0)
    }
}

/// A line through both pictures, and what lies under it.
fn cursor(painter: &Painter, place: &Place, view: &ClipView, pointer: Option<Pos2>, palette: &Palette) {
    let both = place.waveform.union(place.spectrogram);
    let readout = pos2(both.right(), both.top() - READOUT / 2.0);
    let Some(at) = pointer.filter(|at| both.contains(*at)) else {
        let hint = "Point at the picture to read time, frequency and level";
        painter.text(readout, Align2::RIGHT_CENTER, hint, caption_font(), palette.muted);
        return;
    };
    let time = place.time(at.x);
    painter.vline(at.x, place.waveform.y_range(), Stroke::new(1.0, palette.text));
    painter.vline(at.x, place.spectrogram.y_range(), Stroke::new(1.0, theme::ON_PICTURE));
    let mut words = format!("{:.3} s", time.0);
    if place.spectrogram.contains(at) {
        let frequency = place.frequency(&view.spectrogram, at.y);
        painter.hline(place.spectrogram.x_range(), at.y, Stroke::new(1.0, theme::ON_PICTURE));
        words += &format!("  ·  {}", hertz(frequency));
        if let Some(level) = view.spectrogram.level_at(time, frequency) {
            words += &format!("  ·  {level:.0} dB");
        }
    }
    painter.text(
        readout,
        Align2::RIGHT_CENTER,
        words,
        eframe::egui::FontId::proportional(theme::size::SMALL),
        palette.text,
    );
}

fn name_pictures(ui: &Ui, response: &Response, place: &Place, view: &ClipView) {
    let spectrogram = &view.spectrogram;
    let facts = format!("{} long, {} rows, {} columns", view.duration(), spectrogram.bins, spectrogram.frames);
    for (name, rect, words) in
        [("Waveform", place.waveform, format!("{} long", view.duration())), ("Spectrogram", place.spectrogram, facts)]
    {
        let part = ui.interact(rect, response.id.with(name), Sense::hover());
        name_picture(&part, name, &words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_named_as_people_say_them() {
        for (frequency, name) in [(125.0, "125 Hz"), (1000.0, "1 kHz"), (2550.0, "2.6 kHz"), (16_000.0, "16 kHz")] {
            assert_eq!(hertz(Hertz(frequency)), name);
        }
    }

    #[test]
    fn time_and_place_are_inverse() {
        let place = Place::within(Rect::from_min_size(pos2(10.0, 20.0), vec2(600.0, 400.0)), Seconds(2.5));
        for time in [0.0, 0.7, 2.5] {
            assert!((place.time(place.x(Seconds(time))).0 - time).abs() < 1e-5);
        }
    }
}
