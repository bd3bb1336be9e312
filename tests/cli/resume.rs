//! A training that is killed goes on as if nothing had happened.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::paper::recordings;
use crate::{coughscope, failure, json};

const PATIENCE: Duration = Duration::from_secs(300);

/// Starts a training, and kills it once there is a checkpoint.
fn kill_after_a_checkpoint(folder: &Path, arguments: &[&str], run: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_coughscope"))
        .args(arguments)
        .args(["--out", run])
        .current_dir(folder)
        .envs(["HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"].map(|name| (name, folder.join("home"))))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !folder.join(run).join("checkpoint.safetensors").is_file() {
        assert!(start.elapsed() < PATIENCE && child.try_wait().unwrap().is_none(), "there is no checkpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_training_goes_on_to_the_same_network() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    recordings(&root.join("data"), 20);
    let train = ["train", "data", "--epochs", "4", "--device", "cpu"];
    let run = |arguments: &[&str]| coughscope(root, arguments);
    let whole = json(&run(&[&train[..], &["--out", "whole", "--json"]].concat()));
    kill_after_a_checkpoint(root, &train, "killed");
    assert!(!root.join("killed/run.toml").exists(), "it was not done");

    let error = failure(&run(&[&train[..], &["--out", "killed"]].concat()), 2);
    assert!(error.contains("--resume"), "{error}");
    let output = run(&["train", "data", "--resume", "killed", "--json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("Going on after epoch"), "{said}");
    assert_eq!(json(&output)["auc"], whole["auc"]);
    for file in ["history.csv", "model.safetensors", "test_predict.npy"] {
        let [whole, killed] = ["whole", "killed"].map(|run| std::fs::read(root.join(run).join(file)).unwrap());
        assert!(whole == killed, "{file} differs");
    }
    assert!(!root.join("killed/checkpoint.safetensors").exists(), "it is done");
    let error = failure(&run(&["train", "data", "--resume", "killed"]), 2);
    assert!(error.contains("nothing to go on with") && error.contains("(killed)"), "{error}");
    let error = failure(&run(&["train", "data", "--resume", "killed", "--epochs", "9"]), 2);
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn a_training_does_not_go_on_with_other_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    recordings(&root.join("data"), 12);
    kill_after_a_checkpoint(root, &["train", "data", "--epochs", "20", "--device", "cpu"], "killed");
    let before = std::fs::read(root.join("killed/checkpoint.safetensors")).unwrap();
    std::fs::remove_file(root.join("data/sick/sick-3.wav")).unwrap();
    let error = failure(&coughscope(root, &["train", "data", "--resume", "killed"]), 1);
    assert!(error.contains("would mix two experiments") && error.contains("(killed)"), "{error}");
    assert_eq!(std::fs::read(root.join("killed/checkpoint.safetensors")).unwrap(), before, "it is still there");
}

#[test]
fn an_estimate_counts_what_the_training_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    recordings(&root.join("data"), 15);
    json(&coughscope(root, &["scan", "data", "--study", "study", "--json"]));
    let estimate = json(&coughscope(root, &["estimate", "--study", "study", "--device", "cpu", "--json"]));
    let number = |name: &str| estimate[name].as_f64().unwrap();
    assert_eq!(number("train") + number("validation") + number("test"), 30.0);
    assert_eq!((number("to_prepare"), number("epochs"), number("disk_bytes")), (30.0, 20.0, 0.0));
    assert!(number("prepare_secs") > 0.0 && number("epoch_secs") > 0.0);
    assert!(number("total_secs") >= number("prepare_secs") + 20.0 * number("epoch_secs"));
    if cfg!(target_os = "linux") {
        assert!(number("memory_bytes") > 1e6, "{estimate}");
    }
    let said = coughscope(root, &["estimate", "--study", "study", "--device", "cpu"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("20 epochs of") && said.contains("to prepare 30 recordings"), "{said}");
    assert!(
        failure(&coughscope(root, &["estimate", "--study", "study", "--preset", "paper"]), 2).contains("--weights")
    );
}
