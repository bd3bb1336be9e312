//! A study on disk: what is read once is known for good, whatever happens to the program, the folders or the files.

#![cfg(test)]

mod mapped;
mod places;
mod stops;
mod training;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coughscope::data::demo::{self, DemoConfig};
use coughscope::data::policy::{CoughKind, Treatment};
use coughscope::data::quality::Flag;
use coughscope::data::split::{SplitBy, SplitConfig};
use coughscope::data::{Decision, Label, LabelPolicy, Reason, SourceKind, Verdict};
use coughscope::session::{Command, Edit, Session, Severity, Storage, StudyView};

/// Longest that any job of these tests may take on a slow machine.
const DEADLINE: Duration = Duration::from_secs(300);

/// A folder with a demo study to read, and a place for studies.
struct Place(tempfile::TempDir);

impl Place {
    fn new(people: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DemoConfig { people, seed: 3 };
        demo::generate(&folder.path().join("data"), &config, &|_, _| ControlFlow::Continue(())).unwrap();
        Self(folder)
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    /// A window's session, whose studies are kept in this place.
    fn session(&self) -> Desk {
        Desk(Session::new(Arc::new(|| {}), self.path("home"), Storage::Disk))
    }

    /// A session with the study in `inside`.
    fn study(&self, inside: &str) -> Desk {
        let mut desk = self.session();
        desk.does(Command::OpenStudy(self.path(inside)));
        desk
    }
}

/// A session that waits for what it was asked.
struct Desk(Session);

impl Desk {
    fn does(&mut self, command: Command) {
        self.0.send(command);
        let start = Instant::now();
        while self.0.busy() {
            self.0.wait(Duration::from_millis(50));
            assert!(start.elapsed() < DEADLINE, "a job does not end");
        }
    }

    /// Opens a folder, and returns while its recordings are read.
    fn begins_to_read(&mut self, folder: &Path) {
        self.0.send(Command::Open(vec![folder.to_owned()]));
        let start = Instant::now();
        while self.0.state().loading.as_ref().is_none_or(|loading| loading.done < 5) {
            self.0.wait(Duration::from_millis(1));
            assert!(start.elapsed() < DEADLINE, "nothing is read");
        }
    }

    fn view(&self) -> &StudyView {
        &self.0.state().study
    }

    fn said(&self, severity: Severity) -> Vec<&str> {
        let messages = self.0.state().messages.iter();
        messages.filter(|message| message.severity == severity).map(|message| message.text.as_str()).collect()
    }

    /// `(path from the study's data on, verdict in words)` of every recording.
    fn verdicts(&self) -> Vec<(String, String)> {
        let words = |verdict: &Verdict| match verdict {
            Verdict::Use(label) => label.to_string(),
            Verdict::Exclude(reason) => reason.to_string(),
            Verdict::Unreadable(reason) => reason.clone(),
        };
        let name =
            |path: &Path| path.iter().rev().take(3).map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("<");
        self.view().clips.iter().map(|clip| (name(&clip.path), words(&clip.verdict))).collect()
    }

    fn used(&self) -> usize {
        self.view().used().count()
    }

    fn unread(&self) -> usize {
        let unread = |verdict: &Verdict| *verdict == Verdict::Exclude(Reason::NotReadYet);
        self.view().clips.iter().filter(|clip| unread(&clip.verdict)).count()
    }
}

#[test]
fn a_study_can_be_given_a_name() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    assert_eq!(desk.view().name, "mine", "its folder's");
    desk.does(Command::Edit(Edit::Name("  Coughs of 2020 ".into())));
    assert_eq!(desk.view().name, "Coughs of 2020");
    desk.does(Command::Undo);
    assert_eq!(desk.view().name, "mine");
    desk.does(Command::Redo);
    desk.does(Command::SaveStudyAs(place.path("copy")));
    assert_eq!(desk.view().name, "Coughs of 2020", "it stays in another folder");
    desk.does(Command::Edit(Edit::Name(String::new())));
    assert_eq!(desk.view().name, "copy");
    drop(desk);

    let again = place.study("mine");
    assert_eq!(again.view().name, "Coughs of 2020", "it was kept");
    assert!(again.0.state().recent.iter().any(|study| study.name == "Coughs of 2020"));
}

