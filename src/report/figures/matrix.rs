//! The confusion matrix as a figure.

use super::Caption;
use super::plot::{WIDTH, sheet};
use super::svg::{Anchor, Rect, Style, Svg, colour, text_width};
use crate::data::Label;
use crate::eval::Confusion;
use crate::units::{counted, grouped};

/// Side of a cell in user units.
const CELL: f64 = 270.0;
/// Gap between cells.
const GAP: f64 = 6.0;
/// Left edge of the cells: centred with the row labels, which take this much.
const LEFT: f64 = (WIDTH - 2.0 * CELL - GAP - 130.0) / 2.0 + 130.0;
/// Room above the cells for the column labels.
const HEAD_ROOM: f64 = 66.0;
/// Room beneath the cells.
const FOOT_ROOM: f64 = 70.0;
/// Size of the counts, unless they are too long for their cell.
const COUNT_SIZE: f64 = 46.0;
/// From this share of a row on, white text has more contrast on the cell than ink (both 4.2 to 1 here).
const DARK: f64 = 0.8;

/// The matrix with counts and the share of each true class; rows are the true class, columns the predicted one.
#[must_use]
pub fn confusion_matrix(confusion: &Confusion, threshold: f64, caption: &Caption) -> String {
    let (mut svg, top) = sheet("Confusion matrix", caption, HEAD_ROOM + 2.0 * CELL + GAP + FOOT_ROOM);
    let top = top + HEAD_ROOM;
    headings(&mut svg, top);
    for (row, (counts, label)) in confusion.rows().iter().zip(Label::ALL).enumerate() {
        let total = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        for (column, &count) in counts.iter().enumerate() {
            cell(&mut svg, cell_area(row, column, top), count, total, label);
        }
    }
    let recordings = usize::try_from(confusion.total()).unwrap_or(usize::MAX);
    let recordings = counted(recordings, "recording", "recordings");
    let foot = format!("Predicted sick at a score of {threshold:.3} or more; {recordings}");
    let style = Style::new(15.0).colour(colour::GREY).anchor(Anchor::Middle);
    svg.text((LEFT + CELL + GAP / 2.0, top + 2.0 * CELL + GAP + 38.0), &foot, style);
    svg.finish()
}

fn cell_area(row: usize, column: usize, top: f64) -> Rect {
    let pitch = CELL + GAP;
    Rect { x: LEFT + column as f64 * pitch, y: top + row as f64 * pitch, width: CELL, height: CELL }
}

fn headings(svg: &mut Svg, top: f64) {
    let middle = CELL + GAP / 2.0;
    let bold = Style::new(16.0).bold().anchor(Anchor::Middle);
    let plain = Style::new(16.0).anchor(Anchor::Middle);
    svg.text((LEFT + middle, top - 44.0), "Predicted", bold);
    svg.text_upwards((LEFT - 62.0, top + middle), "True", bold);
    for (index, label) in Label::ALL.into_iter().enumerate() {
        let (x, _) = cell_area(0, index, top).centre();
        svg.text((x, top - 14.0), &label.to_string(), plain);
        let (_, y) = cell_area(index, 0, top).centre();
        svg.text_upwards((LEFT - 18.0, y), &label.to_string(), plain);
    }
}

/// One cell: the deeper the blue, the larger the share of its true class.
fn cell(svg: &mut Svg, area: Rect, count: u64, total: u64, label: Label) {
    let share = if total == 0 { 0.0 } else { count as f64 / total as f64 };
    svg.rect(area, colour::DEEP_BLUE, 0.06 + 0.9 * share);
    let colour = if share >= DARK { colour::WHITE } else { colour::INK };
    let (x, y) = area.centre();

    let text = grouped(count);
    let fitting = COUNT_SIZE * (0.86 * area.width / text_width(&text, COUNT_SIZE)).min(1.0);
    svg.text((x, y + 6.0), &text, Style::new(fitting).bold().colour(colour).anchor(Anchor::Middle));
    let percentage =
        if total == 0 { format!("no {label} recording") } else { format!("{:.1} % of {label}", 100.0 * share) };
    svg.text((x, y + 40.0), &percentage, Style::new(17.0).colour(colour).anchor(Anchor::Middle));
}
