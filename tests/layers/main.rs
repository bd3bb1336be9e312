//! Holds the arrows of the architecture: which module may use which, and what only some modules may touch.
//!
//! Needs nothing but the standard library, so it can be built and run alone in two seconds, before the long build:
//! `CARGO_MANIFEST_DIR=. rustc --test --edition 2024 -o layers tests/layers/main.rs && ./layers`.

#![cfg(test)]

mod paths;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use paths::{UsedPath, paths_in};

/// The layers, lowest first. A module may use every row before its own, and no peer of its row.
///
/// A new top-level module gets its place here and in the map in `src/lib.rs`.
const LAYERS: &[&[&str]] = &[
    &["units", "files"],
    &["audio", "eval"],
    &["spectrogram"],
    &["data"],
    &["models"],
    &["train"],
    &["report"],
    &["session"],
    &["ui", "cli"],
];

/// Files that put the layers together and may name all of them, as modules under `src`.
const ROOTS: &[&str] = &["lib", "main", "bin"];

/// Longest source file, in lines: what one can still read in one sitting.
const MAX_LINES: usize = 500;

/// Names that only some layers may write. Code in a module called `tests` is free to.
struct NameRule {
    /// Consecutive path segments, joined with `::`.
    names: &'static [&'static str],
    banned_in: fn(&str) -> bool,
    why: &'static str,
}

const NAME_RULES: &[NameRule] = &[
    NameRule {
        names: &["eframe", "egui", "egui_extras", "egui_plot", "rfd", "winit"],
        banned_in: |layer| layer != "ui",
        why: "only `ui` knows a window",
    },
    NameRule {
        names: &["burn", "burn_ndarray", "burn_wgpu"],
        banned_in: |layer| layer == "eval",
        why: "`eval` sees plain slices, no tensors",
    },
    NameRule {
        names: &["thread::spawn", "thread::scope", "thread::Builder"],
        banned_in: |layer| layer != "session",
        why: "only `session` starts threads",
    },
    NameRule { names: &["fs"], banned_in: |layer| layer == "ui", why: "`ui` opens no files: send a `session` command" },
];

/// One broken rule.
struct Violation {
    file: PathBuf,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.rule)
    }
}

/// All broken rules of one source file, `file` being its path below `src`.
fn check_source(file: &Path, source: &str) -> Vec<Violation> {
    let violation = |line, rule| Violation { file: Path::new("src").join(file), line, rule };
    let module = module_of(file);
    let owner = module.first().map_or("lib", String::as_str);
    let mut found = Vec::new();
    let lines = source.lines().count();
    if lines > MAX_LINES {
        found.push(violation(lines, format!("{lines} lines: split the file, {MAX_LINES} is the limit")));
    }
    if ROOTS.contains(&owner) {
        return found;
    }
    let Some(rank) = rank(owner) else {
        found.push(violation(1, format!("`{owner}` is in no layer: add it to LAYERS in tests/layers/main.rs")));
        return found;
    };
    for used in paths_in(source, module.clone()) {
        let rules = [arrow_broken(&used, owner, rank), name_broken(&used, owner)];
        found.extend(rules.into_iter().flatten().map(|rule| violation(used.line, rule)));
    }
    found
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|peers| peers.contains(&layer))
}

/// The rule that `used`, written in layer `owner`, breaks by pointing upwards or sideways.
fn arrow_broken(used: &UsedPath, owner: &str, owner_rank: usize) -> Option<String> {
    let target = used.inside_crate()?;
    let layer = match target.first().map(String::as_str) {
        None | Some("*") => return Some("the whole crate is named: name the module that is used".to_owned()),
        Some(layer) => layer,
    };
    match rank(layer) {
        None => Some(format!("`{layer}` is in no layer: name the module that defines it, or add it to LAYERS")),
        Some(rank) if layer == owner || rank < owner_rank => None,
        Some(_) => Some(format!("`{owner}` may not use `{layer}`: dependencies point one way (LAYERS)")),
    }
}

/// The rule that `used`, written in layer `owner`, breaks by a name reserved to other layers.
fn name_broken(used: &UsedPath, owner: &str) -> Option<String> {
    if used.module.iter().any(|part| part == "tests") {
        return None;
    }
    NAME_RULES.iter().filter(|rule| (rule.banned_in)(owner)).find_map(|rule| {
        let name = rule.names.iter().find(|name| used.contains(name))?;
        Some(format!("`{owner}` may not name `{name}`: {}", rule.why))
    })
}

