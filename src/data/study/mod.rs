//! A study: the datasets that belong together, what was found in them, and what a person decided.
//!
//! [`Study`] is the model in memory. Every change is an [`Edit`] whose application gives the edit that undoes it; a
//! [`StudyView`] is what the screen, the command line and training see of it, and never changes.

pub mod filter;
pub mod index;
pub mod portable;
mod same;
pub mod settings;
mod store;
mod tally;
mod view;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use store::{Opened, Store, StoreError};
pub use tally::{DiagnosisRow, FlagRow, StatusRow, Tally};
pub use view::{ClipId, SourceView, StudyView, draw};

use super::scan::{SourceScan, canonical};
use super::sources::mapped::Mapping;
use super::split::SplitConfig;
use super::{Clip, Decision, LabelPolicy, Sound, SourceKind, overlap};

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
    /// Made-up recordings are among them.
    synthetic: bool,
}

/// One dataset of a study.
#[derive(Clone, Debug)]
pub struct StudySource {
    /// Its short name within the study, for example `coughvid-2`; it stays when the dataset moves.
    pub key: Arc<str>,
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder.
    pub root: PathBuf,
    /// The folder was there when the study was opened or the dataset was read.
    pub present: bool,
    /// What the reader of a result should know, as whole sentences.
    pub notes: Vec<String>,
    /// Some of its sound is still in archives.
    pub packed: bool,
    /// For a table: which of its columns hold what.
    pub mapping: Option<Mapping>,
    /// Decisions about recordings that are not listed now: a drive that is empty today may be back tomorrow.
    unlisted: Vec<(PathBuf, Decision)>,
    /// Every table row and sound file, in every form.
    clips: Vec<Arc<Clip>>,
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
            Self::Decisions(decisions) => format!("the decision about {} recordings", decisions.len()),
            Self::Name(_) => "the new name of the study".to_owned(),
        }
    }
}

