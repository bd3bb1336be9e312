//! What recordings can be told apart by, and the conditions of it that they meet.

use std::collections::BTreeMap;

use super::super::bands::{ScoreBand, age_of, duration_of, sex_of, year_of};
use super::super::scores::{Outcome, Scores};
use super::super::{ClipId, StudyView};
use super::{Condition, Filter};
use crate::data::quality::Flag;
use crate::data::{Clip, Label, Reason};

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
    /// Where its score by the run that is open fell.
    Result,
    /// What score the run that is open gave it.
    Score,
    /// How long it lasts.
    Duration,
    /// How often it was sampled.
    Rate,
    /// How it is stored.
    Format,
    /// When it was recorded.
    Year,
    /// How old its person is.
    Age,
    /// The sex of its person.
    Sex,
}

impl Facet {
    /// All of them, in the order in which a screen lists them.
    pub const ALL: [Self; 12] = [
        Self::Dataset,
        Self::Label,
        Self::Quality,
        Self::Decision,
        Self::Result,
        Self::Score,
        Self::Duration,
        Self::Rate,
        Self::Format,
        Self::Year,
        Self::Age,
        Self::Sex,
    ];

    /// The name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dataset => "Dataset",
            Self::Label => "Label",
            Self::Quality => "Quality",
            Self::Decision => "Decision",
            Self::Result => "Result",
            Self::Score => "Score",
            Self::Duration => "Duration",
            Self::Rate => "Sample rate",
            Self::Format => "Format",
            Self::Year => "Year",
            Self::Age => "Age",
            Self::Sex => "Sex",
        }
    }

    /// What recordings are called of which it is not known, on screen.
    pub(super) fn unknown(self) -> &'static str {
        match self {
            Self::Score | Self::Result => "Not scored",
            Self::Duration | Self::Rate | Self::Format => "Not read",
            _ => "Not stated",
        }
    }

    /// It tells by what the run that is open made of recordings.
    #[must_use]
    pub fn is_of_run(self) -> bool {
        matches!(self, Self::Result | Self::Score)
    }

    /// The conditions that some recording of `study` meets, each with how many do among those that meet all else that
    /// `filter` asks for. Its own condition is among them in any case. Goes through all recordings, so it is not for every
    /// frame.
    #[must_use]
    pub fn choices(self, study: &StudyView, scores: &Scores, filter: &Filter) -> Vec<(Condition, usize)> {
        let rows: Vec<(ClipId, &Clip)> = filter
            .without(self)
            .choose(study, scores)
            .into_iter()
            .filter_map(|id| Some((id, study.clip(id)?.as_ref())))
            .collect();
        let mut choices = match self.conditions(study) {
            Some(conditions) => {
                let counted = conditions.into_iter().map(|condition| {
                    let meets = |(id, clip): &&(ClipId, &Clip)| condition.admits(study, scores, *id, clip);
                    let recordings = rows.iter().filter(meets).count();
                    (condition, recordings)
                });
                counted.filter(|(_, recordings)| *recordings > 0).collect()
            }
            None => self.values(scores, &rows),
        };
        if let Some(own) = filter.get(self).filter(|own| choices.iter().all(|(condition, _)| condition != *own)) {
            choices.push((own.clone(), 0));
        }
        choices
    }

    /// Every condition that there is; `None` where they follow from the recordings' own values.
    fn conditions(self, study: &StudyView) -> Option<Vec<Condition>> {
        match self {
            Self::Dataset => Some(study.sources.iter().map(|source| Condition::Dataset(source.key.clone())).collect()),
            Self::Label => {
                let mut conditions = Label::ALL.map(Condition::Used).to_vec();
                conditions.push(Condition::LeftOut);
                conditions.extend(reasons(study).into_iter().cloned().map(Condition::LeftOutFor));
                conditions.push(Condition::Unreadable);
                Some(conditions)
            }
            Self::Quality => {
                let flags = Flag::ALL.map(Condition::Flag);
                Some([Condition::Flagged].into_iter().chain(flags).chain([Condition::Unflagged]).collect())
            }
            Self::Decision => Some(vec![Condition::ByHand, Condition::ByPolicy]),
            Self::Result => {
                Some(Outcome::ALL.map(Condition::Scored).into_iter().chain([Condition::NotScored]).collect())
            }
            Self::Score | Self::Duration | Self::Rate | Self::Format | Self::Year | Self::Age | Self::Sex => None,
        }
    }

    /// The values that `rows` have, each with how many have it, in the order of their scale; what has none comes last.
    fn values(self, scores: &Scores, rows: &[(ClipId, &Clip)]) -> Vec<(Condition, usize)> {
        let score = |id: ClipId, _: &Clip| scores.get(id).map(|score| ScoreBand::of(score.value));
        match self {
            Self::Score => self.tally(rows, score, Condition::Score),
            Self::Duration => self.tally(rows, |_, clip| duration_of(clip), Condition::Duration),
            Self::Rate => self.tally(rows, |_, clip| Some(clip.facts()?.rate), Condition::Rate),
            Self::Format => self.tally(
                rows,
                |_, clip| format_of(clip),
                |(codec, container)| Condition::Format { codec: codec.into(), container: container.into() },
            ),
            Self::Year => self.tally(rows, |_, clip| year_of(clip), Condition::Year),
            Self::Age => self.tally(rows, |_, clip| age_of(clip), Condition::Age),
            Self::Sex => self.tally(rows, |_, clip| sex_of(clip), Condition::Sex),
            Self::Dataset | Self::Label | Self::Quality | Self::Decision | Self::Result => Vec::new(),
        }
    }

    fn tally<'a, T: Ord>(
        self,
        rows: &[(ClipId, &'a Clip)],
        value: impl Fn(ClipId, &'a Clip) -> Option<T>,
        condition: impl Fn(T) -> Condition,
    ) -> Vec<(Condition, usize)> {
        let (mut counts, mut missing) = (BTreeMap::new(), 0);
        for (id, clip) in rows {
            match value(*id, clip) {
                Some(value) => *counts.entry(value).or_insert(0) += 1,
                None => missing += 1,
            }
        }
        let known = counts.into_iter().map(|(value, recordings)| (condition(value), recordings));
        known.chain((missing > 0).then_some((Condition::NotStated(self), missing))).collect()
    }

    /// Whether it is known which of its conditions a recording meets.
    pub(super) fn is_stated(self, scores: &Scores, id: ClipId, clip: &Clip) -> bool {
        match self {
            Self::Dataset | Self::Label | Self::Quality | Self::Decision | Self::Result => true,
            Self::Score => scores.get(id).is_some(),
            Self::Duration | Self::Rate | Self::Format => clip.facts().is_some(),
            Self::Year => year_of(clip).is_some(),
            Self::Age => age_of(clip).is_some(),
            Self::Sex => sex_of(clip).is_some(),
        }
    }
}

/// Codec and container of a recording that was read.
fn format_of(clip: &Clip) -> Option<(&str, &str)> {
    let format = &clip.facts()?.format;
    Some((&format.codec, &format.container))
}

/// Why recordings of any dataset are left out, each reason once, the most frequent first.
pub(super) fn reasons(study: &StudyView) -> Vec<&Reason> {
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
