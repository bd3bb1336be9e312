//! How long frames take while a large study is read. Not run by default, as it reads for minutes and a busy machine makes
//! any figure: `COUGHSCOPE_DATA=DIR cargo test --release --test gui frames -- --ignored --nocapture`, where `DIR` is a
//! folder with datasets, for example from `coughscope demo --people 20000 --only-make DIR`. Without one it makes a small one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use coughscope::ui::panels::PanelId;
use eframe::egui::Theme;

use super::support::run_until;
use super::window::{PATIENCE, USUAL, Window};

/// Frames are measured for this long on each panel, sixty a second.
const WATCHED: Duration = Duration::from_secs(20);
const FRAME: Duration = Duration::from_micros(16_667);

#[test]
#[ignore = "a measurement, not a check: see the head of the file"]
fn frames_while_recordings_are_read() {
    let mut window = Window::new(USUAL, Theme::Dark);
    let data = std::env::var_os("COUGHSCOPE_DATA").map_or_else(|| window.make_study(300), PathBuf::from);
    window.drop(&[data]);
    run_until(&mut window.harness, PATIENCE, "the tables", |harness| !harness.state().state().study.is_empty());
    for (name, panel) in [("Data", PanelId::Data), ("Explore", PanelId::Explore)] {
        window.go_to(name, panel);
        let mut times = Vec::new();
        let start = Instant::now();
        while start.elapsed() < WATCHED && window.harness.state().state().loading.is_some() {
            let frame = Instant::now();
            window.harness.step();
            // As the real window does before the graphics card gets it.
            let output = window.harness.output();
            let triangles = window.harness.ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
            let took = frame.elapsed();
            assert!(!triangles.is_empty());
            times.push(took);
            std::thread::sleep(FRAME.saturating_sub(took));
        }
        times.sort_unstable();
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        let state = window.harness.state().state();
        eprintln!(
            "{name}: {} frames while reading, of {} recordings: median {:?}, 99th percentile {:?}, longest {:?}",
            times.len(),
            state.study.clips.len(),
            at(0.5),
            at(0.99),
            times.last().copied().unwrap_or_default()
        );
    }
}
