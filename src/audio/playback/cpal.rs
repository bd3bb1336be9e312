//! Playing through cpal, on systems whose sound libraries need no development package to build.

use std::collections::VecDeque;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use ::cpal::{BufferSize, Device, DeviceId, Stream, StreamConfig};

use super::{LATENCY, OutputDevice, PlaybackError};
use crate::units::SampleRate;

/// How long a device may take to ask for sound, or to come to its end, before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// The devices of the system, the default one first.
pub fn devices() -> Result<Vec<OutputDevice>, PlaybackError> {
    let host = ::cpal::default_host();
    let default = host.default_output_device().and_then(|device| device.id().ok());
    let mut found: Vec<OutputDevice> = host
        .output_devices()
        .map_err(no_device)?
        .filter_map(|device| {
            let id = device.id().ok()?.to_string();
            let name = device.description().map_or_else(|_| id.clone(), |description| description.to_string());
            Some(OutputDevice { id, name })
        })
        .collect();
    found.sort_by_key(|device| default.as_ref().is_none_or(|default| default.to_string() != device.id));
    Ok(found)
}

fn no_device(error: impl std::fmt::Display) -> PlaybackError {
    PlaybackError::NoDevice { detail: error.to_string() }
}

/// Samples on their way to the device's own thread.
#[derive(Default)]
struct Waiting {
    samples: VecDeque<f32>,
    /// Why the device stopped.
    lost: Option<String>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// The device has taken samples.
    taken: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Samples are plain numbers: whoever panicked left them whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open device.
pub struct Output {
    shared: Arc<Shared>,
    channels: usize,
    /// Samples that may wait.
    room: usize,
    /// Plays until it is dropped.
    _stream: Stream,
}

impl Output {
    /// Opens the device called `id`, or the default one, for `channels` channels at `rate`.
    pub fn open(id: Option<&str>, rate: SampleRate, channels: usize) -> Result<Self, PlaybackError> {
        let host = ::cpal::default_host();
        let device: Option<Device> = match id {
            None => host.default_output_device(),
            Some(id) => DeviceId::from_str(id).ok().and_then(|id| host.device_by_id(&id)),
        };
        let device = device.ok_or_else(|| no_device("there is none"))?;
        let config =
            StreamConfig { channels: channels as u16, sample_rate: rate.hz(), buffer_size: BufferSize::Default };
        let shared = Arc::new(Shared::default());
        let (source, failed) = (shared.clone(), shared.clone());
        let play = move |out: &mut [f32], _: &::cpal::OutputCallbackInfo| {
            let mut waiting = source.lock();
            for sample in out.iter_mut() {
                *sample = waiting.samples.pop_front().unwrap_or(0.0);
            }
            source.taken.notify_one();
        };
        let fail = move |error: ::cpal::Error| {
            // A late buffer is heard as a click; only a device that is gone ends the playing.
            if !matches!(error.kind(), ::cpal::ErrorKind::Xrun) {
                failed.lock().lost = Some(error.to_string());
                failed.taken.notify_one();
            }
        };
        let stream = device.build_output_stream(config, play, fail, Some(PATIENCE)).map_err(no_device)?;
        stream.play().map_err(no_device)?;
        Ok(Self { shared, channels, room: LATENCY.samples(rate) * channels, _stream: stream })
    }

    /// Hands interleaved samples to the device; waits while its buffer is full.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), PlaybackError> {
        let mut rest = samples;
        while !rest.is_empty() {
            let mut waiting = self.wait_until(|waiting| waiting.samples.len() < self.room)?;
            let (now, later) = rest.split_at(rest.len().min(self.room - waiting.samples.len()));
            waiting.samples.extend(now);
            rest = later;
        }
        Ok(())
    }

    /// Waits until the device is as far as `done` says.
    fn wait_until(&self, done: impl Fn(&Waiting) -> bool) -> Result<MutexGuard<'_, Waiting>, PlaybackError> {
        let going_on = |waiting: &mut Waiting| waiting.lost.is_none() && !done(waiting);
        let waited = self.shared.taken.wait_timeout_while(self.shared.lock(), PATIENCE, going_on);
        let (waiting, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if let Some(detail) = &waiting.lost {
            return Err(PlaybackError::Lost { detail: detail.clone() });
        }
        if timeout.timed_out() {
            return Err(PlaybackError::Lost { detail: "it takes no sound".to_owned() });
        }
        Ok(waiting)
    }

    /// Frames that were written and not taken by the device yet.
    pub fn delay(&self) -> usize {
        self.shared.lock().samples.len() / self.channels
    }

    /// Forgets what was written and not heard yet.
    pub fn discard(&mut self) {
        self.shared.lock().samples.clear();
    }

    /// Waits until all that was written has been taken.
    pub fn drain(&mut self) {
        // A device that is gone is found out by the next write.
        drop(self.wait_until(|waiting| waiting.samples.is_empty()));
    }
}
