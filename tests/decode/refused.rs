//! Kinds of sound that are not read: the message names each of them.

use std::path::Path;

use coughscope::audio::{DecodeError, decode_bytes};

use super::bytes_of;
use super::damaged::wav;
use super::trimmed::with;

/// What the message begins with, of a file that must be refused as unsupported.
#[track_caller]
fn refused(bytes: &[u8], expected: &str) {
    let error = decode_bytes(bytes, Path::new("x.wav")).unwrap_err();
    assert!(matches!(error, DecodeError::Unsupported { .. }), "{expected}: {error:?}");
    let message = error.to_string();
    assert!(message.starts_with(expected), "{expected}: {message}");
    assert!(message.contains("convert the recording"), "{message}");
}

#[test]
fn files_known_by_their_first_bytes() {
    refused(&bytes_of("wma.wma"), "Windows Media (WMA) ");
    refused(b"#!AMR\n\x3c\x08", "AMR, the sound of older phones, ");
    refused(b"#!AMR-WB\n\x3c\x08", "AMR, the sound of older phones, ");
    refused(b"RF64\xff\xff\xff\xffWAVEds64", "WAV of more than 4 GB (RF64) ");
    refused(b"BW64\xff\xff\xff\xffWAVEds64", "WAV of more than 4 GB (BW64) ");
    refused(b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture ");
    refused(b"PK\x03\x04\x14\0", "a ZIP archive ");
}

#[test]
fn what_is_no_sound() {
    for bytes in [b"uuid,datetime,cough_detected\n".as_slice(), b"{}", b"<!doctype html><html>", &[0; 5_000]] {
        assert!(matches!(decode_bytes(bytes, Path::new("x.wav")), Err(DecodeError::NotSound)));
    }
}

#[test]
fn opus_of_several_streams() {
    for file in ["opus_surround.ogg", "opus_surround.webm", "opus_surround.mp4"] {
        refused(&bytes_of(file), "Opus of 6 channels ");
    }
}

#[test]
fn aac_that_is_not_lc() {
    // The decoder configuration of aac.m4a (AudioSpecificConfig, ISO/IEC 14496-3): object type 2 (AAC-LC), 16 kHz,
    // one channel, and the mark of an extension, object type 5 (HE-AAC), that is not used.
    let config = [0x14, 0x08, 0x56, 0xe5, 0x00];
    let coded = |config: [u8; 5]| with(&bytes_of("aac.m4a"), b"\x05\x80\x80\x80\x05", &config);
    assert_eq!(coded(config), bytes_of("aac.m4a"));
    let object_type = |kind: u8| coded([kind << 3 | 0x04, 0x08, 0x56, 0xe5, 0x00]);
    refused(&object_type(5), "HE-AAC ");
    refused(&object_type(29), "HE-AAC ");
    refused(&object_type(23), "low-delay AAC ");
    refused(&object_type(1), "AAC of a rare kind ");
    // 31 announces six more bits: 32 + 7 and 32 + 10.
    refused(&coded([0xf8, 0xe8, 0x10, 0, 0]), "low-delay AAC ");
    refused(&coded([0xf9, 0x48, 0x10, 0, 0]), "xHE-AAC ");
    // The extension used, at 32 kHz: a decoder that does not know it gives the lower half of the sound.
    refused(&coded([0x14, 0x08, 0x56, 0xe5, 0xa8]), "HE-AAC ");
    refused(&bytes_of("aac_surround.m4a"), "AAC of 6 channels ");
    refused(&bytes_of("adts_surround.aac"), "AAC of 6 channels ");
    refused(&coded([0x14, 0x38, 0, 0, 0]), "AAC of 8 channels ");
}

#[test]
fn other_codecs_in_containers_that_are_read() {
    let entry = |name: &[u8; 4]| {
        let mut file = bytes_of("aac.m4a");
        let at = file.windows(4).position(|word| word == b"mp4a").unwrap();
        file[at..at + 4].copy_from_slice(name);
        file
    };
    refused(&entry(b"samr"), "AMR, the sound of older phones, ");
    refused(&entry(b"sawb"), "AMR, the sound of older phones, ");
    refused(&entry(b"Qclp"), "a MP4 file with sound coded as \"Qclp\" ");
    let tagged = |tag: u16| with(&wav(16_000, 400, &[1; 400]), b"fmt \x10\0\0\0", &tag.to_le_bytes());
    refused(&tagged(0x31), "GSM 6.10, the sound of older phones, ");
    refused(&tagged(0x55), "MP3 inside of a WAV file ");
    refused(&tagged(0x161), "Windows Media (WMA) ");
    refused(&tagged(0x4242), "a file of a rare kind (wav: unsupported wave format) ");
}
