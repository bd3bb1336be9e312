//! The thread that plays: it takes orders, feeds the device, and says where in the recording the ear is.
//!
//! The window reads the position without waiting for anything; the thread writes it a hundred times a second.

mod control;
#[cfg(test)]
mod tests;
mod track;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;

pub use control::SoundCommand;
use track::Track;

use super::jobs::{Event, Reporter, guarded};
use crate::audio::playback::{self, Output, OutputDevice, PlaybackError, Sink};
use crate::audio::{self, Recording};
use crate::units::{SampleRate, Seconds};

/// Sound that is handed over at a time: how fast Pause and the volume act.
const PIECE: Seconds = Seconds(0.01);

/// More channels than people have ears are played as their mean.
const MOST_CHANNELS: usize = 2;

/// What the window knows of the sound.
#[derive(Default)]
pub struct Player {
    /// What can be played on, or why nothing can.
    pub devices: SoundDevices,
    /// The device a person chose; `None` for the system's default.
    pub device: Option<String>,
    /// 0 (silent) to 1 (as recorded), as amplitude.
    pub volume: Volume,
    /// Play again from the start when the end is reached.
    pub looped: bool,
    /// The recording that plays or is paused.
    pub current: Option<NowPlaying>,
    clock: Arc<Clock>,
}

/// How loud: 1 plays samples as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Volume(pub f32);

impl Default for Volume {
    fn default() -> Self {
        Self(1.0)
    }
}

/// What sound can be played on.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SoundDevices {
    /// Nobody has looked yet.
    #[default]
    Probing,
    /// These; the default one works.
    Ready(Vec<OutputDevice>),
    /// Nothing can be played, for this reason.
    None(String),
}

/// The recording that plays or is paused.
#[derive(Clone, Debug, PartialEq)]
pub struct NowPlaying {
    /// Its file.
    pub path: PathBuf,
    /// The part of it that is played; `None` for all of it.
    pub range: Option<Range<Seconds>>,
    /// It is silent until the person goes on.
    pub paused: bool,
    /// Tells the thread's reports on this one from those on the one before.
    id: u64,
}

impl Player {
    /// Where in the recording the ear is, while one plays or is paused.
    #[must_use]
    pub fn position(&self) -> Option<Seconds> {
        self.current.as_ref().map(|_| self.clock.read())
    }

    /// Whether sound is heard right now.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.current.as_ref().is_some_and(|current| !current.paused)
    }

    /// Whether `path` plays right now.
    #[must_use]
    pub fn plays(&self, path: &Path) -> bool {
        self.current.as_ref().is_some_and(|current| !current.paused && current.path == path)
    }
}

/// The position, for a reader that never waits.
#[derive(Debug)]
struct Clock {
    /// Seconds, as the bits of an `f64`.
    seconds: AtomicU64,
    /// The gain, as the bits of an `f64`.
    gain: AtomicU64,
    looped: AtomicBool,
}

impl Default for Clock {
    fn default() -> Self {
        let gain = f64::from(Volume::default().0);
        Self { seconds: AtomicU64::new(0), gain: AtomicU64::new(gain.to_bits()), looped: AtomicBool::new(false) }
    }
}

impl Clock {
    fn write(&self, position: Seconds) {
        self.seconds.store(position.0.to_bits(), Ordering::Relaxed);
    }

    fn read(&self) -> Seconds {
        Seconds(f64::from_bits(self.seconds.load(Ordering::Relaxed)))
    }
}

/// What the thread is asked for.
pub(super) enum SoundOrder {
    /// Find out what can be played on.
    Probe,
    /// Play a recording.
    Play(Box<Wanted>),
    /// Be silent, and remember where.
    Pause,
    /// Go on where it was paused.
    Resume,
    /// Forget the recording.
    Stop,
    /// End the thread.
    Quit,
}

/// What is to be played.
pub(super) struct Wanted {
    id: u64,
    sound: Source,
    /// The part of it; `None` for all of it.
    range: Option<Range<Seconds>>,
    /// Where to begin.
    start: Seconds,
    device: Option<String>,
}

/// Where the samples come from.
enum Source {
    /// Decoded already.
    Decoded(Recording),
    /// To be decoded by the thread.
    File(PathBuf),
}

/// The thread's side of the window.
pub(super) struct Handle {
    orders: Sender<SoundOrder>,
    thread: JoinHandle<()>,
}

impl Handle {
    /// Starts the thread. `None` when the operating system refuses.
    pub fn start(reporter: &Reporter, player: &Player) -> Option<Self> {
        let (orders, received) = channel();
        let (reporter, clock) = (reporter.clone(), player.clock.clone());
        let open = |id: Option<&str>, rate, channels| {
            Output::open(id, rate, channels).map(|output| Box::new(output) as Box<dyn Sink>)
        };
        let body = move || Thread { orders: received, reporter, clock, open, playing: None }.run();
        let thread = std::thread::Builder::new().name("sound".to_owned()).spawn(body).ok()?;
        Some(Self { orders, thread })
    }

    /// Whether the thread took the order.
    pub fn send(&self, order: SoundOrder) -> bool {
        self.orders.send(order).is_ok()
    }

    /// Ends the thread and waits for it: a tenth of a second at most.
    pub fn quit(self) {
        let _ = self.orders.send(SoundOrder::Quit);
        let _ = self.thread.join();
    }
}

/// A recording on an open device.
struct Playing {
    id: u64,
    sink: Box<dyn Sink>,
    /// One slice per channel that is played.
    channels: Vec<Arc<[f32]>>,
    rate: SampleRate,
    track: Track,
    range: Range<usize>,
    paused: bool,
}

