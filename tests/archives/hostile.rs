//! Archives that mean harm: nothing leaves the target, no link is made or followed, nothing grows without bound.

use std::collections::BTreeSet;
use std::path::Component;

use super::*;
use coughscope::data::archives::{Refusal, place};
use proptest::prelude::*;

/// Names that no file may get, and why.
const HOSTILE: &[(&[u8], Refusal)] = &[
    (b"/etc/passwd", Refusal::Absolute),
    (b"//server/share/x", Refusal::Absolute),
    (b"\\\\server\\share\\x", Refusal::Absolute),
    (b"\\x", Refusal::Absolute),
    (b"/20200413/id/x.wav", Refusal::Absolute),
    (b"..", Refusal::LeadsOut),
    (b"../x", Refusal::LeadsOut),
    (b"./../x", Refusal::LeadsOut),
    (b"20200413/../../x", Refusal::LeadsOut),
    (b"20200413/../20200415/id/x.wav", Refusal::LeadsOut),
    (b"20200413/id/..", Refusal::LeadsOut),
    (b"20200413/id/../../../../../../../../tmp/x", Refusal::LeadsOut),
    (b"Extracted_data/../x", Refusal::LeadsOut),
    (b"C:\\x", Refusal::Character),
    (b"C:/x", Refusal::Character),
    (b"c:x", Refusal::Character),
    (b"id/..\\..\\x", Refusal::Character),
    (b"id\\x.wav", Refusal::Character),
    (b"id/x.wav:stream", Refusal::Character),
    (b"id/x.wav::$DATA", Refusal::Character),
    (b"id/a?b", Refusal::Character),
    (b"id/a*b", Refusal::Character),
    (b"id/<a>", Refusal::Character),
    (b"id/a|b", Refusal::Character),
    (b"id/a\"b", Refusal::Character),
    (b"id/a\nb", Refusal::Character),
    (b"id/\x1b[2J", Refusal::Character),
    (b"id/\x7f", Refusal::Character),
    ("id/\u{85}".as_bytes(), Refusal::Character),
    (b"id/CON", Refusal::Device),
    (b"id/con.wav", Refusal::Device),
    (b"NUL/x.wav", Refusal::Device),
    (b"id/Aux.tar.gz", Refusal::Device),
    (b"id/prn .wav", Refusal::Device),
    (b"id/COM1", Refusal::Device),
    (b"id/lpt9.txt", Refusal::Device),
    ("id/COM²".as_bytes(), Refusal::Device),
    (b"id/conin$", Refusal::Device),
    (b"id/CONOUT$.wav", Refusal::Device),
    (b"id/x.wav.", Refusal::TrailingDotOrSpace),
    (b"id/x.wav ", Refusal::TrailingDotOrSpace),
    (b"id./x.wav", Refusal::TrailingDotOrSpace),
    (b"id /x.wav", Refusal::TrailingDotOrSpace),
    (b"id/...", Refusal::TrailingDotOrSpace),
    (b".. /x", Refusal::TrailingDotOrSpace),
    (b"id/\xff\xfe", Refusal::NotText),
    (b"id/\xc0\xae\xc0\xae/x", Refusal::NotText),
    (b"id/.coughscope.json", Refusal::Kept),
    (b".coughscope.json", Refusal::Kept),
    (b"20200413/.CoughScope.lock", Refusal::Kept),
    (b".coughscope-x/x", Refusal::Kept),
    (b"a/b/c/d/e", Refusal::TooDeep),
    (b"20200413/a/b/c/d/e", Refusal::TooDeep),
    (b".", Refusal::NoName),
    (b"./", Refusal::NoName),
    (b"id/", Refusal::NoName),
];

/// An archive with one good file around what is hostile in it; whether the good one alone came out is looked at.
fn extract_hostile(hostile: impl FnOnce(Tar) -> Tar) -> Extracted {
    let good = format!("{DATE}/{ID}/cough-heavy.wav");
    let other = format!("{DATE}/{ID}/last.wav");
    let tar = hostile(Tar::default().file(&good, "good")).file(&other, "last");
    let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
    let extracted = clone.extract();
    assert_eq!(extracted.archives[0].outcome, Outcome::Complete);
    assert_eq!(clone.files(), BTreeMap::from([(good, b"good".to_vec()), (other, b"last".to_vec())]));
    assert_only_files_and_folders(&clone.target());
    clone.assert_tidy();
    extracted
}

