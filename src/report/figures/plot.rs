//! The frame that all plots share: heading, axes with grid, series, legend.

use super::axis::Axis;
use super::svg::{Anchor, Rect, Stroke, Style, Svg, colour, text_width, wrap};
use super::{Caption, TEXT_SIZE};

/// Width of every figure in user units; the PNG has twice as many pixels.
pub(super) const WIDTH: f64 = 800.0;
/// Left and right margin of the headings.
pub(super) const MARGIN: f64 = 40.0;
/// Baseline of the figure's name.
const HEADING_Y: f64 = 46.0;
/// Size of the figure's name.
const HEADING_SIZE: f64 = 24.0;
/// Size of tick labels.
const TICK_SIZE: f64 = 14.0;
/// Distance between lines of text.
const LINE_HEIGHT: f64 = 21.0;
/// Room left of a plot for its axis labels.
const AXIS_ROOM: f64 = 92.0;
/// Room beneath a plot for its axis labels.
const FOOT_ROOM: f64 = 76.0;
/// Length of a line sample in the legend.
const SAMPLE: f64 = 28.0;
/// Distance between a line sample and its text.
const KEY_GAP: f64 = 10.0;

/// Starts a figure: white sheet, name, and the caption's lines beneath. Returns the sheet and the free area's top.
pub(super) fn sheet(name: &str, caption: &Caption, area_height: f64) -> (Svg, f64) {
    let width = WIDTH - 2.0 * MARGIN;
    let mut lines = wrap(&caption.title, TEXT_SIZE, width, 1);
    lines.extend(caption.notes.iter().flat_map(|note| wrap(note, TEXT_SIZE, width, 2)));
    let top = HEADING_Y + lines.len() as f64 * LINE_HEIGHT + 32.0;

    let mut svg = Svg::new(WIDTH, top + area_height);
    svg.text((MARGIN, HEADING_Y), name, Style::new(HEADING_SIZE).bold());
    for (index, line) in lines.iter().enumerate() {
        let baseline = HEADING_Y + 7.0 + (index + 1) as f64 * LINE_HEIGHT;
        svg.text((MARGIN, baseline), line, Style::new(TEXT_SIZE).colour(colour::GREY));
    }
    (svg, top)
}

/// What a legend line shows before its text.
#[derive(Clone, Copy)]
pub(super) enum Key {
    Line(Stroke),
    Dot(&'static str),
    /// A colour and its opacity, from 0 to 1.
    Box(&'static str, f64),
    /// Continues the line above.
    Blank,
}

/// Where the legend stands: where the curves leave room.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// In a corner of the plot.
    LowerLeft,
    LowerRight,
    UpperRight,
    /// In one line at the right of the figure's name: for curves that may go anywhere.
    Heading,
}

/// A plot with two axes, drawn from back to front.
pub(super) struct Plot {
    svg: Svg,
    area: Rect,
    x: Axis,
    y: Axis,
    legend: Vec<(Key, String)>,
}

impl Plot {
    /// Draws heading, grid and axes. `height` is that of the area between the axes, in user units.
    pub fn new(name: &str, caption: &Caption, height: f64, x: Axis, y: Axis) -> Self {
        let (svg, top) = sheet(name, caption, height + FOOT_ROOM);
        let area = Rect { x: AXIS_ROOM, y: top, width: WIDTH - AXIS_ROOM - MARGIN, height };
        let mut plot = Self { svg, area, x, y, legend: Vec::new() };
        plot.grid();
        plot
    }

    /// A curve through `points`, in axis units; values that are not finite break it.
    pub fn curve(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        for run in points.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
            let run: Vec<(f64, f64)> = run.iter().map(|point| self.place(*point)).collect();
            self.svg.polyline(&run, stroke);
        }
    }

    /// A dot at a point, in axis units; nothing where it is not finite.
    pub fn dot(&mut self, point: (f64, f64), radius: f64, fill: &'static str) {
        if point.0.is_finite() && point.1.is_finite() {
            let at = self.place(point);
            self.svg.dot(at, radius, fill);
        }
    }

    /// A bar from the x-axis up to `height`, in axis units.
    pub fn bar(&mut self, (from, to): (f64, f64), height: f64, fill: &'static str, opacity: f64) {
        let (left, top) = self.place((from, height));
        let (right, bottom) = self.place((to, self.y.min));
        self.svg.rect(Rect { x: left, y: top, width: right - left, height: bottom - top }, fill, opacity);
    }

    /// Adds a line to the legend.
    pub fn explain(&mut self, key: Key, text: impl Into<String>) {
        self.legend.push((key, text.into()));
    }

