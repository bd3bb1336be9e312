//! Recordings and sounds as rows of the index, and back.
//!
//! Whatever is read may have been damaged or made up, so every value is checked.

use std::path::Path;
use std::sync::Arc;

use rusqlite::types::FromSql;
use rusqlite::{Result, Row, Statement, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ANALYSIS_VERSION, FileRef, Twins, kind_of};
use crate::audio::SoundFormat;
use crate::data::fingerprint::ContentHash;
use crate::data::quality::Measures;
use crate::data::scan::{Measured, Stamp};
use crate::data::study::portable;
use crate::data::{Clip, Form, PersonId, Sound, SoundFacts, Subject};
use crate::units::{SampleRate, Seconds};

pub(super) const INSERT_CLIP: &str = "INSERT INTO clip (source, position, path, dataset, person, status, age, sex, \
    symptoms, recorded, form, cough_detected, opinions, obstacle, kind) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// The sound's columns begin at [`SOUND_IN_CLIP`].
pub(super) const SELECT_CLIPS: &str = "SELECT clip.path, dataset, person, status, age, sex, symptoms, recorded, form, \
    cough_detected, opinions, obstacle, kind, bytes, modified_ns, problem, rate, channels, duration_secs, container, codec, \
    truncated, measures, content FROM clip LEFT JOIN sound ON sound.source = clip.source AND sound.path = clip.path AND analysis = ?2 \
    WHERE clip.source = ?1 ORDER BY position";

const SOUND_IN_CLIP: usize = 13;

pub(super) const REPLACE_SOUND: &str = "INSERT OR REPLACE INTO sound (source, path, analysis, bytes, modified_ns, \
    problem, rate, channels, duration_secs, container, codec, truncated, measures, content) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// The sound's own columns begin at 1.
pub(super) const SELECT_SOUNDS: &str = "SELECT path, bytes, modified_ns, problem, rate, channels, duration_secs, \
    container, codec, truncated, measures, content FROM sound WHERE source = ?1 AND analysis = ?2";

/// Writes one recording of the source `key`, as the `position`th.
pub(super) fn insert_clip(
    statement: &mut Statement,
    key: &str,
    position: usize,
    root: &Path,
    clip: &Clip,
) -> Result<()> {
    let form = (clip.form != Form::Only).then(|| json(&clip.form)).transpose()?;
    let opinions = (!clip.opinions.is_empty()).then(|| json(&clip.opinions)).transpose()?;
    let obstacle = clip.obstacle.as_ref().map(json).transpose()?;
    let Subject { age, sex, symptoms, recorded } = &clip.subject;
    statement.execute(params![
        key,
        position as i64,
        portable::encode(&clip.path, root),
        &*clip.dataset,
        clip.person.0,
        clip.status,
        age,
        sex,
        symptoms,
        recorded,
        form,
        clip.cough_detected,
        opinions,
        obstacle,
        clip.source.id(),
    ])?;
    Ok(())
}

/// Reads one recording; `None` when the row is damaged. `dataset` is the last one's, which most share.
pub(super) fn clip_of(row: &Row, root: &Path, dataset: &mut Arc<str>) -> Option<Clip> {
    let path = portable::decode(text(row, 0)?, root);
    let name = text(row, 1)?;
    if **dataset != *name {
        *dataset = name.into();
    }
    let subject = Subject { age: finite(row, 4)?, sex: get(row, 5)?, symptoms: get(row, 6)?, recorded: get(row, 7)? };
    Some(Clip {
        dataset: Arc::clone(dataset),
        subject,
        form: from_json(row, 8)?.unwrap_or_default(),
        cough_detected: finite(row, 9)?,
        opinions: from_json(row, 10)?.unwrap_or_default(),
        obstacle: from_json(row, 11)?,
        sound: sound_of(row, SOUND_IN_CLIP).map(|(_, sound)| sound).unwrap_or_default(),
        ..Clip::new(path, kind_of(row, 12)?, PersonId(get(row, 2)?), text(row, 3)?)
    })
}

/// Writes what opening a file gave. `Ok(false)`, and nothing is written, where there is nothing to remember it by.
pub(super) fn replace_sound(statement: &mut Statement, key: &str, path: &str, measured: &Measured) -> Result<bool> {
    let Some(Stamp { bytes, modified_ns }) = measured.stamp else { return Ok(false) };
    let (problem, facts) = match &measured.sound {
        Sound::Unread => return Ok(false),
        Sound::Read(facts) => (None, Some(facts)),
        Sound::Unreadable(problem) => (Some(problem), None),
    };
    let format = facts.map(|facts| &facts.format);
    statement.execute(params![
        key,
        path,
        ANALYSIS_VERSION,
        // SQLite has no unsigned numbers; the bits come back.
        bytes.cast_signed(),
        modified_ns,
        problem,
        facts.map(|facts| facts.rate.hz()),
        facts.map(|facts| facts.channels as i64),
        facts.map(|facts| facts.duration.0),
        format.map(|format| &format.container),
        format.map(|format| &format.codec),
        format.map(|format| format.truncated),
        facts.map(|facts| measures_bytes(&facts.measures)),
        facts.map(|facts| facts.content.0.to_be_bytes()),
    ])?;
    Ok(true)
}

