use super::super::Study;
use super::super::scores::Score;
use super::*;
use crate::audio::SoundFormat;
use crate::data::scan::SourceScan;
use crate::data::{Decision, LabelPolicy, PersonId, Sound, SoundFacts, SourceKind, Subject};
use crate::units::Seconds;

fn clip(source: SourceKind, name: &str, status: &str) -> Clip {
    let person = PersonId(format!("{}:person-{name}", source.id()));
    Clip { sound: Sound::Read(SoundFacts::for_tests()), ..Clip::new(name.into(), source, person, status) }
}

/// A healthy and a sick recording, one with a broken file, and one that a person left out; then three of COUGHVID, two
/// of which its detector takes for no cough.
fn study() -> Study {
    let mut study = Study::default();
    let broken = Sound::Unreadable("no samples".into());
    let mut own = vec![clip(SourceKind::Folder, "Ann.wav", "healthy"), clip(SourceKind::Folder, "Ben.wav", "sick")];
    own.push(Clip { sound: broken, ..clip(SourceKind::Folder, "Cid.wav", "sick") });
    own.push(Clip { decision: Some(Decision::Exclude), ..clip(SourceKind::Folder, "Dan.wav", "sick") });
    let scored = |name, score| Clip { cough_detected: Some(score), ..clip(SourceKind::Coughvid, name, "healthy") };
    let coughvid = vec![scored("e.webm", 0.9), scored("f.webm", 0.7), scored("g.webm", 0.1)];
    for (kind, root, clips) in [(SourceKind::Folder, "clinic", own), (SourceKind::Coughvid, "coughvid", coughvid)] {
        study.add(SourceScan { kind, root: root.into(), clips, notes: Vec::new() }, None);
    }
    study
}

fn chosen(filter: &Filter, study: &StudyView) -> Vec<String> {
    let name = |id: ClipId| study.clip(id).unwrap().path.display().to_string();
    filter.choose(study, &Scores::default()).into_iter().map(name).collect()
}

#[test]
fn every_condition_and_the_text_must_be_met() {
    let view = study().view();
    let below = Condition::LeftOutFor(Reason::CoughBelow(0.8));
    let of = |text: &str, conditions: &[Condition]| {
        let filter = Filter { text: text.into(), ..Filter::of(conditions.iter().cloned()) };
        chosen(&filter, &view)
    };
    assert_eq!(of("", &[]).len(), 7);
    assert_eq!(of("", &[Condition::Used(Label::Sick)]), ["Ben.wav"]);
    assert_eq!(of("", &[Condition::Unreadable]), ["Cid.wav"]);
    assert_eq!(of("", &[Condition::LeftOut]), ["Dan.wav", "f.webm", "g.webm"]);
    assert_eq!(of("", std::slice::from_ref(&below)), ["f.webm", "g.webm"]);
    assert_eq!(of(" G.Web", std::slice::from_ref(&below)), ["g.webm"]);
    assert_eq!(of("", &[below.clone(), Condition::Dataset("folder".into())]), Vec::<String>::new());
    assert_eq!(of("", &[Condition::LeftOut, Condition::Dataset("folder".into())]), ["Dan.wav"]);
    assert_eq!(of("", &[Condition::ByHand]), ["Dan.wav"]);
    assert_eq!(of("", &[Condition::LeftOut, below]).len(), 2, "the later one of a facet");
}

#[test]
fn a_reason_is_found_also_after_its_bound_has_moved() {
    let mut study = study();
    let filter = Filter::of([Condition::LeftOutFor(Reason::CoughBelow(0.8))]);
    let policy = LabelPolicy { min_cough_detected: 0.5, ..LabelPolicy::default() };
    study.apply(super::super::Edit::Policy(Box::new(policy)));
    let view = study.view();
    assert_eq!(chosen(&filter, &view), ["g.webm"]);
    assert_eq!(filter.conditions().next().unwrap().words(&view), "Left out: cough score below 0.5");
}

