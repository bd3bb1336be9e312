//! From bytes to a reader of packets: which container this is, which track holds the sound, what both are called.

use std::io::Cursor;
use std::path::Path;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known as codec;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatId, FormatOptions, FormatReader, Track, TrackType, well_known as format};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;

use super::decode::DecodeError;
use super::mp4;

/// Files of other kinds, known by the bytes at an offset, and what to call them.
///
/// They are refused before Symphonia searches their first megabyte for something that looks like sound. Most marks
/// are those of `file`'s magic database.
const OTHER_KINDS: [(usize, &[u8], &str); 18] = [
    (0, b"#!AMR", "AMR, the sound of older phones,"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA)"),
    (0, b"RF64", "WAV of more than 4 GB (RF64)"),
    (0, b"BW64", "WAV of more than 4 GB (BW64)"),
    (0, b"riff\x2e\x91\xcf\x11", "WAV of more than 4 GB (Wave64)"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b".snd", "Sun audio (AU)"),
    (0, b"MThd", "MIDI (notes, not sound)"),
    (28, b"Speex   ", "Speex"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"SQLite format 3", "a database"),
];

/// How a container's reader may move through the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// To any place: reads indices at the end first.
    Random,
    /// From the front to the back: survives positions that point past the end of a file that was cut off.
    Sequential,
}

/// Opens `bytes` by their content; the extension of `name` is only a hint.
///
/// # Errors
/// [`DecodeError::NoSamples`] when there is not one byte, [`DecodeError::Unsupported`] or [`DecodeError::NotSound`]
/// when it is something else, [`DecodeError::Damaged`] when the container cannot be read.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    name: &Path,
    access: Access,
) -> Result<Box<dyn FormatReader + 'a>, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::NoSamples);
    }
    let other = OTHER_KINDS.iter().find(|(at, mark, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, _, kind)) = other {
        return Err(DecodeError::Unsupported { what: (*kind).to_owned() });
    }
    if mp4::counts_more_samples_than_bytes(bytes) {
        return Err(DecodeError::Damaged { detail: "a fragment of implausible length".to_owned() });
    }
    let mut hint = Hint::new();
    if let Some(extension) = name.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let source: Box<dyn MediaSource + 'a> = match access {
        Access::Random => Box::new(Cursor::new(bytes)),
        Access::Sequential => Box::new(ReadOnlySource::new(bytes)),
    };
    let stream = MediaSourceStream::new(source, Default::default());
    let probe = symphonia::default::get_probe();
    probe.probe(&hint, stream, FormatOptions::default(), MetadataOptions::default()).map_err(|error| match error {
        // The prefix tells "no container found" from a feature that a found container's reader lacks.
        Error::Unsupported(what) if what.starts_with("core (probe)") => DecodeError::NotSound,
        // Symphonia also calls a file unsupported that ends before its sound.
        Error::Unsupported(what) if !what.contains("missing") => DecodeError::Unsupported { what: unread(bytes, what) },
        other => DecodeError::damaged(&other),
    })
}

/// What to call a file that Symphonia knows and cannot read because of `feature`.
fn unread(bytes: &[u8], feature: &str) -> String {
    let wave_tag =
        riff_chunk(bytes, b"fmt ").and_then(|chunk| Some(u16::from_le_bytes(chunk.get(..2)?.try_into().ok()?)));
    // Registered in RFC 2361.
    let name = match wave_tag {
        Some(0x31) => "GSM 6.10, the sound of older phones,",
        Some(0x40 | 0x45 | 0x64 | 0x65) => "G.72x, the sound of telephone lines,",
        Some(0x50 | 0x55) => "MP3 inside of a WAV file",
        Some(0x160..=0x163) => "Windows Media (WMA)",
        Some(0xff | 0x1600..=0x1610) => "AAC inside of a WAV file",
        _ => return format!("a file of a rare kind ({feature})"),
    };
    name.to_owned()
}

/// The content of the first chunk of a RIFF file with this name.
fn riff_chunk<'a>(file: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut rest = file.strip_prefix(b"RIFF")?.get(8..)?;
    loop {
        let (header, inside) = rest.split_at_checked(8)?;
        let size = u32::from_le_bytes(header.get(4..)?.try_into().ok()?) as usize;
        if header.starts_with(name) {
            return inside.get(..size.min(inside.len()));
        }
        // Chunks begin at even bytes.
        rest = inside.get(size.next_multiple_of(2)..)?;
    }
}

