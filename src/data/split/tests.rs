//! Of the draw: golden parts, shares, and that nobody is torn.

use super::*;
use proptest::prelude::*;

/// `(person, label)` for each item, as people with one recording each.
fn study(healthy: usize, sick: usize) -> Vec<(PersonId, Label)> {
    let id = |prefix: &str, i| PersonId(format!("{prefix}{i:04}"));
    let healthy = (0..healthy).map(|i| (id("h", i), Label::Healthy));
    healthy.chain((0..sick).map(|i| (id("s", i), Label::Sick))).collect()
}

fn item(person: &PersonId, label: Label) -> SplitItem<'_> {
    SplitItem { person, label, dataset: "one", exact: None, near: None }
}

fn draw(study: &[(PersonId, Label)], config: &SplitConfig) -> Result<SplitOutcome, SplitError> {
    let items: Vec<_> = study.iter().map(|(person, label)| item(person, *label)).collect();
    split(&items, config)
}

#[test]
fn sixteen_people_are_enough_for_three_parts() {
    // Virufy's clinical data: 9 healthy and 7 sick people.
    let outcome = draw(&study(9, 7), &SplitConfig::default()).unwrap();
    let people = |part| Label::ALL.map(|label| outcome.count(part, label).people);
    assert_eq!(Part::ALL.map(people), [[6, 5], [1, 1], [2, 1]]);
    assert_eq!(outcome.leaks.people, 0);
}

#[test]
fn a_seed_means_the_same_split_for_good() {
    #[derive(Deserialize)]
    struct Case {
        healthy: usize,
        sick: usize,
        #[serde(flatten)]
        config: SplitConfig,
        parts: Vec<Part>,
    }
    // By tests/golden/split.py, which has a ChaCha8 of its own.
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../tests/golden/split.json")).unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let outcome = draw(&study(case.healthy, case.sick), &case.config).unwrap();
        assert_eq!(outcome.parts, case.parts, "{:?}", case.config);
    }
}

#[test]
fn too_few_people_are_named() {
    let error = draw(&study(9, 2), &SplitConfig::default()).unwrap_err();
    assert_eq!(error, SplitError::TooFew { drawn: "people", needed: 3, healthy: 9, sick: 2 });
    let no_validation = SplitConfig { validation: 0.0, ..SplitConfig::default() };
    assert!(draw(&study(9, 2), &no_validation).is_ok());
    assert!(matches!(draw(&[], &no_validation), Err(SplitError::TooFew { needed: 2, healthy: 0, sick: 0, .. })));
}

#[test]
fn shares_must_leave_something_for_training() {
    for (validation, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.2), (0.2, f64::INFINITY), (1.0, 0.0)] {
        let config = SplitConfig { validation, test, ..SplitConfig::default() };
        assert!(matches!(draw(&study(50, 50), &config), Err(SplitError::Shares { .. })), "{validation} {test}");
    }
}

#[test]
fn extreme_shares_still_leave_one_for_each_part() {
    for (validation, test) in [(0.01, 0.98), (0.98, 0.01), (0.01, 0.01), (0.49, 0.5)] {
        let outcome = draw(&study(3, 4), &SplitConfig { validation, test, ..SplitConfig::default() }).unwrap();
        assert!(outcome.counts.iter().flatten().all(|count| count.people >= 1), "{validation} {test}: {outcome:?}");
    }
}

#[test]
fn drawing_files_counts_the_people_who_are_shared() {
    let study: Vec<_> = study(20, 20).into_iter().flat_map(|item| [item.clone(), item.clone(), item]).collect();
    let outcome = draw(&study, &SplitConfig { by: SplitBy::File, ..SplitConfig::default() }).unwrap();
    let mut expected = 0;
    for person in study.iter().map(|(person, _)| person).collect::<BTreeSet<_>>() {
        let of_person = study.iter().zip(&outcome.parts).filter(|((other, _), _)| other == person);
        expected += usize::from(of_person.map(|(_, part)| part).collect::<BTreeSet<_>>().len() > 1);
    }
    assert!(expected > 0, "of 40 people with three files each, a draw of files parts some");
    assert_eq!(outcome.leaks.people, expected);
}

