//! Why a recording is left out: one list of reasons, and the words for them.

use std::fmt;

use super::policy::Rule;
use super::quality::Flag;
use super::{Clip, Obstacle, Verdict};

/// Why a recording is left out. Its `Display` is a phrase for tables and lists.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// Its dataset's files keep it from being used.
    Obstacle(Obstacle),
    /// It has not been decoded yet.
    NotReadYet,
    /// The cough detector's score is below this bound.
    CoughBelow(f64),
    /// The cough detector's score is missing.
    CoughNotStated,
    /// Its status is left out, as it is unless the user says otherwise.
    Rule(&'static Rule),
    /// The user leaves this status out.
    Choice(String),
    /// Nobody has said what this status counts as.
    UnknownStatus(String),
    /// As many experts found it healthy as sick.
    ExpertsDisagree,
    /// The policy leaves out recordings with this flag.
    Flag(Flag),
    /// A person left it out.
    ByHand,
}

impl Reason {
    /// Whether both are one reason; a bound may have been moved meanwhile.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::CoughBelow(_), Self::CoughBelow(_))) || self == other
    }

    /// For which reasons recordings are left out, each with how many, in the order in which they first occur.
    #[must_use]
    pub fn tally<'a>(clips: impl IntoIterator<Item = &'a Clip>) -> Vec<(&'a Self, usize)> {
        // There are few different reasons: looking through them is quicker than putting each of 35,000 in words.
        let mut reasons: Vec<(&Self, usize)> = Vec::new();
        for clip in clips {
            let Verdict::Exclude(reason) = &clip.verdict else { continue };
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, count)) => *count += 1,
                None => reasons.push((reason, 1)),
            }
        }
        reasons
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Obstacle(obstacle) => obstacle.fmt(f),
            Self::NotReadYet => f.write_str("not read yet"),
            Self::CoughBelow(bound) => write!(f, "cough score below {bound}"),
            Self::CoughNotStated => f.write_str("cough score not stated"),
            Self::Rule(rule) if rule.status.is_empty() => f.write_str(rule.why),
            Self::Rule(rule) => write!(f, "{}: {}", rule.status, rule.why),
            Self::Choice(status) if status.is_empty() => f.write_str("nothing stated: left out by choice"),
            Self::Choice(status) => write!(f, "{}: left out by choice", shortened(status)),
            Self::UnknownStatus(status) => write!(f, "unknown status \"{}\"", shortened(status)),
            Self::ExpertsDisagree => f.write_str("the experts disagree"),
            Self::Flag(flag) => f.write_str(&flag.name().to_lowercase()),
            Self::ByHand => f.write_str("left out by hand"),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAudioFile => "no audio file",
            Self::NotInTable => "in no table or sheet",
            Self::DamagedSheet => "its sheet (.json) is damaged",
            Self::ForeignName => "its name is not one of the dataset's",
            Self::FolderDisagrees => "the table and the folder disagree",
            Self::InferredResult => "the test result was inferred, not measured",
            Self::InCoughvid => "COUGHVID has the same recording already",
            Self::LeftOutThere(words) => return f.write_str(&shortened(words)),
        })
    }
}

/// The first characters of a value from a table, so that a damaged one does not fill the screen.
fn shortened(value: &str) -> String {
    /// Longer than any real status (27 characters in Coswara) and any reason of ours.
    const MOST: usize = 80;
    if value.chars().count() <= MOST {
        return value.to_owned();
    }
    value.chars().take(MOST).chain(['…']).collect()
}
