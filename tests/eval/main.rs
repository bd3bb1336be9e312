//! Metrics, curves, rules and intervals against scikit-learn, SciPy, published numbers and their own laws.

#![cfg(test)]

mod coverage;
mod resampling;
mod scikit_learn;
mod statistics;

use coughscope::eval::{
    ClassificationReport, Confusion, METRICS, Metric, PrPoint, Prevalence, Rule, RuleError, ThresholdTable, Undefined,
    decimate,
};
use proptest::prelude::*;

/// The toy data of the evaluation notes.
const TOY_LABELS: [u8; 10] = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0];
const TOY_SCORES: [f64; 10] = [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.2, 0.9, 0.7, 0.7];
/// The counts of Wu (2022): 728 healthy and 728 sick recordings.
const PAPER: Confusion = Confusion { tp: 650, fp: 260, tn: 468, fn_: 78 };

fn table(labels: &[u8], scores: &[f64]) -> ThresholdTable {
    let labels: Vec<bool> = labels.iter().map(|&label| label == 1).collect();
    ThresholdTable::new(&labels, scores).unwrap()
}

fn toy() -> ThresholdTable {
    table(&TOY_LABELS, &TOY_SCORES)
}

fn close(actual: f64, expected: f64) -> bool {
    (actual - expected).abs() <= 1e-12
}

// Published and toy values

#[test]
fn toy_areas() {
    assert!(close(toy().auc().unwrap(), 0.78));
    assert!(close(toy().average_precision().unwrap(), 0.789_285_714_285_714_3));
    assert!(close(toy().brier().unwrap(), 0.178_25));
    assert_eq!(table(&[0, 1, 0, 1, 1], &[0.3; 5]).auc(), Ok(0.5), "all tied");
}

#[test]
fn average_precision_is_no_trapezoid() {
    let points = toy().precision_recall().unwrap();
    let strip = |pair: &[PrPoint]| (pair[0].recall - pair[1].recall) * (pair[0].precision + pair[1].precision) / 2.0;
    let trapezoid: f64 = points.windows(2).map(strip).sum();
    assert!((trapezoid - 0.826_785_7).abs() < 1e-7, "what it would be: {trapezoid}");
    assert!(toy().average_precision().unwrap() < trapezoid - 0.03);
}

#[test]
fn toy_roc_starts_at_infinity() {
    let roc = toy().roc().unwrap();
    let thresholds: Vec<f64> = roc.iter().map(|point| point.threshold).collect();
    assert_eq!(thresholds, [f64::INFINITY, 0.9, 0.8, 0.7, 0.4, 0.35, 0.2, 0.1]);
    assert_eq!((roc[0].fpr, roc[0].tpr), (0.0, 0.0));
    assert_eq!((roc[7].fpr, roc[7].tpr), (1.0, 1.0));
}

#[test]
fn precision_recall_ends_without_a_threshold() {
    let points = toy().precision_recall().unwrap();
    let end = points.last().unwrap();
    assert_eq!((end.threshold, end.precision, end.recall), (None, 1.0, 0.0));
    assert_eq!(points[0].threshold, Some(0.1));
    assert_eq!(toy().precision_recall_at(0.1), Ok(points[0]));
    assert_eq!(toy().precision_recall_at(1.0), Err(Undefined::NoPredictedPositives));
}

#[test]
fn the_papers_matthews_correlation() {
    let mcc = Metric::find("mcc").unwrap().value(&PAPER).unwrap();
    assert!((mcc - 0.553_283_335_172_488_2).abs() < 1e-15, "{mcc}");
}

#[test]
fn rules_choose_the_toy_thresholds() {
    let choose = |rule: Rule| rule.choose(&toy()).unwrap();
    assert_eq!(choose(Rule::Youden).ties, [0.8, 0.7, 0.35]);
    assert_eq!(choose(Rule::Youden).threshold, 0.35, "of equals, the higher sensitivity");
    assert_eq!(choose(Rule::ClosestCorner).ties, [0.7]);
    assert_eq!(choose(Rule::MaxMcc).ties, [0.8, 0.35]);
    assert_eq!(choose(Rule::TargetSensitivity(0.8)).threshold, 0.4);
    assert_eq!(choose(Rule::TargetSpecificity(0.8)).threshold, 0.7);
}

