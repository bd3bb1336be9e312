//! Where a study is kept: its folder with `study.toml` and the index, or memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::index::{self, FileRef, Index, IndexError, Twins};
use super::settings::{self, Settings, SettingsError, SourceEntry};
use super::{Study, Todo, portable};
use crate::data::duplicates::{DuplicateFinder, Likeness};
use crate::data::fingerprint::Fingerprint;
use crate::data::scan::{Measured, SourceScan, Stamp};
use crate::data::{Decision, Sound};
use crate::files::{FileError, TEMPORARY_PREFIX};

/// What keeps a study. Shared between the threads that read recordings and the one that holds the model.
pub struct Store {
    folder: Option<PathBuf>,
    index: Mutex<Index>,
}

/// A study that was opened.
pub struct Opened {
    /// What keeps it.
    pub store: Store,
    /// The model, as it was left.
    pub study: Study,
    /// What the person should know, as whole sentences.
    pub notes: Vec<String>,
}

/// Why a study cannot be kept or opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// The folder holds other things.
    #[error("this folder holds other files, and no study; choose an empty or a new one ({})", .0.display())]
    Occupied(PathBuf),
}

impl Store {
    /// Keeps nothing longer than the program runs.
    ///
    /// # Errors
    /// [`StoreError::Index`] when there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { folder: None, index: Mutex::new(Index::in_memory()?) })
    }

    /// Opens the study in `folder`, or makes one there, if the folder is empty or not there yet.
    ///
    /// # Errors
    /// [`StoreError`] when the folder holds something else, the study is open in another window, or its files cannot be
    /// read. A damaged index is set aside and made anew, as everything in it can be read from the datasets again.
    pub fn open(folder: &Path) -> Result<Opened, StoreError> {
        let mut notes = Vec::new();
        let is_new = !settings::is_study(folder);
        if is_new {
            make_folder(folder)?;
        }
        let settings = if is_new { Settings::default() } else { Settings::read(folder)? };
        let (store, study) = match Self::open_index(folder, &settings) {
            Err(StoreError::Index(IndexError::Damaged { .. })) => {
                let aside = Index::set_aside(&folder.join(index::FILE))?;
                notes.push(format!(
                    "The index of the study was damaged and is made anew; every recording is read again. The damaged \
                     one was kept as {}.",
                    aside.display()
                ));
                Self::open_index(folder, &settings)?
            }
            other => other?,
        };
        if is_new {
            store.save(&study)?;
        }
        Ok(Opened { store, study, notes })
    }

    /// What keeps the study in `folder`, and the model as it was left. An index in which damage was met is not used again.
    fn open_index(folder: &Path, settings: &Settings) -> Result<(Self, Study), StoreError> {
        let path = folder.join(index::FILE);
        let index = Index::open(&path)?;
        if Index::is_condemned(&path) {
            return Err(IndexError::Damaged { problem: "damage was met in it".to_owned(), path }.into());
        }
        let store = Self { folder: Some(folder.to_owned()), index: Mutex::new(index) };
        let study = store.load(settings, folder)?;
        Ok((store, study))
    }

    /// The study as settings and index describe it.
    fn load(&self, settings: &Settings, folder: &Path) -> Result<Study, StoreError> {
        let mut study = Study::new(settings.policy.clone(), settings.split.clone());
        study.name.clone_from(&settings.name);
        for entry in &settings.sources {
            let place = entry.resolve(folder);
            let root = place.clone().unwrap_or_else(|| portable::decode_root(&entry.path));
            let listed = self.with_index(|index| index.load_source(&entry.key, &root))?;
            let scan = listed.unwrap_or_else(|| SourceScan {
                kind: entry.kind,
                root: root.clone(),
                clips: Vec::new(),
                notes: Vec::new(),
            });
            let decisions = settings.decisions.get(&entry.key).into_iter().flatten();
            let decisions = decisions.map(|(path, decision)| (portable::decode(path, &root), *decision)).collect();
            let key: Arc<str> = entry.key.as_str().into();
            study.restore_with(key.clone(), scan, entry.mapping.clone(), decisions);
            study.set_names(&key, entry.names.clone());
            study.set_synthetic(&key, entry.synthetic);
            if place.is_none() {
                study.set_present(&key, false);
            }
        }
        study.set_near(self.near(&study.roots())?);
        Ok(study)
    }

    /// Its folder; `None` for one in memory.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The index. A thread that panicked with it in hand left it between two statements, which is a good state.
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the index. Where that meets damage, the index is condemned: the next start makes a new one.
    fn with_index<T>(&self, work: impl FnOnce(&mut Index) -> Result<T, IndexError>) -> Result<T, StoreError> {
        let mut index = self.index();
        Ok(work(&mut index).inspect_err(|error| {
            if let IndexError::Damaged { path, .. } = error {
                Index::condemn(path);
            }
        })?)
    }

    /// Gives recordings of the dataset `key` the sound that is known of their files, where these have not changed; some
    /// of them once `go_on` gives `Break`.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be read.
    pub fn recall(
        &self,
        key: &str,
        scan: &mut SourceScan,
        go_on: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut known = self.sounds(key)?;
        // Each look at a file on a network drive is a wait.
        for clip in scan.clips.iter_mut().filter(|clip| clip.has_file()).take_while(|_| go_on().is_continue()) {
            let Some((stamp, sound)) = known.remove(&portable::encode(&clip.path, &scan.root)) else { continue };
            if Stamp::of(&clip.path) == Some(stamp) {
                clip.sound = sound;
            }
        }
        Ok(())
    }

    /// What was measured in the files of the dataset `key`, by portable path.
    pub(super) fn sounds(&self, key: &str) -> Result<HashMap<String, (Stamp, Sound)>, StoreError> {
        self.with_index(|index| index.sounds(key))
    }

    /// Remembers what a dataset's tables and folders say.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be written.
    pub fn remember(&self, key: &str, scan: &SourceScan) -> Result<(), StoreError> {
        self.with_index(|index| index.store_source(key, &scan.root, scan.kind, &scan.clips, &scan.notes))
    }

    /// Forgets a dataset.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be written.
    pub fn forget(&self, key: &str) -> Result<(), StoreError> {
        self.with_index(|index| index.remove_source(key))
    }

    /// Remembers what decoding a recording gave, at once: a kill loses only the files in hand.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be written.
    pub fn put(&self, todo: &Todo, measured: &Measured) -> Result<(), StoreError> {
        let path = portable::encode(&todo.path, &todo.root);
        self.with_index(|index| index.put_sound(&todo.key.source, &path, measured))
    }

    /// Forgets what was measured in the files of a dataset: a file that was replaced by one of the same size and time does
    /// not look changed.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be written.
    pub fn forget_sounds(&self, key: &str) -> Result<(), StoreError> {
        self.with_index(|index| index.forget_sounds(key))
    }

    /// Compares every recording of which there is a fingerprint with every other, and remembers which have the same sound in
    /// another form. Returns these pairs; `roots` are the folders of the datasets by key, and others are passed over.
    /// `None`, and nothing is remembered, once `go_on` gives `Break`.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be read or written.
    pub fn find_near(
        &self,
        roots: &HashMap<String, PathBuf>,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Option<Vec<(PathBuf, PathBuf)>>, StoreError> {
        let mut finder = DuplicateFinder::new();
        let mut files = Vec::new();
        self.with_index(|index| {
            index.for_each_fingerprint(&mut |source, path, words| {
                if go_on().is_continue()
                    && roots.contains_key(source)
                    && let Ok(fingerprint) = Fingerprint::from_bytes(words)
                {
                    finder.add(None, Some(&fingerprint));
                    files.push(FileRef { source: source.to_owned(), path: path.to_owned() });
                }
            })
        })?;
        // Without the index in hand: this takes seconds, and recordings are read meanwhile.
        let Some(found) = finder.find(go_on) else { return Ok(None) };
        let twins: Vec<Twins> = found
            .pairs
            .iter()
            .filter_map(|pair| {
                let Likeness::Near { bit_error_rate, .. } = pair.likeness else { return None };
                let (one, other) = (files.get(pair.first)?.clone(), files.get(pair.second)?.clone());
                Some(Twins { one, other, similarity: 1.0 - bit_error_rate })
            })
            .collect();
        self.with_index(|index| {
            index.put_twins(&twins)?;
            index.set_compared(true)
        })?;
        Ok(Some(pairs(&twins, roots)))
    }

    /// Says that sounds are about to be read which nobody has compared with the others.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be written.
    pub fn mark_uncompared(&self) -> Result<(), StoreError> {
        self.with_index(|index| index.set_compared(false))
    }

    /// Whether sounds have been read since [`Store::find_near`] was done the last time.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be read.
    pub fn is_uncompared(&self) -> Result<bool, StoreError> {
        Ok(!self.with_index(|index| index.is_compared())?)
    }

    /// What [`Store::find_near`] found the last time.
    ///
    /// # Errors
    /// [`StoreError::Index`] when the index cannot be read.
    pub fn near(&self, roots: &HashMap<String, PathBuf>) -> Result<Vec<(PathBuf, PathBuf)>, StoreError> {
        Ok(pairs(&self.with_index(|index| index.twins())?, roots))
    }

    /// Writes the settings of `study` and what was decided. One in memory has nothing to write.
    ///
    /// # Errors
    /// [`StoreError::Settings`] when the file cannot be written.
    pub fn save(&self, study: &Study) -> Result<(), StoreError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let sources = study.sources().iter().map(|source| {
            let entry = SourceEntry::new(source.key.to_string(), source.kind, &source.root, folder);
            let (mapping, names) = (source.mapping.clone(), source.names.clone());
            SourceEntry { synthetic: source.synthetic, mapping, names, ..entry }
        });
        let decisions = study.sources().iter().filter_map(|source| {
            let decided: BTreeMap<String, Decision> =
                source.decisions().map(|(path, decision)| (portable::encode(&path, &source.root), decision)).collect();
            (!decided.is_empty()).then(|| (source.key.to_string(), decided))
        });
        let settings = Settings {
            name: study.name().to_owned(),
            sources: sources.collect(),
            policy: study.policy().clone(),
            split: study.split().clone(),
            decisions: decisions.collect(),
            ..Settings::default()
        };
        Ok(settings.write(folder)?)
    }

    /// Copies the whole study into another folder, and keeps it there from now on.
    ///
    /// # Errors
    /// [`StoreError`] when the folder holds other files or cannot be written; the study stays where it is then.
    pub fn copy_to(&self, folder: &Path, study: &Study) -> Result<Self, StoreError> {
        if settings::is_study(folder) {
            return Err(StoreError::Occupied(folder.to_owned()));
        }
        let is_new = !folder.exists();
        make_folder(folder)?;
        let index_path = folder.join(index::FILE);
        let copy = || {
            let copy = Self {
                folder: Some(folder.to_owned()),
                index: Mutex::new(self.with_index(|index| index.copy_to(&index_path))?),
            };
            // Last, as it makes the folder a study.
            copy.save(study)?;
            Ok(copy)
        };
        copy().inspect_err(|_| {
            // Best effort: the error that led here is the one to tell, and an index alone is no study.
            let _ = std::fs::remove_file(&index_path);
            if is_new {
                let _ = std::fs::remove_dir(folder);
            }
        })
    }
}

fn pairs(twins: &[Twins], roots: &HashMap<String, PathBuf>) -> Vec<(PathBuf, PathBuf)> {
    let path = |file: &FileRef| Some(portable::decode(&file.path, roots.get(&file.source)?));
    twins.iter().filter_map(|twins| Some((path(&twins.one)?, path(&twins.other)?))).collect()
}

/// Makes a study's folder; one that is there must be empty.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let action = "making the study's folder";
    std::fs::create_dir_all(folder).map_err(FileError::at(action, folder))?;
    let mut entries = std::fs::read_dir(folder).map_err(FileError::at(action, folder))?;
    // A program that was killed while it made the study leaves an index and no settings, or half of them.
    let is_ours = |name: &str| [index::FILE, TEMPORARY_PREFIX].iter().any(|prefix| name.starts_with(prefix));
    let foreign = entries.any(|entry| entry.is_ok_and(|entry| !is_ours(&entry.file_name().to_string_lossy())));
    if foreign { Err(StoreError::Occupied(folder.to_owned())) } else { Ok(()) }
}
