//! Tails of the normal distribution, and of the one that takes its place in small studies.

use std::f64::consts::{PI, SQRT_2};

use super::interval::Z_95;

/// The chance that a standard normal value lies at least as far from 0 as `z`, on either side.
pub(super) fn two_sided_p(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// The 97.5th percentile of Student's distribution: what takes the place of [`Z_95`] where the spread itself is estimated from
/// few people. To about 0.005 (Abramowitz and Stegun 1964, 26.7.5); `None` without a degree of freedom.
pub(super) fn student_95(degrees: u64) -> Option<f64> {
    match degrees {
        0 => None,
        // Too few for the expansion.
        1 => Some(12.706_2),
        2 => Some(4.302_7),
        _ => {
            let z = Z_95;
            let terms = [
                (z.powi(3) + z) / 4.0,
                (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
                (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
                (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5) - 1920.0 * z.powi(3) - 945.0 * z) / 92160.0,
            ];
            let inverse = 1.0 / degrees as f64;
            Some(terms.iter().rev().fold(0.0, |sum, term| (sum + term) * inverse) + z)
        }
    }
}

/// The complementary error function of `x >= 0`, to about 1e-13 of its value (Abramowitz and Stegun 1964, 7.1.6 and 7.1.14).
fn erfc(x: f64) -> f64 {
    if x < 2.0 {
        let (mut term, mut sum) = (x, x);
        // All terms are positive: nothing cancels. 60 of them are enough below 2.
        for n in 1..60 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        1.0 - 2.0 / PI.sqrt() * (-x * x).exp() * sum
    } else {
        // The continued fraction, from far inside.
        let inside = (1..=120).rev().fold(x, |inside, n| x + f64::from(n) / 2.0 / inside);
        (-x * x).exp() / PI.sqrt() / inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_scipy() {
        // 2 * scipy.stats.norm.sf(z)
        for (z, p) in [
            (0.0, 1.0),
            (0.5, 0.617_075_077_451_973_8),
            (1.959_963_984_540_054, 0.05),
            (2.8, 0.005_110_260_660_855_864),
            (2.9, 0.003_731_626_600_768_075),
            (8.0, 1.244_192_114_854_348e-15),
        ] {
            assert!((two_sided_p(z) - p).abs() <= 1e-12 * p, "{z}: {} is not {p}", two_sided_p(z));
            assert_eq!(two_sided_p(-z), two_sided_p(z));
        }
    }

    #[test]
    fn small_studies_reach_farther() {
        // scipy.stats.t.ppf(0.975, degrees)
        for (degrees, expected) in
            [(1, 12.706_205), (2, 4.302_653), (3, 3.182_446), (4, 2.776_445), (10, 2.228_139), (58, 2.001_717)]
        {
            let actual = student_95(degrees).unwrap();
            assert!((actual - expected).abs() < 0.02 / degrees as f64, "{degrees}: {actual} is not {expected}");
        }
        assert_eq!(student_95(0), None);
        assert!((student_95(1_000_000).unwrap() - Z_95).abs() < 1e-5);
    }
}
