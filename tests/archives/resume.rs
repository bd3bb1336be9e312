//! Extractions that are cut off anywhere and begun again.

use super::*;

/// What a second extraction repeats of the only archive's report: files, bytes, refused entries.
fn counts(extracted: &Extracted) -> (usize, u64, usize) {
    let report = &extracted.archives[0];
    (report.files, report.bytes, report.refused)
}

/// The files of the only archive that were written in this extraction.
fn written(extracted: &Extracted) -> usize {
    extracted.archives[0].written
}

#[test]
fn a_break_at_any_moment_leaves_whole_files_and_goes_on() {
    let (tar, expected) = study(DATE, 5);
    let gz = tar.gz();
    let calls = Mutex::new(0);
    let count = |_: ExtractProgress<'_>| {
        *calls.lock().unwrap() += 1;
        ControlFlow::Continue(())
    };
    let whole = Clone::new().archive(DATE, &gz, &[]);
    extract(&whole.find(), &whole.target(), &count).unwrap();
    let calls = calls.into_inner().unwrap();
    assert!(calls > expected.len());

    for stop_at in 1..=calls {
        let clone = Clone::new().archive(DATE, &gz, &[100]);
        let made = Mutex::new(0);
        let stop = |_: ExtractProgress<'_>| {
            let mut made = made.lock().unwrap();
            *made += 1;
            if *made == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let result = extract(&clone.find(), &clone.target(), &stop);
        assert!(matches!(result, Err(ExtractError::Cancelled)), "{result:?}");
        assert_eq!(made.into_inner().unwrap(), stop_at, "nobody is asked again after a break");
        clone.assert_tidy();
        let before = clone.files();
        for (path, content) in &before {
            assert_eq!(content, &expected[path], "{path} at {stop_at}");
        }
        let extracted = clone.extract();
        assert_eq!(clone.files(), expected);
        if extracted.archives[0].outcome == Outcome::Complete {
            assert_eq!(written(&extracted), expected.len() - before.len());
        } else {
            assert_eq!(stop_at, calls, "only the last call comes after the record");
        }
        assert_eq!(extracted.files(), expected.len());
    }
}

#[test]
fn a_break_stops_all_archives() {
    let mut clone = Clone::new();
    for day in 10..30 {
        let date = format!("202004{day}");
        let (tar, _) = study(&date, 6);
        clone = clone.archive(&date, &tar.gz(), &[]);
    }
    let stop = |progress: ExtractProgress<'_>| {
        if progress.files > 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(matches!(extract(&clone.find(), &clone.target(), &stop), Err(ExtractError::Cancelled)));
    assert!((20..20 * 18).contains(&clone.files().len()));
    assert_eq!(clone.extract().files(), 20 * 18);
}

#[test]
fn a_kill_leaves_temporary_files_that_go() {
    let (tar, expected) = study(DATE, 2);
    let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
    let person = clone.target().join(format!("{DATE}/{:028}", 0));
    std::fs::create_dir_all(&person).unwrap();
    // Of a file, of the record, and beside both a file of the user.
    std::fs::write(person.join(".coughscope-a1B2c3"), "half of a file").unwrap();
    std::fs::write(person.join("mine.txt"), "mine").unwrap();
    std::fs::write(clone.target().join(DATE).join(".coughscope-x"), "{\"part_by").unwrap();
    assert_eq!(clone.outcome(), Outcome::Complete);
    clone.assert_tidy();
    let mut files = clone.files();
    assert_eq!(files.remove(&format!("{DATE}/{:028}/mine.txt", 0)).unwrap(), b"mine");
    assert_eq!(files, expected);
    std::fs::write(person.join(".coughscope-again"), "").unwrap();
    assert_eq!(clone.outcome(), Outcome::CompleteBefore);
    clone.assert_tidy();
}

