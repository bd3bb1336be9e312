//! The charts in Explore: what gives the class away, what a click on a bar shows, and what is saved.

use std::path::Path;

use coughscope::data::policy::Treatment;
use coughscope::data::study::cohort::{Attribute, Cohort, Strength};
use coughscope::data::study::filter::{Condition, Filter};
use coughscope::data::{Label, LabelPolicy, SourceKind};
use coughscope::report::{cohort, figures};
use coughscope::session::{Command, Edit, Scores, StudyView};
use coughscope::ui::panels::PanelId;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Theme, Vec2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::support::run_until;
use super::window::{PATIENCE, SMALLEST, USUAL, Window};

/// People in the demo studies here: enough to tell what gives the class away from what does not.
const PEOPLE: usize = 160;
/// What is said of classes from different datasets.
const BY_DATASET: &str = "Sick and healthy people come from different datasets.";

fn study(window: &Window) -> &StudyView {
    &window.harness.state().state().study
}

fn counted(window: &Window) -> &Cohort {
    window.harness.state().state().cohort.as_ref().unwrap().cohort.as_ref().unwrap()
}

/// Whose dataset is known.
fn found_people(window: &Window) -> usize {
    counted(window).by(Attribute::Dataset).unwrap().value.association().unwrap().everybody()
}

fn show_charts(window: &mut Window) {
    window.go_to("Explore", PanelId::Explore);
    window.harness.get_by_label("View: Charts").click();
    wait_until_counted(window);
    window.harness.check_accessibility();
}

/// Gives the study another policy, and waits until it has taken effect.
fn decide_by(window: &mut Window, policy: LabelPolicy) {
    let revision = study(window).revision;
    window.harness.state_mut().send(Command::Edit(Edit::Policy(Box::new(policy))));
    run_until(&mut window.harness, PATIENCE, "the policy", |harness| harness.state().state().study.revision > revision);
    wait_until_counted(window);
}

/// Waits until the counts on the screen are those of the study as it is now.
fn wait_until_counted(window: &mut Window) {
    window.harness.step();
    run_until(&mut window.harness, PATIENCE, "the counts", |harness| {
        let state = harness.state().state();
        state.cohort.as_ref().is_some_and(|counted| counted.revision == state.study.revision)
    });
    window.settle();
}

/// Of COUGHVID only the healthy are used, of the others only the sick.
fn classes_by_dataset() -> LabelPolicy {
    let mut policy = LabelPolicy::default();
    for status in ["COVID-19", "symptomatic"] {
        policy.set(SourceKind::Coughvid, status, Treatment::Exclude);
    }
    policy.set(SourceKind::Coswara, "healthy", Treatment::Exclude);
    policy.set(SourceKind::Virufy, "negative", Treatment::Exclude);
    policy
}

/// Nothing is used, or one class only.
fn only(treatment: Option<Label>) -> LabelPolicy {
    let mut policy = LabelPolicy::default();
    for rule in coughscope::data::policy::RULES {
        let keeps = match treatment {
            Some(Label::Healthy) => rule.default == Treatment::Healthy,
            Some(Label::Sick) => rule.default == Treatment::Sick,
            None => false,
        };
        policy.set(rule.source, rule.status, if keeps { rule.default } else { Treatment::Exclude });
    }
    policy
}

#[test]
fn classes_that_come_from_different_datasets_are_said_first() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    show_charts(&mut window);
    assert!(window.harness.query_by_label(BY_DATASET).is_none(), "the demo study is balanced");
    assert!(counted(&window).by(Attribute::Dataset).unwrap().value.association().is_some(), "it was looked at");

    decide_by(&mut window, classes_by_dataset());
    let found = &counted(&window).findings()[0];
    assert_eq!((found.strength, found.auc), (Strength::Strong, 1.0));
    let headline = window.harness.get_by_label(BY_DATASET).rect();
    let others = counted(&window).findings();
    for finding in others.iter().skip(1) {
        let below = window.harness.get_by_label(finding.headline).rect();
        assert!(below.top() > headline.top(), "{}", finding.headline);
    }
    let evidence = format!("Knowing only the dataset would tell every one of {} people", found_people(&window));
    window.harness.get_by_label_contains(&evidence);
}

