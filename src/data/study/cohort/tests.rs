use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::data::quality::Flag;
use crate::data::scan::SourceScan;
use crate::data::study::Study;
use crate::data::{Decision, LabelPolicy, Opinion, Sound, SoundFacts, SourceKind, Subject};
use crate::units::{SampleRate, Seconds};

/// Measured once: that takes longer than what is tested here.
fn facts() -> SoundFacts {
    static FACTS: LazyLock<SoundFacts> = LazyLock::new(SoundFacts::for_tests);
    FACTS.clone()
}

/// A person's recording: `status` decides its class.
fn clip(source: SourceKind, person: usize, take: usize, status: &str) -> Clip {
    let id = PersonId(format!("{}:p{person}", source.id()));
    let path = format!("{}/p{person}-{take}.wav", source.id());
    let sound = Sound::Read(facts());
    Clip { sound, cough_detected: Some(1.0), ..Clip::new(path.into(), source, id, status) }
}

fn of_age(clip: Clip, age: Option<f32>, sex: &str) -> Clip {
    let subject = Subject { age, sex: Some(sex.to_owned()).filter(|sex| !sex.is_empty()), ..clip.subject };
    Clip { subject, ..clip }
}

fn at_rate(clip: Clip, hz: u32) -> Clip {
    let facts = SoundFacts { rate: SampleRate::new(hz).unwrap(), ..facts() };
    Clip { sound: Sound::Read(facts), ..clip }
}

/// The view of a study with these datasets; nothing is left out for its sound.
fn view(datasets: Vec<(SourceKind, Vec<Clip>)>) -> StudyView {
    view_under(LabelPolicy::default(), datasets)
}

fn view_under(policy: LabelPolicy, datasets: Vec<(SourceKind, Vec<Clip>)>) -> StudyView {
    let mut study = Study::new(policy, crate::data::split::SplitConfig::default());
    for (kind, clips) in datasets {
        study.add(SourceScan { kind, root: kind.id().into(), clips, notes: Vec::new() }, None);
    }
    study.view()
}

/// `[healthy, sick]` of two recordings for each person, with the class as the statuses of a folder.
fn people(source: SourceKind, from: usize, healthy: usize, sick: usize) -> Vec<Clip> {
    let both = [("healthy", healthy), (if source == SourceKind::Coughvid { "COVID-19" } else { "sick" }, sick)];
    let statuses = both.into_iter().flat_map(|(status, count)| std::iter::repeat_n(status, count));
    let person = |(place, status)| (0..2).map(move |take| clip(source, from + place, take, status));
    statuses.enumerate().flat_map(person).collect()
}

fn counts(breakdown: &Breakdown) -> Vec<(&str, [usize; 2], [usize; 2])> {
    let of = |level: &Level, which: fn(&ClassCount) -> usize| level.classes.each_ref().map(which);
    let row = |level| (of(level, |class| class.recordings), of(level, |class| class.people));
    breakdown.levels.iter().map(|level| (level.name.as_str(), row(level).0, row(level).1)).collect()
}

