//! Rules that choose a threshold. Choose on the validation part, lock, report on the test part.

use serde::{Deserialize, Serialize};

use super::{Confusion, Metric, Prevalence, ThresholdTable, Undefined};

/// How a threshold is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Largest sensitivity + specificity - 1 (Youden 1950).
    Youden,
    /// Nearest to the upper left corner of the ROC curve, where there are no errors.
    ClosestCorner,
    /// Largest Matthews correlation.
    MaxMcc,
    /// The highest threshold whose sensitivity is at least this, from 0 to 1: "miss at most 5 in 100" is 0.95.
    TargetSensitivity(f64),
    /// The lowest threshold whose specificity is at least this, from 0 to 1.
    TargetSpecificity(f64),
    /// Least cost, where one missed case is worth this many false alarms (Zweig and Campbell 1993): from 0.000001 to a
    /// million, counted in millionths.
    Cost(f64),
}

/// Why a rule chose nothing.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// The data define no curve to choose on.
    #[error("no threshold can be chosen: {0}")]
    Undefined(#[from] Undefined),
    /// The target is no share.
    #[error("the target must be a share from 0 to 1, not {0}")]
    Target(f64),
    /// The cost is no number of false alarms.
    #[error("one missed case must be worth a number of false alarms from 0.000001 to 1000000, not {0}")]
    Cost(f64),
}

/// A chosen threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Call `score >= threshold` positive. Infinity where only calling nothing positive satisfies the rule.
    pub threshold: f64,
    /// The matrix there, on the data it was chosen on.
    pub confusion: Confusion,
    /// All thresholds that satisfy the rule equally well, falling; `threshold` is among them. Of equals, the one with
    /// the higher sensitivity is chosen, because a missed illness usually costs more than a false alarm.
    pub ties: Vec<f64>,
}

impl Rule {
    /// Every rule, with the targets that the screen offers first.
    pub const ALL: [Self; 6] = [
        Self::Youden,
        Self::ClosestCorner,
        Self::MaxMcc,
        Self::TargetSensitivity(0.95),
        Self::TargetSpecificity(0.95),
        Self::Cost(5.0),
    ];

    /// What one missed case may be worth, in false alarms.
    pub const COSTS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

    /// Name on screen.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Youden => "Youden J",
            Self::ClosestCorner => "Closest to the corner",
            Self::MaxMcc => "Largest Matthews correlation",
            Self::TargetSensitivity(_) => "Sensitivity at least",
            Self::TargetSpecificity(_) => "Specificity at least",
            Self::Cost(_) => "Least cost",
        }
    }

    /// What it does, in plain words.
    #[must_use]
    pub fn explanation(&self) -> &'static str {
        match self {
            Self::Youden => "Largest sum of sensitivity and specificity",
            Self::ClosestCorner => "The point of the ROC curve nearest to no errors at all",
            Self::MaxMcc => "Calls that correlate best with the truth",
            Self::TargetSensitivity(_) => {
                "Misses no more of the sick than you allow, and alarms as few healthy as that permits"
            }
            Self::TargetSpecificity(_) => {
                "Alarms no more of the healthy than you allow, and finds as many sick as that permits"
            }
            Self::Cost(_) => "Weighs missed cases against false alarms, as many as you say one missed case is worth",
        }
    }

    /// Chooses a threshold among those of `table`. Cost takes the share of sick that the data have for the prevalence, which
    /// is rarely that of the people who will be tested: name theirs with [`Rule::choose_at`].
    ///
    /// # Errors
    /// [`RuleError`] when the data have one class only, the target is not a share, or the cost not one.
    pub fn choose(&self, table: &ThresholdTable) -> Result<Choice, RuleError> {
        self.choose_where(table, None)
    }

    /// As [`Rule::choose`], where the illness is as common as `prevalence` says. Only cost depends on it.
    ///
    /// # Errors
    /// As [`Rule::choose`].
    pub fn choose_at(&self, table: &ThresholdTable, prevalence: Prevalence) -> Result<Choice, RuleError> {
        self.choose_where(table, Some(prevalence))
    }

    fn choose_where(&self, table: &ThresholdTable, prevalence: Option<Prevalence>) -> Result<Choice, RuleError> {
        table.both_classes()?;
        match *self {
            Self::Youden => best(table, youden),
            Self::ClosestCorner => best(table, |c| std::cmp::Reverse(corner_distance(c))),
            Self::MaxMcc => best(table, rounded_mcc),
            Self::TargetSensitivity(target) => {
                let target = share(target)?;
                let reached = |c: &Confusion| c.tp as f64 / c.positives() as f64 >= target;
                only(table.thresholds().find(|(_, confusion)| reached(confusion)))
            }
            Self::TargetSpecificity(target) => {
                let target = share(target)?;
                let held = |c: &Confusion| c.tn as f64 / c.negatives() as f64 >= target;
                only(table.thresholds().take_while(|(_, confusion)| held(confusion)).last())
            }
            Self::Cost(alarms) => {
                let weights = CostWeights::new(alarms, prevalence, table)?;
                best(table, |c| std::cmp::Reverse(weights.cost(c)))
            }
        }
    }
}

