//! Pictures of every panel. With `UPDATE_SCREENSHOTS` set they replace those in `screenshots/`, for the README; otherwise
//! they go to the target folder, to be looked at.

use std::path::{Path, PathBuf};

use coughscope::data::study::filter::{Condition, Filter};
use coughscope::data::{Clip, Decision, Label, Reason};
use coughscope::session::{ClipId, Command, Direction, Edit, PredictionOutcome, SortKey, SortOrder, ViewState};
use coughscope::ui::App;
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

/// People in the pictured study: enough for curves that look like curves.
const PEOPLE: usize = 120;
/// Epochs of the pictured training.
const EPOCHS: usize = 14;

/// Where the pictures of the README go.
pub fn pictures() -> PathBuf {
    if std::env::var_os("UPDATE_SCREENSHOTS").is_some() {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots")
    } else {
        scratch()
    }
}

pub fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots")
}

const PANELS: [(&str, &str, PanelId); 5] = [
    ("Data", "data", PanelId::Data),
    ("Explore", "explore", PanelId::Explore),
    ("Train", "train", PanelId::Train),
    ("Evaluate", "evaluate", PanelId::Evaluate),
    ("Predict", "predict", PanelId::Predict),
];

pub const THEMES: [(&str, Theme); 2] = [("light", Theme::Light), ("dark", Theme::Dark)];

#[test]
fn every_panel_is_pictured_in_light_and_dark() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    choose_recording(&mut window);
    window.train(EPOCHS);
    score_recordings(&mut window);
    for (theme_name, theme) in THEMES {
        window.harness.ctx.set_theme(theme);
        window.settle();
        for (name, file, panel) in PANELS {
            window.go_to(name, panel);
            point_at_spectrogram(&mut window, panel);
            window.save(&pictures().join(format!("{file}-{theme_name}.png")));
        }
    }
    window.harness.set_size(SMALLEST);
    for (name, file, panel) in PANELS {
        window.go_to(name, panel);
        window.save(&scratch().join(format!("{file}-900x600.png")));
    }
}

#[test]
fn every_empty_panel_is_pictured() {
    for (theme_name, theme) in THEMES {
        let mut window = Window::new(USUAL, theme);
        for (name, file, panel) in PANELS {
            window.go_to(name, panel);
            window.save(&scratch().join(format!("{file}-empty-{theme_name}.png")));
        }
        window.hover(&[PathBuf::from("Coswara-Data"), PathBuf::from("a.wav"), PathBuf::from("b.wav")]);
        window.settle();
        window.save(&scratch().join(format!("drop-{theme_name}.png")));
    }
}

const TABS: [&str; 4] = ["Overview", "Labels", "Quality", "Parts"];

#[test]
fn the_study_is_pictured_tab_by_tab() {
    let mut window = Window::new(USUAL, Theme::Light);
    let root = window.make_study(400);
    window.drop(&[root]);
    // The first second says nothing about the rest; on a fast machine there is none after it.
    run_until(&mut window.harness, PATIENCE, "how fast it reads", |harness| {
        let state = harness.state().state();
        let is_read = state.loading.is_none() && !state.study.is_empty();
        is_read || harness.query_by_label_contains("files/s").is_some()
    });
    if let Some(stop) = window.harness.query_by_label("Stop") {
        window.save(&scratch().join("reading-light.png"));
        stop.click();
    }
    run_until(&mut window.harness, PATIENCE, "the stop", |harness| harness.state().state().loading.is_none());
    window.settle();
    if let Some(button) = window.harness.query_by_label("Read them") {
        window.save(&scratch().join("stopped-light.png"));
        button.click();
    }
    window.wait_until_read();
    decide_about_a_flagged_recording(&mut window);
    for (theme_name, theme, size) in
        [("light", Theme::Light, USUAL), ("dark", Theme::Dark, USUAL), ("900x600", Theme::Light, SMALLEST)]
    {
        window.harness.ctx.set_theme(theme);
        window.harness.set_size(size);
        for tab in TABS {
            window.go_to_tab(tab);
            window.harness.remove_cursor();
            window.settle();
            window.save(&scratch().join(format!("data-{}-{theme_name}.png", tab.to_lowercase())));
        }
        window.go_to("Explore", PanelId::Explore);
        window.save(&scratch().join(format!("decision-{theme_name}.png")));
        picture_filter(&mut window, theme_name);
        picture_several(&mut window, theme_name);
        window.harness.get_by_role_and_label(Role::Button, "File").click();
        window.settle();
        window.save(&scratch().join(format!("file-menu-{theme_name}.png")));
        window.harness.key_press(eframe::egui::Key::Escape);
        window.settle();
    }
    window.harness.get_by_role_and_label(Role::Button, "File").click();
    window.settle();
    window.harness.get_by_label("Rename the study…").click();
    window.settle();
    window.save(&scratch().join("rename-light.png"));
    let folder = window.close();
    // As after a folder was moved.
    std::fs::rename(folder.path().join("study/virufy"), folder.path().join("elsewhere")).unwrap();
    let mut window = Window::over(folder, USUAL, Theme::Light);
    run_until(&mut window.harness, PATIENCE, "the list", |harness| !harness.state().state().recent.is_empty());
    window.settle();
    window.save(&scratch().join("welcome-back-light.png"));
    window.harness.get_by_label_contains("Coswara, COUGHVID").click();
    window.settle();
    window.wait_until_read();
    window.harness.get_by_label("Locate…");
    window.save(&scratch().join("missing-light.png"));
}

