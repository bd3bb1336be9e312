//! The pictures, their axes, and what lies over them.

use std::ops::Range;

use eframe::egui::{Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::axis::TimeAxis;
use super::gestures::Aim;
use super::place::{Place, READOUT};
use crate::session::ClipView;
use crate::spectrogram::{FrequencyAxis, Spectrogram};
use crate::ui::theme::{self, Palette, caption_font};
use crate::ui::widgets::plot::round_step;
use crate::units::{Decibels, Hertz, Seconds};

/// Smallest distance between two times on the axis, in points.
const TIME_STEP: f32 = 72.0;
/// Smallest distance between two frequencies on the axis, in points.
const FREQUENCY_STEP: f32 = 26.0;

/// The samples, over the coughs that were found.
pub(super) fn waveform(painter: &Painter, place: &Place, view: &ClipView, axis: &TimeAxis, palette: &Palette) {
    let rect = place.waveform;
    painter.rect_filled(rect, 0.0, palette.canvas);
    for cough in view.coughs.iter().filter_map(|cough| place.x_range(cough)) {
        painter.rect_filled(Rect::from_x_y_ranges(cough, rect.y_range()), 0.0, palette.accent_soft);
    }
    let (seen, total) = (axis.visible(), axis.total().0);
    let share = |time: Seconds| time.0 / total;
    let columns = view.waveform.columns(share(seen.start), share(seen.end), rect.width().floor().max(1.0) as usize);
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

pub(super) fn time_axis(painter: &Painter, place: &Place, axis: &TimeAxis, palette: &Palette) {
    let rect = place.spectrogram;
    let step = round_step(axis.span().0 * f64::from(TIME_STEP / rect.width()));
    let decimals = (-step.log10().floor()).clamp(0.0, 5.0) as usize;
    let first = (axis.visible().start.0 / step).ceil();
    let mut tick = 0;
    loop {
        let time = (first + f64::from(tick)) * step;
        let x = place.x(Seconds(time));
        if x > rect.right() + 0.5 {
            break;
        }
        painter.vline(x, rect.bottom()..=rect.bottom() + 4.0, Stroke::new(1.0, palette.line_strong));
        let at_left_edge = x < rect.left() + 16.0;
        let align = if at_left_edge { Align2::LEFT_TOP } else { Align2::CENTER_TOP };
        // A label that would be cut off at the edge is left out.
        if x + 20.0 < rect.right() || at_left_edge {
            painter.text(pos2(x, rect.bottom() + 5.0), align, clock(time, decimals), caption_font(), palette.muted);
        }
        tick += 1;
    }
}

/// Seconds, with minutes where there are any.
fn clock(secs: f64, decimals: usize) -> String {
    let minutes = (secs / 60.0).floor();
    if minutes < 1.0 {
        return format!("{secs:.decimals$} s");
    }
    let width = if decimals == 0 { 2 } else { decimals + 3 };
    format!("{minutes:.0}:{:0width$.decimals$}", secs - minutes * 60.0)
}

pub(super) fn frequency_axis(painter: &Painter, place: &Place, spectrogram: &Spectrogram, palette: &Palette) {
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

/// The windows of a network as brackets, one below the other, since half of each lies under the next.
pub(super) fn windows(painter: &Painter, place: &Place, windows: &[Range<Seconds>]) {
    const STEP: f32 = 5.0;
    let rect = place.spectrogram;
    for (index, window) in windows.iter().enumerate() {
        let Some(range) = place.x_range(window) else { continue };
        let y = rect.top() + STEP * (1 + index % 2) as f32;
        painter.hline(range, y, Stroke::new(2.0, theme::ON_PICTURE));
        for x in [range.min, range.max] {
            painter.vline(x, y..=y + STEP, Stroke::new(2.0, theme::ON_PICTURE));
        }
    }
}

/// A veil over what is not marked, and a line at both ends.
pub(super) fn selection(painter: &Painter, place: &Place, marked: Option<&Range<Seconds>>, colour: Color32) {
    let Some(range) = marked.and_then(|marked| place.x_range(marked)) else { return };
    for rect in [place.waveform, place.spectrogram] {
        painter.rect_filled(Rect::from_x_y_ranges(range, rect.y_range()), 0.0, colour.gamma_multiply(0.22));
        for x in [range.min, range.max] {
            painter.vline(x, rect.y_range(), Stroke::new(1.0, theme::ON_PICTURE));
        }
    }
    let line = Rect::from_x_y_ranges(range, place.both().top() - 2.0..=place.both().top());
    painter.rect_filled(line, 0.0, colour);
}

/// Where Play begins, and where the ear is.
pub(super) fn marks(painter: &Painter, place: &Place, cursor: Seconds, playing: Option<Seconds>, palette: &Palette) {
    let both = place.both();
    let seen = |time: Seconds| Some(place.x(time)).filter(|x| both.x_range().contains(*x));
    if let Some(x) = seen(cursor) {
        let top = pos2(x, both.top());
        let flag = vec![top + vec2(-4.0, -6.0), top + vec2(4.0, -6.0), top];
        painter.add(Shape::convex_polygon(flag, palette.text, Stroke::NONE));
    }
    if let Some(x) = playing.and_then(seen) {
        painter.vline(x, place.waveform.y_range(), Stroke::new(2.0, palette.sick));
        painter.vline(x, place.spectrogram.y_range(), Stroke::new(2.0, Color32::WHITE));
    }
}

/// A line through both pictures, what lies under it, and what is marked.
pub(super) fn readout(
    painter: &Painter,
    place: &Place,
    view: &ClipView,
    aim: &Aim,
    pointer: Option<Pos2>,
    palette: &Palette,
) {
    let both = place.both();
    let font = FontId::proportional(theme::size::SMALL);
    let middle = both.top() - READOUT / 2.0 - 2.0;
    if let Some(marked) = &aim.selection {
        let length = marked.end.0 - marked.start.0;
        let words = format!("{:.3} to {:.3} s, {length:.3} s long", marked.start.0, marked.end.0);
        painter.text(pos2(both.left(), middle), Align2::LEFT_CENTER, words, font.clone(), palette.accent);
    }
    let right = pos2(both.right(), middle);
    let Some(at) = pointer.filter(|at| both.contains(*at)) else {
        if aim.selection.is_none() {
            let hint = "Drag to select, wheel to zoom";
            painter.text(right, Align2::RIGHT_CENTER, hint, caption_font(), palette.muted);
        }
        return;
    };
    let spectrogram = view.spectrogram.spectrogram();
    let time = place.time(at.x);
    painter.vline(at.x, place.waveform.y_range(), Stroke::new(1.0, palette.text));
    painter.vline(at.x, place.spectrogram.y_range(), Stroke::new(1.0, theme::ON_PICTURE));
    let mut words = format!("{:.3} s", time.0);
    if place.spectrogram.contains(at) {
        let frequency = place.frequency(spectrogram, at.y);
        painter.hline(place.spectrogram.x_range(), at.y, Stroke::new(1.0, theme::ON_PICTURE));
        words += &format!("  ·  {}", hertz(frequency));
        if let Some(level) = spectrogram.level_at(time, frequency) {
            words += &format!("  ·  {level:.0} dB");
        }
    }
    painter.text(right, Align2::RIGHT_CENTER, words, font, palette.text);
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
    fn times_are_named_as_people_say_them() {
        for (secs, decimals, name) in
            [(0.25, 2, "0.25 s"), (12.0, 0, "12 s"), (60.0, 0, "1:00"), (65.5, 1, "1:05.5"), (599.0, 0, "9:59")]
        {
            assert_eq!(clock(secs, decimals), name);
        }
    }
}
