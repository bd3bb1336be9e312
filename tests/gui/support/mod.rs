//! What the tests of the window share: pictures without a GPU, and waiting on a state with a deadline.

mod screen;
mod texture;
mod triangle;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use image::{ExtendedColorType, ImageEncoder, RgbaImage, codecs::png};

pub use screen::{BACKGROUND, Screen};

/// How long the tests let background work take between two frames.
const POLL: Duration = Duration::from_millis(5);

/// Steps `harness` until `done` says so.
///
/// # Panics
/// When `limit` has passed first: the message tells `what` was waited for and what the window showed instead.
#[track_caller]
pub fn run_until<State>(
    harness: &mut Harness<'_, State>,
    limit: Duration,
    what: &str,
    mut done: impl FnMut(&Harness<'_, State>) -> bool,
) {
    let start = Instant::now();
    while !done(harness) {
        assert!(start.elapsed() < limit, "waited {limit:?} for {what}; the window shows:\n{harness:?}");
        thread::sleep(POLL);
        harness.step();
    }
}

/// Writes `image` as a PNG. A file that holds the same picture already keeps its date, and the checkout stays clean.
pub fn save_png(path: &Path, image: &RgbaImage) {
    let mut bytes = Vec::new();
    png::PngEncoder::new_with_quality(&mut bytes, png::CompressionType::Best, png::FilterType::Adaptive)
        .write_image(image, image.width(), image.height(), ExtendedColorType::Rgba8)
        .expect("a picture fits in memory");
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return;
    }
    coughscope::files::write_atomic(path, "writing a screenshot", |out| out.write_all(&bytes))
        .unwrap_or_else(|error| panic!("{error}"));
}
