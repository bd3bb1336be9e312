//! The list of recordings in Explore: sorting, columns, choosing several, and what is decided about them.

use coughscope::data::study::filter::{Condition, Filter};
use coughscope::data::{Decision, SourceKind};
use coughscope::session::{ClipId, Command, Direction, Scores, SortKey, SortOrder, State, StudyView};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::{Role, SortDirection};
use eframe::egui::{Key, Modifiers, Theme};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

fn state(window: &Window) -> &State {
    window.harness.state().state()
}

fn study(window: &Window) -> &StudyView {
    &state(window).study
}

/// Explore over a demo study, with all recordings listed.
fn explore(size: eframe::egui::Vec2) -> Window {
    let mut window = Window::new(size, Theme::Light);
    window.open_study(40);
    window.go_to("Explore", PanelId::Explore);
    window
}

fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.harness.key_press_modifiers(modifiers, key);
    window.settle();
}

/// The recording of each row, as the list orders them.
fn rows(window: &Window) -> Vec<usize> {
    let state = state(window);
    let chosen = state.explore.filter.choose(&state.study, &state.scores);
    let rows = match state.explore.order {
        Some(order) => order.sort(&state.study, &state.scores, chosen),
        None => chosen,
    };
    rows.into_iter().map(|id| id.0).collect()
}

/// What a screen reader says of the rows that are seen, from top to bottom, and whether they are chosen.
fn seen(window: &Window) -> Vec<(String, bool)> {
    let rows = window.harness.query_all_by_role(Role::Row);
    let mut rows: Vec<_> = rows
        .map(|row| {
            let node = row.accesskit_node();
            (row.rect().top(), node.label().unwrap_or_default(), node.is_selected().unwrap_or_default())
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    rows.into_iter().map(|(_, name, chosen)| (name, chosen)).collect()
}

fn marked(window: &Window) -> Vec<usize> {
    state(window).explore.marked.iter().map(|id| id.0).collect()
}

/// Clicks the row that is so many below the first one that is seen.
fn click(window: &mut Window, row: usize, modifiers: Modifiers) {
    let mut nodes: Vec<_> = window.harness.query_all_by_role(Role::Row).collect();
    nodes.sort_by(|one, other| one.rect().top().total_cmp(&other.rect().top()));
    nodes[row].click_modifiers(modifiers);
    window.settle();
}

#[test]
fn a_click_on_a_head_sorts_another_reverses_a_third_gives_the_order_back() {
    let mut window = explore(USUAL);
    let own = seen(&window);
    let head = |window: &Window| {
        let node = window.harness.get_by_role_and_label(Role::ColumnHeader, "Length");
        node.accesskit_node().data().sort_direction()
    };
    assert_eq!(head(&window), None);
    for (direction, says) in
        [(Direction::Ascending, SortDirection::Ascending), (Direction::Descending, SortDirection::Descending)]
    {
        window.harness.get_by_role_and_label(Role::ColumnHeader, "Length").click();
        window.settle();
        assert_eq!(state(&window).explore.order, Some(SortOrder { key: SortKey::Length, direction }));
        assert_eq!(head(&window), Some(says));
        let lengths: Vec<Option<f64>> = rows(&window)
            .into_iter()
            .map(|place| study(&window).clips[place].facts().map(|facts| facts.duration.0))
            .collect();
        let known: Vec<f64> = lengths.iter().flatten().copied().collect();
        assert!(known.len() < lengths.len(), "some of the demo study have no length");
        assert!(lengths[known.len()..].iter().all(Option::is_none), "these come last");
        match direction {
            Direction::Ascending => assert!(known.is_sorted()),
            Direction::Descending => assert!(known.is_sorted_by(|one, other| one >= other)),
        }
        press(&mut window, Modifiers::NONE, Key::Home);
        let first = &study(&window).clips[rows(&window)[0]];
        let seen_first = &seen(&window)[0];
        assert!(seen_first.0.contains(first.person.name()) && seen_first.1, "{seen_first:?}");
    }
    window.harness.get_by_role_and_label(Role::ColumnHeader, "Length").click();
    window.settle();
    assert_eq!(state(&window).explore.order, None);
    press(&mut window, Modifiers::NONE, Key::Home);
    let names = |rows: &[(String, bool)]| rows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&seen(&window)), names(&own));
}

#[test]
fn the_arrows_follow_the_order_and_the_choice_survives_it() {
    let mut window = explore(SMALLEST);
    window.harness.get_by_role_and_label(Role::ColumnHeader, "File").click();
    window.settle();
    press(&mut window, Modifiers::NONE, Key::Home);
    let sorted = rows(&window);
    assert!(!sorted.is_sorted(), "another order than the study's");
    for place in &sorted[1..4] {
        press(&mut window, Modifiers::NONE, Key::ArrowDown);
        assert_eq!(state(&window).explore.selected, Some(ClipId(*place)));
    }
    press(&mut window, Modifiers::NONE, Key::End);
    let last = *sorted.last().unwrap();
    assert_eq!(state(&window).explore.selected, Some(ClipId(last)));
    window.harness.get_by_role_and_label(Role::ColumnHeader, "File").click();
    window.settle();
    window.settle();
    assert_eq!(state(&window).explore.selected, Some(ClipId(last)), "it stays, and is brought into sight");
    assert!(seen(&window).iter().any(|(_, chosen)| *chosen), "{:?}", seen(&window));
}

