use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::*;
use crate::audio::SoundFormat;

/// What a device was given, and what it was told.
#[derive(Default)]
struct Heard {
    samples: Vec<f32>,
    discarded: usize,
    drained: usize,
}

/// A device that keeps `delay` frames to itself and fails when it has taken `breaks_after` samples.
struct Device {
    heard: Arc<Mutex<Heard>>,
    delay: usize,
    breaks_after: usize,
}

impl Sink for Device {
    fn write(&mut self, samples: &[f32]) -> Result<(), PlaybackError> {
        let mut heard = self.heard.lock().unwrap();
        heard.samples.extend_from_slice(samples);
        if heard.samples.len() > self.breaks_after {
            return Err(PlaybackError::Lost { detail: "unplugged".to_owned() });
        }
        Ok(())
    }

    fn delay(&self) -> usize {
        self.delay
    }

    fn discard(&mut self) {
        self.heard.lock().unwrap().discarded += 1;
    }

    fn drain(&mut self) {
        self.heard.lock().unwrap().drained += 1;
    }
}

const RATE: u32 = 8_000;

fn recording(channels: usize) -> Recording {
    let channel = |number: usize| (0..RATE).map(|n| n as f32 / RATE as f32 - number as f32).collect();
    let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
    Recording::new((0..channels).map(channel).collect(), SampleRate::new(RATE).unwrap(), format).unwrap()
}

/// Plays `wanted` to its end on a device of its own and returns what the device heard and how it ended.
fn play(
    recording: Recording,
    range: Option<Range<Seconds>>,
    start: f64,
    breaks_after: usize,
) -> (Heard, Option<String>) {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let device = heard.clone();
    let open = move |_: Option<&str>, _, _| {
        Ok(Box::new(Device { heard: device.clone(), delay: 0, breaks_after }) as Box<dyn Sink>)
    };
    let (sender, events) = sync_channel(16);
    let reporter = Reporter::new(sender, Arc::new(|| {}));
    let (orders, received) = channel();
    let wanted = Wanted { id: 7, sound: Source::Decoded(recording), range, start: Seconds(start), device: None };
    orders.send(SoundOrder::Play(Box::new(wanted))).unwrap();
    let clock = Arc::new(Clock::default());
    let mut thread = Thread { orders: received, reporter, clock, open, playing: None };
    while thread.turn() && (thread.playing.is_some()) {}
    let Ok(Event::SoundEnded { id: 7, failure }) = events.recv_timeout(Duration::from_secs(5)) else {
        panic!("the end is reported");
    };
    drop(thread);
    (Arc::into_inner(heard).unwrap().into_inner().unwrap(), failure)
}

#[test]
fn all_of_a_recording_is_played_sample_for_sample() {
    let sound = recording(1);
    let (heard, failure) = play(sound.clone(), None, 0.0, usize::MAX);
    assert_eq!(failure, None);
    assert_eq!(heard.samples, *sound.channels()[0]);
    assert_eq!((heard.discarded, heard.drained), (0, 1), "the end is waited for, not cut");
}

#[test]
fn two_channels_alternate_and_more_become_their_mean() {
    let (heard, _) = play(recording(2), None, 0.0, usize::MAX);
    assert_eq!(heard.samples[..4], [0.0, -1.0, 1.0 / 8_000.0, 1.0 / 8_000.0 - 1.0]);
    let (heard, _) = play(recording(3), None, 0.0, usize::MAX);
    assert_eq!(heard.samples.len(), RATE as usize);
    assert!((heard.samples[0] + 1.0).abs() < 1e-6);
}

#[test]
fn a_part_is_played_from_the_cursor() {
    let sound = recording(1);
    let (heard, _) = play(sound.clone(), Some(Seconds(0.25)..Seconds(0.5)), 0.375, usize::MAX);
    assert_eq!(heard.samples, sound.channels()[0][3_000..4_000]);
}

#[test]
fn a_device_that_is_lost_is_told_in_words() {
    let (heard, failure) = play(recording(1), None, 0.0, 1_000);
    assert!(heard.samples.len() < 1_200);
    assert!(failure.unwrap().contains("unplugged"));
}

#[test]
fn the_ear_is_behind_the_hand_and_pause_goes_on_where_the_ear_was() {
    let heard = Arc::new(Mutex::new(Heard::default()));
    let device = heard.clone();
    let open = move |_: Option<&str>, _, _| {
        Ok(Box::new(Device { heard: device.clone(), delay: 400, breaks_after: usize::MAX }) as Box<dyn Sink>)
    };
    let (sender, _events) = sync_channel(16);
    let (orders, received) = channel();
    let clock = Arc::new(Clock::default());
    let reporter = Reporter::new(sender, Arc::new(|| {}));
    let mut thread = Thread { orders: received, reporter, clock: clock.clone(), open, playing: None };
    let wanted = Wanted { id: 1, sound: Source::Decoded(recording(1)), range: None, start: Seconds(0.0), device: None };
    orders.send(SoundOrder::Play(Box::new(wanted))).unwrap();
    // The order, then twenty pieces of ten milliseconds.
    for _ in 0..21 {
        assert!(thread.turn());
    }
    assert_eq!(heard.lock().unwrap().samples.len(), 1_600);
    assert!((clock.read().0 - 0.15).abs() < 1e-9, "{:?}", clock.read());
    orders.send(SoundOrder::Pause).unwrap();
    orders.send(SoundOrder::Resume).unwrap();
    for _ in 0..3 {
        assert!(thread.turn());
    }
    let heard = heard.lock().unwrap();
    assert_eq!(heard.discarded, 1);
    assert_eq!(heard.samples[1_600], recording(1).channels()[0][1_200], "nothing is skipped, nothing is heard twice");
}

#[test]
fn a_player_that_breaks_down_says_that_nothing_is_heard() {
    struct Broken;
    impl Sink for Broken {
        fn write(&mut self, _: &[f32]) -> Result<(), PlaybackError> {
            panic!("a broken driver")
        }
        fn delay(&self) -> usize {
            0
        }
        fn discard(&mut self) {}
        fn drain(&mut self) {}
    }
    let (sender, events) = sync_channel(16);
    let reporter = Reporter::new(sender, Arc::new(|| {}));
    let (orders, received) = channel();
    let wanted = Wanted { id: 7, sound: Source::Decoded(recording(1)), range: None, start: Seconds(0.0), device: None };
    orders.send(SoundOrder::Play(Box::new(wanted))).unwrap();
    let open = |_: Option<&str>, _, _| Ok(Box::new(Broken) as Box<dyn Sink>);
    Thread { orders: received, reporter, clock: Arc::new(Clock::default()), open, playing: None }.run();
    let told: Vec<Event> = events.try_iter().collect();
    let [Event::SoundEnded { id: 7, failure: Some(reason) }] = told.as_slice() else { panic!("the end is reported") };
    assert!(reason.ends_with("a broken driver"), "{reason}");
}
