//! A study: the datasets that belong together, what was found in them, and what a person decided.
//!
//! [`Study`] is the model in memory. Every change is an [`Edit`] whose application gives the edit that undoes it; a
//! [`StudyView`] is what the screen, the command line and training see of it, and never changes.

pub mod bands;
pub mod cohort;
mod dropped;
mod export;
pub mod filter;
pub mod index;
mod moved;
mod namesakes;
pub mod order;
pub mod portable;
mod same;
pub mod scores;
pub mod settings;
mod shared;
mod store;
mod tally;
#[cfg(test)]
mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use dropped::{Changes, Dropped, DroppedRecording};
pub use export::{ExportError, check_export};
pub use moved::{Relocation, SameFiles, is_table_file, place};
pub use shared::{Shared, SharedPerson, SharedSound};
pub use store::{Opened, Store, StoreError};
pub use tally::{DiagnosisRow, FlagRow, StatusRow, Tally};
pub use view::{ClipId, MOST_NAMED, SourceView, StudyView, draw};

use super::scan::{SourceScan, canonical};
use super::sources::mapped::Mapping;
use super::split::SplitConfig;
use super::{Clip, Decision, LabelPolicy, Sound, SourceKind, overlap};
use crate::units::counted;

/// The datasets that belong together, and what became of their recordings.
#[derive(Clone, Debug, Default)]
pub struct Study {
    /// Empty until a person has given it one.
    name: String,
    sources: Vec<StudySource>,
    policy: LabelPolicy,
    split: SplitConfig,
    /// Pairs of recordings that were found to have the same sound in another form, by path.
    near: Vec<(PathBuf, PathBuf)>,
    /// Sounds, decisions or the policy have changed since recordings with the same sound were put together.
    ungrouped: bool,
}

/// One dataset of a study.
#[derive(Clone, Debug)]
pub struct StudySource {
    /// Its short name within the study, for example `coughvid-2`; it stays when the dataset moves.
    pub key: Arc<str>,
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder, or the table of recordings that it is.
    pub root: PathBuf,
    /// The folder was there when the study was opened or the dataset was read.
    pub present: bool,
    /// What the reader of a result should know, as whole sentences.
    pub notes: Vec<String>,
    /// Some of its sound is still in archives.
    pub packed: bool,
    /// A program made its recordings up.
    pub synthetic: bool,
    /// For a table: which of its columns hold what.
    pub mapping: Option<Mapping>,
    /// What its datasets are called in the study, by the names that its folder or table gives them; only those that are
    /// called otherwise.
    pub names: BTreeMap<String, String>,
    /// Decisions about recordings that are not listed now: a drive that is empty today may be back tomorrow.
    unlisted: Vec<(PathBuf, Decision)>,
    /// Recordings that were used until their files changed or went, since it was opened; sorted.
    doubtful: Vec<PathBuf>,
    /// Every table row and sound file, in every form.
    clips: Vec<Arc<Clip>>,
    /// The one spelling of each of their paths.
    files: Vec<PathBuf>,
    /// Places in `clips` of those that an earlier dataset has too; they count there only.
    repeats: BTreeSet<usize>,
}

/// A recording's place in a study, good until the next change of its datasets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClipKey {
    /// The dataset's key.
    pub source: Arc<str>,
    /// Its place in the dataset.
    pub index: usize,
}

/// A recording that is to be decoded.
#[derive(Clone, Debug)]
pub struct Todo {
    /// Where its result goes.
    pub key: ClipKey,
    /// Its file.
    pub path: PathBuf,
    /// The dataset's folder.
    pub root: Arc<Path>,
}

/// A change that a person makes to a study.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Another label policy.
    Policy(Box<LabelPolicy>),
    /// Another way to draw the parts.
    Split(SplitConfig),
    /// Decisions about recordings, by their path; `None` leaves one to the policy.
    Decisions(Vec<(PathBuf, Option<Decision>)>),
    /// Another name; an empty one for its folder's.
    Name(String),
}

impl Edit {
    /// What it changes, to complete "undo ...".
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Policy(_) => "the change of the label policy".to_owned(),
            Self::Split(_) => "the change of the parts".to_owned(),
            Self::Decisions(decisions) if decisions.len() == 1 => "the decision about a recording".to_owned(),
            Self::Decisions(decisions) => {
                format!("the decision about {}", counted(decisions.len(), "recording", "recordings"))
            }
            Self::Name(_) => "the new name of the study".to_owned(),
        }
    }
}

