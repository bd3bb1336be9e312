//! Recordings that are there twice: the same samples, or the same sound in another form.
//!
//! One cough in both training and test data makes any network look better than it is. Public collections hold such pairs:
//! files uploaded twice, one dataset within another, segments beside the recordings that they were cut from.

use std::collections::HashMap;
use std::ops::ControlFlow;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fingerprint::{ContentHash, Fingerprint, SILENT};
use crate::units::Seconds;

/// How two recordings are the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// The same samples.
    Exact,
    /// The same sound, re-encoded, resampled, louder, softer, or cut.
    Near {
        /// Share of the compared bits that differ; 0.5 for unrelated sounds.
        bit_error_rate: f32,
        /// When the second recording's beginning sounds in the first one; negative when it begins before.
        offset: Seconds,
        /// How much sound was compared: silence, and what only one of them holds, is left out.
        overlap: Seconds,
    },
}

/// Two recordings that are the same, by their places in the order of adding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The earlier one.
    pub first: usize,
    /// The later one.
    pub second: usize,
    /// How they are the same.
    pub likeness: Likeness,
}

/// All duplicates of a collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// In order of `first`, then `second`. Of recordings with the same samples, each is paired with the first one only, and
    /// only that first one is compared by ear.
    pub pairs: Vec<Duplicate>,
}

impl Duplicates {
    /// Recordings that are the same by any chain of pairs: the members in order, groups in the order of their first one.
    #[must_use]
    pub fn groups(&self) -> Vec<Vec<usize>> {
        // Each member points to an earlier one of its group, or to itself.
        let mut parent: HashMap<usize, usize> = HashMap::new();
        fn root(parent: &mut HashMap<usize, usize>, member: usize) -> usize {
            let mut at = member;
            while let Some(&next) = parent.get(&at).filter(|&&next| next != at) {
                at = next;
            }
            parent.insert(member, at);
            at
        }
        for pair in &self.pairs {
            let (one, other) = (root(&mut parent, pair.first), root(&mut parent, pair.second));
            parent.insert(one.max(other), one.min(other));
        }
        let mut members: Vec<usize> = parent.keys().copied().collect();
        members.sort_unstable();
        let mut groups: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
        for member in members {
            groups.entry(root(&mut parent, member)).or_default().push(member);
        }
        groups.into_values().collect()
    }
}

/// Up to this share of differing bits, two sounds are the same.
///
/// Measured at the best alignment of all, over at least [`MIN_WORDS`] words. Virufy's 121 segments against their own originals:
/// at most 0.24. The same sound cut, turned down and re-encoded at 32 kbit/s Opus: 0.17. Recordings of different people in
/// Virufy, Coswara and COUGHVID: at least 0.37 in 13,204 pairs. Other recordings of one person: at least 0.31 in 536 pairs.
/// Haitsma and Kalker use 0.35, with 256 words.
const MAX_BIT_ERROR_RATE: f64 = 0.25;

/// [`MAX_BIT_ERROR_RATE`] for as many compared words; less where there are few, as chance then goes further.
///
/// In 30,000 synthetic recordings, 450 million pairs, 1,792 unrelated ones came below 0.25, all but one of them over fewer than
/// 60 words: the lowest 0.17 below 40 words, 0.22 from there on. Re-encoded copies stay below 0.17.
fn max_bit_error_rate(words: u32) -> f64 {
    /// Up to this many words (0.64 s), the strict bound holds; from twice as many on, the wide one.
    const FEW: f64 = 40.0;
    const STRICT: f64 = 0.17;
    let more = (f64::from(words) / FEW - 1.0).clamp(0.0, 1.0);
    STRICT + more * (MAX_BIT_ERROR_RATE - STRICT)
}

/// The fewest words that must be loud in both: 0.19 s of sound, less than the loud part of one cough.
const MIN_WORDS: u32 = 12;

