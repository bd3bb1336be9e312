//! What a drop will do, said over the whole window while the files still hover.

use std::path::PathBuf;

use eframe::egui::{Area, Context, CornerRadius, Id, Label, Order, Rect, Sense, Stroke, StrokeKind, vec2};

use super::format::{counted, file_name};
use super::panels::PanelId;
use super::theme::{self, space};
use crate::session::DropIntent;

/// One line for each kind of thing among `paths`; `run` names the trained network that would score recordings.
#[must_use]
pub fn describe(paths: &[PathBuf], run: Option<&str>) -> Vec<String> {
    let of = |intent| paths.iter().filter(move |path| DropIntent::of(path) == intent);
    let mut lines = Vec::new();
    let folders: Vec<_> = of(DropIntent::Folder).collect();
    match folders.as_slice() {
        [] => {}
        [only] => lines.push(format!("Drop to open “{}”: datasets, or a trained run", file_name(only))),
        several => lines.push(format!("Drop to open {} folders: datasets, or trained runs", several.len())),
    }
    let recordings = of(DropIntent::Recording).count();
    if recordings > 0 {
        let recordings = counted(recordings, "recording", "recordings");
        lines.push(match run {
            Some(run) => format!("Drop to score {recordings} with run “{run}”"),
            // The folder beside them may be the run that scores them.
            None if !folders.is_empty() => {
                format!("Drop to score {recordings}, if there is a trained run among the folders")
            }
            None => format!("{recordings}, but no trained network yet: train one or open a run first"),
        });
    }
    let tables = of(DropIntent::Predictions).count();
    if tables > 0 {
        lines.push(format!("Drop to evaluate {}", counted(tables, "table of predictions", "tables of predictions")));
    }
    if of(DropIntent::Weights).count() > 0 {
        lines.push("Drop to use these weights of InceptionV3".to_owned());
    }
    let unknown = of(DropIntent::Unknown).count();
    if unknown > 0 {
        let files = counted(unknown, "file", "files");
        lines.push(format!("{files} of a kind that is not known here: no folder, recording or table of predictions"));
    }
    lines
}

/// The panel that shows what opening `paths` does.
#[must_use]
pub fn destination(paths: &[PathBuf]) -> Option<PanelId> {
    let any = |intent| paths.iter().any(|path| DropIntent::of(path) == intent);
    if any(DropIntent::Folder) {
        Some(PanelId::Data)
    } else if any(DropIntent::Recording) {
        Some(PanelId::Predict)
    } else if any(DropIntent::Predictions) {
        Some(PanelId::Evaluate)
    } else if any(DropIntent::Weights) {
        Some(PanelId::Train)
    } else {
        None
    }
}

/// Covers the window while files hover over it.
pub fn overlay(ctx: &Context, run: Option<&str>) {
    let hovered: Vec<PathBuf> =
        ctx.input(|input| input.raw.hovered_files.iter().filter_map(|file| file.path.clone()).collect());
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let mut lines = describe(&hovered, run);
    if lines.is_empty() {
        lines.push("Drop to open".to_owned());
    }
    let screen = ctx.content_rect();
    Area::new(Id::unique("drop overlay")).order(Order::Foreground).fade_in(false).fixed_pos(screen.min).show(
        ctx,
        |ui| {
            let palette = theme::palette(ui);
            let (rect, _) = ui.allocate_exact_size(screen.size(), Sense::hover());
            let painter = ui.painter();
            painter.rect_filled(rect, CornerRadius::ZERO, palette.veil);
            let frame = rect.shrink(space::XL);
            let stroke = Stroke::new(2.0, palette.accent);
            painter.rect_stroke(frame, CornerRadius::same(theme::CARD_RADIUS), stroke, StrokeKind::Inside);
            let top = frame.center() - vec2(0.0, lines.len() as f32 * space::L);
            for (row, line) in lines.iter().enumerate() {
                let place = top + vec2(0.0, (row as f32 + 0.5) * 2.0 * space::L);
                let line = Label::new(theme::title(line)).truncate();
                ui.put(Rect::from_center_size(place, vec2(frame.width() - space::XL, 2.0 * space::L)), line);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn every_kind_has_its_line() {
        let mixed = paths(&["Coswara-Data", "a.wav", "b.webm", "predictions.csv", "model.safetensors", "letter.docx"]);
        assert_eq!(
            describe(&mixed, Some("run-1")),
            [
                "Drop to open “Coswara-Data”: datasets, or a trained run",
                "Drop to score 2 recordings with run “run-1”",
                "Drop to evaluate 1 table of predictions",
                "Drop to use these weights of InceptionV3",
                "1 file of a kind that is not known here: no folder, recording or table of predictions",
            ]
        );
        assert!(describe(&paths(&["a.wav"]), None)[0].contains("no trained network yet"));
    }

    #[test]
    fn the_panel_follows_the_files() {
        assert_eq!(destination(&paths(&["a.wav", "Coswara-Data"])), Some(PanelId::Data));
        assert_eq!(destination(&paths(&["a.wav"])), Some(PanelId::Predict));
        assert_eq!(destination(&paths(&["p.csv"])), Some(PanelId::Evaluate));
        assert_eq!(destination(&paths(&["model.safetensors"])), Some(PanelId::Train));
        assert_eq!(destination(&paths(&["letter.docx"])), None);
    }
}
