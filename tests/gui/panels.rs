//! What a person does in the window, from the first drop to the answer for a new recording.

use std::path::PathBuf;
use std::time::Duration;

use coughscope::data::Verdict;
use coughscope::session::{ClipId, Command, PredictionOutcome, ViewState};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Theme, pos2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

#[test]
fn an_empty_window_says_what_to_do() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.settle();
    window.harness.get_by_label("Open a folder…");
    window.harness.get_by_label("Open the demo study");
    window.harness.get_by_label_contains("not a diagnosis");
    for (name, panel, headline) in [
        ("Explore", PanelId::Explore, "No recordings yet"),
        ("Train", PanelId::Train, "Open recordings first"),
        ("Evaluate", PanelId::Evaluate, "Nothing to evaluate yet"),
        ("Predict", PanelId::Predict, "No trained network yet"),
    ] {
        window.go_to(name, panel);
        window.harness.get_by_label(headline);
    }
}

#[test]
fn shortcuts_show_the_panels() {
    let mut window = Window::new(USUAL, Theme::Dark);
    for (key, panel) in [(Key::Num3, PanelId::Train), (Key::Num5, PanelId::Predict), (Key::Num1, PanelId::Data)] {
        window.harness.key_press_modifiers(Modifiers::COMMAND, key);
        window.settle();
        assert_eq!(window.harness.state().shown(), panel);
    }
}

#[test]
fn hovering_files_says_what_a_drop_will_do() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.hover(&[PathBuf::from("Coswara-Data"), PathBuf::from("cough.wav")]);
    window.settle();
    window.harness.get_by_label("Drop to open “Coswara-Data”: datasets, or a trained run");
    window.harness.get_by_label_contains("if there is a trained run");
    window.hover(&[]);
    window.settle();
    assert!(window.harness.query_by_label_contains("Drop to open").is_none());
}

#[test]
fn a_dropped_folder_that_is_no_dataset_says_so_until_dismissed() {
    let mut window = Window::new(USUAL, Theme::Light);
    let nothing = tempfile::tempdir().unwrap();
    window.drop(&[nothing.path().to_owned()]);
    run_until(&mut window.harness, PATIENCE, "the message", |harness| !harness.state().state().messages.is_empty());
    window.settle();
    window.harness.get_by_label_contains("No dataset was recognised");
    window.harness.get_by_label("Dismiss").click();
    window.settle();
    assert!(window.harness.state().state().messages.is_empty());
}

#[test]
fn a_dropped_study_shows_its_counts_and_recordings() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(40);
    assert_eq!(window.harness.state().shown(), PanelId::Data);
    window.harness.get_by_label("SYNTHETIC DEMO DATA");
    let state = window.harness.state().state();
    let unreadable = state.study.clips.iter().filter(|clip| matches!(clip.verdict, Verdict::Unreadable(_))).count();
    assert!(unreadable > 0, "the demo study has broken files");
    let total = state.study.clips.len().to_string();
    assert!(window.harness.query_all_by_label(&total).next().is_some(), "{total} recordings are shown");

    window.go_to("Explore", PanelId::Explore);
    let readable = |harness: &egui_kittest::Harness<'_, coughscope::ui::App>| {
        matches!(harness.state().state().explore.view, ViewState::Ready(_) | ViewState::Failed(_))
    };
    run_until(&mut window.harness, PATIENCE, "the first recording", readable);
    assert_eq!(window.harness.state().state().explore.selected, Some(ClipId(0)));
    window.harness.key_press(Key::ArrowDown);
    window.settle();
    assert_eq!(window.harness.state().state().explore.selected, Some(ClipId(1)));

    let used =
        window.harness.state().state().study.clips.iter().position(|clip| clip.verdict.label().is_some()).unwrap();
    window.harness.state_mut().send(Command::Select(ClipId(used)));
    run_until(&mut window.harness, PATIENCE, "a usable recording", |harness| {
        matches!(harness.state().state().explore.view, ViewState::Ready(_))
    });
    window.settle();
    window.harness.get_by_label("Waveform");
    window.harness.get_by_label("Spectrogram");
}

