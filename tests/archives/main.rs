//! Split archives as a clone of Coswara has them, in small: each test builds some, extracts them, and looks at the disk.

#![expect(clippy::unwrap_used, reason = "the builders of a test may fail it, as the test itself")]

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use coughscope::data::archives::{
    Archive, ExtractError, ExtractProgress, Extracted, Outcome, Problem, default_target, extract, find,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

mod damage;
mod hostile;
mod resume;

const DATE: &str = "20200413";
const ID: &str = "Eoyf44ChD1OuCFD3kp2PrQ1EMJ13";

/// An archive under construction, header by header: the `tar` crate builds no hostile ones.
#[derive(Clone, Default)]
struct Tar(Vec<u8>);

impl Tar {
    /// Adds a regular file.
    fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry(b'0', name, content)
    }

    /// Adds an entry of any kind.
    fn entry(self, kind: u8, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let size = content.as_ref().len() as u64;
        self.header(kind, name, b"", size).data(content)
    }

    /// Adds a header; names of more than 100 bytes are cut.
    fn header(mut self, kind: u8, name: impl AsRef<[u8]>, link: &[u8], size: u64) -> Self {
        let mut header = tar::Header::new_gnu();
        let bytes = header.as_mut_bytes();
        let name = &name.as_ref()[..name.as_ref().len().min(100)];
        bytes[..name.len()].copy_from_slice(name);
        bytes[157..157 + link.len()].copy_from_slice(link);
        bytes[156] = kind;
        header.set_mode(0o7777);
        header.set_size(size);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self
    }

    /// Adds content, filled up to whole blocks.
    fn data(mut self, content: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(content.as_ref());
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// Adds a description of the next entry, of one key.
    fn pax(self, key: &str, value: &str) -> Self {
        let rest = key.len() + value.len() + 3;
        let length = (1..9).find(|digits| (rest + digits).to_string().len() == *digits).unwrap() + rest;
        self.entry(b'x', "pax", format!("{length} {key}={value}\n"))
    }

    /// The zipped archive.
    fn gz(self) -> Vec<u8> {
        gz(&[self.0, vec![0; 1024]].concat())
    }
}

fn gz(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that do not shrink, so that an archive of them has many places to be cut at.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state as u8
    };
    (0..bytes).map(|_| next(&mut state)).collect()
}

/// A clone of the dataset in a folder of its own.
struct Clone(TempDir);

impl Clone {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("clone")
    }

    fn target(&self) -> PathBuf {
        self.root().join("Extracted_data")
    }

    /// Adds an archive cut at these offsets.
    fn archive(self, date: &str, gz: &[u8], cuts: &[usize]) -> Self {
        let folder = self.root().join(date);
        std::fs::create_dir_all(&folder).unwrap();
        let bounds: Vec<usize> = [&[0], cuts, &[gz.len()]].concat();
        for (number, bounds) in bounds.windows(2).enumerate() {
            let letter = |index: usize| char::from(b'a' + (index % 26) as u8);
            let name = format!("{date}.tar.gz.{}{}", letter(number / 26), letter(number));
            std::fs::write(folder.join(name), &gz[bounds[0]..bounds[1]]).unwrap();
        }
        self
    }

    fn find(&self) -> Vec<Archive> {
        find(&self.root()).unwrap()
    }

    fn extract(&self) -> Extracted {
        extract(&self.find(), &self.target(), &|_| ControlFlow::Continue(())).unwrap()
    }

    /// The only archive's outcome.
    fn outcome(&self) -> Outcome {
        let extracted = self.extract();
        assert_eq!(extracted.archives.len(), 1);
        extracted.archives[0].outcome.clone()
    }

    /// The extracted files, by their path below the target.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = tree(&self.target());
        files.retain(|path, _| !path.rsplit('/').next().unwrap().starts_with(".coughscope"));
        files
    }

    /// Nothing lies beside the clone, where `..` leads to, and no temporary file is left.
    fn assert_tidy(&self) {
        let beside: Vec<_> = std::fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(beside, [self.root()]);
        for path in tree(&self.target()).keys() {
            let name = path.rsplit('/').next().unwrap();
            assert!(!name.starts_with(".coughscope-"), "{path}");
        }
    }
}

