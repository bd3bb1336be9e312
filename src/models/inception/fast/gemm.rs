//! The matrix product that every convolution is cut into, and the loads and stores of vectors beside it.
//!
//! The right-hand matrix (the weights) is packed once into [`Panels`] a few vectors wide. The left-hand one (pixels, or
//! tiles of them) is read where it lies, one number at a time, spread over a vector: with channels last, a pixel's
//! channels are contiguous, so that neither a 1x1 nor a strided convolution needs a copy of its input. A tile of the
//! result stays in registers until it is finished with bias and ReLU and written into its place.
//!
//! This is the one file with `unsafe` code: bounds are checked once for a panel instead of once for a number.

#![expect(
    clippy::needless_range_loop,
    reason = "loops over constant ranges are unrolled, those over iterators were not"
)]

use std::ops::{Deref, DerefMut, Range};

use pulp::{Arch, Simd, WithSimd};

/// Floats in a cache line, and in the widest vector.
pub const LINE: usize = 16;

/// The most rows of a strip.
pub const HIGHEST: usize = 14;

/// The most vectors of a panel.
pub const WIDEST: usize = 4;

/// `f32`s of which the first lies at the beginning of a cache line, so that no load of a vector straddles two.
#[derive(Default)]
pub struct Aligned {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let values = vec![0.0; len + LINE];
        let start = values.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { values, start, len }
    }

    /// Floats that there is room for.
    pub fn capacity(&self) -> usize {
        self.values.len() - self.start
    }

    /// Sets the length to `len`, or to the capacity if that is less; the values stay.
    pub fn truncate(&mut self, len: usize) {
        self.len = len.min(self.capacity());
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<f32>()
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.len]
    }
}

/// Floats in one vector of this processor.
pub fn lanes(arch: Arch) -> usize {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    arch.dispatch(Lanes)
}

/// The left-hand matrix: `count` rows that begin `stride` floats apart. A row is made of `width` floats at each of
/// the offsets `taps`, one after the other: the places of a kernel over its input.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// Everything that the rows may read; the first row begins at the first float.
    pub data: &'a [f32],
    /// Floats from one row to the next.
    pub stride: usize,
    /// Number of rows.
    pub count: usize,
    /// Where in a row its runs begin, in floats.
    pub taps: &'a [usize],
    /// Floats in each run.
    pub width: usize,
}

/// What happens to a sum before it is written.
#[derive(Clone, Copy)]
pub enum Finish<'a> {
    /// Nothing.
    Raw,
    /// The column's bias is added, and negatives become zero. One float for each column.
    BiasRelu(&'a [f32]),
}

impl Finish<'_> {
    /// The same for some of the columns.
    pub fn of(&self, columns: &Range<usize>) -> Self {
        match self {
            Self::Raw => Self::Raw,
            Self::BiasRelu(bias) => Self::BiasRelu(&bias[columns.clone()]),
        }
    }
}

/// The right-hand matrix, `[depth, columns]`, cut into panels of one to four vectors: for each row of the matrix its
/// floats of the panel, then the next row; columns beyond the last are zeros.
pub struct Panels {
    depth: usize,
    columns: usize,
    lanes: usize,
    panels: Vec<Panel>,
    packed: Aligned,
}

/// One panel: `vectors` times the lanes columns wide, the last of them perhaps beyond the matrix.
#[derive(Clone, Copy)]
struct Panel {
    first_column: usize,
    vectors: usize,
    start: usize,
}

impl Panels {
    /// Packs the matrix whose number in row `r` and column `c` is `at(r, c)` for vectors of `lanes` floats.
    pub fn pack(depth: usize, columns: usize, lanes: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let vectors = columns.div_ceil(lanes);
        let mut packed = Aligned::zeros(vectors * lanes * depth);
        let (mut panels, mut left) = (Vec::new(), vectors);
        while left > 0 {
            // Three or four vectors to a panel need the fewest instructions for each multiplication.
            let wide = match left {
                0..=4 => left,
                5 => 3,
                _ if left % 3 == 0 => 3,
                _ => 4,
            };
            let done = vectors - left;
            panels.push(Panel { first_column: done * lanes, vectors: wide, start: done * lanes * depth });
            left -= wide;
        }
        for panel in &panels {
            let wide = panel.vectors * lanes;
            for (row, line) in packed[panel.start..][..wide * depth].chunks_exact_mut(wide).enumerate() {
                for (value, column) in line.iter_mut().zip(panel.first_column..columns) {
                    *value = at(row, column);
                }
            }
        }
        Self { depth, columns, lanes, panels, packed }
    }

    /// Number of panels.
    pub fn len(&self) -> usize {
        self.panels.len()
    }

