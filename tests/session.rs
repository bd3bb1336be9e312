//! The main job without a window: made-up datasets, scan, training, test, saved run, prediction.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coughscope::data::demo::{self, DemoConfig};
use coughscope::session::{
    ClipId, Command, PredictionOutcome, RunOrder, RunPhase, Session, Severity, State, Storage, ViewState,
};
use coughscope::train::TrainConfig;
use coughscope::train::device::DeviceChoice;
use std::ops::ControlFlow;

/// Longest that any job of these tests may take on a slow machine.
const DEADLINE: Duration = Duration::from_secs(300);

struct Bench {
    session: Session,
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Bench {
    /// A session on a small demo study, already read.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("study");
        let config = DemoConfig { people: DemoConfig::MIN_PEOPLE, seed: 5 };
        demo::generate(&root, &config, &|_, _| ControlFlow::Continue(())).unwrap();
        let mut bench = Self {
            session: Session::new(Arc::new(|| {}), folder.path().join("data"), Storage::Memory),
            root,
            _folder: folder,
        };
        bench.carry_out(Command::Open(vec![bench.root.clone()]));
        bench
    }

    fn carry_out(&mut self, command: Command) {
        self.session.send(command);
        self.settle();
    }

    fn settle(&mut self) {
        let start = Instant::now();
        while self.session.busy() {
            self.session.wait(Duration::from_millis(50));
            assert!(start.elapsed() < DEADLINE, "a job does not end");
        }
    }

    fn state(&self) -> &State {
        self.session.state()
    }

    fn errors(&self) -> Vec<&str> {
        let messages = self.state().messages.iter();
        messages.filter(|message| message.severity == Severity::Error).map(|message| message.text.as_str()).collect()
    }

    fn train(&mut self, epochs: usize) {
        let config = TrainConfig { epochs, device: DeviceChoice::Cpu, ..TrainConfig::default() };
        let folder = Some(self.root.with_file_name("run"));
        self.carry_out(Command::StartRun(Box::new(RunOrder { config, folder, ..RunOrder::default() })));
    }
}

#[test]
fn from_a_folder_to_a_prediction_and_back_from_disk() {
    let mut bench = Bench::new();
    let study = &bench.state().study;
    assert!(study.synthetic, "a demo study says that it is synthetic");
    assert_eq!(study.sources.len(), 3);
    let used = study.clips.iter().filter(|clip| clip.verdict.label().is_some()).count();
    assert!(used > 40, "{used} used recordings");
    let split = study.split.as_ref().unwrap().as_ref().unwrap();
    assert_eq!(split.leaks.people, 0);

    bench.train(2);
    assert_eq!(bench.errors(), Vec::<&str>::new());
    let run = bench.state().current_run().unwrap();
    assert!(matches!(run.phase, RunPhase::Finished { stopped: false, .. }), "{:?}", run.phase);
    assert_eq!(run.history.len(), 2);
    let counts = run.counts.unwrap();
    assert_eq!(counts.recordings, used);
    assert_eq!(counts.train + counts.validation + counts.test, used);
    assert_eq!(counts.shared_people, 0);
    let folder = run.folder.clone();
    for file in [
        "config.toml",
        "run.toml",
        "model.safetensors",
        "history.csv",
        "predictions.csv",
        "validation_predictions.csv",
        "metrics.json",
        "roc_auc.png",
        "recall_vs_precision.png",
        "confusion_matrix.png",
        "loss_history.png",
    ] {
        assert!(folder.join(file).is_file(), "{file} is missing");
    }

    // The saved network gives the test part the scores that the trained one gave.
    let evaluation = bench.state().evaluation.as_ref().unwrap();
    assert_eq!(evaluation.table.len() as usize, counts.test);
    let first = evaluation.predictions[0].clone();
    let path = first.path.unwrap();
    let threshold = evaluation.threshold();
    let mut fresh = Session::new(Arc::new(|| {}), folder.join("elsewhere"), Storage::Memory);
    for command in [Command::Open(vec![folder]), Command::Predict(vec![path.clone()])] {
        fresh.send(command);
        while fresh.busy() {
            fresh.wait(Duration::from_millis(50));
        }
    }
    assert_eq!(fresh.state().evaluation.as_ref().unwrap().threshold(), threshold);
    let (score, _) = answer(fresh.state());
    assert!((score - first.score).abs() < 1e-6, "{score} against {}", first.score);
}

#[test]
fn stopping_keeps_the_best_network_so_far() {
    let mut bench = Bench::new();
    let config = TrainConfig { epochs: 500, patience: 0, device: DeviceChoice::Cpu, ..TrainConfig::default() };
    bench.session.send(Command::StartRun(Box::new(RunOrder { config, ..RunOrder::default() })));
    let start = Instant::now();
    while bench.state().current_run().is_none_or(|run| run.history.is_empty()) {
        bench.session.wait(Duration::from_millis(50));
        assert!(start.elapsed() < DEADLINE, "no epoch ends");
    }
    let id = bench.state().current_run.unwrap();
    bench.carry_out(Command::StopRun(id));
    let run = bench.state().run(id).unwrap();
    assert!(matches!(run.phase, RunPhase::Finished { stopped: true, .. }), "{:?}", run.phase);
    assert!(run.folder.join("run.toml").is_file());
    assert!(bench.state().evaluation.is_some());
}