fn assert_only_files_and_folders(folder: &Path) {
    for entry in walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap) {
        assert!(entry.file_type().is_file() || entry.file_type().is_dir(), "{entry:?}");
    }
}

#[test]
fn hostile_names_are_refused_each_with_its_reason() {
    for (name, reason) in HOSTILE {
        assert_eq!(place(name, DATE), Err(*reason), "{}", name.escape_ascii());
    }
    assert_eq!(place(b"", DATE), Err(Refusal::NoName));
    assert_eq!(place(b"id/a\0b", DATE), Err(Refusal::Character));
    assert_eq!(place(&[b'a'; 144], DATE), Err(Refusal::TooLong));
    assert_eq!(place(&b"a/".repeat(100_000), DATE), Err(Refusal::NoName));

    let extracted = extract_hostile(|mut tar| {
        for (name, _) in HOSTILE {
            tar = tar.file(name, "bad");
        }
        tar
    });
    let reasons: Vec<_> = extracted.refused.iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, HOSTILE.iter().map(|(_, reason)| *reason).collect::<Vec<_>>());
    assert_eq!(extracted.refused_count(), HOSTILE.len());
    assert!(extracted.refused.iter().all(|entry| !entry.name.contains(char::is_control)), "{extracted:?}");
}

#[test]
fn odd_names_that_do_no_harm_are_kept() {
    for name in
        ["CONcert.wav", "COM10", "com", "lpt", "nul_", "a..b", "...a", ".hidden", "._x.wav", "é 咳.wav", "a b", "~"]
    {
        assert_eq!(place(name.as_bytes(), DATE), Ok(PathBuf::from(name)), "{name}");
    }
    assert_eq!(place(&[b'a'; 143], DATE), Ok(PathBuf::from("a".repeat(143))));
}

#[test]
fn hostile_long_names_are_refused() {
    let outside = format!("{}x", "../".repeat(60));
    let long = format!("{DATE}/{}", "a".repeat(150));
    let extracted = extract_hostile(|tar| {
        tar.entry(b'L', "././@LongLink", format!("{outside}\0"))
            .file("harmless.wav", "bad")
            .entry(b'L', "././@LongLink", "id/a\0b.wav\0")
            .file("harmless.wav", "bad")
            .pax("path", &outside)
            .file("harmless.wav", "bad")
            .pax("path", "/etc/cron.d/x")
            .file("harmless.wav", "bad")
            .entry(b'L', "././@LongLink", &long)
            .file("harmless.wav", "bad")
    });
    use Refusal::{Absolute, Character, LeadsOut, TooLong};
    let reasons: Vec<_> = extracted.refused.iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, [LeadsOut, Character, LeadsOut, Absolute, TooLong]);
    let shown = &extracted.refused[0].name;
    assert!(shown.ends_with('…') && shown.chars().count() < 150, "{shown}");
}

#[test]
fn only_regular_files_are_made() {
    let kinds: &[(u8, Refusal)] = &[
        (b'1', Refusal::HardLink),
        (b'2', Refusal::SymbolicLink),
        (b'3', Refusal::Special),
        (b'4', Refusal::Special),
        (b'6', Refusal::Special),
        (b'M', Refusal::UnknownKind),
        (b'V', Refusal::UnknownKind),
        (b'Z', Refusal::UnknownKind),
    ];
    let extracted = extract_hostile(|mut tar| {
        for (kind, _) in kinds {
            tar = tar.header(*kind, format!("{DATE}/{ID}/x"), b"/etc/passwd", 700).data([0; 700]);
        }
        tar
    });
    let reasons: Vec<_> = extracted.refused.iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, kinds.iter().map(|(_, reason)| *reason).collect::<Vec<_>>());
}

