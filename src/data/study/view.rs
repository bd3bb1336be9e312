//! What others see of a study at one moment. It never changes, so that it can be read from any thread without waiting.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Dropped, Shared, Study, StudySource, Tally};
use crate::data::scan::{SourceSummary, note_on_repeats};
use crate::data::split::{SplitConfig, SplitError, SplitItem, SplitOutcome, split};
use crate::data::{Clip, LabelPolicy, PersonId, Reason, SourceKind};

/// A recording's place in [`StudyView::clips`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClipId(pub usize);

/// How many people, and how many sounds, a view names that are in more than one part: as many as a person reads.
pub const MOST_NAMED: usize = 50;

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
    /// Who and what is in more than one part: at most the first [`MOST_NAMED`] of each kind.
    pub shared: Shared,
    /// What was used until its file changed or went, since the study was opened.
    pub dropped: Dropped,
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
    name: String,
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
    pub fn name(&self) -> &str {
        &self.name
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
        let names: BTreeSet<&str> = of_kind.map(SourceView::name).collect();
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

    /// The datasets, each with its recordings.
    pub fn clips_by_source(&self) -> impl Iterator<Item = (&SourceView, &[Arc<Clip>])> {
        let mut rest = self.clips.as_slice();
        self.sources.iter().map(move |source| {
            let (clips, others) = rest.split_at(source.summary.recordings.min(rest.len()));
            rest = others;
            (source, clips)
        })
    }

    /// Where a recording lies, as a person finds it: below its dataset's folder, after the dataset's name where there are
    /// several. The whole path of one that lies outside.
    #[must_use]
    pub fn place_of(&self, path: &Path) -> String {
        let inside =
            |source: &SourceView| path.strip_prefix(&source.root).ok().map(|inside| inside.display().to_string());
        // Of folders inside of each other the innermost: the others' recordings lie beside it.
        let around = self.sources.iter().filter_map(|source| Some((source, inside(source)?)));
        let found = around.max_by_key(|(source, _)| source.root.components().count());
        match found {
            None => path.display().to_string(),
            Some((_, inside)) if self.sources.len() == 1 => inside,
            Some((source, inside)) => format!("{}: {inside}", self.name_of(source)),
        }
    }

    /// What tells a dataset from the others: its folder's name where two are copies of one.
    pub(super) fn name_of(&self, source: &SourceView) -> String {
        let is_alone = self.sources.iter().filter(|other| other.kind == source.kind).count() == 1;
        let folder = source.root.file_name().filter(|_| source.kind.is_published() && !is_alone);
        folder.map_or_else(|| source.name.clone(), |folder| folder.to_string_lossy().into_owned())
    }

    /// Which other recording sounds as `clip` does: "same sound as ..." or "nearly the same sound as ..."; `None` where
    /// none is known.
    #[must_use]
    pub fn twin_in_words(&self, clip: &Clip) -> Option<String> {
        let twin = clip.same.twin.as_deref()?;
        if twin == clip.path {
            return Some("its file is listed twice, with both labels".to_owned());
        }
        let place = self.place_of(twin);
        let exact = clip.same.repeats_exact || clip.same.contradicts;
        let likeness = if exact { "same" } else { "nearly the same" };
        Some(format!("{likeness} sound as {place}"))
    }
}

impl Study {
    /// What others see of it now. Everything of it is counted here, once.
    #[must_use]
    pub fn view(&self) -> StudyView {
        let mut clips: Vec<Arc<Clip>> = Vec::new();
        let mut sources = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let from = clips.len();
            let counted = source.counted().map(|(_, clip)| clip);
            clips.extend(counted.filter(|clip| self.policy.wants(clip.form)).cloned());
            sources.push(source.view(&clips, from));
        }
        let used_clips: Vec<&Arc<Clip>> = clips.iter().filter(|clip| clip.verdict.label().is_some()).collect();
        let used: Vec<&Clip> = used_clips.iter().map(|clip| clip.as_ref()).collect();
        let split = (!used.is_empty()).then(|| draw(&used, &self.split).map_err(|error| error.to_string()));
        let drawn = split.as_ref().and_then(|split| split.as_ref().ok());
        let people: HashSet<&PersonId> = used.iter().map(|clip| &clip.person).collect();
        StudyView {
            name: self.name.clone(),
            unread: self.unread(),
            people: people.len(),
            tally: Tally::of(&self.sources, clips.iter().map(Arc::as_ref), &self.policy),
            shared: drawn.map(|outcome| Shared::of(&used_clips, outcome, MOST_NAMED)).unwrap_or_default(),
            split,
            policy: self.policy.clone(),
            split_config: self.split.clone(),
            dropped: self.dropped(&clips),
            synthetic: self.sources.iter().any(|source| source.synthetic),
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
            name: self.name().into_owned(),
            root: self.root.clone(),
            present: self.present,
            packed: self.packed,
            notes: self.notes.iter().cloned().chain(note_on_repeats(self.repeats.len())).collect(),
            summary: SourceSummary::of(self.kind, &self.root, own),
            left_out,
            places: from..clips.len(),
        }
    }
}

/// Draws the parts of used recordings.
///
/// # Errors
/// [`SplitError`] when they cannot be drawn.
pub fn draw(used: &[&Clip], config: &SplitConfig) -> Result<SplitOutcome, SplitError> {
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
    split(&items, config)
}
