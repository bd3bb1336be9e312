//! What Symphonia leaves out of WebM files: the end of the sound.
//!
//! A walk over the file's EBML elements (RFC 8794) finds the padding that the last block asks to discard (RFC 9559,
//! section 5.1.3.5.7), and whether the file is whole.

/// How a WebM file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Padding after the last sample of sound, in nanoseconds.
    pub discard_ns: u64,
    /// Every element ends inside of the file. (A browser's live recording, whose elements have no length, is whole.)
    pub whole: bool,
}

// Element identifiers with their length marker, as in the files.
const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1f43_b675;
const BLOCK_GROUP: u64 = 0xa0;
const SIMPLE_BLOCK: u64 = 0xa3;
const DISCARD_PADDING: u64 = 0x75a2;

/// Walks the elements of `file`, into segments, clusters and block groups, over everything else.
pub(super) fn tail(file: &[u8]) -> Tail {
    let mut tail = Tail { discard_ns: 0, whole: true };
    let mut rest = file;
    while !rest.is_empty() {
        let Some((id, size, inside)) = element(rest) else {
            return Tail { whole: false, ..tail };
        };
        let end = size.and_then(|size| usize::try_from(size).ok());
        if matches!(id, BLOCK_GROUP | SIMPLE_BLOCK) {
            // Only what the very last block discards is the end of the sound.
            tail.discard_ns = 0;
        }
        if matches!(id, SEGMENT | CLUSTER | BLOCK_GROUP) {
            tail.whole &= size.is_none() || end.is_some_and(|end| end <= inside.len());
            rest = inside;
            continue;
        }
        let Some((content, next)) = end.and_then(|end| inside.split_at_checked(end)) else {
            return Tail { whole: false, ..tail };
        };
        if id == DISCARD_PADDING {
            tail.discard_ns = signed(content).try_into().unwrap_or(0);
        }
        rest = next;
    }
    tail
}

/// One element's header: identifier, size of its content (`None` when unknown), and what follows the header.
fn element(bytes: &[u8]) -> Option<(u64, Option<u64>, &[u8])> {
    let (id, id_length, rest) = variable_length(bytes)?;
    let (marked, length, inside) = variable_length(rest)?;
    let value = marked ^ (1 << (7 * length));
    let unknown = (1 << (7 * length)) - 1;
    (id_length <= 4).then_some((id, (value != unknown).then_some(value), inside))
}

/// A number of 1 to 8 bytes, its length marker included, with that length.
fn variable_length(bytes: &[u8]) -> Option<(u64, u32, &[u8])> {
    let length = bytes.first()?.leading_zeros() + 1;
    let (number, rest) = bytes.split_at_checked(length as usize).filter(|_| length <= 8)?;
    Some((number.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)), length, rest))
}

/// A big-endian signed integer of 0 to 8 bytes; longer ones give 0.
fn signed(content: &[u8]) -> i64 {
    if content.len() > 8 {
        return 0;
    }
    let start = if content.first().is_some_and(|&byte| byte >= 0x80) { -1 } else { 0 };
    content.iter().fold(start, |value, &byte| value << 8 | i64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segment (unknown length), cluster (unknown length), a simple block, a block group with 6.5 ms to discard.
    const LIVE: &[u8] = b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x1f\x43\xb6\x75\xff\
        \xa3\x84abcd\xa0\x8b\xa1\x84efgh\x75\xa2\x82\x19\x64";

    #[test]
    fn discard_padding_of_the_last_block() {
        assert_eq!(tail(LIVE), Tail { discard_ns: 0x1964, whole: true });
        let followed = [LIVE, b"\xa3\x81x"].concat();
        assert_eq!(tail(&followed), Tail { discard_ns: 0, whole: true });
    }

    #[test]
    fn every_cut_inside_of_an_element_shows() {
        let boundaries = [12, 17, 23, 25, 31, LIVE.len()];
        for length in 13..LIVE.len() {
            let whole = tail(&LIVE[..length]).whole;
            // A block group of 11 bytes is cut everywhere but at its end.
            let expected = boundaries.contains(&length) && !(24..LIVE.len()).contains(&length);
            assert_eq!(whole, expected, "cut at {length}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(signed(b""), 0);
        assert_eq!(signed(b"\xff\xfe"), -2);
        assert_eq!(signed(b"\x19\x64"), 6500);
        assert_eq!(variable_length(b"\x00"), None);
        assert_eq!(variable_length(b"\x40\x7fz"), Some((0x407f, 2, b"z".as_slice())));
    }
}
