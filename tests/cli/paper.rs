//! The paper's protocol from the command line, with weights drawn at random: what comes out says nothing, but all of it is
//! there.

use std::path::Path;

use coughscope::models::inception::plan::{Plan, Wanted};
use coughscope::report::npy;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::{coughscope, failure, json};

/// A full-size InceptionV3 with kernels of a sensible scale (He et al. 2015).
fn random_weights(path: &Path) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Plan::new(1)
        .wanted()
        .into_iter()
        .map(|Wanted { name, shape }| {
            let numbers: usize = shape.iter().product();
            let bound = (6.0 / shape.iter().skip(1).product::<usize>() as f32).sqrt();
            let mut number = || match name.rsplit('.').next() {
                Some("weight") if shape.len() == 4 => rng.random_range(-bound..bound),
                Some("weight" | "running_var") => 1.0,
                _ => 0.0,
            };
            let bytes = (0..numbers).flat_map(|_| number().to_le_bytes()).collect();
            (name, shape, bytes)
        })
        .collect();
    let views =
        tensors.iter().map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// Healthy and sick recordings of half a second: two tones in noise.
pub fn recordings(folder: &Path, each: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (class, hz) in [("healthy", 440.0_f32), ("sick", 3_000.0)] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        for number in 0..each {
            let sample = |at: usize| (at as f32 * hz * 0.000_393).sin() * 0.3;
            let samples: Vec<i16> =
                (0..8_000).map(|at| ((sample(at) + rng.random_range(-0.1..0.1)) * 30_000.0) as i16).collect();
            let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let mut wav = b"RIFF".to_vec();
            wav.extend((36 + data.len() as u32).to_le_bytes());
            wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
            wav.extend((data.len() as u32).to_le_bytes());
            wav.extend(data);
            std::fs::write(folder.join(class).join(format!("{class}-{number}.wav")), wav).unwrap();
        }
    }
}

#[test]
fn the_papers_protocol_runs_to_its_files_and_the_features_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let run = |arguments: &[&str]| coughscope(root, arguments);
    random_weights(&root.join("random.safetensors"));
    recordings(&root.join("data"), 10);
    let train = |out: &str| {
        let paper = ["train", "data", "--preset", "paper", "--weights", "random.safetensors", "--cache", "kept"];
        let output = run(&[&paper[..], &["--device", "cpu", "--out", out, "--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (json(&output), said)
    };
    let (first, said) = train("one");
    assert!(
        said.contains("weights of no published file") && said.contains("20 recordings are computed once"),
        "{said}"
    );
    assert_eq!(first["epochs"], 15);
    for file in [
        "config.toml",
        "run.toml",
        "model.safetensors",
        "history.csv",
        "history.npy",
        "test_predict.npy",
        "test_labels.npy",
        "predictions.csv",
        "classification_report.txt",
        "loss_history.png",
        "accuracy_history.png",
        "roc_auc.png",
        "recall_vs_precision.png",
        "confusion_matrix.png",
        "metrics.json",
    ] {
        assert!(root.join("one").join(file).is_file(), "{file}");
    }
    let config = std::fs::read_to_string(root.join("one/config.toml")).unwrap();
    assert!(config.contains("preset = \"paper\"") && config.contains("by = \"file\""), "{config}");

    json(&run(&["scan", "data", "--study", "study", "--json"]));
    let paper = ["estimate", "--study", "study", "--preset", "paper", "--weights", "random.safetensors", "--json"];
    let estimate = |cache: &str| json(&run(&[&paper[..], &["--device", "cpu", "--cache", cache]].concat()));
    assert_eq!(estimate("kept")["to_prepare"], 0);
    let fresh = estimate("fresh");
    assert_eq!((&fresh["to_prepare"], &fresh["disk_bytes"]), (&20.into(), &(20 * (8 + 2 * 860_160)).into()));
    assert_eq!(estimate("fresh")["to_prepare"], 12, "those that were measured are kept");

    let (second, said) = train("two");
    assert!(said.contains("the features of all 20 are kept already"), "{said}");
    assert_eq!(second["auc"], first["auc"]);
    let history = |run: &str| std::fs::read_to_string(root.join(run).join("history.csv")).unwrap();
    assert_eq!(history("one"), history("two"));

    // A recording of the test part gets the score that it got there, but for the rounding of what is kept.
    let predictions = std::fs::read_to_string(root.join("one/predictions.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(predictions.as_bytes());
    let columns = rows.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    let row = rows.records().next().unwrap().unwrap();
    let (path, score): (&str, f64) = (&row[column("path")], row[column("score")].parse().unwrap());
    let path = root.join("one").join(path);
    let answer = json(&run(&["predict", "--run", "one", path.to_str().unwrap(), "--json"]));
    assert!((answer[0]["score"].as_f64().unwrap() - score).abs() < 0.01, "{answer} for {score}");
    std::fs::copy(root.join("random.safetensors"), root.join("moved.safetensors")).unwrap();
    std::fs::remove_file(root.join("random.safetensors")).unwrap();
    let error = String::from_utf8_lossy(&run(&["predict", "--run", "one", path.to_str().unwrap()]).stderr).into_owned();
    assert!(error.contains("random.safetensors"), "{error}");

    let means = ["features", "--weights", "moved.safetensors", "--pool", "mean", "--out", "f.npy", "--json"];
    let sick = root.join("data/sick/sick-1.wav");
    let files = [sick.to_str().unwrap(), "data/healthy/healthy-1.wav", sick.to_str().unwrap()];
    let made = json(&run(&[&means[..], &files[..]].concat()));
    assert_eq!((&made["rows"], &made["columns"]), (&3.into(), &2_048.into()));
    let features = npy::read(&root.join("f.npy")).unwrap();
    assert_eq!(features.shape, [3, 2_048]);
    assert_eq!(features.values[..2_048], features.values[4_096..]);
    assert_ne!(features.values[..2_048], features.values[2_048..4_096]);
}

#[test]
fn without_usable_weights_nothing_begins() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    recordings(&root.join("data"), 1);
    std::fs::write(root.join("w.safetensors"), "no weights").unwrap();
    let run = |arguments: &[&str]| coughscope(root, arguments);
    let train = ["train", "data", "--out", "run"];
    let error = failure(&run(&[&train[..], &["--preset", "paper"]].concat()), 2);
    assert!(error.contains("--weights FILE is missing") && error.contains("https://"), "{error}");
    let error = failure(&run(&[&train[..], &["--weights", "w.safetensors"]].concat()), 2);
    assert!(error.contains("--preset paper"), "{error}");
    let error = failure(&run(&[&train[..], &["--preset", "paper", "--weights", "w.safetensors"]].concat()), 1);
    assert!(error.contains("no readable safetensors file") && error.contains("w.safetensors)"), "{error}");
    let features = ["features", "data/sick/sick-0.wav", "--out", "f.npy", "--weights"];
    assert!(failure(&run(&[&features[..], &["nowhere"]].concat()), 2).contains("(nowhere)"));
    assert!(failure(&run(&[&features[..], &["w.safetensors"]].concat()), 1).contains("safetensors"));
    assert!(!root.join("run").exists() && !root.join("f.npy").exists());
}
