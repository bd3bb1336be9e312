//! What a person does with a study: labels, quality, parts, decisions, and coming back to it.

use coughscope::data::quality::{Flag, FlagTreatment};
use coughscope::data::split::SplitBy;
use coughscope::data::{Decision, Label, Verdict};
use coughscope::session::{ClipId, Command, StudyView};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

/// People in the demo studies here: with every status, format and flaw among them.
const PEOPLE: usize = 40;

fn study(window: &Window) -> &StudyView {
    &window.harness.state().state().study
}

fn used(window: &Window) -> usize {
    study(window).used().count()
}

/// Waits until the study is as `done` says.
#[track_caller]
fn wait_for(window: &mut Window, what: &str, mut done: impl FnMut(&StudyView) -> bool) {
    run_until(&mut window.harness, PATIENCE, what, |harness| done(&harness.state().state().study));
    window.settle();
}

#[test]
fn a_click_on_a_status_changes_the_counts_and_undo_brings_them_back() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to_tab("Labels");
    window.harness.get_by_label("Save policy…");
    window.harness.get_by_label("Read policy…");
    let before = used(&window);
    let row = study(&window).tally.statuses.iter().find(|row| row.status == "positive_mild").unwrap().clone();
    assert!(row.used > 0, "the demo study has people who tested positive");

    window.harness.get_by_label("positive_mild: Leave out").click();
    window.settle();
    wait_for(&mut window, "the recordings to be left out", |study| study.used().count() == before - row.used);
    window.harness.get_by_label("your choice");

    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    wait_for(&mut window, "the undo", |study| study.used().count() == before);
    window.harness.get_by_label("Undone: the change of the label policy");
    window.harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    window.settle();
    wait_for(&mut window, "the redo", |study| study.used().count() == before - row.used);
    window.harness.get_by_label("Undo").click();
    window.settle();
    wait_for(&mut window, "the undo by its button", |study| study.used().count() == before);
}

#[test]
fn keys_for_undo_belong_to_a_text_field_that_is_typed_in() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to_tab("Labels");
    window.harness.get_by_label("positive_mild: Leave out").click();
    window.settle();
    wait_for(&mut window, "the change", |study| study.undo.is_some());
    window.go_to("Explore", PanelId::Explore);
    window.harness.get_by_role_and_label(Role::TextInput, "Search").focus();
    window.harness.get_by_role_and_label(Role::TextInput, "Search").type_text("cough");
    window.settle();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    assert!(window.harness.query_by_label_contains("Undone").is_none());
    assert!(study(&window).undo.is_some());
}

#[test]
fn the_bound_of_cough_detected_can_be_dragged() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to_tab("Labels");
    let before = used(&window);
    let slider = |window: &Window| -> f64 {
        let node = window.harness.get_by_role_and_label(Role::Slider, "Cough score at least");
        node.accesskit_node().numeric_value().unwrap()
    };
    assert!((slider(&window) - 0.8).abs() < 1e-9);
    window.harness.get_by_role_and_label(Role::Slider, "Cough score at least").set_value_accesskit(0.0);
    window.settle();
    // The study may not have answered yet: the person's own value is shown all the same, with what it leaves.
    assert!(slider(&window).abs() < 1e-9, "{}", slider(&window));
    let scores = study(&window).tally.cough_scores.clone();
    let (few, many) = (scores.at_least(0.8), scores.at_least(0.0));
    assert!(few < many && many <= scores.recordings, "{few} {many} {}", scores.recordings);
    window.harness.get_by_label(&format!("or more: {many} of {} recordings", scores.recordings));
    wait_for(&mut window, "more recordings", |study| study.used().count() > before);
    assert!(slider(&window).abs() < 1e-9);
    assert!(study(&window).policy.min_cough_detected.abs() < 1e-9);
}

#[test]
fn a_flag_can_leave_recordings_out_and_its_threshold_counts_them() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to_tab("Quality");
    let row = |study: &StudyView, flag| *study.tally.flags.iter().find(|row| row.flag == flag).unwrap();
    let few = row(study(&window), Flag::TooShort);
    let label = "Too short: lasts less than";
    window.harness.get_by_role_and_label(Role::Slider, label).set_value_accesskit(5.0);
    window.settle();
    wait_for(&mut window, "short recordings", |study| row(study, Flag::TooShort).left_out > few.left_out);
    let many = row(study(&window), Flag::TooShort);
    let left = used(&window);
    assert!(many.recordings >= many.left_out);

    window.harness.get_by_label("Too short: Warn only").click();
    window.settle();
    wait_for(&mut window, "them to be used again", |study| row(study, Flag::TooShort).left_out == 0);
    assert_eq!(row(study(&window), Flag::TooShort).treatment, FlagTreatment::Warn);
    assert_eq!(row(study(&window), Flag::TooShort).recordings, many.recordings, "they keep the flag");
    assert!(used(&window) > left);
    window.harness.get_by_label("Back to the defaults").click_accesskit();
    window.settle();
    wait_for(&mut window, "the defaults", |study| row(study, Flag::TooShort) == few);
}

