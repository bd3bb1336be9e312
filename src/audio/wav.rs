//! Samples to WAV files (Microsoft's RIFF; the layout of "Multimedia Data Standards Update", 1994).

use std::io::{self, Write};
use std::path::Path;

use super::Recording;
use crate::files::{FileError, write_atomic};
use crate::units::SampleRate;

/// `wFormatTag` of integer samples.
const FORMAT_PCM: u16 = 1;
/// `wFormatTag` of 32-bit floating-point samples.
const FORMAT_IEEE_FLOAT: u16 = 3;

/// Bytes from the start of the file to the first sample, less the 8 bytes that the RIFF size does not count.
const HEADER_BYTES_IN_SIZE: u32 = 36;

/// Writes all channels of `recording`, unchanged: 32-bit floating point at the native rate.
///
/// # Errors
/// [`FileError`] when the file cannot be written, or when it would pass WAV's limit of 4 GB.
pub fn write_f32(path: &Path, recording: &Recording) -> Result<(), FileError> {
    write_atomic(path, "writing the WAV file", |out| {
        let channels = recording.channels();
        out.write_all(&header(FORMAT_IEEE_FLOAT, channels.len(), recording.rate(), recording.frames())?)?;
        for frame in 0..recording.frames() {
            for sample in channels.iter().filter_map(|channel| channel.get(frame)) {
                out.write_all(&sample.to_le_bytes())?;
            }
        }
        Ok(())
    })
}

/// A whole 16-bit mono WAV file in memory. Full scale is -1 to 1: what lies beyond is clipped.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] when the file would pass WAV's limit of 4 GB.
pub fn encode_pcm16(samples: &[f32], rate: SampleRate) -> io::Result<Vec<u8>> {
    let mut bytes = header(FORMAT_PCM, 1, rate, samples.len())?.to_vec();
    // 32768 is what decoders divide by; +1 itself has no 16-bit value and becomes 32767.
    bytes.extend(samples.iter().flat_map(|sample| ((sample * 32768.0).round() as i16).to_le_bytes()));
    Ok(bytes)
}

/// The 44 bytes before the samples: the RIFF, format and data chunk headers.
fn header(format_tag: u16, channels: usize, rate: SampleRate, frames: usize) -> io::Result<[u8; 44]> {
    let sample_bytes: u16 = if format_tag == FORMAT_PCM { 2 } else { 4 };
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, "WAV files end at 4 GB");
    let channels = u16::try_from(channels).map_err(|_| too_large())?;
    let frame_bytes = channels.checked_mul(sample_bytes).ok_or_else(too_large)?;
    let data_bytes = u64::from(frame_bytes) * frames as u64;
    let data_bytes = u32::try_from(data_bytes).ok().filter(|&bytes| bytes <= u32::MAX - HEADER_BYTES_IN_SIZE);
    let data_bytes = data_bytes.ok_or_else(too_large)?;

    let mut header = [0; 44];
    let mut out = header.as_mut_slice();
    out.write_all(b"RIFF")?;
    out.write_all(&(HEADER_BYTES_IN_SIZE + data_bytes).to_le_bytes())?;
    out.write_all(b"WAVEfmt ")?;
    out.write_all(&16_u32.to_le_bytes())?;
    out.write_all(&format_tag.to_le_bytes())?;
    out.write_all(&channels.to_le_bytes())?;
    out.write_all(&rate.hz().to_le_bytes())?;
    out.write_all(&rate.hz().saturating_mul(u32::from(frame_bytes)).to_le_bytes())?;
    out.write_all(&frame_bytes.to_le_bytes())?;
    out.write_all(&(8 * sample_bytes).to_le_bytes())?;
    out.write_all(b"data")?;
    out.write_all(&data_bytes.to_le_bytes())?;
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{SoundFormat, decode_bytes};
    use std::path::Path;

    fn recording(channels: Vec<Vec<f32>>) -> Recording {
        let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
        Recording::new(channels, SampleRate::new(44_100).unwrap(), format).unwrap()
    }

    #[test]
    fn float_files_read_back_bit_for_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        // Beyond full scale, subnormal and negative zero: floating point keeps all of them.
        let left = vec![0.1, 1.5, -0.0, 1e-40, 1.0 / 3.0];
        let right = vec![-1.0, 0.0, 0.25, -2.5, 1e-9];
        write_f32(&path, &recording(vec![left.clone(), right.clone()])).unwrap();
        let read = crate::audio::decode(&path).unwrap();
        let bits = |samples: &[f32]| samples.iter().map(|sample| sample.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&read.channels()[0]), bits(&left));
        assert_eq!(bits(&read.channels()[1]), bits(&right));
        assert_eq!(read.rate().hz(), 44_100);
        assert_eq!(read.format(), &SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false });
    }

    #[test]
    fn sixteen_bits_round_and_clip() {
        let bytes =
            encode_pcm16(&[0.0, 0.5, 1.0, -1.0, 7.0, -7.0, f32::NAN], SampleRate::new(16_000).unwrap()).unwrap();
        assert_eq!(bytes.len(), 44 + 14);
        let read = decode_bytes(&bytes, Path::new("x.wav")).unwrap();
        let highest = 32767.0 / 32768.0;
        assert_eq!(*read.channels()[0], [0.0, 0.5, highest, -1.0, highest, -1.0, 0.0]);
    }

    #[test]
    fn more_than_4_gb_is_refused() {
        let rate = SampleRate::new(48_000).unwrap();
        assert!(header(FORMAT_PCM, 1, rate, (u32::MAX as usize - 36) / 2).is_ok());
        assert!(header(FORMAT_PCM, 1, rate, u32::MAX as usize / 2).is_err());
        assert!(header(FORMAT_IEEE_FLOAT, 20_000, rate, 1).is_err());
    }
}
