//! Every value that a dataset is known to hold, with what it counts as and why.

use serde::{Deserialize, Serialize};

use crate::data::SourceKind;

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
        rule(Coswara, "healthy", Healthy, "self-reported"),
        rule(Coswara, "positive_mild", Sick, "tested positive"),
        rule(Coswara, "positive_moderate", Sick, "tested positive"),
        rule(Coswara, "positive_asymp", Sick, "tested positive"),
        rule(Coswara, "resp_illness_not_identified", Exclude, "ill with something else; published work disagrees"),
        // 105 of the 248 people with this status report symptoms.
        rule(Coswara, "no_resp_illness_exposed", Exclude, "exposed, and many report symptoms"),
        rule(Coswara, "recovered_full", Exclude, "recovered; neither sick nor clearly healthy"),
        rule(Coswara, "under_validation", Exclude, "the test result was still open"),
        rule(Coswara, "", Exclude, "no status stated"),
        rule(Coughvid, "healthy", Healthy, "self-reported"),
        rule(Coughvid, "COVID-19", Sick, "self-reported"),
        rule(Coughvid, "symptomatic", Sick, "self-reported symptoms; the classes are healthy and sick"),
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
    DiagnosisRule { diagnosis: "healthy_cough", default: Treatment::Healthy, why: "sounds healthy to a physician" },
    DiagnosisRule { diagnosis: "COVID-19", default: Treatment::Sick, why: "sounds like COVID-19 to a physician" },
    DiagnosisRule {
        diagnosis: "lower_infection",
        default: Treatment::Sick,
        why: "sounds like an infection of the lower airways",
    },
    DiagnosisRule {
        diagnosis: "upper_infection",
        default: Treatment::Sick,
        why: "sounds like an infection of the upper airways",
    },
    DiagnosisRule { diagnosis: "obstructive_disease", default: Treatment::Sick, why: "sounds like obstructed airways" },
];

/// The rule of `RULES` for this status, upper and lower case being one.
pub(super) fn rule_for(source: SourceKind, status: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.source == source && rule.status.eq_ignore_ascii_case(status))
}
