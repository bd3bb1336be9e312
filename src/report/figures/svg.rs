//! A small SVG writer: the few shapes that the figures need.

use std::fmt::Write;

/// Colours of the figures. Blue and orange stay apart for every common kind of colour blindness.
pub(super) mod colour {
    /// The cells of a matrix: dark enough for white text.
    pub const DEEP_BLUE: &str = "#1d4ed8";
    /// The first series: training, healthy, the curve itself.
    pub const BLUE: &str = "#2563eb";
    /// The second series: validation, sick, the chosen point.
    pub const ORANGE: &str = "#ea580c";
    /// Text.
    pub const INK: &str = "#111827";
    /// Less important text, axes.
    pub const GREY: &str = "#6b7280";
    /// Reference lines.
    pub const SILVER: &str = "#9ca3af";
    /// Grid.
    pub const MIST: &str = "#e5e7eb";
    /// Paper.
    pub const WHITE: &str = "#ffffff";
}

/// Where a text stands relative to its position.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Font size in user units.
    pub size: f64,
    /// Semibold instead of regular.
    pub bold: bool,
    /// Fill colour.
    pub colour: &'static str,
    /// Alignment.
    pub anchor: Anchor,
}

impl Style {
    /// Regular text in ink, aligned at its start.
    pub fn new(size: f64) -> Self {
        Self { size, bold: false, colour: colour::INK, anchor: Anchor::Start }
    }

    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub fn colour(self, colour: &'static str) -> Self {
        Self { colour, ..self }
    }

    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A line's look.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    /// Colour.
    pub colour: &'static str,
    /// Width in user units.
    pub width: f64,
    /// Dashed instead of solid.
    pub dashed: bool,
}

impl Stroke {
    /// A solid line.
    pub const fn solid(colour: &'static str, width: f64) -> Self {
        Self { colour, width, dashed: false }
    }

    /// A dashed line.
    pub const fn dashed(colour: &'static str, width: f64) -> Self {
        Self { colour, width, dashed: true }
    }

    fn attributes(self) -> String {
        let dash = if self.dashed { " stroke-dasharray=\"6 5\"" } else { "" };
        format!("fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{dash}", self.colour, self.width)
    }
}

/// A rectangle in user units, y downwards.
#[derive(Clone, Copy)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn right(self) -> f64 {
        self.x + self.width
    }

    pub fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub fn centre(self) -> (f64, f64) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }
}

/// A drawing under way.
pub(super) struct Svg {
    body: String,
    width: f64,
    height: f64,
}

impl Svg {
    /// An empty white sheet, in user units.
    pub fn new(width: f64, height: f64) -> Self {
        let mut svg = Self { body: String::new(), width, height };
        svg.rect(Rect { x: 0.0, y: 0.0, width, height }, colour::WHITE, 1.0);
        svg
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.polyline(&[from, to], stroke);
    }

    /// Connected straight lines; nothing for fewer than two points.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        if points.len() < 2 {
            return;
        }
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
        let attributes = stroke.attributes();
        self.push(format_args!("<polyline points=\"{}\" {attributes} stroke-linejoin=\"round\"/>", path.join(" ")));
    }

    /// A filled rectangle; `opacity` from 0 to 1.
    pub fn rect(&mut self, rect: Rect, fill: &str, opacity: f64) {
        let Rect { x, y, width, height } = rect;
        self.push(format_args!(
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\" \
             fill-opacity=\"{opacity:.3}\"/>"
        ));
    }

    /// A filled circle with a white rim, so that it stands out from the line beneath.
    pub fn dot(&mut self, centre: (f64, f64), radius: f64, fill: &str) {
        let (x, y) = centre;
        self.push(format_args!(
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"#ffffff\" stroke-width=\"2\"/>"
        ));
    }

    /// A line of text on the baseline `at`.
    pub fn text(&mut self, at: (f64, f64), text: &str, style: Style) {
        self.text_with(at, text, style, "");
    }

    /// A line of text that reads upwards, centred on `at`.
    pub fn text_upwards(&mut self, at: (f64, f64), text: &str, style: Style) {
        let turn = format!(" transform=\"rotate(-90 {:.2} {:.2})\"", at.0, at.1);
        self.text_with(at, text, style.anchor(Anchor::Middle), &turn);
    }

    /// The finished document.
    pub fn finish(self) -> String {
        let Self { body, width, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"Inter, sans-serif\">\n{body}</svg>\n"
        )
    }

    fn text_with(&mut self, (x, y): (f64, f64), text: &str, style: Style, extra: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if style.bold { 600 } else { 400 };
        self.push(format_args!(
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{}\" font-weight=\"{weight}\" fill=\"{}\" \
             text-anchor=\"{anchor}\"{extra}>{}</text>",
            style.size,
            style.colour,
            escape(text)
        ));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

/// Text as XML allows it: markup escaped, control characters (which XML cannot hold) replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Mean width of a character of Inter, as a share of the font size: 0.49 measured on English text, rounded up.
const MEAN_ADVANCE: f64 = 0.52;

/// About how wide a line of text is, in user units.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * MEAN_ADVANCE
}

/// Breaks a text into at most `max_lines` lines of about `width` user units; what does not fit ends in an ellipsis.
pub(super) fn wrap(text: &str, size: f64, width: f64, max_lines: usize) -> Vec<String> {
    let limit = (width / (size * MEAN_ADVANCE)) as usize;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= limit => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let overflows = lines.len() > max_lines;
    lines.truncate(max_lines);
    let last = lines.len();
    for (index, line) in lines.iter_mut().enumerate() {
        if line.chars().count() > limit || (overflows && index + 1 == last) {
            *line = line.chars().take(limit.saturating_sub(1)).collect();
            line.push('…');
        }
    }
    lines
}
