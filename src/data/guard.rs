//! coughscope writes into no dataset: what it wrote would be read as a part of it the next time.

use std::path::{Component, Path, PathBuf};

use super::SourceKind;
use super::scan::canonical;
use super::sources::{SOURCES, list};

/// Something would be written into a dataset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} would lie in the folder of {dataset}, and coughscope writes into no dataset; choose another folder ({})",
    path.display()
)]
pub struct InDataset {
    /// What was to be written: "the table".
    pub what: &'static str,
    /// The dataset's name on screen.
    pub dataset: String,
    /// Where it was to lie.
    pub path: PathBuf,
}

/// Refuses to write `what` to `path` where that is, or lies in, the folder of one of the `known` datasets (name and
/// folder), or any other folder that is laid out as a dataset. One that only has a table of recordings is none: exports
/// lie together. Asks the file system.
///
/// # Errors
/// [`InDataset`] when it does.
pub fn keep_out_of_datasets<N: Into<String>, P: AsRef<Path>>(
    what: &'static str,
    path: &Path,
    known: impl IntoIterator<Item = (N, P)>,
) -> Result<(), InDataset> {
    let place = settled(path);
    let mut known = known.into_iter().map(|(name, root)| (name, canonical(root.as_ref())));
    let dataset = match known.find(|(_, root)| place.starts_with(root)) {
        Some((name, _)) => Some(name.into()),
        None => place.ancestors().find_map(recognised),
    };
    dataset.map_or(Ok(()), |dataset| Err(InDataset { what, dataset, path: path.to_owned() }))
}

/// The name of the dataset whose folder this is.
fn recognised(folder: &Path) -> Option<String> {
    let listing = list(folder).ok()?;
    let source = SOURCES.iter().find(|source| source.kind() != SourceKind::Table && source.is_root(&listing))?;
    Some(source.kind().name_in(folder).into_owned())
}

/// The one spelling of a path whose end may not be there yet.
fn settled(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut above = path.ancestors();
    let Some(there) = above.find(|folder| folder.exists()) else { return path };
    let rest = path.strip_prefix(there).unwrap_or(Path::new("")).components();
    rest.fold(canonical(there), |mut place, part| {
        match part {
            // What is not there yet is no link, so that the way back leads to where it was.
            Component::ParentDir => drop(place.pop()),
            part => place.push(part),
        }
        place
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path, known: &[(&str, &Path)]) -> Option<String> {
        keep_out_of_datasets("the table", path, known.iter().copied()).err().map(|refused| refused.dataset)
    }

    #[test]
    fn a_dataset_is_kept_clean_at_any_depth_and_its_surroundings_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let mine = folder.path().join("mine");
        for class in ["healthy", "sick"] {
            std::fs::create_dir_all(mine.join(class)).unwrap();
        }
        for inside in ["", "new.csv", "sick/new/run", "../mine/run", "../other/../mine/run"] {
            assert_eq!(refusal(&mine.join(inside), &[]).as_deref(), Some("mine"), "{inside}");
        }
        for outside in ["", "mine.csv", "mine 2/run"] {
            assert_eq!(refusal(&folder.path().join(outside), &[]), None, "{outside}");
        }
        let error = keep_out_of_datasets::<&str, &Path>("the run", &mine.join("run"), []).unwrap_err();
        assert!(error.to_string().starts_with("the run would lie in the folder of mine, and coughscope"), "{error}");
    }

    #[test]
    fn what_nothing_but_a_study_knows_is_kept_clean_too() {
        let folder = tempfile::tempdir().unwrap();
        let (named, table) = (folder.path().join("named"), folder.path().join("all.csv"));
        std::fs::create_dir(&named).unwrap();
        std::fs::write(&table, "path,dataset,person,label,reason\n").unwrap();
        let known = [("Ward 3", named.as_path()), ("all.csv", table.as_path())];
        assert_eq!(refusal(&named.join("a/b"), &[]), None);
        assert_eq!(refusal(&named.join("a/b"), &known).as_deref(), Some("Ward 3"));
        assert_eq!(refusal(&table, &known).as_deref(), Some("all.csv"), "it is read in this study");
        assert_eq!(refusal(&folder.path().join("other.csv"), &known), None, "exports lie together");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_into_a_dataset_is_seen_through() {
        let folder = tempfile::tempdir().unwrap();
        for class in ["healthy", "sick"] {
            std::fs::create_dir_all(folder.path().join("mine").join(class)).unwrap();
        }
        std::os::unix::fs::symlink(folder.path().join("mine/sick"), folder.path().join("results")).unwrap();
        assert_eq!(refusal(&folder.path().join("results/a.png"), &[]).as_deref(), Some("mine"));
    }
}
