//! Sound: from the bytes of a file to samples in memory.
//!
//! [`decode`] reads a file into a [`Recording`]; [`resample()`] brings one channel to another rate; [`segment`]
//! finds the coughs; [`wav`] writes; [`playback`] lets it be heard.

mod container;
mod decode;
mod mp4;
mod opus;
pub mod playback;
mod resample;
pub mod segment;
mod trim;
pub mod wav;
mod webm;

use std::borrow::Cow;
use std::sync::Arc;

pub use decode::{DecodeError, decode, decode_bytes};
pub use resample::{ResampleError, resample};

use crate::units::{SampleRate, Seconds};

/// Endings of the names of files that may hold sound, in lower case. What a file really is, only [`decode`] tells.
pub const EXTENSIONS: [&str; 15] =
    ["wav", "flac", "mp3", "m4a", "mp4", "aac", "ogg", "oga", "opus", "webm", "weba", "mka", "aif", "aiff", "caf"];

/// Decoded sound: all channels at their native rate.
///
/// Cloning is cheap: the samples are shared and never change.
#[derive(Clone, Debug)]
pub struct Recording {
    /// One slice per channel, all of the same length; full scale is -1 to 1, finite by construction.
    channels: Vec<Arc<[f32]>>,
    /// Samples per second of each channel.
    rate: SampleRate,
    /// How the sound was stored.
    format: SoundFormat,
}

/// How a sound was stored in its file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SoundFormat {
    /// The container's common name, for example "WebM" or "WAV".
    pub container: String,
    /// The codec's common name, for example "Opus" or "PCM".
    pub codec: String,
    /// The file ended before its own structure said so, or parts of it could not be decoded; the rest was kept.
    pub truncated: bool,
}

impl SoundFormat {
    /// The name on screen, for example "Opus in WebM".
    #[must_use]
    pub fn name(&self) -> String {
        format_name(&self.codec, &self.container)
    }
}

/// A codec in a container on screen; one word where both have the same name.
#[must_use]
pub fn format_name(codec: &str, container: &str) -> String {
    if codec == container { codec.to_owned() } else { format!("{codec} in {container}") }
}

impl Recording {
    /// Wraps decoded channels. Samples that are not finite become 0, and shorter channels are cut to the shortest.
    ///
    /// Returns `None` when there is no channel or no sample, so that a `Recording` always holds sound.
    #[must_use]
    pub fn new(channels: Vec<Vec<f32>>, rate: SampleRate, format: SoundFormat) -> Option<Self> {
        let frames = channels.iter().map(Vec::len).min().unwrap_or(0);
        if frames == 0 {
            return None;
        }
        let channels = channels
            .into_iter()
            .map(|mut samples| {
                samples.truncate(frames);
                for sample in &mut samples {
                    if !sample.is_finite() {
                        *sample = 0.0;
                    }
                }
                Arc::from(samples)
            })
            .collect();
        Some(Self { channels, rate, format })
    }

    /// Samples of one channel; full scale is -1 to 1.
    #[must_use]
    pub fn channels(&self) -> &[Arc<[f32]>] {
        &self.channels
    }

    /// Mean over the channels; borrowed when there is only one. Shape: `[frames]`.
    #[must_use]
    pub fn mono(&self) -> Cow<'_, [f32]> {
        if let [only] = self.channels.as_slice() {
            return Cow::Borrowed(only);
        }
        let scale = 1.0 / self.channels.len() as f32;
        let mut mix = vec![0.0; self.frames()];
        for channel in &self.channels {
            for (sum, sample) in mix.iter_mut().zip(channel.iter()) {
                *sum += sample * scale;
            }
        }
        Cow::Owned(mix)
    }

    /// Samples per channel; never 0.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, |channel| channel.len())
    }

    /// Samples per second of each channel.
    #[must_use]
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// How long the sound lasts.
    #[must_use]
    pub fn duration(&self) -> Seconds {
        self.rate.duration(self.frames())
    }

    /// How the sound was stored.
    #[must_use]
    pub fn format(&self) -> &SoundFormat {
        &self.format
    }
}
