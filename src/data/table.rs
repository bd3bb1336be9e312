//! The table of recordings: written by `coughscope table` and from the screen, and read again as a dataset.
//!
//! One row for each recording, with these columns:
//!
//! | column | |
//! |---|---|
//! | `path` | where the sound is; from the table's folder on, if it lies below that, so that both can move together |
//! | `dataset`, `person` | as in [`Clip`] |
//! | `label` | `healthy`, `sick`, `exclude` or `unreadable` |
//! | `reason` | why it is left out or unreadable; empty for one that is used |
//! | `age`, `sex`, `symptoms`, `recorded`, `status` | what its dataset says |
//! | `codec`, `container`, `rate_hz`, `channels`, `duration_secs`, `truncated` | what decoding found; else empty |
//! | `quality_flags` | what may be wrong with the recording: the names of [`Flag`]s |
//! | `same_sound_as` | the `path` of another recording with the same sound (`exact-duplicate`) or nearly so (`near-duplicate`) |
//! | `decided_by` | who gave the label: the `policy`, or a `person` against it |
//! | `cough_detected` | how sure COUGHVID's detector was that it is a cough, 0 to 1 |
//! | `experts` | the diagnoses that experts gave, separated by `"; "` |
//!
//! Reading needs the first five only, so a table may be made by hand.
//!
//! A table with all of them is read as the datasets that it lists: a label policy acts on their words again, wherever the
//! label is what the policy of its study (beside it, else the default one) made of them. A label that is another, as one
//! that was changed in a spreadsheet, stands as it is written, and so does the reason of what was left out for anything
//! but its words or its quality. Not in a table, and so not read from one: which of several recordings of one moment it is
//! ([`Form`](super::Form)), how listeners rated it beyond "poor", and what keeps a recording from being used but for the
//! words of that reason.
//!
//! Two things keep any value whole and the table harmless. `path` and `same_sound_as` are written as [`path_text`] says. In
//! the other columns of free text, a value that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a
//! tab or a line end) gets an apostrophe in front, as OWASP advises ("CSV Injection"); reading takes it off again.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use super::quality::Flag;
use super::sources::table::{Row, Table};
use super::sources::{
    COUGHVID_NAMES_NOBODY, Contents, FOLDER_NAMES_NOBODY, SOURCES, SourceError, counted, name_of, subject,
};
use super::{
    Clip, Decision, LabelPolicy, Obstacle, Opinion, PersonId, Rating, Reason, SourceKind, Subject, Verdict, path_text,
    policy,
};
use crate::files::{FileError, write_atomic};

/// The columns, in order.
pub const COLUMNS: [&str; 21] = [
    "path",
    "dataset",
    "person",
    "label",
    "reason",
    "age",
    "sex",
    "symptoms",
    "recorded",
    "status",
    "codec",
    "container",
    "rate_hz",
    "channels",
    "duration_secs",
    "truncated",
    QUALITY_FLAGS,
    "same_sound_as",
    DECIDED_BY,
    COUGH_DETECTED,
    EXPERTS,
];
/// How many of them earlier versions had.
const EARLIER: [usize; 2] = [18, 19];
/// The column of what may be wrong with a recording.
const QUALITY_FLAGS: &str = "quality_flags";
/// The column of COUGHVID's detector.
const COUGH_DETECTED: &str = "cough_detected";
/// The column of the experts' diagnoses.
const EXPERTS: &str = "experts";
/// Between two diagnoses.
const AND: &str = "; ";
/// The column of who gave the label.
const DECIDED_BY: &str = "decided_by";
/// In it, what a person has decided.
const PERSON: &str = "person";
/// The columns that mark such a table, and the only ones that one made by hand needs.
pub const NEEDED: [&str; 5] = ["path", "dataset", "person", "label", "reason"];

