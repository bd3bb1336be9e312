//! Rules as the command line spells them.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use super::Rule;

/// A text that names no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rule: say youden, corner, mcc, se=0.95, sp=0.95 (shares from 0 to 1) or cost=5 (false alarms that one missed case is worth)"
)]
pub struct UnknownRule(pub String);

impl Display for Rule {
    /// As [`Rule::from_str`] reads it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Youden => f.write_str("youden"),
            Self::ClosestCorner => f.write_str("corner"),
            Self::MaxMcc => f.write_str("mcc"),
            Self::TargetSensitivity(share) => write!(f, "se={share}"),
            Self::TargetSpecificity(share) => write!(f, "sp={share}"),
            Self::Cost(alarms) => write!(f, "cost={alarms}"),
        }
    }
}

impl FromStr for Rule {
    type Err = UnknownRule;

    /// Reads `youden`, `corner`, `mcc`, `se=0.95`, `sp=0.95` or `cost=5`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        let spelling = text.trim().to_ascii_lowercase();
        let (name, value) = match spelling.split_once('=') {
            None => (spelling.as_str(), None),
            Some((name, value)) => (name.trim(), value.trim().parse::<f64>().ok()),
        };
        let rule = match (name, value) {
            ("se", Some(share)) if (0.0..=1.0).contains(&share) => Self::TargetSensitivity(share),
            ("sp", Some(share)) if (0.0..=1.0).contains(&share) => Self::TargetSpecificity(share),
            ("cost", Some(alarms)) if Self::COSTS.contains(&alarms) => Self::Cost(alarms),
            _ => match spelling.as_str() {
                "youden" => Self::Youden,
                "corner" => Self::ClosestCorner,
                "mcc" => Self::MaxMcc,
                _ => return Err(UnknownRule(text.to_owned())),
            },
        };
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let shares =
            [Rule::TargetSensitivity(1.0 / 3.0), Rule::TargetSpecificity(1.0), Rule::Cost(2.5), Rule::Cost(1e6)];
        for rule in Rule::ALL.into_iter().chain(shares) {
            assert_eq!(rule.to_string().parse(), Ok(rule), "{rule}");
        }
        assert_eq!(" Se = 0.9 ".parse(), Ok(Rule::TargetSensitivity(0.9)));
        assert_eq!(Rule::Cost(5.0).to_string(), "cost=5");
    }

    #[test]
    fn what_is_no_rule_says_what_can_be_said() {
        for text in ["", "best", "youden=1", "se", "se=", "se=95", "sp=-0.1", "cost=0", "cost=inf", "se=nan"] {
            let error = text.parse::<Rule>().unwrap_err().to_string();
            for spelling in ["youden", "corner", "mcc", "se=0.95", "sp=0.95", "cost=5"] {
                assert!(error.contains(spelling), "{error}");
            }
        }
    }
}
