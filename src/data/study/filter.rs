//! Which recordings of a study somebody wants to see: those that meet every condition and have a text somewhere.
//!
//! To tell recordings apart by something else: a variant of [`Facet`], and its [`Condition`]s where the compiler asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scores::{Outcome, Scores};
use super::{ClipId, StudyView};
use crate::data::quality::{Flag, FlagTreatment, QualityPolicy};
use crate::data::{Clip, Label, Reason, Verdict};

/// What recordings can be told apart by. A filter has at most one condition of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// Where it comes from.
    Dataset,
    /// What it counts as, or why it does not.
    Label,
    /// What may be wrong with it.
    Quality,
    /// Who decided about it.
    Decision,
    /// What the run that is open made of it.
    Result,
}

/// Something that is true of a recording or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// It belongs to the dataset with this key.
    Dataset(Arc<str>),
    /// It is used, with this label.
    Used(Label),
    /// It is left out, for whatever reason.
    LeftOut,
    /// It is left out for this reason, wherever a bound may be now.
    LeftOutFor(Reason),
    /// Its file has no usable sound.
    Unreadable,
    /// It has a flag that the policy does not ignore.
    Flagged,
    /// It has this flag.
    Flag(Flag),
    /// It has been read, and has no flag at all.
    Unflagged,
    /// A person decided.
    ByHand,
    /// The policy decided.
    ByPolicy,
    /// The run that is open scored it, and the score fell there.
    Scored(Outcome),
    /// The run that is open did not score it.
    NotScored,
}

/// Which recordings somebody wants to see. The default admits all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    conditions: BTreeMap<Facet, Condition>,
    /// To be found in the file's name, the person or the status; upper and lower case do not matter.
    pub text: String,
}

impl Facet {
    /// All of them, in the order in which a screen lists them.
    pub const ALL: [Self; 5] = [Self::Dataset, Self::Label, Self::Quality, Self::Decision, Self::Result];

    /// The name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dataset => "Dataset",
            Self::Label => "Label",
            Self::Quality => "Quality",
            Self::Decision => "Decision",
            Self::Result => "Result",
        }
    }

    /// The conditions that some recording of `study` meets, each with how many do. Goes through all recordings, so it is
    /// not for every frame.
    #[must_use]
    pub fn choices(self, study: &StudyView, scores: &Scores) -> Vec<(Condition, usize)> {
        let conditions = match self {
            Self::Dataset => study.sources.iter().map(|source| Condition::Dataset(source.key.clone())).collect(),
            Self::Label => {
                let mut conditions = Label::ALL.map(Condition::Used).to_vec();
                conditions.push(Condition::LeftOut);
                conditions.extend(reasons(study).into_iter().cloned().map(Condition::LeftOutFor));
                conditions.push(Condition::Unreadable);
                conditions
            }
            Self::Quality => {
                let flags = Flag::ALL.map(Condition::Flag);
                [Condition::Flagged].into_iter().chain(flags).chain([Condition::Unflagged]).collect()
            }
            Self::Decision => vec![Condition::ByHand, Condition::ByPolicy],
            Self::Result => Outcome::ALL.map(Condition::Scored).into_iter().chain([Condition::NotScored]).collect(),
        };
        let counted = conditions.into_iter().map(|condition| {
            let recordings = Filter::of([condition.clone()]).choose(study, scores).len();
            (condition, recordings)
        });
        counted.filter(|(_, recordings)| *recordings > 0).collect()
    }
}

/// Why recordings of any dataset are left out, each reason once, the most frequent first.
fn reasons(study: &StudyView) -> Vec<&Reason> {
    let mut reasons: Vec<(&Reason, usize)> = Vec::new();
    for (reason, recordings) in study.sources.iter().flat_map(|source| &source.left_out) {
        match reasons.iter_mut().find(|(known, _)| known.is_like(reason)) {
            Some((_, all)) => *all += recordings,
            None => reasons.push((reason, *recordings)),
        }
    }
    reasons.sort_by_key(|(_, recordings)| std::cmp::Reverse(*recordings));
    reasons.into_iter().map(|(reason, _)| reason).collect()
}