#[test]
fn a_search_narrows_the_list() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(40);
    window.go_to("Explore", PanelId::Explore);
    window.harness.get_by_role_and_label(Role::TextInput, "Search").focus();
    window.harness.get_by_role_and_label(Role::TextInput, "Search").type_text("no such recording");
    window.settle();
    window.harness.get_by_label_contains("0 of ");
}

/// One training serves everything that needs a trained network: it is by far the slowest step.
#[test]
fn training_then_threshold_then_a_new_recording() {
    let mut window = Window::new(USUAL, Theme::Dark);
    window.open_study(40);
    window.train(2);
    let run = window.harness.state().state().current_run().unwrap();
    assert_eq!(run.history.len(), 2);
    assert!(!run.batches.is_empty());
    assert_eq!(window.harness.state().shown(), PanelId::Evaluate, "Evaluate opens by itself");

    window.harness.get_by_label_contains("one person more or less moves every number");
    the_slider_moves_everything(&mut window);
    the_roc_can_be_dragged(&mut window);
    a_dropped_recording_is_scored(&mut window);
}

#[test]
fn training_is_seen_live_and_is_not_closed_by_accident() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(40);
    window.go_to("Train", PanelId::Train);
    for (setting, value) in [("Epochs", 900.0), ("Patience", 0.0)] {
        window.harness.get_by_role_and_label(Role::SpinButton, setting).set_value_accesskit(value);
        window.settle();
    }
    window.harness.get_by_label("Start training").click();
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the first epoch", |harness| {
        harness.state().state().current_run().is_some_and(|run| !run.history.is_empty())
    });
    window.settle();
    assert!(window.harness.state().state().active_run().is_some(), "it is seen while it runs");
    window.harness.get_by_role_and_label(Role::Image, "Loss curves");
    // In the panel, and in the status bar for those who work elsewhere.
    assert_eq!(window.harness.query_all_by_label_contains("Training, epoch").count(), 2);
    window.harness.get_by_label_contains("Best epoch so far");

    window.ask_to_close();
    window.harness.get_by_label("A training is running");
    window.harness.get_by_label("Keep training").click();
    window.settle();
    assert!(window.harness.query_by_label("A training is running").is_none());

    window.harness.get_by_label("Stop training").click();
    run_until(&mut window.harness, PATIENCE, "the stop", |harness| harness.state().state().active_run().is_none());
    window.settle();
    assert_eq!(window.harness.state().shown(), PanelId::Evaluate, "what was kept is shown");
    let run = window.harness.state().state().current_run().unwrap();
    assert!(run.is_finished());
    let (folder, done) = (run.folder.clone(), run.history.clone());

    window.go_to("Train", PanelId::Train);
    window.harness.get_by_label("Go on training").click();
    run_until(&mut window.harness, PATIENCE, "more epochs", |harness| {
        harness.state().state().active_run().is_some_and(|run| run.history.len() > done.len())
    });
    window.settle();
    let run = window.harness.state().state().active_run().unwrap();
    assert_eq!(run.folder, folder);
    assert_eq!(run.history[..done.len()], done, "what was done stays");
    window.harness.get_by_label("Stop training").click();
    run_until(&mut window.harness, PATIENCE, "the stop", |harness| harness.state().state().active_run().is_none());
}

#[test]
fn the_papers_preset_asks_for_weights() {
    let mut window = Window::new(USUAL, Theme::Dark);
    window.open_study(40);
    window.go_to("Train", PanelId::Train);
    window.harness.get_by_label("Paper").click();
    window.settle();
    window.harness.get_by_label("Choose a file of weights first");
    window.harness.get_by_label_contains("Nothing is downloaded by itself");
    assert!(window.harness.get_by_label("Start training").accesskit_node().is_disabled());
    let file = window.make_folder("weights").join("model.safetensors");
    std::fs::write(&file, "no weights").unwrap();
    window.drop(&[file]);
    run_until(&mut window.harness, PATIENCE, "the refusal", |harness| {
        harness.state().state().messages.iter().any(|message| message.text.contains("no readable safetensors file"))
    });
    assert!(window.harness.state().state().weights.is_none());
    window.settle();
    window.harness.get_by_label("Recommended").click();
    window.settle();
    assert!(!window.harness.get_by_label("Start training").accesskit_node().is_disabled());
}