impl Study {
    /// A study without datasets, with this policy and split.
    #[must_use]
    pub fn new(policy: LabelPolicy, split: SplitConfig) -> Self {
        Self { policy, split, ..Self::default() }
    }

    /// The name that a person gave it; empty where nobody did.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its datasets, in the order in which they were added.
    #[must_use]
    pub fn sources(&self) -> &[StudySource] {
        &self.sources
    }

    /// How words become labels.
    #[must_use]
    pub fn policy(&self) -> &LabelPolicy {
        &self.policy
    }

    /// How the parts are drawn.
    #[must_use]
    pub fn split(&self) -> &SplitConfig {
        &self.split
    }

    /// The folders of its datasets by key.
    #[must_use]
    pub fn roots(&self) -> HashMap<String, PathBuf> {
        self.sources.iter().map(|source| (source.key.to_string(), source.root.clone())).collect()
    }

    fn source(&self, key: &str) -> Option<&StudySource> {
        self.sources.iter().find(|source| *source.key == *key)
    }

    fn source_mut(&mut self, key: &str) -> Option<&mut StudySource> {
        self.sources.iter_mut().find(|source| *source.key == *key)
    }

    /// Adds a dataset, or replaces the one that was read from the same [`place`]; what was decided about recordings that
    /// are in both is kept. Returns its key.
    ///
    /// Recordings that an earlier dataset has already do not count here, and a note says so, since one file must not count
    /// twice.
    pub fn add(&mut self, scan: SourceScan, mapping: Option<Mapping>) -> Arc<str> {
        let known = self.source_at(&place(&scan.root, mapping.as_ref())).map(|source| source.key.clone());
        let key = known.unwrap_or_else(|| self.free_key(scan.kind));
        self.restore(key.clone(), scan, mapping);
        key
    }

    /// Puts a dataset under a key that it had before, replacing what is there. See [`Study::add`].
    pub fn restore(&mut self, key: Arc<str>, mut scan: SourceScan, mapping: Option<Mapping>) {
        let known = self.source(&key);
        if known.is_some() {
            // Decisions that a table brought are the study's own since, and may have been taken back.
            scan.clips.iter_mut().for_each(|clip| clip.decision = None);
        }
        let decisions = known.map(StudySource::decisions).into_iter().flatten().collect();
        let doubtful = known.map(|source| source.doubtful(&scan.clips)).unwrap_or_default();
        self.restore_with(key.clone(), scan, mapping, decisions);
        if let Some(source) = self.source_mut(&key) {
            source.doubtful = doubtful;
        }
    }

    /// [`Study::restore`] with these decisions about its recordings, by path.
    pub fn restore_with(
        &mut self,
        key: Arc<str>,
        scan: SourceScan,
        mapping: Option<Mapping>,
        mut decisions: HashMap<PathBuf, Decision>,
    ) {
        let place = self.sources.iter().position(|source| source.key == key);
        let given = self.source(&key).map(|source| source.names.clone()).unwrap_or_default();
        let policy = &self.policy;
        let decide = |mut clip: Clip| {
            let decided = decisions.remove(&clip.path);
            clip.decision = clip.decision.or(decided);
            policy.judge(&mut clip);
            Arc::new(clip)
        };
        let files = scan.clips.iter().map(|clip| canonical(&clip.path)).collect();
        let clips = scan.clips.into_iter().map(decide).collect();
        let mut unlisted: Vec<_> = decisions.into_iter().collect();
        unlisted.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let SourceScan { kind, root, notes, .. } = scan;
        let (present, packed, synthetic, repeats) = (true, false, false, BTreeSet::new());
        let source = StudySource {
            key: key.clone(),
            kind,
            root,
            present,
            notes,
            packed,
            synthetic,
            mapping,
            names: BTreeMap::new(),
            unlisted,
            doubtful: Vec::new(),
            clips,
            files,
            repeats,
        };
        match place.and_then(|place| self.sources.get_mut(place)) {
            Some(old) => *old = source,
            None => self.sources.push(source),
        }
        self.set_names(&key, given);
        self.mark_repeats();
        self.mark_overlap();
        self.ungrouped = true;
    }

