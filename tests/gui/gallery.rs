//! Looking through many recordings at once.

use coughscope::data::study::filter::{Condition, Filter};
use coughscope::data::{Label, Verdict};
use coughscope::session::{ClipId, Command, Scores, StudyView};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Toggled;
use eframe::egui::{Event, Key, Modifiers, PointerButton, Theme, Vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::screenshots::{THEMES, pictures, scratch};
use super::support::run_until;
use super::window::{LARGE, PATIENCE, SMALLEST, USUAL, Window};

/// People in the demo studies here.
const PEOPLE: usize = 60;

fn gallery(size: Vec2) -> Window {
    let mut window = Window::new(size, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to("Explore", PanelId::Explore);
    window.harness.get_by_label("View: Gallery").click();
    window.settle();
    window
}

fn study(window: &Window) -> &StudyView {
    &window.harness.state().state().study
}

/// Recordings that are used with a label, in the order of the study.
fn of(window: &Window, label: Label) -> Vec<usize> {
    let clips = study(window).clips.iter().enumerate();
    clips.filter(|(_, clip)| clip.verdict == Verdict::Use(label)).map(|(place, _)| place).collect()
}

fn selected(window: &Window) -> usize {
    window.harness.state().state().explore.selected.unwrap().0
}

/// The picture of a recording, by what a screen reader says of it: its class, file and person.
fn tile(window: &Window, place: usize) -> Option<egui_kittest::Node<'_>> {
    let clip = &study(window).clips[place];
    let file = clip.path.file_name().unwrap().to_string_lossy();
    let kind = if clip.verdict == Verdict::Use(Label::Sick) { "Sick" } else { "Healthy" };
    let mut of_person = window.harness.query_all_by_label_contains(&clip.person.0);
    of_person
        .find(|node| node.accesskit_node().label().is_some_and(|words| words.starts_with(&format!("{kind}: {file}"))))
}

fn has_picture(window: &Window, place: usize) -> bool {
    let state = window.harness.state().state();
    matches!(state.thumbnails.get(&state.study.clips[place].path), Some(Ok(_)))
}

fn wait_for_pictures(window: &mut Window, places: &[usize]) {
    let paths: Vec<_> = places.iter().map(|place| study(window).clips[*place].path.clone()).collect();
    run_until(&mut window.harness, PATIENCE, "the pictures", |harness| {
        paths.iter().all(|path| harness.state().state().thumbnails.get(path).is_some())
    });
    window.settle();
}

#[test]
fn healthy_and_sick_stand_side_by_side_on_one_scale() {
    let mut window = gallery(USUAL);
    let (healthy, sick) = (of(&window, Label::Healthy), of(&window, Label::Sick));
    wait_for_pictures(&mut window, &[healthy[0], healthy[1], sick[0], sick[1]]);
    window.harness.check_accessibility();
    let people = |places: &[usize]| {
        let people: std::collections::HashSet<_> = places.iter().map(|p| &study(&window).clips[*p].person).collect();
        people.len()
    };
    for places in [&healthy, &sick] {
        let words = format!("{} recordings of {} people", places.len(), people(places));
        window.harness.get_by_label(&words);
    }
    let left = tile(&window, healthy[0]).unwrap().rect();
    let right = tile(&window, sick[0]).unwrap().rect();
    assert!(left.right() < right.left(), "{left:?} {right:?}");
    assert_eq!(left.y_range(), right.y_range());

    // As much time and the same levels in each, whatever the recording.
    let state = window.harness.state().state();
    let picture = |place: usize| state.thumbnails.get(&state.study.clips[place].path).unwrap().unwrap();
    let (one, other) = (picture(healthy[0]), picture(sick[0]));
    let span = |place: usize| picture(place).window.end.0 - picture(place).window.start.0;
    assert!((span(healthy[0]) - 2.0).abs() < 1e-9 && (span(sick[0]) - 2.0).abs() < 1e-9);
    assert_eq!(one.range_db, other.range_db);
}

#[test]
fn only_what_is_in_sight_is_made() {
    let mut window = gallery(USUAL);
    let healthy = of(&window, Label::Healthy);
    wait_for_pictures(&mut window, &healthy[..2]);
    let last = *healthy.last().unwrap();
    assert!(!has_picture(&window, last), "{} recordings do not fit on the screen twice", healthy.len());
    tile(&window, healthy[0]).unwrap().click();
    window.settle();
    assert_eq!(selected(&window), healthy[0]);
    window.harness.key_press(Key::End);
    window.settle();
    assert_eq!(selected(&window), last);
    wait_for_pictures(&mut window, &[last]);
    assert!(has_picture(&window, last));
    assert!(tile(&window, last).is_some(), "it was scrolled into sight");
}

#[test]
fn arrow_keys_lead_from_one_class_to_the_other() {
    let mut window = gallery(SMALLEST);
    let (healthy, sick) = (of(&window, Label::Healthy), of(&window, Label::Sick));
    tile(&window, sick[0]).unwrap().click();
    window.settle();
    window.harness.key_press(Key::ArrowLeft);
    window.settle();
    assert!(healthy.contains(&selected(&window)));
    window.harness.key_press(Key::ArrowRight);
    window.settle();
    assert_eq!(selected(&window), sick[0]);
}

#[test]
fn a_filter_holds_in_both_views_and_shows_what_is_left_out() {
    let mut window = gallery(USUAL);
    assert!(window.harness.query_by_label("Left out").is_none());
    window.harness.state_mut().send(Command::ShowOnly(Filter::of([Condition::LeftOut])));
    window.settle();
    let left_out = study(&window).clips.iter().filter(|clip| matches!(clip.verdict, Verdict::Exclude(_)));
    let with_file = left_out.filter(|clip| clip.has_file()).count();
    assert!(with_file > 0);
    window.harness.get_by_label(&format!("{with_file} of {} shown", study(&window).clips.len()));
    window.harness.get_by_label("Left out");
    assert_eq!(window.harness.get_all_by_label("None of those that are shown").count(), 2);
}

#[test]
fn a_double_click_shows_the_recording_by_itself() {
    let mut window = gallery(USUAL);
    let sick = of(&window, Label::Sick);
    let rect = tile(&window, sick[1]).unwrap().rect();
    window.harness.hover_at(rect.center());
    window.harness.step();
    // All in one frame: the steps of the harness are too long for a double click.
    let clicks = [true, false, true, false].map(|pressed| Event::PointerButton {
        pos: rect.center(),
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    });
    window.harness.input_mut().events.extend(clicks);
    window.settle();
    assert_eq!(selected(&window), sick[1]);
    assert!(!window.harness.get_by_label("View: Gallery").accesskit_node().is_selected().unwrap_or(false));
    run_until(&mut window.harness, PATIENCE, "the recording", |harness| {
        harness.query_by_label("Spectrogram").is_some()
    });
}

#[test]
fn a_key_decides_about_those_that_are_seen_to_be_chosen() {
    let mut window = gallery(USUAL);
    let sick = of(&window, Label::Sick);
    let left_out = Filter::of([Condition::LeftOut]).choose(study(&window), &Scores::default());
    let marked = sick[..2].iter().copied().map(ClipId).chain([left_out[0]]).collect();
    window.harness.state_mut().send(Command::SelectMany { shown: ClipId(sick[0]), marked });
    window.settle();
    window.harness.get_by_label("2 chosen; 1 is not shown and stays as it is");
    window.harness.key_press(Key::H);
    run_until(&mut window.harness, PATIENCE, "the decision", |harness| {
        harness.state().state().study.clips[sick[0]].decision.is_some()
    });
    window.settle();
    let decided = study(&window).clips.iter().filter(|clip| clip.decision.is_some()).count();
    assert_eq!(decided, 2, "what has no place here is not seen");
    window.harness.get_by_label("Undo: 2 recordings used as healthy").click();
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the undo", |harness| {
        harness.state().state().study.clips.iter().all(|clip| clip.decision.is_none())
    });
}