#[test]
fn the_choices_of_a_facet_are_what_occurs() {
    let view = study().view();
    let words = |facet: Facet| -> Vec<(String, usize)> {
        facet
            .choices(&view, &Scores::default(), &Filter::default())
            .into_iter()
            .map(|(condition, count)| (condition.words(&view), count))
            .collect()
    };
    assert_eq!(words(Facet::Dataset), [("clinic".to_owned(), 4), ("COUGHVID".to_owned(), 3)]);
    let labels = words(Facet::Label);
    let reasons: Vec<_> = labels.iter().filter(|(words, _)| words.starts_with("Left out: ")).collect();
    assert!(reasons.is_sorted_by_key(|(_, count)| std::cmp::Reverse(count)), "{reasons:?}");
    let of = |name: &str| labels.iter().find(|(words, _)| words == name).map(|(_, count)| *count);
    assert_eq!(of("Left out"), Some(3));
    assert_eq!(of("Left out: cough score below 0.8"), Some(2));
    assert_eq!(of("Left out: left out by hand"), Some(1));
    // Each recording is healthy, sick, left out or unreadable.
    let outcomes = ["Healthy", "Sick", "Left out", "Unreadable"].map(|name| of(name).unwrap());
    assert_eq!(outcomes.iter().sum::<usize>(), view.clips.len());
    assert_eq!(words(Facet::Decision), [("By hand".to_owned(), 1), ("By the policy".to_owned(), 6)]);
}

#[test]
fn ignored_flags_do_not_count_as_flagged() {
    for (flag, flagged) in [(Flag::LowSnr, true), (Flag::Silent, true), (Flag::NoCough, false)] {
        let clip = Clip { flags: [flag].into_iter().collect(), ..clip(SourceKind::Folder, "a.wav", "sick") };
        let view = StudyView { clips: vec![Arc::new(clip)], ..StudyView::default() };
        let count = |condition| Filter::of([condition]).choose(&view, &Scores::default()).len();
        assert_eq!(count(Condition::Flagged), usize::from(flagged), "{flag}");
        assert_eq!(count(Condition::Flag(flag)), 1);
        assert_eq!(count(Condition::Unflagged), 0);
    }
}

#[test]
fn the_text_is_looked_for_in_file_person_and_status() {
    let clip = clip(SourceKind::Coswara, "x/Cough-Heavy.wav", "positive_mild");
    for (text, found) in [("", true), ("heavy", true), ("person-x", true), ("mild", true), ("shallow", false)] {
        assert_eq!(has_text(&clip, text), found, "{text}");
    }
}

#[test]
fn a_dataset_that_was_taken_out_is_no_condition_any_more() {
    let mut study = study();
    let mut filter = Filter::of([Condition::Dataset("coughvid".into()), Condition::LeftOut]);
    filter.forget_missing(&study.view());
    assert_eq!(filter.conditions().count(), 2);
    study.remove("coughvid");
    filter.forget_missing(&study.view());
    assert_eq!(filter, Filter::of([Condition::LeftOut]));
}

#[test]
fn recordings_are_found_by_what_a_run_made_of_them() {
    let view = study().view();
    let score = |outcome| Some(Score { value: 0.5, label: Label::Sick, part: None, outcome });
    let of_run = [Outcome::Correct, Outcome::FalseNegative, Outcome::Correct].map(score);
    let scores = Scores::new("run".into(), 0.5, of_run.to_vec());
    let choices = Facet::Result.choices(&view, &scores, &Filter::default());
    let words: Vec<_> = choices.iter().map(|(condition, count)| (condition.words(&view), *count)).collect();
    let expected = [("Correct", 2), ("Missed", 1), ("Not scored", 4)];
    assert_eq!(words, expected.map(|(words, count)| (words.to_owned(), count)), "nothing was a false alarm");
    let missed = Filter::of([Condition::Scored(Outcome::FalseNegative)]);
    assert_eq!(missed.choose(&view, &scores), [ClipId(1)]);
}

