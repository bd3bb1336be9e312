//! Files to samples: every format that Symphonia demuxes, with Opus and the trims that it leaves out.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::panic::catch_unwind;
use std::path::Path;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::container::{self, Access, codec_name, container_name, sound_track};
use super::opus::{self, OpusDecoder, OpusHead};
use super::trim::Trim;
use super::{Recording, SoundFormat};
use crate::units::{ImplausibleRate, SampleRate};

/// The most samples decoded from one file, all channels together: half an hour of mono at 48 kHz, 350 MB in
/// memory. Every core decodes one, and a small file of silence can unpack to any length.
const MAX_SAMPLES: usize = 1800 * 48_000;

/// The largest file read: no format here takes more than 8 bytes for a sample.
const MAX_FILE_BYTES: u64 = 8 * MAX_SAMPLES as u64;

/// The most channels: no recording here has more than a few, and a forged header of 65,535 would take 300 MB a packet.
const MAX_CHANNELS: usize = 64;

/// The most samples per channel in one packet: FLAC's longest blocks have 65,535, and no other codec has more.
const MAX_PACKET_FRAMES: u64 = 1 << 16;

/// How often a reader may fail to find the next packet and try again, before the rest of the file is given up.
const MAX_RESYNCS: usize = 64;

/// A file could not be decoded. The messages do not name the file: whoever shows them does.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The operating system did not hand the file out.
    #[error("the file could not be opened: {0}; check that it still exists and that you may read it")]
    Read(#[from] io::Error),
    /// Nothing in the file looks like sound.
    #[error("this is not a sound file; WAV, FLAC, MP3, Ogg, WebM, M4A, AIFF and CAF can be read")]
    NotSound,
    /// A kind of file or sound that is known, and not read.
    #[error("{what} cannot be read here; convert the recording to WAV or FLAC, for example with Audacity")]
    Unsupported {
        /// What it is, to begin a sentence with.
        what: String,
    },
    /// A valid file without a single sample, as left behind by recorders that were stopped at once.
    #[error("the file holds no sound; leave it out, or download it again")]
    NoSamples,
    /// The file's structure is broken, so that no sound came out.
    #[error("the file is damaged ({detail}); copy or download it again")]
    Damaged {
        /// What the decoder stumbled over.
        detail: String,
    },
    /// More sound than fits in memory.
    #[error("the recording is too long: up to half an hour of mono at 48 kHz can be read; cut it into parts")]
    TooLong,
    /// The header gives a sample rate that no recorder has.
    #[error("the file is damaged: {0}; copy or download it again")]
    Rate(#[from] ImplausibleRate),
    /// The decoder has a bug that this file hits.
    #[error("this file made the decoder fail in a way that it should not; leave the file out and report it")]
    Panicked,
}

impl DecodeError {
    /// [`DecodeError::Damaged`] with Symphonia's words.
    pub(super) fn damaged(error: &Error) -> Self {
        Self::Damaged { detail: error.to_string() }
    }
}

/// Reads the sound of one file: all channels at their native rate (Opus: always 48 kHz).
///
/// The content decides how, not the extension. Encoder delay and padding are cut off where the file tells them. Sound
/// before a break in the file is kept and marked [`SoundFormat::truncated`].
///
/// # Errors
/// [`DecodeError`] when not one sample can be had.
pub fn decode(path: &Path) -> Result<Recording, DecodeError> {
    decode_bytes(&read(path)?, path)
}

/// [`decode`], with the file's content already in memory; only the extension of `name` matters, as a hint.
///
/// # Errors
/// [`DecodeError`] when not one sample can be had.
pub fn decode_bytes(bytes: &[u8], name: &Path) -> Result<Recording, DecodeError> {
    // One bad recording must not end the scan of 30,000: a decoder's bug becomes that file's error.
    catch_unwind(|| decode_whole_or_cut(bytes, name)).unwrap_or(Err(DecodeError::Panicked))
}

/// Reads a file whole, if it is one and not too large.
fn read(path: &Path) -> Result<Vec<u8>, DecodeError> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        // Opening a pipe would wait for its other end.
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(DecodeError::TooLong);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Decodes a whole file by its indices. Where these promise more than is there (a WebM or MP4 file that was cut off)
/// nothing comes out, and it is read from front to back.
fn decode_whole_or_cut(bytes: &[u8], name: &Path) -> Result<Recording, DecodeError> {
    decode_streams(bytes, name, Access::Random).or_else(|first| match first {
        DecodeError::NoSamples | DecodeError::Damaged { .. } => {
            decode_streams(bytes, name, Access::Sequential).map_err(|_| first)
        }
        other => Err(other),
    })
}

/// Decodes the first stream, and those chained behind it while they fit (Ogg files can be appended to each other).
fn decode_streams(bytes: &[u8], name: &Path, access: Access) -> Result<Recording, DecodeError> {
    let mut reader = container::open(bytes, name, access)?;
    let container = container_name(reader.format_info().format).to_owned();
    let mut stream = decode_stream(reader.as_mut(), bytes)?;
    while stream.is_followed {
        match decode_stream(reader.as_mut(), bytes) {
            Ok(next) if stream.sound.fits(&next.sound) => {
                stream.sound.append(&next.sound.channels)?;
                stream.truncated |= next.truncated;
                stream.is_followed = next.is_followed;
            }
            _ => {
                stream.truncated = true;
                break;
            }
        }
    }
    if stream.sound.channels.is_empty() {
        return Err(DecodeError::NoSamples);
    }
    let rate = SampleRate::new(stream.sound.rate_hz)?;
    let format = SoundFormat { container, codec: stream.codec.to_owned(), truncated: stream.truncated };
    Recording::new(stream.sound.channels, rate, format).ok_or(DecodeError::NoSamples)
}

/// What decoding one stream gave.
struct Stream {
    sound: Sound,
    codec: &'static str,
    /// Another stream is chained behind it.
    is_followed: bool,
    /// See [`SoundFormat::truncated`].
    truncated: bool,
}

/// How a stream ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Where its structure says.
    Whole,
    /// Where the file ends; the structure expected more, or does not say (a browser's live recording).
    OutOfBytes,
    /// In the middle: what follows cannot be read.
    Cut,
    /// Another stream follows.
    NextStream,
}