#[test]
fn several_are_chosen_among_the_pictures() {
    let mut window = gallery(USUAL);
    let (healthy, sick) = (of(&window, Label::Healthy), of(&window, Label::Sick));
    let marked = |window: &Window| -> Vec<usize> {
        window.harness.state().state().explore.marked.iter().map(|id| id.0).collect()
    };
    tile(&window, healthy[0]).unwrap().click();
    window.settle();
    tile(&window, sick[1]).unwrap().click_modifiers(Modifiers::COMMAND);
    window.settle();
    assert_eq!(marked(&window), sorted([healthy[0], sick[1]]));
    let chosen = |place| tile(&window, place).unwrap().accesskit_node().toggled() == Some(Toggled::True);
    assert_eq!([healthy[0], sick[1], sick[0]].map(chosen), [true, true, false]);
    window.harness.key_press(Key::Escape);
    window.settle();
    assert_eq!((selected(&window), marked(&window)), (sick[1], vec![]));
    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowLeft);
    window.settle();
    assert_eq!(marked(&window), sorted([sick[0], sick[1]]));
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.settle();
    assert_eq!(marked(&window).len(), healthy.len() + sick.len(), "all that are shown");
    window.harness.check_accessibility();
    window.save(&scratch().join("gallery-several-light.png"));
}