/// A recording of a person, with what is known of both; PCM until 2020, Opus since.
fn told(name: &str, recorded: &str, secs: f64, age: Option<f32>, sex: Option<&str>) -> Clip {
    let codec = if recorded.starts_with("2021") { "Opus" } else { "PCM" };
    let format = SoundFormat { codec: codec.into(), container: "OGG".into(), truncated: false };
    let facts = SoundFacts { duration: Seconds(secs), format, ..SoundFacts::for_tests() };
    let subject = Subject { age, sex: sex.map(str::to_owned), recorded: recorded.into(), ..Subject::default() };
    Clip { sound: Sound::Read(facts), subject, ..clip(SourceKind::Folder, name, "sick") }
}

/// Three recordings that were read, and one that was not.
fn told_apart() -> StudyView {
    let clips = [
        told("a.wav", "2020-05-01", 1.5, Some(34.0), Some("female")),
        told("b.wav", "2021-05-01", 3.0, Some(39.9), Some("m")),
        told("c.wav", "", 1.0, None, None),
        Clip { sound: Sound::Unread, ..clip(SourceKind::Folder, "d.wav", "sick") },
    ];
    StudyView { clips: clips.map(Arc::new).into(), ..StudyView::default() }
}

/// What a facet offers under a filter, in words.
fn offered(facet: Facet, view: &StudyView, scores: &Scores, filter: &Filter) -> Vec<(String, usize)> {
    let choices = facet.choices(view, scores, filter).into_iter();
    choices.map(|(condition, recordings)| (condition.words(view), recordings)).collect()
}

#[test]
fn values_are_offered_in_their_order_and_lead_to_their_recordings() {
    let view = told_apart();
    let values = [Some(0.95), Some(0.31), Some(0.39), None];
    let score = |value: f64| Score { value, label: Label::Sick, part: None, outcome: Outcome::Correct };
    let scores = Scores::new("run".into(), 0.5, values.map(|value| value.map(score)).to_vec());
    for (facet, expected) in [
        (Facet::Score, vec![("0.3–0.4", 2), ("0.9–1.0", 1), ("Not scored", 1)]),
        (Facet::Duration, vec![("1–2 s", 2), ("2–4 s", 1), ("Not read", 1)]),
        (Facet::Rate, vec![("16 kHz", 3), ("Not read", 1)]),
        (Facet::Format, vec![("Opus in OGG", 1), ("PCM in OGG", 2), ("Not read", 1)]),
        (Facet::Year, vec![("2020", 1), ("2021", 1), ("Not stated", 2)]),
        (Facet::Age, vec![("30–39 years", 2), ("Not stated", 2)]),
        (Facet::Sex, vec![("Female", 1), ("Male", 1), ("Not stated", 2)]),
    ] {
        let words = offered(facet, &view, &scores, &Filter::default());
        assert_eq!(words, expected.into_iter().map(|(words, count)| (words.to_owned(), count)).collect::<Vec<_>>());
        for (condition, recordings) in facet.choices(&view, &scores, &Filter::default()) {
            assert_eq!(condition.facet(), facet);
            assert_eq!(Filter::of([condition.clone()]).choose(&view, &scores).len(), recordings, "{condition:?}");
        }
    }
}

#[test]
fn a_facet_counts_among_what_the_others_and_the_text_admit() {
    let (view, none) = (told_apart(), Scores::default());
    let mut filter = Filter::of([Condition::Sex(Sex::Female), Condition::Year(2020)]);
    let pairs =
        |words: &[(&str, usize)]| words.iter().map(|(words, count)| ((*words).to_owned(), *count)).collect::<Vec<_>>();
    assert_eq!(offered(Facet::Age, &view, &none, &filter), pairs(&[("30–39 years", 1)]));
    assert_eq!(offered(Facet::Year, &view, &none, &filter), pairs(&[("2020", 1)]), "its own condition does not count");
    filter.text = "b.wav".into();
    assert_eq!(offered(Facet::Age, &view, &none, &filter), pairs(&[]));
    assert_eq!(
        offered(Facet::Year, &view, &none, &filter),
        pairs(&[("2020", 0)]),
        "what is asked for stays in the menu"
    );
}
