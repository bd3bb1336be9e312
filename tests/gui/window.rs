//! The whole window, driven by a test: made, fed with files, waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use coughscope::data::demo::{self, DemoConfig};
use coughscope::session::{RunPhase, Session, Storage};
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
/// A large screen, whole.
pub const LARGE: Vec2 = vec2(2560.0, 1440.0);

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
        Self::over(tempfile::Builder::new().prefix("coughscope-").tempdir().unwrap(), size, theme)
    }

    /// The same program, started again: what it keeps lies in `folder`.
    pub fn over(folder: TempDir, size: Vec2, theme: Theme) -> Self {
        let data_folder = folder.path().join("data");
        let screen = Screen::default();
        let harness =
            Harness::builder().with_size(size).with_theme(theme).renderer(screen.clone()).build_eframe(|cc| {
                cc.egui_ctx.set_theme(theme);
                // The harness asks for a frame whenever it waits, so nobody needs to be woken.
                App::new(&cc.egui_ctx, Session::new(Arc::new(|| {}), data_folder, Storage::Disk))
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

    /// Makes an empty folder.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        let root = self.folder.path().join(name);
        std::fs::create_dir_all(&root).unwrap();
        root
    }

    /// Makes a folder with three recordings and a table that no dataset's layout fits: two rows name a recording that is
    /// there, one names none, and one recording is in no row.
    pub fn make_table(&self, name: &str) -> PathBuf {
        let root = self.folder.path().join(name);
        std::fs::create_dir_all(root.join("sounds")).unwrap();
        let samples: Vec<i16> = (0..16_000).map(|i| ((f64::from(i) * 0.05).sin() * 9_000.0) as i16).collect();
        for name in ["p01", "p02", "p03"] {
            std::fs::write(root.join("sounds").join(name).with_extension("wav"), wav(&samples)).unwrap();
        }
        let table = "patient,audio,result,age,sex\n1,p01.wav,influenza,34,female\n2,p02.wav,none,51,male\n\
                     3,p09.wav,none,47,female\n";
        std::fs::write(root.join("visits.csv"), table).unwrap();
        root
    }

    /// Closes the window and gives back its folder, for another one.
    pub fn close(self) -> TempDir {
        // The session waits until the study is saved.
        drop(self.harness);
        self.folder
    }

    /// Waits until every recording has been read.
    #[track_caller]
    pub fn wait_until_read(&mut self) {
        run_until(&mut self.harness, PATIENCE, "the reading to end", |harness| {
            let state = harness.state().state();
            state.loading.is_none() && !state.study.is_empty() && state.study.unread == 0
        });
        self.settle();
    }

    /// Goes to a tab of the Data panel by a click. Everything that can be used there must have a name.
    pub fn go_to_tab(&mut self, name: &str) {
        self.go_to("Data", PanelId::Data);
        self.harness.get_by_role_and_label(Role::Button, name).click();
        self.settle();
        self.harness.check_accessibility();
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

/// 16-bit mono at 16 kHz.
fn wav(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let length = data.len() as u32;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    for number in [1_u16, 1] {
        file.extend(number.to_le_bytes());
    }
    for number in [16_000_u32, 32_000] {
        file.extend(number.to_le_bytes());
    }
    for number in [2_u16, 16] {
        file.extend(number.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(data);
    file
}