#[test]
fn a_study_is_there_again_with_all_that_was_decided() {
    let place = Place::new(40);
    let mut first = place.study("mine");
    first.does(Command::Open(vec![place.path("data")]));
    assert_eq!(first.said(Severity::Error), Vec::<&str>::new());
    assert_eq!(first.view().sources.len(), 3);
    let mut policy = LabelPolicy { coswara_cough: CoughKind::Both, ..LabelPolicy::default() };
    policy.set(SourceKind::Coughvid, "symptomatic", Treatment::Exclude);
    let split = SplitConfig { by: SplitBy::Dataset, held_out: Some("virufy".into()), ..SplitConfig::default() };
    let person = first.view().used().next().unwrap().clone();
    first.does(Command::Edit(Edit::Policy(Box::new(policy.clone()))));
    first.does(Command::Edit(Edit::Split(split.clone())));
    first.does(Command::Edit(Edit::Decisions(vec![(person.path.clone(), Some(Decision::Exclude))])));
    let (verdicts, used) = (first.verdicts(), first.used());
    assert!(used > 40);
    drop(first);

    let again = place.study("mine");
    assert_eq!(again.verdicts(), verdicts);
    assert_eq!((&again.view().policy, &again.view().split_config), (&policy, &split));
    assert_eq!(again.view().name, "mine");
    assert!(again.view().synthetic, "made-up recordings stay made up");
    let clip = again.view().clips.iter().find(|clip| clip.path == person.path).unwrap();
    assert_eq!(clip.verdict, Verdict::Exclude(Reason::ByHand));
    assert_eq!(again.said(Severity::Info), Vec::<&str>::new(), "nothing has changed, so nothing is said");

    // It is offered by name.
    drop(again);
    let mut fresh = place.session();
    fresh.0.wait(Duration::from_secs(5));
    let recent = &fresh.0.state().recent;
    assert_eq!(recent.iter().map(|study| study.name.as_str()).collect::<Vec<_>>(), ["mine"]);
}

#[test]
fn a_change_can_be_undone_and_done_again() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let before = desk.verdicts();
    assert_eq!(desk.view().undo, None);
    let paths: Vec<PathBuf> = desk.view().used().take(3).map(|clip| clip.path.clone()).collect();
    let decisions = |decision| paths.iter().map(|path| (path.clone(), decision)).collect();
    desk.does(Command::Edit(Edit::Decisions(decisions(Some(Decision::Exclude)))));
    let after = desk.verdicts();
    assert_ne!(after, before);
    assert_eq!(desk.view().undo.as_deref(), Some("the decision about 3 recordings"));
    let used = desk.used();
    desk.does(Command::Undo);
    assert_eq!((desk.verdicts(), desk.used()), (before.clone(), used + 3));
    desk.does(Command::Redo);
    assert_eq!(desk.verdicts(), after);
    desk.does(Command::Undo);
    desk.does(Command::Undo);
    assert_eq!((desk.verdicts(), desk.view().undo.clone()), (before, None), "more undo than changes does nothing");
}

#[test]
fn a_policy_is_taken_from_one_study_to_another() {
    let place = Place::new(40);
    let mut one = place.study("one");
    one.does(Command::Open(vec![place.path("data")]));
    let defaults = one.view().policy.clone();
    let mut policy = LabelPolicy { coswara_cough: CoughKind::Both, ..LabelPolicy::default() };
    policy.set(SourceKind::Coughvid, "symptomatic", Treatment::Exclude);
    one.does(Command::Edit(Edit::Policy(Box::new(policy.clone()))));
    let (verdicts, file) = (one.verdicts(), place.path("mine.policy.toml"));
    one.does(Command::SavePolicy(file.clone()));

    let mut other = place.study("other");
    other.does(Command::Open(vec![place.path("data")]));
    assert_ne!(other.verdicts(), verdicts);
    other.does(Command::ReadPolicy(file.clone()));
    assert_eq!((other.verdicts(), &other.view().policy), (verdicts, &policy), "its shallow coughs are read too");
    other.does(Command::Undo);
    assert_eq!(other.view().policy, defaults);

    std::fs::write(&file, "coswara_coughs = \"both\"\n").unwrap();
    other.does(Command::ReadPolicy(file));
    assert_eq!(other.view().policy, defaults, "what is not understood changes nothing");
    assert!(other.said(Severity::Error).iter().any(|text| text.contains("coswara_coughs")));
}