#[test]
fn a_person_of_both_classes_counts_as_the_majority() {
    let mut study = study(3, 2);
    // Two of three recordings are sick: the third sick person, without whom there would be too few.
    study.extend([Label::Sick, Label::Healthy, Label::Sick].map(|label| (PersonId("mixed".into()), label)));
    let outcome = draw(&study, &SplitConfig::default()).unwrap();
    assert_eq!(outcome.leaks.people, 0);
    let sick: usize = Part::ALL.map(|part| outcome.count(part, Label::Sick).people).into_iter().sum();
    let healthy: usize = Part::ALL.map(|part| outcome.count(part, Label::Healthy).people).into_iter().sum();
    assert_eq!((healthy, sick), (4, 3), "a mixed person is counted under both classes");
}

/// Studies of up to 60 people with up to 5 recordings each, now and then of both classes.
fn studies() -> impl Strategy<Value = Vec<(PersonId, Label)>> {
    let person = (0..60_u32, prop::bool::weighted(0.1));
    prop::collection::vec(person, 0..200).prop_map(|recordings| {
        let label = |id: u32, flipped| if id.is_multiple_of(3) != flipped { Label::Sick } else { Label::Healthy };
        recordings.into_iter().map(|(id, flipped)| (PersonId(format!("p{id}")), label(id, flipped))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_in_two_parts(study in studies(), seed: u64, validation in 0.0..0.5, test in 0.0..0.5) {
        let config = SplitConfig { validation, test, seed, ..SplitConfig::default() };
        let Ok(outcome) = draw(&study, &config) else { return Ok(()) };
        let mut part_of = BTreeMap::new();
        for ((person, _), part) in study.iter().zip(&outcome.parts) {
            prop_assert_eq!(part_of.entry(person).or_insert(*part), part);
        }
        prop_assert_eq!(outcome.leaks.people, 0);
        for (part, share) in [(Part::Train, 1.0), (Part::Validation, validation), (Part::Test, test)] {
            for label in Label::ALL {
                prop_assert_eq!(outcome.count(part, label).recordings > 0, share > 0.0);
            }
        }
        let recordings: usize = outcome.counts.iter().flatten().map(|count| count.recordings).sum();
        prop_assert_eq!(recordings, study.len());
    }

    #[test]
    fn shares_are_met_within_one_person(healthy in 20..300_usize, sick in 20..300_usize, seed: u64,
                                        validation in 0.05..0.4, test in 0.05..0.4) {
        let config = SplitConfig { validation, test, seed, ..SplitConfig::default() };
        let outcome = draw(&study(healthy, sick), &config).unwrap();
        for (label, total) in [(Label::Healthy, healthy), (Label::Sick, sick)] {
            for (part, share) in [(Part::Validation, validation), (Part::Test, test)] {
                let difference = outcome.count(part, label).people as f64 - share * total as f64;
                prop_assert!(difference.abs() <= 0.5 + 1e-9, "{part} {label}: off by {difference}");
            }
        }
    }

    #[test]
    fn the_order_of_items_does_not_matter(study in studies(), seed: u64, turn in 0..200_usize) {
        let config = SplitConfig { seed, ..SplitConfig::default() };
        let mut turned = study.clone();
        turned.reverse();
        let turn = turn.min(turned.len());
        turned.rotate_left(turn);
        let (Ok(one), Ok(other)) = (draw(&study, &config), draw(&turned, &config)) else { return Ok(()) };
        let by_person = |study: &[(PersonId, Label)], outcome: &SplitOutcome| -> BTreeMap<PersonId, Part> {
            study.iter().map(|(person, _)| person.clone()).zip(outcome.parts.iter().copied()).collect()
        };
        prop_assert_eq!(by_person(&study, &one), by_person(&turned, &other));
        prop_assert_eq!(one.counts, other.counts);
    }

    #[test]
    fn another_seed_is_another_split(seed: u64) {
        let people = study(40, 40);
        let draw = |seed| draw(&people, &SplitConfig { seed, ..SplitConfig::default() }).unwrap().parts;
        prop_assert_eq!(draw(seed), draw(seed));
        prop_assert_ne!(draw(seed), draw(seed ^ 1));
    }
}

/// Forty people with two recordings each, of two datasets; `sounds` gives some of them the same sound.
fn twins(by: SplitBy, held_out: Option<&str>, sounds: &[(usize, u32)]) -> Result<SplitOutcome, SplitError> {
    let people: Vec<_> = study(20, 20).into_iter().flat_map(|person| [person.clone(), person]).collect();
    let mut items: Vec<_> = people.iter().map(|(person, label)| item(person, *label)).collect();
    for (index, item) in items.iter_mut().enumerate() {
        item.dataset = if index % 4 < 2 { "one" } else { "two" };
    }
    for (index, sound) in sounds {
        items[*index].near = Some(*sound);
    }
    let held_out = held_out.map(str::to_owned);
    split(&items, &SplitConfig { by, held_out, ..SplitConfig::default() })
}

#[test]
fn people_who_share_a_sound_are_drawn_together() {
    // A chain: the first sound joins people 0 and 7, the second people 7 and 12.
    let shared = [(0, 1), (14, 1), (15, 2), (24, 2)];
    let outcome = twins(SplitBy::Person, None, &shared).unwrap();
    assert_eq!(outcome.leaks, Leaks::default());
    for item in [1, 14, 15, 24, 25] {
        assert_eq!(outcome.parts[item], outcome.parts[0]);
    }
    let by_file = twins(SplitBy::File, None, &(0..40).map(|i| (i, i as u32 / 2)).collect::<Vec<_>>()).unwrap();
    assert!(by_file.leaks.people > 0 && by_file.leaks.near_duplicates > 0, "{:?}", by_file.leaks);
    assert_eq!(by_file.leaks.exact_duplicates, 0);
}

#[test]
fn a_dataset_is_held_out_whole() {
    let outcome = twins(SplitBy::Dataset, Some("Two"), &[(0, 1), (2, 1)]).unwrap();
    for (index, part) in outcome.parts.iter().enumerate() {
        assert_eq!(*part == Part::Test, index % 4 >= 2, "item {index}");
    }
    assert_eq!(outcome.leaks.near_duplicates, 1, "the same sound in both datasets is reported");
    assert!(outcome.count(Part::Validation, Label::Sick).people > 0);
    assert_eq!(outcome.datasets["two"][Part::Test as usize][Label::Sick as usize].people, 10);
    assert_eq!(outcome.datasets["one"][Part::Test as usize], [ClassCount::default(); 2]);
    for missing in [None, Some("three")] {
        let error = twins(SplitBy::Dataset, missing, &[]).unwrap_err();
        let asked = missing.map(str::to_owned);
        assert_eq!(error, SplitError::NoDataset { asked, datasets: vec!["one".into(), "two".into()] });
    }
}

/// Two folders may be called alike but for their case.
#[test]
fn the_very_name_goes_before_one_in_other_letters() {
    let people = study(20, 20);
    let mut items: Vec<_> = people.iter().map(|(person, label)| item(person, *label)).collect();
    for (index, item) in items.iter_mut().enumerate() {
        item.dataset = if index % 2 == 0 { "Data" } else { "data" };
    }
    let held_out = |name: &str| {
        let config = SplitConfig { by: SplitBy::Dataset, held_out: Some(name.to_owned()), ..SplitConfig::default() };
        let parts = split(&items, &config).unwrap().parts;
        parts.iter().position(|part| *part == Part::Test)
    };
    assert_eq!(["Data", "data", "DATA"].map(held_out), [Some(0), Some(1), Some(0)]);
}
