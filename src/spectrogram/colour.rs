//! Colours for levels.

use serde::{Deserialize, Serialize};

/// A way to show a level between 0 and 1 as a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColourMap {
    /// Black over purple and orange to pale yellow: equal steps of level look equally large, also without colour vision.
    #[default]
    Magma,
    /// Black to white.
    Grey,
    /// `intensity` of FFmpeg's spectrum filters: the pictures of the paper.
    Intensity,
}

impl ColourMap {
    /// Every map, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::Magma, Self::Grey, Self::Intensity];

    /// The name in menus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Magma => "Magma",
            Self::Grey => "Grey",
            Self::Intensity => "Intensity (FFmpeg)",
        }
    }

    /// Red, green and blue of `level`; below 0 counts as 0, above 1 as 1, and what is not a number as 0.
    #[must_use]
    pub fn rgb(self, level: f32) -> [u8; 3] {
        let level = if level.is_nan() { 0.0 } else { level.clamp(0.0, 1.0) };
        match self {
            Self::Magma => magma(level),
            Self::Grey => [to_byte(level * 255.0); 3],
            Self::Intensity => {
                let [y, u, v] = intensity_yuv(level);
                rgb_from_yuv([y * 256.0, CHROMA_ZERO + u * 256.0, CHROMA_ZERO + v * 256.0].map(to_byte))
            }
        }
    }

    /// The colours of the levels 0, 1/255, ... 1, for drawing many pixels.
    #[must_use]
    pub fn table(self) -> [[u8; 3]; 256] {
        std::array::from_fn(|index| self.rgb(index as f32 / 255.0))
    }
}

/// Magma (van der Walt and Smith 2015, CC0) at 33 evenly spaced levels, as 0xRRGGBB. Straight lines between them stay
/// within 2/255 of the published 256 colours, 0.2/255 on average.
const MAGMA: [u32; 33] = [
    0x000004, 0x030311, 0x0a0822, 0x130d33, 0x1d1146, 0x28115a, 0x36106a, 0x430f76, 0x50127c, 0x5d177f, 0x691c81,
    0x762181, 0x822681, 0x8f2a81, 0x9c2e7f, 0xa9327d, 0xb63779, 0xc33b75, 0xcf4170, 0xdb486a, 0xe65163, 0xee5c5e,
    0xf5695c, 0xf9785d, 0xfb8761, 0xfd9668, 0xfea571, 0xfeb47b, 0xfec387, 0xfed194, 0xfde0a2, 0xfceeb0, 0xfcfdbf,
];

fn magma(level: f32) -> [u8; 3] {
    let position = level * (MAGMA.len() - 1) as f32;
    let below = (position as usize).min(MAGMA.len() - 2);
    let [low, high] = [MAGMA[below], MAGMA[below + 1]].map(|colour| {
        let [_, red, green, blue] = colour.to_be_bytes();
        [red, green, blue].map(f32::from)
    });
    lerp(low, high, position - below as f32).map(to_byte)
}

/// FFmpeg's chroma planes are grey at 127.5, not at the usual 128.
pub(super) const CHROMA_ZERO: f32 = 127.5;

/// FFmpeg's `intensity` colours as (level, [Y, U, V]), from `libavfilter/avf_showspectrum.c`; all levels are hundredths.
const INTENSITY: [(f32, [f32; 3]); 8] = [
    (0.00, [0.0, 0.0, 0.0]),
    (0.13, [0.035_871_26, 0.157_330_1, -0.025_487_476]),
    (0.30, [0.185_722_82, 0.177_243_62, 0.174_755_55]),
    (0.60, [0.281_849_8, -0.159_306_4, 0.471_320_75]),
    (0.73, [0.658_306_3, -0.371_607_1, 0.243_527_6]),
    (0.78, [0.763_185_4, -0.430_746_76, 0.168_664_97]),
    (0.91, [0.953_363_64, -0.204_545_45, 0.033_136_364]),
    (1.00, [1.0, 0.0, 0.0]),
];

