//! What `evaluate` says of anyone's predictions.

use std::path::Path;

use serde_json::Value;

use crate::{coughscope, failure, json};

/// 40 people with three recordings each, every second sick; `shift` is by how much the sick score higher.
fn predictions(folder: &Path, name: &str, shift: f64) {
    let mut table = String::from("path,person,label,score\n");
    for person in 0..40 {
        for recording in 0..3 {
            // Golden-ratio steps fill [0, 1) evenly; the person moves all three.
            let noise = (f64::from(person * 7 + recording * 3 + 1) * 0.618_034).fract();
            let score = 0.3 * noise + 0.4 * (f64::from(person) * 0.618_034).fract() + shift * f64::from(person % 2);
            let dataset = if person < 20 { "north" } else { "south" };
            table += &format!("{dataset}/{person}-{recording}.wav,{dataset}:{person},{},{score}\n", person % 2);
        }
    }
    std::fs::write(folder.join(name), table).unwrap();
}

fn answer(folder: &Path, arguments: &[&str]) -> Value {
    let draws: &[&str] = if arguments.contains(&"--bootstrap") { &[] } else { &["--bootstrap", "200"] };
    json(&coughscope(folder, &[&["evaluate", "--predictions", "a.csv", "--json"], draws, arguments].concat()))
}

fn interval(answer: &Value, metric: &str) -> [f64; 2] {
    let [low, high] = [0, 1].map(|end| answer["intervals"][metric][end].as_f64().unwrap());
    assert!(low <= high, "{metric}");
    [low, high]
}

#[test]
fn every_number_has_an_interval_by_person() {
    let folder = tempfile::tempdir().unwrap();
    predictions(folder.path(), "a.csv", 0.2);
    let found = answer(folder.path(), &[]);
    assert_eq!((&found["n"], &found["people"], &found["by"]), (&120.into(), &40.into(), &"recording".into()));
    for metric in ["auc", "average_precision", "sensitivity", "specificity", "mcc", "brier"] {
        let [low, high] = interval(&found, metric);
        let value = found[metric].as_f64().unwrap();
        assert!(low <= value && value <= high && high - low > 0.01, "{metric}: {value} in {low} to {high}");
    }
    assert_eq!(answer(folder.path(), &[])["intervals"], found["intervals"], "the seed is the same");
    assert_ne!(answer(folder.path(), &["--seed", "1"])["intervals"], found["intervals"]);
    assert_eq!(answer(folder.path(), &["--bootstrap", "0"]).get("intervals"), None);

    let curve = found["curve_points"].as_array().unwrap();
    assert_eq!((&curve[0]["fpr"], &curve[0]["tpr"]), (&0.0.into(), &0.0.into()));
    let last = curve.last().unwrap();
    assert_eq!((&last["fpr"], &last["tpr"]), (&1.0.into(), &1.0.into()));
    let groups: Vec<&str> =
        found["slices"].as_array().unwrap().iter().map(|slice| slice["group"].as_str().unwrap()).collect();
    assert_eq!(groups, ["north", "south"]);

    let people = answer(folder.path(), &["--by", "person"]);
    assert_eq!((&people["n"], &people["by"]), (&40.into(), &"person".into()));
    assert_eq!(people["auc"], found["per_person"]["auc"]);
    assert_eq!(people["tp"], found["per_person"]["tp"]);
}

