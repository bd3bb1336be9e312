//! Bar charts of the two classes. A chart is described once and laid out once; screen and figure only paint the result.

use super::axis::Axis;
use super::plot::{Key, MARGIN, WIDTH, legend_line, sheet};
use super::svg::{self, Rect, Stroke, Style, Svg, colour, text_width};
use super::{Caption, TEXT_SIZE};
use crate::data::Label;

/// How the bars stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One below the other, with names on the left: for values without an order.
    Rows,
    /// Side by side over an axis: for values in an order, such as ages.
    Columns {
        /// What the values are, with the unit.
        axis: &'static str,
    },
}

/// A bar chart with two bars for each value: the two classes.
#[derive(Clone, Debug, PartialEq)]
pub struct BarChart {
    /// What it shows.
    pub title: String,
    /// What the length of a bar is, with the unit.
    pub measure: &'static str,
    /// How the bars stand.
    pub form: Form,
    /// The values, in order.
    pub groups: Vec<Group>,
}

/// The two bars of one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value.
    pub name: String,
    /// The lengths of the bars, in the order of [`Label::ALL`]; not negative.
    pub lengths: [f64; 2],
    /// The lengths in words.
    pub words: [String; 2],
    /// It stands back behind the others: what is not known.
    pub is_faint: bool,
}

/// The letters that a chart is set in.
pub struct Lettering<'a> {
    /// Size of the letters, in the units of the drawing.
    pub size: f64,
    /// How wide a text is, in the same units.
    pub width: &'a dyn Fn(&str) -> f64,
}

/// A chart laid out; y downwards from the upper left corner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// How much room it takes below.
    pub height: f64,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Grid lines, each from one point to another.
    pub lines: Vec<[(f64, f64); 2]>,
    /// Names and numbers.
    pub texts: Vec<Text>,
}

/// A bar of a laid out chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The place of its value in [`BarChart::groups`].
    pub group: usize,
    /// Its class.
    pub label: Label,
    /// What is painted: left, top, width, height.
    pub area: Area,
    /// What can be pointed at: also bars of no length have a place.
    pub reach: Area,
    /// Painted paler.
    pub is_faint: bool,
}

/// A part of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// Which point of a text is meant by its position. The position is always in the middle of its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// A text of a laid out chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Where.
    pub at: (f64, f64),
    /// What lies there.
    pub anchor: Anchor,
    /// The words.
    pub words: String,
    /// Names of values are full text, the rest stands back.
    pub is_name: bool,
}

/// Share of a chart's width that the names of rows may take.
const NAME_SHARE: f64 = 0.4;
/// Distance between the two bars of a value, as a share of the letters' size.
const BAR_GAP: f64 = 0.15;
/// Height of columns as a share of the chart's width.
const COLUMN_HEIGHT: f64 = 0.4;
/// Height of a line of text as a share of the letters' size.
const LINE: f64 = 1.35;

impl BarChart {
    /// Places everything into `width`.
    #[must_use]
    pub fn layout(&self, width: f64, letters: &Lettering<'_>) -> Drawing {
        match self.form {
            Form::Rows => self.rows(width, letters),
            Form::Columns { axis } => self.columns(width, axis, letters),
        }
    }

    /// The chart in one sentence for each value, for who cannot see it.
    #[must_use]
    pub fn summary(&self) -> String {
        let group = |group: &Group| {
            let [healthy, sick] = &group.words;
            format!("{}: {healthy} healthy, {sick} sick", group.name)
        };
        let groups: Vec<String> = self.groups.iter().map(group).collect();
        format!("{}. {}", self.measure, groups.join("; "))
    }

    fn longest(&self) -> f64 {
        self.groups.iter().flat_map(|group| group.lengths).fold(0.0, f64::max)
    }