#[test]
fn cost_weighs_missed_cases_against_false_alarms() {
    // 5 sick and 5 healthy in the toy data: at their own prevalence, a missed case is worth so many false alarms. By
    // threshold: (missed, alarms) is (5, 0), (4, 0), (3, 0), (2, 1), (1, 3), (0, 3), (0, 4), (0, 5).
    let choose = |alarms: f64| Rule::Cost(alarms).choose(&toy()).unwrap();
    assert_eq!(choose(1.0).ties, [0.8, 0.7, 0.35], "three errors each: Youden's choice in balanced data");
    assert_eq!(choose(1.5).ties, [0.35]);
    assert_eq!(choose(1.5).threshold, 0.35);
    assert_eq!(choose(0.9).ties, [0.8]);
    assert_eq!(choose(0.1).ties, [0.8]);
    // Where the illness is rare, a case must be worth more: at 1 in 10, nine times as much.
    let at = |alarms: f64, share: f64| Rule::Cost(alarms).choose_at(&toy(), Prevalence::new(share).unwrap()).unwrap();
    assert_eq!(at(9.0, 0.1).ties, choose(1.0).ties);
    assert_eq!(at(9.1, 0.1).ties, [0.35]);
    assert_eq!(at(5.0, 0.1).threshold, 0.8);
    assert_eq!(Rule::Youden.choose_at(&toy(), Prevalence::new(0.1).unwrap()), Rule::Youden.choose(&toy()));
    for cost in [0.0, -1.0, 1e7, f64::NAN] {
        assert!(matches!(Rule::Cost(cost).choose(&toy()), Err(RuleError::Cost(_))), "{cost}");
    }
}

#[test]
fn an_unreachable_specificity_calls_nothing_positive() {
    let choice = Rule::TargetSpecificity(1.0).choose(&table(&[0, 1], &[0.9, 0.1])).unwrap();
    assert_eq!(choice.threshold, f64::INFINITY);
    assert_eq!(choice.confusion, Confusion { tp: 0, fp: 0, tn: 1, fn_: 1 });
}

#[test]
fn rules_refuse_what_they_cannot_answer() {
    let one_class = table(&[1, 1], &[0.2, 0.3]);
    for rule in Rule::ALL {
        assert_eq!(rule.choose(&one_class), Err(RuleError::Undefined(Undefined::NoNegatives)));
    }
    for target in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(Rule::TargetSensitivity(target).choose(&toy()), Err(RuleError::Target(_))));
    }
}

#[test]
fn rules_survive_a_round_trip_through_settings() {
    for rule in Rule::ALL {
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule, "{text}");
    }
}

// Undefined values

#[test]
fn one_class_defines_no_curve() {
    let sick_only = table(&[1, 1], &[0.2, 0.3]);
    assert_eq!(sick_only.auc(), Err(Undefined::NoNegatives));
    assert_eq!(sick_only.average_precision(), Ok(1.0), "every call is right");
    let healthy_only = table(&[0, 0], &[0.2, 0.3]);
    assert_eq!(healthy_only.roc(), Err(Undefined::NoPositives));
    assert_eq!(healthy_only.average_precision(), Err(Undefined::NoPositives));
    let empty = table(&[], &[]);
    assert_eq!(empty.auc(), Err(Undefined::Empty));
    assert_eq!(empty.brier(), Err(Undefined::Empty));
    assert_eq!(empty.nearest_roc(0.0, 1.0), Err(Undefined::Empty));
}

#[test]
fn undefined_metrics_say_why() {
    let show = |id: &str, confusion: &Confusion| Metric::find(id).unwrap().show(confusion);
    let nothing_called = Confusion { tp: 0, fp: 0, tn: 3, fn_: 2 };
    assert_eq!(show("ppv", &nothing_called), "not defined (nothing was predicted sick)");
    assert_eq!(show("mcc", &nothing_called), "0 (undefined)");
    assert_eq!(show("sensitivity", &nothing_called), "0.000");
    for metric in METRICS {
        assert_eq!(metric.value(&Confusion::default()), Err(Undefined::Empty), "{}", metric.id);
    }
}

#[test]
fn the_report_never_averages_an_undefined_value() {
    let report = ClassificationReport::new(&Confusion { tp: 0, fp: 0, tn: 3, fn_: 2 }, ["healthy", "sick"]);
    assert_eq!(report.macro_average()[0], Err(Undefined::NoPredictedPositives));
    let text = report.to_string();
    assert!(text.contains("n/a: not defined, because nothing was predicted sick"), "{text}");
    let all_sick = ClassificationReport::new(&Confusion { tp: 3, fp: 0, tn: 0, fn_: 0 }, ["healthy", "sick"]);
    assert_eq!(all_sick.classes[0].recall, Err(Undefined::NoNegatives));
    assert_eq!(all_sick.classes[0].f1, Err(Undefined::NothingNegative));
}

