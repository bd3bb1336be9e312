//! Sound files as other programs write them: Opus in Ogg as Firefox does, Opus in WebM as Chrome's MediaRecorder does,
//! and MP3 at a constant bit rate. One channel each.

use ropus::{Application, Bitrate, Channels, Encoder};
use rusty_mp3::{Mp3Encoder, Mp3EncoderConfig};

use crate::units::SampleRate;

/// Opus always counts time in samples of this length, whatever the sound was recorded with (RFC 7845, section 4).
pub const OPUS_RATE_HZ: u32 = 48_000;
/// Browsers record a single voice at about this rate; ours is constrained to it.
const OPUS_BITS_PER_SECOND: u32 = 48_000;
/// Middle of libopus's 0 to 10: faster than its default, and good enough for a demo.
const OPUS_COMPLEXITY: u8 = 5;
/// Samples in an Ogg packet: 20 ms, the usual length.
const OGG_FRAME: usize = 960;
/// Samples in a WebM packet: 60 ms, as in files that Chrome recorded.
const WEBM_FRAME: usize = 2_880;
/// The longest packet that Opus can make of one frame of 60 ms (RFC 6716, section 3.4: 1275 bytes for each 20 ms).
const MAX_PACKET_BYTES: usize = 3 * 1_275 + 8;
/// Virufy's segments have 48 kHz, one channel and about this bit rate.
const MP3_KBPS: u32 = 128;

