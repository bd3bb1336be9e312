//! What others see of a study at one moment. It never changes, so that it can be read from any thread without waiting.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Study, StudySource, Tally};
use crate::data::scan::SourceSummary;
use crate::data::split::{SplitConfig, SplitItem, SplitOutcome, split};
use crate::data::{Clip, LabelPolicy, PersonId, Reason, SourceKind};

/// A recording's place in [`StudyView::clips`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClipId(pub usize);

/// A study at one moment.
#[derive(Clone, Debug, Default)]
pub struct StudyView {
    /// Counts up with every change of a session's study, so that whoever has computed something from it knows.
    pub revision: u64,
    /// The study's name on screen: the one it was given, else its folder's.
    pub name: String,
    /// Where it is kept; `None` for one that is in memory only.
    pub folder: Option<PathBuf>,
    /// Its datasets, in the order in which they were added.
    pub sources: Vec<SourceView>,
    /// The recordings in the forms that the policy wants, in the order of the datasets.
    pub clips: Vec<Arc<Clip>>,
    /// Recordings that can be read and have not been: a stopped scan leaves them.
    pub unread: usize,
    /// People with a used recording.
    pub people: usize,
    /// How words become labels.
    pub policy: LabelPolicy,
    /// The policy's rows with their counts.
    pub tally: Tally,
    /// How the parts are drawn.
    pub split_config: SplitConfig,
    /// The parts of the used recordings, or why they cannot be drawn; `None` while there are none.
    pub split: Option<Result<SplitOutcome, String>>,
    /// It holds made-up recordings, which prove nothing about disease.
    pub synthetic: bool,
    /// What the next undo would undo, to complete "undo ...".
    pub undo: Option<String>,
    /// What the next redo would do again.
    pub redo: Option<String>,
}

/// One dataset of a study at one moment.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// Its short name within the study.
    pub key: Arc<str>,
    /// Which dataset.
    pub kind: SourceKind,
    /// Its folder.
    pub root: PathBuf,
    /// The folder was there when it was last looked for.
    pub present: bool,
    /// Some of its sound is still in archives.
    pub packed: bool,
    /// What the reader of a result should know, as whole sentences.
    pub notes: Vec<String>,
    /// Its counts.
    pub summary: SourceSummary,
    /// Why recordings are left out, each reason with how many, the most frequent first.
    pub left_out: Vec<(Reason, usize)>,
    /// The places of its recordings in [`StudyView::clips`].
    pub places: Range<usize>,
}

impl SourceView {
    /// Its name on screen.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.kind.name_in(&self.root)
    }
}

impl StudyView {
    /// The recording with this id.
    #[must_use]
    pub fn clip(&self, id: ClipId) -> Option<&Arc<Clip>> {
        self.clips.get(id.0)
    }

    /// The dataset with this key.
    #[must_use]
    pub fn source(&self, key: &str) -> Option<&SourceView> {
        self.sources.iter().find(|source| *source.key == *key)
    }

    /// The names of the datasets of this kind, for what concerns all of them.
    #[must_use]
    pub fn names_of(&self, kind: SourceKind) -> String {
        let of_kind = self.sources.iter().filter(|source| source.kind == kind);
        let names: BTreeSet<Cow<'_, str>> = of_kind.map(SourceView::name).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// Whether nothing is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The used recordings, in the order of [`SplitOutcome::parts`].
    pub fn used(&self) -> impl Iterator<Item = &Arc<Clip>> {
        self.clips.iter().filter(|clip| clip.verdict.label().is_some())
    }
}

impl Study {
    /// What others see of it now. Everything of it is counted here, once.
    #[must_use]
    pub fn view(&self) -> StudyView {
        let wanted = |clip: &&Arc<Clip>| self.policy.wants(clip.form);
        let mut clips: Vec<Arc<Clip>> = Vec::new();
        let mut sources = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let from = clips.len();
            clips.extend(source.clips.iter().filter(wanted).cloned());
            sources.push(source.view(&clips, from));
        }
        let used: Vec<&Clip> = clips.iter().map(Arc::as_ref).filter(|clip| clip.verdict.label().is_some()).collect();
        let people: HashSet<&PersonId> = used.iter().map(|clip| &clip.person).collect();
        StudyView {
            name: self.name.clone(),
            unread: self.unread(),
            people: people.len(),
            tally: Tally::of(&self.sources, clips.iter().map(Arc::as_ref), &self.policy),
            split: (!used.is_empty()).then(|| draw(&used, &self.split)),
            policy: self.policy.clone(),
            split_config: self.split.clone(),
            synthetic: self.synthetic,
            sources,
            clips,
            ..StudyView::default()
        }
    }
}

impl StudySource {
    /// What others see of it, with its recordings being those of `clips` from `from` on.
    fn view(&self, clips: &[Arc<Clip>], from: usize) -> SourceView {
        let own = clips.iter().skip(from).map(Arc::as_ref);
        let mut left_out: Vec<(Reason, usize)> =
            Reason::tally(own.clone()).into_iter().map(|(reason, count)| (reason.clone(), count)).collect();
        left_out.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        SourceView {
            key: self.key.clone(),
            kind: self.kind,
            root: self.root.clone(),
            present: self.present,
            packed: self.packed,
            notes: self.notes.clone(),
            summary: SourceSummary::of(self.kind, &self.root, own),
            left_out,
            places: from..clips.len(),
        }
    }
}

/// Draws the parts of used recordings.
///
/// # Errors
/// In words for the person, when they cannot be drawn.
pub fn draw(used: &[&Clip], config: &SplitConfig) -> Result<SplitOutcome, String> {
    let items: Vec<SplitItem<'_>> = used
        .iter()
        .filter_map(|clip| {
            let label = clip.verdict.label()?;
            Some(SplitItem {
                person: &clip.person,
                label,
                dataset: &clip.dataset,
                exact: clip.same.exact,
                near: clip.same.near,
            })
        })
        .collect();
    split(&items, config).map_err(|error| error.to_string())
}
