//! Whether a value and the two classes go together more than they would if classes were dealt out at random.

use std::ops::ControlFlow;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// How often the classes are dealt out anew: p-values down to 0.001, and near 0.05 right to 0.014 (two standard errors).
pub const PERMUTATIONS: u32 = 999;

/// The dealings are the same every time, so that a study has one p-value.
const SEED: u64 = 0x636f_7567_6873;

/// Whether values have an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Names, such as datasets.
    Nominal,
    /// Steps from low to high, such as ages.
    Ordinal,
}

/// People whose values are the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// How their recordings share out among the values: place of the value, and share; shares add up to 1.
    pub shares: Vec<(usize, f64)>,
    /// How many they are: negatives, positives.
    pub people: [usize; 2],
}

/// The p-value of a permutation test over people: how often classes that are dealt out anew, [`PERMUTATIONS`] times, go
/// together with the values at least as closely as the real ones. It needs no minimum of people in each cell, as a table of
/// chi-squared does, and is never 0 (Phipson and Smyth 2010). 1 where there is one class or one value.
///
/// The closeness is the sum of the chi-squared of each value against all others. On an ordinal scale, that of each lower
/// part of the scale against the rest is added (Taguchi's cumulative chi-squared, Nair 1987): a shift of the whole scale is
/// found as well as one value that stands out. `None` when `stop` breaks.
pub fn association_p_value(profiles: &[Profile], scale: Scale, stop: &dyn Fn() -> ControlFlow<()>) -> Option<f64> {
    let mut urn = Urn::new(profiles);
    let table = Table::new(profiles, scale, urn.people.len(), urn.drawn);
    // Sums of shares round: equals stay equal.
    let observed = table.closeness(&urn.real) * (1.0 - 1e-9);
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut as_close = 1;
    for _ in 0..PERMUTATIONS {
        if stop().is_break() {
            return None;
        }
        as_close += u32::from(table.closeness(urn.draw(&mut random)) >= observed);
    }
    Some(f64::from(as_close) / f64::from(PERMUTATIONS + 1))
}

/// All people in one urn, each as the place of their profile. The smaller class is drawn from it.
struct Urn {
    people: Vec<u32>,
    drawn: usize,
    /// The smaller class as it is, and as it was drawn last, by profile.
    real: Vec<u32>,
    counts: Vec<u32>,
}

impl Urn {
    fn new(profiles: &[Profile]) -> Self {
        let sum = |class: fn(&Profile) -> usize| profiles.iter().map(class).sum::<usize>();
        let (negatives, positives) = (sum(|profile| profile.people[0]), sum(|profile| profile.people[1]));
        let smaller = usize::from(positives < negatives);
        let of = |(place, profile): (u32, &Profile)| std::iter::repeat_n(place, profile.people.iter().sum());
        Self {
            people: (0..).zip(profiles).flat_map(of).collect(),
            drawn: positives.min(negatives),
            real: profiles.iter().map(|profile| profile.people.get(smaller).map_or(0, |count| *count as u32)).collect(),
            counts: vec![0; profiles.len()],
        }
    }

    /// The smaller class, drawn anew: so many of each profile. People stay where the draw before left them, which any draw is
    /// as likely after (Fisher and Yates 1938).
    fn draw(&mut self, random: &mut ChaCha8Rng) -> &[u32] {
        self.counts.fill(0);
        for place in 0..self.drawn {
            let left = (self.people.len() - place) as u64;
            // The high half of the product: even to one in 2^32 / `left`.
            let other = place + ((u64::from(random.next_u32()) * left) >> 32) as usize;
            self.people.swap(place, other);
            let profile = self.people.get(place).and_then(|profile| self.counts.get_mut(*profile as usize));
            if let Some(count) = profile {
                *count += 1;
            }
        }
        &self.counts
    }
}

/// What does not change from one draw to the next.
struct Table<'a> {
    profiles: &'a [Profile],
    scale: Scale,
    /// How many people there are with each value, those with several in parts.
    with_value: Vec<f64>,
    /// How many people there are, and how many of them are drawn.
    people: f64,
    drawn: f64,
}

impl<'a> Table<'a> {
    fn new(profiles: &'a [Profile], scale: Scale, people: usize, drawn: usize) -> Self {
        let last = profiles.iter().flat_map(|profile| &profile.shares).map(|(value, _)| *value).max();
        let mut with_value = vec![0.0; last.map_or(0, |last| last + 1)];
        for profile in profiles {
            add(&mut with_value, profile, profile.people.iter().sum::<usize>() as f64);
        }
        Self { profiles, scale, with_value, people: people as f64, drawn: drawn as f64 }
    }

    /// How closely the values go together with having been drawn; only good to be compared with that of another draw.
    fn closeness(&self, drawn: &[u32]) -> f64 {
        let mut drawn_with = vec![0.0; self.with_value.len()];
        for (profile, count) in self.profiles.iter().zip(drawn).filter(|(_, count)| **count > 0) {
            add(&mut drawn_with, profile, f64::from(*count));
        }
        let (mut sum, mut all_up_to, mut drawn_up_to) = (0.0, 0.0, 0.0);
        for (all, drawn) in self.with_value.iter().zip(drawn_with) {
            sum += self.deviance(*all, drawn);
            all_up_to += all;
            drawn_up_to += drawn;
            if self.scale == Scale::Ordinal {
                sum += self.deviance(all_up_to, drawn_up_to);
            }
        }
        sum
    }

