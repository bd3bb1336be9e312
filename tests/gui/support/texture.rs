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
            TextureFilter::Nearest => self.texel(u.floor(), v.floor()).map(f32::from),
            TextureFilter::Linear => self.bilinear(u - 0.5, v - 0.5),
        }
    }

    fn bilinear(&self, u: f32, v: f32) -> [f32; 4] {
        let (left, top) = (u.floor(), v.floor());
        let (across, down) = (u - left, v - top);
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(dx, dy)| self.texel(left + dx, top + dy));
        let mix = |from: f32, to: f32, part: f32| from + (to - from) * part;
        std::array::from_fn(|channel| {
            let [top_left, top_right, bottom_left, bottom_right] = corners.map(|corner| f32::from(corner[channel]));
            mix(mix(top_left, top_right, across), mix(bottom_left, bottom_right, across), down)
        })
    }

    fn texel(&self, column: f32, row: f32) -> [u8; 4] {
        let [width, height] = self.size;
        self.texels[self.wrap(row, height) * width + self.wrap(column, width)]
    }

    /// The texel that stands for `index` on an axis of `length` texels.
    fn wrap(&self, index: f32, length: usize) -> usize {
        let (index, length) = (index as isize, length as isize);
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
