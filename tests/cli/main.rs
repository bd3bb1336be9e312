//! The command line as a person or a script uses it: output, error output, exit codes.

#![cfg(test)]

mod evaluation;
#[cfg(unix)]
mod names;
mod paper;
mod places;
mod refusals;
mod resume;
mod texts;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use coughscope::data::quality::Flag;
use serde_json::Value;

fn coughscope<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Output {
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
        let error = failure(&coughscope::<&str>(folder.path(), &[]), 2);
        assert!(error.contains("DISPLAY") && error.contains("demo --headless"), "{error}");
    }
}

/// What is wrong with the command as it was typed is wrong use; what was found out by working is failed work.
#[test]
fn wrong_use_is_exit_code_2_and_failed_work_is_1() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("p.csv", "label,score\nsick,1\nhealthy,0\n");
    write("text.wav", "this is no sound");
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (wrong, word) in [
        (&["scan"][..], "--study"),
        (&["scan", "nowhere"], "(nowhere)"),
        (&["scan", "empty", "nowhere"], "(nowhere)"),
        (&["scan", "p.csv"], "p.csv"),
        (&["scan", "empty", "--policy", "nowhere.toml"], "(nowhere.toml)"),
        (&["extract", "nowhere"], "(nowhere)"),
        (&["demo", "--people", "0"], "from 40 to 100000"),
        (&["table", "--study", "nowhere", "--out", "all.csv"], "(nowhere)"),
        (&["table", "--study", "nowhere", "--out", "all.txt"], ".csv"),
        (&["split", "--study", "nowhere"], "(nowhere)"),
        (&["split", "--study", "nowhere", "--validation", "1"], "from 0 to below 1"),
        (&["charts", "--study", "nowhere"], "(nowhere)"),
        (&["decode", "nowhere.wav", "--wav", "out.wav"], "(nowhere.wav)"),
        (&["decode", "text.wav", "--wav", "./text.wav"], "the recording itself"),
        (&["spectrogram", "text.wav", "--out", "text.wav"], "the recording itself"),
        (&["spectrogram", "text.wav", "--out", "x.jpg"], ".png or .npy"),
        (&["train"], "--study"),
        (&["train", "empty"], "--out RUN, or --study DIR"),
        (&["train", "empty", "--out", "y", "--split", "moon"], "moon"),
        (&["train", "empty", "--out", "y", "--epochs", "0"], "epochs"),
        (&["train", "empty", "--out", "y", "--device", "moon"], "moon"),
        (&["evaluate"], "--run"),
        (&["evaluate", "--run", "nowhere"], "(nowhere)"),
        (&["evaluate", "--predictions", "p.csv", "--threshold", "nan"], "must be a number"),
        (&["predict", "--run", "nowhere", "text.wav"], "(nowhere)"),
        (&["predict", "--run", "empty", "nowhere.wav"], "(nowhere.wav)"),
    ] {
        let error = failure(&run(wrong), 2);
        assert!(error.contains(word), "{wrong:?}: {error}");
    }
    for (failed, word) in [
        (&["scan", "empty"][..], "no dataset was recognised"),
        (&["extract", "empty"], "there are no archives"),
        (&["evaluate", "--run", "empty"], "no finished run"),
        (&["predict", "--run", "empty", "text.wav"], "no finished run"),
        (&["decode", "text.wav", "--wav", "out.wav"], "text.wav"),
    ] {
        let error = failure(&run(failed), 1);
        assert!(error.contains(word), "{failed:?}: {error}");
    }
    let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["empty", "p.csv", "text.wav"], "nothing was made");
    let below = json(&run(&["evaluate", "--predictions", "p.csv", "--threshold", "-1", "--json"]));
    assert_eq!(below["fp"], 1);
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

/// Makes the demo's datasets of so many `people` in `made`, and a study `mine` of them; gives the answer of the scan.
fn make_study(folder: &Path, people: &str) -> Value {
    json(&coughscope(folder, &["demo", "--people", people, "--only-make", "made", "--json"]));
    json(&coughscope(folder, &["scan", "made", "--study", "mine", "--json"]))
}

/// The results that came in spite of a failure, and what was said of it.
fn results_and_failure(output: &Output) -> (String, String) {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), error)
}

