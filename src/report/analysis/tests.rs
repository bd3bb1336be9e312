use super::*;

fn prediction(number: usize, person: &str, sick: bool, score: f64) -> Prediction {
    let label = if sick { Label::Sick } else { Label::Healthy };
    Prediction { path: Some(format!("{number}.wav").into()), person: Some(PersonId(person.into())), label, score }
}

/// Twelve people of two datasets with two recordings each; the sick score higher, but for one.
fn twenty_four() -> Vec<Prediction> {
    let one = |number: usize| {
        let person = number / 2;
        let dataset = if person.is_multiple_of(3) { "virufy" } else { "coswara" };
        let sick = person.is_multiple_of(2);
        let score = if sick == (person != 4) { 0.6 } else { 0.3 } + 0.01 * number as f64;
        prediction(number, &format!("{dataset}:{person}"), sick, score)
    };
    (0..24).map(one).collect()
}

fn asked(unit: Unit) -> Questions {
    let prevalence = Prevalence::new(0.05).ok();
    Questions { threshold: 0.55, unit, draws: draws(200, 1), prevalence, ..Questions::default() }
}

#[test]
fn the_numbers_are_those_of_the_summary_with_their_intervals() {
    let analysis = Analysis::new(&twenty_four(), &asked(Unit::Recording)).unwrap();
    assert_eq!((analysis.people, analysis.without_person, analysis.summary.n), (12, 0, 24));
    let [low, high] = analysis.interval("sensitivity").unwrap();
    let sensitivity = analysis.summary.sensitivity.unwrap();
    assert!(low < sensitivity && sensitivity < high, "{low} {sensitivity} {high}");
    let people = analysis.per_person.as_ref().unwrap();
    assert_eq!((people.summary.n, people.both_labels), (12, 0));
    let groups: Vec<_> = analysis.slices.iter().map(|slice| (slice.group.as_str(), slice.n, slice.small)).collect();
    assert_eq!(groups, [("coswara", 16, true), ("virufy", 8, true)]);
    assert!(analysis.slices.iter().all(|slice| slice.sensitivity_interval.is_none()), "people count twice");
    let of_1000 = analysis.prevalence.unwrap().of_1000.unwrap();
    assert_eq!(of_1000.found + of_1000.missed, 50, "{of_1000:?}");
    let [low, high] = analysis.same_matrix;
    assert!(low < 0.55 && 0.55 <= high);
}

#[test]
fn by_person_everybody_counts_once() {
    let mut predictions = twenty_four();
    predictions.push(prediction(24, "coswara:1", true, 0.9));
    let (people, both_labels) = by_person(&predictions);
    assert_eq!((people.len(), both_labels), (11, 1), "one whose recordings have both labels is left out");
    let first = people.iter().find(|person| person.person == Some(PersonId("virufy:0".into()))).unwrap();
    assert!((first.score - 0.605).abs() < 1e-12, "{first:?}");
    let analysis = Analysis::new(&people, &asked(Unit::Person)).unwrap();
    assert!(analysis.per_person.is_none() && analysis.slices[0].specificity_interval.is_some());
}

#[test]
fn who_names_nobody_counts_as_a_person() {
    let nameless = twenty_four().into_iter().map(|prediction| Prediction { person: None, ..prediction });
    let analysis = Analysis::new(&nameless.collect::<Vec<_>>(), &asked(Unit::Recording)).unwrap();
    assert_eq!((analysis.people, analysis.without_person, analysis.slices.len()), (24, 24, 1));
}

#[test]
fn models_are_compared_on_the_same_recordings_only() {
    let (first, draws) = (twenty_four(), Draws { count: 200, ..Draws::default() });
    let mut second: Vec<Prediction> = first.iter().rev().cloned().collect();
    let same = Comparison::new([&first, &second], [0.55, 0.55], draws).unwrap();
    let auc = same.differences["auc"];
    assert_eq!((same.n, auc.difference), (24, Some(0.0)), "in any order");
    for prediction in &mut second {
        prediction.score = 1.0 - prediction.score;
    }
    let opposite = Comparison::new([&first, &second], [0.55, 0.55], draws).unwrap();
    assert!(opposite.differences["auc"].difference.unwrap() > 0.3);
    second[3].label = Label::ALL[usize::from(!second[3].label.is_positive())];
    let error = Comparison::new([&first, &second], [0.5, 0.5], draws).unwrap_err();
    assert_eq!(error, ComparisonError::OtherLabels(1));
    second.pop();
    let error = Comparison::new([&first, &second], [0.5, 0.5], draws).unwrap_err();
    assert_eq!(error, ComparisonError::OtherRecordings { first: 1, second: 0 });
    second[0].path = None;
    let error = Comparison::new([&first, &second], [0.5, 0.5], draws).unwrap_err();
    assert_eq!(error, ComparisonError::Nameless(1));
}
