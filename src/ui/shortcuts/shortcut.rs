//! One key: when it counts as pressed, and how a button tells of it.

use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers, Popup, Response};

/// A key, and what it does.
#[derive(Debug)]
pub struct Shortcut {
    pub(super) keys: KeyboardShortcut,
    /// The same wish with another key, where keyboards or habits differ.
    pub(super) other: Option<KeyboardShortcut>,
    /// What it does, as a line of the sheet.
    words: &'static str,
}

/// A key alone.
pub(super) const fn plain(key: Key, words: &'static str) -> Shortcut {
    with(Modifiers::NONE, key, words)
}

/// A key with Ctrl, or Command on a Mac.
pub(super) const fn command(key: Key, words: &'static str) -> Shortcut {
    with(Modifiers::COMMAND, key, words)
}

/// A key with others.
pub(super) const fn with(modifiers: Modifiers, key: Key, words: &'static str) -> Shortcut {
    Shortcut { keys: KeyboardShortcut::new(modifiers, key), other: None, words }
}

impl Shortcut {
    pub(super) const fn or(self, key: Key) -> Self {
        self.or_with(Modifiers::NONE, key)
    }

    pub(super) const fn or_with(self, modifiers: Modifiers, key: Key) -> Self {
        Self { other: Some(KeyboardShortcut::new(modifiers, key)), ..self }
    }

    /// Whether it was pressed since the last frame. What is typed into a field is no shortcut, nor is what an open menu or
    /// a question over the window waits for.
    pub fn pressed(&self, ctx: &Context) -> bool {
        let elsewhere = ctx.text_edit_focused()
            || Popup::is_any_open(ctx)
            || ctx.memory(|memory| memory.top_modal_layer().is_some());
        if elsewhere {
            return false;
        }
        let focused = ctx.egui_wants_keyboard_input();
        self.alternatives().any(|keys| !(focused && is_for_widgets(&keys)) && consume(ctx, &keys))
    }

    /// `what`, with the key behind it: for a tooltip.
    #[must_use]
    pub fn hint(&self, ctx: &Context, what: &str) -> String {
        format!("{what} ({})", self.keys(ctx))
    }

    /// Tells on hover, and to screen readers, that this key does what `button` does, which is `what`.
    pub fn on(&self, button: Response, what: &str) -> Response {
        // Asked before: the context is locked while it builds a node.
        let (keys, hint) = (self.keys(&button.ctx), self.hint(&button.ctx, what));
        button.ctx.accesskit_node_builder(button.id, |node| node.set_keyboard_shortcut(keys));
        button.on_hover_text(hint)
    }

    /// Whether `button` was clicked or this key pressed; `what` they do is told on hover.
    pub fn activates(&self, button: Response, what: &str) -> bool {
        let button = self.on(button, what);
        button.clicked() || (button.enabled() && self.pressed(&button.ctx))
    }

    /// Opens the menu of `button` when this key is pressed; `what` that is for is told on hover. The button gets the
    /// focus, so that Tab leads into the menu.
    pub fn opens(&self, button: Response, what: &str) {
        self.also_opens(&self.on(button, what));
    }

    /// The same for a menu that tells of another key.
    pub fn also_opens(&self, button: &Response) {
        if button.enabled() && self.pressed(&button.ctx) {
            button.request_focus();
            // Also that of a combo box, which has the same.
            Popup::open_id(&button.ctx, Popup::default_response_id(button));
        }
    }

    /// What it does, as a line of the sheet.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        self.words
    }

    /// The keys as this system calls them.
    #[must_use]
    pub fn keys(&self, ctx: &Context) -> String {
        let first = name_of(ctx, &self.keys);
        // A question mark is Shift and another key on many keyboards: one name is enough.
        let other = self.other.map(|other| name_of(ctx, &other)).filter(|_| self.keys.logical_key != Key::Questionmark);
        other.map_or_else(|| first.clone(), |other| format!("{first} or {other}"))
    }

    pub(super) fn alternatives(&self) -> impl Iterator<Item = KeyboardShortcut> {
        std::iter::once(self.keys).chain(self.other)
    }
}

/// Whether a button or slider that has the focus does something of its own with these keys.
fn is_for_widgets(keys: &KeyboardShortcut) -> bool {
    use Key::{ArrowDown, ArrowLeft, ArrowRight, ArrowUp, Enter, Escape, Space};
    keys.modifiers == Modifiers::NONE
        && matches!(keys.logical_key, Enter | Space | Escape | ArrowUp | ArrowDown | ArrowLeft | ArrowRight)
}

/// Takes a press of `keys` away, if there is one.
fn consume(ctx: &Context, keys: &KeyboardShortcut) -> bool {
    // Signs need Shift on some keyboards; elsewhere Shift and Alt make another key of it.
    let is_sign = matches!(keys.logical_key, Key::Plus | Key::Equals | Key::Minus | Key::Questionmark | Key::Slash);
    let fits = |pressed: Modifiers| {
        let exact = pressed.shift == keys.modifiers.shift && pressed.alt == keys.modifiers.alt;
        pressed.matches_logically(keys.modifiers) && (exact || is_sign)
    };
    ctx.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| match event {
            Event::Key { key, pressed: true, modifiers, .. } => *key != keys.logical_key || !fits(*modifiers),
            _ => true,
        });
        input.events.len() < before
    })
}

/// A key as it is printed on a keyboard.
fn name_of(ctx: &Context, keys: &KeyboardShortcut) -> String {
    // Not egui's own signs: the fonts have none for the arrows.
    let sign = match keys.logical_key {
        Key::Plus => "+",
        Key::Equals => "=",
        Key::Minus => "-",
        Key::Slash => "/",
        Key::Period => ".",
        Key::Questionmark => "?",
        _ => return ctx.format_shortcut(keys),
    };
    if keys.modifiers == Modifiers::NONE {
        return sign.to_owned();
    }
    format!("{}+{sign}", ctx.format_modifiers(keys.modifiers))
}
