//! Files that are written whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file or folder could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed: {source} ({})", path.display())]
pub struct FileError {
    /// What was tried, for example "writing the report".
    pub action: &'static str,
    /// Which file or folder.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: names the action and the file.
    pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source }
    }
}

/// Writes `path` with `fill`: into a temporary file beside it, flushed to disk, then renamed over it.
///
/// A reader sees the old file or the new one, never a part, and a kill leaves at most a stray temporary file.
/// Missing parent folders are made.
///
/// # Errors
/// [`FileError`] with `action` and `path` when any step fails; the old file is untouched then.
pub fn write_atomic(
    path: &Path,
    action: &'static str,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FileError> {
    let attempt = || -> io::Result<()> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder)?;
        let mut file = temporary().tempfile_in(folder)?;
        let mut buffered = io::BufWriter::new(file.as_file_mut());
        fill(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    attempt().map_err(FileError::at(action, path))
}

/// How the names of temporary files and folders begin; what a kill leaves of them is nobody's work.
pub const TEMPORARY_PREFIX: &str = ".coughscope-";

fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What any other new file gets; the operating system takes the user's umask off. Temporary files are private.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        write_atomic(&path, "writing", |out| out.write_all(b"old")).unwrap();
        let failed = write_atomic(&path, "writing", |out| {
            out.write_all(b"half of the n")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.unwrap_err().to_string().contains("disk full"));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let left: Vec<_> = std::fs::read_dir(folder.path().join("a")).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays behind");
    }
}
