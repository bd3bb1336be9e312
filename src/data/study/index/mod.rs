//! What was listed in the datasets of a study and measured in their sounds, so that 35,000 recordings open at once the
//! second time: an SQLite database that can always be rebuilt from the datasets.
//!
//! Decisions and verdicts are not here: the user's choices live in `study.toml`, and what follows from them is worked
//! out anew. Paths are [portable](super::portable) texts.

mod rows;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Transaction, params};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};

use crate::data::fingerprint::Fingerprint;
use crate::data::scan::{Measured, SourceScan, Stamp};
use crate::data::{Clip, Sound, SourceKind};
use crate::files::FileError;
use schema::Nature;

/// The name of the index in a study's folder.
pub const FILE: &str = "index.sqlite";

/// The version of the code that measures sounds. Raise it when decoding or a measure gives other values: rows of another
/// version count as not measured.
pub const ANALYSIS_VERSION: u32 = 1;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Another window or program has it open.
    #[error("the study is open in another window or command; close that window, or wait for the command to end ({})", path.display())]
    InUse {
        /// The index.
        path: PathBuf,
    },
    /// A later version of the program made it.
    #[error(
        "the study's index was made by a newer version of the program; open the study with that one ({})",
        path.display()
    )]
    Newer {
        /// The index.
        path: PathBuf,
    },
    /// It is no index, or cannot be trusted any more. [`Index::set_aside`] makes room for a new one.
    #[error(
        "the study's index is damaged: {problem}; the next time that the study is opened, a new one is made from the \
         datasets ({})",
        path.display()
    )]
    Damaged {
        /// What was noticed.
        problem: String,
        /// The index.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error(
        "the study's index cannot be read or written: {problem}; is the disk full, or the folder write-protected? ({})",
        path.display()
    )]
    File {
        /// What SQLite said.
        problem: String,
        /// The index.
        path: PathBuf,
    },
}

/// The index of a study. One at a time has the file; it is free again when this is dropped.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    /// For messages.
    path: PathBuf,
}

/// A file of a study.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileRef {
    /// The key of its source.
    pub source: String,
    /// Its portable path.
    pub path: String,
}

/// Two files that sound alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Twins {
    /// One of them.
    pub one: FileRef,
    /// The other.
    pub other: FileRef,
    /// How much alike; finite.
    pub similarity: f32,
}

