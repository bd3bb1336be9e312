//! What a hand does with the pictures: zoom, move, mark.

use std::ops::Range;

use eframe::egui::{CursorIcon, PointerButton, Pos2, Response, Ui};

use super::axis::TimeAxis;
use super::place::Place;
use crate::units::Seconds;

/// How near to an edge of the selection one has to press to move that edge, in points.
const EDGE: f32 = 6.0;
/// A drag that is shorter than this, in points, is an unsteady click.
const SHORTEST_MARK: f32 = 3.0;
/// Wheel points that make things e times as wide.
const ZOOM_POINTS: f64 = 200.0;

/// What is dragged right now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Drag {
    /// A selection, from where it began.
    Mark(Seconds),
    /// A stretch to zoom to, from where it began.
    Zoom(Seconds),
    /// The recording itself, along the time axis.
    Pan,
}

/// What is looked at, marked and pointed at.
#[derive(Debug)]
pub(super) struct Aim {
    pub axis: TimeAxis,
    pub selection: Option<Range<Seconds>>,
    /// Where Play begins without a selection.
    pub cursor: Seconds,
    pub drag: Option<Drag>,
}

impl Aim {
    pub fn at(duration: Seconds) -> Self {
        Self { axis: TimeAxis::whole(duration), selection: None, cursor: Seconds(0.0), drag: None }
    }

    /// The stretch that Shift and a drag have marked so far.
    pub fn zoom_mark(&self, place: &Place, pointer: Option<Pos2>) -> Option<Range<Seconds>> {
        match (self.drag, pointer) {
            (Some(Drag::Zoom(from)), Some(pointer)) => Some(self.between(from, place.time(pointer.x))),
            _ => None,
        }
    }

    /// Takes in what the pointer did since the last frame.
    pub fn take_in(&mut self, ui: &Ui, response: &Response, place: &Place) {
        self.wheel(ui, response, place);
        self.start(ui, response, place);
        self.drag(ui, response, place);
        if response.double_clicked() {
            self.axis = TimeAxis::whole(self.axis.total());
            self.selection = None;
        } else if response.clicked()
            && let Some(at) = response.interact_pointer_pos().filter(|at| place.contains(*at))
        {
            self.cursor = self.inside(place.time(at.x));
            self.selection = None;
        }
        if let Some(at) = response.hover_pos() {
            ui.ctx().set_cursor_icon(self.icon(place, at));
        }
    }

    fn icon(&self, place: &Place, at: Pos2) -> CursorIcon {
        if self.drag == Some(Drag::Pan) {
            CursorIcon::Grabbing
        } else if place.times.contains(at) {
            CursorIcon::Grab
        } else if self.far_edge(place, at.x).is_some() {
            CursorIcon::ResizeHorizontal
        } else {
            CursorIcon::Crosshair
        }
    }

    fn wheel(&mut self, ui: &Ui, response: &Response, place: &Place) {
        let Some(at) = response.hover_pos() else { return };
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), f64::from(input.zoom_delta())));
        let factor = pinch * (f64::from(scroll.y) / ZOOM_POINTS).exp();
        if factor != 1.0 {
            self.axis.zoom(factor, place.time(at.x));
        }
        if scroll.x != 0.0 {
            self.axis.pan(place.duration_of(-scroll.x));
        }
    }

    fn start(&mut self, ui: &Ui, response: &Response, place: &Place) {
        if !response.drag_started() {
            return;
        }
        // Where the button went down, not where the pointer was when that counted as a drag.
        let pressed = ui.input(|input| input.pointer.press_origin());
        let Some(at) = pressed.or_else(|| response.interact_pointer_pos()) else { return };
        let time = self.inside(place.time(at.x));
        self.drag = if response.drag_started_by(PointerButton::Middle) || place.times.contains(at) {
            Some(Drag::Pan)
        } else if !response.drag_started_by(PointerButton::Primary) || !place.contains(at) {
            None
        } else if ui.input(|input| input.modifiers.shift) {
            Some(Drag::Zoom(time))
        } else {
            // An edge is moved by marking again from the other one.
            Some(Drag::Mark(self.far_edge(place, at.x).unwrap_or(time)))
        };
    }

    fn drag(&mut self, ui: &Ui, response: &Response, place: &Place) {
        let Some(drag) = self.drag else { return };
        if let Some(at) = response.interact_pointer_pos() {
            match drag {
                Drag::Mark(from) => self.selection = self.mark(place, from, at.x),
                Drag::Pan => self.axis.pan(place.duration_of(-ui.input(|input| input.pointer.delta().x))),
                Drag::Zoom(_) => {}
            }
        }
        if !response.dragged() {
            if let (Drag::Zoom(from), Some(at)) = (drag, response.interact_pointer_pos())
                && let Some(range) = self.mark(place, from, at.x)
            {
                self.axis.show(&range);
            }
            self.drag = None;
        }
    }

    /// The stretch between a time and a place, unless it is too short to be meant.
    fn mark(&self, place: &Place, from: Seconds, x: f32) -> Option<Range<Seconds>> {
        ((x - place.x(from)).abs() >= SHORTEST_MARK).then(|| self.between(from, place.time(x)))
    }

    fn between(&self, a: Seconds, b: Seconds) -> Range<Seconds> {
        let (a, b) = (self.inside(a), self.inside(b));
        if a.0 <= b.0 { a..b } else { b..a }
    }

    fn inside(&self, time: Seconds) -> Seconds {
        Seconds(time.0.clamp(0.0, self.axis.total().0))
    }

    /// The other edge of the selection, where `x` is at one of its edges.
    fn far_edge(&self, place: &Place, x: f32) -> Option<Seconds> {
        let selection = self.selection.as_ref()?;
        let near = |edge: Seconds| (place.x(edge) - x).abs() <= EDGE;
        if near(selection.start) {
            Some(selection.end)
        } else if near(selection.end) {
            Some(selection.start)
        } else {
            None
        }
    }
}
