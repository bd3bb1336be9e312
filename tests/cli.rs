//! The command line as a person or a script uses it: output, error output, exit codes.

#![cfg(test)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn coughscope(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coughscope"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("RUST_LOG")
        // Every platform's name for "my files", so that a test never touches the user's.
        .envs(["HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"].map(|name| (name, folder.join("home"))))
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {error}", output.status);
    serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{problem} in {text}"))
}

fn failure(output: &Output, code: i32) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(output.stdout.is_empty(), "nothing but results on standard output");
    error
}

#[test]
fn without_a_screen_it_says_so_and_names_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    if cfg!(target_os = "linux") {
        let error = failure(&coughscope(folder.path(), &[]), 2);
        assert!(error.contains("DISPLAY") && error.contains("demo --headless"), "{error}");
    }
}

#[test]
fn wrong_use_is_exit_code_2_and_failed_work_is_1() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    failure(&run(&["scan"]), 2);
    failure(&run(&["evaluate"]), 2);
    failure(&run(&["train", "x", "--out", "y", "--split", "moon"]), 2);
    failure(&run(&["train", "x", "--out", "y", "--epochs", "0"]), 2);
    assert!(failure(&run(&["scan", "nowhere"]), 1).contains("nowhere"));
    std::fs::write(folder.path().join("p.csv"), "label,score\nsick,1\nhealthy,0\n").unwrap();
    assert!(failure(&run(&["scan", "p.csv"]), 2).contains("p.csv"), "a table is no dataset");
    assert!(failure(&run(&["train", "x", "--out", "y", "--device", "moon"]), 2).contains("moon"));
    let below = json(&run(&["evaluate", "--predictions", "p.csv", "--threshold", "-1", "--json"]));
    assert_eq!(below["fp"], 1);
    assert!(failure(&run(&["predict", "--run", "nowhere", "x.wav"]), 1).contains("no finished run"));
    std::fs::write(folder.path().join("text.wav"), "this is no sound").unwrap();
    assert!(failure(&run(&["decode", "text.wav", "--wav", "out.wav"]), 1).contains("text.wav"));
    assert!(!folder.path().join("out.wav").exists());
}

#[test]
fn the_papers_matrix_gives_the_papers_mcc() {
    let folder = tempfile::tempdir().unwrap();
    let mut table = String::from("path,person,label,score\n");
    for (count, label, score) in [(650, 1, 0.9), (468, 0, 0.1), (260, 0, 0.9), (78, 1, 0.1)] {
        for index in 0..count {
            table += &format!("{label}{score}{index}.wav,,{label},{score}\n");
        }
    }
    std::fs::write(folder.path().join("p.csv"), table).unwrap();
    let summary =
        json(&coughscope(folder.path(), &["evaluate", "--predictions", "p.csv", "--json", "--out", "report"]));
    for (key, expected) in [("n", 1456), ("positives", 728), ("tp", 650), ("tn", 468), ("fp", 260), ("fn", 78)] {
        assert_eq!(summary[key], expected, "{key}");
    }
    assert_eq!(summary["mcc"].as_f64(), Some(0.553_283_335_172_488_2));
    assert_eq!(summary["threshold"], 0.5);
    for key in ["auc", "average_precision", "accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "brier"] {
        assert!(summary[key].is_f64(), "{key}: {}", summary[key]);
    }
    assert!(folder.path().join("report/confusion_matrix.png").is_file());
    let nobody =
        json(&coughscope(folder.path(), &["evaluate", "--predictions", "p.csv", "--threshold", "2", "--json"]));
    assert!(nobody["ppv"].is_null(), "nothing is called sick, so the predictive value is not defined");
}

#[test]
fn demo_train_scan_and_predict_work_together() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    let demo = json(&run(&["demo", "--headless", "--json", "--out", "result"]));
    for key in ["recordings", "train", "validation", "test", "people", "epochs"] {
        assert!(demo[key].as_u64().is_some_and(|count| count > 0), "{key}: {}", demo[key]);
    }
    assert_eq!(demo["synthetic"], true);
    assert_eq!(demo["shared_people"], 0);
    let auc = demo["auc"].as_f64().unwrap();
    assert!((0.7..0.98).contains(&auc), "the demo is neither hopeless nor perfect: AUC {auc}");
    let result = folder.path().join("result");
    assert!(result.join("roc_auc.png").is_file() && result.join("metrics.json").is_file());

    let summary = json(&run(&["evaluate", "--run", "result", "--json"]));
    assert_eq!(summary["auc"], demo["auc"]);
    assert_eq!(summary["threshold"], demo["threshold"]);
    assert_eq!(summary["threshold_origin"], "validation");
    let moved = json(&run(&["evaluate", "--run", "result", "--threshold", "0.9", "--json"]));
    assert_eq!(moved["threshold_origin"], "exploratory");

    let mut readable = walkdir::WalkDir::new(folder.path().join("home")).into_iter().filter_map(Result::ok);
    let cough =
        readable.find(|entry| entry.path().ends_with("cough-heavy.wav") && entry.metadata().unwrap().len() > 10_000);
    let cough = cough.unwrap().into_path();
    let answer = json(&run(&["predict", "--run", "result", cough.to_str().unwrap(), "--json"]));
    let score = answer[0]["score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score));
    let label = if score >= demo["threshold"].as_f64().unwrap() { "sick" } else { "healthy" };
    assert_eq!(answer[0]["label"], label);

    let written = run(&["spectrogram", cough.to_str().unwrap(), "--out", "x.npy", "--preset", "paper"]);
    assert!(written.status.success() && written.stdout.is_empty());
    assert!(folder.path().join("x.npy").is_file());
    assert!(failure(&run(&["train", "result", "--out", "other"]), 2).contains("result"), "a run is no dataset");
    let error = failure(&run(&["train", "home", "--out", "result"]), 2);
    assert!(error.contains("already holds a trained run"), "{error}");
}

#[test]
fn devices_always_has_a_processor() {
    let folder = tempfile::tempdir().unwrap();
    let listed = json(&coughscope(folder.path(), &["devices", "--json"]));
    let devices = listed["devices"].as_array().unwrap();
    assert!(devices.iter().any(|device| device["kind"] == "cpu"), "{listed}");
}
