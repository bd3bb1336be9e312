//! Where results may go: not into a dataset, whoever writes.

use coughscope::audio::wav;
use coughscope::data::Label;
use coughscope::data::demo::synth;
use coughscope::units::{SampleRate, Seconds};

use super::*;

/// Everything below `folder`, sorted.
fn everything_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path()).collect();
    paths.sort();
    paths
}

#[test]
fn nothing_is_written_into_a_dataset() {
    let folder = tempfile::tempdir().unwrap();
    make_study(folder.path(), "40");
    let rate = SampleRate::new(16_000).unwrap();
    let cough = wav::encode_pcm16(&synth::cough(1, Label::Sick, rate, Seconds(1.0)), rate).unwrap();
    std::fs::write(folder.path().join("a.wav"), cough).unwrap();
    std::fs::write(folder.path().join("p.csv"), "label,score\nsick,1\nhealthy,0\n").unwrap();
    let before = everything_in(folder.path());
    for (command, what) in [
        (&["demo", "--headless", "--out", "made/coswara/run"][..], "the run"),
        (&["demo", "--headless", "--only-make", "made/virufy/clinical/demo"], "the demo study"),
        (&["scan", "made/coughvid", "--study", "made/coughvid/coughvid_20211012/mine"], "the study"),
        (&["scan", "made/coughvid", "--study", "made/coughvid/coughvid_20211012"], "the study"),
        (&["table", "--study", "mine", "--out", "made/coswara/all.csv"], "the table"),
        (&["charts", "--study", "mine", "--out", "made/coswara"], "the charts"),
        (&["pictures", "export", "--study", "mine", "--out", "made/virufy/clinical/tree"], "the pictures"),
        (&["decode", "a.wav", "--wav", "made/virufy/clinical/a.wav"], "the WAV file"),
        (&["spectrogram", "a.wav", "--out", "made/coughvid/coughvid_20211012/a.png"], "the spectrogram"),
        (&["train", "made/virufy", "--out", "made/virufy/clinical/run"], "the run"),
        (&["train", "--study", "mine", "--out", "made/coswara/run"], "the run"),
        (&["train", "made/virufy", "--study", "made/virufy/clinical/study"], "the study"),
        (&["evaluate", "--predictions", "p.csv", "--out", "made/coswara/report"], "the report"),
    ] {
        let error = failure(&coughscope(folder.path(), command), 2);
        assert!(error.contains(&format!("{what} would lie in the folder of ")), "{command:?}: {error}");
        assert!(error.contains("choose another folder"), "{error}");
    }
    assert_eq!(everything_in(folder.path()), before);
    // The study's own folder is none, and neither is one beside the datasets.
    for out in ["mine", "made"] {
        assert!(coughscope(folder.path(), &["charts", "--study", "mine", "--out", out]).status.success(), "{out}");
    }
}