#[test]
fn columns_are_chosen_and_can_be_as_many_as_fit_again() {
    let mut window = explore(SMALLEST);
    let heads = |window: &Window| -> Vec<String> {
        let heads = window.harness.query_all_by_role(Role::ColumnHeader);
        let mut heads: Vec<_> =
            heads.map(|head| (head.rect().left(), head.accesskit_node().label().unwrap_or_default())).collect();
        heads.sort_by(|one, other| one.0.total_cmp(&other.0));
        heads.into_iter().map(|(_, name)| name).collect()
    };
    assert_eq!(heads(&window), ["File", "Length", "Person"]);
    for column in ["Person", "Codec", "Quality", "Decision"] {
        window.harness.get_by_label("Columns").click();
        window.settle();
        window.harness.check_accessibility();
        window.harness.get_by_role_and_label(Role::CheckBox, column).click();
        window.settle();
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    assert_eq!(heads(&window), ["File", "Length", "Quality", "Codec", "Decision"]);
    let file = window.harness.get_by_role_and_label(Role::ColumnHeader, "File").rect();
    assert!(file.width() >= 140.0, "the name keeps its room: {file:?}");
    window.harness.get_by_label("Columns").click();
    window.settle();
    window.harness.get_by_label("As many as fit").click();
    window.settle();
    assert_eq!(heads(&window), ["File", "Length", "Person"]);
}

#[test]
fn several_are_chosen_by_clicks_and_keys() {
    let mut window = explore(USUAL);
    click(&mut window, 2, Modifiers::NONE);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(2)), vec![]));
    click(&mut window, 5, Modifiers::COMMAND);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(5)), vec![2, 5]));
    window.harness.get_by_label("2 chosen");
    click(&mut window, 3, Modifiers::SHIFT);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(3)), vec![3, 4, 5]));
    window.harness.get_by_label("3 chosen");
    assert_eq!(seen(&window).iter().filter(|(_, chosen)| *chosen).count(), 3);
    window.harness.check_accessibility();

    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(3)), vec![]));
    assert!(window.harness.query_by_label_contains(" chosen").is_none());
    press(&mut window, Modifiers::SHIFT, Key::ArrowDown);
    press(&mut window, Modifiers::SHIFT, Key::ArrowDown);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(5)), vec![3, 4, 5]));
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(6)), vec![]));

    press(&mut window, Modifiers::COMMAND, Key::A);
    assert_eq!(marked(&window).len(), study(&window).clips.len());
    assert_eq!(state(&window).explore.selected, Some(ClipId(6)));
}

#[test]
fn keys_alone_choose_some_that_are_not_beside_each_other() {
    let mut window = explore(USUAL);
    click(&mut window, 1, Modifiers::NONE);
    press(&mut window, Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(2)), vec![1]), "only shown");
    press(&mut window, Modifiers::COMMAND, Key::ArrowDown);
    press(&mut window, Modifiers::COMMAND, Key::Space);
    assert_eq!((state(&window).explore.selected, marked(&window)), (Some(ClipId(3)), vec![1, 3]));
    window.harness.get_by_label("2 chosen");
    let chosen: Vec<bool> = seen(&window).into_iter().map(|(_, chosen)| chosen).take(4).collect();
    assert_eq!(chosen, [false, true, false, true]);
}

#[test]
fn recordings_are_ordered_from_a_menu_too() {
    let mut window = explore(SMALLEST);
    for (entry, direction) in [("Length", Direction::Ascending), ("Length, ascending", Direction::Descending)] {
        press(&mut window, Modifiers::ALT, Key::O);
        window.harness.check_accessibility();
        let entries: Vec<_> = window.harness.query_all_by_role_and_label(Role::Button, entry).collect();
        entries[0].click();
        drop(entries);
        window.settle();
        assert_eq!(state(&window).explore.order, Some(SortOrder { key: SortKey::Length, direction }));
    }
    press(&mut window, Modifiers::ALT, Key::O);
    window.harness.get_by_label("As in the study").click();
    window.settle();
    assert_eq!(state(&window).explore.order, None);
}

#[test]
fn files_of_one_name_are_told_apart_by_their_person() {
    let mut window = explore(SMALLEST);
    window.harness.state_mut().send(Command::ShowOnly(Filter::of([Condition::Dataset("coswara".into())])));
    window.settle();
    let whose = study(&window).clips[rows(&window)[0]].person.name().to_owned();
    let told = format!("{whose} / cough-heavy.wav");
    assert!(window.harness.query_by_label(&told).is_none(), "a column tells the person");
    press(&mut window, Modifiers::ALT, Key::C);
    window.harness.get_by_role_and_label(Role::CheckBox, "Person").click();
    window.settle();
    press(&mut window, Modifiers::NONE, Key::Escape);
    window.harness.get_by_label(&told);
}

