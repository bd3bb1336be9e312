//! Intervals by drawing people.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use coughscope::eval::{
    Bounds, Draws, Interval, METRICS, Pair, PeopleTable, ThresholdTable, Undefined, Watch, per_person,
};
use proptest::prelude::*;

use crate::close;
use crate::coverage::{Simulation, quietly};

const STUDY: Simulation = Simulation { healthy: 30, sick: 30, recordings: 8, shift: 1.19 };

fn width(interval: Interval) -> f64 {
    interval.high - interval.low
}

/// Labels, scores and people of eight people with twenty recordings, one with both labels.
fn small() -> (Vec<bool>, Vec<f64>, Vec<usize>) {
    let people: Vec<usize> = (0..20).map(|i| i * i % 8 + i % 3).collect();
    let labels = (0..20).map(|i| (people[i].is_multiple_of(2)) ^ (i == 7)).collect();
    let scores = (0..20).map(|i| f64::from(u8::try_from(i * 7 % 11).unwrap()) / 11.0).collect();
    (labels, scores, people)
}

#[test]
fn several_recordings_of_a_person_are_no_new_evidence() {
    let by_person = STUDY.study(1);
    let (labels, scores, people) = STUDY.recordings(1);
    let alone: Vec<usize> = (0..people.len()).collect();
    let by_recording = PeopleTable::new(&labels, &scores, &alone).unwrap();
    let auc = |table: &PeopleTable| table.bootstrap(0.6, Draws::default(), quietly()).unwrap().auc;
    let (right, too_narrow) = (auc(&by_person), auc(&by_recording));
    assert_eq!(right.value, too_narrow.value);
    let ratio = width(right.interval.unwrap()) / width(too_narrow.interval.unwrap());
    assert!(ratio > 1.8, "{right:?}, {too_narrow:?}");
}

#[test]
fn with_one_recording_each_it_agrees_with_delong() {
    let study = Simulation { healthy: 150, sick: 100, recordings: 1, shift: 1.0 }.study(3);
    let interval = study.bootstrap(0.5, Draws::default(), quietly()).unwrap().auc.interval.unwrap();
    let delong = study.delong().unwrap().interval;
    assert!(
        (interval.low - delong.low).abs() < 0.005 && (interval.high - delong.high).abs() < 0.005,
        "{interval:?}, {delong:?}"
    );
}

#[test]
fn equal_seeds_give_equal_intervals_on_any_number_of_threads() {
    let study = STUDY.study(1);
    let draws = |seed| Draws { count: 200, seed, ..Draws::default() };
    let on = |threads: usize, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| study.bootstrap(0.6, draws(seed), quietly()).unwrap())
    };
    assert_eq!(on(1, 5), on(4, 5));
    assert_ne!(on(1, 5).auc.interval, on(1, 6).auc.interval);
}

#[test]
fn the_order_of_recordings_does_not_matter() {
    let (labels, scores, people) = small();
    let order: Vec<usize> = (0..20).map(|i| i * 7 % 20).collect();
    let table = PeopleTable::new(&labels, &scores, &people).unwrap();
    let shuffled = PeopleTable::new(
        &order.iter().map(|&i| labels[i]).collect::<Vec<_>>(),
        &order.iter().map(|&i| scores[i]).collect::<Vec<_>>(),
        &order.iter().map(|&i| people[i]).collect::<Vec<_>>(),
    );
    let shuffled = shuffled.unwrap();
    let of = |table: &PeopleTable| table.bootstrap(0.5, Draws { count: 100, ..Draws::default() }, quietly()).unwrap();
    let (first, second) = (of(&table), of(&shuffled));
    assert_eq!((first.auc, &first.metrics, &first.band), (second.auc, &second.metrics, &second.band));
}

#[test]
fn people_are_counted_by_class() {
    let labels = [true, false, true, false, true, true];
    let scores = [0.1, 0.2, 0.3, 0.4, 0.5, f64::NAN];
    let table = PeopleTable::new(&labels, &scores, &[9, 9, 4, 2, 4, 7]).unwrap();
    assert_eq!((table.people(), table.people_by_class()), (3, [1, 1, 1]));
    assert_eq!(table.table(), &ThresholdTable::new(&labels, &scores).unwrap());
}

