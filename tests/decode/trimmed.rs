//! What lies before and after the sound: warm-up, padding, gain, streams appended to each other.

use std::path::Path;

use coughscope::audio::{Recording, decode, decode_bytes};

use super::{OPUS, bytes_of, fixture};

/// The pages of an Ogg file.
fn ogg_pages(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = file;
    let mut pages = Vec::new();
    while !rest.is_empty() {
        let segments = usize::from(rest[26]);
        let length = 27 + segments + rest[27..27 + segments].iter().map(|&lace| usize::from(lace)).sum::<usize>();
        let (page, next) = rest.split_at(length);
        pages.push(page.to_vec());
        rest = next;
    }
    pages
}

/// Computes the checksum of a changed page anew (RFC 3533, section 6).
pub fn seal(page: &mut [u8]) {
    page[22..26].fill(0);
    let checksum = page.iter().fold(0_u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| (sum << 1) ^ ((sum >> 31) * 0x04c1_1db7))
    });
    page[22..26].copy_from_slice(&checksum.to_le_bytes());
}

/// [`seal`] for every page of a damaged file that still is one.
pub fn seal_all(file: &mut [u8]) {
    let mut rest = file;
    while rest.starts_with(b"OggS") && rest.len() >= 27 {
        let laces = 27..(27 + usize::from(rest[26])).min(rest.len());
        let length = laces.end + rest[laces].iter().map(|&lace| usize::from(lace)).sum::<usize>();
        let (page, next) = rest.split_at_mut(length.min(rest.len()));
        seal(page);
        rest = next;
    }
}

/// An Ogg file with the bytes that follow the first `mark` replaced, and its checksums right.
pub fn ogg_with(file: &[u8], mark: &[u8], content: &[u8]) -> Vec<u8> {
    let mut pages = ogg_pages(file);
    let is_marked = |page: &&mut Vec<u8>| page.windows(mark.len()).any(|bytes| bytes == mark);
    let page = pages.iter_mut().find(is_marked).unwrap();
    *page = with(page, mark, content);
    seal(page);
    pages.concat()
}

/// A file with the bytes that follow the first `mark` replaced.
pub fn with(file: &[u8], mark: &[u8], content: &[u8]) -> Vec<u8> {
    let at = file.windows(mark.len()).position(|bytes| bytes == mark).unwrap() + mark.len();
    [&file[..at], content, &file[at + content.len()..]].concat()
}

fn read(bytes: &[u8]) -> Recording {
    decode_bytes(bytes, Path::new("x")).unwrap()
}

#[test]
fn opus_warm_up_of_any_number_of_packets_is_dropped_in_every_container() {
    let whole = decode(&fixture("opus.ogg")).unwrap();
    // Version 1, one channel, then the pre-skip: 312 at first. A packet has 960 samples.
    let mark = b"OpusHead\x01\x01";
    for pre_skip in [0_u16, 312, 959, 960, 961, 2_000, 3_840, 7_000] {
        let head = pre_skip.to_le_bytes();
        let files = [
            ("Ogg", ogg_with(&bytes_of("opus.ogg"), mark, &head)),
            ("Ogg, a packet a page", ogg_with(&bytes_of("opus_pages.ogg"), mark, &head)),
            ("WebM", with(&bytes_of("opus.webm"), mark, &head)),
        ];
        for (container, file) in files {
            let recording = read(&file);
            // The end stays, since the padding is counted from the end of the packets.
            assert_eq!(recording.frames(), OPUS.2 + 312 - usize::from(pre_skip), "{container}, {pre_skip}");
            let common = recording.frames().min(OPUS.2);
            let tail = |recording: &Recording| recording.channels()[0][recording.frames() - common..].to_vec();
            assert_eq!(tail(&recording), tail(&whole), "{container}, {pre_skip}");
        }
    }
    // More than there is.
    assert!(decode_bytes(&ogg_with(&bytes_of("opus.ogg"), mark, &[0xff; 2]), Path::new("x")).is_err());
}

