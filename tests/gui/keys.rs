//! Every key: that it does what it says, that a button tells of it, and that the list of keys names it.

use std::collections::BTreeSet;

use coughscope::data::Label;
use coughscope::data::study::filter::{Condition, Facet, Filter};
use coughscope::session::{
    ClipId, Command, Direction, Outcome, Picture, PredictionOutcome, SortKey, SortOrder, State, StudyView,
};
use coughscope::ui::panels::PanelId;
use coughscope::ui::shortcuts::{self, GROUPS, Line, Shortcut};
use eframe::egui::accesskit::{Role, Toggled};
use eframe::egui::{Key, Modifiers, Popup, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

fn state(window: &Window) -> &State {
    window.harness.state().state()
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.harness.key_press_modifiers(modifiers, key);
    window.settle();
}

/// The keys that buttons tell screen readers of, as they are shown now.
fn told(window: &Window) -> BTreeSet<String> {
    let nodes = window.harness.query_all_by(|node| node.data().keyboard_shortcut().is_some());
    nodes.filter_map(|node| node.accesskit_node().data().keyboard_shortcut().map(str::to_owned)).collect()
}

/// The keys of a panel that have a button.
fn with_button(window: &Window, panel: &str) -> BTreeSet<String> {
    let group = GROUPS.iter().find(|group| group.name == panel).unwrap();
    let button = |line: &Line| match line {
        Line::Button(shortcut) => Some(shortcut.keys(&window.harness.ctx)),
        Line::Key(_) | Line::Gesture(..) => None,
    };
    group.lines.iter().filter_map(button).collect()
}

/// Every key of `panel` but `others` is told of by a button that is `seen`.
#[track_caller]
fn assert_told(window: &Window, panel: &str, seen: &BTreeSet<String>, others: &[&Shortcut]) {
    let mut missing: BTreeSet<String> = with_button(window, panel).difference(seen).cloned().collect();
    for other in others {
        missing.remove(&other.keys(&window.harness.ctx));
    }
    assert!(missing.is_empty(), "{panel}: no button tells of {missing:?}");
}

fn is_on(window: &Window, checkbox: &str) -> bool {
    let node = window.harness.get_by_role_and_label(Role::CheckBox, checkbox);
    node.accesskit_node().toggled() == Some(Toggled::True)
}

/// Whether the choice of this name is the one of its row.
fn is_chosen(window: &Window, name: &str) -> bool {
    window.harness.get_by_label(name).accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn the_list_of_keys_names_all_of_them_and_fits_a_small_window() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.harness.event(eframe::egui::Event::Key {
        key: Key::Questionmark,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::SHIFT,
    });
    window.settle();
    window.settle();
    for group in &GROUPS {
        for line in group.lines {
            let words = match line {
                Line::Button(shortcut) | Line::Key(shortcut) => shortcut.words(),
                Line::Gesture(_, words) => words,
            };
            assert!(window.harness.query_all_by_label(words).next().is_some(), "{}: {words}", group.name);
        }
    }
    let last = GROUPS[2].lines.last().unwrap();
    let Line::Gesture(_, words) = last else { panic!("{last:?}") };
    let bottom = |window: &Window| window.harness.get_by_label(words).rect().bottom();
    let before = bottom(&window);
    assert!(before > SMALLEST.y, "not all of it fits");
    press(&mut window, Modifiers::NONE, Key::PageDown);
    window.harness.run_steps(20);
    assert!(bottom(&window) < before, "it scrolls");
    let sheet = window.harness.get_by_role_and_label(Role::Window, "Keys").rect();
    assert!(sheet.height() <= SMALLEST.y && sheet.width() <= SMALLEST.x, "{sheet:?}");
}

#[test]
fn keys_of_the_window_and_of_data() {
    let mut window = Window::new(USUAL, Theme::Light);
    press(&mut window, Modifiers::COMMAND, Key::W);
    window.open_study(40);
    for (key, shows) in [(Key::L, "positive_mild: Leave out"), (Key::Q, "Too short: Warn only"), (Key::P, "Test share")]
    {
        press(&mut window, Modifiers::NONE, key);
        assert!(window.harness.query_all_by_label(shows).next().is_some(), "{key:?} shows {shows}");
    }
    let slider = |window: &Window| {
        window.harness.get_by_role_and_label(Role::Slider, "Test share").accesskit_node().numeric_value().unwrap()
    };
    let before = slider(&window);
    window.harness.get_by_role_and_label(Role::Slider, "Test share").set_value_accesskit(0.4);
    window.settle();
    assert!(slider(&window) > before);
    press(&mut window, Modifiers::NONE, Key::D);
    assert!((slider(&window) - before).abs() < 1e-9, "the defaults again");
    let mut seen = told(&window);
    for key in [Key::L, Key::O] {
        press(&mut window, Modifiers::NONE, key);
        seen.extend(told(&window));
    }
    // They are there while it reads, and when that was stopped.
    assert_told(&window, "Data", &seen, &[&shortcuts::STOP, &shortcuts::READ_REST]);

    press(&mut window, Modifiers::ALT, Key::T);
    window.harness.get_by_label("Dark");
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::ALT, Key::F);
    window.harness.get_by_label("Open folders…");
    seen.extend(told(&window));
    assert_told(&window, "Everywhere", &seen, &[]);
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::NONE, Key::F2);
    window.harness.get_by_role_and_label(Role::TextInput, "Name of the study");
    press(&mut window, Modifiers::COMMAND, Key::Num3);
    press(&mut window, Modifiers::COMMAND, Key::W);
    assert!(window.harness.state().shown() == PanelId::Data && !state(&window).study.is_empty(), "a question is open");
    press(&mut window, Modifiers::NONE, Key::Escape);
    press(&mut window, Modifiers::COMMAND, Key::W);
    run_until(&mut window.harness, PATIENCE, "the closing", |harness| harness.state().state().study.is_empty());
    press(&mut window, Modifiers::COMMAND, Key::D);
    run_until(&mut window.harness, PATIENCE, "the demo study", |harness| !harness.state().state().study.is_empty());
}

