//! NumPy's `.npy` files, versions 1 to 3: the numbers that Python scripts exchange with this program.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. Only plain numbers in one or two
//! dimensions are read; pickled objects are refused, because opening them runs code.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::data::Label;
use crate::files::{FileError, write_atomic};

/// First bytes of every `.npy` file.
const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header that is read. NumPy writes 128 bytes for plain arrays, and refuses more than 10,000 itself.
const MAX_HEADER_BYTES: u32 = 10_000;
/// The data of a file start at a multiple of this.
const ALIGNMENT: usize = 64;

/// Numbers read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// One or two lengths.
    pub shape: Vec<usize>,
    /// Row-major values, whatever type the file stores; whole numbers beyond 2^53 are rounded.
    pub values: Vec<f64>,
}

/// Why a `.npy` file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is something else, or broken.
    #[error("this is not a usable .npy file: {reason} ({})", path.display())]
    Format {
        /// What is wrong, and what to do where something helps.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The numbers are not what was asked for.
    #[error("expected {expected}, found {found}")]
    Content {
        /// What was asked for.
        expected: &'static str,
        /// What there is.
        found: String,
    },
}

/// Reads an array.
///
/// # Errors
/// [`NpyError::File`] when the file cannot be read, [`NpyError::Format`] when it holds something else than
/// little-endian `f32`, `f64`, `i32`, `i64`, `u8` or `bool` in one or two dimensions.
pub fn read(path: &Path) -> Result<Array, NpyError> {
    let file = File::open(path).map_err(FileError::at("opening the array", path))?;
    parse(BufReader::new(file)).map_err(|error| match error {
        ParseError::Io(source) => FileError::at("reading the array", path)(source).into(),
        ParseError::Format(reason) => NpyError::Format { reason, path: path.to_owned() },
    })
}

/// What can go wrong before the path is known.
enum ParseError {
    Io(io::Error),
    Format(String),
}

impl From<io::Error> for ParseError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { format_error("it ends too early") } else { Self::Io(error) }
    }
}

fn format_error(reason: impl Into<String>) -> ParseError {
    ParseError::Format(reason.into())
}

fn parse(mut input: impl Read) -> Result<Array, ParseError> {
    let header = Header::parse(&header_text(&mut input)?)?;
    let count = header.shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    let bytes = count.and_then(|count| count.checked_mul(header.dtype.width()));
    let Some(bytes) = bytes else { return Err(format_error(format!("its shape {:?} is absurd", header.shape))) };

    // Grows with what arrives, never with what the header promises.
    let mut data = Vec::new();
    input.take(bytes as u64).read_to_end(&mut data)?;
    if data.len() < bytes {
        return Err(format_error(format!("it ends too early: {} of {bytes} bytes of numbers", data.len())));
    }
    let values = header.dtype.decode(&data);
    let values = match header.shape.as_slice() {
        &[rows, columns] if header.fortran_order => transpose(&values, rows, columns),
        _ => values,
    };
    Ok(Array { shape: header.shape, values })
}

/// The dictionary that describes the array.
fn header_text(input: &mut impl Read) -> Result<String, ParseError> {
    let mut start = [0; 8];
    input.read_exact(&mut start)?;
    let [magic @ .., version, _minor] = &start;
    if magic != MAGIC {
        return Err(format_error("it does not begin like one (save it with numpy.save)"));
    }
    let length = match version {
        1 => {
            let mut length = [0; 2];
            input.read_exact(&mut length)?;
            u32::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            input.read_exact(&mut length)?;
            u32::from_le_bytes(length)
        }
        other => return Err(format_error(format!("version {other} of the format is unknown"))),
    };
    if length > MAX_HEADER_BYTES {
        return Err(format_error(format!("its header of {length} bytes is longer than any of plain numbers")));
    }
    let mut text = Vec::new();
    input.take(u64::from(length)).read_to_end(&mut text)?;
    if text.len() < length as usize {
        return Err(format_error("it ends within its header"));
    }
    String::from_utf8(text).map_err(|_| format_error("its header is not text"))
}

