//! Who may be who: COUGHVID names no people.

use std::collections::{BTreeMap, HashMap};

use crate::data::sources::fields::Fields;

/// Recordings from one place and of one age and gender that follow each other within this time count as one person's.
const SAME_PERSON_SECS: f64 = 15.0 * 60.0;

/// Uuid to the first uuid of the same supposed person, for recordings that state place, age, gender and time.
///
/// Recordings that follow each other within [`SAME_PERSON_SECS`] are chained, however long the chain gets: to join two
/// people costs a little data, to part one person would leak.
pub(super) fn people<F: Fields>(rows: &BTreeMap<String, F>) -> HashMap<String, String> {
    let mut places: BTreeMap<[&str; 4], Vec<(f64, &String)>> = BTreeMap::new();
    for (uuid, row) in rows {
        let key = ["latitude", "longitude", "age", "gender"].map(|column| row.get(column));
        let Some(time) = unix_secs(row.get("datetime")) else { continue };
        if key.iter().all(|value| !value.is_empty()) {
            places.entry(key).or_default().push((time, uuid));
        }
    }
    let mut people = HashMap::new();
    for recordings in places.values_mut() {
        recordings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        for chain in recordings.chunk_by(|a, b| b.0 - a.0 <= SAME_PERSON_SECS) {
            let Some((_, first)) = chain.first() else { continue };
            people.extend(chain.iter().map(|(_, uuid)| ((*uuid).clone(), (*first).clone())));
        }
    }
    people
}

/// Seconds since 1970 of a time such as `2020-11-25T18:58:50.488301+00:00`; without a zone it counts as UTC.
fn unix_secs(time: &str) -> Option<f64> {
    let (date, clock) = time.split_once(['T', ' '])?;
    let [year, month, day] = numbers::<3>(date, '-')?;
    let zone_at = clock.find(['+', '-', 'Z']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at_checked(zone_at)?;
    let [hour, minute, second] = numbers::<3>(clock, ':')?;
    let offset_secs = match (zone.get(..1), zone.get(1..)) {
        (Some("+"), Some(zone)) => zone_secs(zone)?,
        (Some("-"), Some(zone)) => -zone_secs(zone)?,
        _ => 0.0,
    };
    // Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms"):
    // years begin in March, so that the leap day is the last.
    let (year, month) = if month < 3.0 { (year - 1.0, month + 9.0) } else { (year, month - 3.0) };
    let leap_days = (year / 4.0).floor() - (year / 100.0).floor() + (year / 400.0).floor();
    let days = 365.0 * year + leap_days + ((153.0 * month + 2.0) / 5.0).floor() + day - 719_469.0;
    Some(days * 86_400.0 + hour * 3_600.0 + minute * 60.0 + second - offset_secs)
}

fn zone_secs(zone: &str) -> Option<f64> {
    let [hours, minutes] = numbers::<2>(zone, ':')?;
    Some(hours * 3_600.0 + minutes * 60.0)
}

/// Exactly `N` finite numbers between separators.
fn numbers<const N: usize>(text: &str, separator: char) -> Option<[f64; N]> {
    let numbers: Vec<f64> = text.split(separator).map(str::parse).collect::<Result<_, _>>().ok()?;
    <[f64; N]>::try_from(numbers).ok().filter(|numbers| numbers.iter().all(|number| number.is_finite()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_become_seconds_since_1970() {
        // Python: datetime.fromisoformat(text).timestamp(), the last two with tzinfo=UTC.
        for (text, secs) in [
            ("1970-01-01T00:00:00+00:00", 0.0),
            ("2020-11-25T18:58:50.488301+00:00", 1_606_330_730.488_301),
            ("2020-02-29T23:59:59.5+05:30", 1_583_000_999.5),
            ("2000-03-01T00:00:00-01:00", 951_872_400.0),
            ("2021-12-31 12:00:00", 1_640_952_000.0),
            ("1900-03-01T00:00:00Z", -2_203_891_200.0),
        ] {
            let actual = unix_secs(text).unwrap();
            assert!((actual - secs).abs() < 1e-5, "{text}: {actual}");
        }
    }

    #[test]
    fn what_is_no_time_gives_none() {
        for text in ["", "yesterday", "2020-11-25", "2020-11T10:00", "T", "2020-11-25T1:2:3+é", "2020-11-25Tinf:0:0"] {
            assert_eq!(unix_secs(text), None, "{text}");
        }
    }
}
