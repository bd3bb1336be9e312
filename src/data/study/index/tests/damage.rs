//! What a kill, a bad disk or a stranger leaves of an index.

use std::collections::HashSet;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::super::{FILE, Index, IndexError, log_of};
use super::{ROOT, clip, named, paths, put, read, store};
use crate::data::SourceKind;

/// Uses all of an index that may be damaged; errors are fine, panics are not.
fn exercise(path: &Path) -> Result<usize, IndexError> {
    let mut index = Index::open(path)?;
    let mut found = 0;
    for (key, _) in index.sources()? {
        found += index.load_source(&key, Path::new(ROOT))?.map_or(0, |scan| scan.clips.len());
        found += index.sounds(&key)?.len();
    }
    index.for_each_fingerprint(&mut |_, _, words| found += words.len())?;
    found += index.twins()?.len();
    index.put_sound("folder", "new.wav", &read(1))?;
    index.store_source("folder", Path::new(ROOT), SourceKind::Folder, &[clip(1)], &[])?;
    index.prune("folder")?;
    index.remove_source("folder")?;
    Ok(found)
}

#[test]
fn no_damage_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mut index = Index::open(&path).unwrap();
    store(&mut index, &(0..300).map(clip).collect::<Vec<_>>());
    for number in 0..300 {
        put(&index, &named(number), &read(1));
        index.put_fingerprint("folder", &named(number), &[1; 40]).unwrap();
    }
    drop(index);
    let whole = std::fs::read(&path).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut below = |bound: usize| (rng.next_u64() % bound as u64) as usize;
    let mut refused = 0;
    let mut attempt = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let _ = std::fs::remove_file(log_of(&path));
        match exercise(&path) {
            Ok(_) => {}
            Err(IndexError::Damaged { .. }) => refused += 1,
            // A byte of the header says who may write; SQLite believes it.
            Err(IndexError::File { problem, .. }) if problem.contains("readonly") => refused += 1,
            // Another says which version made it.
            Err(IndexError::Newer { .. }) => refused += 1,
            Err(other) => panic!("neither fine nor damaged: {other:?}"),
        }
    };
    for cut in 1..=30 {
        attempt(&whole[..whole.len() * cut / 31]);
    }
    for _ in 0..120 {
        let mut bytes = whole.clone();
        for _ in 0..=below(60) {
            let at = below(bytes.len());
            bytes[at] = below(256) as u8;
        }
        attempt(&bytes);
    }
    let noise: Vec<u8> = (0..20_000).map(|_| below(256) as u8).collect();
    attempt(&noise);
    assert!(refused > 30, "{refused}: the damage was noticed");
}

/// The database and its log, as a kill would leave them.
#[derive(Clone, PartialEq)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Files {
    fn of(path: &Path) -> Self {
        Self { database: std::fs::read(path).unwrap(), log: std::fs::read(log_of(path)).unwrap_or_default() }
    }

    /// The sounds that a new program finds in them.
    fn found(&self) -> HashSet<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, &self.database).unwrap();
        std::fs::write(log_of(&path), &self.log).unwrap();
        paths(&Index::open(&path).unwrap())
    }
}

#[test]
fn a_kill_loses_the_sound_in_hand_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mut index = Index::open(&path).unwrap();
    store(&mut index, &(0..10).map(clip).collect::<Vec<_>>());
    // So that the log is moved into the database, and begun again, a few times.
    index.connection.pragma_update(None, "wal_autocheckpoint", 40).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut before = Files::of(&path);
    let (mut torn, mut moved) = (0, 0);
    for number in 0..150 {
        put(&index, &named(number), &read(1));
        let after = Files::of(&path);
        let done: HashSet<_> = (0..number).map(named).collect();
        let with_this: HashSet<_> = (0..=number).map(named).collect();
        assert!(after.found() == with_this, "{number}: all that was written is there");
        // Killed while the log was written: it is the old one with the first bytes of the new one over it.
        let same = before.log.iter().zip(&after.log).take_while(|(old, new)| old == new).count();
        let log_grew = after.log.len() - same;
        if log_grew > 0 {
            let end = same + (rng.next_u64() % log_grew as u64) as usize;
            let mut log = before.log.clone();
            log.resize(log.len().max(end), 0);
            log[..end].copy_from_slice(&after.log[..end]);
            let found = Files { database: before.database.clone(), log }.found();
            assert!(found == done || found == with_this, "{number}: {} sounds", found.len());
            torn += 1;
        }
        // Killed when it was written, before it was moved into the database.
        let unmoved = Files { database: before.database.clone(), log: after.log.clone() };
        assert!(unmoved.found() == with_this, "{number}: in the log");
        moved += usize::from(before.database != after.database);
        before = after;
    }
    assert!(torn > 100 && moved > 2, "{torn} torn, {moved} moved: every case was met");
}