/// What a header says.
struct Header {
    dtype: Dtype,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Parses `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }`.
    fn parse(text: &str) -> Result<Self, ParseError> {
        let value = |key: &str| {
            let (_, rest) = text.split_once(key)?;
            rest.trim_start().strip_prefix(':').map(str::trim_start)
        };
        let missing = |key: &str| format_error(format!("its header has no {key}"));
        let descr = value("'descr'").ok_or_else(|| missing("'descr'"))?;
        let order = value("'fortran_order'").ok_or_else(|| missing("'fortran_order'"))?;
        let shape = value("'shape'").ok_or_else(|| missing("'shape'"))?;
        Ok(Self { dtype: Dtype::parse(descr)?, fortran_order: order.starts_with("True"), shape: parse_shape(shape)? })
    }
}

/// Parses `(3,)` or `(3, 2)`.
fn parse_shape(text: &str) -> Result<Vec<usize>, ParseError> {
    let broken = || format_error("its shape is not a list of lengths");
    let (inside, _) = text.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or_else(broken)?;
    let lengths = inside.split(',').map(str::trim).filter(|length| !length.is_empty());
    let shape: Vec<usize> = lengths.map(|length| length.parse().map_err(|_| broken())).collect::<Result<_, _>>()?;
    match shape.len() {
        1 | 2 => Ok(shape),
        other => Err(format_error(format!("it has {other} dimensions, only 1 or 2 are read"))),
    }
}

/// The stored types that are read.
#[derive(Clone, Copy)]
enum Dtype {
    F32,
    F64,
    I32,
    I64,
    U8,
    Bool,
}

impl Dtype {
    /// Parses what follows `'descr':`.
    fn parse(text: &str) -> Result<Self, ParseError> {
        let name =
            text.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or("structured", |(name, _)| name);
        match name {
            "<f4" => Ok(Self::F32),
            "<f8" => Ok(Self::F64),
            "<i4" => Ok(Self::I32),
            "<i8" => Ok(Self::I64),
            "|u1" => Ok(Self::U8),
            "|b1" => Ok(Self::Bool),
            "|O" => Err(format_error(
                "it holds pickled Python objects, which could run code and are never opened; save plain numbers: \
                 numpy.save(name, numpy.asarray(values, dtype=float))",
            )),
            other => Err(format_error(format!(
                "its numbers are of type {other}; save them as float64: numpy.save(name, values.astype('<f8'))"
            ))),
        }
    }

    /// Bytes of one number.
    fn width(self) -> usize {
        match self {
            Self::U8 | Self::Bool => 1,
            Self::F32 | Self::I32 => 4,
            Self::F64 | Self::I64 => 8,
        }
    }

    fn decode(self, data: &[u8]) -> Vec<f64> {
        match self {
            Self::F32 => decoded(data, |bytes| f64::from(f32::from_le_bytes(bytes))),
            Self::F64 => decoded(data, f64::from_le_bytes),
            Self::I32 => decoded(data, |bytes| f64::from(i32::from_le_bytes(bytes))),
            Self::I64 => decoded(data, |bytes| i64::from_le_bytes(bytes) as f64),
            Self::U8 => decoded(data, |[byte]| f64::from(byte)),
            Self::Bool => decoded(data, |[byte]| f64::from(u8::from(byte != 0))),
        }
    }
}

fn decoded<const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.as_chunks().0.iter().copied().map(number).collect()
}

/// Row-major values from column-major ones.
fn transpose(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    let position = |row| (0..columns).map(move |column| column * rows + row);
    (0..rows).flat_map(position).filter_map(|index| values.get(index).copied()).collect()
}

impl Array {
    /// The scores of the sick class. Shapes `[n]` and `[n, 1]` are taken as they are; of `[n, 2]`, a softmax output as
    /// Keras writes it, column 1.
    ///
    /// # Errors
    /// [`NpyError::Content`] for another shape.
    pub fn scores(&self) -> Result<Vec<f64>, NpyError> {
        match *self.shape.as_slice() {
            [_] | [_, 1] => Ok(self.values.clone()),
            [_, 2] => Ok(self.values.as_chunks().0.iter().map(|&[_healthy, sick]| sick).collect()),
            _ => Err(self.unexpected_shape("scores of shape (n,), (n, 1) or (n, 2)")),
        }
    }

