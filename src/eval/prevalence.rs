//! What a threshold means where the illness is rarer, or more common, than in the data.

use serde::{Deserialize, Serialize};

use super::{Confusion, Undefined};

/// How common the illness is where the test is used: a share of people, from one in a million to all but one in a million.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Prevalence(f64);

/// A number that is no prevalence.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a prevalence is a share above 0 and below 1, such as 0.05 for 5 in 100 people, not {0}")]
pub struct NoPrevalence(pub f64);

impl Prevalence {
    /// Checks `share`.
    ///
    /// # Errors
    /// [`NoPrevalence`] below one in a million, above all but one in a million, and for NaN.
    pub fn new(share: f64) -> Result<Self, NoPrevalence> {
        if (1e-6..=1.0 - 1e-6).contains(&share) { Ok(Self(share)) } else { Err(NoPrevalence(share)) }
    }

    /// The share of people who have the illness, between 0 and 1.
    #[must_use]
    pub const fn share(self) -> f64 {
        self.0
    }

    /// Of those called sick, the share that is sick, at this prevalence: Bayes' theorem from the matrix's sensitivity and
    /// specificity.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur and someone is called sick.
    pub fn ppv(self, confusion: &Confusion) -> Result<f64, Undefined> {
        let shares = Shares::new(self, confusion)?;
        let called = shares.found + shares.false_alarms;
        if called > 0.0 { Ok(shares.found / called) } else { Err(Undefined::NoPredictedPositives) }
    }

    /// Of those called healthy, the share that is healthy, at this prevalence.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur and someone is called healthy.
    pub fn npv(self, confusion: &Confusion) -> Result<f64, Undefined> {
        let shares = Shares::new(self, confusion)?;
        let called = shares.missed + shares.cleared;
        if called > 0.0 { Ok(shares.cleared / called) } else { Err(Undefined::NoPredictedNegatives) }
    }

    /// What becomes of `people` people at this prevalence, in whole people that add up to `people`: each group is rounded
    /// down, and who is left over goes where most was cut off (largest remainder). Gigerenzer and Hoffrage (1995): counts are
    /// understood where percentages are not.
    ///
    /// # Errors
    /// [`Undefined`] unless both classes occur.
    pub fn natural_frequencies(self, confusion: &Confusion, people: u32) -> Result<NaturalFrequencies, Undefined> {
        let Shares { found, missed, false_alarms, cleared } = Shares::new(self, confusion)?;
        // Of equals, one sick and one healthy group come first, so that the sick stay as many as they are.
        let exact = [found, cleared, missed, false_alarms].map(|share| share * f64::from(people));
        let mut whole = exact.map(|count| count.floor() as u32);
        let left_over = people.saturating_sub(whole.iter().sum()) as usize;
        // Coarser than rounding, so that equals tie.
        let cut_off = |group: &(f64, &mut u32)| (group.0.fract() * 1e9).round() as i64;
        let mut groups: Vec<(f64, &mut u32)> = exact.into_iter().zip(&mut whole).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(cut_off(group)));
        groups.into_iter().take(left_over).for_each(|(_, count)| *count += 1);
        let [found, cleared, missed, false_alarms] = whole;
        Ok(NaturalFrequencies { found, missed, false_alarms, cleared })
    }
}

impl TryFrom<f64> for Prevalence {
    type Error = NoPrevalence;

    fn try_from(share: f64) -> Result<Self, NoPrevalence> {
        Self::new(share)
    }
}

impl From<Prevalence> for f64 {
    fn from(prevalence: Prevalence) -> Self {
        prevalence.0
    }
}

/// What becomes of so many people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NaturalFrequencies {
    /// Sick, called sick.
    pub found: u32,
    /// Sick, called healthy.
    pub missed: u32,
    /// Healthy, called sick.
    pub false_alarms: u32,
    /// Healthy, called healthy.
    pub cleared: u32,
}

/// The four groups as shares of all people.
struct Shares {
    found: f64,
    missed: f64,
    false_alarms: f64,
    cleared: f64,
}

impl Shares {
    fn new(Prevalence(sick): Prevalence, confusion: &Confusion) -> Result<Self, Undefined> {
        if confusion.total() == 0 {
            return Err(Undefined::Empty);
        }
        let sensitivity = confusion.sensitivity().value().ok_or(Undefined::NoPositives)?;
        let specificity = confusion.specificity().value().ok_or(Undefined::NoNegatives)?;
        let healthy = 1.0 - sick;
        Ok(Self {
            found: sick * sensitivity,
            missed: sick * (1.0 - sensitivity),
            false_alarms: healthy * (1.0 - specificity),
            cleared: healthy * specificity,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sensitivity and specificity of 0.8.
    const EIGHTY: Confusion = Confusion { tp: 8, fp: 4, tn: 16, fn_: 2 };

    #[test]
    fn the_rarer_the_illness_the_fewer_alarms_are_right() {
        for (share, percent) in [(0.5, 80.0), (0.1, 31.0), (0.01, 4.0)] {
            let ppv = Prevalence::new(share).unwrap().ppv(&EIGHTY).unwrap();
            assert_eq!((100.0 * ppv).round(), percent, "{share}");
        }
        // 0.9 * 0.8 / (0.9 * 0.8 + 0.1 * 0.2)
        let npv = Prevalence::new(0.1).unwrap().npv(&EIGHTY).unwrap();
        assert!((npv - 0.72 / 0.74).abs() < 1e-15);
    }

    #[test]
    fn a_thousand_people_by_hand() {
        let of = |share: f64, confusion| Prevalence::new(share).unwrap().natural_frequencies(confusion, 1000).unwrap();
        let expected = NaturalFrequencies { found: 40, missed: 10, false_alarms: 190, cleared: 760 };
        assert_eq!(of(0.05, &EIGHTY), expected);
        // 25 sick and 975 healthy, half of each called sick: all four end in one half.
        let halves = of(0.025, &Confusion { tp: 1, fp: 1, tn: 1, fn_: 1 });
        assert_eq!(halves, NaturalFrequencies { found: 13, missed: 12, false_alarms: 487, cleared: 488 });
    }

    #[test]
    fn what_is_no_prevalence_is_refused() {
        for share in [0.0, 1.0, -0.1, 5.0, f64::NAN] {
            assert!(Prevalence::new(share).is_err(), "{share}");
        }
        assert!(serde_json::from_str::<Prevalence>("2.0").is_err());
        let nobody_called = Confusion { tp: 0, fp: 0, tn: 3, fn_: 2 };
        assert_eq!(Prevalence(0.1).ppv(&nobody_called), Err(Undefined::NoPredictedPositives));
        assert_eq!(Prevalence(0.1).npv(&nobody_called), Ok(0.9));
        assert_eq!(Prevalence(0.1).ppv(&Confusion { tp: 1, ..Confusion::default() }), Err(Undefined::NoNegatives));
        assert_eq!(Prevalence(0.1).npv(&Confusion::default()), Err(Undefined::Empty));
    }
}
