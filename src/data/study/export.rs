//! The combined table and its label policy as files, written over nobody's work.

use std::path::{Path, PathBuf};

use super::{SourceView, StudyView};
use crate::data::scan::canonical;
use crate::data::{Clip, LabelPolicy, policy, table};
use crate::files::FileError;

/// Why a table was not written. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The place belongs to a dataset.
    #[error(
        "the table would lie in the folder of {dataset}, and coughscope writes into no dataset; choose another folder ({})",
        path.display()
    )]
    InDataset {
        /// The dataset's name on screen.
        dataset: String,
        /// The table.
        path: PathBuf,
    },
    /// A table is known by its name.
    #[error("a table is called .csv, or nothing opens it again; choose such a name ({})", path.display())]
    NoTableName {
        /// The table.
        path: PathBuf,
    },
    /// There is something that was not exported.
    #[error(
        "there is a file that coughscope has not exported, and it would be lost; choose another name, or move that file \
         away ({})",
        path.display()
    )]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// There is a policy that a person has written or changed.
    #[error(
        "the label policy beside the table was written or changed by hand, and would be lost; give the table another \
         name, or move that policy away ({})",
        path.display()
    )]
    PolicyNotOurs {
        /// The policy.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl StudyView {
    /// Writes the combined table of all recordings to `path`, and the label policy that it follows beside it. Returns where
    /// the policy is.
    ///
    /// An earlier export is replaced, and nothing else: neither a dataset's own table nor a policy that was changed by hand.
    ///
    /// # Errors
    /// [`ExportError`] when something else is there, or a file cannot be written.
    pub fn export(&self, path: &Path) -> Result<PathBuf, ExportError> {
        if !table::has_table_name(path) {
            return Err(ExportError::NoTableName { path: path.to_owned() });
        }
        let beside = path.with_extension(policy::EXTENSION);
        if let Some(source) = self.source_around(path) {
            return Err(ExportError::InDataset { dataset: source.name().into_owned(), path: path.to_owned() });
        }
        if is_taken(path) && !table::is_export(path) {
            return Err(ExportError::NotOurs { path: path.to_owned() });
        }
        if is_taken(&beside) && !LabelPolicy::is_as_written(&beside) {
            return Err(ExportError::PolicyNotOurs { path: beside });
        }
        table::write(path, self.clips.iter().map(|clip| -> &Clip { clip }))?;
        self.policy.write(&beside)?;
        Ok(beside)
    }

    /// The dataset in whose folder `path` lies, or would lie.
    pub(in crate::data) fn source_around(&self, path: &Path) -> Option<&SourceView> {
        let place = settled(path);
        self.sources.iter().find(|source| place.starts_with(canonical(&source.root)))
    }
}

/// Whether there is anything, a link into nothing too.
fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The one spelling of a path whose end may not be there yet.
fn settled(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut above = path.ancestors();
    let Some(there) = above.find(|folder| folder.exists()) else { return path };
    match path.strip_prefix(there) {
        // Joining nothing would put a separator at the end of a file.
        Ok(rest) if rest.as_os_str().is_empty() => canonical(there),
        Ok(rest) => canonical(there).join(rest),
        Err(_) => path,
    }
}
