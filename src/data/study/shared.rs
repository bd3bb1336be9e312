//! The names behind the leak report: whose recordings, and which sounds, are in more than one part.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use crate::data::split::{Leaks, Part, SplitOutcome};
use crate::data::{Clip, PersonId};

/// Who and what is in more than one part. [`Leaks`] has the counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    /// People with recordings in several parts, in the order of their first recording.
    pub people: Vec<SharedPerson>,
    /// Recordings with the same samples in several parts.
    pub exact: Vec<SharedSound>,
    /// Recordings with the same sound, encoded or trimmed otherwise, in several parts.
    pub near: Vec<SharedSound>,
}

/// A person with recordings in more than one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedPerson {
    /// Who.
    pub person: PersonId,
    /// Their recordings in each part, in the order of [`Part::ALL`].
    pub recordings: [usize; 3],
}

/// One sound in more than one part: its recordings in the order of the study, each with its part.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedSound(pub Vec<(Arc<Clip>, Part)>);

impl Shared {
    /// Names what is in more than one part of `outcome`, which was drawn of `used`: at most the first `most` of each kind.
    #[must_use]
    pub fn of(used: &[&Arc<Clip>], outcome: &SplitOutcome, most: usize) -> Self {
        let parts = &outcome.parts;
        let Leaks { people, exact_duplicates, near_duplicates } = outcome.leaks;
        // A split by person has none of them: then nothing is looked through.
        let limit = |found: usize| found.min(most);
        Self {
            people: people_of(used, parts, limit(people)),
            exact: sounds_of(used, parts, limit(exact_duplicates), |clip| clip.same.exact),
            near: sounds_of(used, parts, limit(near_duplicates), |clip| clip.same.near),
        }
    }
}

fn people_of(used: &[&Arc<Clip>], parts: &[Part], most: usize) -> Vec<SharedPerson> {
    let spread = first_spread(used, parts, most, |clip| Some(&clip.person));
    spread.into_iter().map(|(person, recordings)| SharedPerson { person: person.clone(), recordings }).collect()
}

fn sounds_of(
    used: &[&Arc<Clip>],
    parts: &[Part],
    most: usize,
    group_of: impl Fn(&Clip) -> Option<u32>,
) -> Vec<SharedSound> {
    let spread = first_spread(used, parts, most, &group_of);
    let places: HashMap<u32, usize> = spread.iter().map(|(group, _)| *group).zip(0..).collect();
    let mut sounds = vec![SharedSound(Vec::new()); places.len()];
    if places.is_empty() {
        return sounds;
    }
    for (clip, part) in used.iter().zip(parts) {
        let place = group_of(clip).and_then(|group| places.get(&group));
        if let Some(SharedSound(recordings)) = place.and_then(|place| sounds.get_mut(*place)) {
            recordings.push((Arc::clone(clip), *part));
        }
    }
    sounds
}

/// Of the things that `of` finds in recordings, the first `most` that are in several parts, with their recordings in each.
fn first_spread<'a, T: Copy + Eq + Hash>(
    used: &[&'a Arc<Clip>],
    parts: &[Part],
    most: usize,
    of: impl Fn(&'a Clip) -> Option<T>,
) -> Vec<(T, [usize; 3])> {
    if most == 0 {
        return Vec::new();
    }
    let mut found: HashMap<T, (usize, [usize; 3])> = HashMap::new();
    for (place, (clip, part)) in used.iter().zip(parts).enumerate() {
        if let Some(thing) = of(clip) {
            let (_, recordings) = found.entry(thing).or_insert((place, [0; 3]));
            recordings[*part as usize] += 1;
        }
    }
    let is_spread = |recordings: &[usize; 3]| recordings.iter().filter(|count| **count > 0).count() > 1;
    let mut spread: Vec<_> = found.into_iter().filter(|(_, (_, recordings))| is_spread(recordings)).collect();
    spread.sort_unstable_by_key(|(_, (first, _))| *first);
    spread.truncate(most);
    spread.into_iter().map(|(thing, (_, recordings))| (thing, recordings)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::split::{SplitBy, SplitConfig};
    use crate::data::study::draw;
    use crate::data::{Label, SameSound, SourceKind, Verdict};

    /// Thirty people with two recordings each; the first of every third person sounds as the second of the next.
    fn clips() -> Vec<Arc<Clip>> {
        let clip = |place: usize| {
            let person = PersonId(format!("p{:02}", place / 2));
            let label = if place.is_multiple_of(4) { Label::Sick } else { Label::Healthy };
            let group = place.is_multiple_of(3).then_some((place / 6) as u32);
            let same = SameSound { near: group, ..SameSound::default() };
            let path = format!("{place:02}.wav").into();
            Arc::new(Clip {
                verdict: Verdict::Use(label),
                same,
                ..Clip::new(path, SourceKind::Folder, person, label.to_string().as_str())
            })
        };
        (0..60).map(clip).collect()
    }

    fn drawn(clips: &[Arc<Clip>], by: SplitBy, most: usize) -> (SplitOutcome, Shared) {
        let used: Vec<&Arc<Clip>> = clips.iter().collect();
        let plain: Vec<&Clip> = clips.iter().map(Arc::as_ref).collect();
        let outcome = draw(&plain, &SplitConfig { by, ..SplitConfig::default() }).unwrap();
        let shared = Shared::of(&used, &outcome, most);
        (outcome, shared)
    }

    #[test]
    fn everybody_who_is_counted_is_named() {
        let clips = clips();
        let (outcome, shared) = drawn(&clips, SplitBy::File, usize::MAX);
        let Leaks { people, exact_duplicates, near_duplicates } = outcome.leaks;
        assert_eq!(
            (shared.people.len(), shared.exact.len(), shared.near.len()),
            (people, exact_duplicates, near_duplicates)
        );
        assert!(people > 0 && near_duplicates > 0, "{:?}", outcome.leaks);
        let part_of: HashMap<_, _> = clips.iter().map(|clip| &clip.path).zip(&outcome.parts).collect();
        for SharedPerson { person, recordings } in &shared.people {
            let mut expected = [0; 3];
            for clip in clips.iter().filter(|clip| clip.person == *person) {
                expected[*part_of[&clip.path] as usize] += 1;
            }
            assert_eq!(*recordings, expected, "{person:?}");
        }
        for SharedSound(recordings) in &shared.near {
            let [(one, first), (other, second)] = recordings.as_slice() else { panic!("{recordings:?}") };
            assert!(one.same.near == other.same.near && one.path < other.path && first != second, "{recordings:?}");
            assert_eq!((part_of[&one.path], part_of[&other.path]), (first, second));
        }
    }

    #[test]
    fn the_first_of_many_are_named_and_nobody_where_nothing_leaks() {
        let clips = clips();
        let (_, all) = drawn(&clips, SplitBy::File, usize::MAX);
        let (_, few) = drawn(&clips, SplitBy::File, 2);
        assert_eq!(few.people.as_slice(), &all.people[..2]);
        assert_eq!(few.near.as_slice(), &all.near[..2]);
        assert_eq!(drawn(&clips, SplitBy::Person, usize::MAX).1, Shared::default());
    }
}
