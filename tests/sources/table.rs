//! The table of recordings: exported, and opened again as a dataset.

use std::collections::BTreeMap;

use coughscope::data::policy::Treatment;
use coughscope::data::scan::read_all;
use coughscope::data::table::{COLUMNS, is_combined_table, is_export, read, write};
use coughscope::data::{Clip, Decision, PersonId, Verdict};

use super::*;

/// Two datasets with everything that can become of a recording.
fn sources() -> Study {
    let rows =
        format!("{0},healthy,31,=cmd,True\n{1},recovered_full,,,\n{2},positive_mild,,,\n", coswara::ANNA, "b", "c");
    Study::new()
        .file("in/x/combined_data.csv", format!("id,covid_status,a,g,fever\n{rows}"))
        .sound(&format!("in/x/{}", coswara::heavy(coswara::ANNA)))
        .sound(&format!("in/x/{}", coswara::heavy("b")))
        .sound("in/own/healthy/a b%20é.wav")
        .sound("in/own/sick/a.wav")
        .file("in/own/sick/b.wav", "broken")
}

fn scans_of(path: &Path) -> Vec<SourceScan> {
    scan(&[path.to_owned()], &LabelPolicy::default()).unwrap().sources
}

/// Person to what became of the recordings.
fn people(scans: &[SourceScan]) -> BTreeMap<(PersonId, String), Vec<String>> {
    let mut people: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for clip in scans.iter().flat_map(|scan| &scan.clips) {
        let verdict = match &clip.verdict {
            Verdict::Use(label) => label.to_string(),
            Verdict::Exclude(reason) => reason.to_string(),
            Verdict::Unreadable(reason) => reason.clone(),
        };
        people.entry((clip.person.clone(), clip.dataset.to_string())).or_default().push(verdict);
    }
    people
}

#[test]
fn an_exported_table_opens_as_the_same_recordings() {
    let study = sources();
    let before = scans_of(&study.path().join("in"));
    let table = study.path().join("out/recordings.csv");
    write(&table, before.iter().flat_map(|scan| &scan.clips)).unwrap();
    assert!(is_combined_table(&table));
    let after = scans_of(&study.path().join("out"));
    assert_eq!(after.len(), 1);
    assert_eq!(after[0].kind, SourceKind::Table);
    assert_eq!(people(&after), people(&before));
    let sum = |scans: &[SourceScan]| {
        scans
            .iter()
            .map(|scan| counts(&scan.summary()))
            .fold((0, 0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2, a.3 + b.3))
    };
    assert_eq!((sum(&before), sum(&after)), ((6, 2, 1, 1), (6, 2, 1, 1)));
    let anna = clip(&after[0], &coswara::heavy(coswara::ANNA));
    assert_eq!((anna.subject.age, anna.subject.sex.as_deref()), (Some(31.0), Some("=cmd")));
    assert_eq!(anna.subject.symptoms, "fever");
}

/// A folder with a table and its recordings is often copied to a drive as a whole.
#[test]
fn a_table_moves_together_with_its_recordings() {
    let study = sources();
    let before = scans_of(&study.path().join("in"));
    write(&study.path().join("in/recordings.csv"), before.iter().flat_map(|scan| &scan.clips)).unwrap();
    std::fs::rename(study.path().join("in"), study.path().join("moved")).unwrap();
    let after = scans_of(&study.path().join("moved/recordings.csv"));
    assert_eq!(people(&after), people(&before));
}

