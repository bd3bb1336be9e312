//! What is refused, or fails after its result is printed, so that nobody takes a part for the whole.

use super::*;

fn listed(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_study_with_a_missing_folder_is_counted_but_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    let whole = json(&run(&["split", "--study", "mine", "--json"]));
    std::fs::rename(folder.path().join("made/virufy"), folder.path().join("elsewhere")).unwrap();

    let error = failure(&run(&["train", "--study", "mine", "--epochs", "1", "--device", "cpu"]), 1);
    assert!(error.contains("the folder of Virufy is not there") && error.contains("made/virufy"), "{error}");
    assert_eq!(error.matches("Virufy").count(), 1, "said once: {error}");
    assert!(!folder.path().join("mine/runs").exists(), "nothing was trained");

    let (results, error) = results_and_failure(&run(&["split", "--study", "mine", "--json"]));
    assert!(error.contains("Virufy is not there") && error.contains("scan --study"), "{error}");
    assert_eq!(serde_json::from_str::<Value>(&results).unwrap(), whole, "what is known is printed");
    let (_, error) = results_and_failure(&run(&["table", "--study", "mine", "--out", "all.csv"]));
    assert!(error.contains("Virufy is not there"), "{error}");
    assert!(folder.path().join("all.csv").is_file(), "and written");
    json(&run(&["scan", "elsewhere", "--study", "mine", "--json"]));
    assert_eq!(json(&run(&["split", "--study", "mine", "--json"])), whole);
}

#[test]
fn a_table_is_written_over_an_earlier_one_only() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    let table = |out: &str| coughscope(folder.path(), &["table", "--study", "mine", "--out", out]);
    let refused = |out: &str, word: &str| {
        let path = folder.path().join(out);
        let before = std::fs::read(&path).ok();
        let error = failure(&table(out), 2);
        assert!(error.contains(word), "{error}");
        assert_eq!(std::fs::read(&path).ok(), before, "{out}");
        error
    };
    refused("made/coswara/combined_data.csv", "folder of Coswara");
    refused("made/coswara/new.csv", "folder of Coswara");
    assert!(listed(&folder.path().join("made/coswara")).iter().all(|name| !name.ends_with(".policy.toml")));
    let mine = "path,dataset,person,label,reason\na.wav,mine,anna,sick,\n";
    std::fs::write(folder.path().join("mine.csv"), mine).unwrap();
    refused("mine.csv", "has not exported");
    std::fs::create_dir(folder.path().join("folder.csv")).unwrap();
    refused("folder.csv", "is a folder");
    refused("made", "is a folder");
    std::fs::create_dir(folder.path().join("beside.policy.toml")).unwrap();
    refused("beside.csv", "is a folder");

    // Nothing would open it again.
    assert!(failure(&table("all.txt"), 2).contains(".csv") && !folder.path().join("all.txt").exists());
    assert!(table("all.csv").status.success());
    let policy = folder.path().join("all.policy.toml");
    let written = std::fs::read_to_string(&policy).unwrap();
    // Another policy, and both are written anew.
    std::fs::write(folder.path().join("p.toml"), "min_cough_detected = 0.0\n").unwrap();
    let scanned = coughscope(folder.path(), &["scan", "--study", "mine", "--policy", "p.toml"]);
    assert!(scanned.status.success());
    assert!(table("all.csv").status.success());
    assert_ne!(std::fs::read_to_string(&policy).unwrap(), written);

    std::fs::write(&policy, written.replace("sick", "exclude")).unwrap();
    let before = std::fs::read(&policy).unwrap();
    let error = refused("all.csv", "changed by hand");
    assert!(error.contains("all.policy.toml"), "{error}");
    assert_eq!(std::fs::read(&policy).unwrap(), before);
    assert!(table("other.csv").status.success());
}

/// Said once, and before anything is printed that looks like an answer.
#[test]
fn a_draw_that_no_study_could_make_is_wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    let split = |more: &[&str]| coughscope(folder.path(), &[&["split", "--study", "mine"], more].concat());
    let share = "must be a number from 0 to below 1";
    for (arguments, reason) in [
        (&["--by", "person", "--test", "1.0"][..], share),
        (&["--by", "file", "--test", "nan"], share),
        (&["--by", "dataset", "--validation", "-0.1"], share),
        (&["--test", "0.6", "--validation", "0.6"], "must be 0 or more and together below 1"),
        (&["--by", "dataset", "--held-out", "nope"], "no recording of \"nope\" is used in this study"),
    ] {
        for more in [&[][..], &["--json"]] {
            let error = failure(&split(&[arguments, more].concat()), 2);
            assert_eq!(error.matches(reason).count(), 1, "{error}");
        }
    }
    // What the study itself says is nobody's mistyping.
    let settings = folder.path().join("mine/study.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("by = \"person\"\n", "by = \"dataset\"\nheld_out = \"gone\"\n")).unwrap();
    let (results, error) = results_and_failure(&split(&[]));
    assert!(results.is_empty() && error.matches("\"gone\"").count() == 1, "{results} {error}");
}