#[test]
fn keys_of_explore() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(60);
    window.go_to("Explore", PanelId::Explore);
    for (menu, offers) in [
        (Key::Num1, "All"),
        (Key::Num2, "All"),
        (Key::Num3, "All"),
        (Key::Num4, "All"),
        (Key::Num6, "Sample rate"),
        (Key::O, "As in the study"),
        (Key::C, "As many as fit"),
    ] {
        press(&mut window, Modifiers::ALT, menu);
        assert!(Popup::is_any_open(&window.harness.ctx), "{menu:?}");
        window.harness.get_by_label(offers);
        press(&mut window, Modifiers::NONE, Key::Escape);
        assert!(!Popup::is_any_open(&window.harness.ctx), "{menu:?}");
    }
    let (twin, other) = add_a_copy(&mut window);
    window.harness.state_mut().send(Command::Select(ClipId(twin)));
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the recording", |harness| {
        matches!(harness.state().state().explore.view, coughscope::session::ViewState::Ready(_))
    });
    window.settle();
    // These belong to a recording that is shown.
    for (menu, offers) in [(Key::S, "As it was"), (Key::V, "Look again")] {
        press(&mut window, Modifiers::ALT, menu);
        window.harness.get_by_label(offers);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    press(&mut window, Modifiers::ALT, Key::P);
    assert!(Popup::is_any_open(&window.harness.ctx));
    press(&mut window, Modifiers::NONE, Key::Escape);
    let mut seen = told(&window);
    for (key, shows) in [(Key::G, "Time in each picture"), (Key::D, "Save pictures…"), (Key::R, "Search")] {
        press(&mut window, Modifiers::NONE, key);
        window.harness.get_by_label(shows);
        seen.extend(told(&window));
    }
    assert_told(&window, "Explore", &seen, &[&shortcuts::SHOW_ALL, &shortcuts::FACETS[4], &shortcuts::NETWORK_VIEW]);
    press(&mut window, Modifiers::NONE, Key::L);
    assert!(state(&window).player.looped);
    press(&mut window, Modifiers::NONE, Key::T);
    assert_eq!(state(&window).explore.selected, Some(ClipId(other)));

    let flagged = Filter::of([Condition::Flagged]).choose(&state(&window).study, &state(&window).scores);
    press(&mut window, Modifiers::NONE, Key::Home);
    window.harness.state_mut().send(Command::Select(flagged[0]));
    window.settle();
    press(&mut window, Modifiers::NONE, Key::F);
    assert_eq!(state(&window).explore.selected, Some(flagged[1]));
    press(&mut window, Modifiers::SHIFT, Key::F);
    assert_eq!(state(&window).explore.selected, Some(flagged[0]));
}