/// Y in 0..=1, U and V in -0.5..=0.5 of a level in 0..=1, on straight lines between the colours of `INTENSITY`.
pub(super) fn intensity_yuv(level: f32) -> [f32; 3] {
    for pair in INTENSITY.windows(2) {
        if let [(from, low), (to, high)] = *pair
            && level <= to
        {
            return lerp(low, high, (level - from) / (to - from));
        }
    }
    [1.0, 0.0, 0.0]
}

/// The colour of full-range Y, U and V after ITU-R BT.601, as in JPEG.
pub(super) fn rgb_from_yuv([y, u, v]: [u8; 3]) -> [u8; 3] {
    let (y, u, v) = (f32::from(y), f32::from(u) - 128.0, f32::from(v) - 128.0);
    [y + 1.402 * v, y - 0.344_136 * u - 0.714_136 * v, y + 1.772 * u].map(to_byte)
}

/// The nearest of 0 to 255; a half goes to the even neighbour, as C's `lrintf` does in FFmpeg. Not a number gives 0.
pub(super) fn to_byte(value: f32) -> u8 {
    // From 2^23 to 2^24 an f32 counts in ones, so the addition itself rounds, and the value ends up in the lowest bits.
    // `round_ties_even` would be a library call for each of millions of values: plain x86-64 has no such instruction.
    const COUNTS_IN_ONES: f32 = 8_388_608.0;
    (value.clamp(0.0, 255.0) + COUNTS_IN_ONES).to_bits() as u8
}

/// `low` at 0, `high` at 1, straight in between.
pub(super) fn lerp(low: [f32; 3], high: [f32; 3], position: f32) -> [f32; 3] {
    std::array::from_fn(|i| low[i] + position * (high[i] - low[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luma([red, green, blue]: [u8; 3]) -> f32 {
        0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
    }

    #[test]
    fn ends_of_every_map() {
        assert_eq!(ColourMap::ALL.map(|map| map.rgb(0.0)), [[0, 0, 4], [0, 0, 0], [0, 0, 0]]);
        assert_eq!(ColourMap::ALL.map(|map| map.rgb(1.0)), [[252, 253, 191], [255; 3], [255; 3]]);
        for map in ColourMap::ALL {
            assert_eq!(map.rgb(-3.0), map.rgb(0.0));
            assert_eq!(map.rgb(f32::NAN), map.rgb(0.0));
            assert_eq!(map.rgb(f32::INFINITY), map.rgb(1.0));
            assert_eq!(map.table()[51], map.rgb(0.2));
        }
    }

    #[test]
    fn bytes_are_rounded_half_to_even_and_saturate() {
        for quarter in -1100..1100_i16 {
            let value = f32::from(quarter) / 4.0;
            assert_eq!(to_byte(value), value.round_ties_even() as u8, "{value}");
        }
        assert_eq!([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0].map(to_byte), [0, 255, 0, 0]);
    }

    #[test]
    fn every_map_brightens_with_the_level() {
        for map in ColourMap::ALL {
            let table = map.table();
            for (index, pair) in table.windows(2).enumerate() {
                // Rounding to bytes may take back up to one step of brightness.
                assert!(luma(pair[1]) > luma(pair[0]) - 1.0, "{} at {index}", map.name());
            }
        }
    }

    #[test]
    fn magma_agrees_with_the_published_colours() {
        // Rounded from `_magma_data` of github.com/BIDS/colormap, between the knots, which lie 7.97 apart.
        for (index, published) in [(60, [74, 16, 121]), (100, [137, 40, 129]), (200, [253, 152, 105])] {
            let ours = ColourMap::Magma.table()[index];
            for (ours, published) in ours.into_iter().zip(published) {
                assert!(ours.abs_diff(published) <= 2, "{index}: {ours} {published}");
            }
        }
    }
}
