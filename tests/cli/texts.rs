//! What a person reads: counts with their nouns, and what to do next.

use super::*;

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_scan_in_words_has_the_flags_and_all_people() {
    let folder = tempfile::tempdir().unwrap();
    let scan = make_study(folder.path(), "40");
    let words = text(&coughscope(folder.path(), &["scan", "--study", "mine"]));
    for source in scan["sources"].as_array().unwrap() {
        let whose = format!("{:>6} people with a used recording", source["people"].as_u64().unwrap());
        assert!(words.contains(&whose), "{words}");
        for flag in Flag::ALL {
            let count = source["flags"][flag.id()].as_u64().unwrap();
            let line = format!("  {count:>6} flagged: {}\n", flag.name().to_lowercase());
            assert!(count == 0 || words.contains(&line), "{line} in {words}");
        }
    }
    let all = format!("In all\n  {:>6} people with a used recording\n", scan["people"].as_u64().unwrap());
    assert!(words.ends_with(&all), "{words}");
    assert!(words.contains("flagged: truncated") && !words.contains("(0 recordings"), "{words}");
}

#[test]
fn a_packed_coswara_says_how_to_unpack_it() {
    let folder = tempfile::tempdir().unwrap();
    let date = folder.path().join("a clone/20200413");
    std::fs::create_dir_all(&date).unwrap();
    std::fs::write(date.join("20200413.tar.gz.aa"), "x").unwrap();
    let row = "id,covid_status\nEoyf44ChD1OuCFD3kp2PrQ1EMJ13,healthy\n";
    std::fs::write(folder.path().join("a clone/combined_data.csv"), row).unwrap();
    let words = text(&coughscope(folder.path(), &["scan", "a clone"]));
    assert!(words.contains("coughscope extract \"") && words.contains("a clone\"\n"), "{words}");
}

/// A draw that is refused is an answer too.
#[test]
fn a_refused_split_says_why() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    // Every recording is too short.
    std::fs::write(folder.path().join("p.toml"), "[quality]\nmin_secs = 10.0\n").unwrap();
    let split = |more: &[&str]| {
        coughscope(folder.path(), &[&["split", "--study", "mine", "--policy", "p.toml"], more].concat())
    };
    for by in ["person", "file"] {
        let (results, error) = results_and_failure(&split(&["--by", by, "--json"]));
        let report: Value = serde_json::from_str(&results).unwrap();
        assert!(error.contains(report["error"].as_str().unwrap()), "{error}");
        // In words, the reason is the whole answer.
        let reason = report["error"].as_str().unwrap();
        assert!(failure(&split(&["--by", by]), 1).contains(reason), "{reason}");
    }
    let by_dataset = json(&coughscope(folder.path(), &["split", "--study", "mine", "--by", "dataset", "--json"]));
    assert!(by_dataset["test"].is_null(), "a whole dataset is the test, whatever the share");
}

#[test]
fn words_of_the_parser_are_translated() {
    let folder = tempfile::tempdir().unwrap();
    let error = failure(&coughscope(folder.path(), &["split", "--study", "mine", "--by", "moon"]), 2);
    assert!(error.contains("`moon` is none of the words") && !error.contains("variant"), "{error}");
    std::fs::write(folder.path().join("p.toml"), "min_cough_detected = \"high\"\n").unwrap();
    let error = failure(&coughscope(folder.path(), &["scan", ".", "--policy", "p.toml"]), 1);
    assert!(error.contains("line 1: \"high\" stands where a number must"), "{error}");
}

/// It counts all the same: a new version of the dataset may have such a word.
#[test]
fn a_mistyped_word_of_a_policy_is_doubted() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    std::fs::write(folder.path().join("p.toml"), "[labels.virufy]\npositve = \"exclude\"\n").unwrap();
    for command in ["scan", "split"] {
        let output = coughscope(folder.path(), &[command, "--study", "mine", "--policy", "p.toml", "--json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        let expected = "line 2: Virufy is not known to have the status `positve`; did you mean `positive`? (p.toml)";
        assert!(output.status.success() && said.contains(expected), "{said}");
    }
}

#[test]
fn an_unknown_table_is_told_where_it_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("list.csv"), "file,verdict\na.wav,ill\n").unwrap();
    let columns = "a CSV with the columns path, dataset, person, label, reason";
    let error = failure(&coughscope(folder.path(), &["scan", "other"]), 1);
    assert!(error.contains("the window asks which of its columns hold what") && error.contains(columns), "{error}");
    let error = failure(&coughscope(folder.path(), &["scan", "other/list.csv"]), 2);
    assert!(error.contains("the window asks") && error.contains(columns), "{error}");
    std::fs::remove_file(other.join("list.csv")).unwrap();
    let error = failure(&coughscope(folder.path(), &["scan", "other"]), 1);
    assert!(!error.contains("the window asks"), "{error}");
}

/// Whoever trains on a study and names a dataset beside it has the study changed, and is told.
#[test]
fn what_a_study_gets_is_said() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    json(&run(&["scan", "made/virufy", "--study", "one", "--json"]));
    let train = ["train", "--study", "one", "made/coswara", "--held-out", "virufy"];
    let error = failure(&run(&train), 2);
    assert_eq!(error.matches("Added to the study: Coswara (").count(), 1, "{error}");
    assert!(!failure(&run(&train), 2).contains("Added"), "it is in it already");
}

/// As the study of the datasets themselves does.
#[test]
fn an_exported_table_tells_its_datasets_apart() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "60");
    let run = |arguments: &[&str]| coughscope(folder.path(), arguments);
    assert!(run(&["table", "--study", "mine", "--out", "all.csv"]).status.success());
    json(&run(&["scan", "all.csv", "--study", "other", "--json"]));
    let charts = |study: &str| {
        let charts = json(&run(&["charts", "--study", study, "--json"]));
        let breakdowns = charts["cohort"]["breakdowns"].as_array().unwrap().clone();
        let levels = breakdowns.iter().flat_map(|chart| chart["levels"].as_array().unwrap().iter());
        // The datasets of a table have the order of their names.
        let mut levels: Vec<_> = levels.map(|level| format!("{} {}", level["name"], level["classes"])).collect();
        levels.sort();
        levels
    };
    let levels = charts("other");
    for name in ["\"Coswara\"", "\"COUGHVID\"", "\"Virufy\"", "\"Laboratory test\""] {
        assert!(levels.iter().any(|level| level.starts_with(name)), "{levels:?}");
    }
    assert_eq!(levels, charts("mine"));
    let split = |study: &str| json(&run(&["split", "--study", study, "--json"]));
    assert_eq!(split("other")["notes"], split("mine")["notes"]);
    assert_eq!(split("other")["datasets"], split("mine")["datasets"]);
}
