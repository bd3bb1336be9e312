//! The label policy: what each dataset's own words for a state of health count as.
//!
//! Every value that a dataset is known to hold stands in [`RULES`] with its default and the reason for it. A
//! [`LabelPolicy`] starts there; the user may change any row, and a value that nobody has listed is never guessed at.

mod doubts;
mod file;
mod rules;
mod sense;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use doubts::Doubt;
pub use file::{EXTENSION, PolicyError};
use rules::rule_for;
pub use rules::{DIAGNOSES, DiagnosisRule, RULES, Rule, Treatment};

use super::quality::{Flag, FlagSet, FlagTreatment, QualityPolicy};
use super::{Clip, Decision, Form, Label, Rating, Reason, SameSound, Sound, SourceKind, Verdict};

/// Whether a diagnosis that an expert gave by listening decides over what people said of themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExpertRole {
    /// It does not count.
    #[default]
    Ignored,
    /// It counts where the person stated nothing.
    Fills,
    /// It counts wherever there is one.
    Decides,
}

/// Who or what gave a used recording its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelOrigin {
    /// What people said of themselves.
    SelfReport,
    /// A test in a laboratory.
    LaboratoryTest,
    /// Whoever made the folders or the table.
    Stated,
    /// Experts who listened to it.
    Experts,
    /// A person who decided about this one recording.
    ByHand,
}

/// Which of Coswara's two cough recordings of a person are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoughKind {
    /// `cough-heavy`, as in the paper.
    #[default]
    Heavy,
    /// `cough-shallow`.
    Shallow,
    /// Both: two recordings of one person.
    Both,
}

/// Which of Virufy's two forms of the same coughs is read. Never both: they are the same sound twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VirufyForm {
    /// One file for each cough, about 7 of a person.
    #[default]
    Segmented,
    /// One file for each person.
    Original,
}

/// Which recordings are used, and as what. Stored with a study, so that its numbers can be made again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelPolicy {
    /// A COUGHVID recording is used when the authors' cough detector gave it at least this score, 0 to 1. Default 0.8,
    /// the bound of the dataset's paper (Orlandic et al. 2021).
    pub min_cough_detected: f64,
    /// Which cough recordings of Coswara are read. Default heavy.
    pub coswara_cough: CoughKind,
    /// Which form of Virufy is read. Default segmented.
    pub virufy_form: VirufyForm,
    /// Whether an expert's diagnosis decides. Default ignored, as in the paper.
    pub experts: ExpertRole,
    /// Dataset, then status, to treatment. Defaults to [`RULES`], which also decides what this leaves open.
    pub labels: BTreeMap<SourceKind, BTreeMap<String, Treatment>>,
    /// Expert's diagnosis to treatment. Defaults to [`DIAGNOSES`], which also decides what this leaves open.
    pub diagnoses: BTreeMap<String, Treatment>,
    /// What recordings of poor quality lead to.
    pub quality: QualityPolicy,
}

impl Default for LabelPolicy {
    fn default() -> Self {
        let mut policy = Self {
            min_cough_detected: 0.8,
            coswara_cough: CoughKind::default(),
            virufy_form: VirufyForm::default(),
            experts: ExpertRole::default(),
            labels: BTreeMap::new(),
            diagnoses: DIAGNOSES.iter().map(|rule| (rule.diagnosis.to_owned(), rule.default)).collect(),
            quality: QualityPolicy::default(),
        };
        for rule in RULES {
            policy.set(rule.source, rule.status, rule.default);
        }
        policy
    }
}

impl LabelPolicy {
    /// What [`LabelPolicy::min_cough_detected`] may be.
    pub const MIN_COUGH_DETECTED: RangeInclusive<f64> = 0.0..=1.0;

    /// Makes recordings of `source` with `status` count as `treatment`.
    pub fn set(&mut self, source: SourceKind, status: &str, treatment: Treatment) {
        set_in(self.labels.entry(source).or_default(), status, treatment);
    }

    /// Makes an expert's `diagnosis` count as `treatment`.
    pub fn set_diagnosis(&mut self, diagnosis: &str, treatment: Treatment) {
        set_in(&mut self.diagnoses, diagnosis, treatment);
    }

    /// What recordings of `source` with `status` count as; upper and lower case do not matter. `None` when nobody has
    /// listed that status.
    #[must_use]
    pub fn treatment(&self, source: SourceKind, status: &str) -> Option<Treatment> {
        let chosen = self.labels.get(&source).and_then(|statuses| get_in(statuses, status));
        chosen.or_else(|| rule_for(source, status).map(|rule| rule.default))
    }