#[test]
fn a_small_study_is_counted_as_by_hand() {
    let mut clips = vec![
        at_rate(of_age(clip(SourceKind::Folder, 1, 0, "healthy"), Some(34.0), "f"), 48_000),
        at_rate(of_age(clip(SourceKind::Folder, 1, 1, "healthy"), Some(34.0), "f"), 16_000),
        at_rate(of_age(clip(SourceKind::Folder, 2, 0, "healthy"), None, ""), 48_000),
        at_rate(of_age(clip(SourceKind::Folder, 3, 0, "sick"), Some(71.0), "male"), 44_100),
        at_rate(of_age(clip(SourceKind::Folder, 4, 0, "sick"), Some(8.0), "diverse"), 48_000),
    ];
    clips.push(Clip { decision: Some(Decision::Exclude), ..clip(SourceKind::Folder, 5, 0, "sick") });
    clips.push(Clip { decision: Some(Decision::Sick), ..clip(SourceKind::Folder, 6, 0, "healthy") });
    let view = view(vec![(SourceKind::Folder, clips)]);
    let cohort = Cohort::of(&view);
    assert_eq!(cohort.left_out, 1);
    let count = |people, recordings| ClassCount { people, recordings };
    assert_eq!(cohort.classes, [count(2, 3), count(3, 3)]);
    let by = |attribute| counts(cohort.by(attribute).unwrap());
    assert_eq!(by(Attribute::Dataset), [("folder", [3, 3], [2, 3])]);
    assert_eq!(
        by(Attribute::Age),
        [
            ("<20", [0, 1], [0, 1]),
            ("20–29", [0, 0], [0, 0]),
            ("30–39", [2, 0], [1, 0]),
            ("40–49", [0, 0], [0, 0]),
            ("50–59", [0, 0], [0, 0]),
            ("60–69", [0, 0], [0, 0]),
            ("70+", [0, 1], [0, 1]),
            ("Not stated", [1, 1], [1, 1])
        ]
    );
    assert_eq!(
        by(Attribute::Sex),
        [
            ("Female", [2, 0], [1, 0]),
            ("Male", [0, 1], [0, 1]),
            ("Other", [0, 1], [0, 1]),
            ("Not stated", [1, 1], [1, 1])
        ]
    );
    assert_eq!(
        by(Attribute::SampleRate),
        [("16 kHz", [1, 1], [1, 1]), ("44.1 kHz", [0, 1], [0, 1]), ("48 kHz", [2, 1], [2, 1])]
    );
    assert_eq!(by(Attribute::Origin), [("Folder or table", [3, 2], [2, 2]), ("Decided by hand", [0, 1], [0, 1])]);
    assert_eq!(by(Attribute::Duration), [("1–2", [3, 3], [2, 3])]);
    assert_eq!(by(Attribute::Format), [("PCM in WAV", [3, 3], [2, 3])]);
    assert_eq!(cohort.by(Attribute::Year), None, "no folder tells when");
    assert_eq!(cohort.findings(), [], "too few people to say anything");
}

#[test]
fn classes_from_different_datasets_are_found_and_said() {
    let mut coughvid = people(SourceKind::Coughvid, 0, 40, 3);
    coughvid.iter_mut().for_each(|clip| clip.subject.recorded = "2020-05-01".into());
    let view = view(vec![(SourceKind::Coughvid, coughvid), (SourceKind::Folder, people(SourceKind::Folder, 0, 2, 35))]);
    let finding = &Cohort::of(&view).findings()[0];
    assert_eq!((finding.attribute, finding.strength), (Attribute::Dataset, Strength::Strong));
    assert_eq!(finding.headline, "Sick and healthy people come from different datasets.");
    // 40 * 35 pairs are told apart, 40 * 3 + 2 * 35 are tied, and 2 * 3 are told wrongly.
    let auc = (40.0 * 35.0 + 0.5 * (40.0 * 3.0 + 2.0 * 35.0)) / (42.0 * 38.0);
    assert!((finding.auc - auc).abs() < 1e-9, "{} is {auc}", finding.auc);
    assert!(finding.details.contains("folder: 95 % of the people are sick; COUGHVID: 7 %."), "{}", finding.details);
    let association = Cohort::of(&view).by(Attribute::Dataset).unwrap().association.unwrap();
    assert!(association.cramers_v.unwrap() > 0.8 && association.people == [42, 38]);
    assert!(association.interval.unwrap().low > 0.8);
    let origin = Cohort::of(&view).findings().into_iter().find(|finding| finding.attribute == Attribute::Origin);
    assert!(origin.is_some(), "the labels of one dataset are self-reported, those of the other are not");
}

#[test]
fn perfect_separation_has_no_interval_but_is_strong() {
    let folder = |healthy, sick| people(SourceKind::Folder, 0, healthy, sick);
    let view =
        view(vec![(SourceKind::Coughvid, people(SourceKind::Coughvid, 0, 8, 0)), (SourceKind::Folder, folder(0, 9))]);
    let finding = &Cohort::of(&view).findings()[0];
    assert_eq!((finding.strength, finding.auc), (Strength::Strong, 1.0));
    assert!(!finding.evidence.contains("interval"), "{}", finding.evidence);
    assert!(finding.details.contains("Few people: 8 people are healthy and 9 sick"), "{}", finding.details);
}

