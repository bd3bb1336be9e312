//! Which part of a recording is handed to the device next, and which is heard right now.

use std::collections::VecDeque;
use std::ops::Range;

/// Stretches that may be on their way to the ear at once: a loop of a few milliseconds turns often within the latency.
const REMEMBERED: usize = 64;

/// The way of a device through a recording. Positions are frames of the recording, counts are frames written.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// What is played.
    range: Range<usize>,
    /// From the end of the range back to its start.
    looped: bool,
    /// The frame that is handed over next.
    next: usize,
    /// Frames handed over so far.
    written: usize,
    /// From where on each stretch was handed over: the count when it began, and its first frame. Oldest first.
    stretches: VecDeque<(usize, usize)>,
}

impl Track {
    /// Plays `range` from `start`; a start outside of it means its beginning.
    pub fn new(range: Range<usize>, start: usize, looped: bool) -> Self {
        let next = if range.contains(&start) { start } else { range.start };
        Self { range, looped, next, written: 0, stretches: VecDeque::from([(0, next)]) }
    }

    /// The next frames to hand over, at most `most`; `None` at the end.
    pub fn take(&mut self, most: usize) -> Option<Range<usize>> {
        if self.next >= self.range.end {
            if !self.looped || self.range.is_empty() {
                return None;
            }
            self.next = self.range.start;
            self.stretches.push_back((self.written, self.next));
            if self.stretches.len() > REMEMBERED {
                self.stretches.pop_front();
            }
        }
        let taken = self.next..self.range.end.min(self.next + most.max(1));
        self.written += taken.len();
        self.next = taken.end;
        Some(taken)
    }

    /// Whether it begins again at its end.
    pub fn set_looped(&mut self, looped: bool) {
        self.looped = looped;
    }

    /// The frame that is heard while `delay` of the written frames are still waiting.
    pub fn heard(&self, delay: usize) -> usize {
        let count = self.written.saturating_sub(delay);
        let stretch = self.stretches.iter().rev().find(|(begun, _)| *begun <= count).or(self.stretches.front());
        stretch.map_or(self.range.start, |(begun, first)| (first + count.saturating_sub(*begun)).min(self.range.end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything a track hands over, in pieces of `most` frames; loops are cut after `limit` frames.
    fn all(track: &mut Track, most: usize, limit: usize) -> Vec<usize> {
        let mut frames = Vec::new();
        while frames.len() < limit
            && let Some(piece) = track.take(most)
        {
            frames.extend(piece);
        }
        frames
    }

    #[test]
    fn a_range_is_played_once_from_where_one_stands() {
        let mut track = Track::new(10..20, 13, false);
        assert_eq!(all(&mut track, 4, 100), (13..20).collect::<Vec<_>>());
        assert_eq!(track.take(4), None);
        let mut elsewhere = Track::new(10..20, 50, false);
        assert_eq!(elsewhere.take(4), Some(10..14), "a cursor outside of the selection starts at its beginning");
    }

    #[test]
    fn a_loop_begins_again_until_it_is_ended() {
        let mut track = Track::new(10..13, 12, true);
        assert_eq!(all(&mut track, 2, 7), [12, 10, 11, 12, 10, 11, 12]);
        track.set_looped(false);
        assert_eq!(track.take(2), None);
    }

    #[test]
    fn nothing_is_no_endless_loop() {
        assert_eq!(Track::new(5..5, 5, true).take(10), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_heard_is_what_was_written_that_long_ago(
            start in 0..40_usize,
            length in 8..60_usize,
            offset in 0..60_usize,
            most in 1..20_usize,
            delay in 0..100_usize,
        ) {
            let mut track = Track::new(start..start + length, start + offset, true);
            let frames = all(&mut track, most, 300);
            // What is heard is the frame whose turn comes when `delay` are waiting; at no delay, the one after the last.
            let heard = track.heard(delay);
            if delay == 0 {
                prop_assert_eq!(heard, frames[frames.len() - 1] + 1);
            } else {
                let expected = frames[frames.len() - delay];
                let turned = frames[frames.len() - delay - 1] + 1;
                prop_assert!(heard == expected || heard == turned, "{} for {} or {}", heard, expected, turned);
            }
        }
    }
}
