//! Tests of the window without a window: `egui_kittest` drives it, a software renderer draws it.
//!
//! One binary for all of them, because each test binary links the whole program again. A panel's tests are a module
//! here; what they share is [`support`].

#![cfg(test)]

mod charts;
mod explore;
mod frames;
mod gallery;
mod keys;
mod list;
mod panels;
mod parts;
mod pictures;
mod raster;
mod screenshots;
mod study;
mod support;
mod window;
