//! Datasets that are called alike: two folders `data` are two datasets, and their people are not the same.
//!
//! A plain folder, and a table that does not say it, are called after their folder. Where another dataset of the study is
//! called so, the later one is `data (2)`, in the ids of its people too. Two of one name are one dataset where that is what
//! they are: the published ones, whose people are the same in every copy; recordings of one folder, whichever table lists
//! them; and what tables call so of their own accord.
//!
//! A name that was given stays, whatever becomes of the other dataset: a split may hold it out. `study.toml` keeps it, and
//! the index has the names that folders and tables give.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Study, StudySource};
use crate::data::scan::canonical;
use crate::data::sources::{SOURCES, folder_name};
use crate::data::{Clip, PersonId, SourceKind};

/// The folders after which a dataset is called; `None` for a name that is not a folder's.
type Homes = BTreeSet<Option<PathBuf>>;

impl Study {
    /// Gives datasets of the source `key` the names that they had before, by the names that its folder or table gives
    /// them, unless another dataset has these meanwhile.
    pub fn set_names(&mut self, key: &str, names: BTreeMap<String, String>) {
        if let Some(source) = self.source_mut(key) {
            source.rename(names);
        }
        self.tell_apart();
    }

    /// Gives every dataset a name of its own.
    fn tell_apart(&mut self) {
        let called: Vec<BTreeMap<String, Homes>> = self.sources.iter().map(StudySource::homes).collect();
        // These first: they cannot have another name, even where a folder had theirs before.
        let published = called.iter().flatten().filter(|(name, homes)| is_published(name, homes));
        let mut taken: BTreeMap<String, Homes> = published.map(|(name, homes)| (name.clone(), homes.clone())).collect();
        for (source, called) in self.sources.iter_mut().zip(called) {
            let mut names = BTreeMap::new();
            for (own, homes) in called {
                if is_published(&own, &homes) {
                    continue;
                }
                let is_free =
                    |name: &String| taken.get(name).is_none_or(|others| homes.iter().any(|home| others.contains(home)));
                let given = source.names.get(&own).cloned();
                let numbered = (2..).map(|number: u64| format!("{} ({number})", without_number(&own)));
                let mut names_to_try = given.into_iter().chain([own.clone()]).chain(numbered);
                let name = names_to_try.find(is_free).unwrap_or_else(|| own.clone());
                taken.entry(name.clone()).or_default().extend(homes);
                if name != own {
                    names.insert(own, name);
                }
            }
            source.rename(names);
        }
    }
}

impl StudySource {
    /// Its name on screen.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        let own = self.kind.name_in(&self.root);
        self.names.get(&*own).map_or(own, |given| given.as_str().into())
    }

    /// The names that its folder or table gives to datasets, with their homes.
    fn homes(&self) -> BTreeMap<String, Homes> {
        let mut found: BTreeMap<&str, BTreeSet<Option<&Path>>> = BTreeMap::new();
        let own = folder_name(&self.root);
        let is_called_after_root = self.kind == SourceKind::Folder || self.mapping.is_some();
        if is_called_after_root {
            found.insert(&own, BTreeSet::from([Some(self.root.as_path())]));
        } else if self.kind.is_published() {
            found.insert(self.kind.id(), BTreeSet::from([None]));
        }
        let stated = self.clips.iter().filter(|_| self.kind == SourceKind::Table);
        for clip in stated {
            let name = self.own_name(&clip.dataset);
            if !(is_called_after_root && *name == *own) {
                found.entry(name).or_default().insert(home(&clip.path, name));
            }
        }
        let spelled_alike =
            |homes: BTreeSet<Option<&Path>>| homes.into_iter().map(|home| home.map(canonical)).collect();
        found.into_iter().map(|(name, homes)| (name.to_owned(), spelled_alike(homes))).collect()
    }

    /// The name that its folder or table gives to the dataset that is called so in the study.
    fn own_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.iter().find(|(_, given)| **given == *name).map_or(name, |(own, _)| own)
    }

    /// Gives its datasets these names, by the names that its folder or table gives them; those that are not named here
    /// have these themselves again.
    fn rename(&mut self, names: BTreeMap<String, String>) {
        if names == self.names {
            return;
        }
        // Most recordings share a name.
        let mut shared: HashMap<Arc<str>, Arc<str>> = HashMap::new();
        let mut clips = std::mem::take(&mut self.clips);
        for clip in &mut clips {
            let name = shared.entry(Arc::clone(&clip.dataset)).or_insert_with(|| {
                let own = self.own_name(&clip.dataset);
                names.get(own).map_or(own, String::as_str).into()
            });
            if *name != clip.dataset {
                call(Arc::make_mut(clip), name);
            }
        }
        self.clips = clips;
        self.names = names;
    }

    /// A recording as its folder or table describes it.
    pub(super) fn as_listed(&self, clip: &Clip) -> Clip {
        let mut listed = clip.clone();
        let own = self.own_name(&clip.dataset);
        if *own != *clip.dataset {
            call(&mut listed, &own.into());
        }
        listed
    }
}