#[test]
fn arrow_keys_keep_the_chosen_recording_in_sight() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.open_study(60);
    window.go_to("Explore", PanelId::Explore);
    let last = window.harness.state().state().study.clips.len() - 1;
    for (key, chosen) in [(Key::End, last), (Key::ArrowUp, last - 1), (Key::Home, 0)] {
        window.harness.key_press(key);
        window.settle();
        window.settle();
        assert_eq!(window.harness.state().state().explore.selected, Some(ClipId(chosen)));
        let person = window.harness.state().state().study.clips[chosen].person.0.clone();
        let person = person.split_once(':').unwrap().1.to_owned();
        assert!(window.harness.query_all_by_label(&person).next().is_some(), "the row of {person} after {key:?}");
    }
}

fn threshold(window: &Window) -> f64 {
    window.harness.state().state().evaluation.as_ref().unwrap().threshold()
}

fn the_slider_moves_everything(window: &mut Window) {
    let matrix = |window: &Window| window.harness.state().state().evaluation.as_ref().unwrap().confusion();
    for (value, all_called_sick) in [(0.0, true), (1.0, false)] {
        window.harness.get_by_role_and_label(Role::Slider, "Threshold").set_value_accesskit(value);
        window.settle();
        assert!((threshold(window) - value).abs() < 1e-9);
        let confusion = matrix(window);
        let called = if all_called_sick { confusion.predicted_negatives() } else { confusion.predicted_positives() };
        assert_eq!(called, 0, "{confusion:?}");
        window.harness.get_by_label(&format!("Truly sick, called sick: {}", confusion.tp));
    }
    window.harness.get_by_label("exploratory");
    window.harness.get_by_label_contains("Reset to").click();
    window.settle();
    let evaluation = window.harness.state().state().evaluation.as_ref().unwrap();
    assert_eq!(Some(evaluation.threshold()), evaluation.chosen);
}

fn the_roc_can_be_dragged(window: &mut Window) {
    let plot = window.harness.get_by_role_and_label(Role::Image, "ROC curve").rect();
    // From the upper left to the upper right corner: to where everything is called sick.
    window.harness.drag_at(pos2(plot.left() + plot.width() * 0.3, plot.top() + plot.height() * 0.3));
    window.settle();
    window.harness.hover_at(pos2(plot.right() - 4.0, plot.top() + 4.0));
    window.settle();
    window.harness.drop_at(pos2(plot.right() - 4.0, plot.top() + 4.0));
    window.settle();
    let evaluation = window.harness.state().state().evaluation.as_ref().unwrap();
    let lowest = evaluation.predictions.iter().map(|prediction| prediction.score).fold(f64::INFINITY, f64::min);
    assert!((threshold(window) - lowest).abs() < 1e-9, "{} {lowest}", threshold(window));
}

fn a_dropped_recording_is_scored(window: &mut Window) {
    let state = window.harness.state().state();
    let clip = state.study.clips.iter().find(|clip| clip.verdict.label().is_some()).unwrap().path.clone();
    let broken = tempfile::Builder::new().suffix(".wav").tempfile().unwrap();
    window.drop(&[clip, broken.path().to_owned()]);
    assert_eq!(window.harness.state().shown(), PanelId::Predict);
    run_until(&mut window.harness, Duration::from_secs(60), "both answers", |harness| {
        let answers = &harness.state().state().predictions;
        answers.len() == 2 && !answers.iter().any(|file| matches!(file.outcome, PredictionOutcome::Pending))
    });
    window.settle();
    let outcomes: Vec<_> = window.harness.state().state().predictions.iter().map(|file| &file.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, PredictionOutcome::Failed(_))).count(), 1);
    window.harness.get_by_label("Score");
    window.harness.get_by_label_contains("the threshold: counts as");
}
