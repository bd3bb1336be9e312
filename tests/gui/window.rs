//! The whole window, driven by a test: made, fed with files, waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coughscope::data::demo::{self, DemoConfig};
use coughscope::session::{RunPhase, Session};
use coughscope::ui::App;
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{DroppedFile, HoveredFile, Theme, Vec2, ViewportEvent, ViewportId, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use tempfile::TempDir;

use super::support::{Screen, run_until};

/// The usual size of the window, in points.
pub const USUAL: Vec2 = vec2(1280.0, 800.0);
/// The smallest size that the window allows, in points.
pub const SMALLEST: Vec2 = vec2(900.0, 600.0);

/// How long reading or training on a small study may take. Far more than it needs, as other builds may share the machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A window over a session of its own, whose files vanish with it.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub screen: Screen,
    folder: TempDir,
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window opens no files".to_owned())
    }
}

impl Window {
    /// An empty window of `size` points.
    pub fn new(size: Vec2, theme: Theme) -> Self {
        let folder = tempfile::Builder::new().prefix("coughscope-").tempdir().unwrap();
        let data_folder = folder.path().to_owned();
        let screen = Screen::default();
        let harness =
            Harness::builder().with_size(size).with_theme(theme).renderer(screen.clone()).build_eframe(|cc| {
                cc.egui_ctx.set_theme(theme);
                // The harness asks for a frame whenever it waits, so nobody needs to be woken.
                App::new(&cc.egui_ctx, Session::new(Arc::new(|| {}), data_folder))
            });
        Self { harness, screen, folder }
    }

    /// Makes a demo study of `people` in the window's own folder.
    pub fn make_study(&self, people: usize) -> PathBuf {
        let root = self.folder.path().join("study");
        let config = DemoConfig { people, ..DemoConfig::default() };
        demo::generate(&root, &config, &|_, _| std::ops::ControlFlow::Continue(())).unwrap();
        root
    }

    /// Holds `paths` over the window for one frame.
    pub fn hover(&mut self, paths: &[PathBuf]) {
        self.harness.input_mut().hovered_files =
            paths.iter().map(|path| HoveredFile { path: Some(path.clone()), ..HoveredFile::default() }).collect();
        self.harness.step();
    }

    /// Drops `paths` on the window.
    pub fn drop(&mut self, paths: &[PathBuf]) {
        self.harness.input_mut().hovered_files.clear();
        for path in paths {
            self.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.clone())));
        }
        self.harness.step();
    }

    /// Drops a demo study of `people` and waits until it is read.
    pub fn open_study(&mut self, people: usize) {
        let root = self.make_study(people);
        self.drop(&[root]);
        run_until(&mut self.harness, PATIENCE, "the study to be read", |harness| {
            let state = harness.state().state();
            state.loading.is_none() && state.study.split.is_some()
        });
        self.settle();
    }

    /// Clicks through to a panel by its tab. Everything that can be used there must have a name.
    pub fn go_to(&mut self, name: &str, panel: PanelId) {
        self.harness.get_by_role_and_label(Role::Button, name).click();
        self.settle();
        assert_eq!(self.harness.state().shown(), panel);
        self.harness.check_accessibility();
    }

    /// Starts a training of `epochs` from the form, and waits for its end.
    pub fn train(&mut self, epochs: usize) {
        self.go_to("Train", PanelId::Train);
        self.harness.get_by_role_and_label(Role::SpinButton, "Epochs").set_value_accesskit(epochs as f64);
        self.settle();
        self.harness.get_by_label("Start training").click();
        self.settle();
        run_until(&mut self.harness, PATIENCE, "the training to end", |harness| {
            harness.state().state().current_run().is_some_and(|run| !run.is_active())
        });
        let run = self.harness.state().state().current_run().unwrap();
        assert!(matches!(run.phase, RunPhase::Finished { .. }), "{:?}", run.phase);
        self.settle();
    }

    /// The person clicks the window's own closing button.
    pub fn ask_to_close(&mut self) {
        let root = self.harness.input_mut().viewports.get_mut(&ViewportId::ROOT).unwrap();
        root.events.push(ViewportEvent::Close);
        self.settle();
    }

    /// A few frames, for layouts and animations to come to rest. Never waits for background work.
    pub fn settle(&mut self) {
        self.harness.run_steps(4);
    }

    /// Writes what the window shows to `path`.
    pub fn save(&self, path: &Path) {
        super::support::save_png(path, &self.screen.picture(&self.harness));
    }
}
