//! Putting one file of an archive in its place: whole or not at all, and only where it is not there already.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::read::Reading;
use super::run::Halt;
use crate::files::{FileError, TEMPORARY_PREFIX};

/// How much is read, compared and written at once.
const CHUNK_BYTES: usize = 1 << 16;
const WRITING: &str = "writing a recording";
const COMPARING: &str = "reading a recording that is there already";

/// Memory that is used again for each file.
pub(super) struct Buffers {
    new: Vec<u8>,
    old: Vec<u8>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { new: vec![0; CHUNK_BYTES], old: vec![0; CHUNK_BYTES] }
    }
}

/// What happens with the bytes of a file as they come.
enum Sink {
    /// They are what is in its place already, so far.
    Compare(File),
    /// They go to a temporary file beside it.
    Write(NamedTempFile<File>),
}

/// Puts the `size` bytes of `content` at `path`, whose folder exists; whether it had to be written.
///
/// A file of the same size is compared, and written anew from the first difference on. The size alone would not do:
/// after a power cut a file may be all zeros, and one that was downloaded damaged has the right size too.
pub(super) fn store(
    path: &Path,
    size: u64,
    mut content: impl Read,
    reading: &Reading,
    buffers: &mut Buffers,
) -> Result<bool, Halt> {
    let mut sink = Sink::open(path, size)?;
    let mut done = 0;
    loop {
        let bytes = match content.read(&mut buffers.new) {
            Ok(0) => break,
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(reading.halt(error)),
        };
        let (Some(new), Some(old)) = (buffers.new.get(..bytes), buffers.old.get_mut(..bytes)) else { break };
        sink = sink.take(path, done, new, old)?;
        done += bytes as u64;
    }
    if done < size {
        return Err(reading.halt(io::ErrorKind::UnexpectedEof.into()));
    }
    match sink {
        Sink::Compare(_) => Ok(false),
        Sink::Write(file) => {
            file.persist(path).map_err(|error| FileError::at(WRITING, path)(error.error))?;
            Ok(true)
        }
    }
}

impl Sink {
    fn open(path: &Path, size: u64) -> Result<Self, FileError> {
        let is_same_size = fs::symlink_metadata(path).is_ok_and(|old| old.is_file() && old.len() == size);
        match File::open(path) {
            Ok(old) if is_same_size => Ok(Self::Compare(old)),
            // What cannot be read cannot be compared.
            _ => Self::write(path),
        }
    }

    /// Begins a temporary file, with the permissions of any other new file.
    fn write(path: &Path) -> Result<Self, FileError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).make_in(folder, |path| File::create_new(path));
        file.map(Self::Write).map_err(FileError::at(WRITING, path))
    }

    /// Takes the bytes that follow the first `done`.
    fn take(self, path: &Path, done: u64, new: &[u8], old: &mut [u8]) -> Result<Self, FileError> {
        match self {
            Self::Write(mut file) => {
                file.write_all(new).map_err(FileError::at(WRITING, path))?;
                Ok(Self::Write(file))
            }
            Self::Compare(mut file) => {
                match file.read_exact(old) {
                    Ok(()) if old == new => return Ok(Self::Compare(file)),
                    Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                        return Err(FileError::at(COMPARING, path)(error));
                    }
                    _ => {}
                }
                let mut sink = Self::write(path)?;
                if let Self::Write(copy) = &mut sink {
                    copy_start(file, done, copy).map_err(FileError::at(WRITING, path))?;
                }
                sink.take(path, done, new, old)
            }
        }
    }
}

/// Copies the first `bytes`, which were found to be right.
fn copy_start(mut from: File, bytes: u64, to: &mut impl Write) -> io::Result<()> {
    from.rewind()?;
    let copied = io::copy(&mut from.take(bytes), to)?;
    if copied == bytes { Ok(()) } else { Err(io::Error::other("another program changes it")) }
}
