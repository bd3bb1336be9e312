//! A spectrogram as a texture, no larger than it is seen.

use std::sync::Arc;

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureId, TextureOptions, Vec2};

use crate::spectrogram::Spectrogram;
use crate::spectrogram::colour::ColourMap;

/// Remembers its texture, and makes it again only when the recording, the colours or the size change.
#[derive(Default)]
pub struct SpectrogramPicture {
    made: Option<Made>,
}

struct Made {
    spectrogram: Arc<Spectrogram>,
    map: ColourMap,
    /// Columns and rows at most.
    limit: [usize; 2],
    texture: TextureHandle,
}

impl SpectrogramPicture {
    /// The texture of `spectrogram` in the colours of `map`, for a picture of `size` points.
    pub fn texture(&mut self, ctx: &Context, spectrogram: &Arc<Spectrogram>, map: ColourMap, size: Vec2) -> TextureId {
        let pixels = size * ctx.pixels_per_point();
        let limit = [pixels.x.ceil().max(1.0) as usize, pixels.y.ceil().max(1.0) as usize];
        if let Some(made) = &self.made
            && Arc::ptr_eq(&made.spectrogram, spectrogram)
            && made.map == map
            && made.limit == limit
        {
            return made.texture.id();
        }
        // Nearest: a cell is shown as it is, and no bump is invented between two.
        let texture = ctx.load_texture("spectrogram", picture(spectrogram, map, limit), TextureOptions::NEAREST);
        let id = texture.id();
        self.made = Some(Made { spectrogram: spectrogram.clone(), map, limit, texture });
        id
    }
}

/// The highest level of each pixel's cells, so that no short sound is lost; at most `limit` columns and rows.
fn picture(spectrogram: &Spectrogram, map: ColourMap, limit: [usize; 2]) -> ColorImage {
    let colours = map.table();
    let [columns, rows] = [spectrogram.frames.min(limit[0]), spectrogram.bins.min(limit[1])];
    let (lowest, highest) = spectrogram.range_db;
    let per_db = 255.0 / (highest - lowest);
    let mut levels = vec![f32::NEG_INFINITY; columns * rows];
    for (bin, cells) in spectrogram.levels_db.chunks_exact(spectrogram.frames.max(1)).enumerate() {
        let row = rows - 1 - bin * rows / spectrogram.bins;
        let Some(pixels) = levels.get_mut(row * columns..(row + 1) * columns) else { continue };
        for (frame, &level) in cells.iter().enumerate() {
            if let Some(pixel) = pixels.get_mut(frame * columns / spectrogram.frames) {
                *pixel = pixel.max(level);
            }
        }
    }
    let colour = |level: &f32| {
        // `as` saturates, so that levels outside of the range take the nearest end of the map.
        let [r, g, b] = colours[usize::from(((level - lowest) * per_db).round() as u8)];
        Color32::from_rgb(r, g, b)
    };
    ColorImage::new([columns, rows], levels.iter().map(colour).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrogram::FrequencyAxis;
    use crate::units::{Hertz, Seconds};

    fn with_one_loud_cell(bins: usize, frames: usize, bin: usize, frame: usize) -> Spectrogram {
        let mut levels = vec![-80.0; bins * frames];
        levels[bin * frames + frame] = 0.0;
        Spectrogram {
            levels_db: levels.into(),
            bins,
            frames,
            hop: Seconds(0.01),
            start: Seconds(0.0),
            axis: FrequencyAxis::Linear { top: Hertz(8000.0) },
            range_db: (-80.0, 0.0),
        }
    }

    #[test]
    fn a_single_loud_cell_survives_every_size() {
        let spectrogram = with_one_loud_cell(64, 1000, 10, 543);
        for limit in [[1, 1], [7, 5], [333, 64], [1000, 64], [5000, 5000]] {
            let image = picture(&spectrogram, ColourMap::Grey, limit);
            assert_eq!(image.size, [1000.min(limit[0]), 64.min(limit[1])]);
            let white = image.pixels.iter().filter(|pixel| **pixel == Color32::WHITE).count();
            assert_eq!(white, 1, "{limit:?}");
        }
    }

    #[test]
    fn low_frequencies_are_at_the_bottom() {
        let image = picture(&with_one_loud_cell(4, 2, 0, 1), ColourMap::Grey, [10, 10]);
        assert_eq!(image.pixels[3 * 2 + 1], Color32::WHITE);
    }
}