/// Some recordings only, with an open menu; then all again.
fn picture_filter(window: &mut Window, theme_name: &str) {
    let reason = Condition::LeftOutFor(Reason::CoughBelow(0.8));
    let filter = Filter::of([Condition::Dataset("coughvid".into()), reason]);
    window.harness.state_mut().send(Command::ShowOnly(filter));
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the recording", loaded);
    window.settle();
    window.save(&scratch().join(format!("filter-{theme_name}.png")));
    window.harness.get_by_role_and_label(Role::ComboBox, "Label").click();
    window.settle();
    window.save(&scratch().join(format!("filter-menu-{theme_name}.png")));
    window.harness.key_press(eframe::egui::Key::Escape);
    window.settle();
    window.harness.get_by_role_and_label(Role::ComboBox, "More").click();
    window.settle();
    window.save(&scratch().join(format!("filter-more-{theme_name}.png")));
    window.harness.key_press(eframe::egui::Key::Escape);
    window.harness.state_mut().send(Command::ShowOnly(Filter::default()));
    window.settle();
}

/// Several chosen recordings in a sorted list, and the list of keys; then one again.
fn picture_several(window: &mut Window, theme_name: &str) {
    let order = SortOrder { key: SortKey::Length, direction: Direction::Descending };
    window.harness.state_mut().send(Command::SortBy(Some(order)));
    window.settle();
    window.harness.key_press(Key::Home);
    window.settle();
    for _ in 0..4 {
        window.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
        window.settle();
    }
    run_until(&mut window.harness, PATIENCE, "the recording", loaded);
    window.settle();
    window.save(&scratch().join(format!("several-{theme_name}.png")));
    window.harness.key_press_modifiers(Modifiers::ALT, Key::C);
    window.settle();
    window.save(&scratch().join(format!("columns-{theme_name}.png")));
    for column in ["Quality", "Label", "Decision"] {
        let entry = window.harness.get_by_role_and_label(Role::CheckBox, column);
        entry.click();
        window.settle();
    }
    window.harness.key_press(Key::Escape);
    window.settle();
    window.save(&scratch().join(format!("wide-{theme_name}.png")));
    window.harness.key_press_modifiers(Modifiers::ALT, Key::C);
    window.settle();
    window.harness.get_by_label("As many as fit").click();
    window.settle();
    window.harness.key_press(Key::Escape);
    window.harness.key_press(Key::Questionmark);
    window.harness.run_steps(12);
    window.save(&scratch().join(format!("keys-{theme_name}.png")));
    window.harness.key_press(Key::Escape);
    window.harness.run_steps(12);
    window.harness.key_press(Key::Escape);
    window.harness.state_mut().send(Command::SortBy(None));
    window.settle();
}

/// Chooses a recording with flags, which is marked as sick by hand.
fn decide_about_a_flagged_recording(window: &mut Window) {
    let clips = &window.harness.state().state().study.clips;
    let flags = |clip: &Clip| if clip.verdict.label().is_some() { clip.flags.iter().count() } else { 0 };
    let most = (0..clips.len()).max_by_key(|index| flags(&clips[*index])).unwrap();
    let path = clips[most].path.clone();
    window.harness.state_mut().send(Command::Select(ClipId(most)));
    window.harness.state_mut().send(Command::Edit(Edit::Decisions(vec![(path, Some(Decision::Sick))])));
    run_until(&mut window.harness, PATIENCE, "the decision", |harness| {
        loaded(harness) && harness.state().state().study.clips[most].decision.is_some()
    });
}

#[test]
fn the_mapping_dialog_is_pictured() {
    for (name, theme, size) in
        [("light", Theme::Light, USUAL), ("dark", Theme::Dark, USUAL), ("900x600", Theme::Light, SMALLEST)]
    {
        let mut window = Window::new(size, theme);
        let folder = window.make_table("clinic");
        window.drop(&[folder]);
        run_until(&mut window.harness, PATIENCE, "the count", |harness| {
            harness.state().state().unmapped.front().is_some_and(|mapping| mapping.count.is_some())
        });
        window.settle();
        window.save(&scratch().join(format!("mapping-{name}.png")));
    }
}

fn loaded(harness: &Harness<'_, App>) -> bool {
    matches!(harness.state().state().explore.view, ViewState::Ready(_))
}

fn choose_recording(window: &mut Window) {
    let clips = &window.harness.state().state().study.clips;
    let sick = clips.iter().position(|clip| clip.verdict.label() == Some(Label::Sick)).unwrap();
    window.harness.state_mut().send(Command::Select(ClipId(sick)));
    run_until(&mut window.harness, PATIENCE, "the recording", loaded);
}

fn point_at_spectrogram(window: &mut Window, panel: PanelId) {
    if panel == PanelId::Explore {
        let picture = window.harness.get_by_label("Spectrogram").rect();
        window.harness.hover_at(picture.lerp_inside(eframe::egui::vec2(0.42, 0.55)));
        window.settle();
    } else {
        window.harness.remove_cursor();
        window.settle();
    }
}

fn score_recordings(window: &mut Window) {
    let clips = &window.harness.state().state().study.clips;
    let paths: Vec<_> = clips
        .iter()
        .filter(|clip| clip.verdict.label().is_some())
        .step_by(17)
        .take(6)
        .map(|clip| clip.path.clone())
        .collect();
    window.harness.state_mut().send(Command::Predict(paths));
    run_until(&mut window.harness, PATIENCE, "the scores", |harness| {
        let answers = &harness.state().state().predictions;
        !answers.is_empty() && !answers.iter().any(|file| matches!(file.outcome, PredictionOutcome::Pending))
    });
}
