//! COUGHVID (EPFL; Orlandic, Teijeiro, Atienza, Scientific Data 8, 156, 2021), versions 2 and 3 and their mirrors.
//!
//! ```text
//! metadata_compiled.csv   uuid, datetime, cough_detected, latitude, longitude, age, gender, ..., status, ...
//! <uuid>.{webm,ogg,wav}   beside the table, or below it
//! ```
//! The dataset names no people. Recordings from one place of one age and gender within minutes are most likely one
//! person's, so they are kept together; that no other person is in two parts cannot be proven.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::search::{files_below, list};
use super::table::{Row, Table};
use super::{Clip, Contents, Listing, Source, SourceError, SourceKind};
use super::{has_extension, name_of, note_on_rows_left_out, person, stem_of, subject};
use crate::data::Obstacle;

const NEEDED: [&str; 3] = ["uuid", "cough_detected", "status"];
/// Where a uuid has several files, the first of these is read: the authors' converter leaves a WAV beside the original.
const EXTENSIONS: [&str; 3] = ["webm", "ogg", "wav"];
/// Recordings from one place and of one age and gender that follow each other within this time count as one person's.
const SAME_PERSON_SECS: f64 = 15.0 * 60.0;

/// The layout of COUGHVID.
pub(super) struct Coughvid;

impl Source for Coughvid {
    fn kind(&self) -> SourceKind {
        SourceKind::Coughvid
    }

    fn looks_for(&self) -> &'static str {
        "COUGHVID's metadata_compiled.csv"
    }

    fn is_root(&self, folder: &Listing) -> bool {
        table_in(folder).is_some()
    }

    fn read(&self, root: &Path) -> Result<Contents, SourceError> {
        let listing = list(root)?;
        let Some(path) = table_in(&listing) else { return Ok(Contents::default()) };
        let table = Table::read(path, &NEEDED)?;
        let (rows, left_out) = table.rows_by(|row| row.get("uuid").to_lowercase());
        let mut files = files_by_uuid(root);
        let people = people(&rows);
        let mut contents = Contents::default();
        for (uuid, row) in &rows {
            let person_id = people.get(uuid).unwrap_or(uuid);
            contents.clips.push(clip(root, uuid, *row, person_id, files.remove(uuid)));
        }
        contents.notes = notes(&people, files.keys().filter(|uuid| is_uuid(uuid)).count());
        contents.notes.extend(note_on_rows_left_out(left_out));
        contents.clips.extend(files.into_iter().filter_map(|(uuid, path)| clip_without_row(&uuid, path)));
        Ok(contents)
    }
}

/// The table of this folder: known by its columns, but of several the one with the dataset's own name.
fn table_in(folder: &Listing) -> Option<&Path> {
    /// More tables than any version or mirror has beside each other.
    const MOST_TABLES: usize = 32;
    let mut tables: Vec<_> = folder.tables().collect();
    tables.sort_by_key(|path| !name_of(path).eq_ignore_ascii_case("metadata_compiled.csv"));
    tables.into_iter().take(MOST_TABLES).find(|path| Table::has_columns(path, &["uuid", "cough_detected"]))
}

/// The sound files below `root` by lower-case uuid, one each.
fn files_by_uuid(root: &Path) -> BTreeMap<String, PathBuf> {
    let rank = |path: &Path| EXTENSIONS.iter().position(|extension| has_extension(path, &[extension]));
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in files_below(root).filter(|path| rank(path).is_some()) {
        let uuid = stem_of(&path).to_lowercase();
        if files.get(&uuid).is_none_or(|other| rank(&path) < rank(other)) {
            files.insert(uuid, path);
        }
    }
    files
}

fn clip(root: &Path, uuid: &str, row: Row, person_id: &str, file: Option<PathBuf>) -> Clip {
    let obstacle = file.is_none().then_some(Obstacle::NoAudioFile);
    let path = file.unwrap_or_else(|| root.join(uuid));
    let person = person(SourceKind::Coughvid, person_id);
    Clip {
        subject: subject(row.get("age"), row.get("gender")),
        cough_detected: row.get("cough_detected").parse().ok(),
        obstacle,
        ..Clip::new(path, SourceKind::Coughvid, person, row.get("status"))
    }
}

/// A sound file named by a uuid that the table does not have. Other files (a README's example) are not recordings of
/// the dataset.
fn clip_without_row(uuid: &str, path: PathBuf) -> Option<Clip> {
    let person = person(SourceKind::Coughvid, uuid);
    is_uuid(uuid)
        .then(|| Clip { obstacle: Some(Obstacle::NotInTable), ..Clip::new(path, SourceKind::Coughvid, person, "") })
}

/// Whether this is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_uuid(name: &str) -> bool {
    name.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && name.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Uuid to the first uuid of the same supposed person, for recordings that state place, age, gender and time.
///
/// Recordings that follow each other within [`SAME_PERSON_SECS`] are chained, however long the chain gets: to join two
/// people costs a little data, to part one person would leak.
fn people(rows: &BTreeMap<String, Row>) -> HashMap<String, String> {
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

fn notes(people: &HashMap<String, String>, without_row: usize) -> Vec<String> {
    let joined = match people.iter().filter(|(uuid, first)| uuid != first).count() {
        1 => "1 recording".to_owned(),
        several => format!("{several} recordings"),
    };
    let mut notes = vec![format!(
        "COUGHVID names no people, so it cannot be proven that nobody is in two parts. Recordings from one place, of \
         one age and gender, within 15 minutes count as one person's ({joined} joined to an earlier one)."
    )];
    if without_row > 0 {
        notes.push(format!("{without_row} sound files are not in the table; they have no label."));
    }
    notes
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

    #[test]
    fn uuids_are_known_by_their_shape() {
        assert!(is_uuid("00014dcc-0f06-4c27-8c7b-737b18a2cf4c"));
        for name in ["", "cough", "00014dcc0f064c278c7b737b18a2cf4c", "0001-4dcc-0f06-4c27-8c7b737b18a2cf4c", "é"] {
            assert!(!is_uuid(name), "{name}");
        }
    }
}
