//! The tables of the index, and how a database is made ready for them.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result, TransactionBehavior};

/// Marks a database as an index of this program: "cscp".
const APPLICATION_ID: i32 = 0x6373_6370;

/// The version of [`TABLES`]; [`UPGRADES`] lead here from every older one.
const VERSION: i32 = 2;

/// From version 1 on, what makes the tables of a version those of the next.
const UPGRADES: [&str; VERSION as usize - 1] = [
    // Before, the dataset of a recording was its source's.
    "ALTER TABLE clip RENAME TO clip_before; \
     CREATE TABLE clip (source TEXT NOT NULL, position INTEGER NOT NULL, path TEXT NOT NULL, dataset TEXT NOT NULL, \
     person TEXT NOT NULL, status TEXT NOT NULL, age REAL, sex TEXT, symptoms TEXT NOT NULL, recorded TEXT NOT NULL, \
     form TEXT, cough_detected REAL, opinions TEXT, obstacle TEXT, kind TEXT NOT NULL, PRIMARY KEY (source, position)) STRICT, WITHOUT ROWID; \
     INSERT INTO clip SELECT clip_before.*, source.kind FROM clip_before JOIN source ON source.key = clip_before.source; \
     DROP TABLE clip_before",
];

/// How long another window may take to close its index.
const PATIENCE: Duration = Duration::from_secs(1);

/// Every table, as SQLite keeps its text. Paths are [portable](crate::data::study::portable).
const TABLES: [&str; 6] = [
    // `notes` is a JSON list of sentences.
    "CREATE TABLE source (key TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, notes TEXT NOT NULL) STRICT, WITHOUT ROWID",
    // `form`, `opinions` and `obstacle` are JSON, and NULL where there is nothing to say, which is nearly always. A path
    // may stand in two rows: a table may name a file twice. `kind` is the dataset's of which a table lists the recording,
    // else the source's.
    "CREATE TABLE clip (source TEXT NOT NULL, position INTEGER NOT NULL, path TEXT NOT NULL, dataset TEXT NOT NULL, \
     person TEXT NOT NULL, status TEXT NOT NULL, age REAL, sex TEXT, symptoms TEXT NOT NULL, recorded TEXT NOT NULL, \
     form TEXT, cough_detected REAL, opinions TEXT, obstacle TEXT, kind TEXT NOT NULL, PRIMARY KEY (source, position)) STRICT, WITHOUT ROWID",
    // Either `problem` or everything from `rate` to `truncated` is there.
    "CREATE TABLE sound (source TEXT NOT NULL, path TEXT NOT NULL, analysis INTEGER NOT NULL, bytes INTEGER NOT NULL, \
     modified_ns INTEGER NOT NULL, problem TEXT, rate INTEGER, channels INTEGER, duration_secs REAL, container TEXT, \
     codec TEXT, truncated INTEGER, measures BLOB, content BLOB, PRIMARY KEY (source, path)) STRICT, WITHOUT ROWID",
    "CREATE TABLE fingerprint (source TEXT NOT NULL, path TEXT NOT NULL, words BLOB NOT NULL, \
     PRIMARY KEY (source, path)) STRICT, WITHOUT ROWID",
    "CREATE TABLE twins (source TEXT NOT NULL, path TEXT NOT NULL, other_source TEXT NOT NULL, other_path TEXT NOT NULL, \
     similarity REAL NOT NULL) STRICT",
    // What has been done with all that is in the other tables.
    "CREATE TABLE done (what TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
];

/// What a database turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// An index, ready.
    Ready,
    /// An index of a later version.
    Newer,
    /// Another program's, or an index with other tables than this program makes.
    Foreign,
}

/// Makes `connection` ready, with its tables where it is empty. Nothing is changed in a database that is not ours.
pub(super) fn prepare(connection: &mut Connection) -> Result<Nature> {
    connection.busy_timeout(PATIENCE)?;
    // The file may come from a stranger, whose tables must not be programs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // Before anything is read: the lock is kept until the index is closed, so a second window cannot write beneath the
    // first, and a write-ahead log then needs no memory shared between programs, which network drives do not offer.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let nature = tables(connection)?;
    if nature == Nature::Ready {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // The log is flushed to disk when it is moved into the database, not at each row. A kill loses nothing that was
        // written; a power cut may lose the last seconds, which are measured again.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    Ok(nature)
}

fn tables(connection: &mut Connection) -> Result<Nature> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let application: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let found = table_texts(&transaction)?;
    let nature = match (application, version) {
        (0, 0) if found.is_empty() => {
            for table in TABLES {
                transaction.execute(table, [])?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            Nature::Ready
        }
        (APPLICATION_ID, VERSION) if same_tables(found) => Nature::Ready,
        (APPLICATION_ID, version) if version > VERSION => Nature::Newer,
        (APPLICATION_ID, version @ 1..VERSION) if upgrade(&transaction, version).is_ok_and(same_tables) => {
            transaction.pragma_update(None, "user_version", VERSION)?;
            Nature::Ready
        }
        // Dropping the transaction takes back what an upgrade has begun.
        _ => return Ok(Nature::Foreign),
    };
    transaction.commit()?;
    Ok(nature)
}

/// Whether these are the texts of [`TABLES`], in any order.
fn same_tables(mut found: Vec<String>) -> bool {
    let mut expected = TABLES;
    found.sort_unstable();
    expected.sort_unstable();
    found == expected
}

/// Makes the tables of `version` those of [`VERSION`], and returns their texts. An error means that they were not what
/// that version makes.
fn upgrade(connection: &Connection, version: i32) -> Result<Vec<String>> {
    for statements in UPGRADES.iter().skip(version as usize - 1) {
        connection.execute_batch(statements)?;
    }
    table_texts(connection)
}

/// The texts that made whatever is in the database. Entries without a text are SQLite's own.
fn table_texts(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let texts = statement.query_map([], |row| row.get(0))?;
    texts.collect()
}
