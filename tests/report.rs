//! What a report writes, and what the readers of its tables accept and refuse.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly, as the tests do")]

use std::path::{Path, PathBuf};

use coughscope::data::{Label, PersonId};
use coughscope::eval::Confusion;
use coughscope::eval::history::EpochRecord;
use coughscope::report::figures::{self, Caption};
use coughscope::report::npy::{self, NpyError};
use coughscope::report::predictions::{self, TableError};
use coughscope::report::{
    Prediction, ReportInput, ThresholdOrigin, history, may_hold_run, may_write, threshold_table, write_report,
};
use coughscope::train::TrainConfig;
use proptest::prelude::*;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/npy").join(name)
}

/// Predictions that look like a decent model's; 300 of each class, overlapping.
fn many_predictions() -> Vec<Prediction> {
    (0..600_u32)
        .map(|index| {
            let sick = index % 2 == 1;
            // Golden ratio steps spread evenly without a random number generator.
            let spread = (f64::from(index) * 0.618_033_988_75).fract();
            let score = if sick { 0.25 + 0.75 * spread.sqrt() } else { 0.85 * spread * spread };
            Prediction {
                path: Some(PathBuf::from(format!("clips/{index}.wav"))),
                person: Some(PersonId(format!("demo:{}", index / 4))),
                label: if sick { Label::Sick } else { Label::Healthy },
                score: (score * 1000.0).round() / 1000.0,
            }
        })
        .collect()
}

fn epochs(count: usize) -> Vec<EpochRecord> {
    (1..=count)
        .map(|epoch| {
            let t = epoch as f64;
            EpochRecord {
                epoch,
                train_loss: 0.72 * (-t / 6.0).exp() + 0.05,
                train_accuracy: 0.97 - 0.45 * (-t / 5.0).exp(),
                validation_loss: 0.55 * (-t / 4.0).exp() + 0.3 + 0.004 * t,
                validation_accuracy: 0.84 - 0.34 * (-t / 3.0).exp(),
                validation_auc: Some(0.9 - 0.3 * (-t / 3.0).exp()),
            }
        })
        .collect()
}

fn caption() -> Caption {
    Caption {
        title: "Paper protocol, test part".into(),
        notes: vec!["Synthetic demonstration data: no clinical meaning".into()],
    }
}

// Arrays

#[test]
fn numpy_arrays_are_read_whatever_their_type() {
    let expected = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0];
    for name in ["f32", "f64", "i32", "i64", "u8", "bool", "version_2", "version_3"] {
        let array = npy::read(&golden(&format!("{name}.npy"))).unwrap();
        assert_eq!((array.shape.as_slice(), array.values.as_slice()), ([6].as_slice(), expected.as_slice()), "{name}");
    }
    for name in ["rows", "fortran"] {
        let array = npy::read(&golden(&format!("{name}.npy"))).unwrap();
        assert_eq!(
            (array.shape.as_slice(), array.values.as_slice()),
            ([3, 2].as_slice(), expected.as_slice()),
            "{name}"
        );
    }
}

#[test]
fn what_keras_saves_becomes_scores_and_labels() {
    let softmax = npy::read(&golden("softmax.npy")).unwrap();
    assert_eq!(softmax.scores().unwrap(), [0.25, 0.875, 0.5]);
    let one_hot = npy::read(&golden("rows.npy")).unwrap();
    assert_eq!(one_hot.labels().unwrap(), [Label::Sick, Label::Healthy, Label::Healthy]);
    let plain = npy::read(&golden("i64.npy")).unwrap().labels().unwrap();
    assert_eq!(plain.iter().filter(|label| label.is_positive()).count(), 3);
    assert!(matches!(softmax.labels(), Err(NpyError::Content { .. })), "0.75 is no label");
}

#[test]
fn arrays_that_are_refused_say_why() {
    for (name, part) in [
        ("object.npy", "pickled Python objects"),
        ("big_endian.npy", "of type >f8"),
        ("cube.npy", "3 dimensions"),
        ("structured.npy", "of type structured"),
    ] {
        let message = npy::read(&golden(name)).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains(name), "{message}");
    }
    let message = npy::read(&golden("absent.npy")).unwrap_err().to_string();
    assert!(message.starts_with("opening the array failed"), "{message}");
}

/// Writes bytes to a file and reads it as an array.
fn read_bytes(bytes: &[u8]) -> Result<npy::Array, NpyError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array.npy");
    std::fs::write(&path, bytes).unwrap();
    npy::read(&path)
}

#[test]
fn a_header_that_promises_too_much_is_refused_at_once() {
    for shape in ["(1000000000000,)", "(4294967296, 4294967296)", "(18446744073709551615, 3)"] {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        assert!(matches!(read_bytes(&bytes), Err(NpyError::Format { .. })), "{shape}");
    }
    let long_header = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}";
    assert!(read_bytes(long_header).unwrap_err().to_string().contains("longer than any"));
}

