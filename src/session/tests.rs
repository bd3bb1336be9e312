//! Jobs that break, and jobs that cannot be started: nobody waits for them.

use std::time::Instant;

use super::run::RunPhase;
use super::update::REFUSED;
use super::*;
use crate::data::scan::SourceScan;
use crate::data::sources::mapped::Mapping;
use crate::data::study::Study;
use crate::data::{Clip, PersonId, SourceKind};
use crate::train::TrainConfig;

/// A session on a study of two recordings that are not there.
fn session() -> (tempfile::TempDir, Session) {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::new(Arc::new(|| {}), folder.path().to_owned(), Storage::Memory);
    session.state.study = Arc::new(study(1));
    (folder, session)
}

fn study(revision: u64) -> StudyView {
    let clip = |(name, status): (&str, &str)| {
        Clip::new(format!("/nowhere/{name}.wav").into(), SourceKind::Folder, PersonId(name.to_owned()), status)
    };
    let clips = [("a", "healthy"), ("b", "sick")].map(clip).into();
    let mut study = Study::default();
    study.add(SourceScan { kind: SourceKind::Folder, root: "/nowhere".into(), clips, notes: Vec::new() }, None);
    StudyView { revision, ..study.view() }
}

fn settle(session: &mut Session) {
    let start = Instant::now();
    while session.busy() {
        session.wait(Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(60), "a job does not end");
    }
}

fn why_not_counted(session: &Session) -> &str {
    session.state.cohort.as_ref().unwrap().cohort.as_ref().unwrap_err()
}

#[test]
fn a_job_that_panics_ends_the_waiting_and_says_why() {
    let (_folder, mut session) = session();
    let counted = |cohort| CountedCohort { revision: 1, cohort };
    session.counting = Some(Arc::default());
    session.spawn_or("broken", move |reason| Event::Cohort(Some(counted(Err(reason)))), |_| panic!("a broken count"));
    assert!(session.busy());
    settle(&mut session);
    assert!(session.counting.is_none());
    assert!(why_not_counted(&session).ends_with("a broken count"), "{}", why_not_counted(&session));
    // Whoever asks again is answered.
    session.send(Command::CountCohort);
    settle(&mut session);
    assert!(session.state.cohort.as_ref().unwrap().cohort.is_ok());
}

#[test]
fn a_job_that_cannot_be_started_ends_the_waiting_and_says_why() {
    let (_folder, mut session) = session();
    session.reporter = session.reporter.clone().without_threads();

    session.send(Command::CountCohort);
    assert_eq!((why_not_counted(&session), session.counting.is_some()), (REFUSED, false));
    assert_eq!(session.state.cohort.as_ref().unwrap().revision, 1, "nobody asks again in each frame");

    session.send(Command::Select(ClipId(0)));
    assert!(matches!(&session.state.explore.view, ViewState::Failed(reason) if reason == REFUSED) && !session.viewing);

    session.send(Command::ProbeDevices);
    assert!(matches!(&session.state.devices, Devices::Ready(found) if found.is_empty()));
    assert!(session.state.messages.iter().any(|message| message.text.ends_with(REFUSED)));

    let root = PathBuf::from("/nowhere");
    session.state.unmapped.push_back(Unmapped { root: root.clone(), tables: Vec::new(), count: None });
    session.send(Command::CountMapping { root, mapping: Mapping::default() });
    assert!(matches!(&session.state.unmapped[0].count, Some((_, Err(reason))) if reason == REFUSED));

    session.send(Command::StartRun(Box::new(RunOrder { config: TrainConfig::default(), ..RunOrder::default() })));
    assert!(session.state.active_run().is_none(), "another training can be started");
    assert!(matches!(&session.state.runs[0].phase, RunPhase::Failed(reason) if reason == REFUSED));

    session.send(Command::ExportTable("/nowhere/table.csv".into()));
    assert!(session.state.messages.iter().any(|message| message.text == REFUSED));
    assert_eq!(session.active_jobs, 0);
}

#[test]
fn recordings_that_were_not_scored_are_not_waited_for() {
    let (_folder, mut session) = session();
    let file = |path: &str, run, outcome| PredictedFile {
        path: path.into(),
        run: RunId(run),
        run_name: String::new(),
        outcome,
    };
    let failed = |reason: &str| PredictionOutcome::Failed(reason.to_owned());
    session.state.predictions = vec![
        file("a.wav", 1, PredictionOutcome::Pending),
        file("b.wav", 1, failed("no sound")),
        file("c.wav", 2, PredictionOutcome::Pending),
        file("d.wav", 1, PredictionOutcome::Pending),
    ];
    let paths = Arc::from(["a.wav", "b.wav", "c.wav"].map(PathBuf::from));
    session.apply(Event::NotPredicted { paths, run: RunId(1), reason: "no thread".to_owned() });
    let words = |file: &PredictedFile| match &file.outcome {
        PredictionOutcome::Failed(reason) => reason.clone(),
        _ => "pending".to_owned(),
    };
    let outcomes: Vec<String> = session.state.predictions.iter().map(words).collect();
    assert_eq!(outcomes, ["no thread", "no sound", "pending", "pending"]);
}

#[test]
fn counts_of_an_older_study_are_stopped_but_not_while_it_is_read() {
    let (_folder, mut session) = session();
    for (reading, stopped) in [(true, false), (false, true)] {
        let stop = Arc::new(AtomicBool::new(false));
        session.counting = Some(Arc::clone(&stop));
        let loading = Event::Loading { task: "Reading", detail: String::new(), done: 0, total: 0 };
        session.apply(if reading { loading } else { Event::LoadingEnded });
        session.apply(Event::Study { view: Arc::new(study(2)), scores: Arc::default() });
        assert_eq!(stop.load(Ordering::Relaxed), stopped, "while it is read: {reading}");
    }
    session.apply(Event::Cohort(None));
    assert!(session.counting.is_none() && session.state.cohort.is_none(), "the next count can begin");
}

#[test]
fn scores_are_found_whenever_the_study_or_the_evaluation_changes() {
    let (folder, mut session) = session();
    let dataset = folder.path().join("dataset");
    let table = folder.path().join("predictions.csv");
    let mut rows = "path,person,label,score\n".to_owned();
    for (class, score) in [("healthy", 0.2), ("sick", 0.9)] {
        let path = dataset.join(class).join("one.wav");
        std::fs::create_dir_all(dataset.join(class)).unwrap();
        std::fs::write(&path, "no sound").unwrap();
        rows += &format!("{},{class},{class},{score}\n", path.display());
    }
    std::fs::write(&table, rows).unwrap();
    let mut open = |paths: Vec<PathBuf>| {
        session.send(Command::Open(paths));
        settle(&mut session);
        session.state.scores.len()
    };
    assert_eq!(open(vec![table]), 0, "none of its recordings is open");
    assert_eq!(open(vec![dataset]), 2);
    let sick = session.state.study.clips.iter().position(|clip| clip.status == "sick").unwrap();
    assert_eq!(session.state.scores.get(ClipId(sick)).unwrap().value, 0.9);
    session.send(Command::CloseStudy);
    settle(&mut session);
    assert!(session.state.scores.is_empty());
}