#[test]
fn a_clicked_bar_lists_its_recordings() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    show_charts(&mut window);
    let by_dataset = counted(&window).by(Attribute::Dataset).unwrap();
    let level = by_dataset.levels.iter().find(|level| level.name == "Coswara").unwrap();
    let sick = level.classes[1];
    let bar = format!("Coswara: {} sick recordings of {} people", sick.recordings, sick.people);
    let picture = window.harness.get_by_role_and_label(Role::Image, "Class balance by dataset");
    let summary = picture.accesskit_node().description().unwrap();
    assert!(summary.contains(&format!("{} sick", sick.recordings)), "{summary}");
    window.harness.get_by_label(&bar).click();
    window.settle();
    let filter = Filter::of([Condition::Dataset("coswara".into()), Condition::Used(Label::Sick)]);
    assert_eq!(filter.choose(study(&window), &Scores::default()).len(), sick.recordings);
    window.harness.get_by_label(&format!("{} of {} shown", sick.recordings, study(&window).clips.len()));

    // Back in the charts, a reason elsewhere leads to the list again.
    window.harness.get_by_label("View: Charts").click();
    window.settle();
    let shown = format!("of {} shown", study(&window).clips.len());
    assert!(window.harness.query_by_label_contains(&shown).is_none());
    window.go_to("Data", PanelId::Data);
    window.harness.get_by_label("COUGHVID: cough score below 0.8").click();
    window.settle();
    window.harness.get_by_label_contains(&shown);
}

#[test]
fn a_bar_of_any_scale_lists_as_many_as_it_counts() {
    let mut window = Window::new(ALL_OF_IT, Theme::Light);
    window.open_study(PEOPLE);
    show_charts(&mut window);
    let scales = [
        Attribute::Age,
        Attribute::Sex,
        Attribute::Duration,
        Attribute::SampleRate,
        Attribute::Format,
        Attribute::Year,
        Attribute::Quality,
    ];
    for attribute in scales {
        let by = counted(&window).by(attribute).unwrap();
        for level in by.levels.iter().filter(|level| level.name != "Others") {
            let condition = level.condition.clone().unwrap_or_else(|| panic!("{attribute:?}: {}", level.name));
            for (label, class) in Label::ALL.into_iter().zip(level.classes) {
                let filter = Filter::of([condition.clone(), Condition::Used(label)]);
                let listed = filter.choose(study(&window), &Scores::default()).len();
                assert_eq!(listed, class.recordings, "{attribute:?}: {} {label}", level.name);
            }
        }
    }
    let by_rate = counted(&window).by(Attribute::SampleRate).unwrap();
    let level = by_rate.levels.iter().find(|level| level.classes[0].recordings > 1).unwrap();
    let healthy = level.classes[0];
    let bar = format!("{}: {} healthy recordings of {} people", level.name, healthy.recordings, healthy.people);
    window.harness.get_by_label(&bar).click();
    window.settle();
    window.harness.get_by_label(&format!("{} of {} shown", healthy.recordings, study(&window).clips.len()));
}

#[test]
fn a_chart_has_its_numbers_as_a_table() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    show_charts(&mut window);
    window.harness.get_by_label("Class balance by dataset: show the numbers").click();
    window.settle();
    window.harness.check_accessibility();
    assert!(window.harness.query_by_role_and_label(Role::Image, "Class balance by dataset").is_none());
    window.harness.get_by_label("Virufy");
    window.harness.get_by_label("Class balance by dataset: show the chart").click();
    window.settle();
    window.harness.get_by_role_and_label(Role::Image, "Class balance by dataset");
    for as_tables in [true, false] {
        window.harness.key_press_modifiers(Modifiers::ALT, Key::N);
        window.settle();
        let picture = window.harness.query_by_role_and_label(Role::Image, "Class balance by dataset");
        assert_eq!(picture.is_none(), as_tables);
    }
}