/// Reads what opening a file gave, and its path; `None` when the row is damaged.
pub(super) fn stored_sound_of(row: &Row) -> Option<(String, (Stamp, Sound))> {
    Some((get(row, 0)?, sound_of(row, 1)?))
}

/// Reads a pair of the table `twins`; `None` when the row is damaged.
pub(super) fn twins_of(row: &Row) -> Option<Twins> {
    let file = |first: usize| Some(FileRef { source: get(row, first)?, path: get(row, first + 1)? });
    Some(Twins { one: file(0)?, other: file(2)?, similarity: finite(row, 4)?? })
}

/// The sound in the eleven columns from `first` on, from `bytes` to `content`; `None` where there is none or the row is
/// damaged.
fn sound_of(row: &Row, first: usize) -> Option<(Stamp, Sound)> {
    let bytes: i64 = get(row, first)?;
    let stamp = Stamp { bytes: bytes.cast_unsigned(), modified_ns: get(row, first + 1)? };
    if let Some(problem) = get::<Option<String>>(row, first + 2)? {
        return Some((stamp, Sound::Unreadable(problem)));
    }
    let rate = SampleRate::new(get(row, first + 3)?).ok()?;
    let channels = usize::try_from(get::<i64>(row, first + 4)?).ok().filter(|channels| *channels > 0)?;
    let duration: f64 = get(row, first + 5)?;
    if !(duration.is_finite() && duration > 0.0) {
        return None;
    }
    let format =
        SoundFormat { container: get(row, first + 6)?, codec: get(row, first + 7)?, truncated: get(row, first + 8)? };
    let measures = measures_of(row.get_ref(first + 9).ok()?.as_blob().ok()?)?;
    let content: [u8; 16] = row.get_ref(first + 10).ok()?.as_blob().ok()?.try_into().ok()?;
    let content = ContentHash(u128::from_be_bytes(content));
    let facts = SoundFacts { rate, channels, duration: Seconds(duration), format, measures, content };
    Some((stamp, Sound::Read(facts)))
}

/// Measures as seven little-endian numbers of 32 bits, in the order of their declaration; a missing ratio is NaN.
fn measures_bytes(measures: &Measures) -> Vec<u8> {
    let Measures { peak_dbfs, rms_dbfs, dc_offset, clipped_share, coughs, cough_secs, snr_db } = *measures;
    let numbers = [peak_dbfs, rms_dbfs, dc_offset, clipped_share, f32::from_bits(coughs), cough_secs];
    numbers.into_iter().chain([snr_db.unwrap_or(f32::NAN)]).flat_map(f32::to_le_bytes).collect()
}

/// The measures in a BLOB; `None` when it is damaged.
fn measures_of(bytes: &[u8]) -> Option<Measures> {
    let (words, []) = bytes.as_chunks::<4>() else { return None };
    let &[peak, rms, dc, clipped, coughs, secs, snr] = words else { return None };
    let number = |word| Some(f32::from_le_bytes(word)).filter(|number: &f32| number.is_finite());
    let snr = f32::from_le_bytes(snr);
    Some(Measures {
        peak_dbfs: number(peak)?,
        rms_dbfs: number(rms)?,
        dc_offset: number(dc)?,
        clipped_share: number(clipped)?,
        coughs: u32::from_le_bytes(coughs),
        cough_secs: number(secs)?,
        snr_db: (!snr.is_nan()).then_some(snr),
    })
}

/// The value of a column; `None` when it is of another type.
fn get<T: FromSql>(row: &Row, column: usize) -> Option<T> {
    row.get(column).ok()
}

/// The text of a column, not copied; `None` when it is none.
fn text<'row>(row: &'row Row, column: usize) -> Option<&'row str> {
    row.get_ref(column).ok()?.as_str().ok()
}

/// The number of a column, if there is one; `None` when it is of another type or infinite.
fn finite(row: &Row, column: usize) -> Option<Option<f32>> {
    let number: Option<f64> = get(row, column)?;
    let number = number.map(|number| number as f32);
    number.is_none_or(f32::is_finite).then_some(number)
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// The value of a JSON column, if there is one; `None` when it is damaged.
pub(super) fn from_json<T: DeserializeOwned>(row: &Row, column: usize) -> Option<Option<T>> {
    row.get_ref(column).ok()?.as_str_or_null().ok()?.map(serde_json::from_str).transpose().ok()
}