impl Index {
    /// Opens the index at `path`, or makes one in a folder that is there.
    ///
    /// # Errors
    /// Any [`IndexError`]. A database with other tables than ours is [`IndexError::Damaged`], and untouched.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        // Without URIs: a path that begins with `file:` is a path.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::prepared(Connection::open_with_flags(path, flags), path)
    }

    /// An index that is forgotten when it is dropped.
    ///
    /// # Errors
    /// [`IndexError::File`] when there is no memory for it.
    pub fn in_memory() -> Result<Self, IndexError> {
        Self::prepared(Connection::open_in_memory(), Path::new("in memory"))
    }

    /// Renames a damaged index to `index.damaged-1.sqlite`, or the next free number, with its log. It must not be open.
    /// Returns the new path.
    ///
    /// # Errors
    /// [`FileError`] when it cannot be renamed.
    pub fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
        let numbered = (1_u32..).map(|number| path.with_extension(format!("damaged-{number}.sqlite")));
        let is_free = |path: &PathBuf| !path.exists() && !log_of(path).exists();
        let aside = numbered.into_iter().find(is_free).unwrap_or_else(|| path.with_extension("damaged"));
        let renamed = |from: &Path, to: &Path| {
            std::fs::rename(from, to).map_err(FileError::at("moving the damaged index away", from))
        };
        // The log first: without its database it would be taken for the next one's.
        if log_of(path).exists() {
            renamed(&log_of(path), &log_of(&aside))?;
        }
        renamed(path, &aside)?;
        // Best effort: a mark that stays costs a second reading, no result.
        let _ = std::fs::remove_file(mark_of(path));
        Ok(aside)
    }

    /// Marks the index at `path` as damaged, for the next start: damage may lie in a page that opening does not read. Best
    /// effort, as the disk may be the reason.
    pub fn condemn(path: &Path) {
        if let Err(error) = std::fs::write(mark_of(path), "") {
            log::warn!("the damaged index could not be marked: {error} ({})", path.display());
        }
    }

    /// Whether damage was met in the index at `path`.
    #[must_use]
    pub fn is_condemned(path: &Path) -> bool {
        mark_of(path).exists()
    }

    fn prepared(opened: rusqlite::Result<Connection>, path: &Path) -> Result<Self, IndexError> {
        let error = |error| error_at(path, error);
        let mut connection = opened.map_err(error)?;
        let path = path.to_owned();
        match schema::prepare(&mut connection).map_err(error)? {
            Nature::Ready => Ok(Self { connection, path }),
            Nature::Newer => Err(IndexError::Newer { path }),
            Nature::Foreign => Err(IndexError::Damaged { problem: "its tables are not ours".to_owned(), path }),
        }
    }

    /// Replaces what is listed of a source, all or nothing. Its sounds stay, also those that are no longer listed. Of a
    /// clip, its sound, decision and verdict are not stored here.
    ///
    /// # Errors
    /// [`IndexError`] when nothing could be stored.
    pub fn store_source(
        &mut self,
        key: &str,
        root: &Path,
        kind: SourceKind,
        clips: &[Clip],
        notes: &[String],
    ) -> Result<(), IndexError> {
        self.all_or_nothing(|transaction| {
            transaction.execute(
                "INSERT OR REPLACE INTO source (key, kind, notes) VALUES (?1, ?2, ?3)",
                params![key, kind.id(), rows::json(&notes)?],
            )?;
            transaction.execute("DELETE FROM clip WHERE source = ?1", [key])?;
            let mut insert = transaction.prepare(rows::INSERT_CLIP)?;
            for (position, clip) in clips.iter().enumerate() {
                rows::insert_clip(&mut insert, key, position, root, clip)?;
            }
            Ok(())
        })
    }

    /// The source as it was stored, with its sounds, and with `root` as its folder. `None` when it is not listed, or one
    /// of its rows is damaged: then its tables are to be read again.
    ///
    /// Sounds are as they were when they were measured: compare the stamps of [`Index::sounds`] to know whether they still are.
    /// Clips have no decision yet, and the verdict of [`Clip::new`].
    ///
    /// # Errors
    /// [`IndexError`] when the database cannot be read.
    pub fn load_source(&self, key: &str, root: &Path) -> Result<Option<SourceScan>, IndexError> {
        let load = || {
            let mut statement = self.connection.prepare("SELECT kind, notes FROM source WHERE key = ?1")?;
            let mut listed = statement.query([key])?;
            let Some((kind, notes)) =
                listed.next()?.and_then(|row| Some((kind_of(row, 0)?, rows::from_json(row, 1)??)))
            else {
                return Ok(None);
            };
            let mut statement = self.connection.prepare(rows::SELECT_CLIPS)?;
            let mut found = statement.query(params![key, ANALYSIS_VERSION])?;
            let mut clips = Vec::new();
            let mut dataset = kind.id().into();
            while let Some(row) = found.next()? {
                let Some(clip) = rows::clip_of(row, root, &mut dataset) else { return Ok(None) };
                clips.push(clip);
            }
            Ok(Some(SourceScan { kind, root: root.to_owned(), clips, notes }))
        };
        load().map_err(|error| self.error(error))
    }

    /// Copies the whole index to `path`, whole or not at all, and opens the copy. What a killed program left there is
    /// replaced.
    ///
    /// # Errors
    /// [`IndexError`] when it cannot be written.
    pub fn copy_to(&self, path: &Path) -> Result<Self, IndexError> {
        let part = beside(path, ".part");
        self.copy_by_way_of(&part, path).inspect_err(|_| {
            // The first error says more than one about what is left of the copy.
            let _ = std::fs::remove_file(&part);
        })?;
        Self::open(path)
    }

    fn copy_by_way_of(&self, part: &Path, path: &Path) -> Result<(), IndexError> {
        let failed = |error: std::io::Error| IndexError::File { problem: error.to_string(), path: path.to_owned() };
        // The log of another index would be taken for the copy's own.
        for leftover in [part, &log_of(path)] {
            match std::fs::remove_file(leftover) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        // A folder's name need not be readable text, and SQLite takes any bytes.
        let target = ToSqlOutput::Borrowed(ValueRef::Text(part.as_os_str().as_encoded_bytes()));
        self.connection.execute("VACUUM INTO ?1", [target]).map_err(|error| error_at(path, error))?;
        std::fs::rename(part, path).map_err(failed)
    }

    /// Forgets a source, with its sounds and all that was found in them.
    ///
    /// # Errors
    /// [`IndexError`] when nothing could be removed.
    pub fn remove_source(&mut self, key: &str) -> Result<(), IndexError> {
        self.all_or_nothing(|transaction| {
            for statement in [
                "DELETE FROM source WHERE key = ?1",
                "DELETE FROM clip WHERE source = ?1",
                "DELETE FROM sound WHERE source = ?1",
                "DELETE FROM fingerprint WHERE source = ?1",
                "DELETE FROM twins WHERE source = ?1 OR other_source = ?1",
            ] {
                transaction.execute(statement, [key])?;
            }
            Ok(())
        })
    }

    /// Forgets what was measured in the files of a source, so that they are measured again.
    ///
    /// # Errors
    /// [`IndexError`] when nothing could be removed.
    pub fn forget_sounds(&mut self, key: &str) -> Result<(), IndexError> {
        self.all_or_nothing(|transaction| {
            transaction.execute("DELETE FROM sound WHERE source = ?1", [key])?;
            transaction.execute("DELETE FROM fingerprint WHERE source = ?1", [key]).map(drop)
        })
    }

    /// The key and kind of every source that is listed, by key.
    ///
    /// # Errors
    /// [`IndexError`] when the database cannot be read.
    pub fn sources(&self) -> Result<Vec<(String, SourceKind)>, IndexError> {
        self.collect("SELECT key, kind FROM source ORDER BY key", [], |row| Some((row.get(0).ok()?, kind_of(row, 1)?)))
    }

    /// Remembers what opening a file gave; written before this returns, so that a kill loses the file in hand at most. A
    /// file that was not there, or not opened, is forgotten instead.
    ///
    /// # Errors
    /// [`IndexError`] when it could not be stored.
    pub fn put_sound(&self, key: &str, path: &str, measured: &Measured) -> Result<(), IndexError> {
        // The fingerprint first: with its sound a file counts as measured.
        let words = measured.fingerprint.as_ref().map(Fingerprint::to_bytes).unwrap_or_default();
        self.put_fingerprint(key, path, &words)?;
        let put = || {
            let mut statement = self.connection.prepare_cached(rows::REPLACE_SOUND)?;
            if !rows::replace_sound(&mut statement, key, path, measured)? {
                self.connection.execute("DELETE FROM sound WHERE source = ?1 AND path = ?2", [key, path])?;
            }
            Ok(())
        };
        put().map_err(|error| self.error(error))
    }

    /// What was measured in the files of a source, by portable path, whether they are listed or not: for carrying over
    /// after the tables were read again. Damaged rows count as not measured.
    ///
    /// # Errors
    /// [`IndexError`] when the database cannot be read.
    pub fn sounds(&self, key: &str) -> Result<HashMap<String, (Stamp, Sound)>, IndexError> {
        self.collect(rows::SELECT_SOUNDS, params![key, ANALYSIS_VERSION], rows::stored_sound_of)
    }

    /// Forgets the sounds and fingerprints of a source that are no longer listed. Returns how many sounds.
    ///
    /// # Errors
    /// [`IndexError`] when nothing could be removed.
    pub fn prune(&mut self, key: &str) -> Result<usize, IndexError> {
        self.all_or_nothing(|transaction| {
            let unlisted = "source = ?1 AND path NOT IN (SELECT path FROM clip WHERE source = ?1)";
            transaction.execute(&format!("DELETE FROM fingerprint WHERE {unlisted}"), [key])?;
            transaction.execute(&format!("DELETE FROM sound WHERE {unlisted}"), [key])
        })
    }

    /// Remembers the fingerprint of a file; an empty one is forgotten.
    fn put_fingerprint(&self, key: &str, path: &str, words: &[u8]) -> Result<(), IndexError> {
        let put = || {
            if words.is_empty() {
                let delete = "DELETE FROM fingerprint WHERE source = ?1 AND path = ?2";
                return self.connection.prepare_cached(delete)?.execute([key, path]);
            }
            let insert = "INSERT OR REPLACE INTO fingerprint (source, path, words) VALUES (?1, ?2, ?3)";
            self.connection.prepare_cached(insert)?.execute(params![key, path, words])
        };
        put().map(drop).map_err(|error| self.error(error))
    }

    /// Gives the source, path and fingerprint of every file with a sound, by source and path.
    ///
    /// # Errors
    /// [`IndexError`] when the database cannot be read to its end.
    pub fn for_each_fingerprint(&self, visit: &mut dyn FnMut(&str, &str, &[u8])) -> Result<(), IndexError> {
        let mut run = || {
            let mut statement = self.connection.prepare(
                "SELECT source, path, words FROM fingerprint JOIN sound USING (source, path) \
                 WHERE analysis = ?1 AND problem IS NULL ORDER BY source, path",
            )?;
            let mut found = statement.query([ANALYSIS_VERSION])?;
            while let Some(row) = found.next()? {
                let (source, path, words) = (row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?);
                if let (Ok(source), Ok(path), Ok(words)) = (source.as_str(), path.as_str(), words.as_blob()) {
                    visit(source, path, words);
                }
            }
            Ok(())
        };
        run().map_err(|error| self.error(error))
    }

    /// Replaces all pairs of files that sound alike.
    ///
    /// # Errors
    /// [`IndexError`] when nothing could be stored.
    pub fn put_twins(&mut self, twins: &[Twins]) -> Result<(), IndexError> {
        self.all_or_nothing(|transaction| {
            transaction.execute("DELETE FROM twins", [])?;
            let mut insert = transaction.prepare(
                "INSERT INTO twins (source, path, other_source, other_path, similarity) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for Twins { one, other, similarity } in twins {
                insert.execute(params![one.source, one.path, other.source, other.path, similarity])?;
            }
            Ok(())
        })
    }

    /// Remembers whether every fingerprint has been compared with every other.
    ///
    /// # Errors
    /// [`IndexError`] when it could not be stored.
    pub fn set_compared(&self, compared: bool) -> Result<(), IndexError> {
        let statement = if compared {
            "INSERT OR REPLACE INTO done (what) VALUES ('compared')"
        } else {
            "DELETE FROM done WHERE what = 'compared'"
        };
        self.connection.execute(statement, []).map(drop).map_err(|error| self.error(error))
    }

    /// Whether every fingerprint has been compared with every other.
    ///
    /// # Errors
    /// [`IndexError`] when the database cannot be read.
    pub fn is_compared(&self) -> Result<bool, IndexError> {
        let done: Vec<String> = self.collect("SELECT what FROM done", [], |row| row.get(0).ok())?;
        Ok(done.iter().any(|what| what == "compared"))
    }

    /// The pairs of files that sound alike, in the order in which they were stored.
    ///
    /// # Errors
    /// [`IndexError`] when the database cannot be read.
    pub fn twins(&self) -> Result<Vec<Twins>, IndexError> {
        let select = "SELECT source, path, other_source, other_path, similarity FROM twins ORDER BY rowid";
        self.collect(select, [], rows::twins_of)
    }

    /// Every row of `select` that `read` does not find damaged.
    fn collect<T, C: FromIterator<T>>(
        &self,
        select: &str,
        parameters: impl rusqlite::Params,
        read: impl Fn(&Row) -> Option<T>,
    ) -> Result<C, IndexError> {
        let collect = || -> rusqlite::Result<C> {
            let mut statement = self.connection.prepare(select)?;
            let found = statement.query_map(parameters, |row| Ok(read(row)))?;
            found.filter_map(Result::transpose).collect()
        };
        collect().map_err(|error| self.error(error))
    }

    fn all_or_nothing<T>(&mut self, change: impl FnOnce(&Transaction) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let run = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run(&mut self.connection).map_err(|error| self.error(error))
    }

    fn error(&self, error: rusqlite::Error) -> IndexError {
        error_at(&self.path, error)
    }
}

