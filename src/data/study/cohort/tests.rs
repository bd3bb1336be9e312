use std::sync::LazyLock;

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

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

/// Its counts, waited for.
fn counted(view: &StudyView) -> Cohort {
    Cohort::of(view, &|| ControlFlow::Continue(())).unwrap()
}

fn association(cohort: &Cohort, attribute: Attribute) -> Association {
    *cohort.by(attribute).unwrap().value.association().unwrap()
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
    let cohort = counted(&view);
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
    let finding = &counted(&view).findings()[0];
    assert_eq!((finding.attribute, finding.strength), (Attribute::Dataset, Strength::Strong));
    assert_eq!(finding.headline, "Sick and healthy people come from different datasets.");
    // 40 * 35 pairs are told apart, 40 * 3 + 2 * 35 are tied, and 2 * 3 are told wrongly.
    let auc = (40.0 * 35.0 + 0.5 * (40.0 * 3.0 + 2.0 * 35.0)) / (42.0 * 38.0);
    assert!((finding.auc - auc).abs() < 1e-9, "{} is {auc}", finding.auc);
    assert!(finding.details.contains("folder: 95 % of the people are sick; COUGHVID: 7 %."), "{}", finding.details);
    let association = association(&counted(&view), Attribute::Dataset);
    assert!(association.cramers_v.unwrap() > 0.8 && association.people == [42, 38]);
    assert!(association.interval.unwrap().low > 0.8);
    let origin = counted(&view).findings().into_iter().find(|finding| finding.attribute == Attribute::Origin);
    assert!(origin.is_some(), "the labels of one dataset are self-reported, those of the other are not");
}

#[test]
fn perfect_separation_is_as_certain_as_its_people_are_many() {
    let folder = |healthy, sick| people(SourceKind::Folder, 0, healthy, sick);
    let view =
        view(vec![(SourceKind::Coughvid, people(SourceKind::Coughvid, 0, 8, 0)), (SourceKind::Folder, folder(0, 9))]);
    let finding = &counted(&view).findings()[0];
    assert_eq!((finding.strength, finding.auc), (Strength::Strong, 1.0));
    let evidence = &finding.evidence;
    assert!(
        evidence.contains("every one of 17 people apart with an AUC of 1.00 (95 % interval 0.63 to 1.00"),
        "{evidence}"
    );
    assert!(finding.details.contains("Few people: 8 people are healthy and 9 sick"), "{}", finding.details);
}

#[test]
fn balanced_datasets_give_nothing_away() {
    let view = view(vec![
        (SourceKind::Coughvid, people(SourceKind::Coughvid, 0, 30, 30)),
        (SourceKind::Folder, people(SourceKind::Folder, 0, 20, 20)),
    ]);
    assert_eq!(counted(&view).findings(), []);
    let association = association(&counted(&view), Attribute::Dataset);
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
    assert!(association(&counted(&view), Attribute::Age).p_value > 0.05);
    assert_eq!(counted(&view).findings(), []);
}

/// Sixty healthy and sixty sick people, each with an age from its class, from 20 up to 80 years.
fn aged(random: &mut ChaCha8Rng, old_share: [f64; 2]) -> StudyView {
    let mut clips = people(SourceKind::Folder, 0, 60, 60);
    for own in clips.chunks_mut(2) {
        let is_old = random.random_bool(old_share[usize::from(own[0].status == "sick")]);
        let years = if is_old { 60.0..80.0_f32 } else { 20.0..60.0 };
        let (age, sex) = (random.random_range(years), if random.random_bool(0.5) { "f" } else { "m" });
        let stated = random.random_bool(0.8);
        for clip in own {
            clip.subject =
                Subject { age: stated.then_some(age), sex: Some(sex.to_owned()), ..std::mem::take(&mut clip.subject) };
        }
    }
    view(vec![(SourceKind::Folder, clips)])
}

