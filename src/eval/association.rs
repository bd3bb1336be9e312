//! How closely a grouping and the two classes go together.

use super::Undefined;

/// Cramér's V of groups (rows) and the two classes (columns), from 0 (unrelated) to 1 (one tells the other), corrected for
/// the association that chance alone gives in small samples (Bergsma 2013, A bias-correction for Cramér's V and
/// Tschuprow's T). Shape: `[groups][negatives, positives]`; groups without anybody do not count.
///
/// # Errors
/// [`Undefined`] unless both classes and at least two groups occur.
pub fn cramers_v(groups: &[[u64; 2]]) -> Result<f64, Undefined> {
    let groups: Vec<[f64; 2]> = groups
        .iter()
        .filter(|group| group.iter().any(|count| *count > 0))
        .map(|group| group.map(|n| n as f64))
        .collect();
    let [negatives, positives] =
        groups.iter().fold([0.0, 0.0], |[negatives, positives], [no, yes]| [negatives + no, positives + yes]);
    let total = negatives + positives;
    match (negatives > 0.0, positives > 0.0) {
        (false, false) => return Err(Undefined::Empty),
        (true, false) => return Err(Undefined::NoPositives),
        (false, true) => return Err(Undefined::NoNegatives),
        (true, true) if groups.len() < 2 => return Err(Undefined::OneGroup),
        (true, true) => {}
    }
    let cell = |seen: f64, expected: f64| (seen - expected).powi(2) / expected;
    let chi_squared: f64 = groups
        .iter()
        .map(|[no, yes]| {
            let share = (no + yes) / total;
            cell(*no, share * negatives) + cell(*yes, share * positives)
        })
        .sum();
    let (rows, columns, degrees) = (groups.len() as f64, 2.0, total - 1.0);
    let by_chance = (rows - 1.0) * (columns - 1.0) / degrees;
    let phi_squared = (chi_squared / total - by_chance).max(0.0);
    let corrected = |size: f64| size - (size - 1.0).powi(2) / degrees;
    let most = (corrected(rows) - 1.0).min(corrected(columns) - 1.0);
    // Two people in two groups leave nothing to correct with.
    if most <= 0.0 { Ok(0.0) } else { Ok((phi_squared / most).sqrt().min(1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_by_hand() {
        // Chi squared is 100 * (30 * 40 - 10 * 20)^2 / (40 * 60 * 50 * 50) = 16.667, phi squared 0.16667; less 1 / 99 for
        // chance, over 2 - 1 / 99 - 1: sqrt(0.15657 / 0.98990) = 0.39770.
        let v = cramers_v(&[[30, 10], [20, 40]]).unwrap();
        assert!((v - 0.397_70).abs() < 1e-5, "{v}");
    }

    #[test]
    fn it_runs_from_0_to_1() {
        assert_eq!(cramers_v(&[[20, 10], [40, 20], [0, 0]]), Ok(0.0), "the same shares everywhere");
        let v = cramers_v(&[[50, 0], [0, 50]]).unwrap();
        assert!((v - 1.0).abs() < 1e-9, "{v}");
        // Uncorrected this is 0.33, though it is what chance does with 12 people in 4 groups.
        assert!(cramers_v(&[[2, 1], [1, 2], [2, 1], [1, 2]]).unwrap() < 1e-9);
    }

    #[test]
    fn what_is_not_defined_says_why() {
        for (groups, reason) in [
            (vec![], Undefined::Empty),
            (vec![[0, 0]], Undefined::Empty),
            (vec![[3, 0], [2, 0]], Undefined::NoPositives),
            (vec![[0, 3]], Undefined::NoNegatives),
            (vec![[3, 3], [0, 0]], Undefined::OneGroup),
        ] {
            assert_eq!(cramers_v(&groups), Err(reason), "{groups:?}");
        }
        assert_eq!(cramers_v(&[[1, 0], [0, 1]]), Ok(0.0), "two people prove nothing");
    }
}