#[test]
fn a_row_says_all_of_itself_to_a_screen_reader() {
    let mut window = explore(USUAL);
    press(&mut window, Modifiers::NONE, Key::Home);
    let clip = study(&window).clips.iter().find(|clip| clip.facts().is_some() && clip.flags.is_empty()).unwrap();
    let place = study(&window).clips.iter().position(|other| other.path == clip.path).unwrap();
    let label = match clip.verdict.label() {
        Some(label) => label.to_string(),
        None => "left out".to_owned(),
    };
    let file = clip.path.file_name().unwrap().to_string_lossy();
    let (person, dataset, length) = (clip.person.name(), clip.dataset_name(), clip.facts().unwrap().duration);
    let expected = format!("{file} of {person}, {dataset}, {label}, {length}");
    window.harness.state_mut().send(Command::Select(ClipId(place)));
    window.settle();
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    assert!(seen(&window).iter().any(|(name, _)| *name == expected), "{expected}: {:?}", seen(&window));
}

#[test]
fn a_decision_about_several_is_one_change_and_leaves_alone_what_is_not_shown() {
    let mut window = explore(USUAL);
    let before = study(&window).clips.iter().map(|clip| clip.decision).collect::<Vec<_>>();
    press(&mut window, Modifiers::COMMAND, Key::A);
    let virufy = Filter::of([Condition::Dataset("virufy".into())]);
    let shown = virufy.choose(study(&window), &Scores::default());
    let all = study(&window).clips.len();
    let with_file = shown.iter().filter(|id| study(&window).clips[id.0].has_file()).count();
    window.harness.state_mut().send(Command::ShowOnly(virufy));
    window.settle();
    assert_eq!(marked(&window).len(), all, "they stay chosen");
    let hidden = format!("; {} are not shown and stay as they are", all - shown.len());
    window.harness.get_by_label_contains(&format!("{} chosen{hidden}", shown.len()));

    window.harness.get_by_label("All chosen: Leave out").click();
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the decision", |harness| {
        let clips = &harness.state().state().study.clips;
        clips.iter().filter(|clip| clip.decision == Some(Decision::Exclude)).count() == with_file
    });
    window.settle();
    window.harness.get_by_label(&format!("{with_file} recordings left out"));
    assert!(
        study(&window).clips.iter().all(|clip| clip.source == SourceKind::Virufy || clip.decision.is_none()),
        "nothing else was decided about"
    );
    window.harness.state_mut().send(Command::ShowOnly(Filter::default()));
    window.settle();
    // Beside the words that say what was decided.
    window.harness.get_by_label(&format!("Undo: {with_file} recordings left out")).click();
    window.settle();
    run_until(&mut window.harness, PATIENCE, "the undo", |harness| {
        let clips = &harness.state().state().study.clips;
        clips.iter().map(|clip| clip.decision).eq(before.iter().copied())
    });
    assert!(study(&window).redo.is_some() && study(&window).undo.is_none(), "it was one step");
}

#[test]
fn letters_decide_about_what_is_chosen_but_not_while_something_is_typed() {
    let mut window = explore(USUAL);
    let used: Vec<usize> =
        (0..study(&window).clips.len()).filter(|place| study(&window).clips[*place].has_file()).collect();
    window.harness.state_mut().send(Command::Select(ClipId(used[0])));
    window.settle();
    for (key, decision) in [
        (Key::H, Some(Decision::Healthy)),
        (Key::S, Some(Decision::Sick)),
        (Key::X, Some(Decision::Exclude)),
        (Key::U, Some(Decision::Use)),
        (Key::P, None),
    ] {
        press(&mut window, Modifiers::NONE, key);
        run_until(&mut window.harness, PATIENCE, "the decision", |harness| {
            harness.state().state().study.clips[used[0]].decision == decision
        });
    }
    window.settle();
    window.harness.state_mut().send(Command::SelectMany {
        shown: ClipId(used[1]),
        marked: used[1..4].iter().map(|place| ClipId(*place)).collect(),
    });
    window.settle();
    press(&mut window, Modifiers::NONE, Key::S);
    run_until(&mut window.harness, PATIENCE, "the decisions", |harness| {
        let clips = &harness.state().state().study.clips;
        clips.iter().filter(|clip| clip.decision == Some(Decision::Sick)).count() == 3
    });
    window.settle();
    for search in [(Modifiers::COMMAND, Key::F), (Modifiers::NONE, Key::Slash)] {
        press(&mut window, search.0, search.1);
        assert!(window.harness.get_by_role_and_label(Role::TextInput, "Search").is_focused(), "{search:?}");
        press(&mut window, Modifiers::NONE, Key::H);
        press(&mut window, Modifiers::COMMAND, Key::A);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    let healthy = study(&window).clips.iter().filter(|clip| clip.decision == Some(Decision::Healthy)).count();
    assert_eq!((healthy, marked(&window).len()), (0, 3), "these belonged to the field");
    press(&mut window, Modifiers::NONE, Key::C);
    assert_eq!(state(&window).explore.filter, Filter::default());
}