#[test]
fn changed_new_and_missing_files_are_noticed() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    let folder = place.path("own");
    let cough = |class: &str, name: &str| folder.join(class).join(name);
    let sounds: Vec<PathBuf> = walkdir::WalkDir::new(place.path("data/virufy"))
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "mp3"))
        .filter(|entry| entry.metadata().unwrap().len() > 5_000)
        .map(walkdir::DirEntry::into_path)
        .collect();
    for class in ["healthy", "sick"] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
    }
    std::fs::copy(&sounds[0], cough("healthy", "a.mp3")).unwrap();
    std::fs::copy(&sounds[1], cough("sick", "b.mp3")).unwrap();
    std::fs::write(cough("sick", "c.mp3"), "").unwrap();
    desk.does(Command::Open(vec![folder.clone()]));
    assert_eq!(desk.used(), 2);
    drop(desk);

    std::fs::copy(&sounds[2], cough("sick", "c.mp3")).unwrap();
    std::fs::copy(&sounds[3], cough("sick", "d.mp3")).unwrap();
    std::fs::remove_file(cough("healthy", "a.mp3")).unwrap();
    let again = place.study("mine");
    assert_eq!(again.used(), 3, "{:?}", again.verdicts());
    let said = again.said(Severity::Info);
    assert!(said.iter().any(|text| text.contains("2 files are new or changed, and 1 file is missing")), "{said:?}");
}

#[test]
fn a_folder_that_fails_beside_it_does_not_end_the_reading() {
    let place = Place::new(120);
    std::fs::create_dir(place.path("nothing")).unwrap();
    let mut desk = place.study("mine");
    desk.begins_to_read(&place.path("data"));
    desk.does(Command::Open(vec![place.path("nothing")]));
    assert!(desk.said(Severity::Error).iter().any(|text| text.contains("no dataset was recognised")));
    assert_eq!(desk.unread(), 0);
    assert_eq!(desk.view().sources.len(), 3);
}

/// A clone of Coswara with its split archives, one of them damaged at first.
#[test]
fn a_packed_coswara_is_unpacked() {
    let place = Place::new(40);
    let (root, ids) = (place.path("Coswara-Data"), ["A", "B"].map(|letter| letter.repeat(28)));
    let sound = walkdir::WalkDir::new(place.path("data/coswara"))
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name() == "cough-heavy.wav" && entry.metadata().unwrap().len() > 10_000)
        .unwrap();
    let sound = std::fs::read(sound.path()).unwrap();
    let mut parts = Vec::new();
    for (id, date) in ids.iter().zip(["20200413", "20200415"]) {
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(sound.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{date}/{id}/cough-heavy.wav"), sound.as_slice()).unwrap();
        let bytes = archive.into_inner().unwrap().finish().unwrap();
        let folder = root.join(date);
        std::fs::create_dir_all(&folder).unwrap();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        std::fs::write(folder.join(format!("{date}.tar.gz.aa")), first).unwrap();
        std::fs::write(folder.join(format!("{date}.tar.gz.ab")), second).unwrap();
        parts.push((folder.join(format!("{date}.tar.gz.ab")), second.to_vec()));
    }
    std::fs::write(
        root.join("combined_data.csv"),
        format!("id,covid_status\n{},positive_mild\n{},positive_mild\n", ids[0], ids[1]),
    )
    .unwrap();
    std::fs::write(&parts[1].0, "cut").unwrap();

    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![root]));
    assert!(desk.view().sources[0].packed);
    let key = desk.view().sources[0].key.clone();
    desk.does(Command::Unpack(key.clone()));
    assert!(
        desk.said(Severity::Error).iter().any(|text| text.contains("20200415")),
        "{:?}",
        desk.said(Severity::Error)
    );
    assert_eq!(desk.used(), 1, "{:?}", desk.verdicts());
    assert!(desk.view().sources[0].packed, "it can be tried again");

    std::fs::write(&parts[1].0, &parts[1].1).unwrap();
    desk.does(Command::Unpack(key));
    assert!(!desk.view().sources[0].packed);
    let labels: Vec<_> = desk.view().clips.iter().map(|clip| (clip.same.repeats_exact, clip.verdict.label())).collect();
    assert_eq!(labels, [(false, Some(Label::Sick)), (true, None)], "both hold the same sound");
}

#[test]
fn one_study_is_open_once() {
    let place = Place::new(40);
    let _first = place.study("mine");
    let second = place.study("mine");
    let errors = second.said(Severity::Error);
    assert!(errors.iter().any(|text| text.contains("open in another window or command")), "{errors:?}");
}

/// A file of the same size and time looks unchanged; a person may know better.
#[test]
fn every_recording_can_be_read_once_more() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let before = desk.verdicts();
    let clip = desk.view().used().find(|clip| clip.source == SourceKind::Coswara).unwrap().clone();
    let time = std::fs::metadata(&clip.path).unwrap().modified().unwrap();
    let bytes = std::fs::read(&clip.path).unwrap();
    std::fs::write(&clip.path, vec![0; bytes.len()]).unwrap();
    std::fs::File::options().append(true).open(&clip.path).unwrap().set_modified(time).unwrap();
    desk.does(Command::ReadAgain);
    assert_eq!(desk.verdicts(), before, "nothing looks changed");
    let key = desk.view().sources.iter().find(|source| source.kind == SourceKind::Coswara).unwrap().key.clone();
    desk.does(Command::ReadAnew(key));
    let now = desk.view().clips.iter().find(|other| other.path == clip.path).unwrap().verdict.clone();
    assert!(matches!(now, Verdict::Unreadable(_)), "{now:?}");
    let dropped = &desk.view().dropped;
    assert_eq!(dropped.recordings, 1, "{dropped:?}");
    assert_eq!(desk.verdicts().len(), before.len());
}

