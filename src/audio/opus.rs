//! Opus packets to samples: the codec of browser and phone recordings (most of COUGHVID).
//!
//! Symphonia finds the packets but has no Opus decoder; `ropus`, a port of libopus, decodes them. What surrounds the
//! packets (RFC 7845) is ours: the identification header, its gain, and the samples to drop at the start.

use ropus::{Channels, DecodeMode, Decoder};
use symphonia::core::codecs::audio::AudioCodecParameters;

/// The rate that Opus decodes to, in hertz, whatever the microphone used (RFC 7845, section 4).
pub(super) const RATE_HZ: u32 = 48_000;

/// The longest packet is 120 ms (RFC 6716, section 2.1.4): this many samples per channel at [`RATE_HZ`].
const MAX_PACKET_FRAMES: usize = 5_760;

/// The identification header of an Opus stream: in Ogg the first packet, in WebM the codec's private data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OpusHead {
    /// Number of channels, 1 to 255.
    pub channels: u8,
    /// Samples per channel at the start that only warm the decoder up, at [`RATE_HZ`].
    pub pre_skip: u16,
    /// What to multiply decoded samples with; 1 leaves them.
    pub gain: f32,
    /// Each packet holds one stream that gives all channels, in their order; else several, one after the other.
    pub is_one_stream: bool,
}

impl OpusHead {
    /// The header that the container holds, or one made up from the container's own count of channels.
    pub fn of(params: &AudioCodecParameters) -> Option<Self> {
        params.extra_data.as_deref().and_then(Self::parse).or_else(|| {
            let channels = params.channels.as_ref()?.count();
            Some(Self { channels: u8::try_from(channels).ok()?, pre_skip: 0, gain: 1.0, is_one_stream: true })
        })
    }

    /// Reads the header (RFC 7845, section 5.1): "OpusHead", version, channels, pre-skip, rate, gain, and the mapping
    /// of channels to streams.
    ///
    /// Returns `None` when `bytes` is no such header. MP4's `dOps` box differs (big-endian, no magic): Symphonia
    /// prefixes the magic and sets the version to 0, which tells the two apart.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let fields = bytes.strip_prefix(b"OpusHead")?;
        let &[version, channels, skip_a, skip_b, _, _, _, _, gain_a, gain_b, ref mapping @ ..] = fields else {
            return None;
        };
        let (pre_skip, gain_q8) = if version == 0 {
            (u16::from_be_bytes([skip_a, skip_b]), i16::from_be_bytes([gain_a, gain_b]))
        } else {
            (u16::from_le_bytes([skip_a, skip_b]), i16::from_le_bytes([gain_a, gain_b]))
        };
        // The gain is in decibels with 8 fractional bits.
        let gain = 10_f32.powf(f32::from(gain_q8) / (20.0 * 256.0));
        let is_one_stream = match mapping {
            // Family 0 has no table, and always means one stream.
            [] | [0, ..] => true,
            // Streams, how many of them are stereo, then the decoded channel that each output channel takes.
            [_, streams, coupled, table @ ..] => {
                (*streams, coupled.checked_add(1)) == (1, Some(channels)) && table.iter().copied().eq(0..channels)
            }
            _ => false,
        };
        Some(Self { channels, pre_skip, gain, is_one_stream })
    }
}

/// Decodes the packets of one mono or stereo Opus stream, in order.
pub(super) struct OpusDecoder {
    inner: Decoder,
    channels: usize,
    gain: f32,
    /// Room for the longest packet, interleaved.
    interleaved: Vec<f32>,
}

impl OpusDecoder {
    /// A decoder for `head`; `None` when it has more than two channels, or channels in streams of their own.
    pub fn new(head: OpusHead) -> Option<Self> {
        let layout = match head.channels {
            1 if head.is_one_stream => Channels::Mono,
            2 if head.is_one_stream => Channels::Stereo,
            _ => return None,
        };
        let channels = layout.count();
        let inner = Decoder::new(RATE_HZ, layout).ok()?;
        Some(Self { inner, channels, gain: head.gain, interleaved: vec![0.0; MAX_PACKET_FRAMES * channels] })
    }

    /// Decodes one packet into `block` (one vector per channel, replaced); `None` when the packet is malformed.
    pub fn decode(&mut self, packet: &[u8], block: &mut Vec<Vec<f32>>) -> Option<()> {
        // An empty packet would ask for 120 ms of concealment; no muxer writes one.
        if packet.is_empty() {
            return None;
        }
        let frames = self.inner.decode_float(packet, &mut self.interleaved, DecodeMode::Normal).ok()?;
        let interleaved = self.interleaved.get(..frames * self.channels)?;
        block.resize_with(self.channels, Vec::new);
        for (channel, samples) in block.iter_mut().enumerate() {
            samples.clear();
            samples.extend(interleaved.iter().skip(channel).step_by(self.channels).map(|sample| sample * self.gain));
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_of_ogg_and_of_mp4() {
        let ogg = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\x06\0";
        let head = OpusHead::parse(ogg).unwrap();
        assert_eq!((head.channels, head.pre_skip), (2, 312));
        assert!((head.gain - 1.995_262_3).abs() < 1e-6, "6 dB, not {}", head.gain);
        let mp4 = b"OpusHead\0\x01\x01\x38\0\0\xbb\x80\xfa\0\0";
        let head = OpusHead::parse(mp4).unwrap();
        assert_eq!((head.channels, head.pre_skip), (1, 312));
        assert!((head.gain - 0.501_187_2).abs() < 1e-6, "-6 dB, not {}", head.gain);
        assert_eq!(OpusHead::parse(b"OpusHead\x01\x02"), None);
        assert_eq!(OpusHead::parse(b"OpusTags\x01\x02\x38\x01\x80\xbb\0\0\0\x06\0"), None);
    }

    #[test]
    fn streams_of_one_channel_each_are_told_from_stereo() {
        let is_one_stream = |mapping: &[u8]| {
            let head = [b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0".as_slice(), mapping].concat();
            OpusHead::parse(&head).unwrap().is_one_stream
        };
        assert!(is_one_stream(&[0]) && is_one_stream(&[]));
        assert!(is_one_stream(&[1, 1, 1, 0, 1]));
        assert!(!is_one_stream(&[255, 2, 0, 0, 1]), "two mono streams");
        assert!(!is_one_stream(&[1, 1, 1, 1, 0]), "left and right swapped");
        assert!(!is_one_stream(&[1, 1, 255, 0, 1]) && !is_one_stream(&[1]), "damaged tables");
    }

    #[test]
    fn surround_and_malformed_packets_are_refused() {
        let head = OpusHead { channels: 6, pre_skip: 0, gain: 1.0, is_one_stream: false };
        assert!(OpusDecoder::new(head).is_none());
        let mut mono = OpusDecoder::new(OpusHead { channels: 1, is_one_stream: true, ..head }).unwrap();
        let mut block = Vec::new();
        assert!(mono.decode(&[], &mut block).is_none());
        assert!(mono.decode(&[0xff], &mut block).is_none(), "a packet of unknown length without a length");
    }
}
