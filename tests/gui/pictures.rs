//! What a person does with one recording: zoom, mark, read, listen.

use coughscope::session::{SoundDevices, ViewState};
use coughscope::ui::panels::PanelId;
use eframe::egui::{
    Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, Rect, Theme, TouchPhase, pos2, vec2,
};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::support::run_until;
use super::window::{PATIENCE, USUAL, Window};

/// Explore, with a recording of the demo study that is used.
fn explore() -> Window {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(40);
    window.go_to("Explore", PanelId::Explore);
    let clips = &window.harness.state().state().study.clips;
    let used = clips.iter().position(|clip| clip.verdict.label().is_some()).unwrap();
    window.harness.state_mut().send(coughscope::session::Command::Select(coughscope::session::ClipId(used)));
    run_until(&mut window.harness, PATIENCE, "a recording", |harness| {
        matches!(harness.state().state().explore.view, ViewState::Ready(_))
    });
    window.settle();
    window
}

fn place_of(window: &Window, picture: &str) -> Rect {
    window.harness.get_by_label(picture).rect()
}

/// What a screen reader says of the waveform: what is seen and what is selected.
fn words(window: &Window) -> String {
    window.harness.get_by_label("Waveform").accesskit_node().description().unwrap_or_default()
}

/// The two numbers before `what` in the words on the waveform.
fn range(window: &Window, what: &str) -> Option<(f64, f64)> {
    let words = words(window);
    let part = words.split(", ").find(|part| part.ends_with(what))?;
    let numbers: Vec<f64> = part.split(' ').filter_map(|word| word.parse().ok()).collect();
    Some((numbers[0], numbers[1]))
}

fn duration(window: &Window) -> f64 {
    let ViewState::Ready(view) = &window.harness.state().state().explore.view else { panic!("nothing is shown") };
    view.duration().0
}

fn wheel(window: &mut Window, at: Pos2, delta: eframe::egui::Vec2, modifiers: Modifiers) {
    window.harness.hover_at(at);
    window.harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta,
        modifiers,
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
    });
    // The wheel is smoothed over several frames.
    window.harness.run_steps(30);
}

fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    window.harness.hover_at(from);
    window.harness.step();
    window.harness.drag_at(from);
    window.harness.step();
    for step in 1..=4 {
        window.harness.hover_at(from + (to - from) * (step as f32 / 4.0));
        window.harness.step();
    }
    window.harness.drop_at(to);
    window.settle();
}

#[test]
fn the_wheel_zooms_where_the_pointer_is_and_the_keys_lead_back() {
    let mut window = explore();
    let picture = place_of(&window, "Spectrogram");
    assert_eq!(range(&window, "shown"), None, "all of it is seen at first");
    let at = pos2(picture.left() + 0.25 * picture.width(), picture.center().y);
    wheel(&mut window, at, vec2(0.0, 200.0), Modifiers::NONE);
    let (from, to) = range(&window, "shown").unwrap();
    let total = duration(&window);
    assert!((to - from) < 0.7 * total, "{from} to {to} of {total}");
    assert!(((from + 0.25 * (to - from)) - 0.25 * total).abs() < 0.01 * total, "what is under the pointer stays there");

    window.harness.key_press(Key::ArrowRight);
    window.settle();
    assert!(range(&window, "shown").unwrap().0 > from, "the arrow moves the picture");
    window.harness.key_press(Key::Num0);
    window.settle();
    assert_eq!(range(&window, "shown"), None);
    window.harness.key_press(Key::Plus);
    window.settle();
    let (from, to) = range(&window, "shown").unwrap();
    assert!(((to - from) / total - 0.5).abs() < 0.01);
    window.harness.get_by_label("Show the whole recording").click();
    window.settle();
    assert_eq!(range(&window, "shown"), None);
}

#[test]
fn a_drag_selects_its_edges_move_and_z_zooms_to_it() {
    let mut window = explore();
    let (picture, total) = (place_of(&window, "Spectrogram"), duration(&window));
    let at = |share: f32| pos2(picture.left() + share * picture.width(), picture.center().y);
    drag(&mut window, at(0.5), at(0.25));
    let close = |got: (f64, f64), want: (f64, f64)| {
        assert!((got.0 / total - want.0).abs() < 0.01 && (got.1 / total - want.1).abs() < 0.01, "{got:?} of {total}");
    };
    close(range(&window, "selected").unwrap(), (0.25, 0.5));
    window.harness.get_by_label("Play, or pause").rect();

    drag(&mut window, at(0.5), at(0.75));
    close(range(&window, "selected").unwrap(), (0.25, 0.75));
    window.harness.key_press(Key::Z);
    window.settle();
    close(range(&window, "shown").unwrap(), (0.25, 0.75));
    window.harness.key_press(Key::Escape);
    window.settle();
    assert_eq!(range(&window, "selected"), None);
    window.harness.hover_at(at(0.5));
    window.harness.drag_at(at(0.5));
    window.harness.drop_at(at(0.5));
    window.settle();
    assert_eq!(range(&window, "selected"), None, "a click selects nothing");
}

#[test]
fn the_time_axis_is_dragged_along() {
    let mut window = explore();
    window.harness.key_press(Key::Plus);
    window.harness.key_press(Key::Plus);
    window.settle();
    let before = range(&window, "shown").unwrap();
    let picture = place_of(&window, "Spectrogram");
    let below = |share: f32| pos2(picture.left() + share * picture.width(), picture.bottom() + 10.0);
    drag(&mut window, below(0.75), below(0.5));
    let after = range(&window, "shown").unwrap();
    let quarter = (before.1 - before.0) / 4.0;
    let room = duration(&window) - before.1;
    assert!(((after.0 - before.0) - quarter.min(room)).abs() < 0.3 * quarter, "{before:?} to {after:?}");
}

#[test]
fn where_nothing_can_be_played_the_window_says_so() {
    let mut window = explore();
    run_until(&mut window.harness, PATIENCE, "the sound devices", |harness| {
        harness.state().state().player.devices != SoundDevices::Probing
    });
    window.settle();
    let play = window.harness.get_by_label("Play, or pause").accesskit_node().is_disabled();
    match &window.harness.state().state().player.devices {
        SoundDevices::None(reason) => {
            assert!(play && reason.contains("sound"), "{reason}");
            window.harness.get_by_label("No sound device");
        }
        SoundDevices::Ready(_) | SoundDevices::Probing => assert!(!play),
    }
}

#[test]
fn the_list_of_keys_opens_and_closes() {
    let mut window = explore();
    window.harness.event(Event::Key {
        key: Key::Questionmark,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    window.settle();
    window.harness.get_by_label("Previous or next recording");
    window.harness.key_press(Key::Escape);
    // It fades.
    run_until(&mut window.harness, PATIENCE, "the list to be gone", |harness| {
        harness.query_by_label("Previous or next recording").is_none()
    });
}