    fn rows(&self, width: f64, letters: &Lettering<'_>) -> Drawing {
        let size = letters.size;
        let widest =
            |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| (letters.width)(text)).fold(0.0, f64::max);
        let name_room = widest(&mut self.groups.iter().map(|group| &group.name)).min(width * NAME_SHARE);
        let word_room = widest(&mut self.groups.iter().flat_map(|group| &group.words)) + 0.5 * size;
        let left = name_room + 0.8 * size;
        let full = (width - left - word_room).max(size);
        let (bar, gap) = (size, BAR_GAP * size);
        let pitch = 2.0 * bar + gap + 0.9 * size;
        let longest = self.longest().max(f64::MIN_POSITIVE);
        let mut drawing = Drawing::default();
        for (index, group) in self.groups.iter().enumerate() {
            let top = index as f64 * pitch;
            drawing.texts.push(Text {
                at: (name_room, top + bar + gap / 2.0),
                anchor: Anchor::End,
                words: shortened(&group.name, name_room, letters),
                is_name: true,
            });
            for (place, label) in Label::ALL.into_iter().enumerate() {
                let (length, words) = group.of(label);
                let area =
                    Area { x: left, y: top + place as f64 * (bar + gap), width: full * length / longest, height: bar };
                let reach = Area { width: width - left, ..area };
                drawing.bars.push(Bar { group: index, label, area, reach, is_faint: group.is_faint });
                drawing.texts.push(Text {
                    at: (area.x + area.width + 0.4 * size, area.y + bar / 2.0),
                    anchor: Anchor::Start,
                    words: words.to_owned(),
                    is_name: false,
                });
            }
        }
        let bottom = (self.groups.len() as f64 * pitch - 0.9 * size).max(0.0);
        drawing.lines.push([(left, -0.3 * size), (left, bottom + 0.3 * size)]);
        drawing.texts.push(caption(self.measure, (left, bottom + (0.5 + LINE / 2.0) * size), Anchor::Start));
        drawing.height = bottom + (0.5 + LINE) * size;
        drawing
    }

    fn columns(&self, width: f64, axis: &str, letters: &Lettering<'_>) -> Drawing {
        let size = letters.size;
        let heights = self.groups.iter().flat_map(|group| group.lengths).chain([0.0]);
        let scale = Axis::around("", heights, (0.0, f64::INFINITY));
        let ticks: Vec<String> = scale.ticks.iter().map(|tick| scale.tick_label(*tick)).collect();
        let left = ticks.iter().map(|tick| (letters.width)(tick)).fold(0.0, f64::max) + 0.6 * size;
        // The measure stands above, as a text that reads upwards would take more room.
        let (top, height) = (1.8 * size, COLUMN_HEIGHT * width);
        let foot = top + height;
        let mut drawing = Drawing::default();
        drawing.texts.push(caption(self.measure, (0.0, 0.5 * size), Anchor::Start));
        for (tick, words) in scale.ticks.iter().zip(ticks) {
            let y = foot - scale.share(*tick) * height;
            drawing.lines.push([(left, y), (width, y)]);
            drawing.texts.push(caption(&words, (left - 0.6 * size, y), Anchor::End));
        }
        let pitch = (width - left) / self.groups.len().max(1) as f64;
        let bar = (0.36 * pitch).min(3.0 * size);
        let mut lines = 1;
        for (index, group) in self.groups.iter().enumerate() {
            let middle = left + (index as f64 + 0.5) * pitch;
            for (place, label) in Label::ALL.into_iter().enumerate() {
                let tall = scale.share(group.of(label).0) * height;
                let x = middle - bar + place as f64 * bar;
                let area = Area { x: x + 0.5, y: foot - tall, width: (bar - 1.0).max(0.5), height: tall };
                let reach = Area { y: top, height, x, width: bar };
                drawing.bars.push(Bar { group: index, label, area, reach, is_faint: group.is_faint });
            }
            // A name that is wider than its place goes on in a second line.
            let fits = (letters.width)(&group.name) <= pitch;
            let words: Vec<&str> = if fits { vec![&group.name] } else { group.name.splitn(2, ' ').collect() };
            lines = lines.max(words.len());
            for (line, words) in words.into_iter().enumerate() {
                let y = foot + (0.9 + LINE * line as f64) * size;
                let words = shortened(words, pitch, letters);
                drawing.texts.push(Text { at: (middle, y), anchor: Anchor::Middle, words, is_name: true });
            }
        }
        let axis_y = foot + (1.1 + LINE * lines as f64) * size;
        drawing.texts.push(caption(axis, (f64::midpoint(left, width), axis_y), Anchor::Middle));
        drawing.height = axis_y + 0.6 * size;
        drawing
    }
}

impl Group {
    fn of(&self, label: Label) -> (f64, &str) {
        let ([healthy, sick], [healthy_words, sick_words]) = (self.lengths, &self.words);
        if label.is_positive() { (sick, sick_words) } else { (healthy, healthy_words) }
    }
}

fn caption(words: &str, at: (f64, f64), anchor: Anchor) -> Text {
    Text { at, anchor, words: words.to_owned(), is_name: false }
}

/// A text that fits into `room`; what does not fit ends in an ellipsis.
fn shortened(text: &str, room: f64, letters: &Lettering<'_>) -> String {
    // A hair's breadth more, as sums of widths round.
    if (letters.width)(text) <= room + 0.01 {
        return text.to_owned();
    }
    let letters_of = |count: usize| text.chars().take(count).chain(['…']).collect::<String>();
    let most = (1..text.chars().count()).rev().find(|count| (letters.width)(&letters_of(*count)) <= room);
    letters_of(most.unwrap_or(1))
}