/// `data/sources/coswara.rs` is `[data, sources, coswara]`, `data/mod.rs` is `[data]`, `lib.rs` is `[lib]`.
fn module_of(file: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        file.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// All Rust files below `folder`, sorted.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn sources_hold_the_arrows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&src);
    let below_src = |file: &PathBuf| file.strip_prefix(&src).unwrap().to_owned();
    let broken: Vec<String> = files
        .iter()
        .flat_map(|file| check_source(&below_src(file), &fs::read_to_string(file).unwrap()))
        .map(|violation| violation.to_string())
        .collect();
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));

    for layer in LAYERS.iter().copied().flatten() {
        let exists = files.iter().any(|file| module_of(&below_src(file)).first().is_some_and(|module| module == layer));
        assert!(
            exists,
            "LAYERS names `{layer}`, but no file under src defines it: remove it from tests/layers/main.rs"
        );
    }
}

/// The rules that `source`, standing at `file` below `src`, breaks: `line: rule`.
fn broken_by(file: &str, source: &str) -> Vec<String> {
    check_source(Path::new(file), source)
        .iter()
        .map(|violation| {
            assert!(violation.to_string().starts_with(&format!("src/{file}:{}: ", violation.line)));
            format!("{}: {}", violation.line, violation.rule.split(": ").next().unwrap())
        })
        .collect()
}

#[test]
fn layers_below_are_free_to_use() {
    let source =
        "use crate::{units::Hertz, audio::Recording, eval};\nfn f() { crate::data::scan(); super::data::x(); }";
    assert_eq!(broken_by("report/mod.rs", source), [""; 0]);
    assert_eq!(broken_by("main.rs", "use coughscope::{ui, cli}; use eframe::egui;"), [""; 0]);
}

#[test]
fn upward_and_sideways_paths_are_found() {
    let source = "use crate::{\n    units,\n    data::{Clip, split::{self, Split}},\n};\nfn f() -> crate::eval::Roc {}";
    assert_eq!(
        broken_by("audio/decode.rs", source),
        ["3: `audio` may not use `data`"; 3].into_iter().chain(["5: `audio` may not use `eval`"]).collect::<Vec<_>>()
    );
    assert_eq!(broken_by("cli/mod.rs", "use coughscope::ui::App;"), ["1: `cli` may not use `ui`"]);
}

#[test]
fn super_climbs_to_the_root() {
    assert_eq!(
        broken_by("data/sources/a.rs", "use super::super::super::train::run;"),
        ["1: `data` may not use `train`"]
    );
    assert_eq!(broken_by("data/sources/a.rs", "use super::super::{split, Clip};"), [""; 0]);
    let inline =
        "mod tests {\n fn f() { if a { b() } }\n use super::*;\n use super::super::ui::App;\n}\nuse super::ui::B;";
    assert_eq!(broken_by("units.rs", inline), ["4: `units` may not use `ui`", "6: `units` may not use `ui`"]);
    assert_eq!(broken_by("data/mod.rs", "use super::*;"), ["1: the whole crate is named"]);
    assert_eq!(broken_by("data/mod.rs", "use crate::{self as root};"), ["1: the whole crate is named"]);
}

#[test]
fn comments_and_literals_do_not_count() {
    let source = r##"
        //! [`crate::ui::App`]
        /* crate::ui /* crate::ui */ crate::ui */
        const A: &str = "crate::ui::App \" crate::cli";
        const B: &[u8] = br#"crate::ui "quoted" "#;
        fn f<'a>(c: &'a str) -> bool { c.starts_with(['"', '\'', '\u{22}']) && crate::ui::yes() }
    "##;
    assert_eq!(broken_by("data/mod.rs", source), ["6: `data` may not use `ui`"]);
}

#[test]
fn reserved_names_are_found() {
    assert_eq!(broken_by("session/mod.rs", "use eframe::egui;"), ["1: `session` may not name `eframe`"]);
    assert_eq!(broken_by("eval/mod.rs", "fn f(t: &burn::Tensor) {}"), ["1: `eval` may not name `burn`"]);
    assert_eq!(broken_by("train/mod.rs", "use burn::Tensor;"), [""; 0]);
    let threads = "use std::thread::{self, JoinHandle};\nfn f() { thread::spawn(g); }";
    assert_eq!(broken_by("ui/app.rs", threads), ["2: `ui` may not name `thread::spawn`"]);
    assert_eq!(broken_by("session/jobs.rs", threads), [""; 0]);
    assert_eq!(broken_by("ui/app.rs", "use std::{fs::File, path::Path};"), ["1: `ui` may not name `fs`"]);
    assert_eq!(broken_by("ui/app.rs", "mod tests { use std::fs; }"), [""; 0]);
}

#[test]
fn unknown_modules_and_long_files_are_found() {
    assert_eq!(broken_by("helpers/mod.rs", ""), ["1: `helpers` is in no layer"]);
    assert_eq!(broken_by("data/mod.rs", "use crate::helpers::f;"), ["1: `helpers` is in no layer"]);
    assert_eq!(broken_by("units.rs", &"\n".repeat(MAX_LINES)), [""; 0]);
    assert_eq!(broken_by("lib.rs", &"\n".repeat(MAX_LINES + 1)), ["501: 501 lines"]);
}
