//! PNG from SVG, with the fonts that come with the program, so that a figure looks the same on every computer.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

/// Pixels per user unit: figures of 800 units become 1600 pixels wide, enough for print.
const SCALE: f32 = 2.0;
/// Widest or highest picture; a figure of ours is an eighth of that.
const MAX_PIXELS: u32 = 16_384;

/// A figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The SVG is broken.
    #[error("the figure could not be drawn: {0}")]
    Svg(String),
    /// The picture's size is no size, or absurd.
    #[error("the figure could not be drawn: {width} x {height} pixels")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The picture could not be encoded.
    #[error("the figure could not be encoded: {0}")]
    Encode(String),
}

/// Inter, under the SIL Open Font License (assets/fonts/OFL.txt).
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for font in [
        include_bytes!("../../../assets/fonts/Inter-Regular.otf").as_slice(),
        include_bytes!("../../../assets/fonts/Inter-SemiBold.otf").as_slice(),
    ] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("Inter");
    Arc::new(fonts)
});

/// Draws an SVG document at two pixels per user unit. Text is set in Inter, whatever the document asks for.
///
/// # Errors
/// [`FigureError`] when the document is broken or its size absurd.
pub fn png(svg: &str) -> Result<Vec<u8>, FigureError> {
    let options = usvg::Options { fontdb: FONTS.clone(), font_family: "Inter".to_owned(), ..Default::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| FigureError::Svg(error.to_string()))?;
    let pixels = |units: f32| (units * SCALE).ceil() as u32;
    let (width, height) = (pixels(tree.size().width()), pixels(tree.size().height()));
    if width.max(height) > MAX_PIXELS {
        return Err(FigureError::Size { width, height });
    }
    let mut picture = Pixmap::new(width, height).ok_or(FigureError::Size { width, height })?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut picture.as_mut());
    picture.encode_png().map_err(|error| FigureError::Encode(error.to_string()))
}
