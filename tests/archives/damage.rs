//! Parts that are lost, cut off or changed: what came out whole stays, and the other archives go on.

use super::*;

/// A clone with a sound archive beside the one to be harmed, and what the two should become.
fn two(cuts: &[usize]) -> (Clone, Vec<u8>, BTreeMap<String, Vec<u8>>) {
    let (tar, mut expected) = study(DATE, 6);
    let gz = tar.gz();
    let (other, files) = study("20200415", 2);
    expected.extend(files);
    (Clone::new().archive(DATE, &gz, cuts).archive("20200415", &other.gz(), &[]), gz, expected)
}

fn part(clone: &Clone, ending: &str) -> PathBuf {
    clone.root().join(DATE).join(format!("20200413.tar.gz.{ending}"))
}

/// The other archive is complete, and of the harmed one every file in place is whole; how many are.
fn assert_rest_whole(clone: &Clone, extracted: &Extracted, expected: &BTreeMap<String, Vec<u8>>) -> usize {
    clone.assert_tidy();
    assert_eq!(extracted.archives[1].outcome, Outcome::Complete);
    let files = clone.files();
    for (path, content) in &files {
        assert_eq!(content, &expected[path], "{path}");
    }
    let count = |date: &str| files.keys().filter(|path| path.starts_with(date)).count();
    assert_eq!(count("20200415"), 6);
    assert_eq!(count(DATE), extracted.archives[0].files);
    count(DATE)
}

#[test]
fn a_missing_part_is_named() {
    for lost in [vec!["aa"], vec!["ab"], vec!["aa", "ac"]] {
        let (clone, _, expected) = two(&[1000, 2000, 3000]);
        for ending in &lost {
            std::fs::remove_file(part(&clone, ending)).unwrap();
        }
        let extracted = clone.extract();
        let names: Vec<_> = lost.iter().map(|ending| format!("20200413.tar.gz.{ending}")).collect();
        let (date, problem) = extracted.problems().next().unwrap();
        assert_eq!(*problem, Problem::MissingParts { names: names.clone(), path: clone.root().join(DATE) });
        assert_eq!(date, DATE);
        assert!(problem.to_string().starts_with("parts are missing; download them again: 20200413.tar.gz.a"));
        assert_eq!(assert_rest_whole(&clone, &extracted, &expected), 0);
    }
}

#[test]
fn a_folder_that_stays_empty_is_not_left_behind() {
    let (clone, gz, files) = study_in(&[1000]);
    std::fs::remove_file(part(&clone, "aa")).unwrap();
    assert_eq!(clone.extract().problems().count(), 1);
    assert!(!clone.target().exists(), "nothing was there to be extracted");
    std::fs::write(part(&clone, "aa"), "no archive").unwrap();
    assert_eq!(clone.extract().problems().count(), 1);
    assert!(!clone.target().exists(), "nothing came out of it");
    let stop = |_: ExtractProgress<'_>| ControlFlow::Break(());
    assert!(matches!(extract(&clone.find(), &clone.target(), &stop), Err(ExtractError::Cancelled)));
    assert!(!clone.target().exists(), "it was stopped before the first file");

    // A folder of the person's own stays, as it was.
    std::fs::create_dir(clone.target()).unwrap();
    assert_eq!(clone.extract().problems().count(), 1);
    assert!(clone.target().is_dir());
    std::fs::write(part(&clone, "aa"), &gz[..1000]).unwrap();
    assert_eq!(clone.outcome(), Outcome::Complete);
    assert_eq!(clone.files(), files);
}

/// A clone of one archive, cut at these offsets.
fn study_in(cuts: &[usize]) -> (Clone, Vec<u8>, BTreeMap<String, Vec<u8>>) {
    let (tar, files) = study(DATE, 2);
    let gz = tar.gz();
    (Clone::new().archive(DATE, &gz, cuts), gz, files)
}

