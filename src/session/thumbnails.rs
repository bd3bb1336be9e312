//! Small pictures of many recordings, made in the background: those that are in sight first.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use super::clip_view::{ClipView, Picture};
use super::jobs::{Event, Reporter, guarded};
use super::state::Severity;
use super::{ClipId, Session};
use crate::data::Clip;
use crate::data::fingerprint::ContentHash;
use crate::spectrogram::pyramid::Stretch;
use crate::units::Seconds;

/// Pixels of a picture, at most.
const SIZE: [usize; 2] = [256, 96];

/// Pictures that are kept though they are out of sight: 100 kB each at most.
const KEPT: usize = 600;

/// What a set of pictures shows, the same for each, so that they can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct ThumbnailConfig {
    /// Which spectrogram.
    pub picture: Picture,
    /// How much time each picture spans from left to right.
    pub span: Seconds,
}

/// A stretch of one recording, small.
#[derive(Debug)]
pub struct Thumbnail {
    /// The spectrogram, at most 256 by 96 pixels.
    pub pixels: Stretch,
    /// When the pixels begin and end.
    pub times: Range<Seconds>,
    /// When the picture begins and ends: as long for each. It may reach beyond the end of the sound.
    pub window: Range<Seconds>,
    /// The levels that the spectrogram was computed for, in dB.
    pub range_db: (f32, f32),
}

impl Thumbnail {
    /// The part of the sound that the picture spans.
    #[must_use]
    pub fn sound(&self) -> Range<Seconds> {
        let end = self.window.end.0.min(self.times.end.0);
        self.window.start..Seconds(end.max(self.window.start.0))
    }

    /// The stretch of `view` that begins with the first cough, or with the sound where none was found.
    #[must_use]
    pub fn new(view: &ClipView, span: Seconds) -> Self {
        let spectrogram = view.spectrogram.spectrogram();
        // With what the segmentation adds before it, so that its beginning is seen.
        let start = view.coughs.first().map_or(0.0, |cough| cough.start.0);
        // No longer than the sound has something to show, where it is long enough.
        let start = start.min(view.duration().0 - span.0).max(0.0);
        let window = Seconds(start)..Seconds(start + span.0);
        let column = |time| (spectrogram.column_of_time(time) + 0.5).clamp(0.0, spectrogram.frames as f64);
        let columns = column(window.start).floor() as usize..column(window.end).ceil() as usize;
        let pixels = view.spectrogram.stretch(columns, SIZE[0], SIZE[1]);
        let edge = |column: usize| spectrogram.time_of_column(column as f64 - 0.5);
        let times = edge(pixels.columns.start)..edge(pixels.columns.end);
        Self { pixels, times, window, range_db: spectrogram.range_db }
    }
}

/// Pictures that were asked for, as far as they are there.
#[derive(Default)]
pub struct Thumbnails {
    made: HashMap<PathBuf, Made>,
}

struct Made {
    of: Version,
    result: Result<Arc<Thumbnail>, String>,
}

/// What a picture was made of: the sound as it was read, and what was asked for.
#[derive(Clone, Debug, PartialEq)]
struct Version {
    content: Option<ContentHash>,
    config: Arc<ThumbnailConfig>,
}

impl Thumbnails {
    /// The picture of a recording, or why there is none; `None` while it is not made. After a change of what is asked for,
    /// the picture before it stays until the new one is there.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Result<&Arc<Thumbnail>, &str>> {
        self.made.get(path).map(|made| made.result.as_ref().map_err(String::as_str))
    }

    /// Whether the picture of a recording shows what `config` asks for, and not what was asked before.
    #[must_use]
    pub fn is_as(&self, path: &Path, config: &ThumbnailConfig) -> bool {
        self.made.get(path).is_some_and(|made| *made.of.config == *config)
    }
}

impl Version {
    fn of(clip: &Clip, config: &Arc<ThumbnailConfig>) -> Self {
        Self { content: clip.facts().map(|facts| facts.content), config: Arc::clone(config) }
    }
}

/// A picture that the thread has made.
pub(super) struct MadeThumbnail {
    path: PathBuf,
    made: Made,
}

/// What is in sight now, first things first; whatever was asked before is not wanted any more.
struct Wanted {
    clips: VecDeque<Arc<Clip>>,
    config: Arc<ThumbnailConfig>,
}

/// To the thread that makes pictures; it ends when this is dropped.
pub(super) struct Handle {
    orders: Sender<Wanted>,
}