#[test]
fn pictures_and_tables_are_saved_whole_and_never_over_others() {
    let mut window = Window::new(SMALLEST, Theme::Light);
    window.open_study(PEOPLE);
    show_charts(&mut window);
    let folder = tempfile::tempdir().unwrap();
    for name in ["pictures", "pictures-2"] {
        window.harness.state_mut().send(Command::ExportPictures(folder.path().to_owned()));
        run_until(&mut window.harness, PATIENCE, "the pictures", |harness| {
            let words = |text: &str| text.starts_with("The pictures were written") && text.ends_with(name);
            harness.state().state().messages.iter().any(|message| words(&message.text))
        });
    }
    let saved = folder.path().join("pictures");
    for breakdown in &counted(&window).breakdowns {
        let file = |ending: &str| saved.join(breakdown.attribute.id()).with_extension(ending);
        let picture = image::open(file("png")).unwrap();
        assert_eq!(picture.width(), 1600);
        let svg = std::fs::read_to_string(file("svg")).unwrap();
        assert!(svg.contains(breakdown.attribute.title()) && svg.contains("Synthetic"), "{}", file("svg").display());
        assert_eq!(figures::png(&svg).unwrap(), std::fs::read(file("png")).unwrap(), "one drawing");
    }
    let mut table = csv::Reader::from_path(saved.join(cohort::COUNTS_TABLE)).unwrap();
    assert_eq!(table.headers().unwrap(), vec!["attribute", "value", "class", "recordings", "people"]);
    let rows: Vec<(String, String, String, usize, usize)> = table.deserialize().map(Result::unwrap).collect();
    for (class, expected) in ["healthy", "sick"].into_iter().zip(counted(&window).classes) {
        let of = |attribute: &str| -> usize {
            rows.iter().filter(|row| row.0 == attribute && row.2 == class).map(|row| row.3).sum()
        };
        for attribute in ["all", "dataset", "age", "sample-rate"] {
            assert_eq!(of(attribute), expected.recordings, "{attribute}");
        }
    }
    let mut table = csv::Reader::from_path(saved.join(cohort::ASSOCIATIONS_TABLE)).unwrap();
    let strength = table.headers().unwrap().iter().position(|head| head == "strength").unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let dataset = rows.iter().find(|row| &row[0] == "dataset" && &row[1] == "value").unwrap();
    assert_eq!(&dataset[strength], "not shown");
    // The figure says what the screen says.
    let line = counted(&window).by(Attribute::Dataset).unwrap().in_a_line();
    assert!(window.harness.query_all_by_label(&line).next().is_some(), "{line}");
    assert!(std::fs::read_to_string(saved.join("dataset.svg")).unwrap().contains(&line[..40]), "{line}");
}

#[test]
fn without_used_recordings_or_one_class_the_page_says_so() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(60);
    show_charts(&mut window);
    decide_by(&mut window, only(None));
    window.harness.get_by_label("Nothing to count yet");
    window.save(&scratch().join("charts-empty.png"));
    decide_by(&mut window, only(Some(Label::Sick)));
    window.harness.get_by_label("All used recordings are sick: there is nothing to compare them with.");
    window.save(&scratch().join("charts-one-class.png"));
}

fn scratch() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots")
}

/// High enough for all charts at once.
const ALL_OF_IT: Vec2 = vec2(1280.0, 2300.0);

#[test]
fn the_charts_are_pictured() {
    let mut window = Window::new(USUAL, Theme::Light);
    window.open_study(PEOPLE);
    show_charts(&mut window);
    for (study_name, policy) in [("balanced", LabelPolicy::default()), ("confounded", classes_by_dataset())] {
        decide_by(&mut window, policy);
        for (name, theme, size) in [
            ("light", Theme::Light, USUAL),
            ("dark", Theme::Dark, USUAL),
            ("900x600", Theme::Light, SMALLEST),
            ("all", Theme::Dark, ALL_OF_IT),
        ] {
            window.harness.ctx.set_theme(theme);
            window.harness.set_size(size);
            window.settle();
            window.save(&scratch().join(format!("charts-{study_name}-{name}.png")));
        }
    }
    let folder = scratch().join("figures");
    let _ = std::fs::remove_dir_all(&folder);
    window.harness.state_mut().send(Command::ExportPictures(folder.clone()));
    run_until(&mut window.harness, PATIENCE, "the pictures", |harness| {
        harness.state().state().messages.iter().any(|message| message.text.starts_with("The pictures were written"))
    });
    for breakdown in &counted(&window).breakdowns {
        let svg = std::fs::read_to_string(folder.join("pictures").join(format!("{}.svg", breakdown.attribute.id())));
        assert!(!svg.unwrap().contains('…'), "{:?} says all that the screen says", breakdown.attribute);
    }
}