#[test]
fn a_file_is_no_folder_for_results() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    std::fs::write(folder.path().join("file"), "mine").unwrap();
    std::fs::write(folder.path().join("p.csv"), "label,score\n1,0.9\n0,0.1\n").unwrap();
    for command in [
        ["charts", "--study", "mine", "--out", "file"],
        ["train", "--study", "mine", "--out", "file"],
        ["evaluate", "--predictions", "p.csv", "--out", "file"],
    ] {
        let error = failure(&coughscope(folder.path(), &command), 2);
        assert!(error.contains("--out is a folder, and this is a file") && error.contains(": file"), "{error}");
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
}

#[test]
fn who_names_nothing_to_read_is_told_of_studies_too() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["scan"][..], &["scan", "--json"], &["train"], &["train", "--out", "run"]] {
        let error = failure(&coughscope(folder.path(), command), 2);
        assert!(error.contains("<PATH|--study <DIR>>"), "{error}");
    }
}

/// A sound on a drive that is not there: named with what is wrong with it, and no line of a log.
#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_a_file_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["own/healthy", "own/sick"] {
        std::fs::create_dir_all(folder.path().join(class)).unwrap();
    }
    std::os::unix::fs::symlink("/nowhere/a.wav", folder.path().join("own/sick/a.wav")).unwrap();
    let output = coughscope(folder.path(), &["scan", "own", "--json"]);
    let scan = json(&output);
    let file = &scan["sources"][0]["unreadable"][0];
    assert!(file["path"].as_str().unwrap().ends_with("own/sick/a.wav"), "{scan}");
    assert!(!file["reason"].as_str().unwrap().is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.is_empty(), "{said}");
}

/// Everything in that folder is read already.
#[cfg(unix)]
#[test]
fn a_link_to_a_folder_around_it_is_nothing_to_tell() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["own/healthy", "own/sick"] {
        std::fs::create_dir_all(folder.path().join(class)).unwrap();
    }
    std::os::unix::fs::symlink("..", folder.path().join("own/sick/again")).unwrap();
    let output = coughscope(folder.path(), &["scan", "own", "--json"]);
    json(&output);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// A cut file, of which the library for it has words of its own.
#[test]
fn a_damaged_recording_is_told_in_our_words_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"ID3\x04\0\0\0\0\0\x7fAPIC".to_vec();
    bytes.extend([0xff_u8, 0xfb, 0x90, 0x64].repeat(200));
    std::fs::write(folder.path().join("a.mp3"), bytes).unwrap();
    let error = failure(&coughscope(folder.path(), &["decode", "a.mp3", "--wav", "a.wav"]), 1);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("coughscope: "), "{error}");
}

#[test]
fn a_wrong_path_leaves_no_study() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("empty")).unwrap();
    std::fs::create_dir_all(folder.path().join("bad")).unwrap();
    std::fs::write(folder.path().join("bad/combined_data.csv"), "id,age\n").unwrap();
    for (wrong, code) in [("nowhere", 2), ("empty", 1), ("bad", 1)] {
        let error = failure(&coughscope(folder.path(), &["scan", wrong, "--study", "new"]), code);
        assert!(error.contains(wrong), "{error}");
        assert!(!folder.path().join("new").exists(), "{wrong}");
    }
}

#[test]
fn what_is_found_again_is_not_called_missing() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    std::fs::rename(folder.path().join("made/virufy"), folder.path().join("elsewhere")).unwrap();
    let (_, error) = results_and_failure(&coughscope(folder.path(), &["scan", "--study", "mine"]));
    assert!(error.contains("is not there"), "{error}");
    let found = coughscope(folder.path(), &["scan", "elsewhere", "--study", "mine"]);
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success() && !said.contains("not"), "{said}");
}

/// Only who scans or trains changes the study, and is told.
#[test]
fn a_policy_for_one_answer_leaves_the_study_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let before = make_study(folder.path(), "40");
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    let study = || std::fs::read_to_string(folder.path().join("mine/study.toml")).unwrap();
    let settings = study();
    std::fs::write(folder.path().join("p.toml"), "[labels.coughvid]\nsymptomatic = \"exclude\"\n").unwrap();
    let own = json(&run(&["split", "--study", "mine", "--json"]));
    let other = json(&run(&["split", "--study", "mine", "--policy", "p.toml", "--json"]));
    assert_ne!(other["counts"], own["counts"]);
    assert!(run(&["table", "--study", "mine", "--policy", "p.toml", "--out", "t.csv"]).status.success());
    assert!(
        std::fs::read_to_string(folder.path().join("t.policy.toml")).unwrap().contains("symptomatic = \"exclude\"")
    );
    assert_eq!(study(), settings);
    assert_eq!(json(&run(&["scan", "--study", "mine", "--json"])), before);

    let kept = run(&["scan", "--study", "mine", "--policy", "p.toml", "--json"]);
    assert!(String::from_utf8_lossy(&kept.stderr).contains("keeps this label policy"));
    assert_ne!(study(), settings);
    let again = run(&["scan", "--study", "mine", "--policy", "p.toml", "--json"]);
    assert!(!String::from_utf8_lossy(&again.stderr).contains("keeps this label policy"), "it has it already");
}
