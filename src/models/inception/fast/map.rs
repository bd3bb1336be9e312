//! Feature maps between the layers, and the memory that they share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gemm::{Aligned, LINE};
use crate::models::inception::Size;
use crate::models::inception::plan::PICTURE_CHANNELS;

/// A feature map with channels last: pixel `(y, x)` begins at `(y * width + x) * stride`.
///
/// The stride is a whole number of vectors, so that whole vectors may be read from every pixel; what lies beyond the
/// channels is undefined. Only the picture has no such gap.
pub struct Map {
    /// Rows and columns.
    pub size: Size,
    /// Channels that hold something.
    pub channels: usize,
    /// Floats from one pixel to the next.
    pub stride: usize,
    /// `size.pixels() * stride` floats.
    pub values: Aligned,
}

/// Floats from one pixel of `channels` to the next.
fn pixel_stride(channels: usize) -> usize {
    let stride = channels.next_multiple_of(LINE);
    // Pixels that lie a multiple of half the first cache's sets apart would push each other out of it.
    if stride.is_multiple_of(32 * LINE) { stride + LINE } else { stride }
}

/// The memory of one picture on its way through the network. It is kept from picture to picture, so that after the
/// first one nothing is allocated.
pub struct Workspace {
    pub(super) buffers: Buffers,
    /// One for each thread.
    pub(super) scratch: Vec<Mutex<Aligned>>,
}

impl Workspace {
    /// For `threads` threads that each need `scratch` floats.
    pub(super) fn new(threads: usize, scratch: usize) -> Self {
        let scratch = (0..threads).map(|_| Mutex::new(Aligned::zeros(scratch))).collect();
        Self { buffers: Buffers::default(), scratch }
    }

    /// Bytes held between two pictures.
    pub fn bytes(&self) -> usize {
        let scratch = self.scratch.iter().map(|scratch| lock(scratch).bytes()).sum::<usize>();
        self.buffers.free.iter().map(Aligned::bytes).sum::<usize>() + scratch
    }
}

/// Memory that maps borrow and give back.
#[derive(Default)]
pub struct Buffers {
    free: Vec<Aligned>,
}

impl Buffers {
    /// A map with undefined values.
    pub fn take(&mut self, size: Size, channels: usize) -> Map {
        self.take_strided(size, channels, pixel_stride(channels))
    }

    /// A picture with undefined values: no gap between its pixels, so that it can be copied as a whole. Only a
    /// [direct](super::conv) convolution can read it.
    pub fn take_picture(&mut self, size: Size) -> Map {
        self.take_strided(size, PICTURE_CHANNELS, PICTURE_CHANNELS)
    }

    fn take_strided(&mut self, size: Size, channels: usize, stride: usize) -> Map {
        let len = size.pixels() * stride;
        let fits = self.free.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= len);
        let best = fits.min_by_key(|(_, buffer)| buffer.capacity()).map(|(index, _)| index);
        let mut values = best.map_or_else(|| Aligned::zeros(len), |index| self.free.swap_remove(index));
        values.truncate(len);
        Map { size, channels, stride, values }
    }

    /// Takes a map's memory back.
    pub fn give(&mut self, map: Map) {
        self.free.push(map.values);
    }
}

/// The scratch of the thread that calls.
pub fn scratch_of(scratch: &[Mutex<Aligned>]) -> Option<MutexGuard<'_, Aligned>> {
    scratch.get(rayon::current_thread_index().unwrap_or(0)).map(lock)
}

fn lock(scratch: &Mutex<Aligned>) -> MutexGuard<'_, Aligned> {
    // A panic elsewhere leaves numbers behind that the next user overwrites.
    scratch.lock().unwrap_or_else(PoisonError::into_inner)
}
