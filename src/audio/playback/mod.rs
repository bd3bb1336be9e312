//! Playing sound: which devices there are, and one open device that takes samples.
//!
//! Linux: ALSA, opened at run time. Windows and macOS: cpal. Both convert to what the hardware wants, so that a recording
//! is played at its own rate. No thread of ours: whoever plays calls [`Output::write`], which waits while the device's
//! buffer is full.

#[cfg(target_os = "linux")]
mod alsa;
#[cfg(not(target_os = "linux"))]
mod cpal;

#[cfg(target_os = "linux")]
use alsa as backend;
#[cfg(not(target_os = "linux"))]
use cpal as backend;

use crate::units::{SampleRate, Seconds};

/// How much sound a device holds ready: little enough that Pause is felt at once, enough that a busy machine does not
/// stutter.
pub const LATENCY: Seconds = Seconds(0.06);

/// Something that sound can be played on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputDevice {
    /// What the system calls it.
    pub id: String,
    /// What it is, for people.
    pub name: String,
}

/// Why nothing can be played.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlaybackError {
    /// The system's sound library is missing.
    #[error("This system has no sound library ({detail}); install ALSA's (Debian: libasound2)")]
    NoLibrary {
        /// What the system said.
        detail: String,
    },
    /// There is no device, or it cannot be used.
    #[error("No sound device can be used: {detail}. Connect one, or choose another")]
    NoDevice {
        /// What the system said.
        detail: String,
    },
    /// The device went away while it played.
    #[error("The sound device stopped: {detail}. Connect it again, or choose another")]
    Lost {
        /// What the system said.
        detail: String,
    },
}

/// The devices of this machine; an empty list where there is none.
///
/// May take a second where a sound server has to be asked: not for the screen's thread.
///
/// # Errors
/// [`PlaybackError`] where the system has no sound library or does not answer.
pub fn devices() -> Result<Vec<OutputDevice>, PlaybackError> {
    backend::devices()
}

/// An open device. Closed when it is dropped, with what was not heard yet.
pub struct Output(backend::Output);

impl Output {
    /// Opens the device called `id` (see [`devices`]), or the system's default, for interleaved samples of `channels`
    /// channels at `rate`.
    ///
    /// # Errors
    /// [`PlaybackError`] where there is no such device, or it is taken.
    pub fn open(id: Option<&str>, rate: SampleRate, channels: usize) -> Result<Self, PlaybackError> {
        backend::Output::open(id, rate, channels).map(Self)
    }
}

/// Takes sound and lets it be heard.
pub trait Sink: Send {
    /// Hands over interleaved samples, whole frames; waits while the buffer is full.
    ///
    /// # Errors
    /// [`PlaybackError::Lost`] where the device went away.
    fn write(&mut self, samples: &[f32]) -> Result<(), PlaybackError>;

    /// Frames that were written and not heard yet.
    fn delay(&self) -> usize;

    /// Forgets what was written and not heard yet.
    fn discard(&mut self);

    /// Waits until all that was written has been heard.
    fn drain(&mut self);
}

impl Sink for Output {
    fn write(&mut self, samples: &[f32]) -> Result<(), PlaybackError> {
        self.0.write(samples)
    }

    fn delay(&self) -> usize {
        self.0.delay()
    }

    fn discard(&mut self) {
        self.0.discard();
    }

    fn drain(&mut self) {
        self.0.drain();
    }
}
