//! Curves, areas, metrics and reports against scikit-learn; see `tests/golden/eval_golden.py`.

use std::io::{BufRead, BufReader};

use coughscope::eval::{ClassificationReport, METRICS, ThresholdTable};
use serde_json::Value;

use crate::{PAPER, close, table};

fn golden() -> Value {
    serde_json::from_str(include_str!("../golden/eval_golden.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Compares a value of ours with scikit-learn's, `null` where it is not defined.
fn assert_agrees(actual: Option<f64>, expected: &Value, what: &str) {
    match (actual, expected.as_f64()) {
        (None, None) => {}
        (Some(actual), Some(expected)) if close(actual, expected) => {}
        _ => panic!("{what}: {actual:?}, scikit-learn {expected}"),
    }
}

/// Compares one case whole. `name` says which.
fn compare(case: &Value, name: &str) {
    let labels: Vec<u8> = numbers(&case["labels"]).into_iter().map(|label| label as u8).collect();
    let table = table(&labels, &numbers(&case["scores"]));
    let what = |what: &str| format!("{what} of {name} ({})", case["kind"]);
    assert_agrees(table.auc().ok(), &case["auc"], &what("AUC"));
    assert_agrees(table.average_precision().ok(), &case["average_precision"], &what("average precision"));
    assert_agrees(table.brier().ok(), &case["brier"], &what("Brier score"));
    compare_curves(case, &table, &what);
    compare_metrics(case, &table, &what);
}

fn compare_curves(case: &Value, table: &ThresholdTable, what: &dyn Fn(&str) -> String) {
    let roc = table.roc().unwrap_or_default();
    let expected_roc = case["roc"].as_array().cloned().unwrap_or_default();
    assert_eq!(roc.len().saturating_sub(1), expected_roc.len(), "{}", what("ROC"));
    for (point, expected) in roc.iter().skip(1).zip(&expected_roc) {
        assert_eq!(Some(point.threshold), expected[0].as_f64(), "{}", what("ROC threshold"));
        assert_agrees(Some(point.fpr), &expected[1], &what("false positive rate"));
        assert_agrees(Some(point.tpr), &expected[2], &what("true positive rate"));
    }
    let curve = table.precision_recall().unwrap_or_default();
    let expected_curve = case["pr"].as_array().cloned().unwrap_or_default();
    assert_eq!(curve.len(), expected_curve.len(), "{}", what("precision-recall curve"));
    for (point, expected) in curve.iter().zip(&expected_curve) {
        assert_agrees(Some(point.precision), &expected[0], &what("precision"));
        assert_agrees(Some(point.recall), &expected[1], &what("recall"));
    }
}

fn compare_metrics(case: &Value, table: &ThresholdTable, what: &dyn Fn(&str) -> String) {
    for at in case["at"].as_array().unwrap() {
        let c = table.confusion_at(at["threshold"].as_f64().unwrap());
        assert_eq!([c.tp, c.fp, c.tn, c.fn_].map(|count| count as f64).as_slice(), numbers(&at["matrix"]));
        for metric in METRICS {
            assert_agrees(metric.exported(&c), &at[metric.id], &what(metric.id));
        }
        if let Some(expected) = at["report"].as_str() {
            assert_eq!(ClassificationReport::new(&c, ["healthy", "sick"]).to_string(), expected, "{}", what("report"));
        }
    }
}

#[test]
fn a_sample_agrees() {
    for (index, case) in golden()["cases"].as_array().unwrap().iter().enumerate() {
        compare(case, &format!("case {index}"));
    }
}

#[test]
#[ignore = "its cases are written first, as tests/golden/eval_golden.py says"]
fn ten_thousand_cases_agree() {
    let path = std::env::var_os("COUGHSCOPE_EVAL_CASES").expect("COUGHSCOPE_EVAL_CASES names the file of cases");
    let lines = BufReader::new(std::fs::File::open(path).unwrap()).lines();
    let mut count = 0;
    for (index, line) in lines.enumerate() {
        compare(&serde_json::from_str(&line.unwrap()).unwrap(), &format!("line {}", index + 1));
        count += 1;
    }
    assert_eq!(count, 10_000);
    eprintln!("{count} cases agree");
}

#[test]
fn the_papers_report_has_rows_of_the_true_class() {
    let report = ClassificationReport::new(&PAPER, ["healthy", "sick"]);
    assert_eq!(report.to_string(), golden()["paper"]["report"].as_str().unwrap());
    assert_eq!(report.classes.map(|class| class.support), [728, 728], "not the predicted 546 and 910");
}
