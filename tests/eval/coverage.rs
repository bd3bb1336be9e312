//! How often the 95 % intervals hold the true value, in simulated studies with several recordings of each person.
//!
//! Not run with the other tests, because it takes minutes:
//! `cargo test --release --test eval coverage -- --ignored --nocapture`
//!
//! Of 2,000 studies each, these shares of intervals by spread hold the true AUC, sensitivity and specificity:
//!
//! | healthy | sick | recordings each | AUC | sensitivity | specificity |
//! |---|---|---|---|---|---|
//! | 30 | 30 | 8 | 0.954 | 0.949 | 0.946 |
//! | 20 | 20 | 4 | 0.952 | 0.959 | 0.953 |
//! | 100 | 100 | 4 | 0.951 | 0.949 | 0.958 |
//! | 150 | 50 | 1 | 0.952 | 0.959 | 0.954 |
//!
//! By percentiles, the first are 0.937, 0.930 and 0.930. Two equal models differ in 0.048 of the studies, where 0.05 is meant.

use std::sync::atomic::AtomicBool;

use coughscope::eval::{Bounds, Draws, Interval, Pair, PeopleTable, Watch};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// In standard deviations of a score: an AUC of 0.8.
const SHIFT: f64 = 1.190_232_163;

/// A study of people with several recordings each: a score is normal, shifted for the sick, and half of its variance is the
/// person's.
pub struct Simulation {
    pub healthy: usize,
    pub sick: usize,
    pub recordings: usize,
    /// How far the sick are shifted, in standard deviations of a score.
    pub shift: f64,
}

impl Simulation {
    /// The table of one study.
    pub fn study(&self, seed: u64) -> PeopleTable {
        let (labels, scores, people) = self.recordings(seed);
        PeopleTable::new(&labels, &scores, &people).unwrap()
    }

    /// Labels, scores and people of one study.
    pub fn recordings(&self, seed: u64) -> (Vec<bool>, Vec<f64>, Vec<usize>) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut labels, mut scores, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for person in 0..self.healthy + self.sick {
            let sick = person >= self.healthy;
            let own = normal(&mut random) + if sick { self.shift * 2_f64.sqrt() } else { 0.0 };
            for _ in 0..self.recordings {
                labels.push(sick);
                scores.push((own + normal(&mut random)) / 2_f64.sqrt());
                people.push(person);
            }
        }
        (labels, scores, people)
    }
}

/// A standard normal number (Box and Muller 1958).
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (radius, turn): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
}

pub fn quietly() -> Watch<'static> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    Watch { progress: &|_| {}, cancel: &NEVER }
}

fn holds(interval: Interval, value: f64) -> bool {
    interval.low <= value && value <= interval.high
}

/// Of 2,000 studies, the share whose intervals hold the true AUC, sensitivity and specificity.
fn coverage(simulation: &Simulation, bounds: Bounds) -> [f64; 3] {
    // A shift of sqrt(2) times the 80th percentile of the normal distribution: an AUC of 0.8. At the middle between the
    // classes, sensitivity and specificity are the normal distribution at half the shift.
    let (auc, at_the_middle) = (0.8, 0.724_117_060);
    let held: Vec<[bool; 3]> = (0..2000_u64)
        .into_par_iter()
        .map(|seed| {
            let draws = Draws { seed, bounds, ..Draws::default() };
            let intervals = simulation.study(seed).bootstrap(SHIFT / 2.0, draws, quietly()).unwrap();
            let metric = |id| intervals.metric(id).unwrap().interval.unwrap();
            [
                holds(intervals.auc.interval.unwrap(), auc),
                holds(metric("sensitivity"), at_the_middle),
                holds(metric("specificity"), at_the_middle),
            ]
        })
        .collect();
    let share = |which: usize| held.iter().filter(|held| held[which]).count() as f64 / held.len() as f64;
    let shares = [0, 1, 2].map(share);
    let Simulation { healthy, sick, recordings, .. } = simulation;
    eprintln!("{bounds:?}, {healthy} healthy and {sick} sick with {recordings} recordings each: {shares:?}");
    shares
}

#[test]
#[ignore = "minutes of simulation"]
fn intervals_hold_the_true_value_19_times_of_20() {
    let simulation = |healthy, sick, recordings| Simulation { healthy, sick, recordings, shift: SHIFT };
    let percentile = coverage(&simulation(30, 30, 8), Bounds::Percentile);
    assert!(percentile.iter().all(|share| *share < 0.94), "not too narrow any more? {percentile:?}");
    for (healthy, sick, recordings) in [(30, 30, 8), (20, 20, 4), (100, 100, 4), (150, 50, 1)] {
        let shares = coverage(&simulation(healthy, sick, recordings), Bounds::Spread);
        assert!(shares.iter().all(|share| (0.94..=0.96).contains(share)), "{shares:?}");
    }
}

#[test]
#[ignore = "a minute of simulation"]
fn equal_models_differ_in_one_study_of_20() {
    let simulation = Simulation { healthy: 30, sick: 30, recordings: 8, shift: SHIFT };
    let differs = |seed: u64| {
        let (labels, common, people) = simulation.recordings(seed);
        let mut random = ChaCha8Rng::seed_from_u64(seed + 1_000_000);
        // Each hears the same coughs with as much noise of its own.
        let mut model = || -> Vec<f64> { common.iter().map(|score| score + normal(&mut random) / 2.0).collect() };
        let (first, second) = (model(), model());
        let pair = Pair::new(&labels, [&first, &second], &people).unwrap();
        let draws = Draws { seed, ..Draws::default() };
        let auc = pair.bootstrap([SHIFT / 2.0; 2], draws, quietly()).unwrap().auc;
        let p_value = auc.p_value.unwrap();
        assert_eq!(p_value < 0.05, !holds(auc.estimate.interval.unwrap(), 0.0), "{auc:?}");
        p_value < 0.05
    };
    let share = (0..2000_u64).into_par_iter().filter(|seed| differs(*seed)).count() as f64 / 2000.0;
    eprintln!("equal models differ in {share} of the studies");
    assert!((0.04..=0.06).contains(&share), "{share}");
}