#[test]
fn every_cut_of_an_array_is_refused() {
    let whole = std::fs::read(golden("rows.npy")).unwrap();
    for length in 0..whole.len() {
        assert!(matches!(read_bytes(&whole[..length]), Err(NpyError::Format { .. })), "cut to {length}");
    }
    assert!(read_bytes(&whole).is_ok());
}

proptest! {
    // Every case flushes files to disk, which is what takes the time.
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_arrays_never_panic(position in 0..152_usize, byte in any::<u8>()) {
        let mut bytes = std::fs::read(golden("rows.npy")).unwrap();
        if let Some(target) = bytes.get_mut(position) {
            *target = byte;
        }
        if let Ok(array) = read_bytes(&bytes) {
            prop_assert_eq!(array.shape.iter().product::<usize>(), array.values.len());
            let _ = (array.scores(), array.labels());
        }
    }

    #[test]
    fn arrays_come_back(values in prop::collection::vec(-1e12..1e12_f64, 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        npy::write(&path, &values).unwrap();
        prop_assert_eq!(&npy::read(&path).unwrap().values, &values);
        let whole: Vec<i64> = values.iter().map(|value| *value as i64).collect();
        npy::write(&path, &whole).unwrap();
        prop_assert!(npy::read(&path).unwrap().values.iter().zip(&whole).all(|(a, b)| *a as i64 == *b));
    }
}

#[test]
fn written_arrays_are_numpys_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.npy");
    npy::write_rows(&path, &[[0.0_f32, 1.0], [1.0, 0.0], [1.0, 0.0]]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(golden("rows.npy")).unwrap());
    npy::write(&path, &[0_i64, 1, 1, 0, 1, 0]).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(golden("i64.npy")).unwrap());
}

// Tables

/// Writes a table and reads it.
fn read_table(text: &str) -> Result<Vec<Prediction>, TableError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    predictions::read(&path)
}

#[test]
fn predictions_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("predictions.csv");
    let mut rows = many_predictions();
    rows[0].path = None;
    rows[1].person = None;
    rows[2].path = Some("a, \"quoted\" name\nof two lines, 100%25.wav ".into());
    rows[3].score = f64::NEG_INFINITY;
    rows[4].score = 0.1 + 0.2;
    predictions::write(&path, &rows).unwrap();
    assert_eq!(predictions::read(&path).unwrap(), rows);
}

/// Two files whose names no text can spell are two recordings.
#[cfg(unix)]
#[test]
fn predictions_of_files_with_odd_names_come_back() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("predictions.csv");
    let mut rows = many_predictions();
    for (row, name) in rows.iter_mut().zip([&b"Z\xfcrich.wav"[..], b"Z\xfdrich.wav"]) {
        row.path = Some(std::ffi::OsStr::from_bytes(name).into());
    }
    predictions::write(&path, &rows).unwrap();
    assert_eq!(predictions::read(&path).unwrap(), rows);
    assert!(std::fs::read_to_string(&path).unwrap().contains("Z%FCrich.wav"));
}

#[test]
fn columns_are_found_by_name() {
    let rows = read_table("\u{feff}Score, LABEL,comment\n0.25,Sick,x\n0.5,0,y\n1e-3,HEALTHY,z\n").unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.label, row.score)).collect();
    assert_eq!(found, [(Label::Sick, 0.25), (Label::Healthy, 0.5), (Label::Healthy, 0.001)]);
    assert!(rows.iter().all(|row| row.path.is_none() && row.person.is_none()));
}

#[test]
fn unusable_tables_say_where_and_why() {
    for (text, part) in [
        ("label,score\n1,0.5\nmaybe,0.5\n", "line 3: `label` must be 0, 1, healthy or sick, not `maybe`"),
        ("label,score\n1,high\n", "line 2: `score` must be a number, not `high`"),
        ("label,score\n1,\n", "line 2: `score` must be a number"),
        ("path,score\na.wav,0.5\n", "no column `label`; its columns are: path, score"),
        ("", "no column `label`"),
        ("label,score\n1,0.5\n1,0.5,0.7\n", "line: 3"),
    ] {
        let message = read_table(text).unwrap_err().to_string();
        assert!(message.contains(part) && message.contains("table.csv"), "{message}");
    }
}

#[test]
fn a_history_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.csv");
    let mut written = epochs(5);
    written[4].validation_auc = None;
    history::write(&path, &written).unwrap();
    assert_eq!(history::read(&path).unwrap(), written);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("epoch,train_loss,train_accuracy,validation_loss,"));

    written[2].train_loss = f64::NAN;
    history::write(&path, &written).unwrap();
    assert!(history::read(&path).unwrap()[2].train_loss.is_nan(), "a diverged run is kept");
    std::fs::write(&path, "epoch,train_loss\n1,low\n").unwrap();
    assert!(history::read(&path).unwrap_err().to_string().contains("history.csv"));
}