#[test]
fn the_threshold_moves_the_matrix_and_goes_back() {
    let mut bench = Bench::new();
    let table = bench.root.with_file_name("predictions.csv");
    std::fs::write(&table, "path,person,label,score\na,1,sick,0.9\nb,2,healthy,0.6\nc,3,sick,0.4\nd,4,healthy,0.1\n")
        .unwrap();
    bench.carry_out(Command::Open(vec![table]));
    let cells = |bench: &Bench| {
        let confusion = bench.state().evaluation.as_ref().unwrap().confusion();
        [confusion.tp, confusion.fp, confusion.tn, confusion.fn_]
    };
    assert_eq!(cells(&bench), [1, 1, 1, 1]);
    bench.carry_out(Command::SetThreshold(0.3));
    assert_eq!(cells(&bench), [2, 1, 1, 0]);
    bench.carry_out(Command::ResetThreshold);
    assert_eq!(cells(&bench), [1, 1, 1, 1]);
    let folder = bench.root.with_file_name("reports");
    for name in ["predictions-report", "predictions-report-2"] {
        bench.carry_out(Command::ExportReport(folder.clone()));
        assert!(folder.join(name).join("roc_auc.png").is_file(), "an earlier report is never written over");
    }
    assert_eq!(bench.errors(), Vec::<&str>::new());
}

#[test]
fn a_chosen_recording_can_be_drawn_and_a_broken_one_says_why() {
    let mut bench = Bench::new();
    let position = |bench: &Bench, wanted: &dyn Fn(&Path) -> bool| {
        ClipId(bench.state().study.clips.iter().position(|clip| wanted(&clip.path)).unwrap())
    };
    let good = bench.state().study.clips.iter().position(|clip| clip.verdict.label().is_some()).unwrap();
    bench.carry_out(Command::Select(ClipId(good)));
    let ViewState::Ready(view) = &bench.state().explore.view else { panic!("not drawn") };
    assert!(view.duration().0 > 0.5);
    assert!(view.spectrogram.spectrogram().frames > 10);
    let missing = position(&bench, &|path| !path.exists());
    bench.carry_out(Command::Select(missing));
    assert!(matches!(&bench.state().explore.view, ViewState::Failed(reason) if !reason.is_empty()));
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::new(Arc::new(|| {}), folder.path().join("data"), Storage::Memory);
    let carry_out = |session: &mut Session, command| {
        session.send(command);
        while session.busy() {
            session.wait(Duration::from_millis(50));
        }
        session.state().messages.last().map(|message| message.text.clone()).unwrap_or_default()
    };
    let text = carry_out(
        &mut session,
        Command::StartRun(Box::new(RunOrder { config: TrainConfig::default(), ..RunOrder::default() })),
    );
    assert!(text.contains("Open a dataset first"), "{text}");
    let text = carry_out(&mut session, Command::Predict(vec!["cough.wav".into()]));
    assert!(text.contains("no trained network"), "{text}");
    let text = carry_out(&mut session, Command::Open(vec![folder.path().join("nowhere")]));
    assert!(text.contains("no such file") && text.contains("nowhere"), "{text}");
    let text = carry_out(&mut session, Command::Open(vec![folder.path().to_owned()]));
    assert!(text.contains("Coswara") && text.contains("COUGHVID"), "says what was looked for: {text}");
}

/// Score and threshold of the newest answer.
fn answer(state: &State) -> (f64, f64) {
    match &state.predictions[0].outcome {
        PredictionOutcome::Scored { score, threshold, .. } => (*score, *threshold),
        _ => panic!("no score: {:?}", state.messages),
    }
}

fn a_recording(state: &State) -> PathBuf {
    state.study.clips.iter().find(|clip| clip.verdict.label().is_some()).unwrap().path.clone()
}