#[test]
fn progress_is_told_and_a_cancelled_bootstrap_says_nothing() {
    let study = STUDY.study(1);
    let (told, most) = (AtomicU32::new(0), AtomicU32::new(0));
    let progress = |done| {
        told.fetch_add(1, Ordering::Relaxed);
        most.fetch_max(done, Ordering::Relaxed);
    };
    let draws = Draws { count: 50, ..Draws::default() };
    let cancel = AtomicBool::new(false);
    assert!(study.bootstrap(0.6, draws, Watch { progress: &progress, cancel: &cancel }).is_some());
    assert_eq!((told.load(Ordering::Relaxed), most.load(Ordering::Relaxed)), (50, 50));

    let after_ten = |done| cancel.store(done >= 10, Ordering::Relaxed);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let cancelled = pool.install(|| study.bootstrap(0.6, draws, Watch { progress: &after_ten, cancel: &cancel }));
    assert_eq!(cancelled, None);
}

#[test]
fn what_is_not_defined_says_why() {
    let healthy = PeopleTable::new(&[false, false], &[0.2, 0.3], &[0, 1]).unwrap();
    let intervals = healthy.bootstrap(0.25, Draws::default(), quietly()).unwrap();
    assert_eq!(intervals.auc.value, Err(Undefined::NoPositives));
    assert_eq!((intervals.auc.interval, intervals.auc.undefined_draws), (Err(Undefined::NoPositives), 2000));
    assert_eq!(intervals.metric("sensitivity").unwrap().interval, Err(Undefined::NoPositives));
    assert_eq!(intervals.band, []);
    assert!(intervals.brier.interval.is_ok());

    // One of three sick people is called: in (2/3)^3 of the draws nobody is.
    let labels = [true, true, true, false, false];
    let table = PeopleTable::new(&labels, &[0.9, 0.4, 0.3, 0.2, 0.1], &[0, 1, 2, 3, 4]).unwrap();
    let intervals = table.bootstrap(0.5, Draws::default(), quietly()).unwrap();
    let ppv = intervals.metric("ppv").unwrap();
    let share = f64::from(ppv.undefined_draws) / 2000.0;
    assert!((share - 8.0 / 27.0).abs() < 0.04, "{ppv:?}");
    assert_eq!(ppv.interval, Ok(Interval { low: 1.0, high: 1.0 }), "right in all other draws");

    let no_probabilities = PeopleTable::new(&[true, false], &[3.0, 0.5], &[0, 1]).unwrap();
    let brier = no_probabilities.bootstrap(0.5, Draws::default(), quietly()).unwrap().brier;
    assert_eq!((brier.interval, brier.undefined_draws), (Err(Undefined::NotProbabilities), 2000));

    let nobody = PeopleTable::new(&[], &[], &[]).unwrap();
    let intervals = nobody.bootstrap(0.5, Draws::default(), quietly()).unwrap();
    assert_eq!(intervals.auc.interval, Err(Undefined::Empty));
    let no_draws = Draws { count: 0, ..Draws::default() };
    assert_eq!(table.bootstrap(0.5, no_draws, quietly()).unwrap().auc.interval, Err(Undefined::Empty));
}

#[test]
fn the_band_lies_around_the_curve() {
    let study = STUDY.study(2);
    let intervals = study.bootstrap(0.6, Draws::default(), quietly()).unwrap();
    assert_eq!(intervals.band.len(), 101);
    assert_eq!(intervals.band[100].interval, Interval { low: 1.0, high: 1.0 });
    assert!(intervals.band.is_sorted_by(|a, b| a.interval.low <= b.interval.low && a.interval.high <= b.interval.high));
    let roc = study.table().roc().unwrap();
    for point in &intervals.band {
        let above = roc.iter().rfind(|roc| roc.fpr <= point.fpr).unwrap();
        assert!(
            point.interval.low <= above.tpr + 0.01 && above.tpr <= point.interval.high + 0.01,
            "{point:?}, {above:?}"
        );
    }
}