#[test]
fn scores_that_are_not_finite_are_excluded_and_listed() {
    let scores = [0.1, f64::NAN, 0.9, f64::INFINITY, f64::NEG_INFINITY];
    let table = table(&[0, 1, 1, 0, 1], &scores);
    assert_eq!(table.excluded(), [1, 3, 4]);
    assert_eq!((table.len(), table.positives()), (2, 1));
    assert_eq!(table.auc(), Ok(1.0));
}

#[test]
fn lengths_must_agree() {
    let error = ThresholdTable::new(&[true, false], &[0.5]).unwrap_err();
    assert!(error.to_string().starts_with("2 labels do not fit 1 scores"), "{error}");
}

#[test]
fn the_same_matrix_holds_between_neighbouring_scores() {
    assert_eq!(toy().same_matrix(0.5), (0.4, 0.7));
    assert_eq!(toy().same_matrix(0.7), (0.4, 0.7));
    assert_eq!(toy().same_matrix(2.0), (0.9, f64::INFINITY));
    assert_eq!(toy().same_matrix(0.0), (f64::NEG_INFINITY, 0.1));
}

#[test]
fn negative_zero_is_zero() {
    assert_eq!(table(&[0, 1], &[-0.0, 0.0]).auc(), Ok(0.5));
}

// Laws

/// Labels with scores on a coarse grid, so that ties are common.
fn samples() -> impl Strategy<Value = Vec<(bool, f64)>> {
    prop::collection::vec((any::<bool>(), (0..40_i32).prop_map(|step| f64::from(step) / 40.0)), 0..60)
}

/// The chance that a positive scores above a negative, ties one half: Mann-Whitney by its definition.
fn mann_whitney(pairs: &[(bool, f64)]) -> Option<f64> {
    let class = |wanted| pairs.iter().filter(move |(label, _)| *label == wanted).map(|(_, score)| *score);
    let (mut wins, mut count) = (0.0, 0.0);
    for positive in class(true) {
        for negative in class(false) {
            wins += if positive > negative {
                1.0
            } else if positive == negative {
                0.5
            } else {
                0.0
            };
            count += 1.0;
        }
    }
    (count > 0.0).then(|| wins / count)
}

/// The matrix by its definition.
fn count(pairs: &[(bool, f64)], threshold: f64) -> Confusion {
    let mut confusion = Confusion::default();
    for &(label, score) in pairs {
        match (label, score >= threshold) {
            (true, true) => confusion.tp += 1,
            (false, true) => confusion.fp += 1,
            (false, false) => confusion.tn += 1,
            (true, false) => confusion.fn_ += 1,
        }
    }
    confusion
}

fn tabled(pairs: &[(bool, f64)]) -> ThresholdTable {
    ThresholdTable::from_pairs(pairs.iter().copied())
}