#[test]
fn balanced_datasets_give_nothing_away() {
    let view = view(vec![
        (SourceKind::Coughvid, people(SourceKind::Coughvid, 0, 30, 30)),
        (SourceKind::Folder, people(SourceKind::Folder, 0, 20, 20)),
    ]);
    assert_eq!(Cohort::of(&view).findings(), []);
    let association = Cohort::of(&view).by(Attribute::Dataset).unwrap().association.unwrap();
    assert_eq!(association.cramers_v, Some(0.0));
    assert!(association.auc < 0.55, "{}", association.auc);
}

#[test]
fn chance_in_small_groups_is_no_finding() {
    // Ages that have nothing to do with the class: in-sample, seven groups of few people would tell them apart.
    let mut clips = people(SourceKind::Folder, 0, 30, 30);
    let scatter = |person: usize| (xxh3_64(&person.to_le_bytes()) % 70) as f32 + 15.0;
    for (place, clip) in clips.iter_mut().enumerate() {
        clip.subject.age = Some(scatter(place / 2));
    }
    let view = view(vec![(SourceKind::Folder, clips)]);
    assert!(Cohort::of(&view).by(Attribute::Age).unwrap().association.is_some());
    assert_eq!(Cohort::of(&view).findings(), []);
}

#[test]
fn one_class_or_nobody_is_counted_without_findings() {
    let view = view(vec![(SourceKind::Folder, people(SourceKind::Folder, 0, 0, 12))]);
    let cohort = Cohort::of(&view);
    assert!(!cohort.has_both_classes() && !cohort.is_empty());
    assert!(cohort.breakdowns.iter().all(|breakdown| breakdown.association.is_none()));
    assert!(Cohort::of(&StudyView::default()).is_empty());
}

#[test]
fn experts_are_compared_with_the_label_whatever_their_role() {
    let heard = |person, status, diagnoses: &[&str]| {
        let opinion = |diagnosis: &&str| Opinion { diagnosis: (*diagnosis).to_owned(), ..Opinion::default() };
        let opinions = diagnoses.iter().map(opinion).collect();
        Clip { opinions, ..clip(SourceKind::Coughvid, person, 0, status) }
    };
    let clips = vec![
        heard(1, "healthy", &["healthy_cough"]),
        heard(2, "healthy", &["COVID-19", "COVID-19", "healthy_cough"]),
        heard(3, "COVID-19", &["COVID-19", "healthy_cough"]),
        heard(4, "COVID-19", &[]),
    ];
    let self_reported = view(vec![(SourceKind::Coughvid, clips.clone())]);
    assert_eq!(
        counts(Cohort::of(&self_reported).by(Attribute::Experts).unwrap()),
        [
            ("Found the same", [1, 0], [1, 0]),
            ("Found the other class", [1, 0], [1, 0]),
            ("Were divided", [0, 1], [0, 1]),
            ("No expert's diagnosis", [0, 1], [0, 1])
        ]
    );
    let policy = LabelPolicy { experts: crate::data::policy::ExpertRole::Decides, ..LabelPolicy::default() };
    let decided = view_under(policy, vec![(SourceKind::Coughvid, clips)]);
    assert_eq!(
        counts(Cohort::of(&decided).by(Attribute::Origin).unwrap()),
        [("Said by the person", [0, 1], [0, 1]), ("Experts who listened", [1, 1], [1, 1])]
    );
}

#[test]
fn a_recording_counts_for_each_of_its_flags() {
    let flagged = |person, flags: &[Flag]| {
        let flags = flags.iter().copied().collect();
        Clip { flags, verdict: crate::data::Verdict::Use(Label::Sick), ..clip(SourceKind::Folder, person, 0, "sick") }
    };
    let clips = [flagged(1, &[]), flagged(2, &[Flag::Clipped, Flag::LowSnr]), flagged(3, &[Flag::LowSnr])];
    let members: Vec<Member<'_>> =
        clips.iter().enumerate().map(|(unit, clip)| Member { clip, label: Label::Sick, unit, source: 0 }).collect();
    let units = [Unit { label: Label::Sick, fold: 0 }; 3];
    let by = Breakdown::of(Attribute::Quality, &StudyView::default(), &members, &units).unwrap();
    let expected = [("Nothing found", [0, 1], [0, 1]), ("Clipped", [0, 1], [0, 1]), ("Noisy", [0, 2], [0, 2])];
    assert_eq!(counts(&by), expected);
    assert_eq!(by.levels[2].condition, Some(Condition::Flag(Flag::LowSnr)));
}