impl Condition {
    /// What it tells recordings apart by.
    #[must_use]
    pub fn facet(&self) -> Facet {
        match self {
            Self::Dataset(_) => Facet::Dataset,
            Self::Used(_) | Self::LeftOut | Self::LeftOutFor(_) | Self::Unreadable => Facet::Label,
            Self::Flagged | Self::Flag(_) | Self::Unflagged => Facet::Quality,
            Self::ByHand | Self::ByPolicy => Facet::Decision,
            Self::Scored(_) | Self::NotScored => Facet::Result,
        }
    }

    /// The condition on screen, for recordings of `study`.
    #[must_use]
    pub fn words(&self, study: &StudyView) -> String {
        match self {
            Self::Dataset(key) => study.source(key).map_or_else(|| key.to_string(), |source| source.name().to_owned()),
            Self::Used(Label::Healthy) => "Healthy".to_owned(),
            Self::Used(Label::Sick) => "Sick".to_owned(),
            Self::LeftOut => "Left out".to_owned(),
            Self::LeftOutFor(reason) => format!("Left out: {}", current(reason, study)),
            Self::Unreadable => "Unreadable".to_owned(),
            Self::Flagged => "Flagged".to_owned(),
            Self::Flag(flag) => flag.name().to_owned(),
            Self::Unflagged => "Nothing found".to_owned(),
            Self::ByHand => "By hand".to_owned(),
            Self::ByPolicy => "By the policy".to_owned(),
            Self::Scored(outcome) => outcome.name().to_owned(),
            Self::NotScored => "Not scored".to_owned(),
        }
    }

    fn admits(&self, study: &StudyView, scores: &Scores, id: ClipId, clip: &Clip) -> bool {
        match self {
            Self::Dataset(key) => study.source(key).is_some_and(|source| source.places.contains(&id.0)),
            Self::Used(label) => clip.verdict.label() == Some(*label),
            Self::LeftOut => matches!(clip.verdict, Verdict::Exclude(_)),
            Self::LeftOutFor(reason) => matches!(&clip.verdict, Verdict::Exclude(own) if own.is_like(reason)),
            Self::Unreadable => matches!(clip.verdict, Verdict::Unreadable(_)),
            Self::Flagged => flags_that_count(clip, &study.policy.quality).next().is_some(),
            Self::Flag(flag) => clip.flags.contains(*flag),
            Self::Unflagged => clip.facts().is_some() && clip.flags.is_empty(),
            Self::ByHand => clip.decision.is_some(),
            Self::ByPolicy => clip.decision.is_none(),
            Self::Scored(outcome) => scores.get(id).is_some_and(|score| score.outcome == *outcome),
            Self::NotScored => scores.get(id).is_none(),
        }
    }
}

/// A reason with the bound that the policy has now.
fn current<'a>(reason: &'a Reason, study: &'a StudyView) -> &'a Reason {
    reasons(study).into_iter().find(|now| now.is_like(reason)).unwrap_or(reason)
}

/// The flags of a recording that the policy does not ignore.
pub fn flags_that_count<'a>(clip: &Clip, policy: &'a QualityPolicy) -> impl Iterator<Item = Flag> + use<'a> {
    let flags = clip.flags;
    Flag::ALL.into_iter().filter(move |flag| flags.contains(*flag) && policy.treatment(*flag) != FlagTreatment::Ignore)
}

impl Filter {
    /// With these conditions; of two of one facet, the later one.
    #[must_use]
    pub fn of(conditions: impl IntoIterator<Item = Condition>) -> Self {
        let mut filter = Self::default();
        conditions.into_iter().for_each(|condition| filter.set(condition));
        filter
    }

    /// Adds a condition, in place of the one of its facet.
    pub fn set(&mut self, condition: Condition) {
        self.conditions.insert(condition.facet(), condition);
    }

    /// Takes the condition of a facet away.
    pub fn clear(&mut self, facet: Facet) {
        self.conditions.remove(&facet);
    }

    /// The condition of a facet.
    #[must_use]
    pub fn get(&self, facet: Facet) -> Option<&Condition> {
        self.conditions.get(&facet)
    }

    /// Its conditions, in the order of [`Facet::ALL`].
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.values()
    }

    /// The recordings of `study` that it admits, in the order of the study.
    #[must_use]
    pub fn choose(&self, study: &StudyView, scores: &Scores) -> Vec<ClipId> {
        let text = self.text.trim().to_lowercase();
        let admitted = |(id, clip): &(ClipId, &Arc<Clip>)| {
            self.conditions().all(|condition| condition.admits(study, scores, *id, clip)) && has_text(clip, &text)
        };
        let places = study.clips.iter().enumerate().map(|(place, clip)| (ClipId(place), clip));
        places.filter(admitted).map(|(id, _)| id).collect()
    }

    /// Forgets a dataset that is not in `study`.
    pub fn forget_missing(&mut self, study: &StudyView) {
        self.conditions.retain(|_, condition| match condition {
            Condition::Dataset(key) => study.source(key).is_some(),
            _ => true,
        });
    }
}