    /// Floats in a vector.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// The columns of the matrix that panel `index` holds; empty beyond the last panel.
    pub fn columns_of(&self, index: usize) -> Range<usize> {
        self.panels
            .get(index)
            .map_or(0..0, |panel| panel.first_column..self.columns.min(panel.first_column + panel.vectors * self.lanes))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.packed.bytes()
    }
}

/// Writes the product of `left` and panel `index` of `right`: row `r` begins at `out[r * out_stride]`.
///
/// # Panics
/// When the matrices do not fit each other or the slices are too short: a mistake in this program.
pub fn multiply_panel(
    arch: Arch,
    left: Rows,
    right: &Panels,
    index: usize,
    finish: Finish,
    out: &mut [f32],
    out_stride: usize,
) {
    let Some(&panel) = right.panels.get(index) else { return };
    if left.count == 0 {
        return;
    }
    arch.dispatch(Product { left, right, panel, finish, out, out_stride });
}

/// [`multiply_panel`] for all panels: column `c` of row `r` lands in `out[r * out_stride + c]`.
///
/// # Panics
/// As [`multiply_panel`].
pub fn multiply(arch: Arch, left: Rows, right: &Panels, finish: Finish, out: &mut [f32], out_stride: usize) {
    for index in 0..right.len() {
        let columns = right.columns_of(index);
        multiply_panel(arch, left, right, index, finish.of(&columns), &mut out[columns.start..], out_stride);
    }
}

/// The most rows of a strip `vectors` wide whose sums fit into `registers`, beside the vectors of a row of the panel and
/// one number of the left-hand matrix.
const fn highest(registers: usize, vectors: usize) -> usize {
    let rows = (registers - vectors - 1) / vectors;
    if rows < HIGHEST { rows } else { HIGHEST }
}

struct Product<'a> {
    left: Rows<'a>,
    right: &'a Panels,
    panel: Panel,
    finish: Finish<'a>,
    out: &'a mut [f32],
    out_stride: usize,
}