    /// What an expert's `diagnosis` counts as; upper and lower case do not matter. `None` when nobody has listed it.
    #[must_use]
    pub fn diagnosis(&self, diagnosis: &str) -> Option<Treatment> {
        let rule = || DIAGNOSES.iter().find(|rule| rule.diagnosis.eq_ignore_ascii_case(diagnosis));
        get_in(&self.diagnoses, diagnosis).or_else(|| rule().map(|rule| rule.default))
    }

    /// Whether recordings of this form are read at all.
    #[must_use]
    pub fn wants(&self, form: Form) -> bool {
        match form {
            Form::Only => true,
            Form::Heavy => self.coswara_cough != CoughKind::Shallow,
            Form::Shallow => self.coswara_cough != CoughKind::Heavy,
            Form::Segmented => self.virufy_form == VirufyForm::Segmented,
            Form::Original => self.virufy_form == VirufyForm::Original,
        }
    }

    /// What may be wrong with a recording: by its measures, its listeners, and what else sounds the same.
    #[must_use]
    pub fn flags(&self, clip: &Clip) -> FlagSet {
        let mut flags = clip.facts().map_or(FlagSet::EMPTY, |facts| {
            self.quality.flags(&facts.measures, facts.duration, facts.format.truncated)
        });
        for (flag, found) in [
            (Flag::RatedPoor, is_rated_poor(clip)),
            (Flag::ContradictoryLabels, clip.same.contradicts),
            (Flag::ExactDuplicate, clip.same.repeats_exact),
            (Flag::NearDuplicate, clip.same.near.is_some() && !clip.same.repeats_exact),
        ] {
            if found {
                flags.insert(flag);
            }
        }
        flags
    }

    /// Sets what follows from the policy: the flags and the verdict.
    pub fn judge(&self, clip: &mut Clip) {
        clip.flags = self.flags(clip);
        clip.verdict = self.decide(clip);
    }

    /// The label with which a recording would be used if only that was known of others with its sound.
    pub(super) fn label_with(&self, clip: &Clip, same: SameSound) -> Option<Label> {
        let mut clip = Clip { same, ..clip.clone() };
        self.judge(&mut clip);
        clip.verdict.label()
    }

    /// Whether a recording is used, and as what. Takes its flags as they are.
    ///
    /// First comes what nobody can change (no file, no sound), then what a person decided, then whether it is a cough,
    /// then its status, then its quality: so the counts of statuses compare with published ones, which are taken after the filter.
    #[must_use]
    pub fn decide(&self, clip: &Clip) -> Verdict {
        if !clip.has_file() {
            return Verdict::Exclude(Reason::Obstacle(super::Obstacle::NoAudioFile));
        }
        if let Sound::Unreadable(reason) = &clip.sound {
            return Verdict::Unreadable(reason.clone());
        }
        match clip.decision {
            Some(Decision::Exclude) => return Verdict::Exclude(Reason::ByHand),
            Some(Decision::Healthy) => return Verdict::Use(Label::Healthy),
            Some(Decision::Sick) => return Verdict::Use(Label::Sick),
            Some(Decision::Use) | None => {}
        }
        if let Some(obstacle) = &clip.obstacle {
            return Verdict::Exclude(Reason::Obstacle(obstacle.clone()));
        }
        if clip.decision.is_none()
            && let Some(reason) = self.no_cough(clip)
        {
            return Verdict::Exclude(reason);
        }
        let verdict = self.label(clip);
        if clip.sound == Sound::Unread && verdict.label().is_some() {
            return Verdict::Exclude(Reason::NotReadYet);
        }
        if verdict.label().is_some()
            && clip.decision.is_none()
            && let Some(flag) = self.excluding_flag(clip)
        {
            return Verdict::Exclude(Reason::Flag(flag));
        }
        verdict
    }

    /// The first flag that leaves the recording out. Of recordings that sound the same, one stays.
    fn excluding_flag(&self, clip: &Clip) -> Option<Flag> {
        let excluding = self.quality.with_treatment(clip.flags, FlagTreatment::Exclude);
        excluding.iter().find(|flag| *flag != Flag::NearDuplicate || clip.same.repeats_near)
    }