#[test]
fn rare_values_become_one() {
    let rates = (0..20).map(|index| 8_000 + 100 * index);
    let clips: Vec<Clip> = rates
        .enumerate()
        .flat_map(|(place, hz)| {
            let takes = if place < 5 { 3 } else { 1 };
            (0..takes).map(move |take| at_rate(clip(SourceKind::Folder, place, take, "sick"), hz))
        })
        .collect();
    let view = view(vec![(SourceKind::Folder, clips)]);
    let cohort = Cohort::of(&view);
    let levels = &cohort.by(Attribute::SampleRate).unwrap().levels;
    assert_eq!(levels.len(), 6);
    assert_eq!((levels[5].name.as_str(), levels[5].recordings(), levels[5].people()), ("Others", 15, 15));
}

/// Whether a recording is COUGHVID's, its person, whether that is sick, their age, and its sample rate.
type Row = (bool, usize, bool, Option<f32>, u32);

/// Any recordings of any people, in two datasets.
fn any_clips() -> impl Strategy<Value = Vec<Row>> {
    let rate = prop_oneof![Just(16_000_u32), Just(44_100), Just(48_000)];
    let age = prop_oneof![Just(None), (1.0_f32..95.0).prop_map(Some)];
    prop::collection::vec((any::<bool>(), 0_usize..25, any::<bool>(), age, rate), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn counts_add_up_and_the_order_does_not_matter(rows in any_clips(), turn in 0_usize..80) {
        let made = |rows: &[(usize, Row)]| {
            let of = |coughvid: bool| -> Vec<Clip> {
                let own = rows.iter().filter(|(_, row)| row.0 == coughvid);
                own.map(|(take, (_, person, sick, age, hz))| {
                    let (source, ill) =
                        if coughvid { (SourceKind::Coughvid, "COVID-19") } else { (SourceKind::Folder, "sick") };
                    let status = if *sick { ill } else { "healthy" };
                    at_rate(of_age(clip(source, *person, *take, status), *age, ""), *hz)
                }).collect()
            };
            view(vec![(SourceKind::Coughvid, of(true)), (SourceKind::Folder, of(false))])
        };
        let rows: Vec<_> = rows.into_iter().enumerate().collect();
        let mut turned = rows.clone();
        turned.rotate_left(turn.min(rows.len()));
        let (one, other) = (Cohort::of(&made(&rows)), Cohort::of(&made(&turned)));
        prop_assert_eq!(&one, &other);
        let used: usize = one.classes.iter().map(|class| class.recordings).sum();
        prop_assert_eq!(used + one.left_out, rows.len());
        for breakdown in &one.breakdowns {
            prop_assert!(breakdown.levels.len() <= MOST_LEVELS);
            prop_assert!(breakdown.levels.last().is_some_and(|level| level.recordings() > 0));
            if breakdown.attribute.is_exclusive() {
                let sum: usize = breakdown.levels.iter().map(Level::recordings).sum();
                prop_assert_eq!(sum, used, "{:?}", breakdown.attribute);
            }
            if let Some(association) = breakdown.association {
                prop_assert!((0.0..=1.0).contains(&association.auc));
                prop_assert!(association.cramers_v.is_none_or(|v| (0.0..=1.0).contains(&v)));
            }
        }
    }
}

#[test]
fn a_large_study_is_counted_in_a_moment() {
    let mut clips = people(SourceKind::Folder, 0, 12_000, 5_500);
    for (place, clip) in clips.iter_mut().enumerate() {
        let facts = SoundFacts { duration: Seconds((place % 97 + 4) as f64 / 4.0), ..facts() };
        clip.sound = Sound::Read(facts);
        clip.subject = Subject { age: Some((place % 80) as f32), sex: Some("male".into()), ..Subject::default() };
    }
    let view = view(vec![(SourceKind::Folder, clips)]);
    let clock = Instant::now();
    let cohort = Cohort::of(&view);
    let took = clock.elapsed();
    eprintln!("{} recordings in {took:?}", view.clips.len());
    assert_eq!(cohort.classes.iter().map(|class| class.recordings).sum::<usize>(), 35_000);
    // Far above what it takes, as other work may share the machine.
    assert!(took.as_secs_f64() < 1.0, "{took:?}");
}