#[test]
fn the_table_has_the_agreed_columns_and_no_formulas() {
    let study = sources();
    let scans = scans_of(&study.path().join("in/x"));
    let path = study.path().join("t.csv");
    write(&path, &scans[0].clips).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let heading = "path,dataset,person,label,reason,age,sex,symptoms,recorded,status,codec,container,rate_hz,channels,\
                   duration_secs,truncated,quality_flags,same_sound_as,decided_by,cough_detected,experts";
    assert_eq!(text.lines().next(), Some(heading));
    let rows: Vec<csv::StringRecord> = rows.records().collect::<Result<_, _>>().unwrap();
    let file = std::fs::canonicalize(&scans[0].clips[0].path).unwrap();
    let first: Vec<_> = rows[0].iter().skip(1).collect();
    assert!(rows[0][0].starts_with("in"), "from the table on: {}", &rows[0][0]);
    assert_eq!(std::fs::canonicalize(study.path().join(&rows[0][0])).unwrap(), file);
    let person = format!("coswara:{}", coswara::ANNA);
    let expected = [
        "coswara", &person, "healthy", "", "31", "'=cmd", "fever", "", "healthy", "PCM", "WAV", "16000", "1", "0.5",
        "false", "no-cough", "", "policy", "", "",
    ];
    assert_eq!(first, expected);
    let (label, reason) = (&rows[1][3], &rows[1][4]);
    assert_eq!((label, reason), ("exclude", "recovered_full: recovered; neither sick nor clearly healthy"));
    assert_eq!((&rows[2][4], rows[2].iter().skip(10).take(6).collect::<String>()), ("no audio file", String::new()));
    assert_eq!(COLUMNS.len(), rows[0].len());
}

#[test]
fn a_table_made_by_hand_needs_five_columns_and_may_be_relative() {
    let study = Study::new().sound("sounds/a.wav").sound("sounds/100%25.wav").sound("sounds/c.wav").file(
        "mine.csv",
        "person,path,LABEL,dataset,reason\nanna,sounds/a.wav,Healthy,ward,\n,sounds/100%25.wav,sick,,\n\
             anna,gone.wav,sick,ward,\nbert,sounds/c.wav,exclude,ward,too loud\nx,,sick,,\n",
    );
    let contents = read(&study.path().join("mine.csv")).unwrap();
    let listed: Vec<_> = contents
        .clips
        .iter()
        .map(|clip| (clip.person.0.as_str(), &*clip.dataset, clip.status.as_str(), &clip.obstacle))
        .collect();
    let expected = [
        ("anna", "ward", "healthy", &None),
        ("table:sounds/100%25.wav", "table", "sick", &None),
        ("anna", "ward", "sick", &Some(Obstacle::NoAudioFile)),
        ("bert", "ward", "", &Some(Obstacle::LeftOutThere("too loud".into()))),
    ];
    assert_eq!(listed, expected);
    assert_eq!(contents.notes, ["Not read: 1 row of mine.csv without a path."]);
    assert_eq!(counts(&study.scan().summary()), (4, 1, 1, 0));
    assert!(!is_combined_table(&study.path().join("sounds/a.wav")));
}

#[test]
fn what_a_person_decided_is_marked_and_theirs_again() {
    let study = sources();
    let mut clips: Vec<Clip> = scans_of(&study.path().join("in")).into_iter().flat_map(|scan| scan.clips).collect();
    let by_hand = [Decision::Sick, Decision::Use, Decision::Exclude];
    for (clip, decision) in clips.iter_mut().zip(by_hand.into_iter().cycle()) {
        clip.decision = Some(decision);
        LabelPolicy::default().judge(clip);
    }
    let path = study.path().join("t.csv");
    write(&path, &clips).unwrap();
    let mut rows = csv::Reader::from_path(&path).unwrap();
    let column = COLUMNS.iter().position(|column| *column == "decided_by").unwrap();
    let decided_by: Vec<_> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    let decides = |clip: &Clip| match clip.verdict {
        Verdict::Use(_) => true,
        // Who wants a recording used has not left it out.
        Verdict::Exclude(_) => clip.decision == Some(Decision::Exclude) && clip.has_file(),
        Verdict::Unreadable(_) => false,
    };
    let expected: Vec<_> = clips.iter().map(|clip| if decides(clip) { "person" } else { "policy" }).collect();
    assert_eq!(decided_by, expected);
    assert!(decided_by.iter().any(|by| by == "policy"), "nobody decides about a file that cannot be read");
    let again = scans_of(&path).remove(0).clips;
    let verdicts = |clips: &[Clip]| -> Vec<_> { clips.iter().map(|clip| clip.verdict.label()).collect() };
    assert_eq!(verdicts(&again), verdicts(&clips));
    let decided = |clips: &[Clip]| clips.iter().filter(|clip| clip.decision.is_some()).count();
    assert_eq!(decided(&again), decided_by.iter().filter(|by| *by == "person").count());

    // Earlier versions wrote no such column, and none of those behind it.
    let text = std::fs::read_to_string(&path).unwrap();
    for (columns, expected) in [(19, decided(&again)), (18, 0)] {
        let cut = |line: &str| line.rsplitn(COLUMNS.len() - columns + 1, ',').last().unwrap().to_owned() + "\n";
        std::fs::write(&path, text.lines().map(cut).collect::<String>()).unwrap();
        assert!(is_export(&path), "{columns}");
        assert_eq!(decided(&scans_of(&path)[0].clips), expected);
    }
}