#[test]
fn sparse_files_are_refused_in_both_forms() {
    // The old form: 512 bytes of data at the end of an exabyte of nothing.
    let mut header = tar::Header::new_gnu();
    let hole = 1_u64 << 60;
    header.set_path(format!("{DATE}/{ID}/x.wav")).unwrap();
    header.set_entry_type(tar::EntryType::GNUSparse);
    header.set_size(512);
    let gnu = header.as_gnu_mut().unwrap();
    let number = |value: u64| {
        let mut field = [0; 12];
        field[0] = 0x80;
        field[4..].copy_from_slice(&value.to_be_bytes());
        field
    };
    (gnu.sparse[0].offset, gnu.sparse[0].numbytes) = (number(hole), number(512));
    gnu.realsize = number(hole + 512);
    header.set_cksum();
    let extracted = extract_hostile(|mut tar| {
        tar.0.extend_from_slice(header.as_bytes());
        tar.data([1; 512]).pax("GNU.sparse.major", "1").file(format!("{DATE}/{ID}/y.wav"), "1\n0\n512\n")
    });
    let reasons: Vec<_> = extracted.refused.iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, [Refusal::Sparse, Refusal::Sparse]);
}

#[test]
fn a_folder_with_a_hostile_name_is_told_and_not_made() {
    let extracted =
        extract_hostile(|tar| tar.entry(b'5', "../out/", "").entry(b'5', "./", "").entry(b'5', "/abs/", ""));
    let reasons: Vec<_> = extracted.refused.iter().map(|entry| entry.reason).collect();
    assert_eq!(reasons, [Refusal::LeadsOut, Refusal::Absolute]);
}

#[test]
fn names_that_differ_in_case_only_are_one_file_on_many_disks() {
    let extracted = extract_hostile(|tar| {
        tar.file(format!("{DATE}/{ID}/Cough-Heavy.wav"), "bad")
            .file(format!("{DATE}/{}/cough-heavy.wav", ID.to_lowercase()), "bad")
    });
    assert_eq!(extracted.refused_count(), 2);
    assert!(extracted.refused.iter().all(|entry| entry.reason == Refusal::CaseTwin));
}

#[test]
fn a_file_and_a_folder_of_one_name_do_not_mix() {
    let extracted = extract_hostile(|tar| {
        tar.file(format!("{DATE}/{ID}"), "a file where the folder is")
            .file(format!("{DATE}/{ID}/cough-heavy.wav/x"), "a folder where the file is")
    });
    assert!(extracted.refused.iter().all(|entry| entry.reason == Refusal::InTheWay));
    assert_eq!(extracted.refused_count(), 2);
}

