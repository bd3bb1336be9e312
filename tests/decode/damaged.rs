//! Files cut off, changed, and with headers that lie: an error or a recording, soon, and in little memory.

use std::path::Path;
use std::time::{Duration, Instant};

use coughscope::audio::{DecodeError, Recording, decode, decode_bytes};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::trimmed::{ogg_with, seal_all, with};
use super::{CASES, bytes_of, fixture};

/// A WAV file's 44-byte header, with what tests change in it, and `samples` bytes of sound.
pub fn wav(rate_hz: u32, data_bytes: u32, samples: &[u8]) -> Vec<u8> {
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
fn rates_that_no_recorder_has() {
    // FLAC has 20 bits for the rate, AIFF an 80-bit float, CAF a 64-bit one, Vorbis and WebM's Vorbis 32 bits.
    let vorbis = b"\x01vorbis\0\0\0\0\x01";
    // The rate's last 4 bits share a byte with the channels.
    let mut flac = bytes_of("mono.flac");
    flac[18..20].fill(0);
    flac[20] &= 0x0f;
    let lies = [
        ("WAV, 0", wav(0, 4, &[1; 4])),
        ("WAV, 999", wav(999, 4, &[1; 4])),
        ("WAV, 2147483640", wav(2_147_483_640, 4, &[1; 4])),
        ("FLAC, 0", flac),
        ("AIFF, 0", with(&bytes_of("mono.aiff"), b"COMM\0\0\0\x12\0\x01\0\0\x09\x60\0\x10", &[0; 10])),
        (
            "AIFF, 2^30",
            with(&bytes_of("mono.aiff"), b"COMM\0\0\0\x12\0\x01\0\0\x09\x60\0\x10", b"\x40\x1d\x80\0\0\0\0\0\0\0"),
        ),
        ("CAF, 0", with(&bytes_of("mono.caf"), b"desc\0\0\0\0\0\0\0\x20", &[0; 8])),
        ("CAF, NaN", with(&bytes_of("mono.caf"), b"desc\0\0\0\0\0\0\0\x20", &f64::NAN.to_be_bytes())),
        ("CAF, 1e300", with(&bytes_of("mono.caf"), b"desc\0\0\0\0\0\0\0\x20", &1e300_f64.to_be_bytes())),
        ("Vorbis, 0", ogg_with(&bytes_of("vorbis.ogg"), vorbis, &[0; 4])),
        ("Vorbis, 2^31", ogg_with(&bytes_of("vorbis.ogg"), vorbis, &[0, 0, 0, 0x80])),
        ("Vorbis in WebM, 0", with(&bytes_of("vorbis.webm"), vorbis, &[0; 4])),
        // The escape for a rate in 24 bits.
        ("AAC, 1", with(&bytes_of("aac.m4a"), b"\x05\x80\x80\x80\x05", &[0x17, 0x80, 0, 0, 0x88])),
    ];
    for (what, file) in lies {
        let error = decode_bytes(&file, Path::new("x")).map(|recording| recording.rate()).unwrap_err();
        assert!(matches!(error, DecodeError::Rate(_) | DecodeError::Damaged { .. }), "{what}: {error:?}");
    }
}

/// No length in a header may be believed before the bytes are there.
///
/// The test runs itself again in a process whose memory is bounded: an attempt to take 2 GB ends it.
#[test]
#[cfg(target_os = "linux")]
fn lengths_in_headers_take_no_memory() {
    let inside = "COUGHSCOPE_TEST_BOUNDED_MEMORY";
    if std::env::var_os(inside).is_some() {
        return lie_about_every_length();
    }
    let name = concat!(module_path!(), "::lengths_in_headers_take_no_memory");
    let name = name.split_once("::").unwrap().1;
    let status = std::process::Command::new("sh")
        .args(["-c", "ulimit -v 1500000 && exec \"$0\" --exact \"$1\" --test-threads 1"])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(inside, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success(), "{output}{}", String::from_utf8_lossy(&status.stderr));
    assert!(output.contains("1 passed"), "{output}");
}

/// Writes 2147483640 and its like over every place of the headers of one file of each container.
#[cfg(target_os = "linux")]
fn lie_about_every_length() {
    let files = [
        "mono.wav",
        "adpcm_ms.wav",
        "mono.flac",
        "mono.aiff",
        "mono.caf",
        "mp3.mp3",
        "vorbis.ogg",
        "mono_flac.ogg",
        "opus.ogg",
        "opus.webm",
        "aac_faststart.m4a",
        "aac_fragmented.m4a",
        "opus.mp4",
    ];
    for file in files {
        let whole = bytes_of(file);
        for at in 0..whole.len().min(1_300) - 4 {
            for lie in [2_147_483_640_u32.to_le_bytes(), 2_147_483_640_u32.to_be_bytes(), [0xff; 4]] {
                let mut mutant = whole.clone();
                mutant[at..at + 4].copy_from_slice(&lie);
                let _ = decode_soon(&mutant, &format!("{file}, {lie:?} at {at}"));
            }
        }
    }
    // Ogg is only read with right checksums.
    for length in [2_147_483_640_u32, u32::MAX] {
        let _ = decode_soon(&ogg_with(&bytes_of("opus.ogg"), b"OpusTags", &length.to_le_bytes()), "OpusTags");
        let _ =
            decode_soon(&ogg_with(&bytes_of("vorbis.ogg"), b"\x03vorbis", &length.to_le_bytes()), "Vorbis comments");
    }
    // A tag of 256 MB, as much as ID3 can say, before an MP3.
    let _ = decode_soon(&[b"ID3\x04\0\0\x7f\x7f\x7f\x7f", bytes_of("mp3.mp3").as_slice()].concat(), "ID3");
}

#[test]
fn samples_that_are_no_numbers_become_silence() {
    let decode_end = |file: &str, end: &[u8]| {
        let whole = bytes_of(file);
        let bytes = [&whole[..whole.len() - end.len()], end].concat();
        let recording = decode_bytes(&bytes, Path::new("x.wav")).unwrap();
        assert_eq!(recording.frames(), 2_400);
        assert!(recording.mono().iter().all(|sample| sample.is_finite()));
        recording.mono()[2_396..].to_vec()
    };
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5];
    assert_eq!(decode_end("mono_pcm_f32le.wav", &odd.map(f32::to_le_bytes).concat()), [0.0, 0.0, 0.0, 0.5]);
    // The last but one is a number that only 64 bits can hold.
    let odd = [f64::NAN, f64::NEG_INFINITY, 1e300, 0.5];
    assert_eq!(decode_end("mono_pcm_f64le.wav", &odd.map(f64::to_le_bytes).concat()), [0.0, 0.0, 0.0, 0.5]);
}

