//! Every key of the window: what it does, and the sheet that lists them.

use eframe::egui::{Align2, Context, Frame, Key, KeyboardShortcut, Modifiers, Ui, Window};

use super::theme::{self, space};

/// A key, and what it does.
#[derive(Debug)]
pub struct Shortcut {
    keys: KeyboardShortcut,
    /// The same wish with another key, where keyboards or habits differ.
    other: Option<KeyboardShortcut>,
    /// What it does, as a line of the sheet.
    words: &'static str,
}

const fn plain(key: Key, words: &'static str) -> Shortcut {
    Shortcut { keys: KeyboardShortcut::new(Modifiers::NONE, key), other: None, words }
}

impl Shortcut {
    const fn or(self, key: Key) -> Self {
        Self { other: Some(KeyboardShortcut::new(Modifiers::NONE, key)), ..self }
    }

    const fn or_with(self, modifiers: Modifiers, key: Key) -> Self {
        Self { other: Some(KeyboardShortcut::new(modifiers, key)), ..self }
    }

    /// Whether it was pressed since the last frame. Letters that are typed into a field are no shortcuts.
    pub fn pressed(&self, ctx: &Context) -> bool {
        let plain = self.keys.modifiers == Modifiers::NONE;
        if ctx.text_edit_focused() || (plain && ctx.egui_wants_keyboard_input()) {
            return false;
        }
        ctx.input_mut(|input| {
            input.consume_shortcut(&self.keys) || self.other.is_some_and(|other| input.consume_shortcut(&other))
        })
    }

    /// `what`, with the key behind it: for a tooltip.
    #[must_use]
    pub fn hint(&self, ctx: &Context, what: &str) -> String {
        format!("{what} ({})", self.keys(ctx))
    }

    /// What it does, as a line of the sheet.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        self.words
    }

    /// The keys as this system calls them.
    fn keys(&self, ctx: &Context) -> String {
        let first = name_of(ctx, &self.keys);
        // A question mark is Shift and another key on many keyboards: one name is enough.
        let other = self.other.map(|other| name_of(ctx, &other)).filter(|_| self.keys.logical_key != Key::Questionmark);
        other.map_or_else(|| first.clone(), |other| format!("{first} or {other}"))
    }
}

/// A key as it is printed on a keyboard.
fn name_of(ctx: &Context, keys: &KeyboardShortcut) -> String {
    // Not egui's own signs: the fonts have none for the arrows.
    match keys.logical_key {
        Key::Plus => "+".to_owned(),
        Key::Equals => "=".to_owned(),
        Key::Minus => "-".to_owned(),
        Key::Questionmark => "?".to_owned(),
        _ => ctx.format_shortcut(keys),
    }
}

/// Play or pause.
pub static PLAY: Shortcut = plain(Key::Enter, "Play, or pause").or(Key::Space);
/// Play again and again.
pub static LOOP: Shortcut = plain(Key::L, "Play in a loop");
/// Twice as wide.
pub static ZOOM_IN: Shortcut = plain(Key::Plus, "Zoom in").or(Key::Equals);
/// Half as wide.
pub static ZOOM_OUT: Shortcut = plain(Key::Minus, "Zoom out");
/// All of the recording.
pub static ZOOM_WHOLE: Shortcut = plain(Key::Num0, "Show the whole recording");
/// Just what is marked.
pub static ZOOM_SELECTION: Shortcut = plain(Key::Z, "Zoom to the selection");
/// To the left.
pub static EARLIER: Shortcut = plain(Key::ArrowLeft, "Move to the left");
/// To the right.
pub static LATER: Shortcut = plain(Key::ArrowRight, "Move to the right");
/// Mark nothing.
pub static UNMARK: Shortcut = plain(Key::Escape, "Clear the selection");
/// The list of keys.
pub static SHEET: Shortcut = plain(Key::Questionmark, "Show this list").or_with(Modifiers::SHIFT, Key::Slash);

/// Keys that are handled where they belong, listed here for the sheet.
const ELSEWHERE: [(&str, &str); 7] = [
    ("Ctrl+1 … Ctrl+5", "Go to Data, Explore, Train, Evaluate, Predict"),
    ("Ctrl+Z", "Undo"),
    ("Ctrl+Shift+Z", "Redo"),
    ("Up, Down", "Previous or next recording"),
    ("Home, End", "First or last recording"),
    ("Wheel, pinch, Shift and drag", "Zoom the pictures"),
    ("Drag the time axis, middle button", "Move the pictures"),
];

/// Keys of Explore, in the order of the sheet.
static EXPLORE: [&Shortcut; 9] =
    [&PLAY, &LOOP, &ZOOM_IN, &ZOOM_OUT, &ZOOM_WHOLE, &ZOOM_SELECTION, &EARLIER, &LATER, &UNMARK];

/// The list of keys, over the window.
#[derive(Default)]
pub struct Sheet {
    open: bool,
}

impl Sheet {
    /// Opens and closes with its key, before a panel takes Escape.
    pub fn keys(&mut self, ctx: &Context) {
        if SHEET.pressed(ctx) {
            self.open = !self.open;
        }
        if self.open && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.open = false;
        }
    }

    /// Draws while it is open.
    pub fn ui(&mut self, ctx: &Context) {
        let frame = Frame::window(&ctx.global_style()).inner_margin(space::L);
        Window::new("Keys")
            .open(&mut self.open)
            .collapsible(false)
            .resizable(false)
            .anchor(Align2::CENTER_CENTER, [0.0, 0.0])
            .frame(frame)
            .show(ctx, |ui| {
                eframe::egui::Grid::new("keys").num_columns(2).spacing([space::XL, space::XS]).show(ui, |ui| {
                    for (keys, words) in ELSEWHERE {
                        line(ui, keys, words);
                    }
                    for shortcut in EXPLORE.into_iter().chain([&SHEET]) {
                        line(ui, &shortcut.keys(ui.ctx()), shortcut.words);
                    }
                });
            });
    }
}

fn line(ui: &mut Ui, keys: &str, words: &str) {
    ui.label(theme::strong(keys));
    ui.label(words);
    ui.end_row();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let all = || EXPLORE.into_iter().chain([&SHEET]);
        let keys: Vec<KeyboardShortcut> =
            all().flat_map(|shortcut| std::iter::once(shortcut.keys).chain(shortcut.other)).collect();
        for (index, own) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(own), "{own:?}");
        }
    }
}
