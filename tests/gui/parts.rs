//! The names behind the leak report, and the twin of a recording that is left out.

use std::path::PathBuf;

use coughscope::data::SourceKind;
use coughscope::data::split::{Part, SplitBy};
use coughscope::data::study::MOST_NAMED;
use coughscope::session::{ClipId, Command, StudyView};
use coughscope::ui::panels::PanelId;
use eframe::egui::Theme;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;

use super::support::run_until;
use super::window::{PATIENCE, USUAL, Window};

fn study(window: &Window) -> &StudyView {
    &window.harness.state().state().study
}

fn draw_by_recording(window: &mut Window) {
    window.go_to_tab("Parts");
    window.harness.get_by_role_and_label(Role::Button, "Recording").click();
    window.settle();
    run_until(&mut window.harness, PATIENCE, "parts by recording", |harness| {
        harness.state().state().study.split_config.by == SplitBy::File
    });
    window.settle();
}

fn leaking_people(window: &Window) -> usize {
    study(window).split.as_ref().unwrap().as_ref().unwrap().leaks.people
}

#[test]
fn the_leak_report_names_the_people() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(40);
    window.go_to_tab("Parts");
    assert!(window.harness.query_by_label_contains("Show the").is_none(), "nobody is in two parts by person");
    draw_by_recording(&mut window);
    let people = leaking_people(&window);
    assert!((2..=MOST_NAMED).contains(&people), "{people}");
    let shared = study(&window).shared.people.clone();
    assert_eq!(shared.len(), people);
    let names = ["training", "validation", "test"];
    let counts = Part::ALL.into_iter().zip(shared[0].recordings).filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts.map(|(part, count)| format!("{count} in {}", names[part as usize])).collect();
    let row = format!("{}: {}", shared[0].person.0, counts.join(", "));
    assert!(window.harness.query_by_label(&row).is_none(), "closed at first");
    window.harness.get_by_label(&format!("Show the {people} people")).click();
    window.settle();
    window.harness.get_by_label(&row);
    let of_people = |text: &str| shared.iter().any(|one| text.starts_with(&format!("{}: ", one.person.0)));
    let rows = window.harness.query_all_by_label_contains(" in t").filter_map(|node| node.value());
    assert_eq!(rows.filter(|text| of_people(text)).count(), people, "all of them");
    window.harness.check_accessibility();
}

#[test]
fn of_many_people_the_first_are_named() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(300);
    draw_by_recording(&mut window);
    let people = leaking_people(&window);
    assert!(people > MOST_NAMED, "{people}");
    window.harness.get_by_label(&format!("Show the {people} people")).click();
    window.settle();
    window.harness.get_by_label(&format!("and {} more", people - MOST_NAMED));
}

#[test]
fn a_copy_names_its_twin_and_leads_to_it() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(40);
    let twin = study(&window).used().find(|clip| clip.source == SourceKind::Coswara).unwrap().clone();
    // The same sound with the other label would be a contradiction, not a copy.
    let class = twin.verdict.label().unwrap().to_string();
    let twin = twin.path.clone();
    let folder = tempfile::tempdir().unwrap();
    for class in ["healthy", "sick"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
    }
    std::fs::copy(&twin, folder.path().join(class).join("copy.wav")).unwrap();
    window.drop(&[folder.path().to_owned()]);
    let copy_in = |study: &StudyView| study.clips.iter().position(|clip| clip.path.ends_with("copy.wav"));
    run_until(&mut window.harness, PATIENCE, "the copy to be found", |harness| {
        let study = &harness.state().state().study;
        copy_in(study).is_some_and(|copy| study.clips[copy].same.repeats_exact)
    });
    let copy = copy_in(study(&window)).unwrap();
    window.harness.state_mut().send(Command::Select(ClipId(copy)));
    window.go_to("Explore", PanelId::Explore);
    let inside: PathBuf = twin.iter().skip_while(|part| *part != "coswara").skip(1).collect();
    window.harness.get_by_label(&format!("Same sound as Coswara: {}", inside.display()));
    window.harness.get_by_label("Show it").click();
    window.settle();
    let selected = window.harness.state().state().explore.selected.unwrap();
    assert_eq!(study(&window).clips[selected.0].path, twin);
}