    /// Why COUGHVID's detector speaks against this recording, if it does.
    fn no_cough(&self, clip: &Clip) -> Option<Reason> {
        if clip.source != SourceKind::Coughvid {
            return None;
        }
        let bound = self.min_cough_detected;
        match clip.cough_detected {
            Some(score) if f64::from(score) >= bound => None,
            Some(_) => Some(Reason::CoughBelow(bound)),
            None => Some(Reason::CoughNotStated),
        }
    }

    /// Who or what gives a recording its label, if it is used.
    #[must_use]
    pub fn origin(&self, clip: &Clip) -> LabelOrigin {
        if matches!(clip.decision, Some(Decision::Healthy | Decision::Sick)) {
            return LabelOrigin::ByHand;
        }
        if self.experts_count(clip) && self.experts_say(clip).is_some() {
            return LabelOrigin::Experts;
        }
        match clip.source {
            SourceKind::Coswara | SourceKind::Coughvid => LabelOrigin::SelfReport,
            SourceKind::Virufy | SourceKind::VirufyCdf => LabelOrigin::LaboratoryTest,
            SourceKind::Folder | SourceKind::Table => LabelOrigin::Stated,
        }
    }

    fn experts_count(&self, clip: &Clip) -> bool {
        match self.experts {
            ExpertRole::Ignored => false,
            ExpertRole::Fills => clip.status.is_empty(),
            ExpertRole::Decides => true,
        }
    }

    /// What a recording's own words make of it: whatever a person decided, and however it sounds.
    pub(in crate::data) fn stated(&self, clip: &Clip) -> Verdict {
        self.no_cough(clip).map_or_else(|| self.label(clip), Verdict::Exclude)
    }

    /// What the recording's status, or its experts, make of it.
    fn label(&self, clip: &Clip) -> Verdict {
        if self.experts_count(clip)
            && let Some(verdict) = self.experts_say(clip)
        {
            return verdict;
        }
        match self.treatment(clip.source, &clip.status) {
            Some(Treatment::Healthy) => Verdict::Use(Label::Healthy),
            Some(Treatment::Sick) => Verdict::Use(Label::Sick),
            Some(Treatment::Exclude) => Verdict::Exclude(reason_to_exclude(clip.source, &clip.status)),
            None => Verdict::Exclude(Reason::UnknownStatus(clip.status.clone())),
        }
    }

    /// What most of the experts who listened found, whatever role they have; `None` where nobody gave a diagnosis that is
    /// healthy or sick.
    #[must_use]
    pub fn experts_say(&self, clip: &Clip) -> Option<Verdict> {
        let votes = |treatment| {
            clip.opinions.iter().filter(|opinion| self.diagnosis(&opinion.diagnosis) == Some(treatment)).count()
        };
        let (healthy, sick) = (votes(Treatment::Healthy), votes(Treatment::Sick));
        match healthy.cmp(&sick) {
            Ordering::Greater => Some(Verdict::Use(Label::Healthy)),
            Ordering::Less => Some(Verdict::Use(Label::Sick)),
            Ordering::Equal if healthy > 0 => Some(Verdict::Exclude(Reason::ExpertsDisagree)),
            Ordering::Equal => None,
        }
    }
}

/// Whether most listeners who rated it found it poor, or heard no cough.
fn is_rated_poor(clip: &Clip) -> bool {
    let ratings: Vec<Rating> = clip.opinions.iter().filter_map(|opinion| opinion.rating).collect();
    let poor = ratings.iter().filter(|rating| **rating <= Rating::Poor).count();
    2 * poor > ratings.len()
}

/// Sets a row; upper and lower case are one, so that a change never stands beside the row that it changes.
fn set_in(rows: &mut BTreeMap<String, Treatment>, word: &str, treatment: Treatment) {
    match rows.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
        Some((_, current)) => *current = treatment,
        None => {
            rows.insert(word.to_owned(), treatment);
        }
    }
}

fn get_in(rows: &BTreeMap<String, Treatment>, word: &str) -> Option<Treatment> {
    rows.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, treatment)| *treatment)
}

/// Why a status is left out: by its rule, or by the user's choice where the rule would have used it.
fn reason_to_exclude(source: SourceKind, status: &str) -> Reason {
    match rule_for(source, status) {
        Some(rule) if rule.default == Treatment::Exclude => Reason::Rule(rule),
        _ => Reason::Choice(status.to_owned()),
    }
}

#[cfg(test)]
mod tests;
