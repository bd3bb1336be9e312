//! A spectrogram as a texture, no larger than it is seen.

use std::ops::Range;
use std::sync::Arc;

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureId, TextureOptions, Vec2};

use super::sound::Look;
use crate::spectrogram::Spectrogram;
use crate::spectrogram::colour::ColourMap;
use crate::spectrogram::pyramid::{LevelPyramid, Stretch};

/// Remembers its texture, and makes it again only when the recording, the stretch, the colours or the size change.
#[derive(Default)]
pub struct SpectrogramPicture {
    made: Option<Made>,
}

/// What a texture shows.
#[derive(Clone)]
struct Wanted {
    spectrogram: Arc<Spectrogram>,
    columns: Range<usize>,
    look: Look,
    /// Pixels from left to right and from top to bottom, at most.
    limit: [usize; 2],
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.spectrogram, &other.spectrogram)
            && (&self.columns, self.look, self.limit) == (&other.columns, other.look, other.limit)
    }
}

struct Made {
    wanted: Wanted,
    columns: Range<usize>,
    texture: TextureHandle,
}

/// A texture, and the columns of the spectrogram that it shows.
pub struct Shown {
    /// The texture.
    pub id: TextureId,
    /// What it shows.
    pub columns: Range<usize>,
}

impl SpectrogramPicture {
    /// The texture of `columns` of a spectrogram, for a picture of `size` pixels. It may show a few columns more.
    pub fn texture(
        &mut self,
        ctx: &Context,
        pyramid: &LevelPyramid,
        columns: Range<usize>,
        look: Look,
        size: Vec2,
    ) -> Shown {
        let limit = [size.x.ceil().max(1.0) as usize, size.y.ceil().max(1.0) as usize];
        let wanted = Wanted { spectrogram: Arc::clone(pyramid.spectrogram()), columns, look, limit };
        if let Some(made) = self.made.as_ref().filter(|made| made.wanted == wanted) {
            return Shown { id: made.texture.id(), columns: made.columns.clone() };
        }
        let stretch = pyramid.stretch(wanted.columns.clone(), limit[0], limit[1]);
        let range_db = look.range_db.unwrap_or(wanted.spectrogram.range_db);
        // Nearest: a cell is shown as it is, and no bump is invented between two.
        let texture =
            ctx.load_texture("spectrogram", stretch_image(&stretch, look.map, range_db), TextureOptions::NEAREST);
        let shown = Shown { id: texture.id(), columns: stretch.columns.clone() };
        self.made = Some(Made { wanted, columns: stretch.columns, texture });
        shown
    }
}

/// The levels of `stretch` in the colours of `map`, from the lowest to the highest level of the range, in dB.
pub fn stretch_image(stretch: &Stretch, map: ColourMap, (lowest, highest): (f32, f32)) -> ColorImage {
    let colours = map.table().map(|[r, g, b]| Color32::from_rgb(r, g, b));
    let per_db = 255.0 / (highest - lowest).max(f32::MIN_POSITIVE);
    // `as` saturates, so that levels outside of the range take the nearest end of the map.
    let colour = |level: &f32| colours[usize::from(((level - lowest) * per_db).round() as u8)];
    ColorImage::new([stretch.width, stretch.height], stretch.levels_db.iter().map(colour).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_range_are_the_ends_of_the_map() {
        let stretch = Stretch { levels_db: vec![-90.0, -60.0, -20.0, 5.0], width: 4, height: 1, columns: 0..4 };
        let image = stretch_image(&stretch, ColourMap::Grey, (-60.0, -20.0));
        let grey: Vec<u8> = image.pixels.iter().map(|pixel| pixel.r()).collect();
        assert_eq!(grey, [0, 0, 255, 255]);
    }
}