/// Opens a copy of a recording. Returns the places of both.
fn add_a_copy(window: &mut Window) -> (usize, usize) {
    let original = state(window).study.used().next().unwrap().clone();
    // The same sound with the other label would be a contradiction, not a copy.
    let class = original.verdict.label().unwrap().to_string();
    let folder = window.make_folder("copies");
    for class in ["healthy", "sick"] {
        std::fs::create_dir(folder.join(class)).unwrap();
    }
    let copy = folder.join(class).join("copy").with_extension(original.path.extension().unwrap());
    std::fs::copy(&original.path, &copy).unwrap();
    window.drop(&[folder]);
    let copied = |study: &StudyView| study.clips.iter().position(|clip| clip.path == copy && clip.same.twin.is_some());
    run_until(&mut window.harness, PATIENCE, "the copy to be found", |harness| {
        copied(&harness.state().state().study).is_some()
    });
    window.go_to("Explore", PanelId::Explore);
    let study = &state(window).study;
    let place = study.clips.iter().position(|clip| clip.path == original.path).unwrap();
    (copied(study).unwrap(), place)
}

/// One training serves everything that needs a trained network: it is by far the slowest step.
#[test]
fn keys_of_train_evaluate_and_predict_and_scores_in_explore() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(60);
    window.go_to("Train", PanelId::Train);
    for (key, checkbox) in [
        (Key::W, "Weigh both classes equally"),
        (Key::H, "Hide random bands and stretches"),
        (Key::B, "Blend pairs of recordings"),
    ] {
        let before = is_on(&window, checkbox);
        press(&mut window, Modifiers::NONE, key);
        assert_ne!(is_on(&window, checkbox), before, "{key:?}");
    }
    let mut seen = BTreeSet::new();
    for preset in ["Recommended", "Paper", "Quick"] {
        press(&mut window, Modifiers::NONE, Key::N);
        assert!(is_chosen(&window, preset), "{preset}");
        seen.extend(told(&window));
    }
    for (setting, value) in [("Epochs", 900.0), ("Patience", 0.0)] {
        window.harness.get_by_role_and_label(Role::SpinButton, setting).set_value_accesskit(value);
        window.settle();
    }
    seen.extend(told(&window));
    press(&mut window, Modifiers::COMMAND, Key::Enter);
    run_until(&mut window.harness, PATIENCE, "the first epoch", |harness| {
        harness.state().state().current_run().is_some_and(|run| !run.history.is_empty())
    });
    window.settle();
    seen.extend(told(&window));
    press(&mut window, Modifiers::COMMAND, Key::Period);
    run_until(&mut window.harness, PATIENCE, "the stop", |harness| harness.state().state().active_run().is_none());
    window.settle();
    window.go_to("Train", PanelId::Train);
    seen.extend(told(&window));
    assert_told(&window, "Train", &seen, &[]);
    press(&mut window, Modifiers::NONE, Key::E);
    assert_eq!(window.harness.state().shown(), PanelId::Evaluate);

    let threshold = |window: &Window| state(window).evaluation.as_ref().unwrap().threshold();
    let chosen = threshold(&window);
    press(&mut window, Modifiers::NONE, Key::ArrowLeft);
    let lower = threshold(&window);
    assert!(lower < chosen, "{lower} {chosen}");
    press(&mut window, Modifiers::NONE, Key::ArrowRight);
    assert!(threshold(&window) > lower);
    press(&mut window, Modifiers::NONE, Key::ArrowLeft);
    assert_told(&window, "Evaluate", &told(&window), &[]);
    press(&mut window, Modifiers::NONE, Key::R);
    assert!((threshold(&window) - chosen).abs() < 1e-12);

    the_list_shows_the_scores(&mut window);

    window.go_to("Predict", PanelId::Predict);
    let clips = &state(&window).study.clips;
    let path = clips.iter().find(|clip| clip.verdict.label().is_some()).unwrap().path.clone();
    window.harness.state_mut().send(Command::Predict(vec![path]));
    run_until(&mut window.harness, PATIENCE, "the answer", |harness| {
        let answers = &harness.state().state().predictions;
        !answers.is_empty() && !answers.iter().any(|file| matches!(file.outcome, PredictionOutcome::Pending))
    });
    window.settle();
    assert_told(&window, "Predict", &told(&window), &[]);
    press(&mut window, Modifiers::NONE, Key::Delete);
    assert!(state(&window).predictions.is_empty());
}

