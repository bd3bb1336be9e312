//! Of the label policy: defaults, choices, experts, hands.

use super::*;
use crate::data::{Obstacle, Opinion, PersonId};

fn clip(source: SourceKind, status: &str) -> Clip {
    let sound = Sound::Read(crate::data::SoundFacts::for_tests());
    Clip { cough_detected: Some(1.0), sound, ..Clip::new("a.wav".into(), source, PersonId("p".into()), status) }
}

fn decide(policy: &LabelPolicy, source: SourceKind, status: &str) -> Verdict {
    policy.decide(&clip(source, status))
}

#[test]
fn defaults_follow_the_rules() {
    let policy = LabelPolicy::default();
    for rule in RULES {
        assert_eq!(policy.treatment(rule.source, rule.status), Some(rule.default), "{rule:?}");
        let expected = match rule.default {
            Treatment::Healthy => Some(Label::Healthy),
            Treatment::Sick => Some(Label::Sick),
            Treatment::Exclude => None,
        };
        assert_eq!(decide(&policy, rule.source, rule.status).label(), expected, "{rule:?}");
    }
}

#[test]
fn no_status_is_listed_twice() {
    for (i, rule) in RULES.iter().enumerate() {
        let twin = RULES[..i].iter().find(|r| r.source == rule.source && r.status.eq_ignore_ascii_case(rule.status));
        assert_eq!(twin, None);
    }
}

#[test]
fn unknown_statuses_are_left_out_by_name() {
    let policy = LabelPolicy::default();
    let Verdict::Exclude(reason) = decide(&policy, SourceKind::Coswara, "vaccinated") else { panic!("it is left out") };
    assert_eq!(reason.to_string(), "unknown status \"vaccinated\"");
    let Verdict::Exclude(reason) = decide(&policy, SourceKind::Coswara, &"é".repeat(10_000)) else {
        panic!("an unknown status is left out");
    };
    assert!(reason.to_string().chars().count() < 110, "{reason}");
}

#[test]
fn a_status_of_one_dataset_says_nothing_of_another() {
    let verdict = decide(&LabelPolicy::default(), SourceKind::Virufy, "positive_mild");
    assert_eq!(verdict, Verdict::Exclude(Reason::UnknownStatus("positive_mild".into())));
}

#[test]
fn a_change_replaces_the_row_whatever_its_case() {
    let mut policy = LabelPolicy::default();
    policy.set(SourceKind::Coughvid, "covid-19", Treatment::Exclude);
    let verdict = decide(&policy, SourceKind::Coughvid, "COVID-19");
    assert_eq!(verdict, Verdict::Exclude(Reason::Choice("COVID-19".into())));
    assert_eq!(policy.labels[&SourceKind::Coughvid].len(), 4, "no second row");
    policy.set(SourceKind::Coswara, "recovered_full", Treatment::Healthy);
    assert_eq!(decide(&policy, SourceKind::Coswara, "recovered_full"), Verdict::Use(Label::Healthy));
}

#[test]
fn a_policy_survives_json_and_toml_and_fills_gaps() {
    let mut policy = LabelPolicy::default();
    policy.set(SourceKind::Coughvid, "symptomatic", Treatment::Exclude);
    policy.coswara_cough = CoughKind::Both;
    let json = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<LabelPolicy>(&json).unwrap(), policy);
    let text = toml::to_string(&policy).unwrap();
    assert_eq!(toml::from_str::<LabelPolicy>(&text).unwrap(), policy);

    let partial: LabelPolicy = toml::from_str("[labels.coughvid]\nsymptomatic = \"exclude\"\n").unwrap();
    assert_eq!(partial.min_cough_detected.to_bits(), 0.8_f64.to_bits());
    assert_eq!(partial.treatment(SourceKind::Coughvid, "symptomatic"), Some(Treatment::Exclude));
    assert_eq!(partial.treatment(SourceKind::Coswara, "positive_mild"), Some(Treatment::Sick));
}

#[test]
fn experts_decide_only_as_far_as_they_may() {
    let opinion = |diagnosis: &str| Opinion { diagnosis: diagnosis.into(), ..Opinion::default() };
    let cases = [
        (&["lower_infection"][..], Verdict::Use(Label::Sick)),
        (&["healthy_cough", "COVID-19", "HEALTHY_COUGH"], Verdict::Use(Label::Healthy)),
        (&["healthy_cough", "covid-19"], Verdict::Exclude(Reason::ExpertsDisagree)),
        (&["", "something new"], Verdict::Use(Label::Healthy)),
    ];
    for (diagnoses, by_experts) in cases {
        let mut said = clip(SourceKind::Coughvid, "healthy");
        said.opinions = diagnoses.iter().map(|diagnosis| opinion(diagnosis)).collect();
        let with = |experts, clip: &Clip| LabelPolicy { experts, ..LabelPolicy::default() }.decide(clip);
        assert_eq!(with(ExpertRole::Decides, &said), by_experts, "{diagnoses:?}");
        for role in [ExpertRole::Ignored, ExpertRole::Fills] {
            assert_eq!(with(role, &said), Verdict::Use(Label::Healthy), "{role:?} {diagnoses:?}");
        }
    }
    let blank = Clip { opinions: vec![opinion("COVID-19")], ..clip(SourceKind::Coughvid, "") };
    let mut policy = LabelPolicy { experts: ExpertRole::Fills, ..LabelPolicy::default() };
    assert_eq!(policy.decide(&blank), Verdict::Use(Label::Sick));
    policy.set_diagnosis("covid-19", Treatment::Exclude);
    assert_eq!(policy.decide(&blank).label(), None, "the user may change this row as well");
}

#[test]
fn what_a_person_decides_comes_before_the_policy_but_makes_no_sound() {
    let policy = LabelPolicy::default();
    let decided = |decision, clip: Clip| policy.decide(&Clip { decision: Some(decision), ..clip });
    let recovered = clip(SourceKind::Coswara, "recovered_full");
    assert_eq!(decided(Decision::Healthy, recovered.clone()), Verdict::Use(Label::Healthy));
    assert_eq!(decided(Decision::Sick, recovered.clone()), Verdict::Use(Label::Sick));
    assert_eq!(decided(Decision::Exclude, recovered), Verdict::Exclude(Reason::ByHand));
    let soft = Clip { cough_detected: Some(0.1), ..clip(SourceKind::Coughvid, "healthy") };
    assert_eq!(policy.decide(&soft), Verdict::Exclude(Reason::CoughBelow(0.8)));
    assert_eq!(decided(Decision::Use, soft), Verdict::Use(Label::Healthy));
    let absent = Clip { obstacle: Some(Obstacle::NoAudioFile), ..clip(SourceKind::Coswara, "healthy") };
    assert_eq!(decided(Decision::Use, absent).label(), None);
    let broken = Clip { sound: Sound::Unreadable("no samples".into()), ..clip(SourceKind::Coswara, "healthy") };
    assert_eq!(decided(Decision::Sick, broken), Verdict::Unreadable("no samples".into()));
}
