//! Sound that leaves the program: what a device was given is what was decoded, and the cursor is where the ear is.
//!
//! ALSA's own configuration decides what "default" is, and is read once by each process: every test plays in a child
//! process of its own.
#![cfg(test)]
#![cfg(target_os = "linux")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use coughscope::audio::{self, Recording, SoundFormat, wav};
use coughscope::session::{Session, SoundCommand, SoundDevices, Storage};
use coughscope::units::SampleRate;

/// Names the file that the child process plays.
const FILE: &str = "COUGHSCOPE_TEST_PLAYS";

/// Runs `child` of this file in a process whose ALSA reads `config`.
fn in_child(child: &str, config: &Path, file: &Path) -> String {
    let output = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", child, "--ignored", "--nocapture"])
        .env("ALSA_CONFIG_PATH", config)
        .env(FILE, file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

fn session(folder: &Path) -> Session {
    Session::new(Arc::new(|| {}), folder.to_owned(), Storage::Memory)
}

/// Lets the session work until `done`, for at most a minute.
fn until(session: &mut Session, mut done: impl FnMut(&Session) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done(session) {
        assert!(Instant::now() < deadline, "nothing happened for a minute: {:?}", session.state().messages);
        session.wait(Duration::from_millis(2));
    }
}

fn probed(session: &mut Session) -> SoundDevices {
    session.send(SoundCommand::Probe.into());
    until(session, |session| session.state().player.devices != SoundDevices::Probing);
    session.state().player.devices.clone()
}

#[test]
#[ignore = "a child process of other tests"]
fn child_plays_a_file() {
    let file = PathBuf::from(std::env::var_os(FILE).unwrap());
    let mut session = session(file.parent().unwrap());
    if let SoundDevices::None(reason) = probed(&mut session) {
        println!("nothing can be played: {reason}");
        return;
    }
    session.send(SoundCommand::PlayFile { path: file, range: None }.into());
    until(&mut session, |session| session.state().player.current.is_none());
    assert!(session.state().messages.is_empty(), "{:?}", session.state().messages);
    println!("played");
}

/// An ALSA configuration whose default device writes what it is given to `file`, and keeps no time.
fn file_device(folder: &Path, file: &Path) -> PathBuf {
    let config = folder.join("asound.conf");
    let text = format!(
        "pcm.!default {{\n  type file\n  slave.pcm {{ type null }}\n  file \"{}\"\n  format \"raw\"\n}}\n",
        file.display()
    );
    std::fs::write(&config, text).unwrap();
    config
}

fn interleaved(recording: &Recording) -> Vec<f32> {
    (0..recording.frames()).flat_map(|frame| recording.channels().iter().map(move |channel| channel[frame])).collect()
}

/// Two channels with other content each, at a rate that no sound card prefers.
fn stereo() -> Recording {
    let channel = |period: usize| (0..22_000).map(|n| ((n % period) as f32 / period as f32 - 0.5) * 0.9).collect();
    let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
    Recording::new(vec![channel(101), channel(57)], SampleRate::new(22_050).unwrap(), format).unwrap()
}

fn real_recordings() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let ending = |path: &PathBuf, wanted: &str| path.extension().is_some_and(|own| own == wanted);
    let files: Vec<PathBuf> = walkdir::WalkDir::new(data)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| audio::decode(path).is_ok())
        .collect();
    ["wav", "webm"].iter().filter_map(|wanted| files.iter().find(|path| ending(path, wanted)).cloned()).collect()
}

#[test]
fn a_device_is_given_exactly_what_was_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let generated = folder.path().join("stereo.wav");
    wav::write_f32(&generated, &stereo()).unwrap();
    for file in std::iter::once(generated).chain(real_recordings()) {
        let played = folder.path().join("played.raw");
        let told = in_child("child_plays_a_file", &file_device(folder.path(), &played), &file);
        if told.contains("has no sound library") {
            return;
        }
        assert!(told.contains("played"), "{told}");
        let bytes = std::fs::read(&played).unwrap();
        let heard: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        assert_eq!(heard, interleaved(&audio::decode(&file).unwrap()), "{}", file.display());
        std::fs::remove_file(played).unwrap();
    }
}

#[test]
fn without_a_device_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("asound.conf");
    std::fs::write(&config, "pcm.!default { type hw card 31 }\n").unwrap();
    let told = in_child("child_plays_a_file", &config, &folder.path().join("none.wav"));
    assert!(told.contains("nothing can be played"), "{told}");
}

/// Seconds between the clicks of [`clicks`]; no loop of a buffer lasts as long.
const BETWEEN_CLICKS: f64 = 0.5;

fn clicks() -> Recording {
    let rate = SampleRate::new(48_000).unwrap();
    let step = (BETWEEN_CLICKS * 48_000.0) as usize;
    // The clicks rise, so that the n-th is known by its height and not only by its time.
    let samples = (0..9 * step).map(|n| if n % step < 48 { 0.1 * (n / step) as f32 } else { 0.0 }).collect();
    let format = SoundFormat { container: "WAV".into(), codec: "PCM".into(), truncated: false };
    Recording::new(vec![samples], rate, format).unwrap()
}

#[test]
#[ignore = "a child process of other tests"]
fn child_hears_clicks() {
    let file = PathBuf::from(std::env::var_os(FILE).unwrap());
    let mut session = session(file.parent().unwrap());
    // What the sink plays, as it plays it: `parec` hands it over within 5 ms.
    let mut parec = Process::new("parec")
        .args(["--device=coughscope.monitor", "--format=float32le", "--rate=48000", "--channels=1", "--latency-msec=5"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = parec.stdout.take().unwrap();
    let (sender, arrived) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let mut block = [0_u8; 240 * 4];
        let mut quiet = 0;
        while heard.read_exact(&mut block).is_ok() {
            let peak = block.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).fold(0.0_f32, f32::max);
            // A click may lie across two blocks.
            if peak > 0.05 && quiet > 5 && sender.send((Instant::now(), (peak * 10.0).round())).is_err() {
                return;
            }
            quiet = if peak > 0.05 { 0 } else { quiet + 1 };
        }
    });
    session.send(SoundCommand::PlayFile { path: file, range: None }.into());
    let mut positions = Vec::new();
    until(&mut session, |session| {
        positions.extend(session.state().player.position().map(|position| (Instant::now(), position.0)));
        session.state().player.current.is_none()
    });
    parec.kill().unwrap();
    parec.wait().unwrap();
    drop(listener.join());
    let apart: Vec<f64> = arrived
        .iter()
        .map(|(at, number)| {
            let nearest =
                positions.iter().min_by_key(|(when, _)| when.max(&at).duration_since(*when.min(&at))).unwrap();
            nearest.1 - f64::from(number) * BETWEEN_CLICKS
        })
        .collect();
    println!("cursor ahead of the ear by {apart:.3?} s");
    assert!(apart.len() >= 6, "{apart:?}");
    assert!(apart.iter().all(|apart| apart.abs() < 0.05), "{apart:?}");
}

/// Needs a PulseAudio server with a null sink called `coughscope`: `.ci/sound` starts one.
#[test]
#[ignore = "needs a sound server: .ci/sound"]
fn the_cursor_is_in_step_with_the_sound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clicks.wav");
    wav::write_f32(&file, &clicks()).unwrap();
    let config = folder.path().join("asound.conf");
    std::fs::write(&config, "pcm.!default { type pulse }\n").unwrap();
    println!("{}", in_child("child_hears_clicks", &config, &file));
}
