//! Fills triangles by the rules GPUs follow: a pixel belongs to a triangle when its centre does, and a centre on an
//! edge that two triangles share belongs to one of them (the top-left rule), so that no pixel is blended twice.

use std::ops::Range;

use eframe::egui::TextureFilter;
use eframe::egui::epaint::Vertex;
use image::RgbaImage;

use super::texture::Texture;

/// Steps per pixel that corners are rounded to: 8 bits below the pixel, as in Vulkan and Direct3D hardware.
const SUBPIXELS: i64 = 256;

/// Corners further from the origin than this many pixels are moved to it, so that products fit in 64 bits.
const FARTHEST_PX: f32 = 2_097_152.0;

/// Half-open rectangle of pixels.
#[derive(Clone)]
pub struct PixelRect {
    pub columns: Range<usize>,
    pub rows: Range<usize>,
}

/// Blends a triangle over the part of `image` that `clip` names; `clip` must lie inside of `image`.
///
/// `corners` have positions in pixels and `uv` from 0 to 1 across `texture`.
pub fn fill(image: &mut RgbaImage, clip: &PixelRect, texture: &Texture, corners: [Vertex; 3]) {
    let Some((edges, corners)) = Edges::of(corners) else { return };
    let width = image.width() as usize;
    let rows = edges.rows(&clip.rows);
    let paint = Paint::new(texture, corners);
    let (pixels, _) = image.as_chunks_mut::<4>();
    for row in rows {
        let columns = edges.columns(row, &clip.columns);
        if !columns.is_empty() {
            let start = columns.start;
            paint.blend_row(&mut pixels[row * width..][columns], start, row);
        }
    }
}

/// The three edges of a triangle as inequalities over subpixels.
struct Edges {
    edges: [Edge; 3],
    /// Highest and lowest corner, in subpixels.
    top_bottom: [i64; 2],
}

/// `across * x + down * y + offset >= 0` on the inner side, x and y in subpixels.
struct Edge {
    across: i64,
    down: i64,
    offset: i64,
}

impl Edges {
    /// The edges, and the corners in the order that has the inside on the right; `None` without area or with a NaN.
    fn of(corners: [Vertex; 3]) -> Option<(Self, [Vertex; 3])> {
        if corners.iter().any(|corner| corner.pos.any_nan()) {
            return None;
        }
        let [a, b, c] = corners;
        let [pa, pb, pc] = corners.map(subpixels);
        let double_area = (pb[0] - pa[0]) * (pc[1] - pa[1]) - (pb[1] - pa[1]) * (pc[0] - pa[0]);
        let (points, corners) = match double_area {
            0 => return None,
            1.. => ([pa, pb, pc], [a, b, c]),
            _ => ([pa, pc, pb], [a, c, b]),
        };
        let edges = [0, 1, 2].map(|i| Edge::between(points[i], points[(i + 1) % 3]));
        let top_bottom = [pa[1].min(pb[1]).min(pc[1]), pa[1].max(pb[1]).max(pc[1])];
        Some((Self { edges, top_bottom }, corners))
    }

    /// The rows of `clip` whose pixel centres lie between the highest and the lowest corner.
    fn rows(&self, clip: &Range<usize>) -> Range<usize> {
        let [top, bottom] = self.top_bottom;
        let clamp = |row: i64| row.clamp(clip.start as i64, clip.end as i64) as usize;
        // The first row with its centre at `top` or below, and the first one with its centre below `bottom`.
        let first = (top + SUBPIXELS / 2 - 1).div_euclid(SUBPIXELS);
        let end = (bottom + SUBPIXELS / 2).div_euclid(SUBPIXELS);
        clamp(first)..clamp(end)
    }

    /// The columns of `clip` whose pixel centres in `row` lie inside.
    fn columns(&self, row: usize, clip: &Range<usize>) -> Range<usize> {
        let (mut start, mut end) = (clip.start as i64, clip.end as i64);
        for edge in &self.edges {
            let per_column = edge.across * SUBPIXELS;
            let centre_y = row as i64 * SUBPIXELS + SUBPIXELS / 2;
            let at_first = edge.across * (SUBPIXELS / 2) + edge.down * centre_y + edge.offset;
            // per_column * column + at_first >= 0, solved for the column.
            match per_column {
                0 if at_first >= 0 => {}
                0 => return 0..0,
                1.. => start = start.max(-at_first.div_euclid(per_column)),
                _ => end = end.min(at_first.div_euclid(-per_column) + 1),
            }
        }
        if start < end { start as usize..end as usize } else { 0..0 }
    }
}

impl Edge {
    fn between(from: [i64; 2], to: [i64; 2]) -> Self {
        let across = from[1] - to[1];
        let down = to[0] - from[0];
        let offset = -across * from[0] - down * from[1];
        // A centre on the edge counts when this is a left edge, or a top one.
        let owns_its_points = across > 0 || (across == 0 && down > 0);
        Self { across, down, offset: offset - i64::from(!owns_its_points) }
    }
}