/// Collects fingerprints, then finds all duplicates.
///
/// Words that agree in three of four bytes at least point to pairs worth a comparison: any single wrong bit of a word is
/// forgiven (as in Manku et al. 2007, "Detecting near-duplicates for web crawling"), which a plain index of whole words would
/// pay for with 32 more look-ups. Memory: 2.5 kB for 10 s of sound, and 32 MB of postings.
#[derive(Clone, Debug, Default)]
pub struct DuplicateFinder {
    recordings: usize,
    /// The first recording with each hash.
    by_hash: HashMap<ContentHash, usize>,
    exact: Vec<Duplicate>,
    /// The words of all fingerprints, with [`REACH`] silent ones after each.
    words: Vec<u32>,
    /// How many of them are not silent.
    audible: usize,
    /// Where each fingerprint begins in `words`, and whose it is.
    starts: Vec<(usize, usize)>,
}

/// Postings that are sorted at a time: 32 MB.
const PART: usize = 4 << 20;
/// Words to each side that decide whether a pair of places is worth a full comparison.
const REACH: usize = 8;
/// A place is compared with this many others of the same key at most: a word of hum or of a codec's silence is in every
/// recording. Those with the next places keep a chain through all copies of one sound.
const MOST_NEIGHBOURS: usize = 24;

impl DuplicateFinder {
    /// With nothing added yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next recording. Without a hash it equals none, without a fingerprint it resembles none.
    pub fn add(&mut self, hash: Option<ContentHash>, fingerprint: Option<&Fingerprint>) {
        let second = self.recordings;
        self.recordings += 1;
        if let Some(hash) = hash {
            let first = *self.by_hash.entry(hash).or_insert(second);
            if first != second {
                self.exact.push(Duplicate { first, second, likeness: Likeness::Exact });
                return;
            }
        }
        if let Some(fingerprint) = fingerprint {
            self.starts.push((self.words.len(), second));
            self.words.extend(fingerprint.words());
            self.words.extend([SILENT; REACH]);
            self.audible += fingerprint.words().iter().filter(|word| **word != SILENT).count();
        }
    }

    /// Finds all duplicates among what was added, on rayon's threads. `None` once `go_on`, which is asked often and from
    /// all of them, gives `Break`.
    #[must_use]
    pub fn find(&self, go_on: &(dyn Fn() -> ControlFlow<()> + Sync)) -> Option<Duplicates> {
        let mut near: HashMap<(usize, usize), Duplicate> = HashMap::new();
        let mut postings = Vec::new();
        let parts = self.audible.div_ceil(PART).next_power_of_two() as u64;
        for byte in 0..4 {
            for part in 0..parts {
                self.fill(&mut postings, byte, |key| key & (parts - 1) == part);
                if go_on().is_break() {
                    return None;
                }
                postings.par_sort_unstable();
                let same_key = postings.par_chunk_by(|one, other| one >> POSITION_BITS == other >> POSITION_BITS);
                let found: Vec<Duplicate> =
                    same_key.flat_map_iter(|places| self.compare_all(places, &near, go_on)).collect();
                for duplicate in found {
                    // Equal pairs come from many places: keep the best, whatever the threads' order.
                    let kept = near.entry((duplicate.first, duplicate.second)).or_insert(duplicate);
                    if duplicate.rank() < kept.rank() {
                        *kept = duplicate;
                    }
                }
            }
        }
        if go_on().is_break() {
            // What was found by then is not all.
            return None;
        }
        let mut pairs: Vec<Duplicate> = self.exact.iter().copied().chain(near.into_values()).collect();
        pairs.sort_unstable_by_key(|pair| (pair.first, pair.second));
        Some(Duplicates { pairs })
    }

    /// Writes the postings of all words whose key, the word without one of its bytes, is `wanted`.
    fn fill(&self, postings: &mut Vec<u64>, byte: u32, wanted: impl Fn(u64) -> bool) {
        postings.clear();
        let audible = self.words.iter().enumerate().filter(|(_, word)| **word != SILENT);
        for (position, &word) in audible {
            let low = word & ((1_u32 << (8 * byte)) - 1);
            let high = u64::from(word) >> (8 * byte + 8);
            let key = high << (8 * byte) | u64::from(low);
            if wanted(key) {
                postings.push(key << POSITION_BITS | position as u64);
            }
        }
    }

