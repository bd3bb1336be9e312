//! Textures in memory, filtered as `egui_wgpu`'s shader does it.

use eframe::egui::epaint::{ImageData, ImageDelta};
use eframe::egui::{TextureFilter, TextureOptions, TextureWrapMode};

/// A texture with premultiplied sRGB texels, row by row.
pub struct Texture {
    /// Width and height in texels.
    size: [usize; 2],
    texels: Vec<[u8; 4]>,
    options: TextureOptions,
}

impl Texture {
    /// The texture that `delta`, which replaces the whole of it, describes.
    pub fn new(delta: &ImageDelta) -> Self {
        let ImageData::Color(image) = &delta.image;
        let texels = image.pixels.iter().map(|texel| texel.to_array()).collect();
        Self { size: image.size, texels, options: delta.options }
    }

    /// Overwrites the part of the texture that begins at column `x`, row `y`.
    pub fn patch(&mut self, [x, y]: [usize; 2], delta: &ImageDelta) {
        let ImageData::Color(image) = &delta.image;
        for (row, source) in image.pixels.chunks_exact(image.width()).enumerate() {
            let start = (y + row) * self.size[0] + x;
            for (texel, new) in self.texels[start..start + source.len()].iter_mut().zip(source) {
                *texel = new.to_array();
            }
        }
        self.options = delta.options;
    }

    /// Width and height in texels.
    pub fn size(&self) -> [f32; 2] {
        self.size.map(|texels| texels as f32)
    }

    /// The filter for a surface that walks over `texels_per_pixel` texels from one pixel to the next.
    pub fn filter(&self, texels_per_pixel: f64) -> TextureFilter {
        if texels_per_pixel > 1.0 { self.options.minification } else { self.options.magnification }
    }

    /// The colour at a position in texels, each channel 0 to 255. Texel (0, 0) has its centre at (0.5, 0.5).
    pub fn sample(&self, [u, v]: [f32; 2], filter: TextureFilter) -> [f32; 4] {
        match filter {
            TextureFilter::Nearest => {
                let ([column, _], _) = self.neighbours(u, 0);
                let ([row, _], _) = self.neighbours(v, 1);
                self.texel(column, row)
            }
            TextureFilter::Linear => self.bilinear(u - 0.5, v - 0.5),
        }
    }

    fn bilinear(&self, u: f32, v: f32) -> [f32; 4] {
        let ([left, right], across) = self.neighbours(u, 0);
        let ([top, bottom], down) = self.neighbours(v, 1);
        let mix = |from: [f32; 4], to: [f32; 4], part: f32| -> [f32; 4] {
            std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * part)
        };
        let above = mix(self.texel(left, top), self.texel(right, top), across);
        let below = mix(self.texel(left, bottom), self.texel(right, bottom), across);
        mix(above, below, down)
    }

    fn texel(&self, column: usize, row: usize) -> [f32; 4] {
        self.texels[row * self.size[0] + column].map(f32::from)
    }

    /// The texels before and after position `at` of an axis, and how far it is from the first to the second.
    fn neighbours(&self, at: f32, axis: usize) -> ([usize; 2], f32) {
        // `f32::floor` would be a library call on plain x86-64, once per pixel and axis.
        let truncated = at as isize;
        let before = truncated - isize::from(at < truncated as f32);
        ([before, before + 1].map(|index| self.wrap(index, self.size[axis])), at - before as f32)
    }

    /// The texel that stands for `index` on an axis of `length` texels.
    fn wrap(&self, index: isize, length: usize) -> usize {
        let length = length as isize;
        let wrapped = match self.options.wrap_mode {
            TextureWrapMode::ClampToEdge => index.clamp(0, length - 1),
            TextureWrapMode::Repeat => index.rem_euclid(length),
            TextureWrapMode::MirroredRepeat => {
                let phase = index.rem_euclid(2 * length);
                phase.min(2 * length - 1 - phase)
            }
        };
        wrapped as usize
    }
}