fn error_at(path: &Path, error: rusqlite::Error) -> IndexError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed, NoLargeFileSupport, OutOfMemory,
        PermissionDenied, ReadOnly, SystemIoFailure, TooBig,
    };
    let path = path.to_owned();
    let problem = error.to_string();
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => IndexError::InUse { path },
        Some(
            CannotOpen
            | DiskFull
            | FileLockingProtocolFailed
            | NoLargeFileSupport
            | OutOfMemory
            | PermissionDenied
            | ReadOnly
            | SystemIoFailure
            | TooBig,
        ) => IndexError::File { problem, path },
        // Our statements are right, so the database is not.
        _ => IndexError::Damaged { problem, path },
    }
}

/// The write-ahead log of the database at `path`, by SQLite's rule.
fn log_of(path: &Path) -> PathBuf {
    beside(path, "-wal")
}

/// The file that says that damage was met in the index at `path`.
fn mark_of(path: &Path) -> PathBuf {
    beside(path, ".damaged")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The kind of dataset that a column names; `None` when this version knows none of that name.
fn kind_of(row: &Row, column: usize) -> Option<SourceKind> {
    let word: StrDeserializer<WordError> = row.get_ref(column).ok()?.as_str().ok()?.into_deserializer();
    SourceKind::deserialize(word).ok()
}