#[test]
fn a_scan_says_what_a_script_must_know_and_fails_where_a_folder_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let scan = make_study(folder.path(), "40");
    assert_eq!((&scan["synthetic"], &scan["unread"]), (&Value::from(true), &Value::from(0)));
    let sources = scan["sources"].as_array().unwrap();
    assert_eq!(sources.iter().map(|source| &source["key"]).collect::<Vec<_>>(), ["coswara", "coughvid", "virufy"]);
    for source in sources {
        assert_eq!((&source["present"], &source["unread"]), (&Value::from(true), &Value::from(0)));
        let people = source["people"].as_u64().unwrap();
        assert!(people > 0 && people <= source["healthy"].as_u64().unwrap() + source["sick"].as_u64().unwrap());
        assert_eq!(source["flags"].as_object().unwrap().len(), Flag::ALL.len(), "{}", source["flags"]);
        assert!(source["notes"].is_array());
    }
    let people: u64 = sources.iter().map(|source| source["people"].as_u64().unwrap()).sum();
    assert_eq!(scan["people"], people, "nobody is in two of these datasets");

    std::fs::rename(folder.path().join("made/virufy"), folder.path().join("elsewhere")).unwrap();
    let (results, error) = results_and_failure(&coughscope(folder.path(), &["scan", "--study", "mine", "--json"]));
    assert!(error.contains("Virufy is not there") && error.contains("scan --study"), "{error}");
    let again: Value = serde_json::from_str(&results).unwrap();
    let present: Vec<_> = again["sources"].as_array().unwrap().iter().map(|source| &source["present"]).collect();
    assert_eq!(present, [true, true, false]);
    assert_eq!(again["sources"][2]["sick"], sources[2]["sick"], "what is known of it is counted");
    let found = json(&coughscope(folder.path(), &["scan", "elsewhere", "--study", "mine", "--json"]));
    assert_eq!(found["sources"][2]["present"], true, "as the message says");
}

#[test]
fn charts_count_what_the_scan_counts_and_are_saved() {
    let folder = tempfile::tempdir().unwrap();
    let scan = make_study(folder.path(), "60");
    let charts = |more: &[&str]| coughscope(folder.path(), &[&["charts", "--study", "mine"], more].concat());
    let counted = json(&charts(&["--out", ".", "--json"]));
    let levels = counted["cohort"]["breakdowns"][0]["levels"].as_array().unwrap();
    for (class, name) in ["healthy", "sick"].into_iter().enumerate() {
        let of_levels: Vec<_> = levels.iter().map(|level| &level["classes"][class]["recordings"]).collect();
        let of_scan: Vec<_> = scan["sources"].as_array().unwrap().iter().map(|source| &source[name]).collect();
        assert_eq!(of_levels, of_scan, "{name}");
    }
    assert!(counted["findings"].is_array());
    let saved = folder.path().join("pictures");
    assert!(saved.join("dataset.svg").exists() && saved.join("cohort.csv").exists());
    let text = String::from_utf8(charts(&[]).stdout).unwrap();
    let healthy = counted["cohort"]["classes"][0]["recordings"].as_u64().unwrap();
    assert!(text.starts_with(&format!("{healthy} healthy recordings of ")), "{text}");
}

#[test]
fn a_split_names_who_is_in_more_than_one_part() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "120");
    let split = |more: &[&str]| coughscope(folder.path(), &[&["split", "--study", "mine"], more].concat());
    let by_file = json(&split(&["--by", "file", "--json"]));
    let leaks = &by_file["leaks"];
    let shared = leaks["shared_people"].as_array().unwrap();
    assert!(shared.len() > 10, "{leaks}");
    assert_eq!(leaks["people"], shared.len());
    assert_eq!(leaks["near_duplicates"], leaks["shared_near_duplicates"].as_array().unwrap().len());
    assert!(shared.iter().all(|row| row["recordings"].as_object().unwrap().len() > 1), "{leaks}");

    let text = String::from_utf8(split(&["--by", "file"]).stdout).unwrap();
    let first = shared[0]["person"].as_str().unwrap();
    assert!(text.contains(&format!("    {first}: ")), "{text}");
    assert!(text.contains(&format!("    and {} more; --json lists them all\n", shared.len() - 10)), "{text}");
    let virufy = &by_file["datasets"]["virufy"]["test"];
    let counts = format!("test {} + {}", virufy["healthy"]["recordings"], virufy["sick"]["recordings"]);
    let line = text.lines().find(|line| line.trim_start().starts_with("virufy: ")).unwrap();
    assert!(line.ends_with(&counts), "{line}, and not {counts}");
    assert!(json(&split(&["--json"]))["leaks"]["shared_people"].as_array().unwrap().is_empty());
}