/// Writes the table of these recordings, whole or not at all.
///
/// The path of a sound that lies below the table's folder is written from there on: the folder can move as a whole. Others
/// are written from the root of the disk.
///
/// # Errors
/// [`FileError`] when it cannot be written; an older table is untouched then.
pub fn write<'a>(path: &Path, clips: impl IntoIterator<Item = &'a Clip>) -> Result<(), FileError> {
    write_atomic(path, "writing the table", |out| {
        let place = std::path::absolute(path)?;
        let folder = place.parent().unwrap_or(&place);
        let mut table = csv::Writer::from_writer(out);
        table.write_record(COLUMNS)?;
        for clip in clips {
            table.write_record(record(clip, folder)?)?;
        }
        table.flush()
    })
}

fn record(clip: &Clip, folder: &Path) -> io::Result<[String; COLUMNS.len()]> {
    let (label, reason) = match &clip.verdict {
        Verdict::Use(label) => (label.to_string(), String::new()),
        Verdict::Exclude(reason) => ("exclude".to_owned(), reason.to_string()),
        Verdict::Unreadable(reason) => ("unreadable".to_owned(), reason.clone()),
    };
    let subject = &clip.subject;
    let facts = clip.facts();
    let text = |text: &str| guarded(text).into_owned();
    let fact = |value: Option<String>| value.unwrap_or_default();
    Ok([
        text_of(&clip.path, folder)?,
        text(&clip.dataset),
        text(&clip.person.0),
        label,
        text(&reason),
        fact(subject.age.map(|years| years.to_string())),
        text(subject.sex.as_deref().unwrap_or_default()),
        text(&subject.symptoms),
        text(&subject.recorded),
        text(&clip.status),
        text(facts.map_or("", |facts| &facts.format.codec)),
        text(facts.map_or("", |facts| &facts.format.container)),
        fact(facts.map(|facts| facts.rate.hz().to_string())),
        fact(facts.map(|facts| facts.channels.to_string())),
        fact(facts.map(|facts| facts.duration.0.to_string())),
        fact(facts.map(|facts| facts.format.truncated.to_string())),
        clip.flags.iter().map(Flag::id).collect::<Vec<_>>().join(" "),
        clip.same.twin.as_deref().map_or(Ok(String::new()), |twin| text_of(twin, folder))?,
        if is_by_hand(clip) { PERSON } else { "policy" }.to_owned(),
        fact(clip.cough_detected.map(|score| score.to_string())),
        text(&diagnoses(clip).join(AND)),
    ])
}

/// What experts found, in their words.
fn diagnoses(clip: &Clip) -> Vec<&str> {
    let said = clip.opinions.iter().map(|opinion| opinion.diagnosis.as_str());
    said.filter(|diagnosis| !diagnosis.is_empty()).collect()
}

/// Whether the verdict is a person's. Nobody decides about a file that is missing or damaged, and who wants a recording
/// used has not left it out.
fn is_by_hand(clip: &Clip) -> bool {
    match clip.verdict {
        Verdict::Unreadable(_) => false,
        Verdict::Exclude(_) => clip.decision == Some(Decision::Exclude) && clip.has_file(),
        Verdict::Use(_) => clip.decision.is_some(),
    }
}

fn text_of(path: &Path, folder: &Path) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    Ok(path_text::to_text(path.strip_prefix(folder).unwrap_or(&path)))
}

/// Whether a file is called as a table is: everything else that is opened counts as a recording.
#[must_use]
pub fn has_table_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Whether the file at `path` is such a table. Reads only its beginning.
#[must_use]
pub fn is_combined_table(path: &Path) -> bool {
    has_table_name(path) && Table::has_columns(path, &NEEDED)
}

/// Whether the file at `path` is such a table as [`write()`] makes it, and no other with its columns. Reads only its
/// beginning.
#[must_use]
pub fn is_export(path: &Path) -> bool {
    let Some(headings) = Table::headings_at(path) else { return false };
    let is = |columns: &[&str]| headings.iter().eq(columns);
    is(&COLUMNS) || EARLIER.iter().any(|count| COLUMNS.get(..*count).is_some_and(is))
}

