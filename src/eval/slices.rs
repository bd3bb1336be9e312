//! The same threshold in parts of the data: by dataset, sex, age band.

use std::collections::BTreeMap;

use super::{Confusion, EvalError, ThresholdTable, Undefined};

/// With fewer of a class than this, a slice says little.
const FEW: u64 = 10;

/// One part of the data at the threshold of the whole. Sensitivity and specificity with their intervals are
/// [`Confusion::sensitivity`] and [`Confusion::specificity`] of its matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice<G> {
    /// What its members share.
    pub group: G,
    /// How many scores count.
    pub n: u64,
    /// Of these, the sick.
    pub positives: u64,
    /// Scores left out because they are NaN or infinite.
    pub excluded: usize,
    /// Area under the ROC curve of this part alone.
    pub auc: Result<f64, Undefined>,
    /// The matrix at the threshold.
    pub confusion: Confusion,
    /// Whether a class has fewer than 10 members, so that its numbers say little.
    pub small: bool,
}

/// Cuts the data into the parts that share a group, in the order of the groups. Shapes: `[n]`, `[n]`, `[n]`; a recording
/// without a value needs a group for that. Give one score for each person (see [`per_person`](super::per_person)) where the
/// intervals are to be right.
///
/// # Errors
/// [`EvalError`] when the lengths differ.
pub fn slices<G: Ord + Clone>(
    labels: &[bool],
    scores: &[f64],
    groups: &[G],
    threshold: f64,
) -> Result<Vec<Slice<G>>, EvalError> {
    if labels.len() != scores.len() {
        return Err(EvalError::LengthMismatch { labels: labels.len(), scores: scores.len() });
    }
    if groups.len() != scores.len() {
        return Err(EvalError::GroupMismatch { groups: groups.len(), scores: scores.len() });
    }
    let mut members: BTreeMap<&G, Vec<(bool, f64)>> = BTreeMap::new();
    for ((&label, &score), group) in labels.iter().zip(scores).zip(groups) {
        members.entry(group).or_default().push((label, score));
    }
    let slice = |(group, members): (&G, Vec<(bool, f64)>)| {
        let table = ThresholdTable::from_pairs(members);
        Slice {
            group: group.clone(),
            n: table.len(),
            positives: table.positives(),
            excluded: table.excluded().len(),
            auc: table.auc(),
            confusion: table.confusion_at(threshold),
            small: table.positives().min(table.negatives()) < FEW,
        }
    };
    Ok(members.into_iter().map(slice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_by_hand() {
        let labels = [true, false, true, false, true];
        let scores = [0.9, 0.1, 0.4, 0.6, f64::NAN];
        let parts = slices(&labels, &scores, &["b", "b", "a", "a", "c"], 0.5).unwrap();
        let [a, b, c] = parts.as_slice() else { unreachable!("three groups") };
        assert_eq!((a.group, a.n, a.positives, a.auc), ("a", 2, 1, Ok(0.0)));
        assert_eq!(a.confusion, Confusion { tp: 0, fp: 1, tn: 0, fn_: 1 });
        assert_eq!((b.group, b.auc, b.confusion.tp), ("b", Ok(1.0), 1));
        assert_eq!((c.n, c.excluded, c.auc), (0, 1, Err(Undefined::Empty)));
        assert!(a.small && b.small && c.small);
        assert_eq!(c.confusion.sensitivity().interval(), None);
    }

    #[test]
    fn ten_of_each_class_are_no_longer_small() {
        let small = |positives: usize| {
            let labels: Vec<bool> = (0..positives + 10).map(|i| i < positives).collect();
            slices(&labels, &vec![0.5; labels.len()], &vec![(); labels.len()], 0.5).unwrap()[0].small
        };
        assert!(small(9) && !small(10));
    }

    #[test]
    fn lengths_must_agree() {
        let error = slices(&[true], &[0.5], &["a", "b"], 0.5).unwrap_err();
        assert!(error.to_string().starts_with("2 groups do not fit 1 score"), "{error}");
        assert!(slices(&[true], &[], &["a"], 0.5).is_err());
    }
}
