//! Recordings of a study that sound the same: which of them repeat an earlier one.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Study, StudySource};
use crate::data::fingerprint::ContentHash;
use crate::data::split::Joined;
use crate::data::{Clip, Label, LabelPolicy, SameSound};

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
        let listings = self.other_listings(&wanted);
        let mut same = same_sounds(&wanted, &self.near, &listings, &self.policy).into_iter();
        let policy = &self.policy;
        for source in &mut self.sources {
            for (index, clip) in source.clips.iter_mut().enumerate() {
                let counts = policy.wants(clip.form) && !source.repeats.contains(&index);
                let found = if counts { same.next().unwrap_or_default() } else { SameSound::default() };
                if found != clip.same {
                    let clip = Arc::make_mut(clip);
                    clip.same = found;
                    policy.judge(clip);
                }
            }
        }
    }
}

/// A file of a recording that is listed once more, by another row or under another path.
struct Listing {
    /// The place of the recording that counts.
    place: usize,
    /// The label that this listing alone would give it.
    label: Label,
    /// Where it says that the file lies.
    path: Arc<Path>,
}

impl Study {
    /// The further listings of the files of `wanted` that say something else of them. Those that say the same are no news.
    fn other_listings(&self, wanted: &[&Clip]) -> Vec<Listing> {
        if self.sources.iter().all(|source| source.repeats.is_empty()) {
            return Vec::new();
        }
        let counted = self.sources.iter().flat_map(|source| {
            let wanted = source.counted().filter(|(_, clip)| self.policy.wants(clip.form));
            wanted.filter_map(|(index, _)| source.files.get(index))
        });
        let places: HashMap<&PathBuf, usize> = counted.zip(0..).collect();
        let repeats = self.sources.iter().flat_map(|source| source.repeats.iter().map(move |index| (source, *index)));
        let other_listing = |(source, index): (&StudySource, usize)| {
            let place = *places.get(source.files.get(index)?)?;
            let (listed, counted) = (source.clips.get(index)?, wanted.get(place)?);
            if !self.policy.wants(listed.form) || says_the_same(listed, counted) {
                return None;
            }
            let as_read = Clip { sound: counted.sound.clone(), ..listed.as_ref().clone() };
            let label = self.policy.label_with(&as_read, SameSound::default())?;
            Some(Listing { place, label, path: listed.path.as_path().into() })
        };
        repeats.filter_map(other_listing).collect()
    }
}

/// Whether a policy must give both the same label.
fn says_the_same(one: &Clip, other: &Clip) -> bool {
    let words = |clip: &Clip| (clip.source, clip.status.clone(), clip.obstacle.clone(), clip.decision);
    words(one) == words(other) && one.opinions == other.opinions && one.cough_detected == other.cough_detected
}

/// What sounds the same as each of these recordings.
fn same_sounds(
    wanted: &[&Clip],
    near: &[(PathBuf, PathBuf)],
    listings: &[Listing],
    policy: &LabelPolicy,
) -> Vec<SameSound> {
    let exact = exact_groups(wanted);
    let near = near_groups(wanted, near, &exact);
    let mut contradictory = contradictory_groups(wanted, &exact, policy);
    let disputed = disputed_files(wanted, listings, policy);
    contradictory.extend(disputed.keys().filter_map(|place| exact.get(place)));
    let (mut exact_seen, mut near_seen) = (Seen::default(), Seen::default());
    let mut same = vec![SameSound::default(); wanted.len()];
    for ((index, clip), same) in wanted.iter().enumerate().zip(&mut same) {
        (same.exact, same.near) = (exact.get(&index).copied(), near.get(&index).copied());
        let is_disputed = disputed.contains_key(&index);
        if same.exact.is_none() && same.near.is_none() && !is_disputed {
            continue;
        }
        // One that is left out for another reason leaves its place to the next.
        let alone = policy.label_with(clip, SameSound::default());
        let in_dispute = is_disputed || same.exact.is_some_and(|group| contradictory.contains(&group));
        same.contradicts = alone.is_some() && in_dispute;
        let own = SameSound { contradicts: same.contradicts, ..SameSound::default() };
        let would_be_used = policy.label_with(clip, own).is_some();
        same.repeats_exact = exact_seen.repeats(same.exact, index, would_be_used);
        same.repeats_near = near_seen.repeats(same.near, index, would_be_used);
    }
    // All copies of one sound share its twin's path.
    let mut paths: HashMap<usize, Arc<Path>> = HashMap::new();
    for (index, same) in same.iter_mut().enumerate() {
        let exact = same.repeats_exact || same.contradicts;
        let twin = if exact { exact_seen.twin(same.exact, index) } else { near_seen.twin(same.near, index) };
        same.twin = twin.and_then(|twin| {
            let path = wanted.get(twin)?.path.as_path();
            Some(Arc::clone(paths.entry(twin).or_insert_with(|| path.into())))
        });
        same.twin = same.twin.take().or_else(|| disputed.get(&index).map(Arc::clone));
    }
    same
}