#[test]
fn permissions_of_the_archive_are_not_applied() {
    let clone = Clone::new().archive(DATE, &Tar::default().file("id/x.wav", "x").gz(), &[]);
    clone.extract();
    let metadata = std::fs::metadata(clone.target().join("20200413/id/x.wav")).unwrap();
    assert!(!metadata.permissions().readonly());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(metadata.permissions().mode() & 0o7111, 0, "the archive says 7777");
    }
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder outside with something to lose.
    fn victim() -> TempDir {
        let victim = tempfile::tempdir().unwrap();
        std::fs::create_dir(victim.path().join(ID)).unwrap();
        std::fs::write(victim.path().join("cough-heavy.wav"), "mine").unwrap();
        std::fs::write(victim.path().join(".coughscope-kept"), "mine").unwrap();
        victim
    }

    fn assert_untouched(victim: &TempDir) {
        let files = tree(victim.path());
        let expected = [("cough-heavy.wav", "mine"), (".coughscope-kept", "mine")];
        assert_eq!(files, expected.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into());
        assert_eq!(std::fs::read_dir(victim.path().join(ID)).unwrap().count(), 0);
    }

    #[test]
    fn a_link_in_the_archive_leads_nowhere() {
        let victim = victim();
        let link = victim.path().to_str().unwrap().to_owned();
        let tar = Tar::default()
            .header(b'2', format!("{DATE}/{ID}"), link.as_bytes(), 0)
            .file(format!("{DATE}/{ID}/cough-heavy.wav"), "evil")
            .header(b'2', DATE, link.as_bytes(), 0)
            .header(b'1', format!("{DATE}/hard"), format!("{link}/cough-heavy.wav").as_bytes(), 0)
            .file(format!("{DATE}/hard"), "evil");
        let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
        let extracted = clone.extract();
        assert_untouched(&victim);
        assert_eq!(extracted.refused_count(), 3);
        assert_only_files_and_folders(&clone.target());
        assert_eq!(clone.files().len(), 2);
    }

    #[test]
    fn links_in_the_target_are_not_followed() {
        let good = format!("{DATE}/{ID}/cough-heavy.wav");
        let gz = Tar::default().file(&good, "good").file(format!("{DATE}/other/x.wav"), "x").gz();
        // In place of a date, a person, and a file.
        for place in [DATE.to_owned(), format!("{DATE}/{ID}"), good] {
            let victim = victim();
            let clone = Clone::new().archive(DATE, &gz, &[]).archive("20200415", &gz, &[]);
            let at = clone.target().join(&place);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            let aim =
                if place.ends_with(".wav") { victim.path().join("cough-heavy.wav") } else { victim.path().into() };
            symlink(aim, &at).unwrap();
            let extracted = clone.extract();
            assert_untouched(&victim);
            assert!(std::fs::symlink_metadata(&at).unwrap().is_symlink(), "it is the user's");
            if place == DATE {
                let path = clone.target().canonicalize().unwrap().join(DATE);
                assert_eq!(extracted.archives[0].outcome, Outcome::Incomplete(Problem::InTheWay { path }));
            } else {
                assert_eq!(extracted.refused[0].reason, Refusal::InTheWay);
                assert!(clone.target().join(DATE).join("other/x.wav").is_file());
            }
            assert_eq!(extracted.archives[1].outcome, Outcome::Complete);
        }
    }

    #[test]
    fn links_in_place_of_our_own_files_are_not_followed() {
        let gz = Tar::default().file("id/x.wav", "x").gz();
        let victim = victim();
        let clone = Clone::new().archive(DATE, &gz, &[]);
        std::fs::create_dir_all(clone.target().join(DATE)).unwrap();
        symlink(victim.path().join("record"), clone.target().join(DATE).join(".coughscope.json")).unwrap();
        symlink(victim.path().join(".coughscope-kept"), clone.target().join(DATE).join(".coughscope-x")).unwrap();
        symlink(victim.path(), clone.target().join(DATE).join("folder")).unwrap();
        assert_eq!(clone.outcome(), Outcome::Complete);
        assert_untouched(&victim);
        std::fs::remove_file(clone.target().join(".coughscope.lock")).unwrap();
        symlink(victim.path().join("lock"), clone.target().join(".coughscope.lock")).unwrap();
        let result = extract(&clone.find(), &clone.target(), &|_| ControlFlow::Continue(()));
        assert!(matches!(result, Err(ExtractError::File(_))), "{result:?}");
        assert_untouched(&victim);
    }

    #[test]
    fn the_target_itself_may_be_a_link_of_the_user() {
        let elsewhere = tempfile::tempdir().unwrap();
        let clone = Clone::new().archive(DATE, &Tar::default().file("id/x.wav", "x").gz(), &[]);
        symlink(elsewhere.path(), clone.target()).unwrap();
        assert_eq!(clone.outcome(), Outcome::Complete);
        assert_eq!(std::fs::read(elsewhere.path().join("20200413/id/x.wav")).unwrap(), b"x");
    }
}

#[test]
fn sizes_that_no_recording_has_are_refused() {
    let claimed = Tar::default().file("id/good.wav", "good").header(b'0', "id/x.wav", b"", 500_000_001).data("few");
    let clone = Clone::new().archive(DATE, &claimed.gz(), &[]);
    let extracted = clone.extract();
    assert_eq!(extracted.refused[0].reason, Refusal::TooLarge);
    assert!(matches!(extracted.archives[0].outcome, Outcome::Incomplete(Problem::Damaged { .. })));
    assert_eq!(clone.files().len(), 1);
    for size in [u64::MAX, u64::MAX / 2, 1 << 62] {
        let mut header = tar::Header::new_gnu();
        header.set_path("id/x.wav").unwrap();
        header.set_size(size);
        header.set_cksum();
        let clone = Clone::new().archive(DATE, &gz(header.as_bytes()), &[]);
        assert!(matches!(clone.outcome(), Outcome::Incomplete(Problem::Damaged { .. })), "{size}");
        clone.assert_tidy();
    }
}

