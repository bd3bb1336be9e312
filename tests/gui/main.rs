//! Tests of the window without a window: `egui_kittest` drives it, a software renderer draws it.
//!
//! One binary for all of them, because each test binary links the whole program again. A panel's tests are a module
//! here; what they share is [`support`].

#![cfg(test)]

// `panels.rs`, `screenshots.rs` and `window.rs` stand beside this file and join as soon as they have passed once whole.
mod raster;
mod support;