/// In how many of a hundred studies anything is shown, and in how many the age.
fn shown(old_share: [f64; 2]) -> (usize, usize) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let (mut anything, mut age) = (0, 0);
    for _ in 0..100 {
        let cohort = counted(&aged(&mut random, old_share));
        let judged = cohort.breakdowns.iter().flat_map(Breakdown::judgements);
        anything += usize::from(judged.filter_map(|(_, judgement)| judgement.association()?.strength()).count() > 0);
        age += usize::from(association(&cohort, Attribute::Age).strength().is_some());
    }
    (anything, age)
}

#[test]
fn a_shift_is_shown_in_most_studies_and_chance_in_one_of_twenty() {
    let (anything, _) = shown([0.24, 0.24]);
    assert!((1..=9).contains(&anything), "{anything} of 100 studies in which nothing differs");
    let (_, age) = shown([0.10, 0.38]);
    assert!(age >= 60, "{age} of 100 studies in which 10 % and 38 % of the people are old");
}

#[test]
fn what_was_not_shown_is_not_said_to_be_absent() {
    let cohort = counted(&aged(&mut ChaCha8Rng::seed_from_u64(3), [0.24, 0.24]));
    assert_eq!(cohort.findings(), []);
    let possible = |association: &Association| format!("({:.2})", association.possible().unwrap());
    let stated = cohort.by(Attribute::Age).unwrap().stated.unwrap();
    let of_everybody = format!(
        "with 120 people for whether the age is stated {}, the sex {}; with ",
        possible(stated.association().unwrap()),
        possible(&association(&cohort, Attribute::Sex))
    );
    let remarks = cohort.remarks();
    let head = "No difference was shown, which does not rule one out. An AUC up to the one given would be possible ";
    assert!(remarks[0].starts_with(&format!("{head}{of_everybody}")), "{remarks:?}");
    assert!(remarks[0].contains(" people for the age (0."), "{remarks:?}");
    let unjudged = "Could not be judged: the dataset (one value only), where the label comes from (one value only), the \
                    duration (one value only), the sample rate (one value only), the file format (one value only), the \
                    year (nothing is known), the quality flags (one value only).";
    assert_eq!(remarks[1], unjudged);
    let line = cohort.by(Attribute::Sex).unwrap().in_a_line();
    assert!(line.starts_with("No difference was shown: with 120 people, an AUC up to 0."), "{line}");
}

#[test]
fn too_few_known_values_are_said_with_their_numbers() {
    let mut clips = people(SourceKind::Folder, 0, 30, 30);
    for (place, clip) in clips.iter_mut().enumerate().filter(|(place, _)| *place < 6 || *place >= 102) {
        clip.subject.age = Some(20.0 + place as f32 / 2.0);
    }
    let cohort = counted(&view(vec![(SourceKind::Folder, clips)]));
    let age = cohort.by(Attribute::Age).unwrap();
    assert_eq!(age.value, Judgement::Unjudged(Unjudged::TooFewPeople([3, 9])));
    assert_eq!(age.in_a_line(), "Not judged: too few people: known of 3 healthy and 9 sick, and 5 of each are needed");
}

#[test]
fn what_is_not_stated_of_one_class_is_a_finding() {
    let mut clips = people(SourceKind::Folder, 0, 40, 40);
    for (place, clip) in clips.iter_mut().enumerate() {
        // Of the healthy all but four, of the sick only half state a sex, and as often this as that.
        let person = place / 2;
        let unstated = if person < 40 { person % 10 == 0 } else { person % 2 == 0 };
        clip.subject.sex = (!unstated).then(|| if person % 4 < 2 { "f" } else { "m" }.to_owned());
    }
    let cohort = counted(&view(vec![(SourceKind::Folder, clips)]));
    let findings = cohort.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    let found = &findings[0];
    assert_eq!((found.attribute, found.aspect, found.strength), (Attribute::Sex, Aspect::Stated, Strength::Moderate));
    assert_eq!(found.headline, "The sex is stated of one class more often than of the other.");
    assert_eq!(found.details, "Not stated: 50 % of the sick people and 10 % of the healthy.");
    let line = cohort.by(Attribute::Sex).unwrap().in_a_line();
    assert!(line.ends_with("; whether it is stated, AUC 0.70 over 80 people: moderate"), "{line}");
}

