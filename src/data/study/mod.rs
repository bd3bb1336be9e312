//! The study.

pub mod index;
pub mod portable;
pub mod settings;