#[test]
fn a_dataset_is_held_out_where_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    let error = failure(&run(&["split", "--study", "mine", "--held-out", "virufy"]), 2);
    assert!(error.contains("add --by dataset"), "{error}");
    let error = failure(&run(&["train", "--study", "mine", "--held-out", "virufy"]), 2);
    assert!(error.contains("add --split dataset"), "{error}");
    let one = json(&run(&["split", "--study", "mine", "--by", "dataset", "--held-out", "virufy", "--json"]));
    assert_eq!(one["held_out"], "virufy");

    // The study itself holds one out, for its training.
    let settings = folder.path().join("mine/study.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let by_person = "by = \"person\"\n";
    assert!(text.contains(by_person), "{text}");
    std::fs::write(&settings, text.replace(by_person, "by = \"dataset\"\nheld_out = \"coswara\"\n")).unwrap();
    assert_eq!(json(&run(&["split", "--study", "mine", "--json"]))["held_out"], "coswara", "its own");
    assert_eq!(json(&run(&["split", "--study", "mine", "--held-out", "virufy", "--json"]))["held_out"], "virufy");
    let each = json(&run(&["split", "--study", "mine", "--by", "dataset", "--json"]));
    let held_out: Vec<_> = each["folds"].as_array().unwrap().iter().map(|fold| &fold["held_out"]).collect();
    assert_eq!(held_out, ["coswara", "coughvid", "virufy"], "each in turn");

    json(&run(&["scan", "made/virufy", "--study", "alone", "--json"]));
    let output = run(&["split", "--study", "alone", "--by", "dataset", "--json"]);
    let (results, error) = results_and_failure(&output);
    assert!(error.contains("none of the datasets can be the test"), "{error}");
    assert!(serde_json::from_str::<Value>(&results).unwrap()["folds"][0]["error"].is_string(), "{results}");
}

#[test]
fn the_policy_of_a_table_is_named_and_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let defaults = make_study(folder.path(), "40");
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    let policy = "min_cough_detected = 0.0\n[labels.coughvid]\nsymptomatic = \"exclude\"\n";
    std::fs::write(folder.path().join("mine.toml"), policy).unwrap();
    let here = json(&run(&["scan", "--study", "mine", "--policy", "mine.toml", "--json"]));
    assert_ne!(here, defaults);
    let exported = run(&["table", "--study", "mine", "--out", "all.csv"]);
    let said = String::from_utf8_lossy(&exported.stderr);
    assert!(exported.status.success() && said.contains("all.policy.toml"), "{said}");
    let there = json(&run(&["scan", "made", "--policy", "all.policy.toml", "--json"]));
    assert_eq!(there, here, "the same recordings under the same policy");

    std::fs::write(folder.path().join("mine.toml"), "min_cough = 0.5\n").unwrap();
    let error = failure(&run(&["scan", "made", "--study", "other", "--policy", "mine.toml"]), 1);
    assert!(error.contains("line 1: `min_cough`"), "{error}");
    assert!(!folder.path().join("other").exists(), "nothing is made before the policy is known to be one");
}

#[test]
fn an_extraction_tells_of_refused_entries_also_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let date = folder.path().join("clone/20200413");
    std::fs::create_dir_all(&date).unwrap();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o644);
    let id = "Eoyf44ChD1OuCFD3kp2PrQ1EMJ13";
    archive.append_data(&mut header, format!("20200413/{id}/metadata.json"), &b"{}   "[..]).unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive.append_link(&mut link, format!("20200413/{id}/link.wav"), "/etc/passwd").unwrap();
    let bytes = archive.into_inner().unwrap().finish().unwrap();
    let part = date.join("20200413.tar.gz.aa");
    let extract = || coughscope(folder.path(), &["extract", "clone"]);

    std::fs::write(&part, "no archive").unwrap();
    let (_, error) = results_and_failure(&extract());
    assert!(error.contains("20200413: the archive is damaged"), "{error}");
    assert!(!folder.path().join("clone/Extracted_data").exists(), "no empty folder is left");

    std::fs::write(&part, bytes).unwrap();
    let first = String::from_utf8(extract().stdout).unwrap();
    assert!(first.contains("1 entry was not unpacked:\n") && first.contains("link.wav"), "{first}");
    let second = String::from_utf8(extract().stdout).unwrap();
    assert!(first.starts_with("1 file is now in ") && first.contains("\n1 of them was written by this run"), "{first}");
    assert!(second.starts_with("1 file is now in ") && second.contains("\n0 of them were written"), "{second}");
    assert!(second.contains("\n1 of 1 archive read to the end\n"), "{second}");
    assert!(second.ends_with("1 entry was not unpacked; the run that read these archives listed them\n"), "{second}");
}

/// As `tar` has it, the later one of two entries with one name stays.
#[test]
fn a_file_that_an_archive_has_twice_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let date = folder.path().join("clone/20200413");
    std::fs::create_dir_all(&date).unwrap();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for content in ["{}", "{ }"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        let name = "20200413/Eoyf44ChD1OuCFD3kp2PrQ1EMJ13/metadata.json";
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    std::fs::write(date.join("20200413.tar.gz.aa"), archive.into_inner().unwrap().finish().unwrap()).unwrap();
    let said = String::from_utf8(coughscope(folder.path(), &["extract", "clone"]).stdout).unwrap();
    assert!(said.starts_with("1 file is now in ") && said.contains("\n1 of them was written by this run"), "{said}");
}