/// A million: costs and prevalences are counted in millionths.
const MILLION: f64 = 1e6;

/// What errors cost, in whole numbers, so that ties are exact: `cost * prevalence * (1 - Se) + (1 - prevalence) * (1 - Sp)`,
/// times both classes and a million millions. No overflow below 10^8 recordings.
struct CostWeights {
    missed: u128,
    alarmed: u128,
}

impl CostWeights {
    fn new(alarms: f64, prevalence: Option<Prevalence>, table: &ThresholdTable) -> Result<Self, RuleError> {
        if !Rule::COSTS.contains(&alarms) {
            return Err(RuleError::Cost(alarms));
        }
        let (sick, healthy) = match prevalence {
            Some(prevalence) => {
                let sick = (prevalence.share() * MILLION).round() as u128;
                (sick, (MILLION as u128).saturating_sub(sick))
            }
            None => (u128::from(table.positives()), u128::from(table.negatives())),
        };
        let alarms = (alarms * MILLION).round() as u128;
        // Each rate is a count over its class: times the other class, both have one denominator.
        let missed = alarms.saturating_mul(sick).saturating_mul(u128::from(table.negatives()));
        let alarmed = (MILLION as u128).saturating_mul(healthy).saturating_mul(u128::from(table.positives()));
        Ok(Self { missed, alarmed })
    }

    fn cost(&self, c: &Confusion) -> u128 {
        self.missed.saturating_mul(u128::from(c.fn_)).saturating_add(self.alarmed.saturating_mul(u128::from(c.fp)))
    }
}

/// `(Se + Sp) * P * N` in whole numbers, so that ties are exact.
fn youden(c: &Confusion) -> u128 {
    u128::from(c.tp) * u128::from(c.negatives()) + u128::from(c.tn) * u128::from(c.positives())
}

/// `((1 - Se)^2 + (1 - Sp)^2) * P^2 * N^2` in whole numbers; exact up to 2^31 recordings.
fn corner_distance(c: &Confusion) -> u128 {
    let missed = u128::from(c.fn_) * u128::from(c.negatives());
    let alarmed = u128::from(c.fp) * u128::from(c.positives());
    missed.saturating_mul(missed).saturating_add(alarmed.saturating_mul(alarmed))
}

/// The Matthews correlation in units of 1e-12: coarser than the rounding of its square root, so that equals tie.
fn rounded_mcc(c: &Confusion) -> i64 {
    let value = Metric::find("mcc").and_then(|mcc| mcc.exported(c)).unwrap_or(0.0);
    (value * 1e12).round() as i64
}

/// The threshold with the largest `key`; of equals the lowest one, which has the highest sensitivity.
fn best<K: Ord>(table: &ThresholdTable, key: impl Fn(&Confusion) -> K) -> Result<Choice, RuleError> {
    let mut best: Option<K> = None;
    let mut tied: Vec<(f64, Confusion)> = Vec::new();
    for (threshold, confusion) in table.thresholds() {
        let candidate = key(&confusion);
        match best.as_ref().map(|best| candidate.cmp(best)) {
            Some(std::cmp::Ordering::Less) => {}
            Some(std::cmp::Ordering::Equal) => tied.push((threshold, confusion)),
            Some(std::cmp::Ordering::Greater) | None => {
                best = Some(candidate);
                tied = vec![(threshold, confusion)];
            }
        }
    }
    let &(threshold, confusion) = tied.last().ok_or(Undefined::Empty)?;
    Ok(Choice { threshold, confusion, ties: tied.into_iter().map(|(threshold, _)| threshold).collect() })
}

/// A choice without equals.
fn only(found: Option<(f64, Confusion)>) -> Result<Choice, RuleError> {
    let (threshold, confusion) = found.ok_or(Undefined::Empty)?;
    Ok(Choice { threshold, confusion, ties: vec![threshold] })
}

/// Checks that a target is a share.
fn share(target: f64) -> Result<f64, RuleError> {
    if (0.0..=1.0).contains(&target) { Ok(target) } else { Err(RuleError::Target(target)) }
}