// Figures

/// The pixels of a PNG, RGBA, and its size.
fn pixels(svg: &str) -> (u32, u32, Vec<[u8; 4]>) {
    let picture = resvg::tiny_skia::Pixmap::decode_png(&figures::png(svg).unwrap()).unwrap();
    (picture.width(), picture.height(), picture.data().as_chunks().0.to_vec())
}

/// How many pixels have about this colour.
fn count_colour(pixels: &[[u8; 4]], wanted: [u8; 3]) -> usize {
    pixels.iter().filter(|pixel| pixel.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 8)).count()
}

const BLUE: [u8; 3] = [0x25, 0x63, 0xeb];
const ORANGE: [u8; 3] = [0xea, 0x58, 0x0c];
const INK: [u8; 3] = [0x11, 0x18, 0x27];

#[test]
fn figures_show_their_curves_and_text() {
    let rows = many_predictions();
    let table = threshold_table(&rows);
    let scores: Vec<(bool, f64)> = rows.iter().map(|row| (row.label.is_positive(), row.score)).collect();
    for svg in [
        figures::roc(&table, 0.5, &caption()),
        figures::precision_recall(&table, 0.5, &caption()),
        figures::loss_history(&epochs(15), &caption()),
        figures::accuracy_history(&epochs(15), &caption()),
    ] {
        let (width, height, pixels) = pixels(&svg);
        assert!(width == 1600 && height > 900, "{width} x {height}");
        assert!(count_colour(&pixels, BLUE) > 1000, "a blue curve");
        assert!(count_colour(&pixels, ORANGE) > 200, "an orange curve or point");
        assert!(count_colour(&pixels, INK) > 1000, "text: the fonts were found");
    }
    let (_, _, pixels) = pixels(&figures::score_histogram(&scores, 0.5, &caption()));
    assert!(count_colour(&pixels, INK) > 1000);
}

#[test]
fn figures_state_the_numbers_of_the_table() {
    let table = threshold_table(&many_predictions());
    let auc = table.auc().unwrap();
    assert!(figures::roc(&table, 0.5, &caption()).contains(&format!("AUC {auc:.3}")));
    let average = table.average_precision().unwrap();
    let svg = figures::precision_recall(&table, 0.5, &caption());
    assert!(svg.contains(&format!("Average precision {average:.3}")));
    let paper = Confusion { tp: 650, fp: 260, tn: 468, fn_: 78 };
    let svg = figures::confusion_matrix(&paper, 0.5, &caption());
    for text in ["650", "64.3 % of healthy", "35.7 % of healthy", "10.7 % of sick", "89.3 % of sick"] {
        assert!(svg.contains(text), "{text}");
    }
}

#[test]
fn figures_say_what_is_not_defined() {
    let none = threshold_table(&[]);
    assert!(figures::roc(&none, 0.5, &caption()).contains("not defined: there are no scores"));
    assert!(figures::precision_recall(&none, 0.5, &caption()).contains("not defined: there are no scores"));
    assert!(figures::confusion_matrix(&Confusion::default(), 0.5, &caption()).contains("no sick recording"));
    let table = threshold_table(&many_predictions());
    assert!(figures::precision_recall(&table, 2.0, &caption()).contains("nothing was predicted sick"));
}

#[test]
fn odd_figures_are_still_drawn() {
    let diverged = EpochRecord { train_loss: f64::NAN, validation_loss: f64::INFINITY, ..epochs(1)[0] };
    let far = EpochRecord { epoch: usize::MAX, train_loss: 1e300, ..epochs(1)[0] };
    let huge = Confusion { tp: u64::MAX, fp: 123_456_789_012, tn: 0, fn_: 1 };
    let hostile =
        Caption { title: "<b>&\u{0}\u{ffff}\"".repeat(40), notes: vec!["word ".repeat(200), "x".repeat(500)] };
    for svg in [
        figures::loss_history(&[], &hostile),
        figures::loss_history(&epochs(1), &hostile),
        figures::loss_history(&[diverged], &hostile),
        figures::loss_history(&[epochs(1)[0], diverged, far], &hostile),
        figures::confusion_matrix(&huge, f64::INFINITY, &hostile),
        figures::score_histogram(&[], f64::NAN, &hostile),
        figures::score_histogram(&[(true, f64::MAX), (false, f64::MIN), (true, f64::NAN)], 0.0, &hostile),
    ] {
        let (width, _, pixels) = pixels(&svg);
        assert_eq!(width, 1600);
        assert!(count_colour(&pixels, INK) > 500);
    }
    assert!(figures::png("<svg").is_err());
    assert!(figures::png("<svg xmlns='http://www.w3.org/2000/svg' width='1e9' height='1e9'/>").is_err());
}

