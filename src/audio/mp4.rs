//! What Symphonia leaves out of MP4 and M4A files: which part of the decoded samples is sound.
//!
//! An AAC encoder starts with 1024 to 2112 samples of warm-up. An edit list (`elst`, ISO/IEC 14496-12 section 8.6.6)
//! or Apple's `iTunSMPB` tag says how many; a player that ignores both starts late.

/// The part of a track's decoded samples that is sound, in ticks of the track's own clock (most often samples).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// The first tick of sound.
    pub start: u64,
    /// One past the last tick of sound; `None` when the sound runs to the end.
    pub end: Option<u64>,
    /// How exact `end` is, in ticks: the file's clock can be coarser (milliseconds) than the track's.
    pub slack: u64,
}

/// The boxes at one level of an MP4 file: four letters and what is inside.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let kind: [u8; 4] = self.0.get(4..8)?.try_into().ok()?;
        let (header, size) = match be_u32(self.0, 0)? {
            0 => (8, self.0.len()),
            1 => (16, usize::try_from(be_u64(self.0, 8)?).ok()?),
            size => (8, size as usize),
        };
        let end = size.min(self.0.len());
        let inside = self.0.get(header..end)?;
        self.0 = self.0.get(end..)?;
        Some((kind, inside))
    }
}

/// Descends along `path` to the first box of each name.
fn find<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter()
        .try_fold(bytes, |level, name| Boxes(level).find_map(|(kind, inside)| (kind == **name).then_some(inside)))
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes)
}

fn be_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_be_bytes)
}

/// A field of `tkhd`, `mvhd` or `mdhd` that follows two times, which take 4 bytes each in version 0 and 8 in version 1.
fn field_after_times(header: &[u8]) -> Option<u32> {
    let times = if *header.first()? == 0 { 8 } else { 16 };
    be_u32(header, 4 + times)
}

/// The edit list of the track `track_id`, with one stretch of sound; `None` without one.
pub(super) fn edit_list(file: &[u8], track_id: u32) -> Option<Edit> {
    let movie = find(file, &[b"moov"])?;
    let file_hz = u64::from(field_after_times(find(movie, &[b"mvhd"])?)?);
    let track = Boxes(movie)
        .filter(|(kind, _)| kind == b"trak")
        .map(|(_, track)| track)
        .find(|track| find(track, &[b"tkhd"]).and_then(field_after_times) == Some(track_id))?;
    let track_hz = u64::from(field_after_times(find(track, &[b"mdia", b"mdhd"])?)?);
    let (start, duration) = single_edit(find(track, &[b"edts", b"elst"])?)?;
    // A fragmented file's list has duration 0: it runs to the end.
    let ticks =
        (duration != 0).then_some(duration).and_then(|duration| duration.checked_mul(track_hz)?.checked_div(file_hz));
    let end = ticks.and_then(|ticks| start.checked_add(ticks));
    Some(Edit { start, end, slack: track_hz.checked_div(file_hz).unwrap_or(0) + 1 })
}

/// Start (in the track's clock) and duration (in the file's clock) of the only edit that is not an initial pause.
fn single_edit(list: &[u8]) -> Option<(u64, u64)> {
    let long = *list.first()? == 1;
    let entries = list.get(8..)?.chunks_exact(if long { 20 } else { 12 }).take(be_u32(list, 4)? as usize);
    let mut edits = entries.filter_map(|entry| {
        let (duration, start) = if long {
            (be_u64(entry, 0)?, be_u64(entry, 8)?.cast_signed())
        } else {
            (u64::from(be_u32(entry, 0)?), i64::from(be_u32(entry, 4)?.cast_signed()))
        };
        // A start of -1 is a pause before the sound.
        Some((u64::try_from(start).ok()?, duration))
    });
    let only = edits.next()?;
    edits.next().is_none().then_some(only)
}

/// Whether a fragment (`trun`, ISO/IEC 14496-12 section 8.8.8) claims more samples than the file has bytes.
///
/// Such a claim takes no room in the file, and Symphonia adds up the durations of 2 billion samples for every packet.
pub(super) fn counts_more_samples_than_bytes(file: &[u8]) -> bool {
    let inside =
        |level, name: &'static [u8; 4]| Boxes(level).filter(move |(kind, _)| kind == name).map(|(_, inside)| inside);
    inside(file, b"moof")
        .flat_map(|fragment| inside(fragment, b"traf"))
        .flat_map(|track| inside(track, b"trun"))
        .any(|run| be_u32(run, 4).is_some_and(|count| count as usize > file.len()))
}

/// Apple's gapless tag: hexadecimal numbers " 0 priming padding length ...", in samples.
pub(super) fn parse_itunsmpb(tag: &str) -> Option<Edit> {
    let mut fields = tag.split_ascii_whitespace().map(|field| u64::from_str_radix(field, 16).ok());
    let (_, start, _, length) = (fields.next()??, fields.next()??, fields.next()??, fields.next()??);
    let end = (length > 0).then(|| start.checked_add(length)).flatten();
    Some(Edit { start, end, slack: 0 })
}

/// The four letters that name the coding of the first audio track, for example "samr" for AMR.
pub(super) fn sample_entry(file: &[u8]) -> Option<[u8; 4]> {
    Boxes(find(file, &[b"moov"])?).filter(|(kind, _)| kind == b"trak").find_map(|(_, track)| {
        let media = find(track, &[b"mdia"])?;
        (find(media, &[b"hdlr"])?.get(8..12)? == b"soun").then_some(())?;
        find(media, &[b"minf", b"stbl", b"stsd"])?.get(12..16)?.try_into().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apple_tag() {
        let tag = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";
        assert_eq!(parse_itunsmpb(tag), Some(Edit { start: 2112, end: Some(2112 + 0x3f_31f6), slack: 0 }));
        assert_eq!(parse_itunsmpb("rubbish"), None);
        assert_eq!(parse_itunsmpb(" 00000000 00000840"), None);
    }

    #[test]
    fn lists_with_a_pause_and_with_two_edits() {
        let entry = |duration: u32, start: i32| [duration.to_be_bytes(), start.to_be_bytes(), [0, 1, 0, 0]].concat();
        let list = |entries: &[Vec<u8>]| {
            [&[0; 4], (entries.len() as u32).to_be_bytes().as_slice(), &entries.concat()].concat()
        };
        let pause = entry(100, -1);
        let sound = entry(9_000, 1024);
        assert_eq!(single_edit(&list(&[pause, sound.clone()])), Some((1024, 9_000)));
        assert_eq!(single_edit(&list(&[sound.clone(), sound.clone()])), None);
        assert_eq!(single_edit(&list(&[])), None);
        let long = [[1, 0, 0, 0, 0, 0, 0, 1].as_slice(), &7_u64.to_be_bytes(), &2112_u64.to_be_bytes(), &[0, 1, 0, 0]]
            .concat();
        assert_eq!(single_edit(&long), Some((2112, 7)));
    }

    #[test]
    fn boxes_never_run_past_the_end() {
        // A size of 0 runs to the end, one below the header ends the walk, one too large is cut.
        assert_eq!(Boxes(b"\0\0\0\0moovabc").collect::<Vec<_>>(), [(*b"moov", b"abc".as_slice())]);
        assert_eq!(Boxes(b"\0\0\0\x04moovabc").count(), 0);
        assert_eq!(Boxes(b"\xff\xff\xff\xffmoovabc").collect::<Vec<_>>(), [(*b"moov", b"abc".as_slice())]);
        assert_eq!(Boxes(b"\0\0\0\x01moov\0\0\0\0\0\0\0\x03").count(), 0);
    }
}