/// The encoder of one of the formats refused the sound.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// libopus's own checks, while the encoder was made.
    #[error("the Opus encoder could not be set up: {0}")]
    OpusSetup(#[from] ropus::EncoderBuildError),
    /// libopus's own checks, for one packet.
    #[error("the Opus encoder refused a packet: {0}")]
    Opus(#[from] ropus::EncodeError),
    /// The MP3 encoder's own checks.
    #[error("the MP3 encoder refused the sound: {0}")]
    Mp3(#[from] rusty_mp3::Error),
    /// The WAV would be too large.
    #[error("the WAV file could not be made: {0}")]
    Wav(#[from] std::io::Error),
}

/// Opus packets of equal length, and what a container must say about them.
struct OpusStream {
    /// One packet per frame, in order.
    packets: Vec<Vec<u8>>,
    /// Samples per packet, at 48 kHz.
    frame: usize,
    /// Samples that the encoder puts before the sound.
    pre_skip: u16,
    /// Samples of sound, without pre-skip and padding.
    samples: usize,
}

impl OpusStream {
    /// Encodes one channel at 48 kHz in packets of `frame` samples; silence fills the last one.
    fn encode(samples: &[f32], frame: usize) -> Result<Self, EncodeError> {
        let mut encoder = Encoder::builder(OPUS_RATE_HZ, Channels::Mono, Application::Audio)
            .bitrate(Bitrate::Bits(OPUS_BITS_PER_SECOND))
            .complexity(OPUS_COMPLEXITY)
            .build()?;
        let pre_skip = u16::try_from(encoder.lookahead()).unwrap_or(u16::MAX);
        let count = (samples.len() + usize::from(pre_skip)).div_ceil(frame);
        let mut buffer = vec![0; MAX_PACKET_BYTES];
        let mut packets = Vec::with_capacity(count);
        for index in 0..count {
            let mut pcm: Vec<f32> = samples.iter().skip(index * frame).take(frame).copied().collect();
            pcm.resize(frame, 0.0);
            let length = encoder.encode_float(&pcm, &mut buffer)?;
            packets.push(buffer.iter().take(length).copied().collect());
        }
        Ok(Self { packets, frame, pre_skip, samples: samples.len() })
    }
}

/// The identification header (RFC 7845, section 5.1): version 1, one channel, no gain, mapping family 0.
fn opus_head(pre_skip: u16) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(pre_skip.to_le_bytes());
    head.extend(OPUS_RATE_HZ.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// The comment header (RFC 7845, section 5.2): the vendor, then one comment, such as `TITLE=...`.
fn opus_tags(comment: &str) -> Vec<u8> {
    let string = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    [b"OpusTags".to_vec(), string("coughscope"), 1_u32.to_le_bytes().to_vec(), string(comment)].concat()
}

/// One channel at 48 kHz as an Ogg Opus file (RFC 3533, RFC 7845).
///
/// `serial` names the stream in each page. `comment` becomes the file's `DESCRIPTION`. The last page's position trims
/// the padding, so that a player hears exactly `samples`.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses the sound.
pub fn ogg_opus(samples: &[f32], serial: u32, comment: &str) -> Result<Vec<u8>, EncodeError> {
    let stream = OpusStream::encode(samples, OGG_FRAME)?;
    let mut ogg = OggWriter { bytes: Vec::new(), serial, sequence: 0 };
    ogg.page(&[opus_head(stream.pre_skip)], 0, OggWriter::FIRST);
    ogg.page(&[opus_tags(&format!("DESCRIPTION={comment}"))], 0, 0);
    let end = stream.samples + usize::from(stream.pre_skip);
    let pages = stream.packets.chunks(OggWriter::PACKETS_PER_PAGE);
    let last = pages.len().saturating_sub(1);
    let mut position = 0;
    for (index, packets) in pages.enumerate() {
        position += packets.len() * stream.frame;
        let flags = if index == last { OggWriter::LAST } else { 0 };
        ogg.page(packets, position.min(end) as u64, flags);
    }
    Ok(ogg.bytes)
}

/// Appends Ogg pages of one stream.
struct OggWriter {
    /// What was written so far.
    bytes: Vec<u8>,
    /// Names the stream.
    serial: u32,
    /// Number of the next page.
    sequence: u32,
}

impl OggWriter {
    /// Header flag of a stream's first page.
    const FIRST: u8 = 2;
    /// Header flag of a stream's last page.
    const LAST: u8 = 4;
    /// A page holds 255 lacing values and an Opus packet of 20 ms takes at most 6 of them (1275 bytes).
    const PACKETS_PER_PAGE: usize = 42;
    /// Where in a page its checksum lies (RFC 3533, section 6).
    const CHECKSUM: std::ops::Range<usize> = 22..26;

    /// Appends a page with whole `packets`; `granule` is the stream's length in samples at the page's end.
    fn page(&mut self, packets: &[Vec<u8>], granule: u64, flags: u8) {
        let lacing: Vec<u8> = packets
            .iter()
            .flat_map(|packet| {
                std::iter::repeat_n(u8::MAX, packet.len() / 255).chain(std::iter::once((packet.len() % 255) as u8))
            })
            .collect();
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend(granule.to_le_bytes());
        page.extend(self.serial.to_le_bytes());
        page.extend(self.sequence.to_le_bytes());
        page.extend([0; 4]);
        page.push(lacing.len() as u8);
        page.extend(lacing);
        page.extend(packets.iter().flatten());
        let checksum = ogg_crc(&page);
        if let Some(field) = page.get_mut(Self::CHECKSUM) {
            field.copy_from_slice(&checksum.to_le_bytes());
        }
        self.bytes.extend(page);
        self.sequence += 1;
    }
}

/// Ogg's checksum: CRC-32 with the polynomial 0x04c11db7, not reflected, starting at 0 (RFC 3533, section 6).
fn ogg_crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x04c1_1db7 }
        })
    })
}