/// Samples under way.
#[derive(Default)]
struct Sound {
    /// 0 until the first packet.
    rate_hz: u32,
    /// One vector per channel, all of the same length.
    channels: Vec<Vec<f32>>,
}

impl Sound {
    fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }

    /// Whether `next` can follow: a change of rate or channels within a recording is none.
    fn fits(&self, next: &Self) -> bool {
        self.rate_hz == next.rate_hz && self.channels.len() == next.channels.len()
    }

    /// Appends a block of decoded samples, one vector per channel.
    fn append(&mut self, block: &[Vec<f32>]) -> Result<(), DecodeError> {
        let frames = block.first().map_or(0, Vec::len);
        if (self.frames() + frames).saturating_mul(block.len()) > MAX_SAMPLES {
            return Err(DecodeError::TooLong);
        }
        self.channels.resize_with(block.len(), Vec::new);
        for (channel, samples) in self.channels.iter_mut().zip(block) {
            channel.extend_from_slice(samples);
        }
        Ok(())
    }

    /// Drops the samples outside of `kept`, which lies within the sound.
    fn keep(&mut self, kept: Range<usize>) {
        for channel in &mut self.channels {
            channel.truncate(kept.end);
            channel.drain(..kept.start);
        }
    }
}

/// Decodes the packets of the sound track up to the end of its stream, and trims.
fn decode_stream(reader: &mut dyn FormatReader, bytes: &[u8]) -> Result<Stream, DecodeError> {
    let (track, params) = sound_track(reader, bytes)?;
    let track = track.clone();
    let codec = codec_name(params.codec);
    let mut decoder = Decoder::new(params)?;
    let mut trim = Trim::new(reader, &track, bytes);
    let mut packets = Packets { reader, track_id: track.id, left: bytes.len(), resyncs: 0 };
    let mut sound = Sound::default();
    let (ending, lost) = decode_packets(&mut packets, &mut decoder, &mut trim, &mut sound)?;
    if let (0, Some(error)) = (sound.frames(), &lost) {
        return Err(match error {
            Error::Unsupported(feature) => {
                DecodeError::Unsupported { what: format!("{codec} of this kind ({feature})") }
            }
            other => DecodeError::damaged(other),
        });
    }
    let ends_early = match ending {
        Ending::Whole | Ending::NextStream => trim.is_short(sound.frames()),
        Ending::OutOfBytes => trim.is_whole() != Some(true),
        Ending::Cut => true,
    };
    let truncated = ends_early || lost.is_some() || packets.resyncs > 0;
    sound.keep(trim.kept(sound.frames(), sound.rate_hz));
    Ok(Stream { sound, codec, is_followed: ending == Ending::NextStream, truncated })
}