#[test]
fn two_models_are_compared_on_the_same_people() {
    let (labels, first, people) = STUDY.recordings(1);
    // The second hears the same people with a little noise of its own.
    let second: Vec<f64> = first.iter().zip(0_u32..).map(|(score, i)| score + f64::from(i * 37 % 11) / 40.0).collect();
    let pair = Pair::new(&labels, [&first, &second], &people).unwrap();
    let thresholds = [0.6, 0.7];
    let differences = pair.bootstrap(thresholds, Draws::default(), quietly()).unwrap();
    let alone = pair.tables().map(|table| table.table().auc().unwrap());
    assert!(close(differences.auc.estimate.value.unwrap(), alone[0] - alone[1]));
    let paired = width(differences.auc.estimate.interval.unwrap());
    let unpaired = width(pair.tables()[0].bootstrap(0.6, Draws::default(), quietly()).unwrap().auc.interval.unwrap());
    assert!(paired < unpaired / 3.0, "what both have in common is no difference: {paired}, {unpaired}");
    for (metric, difference) in METRICS.iter().zip(&differences.metrics) {
        let [a, b] =
            [0, 1].map(|model| metric.value(&pair.tables()[model].table().confusion_at(thresholds[model])).unwrap());
        assert!(close(difference.estimate.value.unwrap(), a - b), "{}", metric.id);
    }
    let itself = Pair::new(&labels, [&first, &first], &people).unwrap();
    let nothing = itself.bootstrap([0.6, 0.6], Draws::default(), quietly()).unwrap();
    assert_eq!(nothing.auc.p_value, Some(1.0));
    assert_eq!(nothing.auc.estimate.interval, Ok(Interval { low: 0.0, high: 0.0 }));
    let guess: Vec<f64> = (0_u32..480).map(|i| f64::from(i * 59 % 97)).collect();
    let clear = Pair::new(&labels, [&first, &guess], &people).unwrap();
    let of = |bounds| clear.bootstrap([0.6, 48.0], Draws { bounds, ..Draws::default() }, quietly()).unwrap().auc;
    let (by_spread, by_percentile) = (of(Bounds::Spread), of(Bounds::Percentile));
    assert!(by_spread.p_value.unwrap() < 1e-4 && by_spread.estimate.interval.unwrap().low > 0.0, "{by_spread:?}");
    assert_eq!(by_percentile.p_value, Some(2.0 / 2001.0), "{by_percentile:?}");
    assert!(by_percentile.estimate.interval.unwrap().low > 0.0);
}

#[test]
fn a_score_that_one_model_lacks_is_left_out_of_both() {
    let pair =
        Pair::new(&[true, false, true], [&[0.1, f64::NAN, 0.3], &[0.1, 0.2, f64::INFINITY]], &[0, 1, 2]).unwrap();
    assert_eq!(pair.excluded(), [1, 2]);
    assert_eq!(pair.tables().map(|table| table.table().len()), [1, 1]);
    let refused = Pair::new(&[true], [&[0.1], &[0.1, 0.2]], &[0]).unwrap_err();
    assert!(refused.to_string().starts_with("1 scores of one model do not fit 2 of the other"), "{refused}");
    assert!(PeopleTable::new(&[true], &[0.1], &[]).is_err() && PeopleTable::new(&[], &[0.1], &[0]).is_err());
}

#[test]
fn one_score_each_makes_delong_possible() {
    let (labels, scores, people) = STUDY.recordings(1);
    assert_eq!(PeopleTable::new(&labels, &scores, &people).unwrap().delong(), Err(Undefined::SeveralScores));
    let (labels, scores, people) = per_person(&labels, &scores, &people).unwrap().columns();
    assert_eq!(labels.len(), 60);
    assert!(PeopleTable::new(&labels, &scores, &people).unwrap().delong().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// One sick person and one healthy one, each with several recordings: every draw is the data.
    #[test]
    fn a_stratum_of_one_does_not_vary(
        sick in prop::collection::vec(0..20_u8, 1..6), healthy in prop::collection::vec(0..20_u8, 1..6)
    ) {
        let labels: Vec<bool> = sick.iter().map(|_| true).chain(healthy.iter().map(|_| false)).collect();
        let scores: Vec<f64> = sick.iter().chain(&healthy).map(|score| f64::from(*score) / 20.0).collect();
        let people: Vec<usize> = labels.iter().map(|sick| usize::from(*sick)).collect();
        let table = PeopleTable::new(&labels, &scores, &people).unwrap();
        let draws = Draws { count: 5, seed: 1, bounds: Bounds::Percentile };
        let intervals = table.bootstrap(0.5, draws, quietly()).unwrap();
        let values = [intervals.auc, intervals.average_precision, intervals.brier];
        for estimate in values.iter().chain(&intervals.metrics) {
            match (estimate.value, estimate.interval) {
                (Ok(value), Ok(interval)) => {
                    prop_assert!(close(interval.low, value) && close(interval.high, value), "{estimate:?}");
                }
                (value, interval) => prop_assert_eq!(value.err(), interval.err()),
            }
        }
    }
}
