//! The window: it draws the session's [`State`](crate::session::State) and sends it commands.
//!
//! It starts no threads and opens no files. Each panel is one file in [`panels`] and one line in
//! [`PANELS`](panels::PANELS); colours and distances live in [`theme`] and nowhere else.

mod app;
mod closing;
mod dialogs;
mod drop;
mod format;
mod mapping;
mod messages;
pub mod panels;
mod rename;
mod shell;
pub mod shortcuts;
pub mod theme;
mod undo;
mod widgets;
mod window;

pub use app::App;
pub use window::{WindowError, run};