    /// The chi-squared of `all` people against the others, of whom `drawn` were drawn, but for a factor that is the same in
    /// every draw. 0 for nobody and for everybody.
    fn deviance(&self, all: f64, drawn: f64) -> f64 {
        let spread = all * (1.0 - all / self.people);
        // Parts of people may add up to a little less than all of them.
        if spread > 1e-6 { (drawn - self.drawn * all / self.people).powi(2) / spread } else { 0.0 }
    }
}

fn add(counts: &mut [f64], profile: &Profile, people: f64) {
    for (value, share) in &profile.shares {
        if let Some(count) = counts.get_mut(*value) {
            *count += people * share;
        }
    }
}

/// The p-values of several tests, raised so that of those that stay at or below a level, no larger share than that level is
/// expected to be false alarms (Benjamini and Hochberg 1995); where nothing differs anywhere, that is the share of studies
/// with any. In the order of `p_values`. Tests that tend to agree, as those of one group of people do, keep that bound
/// (Benjamini and Yekutieli 2001).
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = p_values.iter().copied().enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least: f64 = 1.0;
    for (larger, (place, p)) in order.iter().enumerate() {
        let rank = p_values.len() - larger;
        // In this order, rounding never lowers a p-value.
        least = least.min(p * (p_values.len() as f64 / rank as f64));
        if let Some(adjusted) = adjusted.get_mut(*place) {
            *adjusted = least;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// By tests/golden/association.py.
    #[derive(Deserialize)]
    struct Golden {
        tests: Vec<Exact>,
        adjusted: Vec<Adjusted>,
    }

    #[derive(Deserialize)]
    struct Exact {
        scale: String,
        profiles: Vec<Values>,
        p: f64,
    }

    #[derive(Deserialize)]
    struct Values {
        shares: Vec<(usize, f64)>,
        people: [usize; 2],
    }

    #[derive(Deserialize)]
    struct Adjusted {
        p: Vec<f64>,
        adjusted: Vec<f64>,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/association.json")).unwrap()
    }

    fn p_value(profiles: &[Profile], scale: Scale) -> f64 {
        association_p_value(profiles, scale, &|| ControlFlow::Continue(())).unwrap()
    }

    /// People with one value each.
    fn single(people: &[[usize; 2]]) -> Vec<Profile> {
        let profile = |(value, people): (usize, &[usize; 2])| Profile { shares: vec![(value, 1.0)], people: *people };
        people.iter().enumerate().map(profile).collect()
    }

    #[test]
    fn drawn_dealings_agree_with_all_of_them() {
        for case in golden().tests {
            let scale = if case.scale == "ordinal" { Scale::Ordinal } else { Scale::Nominal };
            let profiles: Vec<Profile> =
                case.profiles.into_iter().map(|Values { shares, people }| Profile { shares, people }).collect();
            let p = p_value(&profiles, scale);
            let error = (case.p * (1.0 - case.p) / f64::from(PERMUTATIONS)).sqrt();
            assert!((p - case.p).abs() < 4.0 * error + 0.001, "{p} is {} of {profiles:?}, {scale:?}", case.p);
            let turned =
                |profile: &Profile| Profile { people: [profile.people[1], profile.people[0]], ..profile.clone() };
            let other = p_value(&profiles.iter().map(turned).collect::<Vec<_>>(), scale);
            assert!((other - case.p).abs() < 4.0 * error + 0.001, "whichever class is called positive: {other}");
        }
    }

    #[test]
    fn a_shift_is_found_and_what_cannot_differ_is_not() {
        // 10 % and 38 % of 60 people.
        assert!(p_value(&single(&[[54, 37], [6, 23]]), Scale::Nominal) <= 0.005);
        for scale in [Scale::Nominal, Scale::Ordinal] {
            for nothing in
                [vec![], single(&[[30, 40]]), single(&[[30, 0], [10, 0]]), single(&[[20, 20], [0, 0], [9, 9]])]
            {
                assert_eq!(p_value(&nothing, scale), 1.0, "{nothing:?}");
            }
        }
    }

    #[test]
    fn a_gentle_slope_is_clearer_on_a_scale() {
        let slope = single(&[[20, 10], [18, 12], [16, 14], [14, 16], [12, 18], [10, 20]]);
        assert!(p_value(&slope, Scale::Ordinal) < p_value(&slope, Scale::Nominal));
    }

    #[test]
    fn a_stop_leaves_no_answer() {
        let profiles = single(&[[5, 1], [2, 6]]);
        assert_eq!(association_p_value(&profiles, Scale::Nominal, &|| ControlFlow::Break(())), None);
    }

    #[test]
    fn adjusted_p_values_are_those_of_scipy() {
        for case in golden().adjusted {
            for (actual, expected) in benjamini_hochberg(&case.p).iter().zip(&case.adjusted) {
                assert!((actual - expected).abs() < 1e-12, "{:?}: {actual} is {expected}", case.p);
            }
        }
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
