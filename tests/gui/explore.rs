//! Finding recordings in Explore: by a reason, by several conditions, and one after the other.

use coughscope::data::study::filter::{Condition, Facet, Filter};
use coughscope::data::{Reason, SourceKind, Verdict};
use coughscope::session::{Command, Scores, StudyView};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::Queryable as _;

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

/// People in the demo studies here: with every flaw among them.
const PEOPLE: usize = 60;

fn study(window: &Window) -> &StudyView {
    &window.harness.state().state().study
}

/// The recording on the right.
fn selected(window: &Window) -> usize {
    window.harness.state().state().explore.selected.unwrap().0
}

/// The list says how many it shows.
fn assert_shown(window: &Window, shown: usize) {
    window.harness.get_by_label(&format!("{shown} of {} shown", study(window).clips.len()));
}

#[test]
fn a_reason_in_the_overview_leads_to_just_its_recordings() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    let below = |verdict: &Verdict| matches!(verdict, Verdict::Exclude(Reason::CoughBelow(_)));
    let expected: Vec<usize> =
        (0..study(&window).clips.len()).filter(|place| below(&study(&window).clips[*place].verdict)).collect();
    assert!(!expected.is_empty(), "the detector takes some recordings of the demo study for no cough");

    window.harness.get_by_label("COUGHVID: cough score below 0.8").click();
    window.settle();
    assert_eq!(window.harness.state().shown(), PanelId::Explore);
    window.harness.check_accessibility();
    assert_shown(&window, expected.len());
    assert_eq!(selected(&window), expected[0], "one of them is shown");

    // Both conditions are there, and each can be taken away.
    window.harness.get_by_label("COUGHVID: show the others too");
    window.harness.get_by_label("Left out: cough score below 0.8: show the others too").click();
    window.settle();
    let coughvid = study(&window).clips.iter().filter(|clip| clip.source == SourceKind::Coughvid).count();
    assert_shown(&window, coughvid);
    window.harness.get_by_label("COUGHVID: show the others too").click();
    window.settle();
    assert_shown(&window, study(&window).clips.len());
}

#[test]
fn an_unreadable_file_in_the_overview_is_shown_among_the_others() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    let unreadable = |study: &StudyView| Filter::of([Condition::Unreadable]).choose(study, &Scores::default());
    let all = unreadable(study(&window));
    let path = study(&window).sources.iter().find_map(|source| source.summary.unreadable.first()).unwrap().path.clone();
    let name = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect::<Vec<_>>();
    window.harness.get_by_label(&format!("…/{}/{}", name[1], name[0])).click();
    window.settle();
    assert_eq!(window.harness.state().shown(), PanelId::Explore);
    assert_shown(&window, all.len());
    assert_eq!(study(&window).clips[selected(&window)].path, path);
}

#[test]
fn menus_and_search_narrow_the_list_together() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to("Explore", PanelId::Explore);
    let count = |window: &Window, conditions: &[Condition], text: &str| {
        let mut filter = Filter::of(conditions.iter().cloned());
        filter.text = text.to_owned();
        filter.choose(study(window), &Scores::default()).len()
    };
    let conditions = [Condition::Dataset("virufy".into()), Condition::Unflagged];
    // A menu counts among what the others admit.
    let in_menu = [count(&window, &conditions[..1], ""), count(&window, &conditions, "")];
    for (menu, entry) in
        [("Dataset", format!("Virufy: {}", in_menu[0])), ("Quality", format!("Nothing found: {}", in_menu[1]))]
    {
        window.harness.get_by_role_and_label(Role::ComboBox, menu).click();
        window.settle();
        window.harness.check_accessibility();
        window.harness.get_by_label(&entry).click();
        window.settle();
    }
    let both = count(&window, &conditions, "");
    assert!(both > 0 && both < in_menu[0], "{both} of {in_menu:?}");
    assert_shown(&window, both);
    window.harness.get_by_role_and_label(Role::TextInput, "Search").focus();
    window.harness.get_by_role_and_label(Role::TextInput, "Search").type_text("POS");
    window.settle();
    let searched = count(&window, &conditions, "pos");
    assert!(searched < both);
    assert_shown(&window, searched);
    window.harness.get_by_role_and_label(Role::ComboBox, "Dataset").click();
    window.settle();
    window.harness.get_by_label("All").click();
    window.settle();
    assert_shown(&window, count(&window, &conditions[1..], "pos"));
}

#[test]
fn other_filters_stand_in_one_menu_and_count_within_each_other() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to("Explore", PanelId::Explore);
    let choice = |window: &Window, facet: Facet, conditions: &[Condition]| {
        let filter = Filter::of(conditions.iter().cloned());
        let choices = facet.choices(study(window), &Scores::default(), &filter);
        choices.into_iter().find(|(_, recordings)| *recordings > 1).unwrap()
    };
    // In so small a window this one has no menu of its own; its key leads to the same.
    window.harness.key_press_modifiers(Modifiers::ALT, Key::Num4);
    window.settle();
    window.harness.check_accessibility();
    window.harness.get_by_label_contains("Decision: By the policy: ");
    let (format, recordings) = choice(&window, Facet::Format, &[]);
    let words = format.words(study(&window));
    window.harness.get_by_label(&format!("Format: {words}: {recordings}")).click();
    window.settle();
    assert_shown(&window, recordings);
    let (rate, of_both) = choice(&window, Facet::Rate, std::slice::from_ref(&format));
    window.harness.get_by_label(&format!("Sample rate: {}: {of_both}", rate.words(study(&window)))).click();
    window.settle();
    assert_shown(&window, of_both);
    // Its own condition does not narrow what a facet counts, and a second click takes it away.
    let own = choice(&window, Facet::Format, &[format.clone(), rate.clone()]).1;
    window.harness.get_by_label(&format!("Format: {words}: {own}")).click();
    window.settle();
    assert_shown(&window, Filter::of([rate.clone()]).choose(study(&window), &Scores::default()).len());
    window.harness.key_press(Key::Escape);
    window.settle();
    window.harness.get_by_label(&format!("Sample rate: {}: show the others too", rate.words(study(&window)))).click();
    window.settle();
    assert_shown(&window, study(&window).clips.len());
}

#[test]
fn a_decided_recording_leaves_the_list_and_the_next_one_follows() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    window.go_to("Explore", PanelId::Explore);
    let below = Filter::of([Condition::LeftOutFor(Reason::CoughBelow(0.8))]);
    let rows = below.choose(study(&window), &Scores::default());
    assert!(rows.len() > 2, "{rows:?}");
    window.harness.state_mut().send(Command::ShowOnly(below));
    window.settle();
    window.harness.key_press(Key::ArrowDown);
    window.settle();
    assert_eq!(selected(&window), rows[1].0);
    window.harness.get_by_label("Decision: Leave out").click();
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the decision", |harness| {
        harness.state().state().study.clips[rows[1].0].decision.is_some()
    });
    window.settle();
    assert_shown(&window, rows.len() - 1);
    assert_eq!(selected(&window), rows[1].0, "what was decided about stays in sight");
    window.harness.key_press(Key::ArrowDown);
    window.settle();
    assert_eq!(selected(&window), rows[2].0, "the next one is in its place");
}
