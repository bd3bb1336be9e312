//! What makes no sense in a policy that can be read: numbers out of range, and a word that stands there twice.

use std::collections::HashMap;
use std::fmt;
use std::ops::RangeInclusive;

use super::LabelPolicy;
use crate::data::quality::QualityPolicy;
use crate::data::sources::SOURCES;
use crate::data::toml_text::{self, Fault};

/// A number that no policy can have.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::data) struct OutOfRange {
    /// The tables around it, and its key.
    place: &'static [&'static str],
    value: f64,
    range: RangeInclusive<f64>,
    /// A number that makes sense.
    example: f64,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, value, range, example } = self;
        let (least, most) = (range.start(), range.end());
        write!(f, "{} is {value} and must be {least} to {most}, for example {example}", place.join("."))
    }
}

impl LabelPolicy {
    /// The first number that is out of its range.
    pub(in crate::data) fn check(&self) -> Result<(), OutOfRange> {
        let (own, usual) = (&self.quality, &QualityPolicy::default());
        check_one(
            &["min_cough_detected"],
            self.min_cough_detected,
            &Self::MIN_COUGH_DETECTED,
            Self::default().min_cough_detected,
        )?;
        for (place, value, range, example) in [
            (
                &["quality", "silent_below_dbfs"],
                own.silent_below_dbfs,
                QualityPolicy::SILENT_BELOW_DBFS,
                usual.silent_below_dbfs,
            ),
            (&["quality", "clipped_share"], own.clipped_share, QualityPolicy::CLIPPED_SHARE, usual.clipped_share),
            (&["quality", "min_secs"], own.min_secs, QualityPolicy::MIN_SECS, usual.min_secs),
            (&["quality", "min_snr_db"], own.min_snr_db, QualityPolicy::MIN_SNR_DB, usual.min_snr_db),
        ] {
            check_one(
                place,
                as_written(value),
                &(as_written(*range.start())..=as_written(*range.end())),
                as_written(example),
            )?;
        }
        Ok(())
    }

    /// What makes no sense in the policy that was read from `text`, where it stands in the tables `around`.
    pub(in crate::data) fn check_text(&self, text: &str, around: &[&str]) -> Result<(), Fault> {
        check_words(text, around)?;
        self.check().map_err(|problem| {
            let place = [around, problem.place].concat();
            let line = toml_text::line_of(text, &place).unwrap_or(1);
            let around: String = around.iter().map(|table| format!("{table}.")).collect();
            Fault { line, problem: format!("{around}{problem}") }
        })
    }
}

fn check_one(
    place: &'static [&'static str],
    value: f64,
    range: &RangeInclusive<f64>,
    example: f64,
) -> Result<(), OutOfRange> {
    // Written so that NaN is out of every range.
    if range.contains(&value) { Ok(()) } else { Err(OutOfRange { place, value, range: range.clone(), example }) }
}

/// The shortest number that is stored so: 0.2, and not 0.20000000298023224.
fn as_written(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::NAN)
}

/// The first word that stands in one table twice: upper and lower case are the same, so one line would count and the other
/// not.
fn check_words(text: &str, around: &[&str]) -> Result<(), Fault> {
    let statuses = SOURCES.iter().map(|source| vec!["labels", source.kind().id()]);
    for table in statuses.chain([vec!["diagnoses"]]) {
        let mut words = toml_text::keys_at(text, &[around, &table].concat());
        words.sort();
        let mut seen: HashMap<String, (usize, String)> = HashMap::new();
        for (line, word) in words {
            if let Some((earlier, twin)) = seen.get(&word.to_ascii_lowercase()) {
                let problem = format!(
                    "`{word}` is one word with `{twin}` of line {earlier}, as upper and lower case are the same; keep one of \
                     the two"
                );
                return Err(Fault { line, problem });
            }
            seen.insert(word.to_ascii_lowercase(), (line, word));
        }
    }
    Ok(())
}