    /// Compares the places of one key with each other, while `go_on` lets it; pairs in `known` are left out.
    fn compare_all(
        &self,
        places: &[u64],
        known: &HashMap<(usize, usize), Duplicate>,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Vec<Duplicate> {
        let position = |posting: u64| (posting & ((1 << POSITION_BITS) - 1)) as usize;
        let mut found = Vec::new();
        for (index, &one) in places.iter().enumerate() {
            // A word of hum may have millions of places.
            if go_on().is_break() {
                break;
            }
            for &other in places.iter().skip(index + 1).take(MOST_NEIGHBOURS) {
                // Postings of one key are in order of position, so that `one` belongs to the earlier recording.
                found.extend(self.compare(position(one), position(other), known));
            }
        }
        found
    }

    /// Compares two recordings, aligned so that two places of `words` coincide.
    fn compare(&self, one: usize, other: usize, known: &HashMap<(usize, usize), Duplicate>) -> Option<Duplicate> {
        let around = |place: usize| self.words.get(place.saturating_sub(REACH)..(place + REACH).min(self.words.len()));
        // Unequal lengths occur at the very first and last words only, and cost nothing but a missed short cut.
        if one >= REACH && !Overlap::of(around(one)?, around(other)?).is_promising() {
            return None;
        }
        let (one_words, one_start, first) = self.recording_at(one)?;
        let (other_words, other_start, second) = self.recording_at(other)?;
        if first == second || known.contains_key(&(first, second)) {
            return None;
        }
        let (one, other) = (one - one_start, other - other_start);
        let overlap = if one >= other {
            Overlap::of(one_words.get(one - other..)?, other_words)
        } else {
            Overlap::of(one_words, other_words.get(other - one..)?)
        };
        overlap.is_same().then(|| {
            let likeness = Likeness::Near {
                bit_error_rate: overlap.bit_error_rate() as f32,
                offset: Seconds((one as f64 - other as f64) * Fingerprint::HOP.0),
                overlap: Seconds(f64::from(overlap.words) * Fingerprint::HOP.0),
            };
            Duplicate { first, second, likeness }
        })
    }

    /// The fingerprint in which a place of `words` lies, where it begins, and whose it is.
    fn recording_at(&self, place: usize) -> Option<(&[u32], usize, usize)> {
        let next = self.starts.partition_point(|(start, _)| *start <= place);
        let &(start, recording) = self.starts.get(next.checked_sub(1)?)?;
        let end = self.starts.get(next).map_or(self.words.len(), |(start, _)| *start);
        Some((self.words.get(start..end)?, start, recording))
    }
}

/// Bits of a posting that hold the place in `words`; the key has the other 24. A million million words are 500 years of sound.
const POSITION_BITS: u32 = 40;

impl Duplicate {
    /// For choosing between alignments of one pair: more compared sound is better, then fewer errors.
    fn rank(&self) -> (i64, u32, i64) {
        match self.likeness {
            Likeness::Exact => (i64::MIN, 0, 0),
            Likeness::Near { bit_error_rate, offset, overlap } => {
                let hops = |time: Seconds| (time.0 / Fingerprint::HOP.0).round() as i64;
                (-hops(overlap), bit_error_rate.to_bits(), hops(offset))
            }
        }
    }
}

/// Two aligned stretches of words, compared where both are loud.
#[derive(Clone, Copy, Debug, Default)]
struct Overlap {
    words: u32,
    wrong_bits: u32,
}

impl Overlap {
    fn of(one: &[u32], other: &[u32]) -> Self {
        let mut overlap = Self::default();
        for (&one, &other) in one.iter().zip(other) {
            let both = u32::from(one != SILENT && other != SILENT);
            overlap.words += both;
            overlap.wrong_bits += both * (one ^ other).count_ones();
        }
        overlap
    }

    fn bit_error_rate(self) -> f64 {
        f64::from(self.wrong_bits) / (32.0 * f64::from(self.words.max(1)))
    }

    fn is_same(self) -> bool {
        self.words >= MIN_WORDS && self.bit_error_rate() <= max_bit_error_rate(self.words)
    }