impl Session {
    /// Makes pictures of these recordings, in this order, and forgets what was asked before.
    pub(super) fn show_thumbnails(&mut self, clips: &[ClipId], config: ThumbnailConfig) {
        let config = Arc::new(config);
        let study = &self.state.study;
        let wanted: Vec<&Arc<Clip>> = clips.iter().filter_map(|id| study.clip(*id)).collect();
        let made = &mut self.state.thumbnails.made;
        if made.len() > KEPT {
            made.retain(|path, _| wanted.iter().any(|clip| clip.path == *path));
        }
        let is_made =
            |clip: &&&Arc<Clip>| made.get(&clip.path).is_some_and(|made| made.of == Version::of(clip, &config));
        let clips = wanted.iter().filter(|clip| !is_made(clip)).map(|clip| Arc::clone(clip)).collect();
        if self.pictures.is_none() {
            self.pictures = Handle::start(&self.reporter);
        }
        let taken =
            self.pictures.as_ref().is_some_and(|pictures| pictures.orders.send(Wanted { clips, config }).is_ok());
        if !taken {
            // A thread that ended is started again by the next order.
            self.pictures = None;
            self.say(
                Severity::Error,
                "The part of the program that makes small pictures has ended; scroll to try again",
            );
        }
    }

    pub(super) fn on_thumbnail(&mut self, MadeThumbnail { path, made }: MadeThumbnail) {
        self.state.thumbnails.made.insert(path, made);
    }
}

impl Handle {
    /// Starts the thread; `None` where the operating system refuses.
    fn start(reporter: &Reporter) -> Option<Self> {
        let (orders, queue) = channel();
        let reporter = reporter.clone();
        let thread = std::thread::Builder::new().name("pictures".to_owned());
        // It ends by itself when the session, and with it the sender, is gone.
        thread.spawn(move || work(&queue, &reporter)).ok().map(|_| Self { orders })
    }
}

fn work(queue: &Receiver<Wanted>, reporter: &Reporter) {
    let Ok(mut wanted) = queue.recv() else { return };
    loop {
        match queue.try_recv() {
            Ok(newer) => {
                wanted = newer;
                continue;
            }
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        let Some(clip) = wanted.clips.pop_front() else {
            // Nothing is left to do.
            let Ok(newer) = queue.recv() else { return };
            wanted = newer;
            continue;
        };
        let config = &wanted.config;
        let result = guarded(|| {
            ClipView::load(&clip.path, &config.picture).map(|view| Arc::new(Thumbnail::new(&view, config.span)))
        });
        let made = Made { of: Version::of(&clip, config), result };
        if reporter.send(Event::Thumbnail(MadeThumbnail { path: clip.path.clone(), made })).is_break() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::wav::encode_pcm16;
    use crate::units::SampleRate;

    /// `secs` of faint noise with a loud burst that begins after `burst_secs`.
    fn view(secs: f64, burst_secs: f64) -> ClipView {
        let rate = SampleRate::new(16_000).unwrap();
        let noise = |i: usize| ((i as f32 * 12.9898).sin() * 43_758.547).fract();
        let is_loud = |i: usize| (0.0..0.3).contains(&(i as f64 / 16_000.0 - burst_secs));
        let sample = |i: usize| noise(i) * if is_loud(i) { 0.8 } else { 1e-3 };
        let samples: Vec<f32> = (0..(secs * 16_000.0) as usize).map(sample).collect();
        let file = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
        std::fs::write(file.path(), encode_pcm16(&samples, rate).unwrap()).unwrap();
        ClipView::load(file.path(), &Picture::default()).unwrap()
    }

    #[test]
    fn a_picture_begins_with_the_first_cough_and_is_as_long_as_all_others() {
        for (secs, burst, from) in [(10.0, 4.0, 3.8), (10.0, 9.5, 8.0), (1.0, 0.5, 0.0)] {
            let thumbnail = Thumbnail::new(&view(secs, burst), Seconds(2.0));
            let window = &thumbnail.window;
            assert!((window.start.0 - from).abs() < 0.06, "{secs} s with a cough at {burst} s: {window:?}");
            assert!((window.end.0 - window.start.0 - 2.0).abs() < 1e-9, "{window:?}");
            let pixels = &thumbnail.pixels;
            assert_eq!(pixels.levels_db.len(), pixels.width * pixels.height);
            assert!(pixels.width <= SIZE[0] && pixels.height <= SIZE[1]);
            assert!(thumbnail.times.end.0 <= secs + 0.1, "{:?}", thumbnail.times);
        }
    }
}
