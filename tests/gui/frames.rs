//! How long frames take while a large study is read, sorted and decided about. Not run by default, as it reads for minutes
//! and a busy machine makes any figure: `COUGHSCOPE_DATA=DIR cargo test --release --test gui frames -- --ignored
//! --nocapture`, where `DIR` is a folder with datasets, for example from
//! `coughscope demo --people 20000 --only-make DIR`. Without one it makes a small one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use coughscope::session::{Command, Direction, SortKey, SortOrder};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Theme, TouchPhase, vec2};
use egui_kittest::kittest::Queryable as _;

use super::support::run_until;
use super::window::{PATIENCE, USUAL, Window};

/// Frames are measured for this long on each panel, sixty a second.
const WATCHED: Duration = Duration::from_secs(20);
const FRAME: Duration = Duration::from_micros(16_667);
/// Frames of each gesture.
const OF_A_GESTURE: usize = 120;

/// A window whose study has been listed and is being read.
fn opened() -> Window {
    let mut window = Window::new(USUAL, Theme::Dark);
    let data = std::env::var_os("COUGHSCOPE_DATA").map_or_else(|| window.make_study(300), PathBuf::from);
    window.drop(&[data]);
    run_until(&mut window.harness, PATIENCE, "the tables", |harness| !harness.state().state().study.is_empty());
    window
}

/// One frame, as long as the real window takes before the graphics card gets it.
fn frame(window: &mut Window) -> Duration {
    let start = Instant::now();
    window.harness.step();
    let output = window.harness.output();
    let triangles = window.harness.ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
    let took = start.elapsed();
    assert!(!triangles.is_empty());
    took
}

fn report(window: &Window, what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    eprintln!(
        "{what}: {} frames, {} recordings: median {:?}, 99th percentile {:?}, longest {:?}",
        times.len(),
        window.harness.state().state().study.clips.len(),
        at(0.5),
        at(0.99),
        times.last().copied().unwrap_or_default()
    );
}

/// Frames of a gesture, which `act` makes at the beginning of each.
fn gesture(window: &mut Window, what: &str, mut act: impl FnMut(&mut Window, usize)) {
    let times = (0..OF_A_GESTURE)
        .map(|number| {
            act(window, number);
            frame(window)
        })
        .collect();
    report(window, what, times);
}

#[test]
#[ignore = "a measurement, not a check: see the head of the file"]
fn frames_while_recordings_are_read() {
    let mut window = opened();
    for (name, panel) in [("Data", PanelId::Data), ("Explore", PanelId::Explore)] {
        window.go_to(name, panel);
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < WATCHED && window.harness.state().state().loading.is_some() {
            let took = frame(&mut window);
            times.push(took);
            std::thread::sleep(FRAME.saturating_sub(took));
        }
        report(&window, &format!("{name} while reading"), times);
    }
}

#[test]
#[ignore = "a measurement, not a check: see the head of the file"]
fn frames_while_recordings_are_sorted_and_decided_about() {
    let mut window = opened();
    window.harness.state_mut().send(Command::StopReading);
    run_until(&mut window.harness, PATIENCE, "the stop", |harness| harness.state().state().loading.is_none());
    window.go_to("Explore", PanelId::Explore);
    for key in [SortKey::File, SortKey::Person, SortKey::Status, SortKey::Length] {
        gesture(&mut window, &format!("Sorting by {key:?}"), |window, number| {
            let direction = if number % 2 == 0 { Direction::Ascending } else { Direction::Descending };
            window.harness.state_mut().send(Command::SortBy(Some(SortOrder { key, direction })));
        });
    }
    let row = window.harness.query_all_by_role(Role::Row).next().unwrap().rect().center();
    window.harness.hover_at(row);
    gesture(&mut window, "Scrolling", |window, _| {
        window.harness.event(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, -600.0),
            modifiers: Modifiers::NONE,
            phase: TouchPhase::Move,
            source: MouseWheelSource::Wheel,
        });
    });
    gesture(&mut window, "Choosing all, and one again", |window, number| {
        let (modifiers, key) =
            if number % 2 == 0 { (Modifiers::COMMAND, Key::A) } else { (Modifiers::NONE, Key::Escape) };
        window.harness.key_press_modifiers(modifiers, key);
    });
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.settle();
    gesture(&mut window, "All chosen", |_, _| {});
    window.harness.key_press(Key::X);
    let (mut times, start) = (Vec::new(), Instant::now());
    while window.harness.state().state().study.undo.is_none() && start.elapsed() < PATIENCE {
        times.push(frame(&mut window));
    }
    eprintln!("the decision about all took {:?}", start.elapsed());
    times.extend((0..OF_A_GESTURE).map(|_| frame(&mut window)));
    report(&window, "Deciding about all", times);
}
