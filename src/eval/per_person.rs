//! One score for each person.

use std::collections::BTreeMap;

use super::EvalError;

/// A person in one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PersonScore {
    /// The number that the recordings gave.
    pub person: usize,
    /// Whether the recordings are labelled sick.
    pub sick: bool,
    /// The mean score of the recordings.
    pub score: f64,
    /// How many recordings that is.
    pub recordings: usize,
}

/// Everybody in one number, and who could not be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PerPerson {
    /// One for each person, numbers rising.
    pub people: Vec<PersonScore>,
    /// Those left out because some of their recordings are labelled sick and others healthy, numbers rising.
    pub both_labels: Vec<usize>,
    /// Those left out because no score of theirs is finite, numbers rising.
    pub without_score: Vec<usize>,
}

impl PerPerson {
    /// Labels, scores and whose they are, as [`PeopleTable::new`](super::PeopleTable::new) takes them.
    #[must_use]
    pub fn columns(&self) -> (Vec<bool>, Vec<f64>, Vec<usize>) {
        let (labels, rest): (Vec<_>, Vec<_>) = self.people.iter().map(|p| (p.sick, (p.score, p.person))).unzip();
        let (scores, people) = rest.into_iter().unzip();
        (labels, scores, people)
    }
}

/// The mean score of each person's recordings. Shapes: `[n]`, `[n]`, `[n]`; equal numbers in `people` are one person. Scores
/// that are NaN or infinite do not count; their labels do.
///
/// # Errors
/// [`EvalError`] when the lengths differ.
pub fn per_person(labels: &[bool], scores: &[f64], people: &[usize]) -> Result<PerPerson, EvalError> {
    if labels.len() != scores.len() {
        return Err(EvalError::LengthMismatch { labels: labels.len(), scores: scores.len() });
    }
    if people.len() != scores.len() {
        return Err(EvalError::PeopleMismatch { people: people.len(), scores: scores.len() });
    }
    /// What is known of a person so far.
    #[derive(Default)]
    struct Sum {
        sick: bool,
        healthy: bool,
        scores: f64,
        recordings: usize,
    }
    let mut sums: BTreeMap<usize, Sum> = BTreeMap::new();
    for ((&sick, &score), &person) in labels.iter().zip(scores).zip(people) {
        let sum = sums.entry(person).or_default();
        sum.sick |= sick;
        sum.healthy |= !sick;
        if score.is_finite() {
            sum.scores += score;
            sum.recordings += 1;
        }
    }
    let mut result = PerPerson::default();
    for (person, Sum { sick, healthy, scores, recordings }) in sums {
        if sick && healthy {
            result.both_labels.push(person);
        } else if recordings == 0 {
            result.without_score.push(person);
        } else {
            result.people.push(PersonScore { person, sick, score: scores / recordings as f64, recordings });
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_by_hand() {
        let labels = [true, false, true, true, false, false, true];
        let scores = [0.8, 0.1, 0.4, f64::NAN, 0.3, 0.7, f64::INFINITY];
        let result = per_person(&labels, &scores, &[7, 3, 7, 7, 5, 9, 9]).unwrap();
        let person = |person, sick, score, recordings| PersonScore { person, sick, score, recordings };
        assert_eq!(result.people.len(), 3);
        assert_eq!(result.people[..2], [person(3, false, 0.1, 1), person(5, false, 0.3, 1)]);
        assert!((result.people[2].score - 0.6).abs() < 1e-15 && result.people[2].recordings == 2);
        assert_eq!((result.both_labels.as_slice(), result.without_score.len()), ([9].as_slice(), 0));
        let unheard = per_person(&[true], &[f64::NAN], &[4]).unwrap();
        assert_eq!((unheard.people.len(), unheard.without_score), (0, vec![4]));
    }

    #[test]
    fn lengths_must_agree() {
        assert!(per_person(&[true], &[0.5], &[]).is_err());
        assert!(per_person(&[true, true], &[0.5], &[1]).is_err());
    }
}
