//! Recordings of a study that sound the same: which of them repeat an earlier one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Study;
use crate::data::fingerprint::ContentHash;
use crate::data::split::Joined;
use crate::data::{Clip, LabelPolicy, SameSound};

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
        let mut same = same_sounds(&wanted, &self.near, &self.policy).into_iter();
        let policy = &self.policy;
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

/// What sounds the same as each of these recordings.
fn same_sounds(wanted: &[&Clip], near: &[(PathBuf, PathBuf)], policy: &LabelPolicy) -> Vec<SameSound> {
    let exact = exact_groups(wanted);
    let near = near_groups(wanted, near, &exact);
    let (mut exact_seen, mut near_seen) = (Seen::default(), Seen::default());
    let mut same = vec![SameSound::default(); wanted.len()];
    for ((index, clip), same) in wanted.iter().enumerate().zip(&mut same) {
        (same.exact, same.near) = (exact.get(&index).copied(), near.get(&index).copied());
        if same.exact.is_none() && same.near.is_none() {
            continue;
        }
        // One that is left out for another reason leaves its place to the next.
        let alone = Clip { same: SameSound::default(), ..(*clip).clone() };
        let would_be_used = policy.would_use(alone);
        same.repeats_exact = exact_seen.repeats(same.exact, index, would_be_used);
        same.repeats_near = near_seen.repeats(same.near, index, would_be_used);
    }
    // All copies of one sound share its twin's path.
    let mut paths: HashMap<usize, Arc<Path>> = HashMap::new();
    for (index, same) in same.iter_mut().enumerate() {
        let twin =
            if same.repeats_exact { exact_seen.twin(same.exact, index) } else { near_seen.twin(same.near, index) };
        same.twin = twin.and_then(|twin| {
            let path = wanted.get(twin)?.path.as_path();
            Some(Arc::clone(paths.entry(twin).or_insert_with(|| path.into())))
        });
    }
    same
}

/// Some members of each group, as places in the order of the study.
#[derive(Default)]
struct Seen(HashMap<u32, Members>);

struct Members {
    first: usize,
    second: Option<usize>,
    used: Option<usize>,
}

impl Seen {
    /// Whether an earlier member of the group than this `clip` is used; if not, this one may be it.
    fn repeats(&mut self, group: Option<u32>, clip: usize, would_be_used: bool) -> bool {
        let Some(group) = group else { return false };
        let members = self.0.entry(group).or_insert(Members { first: clip, second: None, used: None });
        if members.first != clip {
            members.second.get_or_insert(clip);
        }
        let repeats = members.used.is_some();
        if would_be_used {
            members.used.get_or_insert(clip);
        }
        repeats
    }

    /// Another member of the group than `clip`: the one that is used, else the first.
    fn twin(&self, group: Option<u32>, clip: usize) -> Option<usize> {
        let Members { first, second, used } = self.0.get(&group?)?;
        [*used, Some(*first), *second].into_iter().flatten().find(|member| *member != clip)
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
