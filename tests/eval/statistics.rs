//! Intervals, comparisons and calibration against SciPy, scikit-learn and their definitions; see
//! `tests/golden/eval_statistics.py`.

use coughscope::eval::{Interval, Pair, PeopleTable, Prevalence, Recalibration, Share, ThresholdTable, Undefined};
use proptest::prelude::*;
use serde::Deserialize;

use crate::{TOY_LABELS, TOY_SCORES, count, samples, tabled};

#[derive(Deserialize)]
struct Golden {
    toy: Delong,
    wilson: Vec<(u64, u64, f64, f64)>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Delong {
    auc: f64,
    variance: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct Paired {
    difference: f64,
    variance: f64,
    interval: [f64; 2],
    p: f64,
}

#[derive(Deserialize)]
struct Calibration {
    line: [f64; 2],
    in_the_large: f64,
    temperature: Option<f64>,
    platt: Option<[f64; 2]>,
}

#[derive(Deserialize)]
struct Case {
    labels: Vec<u8>,
    first: Vec<f64>,
    second: Vec<f64>,
    delong: Delong,
    paired: Paired,
    calibration: Calibration,
    benefit: Vec<[f64; 3]>,
    reliability: Option<Vec<[f64; 2]>>,
    calibration_error: Option<f64>,
}

impl Case {
    fn labels(&self) -> Vec<bool> {
        self.labels.iter().map(|label| *label == 1).collect()
    }

    fn people(&self) -> Vec<usize> {
        (0..self.labels.len()).collect()
    }

    fn table(&self) -> ThresholdTable {
        ThresholdTable::new(&self.labels(), &self.first).unwrap()
    }
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/eval_statistics.json")).unwrap()
}

#[track_caller]
fn assert_close(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
}

#[track_caller]
fn assert_interval(actual: Interval, expected: [f64; 2]) {
    assert_close(actual.low, expected[0], 1e-12);
    assert_close(actual.high, expected[1], 1e-12);
}

fn toy() -> (Vec<bool>, Vec<f64>, Vec<usize>) {
    (TOY_LABELS.iter().map(|label| *label == 1).collect(), TOY_SCORES.to_vec(), (0..10).collect())
}

// DeLong and Wilson

#[test]
fn wilson_is_that_of_scipy() {
    for (part, whole, low, high) in golden().wilson {
        assert_interval(Share { part, whole }.interval().unwrap(), [low, high]);
    }
}

#[test]
fn the_toy_area_has_the_known_interval() {
    let (labels, scores, people) = toy();
    let delong = PeopleTable::new(&labels, &scores, &people).unwrap().delong().unwrap();
    let expected = golden().toy;
    assert_close(delong.variance, 0.0238, 1e-15);
    assert_close(expected.interval[0], 0.378, 5e-4);
    assert_close(expected.interval[1], 0.954, 5e-4);
    assert_close(delong.auc, expected.auc, 1e-15);
    assert_interval(delong.interval, expected.interval);
}

#[test]
fn delong_is_what_it_is_pair_by_pair() {
    for case in golden().cases {
        let delong = PeopleTable::new(&case.labels(), &case.first, &case.people()).unwrap().delong().unwrap();
        assert_close(delong.auc, case.delong.auc, 1e-12);
        assert_close(delong.variance, case.delong.variance, 1e-12);
        assert_interval(delong.interval, case.delong.interval);

        let pair = Pair::new(&case.labels(), [&case.first, &case.second], &case.people()).unwrap();
        let paired = pair.delong().unwrap();
        assert_close(paired.difference, case.paired.difference, 1e-12);
        assert_close(paired.variance, case.paired.variance, 1e-12);
        assert_interval(paired.interval, case.paired.interval);
        assert_close(paired.p_value, case.paired.p, 1e-12);
    }
}

#[test]
fn delong_refuses_what_it_cannot_answer() {
    let delong = |labels: &[bool], scores: &[f64], people: &[usize]| {
        PeopleTable::new(labels, scores, people).unwrap().delong().map(|delong| delong.auc)
    };
    let (labels, scores, mut people) = toy();
    people[3] = 4;
    assert_eq!(delong(&labels, &scores, &people), Err(Undefined::SeveralScores));
    let classes = [true, true, false, false];
    assert_eq!(delong(&classes, &[0.9, 0.8, 0.2, 0.1], &[0, 1, 2, 3]), Err(Undefined::Separated));
    assert_eq!(delong(&classes, &[0.1, 0.2, 0.8, 0.9], &[0, 1, 2, 3]), Err(Undefined::Separated));
    assert_eq!(delong(&classes, &[0.5; 4], &[0, 1, 2, 3]), Err(Undefined::NoSpread));
    assert_eq!(delong(&[true, false, false], &[0.5, 0.6, 0.1], &[0, 1, 2]), Err(Undefined::NoSpread));
    assert_eq!(delong(&[true], &[0.5], &[0]), Err(Undefined::NoNegatives));

    let (labels, scores, people) = toy();
    let itself = Pair::new(&labels, [&scores, &scores], &people).unwrap();
    assert_eq!(itself.delong(), Err(Undefined::NoSpread), "nothing differs");
    let answers: Vec<f64> = labels.iter().map(|sick| f64::from(u8::from(*sick))).collect();
    assert_eq!(Pair::new(&labels, [&scores, &answers], &people).unwrap().delong(), Err(Undefined::Separated));
}

// Calibration

#[test]
fn lines_and_maps_are_those_of_scipy() {
    for case in golden().cases {
        let (table, expected) = (case.table(), &case.calibration);
        let line = table.calibration_line().unwrap();
        assert_close(line.slope, expected.line[0], 1e-8);
        assert_close(line.intercept, expected.line[1], 1e-8);
        assert_close(line.in_the_large, expected.in_the_large, 1e-8);
        match (table.temperature(), expected.temperature) {
            // A slope near 0 makes a large temperature.
            (Ok(Recalibration::Temperature(actual)), Some(expected)) => {
                assert_close(actual, expected, 1e-8 * expected.powi(2).max(1.0));
            }
            (Err(Undefined::Reversed), None) => {}
            (actual, expected) => panic!("{actual:?}, {expected:?}"),
        }
        match (table.platt(), expected.platt) {
            (Ok(Recalibration::Platt { slope, intercept }), Some(expected)) => {
                assert_close(slope, expected[0], 1e-8);
                assert_close(intercept, expected[1], 1e-8);
            }
            (Err(Undefined::Reversed), None) => {}
            (actual, expected) => panic!("{actual:?}, {expected:?}"),
        }
    }
}

#[test]
fn reliability_is_that_of_scikit_learn_where_nothing_ties() {
    let mut compared = 0;
    for case in golden().cases {
        let (Some(expected), Some(error)) = (&case.reliability, case.calibration_error) else { continue };
        let table = case.table();
        let bins = table.reliability().unwrap();
        assert_eq!(bins.len(), 10);
        for (bin, [mean, observed]) in bins.iter().zip(expected) {
            assert_close(bin.mean_score, *mean, 1e-12);
            assert_close(bin.observed.value().unwrap(), *observed, 1e-12);
        }
        assert_close(table.calibration_error().unwrap(), error, 1e-12);
        compared += 1;
    }
    assert!(compared >= 10, "{compared}");
}

#[test]
fn a_fit_that_has_no_end_says_why() {
    let table = |pairs: &[(bool, f64)]| tabled(pairs);
    let touching = table(&[(false, 0.2), (false, 0.4), (true, 0.4), (true, 0.7)]);
    assert_eq!(touching.calibration_line(), Err(Undefined::Separated));
    let turned = table(&[(true, 0.2), (true, 0.4), (false, 0.4), (false, 0.7)]);
    assert_eq!(turned.calibration_line(), Err(Undefined::Separated));
    assert_eq!((turned.temperature(), turned.platt()), (Err(Undefined::Reversed), Err(Undefined::Reversed)));
    let apart_at_a_half = table(&[(false, 0.2), (false, 0.5), (true, 0.5), (true, 0.7)]);
    assert_eq!(apart_at_a_half.temperature(), Err(Undefined::Separated));
    assert!(matches!(apart_at_a_half.platt(), Ok(Recalibration::Platt { .. })), "Platt's labels have an end");
    // Apart from each other, but not for a network in single precision.
    let alike_at_the_end = table(&[(true, 1e-9), (false, 1e-8), (true, 1e-10), (false, 1e-11), (true, 0.5)]);
    assert_eq!(alike_at_the_end.calibration_line(), Err(Undefined::Separated));
    let alike = table(&[(true, 0.3), (false, 0.3), (false, 0.3)]);
    assert_eq!(alike.calibration_line(), Err(Undefined::Separated));
    assert_eq!(alike.platt(), Err(Undefined::NoSpread));
    let one_class = table(&[(true, 0.3), (true, 0.4)]);
    assert_eq!(one_class.calibration_line(), Err(Undefined::NoNegatives));
    assert_eq!(one_class.platt(), Err(Undefined::NoNegatives));
    let no_probabilities = table(&[(true, 3.0), (false, -2.0)]);
    assert_eq!(no_probabilities.temperature(), Err(Undefined::NotProbabilities));
}

#[test]
fn scores_of_0_and_1_are_fitted_too() {
    let table = tabled(&[(true, 1.0), (true, 0.0), (false, 0.0), (false, 1.0), (true, 1.0), (false, 0.0), (true, 0.6)]);
    let line = table.calibration_line().unwrap();
    assert!(line.slope > 0.0 && line.slope < 0.2, "two of seven are certain and wrong: {line:?}");
    let map = table.temperature().unwrap();
    assert!(map.apply(0.0) > 0.05 && map.apply(1.0) < 0.95, "{map:?}");
    assert_close(map.apply(0.5), 0.5, 1e-15);
    assert!(map.apply(f64::NAN).is_nan());
}

#[test]
fn a_map_survives_a_round_trip_through_a_file() {
    for map in [Recalibration::Temperature(1.5), Recalibration::Platt { slope: 0.7, intercept: -0.2 }] {
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(serde_json::from_str::<Recalibration>(&text).unwrap(), map, "{text}");
    }
}

#[test]
fn decision_curves_are_those_of_the_definition() {
    for case in golden().cases {
        let probabilities: Vec<f64> = case.benefit.iter().map(|point| point[0]).collect();
        let curve = case.table().decision_curve(&probabilities).unwrap();
        for (point, [probability, model, treat_all]) in curve.iter().zip(&case.benefit) {
            assert_eq!(point.probability, *probability);
            assert_close(point.model, *model, 1e-12);
            assert_close(point.treat_all, *treat_all, 1e-12);
        }
    }
}

// Laws

/// Twice the mean log-loss after a map, over all pairs.
fn log_loss(pairs: &[(bool, f64)], map: impl Fn(f64) -> f64) -> f64 {
    pairs.iter().map(|&(sick, score)| -if sick { map(score) } else { 1.0 - map(score) }.ln()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wilson_holds_the_share_and_mirrors(whole in 1..5000_u64, part in 0.0..=1.0_f64) {
        let part = (part * whole as f64) as u64;
        let interval = Share { part, whole }.interval().unwrap();
        let share = Share { part, whole }.value().unwrap();
        prop_assert!(0.0 <= interval.low && interval.low <= share && share <= interval.high && interval.high <= 1.0);
        let mirrored = Share { part: whole - part, whole }.interval().unwrap();
        prop_assert!((interval.low - (1.0 - mirrored.high)).abs() < 1e-12);
        let twice = Share { part: 2 * part, whole: 2 * whole }.interval().unwrap();
        prop_assert!(twice.high - twice.low < interval.high - interval.low, "more people tell more");
    }

    #[test]
    fn bins_part_the_scores(pairs in samples()) {
        let table = tabled(&pairs);
        let Ok(bins) = table.reliability() else { return Ok(()) };
        prop_assert!(bins.len() <= 10);
        prop_assert_eq!(bins.iter().map(|bin| bin.observed.whole).sum::<u64>(), pairs.len() as u64);
        prop_assert_eq!(bins.iter().map(|bin| bin.observed.part).sum::<u64>(), table.positives());
        for bin in &bins {
            let inside = |score: f64| bin.lowest <= score && score <= bin.highest;
            let members = pairs.iter().filter(|(_, score)| inside(*score)).count() as u64;
            prop_assert_eq!(members, bin.observed.whole, "ties stay together");
            prop_assert!(inside(bin.mean_score) || bin.highest - bin.lowest < 1e-12);
        }
        prop_assert!(bins.is_sorted_by(|a, b| a.highest < b.lowest));
    }

    #[test]
    fn fitted_maps_keep_the_order_and_lower_the_loss(pairs in samples()) {
        let table = tabled(&pairs);
        let probability = |score: f64| Recalibration::Temperature(1.0).apply(score);
        let before = log_loss(&pairs, probability);
        if let Ok(map) = table.temperature() {
            prop_assert!(log_loss(&pairs, |score| map.apply(score)) <= before + 1e-9);
            let mapped: Vec<_> = pairs.iter().map(|&(sick, score)| (sick, map.apply(score))).collect();
            prop_assert!(tabled(&mapped).auc().unwrap() >= table.auc().unwrap() - 0.5, "the order is kept but for ties");
        }
        if let Ok(line) = table.calibration_line() {
            let fitted = |score: f64| {
                Recalibration::Platt { slope: line.slope, intercept: line.intercept }.apply(score)
            };
            prop_assert!(log_loss(&pairs, fitted) <= before + 1e-9);
        }
    }

    #[test]
    fn natural_frequencies_add_up(
        cells in prop::array::uniform4(0..50_u64), share in 0.001..0.999_f64, people in 1..5000_u32
    ) {
        let [tp, fp, tn, fn_] = cells;
        let confusion = coughscope::eval::Confusion { tp, fp, tn, fn_ };
        let prevalence = Prevalence::new(share).unwrap();
        let Ok(of) = prevalence.natural_frequencies(&confusion, people) else {
            prop_assert!(confusion.positives() == 0 || confusion.negatives() == 0);
            return Ok(());
        };
        prop_assert_eq!(of.found + of.missed + of.false_alarms + of.cleared, people);
        let sick = share * f64::from(people);
        prop_assert!((f64::from(of.found + of.missed) - sick).abs() < 2.0);
        let found = sick * tp as f64 / confusion.positives() as f64;
        prop_assert!((f64::from(of.found) - found).abs() < 1.0 + 1e-9);
    }

    #[test]
    fn predictive_values_at_the_own_prevalence_are_those_of_the_matrix(pairs in samples(), threshold in 0.0..1.0_f64) {
        let confusion = count(&pairs, threshold);
        let Some(own) = confusion.prevalence().value().and_then(|share| Prevalence::new(share).ok()) else { return Ok(()) };
        match (own.ppv(&confusion), confusion.ppv().value()) {
            (Ok(ppv), Some(of_matrix)) => prop_assert!((ppv - of_matrix).abs() < 1e-12),
            (ppv, of_matrix) => prop_assert!(ppv.is_err() && of_matrix.is_none()),
        }
        match (own.npv(&confusion), confusion.npv().value()) {
            (Ok(npv), Some(of_matrix)) => prop_assert!((npv - of_matrix).abs() < 1e-12),
            (npv, of_matrix) => prop_assert!(npv.is_err() && of_matrix.is_none()),
        }
    }

    #[test]
    fn exchanging_the_models_turns_the_difference(pairs in samples(), seed in any::<u64>()) {
        let labels: Vec<bool> = pairs.iter().map(|(sick, _)| *sick).collect();
        let first: Vec<f64> = pairs.iter().map(|(_, score)| *score).collect();
        let second: Vec<f64> = first.iter().map(|score| ((score.to_bits() ^ seed) % 17) as f64).collect();
        let people: Vec<usize> = (0..pairs.len()).collect();
        let delong = |a: &[f64], b: &[f64]| Pair::new(&labels, [a, b], &people).unwrap().delong();
        match (delong(&first, &second), delong(&second, &first)) {
            (Ok(one), Ok(other)) => {
                prop_assert!((one.difference + other.difference).abs() < 1e-12);
                prop_assert!((one.variance - other.variance).abs() < 1e-12);
                prop_assert!((one.p_value - other.p_value).abs() < 1e-9);
            }
            (one, other) => prop_assert_eq!(one.err(), other.err()),
        }
    }
}
