//! Which of the decoded samples are sound: without the encoder's warm-up before it and its padding after it.

use std::ops::Range;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::formats::{FormatId, FormatReader, Track, well_known as format};
use symphonia::core::meta::RawValue;
use symphonia::core::packet::Packet;

use super::mp4::{self, Edit};
use super::opus::OpusHead;
use super::webm::{self, Tail};

/// What a file says about the ends of its sound, gathered before and while the packets are decoded.
pub(super) struct Trim {
    container: FormatId,
    /// Ticks of the track's clock per second.
    clock_hz: u32,
    /// Opus: samples per channel to drop at the start.
    pre_skip: Option<usize>,
    /// MP4: the stretch to keep.
    edit: Option<Edit>,
    /// WebM: what follows the last sample.
    tail: Option<Tail>,
    /// Samples per channel that the header announced, if its word counts.
    announced: Option<u64>,
    /// Samples per channel at the end of what was decoded so far that are padding.
    padding: usize,
    /// Ogg: the time stamps of what was decoded so far.
    clock: Option<OggClock>,
}

/// The time stamps of an Ogg stream, which tell when a page is missing: Symphonia drops pages with a wrong checksum.
#[derive(Clone, Copy)]
struct OggClock {
    /// The stamp that follows the last packet; `None` before the first.
    next: Option<i64>,
    /// The stamp at the end of the stream's last page.
    last: Option<i64>,
    /// A packet began later than the one before it had ended.
    jumped: bool,
}

impl OggClock {
    fn note(&mut self, packet: &Packet) {
        let begins = packet.pts.get();
        self.jumped |= self.next.is_some_and(|next| begins > next);
        let lengths = [packet.dur, packet.trim_start, packet.trim_end];
        self.next = Some(lengths.iter().fold(begins, |end, length| end.saturating_add_unsigned(length.get())));
    }

    /// Whether a page is missing in the middle.
    fn has_gap(self) -> bool {
        let ends_early = self.next.zip(self.last).is_some_and(|(next, last)| next < last);
        self.jumped || ends_early
    }
}

impl Trim {
    /// Reads what `track`'s headers say; `file` is the whole file.
    pub fn new(reader: &mut dyn FormatReader, track: &Track, file: &[u8]) -> Self {
        let container = reader.format_info().format;
        let clock_hz = track.time_base.map_or(1, |base| (base.denom.get() / base.numer.get()).max(1));
        let is_mp4 = container == format::FORMAT_ID_ISOMP4;
        let edit = is_mp4.then(|| itunsmpb(reader).or_else(|| mp4::edit_list(file, track.id))).flatten();
        // Lossless formats count their samples in the header; MP3's header only guesses.
        let counts = [format::FORMAT_ID_WAVE, format::FORMAT_ID_AIFF, format::FORMAT_ID_CAF, format::FORMAT_ID_FLAC];
        Self {
            container,
            clock_hz,
            pre_skip: opus_head(track).map(|head| usize::from(head.pre_skip)),
            edit,
            tail: (container == format::FORMAT_ID_MKV).then(|| webm::tail(file)),
            announced: track.num_frames.filter(|_| counts.contains(&container)),
            padding: 0,
            clock: (container == format::FORMAT_ID_OGG).then_some(OggClock {
                next: None,
                last: last_granule(file, track.id),
                jumped: false,
            }),
        }
    }

    /// Notes the padding of a packet that gave `frames` samples per channel at `rate_hz`: more than its duration.
    ///
    /// Only padding at the very end counts. Live recordings have time stamps that jitter, which in the middle look
    /// like padding.
    pub fn note(&mut self, packet: &Packet, frames: usize, rate_hz: u32) {
        if let Some(clock) = &mut self.clock {
            clock.note(packet);
        }
        // Symphonia's own decoders trim what Ogg says; WebM's durations are too coarse.
        let is_exact = match self.container {
            format::FORMAT_ID_OGG => self.pre_skip.is_some(),
            format::FORMAT_ID_ISOMP4 => self.clock_hz == rate_hz,
            _ => false,
        };
        if is_exact {
            let duration = usize::try_from(packet.dur.get()).unwrap_or(frames);
            let padding = frames.saturating_sub(duration);
            self.padding = if padding == frames { self.padding + padding } else { padding };
        }
    }

    /// Whether every part of the file is there, if its structure tells.
    pub fn is_whole(&self) -> Option<bool> {
        self.tail.map(|tail| tail.whole)
    }

    /// Whether a file of which `frames` samples per channel were decoded has lost its end, or a part before it.
    pub fn is_short(&self, frames: usize) -> bool {
        self.is_whole() == Some(false)
            || self.announced.is_some_and(|announced| (frames as u64) < announced)
            || self.clock.is_some_and(OggClock::has_gap)
    }

    /// The samples to keep out of `frames` decoded ones per channel at `rate_hz`.
    pub fn kept(&self, frames: usize, rate_hz: u32) -> Range<usize> {
        let mut kept = self.pre_skip.unwrap_or(0)..frames.saturating_sub(self.padding);
        if let Some(tail) = self.tail {
            // Nanoseconds of at most a packet: f64 is exact to far below a sample.
            let discard = (tail.discard_ns as f64 * f64::from(rate_hz) / 1e9).round() as usize;
            kept.end = frames.saturating_sub(discard);
        }
        if let Some(edit) = self.edit {
            let samples = |ticks: u64| (ticks as f64 * f64::from(rate_hz) / f64::from(self.clock_hz)).round() as usize;
            // A list that begins at 0 does not make Opus's warm-up sound.
            kept.start = samples(edit.start).max(kept.start);
            // The sample table is exact, the list maybe rounded: within the list's clock, the table wins.
            let end = edit.end.map(samples).filter(|&end| end + samples(edit.slack) < kept.end);
            kept.end = end.unwrap_or(kept.end);
        }
        let end = kept.end.min(frames);
        kept.start.min(end)..end
    }
}

/// The granule position of the last Ogg page that begins in `file` and belongs to the stream `serial` (RFC 3533,
/// section 6).
fn last_granule(file: &[u8], serial: u32) -> Option<i64> {
    file.windows(18).rev().find_map(|page| {
        let fields = page.strip_prefix(b"OggS\0")?;
        let (granule, of) = fields.get(1..)?.split_at_checked(8)?;
        (of == serial.to_le_bytes()).then_some(i64::from_le_bytes(granule.try_into().ok()?))
    })
}

/// The header of an Opus track.
fn opus_head(track: &Track) -> Option<OpusHead> {
    match &track.codec_params {
        Some(CodecParameters::Audio(params)) if params.codec == CODEC_ID_OPUS => OpusHead::of(params),
        _ => None,
    }
}

/// Apple's gapless tag, if the file has one.
fn itunsmpb(reader: &mut dyn FormatReader) -> Option<Edit> {
    let mut metadata = reader.metadata();
    loop {
        let tags = &metadata.current()?.media.tags;
        let edit = tags.iter().find_map(|tag| match &tag.raw.value {
            RawValue::String(text) if tag.raw.key.ends_with("iTunSMPB") => mp4::parse_itunsmpb(text),
            _ => None,
        });
        // Each place in the file that holds tags is a revision of its own; going on drops the oldest.
        if edit.is_some() || metadata.pop().is_none() {
            return edit;
        }
    }
}