/// Reads such a table as a dataset, without opening a sound.
///
/// Where all columns are there, recordings are those of the datasets that they are from, see the [module](self). Else each
/// is the table's own, with its label for a status; one that is left out keeps the reason as [`Obstacle::LeftOutThere`]. One
/// whose file is gone is [`Obstacle::NoAudioFile`]. What a person has decided is their decision here too, and what listeners
/// rated as poor is rated so here. What decoding found is not read: the files may have changed.
///
/// # Errors
/// [`SourceError`] when it cannot be read or lacks one of the first five columns.
pub fn read(path: &Path) -> Result<Contents, SourceError> {
    let table = Table::read(path, &NEEDED)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    // Without its own policy, as after a move, most words count as they do by default.
    let policy = || LabelPolicy::read(&path.with_extension(policy::EXTENSION)).unwrap_or_default();
    let policy = table.headings().iter().eq(&COLUMNS).then(policy);
    let mut contents = Contents::default();
    for row in table.rows().filter(|row| !row.get("path").is_empty()) {
        let clip = clip(row, folder);
        let own = policy.as_ref().and_then(|policy| of_its_dataset(row, &clip, policy));
        contents.clips.push(own.unwrap_or(clip));
    }
    let left_out = table.rows().count() - contents.clips.len();
    if left_out > 0 {
        let rows = counted(left_out, "row");
        contents.notes.push(format!("Not read: {rows} of {} without a path.", name_of(path)));
    }
    for (kind, note) in [(SourceKind::Coughvid, COUGHVID_NAMES_NOBODY), (SourceKind::Folder, FOLDER_NAMES_NOBODY)] {
        if contents.clips.iter().any(|clip| clip.source == kind) {
            contents.notes.push(note.to_owned());
        }
    }
    Ok(contents)
}

/// A recording as the table's own.
fn clip(row: Row, folder: &Path) -> Clip {
    let path = path_text::meant(row.get("path"), folder);
    let (label, reason) = (row.get("label").to_lowercase(), unguarded(row.get("reason")));
    let (status, left_out) = match label.as_str() {
        "exclude" | "unreadable" if reason.is_empty() => ("", Some(label.clone())),
        "exclude" | "unreadable" => ("", Some(reason.to_owned())),
        _ => (label.as_str(), None),
    };
    let obstacle = if path.is_file() { left_out.map(Obstacle::LeftOutThere) } else { Some(Obstacle::NoAudioFile) };
    let person = match unguarded(row.get("person")) {
        // Without a person, the file is one of its own.
        "" => format!("{}:{}", SourceKind::Table.id(), row.get("path")),
        person => person.to_owned(),
    };
    let dataset = match unguarded(row.get("dataset")) {
        "" => SourceKind::Table.id(),
        dataset => dataset,
    };
    Clip {
        dataset: dataset.into(),
        subject: Subject {
            symptoms: unguarded(row.get("symptoms")).to_owned(),
            recorded: unguarded(row.get("recorded")).to_owned(),
            ..subject(row.get("age"), unguarded(row.get("sex")))
        },
        opinions: rating(row).into_iter().collect(),
        obstacle,
        decision: decision(row, &label),
        ..Clip::new(path, SourceKind::Table, PersonId(person), status)
    }
}

/// What listeners said: of all flags, theirs alone cannot be found in the sound again.
fn rating(row: Row) -> Option<Opinion> {
    let is_rated_poor = row.get(QUALITY_FLAGS).split_whitespace().any(|flag| flag == Flag::RatedPoor.id());
    is_rated_poor.then(|| Opinion { rating: Some(Rating::Poor), ..Opinion::default() })
}