/// Every regular file below, by its path with `/`; none where there is no such folder.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    if !folder.exists() {
        return BTreeMap::new();
    }
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
            (parts.join("/"), std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// An archive of some people, and what its files should become.
fn study(date: &str, people: usize) -> (Tar, BTreeMap<String, Vec<u8>>) {
    let mut tar = Tar::default().entry(b'5', format!("{date}/"), b"");
    let mut files = BTreeMap::new();
    for person in 0..people {
        let id = format!("{person:028}");
        tar = tar.entry(b'5', format!("{date}/{id}/"), b"");
        for (number, name) in ["cough-heavy.wav", "vowel-a.wav", "metadata.json"].iter().enumerate() {
            // Sizes around a block, an empty file, and one of several chunks.
            let size = [0, 511, 512, 513, 70_000, 200_001][(person + number) % 6];
            let content = noise(size, (person * 10 + number) as u64 + 1);
            tar = tar.file(format!("{date}/{id}/{name}"), &content);
            files.insert(format!("{date}/{id}/{name}"), content);
        }
    }
    (tar, files)
}

#[test]
fn several_archives_are_extracted_at_once() {
    let mut clone = Clone::new();
    let mut expected = BTreeMap::new();
    for (date, people) in [("20200413", 4), ("20200415", 1), ("20220224", 7)] {
        let (tar, files) = study(date, people);
        let gz = tar.gz();
        clone = clone.archive(date, &gz, &[gz.len() / 3, gz.len() / 2]);
        expected.extend(files);
    }
    let found = clone.find();
    assert_eq!(found.iter().map(Archive::date).collect::<Vec<_>>(), ["20200413", "20200415", "20220224"]);
    assert!(found.iter().all(|archive| archive.parts().len() == 3 && archive.missing().is_empty()));
    assert_eq!(default_target(&clone.root()).unwrap(), clone.target());

    let extracted = clone.extract();
    assert_eq!(clone.files(), expected);
    clone.assert_tidy();
    assert_eq!(extracted.files(), expected.len());
    assert_eq!(extracted.problems().count() + extracted.refused_count(), 0);
    let bytes: u64 = extracted.archives.iter().map(|archive| archive.bytes).sum();
    assert_eq!(bytes, expected.values().map(|content| content.len() as u64).sum::<u64>());
    assert_eq!(extracted.target, clone.target());
}

#[test]
fn parts_are_cut_anywhere() {
    let (tar, expected) = study(DATE, 3);
    let gz = tar.gz();
    let end = gz.len();
    let in_header: Vec<usize> = (1..60).collect();
    let empty_part = vec![5, 5, 100];
    let in_checksum = vec![end - 7, end - 3, end - 1];
    let even: Vec<usize> = (1..15).map(|part| part * end / 15 + 1).collect();
    for cuts in [vec![], vec![1], vec![9, 10, 11], in_header, empty_part, in_checksum, even] {
        let clone = Clone::new().archive(DATE, &gz, &cuts);
        assert_eq!(clone.outcome(), Outcome::Complete, "{cuts:?}");
        assert_eq!(clone.files(), expected, "{cuts:?}");
    }
}

#[test]
fn archives_of_the_tar_crate_in_several_members_with_long_names() {
    let long = format!("{DATE}/{ID}/{}.wav", "a".repeat(130));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    builder.append_data(&mut header, &long, &b"gnu"[..]).unwrap();
    let other = format!("{DATE}/{ID}/{}.wav", "b".repeat(130));
    builder.append_pax_extensions([("path", other.as_bytes())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("cut").unwrap();
    header.set_size(3);
    header.set_cksum();
    builder.append(&header, &b"pax"[..]).unwrap();
    let tar = builder.into_inner().unwrap();
    // Two gzip members in one file, as `cat` makes them, and two archives one after the other.
    let second = Tar::default().file(format!("{DATE}/{ID}/second.wav"), "second").gz();
    let joined = [gz(&tar[..700]), gz(&tar[700..]), second].concat();

    let clone = Clone::new().archive(DATE, &joined, &[]);
    assert_eq!(clone.outcome(), Outcome::Complete);
    let second = format!("{DATE}/{ID}/second.wav");
    let expected = [(long, b"gnu".to_vec()), (other, b"pax".to_vec()), (second, b"second".to_vec())];
    assert_eq!(clone.files(), BTreeMap::from(expected));
}

#[test]
fn whatever_stands_before_the_person_goes() {
    let forms =
        ["", "./", "20200413/", "./20200413/", "Extracted_data/20200413/", "./extracted_data/", ".//20200413//./"];
    for form in forms {
        let tar = Tar::default().file(format!("{form}{ID}/cough-heavy.wav"), form);
        let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
        assert_eq!(clone.outcome(), Outcome::Complete);
        let expected = (format!("{DATE}/{ID}/cough-heavy.wav"), form.as_bytes().to_vec());
        assert_eq!(clone.files(), BTreeMap::from([expected]), "{form}");
    }
    // The last part is the file, whatever it is called.
    let tar = Tar::default().file("20200413", "a").file("Extracted_data", "b").file("x/y/20200413/z.wav", "c");
    let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
    clone.extract();
    let names: Vec<_> = clone.files().into_keys().collect();
    assert_eq!(names, ["20200413/20200413", "20200413/Extracted_data", "20200413/x/y/20200413/z.wav"]);
}

#[test]
fn folders_alone_make_nothing() {
    let tar = Tar::default().entry(b'5', format!("{DATE}/empty/"), "").entry(b'0', format!("{DATE}/old/"), "");
    let tar = tar.entry(b'g', "pax_global_header", "30 comment=0123456789abcdef012\n");
    let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
    let extracted = clone.extract();
    assert_eq!(extracted.archives[0].outcome, Outcome::Complete);
    assert_eq!((extracted.files(), extracted.refused_count()), (0, 0));
    assert!(!clone.target().join("20200413/empty").exists());
    assert!(!clone.target().join("20200413/old").exists());
}

#[test]
fn progress_goes_up_to_the_whole() {
    let (tar, files) = study(DATE, 6);
    let gz = tar.gz();
    let clone = Clone::new().archive(DATE, &gz, &[gz.len() / 2]);
    let seen = Mutex::new(Vec::new());
    let note = |progress: ExtractProgress<'_>| {
        assert_eq!((progress.date, progress.bytes_total), (DATE, gz.len() as u64));
        seen.lock().unwrap().push((progress.bytes_done, progress.files));
        ControlFlow::Continue(())
    };
    extract(&clone.find(), &clone.target(), &note).unwrap();
    let seen = seen.into_inner().unwrap();
    assert!(seen.is_sorted(), "one archive is read by one thread");
    assert!(seen.len() > files.len());
    assert_eq!(*seen.last().unwrap(), (gz.len() as u64, files.len()));
}

#[test]
fn the_report_is_written_as_json() {
    let (tar, _) = study(DATE, 1);
    let gz = tar.header(b'2', format!("{DATE}/link"), b"/etc/passwd", 0).gz();
    let clone = Clone::new().archive(DATE, &gz, &[]).archive("20200415", b"no archive", &[]);
    let json = serde_json::to_value(clone.extract()).unwrap();
    assert_eq!(json["archives"][0]["outcome"], "complete");
    assert_eq!(json["archives"][0]["files"], 3);
    assert!(json["archives"][1]["outcome"]["incomplete"]["damaged"]["reason"].is_string(), "{json}");
    assert_eq!(json["refused"][0]["name"], "20200413/link");
    assert_eq!(json["refused"][0]["reason"], "symbolic-link");
}

#[test]
fn only_archives_of_a_date_are_found() {
    let clone = Clone::new().archive(DATE, b"x", &[]);
    for other in ["backup.tar.gz", "20200413/notes.tar.gz.aa", "20200413/20200413.csv", ".git/20200415.tar.gz.aa"] {
        let path = clone.root().join(other);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    assert_eq!(clone.find().iter().map(Archive::date).collect::<Vec<_>>(), [DATE]);
    assert!(find(&clone.root().join("nowhere")).is_err());
}

#[test]
fn a_joined_archive_serves_where_a_part_is_lost() {
    let (tar, expected) = study(DATE, 2);
    let gz = tar.gz();
    let clone = Clone::new().archive(DATE, &gz, &[100, 200]);
    std::fs::write(clone.root().join(DATE).join("20200413.tar.gz"), &gz).unwrap();
    assert_eq!(clone.find()[0].parts().len(), 3, "the dataset's own parts come first");
    std::fs::remove_file(clone.root().join(DATE).join("20200413.tar.gz.ab")).unwrap();
    assert_eq!(clone.find()[0].parts().len(), 1);
    assert_eq!(clone.outcome(), Outcome::Complete);
    assert_eq!(clone.files(), expected);
}

#[test]
fn nobody_else_writes_to_the_same_folder() {
    let (tar, expected) = study(DATE, 1);
    let clone = Clone::new().archive(DATE, &tar.gz(), &[]);
    let inner = Mutex::new(Vec::new());
    let again = |_: ExtractProgress<'_>| {
        inner.lock().unwrap().push(extract(&clone.find(), &clone.target(), &|_| ControlFlow::Continue(())));
        ControlFlow::Continue(())
    };
    extract(&clone.find(), &clone.target(), &again).unwrap();
    let inner = inner.into_inner().unwrap();
    assert!(!inner.is_empty());
    assert!(inner.iter().all(|result| matches!(result, Err(ExtractError::Busy { .. }))), "{inner:?}");
    assert_eq!(clone.files(), expected);
}

#[test]
fn an_archive_that_is_there_twice_is_extracted_once() {
    let (tar, expected) = study(DATE, 1);
    let gz = tar.gz();
    let clone = Clone::new().archive(DATE, &gz, &[]);
    let copy = clone.root().join("copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::write(copy.join("20200413.tar.gz.aa"), &gz).unwrap();
    let extracted = clone.extract();
    assert_eq!(extracted.archives[0].outcome, Outcome::Complete);
    let twin = Problem::Twin { path: copy };
    assert_eq!(extracted.archives[1].outcome, Outcome::Incomplete(twin));
    assert_eq!(clone.files(), expected);
}