    /// `coswara`, or `coswara-2` where there is one already.
    fn free_key(&self, kind: SourceKind) -> Arc<str> {
        let names = (1..).map(|number| match number {
            1 => kind.id().to_owned(),
            more => format!("{}-{more}", kind.id()),
        });
        let mut free = names.filter(|name| self.sources.iter().all(|source| *source.key != **name));
        free.next().unwrap_or_default().into()
    }

    /// Whether a sound of the dataset `key` has been read.
    #[must_use]
    pub fn has_sounds(&self, key: &str) -> bool {
        self.source(key).is_some_and(|source| source.clips.iter().any(|clip| clip.sound != Sound::Unread))
    }

    /// Marks what COUGHVID and Virufy's CDF both have, or two copies of COUGHVID, which depends on what is open.
    fn mark_overlap(&mut self) {
        let coughvid = self.sources.iter().enumerate().filter(|(_, source)| source.kind == SourceKind::Coughvid);
        let counted = coughvid.flat_map(|(copy, source)| source.counted().map(move |(_, clip)| (copy, clip.as_ref())));
        let uuids = overlap::Uuids::of(counted);
        for (copy, source) in self.sources.iter_mut().enumerate() {
            for clip in &mut source.clips {
                let obstacle = uuids.obstacle_of(copy, clip);
                if obstacle != clip.obstacle {
                    let clip = Arc::make_mut(clip);
                    clip.obstacle = obstacle;
                    self.policy.judge(clip);
                }
            }
        }
    }

    /// The recordings that count, each file once.
    fn clips(&self) -> impl Iterator<Item = &Clip> {
        self.sources.iter().flat_map(StudySource::counted).map(|(_, clip)| clip.as_ref())
    }

    /// Takes a dataset out of the study. Nothing on disk is touched.
    pub fn remove(&mut self, key: &str) {
        self.sources.retain(|source| *source.key != *key);
        self.mark_repeats();
        self.mark_overlap();
        self.ungrouped = true;
    }

    /// Says that the sound of a dataset is still in archives.
    pub fn set_packed(&mut self, key: &str) {
        if let Some(source) = self.source_mut(key) {
            source.packed = true;
        }
    }

    /// Says whether a program made the recordings of a dataset up.
    pub fn set_synthetic(&mut self, key: &str, synthetic: bool) {
        if let Some(source) = self.source_mut(key) {
            source.synthetic = synthetic;
        }
    }

    /// Says whether the folder of a dataset is there.
    pub fn set_present(&mut self, key: &str, present: bool) {
        if let Some(source) = self.source_mut(key) {
            source.present = present;
        }
    }

    /// The recordings that the policy wants and nobody has decoded, in the order of the study.
    #[must_use]
    pub fn todo(&self) -> Vec<Todo> {
        let mut todo = Vec::new();
        for source in self.sources.iter().filter(|source| source.present) {
            let root: Arc<Path> = source.root.as_path().into();
            for (index, clip) in source.counted() {
                if self.awaits_reading(clip) {
                    let key = ClipKey { source: source.key.clone(), index };
                    todo.push(Todo { key, path: clip.path.clone(), root: Arc::clone(&root) });
                }
            }
        }
        todo
    }

    /// How many recordings [`Study::todo`] would give.
    #[must_use]
    pub fn unread(&self) -> usize {
        let present = self.sources.iter().filter(|source| source.present);
        present.flat_map(StudySource::counted).filter(|(_, clip)| self.awaits_reading(clip)).count()
    }

    fn awaits_reading(&self, clip: &Clip) -> bool {
        clip.has_file() && clip.sound == Sound::Unread && self.policy.wants(clip.form)
    }

    /// Takes in what decoding `todo` gave. A result for a recording that is no longer there is dropped.
    pub fn set_sound(&mut self, todo: &Todo, sound: Sound) {
        let source = self.sources.iter_mut().find(|source| source.key == todo.key.source);
        let Some(clip) = source.and_then(|source| source.clips.get_mut(todo.key.index)) else { return };
        if clip.path == todo.path {
            let clip = Arc::make_mut(clip);
            clip.sound = sound;
            self.policy.judge(clip);
            self.ungrouped = true;
        }
    }

