//! Every sound format against the reference decoders, whole, cut off and damaged.
//!
//! The files and the references come from `golden/make_audio_fixtures.sh`.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coughscope::audio::{DecodeError, Recording, decode, decode_bytes};
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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

const CASES: [Case; 30] = [
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
    case(("adts.aac", "ADTS", "AAC"), (16_000, 1, 4_096), "adts.f32", AAC_ROUNDING),
    case(("opus.ogg", "Ogg", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_gain.ogg", "Ogg", "Opus"), OPUS, "opus_gain.s16", FIXED_POINT),
    case(("opus_stereo.ogg", "Ogg", "Opus"), (48_000, 2, 4_800), "opus_stereo.s16", FIXED_POINT),
    case(("opus.webm", "WebM", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus_live.webm", "WebM", "Opus"), OPUS, "opus.s16", FIXED_POINT),
    case(("opus.mp4", "MP4", "Opus"), OPUS, "opus.s16", FIXED_POINT),
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
        if got != expected
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
    for (file, name) in [("opus.webm", "a.wav"), ("mono.wav", "a.mp3"), ("aac.m4a", "a"), ("mono.flac", "a.ogg")] {
        let right = decode(&fixture(file)).unwrap();
        let wrong = decode_bytes(&bytes_of(file), Path::new(name)).unwrap();
        assert_eq!(right.channels(), wrong.channels(), "{file} named {name}");
    }
}

#[test]
fn streams_appended_to_each_other_are_one_recording() {
    let twice = [bytes_of("opus.ogg"), bytes_of("opus_gain.ogg")].concat();
    // The same serial number twice is not allowed, and still read.
    let recording = decode_bytes(&twice, Path::new("x.ogg")).unwrap();
    assert_eq!(recording.frames(), 2 * OPUS.2);
    assert!(!recording.format().truncated);
}

/// An MP4 box.
fn mp4_box(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), name.as_slice(), content].concat()
}

#[test]
fn apples_gapless_tag_wins_over_the_edit_list() {
    // Priming 2112, padding 0, length 100; FFmpeg does not write the tag, so that it is appended here.
    let text = b" 00000000 00000840 00000000 0000000000000064 00000000";
    let tag = [
        mp4_box(b"mean", b"\0\0\0\0com.apple.iTunes"),
        mp4_box(b"name", b"\0\0\0\0iTunSMPB"),
        mp4_box(b"data", &[b"\0\0\0\x01\0\0\0\0", text.as_slice()].concat()),
    ];
    let handler = mp4_box(b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
    let list = mp4_box(b"ilst", &mp4_box(b"----", &tag.concat()));
    let metadata = mp4_box(b"meta", &[b"\0\0\0\0".as_slice(), &handler, &list].concat());
    let tagged = decode_bytes(&[bytes_of("aac.m4a"), metadata].concat(), Path::new("x.m4a")).unwrap();
    // The edit list alone starts at 1024.
    let listed = decode(&fixture("aac.m4a")).unwrap();
    assert_eq!(tagged.frames(), 100);
    assert!(tagged.channels()[0][..] == listed.channels()[0][2112 - 1024..][..100]);
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let error = |bytes: &[u8]| decode_bytes(bytes, Path::new("x.wav")).unwrap_err().to_string();
    assert!(error(&bytes_of("wma.wma")).starts_with("Windows Media (WMA)"));
    assert!(error(&bytes_of("opus_surround.ogg")).starts_with("Opus of 6 channels"));
    assert!(error(b"#!AMR\n\x3c\x08").starts_with("AMR"));
    assert!(error(b"RF64\xff\xff\xff\xffWAVEds64").contains("4 GB"));
    assert!(error(b"\xff\xd8\xff\xe0\0\x10JFIF").starts_with("a JPEG picture"));
    assert!(error(b"uuid,datetime,cough_detected\n").contains("not a sound file"));
    let he_aac = {
        // The audio object type of the decoder configuration (ISO/IEC 14496-3): 2 is AAC-LC, 5 is HE-AAC.
        let mut bytes = bytes_of("aac.m4a");
        let config = bytes.windows(2).position(|pair| pair == [0x14, 0x08]).unwrap();
        bytes[config] = 5 << 3 | 0x04;
        bytes
    };
    let message = error(&he_aac);
    assert!(message.starts_with("HE-AAC"), "{message}");
    let amr_in_mp4: Vec<u8> = bytes_of("aac.m4a");
    let at = amr_in_mp4.windows(4).position(|word| word == b"mp4a").unwrap();
    let amr_in_mp4 = [&amr_in_mp4[..at], b"samr", &amr_in_mp4[at + 4..]].concat();
    let message = error(&amr_in_mp4);
    assert!(message.starts_with("AMR"), "{message}");
}

/// A WAV file's 44-byte header, with what tests change in it, and `samples` bytes of sound.
fn wav(rate_hz: u32, data_bytes: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = bytes_of("mono.wav")[..44].to_vec();
    bytes[4..8].copy_from_slice(&data_bytes.saturating_add(36).to_le_bytes());
    bytes[24..28].copy_from_slice(&rate_hz.to_le_bytes());
    bytes[40..44].copy_from_slice(&data_bytes.to_le_bytes());
    bytes.extend_from_slice(samples);
    bytes
}

#[test]
fn headers_that_lie() {
    let name = Path::new("x.wav");
    assert!(matches!(decode_bytes(&[], name), Err(DecodeError::NoSamples)));
    assert!(matches!(decode_bytes(&wav(16_000, 0, &[]), name), Err(DecodeError::NoSamples)));
    assert!(matches!(decode_bytes(&wav(0, 4, &[1; 4]), name), Err(DecodeError::Rate(_) | DecodeError::Damaged { .. })));
    assert!(matches!(decode_bytes(&wav(2_147_483_640, 4, &[1; 4]), name), Err(DecodeError::Rate(_))));
    let mut crowd = wav(16_000, 400, &[1; 400]);
    crowd[22..24].copy_from_slice(&u16::MAX.to_le_bytes());
    assert!(decode_bytes(&crowd, name).is_err(), "65,535 channels");
    // A recorder that never came back to fill in the length, and one that left 2 GB there.
    for data_bytes in [2_147_483_640, u32::MAX] {
        let recording = decode_bytes(&wav(16_000, data_bytes, &[1; 400]), name).unwrap();
        assert_eq!(recording.frames(), 200, "{data_bytes}");
    }
    assert!(decode_bytes(&wav(16_000, 800, &[1; 400]), name).unwrap().format().truncated);
}

#[test]
fn samples_that_are_no_numbers_become_silence() {
    let mut bytes = bytes_of("mono_pcm_f32le.wav");
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&[f32::NAN.to_le_bytes(), f32::INFINITY.to_le_bytes()].concat());
    let recording = decode_bytes(&bytes, Path::new("x.wav")).unwrap();
    assert!(recording.mono().iter().all(|sample| sample.is_finite()));
    assert_eq!(recording.mono()[2_398..], [0.0, 0.0]);
}

#[test]
fn what_is_not_a_file_is_an_error() {
    assert!(matches!(decode(&fixture("missing.wav")), Err(DecodeError::Read(_))));
    assert!(matches!(decode(&fixture("")), Err(DecodeError::Read(_))));
}

/// Decodes bytes that may be anything: an error or a recording, soon.
fn survive(bytes: &[u8], what: &str) -> Option<Recording> {
    let start = Instant::now();
    let result = decode_bytes(bytes, Path::new("x"));
    // Milliseconds, really; a busy machine gets time, a hang does not end.
    assert!(start.elapsed() < Duration::from_secs(60), "{what} took {:?}", start.elapsed());
    match result {
        Ok(recording) => Some(recording),
        Err(DecodeError::Panicked) => panic!("{what}: the decoder panicked"),
        Err(_) => None,
    }
}

#[test]
fn files_cut_off_anywhere() {
    for case in &CASES {
        let whole = bytes_of(case.file);
        let frames = decode(&fixture(case.file)).unwrap().frames();
        // Every byte of the headers, then about every hundredth of the rest.
        let step = (whole.len() / 100).max(1);
        for length in (0..whole.len().min(200)).chain((200..whole.len()).step_by(step)) {
            let what = format!("{} cut at {length}", case.file);
            let Some(cut) = survive(&whole[..length], &what) else { continue };
            // Without its last packet, the file has lost what told the padding apart: up to 120 ms more than the whole.
            let most = frames + cut.rate().hz() as usize * 120 / 1000 + 1024;
            assert!(cut.frames() <= most, "{what}: {} of {frames} frames", cut.frames());
        }
    }
}

#[test]
fn a_file_without_its_end_still_sounds() {
    let kept = [
        "mono.wav",
        "mono.flac",
        "mono.aiff",
        "mp3.mp3",
        "adts.aac",
        "opus.webm",
        "opus_live.webm",
        "aac_faststart.m4a",
    ];
    for file in kept {
        let whole = bytes_of(file);
        let frames = decode(&fixture(file)).unwrap().frames();
        let cut = survive(&whole[..whole.len() * 9 / 10], file).unwrap_or_else(|| panic!("{file} is lost"));
        assert!(cut.frames() < frames && cut.frames() > frames / 20, "{file}: {} of {frames}", cut.frames());
        // MP3 and ADTS have no structure that could tell.
        let can_tell = !file.ends_with(".mp3") && !file.ends_with(".aac");
        assert!(cut.format().truncated || !can_tell, "{file} is not marked");
    }
}

#[test]
fn files_with_bytes_changed_anywhere() {
    let mut random = ChaCha8Rng::seed_from_u64(20_200_413);
    for case in &CASES {
        let whole = bytes_of(case.file);
        for round in 0..60 {
            let mut mutant = whole.clone();
            for _ in 0..random.random_range(1..8) {
                // Headers are where a changed byte does most: half of the changes go there.
                let range = if random.random_bool(0.5) { whole.len().min(256) } else { whole.len() };
                let at = random.random_range(0..range);
                mutant[at] = if random.random_bool(0.3) { 0xff } else { random.random() };
            }
            survive(&mutant, &format!("{}, mutant {round}", case.file));
        }
    }
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