/// What an earlier version has read is not read again.
#[test]
fn the_index_of_an_earlier_version_goes_on() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let before = desk.verdicts();
    let path = desk.view().used().next().unwrap().path.clone();
    drop(desk);
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, vec![0; bytes.len()]).unwrap();
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();

    let index = rusqlite::Connection::open(place.path("mine/index.sqlite")).unwrap();
    index.execute_batch("ALTER TABLE clip DROP COLUMN kind; PRAGMA user_version = 1").unwrap();
    drop(index);
    let desk = place.study("mine");
    assert_eq!(desk.verdicts(), before, "a reading of that file would fail");
    assert!(!place.path("mine/index.damaged-1.sqlite").exists());
    drop(desk);
    assert_eq!(place.study("mine").verdicts(), before, "and it is of this version now");
}

/// The index with every page of fingerprints overwritten, and the comparison to be done again.
fn damaged_fingerprints(path: &Path) -> Vec<u8> {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute("DELETE FROM done", []).unwrap();
    let pages: Vec<usize> = {
        let mut pages = connection.prepare("SELECT pageno FROM dbstat WHERE name = 'fingerprint'").unwrap();
        let numbers = pages.query_map([], |row| row.get::<_, u32>(0)).unwrap();
        numbers.map(|number| number.unwrap() as usize).collect()
    };
    drop(connection);
    let mut bytes = std::fs::read(path).unwrap();
    for page in pages {
        bytes[(page - 1) * 4_096..page * 4_096].fill(0xA5);
    }
    bytes
}

#[test]
fn a_damaged_index_is_made_anew_and_a_strange_folder_is_left_alone() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let verdicts = desk.verdicts();
    drop(desk);
    std::fs::write(place.path("mine/index.sqlite"), "this is no database, but long enough to be one ".repeat(100))
        .unwrap();
    let desk = place.study("mine");
    assert_eq!(desk.verdicts(), verdicts);
    assert!(place.path("mine/index.damaged-1.sqlite").is_file(), "it is kept");
    drop(desk);
    for round in 2..=3 {
        let bytes = std::fs::read(place.path("mine/index.sqlite")).unwrap();
        let damaged: Vec<u8> = match round {
            // Everything but the first page, which says what it is.
            2 => bytes.iter().enumerate().map(|(at, byte)| if at < 4_096 { *byte } else { 0xA5 }).collect(),
            // What is compared at the end only.
            _ => damaged_fingerprints(&place.path("mine/index.sqlite")),
        };
        std::fs::write(place.path("mine/index.sqlite"), damaged).unwrap();
        drop(place.study("mine"));
        let desk = place.study("mine");
        assert_eq!(desk.said(Severity::Error), Vec::<&str>::new(), "{round}: the second start is fine at last");
        assert_eq!(desk.verdicts(), verdicts, "{round}");
        assert!(place.path(&format!("mine/index.damaged-{round}.sqlite")).is_file(), "{round}");
    }
    let strange = place.study("data");
    let errors = strange.said(Severity::Error);
    assert!(errors.iter().any(|text| text.contains("holds other files")), "{errors:?}");
}