    /// Says in the middle of the plot why there is nothing to see.
    pub fn message(&mut self, text: &str) {
        let (x, y) = self.area.centre();
        let lines = wrap(text, TEXT_SIZE, self.area.width * 0.8, 3);
        let box_height = lines.len() as f64 * LINE_HEIGHT + 20.0;
        let widest = lines.iter().map(|line| text_width(line, TEXT_SIZE)).fold(0.0, f64::max) + 40.0;
        let backing = Rect { x: x - widest / 2.0, y: y - 24.0, width: widest, height: box_height };
        self.svg.rect(backing, colour::WHITE, 0.9);
        for (index, line) in lines.iter().enumerate() {
            let style = Style::new(TEXT_SIZE).colour(colour::GREY).anchor(Anchor::Middle);
            self.svg.text((x, y + index as f64 * LINE_HEIGHT), line, style);
        }
    }

    /// The finished figure with its legend.
    pub fn finish(mut self, place: Place) -> String {
        let legend = std::mem::take(&mut self.legend);
        if matches!(place, Place::Heading) {
            legend_line(&mut self.svg, &legend);
        } else if !legend.is_empty() {
            self.draw_legend_box(&legend, place);
        }
        self.svg.finish()
    }

    /// From axis units to user units.
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let Rect { x: left, width, height, .. } = self.area;
        (left + self.x.share(x) * width, self.area.bottom() - self.y.share(y) * height)
    }

    fn grid(&mut self) {
        let (area, x, y) = (self.area, self.x.clone(), self.y.clone());
        let tick = Style::new(TICK_SIZE).colour(colour::GREY);
        for &value in &y.ticks {
            let (_, at) = self.place((x.min, value));
            self.svg.line((area.x, at), (area.right(), at), Stroke::solid(colour::MIST, 1.0));
            self.svg.text((area.x - 12.0, at + 5.0), &y.tick_label(value), tick.anchor(Anchor::End));
        }
        for &value in &x.ticks {
            let (at, _) = self.place((value, y.min));
            self.svg.line((at, area.y), (at, area.bottom()), Stroke::solid(colour::MIST, 1.0));
            self.svg.text((at, area.bottom() + 24.0), &x.tick_label(value), tick.anchor(Anchor::Middle));
        }
        let axis = Stroke::solid(colour::SILVER, 1.5);
        self.svg.polyline(&[(area.x, area.y), (area.x, area.bottom()), (area.right(), area.bottom())], axis);

        let label = Style::new(TEXT_SIZE).anchor(Anchor::Middle);
        let (centre_x, centre_y) = area.centre();
        self.svg.text((centre_x, area.bottom() + 54.0), &x.label, label);
        self.svg.text_upwards((32.0, centre_y), &y.label, label);
    }

    fn draw_legend_box(&mut self, legend: &[(Key, String)], place: Place) {
        let widest = legend.iter().map(|(_, text)| text_width(text, TEXT_SIZE)).fold(0.0, f64::max);
        let (width, height) = (widest + SAMPLE + 34.0, legend.len() as f64 * LINE_HEIGHT + 16.0);
        let (area, gap) = (self.area, 14.0);
        let x = if matches!(place, Place::LowerLeft) { area.x + gap } else { area.right() - width - gap };
        let y = if matches!(place, Place::UpperRight) { area.y + gap } else { area.bottom() - height - gap };
        self.svg.rect(Rect { x, y, width, height }, colour::WHITE, 0.88);
        for (index, (key, text)) in legend.iter().enumerate() {
            let middle = y + 8.0 + (index as f64 + 0.5) * LINE_HEIGHT;
            draw_entry(&mut self.svg, *key, text, (x + 10.0, middle));
        }
    }
}

/// The legend in one line at the right of the figure's name.
pub(super) fn legend_line(svg: &mut Svg, legend: &[(Key, String)]) {
    let mut right = WIDTH - MARGIN;
    for (key, text) in legend.iter().rev() {
        let left = right - text_width(text, TEXT_SIZE) - SAMPLE - KEY_GAP;
        draw_entry(svg, *key, text, (left, HEADING_Y - 8.0));
        right = left - 2.0 * KEY_GAP;
    }
}

/// One line of the legend from `(x, middle)` on.
fn draw_entry(svg: &mut Svg, key: Key, text: &str, (x, middle): (f64, f64)) {
    draw_key(svg, key, (x, middle));
    svg.text((x + SAMPLE + KEY_GAP, middle + 5.0), text, Style::new(TEXT_SIZE));
}

fn draw_key(svg: &mut Svg, key: Key, (x, y): (f64, f64)) {
    match key {
        Key::Blank => {}
        Key::Line(stroke) => svg.line((x, y), (x + SAMPLE, y), stroke),
        Key::Dot(fill) => svg.dot((x + SAMPLE / 2.0, y), 7.0, fill),
        Key::Box(fill, opacity) => {
            svg.rect(Rect { x: x + 6.0, y: y - 7.0, width: SAMPLE - 12.0, height: 14.0 }, fill, opacity);
        }
    }
}
