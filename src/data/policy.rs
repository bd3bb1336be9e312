//! The label policy: what each dataset's own words for a state of health count as.
//!
//! Every value that a dataset is known to hold stands in [`RULES`] with its default and the reason for it. A
//! [`LabelPolicy`] starts there; the user may change any row, and a value that nobody has listed is never guessed at.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reason::shortened;
use super::{Clip, Decision, Form, Label, Reason, Sound, SourceKind, Verdict};

/// What recordings with one status count as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// The negative class.
    Healthy,
    /// The positive class.
    Sick,
    /// Left out.
    Exclude,
}

impl Treatment {
    /// All treatments, in the order in which a choice shows them.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Sick, Self::Exclude];
}

impl std::fmt::Display for Treatment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Sick => "sick",
            Self::Exclude => "exclude",
        })
    }
}

/// One status of one dataset, and what it counts as unless the user says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The dataset.
    pub source: SourceKind,
    /// Its own word, as its tables spell it; empty for "nothing stated".
    pub status: &'static str,
    /// The default.
    pub default: Treatment,
    /// Why that is the default.
    pub why: &'static str,
}

const fn rule(source: SourceKind, status: &'static str, default: Treatment, why: &'static str) -> Rule {
    Rule { source, status, default, why }
}

/// Every known status with its default, in the order in which the screen lists them.
pub const RULES: &[Rule] = {
    use SourceKind::{Coswara, Coughvid, Folder, Table, Virufy, VirufyCdf};
    use Treatment::{Exclude, Healthy, Sick};
    &[
        rule(Coswara, "healthy", Healthy, "says so of themselves"),
        rule(Coswara, "positive_mild", Sick, "tested positive"),
        rule(Coswara, "positive_moderate", Sick, "tested positive"),
        rule(Coswara, "positive_asymp", Sick, "tested positive"),
        rule(Coswara, "resp_illness_not_identified", Exclude, "ill with something else; published work disagrees"),
        // 105 of the 248 people with this status report symptoms.
        rule(Coswara, "no_resp_illness_exposed", Exclude, "exposed, and many report symptoms"),
        rule(Coswara, "recovered_full", Exclude, "recovered; neither sick nor clearly healthy"),
        rule(Coswara, "under_validation", Exclude, "the test result was still open"),
        rule(Coswara, "", Exclude, "no status stated"),
        rule(Coughvid, "healthy", Healthy, "says so of themselves"),
        rule(Coughvid, "COVID-19", Sick, "says so of themselves"),
        rule(Coughvid, "symptomatic", Sick, "reports symptoms; the classes are healthy and sick"),
        rule(Coughvid, "", Exclude, "no status stated"),
        rule(Virufy, "negative", Healthy, "tested negative by PCR"),
        rule(Virufy, "positive", Sick, "tested positive by PCR"),
        rule(Virufy, "", Exclude, "no test result stated"),
        rule(VirufyCdf, "negative, no symptoms", Healthy, "tested negative, and states no symptoms"),
        rule(VirufyCdf, "negative, symptomatic", Exclude, "ill with something else"),
        rule(VirufyCdf, "negative", Exclude, "tested negative; symptoms are not stated"),
        rule(VirufyCdf, "positive, symptomatic", Sick, "tested positive, and states symptoms"),
        rule(VirufyCdf, "positive, no symptoms", Exclude, "tested positive, and states no symptoms"),
        rule(VirufyCdf, "positive", Exclude, "tested positive; symptoms are not stated"),
        rule(VirufyCdf, "pending", Exclude, "the test result was still open"),
        rule(VirufyCdf, "untested", Exclude, "not tested"),
        rule(VirufyCdf, "", Exclude, "no test result stated"),
        rule(Folder, "healthy", Healthy, "lies in a folder of this name"),
        rule(Folder, "sick", Sick, "lies in a folder of this name"),
        rule(Table, "healthy", Healthy, "the table says so"),
        rule(Table, "sick", Sick, "the table says so"),
        rule(Table, "", Exclude, "the table does not say"),
    ]
};

/// One diagnosis of an expert, and what it counts as unless the user says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosisRule {
    /// The expert's word, as COUGHVID spells it.
    pub diagnosis: &'static str,
    /// The default.
    pub default: Treatment,
    /// Why that is the default.
    pub why: &'static str,
}