/// Whether `clip` has `text` (lower case) in its file's name, its person or its status.
fn has_text(clip: &Clip, text: &str) -> bool {
    let file = || clip.path.file_name().unwrap_or(clip.path.as_os_str()).to_string_lossy().to_lowercase();
    text.is_empty()
        || file().contains(text)
        || clip.person.0.to_lowercase().contains(text)
        || clip.status.to_lowercase().contains(text)
}

#[cfg(test)]
mod tests {
    use super::super::Study;
    use super::super::scores::Score;
    use super::*;
    use crate::data::scan::SourceScan;
    use crate::data::{Decision, LabelPolicy, PersonId, Sound, SoundFacts, SourceKind};

    fn clip(source: SourceKind, name: &str, status: &str) -> Clip {
        let person = PersonId(format!("{}:person-{name}", source.id()));
        Clip { sound: Sound::Read(SoundFacts::for_tests()), ..Clip::new(name.into(), source, person, status) }
    }

    /// A healthy and a sick recording, one with a broken file, and one that a person left out; then three of COUGHVID, two
    /// of which its detector takes for no cough.
    fn study() -> Study {
        let mut study = Study::default();
        let broken = Sound::Unreadable("no samples".into());
        let mut own = vec![clip(SourceKind::Folder, "Ann.wav", "healthy"), clip(SourceKind::Folder, "Ben.wav", "sick")];
        own.push(Clip { sound: broken, ..clip(SourceKind::Folder, "Cid.wav", "sick") });
        own.push(Clip { decision: Some(Decision::Exclude), ..clip(SourceKind::Folder, "Dan.wav", "sick") });
        let scored = |name, score| Clip { cough_detected: Some(score), ..clip(SourceKind::Coughvid, name, "healthy") };
        let coughvid = vec![scored("e.webm", 0.9), scored("f.webm", 0.7), scored("g.webm", 0.1)];
        for (kind, root, clips) in [(SourceKind::Folder, "clinic", own), (SourceKind::Coughvid, "coughvid", coughvid)] {
            study.add(SourceScan { kind, root: root.into(), clips, notes: Vec::new() }, None);
        }
        study
    }

    fn chosen(filter: &Filter, study: &StudyView) -> Vec<String> {
        let name = |id: ClipId| study.clip(id).unwrap().path.display().to_string();
        filter.choose(study, &Scores::default()).into_iter().map(name).collect()
    }

    #[test]
    fn every_condition_and_the_text_must_be_met() {
        let view = study().view();
        let below = Condition::LeftOutFor(Reason::CoughBelow(0.8));
        let of = |text: &str, conditions: &[Condition]| {
            let filter = Filter { text: text.into(), ..Filter::of(conditions.iter().cloned()) };
            chosen(&filter, &view)
        };
        assert_eq!(of("", &[]).len(), 7);
        assert_eq!(of("", &[Condition::Used(Label::Sick)]), ["Ben.wav"]);
        assert_eq!(of("", &[Condition::Unreadable]), ["Cid.wav"]);
        assert_eq!(of("", &[Condition::LeftOut]), ["Dan.wav", "f.webm", "g.webm"]);
        assert_eq!(of("", std::slice::from_ref(&below)), ["f.webm", "g.webm"]);
        assert_eq!(of(" G.Web", std::slice::from_ref(&below)), ["g.webm"]);
        assert_eq!(of("", &[below.clone(), Condition::Dataset("folder".into())]), Vec::<String>::new());
        assert_eq!(of("", &[Condition::LeftOut, Condition::Dataset("folder".into())]), ["Dan.wav"]);
        assert_eq!(of("", &[Condition::ByHand]), ["Dan.wav"]);
        assert_eq!(of("", &[Condition::LeftOut, below]).len(), 2, "the later one of a facet");
    }