/// What to call AAC of a kind that is not read; `None` for AAC-LC of one or two channels, and for other codecs.
///
/// `extra_data` is the AudioSpecificConfig (ISO/IEC 14496-3, section 1.6.2.1); ADTS has none. HE-AAC whose header does
/// not say so is not told apart: its lower half is decoded.
pub(super) fn unread_aac(params: &AudioCodecParameters) -> Option<String> {
    if params.codec != codec::CODEC_ID_AAC {
        return None;
    }
    let config = params.extra_data.as_deref().unwrap_or_default();
    let kind = match config {
        // The audio object type: 5 bits, and 6 more after 31.
        [first, second, ..] => match first >> 3 {
            31 => 32 + ((first & 7) << 3 | second >> 5),
            kind => kind,
        },
        _ => 2,
    };
    // The backward-compatible way to say HE-AAC: a mark, the object type 5, and whether it is used.
    let is_extended = config.windows(3).any(|bytes| matches!(bytes, [0x56, 0xe5, 0x80..=0xff]));
    let name = match kind {
        5 | 29 => "HE-AAC",
        2 if is_extended => "HE-AAC",
        2 => return unread_channels(params, config),
        23 | 39 => "low-delay AAC",
        42 => "xHE-AAC",
        _ => "AAC of a rare kind",
    };
    Some(name.to_owned())
}

/// [`unread_aac`] of AAC-LC: the number of channels, if there are too many.
fn unread_channels(params: &AudioCodecParameters, config: &[u8]) -> Option<String> {
    let configured = match config {
        // After the object type come 4 bits of rate, all ones when 24 bits of rate follow.
        [first, second, ..] if (first & 7, second >> 7) != (7, 1) => Some((second >> 3 & 15) as usize),
        _ => None,
    };
    // Configuration 7 is 7.1; 0 leaves the channels to the packets, and so does the container.
    let channels = match configured {
        Some(7) => 8,
        Some(1..=6) => configured?,
        _ => params.channels.as_ref().map_or(0, Channels::count),
    };
    match channels {
        0..=2 => None,
        count => Some(format!("AAC of {count} channels")),
    }
}

/// The track that holds the sound, and how it is coded.
///
/// # Errors
/// [`DecodeError::Unsupported`] when there is none, or none that can be decoded.
pub(super) fn sound_track<'r>(
    reader: &'r dyn FormatReader,
    bytes: &[u8],
) -> Result<(&'r Track, &'r AudioCodecParameters), DecodeError> {
    let container = container_name(reader.format_info().format);
    let found = reader.default_track(TrackType::Audio).and_then(|track| match &track.codec_params {
        Some(CodecParameters::Audio(params)) if params.codec != AudioCodecId::default() => Some((track, params)),
        _ => None,
    });
    let Some((track, params)) = found else {
        let what = match mp4::sample_entry(bytes).as_ref() {
            Some(b"samr" | b"sawb") => "AMR, the sound of older phones,".to_owned(),
            Some(letters) => format!("a {container} file with sound coded as \"{}\"", letters.escape_ascii()),
            None => format!("a {container} file without a sound track"),
        };
        return Err(DecodeError::Unsupported { what });
    };
    Ok((track, params))
}

/// The common name of a container, for example "WebM".
pub(super) fn container_name(container: FormatId) -> &'static str {
    match container {
        format::FORMAT_ID_WAVE => "WAV",
        format::FORMAT_ID_AIFF => "AIFF",
        format::FORMAT_ID_CAF => "CAF",
        format::FORMAT_ID_FLAC => "FLAC",
        format::FORMAT_ID_OGG => "Ogg",
        format::FORMAT_ID_MKV => "WebM",
        format::FORMAT_ID_ISOMP4 => "MP4",
        format::FORMAT_ID_ADTS => "ADTS",
        _ => "MPEG",
    }
}

/// The common name of a codec, for example "Opus" or "PCM".
pub(super) fn codec_name(id: AudioCodecId) -> &'static str {
    match id {
        codec::CODEC_ID_OPUS => "Opus",
        codec::CODEC_ID_VORBIS => "Vorbis",
        codec::CODEC_ID_FLAC => "FLAC",
        codec::CODEC_ID_ALAC => "ALAC",
        codec::CODEC_ID_AAC => "AAC",
        codec::CODEC_ID_MP3 => "MP3",
        codec::CODEC_ID_MP2 => "MP2",
        codec::CODEC_ID_MP1 => "MP1",
        codec::CODEC_ID_PCM_ALAW => "A-law",
        codec::CODEC_ID_PCM_MULAW => "µ-law",
        codec::CODEC_ID_ADPCM_MS => "MS ADPCM",
        codec::CODEC_ID_ADPCM_IMA_WAV | codec::CODEC_ID_ADPCM_IMA_QT => "IMA ADPCM",
        codec::CODEC_ID_AC3 | codec::CODEC_ID_EAC3 => "Dolby Digital (AC-3)",
        codec::CODEC_ID_DCA => "DTS",
        codec::CODEC_ID_WMA => "Windows Media (WMA)",
        codec::CODEC_ID_WAVPACK => "WavPack",
        codec::CODEC_ID_TRUEHD => "Dolby TrueHD",
        // What is left of the codecs that Symphonia decodes is PCM in its many layouts.
        _ if symphonia::default::get_codecs().get_audio_decoder(id).is_some() => "PCM",
        _ => "a rare codec",
    }
}