/// The words of its datasets are judged again; what somebody has written over them is not.
#[test]
fn a_policy_acts_on_a_table_but_for_labels_that_were_changed_in_it() {
    let study = Study::new().sound("a.wav").sound("b.wav").sound("c.wav").sound("d.wav").sound("e.wav");
    let row = |path: &str, label: &str, reason: &str, status: &str| {
        format!("{path},coswara,coswara:{path},{label},{reason},,,,,{status},,,,,,,,,policy,,\n")
    };
    let rows = [
        row("a.wav", "sick", "", "positive_mild"),
        row("b.wav", "healthy", "", "positive_mild"),
        row("c.wav", "exclude", "recovered_full: recovered; neither sick nor clearly healthy", "recovered_full"),
        row("d.wav", "exclude", "too loud", "healthy"),
        row("e.wav", "exclude", "too short", "healthy"),
    ];
    let path = study.path().join("t.csv");
    std::fs::write(&path, format!("{}\n{}", COLUMNS.join(","), rows.concat())).unwrap();
    let verdicts = |policy: &LabelPolicy| -> Vec<String> {
        let scan = scan(std::slice::from_ref(&path), policy).unwrap().sources.remove(0);
        let words = |clip: &Clip| match &clip.verdict {
            Verdict::Use(label) => label.to_string(),
            Verdict::Exclude(reason) => reason.to_string(),
            Verdict::Unreadable(reason) => reason.clone(),
        };
        scan.clips.iter().map(words).collect()
    };
    let recovered = "recovered_full: recovered; neither sick nor clearly healthy";
    assert_eq!(verdicts(&LabelPolicy::default()), ["sick", "healthy", recovered, "too loud", "healthy"]);
    let mut other = LabelPolicy::default();
    other.set(SourceKind::Coswara, "positive_mild", Treatment::Exclude);
    other.set(SourceKind::Coswara, "recovered_full", Treatment::Sick);
    other.set(SourceKind::Coswara, "healthy", Treatment::Exclude);
    let by_choice = |status: &str| format!("{status}: left out by choice");
    let expected =
        [by_choice("positive_mild"), "healthy".into(), "sick".into(), "too loud".into(), by_choice("healthy")];
    assert_eq!(verdicts(&other), expected);

    // The policy of its study lies beside it, and says why the second one has its label.
    other.set(SourceKind::Coswara, "positive_mild", Treatment::Healthy);
    other.write(&path.with_extension("policy.toml")).unwrap();
    assert_eq!(verdicts(&LabelPolicy::default())[..2], ["sick", "sick"]);
}

#[test]
fn a_table_beside_datasets_does_not_hide_them() {
    let study = sources();
    let scans = scans_of(&study.path().join("in"));
    write(&study.path().join("in/recordings.csv"), scans.iter().flat_map(|scan| &scan.clips)).unwrap();
    let found = read_all(&[study.path().to_owned()], &|_| ControlFlow::Continue(())).unwrap();
    let kinds: Vec<_> = found.sources.iter().map(|scan| scan.kind).collect();
    assert_eq!(kinds, [SourceKind::Folder, SourceKind::Coswara]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_survives() {
    use std::os::unix::ffi::OsStrExt;
    let study = Study::new();
    let name = std::ffi::OsStr::from_bytes(b"Z\xfcrich %41\n.wav");
    let path = std::fs::canonicalize(study.path()).unwrap().join(name);
    // Not every disk takes such a name.
    if std::fs::write(&path, "x").is_err() {
        return;
    }
    let table = study.path().join("t.csv");
    let clip = Clip::new(path.clone(), SourceKind::Folder, PersonId("p".into()), "sick");
    write(&table, [&clip]).unwrap();
    assert_eq!(read(&table).unwrap().clips[0].path, path);
}