#[test]
fn a_bomb_ends_at_the_bound() {
    // A gigabyte of zeros behind the header of a pipe, which is never written; one member of 64 MB, over and over.
    let start = gz(&Tar::default().file("id/x.wav", "x").header(b'6', "pipe", b"", 8_000_000_000).0);
    let zeros = gz(&vec![0; 64 << 20]);
    let bomb = [start, zeros.repeat(17)].concat();
    assert!(bomb.len() < 8_000_000);
    let clone = Clone::new().archive(DATE, &bomb, &[1_000_000]);
    let outcome = clone.outcome();
    let Outcome::Incomplete(problem @ Problem::TooLarge { limit_bytes: 1_000_000_000, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(problem.to_string().starts_with("the archive unpacks to more than 1000 MB"));
    assert_eq!(clone.files().len(), 1);
}

#[test]
fn a_name_that_would_fill_the_memory_ends_the_archive() {
    for kind in [b'L', b'K', b'x'] {
        let tar = Tar::default().file("id/x.wav", "x").entry(kind, "long", vec![b'a'; 8_000_000]).file("y.wav", "y");
        let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
        let outcome = clone.outcome();
        let Outcome::Incomplete(Problem::Damaged { reason, .. }) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(reason, "more than 4 MB that are no file");
        assert_eq!(clone.files().len(), 1);
    }
}

#[test]
fn of_very_many_refused_entries_some_are_listed_and_all_counted() {
    let mut tar = Tar::default();
    for number in 0..1_000 {
        tar = tar.file(format!("../{number}"), "bad");
    }
    let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
    let extracted = clone.extract();
    assert_eq!((extracted.refused_count(), extracted.refused.len()), (1_000, 100));
    clone.assert_tidy();
}

/// Bytes of names, often made of what hostile names are made of.
fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"..",
        b".",
        b"/",
        b"//",
        b"\\",
        b":",
        b"C:",
        b"\0",
        b" ",
        b"20200413",
        b"Extracted_data",
        b"id",
        b"CON",
        b"nul.wav",
        b"x.wav",
        b"\xff",
        b"\xe2\x80\xae",
        b"\n",
        b".coughscope",
        b"~",
        b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    let made = prop::collection::vec(prop::sample::select(pieces), 0..14).prop_map(|pieces| pieces.concat());
    prop_oneof![2 => made, 1 => prop::collection::vec(any::<u8>(), 0..200), 1 => ".{0,40}".prop_map(String::into_bytes)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_path_stays_inside_whatever_the_name(name in any_name()) {
        let Ok(path) = place(&name, DATE) else { return Ok(()) };
        let parts: Vec<_> = path.components().collect();
        prop_assert!((1..=4).contains(&parts.len()));
        prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))));
        prop_assert!(Path::new("target").join(&path).starts_with("target"));
        for part in path.iter().map(|part| part.to_str().unwrap()) {
            prop_assert!(!part.contains(['/', '\\', ':', '\0']) && !part.ends_with(['.', ' ']) && part.len() <= 143);
        }
        // A checked path is its own.
        let text = path.to_str().unwrap();
        prop_assert_eq!(place(format!("{DATE}/{text}").as_bytes(), DATE).unwrap(), path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_archives_do_nothing_worse_than_fail(
        changes in prop::collection::vec((0_usize..10_000, any::<u8>()), 1..12),
        zipped in any::<bool>(),
    ) {
        let tar = Tar::default()
            .entry(b'L', "././@LongLink", format!("{DATE}/{ID}/{}\0", "a".repeat(120)))
            .file("x", noise(900, 1))
            .pax("path", &format!("{DATE}/{ID}/b.wav"))
            .file("x", noise(300, 2))
            .header(b'2', "link", b"/etc", 0)
            .file(format!("{DATE}/{ID}/c.wav"), noise(100, 3));
        let mut bytes = if zipped { tar.gz() } else { tar.0 };
        for (at, value) in changes {
            let length = bytes.len();
            bytes[at % length] = value;
        }
        let packed = if zipped { bytes } else { gz(&bytes) };
        let clone = Clone::new().archive(DATE, &packed, &[packed.len() / 2]);
        let extracted = clone.extract();
        prop_assert_eq!(extracted.files(), clone.files().len());
        if clone.target().exists() {
            assert_only_files_and_folders(&clone.target());
        }
        clone.assert_tidy();
        let dates: BTreeSet<_> = clone.files().into_keys().map(|path| path.split('/').next().unwrap().to_owned()).collect();
        prop_assert!(dates.is_empty() || dates == BTreeSet::from([DATE.to_owned()]));
    }
}
