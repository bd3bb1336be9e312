//! Pieces that several panels are built from.

mod bar_chart;
mod basics;
mod confusion;
mod layout;
pub mod plot;
mod score_meter;
mod score_strip;
mod sound;
mod spectrogram;

pub use bar_chart::{BarPlace, BarWords, bar_chart};
pub use basics::{
    badge, chip, class_bar, clickable_row, combo, dot, name_picture, notice, notice_with, primary_button, progress_bar,
    segments, segments_with, slider, stat,
};
pub use confusion::confusion_matrix;
pub use layout::{card, cell, columns, empty_state, grid, page_header, setting};
pub use score_meter::score_meter;
pub use score_strip::{Histogram, score_strip};
pub use sound::{Look, SoundView, ViewStep};
pub use spectrogram::{SpectrogramPicture, stretch_image};
