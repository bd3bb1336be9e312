//! Groups of values by which recordings are counted and found: a chart and a filter have the same ones.

use std::fmt;

use crate::data::Clip;
use crate::units::Seconds;

/// Ages by the decade, with one band below 20 and one from 70 on: few people there send in coughs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgeBand(u8);

impl AgeBand {
    const FIRST: u8 = 1;
    const LAST: u8 = 7;

    /// The band of an age.
    #[must_use]
    pub fn of(age_years: f32) -> Self {
        Self(((age_years / 10.0) as u8).clamp(Self::FIRST, Self::LAST))
    }

    /// The next older one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        (self.0 < Self::LAST).then_some(Self(self.0 + 1))
    }
}

/// In years, without the unit: `20–29`.
impl fmt::Display for AgeBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Self::FIRST => f.write_str("<20"),
            Self::LAST => f.write_str("70+"),
            decade => write!(f, "{decade}0–{decade}9"),
        }
    }
}

/// Sex or gender, as far as the datasets' words agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// As the dataset says.
    Female,
    /// As the dataset says.
    Male,
    /// Something else was said.
    Other,
}

impl Sex {
    /// From a dataset's own word, lower-cased; `None` for words that say nothing.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word.trim() {
            "female" | "f" | "woman" | "w" => Some(Self::Female),
            "male" | "m" | "man" => Some(Self::Male),
            // Virufy CDF writes "pnts" for "prefer not to say".
            "" | "nan" | "none" | "unknown" | "not stated" | "prefer not to say" | "pnts" => None,
            _ => Some(Self::Other),
        }
    }

    /// The name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Female => "Female",
            Self::Male => "Male",
            Self::Other => "Other",
        }
    }
}

/// Durations by the octave: each band reaches twice as far as the one before, since durations span from a single cough
/// (0.3 s) to half a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DurationBand(usize);

impl DurationBand {
    /// Where bands begin, after the first, in seconds.
    const STARTS_SECS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

    /// The band of a duration.
    #[must_use]
    pub fn of(duration: Seconds) -> Self {
        Self(Self::STARTS_SECS.iter().take_while(|start| **start <= duration.0).count())
    }

    /// The next longer one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        (self.0 < Self::STARTS_SECS.len()).then_some(Self(self.0 + 1))
    }
}

/// In seconds, without the unit: `2–4`.
impl fmt::Display for DurationBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.0.checked_sub(1).and_then(|before| Self::STARTS_SECS.get(before));
        match (start, Self::STARTS_SECS.get(self.0)) {
            (Some(start), Some(end)) => write!(f, "{start}–{end}"),
            (None, Some(end)) => write!(f, "<{end}"),
            (Some(start), None) => write!(f, "{start}+"),
            (None, None) => Ok(()),
        }
    }
}

/// Scores by the tenth; the last band has 1 too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScoreBand(u8);

impl ScoreBand {
    const LAST: u8 = 9;

    /// The band of a score from 0 to 1.
    #[must_use]
    pub fn of(score: f64) -> Self {
        Self(((score * 10.0) as u8).min(Self::LAST))
    }
}

/// `0.3–0.4`.
impl fmt::Display for ScoreBand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}–{:.1}", f64::from(self.0) / 10.0, f64::from(self.0 + 1) / 10.0)
    }
}

/// The band of a person's age, where it is stated.
#[must_use]
pub fn age_of(clip: &Clip) -> Option<AgeBand> {
    clip.subject.age.map(AgeBand::of)
}

/// A person's sex, where it is stated.
#[must_use]
pub fn sex_of(clip: &Clip) -> Option<Sex> {
    clip.subject.sex.as_deref().and_then(Sex::of)
}

/// The band of a recording's duration, where it was read.
#[must_use]
pub fn duration_of(clip: &Clip) -> Option<DurationBand> {
    clip.facts().map(|facts| DurationBand::of(facts.duration))
}

/// The year of a recording, where it is stated.
#[must_use]
pub fn year_of(clip: &Clip) -> Option<u16> {
    year(&clip.subject.recorded)
}

/// The year in a date, however the dataset writes it: `2020-04-13`, `20200413`, `04/13/2020`. `None` without one.
fn year(date: &str) -> Option<u16> {
    date.split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| matches!(digits.len(), 4 | 8))
        .filter_map(|digits| digits.get(..4)?.parse().ok())
        .find(|year| (1990..2100).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_have_names_and_bounds() {
        for (age, name) in [(3.0, "<20"), (19.9, "<20"), (20.0, "20–29"), (69.0, "60–69"), (70.0, "70+"), (99.0, "70+")]
        {
            assert_eq!(AgeBand::of(age).to_string(), name, "{age}");
        }
        for (secs, name) in [(0.1, "<0.5"), (0.5, "0.5–1"), (3.99, "2–4"), (4.0, "4–8"), (32.0, "32+"), (600.0, "32+")]
        {
            assert_eq!(DurationBand::of(Seconds(secs)).to_string(), name, "{secs}");
        }
        for (score, name) in
            [(0.0, "0.0–0.1"), (0.0999, "0.0–0.1"), (0.1, "0.1–0.2"), (0.95, "0.9–1.0"), (1.0, "0.9–1.0")]
        {
            assert_eq!(ScoreBand::of(score).to_string(), name, "{score}");
        }
    }

    #[test]
    fn words_for_sex_become_one() {
        for (word, sex) in [
            ("female", Some(Sex::Female)),
            ("m", Some(Sex::Male)),
            ("non-binary", Some(Sex::Other)),
            ("pnts", None),
            ("unknown", None),
        ] {
            assert_eq!(Sex::of(word), sex, "{word}");
        }
    }

    #[test]
    fn years_are_found_in_every_spelling() {
        for (date, found) in [
            ("2020-04-13", Some(2020)),
            ("20210607", Some(2021)),
            ("04/13/2022", Some(2022)),
            ("2020-04-13T05:06:07.123456+00:00", Some(2020)),
            ("4/21", None),
            ("", None),
            ("0001-01-01", None),
        ] {
            assert_eq!(year(date), found, "{date}");
        }
    }
}
