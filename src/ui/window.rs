//! Opens the real window.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eframe::{NativeOptions, Renderer, egui};

use super::app::App;
use crate::data::demo::DemoConfig;
use crate::session::{Command, Session, Wake, panic_text};

/// Why no window could be shown.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// There is no screen.
    #[error(
        "there is no screen to open a window on (DISPLAY is not set). Start coughscope on a desktop, or work without a \
         window: coughscope demo --headless, or scan, train, evaluate, predict and others (coughscope --help)"
    )]
    NoDisplay,
    /// Neither OpenGL nor Vulkan would draw, or the window system refused.
    #[error(
        "the window could not be opened: {0}. Check that a graphics driver (OpenGL 2.1 or Vulkan) and libxkbcommon-x11 \
         are installed, or use a subcommand (coughscope --help)"
    )]
    Failed(String),
    /// Something broke while the window was open.
    #[error("the window broke down: {0}. What was saved is safe; start coughscope again")]
    BrokeDown(String),
}

/// Opens the window and stays until it is closed; opens `paths` at the start, and makes, opens and trains on the demo study `demo`.
///
/// `session` makes the session from the closure that redraws the window.
///
/// # Errors
/// [`WindowError`] when there is no screen or it cannot be drawn on.
pub fn run(session: &dyn Fn(Wake) -> Session, paths: &[PathBuf], demo: Option<DemoConfig>) -> Result<(), WindowError> {
    if !has_display() {
        return Err(WindowError::NoDisplay);
    }
    // OpenGL first: it starts faster and runs on older machines. Vulkan serves those without a working GL.
    let opened = AtomicBool::new(false);
    open(Renderer::Glow, session, paths, demo, &opened).or_else(|gl| {
        // A window that was open and broke down is not opened again, empty, as if nothing had happened.
        if opened.load(Ordering::Relaxed) {
            return Err(WindowError::BrokeDown(gl));
        }
        log::warn!("no OpenGL window ({gl}), trying Vulkan");
        open(Renderer::Wgpu, session, paths, demo, &opened)
            .map_err(|vulkan| WindowError::Failed(format!("{gl}; {vulkan}")))
    })
}

/// On Linux, whether there is an X display (winit would only say "could not build the event loop").
fn has_display() -> bool {
    !cfg!(target_os = "linux") || std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty())
}

/// Sets `opened` as soon as there is a window to draw on.
fn open(
    renderer: Renderer,
    session: &dyn Fn(Wake) -> Session,
    paths: &[PathBuf],
    demo: Option<DemoConfig>,
    opened: &AtomicBool,
) -> Result<(), String> {
    let creator: eframe::AppCreator<'_> = Box::new(|creation| {
        opened.store(true, Ordering::Relaxed);
        let ctx = creation.egui_ctx.clone();
        let mut session = session(Arc::new(move || ctx.request_repaint()));
        if let Some(config) = demo {
            session.send(Command::RunDemo { config, folder: None });
        }
        if !paths.is_empty() {
            session.send(Command::Open(paths.to_vec()));
        }
        Ok(Box::new(App::new(&creation.egui_ctx, session)))
    });
    // A missing libxkbcommon-x11 panics inside winit instead of returning an error.
    match catch_unwind(AssertUnwindSafe(|| eframe::run_native(super::app::NAME, options(renderer), creator))) {
        Ok(ended) => ended.map_err(|error| error.to_string()),
        Err(panic) => Err(panic_text(panic.as_ref())),
    }
}

fn options(renderer: Renderer) -> NativeOptions {
    NativeOptions {
        #[cfg(target_os = "linux")]
        event_loop_builder: Some(Box::new(|builder| {
            use winit::platform::x11::EventLoopBuilderExtX11;
            // winit 0.30 has no file drop on native Wayland; XWayland serves those desktops.
            builder.with_x11();
        })),
        renderer,
        viewport: egui::ViewportBuilder::default()
            .with_title(super::app::NAME)
            .with_app_id(super::app::NAME)
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([900.0, 600.0])
            .with_drag_and_drop(true),
        ..NativeOptions::default()
    }
}
