//! Reading an archive as a stream: its parts one after the other, unzipped, with bounds on what may come out.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::Problem;
use super::parts::{Archive, part_name};
use super::run::{Halt, Run};

/// Largest file that is extracted. Coswara's recordings last seconds; ten minutes at 48 kHz, stereo, 32 bits are 230 MB.
pub(super) const MOST_FILE_BYTES: u64 = 500_000_000;
/// How many times its own size an archive may unpack to. Recorded sound hardly shrinks; a hostile archive reaches 1,032,
/// the limit of DEFLATE (RFC 1951: 258 bytes from two bits).
const MOST_RATIO: u64 = 20;
/// What any archive may unpack to, however small it is: some archives are mostly silence.
const ALWAYS_ALLOWED_BYTES: u64 = 1_000_000_000;
/// How much of an archive may stand between two files: headers, long names, padding. Long names are held in memory while
/// they are read, and 4 MB is far more than any of them needs.
const MOST_BETWEEN_BYTES: u64 = 4_000_000;
/// How often progress is reported within a file, in unpacked bytes.
const REPORT_BYTES: u64 = 1 << 20;

/// How far the reading of one archive is. The readers below share it; one thread reads an archive.
pub(super) struct Reading<'a> {
    pub archive: &'a Archive,
    pub run: &'a Run<'a>,
    compressed: Cell<u64>,
    unpacked: Cell<u64>,
    allowance: Cell<u64>,
}

impl<'a> Reading<'a> {
    pub fn new(archive: &'a Archive, run: &'a Run<'a>) -> Self {
        let zero = Cell::default;
        Self { archive, run, compressed: zero(), unpacked: zero(), allowance: Cell::new(MOST_BETWEEN_BYTES) }
    }

    /// The unzipped archive.
    pub fn open(&'a self) -> impl Read + 'a {
        Metered { inner: MultiGzDecoder::new(Joined { reading: self, next: 0, open: None }), reading: self }
    }

    /// Compressed bytes that were not read.
    pub fn unread(&self) -> u64 {
        self.archive.bytes().saturating_sub(self.compressed.get())
    }

    /// Lets one entry of this size through, and what stands between it and the next.
    pub fn allow(&self, entry_bytes: u64) {
        self.allowance.set(entry_bytes.saturating_add(MOST_BETWEEN_BYTES));
    }

    /// What an error of reading means: one of ours that comes back through the other readers, or a damaged archive.
    pub fn halt(&self, error: io::Error) -> Halt {
        error.downcast::<Halt>().unwrap_or_else(|error| {
            let reason = if error.kind() == io::ErrorKind::UnexpectedEof {
                let next = part_name(self.archive.date(), self.archive.parts().len());
                format!("it ends early; the last part is incomplete, or {next} is missing")
            } else {
                error.to_string()
            };
            self.damaged(reason)
        })
    }

    /// The archive is damaged.
    pub fn damaged(&self, reason: String) -> Halt {
        Problem::Damaged { reason, path: self.archive.folder().to_owned() }.into()
    }

    /// Counts unpacked bytes, and ends the reading when there are too many or nobody wants them any more.
    fn count_unpacked(&self, bytes: u64) -> Result<(), Halt> {
        let before = self.unpacked.get();
        let after = before + bytes;
        self.unpacked.set(after);
        let limit_bytes = ALWAYS_ALLOWED_BYTES.max(self.archive.bytes().saturating_mul(MOST_RATIO));
        if after > limit_bytes {
            return Err(Problem::TooLarge { limit_bytes, path: self.archive.folder().to_owned() }.into());
        }
        let Some(allowance) = self.allowance.get().checked_sub(bytes) else {
            return Err(self.damaged(format!("more than {} MB that are no file", MOST_BETWEEN_BYTES / 1_000_000)));
        };
        self.allowance.set(allowance);
        if before / REPORT_BYTES != after / REPORT_BYTES {
            self.run.report(self.archive.date())?;
        }
        Ok(())
    }
}

/// The parts of an archive as one stream.
struct Joined<'a> {
    reading: &'a Reading<'a>,
    next: usize,
    open: Option<File>,
}

impl Read for Joined<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let (Some(file), Some(part)) =
                (&mut self.open, self.next.checked_sub(1).and_then(|now| self.reading.archive.parts().get(now)))
            else {
                let Some(part) = self.reading.archive.parts().get(self.next) else { return Ok(0) };
                self.open = Some(File::open(&part.path).map_err(|error| unreadable(&part.path, error))?);
                self.next += 1;
                continue;
            };
            let bytes = file.read(into).map_err(|error| unreadable(&part.path, error))?;
            if bytes > 0 || into.is_empty() {
                self.reading.compressed.set(self.reading.compressed.get() + bytes as u64);
                self.reading.run.add_bytes(bytes as u64);
                return Ok(bytes);
            }
            self.open = None;
        }
    }
}

/// Takes an error of reading a part through the readers on top of this one.
fn unreadable(path: &std::path::Path, error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::Interrupted {
        return error;
    }
    let halt: Halt = Problem::Unreadable { reason: error.to_string(), path: path.to_owned() }.into();
    io::Error::other(halt)
}

/// An unzipped stream that is counted.
struct Metered<'a, R> {
    inner: R,
    reading: &'a Reading<'a>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(into)?;
        self.reading.count_unpacked(bytes as u64).map_err(io::Error::other)?;
        Ok(bytes)
    }
}