/// The chart as a figure, as SVG.
#[must_use]
pub fn bar_chart(chart: &BarChart, caption: &Caption) -> String {
    let letters = Lettering { size: TEXT_SIZE, width: &|text| WIDER * text_width(text, TEXT_SIZE) };
    let drawing = chart.layout(WIDTH - 2.0 * MARGIN, &letters);
    let (mut svg, top) = sheet(&chart.title, caption, drawing.height + MARGIN);
    let legend = [(Key::Box(colour::BLUE, OPACITY), "Healthy"), (Key::Box(colour::ORANGE, OPACITY), "Sick")];
    legend_line(&mut svg, &legend.map(|(key, name)| (key, name.to_owned())));
    paint(&mut svg, &drawing, (MARGIN, top));
    svg.finish()
}

/// How much wider than running text names may be: they have more capitals and digits.
const WIDER: f64 = 1.15;
/// Opacity of the bars, and of those that stand back.
const OPACITY: f64 = 0.85;
const FAINT: f64 = 0.4;

fn paint(svg: &mut Svg, drawing: &Drawing, (left, top): (f64, f64)) {
    let moved = |(x, y): (f64, f64)| (left + x, top + y);
    for [from, to] in &drawing.lines {
        svg.line(moved(*from), moved(*to), Stroke::solid(colour::MIST, 1.0));
    }
    for bar in &drawing.bars {
        let (x, y) = moved((bar.area.x, bar.area.y));
        let fill = if bar.label.is_positive() { colour::ORANGE } else { colour::BLUE };
        let rect = Rect { x, y, width: bar.area.width, height: bar.area.height };
        svg.rect(rect, fill, if bar.is_faint { FAINT } else { OPACITY });
    }
    for text in &drawing.texts {
        let anchor = match text.anchor {
            Anchor::Start => svg::Anchor::Start,
            Anchor::Middle => svg::Anchor::Middle,
            Anchor::End => svg::Anchor::End,
        };
        let ink = if text.is_name { colour::INK } else { colour::GREY };
        let (x, middle) = moved(text.at);
        // From the middle of the capitals down to the baseline.
        let baseline = middle + 0.36 * TEXT_SIZE;
        svg.text((x, baseline), &text.words, Style::new(TEXT_SIZE).colour(ink).anchor(anchor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(form: Form) -> BarChart {
        let group = |name: &str, lengths: [f64; 2]| Group {
            name: name.to_owned(),
            lengths,
            words: lengths.map(|length| format!("{length}")),
            is_faint: false,
        };
        BarChart {
            title: "Age".into(),
            measure: "Recordings",
            form,
            groups: vec![
                group("COUGHVID", [30.0, 10.0]),
                group("a folder with a very long name indeed, longer than any", [0.0, 60.0]),
            ],
        }
    }

    const LETTERS: Lettering<'_> = Lettering { size: 10.0, width: &|text| text.chars().count() as f64 * 5.0 };

    #[test]
    fn bars_are_as_long_as_their_numbers_and_inside() {
        for width in [200.0, 340.0, 900.0] {
            for form in [Form::Rows, Form::Columns { axis: "Age (years)" }] {
                let drawing = chart(form).layout(width, &LETTERS);
                let length = |bar: &Bar| if form == Form::Rows { bar.area.width } else { bar.area.height };
                let lengths: Vec<f64> = drawing.bars.iter().map(length).collect();
                let unit = lengths[3] / 60.0;
                for (actual, count) in lengths.iter().zip([30.0, 10.0, 0.0, 60.0]) {
                    assert!((actual - unit * count).abs() < 1e-9, "{form:?}: {lengths:?}");
                }
                assert!(unit > 0.0);
                for text in &drawing.texts {
                    let wide = (LETTERS.width)(&text.words);
                    let start = match text.anchor {
                        Anchor::Start => text.at.0,
                        Anchor::Middle => text.at.0 - wide / 2.0,
                        Anchor::End => text.at.0 - wide,
                    };
                    assert!(start >= -0.1 && start + wide <= width + 0.1, "{form:?} {width}: {}", text.words);
                    assert!(text.at.1 <= drawing.height);
                }
            }
        }
    }

    #[test]
    fn nothing_to_show_is_no_trouble() {
        for form in [Form::Rows, Form::Columns { axis: "Age (years)" }] {
            let empty = BarChart { groups: Vec::new(), ..chart(form) };
            assert!(empty.layout(300.0, &LETTERS).bars.is_empty());
            let mut zero = chart(form);
            zero.groups.iter_mut().for_each(|group| group.lengths = [0.0; 2]);
            let finite = |bar: &Bar| bar.area.width.is_finite() && bar.area.height.is_finite();
            assert!(zero.layout(300.0, &LETTERS).bars.iter().all(finite));
        }
    }
}