/// Every known diagnosis with its default. COUGHVID's experts listened only; the classes are healthy and sick, so every
/// illness of the airways counts as sick.
pub const DIAGNOSES: &[DiagnosisRule] = &[
    DiagnosisRule { diagnosis: "healthy_cough", default: Treatment::Healthy, why: "sounds healthy" },
    DiagnosisRule { diagnosis: "COVID-19", default: Treatment::Sick, why: "sounds like COVID-19" },
    DiagnosisRule { diagnosis: "lower_infection", default: Treatment::Sick, why: "sounds like a lower infection" },
    DiagnosisRule { diagnosis: "upper_infection", default: Treatment::Sick, why: "sounds like an upper infection" },
    DiagnosisRule { diagnosis: "obstructive_disease", default: Treatment::Sick, why: "sounds obstructed" },
];

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
        };
        for rule in RULES {
            policy.set(rule.source, rule.status, rule.default);
        }
        policy
    }
}

impl LabelPolicy {
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

    /// Whether a recording is used, and as what.
    ///
    /// First comes what nobody can change (no file, no sound), then what a person decided, then whether it is a cough,
    /// then its status: so the counts of statuses compare with published ones, which are taken after the filter.
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
        verdict
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

    /// What the recording's status, or its experts, make of it.
    fn label(&self, clip: &Clip) -> Verdict {
        let experts_count = match self.experts {
            ExpertRole::Ignored => false,
            ExpertRole::Fills => clip.status.is_empty(),
            ExpertRole::Decides => true,
        };
        if experts_count && let Some(verdict) = self.experts_say(clip) {
            return verdict;
        }
        match self.treatment(clip.source, &clip.status) {
            Some(Treatment::Healthy) => Verdict::Use(Label::Healthy),
            Some(Treatment::Sick) => Verdict::Use(Label::Sick),
            Some(Treatment::Exclude) => Verdict::Exclude(Reason::Status(reason_to_exclude(clip.source, &clip.status))),
            None => Verdict::Exclude(Reason::UnknownStatus(clip.status.clone())),
        }
    }

