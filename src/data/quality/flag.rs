//! What may be wrong with a recording, and what that leads to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What may be wrong with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// No sound above the noise of a recorder.
    Silent,
    /// Overdriven.
    Clipped,
    /// Shorter than a cough.
    TooShort,
    /// The file ends early.
    Truncated,
    /// Coughs hardly louder than the rest.
    LowSnr,
    /// No cough was found.
    NoCough,
    /// A listener rated it poor; decided where the ratings are known, not by [`QualityPolicy::flags`](super::QualityPolicy::flags).
    RatedPoor,
    /// The same samples as another recording with the other label; decided where the labels are known, by
    /// [`Study::group`](crate::data::study::Study::group).
    ContradictoryLabels,
    /// The same samples as another recording; decided by [`duplicates`](crate::data::duplicates).
    ExactDuplicate,
    /// The same sound as another recording; decided by [`duplicates`](crate::data::duplicates).
    NearDuplicate,
}

impl Flag {
    /// All flags, in the order in which a screen lists them.
    pub const ALL: [Self; 10] = [
        Self::Silent,
        Self::Clipped,
        Self::TooShort,
        Self::Truncated,
        Self::LowSnr,
        Self::NoCough,
        Self::RatedPoor,
        Self::ContradictoryLabels,
        Self::ExactDuplicate,
        Self::NearDuplicate,
    ];

    /// The name in files, for example `low-snr`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Clipped => "clipped",
            Self::TooShort => "too-short",
            Self::Truncated => "truncated",
            Self::LowSnr => "low-snr",
            Self::NoCough => "no-cough",
            Self::RatedPoor => "rated-poor",
            Self::ContradictoryLabels => "contradictory-labels",
            Self::ExactDuplicate => "exact-duplicate",
            Self::NearDuplicate => "near-duplicate",
        }
    }

    /// The name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "Silent",
            Self::Clipped => "Clipped",
            Self::TooShort => "Too short",
            Self::Truncated => "Truncated",
            Self::LowSnr => "Noisy",
            Self::NoCough => "No cough found",
            Self::RatedPoor => "Rated poor",
            Self::ContradictoryLabels => "Contradictory labels",
            Self::ExactDuplicate => "Exact duplicate",
            Self::NearDuplicate => "Near duplicate",
        }
    }

    /// What it means, in one sentence for a clinician.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Silent => "The microphone recorded nothing: it was muted, blocked or not permitted.",
            Self::Clipped => "The microphone was overdriven, so that the loudest parts of the coughs are distorted.",
            Self::TooShort => "The recording is shorter than a single cough.",
            Self::Truncated => {
                "The file ends before it should, as after an interrupted upload, and its rest is missing."
            }
            Self::LowSnr => "The coughs are hardly louder than the noise around them.",
            // `scan` with the default policy on virufy-data, segmented and original, and on `demo --people 600`, whose sounds
            // are all coughs. The samples of Coswara (3 of 13) and COUGHVID (0 of 4) at hand were too few to say.
            Self::NoCough => {
                "No sound in it rises and falls like a cough. That misses real ones: it flags 26 of the 121 single coughs \
                 of Virufy, none of its 16 whole sessions, and 265 of 1,039 made-up coughs of a demo study. How often it \
                 takes another sound for a cough has not been measured."
            }
            Self::RatedPoor => "A person who listened to it rated its quality as poor, or heard no cough in it.",
            Self::ContradictoryLabels => {
                "Another recording holds exactly the same sound with the other label, or its own file is listed with both, \
                 so that one of the two is wrong."
            }
            Self::ExactDuplicate => "Another recording holds exactly the same sound, sample by sample.",
            Self::NearDuplicate => {
                "Another recording holds the same coughs, in another format or cut differently. If it has the other label, \
                 that is not held against either: only exact copies are called contradictory."
            }
        }
    }

    /// What it leads to unless the user says otherwise.
    #[must_use]
    pub fn default_treatment(self) -> FlagTreatment {
        match self {
            // Without a cough's worth of sound there is nothing to learn, and a copy adds nothing. Of two labels for one
            // sound nobody knows the right one: the one that was read first is no better.
            Self::Silent | Self::TooShort | Self::ContradictoryLabels | Self::ExactDuplicate => FlagTreatment::Exclude,
            // The published segmentation misses too many good recordings to cry wolf: 26 of Virufy's 121 single coughs, and
            // 7 of 26 cough recordings of Coswara's first day.
            Self::NoCough => FlagTreatment::Ignore,
            // The others need a listener: leaving them out changes who is in the study.
            _ => FlagTreatment::Warn,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Flag`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FlagSet(u16);

impl FlagSet {
    /// Without any flag.
    pub const EMPTY: Self = Self(0);

    /// Adds a flag.
    pub fn insert(&mut self, flag: Flag) {
        self.0 |= flag.bit();
    }

    /// Takes a flag out.
    pub fn remove(&mut self, flag: Flag) {
        self.0 &= !flag.bit();
    }

    /// Whether a flag is in the set.
    #[must_use]
    pub fn contains(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// Whether no flag is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags, in the order of [`Flag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

impl FromIterator<Flag> for FlagSet {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        flags.into_iter().fold(Self::EMPTY, |set, flag| Self(set.0 | flag.bit()))
    }
}

impl fmt::Debug for FlagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for FlagSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FlagSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Flag>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// What a flag leads to. In order of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlagTreatment {
    /// Nothing.
    Ignore,
    /// The recording is used, and the flag is shown.
    Warn,
    /// The recording is left out.
    Exclude,
}

impl FlagTreatment {
    /// All treatments, in the order in which a choice shows them.
    pub const ALL: [Self; 3] = [Self::Exclude, Self::Warn, Self::Ignore];
}

impl fmt::Display for FlagTreatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignore => "ignore",
            Self::Warn => "warn",
            Self::Exclude => "exclude",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_names_it_in_files() {
        for flag in Flag::ALL {
            let mut set = FlagSet::EMPTY;
            assert!(set.is_empty());
            set.insert(flag);
            assert_eq!(set.iter().collect::<Vec<_>>(), [flag]);
            assert_eq!(serde_json::to_string(&set).unwrap(), format!("[\"{}\"]", flag.id()));
            set.remove(flag);
            assert!(set.is_empty());
        }
        let all: FlagSet = Flag::ALL.into_iter().collect();
        assert_eq!(all.iter().count(), Flag::ALL.len());
        assert_eq!(serde_json::from_str::<FlagSet>(&serde_json::to_string(&all).unwrap()).unwrap(), all);
        assert!(serde_json::from_str::<FlagSet>("[\"loud\"]").is_err());
    }
}