/// Gives the dataset of a recording another name, also where it is part of the person's id.
fn call(clip: &mut Clip, name: &Arc<str>) {
    let inside = [SourceKind::Folder, SourceKind::Table].iter().find_map(|kind| {
        let id = clip.person.0.strip_prefix(kind.id())?.strip_prefix(':')?;
        Some((kind, id.strip_prefix(&*clip.dataset)?.strip_prefix('/')?))
    });
    if let Some((kind, inside)) = inside {
        clip.person = PersonId(format!("{}:{name}/{inside}", kind.id()));
    }
    clip.dataset = Arc::clone(name);
}

/// The folder around a recording after which its dataset is called.
fn home<'a>(path: &'a Path, name: &str) -> Option<&'a Path> {
    if is_published_name(name) {
        return None;
    }
    path.ancestors().skip(1).find(|folder| [name, without_number(name)].contains(&&*folder_name(folder)))
}

/// Whether this is the name of a published dataset, and no folder's that is called so.
fn is_published(name: &str, homes: &Homes) -> bool {
    is_published_name(name) && homes.contains(&None)
}

fn is_published_name(name: &str) -> bool {
    SOURCES.iter().map(|source| source.kind()).any(|kind| kind.is_published() && kind.id() == name)
}

/// `data` for `data (2)`.
fn without_number(name: &str) -> &str {
    let numbered = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbered.filter(|(_, number)| is_number(number)).map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::scan::SourceScan;
    use crate::data::sources::mapped::Mapping;

    /// A dataset at `root` whose recordings are `(path, dataset, person)`.
    fn scan(kind: SourceKind, root: &str, clips: &[(&str, &str, &str)]) -> SourceScan {
        let clip = |(path, dataset, person): &(&str, &str, &str)| Clip {
            dataset: (*dataset).into(),
            ..Clip::new(path.into(), kind, PersonId((*person).into()), "sick")
        };
        SourceScan { kind, root: root.into(), clips: clips.iter().map(clip).collect(), notes: Vec::new() }
    }

    /// A plain folder called `data` with one recording, somewhere below `around`.
    fn folder(around: &str) -> SourceScan {
        let path = format!("{around}/data/sick/1.wav");
        scan(SourceKind::Folder, &format!("{around}/data"), &[(&path, "data", "folder:data/sick/1.wav")])
    }

    /// The dataset and person of every recording.
    fn named(study: &Study) -> Vec<(String, String)> {
        study.clips().map(|clip| (clip.dataset.to_string(), clip.person.0.clone())).collect()
    }

    fn pairs(names: &[(&str, &str)]) -> Vec<(String, String)> {
        names.iter().map(|(dataset, person)| ((*dataset).to_owned(), (*person).to_owned())).collect()
    }

    fn two_folders() -> (Study, Vec<(String, String)>) {
        let mut study = Study::default();
        study.add(folder("/a"), None);
        study.add(folder("/b"), None);
        let named = pairs(&[("data", "folder:data/sick/1.wav"), ("data (2)", "folder:data (2)/sick/1.wav")]);
        (study, named)
    }

    #[test]
    fn two_folders_of_one_name_are_two_datasets_of_other_people() {
        let (mut study, expected) = two_folders();
        assert_eq!(named(&study), expected);
        let names: Vec<_> = study.view().sources.iter().map(|source| source.name().to_owned()).collect();
        assert_eq!(names, ["data", "data (2)"]);
        assert_eq!(study.add(folder("/b"), None), study.sources()[1].key);
        assert_eq!(study.add(folder("/a"), None), study.sources()[0].key);
        assert_eq!(named(&study), expected, "read again");

        let first = study.sources()[0].key.clone();
        study.remove(&first);
        study.add(folder("/b"), None);
        assert_eq!(named(&study), expected[1..], "a name stays where the other is gone");
        study.add(folder("/c"), None);
        assert_eq!(study.sources()[1].name(), "data", "it is free again");
    }

    #[test]
    fn the_index_has_a_folders_own_names_and_the_study_those_that_were_given() {
        let (study, expected) = two_folders();
        let second = &study.sources()[1];
        let listed = study.listed(&second.key).unwrap();
        assert_eq!(listed, folder("/b"));
        let mut again = Study::default();
        again.restore(second.key.clone(), listed, None);
        again.set_names(&second.key, second.names.clone());
        assert_eq!(named(&again), expected[1..]);
    }

    #[test]
    fn a_folder_that_has_moved_keeps_its_name() {
        let (mut study, expected) = two_folders();
        let key = study.sources()[1].key.clone();
        study.relocate(&key, &folder("/c")).unwrap();
        study.restore(key, folder("/c"), None);
        assert_eq!(named(&study), expected);
    }

    #[test]
    fn a_named_table_is_called_after_its_folder_and_two_of_one_folder_are_one_dataset() {
        let mapping = |table: &str| {
            Some(Mapping { table: table.into(), file: "f".into(), label: "l".into(), ..Mapping::default() })
        };
        let mut study = Study::default();
        study.add(folder("/a"), None);
        let row = |path| [(path, "data", "table:data/17")];
        study.add(scan(SourceKind::Table, "/b/data", &row("/b/data/x.wav")), mapping("train.csv"));
        study.add(scan(SourceKind::Table, "/b/data", &row("/b/data/y.wav")), mapping("test.csv"));
        let expected = [
            ("data", "folder:data/sick/1.wav"),
            ("data (2)", "table:data (2)/17"),
            // The same person: the number means the same in both tables.
            ("data (2)", "table:data (2)/17"),
        ];
        assert_eq!(named(&study), pairs(&expected));
    }

    #[test]
    fn a_table_of_the_same_folder_has_its_names() {
        let (study, expected) = two_folders();
        let rows = [
            ("/a/data/sick/1.wav", "data", "folder:data/sick/1.wav"),
            ("/b/data/sick/1.wav", "data (2)", "folder:data (2)/sick/1.wav"),
        ];
        let exported = || scan(SourceKind::Table, "/exports/all.csv", &rows);
        let mut table_first = Study::default();
        table_first.add(exported(), None);
        assert_eq!(named(&table_first), expected, "as its rows say");
        let key = table_first.add(folder("/b"), None);
        assert_eq!(table_first.source(&key).unwrap().name(), "data (2)", "as the table calls that folder");

        let mut folders_first = study;
        let key = folders_first.add(exported(), None);
        assert_eq!(folders_first.source(&key).unwrap().names, BTreeMap::new());
        assert_eq!(named(&folders_first), expected, "nothing twice, and nothing under another name");
    }

    #[test]
    fn the_table_of_another_folder_is_another_dataset() {
        let mut study = Study::default();
        study.add(folder("/a"), None);
        let row = [("/far/data/sick/1.wav", "data", "folder:data/sick/1.wav")];
        study.add(scan(SourceKind::Table, "/exports/far.csv", &row), None);
        assert_eq!(named(&study)[1], ("data (2)".to_owned(), "folder:data (2)/sick/1.wav".to_owned()));
        // Whoever writes a table says what is one dataset and who is one person.
        let own = |path| [(path, "ward", "anna")];
        study.add(scan(SourceKind::Table, "/mine/one.csv", &own("/x/1.wav")), None);
        study.add(scan(SourceKind::Table, "/mine/two.csv", &own("/y/2.wav")), None);
        assert_eq!(named(&study)[2..], pairs(&[("ward", "anna"), ("ward", "anna")]));
    }

    #[test]
    fn published_datasets_keep_name_and_people() {
        let coswara = |root: &str, path| scan(SourceKind::Coswara, root, &[(path, "coswara", "coswara:x")]);
        let mut study = Study::default();
        let own = ("/c/coswara/sick/1.wav", "coswara", "folder:coswara/sick/1.wav");
        study.add(scan(SourceKind::Folder, "/c/coswara", &[own]), None);
        assert_eq!(study.sources()[0].name(), "coswara");
        study.add(coswara("/a", "/a/1.wav"), None);
        study.add(coswara("/b", "/b/2.wav"), None);
        let same = ("coswara", "coswara:x");
        assert_eq!(named(&study), pairs(&[("coswara (2)", "folder:coswara (2)/sick/1.wav"), same, same]));
    }

    #[test]
    fn a_number_is_told_from_a_name() {
        for (name, without) in
            [("data (2)", "data"), ("data", "data"), ("a (b)", "a (b)"), ("a (2) ", "a (2) "), ("()", "()")]
        {
            assert_eq!(without_number(name), without);
        }
    }
}
