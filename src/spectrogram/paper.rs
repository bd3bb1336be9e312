//! The paper's pictures: FFmpeg's `showspectrumpic=s=1024x512:legend=disabled`, to +-1 of 255.
//!
//! The filter squeezes every recording into 1024 columns, short or long, and draws 0 Hz to the Nyquist frequency, so both
//! axes change from recording to recording. What one column sees of the sound changed between FFmpeg's generations, see
//! [`Placement`]. Single precision throughout, as in FFmpeg.

use std::borrow::Cow;
use std::cell::Cell;

use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use super::colour::{CHROMA_ZERO, intensity_yuv, lerp, rgb_from_yuv, to_byte};
use super::stft::{Stft, hann};
use super::{FrequencyAxis, Spectrogram};
use crate::audio::Recording;
use crate::units::Seconds;

/// Columns of the picture.
pub const WIDTH: usize = 1024;
/// Rows of the picture.
pub const HEIGHT: usize = 512;
/// Samples under the window: two per row, because the upper half of a spectrum mirrors the lower.
const WINDOW: usize = 2 * HEIGHT;
/// The filter's default `drange`: levels reach from here below full scale up to full scale.
const DRANGE_DB: f32 = 120.0;
/// The levels that a picture can hold, in dB.
pub(super) const RANGE_DB: (f32, f32) = (-DRANGE_DB, 0.0);

/// Settings of the paper's pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaperConfig {
    /// Which generation of FFmpeg to follow. Default: `right` (7.0).
    pub placement: Placement,
}

/// Where the samples of one step lie under the window of 1024. For one FFT, FFmpeg advances by `step` samples (430 in 10 s
/// at 44.1 kHz), and its generations disagree on what fills the rest of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// FFmpeg 7.0: the step at the right end, the sound before it to the left.
    #[default]
    Right,
    /// FFmpeg 4.2: the step at the left end, the sound after it to the right.
    Left,
    /// FFmpeg 5.1: the step at the left end, then zeros.
    #[serde(alias = "zeropad")]
    ZeroPad,
}

impl Placement {
    /// Every placement, newest FFmpeg first.
    pub const ALL: [Self; 3] = [Self::Right, Self::ZeroPad, Self::Left];

    /// The name in menus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Right => "Right (FFmpeg 7.0)",
            Self::Left => "Left (FFmpeg 4.2)",
            Self::ZeroPad => "Zero-padded (FFmpeg 5.1)",
        }
    }

    /// What FFmpeg reads once a recording shorter than its 1024 steps is over: 4.2 silence, later ones the last sample
    /// again and again.
    fn continued(self, samples: &[f32]) -> Cow<'_, [f32]> {
        match (self, samples.last()) {
            (Self::Right | Self::ZeroPad, Some(&last)) if samples.len() < WIDTH => {
                let mut longer = samples.to_vec();
                longer.resize(WIDTH, last);
                Cow::Owned(longer)
            }
            _ => Cow::Borrowed(samples),
        }
    }

    /// The samples that FFT `index` may see and where its window starts in them; outside of them it sees zeros.
    fn view(self, samples: &[f32], index: usize, step: usize) -> (&[f32], isize) {
        let (begin, end) = (index * step, (index + 1) * step);
        match self {
            Self::Right => (samples, end as isize - WINDOW as isize),
            Self::Left => (samples, begin as isize),
            Self::ZeroPad => (&samples[..end.min(samples.len())], begin as isize),
        }
    }
}

/// How a recording's samples are dealt out to the columns.
#[derive(Clone, Copy)]
struct Grid {
    /// Samples from one FFT to the next (`spf` in FFmpeg), 1 to 1024.
    step: usize,
    /// FFTs averaged into one column. What is left after 1024 columns is not drawn.
    per_column: usize,
}

impl Grid {
    fn new(samples: usize) -> Self {
        // Rounded up in single precision because FFmpeg does; it matters beyond 2^24 samples.
        let windows_per_column = (samples as f32 / (WINDOW * WIDTH) as f32).ceil() as usize;
        let step = (samples / (WIDTH * windows_per_column.max(1))).max(1);
        Self { step, per_column: (samples / (step * WIDTH)).max(1) }
    }

    /// Time of the middle of the first column's windows, in samples; for `ZeroPad` of the sound under them.
    fn first_centre(self, placement: Placement) -> f64 {
        let (step, per_column) = (self.step as f64, self.per_column as f64);
        let half_window = WINDOW as f64 / 2.0;
        match placement {
            Placement::Right => step * (per_column + 1.0) / 2.0 - half_window,
            Placement::Left => step * (per_column - 1.0) / 2.0 + half_window,
            Placement::ZeroPad => step * per_column / 2.0,
        }
    }
}

