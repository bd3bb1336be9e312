//! How long frames take while a large study is read, sorted, looked through and decided about, and on a recording of ten
//! minutes. Not run by default, as it reads for minutes and a busy machine makes any figure: `COUGHSCOPE_DATA=DIR cargo test --release --test gui frames -- --ignored
//! --nocapture`, where `DIR` is a folder with datasets, for example from
//! `coughscope demo --people 20000 --only-make DIR`. Without one it makes a small one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use coughscope::audio::wav::encode_pcm16;
use coughscope::session::{ClipId, Command, Direction, SortKey, SortOrder, ViewState};
use coughscope::ui::panels::PanelId;
use coughscope::units::SampleRate;
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, Theme, TouchPhase, pos2, vec2};
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

/// Turns the wheel so many points; with Ctrl it zooms.
fn wheel(window: &Window, points: f32, modifiers: Modifiers) {
    window.harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        modifiers,
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
    });
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
    gesture(&mut window, "Scrolling", |window, _| wheel(window, -600.0, Modifiers::NONE));
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

#[test]
#[ignore = "a measurement, not a check: see the head of the file"]
fn frames_of_the_gallery_and_the_charts() {
    let mut window = opened();
    window.wait_until_read();
    window.go_to("Explore", PanelId::Explore);
    window.harness.get_by_label("View: Gallery").click();
    window.settle();
    window.harness.hover_at((USUAL / 2.0).to_pos2());
    gesture(&mut window, "Scrolling the gallery", |window, _| wheel(window, -200.0, Modifiers::NONE));
    window.harness.get_by_label("View: Charts").click();
    run_until(&mut window.harness, PATIENCE, "the counts", |harness| harness.state().state().cohort.is_some());
    window.settle();
    gesture(&mut window, "Scrolling the charts", |window, number| {
        wheel(window, if number < OF_A_GESTURE / 2 { -60.0 } else { 60.0 }, Modifiers::NONE);
    });
}

#[test]
#[ignore = "a measurement, not a check: see the head of the file"]
fn frames_of_a_recording_of_ten_minutes() {
    let mut window = opened();
    window.wait_until_read();
    let folder = ten_minutes();
    let others = window.harness.state().state().study.clips.len();
    window.drop(&[folder.path().to_owned()]);
    run_until(&mut window.harness, PATIENCE, "the long one", |harness| {
        let state = harness.state().state();
        state.study.clips.len() > others && state.loading.is_none()
    });
    window.go_to("Explore", PanelId::Explore);
    let clips = &window.harness.state().state().study.clips;
    let long = clips.iter().position(|clip| clip.path.starts_with(folder.path())).unwrap();
    window.harness.state_mut().send(Command::Select(ClipId(long)));
    run_until(
        &mut window.harness,
        PATIENCE,
        "its pictures",
        |harness| matches!(&harness.state().state().explore.view, ViewState::Ready(view) if view.duration().0 > 599.0),
    );
    window.settle();
    let picture = window.harness.get_by_label("Spectrogram").rect();
    let across = |number: usize| picture.left() + picture.width() * (number as f32 / OF_A_GESTURE as f32);
    gesture(&mut window, "Ten minutes, moving over them", |window, number| {
        window.harness.hover_at(pos2(across(number), picture.center().y));
    });
    gesture(&mut window, "Ten minutes, zooming in and out", |window, number| {
        wheel(window, if number < OF_A_GESTURE / 2 { 120.0 } else { -120.0 }, Modifiers::NONE);
    });
    window.harness.key_press(Key::Num0);
    for _ in 0..4 {
        window.harness.key_press(Key::Plus);
    }
    window.settle();
    gesture(&mut window, "Ten minutes, a sixteenth of them moved along", |window, number| {
        window.harness.key_press(if number < OF_A_GESTURE / 2 { Key::ArrowRight } else { Key::ArrowLeft });
    });
    window.harness.drag_at(picture.center());
    gesture(&mut window, "Ten minutes, marking a part", |window, number| {
        window.harness.hover_at(pos2(across(number), picture.center().y));
    });
}

/// A folder with a recording of ten minutes at 48 kHz.
fn ten_minutes() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rate = SampleRate::new(48_000).unwrap();
    let noise = |i: usize| ((i as f32 * 12.9898).sin() * 43_758.547).fract();
    // A burst of 0.4 s in every three seconds.
    let loudness = |i: usize| if i % 144_000 < 19_200 { 0.7 } else { 0.002 };
    let samples: Vec<f32> = (0..600 * 48_000).map(|i| noise(i) * loudness(i)).collect();
    let healthy = folder.path().join("healthy");
    std::fs::create_dir_all(&healthy).unwrap();
    std::fs::write(healthy.join("long.wav"), encode_pcm16(&samples, rate).unwrap()).unwrap();
    folder
}