    /// Whether a short stretch may belong to a longer one that is the same: a little worse than the whole may be.
    fn is_promising(self) -> bool {
        self.words >= REACH as u32 / 2 && self.bit_error_rate() <= MAX_BIT_ERROR_RATE + 0.08
    }
}

/// Finds the duplicates among recordings that are all in memory.
#[must_use]
pub fn find(items: &[(Option<ContentHash>, Option<&Fingerprint>)]) -> Duplicates {
    let mut finder = DuplicateFinder::new();
    for (hash, fingerprint) in items {
        finder.add(*hash, *fingerprint);
    }
    finder.find(&|| ControlFlow::Continue(())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::audio::{Recording, decode_bytes, resample, wav};
    use crate::data::Label;
    use crate::data::demo::{containers, synth};
    use crate::units::SampleRate;

    fn rate(hz: u32) -> SampleRate {
        SampleRate::new(hz).unwrap()
    }

    fn cough(seed: u64) -> Vec<f32> {
        synth::cough(seed, Label::ALL[seed as usize % 2], rate(48_000), Seconds(5.0))
    }

    fn from_wav(samples: &[f32], hz: u32) -> Recording {
        decode_bytes(&wav::encode_pcm16(samples, rate(hz)).unwrap(), Path::new("a.wav")).unwrap()
    }

    /// The same sound in other forms: name, recording, and the time in the original at which it begins.
    fn forms(samples: &[f32]) -> Vec<(&'static str, Recording, f64)> {
        let cut = |seconds: f64| Seconds(seconds).samples(rate(48_000));
        let at = |hz| from_wav(&resample(samples, rate(48_000), rate(hz)).unwrap(), hz);
        let softer: Vec<f32> = samples.iter().map(|x| x * 0.17).collect();
        let trimmed = &samples[cut(0.1234)..];
        let shifted: Vec<f32> = [vec![0.0; cut(0.777)], samples.to_vec()].concat();
        let decoded = |bytes: Vec<u8>| decode_bytes(&bytes, Path::new("a")).unwrap();
        vec![
            ("Opus", decoded(containers::ogg_opus(samples, 1, "").unwrap()), 0.0),
            ("MP3", decoded(containers::mp3(samples, rate(48_000)).unwrap()), 0.0),
            ("44.1 kHz", at(44_100), 0.0),
            ("16 kHz", at(16_000), 0.0),
            ("softer", from_wav(&softer, 48_000), 0.0),
            ("trimmed", from_wav(trimmed, 48_000), 0.1234),
            ("later", from_wav(&shifted, 48_000), -0.777),
            ("trimmed, then Opus", decoded(containers::ogg_opus(trimmed, 1, "").unwrap()), 0.1234),
        ]
    }

    fn all(recordings: &[Recording]) -> Duplicates {
        let mut finder = DuplicateFinder::new();
        for recording in recordings {
            finder.add(Some(ContentHash::of(recording)), Fingerprint::of(recording).as_ref());
        }
        finder.find(&|| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn one_sound_is_found_in_every_form() {
        for seed in 0..6 {
            let samples = cough(seed);
            for (name, other, begins) in forms(&samples) {
                let found = all(&[from_wav(&samples, 48_000), other]);
                let [Duplicate { first: 0, second: 1, likeness }] = found.pairs[..] else {
                    panic!("{name} of cough {seed}: {found:?}")
                };
                let Likeness::Near { offset, .. } = likeness else { panic!("{name} of cough {seed}: {found:?}") };
                // Alignment is to whole hops, and a codec may add a little delay of its own.
                assert!((offset.0 - begins).abs() < 1.5 * Fingerprint::HOP.0, "{name} of cough {seed}: {offset}");
            }
        }
    }

    #[test]
    fn other_coughs_are_not_the_same() {
        // 40 people, and two recordings of one more: the halves of a long one hold different coughs of one voice. Of a seed of
        // its own, since a recording begins with the coughs of a shorter one of the same seed.
        let long = synth::cough(40, Label::Sick, rate(48_000), Seconds(12.0));
        let (one, other) = long.split_at(long.len() / 2);
        let mut recordings: Vec<_> = (0..40).map(|seed| from_wav(&cough(seed), 48_000)).collect();
        recordings.extend([from_wav(one, 48_000), from_wav(other, 48_000)]);
        assert_eq!(all(&recordings), Duplicates::default());
    }

    #[test]
    fn copies_pair_with_the_first_and_near_ones_join_the_group() {
        let (one, other) = (cough(1), cough(2));
        let opus = decode_bytes(&containers::ogg_opus(&one, 1, "").unwrap(), Path::new("a.ogg")).unwrap();
        let wav = |samples: &[f32]| from_wav(samples, 48_000);
        let found = all(&[wav(&other), wav(&one), wav(&one), opus, wav(&one), wav(&cough(3))]);
        let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.first, pair.second)).collect();
        assert_eq!(pairs, [(1, 2), (1, 3), (1, 4)]);
        assert_eq!(found.pairs.iter().filter(|pair| pair.likeness == Likeness::Exact).count(), 2);
        assert_eq!(found.groups(), [vec![1, 2, 3, 4]]);
    }

    #[test]
    fn nothing_to_compare_is_no_duplicate() {
        assert_eq!(find(&[]), Duplicates::default());
        assert_eq!(find(&[(None, None), (None, None)]), Duplicates::default());
        let silent = Fingerprint::from_bytes(&[vec![1], vec![0; 4_000]].concat()).unwrap();
        assert_eq!(find(&[(None, Some(&silent)), (None, Some(&silent))]), Duplicates::default());
        let empty = Fingerprint::from_bytes(&[1]).unwrap();
        assert_eq!(find(&[(None, Some(&empty)), (None, Some(&empty))]), Duplicates::default());
    }

    /// Independent random words.
    fn noise(seed: u64, words: usize) -> Vec<u32> {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        (0..words).map(|_| rng.random()).collect()
    }

    fn fingerprint(words: &[u32]) -> Fingerprint {
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        Fingerprint::from_bytes(&[1].into_iter().chain(bytes).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn one_wrong_bit_in_every_word_is_forgiven_wherever_it_is() {
        let words = noise(1, 100);
        for bit in 0..32 {
            let wrong: Vec<u32> = words.iter().map(|word| word ^ 1 << bit).collect();
            let found = find(&[(None, Some(&fingerprint(&words))), (None, Some(&fingerprint(&wrong[20..])))]);
            let [Duplicate { likeness: Likeness::Near { bit_error_rate, offset, overlap }, .. }] = found.pairs[..]
            else {
                panic!("bit {bit}: {found:?}")
            };
            assert_eq!(bit_error_rate.to_bits(), (1.0_f32 / 32.0).to_bits());
            assert!((offset.0 - 0.32).abs() < 1e-9 && (overlap.0 - 1.28).abs() < 1e-9);
        }
    }

    #[test]
    fn a_hundred_copies_of_one_sound_are_one_group() {
        let words = noise(2, 60);
        let forms: Vec<_> = (0..100).map(|copy| fingerprint(&[noise(copy, 40), words.clone()].concat())).collect();
        let items: Vec<_> = forms.iter().map(|form| (None, Some(form))).collect();
        assert_eq!(find(&items).groups(), [(0..100).collect::<Vec<_>>()]);
    }

    #[test]
    fn it_ends_at_whatever_moment_it_is_told_to() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let words = noise(5, 100);
        let mut finder = DuplicateFinder::new();
        (0..20).for_each(|_| finder.add(None, Some(&fingerprint(&words))));
        let asked = AtomicUsize::new(0);
        let until = |last| {
            asked.store(0, Ordering::Relaxed);
            finder.find(&|| match asked.fetch_add(1, Ordering::Relaxed) {
                number if number < last => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            })
        };
        assert!(until(usize::MAX).is_some());
        let whole = asked.load(Ordering::Relaxed);
        assert!(whole > 4 * 20 * 100, "it asks at every place");
        for last in [0, 1, 7, 1_000, whole - 1] {
            assert_eq!(until(last), None, "{last}");
            let more = asked.load(Ordering::Relaxed) - last;
            assert!(last == whole - 1 || more < whole / 4, "{last}: it goes on for long");
        }
    }

    #[test]
    fn a_shared_stretch_must_be_long_enough() {
        for (shared, expected) in [(MIN_WORDS as usize - 1, 0), (MIN_WORDS as usize, 1)] {
            let common = noise(3, shared);
            let found = find(&[(None, Some(&fingerprint(&common))), (None, Some(&fingerprint(&common)))]);
            assert_eq!(found.pairs.len(), expected, "{shared} words");
        }
    }
}