// The whole report

#[test]
fn a_report_holds_everything_under_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, history) = (many_predictions(), epochs(15));
    let notes = ["Synthetic demonstration data: no clinical meaning".to_owned()];
    let input = ReportInput {
        predictions: &rows,
        threshold: 0.5,
        threshold_origin: ThresholdOrigin::Exploratory,
        history: Some(&history),
        title: "Test part",
        notes: &notes,
        details: &[],
    };
    let written = write_report(&folder.path().join("report"), &input).unwrap();
    let names: Vec<_> = written.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(
        names,
        [
            "roc_auc.png",
            "recall_vs_precision.png",
            "confusion_matrix.png",
            "score_histogram.png",
            "loss_history.png",
            "accuracy_history.png",
            "metrics.json",
            "metrics.csv",
            "classification_report.txt",
            "predictions.csv",
            "test_predict.npy",
            "test_labels.npy",
            "history.npy"
        ]
    );
    for path in &written[..6] {
        assert!(std::fs::read(path).unwrap().starts_with(b"\x89PNG"), "{}", path.display());
    }
    let text = std::fs::read_to_string(&written[8]).unwrap();
    assert!(text.contains(&notes[0]) && text.contains("weighted avg") && text.contains("Exploratory"), "{text}");
    assert_eq!(predictions::read(&written[9]).unwrap(), rows);
    let [scores, labels, course] = [10, 11, 12].map(|index| npy::read(&written[index]).unwrap());
    assert_eq!(scores.scores().unwrap(), rows.iter().map(|row| row.score).collect::<Vec<_>>());
    assert_eq!(labels.labels().unwrap(), rows.iter().map(|row| row.label).collect::<Vec<_>>());
    assert_eq!(course.shape, [history.len(), 4]);
    assert_eq!(course.values[..2], [history[0].train_loss, history[0].train_accuracy]);
}

#[test]
fn metrics_have_the_agreed_keys_and_null_where_undefined() {
    let folder = tempfile::tempdir().unwrap();
    let one_class: Vec<Prediction> =
        [0.2, 0.3, f64::NAN].map(|score| Prediction { path: None, person: None, label: Label::Sick, score }).to_vec();
    let input = ReportInput {
        predictions: &one_class,
        threshold: 0.5,
        threshold_origin: ThresholdOrigin::Unchosen,
        history: None,
        title: "",
        notes: &[],
        details: &[],
    };
    let written = write_report(folder.path(), &input).unwrap();
    assert_eq!(written.len(), 10, "no history, no history figures");

    let text = std::fs::read_to_string(folder.path().join("metrics.json")).unwrap();
    let metrics: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut keys: Vec<_> = metrics.keys().map(String::as_str).collect();
    keys.sort_unstable();
    let mut expected: Vec<&str> =
        "n positives excluded auc average_precision threshold threshold_origin tp fp tn fn mcc accuracy \
                                   sensitivity specificity ppv npv f1 brier"
            .split_whitespace()
            .collect();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!((&metrics["n"], &metrics["excluded"], &metrics["fn"]), (&2.into(), &1.into(), &2.into()));
    for undefined in ["auc", "specificity", "ppv"] {
        assert!(metrics[undefined].is_null(), "{undefined}");
    }
    assert_eq!(metrics["mcc"], 0.0, "0 by convention");

    let table = std::fs::read_to_string(folder.path().join("metrics.csv")).unwrap();
    assert!(table.contains("ppv,,not defined: nothing was predicted sick"), "{table}");
    assert!(table.contains("mcc,0,not defined: no recording is labelled healthy"), "{table}");
}

#[test]
fn nobodys_files_are_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("empty")).unwrap();
    assert!(may_hold_run(&at("absent")) && may_hold_run(&at("empty")));
    with("foreign/notes.txt", "mine");
    with("settings/config.toml", "[server]\nport = 80\n");
    assert!(!may_hold_run(&at("foreign")) && !may_hold_run(&at("settings")));
    with("interrupted/config.toml", &toml::to_string(&TrainConfig::default()).unwrap());
    with("interrupted/roc_auc.png", "");
    assert!(may_hold_run(&at("interrupted")));
    with("interrupted/run.toml", "");
    assert!(!may_hold_run(&at("interrupted")), "a finished run is kept");

    assert!(may_write(&at("foreign")) && !may_write(&at("interrupted")));
    with("table/predictions.csv", "label,score\n");
    with("figure/roc_auc.png", "");
    assert!(!may_write(&at("table")) && !may_write(&at("figure")));
    with("report/metrics.json", "{}");
    with("report/classification_report.txt", "");
    assert!(may_write(&at("report")), "an earlier report is replaced");
}