/// Test and validation have scores; errors are found as the confusion matrix counts them.
fn the_list_shows_the_scores(window: &mut Window) {
    let counts = state(window).current_run().unwrap().counts.unwrap();
    assert_eq!(state(window).scores.len(), counts.validation + counts.test);
    let confusion = state(window).evaluation.as_ref().unwrap().confusion();
    let errors = |outcome, label| {
        let scores = &state(window).scores;
        let of_test = (0..state(window).study.clips.len()).filter_map(|place| scores.get(ClipId(place)));
        let of_test = of_test.filter(|score| score.part == Some(coughscope::data::split::Part::Test));
        of_test.filter(|score| score.outcome == outcome && score.label == label).count() as u64
    };
    assert_eq!(errors(Outcome::FalseNegative, Label::Sick), confusion.fn_);
    assert_eq!(errors(Outcome::FalsePositive, Label::Healthy), confusion.fp);

    window.go_to("Explore", PanelId::Explore);
    window.harness.get_by_role_and_label(Role::ColumnHeader, "Score").click();
    window.settle();
    press(window, Modifiers::ALT, Key::Num5);
    let choices = Facet::Result.choices(&state(window).study, &state(window).scores, &Filter::default());
    let (condition, recordings) = choices.first().unwrap().clone();
    let entry = format!("{}: {recordings}", condition.words(&state(window).study));
    window.harness.get_by_label(&entry).click();
    window.settle();
    window.harness.get_by_label(&format!("{recordings} of {} shown", state(window).study.clips.len()));
    let best = state(window).explore.filter.choose(&state(window).study, &state(window).scores);
    let lowest =
        best.iter().filter_map(|id| state(window).scores.get(*id)).map(|score| score.value).fold(1.0, f64::min);
    assert!(window.harness.query_all_by_label(&format!("{lowest:.2}")).next().is_some(), "{lowest} comes first");
    let seen = told(window);
    let ctx = window.harness.ctx.clone();
    for key in [&shortcuts::FACETS[4], &shortcuts::SHOW_ALL, &shortcuts::NETWORK_VIEW] {
        assert!(seen.contains(&key.keys(&ctx)), "{}", key.words());
    }
    press(window, Modifiers::NONE, Key::C);

    let evaluated = state(window).evaluation.as_ref().unwrap().run.unwrap();
    let before = state(window).explore.picture.clone();
    press(window, Modifiers::NONE, Key::N);
    let network = |picture: &Picture| matches!(picture, Picture::Network { run, .. } if *run == evaluated);
    assert!(network(&state(window).explore.picture), "what the network of these scores sees");
    press(window, Modifiers::NONE, Key::N);
    assert_eq!(state(window).explore.picture, before);

    window
        .harness
        .state_mut()
        .send(Command::SortBy(Some(SortOrder { key: SortKey::Result, direction: Direction::Ascending })));
    press(window, Modifiers::NONE, Key::Home);
    let errors = [Outcome::FalseNegative, Outcome::FalsePositive];
    let is_wrong = |id: ClipId| state(window).scores.get(id).is_some_and(|score| errors.contains(&score.outcome));
    let any = (0..state(window).study.clips.len()).any(|place| is_wrong(ClipId(place)));
    assert_eq!(is_wrong(state(window).explore.selected.unwrap()), any, "errors come first");
    if any {
        assert!(window.harness.query_all_by_label_contains(" ✗").next().is_some(), "a sign, not only a colour");
    }
    window.harness.state_mut().send(Command::SortBy(None));
    window.settle();
}