    /// What most of the experts found; `None` where no diagnosis counts.
    fn experts_say(&self, clip: &Clip) -> Option<Verdict> {
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

/// The rule of `RULES` for this status, upper and lower case being one.
fn rule_for(source: SourceKind, status: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.source == source && rule.status.eq_ignore_ascii_case(status))
}

/// Why a status is left out: the rule's own reason, or the user's choice where the rule would have used it.
fn reason_to_exclude(source: SourceKind, status: &str) -> String {
    let why = match rule_for(source, status) {
        Some(rule) if rule.default == Treatment::Exclude => rule.why,
        _ => "left out by choice",
    };
    if status.is_empty() { why.to_owned() } else { format!("{}: {why}", shortened(status)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Obstacle, Opinion, PersonId};

    fn clip(source: SourceKind, status: &str) -> Clip {
        let sound = Sound::Read(crate::data::SoundFacts::for_tests());
        Clip { cough_detected: Some(1.0), sound, ..Clip::new("a.wav".into(), source, PersonId("p".into()), status) }
    }

    fn decide(policy: &LabelPolicy, source: SourceKind, status: &str) -> Verdict {
        policy.decide(&clip(source, status))
    }

    #[test]
    fn defaults_follow_the_rules() {
        let policy = LabelPolicy::default();
        for rule in RULES {
            assert_eq!(policy.treatment(rule.source, rule.status), Some(rule.default), "{rule:?}");
            let expected = match rule.default {
                Treatment::Healthy => Some(Label::Healthy),
                Treatment::Sick => Some(Label::Sick),
                Treatment::Exclude => None,
            };
            assert_eq!(decide(&policy, rule.source, rule.status).label(), expected, "{rule:?}");
        }
    }

    #[test]
    fn no_status_is_listed_twice() {
        for (i, rule) in RULES.iter().enumerate() {
            let twin =
                RULES[..i].iter().find(|r| r.source == rule.source && r.status.eq_ignore_ascii_case(rule.status));
            assert_eq!(twin, None);
        }
    }

    #[test]
    fn unknown_statuses_are_left_out_by_name() {
        let policy = LabelPolicy::default();
        let Verdict::Exclude(reason) = decide(&policy, SourceKind::Coswara, "vaccinated") else {
            panic!("it is left out")
        };
        assert_eq!(reason.to_string(), "unknown status \"vaccinated\"");
        let Verdict::Exclude(reason) = decide(&policy, SourceKind::Coswara, &"é".repeat(10_000)) else {
            panic!("an unknown status is left out");
        };
        assert!(reason.to_string().chars().count() < 110, "{reason}");
    }

    #[test]
    fn a_status_of_one_dataset_says_nothing_of_another() {
        let verdict = decide(&LabelPolicy::default(), SourceKind::Virufy, "positive_mild");
        assert_eq!(verdict, Verdict::Exclude(Reason::UnknownStatus("positive_mild".into())));
    }

    #[test]
    fn a_change_replaces_the_row_whatever_its_case() {
        let mut policy = LabelPolicy::default();
        policy.set(SourceKind::Coughvid, "covid-19", Treatment::Exclude);
        let verdict = decide(&policy, SourceKind::Coughvid, "COVID-19");
        assert_eq!(verdict, Verdict::Exclude(Reason::Status("COVID-19: left out by choice".into())));
        assert_eq!(policy.labels[&SourceKind::Coughvid].len(), 4, "no second row");
        policy.set(SourceKind::Coswara, "recovered_full", Treatment::Healthy);
        assert_eq!(decide(&policy, SourceKind::Coswara, "recovered_full"), Verdict::Use(Label::Healthy));
    }

    #[test]
    fn a_policy_survives_json_and_toml_and_fills_gaps() {
        let mut policy = LabelPolicy::default();
        policy.set(SourceKind::Coughvid, "symptomatic", Treatment::Exclude);
        policy.coswara_cough = CoughKind::Both;
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<LabelPolicy>(&json).unwrap(), policy);
        let text = toml::to_string(&policy).unwrap();
        assert_eq!(toml::from_str::<LabelPolicy>(&text).unwrap(), policy);

        let partial: LabelPolicy = toml::from_str("[labels.coughvid]\nsymptomatic = \"exclude\"\n").unwrap();
        assert_eq!(partial.min_cough_detected.to_bits(), 0.8_f64.to_bits());
        assert_eq!(partial.treatment(SourceKind::Coughvid, "symptomatic"), Some(Treatment::Exclude));
        assert_eq!(partial.treatment(SourceKind::Coswara, "positive_mild"), Some(Treatment::Sick));
    }

    #[test]
    fn experts_decide_only_as_far_as_they_may() {
        let opinion = |diagnosis: &str| Opinion { diagnosis: diagnosis.into(), ..Opinion::default() };
        let cases = [
            (&["lower_infection"][..], Verdict::Use(Label::Sick)),
            (&["healthy_cough", "COVID-19", "HEALTHY_COUGH"], Verdict::Use(Label::Healthy)),
            (&["healthy_cough", "covid-19"], Verdict::Exclude(Reason::ExpertsDisagree)),
            (&["", "something new"], Verdict::Use(Label::Healthy)),
        ];
        for (diagnoses, by_experts) in cases {
            let mut said = clip(SourceKind::Coughvid, "healthy");
            said.opinions = diagnoses.iter().map(|diagnosis| opinion(diagnosis)).collect();
            let with = |experts, clip: &Clip| LabelPolicy { experts, ..LabelPolicy::default() }.decide(clip);
            assert_eq!(with(ExpertRole::Decides, &said), by_experts, "{diagnoses:?}");
            for role in [ExpertRole::Ignored, ExpertRole::Fills] {
                assert_eq!(with(role, &said), Verdict::Use(Label::Healthy), "{role:?} {diagnoses:?}");
            }
        }
        let blank = Clip { opinions: vec![opinion("COVID-19")], ..clip(SourceKind::Coughvid, "") };
        let mut policy = LabelPolicy { experts: ExpertRole::Fills, ..LabelPolicy::default() };
        assert_eq!(policy.decide(&blank), Verdict::Use(Label::Sick));
        policy.set_diagnosis("covid-19", Treatment::Exclude);
        assert_eq!(policy.decide(&blank).label(), None, "the user may change this row as well");
    }

    #[test]
    fn what_a_person_decides_comes_before_the_policy_but_makes_no_sound() {
        let policy = LabelPolicy::default();
        let decided = |decision, clip: Clip| policy.decide(&Clip { decision: Some(decision), ..clip });
        let recovered = clip(SourceKind::Coswara, "recovered_full");
        assert_eq!(decided(Decision::Healthy, recovered.clone()), Verdict::Use(Label::Healthy));
        assert_eq!(decided(Decision::Sick, recovered.clone()), Verdict::Use(Label::Sick));
        assert_eq!(decided(Decision::Exclude, recovered), Verdict::Exclude(Reason::ByHand));
        let soft = Clip { cough_detected: Some(0.1), ..clip(SourceKind::Coughvid, "healthy") };
        assert_eq!(policy.decide(&soft), Verdict::Exclude(Reason::CoughBelow(0.8)));
        assert_eq!(decided(Decision::Use, soft), Verdict::Use(Label::Healthy));
        let absent = Clip { obstacle: Some(Obstacle::NoAudioFile), ..clip(SourceKind::Coswara, "healthy") };
        assert_eq!(decided(Decision::Use, absent).label(), None);
        let broken = Clip { sound: Sound::Unreadable("no samples".into()), ..clip(SourceKind::Coswara, "healthy") };
        assert_eq!(decided(Decision::Sick, broken), Verdict::Unreadable("no samples".into()));
    }
}