/// Decodes bytes that may be anything, soon.
fn decode_soon(bytes: &[u8], what: &str) -> Result<Recording, DecodeError> {
    let start = Instant::now();
    let result = decode_bytes(bytes, Path::new("x"));
    // Milliseconds, really; a busy machine gets time, a hang does not end.
    assert!(start.elapsed() < Duration::from_secs(60), "{what} took {:?}", start.elapsed());
    result
}

/// [`decode_soon`], where no decoder may panic.
fn survive(bytes: &[u8], what: &str) -> Option<Recording> {
    match decode_soon(bytes, what) {
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
        "vorbis.webm",
        "opus.webm",
        "opus_live.webm",
        "opus_pages.ogg",
        "aac_faststart.m4a",
    ];
    for file in kept {
        let bytes = bytes_of(file);
        let whole = decode(&fixture(file)).unwrap();
        for percent in [90, 99] {
            let what = format!("{percent} % of {file}");
            let cut = survive(&bytes[..bytes.len() * percent / 100], &what).unwrap_or_else(|| panic!("{what} is lost"));
            let (frames, all) = (cut.frames(), whole.frames());
            // Vorbis's codebooks take most of its short file, so that the last tenth holds most of the sound.
            assert!(frames > all / 5 && (frames < all || percent == 99), "{what}: {frames} of {all} frames");
            // The last samples may be half of an overlap.
            let same = frames.min(all) * 9 / 10;
            assert!(cut.channels()[0][..same] == whole.channels()[0][..same], "{what} sounds different");
            // MP3 and ADTS have no structure that could tell.
            let can_tell = !file.ends_with(".mp3") && !file.ends_with(".aac");
            assert!(cut.format().truncated || !can_tell, "{what} is not marked");
        }
    }
}

#[test]
fn a_decoder_that_panics_is_an_error_of_that_file() {
    // Vorbis codebooks with a right checksum that make no sense: Symphonia 0.6.1 asserts that they do.
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let whole = bytes_of("vorbis.ogg");
    let panics = (0..3_000).any(|_| {
        let mut mutant = whole.clone();
        for _ in 0..4 {
            let at = random.random_range(0..1_500);
            mutant[at] = random.random();
        }
        seal_all(&mut mutant);
        matches!(decode_soon(&mutant, "Vorbis"), Err(DecodeError::Panicked))
    });
    assert!(panics, "no mutant makes Symphonia panic any more: use another file, or drop the guard");
    assert!(decode(&fixture("vorbis.ogg")).is_ok());
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