fn sorted<const N: usize>(mut places: [usize; N]) -> Vec<usize> {
    places.sort_unstable();
    places.into()
}

#[test]
fn what_is_not_shown_is_said_and_one_click_away() {
    let mut window = gallery(SMALLEST);
    let used = of(&window, Label::Healthy).len() + of(&window, Label::Sick).len();
    let others = study(&window).clips.len() - used;
    window.harness.get_by_label(&format!("{others} are left out or unreadable"));
    window.harness.get_by_label("Show what is left out").click();
    window.settle();
    window.harness.get_by_label("Left out");
    window.harness.key_press(Key::C);
    window.settle();
    window.harness.get_by_label(&format!("{used} of {} shown", study(&window).clips.len()));
    window.harness.key_press(Key::L);
    window.settle();
    assert!(window.harness.state().state().player.looped, "as among the recordings");
    assert_eq!(window.harness.get_by_label("Loop").accesskit_node().toggled(), Some(Toggled::True));
    window.harness.key_press(Key::F);
    window.settle();
    let flagged = &study(&window).clips[selected(&window)];
    assert!(flagged.verdict.label().is_some() && !flagged.flags.is_empty(), "{flagged:?}");
}

#[test]
fn another_span_is_shown_at_once() {
    let mut window = gallery(USUAL);
    let sick = of(&window, Label::Sick)[0];
    wait_for_pictures(&mut window, &[sick]);
    window.harness.get_by_label("Time in each picture").click();
    window.settle();
    window.harness.get_by_label("5 s each").click();
    let path = study(&window).clips[sick].path.clone();
    run_until(&mut window.harness, PATIENCE, "the longer picture", |harness| {
        let picture = harness.state().state().thumbnails.get(&path).unwrap().unwrap();
        (picture.window.end.0 - picture.window.start.0 - 5.0).abs() < 1e-9
    });
}

#[test]
fn the_gallery_is_pictured() {
    for (file, size, themes) in [
        ("gallery", USUAL, &THEMES[..]),
        ("gallery-900x600", SMALLEST, &THEMES[..1]),
        ("gallery-large", LARGE, &THEMES[1..]),
    ] {
        let mut window = gallery(size);
        let sick = of(&window, Label::Sick);
        window.harness.state_mut().send(Command::Select(ClipId(sick[1])));
        for (theme_name, theme) in themes {
            window.harness.ctx.set_theme(*theme);
            window.settle();
            let state = window.harness.state().state();
            let shown: Vec<usize> = (0..state.study.clips.len())
                .filter(|place| {
                    let clip = &state.study.clips[*place];
                    clip.verdict.label().is_some() && tile(&window, *place).is_some()
                })
                .collect();
            wait_for_pictures(&mut window, &shown);
            let folder = if size == USUAL { pictures() } else { scratch() };
            window.save(&folder.join(format!("{file}-{theme_name}.png")));
        }
    }
}