/// The recordings whose file is listed again with the other label, each with the path of that listing.
fn disputed_files(wanted: &[&Clip], listings: &[Listing], policy: &LabelPolicy) -> HashMap<usize, Arc<Path>> {
    let disputes = |listing: &&Listing| {
        let label = wanted.get(listing.place).and_then(|clip| policy.label_with(clip, SameSound::default()));
        label.is_some_and(|label| label != listing.label)
    };
    listings.iter().filter(disputes).map(|listing| (listing.place, Arc::clone(&listing.path))).collect()
}

/// The groups of recordings with the same samples that would be used with both labels.
fn contradictory_groups(clips: &[&Clip], exact: &HashMap<usize, u32>, policy: &LabelPolicy) -> HashSet<u32> {
    let mut labels: HashMap<u32, Label> = HashMap::new();
    let mut contradictory = HashSet::new();
    for (index, group) in exact {
        let Some(clip) = clips.get(*index) else { continue };
        let Some(label) = policy.label_with(clip, SameSound::default()) else { continue };
        if *labels.entry(*group).or_insert(label) != label {
            contradictory.insert(*group);
        }
    }
    contradictory
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::quality::{Flag, FlagTreatment};
    use crate::data::scan::SourceScan;
    use crate::data::study::Edit;
    use crate::data::{Decision, LabelPolicy, PersonId, Reason, Sound, SoundFacts, SourceKind, Verdict};

    /// A study of plain folders whose recordings, `(name, status)`, have all the same samples.
    fn study_of_one_sound(clips: &[(&str, &str)]) -> Study {
        let clip = |(name, status): &(&str, &str)| {
            let sound = Sound::Read(SoundFacts::for_tests());
            let path = Path::new("/own").join(name);
            Clip { sound, ..Clip::new(path, SourceKind::Folder, PersonId((*name).into()), status) }
        };
        let clips = clips.iter().map(clip).collect();
        let mut study = Study::default();
        study.add(SourceScan { kind: SourceKind::Folder, root: "/own".into(), clips, notes: Vec::new() }, None);
        study
    }

    fn verdicts(study: &mut Study) -> Vec<Verdict> {
        study.group();
        study.clips().map(|clip| clip.verdict.clone()).collect()
    }

    #[test]
    fn one_sound_with_both_labels_is_left_out_wherever_it_is() {
        let mut study =
            study_of_one_sound(&[("a.wav", "healthy"), ("b.wav", "sick"), ("c.wav", "sick"), ("d.wav", "?")]);
        let disputed = Verdict::Exclude(Reason::Flag(Flag::ContradictoryLabels));
        let unknown = Verdict::Exclude(Reason::UnknownStatus("?".into()));
        assert_eq!(verdicts(&mut study), [disputed.clone(), disputed.clone(), disputed, unknown]);
        let tally = study.view().tally;
        let row = tally.flags.iter().find(|row| row.flag == Flag::ContradictoryLabels).unwrap();
        assert_eq!((row.recordings, row.left_out), (3, 3), "one that nobody labels contradicts nothing");
    }

    #[test]
    fn one_file_that_is_listed_with_both_labels_is_left_out() {
        let disputed = Verdict::Exclude(Reason::Flag(Flag::ContradictoryLabels));
        let mut study = study_of_one_sound(&[("a.wav", "healthy"), ("a.wav", "sick")]);
        assert_eq!(verdicts(&mut study), std::slice::from_ref(&disputed), "it counts once");
        let view = study.view();
        let words = view.twin_in_words(&view.clips[0]);
        assert_eq!(words.as_deref(), Some("its file is listed twice, with both labels"));

        study.apply(Edit::Decisions(vec![("/own/a.wav".into(), Some(Decision::Sick))]));
        assert_eq!(verdicts(&mut study), [Verdict::Use(Label::Sick)], "a person has settled it");
        let mut study = study_of_one_sound(&[("a.wav", "healthy"), ("a.wav", "healthy"), ("a.wav", "?")]);
        assert_eq!(verdicts(&mut study), [Verdict::Use(Label::Healthy)], "what says the same or nothing is no dispute");
        let mut study = study_of_one_sound(&[("a.wav", "healthy"), ("a.wav", "sick"), ("b.wav", "healthy")]);
        assert_eq!(verdicts(&mut study), [disputed.clone(), disputed], "its copies are as doubtful");
    }

    /// A link in the folder of the healthy to a recording in that of the sick.
    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_with_the_other_label_is_a_dispute() {
        let place = tempfile::tempdir().unwrap();
        let [link, file] = ["healthy", "sick"].map(|class| place.path().join(class).join("a.wav"));
        for path in [&link, &file] {
            std::fs::create_dir(path.parent().unwrap()).unwrap();
        }
        std::fs::write(&file, "sound").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut study = study_of_one_sound(&[(link.to_str().unwrap(), "healthy"), (file.to_str().unwrap(), "sick")]);
        assert_eq!(verdicts(&mut study), [Verdict::Exclude(Reason::Flag(Flag::ContradictoryLabels))]);
        let view = study.view();
        assert_eq!(view.clips[0].same.twin.as_deref(), Some(file.as_path()), "the other listing is named");
    }

    #[test]
    fn a_person_settles_which_label_is_right() {
        let mut study = study_of_one_sound(&[("a.wav", "healthy"), ("b.wav", "sick"), ("c.wav", "sick")]);
        let decide = |decision| Edit::Decisions(vec![("/own/a.wav".into(), Some(decision))]);
        let repeat = Verdict::Exclude(Reason::Flag(Flag::ExactDuplicate));
        let before = study.apply(decide(Decision::Exclude));
        let by_hand = Verdict::Exclude(Reason::ByHand);
        assert_eq!(verdicts(&mut study), [by_hand, Verdict::Use(Label::Sick), repeat.clone()], "the others agree");
        study.apply(before);
        let disputed = Verdict::Exclude(Reason::Flag(Flag::ContradictoryLabels));
        study.apply(decide(Decision::Use));
        assert_eq!(verdicts(&mut study), [Verdict::Use(Label::Healthy), disputed.clone(), disputed]);
        study.apply(decide(Decision::Sick));
        assert_eq!(verdicts(&mut study), [Verdict::Use(Label::Sick), repeat.clone(), repeat]);
    }

    #[test]
    fn where_contradictions_are_only_shown_the_first_is_kept() {
        let mut study = study_of_one_sound(&[("a.wav", "healthy"), ("b.wav", "sick")]);
        let mut policy = LabelPolicy::default();
        policy.quality.treatment.insert(Flag::ContradictoryLabels, FlagTreatment::Warn);
        study.apply(Edit::Policy(Box::new(policy)));
        let repeat = Verdict::Exclude(Reason::Flag(Flag::ExactDuplicate));
        assert_eq!(verdicts(&mut study), [Verdict::Use(Label::Healthy), repeat]);
        assert!(study.clips().all(|clip| clip.flags.contains(Flag::ContradictoryLabels)), "both say so");
    }
}