    #[test]
    fn a_reason_is_found_also_after_its_bound_has_moved() {
        let mut study = study();
        let filter = Filter::of([Condition::LeftOutFor(Reason::CoughBelow(0.8))]);
        let policy = LabelPolicy { min_cough_detected: 0.5, ..LabelPolicy::default() };
        study.apply(super::super::Edit::Policy(Box::new(policy)));
        let view = study.view();
        assert_eq!(chosen(&filter, &view), ["g.webm"]);
        assert_eq!(filter.conditions().next().unwrap().words(&view), "Left out: cough score below 0.5");
    }

    #[test]
    fn the_choices_of_a_facet_are_what_occurs() {
        let view = study().view();
        let words = |facet: Facet| -> Vec<(String, usize)> {
            facet
                .choices(&view, &Scores::default())
                .into_iter()
                .map(|(condition, count)| (condition.words(&view), count))
                .collect()
        };
        assert_eq!(words(Facet::Dataset), [("clinic".to_owned(), 4), ("COUGHVID".to_owned(), 3)]);
        let labels = words(Facet::Label);
        let reasons: Vec<_> = labels.iter().filter(|(words, _)| words.starts_with("Left out: ")).collect();
        assert!(reasons.is_sorted_by_key(|(_, count)| std::cmp::Reverse(count)), "{reasons:?}");
        let of = |name: &str| labels.iter().find(|(words, _)| words == name).map(|(_, count)| *count);
        assert_eq!(of("Left out"), Some(3));
        assert_eq!(of("Left out: cough score below 0.8"), Some(2));
        assert_eq!(of("Left out: left out by hand"), Some(1));
        // Each recording is healthy, sick, left out or unreadable.
        let outcomes = ["Healthy", "Sick", "Left out", "Unreadable"].map(|name| of(name).unwrap());
        assert_eq!(outcomes.iter().sum::<usize>(), view.clips.len());
        assert_eq!(words(Facet::Decision), [("By hand".to_owned(), 1), ("By the policy".to_owned(), 6)]);
    }

    #[test]
    fn ignored_flags_do_not_count_as_flagged() {
        for (flag, flagged) in [(Flag::LowSnr, true), (Flag::Silent, true), (Flag::NoCough, false)] {
            let clip = Clip { flags: [flag].into_iter().collect(), ..clip(SourceKind::Folder, "a.wav", "sick") };
            let view = StudyView { clips: vec![Arc::new(clip)], ..StudyView::default() };
            let count = |condition| Filter::of([condition]).choose(&view, &Scores::default()).len();
            assert_eq!(count(Condition::Flagged), usize::from(flagged), "{flag}");
            assert_eq!(count(Condition::Flag(flag)), 1);
            assert_eq!(count(Condition::Unflagged), 0);
        }
    }

    #[test]
    fn the_text_is_looked_for_in_file_person_and_status() {
        let clip = clip(SourceKind::Coswara, "x/Cough-Heavy.wav", "positive_mild");
        for (text, found) in [("", true), ("heavy", true), ("person-x", true), ("mild", true), ("shallow", false)] {
            assert_eq!(has_text(&clip, text), found, "{text}");
        }
    }

    #[test]
    fn a_dataset_that_was_taken_out_is_no_condition_any_more() {
        let mut study = study();
        let mut filter = Filter::of([Condition::Dataset("coughvid".into()), Condition::LeftOut]);
        filter.forget_missing(&study.view());
        assert_eq!(filter.conditions().count(), 2);
        study.remove("coughvid");
        filter.forget_missing(&study.view());
        assert_eq!(filter, Filter::of([Condition::LeftOut]));
    }

    #[test]
    fn recordings_are_found_by_what_a_run_made_of_them() {
        let view = study().view();
        let score = |outcome| Some(Score { value: 0.5, label: Label::Sick, part: None, outcome });
        let of_run = [Outcome::Correct, Outcome::FalseNegative, Outcome::Correct].map(score);
        let scores = Scores::new("run".into(), 0.5, of_run.to_vec());
        let choices = Facet::Result.choices(&view, &scores);
        let words: Vec<_> = choices.iter().map(|(condition, count)| (condition.words(&view), *count)).collect();
        let expected = [("Correct", 2), ("Missed", 1), ("Not scored", 4)];
        assert_eq!(words, expected.map(|(words, count)| (words.to_owned(), count)), "nothing was a false alarm");
        let missed = Filter::of([Condition::Scored(Outcome::FalseNegative)]);
        assert_eq!(missed.choose(&view, &scores), [ClipId(1)]);
    }
}