#[test]
fn one_recording_can_be_decided_by_hand() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    let healthy = study(&window).clips.iter().position(|clip| clip.verdict == Verdict::Use(Label::Healthy)).unwrap();
    let verdict = |study: &StudyView| study.clips[healthy].verdict.clone();
    window.harness.state_mut().send(Command::Select(ClipId(healthy)));
    window.go_to("Explore", PanelId::Explore);

    window.harness.get_by_label("Decision: Sick").click();
    window.settle();
    wait_for(&mut window, "the decision", |study| verdict(study) == Verdict::Use(Label::Sick));
    window.harness.get_by_label("Decided by hand");
    window.harness.get_by_label("by hand");
    window.harness.get_by_label("Decision: Leave out").click();
    window.settle();
    wait_for(&mut window, "the exclusion", |study| verdict(study).label().is_none());
    window.harness.get_by_label("Left out: left out by hand");

    for _ in 0..2 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        window.settle();
    }
    wait_for(&mut window, "both to be undone", |study| verdict(study) == Verdict::Use(Label::Healthy));
    assert_eq!(study(&window).clips[healthy].decision, None::<Decision>);
    assert!(window.harness.query_by_label("by hand").is_none());
}

#[test]
fn the_parts_can_be_drawn_by_dataset_and_say_what_leaks() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to("Train", PanelId::Train);
    window.harness.get_by_label("Parts: by person, 15 % validation, 20 % test").click_accesskit();
    window.settle();
    assert_eq!(window.harness.state().shown(), PanelId::Data);
    window.harness.get_by_label("0 people in more than one part");
    window.harness.get_by_label("0 exact duplicates in more than one part");

    window.harness.get_by_role_and_label(Role::Button, "Recording").click();
    window.settle();
    wait_for(&mut window, "parts by recording", |study| study.split_config.by == SplitBy::File);
    let leaks = study(&window).split.as_ref().unwrap().as_ref().unwrap().leaks;
    assert!(leaks.people > 0, "people of the demo study have several recordings");
    window.harness.get_by_label(&format!("{} people in more than one part", leaks.people));

    window.harness.get_by_role_and_label(Role::Button, "Dataset").click();
    window.settle();
    wait_for(&mut window, "parts by dataset", |study| study.split_config.by == SplitBy::Dataset);
    let outcome = study(&window).split.as_ref().unwrap().as_ref().unwrap();
    let held_out = study(&window).split_config.held_out.clone().unwrap();
    let [train, _, test] = outcome.datasets[&held_out];
    assert_eq!(train.map(|class| class.recordings), [0, 0], "nothing of it is trained on");
    assert!(test.iter().any(|class| class.recordings > 0));
    window.harness.get_by_role_and_label(Role::ComboBox, "Test on");
}

#[test]
fn reading_can_be_stopped_and_goes_on() {
    let mut window = Window::new(USUAL, Theme::Light);
    let root = window.make_study(300);
    window.drop(&[root]);
    run_until(&mut window.harness, PATIENCE, "the reading to begin", |harness| {
        let state = harness.state().state();
        !state.study.is_empty() && state.loading.as_ref().is_some_and(|loading| loading.done > 0)
    });
    window.harness.step();
    window.harness.get_by_label("Stop").click();
    run_until(&mut window.harness, PATIENCE, "the stop", |harness| harness.state().state().loading.is_none());
    window.settle();
    let (unread, all) = (study(&window).unread, study(&window).clips.len());
    assert!(unread > 0 && unread < all, "{unread} of {all}: stopped on the way");
    window.harness.get_by_label_contains("have not been read yet").rect();
    window.harness.get_by_label("Read them").click();
    window.wait_until_read();
    assert_eq!(study(&window).clips.len(), all);
    assert!(window.harness.query_by_label("Read them").is_none());
}