/// A recording as its own dataset describes it, for a label policy to judge; `None` where it is used with a label that
/// `policy`, under which the table was written, does not give it.
fn of_its_dataset(row: Row, clip: &Clip, policy: &LabelPolicy) -> Option<Clip> {
    let said = unguarded(row.get(EXPERTS)).split(AND).filter(|diagnosis| !diagnosis.is_empty());
    let said = said.map(|diagnosis| Opinion { diagnosis: diagnosis.to_owned(), ..Opinion::default() });
    let mut own = Clip {
        source: kind_of(clip),
        status: unguarded(row.get("status")).to_owned(),
        cough_detected: row.get(COUGH_DETECTED).parse().ok().filter(|score: &f32| score.is_finite()),
        opinions: clip.opinions.iter().cloned().chain(said).collect(),
        ..clip.clone()
    };
    let reason = unguarded(row.get("reason"));
    let follows = match (policy.stated(&own), row.get("label").to_lowercase().as_str()) {
        // Judged anew, by its sound and by the person's decision.
        (_, "unreadable") => true,
        _ if own.decision.is_some() => true,
        (Verdict::Exclude(why), "exclude") => why.to_string() == reason,
        (Verdict::Use(_), "exclude") => {
            let flagged = Flag::ALL.map(Reason::Flag);
            flagged.iter().chain([&Reason::NotReadYet]).any(|why| why.to_string() == reason)
        }
        // Left out for what no table tells: the reason stands.
        (_, "exclude") => false,
        (Verdict::Use(stated), label) if label == stated.to_string() => true,
        _ => return None,
    };
    if follows && own.has_file() {
        own.obstacle = None;
    }
    Some(own)
}

/// Which kind of dataset a recording is from, by its person.
fn kind_of(clip: &Clip) -> SourceKind {
    let stated = clip
        .person
        .0
        .split_once(':')
        .and_then(|(kind, _)| SOURCES.iter().map(|source| source.kind()).find(|source| source.id() == kind));
    // A folder may be called as a published dataset is, and the other way round no dataset has another's name.
    stated.filter(|kind| !kind.is_published() || *clip.dataset == *kind.id()).unwrap_or(SourceKind::Table)
}

/// What a person has decided about a recording before the table was written.
fn decision(row: Row, label: &str) -> Option<Decision> {
    let by_hand = row.get(DECIDED_BY).eq_ignore_ascii_case(PERSON);
    match label {
        "exclude" => Some(Decision::Exclude),
        "healthy" => Some(Decision::Healthy),
        "sick" => Some(Decision::Sick),
        _ => None,
    }
    .filter(|_| by_hand)
}

/// Whether a spreadsheet would take a cell that begins so for a formula.
fn is_formula_start(first: char) -> bool {
    matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n')
}

/// A text that a spreadsheet shows as it is. An apostrophe gets another one where it would be taken for this one.
pub(super) fn guarded(text: &str) -> Cow<'_, str> {
    match text.trim_start_matches('\'').chars().next() {
        Some(first) if is_formula_start(first) => format!("'{text}").into(),
        _ => text.into(),
    }
}

/// The text that [`guarded`] was given.
fn unguarded(text: &str) -> &str {
    match text.trim_start_matches('\'').chars().next() {
        Some(first) if is_formula_start(first) => text.strip_prefix('\'').unwrap_or(text),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_guarded_and_nothing_else() {
        for (text, in_cell) in [
            ("=1+1", "'=1+1"),
            ("-5", "'-5"),
            ("@a", "'@a"),
            ("\tx", "'\tx"),
            ("'=1", "''=1"),
            ("'tis", "'tis"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), in_cell);
            assert_eq!(unguarded(in_cell), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_survives_its_guard(text in "['=@+a -]{0,6}") {
            let cell = guarded(&text);
            prop_assert_eq!(unguarded(&cell), &text);
            prop_assert!(!cell.starts_with(is_formula_start));
        }
    }
}