/// The thread's state; `O` opens a device.
struct Thread<O> {
    orders: Receiver<SoundOrder>,
    reporter: Reporter,
    clock: Arc<Clock>,
    open: O,
    playing: Option<Playing>,
}

impl<O> Thread<O>
where
    O: Fn(Option<&str>, SampleRate, usize) -> Result<Box<dyn Sink>, PlaybackError>,
{
    fn run(mut self) {
        let reporter = self.reporter.clone();
        let ended = guarded(|| {
            while self.turn() {}
            Ok(())
        });
        if let Err(reason) = ended {
            // What was heard is silent now: nobody may wait for its end.
            let _ = reporter.send(match &self.playing {
                Some(playing) => Event::SoundEnded { id: playing.id, failure: Some(reason) },
                None => Event::Failed(reason),
            });
        }
    }

    /// One order, or one piece of sound. `false` when the thread is not needed any more.
    fn turn(&mut self) -> bool {
        let sounding = self.playing.as_ref().is_some_and(|playing| !playing.paused);
        let order = if sounding {
            match self.orders.try_recv() {
                Ok(order) => Some(order),
                Err(TryRecvError::Empty) => None,
                Err(TryRecvError::Disconnected) => return false,
            }
        } else {
            let Ok(order) = self.orders.recv() else { return false };
            Some(order)
        };
        match order {
            Some(SoundOrder::Quit) => return false,
            Some(order) => self.take(order),
            None => self.feed(),
        }
        true
    }

    fn take(&mut self, order: SoundOrder) {
        match order {
            SoundOrder::Probe => {
                let found = guarded(|| Ok(probe(&self.open))).unwrap_or_else(SoundDevices::None);
                let _ = self.reporter.send(Event::SoundDevices(found));
            }
            SoundOrder::Play(wanted) => {
                // The device is free again before it is opened for the next recording.
                self.playing = None;
                let id = wanted.id;
                match guarded(|| self.begin(*wanted)) {
                    Ok(playing) => self.playing = Some(playing),
                    Err(reason) => self.end(id, Some(reason)),
                }
            }
            SoundOrder::Pause => self.pause(),
            SoundOrder::Resume => {
                if let Some(playing) = &mut self.playing {
                    playing.paused = false;
                }
            }
            SoundOrder::Stop => self.playing = None,
            SoundOrder::Quit => {}
        }
    }

    fn begin(&self, wanted: Wanted) -> Result<Playing, String> {
        let recording = match wanted.sound {
            Source::Decoded(recording) => recording,
            Source::File(path) => audio::decode(&path).map_err(|error| error.to_string())?,
        };
        let channels = if recording.channels().len() <= MOST_CHANNELS {
            recording.channels().to_vec()
        } else {
            vec![Arc::from(recording.mono())]
        };
        let rate = recording.rate();
        let sink = (self.open)(wanted.device.as_deref(), rate, channels.len()).map_err(|error| error.to_string())?;
        let frame = |at: Seconds| at.samples(rate).min(recording.frames());
        let range = wanted.range.map_or(0..recording.frames(), |range| frame(range.start)..frame(range.end));
        let track = Track::new(range.clone(), frame(wanted.start), self.clock.looped.load(Ordering::Relaxed));
        self.clock.write(rate.duration(track.heard(0)));
        Ok(Playing { id: wanted.id, sink, channels, rate, track, range, paused: false })
    }

    fn pause(&mut self) {
        let Some(playing) = &mut self.playing else { return };
        let heard = playing.track.heard(playing.sink.delay());
        playing.sink.discard();
        playing.paused = true;
        playing.track = Track::new(playing.range.clone(), heard, self.clock.looped.load(Ordering::Relaxed));
        self.clock.write(playing.rate.duration(heard));
    }

    /// Hands over the next piece; at the end, waits for what is still to be heard.
    fn feed(&mut self) {
        let Some(playing) = &mut self.playing else { return };
        playing.track.set_looped(self.clock.looped.load(Ordering::Relaxed));
        let Some(piece) = playing.track.take(PIECE.samples(playing.rate)) else {
            playing.sink.drain();
            let id = playing.id;
            self.end(id, None);
            return;
        };
        let gain = f64::from_bits(self.clock.gain.load(Ordering::Relaxed)) as f32;
        let samples = interleaved(&playing.channels, piece, gain);
        match playing.sink.write(&samples) {
            Ok(()) => {
                let heard = playing.track.heard(playing.sink.delay());
                self.clock.write(playing.rate.duration(heard));
            }
            Err(error) => {
                let id = playing.id;
                self.end(id, Some(error.to_string()));
            }
        }
    }

    fn end(&mut self, id: u64, failure: Option<String>) {
        self.playing = None;
        let _ = self.reporter.send(Event::SoundEnded { id, failure });
    }
}

/// One frame after the other, each sample times `gain`.
fn interleaved(channels: &[Arc<[f32]>], frames: Range<usize>, gain: f32) -> Vec<f32> {
    let mut samples = Vec::with_capacity(frames.len() * channels.len());
    for frame in frames {
        samples.extend(channels.iter().map(|channel| channel.get(frame).copied().unwrap_or(0.0) * gain));
    }
    samples
}

/// The devices, if the default one can be opened: a list alone does not say whether anything is connected.
fn probe<O>(open: &O) -> SoundDevices
where
    O: Fn(Option<&str>, SampleRate, usize) -> Result<Box<dyn Sink>, PlaybackError>,
{
    let Ok(rate) = SampleRate::new(48_000) else { return SoundDevices::Probing };
    match playback::devices().and_then(|devices| open(None, rate, 1).map(|_| devices)) {
        Ok(devices) => SoundDevices::Ready(devices),
        Err(error) => SoundDevices::None(error.to_string()),
    }
}