#[test]
fn a_folder_with_any_table_asks_for_its_columns() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    let folder = window.make_table("clinic");
    window.drop(&[folder]);
    run_until(&mut window.harness, PATIENCE, "the count", |harness| {
        harness.state().state().unmapped.front().is_some_and(|mapping| mapping.count.is_some())
    });
    window.settle();
    window.harness.check_accessibility();
    assert!(window.harness.state().state().messages.is_empty(), "a question is no error");
    window.harness.get_by_label("Which columns of “clinic” hold what?");
    window.harness.get_by_label("3 rows name a recording, 2 of them found · 2 labels");
    // The button has the focus: Enter takes what was guessed.
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait_until_read();
    assert_eq!(window.harness.state().shown(), PanelId::Data);
    assert_eq!(study(&window).clips.len(), 4, "three rows, and a recording that none names");
    assert_eq!(used(&window), 0, "nobody has said what the words count as");

    window.go_to_tab("Labels");
    window.harness.get_by_label("influenza: Sick").click();
    window.settle();
    wait_for(&mut window, "the label", |study| study.used().count() == 1);
}

#[test]
fn two_folders_with_tables_are_asked_about_one_after_the_other() {
    let mut window = Window::new(USUAL, Theme::Light);
    let folders = ["clinic", "ward"].map(|name| window.make_table(name));
    window.drop(&folders);
    run_until(&mut window.harness, PATIENCE, "both questions", |harness| harness.state().state().unmapped.len() == 2);
    window.settle();
    assert!(window.harness.state().state().messages.is_empty(), "a question is no error");
    window.harness.get_by_label("Which columns of “clinic” hold what?");
    window.harness.get_by_label("1 more folder asks after this one");
    window.harness.get_by_label("Cancel").click();
    window.settle();
    window.harness.get_by_label("Which columns of “ward” hold what?");
    assert!(window.harness.query_by_label_contains("after this one").is_none());
    window.harness.get_by_label("Open the table").click();
    window.settle();
    window.wait_until_read();
    assert_eq!(study(&window).sources.len(), 1);
    // A table has no other name than its own.
    window.harness.get_by_label("ward options");
}

#[test]
fn a_study_is_renamed_from_the_file_menu() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.harness.get_by_role_and_label(Role::Button, "File").click();
    window.settle();
    window.harness.get_by_label("Rename the study…").click();
    window.settle();
    window.harness.check_accessibility();
    // The field has the focus already.
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.get_by_role_and_label(Role::TextInput, "Name of the study").type_text("Coughs of 2020");
    window.settle();
    window.harness.key_press(Key::Enter);
    window.settle();
    wait_for(&mut window, "the name", |study| study.name == "Coughs of 2020");
    window.harness.get_by_label("Coughs of 2020 · 3 datasets");
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.settle();
    wait_for(&mut window, "the old name", |study| study.name != "Coughs of 2020");
}

#[test]
fn the_question_for_columns_can_be_refused() {
    let mut window = Window::new(USUAL, Theme::Light);
    for refuse in [(|window: &mut Window| window.harness.get_by_label("Cancel").click()) as fn(&mut Window), |window| {
        window.harness.key_press(Key::Escape)
    }] {
        let folder = window.make_table("clinic");
        window.drop(&[folder]);
        run_until(&mut window.harness, PATIENCE, "the question", |harness| {
            !harness.state().state().unmapped.is_empty()
        });
        window.settle();
        refuse(&mut window);
        window.settle();
        assert!(window.harness.state().state().unmapped.is_empty());
        assert!(study(&window).is_empty());
    }
}

#[test]
fn a_study_is_offered_again_after_a_restart() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to_tab("Labels");
    let before = used(&window);
    window.harness.get_by_label("positive_mild: Leave out").click();
    window.settle();
    wait_for(&mut window, "the change", |study| study.used().count() < before);
    let after = used(&window);
    let folder = window.close();

    let mut window = Window::over(folder, USUAL, Theme::Light);
    run_until(&mut window.harness, PATIENCE, "the list", |harness| !harness.state().state().recent.is_empty());
    window.settle();
    window.harness.get_by_label("Go on with");
    window.harness.get_by_label_contains("Coswara, COUGHVID").click();
    window.settle();
    window.wait_until_read();
    assert_eq!(used(&window), after, "the change was kept");
    assert_eq!(
        study(&window).policy.treatment(coughscope::data::SourceKind::Coswara, "positive_mild").unwrap().to_string(),
        "exclude"
    );
}