impl Product<'_> {
    /// Columns of this panel that exist.
    fn columns(&self) -> usize {
        (self.panel.vectors * self.right.lanes).min(self.right.columns - self.panel.first_column)
    }

    /// The bounds of everything that the tiles read and write.
    fn check<S: Simd>(&self) {
        let Rows { data, stride, count, taps, width } = self.left;
        let reach = |step: usize, end: usize| count.saturating_sub(1).checked_mul(step)?.checked_add(end);
        let furthest = taps.iter().max().and_then(|tap| reach(stride, tap.checked_add(width)?)).unwrap_or(usize::MAX);
        assert!(furthest <= data.len(), "the left matrix ends at {furthest} of {}", data.len());
        assert_eq!(taps.len() * width, self.right.depth, "depth of both matrices");
        assert_eq!(self.right.lanes, S::F32_LANES, "packed for this processor");
        let packed = self.panel.start + self.panel.vectors * self.right.lanes * self.right.depth;
        assert!(packed <= self.right.packed.len(), "the panel ends at {packed}");
        let end = reach(self.out_stride, self.columns()).unwrap_or(usize::MAX);
        assert!(end <= self.out.len(), "the result ends at {end} of {}", self.out.len());
        if let Finish::BiasRelu(bias) = self.finish {
            assert!(bias.len() >= self.columns(), "a bias for each column");
        }
    }

    /// All rows, in strips of equal height as far as that goes: a low last strip would read the panel for little work.
    #[inline(always)]
    fn strips<S: Simd, const V: usize>(&mut self, simd: S) {
        let count = self.left.count;
        let strips = count.div_ceil(const { highest(S::REGISTER_COUNT, V) });
        for strip in 0..strips {
            let first = strip * count / strips;
            match (strip + 1) * count / strips - first {
                2 if const { 2 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 2, V>(simd, first),
                3 if const { 3 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 3, V>(simd, first),
                4 if const { 4 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 4, V>(simd, first),
                5 if const { 5 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 5, V>(simd, first),
                6 if const { 6 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 6, V>(simd, first),
                7 if const { 7 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 7, V>(simd, first),
                8 if const { 8 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 8, V>(simd, first),
                9 if const { 9 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 9, V>(simd, first),
                10 if const { 10 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 10, V>(simd, first),
                11 if const { 11 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 11, V>(simd, first),
                12 if const { 12 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 12, V>(simd, first),
                13 if const { 13 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 13, V>(simd, first),
                14 if const { 14 <= highest(S::REGISTER_COUNT, V) } => self.strip::<S, 14, V>(simd, first),
                left => (first..first + left).for_each(|row| self.strip::<S, 1, V>(simd, row)),
            }
        }
    }

    /// `M` rows of the result from row `first`, `V` vectors wide.
    #[inline(always)]
    #[expect(unsafe_code, reason = "bounds are checked once for the panel, not once for each of its numbers")]
    fn strip<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, first: usize) {
        let Rows { data, stride, taps, width, .. } = self.left;
        let lanes = S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        // SAFETY: `check` ran for this product. `first + M <= count`, so that every left read is below
        // `(count - 1) * stride + tap + width <= data.len()`. The right reads run through `depth = taps * width` rows of
        // `V * lanes` floats from the panel's start, which end within `packed`. Vectors are read unaligned.
        unsafe {
            let rows = data.as_ptr().add(first * stride);
            let mut right = self.right.packed.as_ptr().add(self.panel.start);
            for &tap in taps {
                let rows = rows.add(tap);
                for k in 0..width {
                    let mut vectors = [simd.splat_f32s(0.0); V];
                    for v in 0..V {
                        vectors[v] = right.add(v * lanes).cast::<S::f32s>().read_unaligned();
                    }
                    right = right.add(V * lanes);
                    for m in 0..M {
                        let value = simd.splat_f32s(*rows.add(m * stride + k));
                        for v in 0..V {
                            sums[m][v] = simd.mul_add_e_f32s(value, vectors[v], sums[m][v]);
                        }
                    }
                }
            }
        }
        let (mut bias, mut floor) = ([simd.splat_f32s(0.0); V], simd.splat_f32s(f32::NEG_INFINITY));
        if let Finish::BiasRelu(values) = self.finish {
            floor = simd.splat_f32s(0.0);
            for v in 0..V {
                bias[v] = load(simd, values.get(v * lanes..).unwrap_or_default());
            }
        }
        let columns = self.columns();
        let out = &mut self.out[first * self.out_stride..];
        if columns == V * lanes {
            // SAFETY: `check` found room for all rows, and the panel has all of its columns.
            unsafe { finish::<S, M, V>(simd, &sums, bias, floor, out.as_mut_ptr(), self.out_stride) };
        } else {
            let mut edge = [[0.0_f32; WIDEST * LINE]; M];
            // SAFETY: `edge` has room for `M` rows of four of the widest vectors.
            unsafe { finish::<S, M, V>(simd, &sums, bias, floor, edge.as_mut_ptr().cast(), WIDEST * LINE) };
            for (line, out) in edge.iter().zip(out.chunks_mut(self.out_stride)) {
                out[..columns].copy_from_slice(&line[..columns]);
            }
        }
    }
}

/// Writes the sums with their bias, none below `floor`: row `m` from `out + m * stride` on.
///
/// Every index is known when this is compiled; otherwise the sums would not stay in registers.
///
/// # Safety
/// `out` has room for `M` rows of `V` vectors, `stride` floats apart.
#[inline(always)]
#[expect(unsafe_code, reason = "checked stores are too long to be unrolled")]
unsafe fn finish<S: Simd, const M: usize, const V: usize>(
    simd: S,
    sums: &[[S::f32s; V]; M],
    bias: [S::f32s; V],
    floor: S::f32s,
    out: *mut f32,
    stride: usize,
) {
    for m in 0..M {
        for v in 0..V {
            let sum = simd.max_f32s(simd.add_f32s(sums[m][v], bias[v]), floor);
            // SAFETY: as the caller promises.
            unsafe { out.add(m * stride + v * S::F32_LANES).cast::<S::f32s>().write_unaligned(sum) };
        }
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.check::<S>();
        match self.panel.vectors {
            1 => self.strips::<S, 1>(simd),
            2 => self.strips::<S, 2>(simd),
            3 => self.strips::<S, 3>(simd),
            _ => self.strips::<S, WIDEST>(simd),
        }
    }
}

/// The first vector of `values`; what is missing reads as zeros.
#[inline(always)]
#[expect(unsafe_code, reason = "a load without a mask; the length is checked here")]
pub fn load<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    if values.len() < S::F32_LANES {
        return simd.partial_load_f32s(values);
    }
    // SAFETY: at least a vector's floats lie in `values`, and any bits are a valid `f32s` (it is `Pod`).
    unsafe { values.as_ptr().cast::<S::f32s>().read_unaligned() }
}

/// Writes `vector` to the beginning of `values`; what does not fit is left out.
#[inline(always)]
#[expect(unsafe_code, reason = "a store without a mask; the length is checked here")]
pub fn store<S: Simd>(simd: S, values: &mut [f32], vector: S::f32s) {
    if values.len() < S::F32_LANES {
        return simd.partial_store_f32s(values, vector);
    }
    // SAFETY: at least a vector's floats lie in `values`, which this function borrows alone.
    unsafe { values.as_mut_ptr().cast::<S::f32s>().write_unaligned(vector) }
}