/// One channel at 48 kHz as a live WebM file, laid out byte by byte as Chrome's MediaRecorder does.
///
/// Segment and clusters have no known size, there is no duration, no index and no pre-skip: a player hears the encoder's
/// 6.5 ms of lead-in and the silence that fills the last 60 ms. `comment` becomes the name of the writing program.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses the sound.
pub fn webm_opus(samples: &[f32], track_uid: u64, comment: &str) -> Result<Vec<u8>, EncodeError> {
    let stream = OpusStream::encode(samples, WEBM_FRAME)?;
    let header = [
        element(ebml::VERSION, &[1]),
        element(ebml::READ_VERSION, &[1]),
        element(ebml::MAX_ID_LENGTH, &[4]),
        element(ebml::MAX_SIZE_LENGTH, &[8]),
        element(ebml::DOC_TYPE, b"webm"),
        element(ebml::DOC_TYPE_VERSION, &[4]),
        element(ebml::DOC_TYPE_READ_VERSION, &[2]),
    ];
    let info = [
        element(ebml::TIMESTAMP_SCALE, &NANOSECONDS_PER_TICK.to_be_bytes()),
        element(ebml::MUXING_APP, b"coughscope"),
        element(ebml::WRITING_APP, comment.as_bytes()),
    ];
    let audio =
        [element(ebml::SAMPLING_FREQUENCY, &(OPUS_RATE_HZ as f32).to_be_bytes()), element(ebml::CHANNELS, &[1])];
    let track = [
        element(ebml::TRACK_NUMBER, &[1]),
        element(ebml::TRACK_UID, &track_uid.to_be_bytes()),
        element(ebml::TRACK_TYPE, &[2]),
        element(ebml::CODEC_ID, b"A_OPUS"),
        element(ebml::CODEC_PRIVATE, &opus_head(0)),
        element(ebml::AUDIO, &audio.concat()),
    ];
    let mut webm = element(ebml::HEADER, &header.concat());
    webm.extend(open_element(ebml::SEGMENT));
    webm.extend(element(ebml::INFO, &info.concat()));
    webm.extend(element(ebml::TRACKS, &element(ebml::TRACK_ENTRY, &track.concat())));
    for (index, packets) in stream.packets.chunks(PACKETS_PER_CLUSTER).enumerate() {
        let start_ms = index * PACKETS_PER_CLUSTER * WEBM_FRAME_MS;
        webm.extend(open_element(ebml::CLUSTER));
        webm.extend(element(ebml::TIMESTAMP, &(start_ms as u32).to_be_bytes()));
        for (offset, packet) in packets.iter().enumerate() {
            webm.extend(simple_block((offset * WEBM_FRAME_MS) as i16, packet));
        }
    }
    Ok(webm)
}

/// A tick of a WebM timestamp: 1 ms, as everyone has it.
const NANOSECONDS_PER_TICK: u32 = 1_000_000;
/// Length of a WebM packet in milliseconds.
const WEBM_FRAME_MS: usize = WEBM_FRAME * 1_000 / OPUS_RATE_HZ as usize;
/// A block's time is 16 bits relative to its cluster: 30 s of packets stay below 32.767 s.
const PACKETS_PER_CLUSTER: usize = 30_000 / WEBM_FRAME_MS;

/// Names of the EBML elements used (RFC 8794 and RFC 9559), with their length marker.
mod ebml {
    pub(super) const HEADER: &[u8] = &[0x1a, 0x45, 0xdf, 0xa3];
    pub(super) const VERSION: &[u8] = &[0x42, 0x86];
    pub(super) const READ_VERSION: &[u8] = &[0x42, 0xf7];
    pub(super) const MAX_ID_LENGTH: &[u8] = &[0x42, 0xf2];
    pub(super) const MAX_SIZE_LENGTH: &[u8] = &[0x42, 0xf3];
    pub(super) const DOC_TYPE: &[u8] = &[0x42, 0x82];
    pub(super) const DOC_TYPE_VERSION: &[u8] = &[0x42, 0x87];
    pub(super) const DOC_TYPE_READ_VERSION: &[u8] = &[0x42, 0x85];
    pub(super) const SEGMENT: &[u8] = &[0x18, 0x53, 0x80, 0x67];
    pub(super) const INFO: &[u8] = &[0x15, 0x49, 0xa9, 0x66];
    pub(super) const TIMESTAMP_SCALE: &[u8] = &[0x2a, 0xd7, 0xb1];
    pub(super) const MUXING_APP: &[u8] = &[0x4d, 0x80];
    pub(super) const WRITING_APP: &[u8] = &[0x57, 0x41];
    pub(super) const TRACKS: &[u8] = &[0x16, 0x54, 0xae, 0x6b];
    pub(super) const TRACK_ENTRY: &[u8] = &[0xae];
    pub(super) const TRACK_NUMBER: &[u8] = &[0xd7];
    pub(super) const TRACK_UID: &[u8] = &[0x73, 0xc5];
    pub(super) const TRACK_TYPE: &[u8] = &[0x83];
    pub(super) const CODEC_ID: &[u8] = &[0x86];
    pub(super) const CODEC_PRIVATE: &[u8] = &[0x63, 0xa2];
    pub(super) const AUDIO: &[u8] = &[0xe1];
    pub(super) const SAMPLING_FREQUENCY: &[u8] = &[0xb5];
    pub(super) const CHANNELS: &[u8] = &[0x9f];
    pub(super) const CLUSTER: &[u8] = &[0x1f, 0x43, 0xb6, 0x75];
    pub(super) const TIMESTAMP: &[u8] = &[0xe7];
    pub(super) const SIMPLE_BLOCK: &[u8] = &[0xa3];
}