/// What somebody tries out on the test part, or a table that somebody looks at, judges no new recording.
#[test]
fn new_recordings_meet_the_threshold_of_the_validation_part() {
    let mut bench = Bench::new();
    bench.train(1);
    let run = bench.state().current_run().unwrap();
    let (folder, chosen) = (run.folder.clone(), run.threshold.unwrap());
    let cough = a_recording(bench.state());

    bench.carry_out(Command::SetThreshold(chosen + 0.2));
    bench.carry_out(Command::Predict(vec![cough.clone()]));
    assert_eq!(answer(bench.state()).1, chosen);

    let table = bench.root.with_file_name("table.csv");
    std::fs::write(&table, "label,score\nsick,0.9\nhealthy,0.1\n").unwrap();
    bench.carry_out(Command::Open(vec![table]));
    bench.carry_out(Command::Predict(vec![cough.clone()]));
    assert_eq!(answer(bench.state()).1, chosen);

    // What was exported at another threshold says so; what was trained, and the run's own table, stay as they are.
    bench.carry_out(Command::Open(vec![folder.clone()]));
    bench.carry_out(Command::SetThreshold(chosen + 0.2));
    bench.carry_out(Command::ExportReport(folder.clone()));
    let origin = |folder: &Path| {
        let text = std::fs::read_to_string(folder.join("metrics.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["threshold_origin"].clone()
    };
    assert_eq!(origin(&folder.join("run-report")), "exploratory");
    assert_eq!(origin(&folder), "validation");

    bench.carry_out(Command::Open(vec![folder.join("predictions.csv")]));
    assert!(bench.state().evaluation.as_ref().unwrap().synthetic, "the run's own table is as synthetic as the run");
}

#[test]
fn a_run_that_fails_or_is_stopped_leaves_the_earlier_one_in_use() {
    let mut bench = Bench::new();
    bench.train(1);
    let first = bench.state().predict_run;
    assert!(first.is_some());

    // A file where the folder should be: found out before anything is computed.
    let occupied = bench.root.with_file_name("occupied");
    std::fs::write(&occupied, "").unwrap();
    let config = TrainConfig { epochs: 1, device: DeviceChoice::Cpu, ..TrainConfig::default() };
    bench.carry_out(Command::StartRun(Box::new(RunOrder {
        config: config.clone(),
        folder: Some(occupied),
        ..RunOrder::default()
    })));
    let run = bench.state().current_run().unwrap();
    assert!(matches!(&run.phase, RunPhase::Failed(reason) if reason.contains("occupied")), "{:?}", run.phase);
    assert!(run.counts.is_none(), "no recording was read");
    assert_eq!(bench.state().predict_run, first);

    bench.session.send(Command::StartRun(Box::new(RunOrder { config, ..RunOrder::default() })));
    let second = bench.state().current_run.unwrap();
    bench.carry_out(Command::StopRun(second));
    assert_eq!(bench.state().run(second).unwrap().phase, RunPhase::Cancelled);
    assert_eq!(bench.state().predict_run, first);
    let cough = a_recording(bench.state());
    bench.carry_out(Command::Predict(vec![cough]));
    answer(bench.state());
}

#[test]
fn a_run_and_recordings_opened_together_give_scores() {
    let mut bench = Bench::new();
    bench.train(1);
    let (folder, cough) = (bench.state().current_run().unwrap().folder.clone(), a_recording(bench.state()));
    let mut fresh = Session::new(Arc::new(|| {}), folder.join("elsewhere"), Storage::Memory);
    fresh.send(Command::Open(vec![cough, folder]));
    while fresh.busy() {
        fresh.wait(Duration::from_millis(50));
    }
    answer(fresh.state());
    assert!(fresh.state().messages.is_empty(), "{:?}", fresh.state().messages);
}

#[test]
fn closing_the_study_ends_its_reading() {
    let mut bench = Bench::new();
    bench.session.send(Command::Open(vec![bench.root.clone()]));
    while bench.state().loading.is_none() {
        bench.session.wait(Duration::from_millis(1));
    }
    bench.carry_out(Command::CloseStudy);
    assert!(bench.state().loading.is_none() && bench.state().study.is_empty());
    assert!(bench.state().messages.is_empty(), "{:?}", bench.state().messages);
}

/// Something that fails beside it does not take the demo's training away, and the demo trains on nothing but itself.
#[test]
fn the_demo_trains_whatever_happens_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.csv");
    std::fs::write(&bad, "no such columns\n").unwrap();
    let mut session = Session::new(Arc::new(|| {}), folder.path().join("data"), Storage::Memory);
    session.send(Command::RunDemo { config: DemoConfig::default(), folder: None });
    session.send(Command::Open(vec![bad]));
    let start = Instant::now();
    while session.state().runs.is_empty() {
        assert!(session.busy(), "the demo ended without a training");
        session.wait(Duration::from_millis(50));
        assert!(start.elapsed() < DEADLINE);
    }
    assert!(session.state().messages.iter().any(|message| message.text.contains("bad.csv")));
}

/// Impatient people drop a folder twice.
#[test]
fn a_folder_that_is_opened_again_while_it_is_read_is_open_once() {
    let mut bench = Bench::new();
    let once = bench.state().study.clips.len();
    bench.carry_out(Command::CloseStudy);
    bench.session.send(Command::Open(vec![bench.root.clone()]));
    bench.session.send(Command::Open(vec![bench.root.join("virufy")]));
    bench.carry_out(Command::Open(vec![bench.root.clone()]));
    assert_eq!(bench.state().study.clips.len(), once);
    assert!(bench.state().loading.is_none() && bench.state().study.split.is_some());
}

#[test]
fn the_same_recording_named_twice_is_scored_once() {
    let mut bench = Bench::new();
    bench.train(1);
    let cough = a_recording(bench.state());
    bench.carry_out(Command::Predict(vec![cough.clone(), cough]));
    assert_eq!(bench.state().predictions.len(), 1);
    answer(bench.state());
}