    /// Labels: 0 is healthy, 1 is sick. Shapes `[n]` and `[n, 1]` hold them, `[n, 2]` holds them one-hot.
    ///
    /// # Errors
    /// [`NpyError::Content`] for another shape or another number.
    pub fn labels(&self) -> Result<Vec<Label>, NpyError> {
        match *self.shape.as_slice() {
            [_] | [_, 1] => self.values.iter().map(|&value| label([1.0 - value, value])).collect(),
            [_, 2] => self.values.as_chunks().0.iter().copied().map(label).collect(),
            _ => Err(self.unexpected_shape("labels of shape (n,), (n, 1) or (n, 2)")),
        }
    }

    fn unexpected_shape(&self, expected: &'static str) -> NpyError {
        NpyError::Content { expected, found: format!("shape {:?}", self.shape) }
    }
}

/// The label of a one-hot pair.
fn label(one_hot: [f64; 2]) -> Result<Label, NpyError> {
    match one_hot {
        [1.0, 0.0] => Ok(Label::Healthy),
        [0.0, 1.0] => Ok(Label::Sick),
        [_, other] => {
            Err(NpyError::Content { expected: "labels that are 0 (healthy) or 1 (sick)", found: other.to_string() })
        }
    }
}

/// A type of number that is written.
pub trait Element: Copy {
    /// NumPy's name for it.
    const DESCR: &'static str;
    /// Its bytes, little-endian.
    fn bytes(self) -> impl AsRef<[u8]>;
}

impl Element for f32 {
    const DESCR: &'static str = "<f4";
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

impl Element for f64 {
    const DESCR: &'static str = "<f8";
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

impl Element for i64 {
    const DESCR: &'static str = "<i8";
    fn bytes(self) -> impl AsRef<[u8]> {
        self.to_le_bytes()
    }
}

/// Writes one dimension. Shape: `[values.len()]`.
///
/// # Errors
/// [`FileError`] when the file cannot be written.
pub fn write<T: Element>(path: &Path, values: &[T]) -> Result<(), FileError> {
    write_shaped(path, &format!("({},)", values.len()), values.iter().copied())
}

/// Writes two dimensions. Shape: `[rows.len(), N]`.
///
/// # Errors
/// [`FileError`] when the file cannot be written.
pub fn write_rows<T: Element, const N: usize>(path: &Path, rows: &[[T; N]]) -> Result<(), FileError> {
    write_shaped(path, &format!("({}, {N})", rows.len()), rows.iter().flatten().copied())
}

/// Writes a matrix held row by row. Shape: `[values.len() / columns, columns]`; a last, incomplete row is left out.
///
/// # Errors
/// [`FileError`] when the file cannot be written.
pub fn write_matrix<T: Element>(path: &Path, values: &[T], columns: usize) -> Result<(), FileError> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    write_shaped(path, &format!("({rows}, {columns})"), values.iter().take(rows * columns).copied())
}

/// Writes a matrix of `shape` (rows, columns) row by row, so that it need not fit into memory: `row` gives row `0`, `1`, ...
///
/// # Errors
/// [`FileError`] when the file cannot be written, `row` fails, or gives another number of columns; there is no file then.
pub fn write_rows_by<T: Element>(
    path: &Path,
    [rows, columns]: [usize; 2],
    mut row: impl FnMut(usize) -> io::Result<Vec<T>>,
) -> Result<(), FileError> {
    write_atomic(path, "writing the array", |out| {
        write_header::<T>(out, &format!("({rows}, {columns})"))?;
        (0..rows).try_for_each(|index| {
            let values = row(index)?;
            if values.len() != columns {
                return Err(io::Error::other(format!("row {index} has {} columns and not {columns}", values.len())));
            }
            values.into_iter().try_for_each(|value| out.write_all(value.bytes().as_ref()))
        })
    })
}

fn write_shaped<T: Element>(path: &Path, shape: &str, values: impl Iterator<Item = T>) -> Result<(), FileError> {
    write_atomic(path, "writing the array", |out| {
        write_header::<T>(out, shape)?;
        values.into_iter().try_for_each(|value| out.write_all(value.bytes().as_ref()))
    })
}

fn write_header<T: Element>(out: &mut dyn Write, shape: &str) -> io::Result<()> {
    let mut header = format!("{{'descr': '{}', 'fortran_order': False, 'shape': {shape}, }}", T::DESCR);
    // Magic, version and length take 10 bytes, the closing newline 1; spaces fill up to the alignment.
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    header.push('\n');
    out.write_all(MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())
}