#[test]
fn a_complete_archive_is_passed_over_until_it_changes() {
    let (tar, _) = study(DATE, 3);
    let tar = tar.header(b'2', "link", b"/etc", 0);
    let gz = tar.clone().gz();
    let clone = Clone::new().archive(DATE, &gz, &[50]);
    let first = clone.extract();
    assert_eq!((written(&first), first.archives[0].refused), (9, 1));
    let second = clone.extract();
    assert_eq!(second.archives[0].outcome, Outcome::CompleteBefore);
    assert_eq!((written(&second), counts(&second)), (0, counts(&first)));

    // The same bytes in other parts are another archive to be sure of, and every file is found right.
    let recut = Clone(clone.0).archive(DATE, &gz, &[60]);
    let third = recut.extract();
    assert_eq!((&third.archives[0].outcome, written(&third)), (&Outcome::Complete, 0));
    assert_eq!(recut.outcome(), Outcome::CompleteBefore);

    // One more file, and one that changed at the same size.
    let changed = tar.file(format!("{DATE}/{:028}/new.wav", 0), "new");
    let changed = changed.file(format!("{DATE}/{:028}/vowel-a.wav", 0), [7; 511]);
    let newer = Clone(recut.0).archive(DATE, &changed.gz(), &[50]);
    let fourth = newer.extract();
    assert_eq!((&fourth.archives[0].outcome, written(&fourth), fourth.files()), (&Outcome::Complete, 2, 10));
    assert_eq!(newer.files()[&format!("{DATE}/{:028}/vowel-a.wav", 0)], [7; 511]);
}

#[test]
fn files_that_were_lost_or_spoiled_since_come_back() {
    let (tar, expected) = study(DATE, 4);
    let gz = tar.gz();
    let clone = Clone::new().archive(DATE, &gz, &[]);
    clone.extract();
    let (path, content) = expected.iter().max_by_key(|(_, content)| content.len()).unwrap();
    std::fs::remove_file(clone.target().join(path)).unwrap();
    let again = clone.extract();
    assert_eq!((&again.archives[0].outcome, written(&again)), (&Outcome::Complete, 1));
    assert_eq!(clone.files(), expected);

    // As after a power cut, when there is no record yet: zeros, a change at any place, another size.
    let record = clone.target().join(DATE).join(".coughscope.json");
    let changed_at = |at: usize| {
        let mut changed = content.clone();
        changed[at] ^= 1;
        changed
    };
    let last = content.len() - 1;
    let longer = [content.as_slice(), b"x"].concat();
    let versions =
        [vec![0; last + 1], changed_at(0), changed_at(65_536), changed_at(last), content[..last].to_vec(), longer];
    for version in versions {
        std::fs::remove_file(&record).unwrap();
        std::fs::write(clone.target().join(path), version).unwrap();
        assert_eq!(written(&clone.extract()), 1);
        assert_eq!(clone.files(), expected);
        clone.assert_tidy();
    }

    // A record that is damaged counts for nothing.
    for damaged in ["", "{", "[]", "{\"part_bytes\":[1],\"files\":0,\"bytes\":0,\"refused\":0}"] {
        std::fs::write(&record, damaged).unwrap();
        assert_eq!(clone.outcome(), Outcome::Complete);
    }
}

#[test]
fn of_two_files_with_one_name_the_later_stays() {
    let name = format!("{DATE}/{ID}/cough-heavy.wav");
    for (earlier, later) in [("one", "two"), ("longer", "two"), ("one", "longer"), ("same", "same")] {
        let tar = Tar::default().file(&name, earlier).file(format!("./{ID}//cough-heavy.wav"), later);
        let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
        let record = clone.target().join(DATE).join(".coughscope.json");
        for _ in 0..2 {
            let extracted = clone.extract();
            assert_eq!(clone.files(), BTreeMap::from([(name.clone(), later.as_bytes().to_vec())]));
            assert_eq!((extracted.files(), extracted.archives[0].bytes), (1, later.len() as u64));
            std::fs::remove_file(&record).unwrap();
        }
    }
}