    /// Forgets what decoding the files of the dataset `key` gave, so that all are decoded again.
    pub fn forget_sounds(&mut self, key: &str) {
        let policy = &self.policy;
        let Some(source) = self.sources.iter_mut().find(|source| *source.key == *key) else { return };
        source.doubtful = source.doubtful(&[]);
        for clip in source.clips.iter_mut().filter(|clip| clip.sound != Sound::Unread) {
            let clip = Arc::make_mut(clip);
            clip.sound = Sound::Unread;
            policy.judge(clip);
        }
        self.ungrouped = true;
    }

    /// A dataset as it is listed, to be remembered.
    #[must_use]
    pub fn listed(&self, key: &str) -> Option<SourceScan> {
        let source = self.source(key)?;
        let clips = source.clips.iter().map(|clip| source.as_listed(clip)).collect();
        Some(SourceScan { kind: source.kind, root: source.root.clone(), clips, notes: source.notes.clone() })
    }

    /// Makes a change, and returns the one that undoes it.
    pub fn apply(&mut self, edit: Edit) -> Edit {
        match edit {
            Edit::Policy(policy) => {
                let before = std::mem::replace(&mut self.policy, *policy);
                self.decide_all();
                Edit::Policy(Box::new(before))
            }
            Edit::Split(split) => Edit::Split(std::mem::replace(&mut self.split, split)),
            Edit::Decisions(decisions) => Edit::Decisions(self.set_decisions(decisions)),
            Edit::Name(name) => Edit::Name(std::mem::replace(&mut self.name, name.trim().to_owned())),
        }
    }

    /// Returns the decisions that were there before, where they were others.
    fn set_decisions(&mut self, decisions: Vec<(PathBuf, Option<Decision>)>) -> Vec<(PathBuf, Option<Decision>)> {
        let wanted: HashMap<PathBuf, Option<Decision>> = decisions.into_iter().collect();
        let mut unlisted = wanted.clone();
        let mut before = HashMap::new();
        // A file that two datasets have is decided about in both: one of them may be taken out.
        for clip in self.sources.iter_mut().flat_map(|source| &mut source.clips) {
            let Some(&decision) = wanted.get(&clip.path) else { continue };
            unlisted.remove(&clip.path);
            if decision != clip.decision {
                before.entry(clip.path.clone()).or_insert(clip.decision);
                let clip = Arc::make_mut(clip);
                clip.decision = decision;
                self.policy.judge(clip);
            }
        }
        for (path, decision) in unlisted {
            let source = self.sources.iter_mut().find(|source| source.knows(&path));
            if let Some(known) = source.map(|source| source.decide_unlisted(&path, decision))
                && known != decision
            {
                before.insert(path, known);
            }
        }
        self.ungrouped = true;
        before.into_iter().collect()
    }

    /// Every verdict anew; recordings for which nothing changes are not copied.
    fn decide_all(&mut self) {
        for clip in self.sources.iter_mut().flat_map(|source| &mut source.clips) {
            let flags = self.policy.flags(clip);
            // The verdict is taken from the flags, and most flags stay.
            if flags != clip.flags || self.policy.decide(clip) != clip.verdict {
                self.policy.judge(Arc::make_mut(clip));
            }
        }
        self.ungrouped = true;
    }
}

impl StudySource {
    /// What was decided by hand about its recordings, also about those that are not listed now.
    pub fn decisions(&self) -> impl Iterator<Item = (PathBuf, Decision)> {
        let listed = self.clips.iter().filter_map(|clip| Some((clip.path.clone(), clip.decision?)));
        listed.chain(self.unlisted.iter().cloned())
    }

    /// Whether a recording that is not listed now belongs to it.
    fn knows(&self, path: &Path) -> bool {
        path.starts_with(&self.root) || self.unlisted.iter().any(|(known, _)| known == path)
    }

    /// Takes in a decision about a recording that is not listed now. Returns the one before.
    fn decide_unlisted(&mut self, path: &Path, decision: Option<Decision>) -> Option<Decision> {
        let place = self.unlisted.iter().position(|(known, _)| known == path);
        let before = place.map(|place| self.unlisted.remove(place).1);
        self.unlisted.extend(decision.map(|decision| (path.to_owned(), decision)));
        before
    }
}