#[test]
fn recordings_of_one_person_are_no_more_evidence() {
    // Twelve people in two datasets, each with very many recordings.
    let many = |source, from, healthy, sick| -> Vec<Clip> {
        let takes = |own: Clip| {
            (0..40).map(move |take| Clip {
                path: own.path.with_file_name(format!("{take}-{}", own.path.file_name().unwrap().display())),
                ..own.clone()
            })
        };
        people(source, from, healthy, sick).into_iter().flat_map(takes).collect()
    };
    let datasets = vec![
        (SourceKind::Coughvid, many(SourceKind::Coughvid, 0, 4, 2)),
        (SourceKind::Folder, many(SourceKind::Folder, 10, 2, 4)),
    ];
    let found = association(&counted(&view(datasets)), Attribute::Dataset);
    assert_eq!(found.people, [6, 6]);
    assert!(found.p_value > 0.3, "{found:?}");
}

#[test]
fn counting_that_is_stopped_gives_nothing() {
    let view = view(vec![(SourceKind::Folder, people(SourceKind::Folder, 0, 10, 10))]);
    assert_eq!(Cohort::of(&view, &|| ControlFlow::Break(())), None);
}

#[test]
fn one_class_or_nobody_is_counted_without_findings() {
    let view = view(vec![(SourceKind::Folder, people(SourceKind::Folder, 0, 0, 12))]);
    let cohort = counted(&view);
    assert!(!cohort.has_both_classes() && !cohort.is_empty());
    assert!(cohort.breakdowns.iter().all(|breakdown| breakdown.value.association().is_none()));
    assert!(counted(&StudyView::default()).is_empty());
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
        counts(counted(&self_reported).by(Attribute::Experts).unwrap()),
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
        counts(counted(&decided).by(Attribute::Origin).unwrap()),
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
    let members: Vec<Member<'_>> = clips
        .iter()
        .enumerate()
        .map(|(unit, clip)| Member { clip, label: Label::Sick, unit, source: 0, listed: None })
        .collect();
    let units = [Unit { label: Label::Sick, fold: 0 }; 3];
    let by = Breakdown::of(Attribute::Quality, &StudyView::default(), &members, &units, &|| ControlFlow::Continue(()))
        .unwrap();
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
    let cohort = counted(&view);
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
        let (one, other) = (counted(&made(&rows)), counted(&made(&turned)));
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
            for association in breakdown.judgements().filter_map(|(_, judgement)| judgement.association()) {
                prop_assert!((0.0..=1.0).contains(&association.auc));
                prop_assert!((association.p_value..=1.0).contains(&association.p_adjusted));
                prop_assert!(association.cramers_v.is_none_or(|v| (0.0..=1.0).contains(&v)));
            }
        }
    }
}

#[test]
fn everyone_of_a_large_study_is_counted() {
    let mut clips = people(SourceKind::Folder, 0, 12_000, 5_500);
    for (place, clip) in clips.iter_mut().enumerate() {
        let facts = SoundFacts { duration: Seconds((place % 97 + 4) as f64 / 4.0), ..facts() };
        clip.sound = Sound::Read(facts);
        clip.subject = Subject { age: Some((place % 80) as f32), sex: Some("male".into()), ..Subject::default() };
    }
    let view = view(vec![(SourceKind::Folder, clips)]);
    let cohort = counted(&view);
    assert_eq!(cohort.classes.iter().map(|class| class.recordings).sum::<usize>(), 35_000);
}