/// Appends what every packet decodes to. Returns how the stream ended, and the first error of a packet that was lost.
fn decode_packets(
    packets: &mut Packets<'_>,
    decoder: &mut Decoder,
    trim: &mut Trim,
    sound: &mut Sound,
) -> Result<(Ending, Option<Error>), DecodeError> {
    let mut lost = None;
    loop {
        let packet = match packets.next() {
            Ok(packet) => packet,
            Err(ending) => return Ok((ending, lost)),
        };
        let mut block = Sound::default();
        match decoder.decode(&packet, &mut block) {
            Ok(()) if sound.frames() == 0 || sound.fits(&block) => {
                trim.note(&packet, block.frames(), block.rate_hz);
                sound.rate_hz = block.rate_hz;
                sound.append(&block.channels)?;
            }
            Ok(()) => return Ok((Ending::Cut, lost)),
            Err(error) => lost = lost.or(Some(error)),
        }
    }
}

/// The packets of one track, with a bound on how many there can be.
struct Packets<'r> {
    reader: &'r mut dyn FormatReader,
    track_id: u32,
    /// No more packets than the file has bytes: a forged table can list billions of empty ones.
    left: usize,
    resyncs: usize,
}

impl Packets<'_> {
    /// The next packet of the track, or how the stream ended.
    fn next(&mut self) -> Result<Packet, Ending> {
        while self.left > 0 {
            self.left -= 1;
            match self.reader.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track_id => return Ok(packet),
                Ok(Some(_)) => {}
                Ok(None) => return Err(Ending::Whole),
                Err(Error::ResetRequired) => return Err(Ending::NextStream),
                Err(Error::DecodeError(_)) if self.resyncs < MAX_RESYNCS => self.resyncs += 1,
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(Ending::OutOfBytes);
                }
                Err(_) => return Err(Ending::Cut),
            }
        }
        Err(Ending::Cut)
    }
}

/// One track's decoder.
enum Decoder {
    Opus(Box<OpusDecoder>),
    Symphonia(Box<dyn AudioDecoder>),
}

impl Decoder {
    fn new(params: &AudioCodecParameters) -> Result<Self, DecodeError> {
        let channels = params.channels.as_ref().map_or(1, Channels::count);
        if channels > MAX_CHANNELS {
            return Err(DecodeError::Unsupported { what: format!("a recording of {channels} channels") });
        }
        // Decoders take the room for one packet at once, as long as the header says.
        if params.max_frames_per_packet.is_some_and(|frames| frames > MAX_PACKET_FRAMES) {
            return Err(DecodeError::Damaged { detail: "packets of implausible length".to_owned() });
        }
        if params.codec == CODEC_ID_OPUS {
            let head =
                OpusHead::of(params).ok_or_else(|| DecodeError::Damaged { detail: "no Opus header".to_owned() })?;
            let several_streams = || DecodeError::Unsupported {
                what: match head.channels {
                    0..=2 => "Opus with a stream for each channel".to_owned(),
                    channels => format!("Opus of {channels} channels"),
                },
            };
            return OpusDecoder::new(head).map(|decoder| Self::Opus(Box::new(decoder))).ok_or_else(several_streams);
        }
        // Symphonia decodes the lower half of some HE-AAC as if it were all.
        if let Some(what) = container::unread_aac(params) {
            return Err(DecodeError::Unsupported { what });
        }
        symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default())
            .map(Self::Symphonia)
            .map_err(|error| match error {
                Error::Unsupported(_) => DecodeError::Unsupported { what: codec_name(params.codec).to_owned() },
                other => DecodeError::damaged(&other),
            })
    }

    /// Decodes one packet into `block`, which is empty.
    fn decode(&mut self, packet: &Packet, block: &mut Sound) -> Result<(), Error> {
        match self {
            Self::Opus(decoder) => {
                block.rate_hz = opus::RATE_HZ;
                decoder.decode(&packet.data, &mut block.channels).ok_or(Error::DecodeError("malformed Opus packet"))
            }
            Self::Symphonia(decoder) => {
                let decoded = decoder.decode(packet)?;
                block.rate_hz = decoded.spec().rate();
                decoded.copy_to_vecs_planar(&mut block.channels);
                Ok(())
            }
        }
    }
}