#[test]
fn an_archive_that_ends_early_keeps_what_came_out() {
    let (_, gz, expected) = two(&[]);
    let mut counts = Vec::new();
    for length in [0, 1, 5, 10, 11, 300, gz.len() / 2, gz.len() - 9, gz.len() - 8, gz.len() - 1] {
        let (clone, ..) = two(&[2, 200]);
        for (number, ending) in ["aa", "ab", "ac"].iter().enumerate() {
            let bounds = [0, 2, 200, gz.len()].map(|bound| bound.min(length));
            std::fs::write(part(&clone, ending), &gz[bounds[number]..bounds[number + 1]]).unwrap();
        }
        let extracted = clone.extract();
        let Outcome::Incomplete(Problem::Damaged { reason, .. }) = &extracted.archives[0].outcome else {
            panic!("{length}: {extracted:?}")
        };
        assert!(reason.contains("the last part is incomplete, or 20200413.tar.gz.ad is missing"), "{length}: {reason}");
        counts.push(assert_rest_whole(&clone, &extracted, &expected));

        // Downloaded again, it is completed.
        std::fs::write(part(&clone, "ac"), &gz[200..]).unwrap();
        std::fs::write(part(&clone, "ab"), &gz[2..200]).unwrap();
        std::fs::write(part(&clone, "aa"), &gz[..2]).unwrap();
        let again = clone.extract();
        assert_eq!(again.archives[0].outcome, Outcome::Complete);
        assert_eq!(again.archives[0].written, 18 - extracted.archives[0].files);
        assert_eq!(clone.files(), expected);
    }
    assert!(counts.is_sorted() && counts[0] == 0 && counts.ends_with(&[18, 18]), "{counts:?}");
}

#[test]
fn a_changed_byte_is_found_and_mended_by_the_next_download() {
    let (_, gz, expected) = two(&[]);
    for at in [0, 2, gz.len() / 4, gz.len() / 2, gz.len() - 6, gz.len() - 2] {
        let (clone, ..) = two(&[]);
        let mut harmed = gz.clone();
        harmed[at] ^= 0x10;
        std::fs::write(part(&clone, "aa"), &harmed).unwrap();
        let extracted = clone.extract();
        assert!(matches!(extracted.archives[0].outcome, Outcome::Incomplete(Problem::Damaged { .. })), "{extracted:?}");
        assert_eq!(extracted.archives[1].outcome, Outcome::Complete);
        // Where the content itself is wrong only the checksum at the end tells; the sizes of all files are right.
        std::fs::write(part(&clone, "aa"), &gz).unwrap();
        assert_eq!(clone.extract().archives[0].outcome, Outcome::Complete);
        assert_eq!(clone.files(), expected);
        clone.assert_tidy();
    }
}

#[test]
fn a_tar_that_is_damaged_inside_of_an_intact_gzip_is_told() {
    let (tar, _) = study(DATE, 2);
    let mut broken = tar.0.clone();
    broken[1024 + 148] ^= 1;
    let cut = Tar::default().header(b'0', format!("{DATE}/{ID}/a.wav"), b"", 5_000).data([1; 700]);
    for content in [broken, cut.0, b"hello, this is no archive".repeat(100)] {
        let clone = Clone::new().archive(DATE, &gz(&content), &[]);
        let outcome = clone.outcome();
        assert!(matches!(outcome, Outcome::Incomplete(Problem::Damaged { .. })), "{outcome:?}");
        assert!(clone.files().is_empty());
        clone.assert_tidy();
    }
}

#[test]
fn a_part_that_is_gone_when_its_turn_comes_is_named() {
    let (clone, ..) = two(&[1000, 2000]);
    let found = clone.find();
    std::fs::remove_file(part(&clone, "ab")).unwrap();
    let extracted = extract(&found, &clone.target(), &|_| ControlFlow::Continue(())).unwrap();
    let Outcome::Incomplete(Problem::Unreadable { path, .. }) = &extracted.archives[0].outcome else {
        panic!("{extracted:?}")
    };
    assert_eq!(*path, part(&clone, "ab"));
    assert_eq!(extracted.archives[1].outcome, Outcome::Complete);
}

#[test]
fn the_bar_reaches_its_end_also_with_problems() {
    let (clone, gz, _) = two(&[1000]);
    std::fs::write(part(&clone, "aa"), &gz[500..1500]).unwrap();
    let last = Mutex::new((0, 0));
    let note = |progress: ExtractProgress<'_>| {
        let mut last = last.lock().unwrap();
        *last = (last.0.max(progress.bytes_done), progress.bytes_total);
        ControlFlow::Continue(())
    };
    extract(&clone.find(), &clone.target(), &note).unwrap();
    let (done, total) = last.into_inner().unwrap();
    assert_eq!(done, total);
    assert_eq!(total, clone.find().iter().map(Archive::bytes).sum::<u64>());
}