#[test]
fn a_rule_chooses_and_its_threshold_keeps_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    predictions(folder.path(), "a.csv", 0.2);
    let by = |rule: &str| answer(folder.path(), &["--rule", rule]);
    assert!(by("se=0.95")["sensitivity"].as_f64().unwrap() >= 0.95);
    assert!(by("sp=0.9")["specificity"].as_f64().unwrap() >= 0.9);
    let mcc = by("mcc");
    let best = mcc["mcc"].as_f64().unwrap();
    for rule in ["youden", "corner", "cost=5"] {
        let found = by(rule);
        assert_eq!((&found["rule"], &found["on_validation"]), (&rule.into(), &false.into()));
        assert!(found["mcc"].as_f64().unwrap() <= best, "{rule}");
        let threshold = found["threshold"].as_f64().unwrap();
        assert!(found["ties"].as_array().unwrap().contains(&found["threshold"]), "{rule}");
        let [low, high] = [0, 1].map(|end| found["same_matrix"][end].as_f64().unwrap());
        assert!(low < threshold && threshold <= high, "{rule}");
        for same in [high, f64::midpoint(low, high)] {
            let again = answer(folder.path(), &["--threshold", &same.to_string()]);
            for count in ["tp", "fp", "fn", "tn"] {
                assert_eq!(again[count], found[count], "{rule} at {same}");
            }
        }
    }
    // One missed case for so many false alarms: nobody is missed.
    assert_eq!(by("cost=1000")["fn"], 0);
    let said = coughscope(folder.path(), &["evaluate", "--predictions", "a.csv", "--rule", "youden"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("by youden, on these very predictions, which flatters them"), "{said}");
}

#[test]
fn a_prevalence_gives_the_predictive_values_of_bayes() {
    let folder = tempfile::tempdir().unwrap();
    predictions(folder.path(), "a.csv", 0.2);
    let found = answer(folder.path(), &["--prevalence", "0.05"]);
    let share = |name: &str| found[name].as_f64().unwrap();
    let (sick_found, cleared) = (share("sensitivity") * 0.05, share("specificity") * 0.95);
    let ppv = sick_found / (sick_found + (1.0 - share("specificity")) * 0.95);
    let npv = cleared / (cleared + (1.0 - share("sensitivity")) * 0.05);
    let there = &found["prevalence"];
    assert!((there["ppv"].as_f64().unwrap() - ppv).abs() < 1e-12);
    assert!((there["npv"].as_f64().unwrap() - npv).abs() < 1e-12);
    let of_1000 = ["found", "missed", "false_alarms", "cleared"].map(|fate| there["of_1000"][fate].as_u64().unwrap());
    assert_eq!((of_1000.iter().sum(), of_1000[0] + of_1000[1]), (1_000, 50));
}

#[test]
fn two_models_are_compared_on_the_same_recordings_only() {
    let folder = tempfile::tempdir().unwrap();
    predictions(folder.path(), "a.csv", 0.3);
    predictions(folder.path(), "b.csv", 0.0);
    let compared = answer(folder.path(), &["--compare", "b.csv"]);
    let auc = &compared["comparison"]["differences"]["auc"];
    assert!(auc["difference"].as_f64().unwrap() > 0.1, "{auc}");
    assert!(auc["interval"][0].as_f64().unwrap() > 0.0 && auc["p_value"].as_f64().unwrap() < 0.05, "{auc}");
    let same = answer(folder.path(), &["--compare", "a.csv"]);
    assert_eq!(same["comparison"]["differences"]["auc"]["difference"], 0.0);

    let run =
        |arguments: &[&str]| coughscope(folder.path(), &[&["evaluate", "--predictions", "a.csv"], arguments].concat());
    let text = std::fs::read_to_string(folder.path().join("b.csv")).unwrap();
    std::fs::write(folder.path().join("others.csv"), text.replace("north/", "elsewhere/")).unwrap();
    let error = failure(&run(&["--compare", "others.csv"]), 1);
    assert!(error.contains("60 recordings are in the first only") && error.contains("(others.csv)"), "{error}");
    std::fs::write(folder.path().join("nameless.csv"), "label,score\n1,0.7\n0,0.2\n").unwrap();
    let error = failure(&run(&["--compare", "nameless.csv"]), 1);
    assert!(error.contains("2 of them name none"), "{error}");
    for (wrong, word) in [
        (&["--compare", "nowhere.csv"][..], "(nowhere.csv)"),
        (&["--compare", "b.csv", "--bootstrap", "0"], "must not be 0"),
        (&["--rule", "guess"], "youden"),
        (&["--rule", "se=1.5"], "se=1.5"),
        (&["--rule", "youden", "--threshold", "0.5"], "cannot be used with"),
        (&["--prevalence", "5"], "above 0 and below 1"),
        (&["--by", "dataset"], "person"),
    ] {
        let error = failure(&run(wrong), 2);
        assert!(error.contains(word), "{wrong:?}: {error}");
    }
}
