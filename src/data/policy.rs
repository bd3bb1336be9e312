//! The label policy: what each dataset's own words for a state of health count as.
//!
//! Every value that a dataset is known to hold stands in [`RULES`] with its default and the reason for it. A
//! [`LabelPolicy`] starts there; the user may change any row, and a value that nobody has listed is never guessed at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Label, SourceKind, Verdict};

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
    use SourceKind::{Coswara, Coughvid, Folder, Virufy};
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
        rule(Folder, "healthy", Healthy, "lies in a folder of this name"),
        rule(Folder, "sick", Sick, "lies in a folder of this name"),
    ]
};

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
    /// Dataset, then status, to treatment. Defaults to [`RULES`], which also decides what this leaves open.
    pub labels: BTreeMap<SourceKind, BTreeMap<String, Treatment>>,
}

impl Default for LabelPolicy {
    fn default() -> Self {
        let mut policy = Self {
            min_cough_detected: 0.8,
            coswara_cough: CoughKind::default(),
            virufy_form: VirufyForm::default(),
            labels: BTreeMap::new(),
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
        let statuses = self.labels.entry(source).or_default();
        // Upper and lower case are one status, so that a change never stands beside the row that it changes.
        match statuses.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(status)) {
            Some((_, current)) => *current = treatment,
            None => {
                statuses.insert(status.to_owned(), treatment);
            }
        }
    }

    /// What recordings of `source` with `status` count as; upper and lower case do not matter. `None` when nobody has
    /// listed that status.
    #[must_use]
    pub fn treatment(&self, source: SourceKind, status: &str) -> Option<Treatment> {
        let chosen = self.labels.get(&source).and_then(|statuses| {
            statuses.iter().find(|(known, _)| known.eq_ignore_ascii_case(status)).map(|(_, treatment)| *treatment)
        });
        chosen.or_else(|| rule_for(source, status).map(|rule| rule.default))
    }

    /// Whether a recording of `source` with `status` is used, and as what. An unknown status is left out, with a
    /// reason that names it.
    #[must_use]
    pub fn decide(&self, source: SourceKind, status: &str) -> Verdict {
        match self.treatment(source, status) {
            Some(Treatment::Healthy) => Verdict::Use(Label::Healthy),
            Some(Treatment::Sick) => Verdict::Use(Label::Sick),
            Some(Treatment::Exclude) => Verdict::Exclude(reason_to_exclude(source, status)),
            None => Verdict::Exclude(format!("unknown status \"{}\"", shortened(status))),
        }
    }
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

/// The first characters of a value from a table, so that a damaged one does not fill the screen.
fn shortened(value: &str) -> String {
    /// Longer than any real status (27 characters in Coswara).
    const MOST: usize = 40;
    if value.chars().count() <= MOST {
        return value.to_owned();
    }
    value.chars().take(MOST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(policy.decide(rule.source, rule.status).label(), expected, "{rule:?}");
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
        let verdict = policy.decide(SourceKind::Coswara, "vaccinated");
        assert_eq!(verdict, Verdict::Exclude("unknown status \"vaccinated\"".into()));
        let Verdict::Exclude(reason) = policy.decide(SourceKind::Coswara, &"é".repeat(10_000)) else {
            panic!("an unknown status is left out");
        };
        assert!(reason.chars().count() < 70, "{reason}");
    }

    #[test]
    fn a_status_of_one_dataset_says_nothing_of_another() {
        let verdict = LabelPolicy::default().decide(SourceKind::Virufy, "positive_mild");
        assert_eq!(verdict, Verdict::Exclude("unknown status \"positive_mild\"".into()));
    }

    #[test]
    fn a_change_replaces_the_row_whatever_its_case() {
        let mut policy = LabelPolicy::default();
        policy.set(SourceKind::Coughvid, "covid-19", Treatment::Exclude);
        let verdict = policy.decide(SourceKind::Coughvid, "COVID-19");
        assert_eq!(verdict, Verdict::Exclude("COVID-19: left out by choice".into()));
        assert_eq!(policy.labels[&SourceKind::Coughvid].len(), 4, "no second row");
        policy.set(SourceKind::Coswara, "recovered_full", Treatment::Healthy);
        assert_eq!(policy.decide(SourceKind::Coswara, "recovered_full"), Verdict::Use(Label::Healthy));
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
}
