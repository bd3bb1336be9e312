//! Listening: play, loop, volume, device, and the buttons that zoom.

use eframe::egui::{Align, Button, Layout, Response, Slider, Ui};

use crate::audio::playback::OutputDevice;
use crate::session::{ClipView, SoundCommand, SoundDevices, Volume};
use crate::ui::panels::Cx;
use crate::ui::shortcuts::{self, Shortcut};
use crate::ui::theme::{self, space};
use crate::ui::widgets::{SoundView, ViewStep, slider};
use crate::units::Seconds;

/// Longest line of the reason why nothing can be played, in points.
const REASON_WIDTH: f32 = 280.0;

/// Room that the words need which say that there is no device, in points.
const NO_DEVICE_WIDTH: f32 = 104.0;

/// The changes of what is seen, with their keys.
static STEPS: [(&Shortcut, ViewStep); 7] = [
    (&shortcuts::ZOOM_IN, ViewStep::ZoomIn),
    (&shortcuts::ZOOM_OUT, ViewStep::ZoomOut),
    (&shortcuts::ZOOM_WHOLE, ViewStep::Whole),
    (&shortcuts::ZOOM_SELECTION, ViewStep::Selection),
    (&shortcuts::EARLIER, ViewStep::Earlier),
    (&shortcuts::LATER, ViewStep::Later),
    (&shortcuts::UNMARK, ViewStep::Unmark),
];

/// The row of controls under the pictures.
pub fn transport(ui: &mut Ui, view: &ClipView, sound: &mut SoundView, cx: &mut Cx<'_>) {
    for (key, step) in &STEPS {
        if key.pressed(ui.ctx()) {
            sound.go(*step);
        }
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        play(ui, view, sound, cx);
        again_and_again(ui, "Play the selection, or all, again and again", cx);
        ui.add_space(space::S);
        zoom(ui, sound);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| sound_menu(ui, cx));
    });
}

/// Play or pause; says why there is nothing to hear where no device is.
fn play(ui: &mut Ui, view: &ClipView, sound: &SoundView, cx: &mut Cx<'_>) {
    let player = &cx.state.player;
    let playing = player.plays(&view.path);
    let name = if playing { "Pause" } else { "Play" };
    let ready = matches!(player.devices, SoundDevices::Ready(_));
    let button = ui.add_enabled(ready, Button::new(name).min_size([64.0, theme::CONTROL_HEIGHT].into()));
    // One name, whatever the sign says right now.
    let button = button.accessible_name(shortcuts::PLAY.words());
    let what = if sound.selection().is_some() { "the selection" } else { "from the mark on" };
    let button = shortcuts::PLAY.on(button, &format!("{name} {what}"));
    let button = why_silent(button, &player.devices);
    if playing {
        // The position moves without any report.
        ui.ctx().request_repaint();
    }
    let pressed = shortcuts::PLAY.pressed(ui.ctx());
    if !(button.clicked() || (pressed && ready)) {
        return;
    }
    let paused = player.current.as_ref().filter(|current| current.path == view.path);
    let range = sound.selection();
    let command = match paused {
        Some(_) if playing => SoundCommand::Pause,
        // Another part is marked by now: that one is meant.
        Some(current) if current.range == range => SoundCommand::Resume,
        _ => {
            let start = range.as_ref().map_or_else(|| from(sound.cursor(), view), |range| range.start);
            SoundCommand::Play { range, start }
        }
    };
    cx.send(command.into());
}

/// Whether what is played begins anew at its end.
pub fn again_and_again(ui: &mut Ui, help: &str, cx: &mut Cx<'_>) {
    let looped = cx.state.player.looped;
    if shortcuts::LOOP.activates(ui.selectable_label(looped, "Loop"), help) {
        cx.send(SoundCommand::Loop(!looped).into());
    }
}

/// Tells on hover, and to screen readers, why `button` plays nothing, where that is so.
pub fn why_silent(button: Response, devices: &SoundDevices) -> Response {
    let reason = match devices {
        SoundDevices::None(reason) => reason.as_str(),
        SoundDevices::Probing => "Looking for a sound device",
        SoundDevices::Ready(_) => return button,
    };
    button.ctx.accesskit_node_builder(button.id, |node| node.set_description(reason));
    button.on_disabled_hover_text(reason)
}

/// Where to begin: at the mark, or at the start where the mark is at the very end.
fn from(cursor: Seconds, view: &ClipView) -> Seconds {
    if cursor.0 + 0.01 < view.duration().0 { cursor } else { Seconds(0.0) }
}

fn zoom(ui: &mut Ui, sound: &mut SoundView) {
    let whole = sound.visible().is_none_or(|(seen, total)| seen.start.0 <= 0.0 && seen.end.0 >= total.0);
    let marked = sound.selection().is_some();
    let buttons = [
        ("−", "Zoom out", &shortcuts::ZOOM_OUT, ViewStep::ZoomOut, !whole),
        ("+", "Zoom in", &shortcuts::ZOOM_IN, ViewStep::ZoomIn, true),
        ("Whole", "Show the whole recording", &shortcuts::ZOOM_WHOLE, ViewStep::Whole, !whole),
        ("Selection", "Zoom to the selection", &shortcuts::ZOOM_SELECTION, ViewStep::Selection, marked),
    ];
    for (text, words, key, step, enabled) in buttons {
        let button = ui.add_enabled(enabled, Button::new(text).min_size([theme::CONTROL_HEIGHT; 2].into()));
        // The sign alone says nothing to a screen reader.
        if key.on(button.accessible_name(words), words).clicked() {
            sound.go(step);
        }
    }
}

/// Volume and device, behind one button: they are set once and then left alone.
fn sound_menu(ui: &mut Ui, cx: &mut Cx<'_>) {
    let menu = ui.menu_button("Sound", |ui| {
        let mut percent = cx.state.player.volume.0 * 100.0;
        ui.label(theme::caption(ui, "Volume"));
        let range = Slider::new(&mut percent, 0.0..=100.0).suffix(" %").fixed_decimals(0);
        if slider(ui, range, "Volume").changed() {
            cx.send(SoundCommand::Volume(Volume(percent / 100.0)).into());
        }
        ui.separator();
        ui.label(theme::caption(ui, "Played on"));
        match &cx.state.player.devices {
            SoundDevices::Probing => {
                ui.label("Looking for sound devices");
            }
            SoundDevices::None(reason) => {
                ui.set_max_width(REASON_WIDTH);
                ui.label(reason);
            }
            SoundDevices::Ready(found) => {
                let found = found.clone();
                devices(ui, &found, cx);
            }
        }
        if ui.button("Look again").clicked() {
            cx.send(SoundCommand::Probe.into());
        }
    });
    shortcuts::SOUND.opens(menu.response, "Volume, and what to play on");
    // In a small window, Play's own hint has to do.
    if matches!(cx.state.player.devices, SoundDevices::None(_)) && ui.available_width() >= NO_DEVICE_WIDTH {
        ui.label(theme::muted(ui, "No sound device"));
    }
}

fn devices(ui: &mut Ui, found: &[OutputDevice], cx: &mut Cx<'_>) {
    let chosen = &cx.state.player.device;
    let mut wanted = chosen.clone();
    ui.radio_value(&mut wanted, None, "The system's default");
    for device in found {
        ui.radio_value(&mut wanted, Some(device.id.clone()), &device.name);
    }
    if wanted != *chosen {
        cx.send(SoundCommand::Device(wanted).into());
    }
}
