//! Every sound format against the reference decoders, whole, cut off and damaged.
//!
//! The files and the references come from `golden/make_audio_fixtures.sh`.

#![cfg(test)]

mod damaged;
mod refused;
mod trimmed;

use std::path::{Path, PathBuf};

use coughscope::audio::{DecodeError, Recording, decode, decode_bytes};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio").join(name)
}

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// What a fixture must decode to.
struct Case {
    file: &'static str,
    container: &'static str,
    codec: &'static str,
    rate_hz: u32,
    channels: usize,
    /// Samples per channel, exactly.
    frames: usize,
    reference: &'static str,
    /// The least signal-to-noise ratio against the reference; infinite where it must be met bit for bit.
    min_snr_db: f64,
}

const EXACT: f64 = f64::INFINITY;
/// Different decoders round differently in single precision; measured 118 dB and more.
const ROUNDING: f64 = 110.0;
/// AAC rounds more often on the way; measured 103 dB.
const AAC_ROUNDING: f64 = 95.0;
/// `ropus` computes in 16-bit fixed point, the reference in floating point, rounded to 16 bits; measured 72 dB and more.
const FIXED_POINT: f64 = 65.0;

const fn case(
    (file, container, codec): (&'static str, &'static str, &'static str),
    (rate_hz, channels, frames): (u32, usize, usize),
    reference: &'static str,
    min_snr_db: f64,
) -> Case {
    Case { file, container, codec, rate_hz, channels, frames, reference, min_snr_db }
}

const MONO: (u32, usize, usize) = (16_000, 1, 2_400);
const STEREO: (u32, usize, usize) = (16_000, 2, 2_400);
const OPUS: (u32, usize, usize) = (48_000, 1, 7_200);

const CASES: [Case; 35] = [
    case(("mono.wav", "WAV", "PCM"), MONO, "mono.s16", EXACT),
    case(("mono_pcm_s24le.wav", "WAV", "PCM"), MONO, "mono.s16", EXACT),
    case(("mono_pcm_s32le.wav", "WAV", "PCM"), MONO, "mono.s16", EXACT),
    case(("mono_pcm_f32le.wav", "WAV", "PCM"), MONO, "mono.s16", EXACT),
    case(("mono_pcm_f64le.wav", "WAV", "PCM"), MONO, "mono.s16", EXACT),
    case(("mono.flac", "FLAC", "FLAC"), MONO, "mono.s16", EXACT),
    case(("mono_flac.ogg", "Ogg", "FLAC"), MONO, "mono.s16", EXACT),
    case(("mono_alac.m4a", "MP4", "ALAC"), MONO, "mono.s16", EXACT),
    case(("mono.aiff", "AIFF", "PCM"), MONO, "mono.s16", EXACT),
    case(("mono.caf", "CAF", "PCM"), MONO, "mono.s16", EXACT),
    case(("stereo.wav", "WAV", "PCM"), STEREO, "stereo.s16", EXACT),
    case(("stereo.flac", "FLAC", "FLAC"), STEREO, "stereo.s16", EXACT),
    case(("pcm_u8.wav", "WAV", "PCM"), MONO, "pcm_u8.f32", EXACT),
    case(("pcm_alaw.wav", "WAV", "A-law"), MONO, "pcm_alaw.f32", EXACT),
    case(("pcm_mulaw.wav", "WAV", "µ-law"), MONO, "pcm_mulaw.f32", EXACT),
    case(("adpcm_ms.wav", "WAV", "MS ADPCM"), (16_000, 1, 4_072), "adpcm_ms.f32", EXACT),
    case(("adpcm_ima_wav.wav", "WAV", "IMA ADPCM"), (16_000, 1, 4_082), "adpcm_ima_wav.f32", EXACT),
    case(("mp3.mp3", "MPEG", "MP3"), MONO, "mp3.f32", ROUNDING),
    case(("vorbis.ogg", "Ogg", "Vorbis"), MONO, "vorbis.f32", ROUNDING),
    // FFmpeg's WebM does not tell the padding.
    case(("vorbis.webm", "WebM", "Vorbis"), (16_000, 1, 2_560), "vorbis.f32", ROUNDING),
    case(("aac.m4a", "MP4", "AAC"), MONO, "aac.f32", AAC_ROUNDING),
    case(("aac_faststart.m4a", "MP4", "AAC"), MONO, "aac.f32", AAC_ROUNDING),
    case(("aac_fragmented.m4a", "MP4", "AAC"), MONO, "aac.f32", AAC_ROUNDING),
    case(("adts.aac", "ADTS", "AAC"), (16_000, 1, 4_096), "adts.f32", AAC_ROUNDING),
    case(("opus.ogg", "Ogg", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_gain.ogg", "Ogg", "Opus"), OPUS, "opus_gain.s16", FIXED_POINT),
    case(("opus_stereo.ogg", "Ogg", "Opus"), (48_000, 2, 4_800), "opus_stereo.s16", FIXED_POINT),
    case(("opus.webm", "WebM", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_live.webm", "WebM", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus.mp4", "MP4", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_fragmented.mp4", "MP4", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_pages.ogg", "Ogg", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_pre_skip.ogg", "Ogg", "Opus"), (48_000, 1, 7_200 + 312 - 3_840), "opus_pre_skip.s16", FIXED_POINT),
    case(("opus_end_trim.ogg", "Ogg", "Opus"), (48_000, 1, 7_200 - 2_500), "opus_end_trim.s16", FIXED_POINT),
    case(("opus_other_chained.ogg", "Ogg", "Opus"), OPUS, "opus.s16", FIXED_POINT),
];

/// Reference samples, interleaved.
fn reference(name: &str) -> Vec<f32> {
    let bytes = bytes_of(name);
    if name.ends_with(".s16") {
        bytes.chunks_exact(2).map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0).collect()
    } else {
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
    }
}

fn interleaved(recording: &Recording) -> Vec<f32> {
    (0..recording.frames()).flat_map(|frame| recording.channels().iter().map(move |channel| channel[frame])).collect()
}

fn snr_db(reference: &[f32], samples: &[f32]) -> f64 {
    let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let signal = power(&mut reference.iter().map(|&sample| f64::from(sample)));
    let noise = power(&mut reference.iter().zip(samples).map(|(&a, &b)| f64::from(a) - f64::from(b)));
    10.0 * (signal / noise).log10()
}

#[test]
fn every_format_agrees_with_the_reference_decoder() {
    let mut wrong = Vec::new();
    for case in &CASES {
        let recording = match decode(&fixture(case.file)) {
            Ok(recording) => recording,
            Err(error) => {
                wrong.push(format!("{}: {error}", case.file));
                continue;
            }
        };
        let format = recording.format();
        let got = (format.container.as_str(), format.codec.as_str(), recording.rate().hz(), recording.channels().len());
        let expected = (case.container, case.codec, case.rate_hz, case.channels);
        let reference = reference(case.reference);
        // FFmpeg 5.1 leaves the padding at the end of AAC and Vorbis: there the reference is longer. ADPCM comes in
        // blocks, and both decoders keep the last one whole.
        let snr_db = snr_db(&reference[..reference.len().min(case.frames * case.channels)], &interleaved(&recording));
        println!("{:24} {:6} frames {snr_db:6.1} dB", case.file, recording.frames());
        let is_chained = case.file.contains("chained");
        // Opus: opusdec's own end must be ours. (FFmpeg's is later, see above.)
        let is_opusdec = case.reference.ends_with(".s16");
        if got != expected
            || is_opusdec && reference.len() != case.frames * case.channels
            || recording.frames() != case.frames
            || snr_db < case.min_snr_db
            || format.truncated != is_chained
        {
            let frames = recording.frames();
            wrong.push(format!(
                "{}: {got:?}, {frames} frames, {snr_db:.1} dB, truncated {}",
                case.file, format.truncated
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_extension_does_not_matter() {
    for case in &CASES {
        let right = decode(&fixture(case.file)).unwrap();
        for name in ["a", "a.wav", "a.mp3", "a.ogg", "a.webm", "a.m4a", "a.aac", "a.flac", "a.txt"] {
            let other = decode_bytes(&bytes_of(case.file), Path::new(name)).unwrap();
            assert_eq!(right.channels(), other.channels(), "{} named {name}", case.file);
            assert_eq!(right.format(), other.format(), "{} named {name}", case.file);
        }
    }
}

#[test]
fn what_is_not_a_file_is_an_error() {
    assert!(matches!(decode(&fixture("missing.wav")), Err(DecodeError::Read(_))));
    assert!(matches!(decode(&fixture("")), Err(DecodeError::Read(_))));
}

#[test]
fn real_recordings() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let mut folders = vec![data];
    let mut decoded = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if matches!(extension, Some("wav" | "webm" | "ogg")) {
                match decode(&path) {
                    Ok(recording) => assert!(recording.duration().0 > 0.1, "{}", path.display()),
                    // Coswara has 44-byte WAVs.
                    Err(DecodeError::NoSamples) => {}
                    Err(error) => panic!("{error} ({})", path.display()),
                }
                decoded += 1;
            }
        }
    }
    eprintln!("{decoded} real recordings found beside the checkout");
}
