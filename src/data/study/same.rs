//! Recordings of a study that sound the same: which of them repeat an earlier one.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Study;
use crate::data::fingerprint::ContentHash;
use crate::data::split::Joined;
use crate::data::{Clip, SameSound};

impl Study {
    /// Takes in which recordings were found to have the same sound in another form.
    pub fn set_near(&mut self, near: Vec<(PathBuf, PathBuf)>) {
        self.near = near;
        self.ungrouped = true;
    }

    /// Puts recordings with the same sound together, and judges those anew for which that changes something. Only the forms
    /// that the policy wants count: Virufy's originals hold every segment by design.
    ///
    /// To be called before a view is made; does nothing when nothing has changed.
    pub fn group(&mut self) {
        if !std::mem::take(&mut self.ungrouped) {
            return;
        }
        let wanted: Vec<&Clip> = self.clips().filter(|clip| self.policy.wants(clip.form)).collect();
        let exact = exact_groups(&wanted);
        let near = near_groups(&wanted, &self.near, &exact);
        let (mut exact_seen, mut near_seen) = (Seen::default(), Seen::default());
        let mut same = Vec::with_capacity(wanted.len());
        for (index, clip) in wanted.iter().enumerate() {
            let (exact, near) = (exact.get(&index).copied(), near.get(&index).copied());
            if exact.is_none() && near.is_none() {
                same.push(SameSound::default());
                continue;
            }
            // One that is left out for another reason leaves its place to the next.
            let alone = Clip { same: SameSound::default(), ..(*clip).clone() };
            let would_be_used = self.policy.would_use(alone);
            same.push(SameSound {
                exact,
                near,
                repeats_exact: exact_seen.repeats(exact, would_be_used),
                repeats_near: near_seen.repeats(near, would_be_used),
            });
        }
        let policy = &self.policy;
        let mut same = same.into_iter();
        for clip in self.sources.iter_mut().flat_map(|source| &mut source.clips) {
            let found = if policy.wants(clip.form) { same.next().unwrap_or_default() } else { SameSound::default() };
            if found != clip.same {
                let clip = Arc::make_mut(clip);
                clip.same = found;
                policy.judge(clip);
            }
        }
    }
}

/// The groups of which a member is used.
#[derive(Default)]
struct Seen(HashSet<u32>);

impl Seen {
    /// Whether an earlier member of the group is used; if not, this one may be it.
    fn repeats(&mut self, group: Option<u32>, would_be_used: bool) -> bool {
        let Some(group) = group else { return false };
        let repeats = self.0.contains(&group);
        if would_be_used && !repeats {
            self.0.insert(group);
        }
        repeats
    }
}

/// The group of every recording whose samples another one has too.
fn exact_groups(clips: &[&Clip]) -> HashMap<usize, u32> {
    let hashed = clips.iter().enumerate().filter_map(|(index, clip)| Some((clip.facts()?.content, index)));
    let mut hashed: Vec<(ContentHash, usize)> = hashed.collect();
    hashed.sort_unstable();
    let repeated = hashed.chunk_by(|one, other| one.0 == other.0).filter(|members| members.len() > 1);
    let numbered = repeated.zip(0..);
    numbered.flat_map(|(members, group)| members.iter().map(move |(_, index)| (*index, group))).collect()
}

/// The group of every recording whose sound another one has in another form, by any chain of pairs. Equal samples are no
/// other form.
fn near_groups(clips: &[&Clip], pairs: &[(PathBuf, PathBuf)], exact: &HashMap<usize, u32>) -> HashMap<usize, u32> {
    if pairs.is_empty() {
        return HashMap::new();
    }
    let places: HashMap<&Path, usize> =
        clips.iter().enumerate().map(|(index, clip)| (clip.path.as_path(), index)).collect();
    let mut joined = Joined::new(clips.len());
    let mut members = Vec::new();
    for (one, other) in pairs {
        if let (Some(one), Some(other)) = (places.get(one.as_path()), places.get(other.as_path()))
            && (exact.get(one) != exact.get(other) || !exact.contains_key(one))
        {
            joined.join(*one, *other);
            members.extend([*one, *other]);
        }
    }
    members.sort_unstable();
    members.dedup();
    let mut numbers = HashMap::new();
    let mut group_of = HashMap::new();
    for member in members {
        let first = joined.first(member);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        group_of.insert(member, *numbers.entry(first).or_insert(next));
    }
    group_of
}