impl Edit {
    /// Follows recordings to another folder.
    pub fn relocate(&mut self, old: &Path, new: &Path) {
        let Self::Decisions(decisions) = self else { return };
        for (path, _) in decisions {
            if let Ok(inside) = path.strip_prefix(old) {
                *path = new.join(inside);
            }
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

    /// Says that made-up recordings are among them.
    pub fn set_synthetic(&mut self) {
        self.synthetic = true;
    }

    /// The dataset whose folder this is, however its path is spelled. Asks the file system.
    #[must_use]
    pub fn source_at(&self, root: &Path) -> Option<&StudySource> {
        let root = canonical(root);
        self.sources.iter().find(|source| canonical(&source.root) == root)
    }

    /// Adds a dataset, or replaces the one that was read from the same folder; what was decided about recordings that
    /// are in both is kept. Returns its key.
    ///
    /// Recordings that an earlier dataset has already are left out with a note, since one file must not count twice.
    pub fn add(&mut self, scan: SourceScan, mapping: Option<Mapping>) -> Arc<str> {
        let place = self.source_at(&scan.root).map(|source| source.key.clone());
        let key = place.clone().unwrap_or_else(|| self.free_key(scan.kind));
        self.restore(key.clone(), scan, mapping);
        key
    }

    /// Puts a dataset under a key that it had before, replacing what is there. See [`Study::add`].
    pub fn restore(&mut self, key: Arc<str>, scan: SourceScan, mapping: Option<Mapping>) {
        let old = self.sources.iter().find(|source| source.key == key);
        let decisions = old.map(StudySource::decisions).into_iter().flatten().collect();
        self.restore_with(key, scan, mapping, decisions);
    }

    /// [`Study::restore`] with these decisions about its recordings, by path.
    pub fn restore_with(
        &mut self,
        key: Arc<str>,
        mut scan: SourceScan,
        mapping: Option<Mapping>,
        mut decisions: HashMap<PathBuf, Decision>,
    ) {
        let place = self.sources.iter().position(|source| source.key == key);
        let others = self.sources.iter().filter(|source| source.key != key).flat_map(|source| &source.clips);
        super::scan::drop_repeated(std::slice::from_mut(&mut scan), others.map(Arc::as_ref));
        let policy = &self.policy;
        let decide = |mut clip: Clip| {
            let decided = decisions.remove(&clip.path);
            clip.decision = clip.decision.or(decided);
            policy.judge(&mut clip);
            Arc::new(clip)
        };
        let clips = scan.clips.into_iter().map(decide).collect();
        let mut unlisted: Vec<_> = decisions.into_iter().collect();
        unlisted.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let SourceScan { kind, root, notes, .. } = scan;
        let source = StudySource { key, kind, root, present: true, notes, packed: false, mapping, unlisted, clips };
        match place.and_then(|place| self.sources.get_mut(place)) {
            Some(old) => *old = source,
            None => self.sources.push(source),
        }
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
        let source = self.sources.iter().find(|source| *source.key == *key);
        source.is_some_and(|source| source.clips.iter().any(|clip| clip.sound != Sound::Unread))
    }

    /// Marks what Virufy's CDF and COUGHVID both have, which depends on what is open.
    fn mark_overlap(&mut self) {
        let uuids = overlap::Uuids::of(self.clips().filter(|clip| clip.source == SourceKind::Coughvid));
        for clip in self.sources.iter_mut().flat_map(|source| &mut source.clips) {
            let obstacle = uuids.obstacle_of(clip);
            if obstacle != clip.obstacle {
                let clip = Arc::make_mut(clip);
                clip.obstacle = obstacle;
                self.policy.judge(clip);
            }
        }
    }

    fn clips(&self) -> impl Iterator<Item = &Clip> {
        self.sources.iter().flat_map(|source| &source.clips).map(Arc::as_ref)
    }

    /// The dataset that is not at its place and whose files are these: it has moved.
    #[must_use]
    pub fn moved(&self, scan: &SourceScan) -> Option<Arc<str>> {
        let lost = self.sources.iter().filter(|source| !source.present && source.kind == scan.kind);
        lost.max_by_key(|source| source.in_common(scan))
            .filter(|source| source.in_common(scan) > 0)
            .map(|s| s.key.clone())
    }

    /// Whether `scan`, of another folder, has files of the dataset `key`. True for one that has none.
    #[must_use]
    pub fn resembles(&self, key: &str, scan: &SourceScan) -> bool {
        let source = self.sources.iter().find(|source| *source.key == *key);
        source.is_some_and(|source| source.in_common(scan) > 0 || !source.clips.iter().any(|clip| clip.has_file()))
    }

    /// Takes a dataset out of the study. Nothing on disk is touched.
    pub fn remove(&mut self, key: &str) {
        self.sources.retain(|source| *source.key != *key);
        self.mark_overlap();
        self.ungrouped = true;
    }

    /// Says where a dataset lies now. Its recordings keep what is known of them.
    pub fn relocate(&mut self, key: &str, root: &Path) {
        let Some(source) = self.sources.iter_mut().find(|source| *source.key == *key) else { return };
        for clip in &mut source.clips {
            if let Ok(inside) = clip.path.strip_prefix(&source.root) {
                let path = root.join(inside);
                Arc::make_mut(clip).path = path;
            }
        }
        for (path, _) in &mut source.unlisted {
            if let Ok(inside) = path.strip_prefix(&source.root) {
                *path = root.join(inside);
            }
        }
        source.root = root.to_owned();
        source.present = true;
    }

    /// Says that the sound of a dataset is still in archives.
    pub fn set_packed(&mut self, key: &str) {
        if let Some(source) = self.sources.iter_mut().find(|source| *source.key == *key) {
            source.packed = true;
        }
    }

    /// Says whether the folder of a dataset is there.
    pub fn set_present(&mut self, key: &str, present: bool) {
        if let Some(source) = self.sources.iter_mut().find(|source| *source.key == *key) {
            source.present = present;
        }
    }

    /// The recordings that the policy wants and nobody has decoded, in the order of the study.
    #[must_use]
    pub fn todo(&self) -> Vec<Todo> {
        let mut todo = Vec::new();
        for source in self.sources.iter().filter(|source| source.present) {
            let root: Arc<Path> = source.root.as_path().into();
            for (index, clip) in source.clips.iter().enumerate() {
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
        present.flat_map(|source| &source.clips).filter(|clip| self.awaits_reading(clip)).count()
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

    /// A dataset as it is listed, to be remembered.
    #[must_use]
    pub fn listed(&self, key: &str) -> Option<SourceScan> {
        let source = self.sources.iter().find(|source| *source.key == *key)?;
        let clips = source.clips.iter().map(|clip| Clip::clone(clip)).collect();
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

    fn set_decisions(&mut self, decisions: Vec<(PathBuf, Option<Decision>)>) -> Vec<(PathBuf, Option<Decision>)> {
        let wanted: HashMap<PathBuf, Option<Decision>> = decisions.into_iter().collect();
        let mut before = Vec::new();
        for clip in self.sources.iter_mut().flat_map(|source| &mut source.clips) {
            let Some(decision) = wanted.get(&clip.path).copied().filter(|decision| *decision != clip.decision) else {
                continue;
            };
            before.push((clip.path.clone(), clip.decision));
            let clip = Arc::make_mut(clip);
            clip.decision = decision;
            self.policy.judge(clip);
        }
        self.ungrouped = true;
        before
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

    /// How many of its files `scan`, of another folder, has at the same place below it.
    fn in_common(&self, scan: &SourceScan) -> usize {
        let inside = |clip: &Clip, root: &Path| clip.path.strip_prefix(root).ok().map(Path::to_owned);
        let with_file = scan.clips.iter().filter(|clip| clip.has_file());
        let theirs: HashSet<PathBuf> = with_file.filter_map(|clip| inside(clip, &scan.root)).collect();
        let ours = self.clips.iter().filter(|clip| clip.has_file()).filter_map(|clip| inside(clip, &self.root));
        ours.filter(|path| theirs.contains(path)).count()
    }

    /// What has changed between what is known of its files and `scan`, a new look at the same folder: new or changed files,
    /// and missing ones.
    #[must_use]
    pub fn changes(&self, scan: &SourceScan) -> (usize, usize) {
        let present: HashMap<&Path, &Sound> =
            scan.clips.iter().filter(|clip| clip.has_file()).map(|clip| (clip.path.as_path(), &clip.sound)).collect();
        let mut known = self.clips.iter().filter(|clip| clip.has_file());
        let missing = known.clone().filter(|clip| !present.contains_key(clip.path.as_path())).count();
        let same = known.by_ref().filter(|clip| {
            let now = present.get(clip.path.as_path());
            now.is_some_and(|sound| clip.sound == Sound::Unread || **sound != Sound::Unread)
        });
        (present.len() - same.count(), missing)
    }
}