fn subpixels(corner: Vertex) -> [i64; 2] {
    [corner.pos.x, corner.pos.y].map(|px| (px.clamp(-FARTHEST_PX, FARTHEST_PX) * SUBPIXELS as f32).round() as i64)
}

/// What a triangle's pixels get: the vertex colour, times the texture.
struct Paint<'a> {
    texture: &'a Texture,
    filter: TextureFilter,
    uv: Plane<2>,
    colour: Plane<4>,
    /// The texel, when all pixels have the same; shapes without a picture lie on one white texel.
    one_texel: Option<[f32; 4]>,
    one_colour: bool,
}

impl<'a> Paint<'a> {
    fn new(texture: &'a Texture, corners: [Vertex; 3]) -> Self {
        let positions = corners.map(|corner| subpixels(corner).map(|at| at as f64 / SUBPIXELS as f64));
        let [width, height] = texture.size();
        let texels = corners.map(|corner| [corner.uv.x * width, corner.uv.y * height]);
        let uv = Plane::through(positions, texels);
        let filter = texture.filter(uv.steepest());
        let [a, b, c] = corners;
        Self {
            texture,
            filter,
            uv,
            colour: Plane::through(positions, corners.map(|corner| corner.color.to_array().map(f32::from))),
            one_texel: (a.uv == b.uv && b.uv == c.uv).then(|| texture.sample(texels[0], filter)),
            one_colour: a.color == b.color && b.color == c.color,
        }
    }

    /// Blends over `pixels`, which begin at column `start` of `row`.
    fn blend_row(&self, pixels: &mut [[u8; 4]], start: usize, row: usize) {
        let (mut uv, uv_step) = self.uv.row(start, row);
        let (mut colour, colour_step) = self.colour.row(start, row);
        if let (Some(texel), true) = (self.one_texel, self.one_colour) {
            return blend_evenly(pixels, multiply(colour, texel));
        }
        for pixel in pixels {
            let texel = self.one_texel.unwrap_or_else(|| self.texture.sample(uv, self.filter));
            blend(pixel, multiply(colour, texel));
            uv = add(uv, uv_step);
            colour = add(colour, colour_step);
        }
    }
}

/// `N` quantities that change linearly over the screen.
struct Plane<const N: usize> {
    origin: [f64; N],
    /// Change from one column to the next.
    across: [f64; N],
    /// Change from one row to the next.
    down: [f64; N],
}

impl<const N: usize> Plane<N> {
    /// The plane through three values at three positions in pixels that are not in line.
    fn through(positions: [[f64; 2]; 3], values: [[f32; N]; 3]) -> Self {
        let [[x0, y0], [x1, y1], [x2, y2]] = positions;
        let (x1, y1, x2, y2) = (x1 - x0, y1 - y0, x2 - x0, y2 - y0);
        let determinant = x1 * y2 - x2 * y1;
        let value = |corner: usize, i: usize| f64::from(values[corner][i]);
        let rise = |corner: usize, i: usize| value(corner, i) - value(0, i);
        let across: [f64; N] = std::array::from_fn(|i| (rise(1, i) * y2 - rise(2, i) * y1) / determinant);
        let down: [f64; N] = std::array::from_fn(|i| (rise(2, i) * x1 - rise(1, i) * x2) / determinant);
        let origin = std::array::from_fn(|i| value(0, i) - across[i] * x0 - down[i] * y0);
        Self { origin, across, down }
    }

    /// The values at the centre of a pixel, and their change to the next one in the row.
    fn row(&self, column: usize, row: usize) -> ([f32; N], [f32; N]) {
        let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
        let value = |i: usize| (self.origin[i] + self.across[i] * x + self.down[i] * y) as f32;
        (std::array::from_fn(value), self.across.map(|step| step as f32))
    }

    /// The largest change over one pixel in either direction.
    fn steepest(&self) -> f64 {
        self.across.iter().chain(&self.down).fold(0.0, |largest, step| step.abs().max(largest))
    }
}

fn add<const N: usize>(a: [f32; N], b: [f32; N]) -> [f32; N] {
    std::array::from_fn(|i| a[i] + b[i])
}

/// The product of two colours of 0 to 255.
fn multiply(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|i| a[i] * b[i] * (1.0 / 255.0))
}

/// `source + (1 - source alpha) * pixel` in gamma space, as egui's painters set it up on the GPU.
fn blend(pixel: &mut [u8; 4], source: [f32; 4]) {
    let keep = 1.0 - source[3] * (1.0 / 255.0);
    // `as` saturates; + 0.5 rounds.
    *pixel = std::array::from_fn(|i| (source[i] + f32::from(pixel[i]) * keep + 0.5) as u8);
}

fn blend_evenly(pixels: &mut [[u8; 4]], source: [f32; 4]) {
    if source[3] >= 255.0 {
        pixels.fill(source.map(|channel| (channel + 0.5) as u8));
    } else {
        pixels.iter_mut().for_each(|pixel| blend(pixel, source));
    }
}