proptest! {
    // A failing case is printed whole; integration tests have no place of their own to store it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn auc_is_mann_whitney(pairs in samples()) {
        match (tabled(&pairs).auc().ok(), mann_whitney(&pairs)) {
            (Some(auc), Some(expected)) => prop_assert!(close(auc, expected)),
            (auc, expected) => prop_assert_eq!(auc, expected),
        }
    }

    #[test]
    fn a_look_up_equals_a_count(pairs in samples(), threshold in -0.1..1.1_f64) {
        let table = tabled(&pairs);
        prop_assert_eq!(table.confusion_at(threshold), count(&pairs, threshold));
        let (lo, hi) = table.same_matrix(threshold);
        prop_assert!(lo < threshold && threshold <= hi);
        prop_assert_eq!(table.confusion_at(hi), count(&pairs, threshold));
        if lo.is_finite() {
            prop_assert_ne!(table.confusion_at(lo), count(&pairs, threshold));
        }
    }

    #[test]
    fn rising_maps_change_no_curve(pairs in samples()) {
        let mapped: Vec<_> = pairs.iter().map(|&(label, score)| (label, (5.0 * score).exp() - 7.0)).collect();
        prop_assert_eq!(tabled(&pairs).auc(), tabled(&mapped).auc());
        prop_assert_eq!(tabled(&pairs).average_precision(), tabled(&mapped).average_precision());
        let chosen = |table: &ThresholdTable| Rule::Youden.choose(table).ok().map(|choice| choice.confusion);
        prop_assert_eq!(chosen(&tabled(&pairs)), chosen(&tabled(&mapped)));
    }

    #[test]
    fn exchanging_the_classes_mirrors_the_auc(pairs in samples()) {
        let flipped: Vec<_> = pairs.iter().map(|&(label, score)| (!label, score)).collect();
        if let (Ok(auc), Ok(mirrored)) = (tabled(&pairs).auc(), tabled(&flipped).auc()) {
            prop_assert!(close(auc + mirrored, 1.0));
        }
    }

    #[test]
    fn order_does_not_matter(pairs in samples(), seed in any::<u64>()) {
        let mut shuffled = pairs.clone();
        shuffled.sort_by_key(|(label, score)| (score.to_bits() ^ seed).wrapping_mul(seed | 1) ^ u64::from(*label));
        prop_assert_eq!(tabled(&pairs), tabled(&shuffled));
    }

    #[test]
    fn the_youden_choice_is_the_best(pairs in samples()) {
        let table = tabled(&pairs);
        let Ok(choice) = Rule::Youden.choose(&table) else { return Ok(()) };
        let j = |threshold: f64| {
            let c = count(&pairs, threshold);
            c.tp as f64 / c.positives() as f64 + c.tn as f64 / c.negatives() as f64
        };
        let best = table.thresholds().map(|(threshold, _)| j(threshold)).fold(f64::MIN, f64::max);
        for &tie in &choice.ties {
            prop_assert!(close(j(tie), best));
        }
        prop_assert_eq!(choice.ties.last(), Some(&choice.threshold));
    }

    #[test]
    fn targets_are_met_and_tight(pairs in samples(), target in 0.0..=1.0_f64) {
        let table = tabled(&pairs);
        let Ok(choice) = Rule::TargetSensitivity(target).choose(&table) else { return Ok(()) };
        let sensitivity = |c: Confusion| c.tp as f64 / c.positives() as f64;
        prop_assert!(sensitivity(choice.confusion) >= target);
        let stricter = table.thresholds().filter(|(threshold, _)| *threshold > choice.threshold);
        for (_, confusion) in stricter {
            prop_assert!(sensitivity(confusion) < target);
        }
    }

    #[test]
    fn the_nearest_point_is_the_nearest(pairs in samples(), x in 0.0..1.0_f64, y in 0.0..1.0_f64) {
        let table = tabled(&pairs);
        let Ok(roc) = table.roc() else { return Ok(()) };
        let distance = |fpr: f64, tpr: f64| (fpr - x).hypot(tpr - y);
        let nearest = table.nearest_roc(x, y).unwrap();
        prop_assert_eq!(table.roc_at(nearest.threshold), Ok(nearest));
        for point in roc {
            prop_assert!(distance(nearest.fpr, nearest.tpr) <= distance(point.fpr, point.tpr) + 1e-12);
        }
    }

    #[test]
    fn decimation_keeps_ends_and_order(points in prop::collection::vec(-1.0..1.0_f64, 0..300), limit in 0..120_usize) {
        let indexed: Vec<(f64, f64)> = points.iter().enumerate().map(|(i, y)| (i as f64, *y)).collect();
        let kept = decimate(&indexed, limit, |point| *point);
        prop_assert!(kept.len() <= limit.max(2));
        prop_assert_eq!(kept.first(), indexed.first());
        prop_assert_eq!(kept.last(), indexed.last());
        prop_assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
    }
}

#[test]
fn decimation_keeps_corners() {
    // A curve of right angles: up at x = 0.25, down at 0.75.
    let points: Vec<(f64, f64)> = (0..=10_000)
        .map(|i| f64::from(i) / 10_000.0)
        .map(|x| (x, if (0.25..0.75).contains(&x) { 1.0 } else { 0.0 }))
        .collect();
    let kept = decimate(&points, 200, |point| *point);
    for corner in [0.25, 0.75] {
        assert!(kept.iter().any(|(x, y)| (x - corner).abs() < 0.01 && *y == 1.0), "top of the corner at {corner}");
    }
}

#[test]
fn a_million_scores_are_counted_right() {
    // A fixed linear congruential generator (Knuth's MMIX) stands for random scores.
    let mut state = 1_u64;
    let pairs: Vec<(bool, f64)> = (0..1_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let score = (state >> 11) as f64 / (1_u64 << 53) as f64;
            ((state >> 5) % 64 < 16 + (score * 32.0) as u64, score)
        })
        .collect();
    let table = tabled(&pairs);
    for threshold in [0.0, 0.3, 0.999, 2.0] {
        assert_eq!(table.confusion_at(threshold), count(&pairs, threshold));
        let (from, to) = table.same_matrix(threshold);
        assert_eq!(table.confusion_at(to), count(&pairs, threshold), "{threshold}");
        assert!(from < threshold && threshold <= to, "{threshold}: {from} to {to}");
    }
}