#[test]
fn opus_warm_up_is_dropped_without_an_edit_list_too() {
    let listed = decode(&fixture("opus.mp4")).unwrap();
    let mp4 = bytes_of("opus.mp4");
    // One edit, whose length in milliseconds stays: it then begins at 0, as FFmpeg reads it too.
    let from_zero = with(&mp4, b"elst\0\0\0\0\0\0\0\x01\0\0\0\x96", &[0; 4]);
    let unlisted = with(&mp4, b"ed", b"xx");
    for (what, file) in [("a list from 0", from_zero), ("no list", unlisted)] {
        let recording = read(&file);
        let common = recording.frames().min(listed.frames());
        assert!(common > 6_800, "{what}: {common} frames");
        assert_eq!(recording.channels()[0][..common], listed.channels()[0][..common], "{what}");
    }
}

#[test]
fn opus_gain_is_applied_in_every_container() {
    let quiet = decode(&fixture("opus_gain.ogg")).unwrap();
    // Pre-skip 312 and 48 kHz, then the gain: -6 dB in 1/256 dB, big-endian in MP4.
    let webm = with(&bytes_of("opus.webm"), b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0", &(-6_i16 * 256).to_le_bytes());
    let mp4 = with(&bytes_of("opus.mp4"), b"dOps\0\x01\x01\x38\0\0\xbb\x80", &(-6_i16 * 256).to_be_bytes());
    for file in [webm, mp4] {
        assert_eq!(read(&file).channels(), quiet.channels());
    }
}

#[test]
fn padding_of_any_length_is_cut_off() {
    let whole = decode(&fixture("opus.ogg")).unwrap();
    let starts_with = |recording: &Recording, frames: usize, what: &str| {
        assert_eq!(recording.frames(), frames, "{what}");
        assert_eq!(recording.channels()[0][..], whole.channels()[0][..frames], "{what}");
    };
    for trim in [1, 168, 960, 2_500, 7_000] {
        for name in ["opus.ogg", "opus_pages.ogg"] {
            let mut pages = ogg_pages(&bytes_of(name));
            let last = pages.last_mut().unwrap();
            last[6..14].copy_from_slice(&(7_512_u64 - trim).to_le_bytes());
            seal(last);
            // A last page of one packet can lose that packet, and no more.
            let trim = if name == "opus_pages.ogg" { trim.min(960 - 168) } else { trim };
            starts_with(&read(&pages.concat()), OPUS.2 - trim as usize, &format!("{name}, {trim} less"));
        }
    }
    // DiscardPadding, in nanoseconds: 3.5 ms of FFmpeg's, then 8 ms and 2 ms.
    for (nanoseconds, frames) in [(8_000_000_u32, 7_200 + 168 - 384), (2_000_000, 7_200 + 168 - 96)] {
        let webm = with(&bytes_of("opus.webm"), b"\x75\xa2\x83", &nanoseconds.to_be_bytes()[1..]);
        let recording = read(&webm);
        assert_eq!(recording.frames(), frames, "{nanoseconds} ns");
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

#[test]
fn ogg_that_lost_a_page_is_marked() {
    let name = Path::new("x.ogg");
    let pages = ogg_pages(&bytes_of("opus_pages.ogg"));
    // Two pages of headers, eight of one packet each.
    assert_eq!(pages.len(), 10);
    assert!(!read(&pages.concat()).format().truncated);
    for lost in 3..10 {
        let mut kept = pages.clone();
        kept.remove(lost);
        let recording = decode_bytes(&kept.concat(), name).unwrap();
        assert!(recording.format().truncated, "page {lost} removed");
        assert!(recording.frames() >= OPUS.2 - 960, "page {lost} removed: {}", recording.frames());
        // A wrong checksum drops the page.
        let mut damaged = pages.clone();
        *damaged[lost].last_mut().unwrap() ^= 1;
        assert!(decode_bytes(&damaged.concat(), name).unwrap().format().truncated, "page {lost} damaged");
    }
}

/// An edit list's start of 2112 samples, Apple's, instead of FFmpeg's 1024.
#[test]
fn edit_lists_of_several_packets() {
    let listed = decode(&fixture("aac.m4a")).unwrap();
    let mark = b"elst\0\0\0\0\0\0\0\x01\0\0\0\x96";
    let later = read(&with(&bytes_of("aac.m4a"), mark, &2_112_u32.to_be_bytes()));
    assert_eq!(later.channels()[0][..], listed.channels()[0][2_112 - 1_024..]);
    // 50 ms instead of 150 ms.
    let shorter = read(&with(&bytes_of("aac.m4a"), &mark[..12], &50_u32.to_be_bytes()));
    assert_eq!(shorter.channels()[0][..], listed.channels()[0][..800]);
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