/// An EBML element of known size; the size is written in four bytes, which all of ours fit.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = (body.len() as u32 & 0x0fff_ffff) | 0x1000_0000;
    [id, &size.to_be_bytes(), body].concat()
}

/// The start of an EBML element whose size is unknown: a live stream ends it by ending.
fn open_element(id: &[u8]) -> Vec<u8> {
    [id, &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()
}

/// A key-frame block of track 1, `time_ms` after its cluster's time.
fn simple_block(time_ms: i16, packet: &[u8]) -> Vec<u8> {
    let [high, low] = time_ms.to_be_bytes();
    element(ebml::SIMPLE_BLOCK, &[&[0x81, high, low, 0x80], packet].concat())
}

/// One channel as an MP3 file of constant bit rate with an Info tag, so that players can trim the encoder's delay.
///
/// # Errors
/// [`EncodeError`] when the encoder refuses the sound or the rate.
pub fn mp3(samples: &[f32], rate: SampleRate) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Mp3Encoder::new(Mp3EncoderConfig { bitrate_kbps: MP3_KBPS, vbr_quality: None });
    encoder.push_pcm_f32(samples, 1, rate.hz())?;
    encoder.finish();
    let mut bytes = Vec::new();
    loop {
        match encoder.next_packet() {
            Ok(packet) => bytes.extend(packet),
            Err(rusty_mp3::Error::Eof) => return Ok(bytes),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_agrees_with_the_catalogue() {
        // "CRC-32/CKSUM" is the same sum, inverted at the end: 0x765e7680 for this text.
        assert_eq!(!ogg_crc(b"123456789"), 0x765e_7680);
    }

    #[test]
    fn lacing_marks_the_end_of_packets_of_every_length() {
        let mut ogg = OggWriter { bytes: Vec::new(), serial: 0x0102_0304, sequence: 0 };
        ogg.page(&[vec![1; 254], vec![2; 255], vec![3; 256]], 960, OggWriter::LAST);
        let (header, body) = ogg.bytes.split_at(27 + 5);
        assert_eq!(header[..6], *b"OggS\0\x04");
        assert_eq!(header[6..14], 960_u64.to_le_bytes());
        assert_eq!(header[26..], [5, 254, 255, 0, 255, 1]);
        assert_eq!(body.len(), 254 + 255 + 256);
        let mut blank = ogg.bytes.clone();
        blank[OggWriter::CHECKSUM].fill(0);
        assert_eq!(ogg.bytes[OggWriter::CHECKSUM], ogg_crc(&blank).to_le_bytes());
    }

    #[test]
    fn webm_begins_as_chromes_does() {
        let webm = webm_opus(&[0.0; 4_800], 7, "test").unwrap();
        let at = |needle: &[u8]| webm.windows(needle.len()).position(|window| window == needle);
        assert_eq!(at(ebml::HEADER), Some(0));
        assert!(at(&[ebml::SEGMENT, &[1, 255, 255, 255, 255, 255, 255, 255]].concat()).is_some(), "a live segment");
        assert!(at(b"OpusHead\x01\x01\0\0").is_some(), "one channel, no pre-skip");
        assert!(at(&[0x44, 0x89]).is_none(), "no duration");
        // 4,800 + 312 samples fill two packets of 2,880: at 0 and at 60 ms.
        assert_eq!(webm.windows(4).filter(|window| matches!(window, [0x81, 0, 0 | 60, 0x80])).count(), 2);
    }

    #[test]
    fn nothing_and_one_sample_are_encoded_too() {
        for samples in [&[][..], &[0.5]] {
            assert!(ogg_opus(samples, 1, "").unwrap().starts_with(b"OggS"));
            assert!(webm_opus(samples, 1, "").unwrap().starts_with(ebml::HEADER));
            assert!(mp3(samples, SampleRate::new(OPUS_RATE_HZ).unwrap()).is_ok());
        }
    }
}
