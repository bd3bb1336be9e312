//! One extraction: what its threads share, and what ends it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::{ExtractError, ExtractProgress, Problem};
use crate::files::FileError;

/// Who is told how far an extraction is, and may end it.
pub type OnProgress<'a> = &'a (dyn Fn(ExtractProgress<'_>) -> ControlFlow<()> + Sync);

/// Why an archive is not read any further.
#[derive(Debug, thiserror::Error)]
pub(super) enum Halt {
    /// This archive ends here; the others go on.
    #[error(transparent)]
    Archive(#[from] Problem),
    /// Everything ends here.
    #[error(transparent)]
    All(#[from] ExtractError),
}

impl From<FileError> for Halt {
    fn from(error: FileError) -> Self {
        Self::All(error.into())
    }
}

/// What the threads of one extraction share.
pub(super) struct Run<'a> {
    pub target: &'a Path,
    on_progress: OnProgress<'a>,
    bytes_total: u64,
    bytes_done: AtomicU64,
    files: AtomicUsize,
    stopped: AtomicBool,
}

impl<'a> Run<'a> {
    pub fn new(target: &'a Path, bytes_total: u64, on_progress: OnProgress<'a>) -> Self {
        let (bytes_done, files, stopped) = Default::default();
        Self { target, on_progress, bytes_total, bytes_done, files, stopped }
    }

    /// Says how far everything is.
    ///
    /// # Errors
    /// [`ExtractError::Cancelled`] when the answer was to stop, also if another thread got it.
    pub fn report(&self, date: &str) -> Result<(), ExtractError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(ExtractError::Cancelled);
        }
        let progress = ExtractProgress {
            date,
            bytes_done: self.bytes_done.load(Ordering::Relaxed).min(self.bytes_total),
            bytes_total: self.bytes_total,
            files: self.files.load(Ordering::Relaxed),
        };
        if (self.on_progress)(progress).is_break() {
            self.stop();
            return Err(ExtractError::Cancelled);
        }
        Ok(())
    }

    /// Lets the other threads end at their next report.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Counts compressed bytes that are done.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts files that are in place.
    pub fn add_files(&self, files: usize) {
        self.files.fetch_add(files, Ordering::Relaxed);
    }
}