/// Equal sounds are used once, or not at all where their labels disagree; people who share one are never in two parts.
#[test]
fn copies_are_found_and_kept_together() {
    let place = Place::new(40);
    let mut desk = place.study("mine");
    desk.does(Command::Open(vec![place.path("data")]));
    let mut clips: Vec<_> = desk.view().used().filter(|clip| clip.source == SourceKind::Coswara).cloned().collect();
    clips.retain(|clip| clip.verdict == Verdict::Use(Label::Sick));
    let own = place.path("own");
    for class in ["healthy", "sick"] {
        std::fs::create_dir_all(own.join(class)).unwrap();
    }
    std::fs::copy(&clips[0].path, own.join("sick/copy.wav")).unwrap();
    std::fs::copy(&clips[1].path, own.join("healthy/other.wav")).unwrap();
    let used = desk.used();
    desk.does(Command::Open(vec![own.clone()]));
    assert_eq!(desk.used(), used - 1, "both are copies, and of the sick one that is healthy elsewhere nobody knows");
    let disputed = Verdict::Exclude(Reason::Flag(Flag::ContradictoryLabels));
    let verdict =
        |path: &Path| desk.view().clips.iter().find(|clip| clip.path == path).map(|clip| clip.verdict.clone());
    assert_eq!(
        [verdict(&clips[1].path), verdict(&own.join("healthy/other.wav"))],
        [Some(disputed.clone()), Some(disputed)]
    );
    let copy = desk.view().clips.iter().find(|clip| clip.path.ends_with("copy.wav")).unwrap().clone();
    assert!(matches!(&copy.verdict, Verdict::Exclude(reason) if reason.to_string() == "exact duplicate"), "{copy:?}");
    assert!(copy.same.exact.is_some());
    assert_eq!(copy.same.twin.as_deref(), Some(clips[0].path.as_path()));
    let words = desk.view().twin_in_words(&copy).unwrap();
    assert!(words.starts_with("same sound as Coswara: ") && words.ends_with("cough-heavy.wav"), "{words}");
    desk.does(Command::ExportTable(place.path("all.csv")));
    let mut table = csv::Reader::from_path(place.path("all.csv")).unwrap();
    let column = table.headers().unwrap().iter().position(|name| name == "same_sound_as").unwrap();
    let rows: Vec<_> = table.records().map(Result::unwrap).collect();
    let row = rows.iter().find(|row| row[0].ends_with("copy.wav")).unwrap();
    assert!(rows.iter().any(|other| other[0] == row[column] && &other[3] == "sick"), "the twin is a row, and used");

    // The first leaves its place to the copy.
    desk.does(Command::Edit(Edit::Decisions(vec![(clips[0].path.clone(), Some(Decision::Exclude))])));
    let copy = desk.view().clips.iter().find(|clip| clip.path.ends_with("copy.wav")).unwrap();
    assert_eq!(copy.verdict, Verdict::Use(Label::Sick));
    assert_eq!(copy.same.twin, None, "it repeats nobody now");

    // Allowed by hand, both are used, and drawn together.
    desk.does(Command::Undo);
    let path = own.join("sick/copy.wav");
    desk.does(Command::Edit(Edit::Decisions(vec![(path.clone(), Some(Decision::Use))])));
    let split = desk.view().split.clone().unwrap().unwrap();
    assert_eq!(split.leaks, Default::default());
    let part = |wanted: &Path| desk.view().used().position(|clip| clip.path == wanted).map(|index| split.parts[index]);
    assert_eq!(part(&path), part(&clips[0].path));
    assert!(part(&path).is_some());
}

/// A program that is killed ten times at any moment loses nothing but the files in hand.
#[test]
fn ten_kills_leave_a_study_that_goes_on() {
    let place = Place::new(150);
    let scan = || {
        let mut process = Process::new(env!("CARGO_BIN_EXE_coughscope"));
        process.args(["scan", "--json", "--study"]).arg(place.path("mine"));
        process.env("XDG_DATA_HOME", place.path("home")).env("HOME", place.path("home"));
        process.stdout(Stdio::piped()).stderr(Stdio::null());
        process
    };
    let mut known = 0;
    for kill in 0..10_u64 {
        let mut process = scan().arg(place.path("data")).spawn().unwrap();
        // From before the study is made to somewhere in the middle, in steps that are no multiple of anything.
        std::thread::sleep(Duration::from_millis(5 + kill * 37 % 211));
        process.kill().unwrap();
        process.wait().unwrap();
        let sounds = sounds_in(&place.path("mine/index.sqlite"));
        assert!(sounds >= known, "kill {kill}: {sounds} sounds are known, and {known} were before");
        known = sounds;
    }
    let whole = scan().arg(place.path("data")).output().unwrap();
    assert!(whole.status.success());
    let in_memory = Process::new(env!("CARGO_BIN_EXE_coughscope"))
        .args(["scan", "--json"])
        .arg(place.path("data"))
        .env("HOME", place.path("home"))
        .output()
        .unwrap();
    let parsed = |output: &[u8]| serde_json::from_slice::<serde_json::Value>(output).unwrap();
    assert_eq!(parsed(&whole.stdout), parsed(&in_memory.stdout), "as if nobody had killed it");
}

/// How many sounds the index in `path` knows; 0 where there is none yet.
fn sounds_in(path: &Path) -> usize {
    use coughscope::data::study::index::Index;
    let Ok(index) = Index::open(path) else { return 0 };
    index.sources().unwrap().iter().map(|(key, _)| index.sounds(key).unwrap().len()).sum()
}
