//! Words of a policy file that no dataset is known to have: a new version of it may have them, or they are mistyped.

use std::fmt;

use strsim::levenshtein;

use super::{DIAGNOSES, RULES};
use crate::data::SourceKind;
use crate::data::toml_text;

/// A word for which no recording may ever be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Its line, counted from 1.
    pub line: usize,
    /// The word.
    pub word: String,
    /// The dataset whose status it would be; `None` for an expert's diagnosis.
    pub source: Option<SourceKind>,
    /// The known word that it may have been meant to be.
    pub nearest: Option<&'static str>,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, word, source, nearest } = self;
        match source {
            Some(source) => write!(f, "line {line}: {source} is not known to have the status `{word}`")?,
            None => write!(f, "line {line}: experts are not known to give the diagnosis `{word}`")?,
        }
        match nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => f.write_str("; a new version of the dataset may have it"),
        }
    }
}

/// The doubtful words of a policy, in the order of their lines. Whatever word a user's own table has is right.
pub(super) fn of(text: &str) -> Vec<Doubt> {
    let sources =
        [SourceKind::Coswara, SourceKind::Coughvid, SourceKind::Virufy, SourceKind::VirufyCdf, SourceKind::Folder];
    let statuses = sources.into_iter().flat_map(|source| {
        let known: Vec<_> = RULES.iter().filter(|rule| rule.source == source).map(|rule| rule.status).collect();
        among(text, &["labels", source.id()], Some(source), &known)
    });
    let known: Vec<_> = DIAGNOSES.iter().map(|rule| rule.diagnosis).collect();
    let mut doubts: Vec<Doubt> = statuses.chain(among(text, &["diagnoses"], None, &known)).collect();
    doubts.sort_by_key(|doubt| doubt.line);
    doubts
}

/// The words of the table at `place` that are none of the `known` ones.
fn among(text: &str, place: &[&str], source: Option<SourceKind>, known: &[&'static str]) -> Vec<Doubt> {
    let mut words = toml_text::keys_at(text, place);
    words.retain(|(_, word)| !known.iter().any(|known| known.eq_ignore_ascii_case(word)));
    words.into_iter().map(|(line, word)| Doubt { line, nearest: nearest(&word, known), word, source }).collect()
}

/// The known word with the fewest letters changed; `None` where that is more than every third.
fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let changes = |known: &&'static str| (levenshtein(&word.to_lowercase(), &known.to_lowercase()), *known);
    let (least, nearest) = known.iter().filter(|known| !known.is_empty()).map(changes).min()?;
    (least <= word.chars().count().div_ceil(3)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelPolicy;

    #[test]
    fn a_mistyped_word_is_found_with_its_line_and_what_it_may_mean() {
        let text = "min_cough_detected = 0.5\n[labels.virufy]\npositve = \"exclude\"\nNEGATIVE = \"healthy\"\n\
                    [labels.coswara]\npositive_severe_long_covid = \"sick\"\n[labels.table]\nanything = \"sick\"\n\
                    [diagnoses]\n\"covid19\" = \"sick\"\n";
        let said: Vec<String> = of(text).iter().map(ToString::to_string).collect();
        let expected = [
            "line 3: Virufy is not known to have the status `positve`; did you mean `positive`?",
            "line 6: Coswara is not known to have the status `positive_severe_long_covid`; a new version of the dataset \
             may have it",
            "line 10: experts are not known to give the diagnosis `covid19`; did you mean `COVID-19`?",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn a_policy_as_it_is_written_raises_no_doubt() {
        assert_eq!(of(&toml::to_string(&LabelPolicy::default()).unwrap()), []);
    }
}