/// Levels of the paper's picture, shape `[512, 1024]`, -120 to 0 dB, the mean of the channels' dB values.
///
/// FFmpeg averages the channels' colours instead, which is not a level any more; see [`picture`].
#[must_use]
pub fn compute(recording: &Recording, config: &PaperConfig) -> Spectrogram {
    let grid = Grid::new(recording.frames());
    let mut levels_db = vec![0.0; HEIGHT * WIDTH];
    for channel in recording.channels() {
        for (sum, level) in levels_db.iter_mut().zip(channel_levels(channel, config.placement)) {
            *sum += level;
        }
    }
    let channels = recording.channels().len() as f32;
    for level in &mut levels_db {
        *level = (*level / channels - 1.0) * DRANGE_DB;
    }
    let rate = recording.rate();
    Spectrogram {
        levels_db: levels_db.into(),
        bins: HEIGHT,
        frames: WIDTH,
        hop: rate.duration(grid.step * grid.per_column),
        start: Seconds(grid.first_centre(config.placement) / f64::from(rate.hz())),
        axis: FrequencyAxis::Linear { top: rate.nyquist() },
        range_db: RANGE_DB,
    }
}

/// The paper's picture, 1024 x 512, highest frequency at the top: FFmpeg's, before any JPEG compression.
#[must_use]
pub fn picture(recording: &Recording, config: &PaperConfig) -> RgbImage {
    let mut image = RgbImage::new(WIDTH as u32, HEIGHT as u32);
    for (pixel, yuv) in image.pixels_mut().zip(yuv_pixels(recording, config)) {
        *pixel = Rgb(rgb_from_yuv(yuv));
    }
    image
}

/// The pixels as FFmpeg makes them: full-range Y, U, V, shape `[512, 1024]`, highest frequency first.
#[must_use]
pub fn yuv_pixels(recording: &Recording, config: &PaperConfig) -> Vec<[u8; 3]> {
    let colours = IntensityTable::new();
    let share = 256.0 / recording.channels().len() as f32;
    let mut sums = vec![[0.0, CHROMA_ZERO, CHROMA_ZERO]; HEIGHT * WIDTH];
    for channel in recording.channels() {
        let levels = channel_levels(channel, config.placement);
        for (sum, level) in sums.iter_mut().zip(levels.chunks_exact(WIDTH).rev().flatten()) {
            let colour = colours.yuv(*level);
            *sum = std::array::from_fn(|plane| sum[plane] + share * colour[plane]);
        }
    }
    sums.into_iter().map(|sum| sum.map(to_byte)).collect()
}

/// `intensity_yuv` at all hundredths. Its corners lie on hundredths, so straight lines between them lose nothing, and the
/// search for the right pair of corners is spared.
struct IntensityTable([[f32; 3]; 102]);

impl IntensityTable {
    fn new() -> Self {
        Self(std::array::from_fn(|hundredth| intensity_yuv(hundredth.min(100) as f32 / 100.0)))
    }

    fn yuv(&self, level: f32) -> [f32; 3] {
        let position = level * 100.0;
        let below = (position as usize).min(100);
        lerp(self.0[below], self.0[below + 1], position - below as f32)
    }
}

thread_local! {
    /// This thread's transform: the window never changes.
    static READY: Cell<Option<Stft<f32>>> = const { Cell::new(None) };
}

/// Columns that are computed before they are written as rows, so that writes fill whole cache lines.
const TILE: usize = 16;

/// Levels of one channel from 0 (-120 dB and below) to 1 (full scale), shape `[512, 1024]`, lowest frequency first.
fn channel_levels(samples: &[f32], placement: Placement) -> Vec<f32> {
    let grid = Grid::new(samples.len());
    let samples = placement.continued(samples);
    // FFmpeg's `hann` is the symmetric window.
    let mut stft = READY.take().unwrap_or_else(|| Stft::new(hann(WINDOW, WINDOW - 1).map(|w| w as f32).collect()));
    let mut levels = vec![0.0; HEIGHT * WIDTH];
    let mut tile = vec![[0.0; HEIGHT]; TILE];
    for first in (0..WIDTH).step_by(TILE) {
        for (column, levels) in (first..).zip(&mut tile) {
            column_levels(&mut stft, &samples, placement, grid, column, levels);
        }
        for (row, line) in levels.chunks_exact_mut(WIDTH).enumerate() {
            for (level, column) in line[first..first + TILE].iter_mut().zip(&tile) {
                *level = column[row];
            }
        }
    }
    READY.set(Some(stft));
    levels
}

/// Levels of one column: the mean magnitude of its FFTs on the logarithmic scale.
fn column_levels(
    stft: &mut Stft<f32>,
    samples: &[f32],
    placement: Placement,
    grid: Grid,
    column: usize,
    levels: &mut [f32; HEIGHT],
) {
    levels.fill(0.0);
    for index in column * grid.per_column..(column + 1) * grid.per_column {
        let (seen, start) = placement.view(samples, index, grid.step);
        for (sum, bin) in levels.iter_mut().zip(stft.transform(seen, start)) {
            *sum += bin.norm_sqr().sqrt();
        }
    }
    // The window's energy, sum of w^2: 3/8 of the period for a Hann window.
    let scale = 1.0 / (0.375 * (WINDOW - 1) as f32 * grid.per_column as f32);
    for level in levels {
        *level = level_of(*level * scale);
    }
}

/// 0 for -120 dB and below, 1 for full scale and above.
fn level_of(magnitude: f32) -> f32 {
    // 20 log10 by way of log2, which is the faster function.
    const DB_PER_OCTAVE: f32 = 20.0 * std::f32::consts::LOG10_2;
    (1.0 + magnitude.log2() * (DB_PER_OCTAVE / DRANGE_DB)).clamp(0.0, 1.0)
}
