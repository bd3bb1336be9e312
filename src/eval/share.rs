//! A part of a whole, and how far it could be from that of all people.

use super::Interval;
use super::interval::Z_95;

/// So many of so many: 4 of 5 sick people found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Share {
    /// How many have it.
    pub part: u64,
    /// How many there are; at least `part`.
    pub whole: u64,
}

impl Share {
    /// From 0 to 1; `None` of nobody.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }

    /// The 95 % interval of Wilson (1927), which stays between 0 and 1 and is right for small counts too (Brown, Cai and
    /// DasGupta 2001); `None` of nobody. Right only where each person counts once: several recordings of one person are no
    /// new evidence.
    #[must_use]
    pub fn interval(self) -> Option<Interval> {
        let share = self.value()?;
        let n = self.whole as f64;
        let z_squared = Z_95 * Z_95;
        let middle = (share + z_squared / (2.0 * n)) / (1.0 + z_squared / n);
        let reach = Z_95 / (1.0 + z_squared / n) * (share * (1.0 - share) / n + z_squared / (4.0 * n * n)).sqrt();
        // None and all of them are ends of the scale, whatever rounding says.
        let low = if self.part == 0 { 0.0 } else { (middle - reach).max(0.0) };
        let high = if self.part >= self.whole { 1.0 } else { (middle + reach).min(1.0) };
        Some(Interval { low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_are_the_known_ones() {
        for (part, whole, low, high) in
            [(4, 5, 0.3755, 0.9638), (5, 5, 0.5655, 1.0), (0, 5, 0.0, 0.4345), (16, 16, 0.8064, 1.0)]
        {
            let interval = Share { part, whole }.interval().unwrap();
            assert!(
                (interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5,
                "{part}/{whole}: {interval:?}"
            );
        }
        assert_eq!(Share { part: 0, whole: 5 }.interval().unwrap().low, 0.0);
        assert_eq!(Share { part: 5, whole: 5 }.interval().unwrap().high, 1.0);
    }

    #[test]
    fn nobody_has_no_share() {
        assert_eq!((Share::default().value(), Share::default().interval()), (None, None));
    }
}
