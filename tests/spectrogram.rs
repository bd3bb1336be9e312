//! Spectrograms against librosa, against a simulation of FFmpeg, and against FFmpeg itself where it is installed.
//!
//! The golden values are made by `golden/spectrogram.py`, from the same signals as [`signal`].

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helper functions too")]

use std::f64::consts::TAU;
use std::io::Write;
use std::process::{Command, Stdio};

use coughscope::audio::{Recording, SoundFormat};
use coughscope::spectrogram::paper::{self, HEIGHT, WIDTH};
use coughscope::spectrogram::{
    FrequencyAxis, LogMelConfig, PaperConfig, Placement, Spectrogram, SpectrogramConfig, SpectrogramError,
};
use coughscope::units::{Hertz, SampleRate, Seconds};
use proptest::prelude::*;

const LOG_MEL_GOLDEN: &str = include_str!("golden/spectrogram_log_mel.csv");
const PAPER_GOLDEN: &str = include_str!("golden/spectrogram_paper.csv");

/// The linear congruential generator of `golden/spectrogram.py`.
fn noise(samples: usize, seed: u32) -> impl Iterator<Item = f64> {
    let mut state = seed;
    (0..samples).map(move |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 23) - 1.0
    })
}

/// `signal` of `golden/spectrogram.py`.
fn signal(name: &str, samples: usize, rate_hz: f64, seed: u32) -> Vec<f32> {
    let each = |value: &dyn Fn(f64) -> f64| (0..samples).map(|i| value(i as f64) as f32).collect();
    match name {
        "silence" => each(&|_| 0.0),
        "dc" => each(&|_| 0.25),
        "impulse" => each(&|i| if i == (samples / 2) as f64 { 1.0 } else { 0.0 }),
        "tone" => each(&|i| 0.5 * (TAU * 1000.0 * f64::from(seed) * i / rate_hz).sin()),
        "noise" => noise(samples, seed).map(|value| (0.5 * value) as f32).collect(),
        "burst" => (0..)
            .zip(noise(samples, seed))
            .map(|(i, v)| (v * (-f64::from(i) / (0.05 * rate_hz)).exp()) as f32)
            .collect(),
        _ => panic!("no signal is named {name}"),
    }
}

/// Channel `c` of the paper's golden signals: a burst of noise over a tone of `c + 1` kHz.
fn bursts_over_tones(samples: usize, channels: u32, rate_hz: f64) -> Vec<Vec<f32>> {
    let mix = |(burst, tone): (f32, f32)| (burst + tone) * 0.5;
    (1..=channels)
        .map(|seed| {
            let (burst, tone) = (signal("burst", samples, rate_hz, seed), signal("tone", samples, rate_hz, seed));
            burst.into_iter().zip(tone).map(mix).collect()
        })
        .collect()
}

fn recording(channels: Vec<Vec<f32>>, rate_hz: u32) -> Recording {
    let format = SoundFormat { container: "none".into(), codec: "PCM".into(), truncated: false };
    Recording::new(channels, SampleRate::new(rate_hz).unwrap(), format).unwrap()
}

fn log_mel(recording: &Recording, config: LogMelConfig) -> Result<Spectrogram, SpectrogramError> {
    Spectrogram::compute(recording, &SpectrogramConfig::LogMel(config))
}

#[test]
fn log_mel_agrees_with_librosa() {
    let config = LogMelConfig::default();
    let mut worst = 0.0_f32;
    for line in LOG_MEL_GOLDEN.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let [samples, frames, frame]: [usize; 3] = std::array::from_fn(|i| cells[i + 1].parse().unwrap());
        let sound = recording(vec![signal(cells[0], samples, 16_000.0, 1)], 16_000);
        let ours = log_mel(&sound, config.clone()).unwrap();
        assert_eq!((ours.frames, ours.bins), (frames, cells.len() - 4), "{line}");
        for (row, librosa) in cells[4..].iter().enumerate() {
            let librosa = librosa.parse::<f32>().unwrap().clamp(config.floor_db, config.ceiling_db);
            let difference = (ours.levels_db[row * frames + frame] - librosa).abs();
            assert!(difference < 1e-3, "{} {samples}, frame {frame}, row {row}: {difference} dB", cells[0]);
            worst = worst.max(difference);
        }
    }
    eprintln!("largest difference from librosa: {worst:.6} dB (the golden file is rounded to 0.0001)");
}

#[test]
fn a_tone_lies_in_the_same_row_at_every_sample_rate() {
    let row_of_peak = |tone_hz: f64, rate_hz: u32| {
        let samples =
            (0..rate_hz / 2).map(|i| (0.5 * (TAU * tone_hz * f64::from(i) / f64::from(rate_hz)).sin()) as f32);
        let levels = log_mel(&recording(vec![samples.collect()], rate_hz), LogMelConfig::default()).unwrap();
        let middle = levels.time_of_column((levels.frames / 2) as f64);
        let at = |row: usize| levels.level_at(middle, levels.frequency_of_row(row as f64)).unwrap();
        let peak = (0..levels.bins).max_by(|&a, &b| at(a).total_cmp(&at(b))).unwrap();
        // Triangles of unit area favour the narrower of two neighbours, so the peak may be one row off the nearest.
        assert!((levels.row_of_frequency(Hertz(tone_hz)) - peak as f64).abs() <= 1.0, "{tone_hz} Hz at {rate_hz} Hz");
        peak
    };
    for tone_hz in [300.0, 1000.0, 2500.0, 3400.0] {
        let rows = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000].map(|rate_hz| row_of_peak(tone_hz, rate_hz));
        assert!(rows.iter().all(|row| *row == rows[0]), "{tone_hz} Hz: {rows:?}");
    }
}

#[test]
fn senseless_settings_are_refused_by_name() {
    let good = LogMelConfig::default();
    let broken = [
        ("window", LogMelConfig { window: 511, ..good.clone() }),
        ("window", LogMelConfig { window: 0, ..good.clone() }),
        ("hop", LogMelConfig { hop: 0, ..good.clone() }),
        ("hop", LogMelConfig { hop: 513, ..good.clone() }),
        ("mels", LogMelConfig { mels: 0, ..good.clone() }),
        ("mels", LogMelConfig { mels: 256, ..good.clone() }),
        ("f_min", LogMelConfig { f_min: Hertz(f64::NAN), ..good.clone() }),
        ("f_max", LogMelConfig { f_max: Hertz(50.0), ..good.clone() }),
        ("f_max", LogMelConfig { f_max: Hertz(8_000.5), ..good.clone() }),
        ("floor_db", LogMelConfig { floor_db: f32::NEG_INFINITY, ..good.clone() }),
        ("ceiling_db", LogMelConfig { ceiling_db: -80.0, ..good.clone() }),
    ];
    let sound = recording(vec![vec![0.5; 100]], 16_000);
    for (field, config) in broken {
        match log_mel(&sound, config) {
            Err(SpectrogramError::Setting { name, .. }) => assert_eq!(name, field),
            other => panic!("{field}: {other:?}"),
        }
        assert!(log_mel(&sound, good.clone()).is_ok(), "a refusal leaves nothing behind");
    }
}

#[test]
fn settings_survive_a_file_and_misspelt_ones_are_reported() {
    for placement in Placement::ALL {
        let paper = SpectrogramConfig::Paper(PaperConfig { placement });
        assert_eq!(toml::from_str::<SpectrogramConfig>(&toml::to_string(&paper).unwrap()).unwrap(), paper);
    }
    let mel = SpectrogramConfig::LogMel(LogMelConfig { mels: 40, ..LogMelConfig::default() });
    assert_eq!(toml::from_str::<SpectrogramConfig>(&toml::to_string(&mel).unwrap()).unwrap(), mel);
    assert_eq!(toml::from_str::<SpectrogramConfig>("kind = 'log-mel'\nmels = 40").unwrap(), mel);
    assert!(toml::from_str::<SpectrogramConfig>("kind = 'log-mel'\nmel = 40").is_err());
}

#[test]
fn the_papers_pixels_agree_with_the_simulation() {
    for line in PAPER_GOLDEN.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let placement = toml::from_str::<PaperConfig>(&format!("placement = '{}'", cells[0])).unwrap();
        let [samples, channels]: [u32; 2] = std::array::from_fn(|i| cells[i + 1].parse().unwrap());
        let sound = recording(bursts_over_tones(samples as usize, channels, 44_100.0), 44_100);
        let ours = paper::yuv_pixels(&sound, &placement);
        let values = cells[4..].iter().map(|cell| cell.parse::<f64>().unwrap());
        if let Ok(column) = cells[3].parse::<usize>() {
            let column: Vec<u8> = ours.chunks_exact(WIDTH).step_by(32).flat_map(|row| row[column]).collect();
            for (ours, golden) in column.into_iter().zip(values) {
                // Single against double precision moves some values across a rounding boundary.
                assert!((f64::from(ours) - golden).abs() <= 1.0, "{}: {ours} {golden}", &line[..40]);
            }
        } else {
            for (plane, golden) in values.enumerate() {
                let mean = ours.iter().map(|pixel| f64::from(pixel[plane])).sum::<f64>() / ours.len() as f64;
                assert!((mean - golden).abs() < 5e-3, "{line}: plane {plane} has mean {mean}");
            }
        }
    }
}

#[test]
fn the_papers_levels_are_placed_in_time_and_frequency() {
    // Silence for 0.6 seconds, then a tone of 5 kHz.
    let rate_hz = 44_100.0;
    let tone = |i: f64| if i < 0.6 * rate_hz { 0.0 } else { (TAU * 5000.0 * i / rate_hz).sin() };
    let sound = recording(vec![(0..44_100).map(|i| tone(f64::from(i)) as f32).collect()], 44_100);
    for placement in Placement::ALL {
        let levels = Spectrogram::compute(&sound, &SpectrogramConfig::Paper(PaperConfig { placement })).unwrap();
        assert_eq!((levels.bins, levels.frames, levels.range_db), (HEIGHT, WIDTH, (-120.0, 0.0)));
        assert_eq!(levels.axis, FrequencyAxis::Linear { top: Hertz(22_050.0) });
        let level = |secs: f64| levels.level_at(Seconds(secs), Hertz(5000.0)).unwrap();
        // Half of the window is 12 ms. Zero-padded, only the window's faint first 43 samples are heard.
        assert_eq!(level(0.585), -120.0, "{placement:?}");
        assert!(level(0.615) > -80.0, "{placement:?}: {}", level(0.615));
    }
}

#[test]
fn the_picture_is_the_pixels_as_rgb() {
    let sound = recording(vec![vec![0.0; 2000]], 44_100);
    let black = paper::picture(&sound, &PaperConfig::default());
    assert_eq!(black.dimensions(), (1024, 512));
    assert!(black.pixels().all(|pixel| pixel.0 == [0, 0, 0]));
    let loud = recording(bursts_over_tones(88_200, 1, 44_100.0), 44_100);
    let picture = paper::picture(&loud, &PaperConfig::default());
    // 1000 Hz is 1000 / (44100 / 1024) = 23.2 rows from the bottom.
    let brightest = (0..512).max_by_key(|&y| picture.get_pixel(1000, y).0.map(u32::from).iter().sum::<u32>());
    assert_eq!(brightest, Some(511 - 23));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sound_gives_a_full_and_finite_log_mel(
        channels in prop::collection::vec(prop::collection::vec(-2.0_f32..2.0, 1..3000), 1..4),
        rate_hz in prop::sample::select(vec![8_000_u32, 11_025, 16_000, 44_100, 48_000]),
        hop in 32_usize..=512,
    ) {
        let sound = recording(channels, rate_hz);
        let config = LogMelConfig { hop, ..LogMelConfig::default() };
        let samples = (sound.frames() as f64 * 16_000.0 / f64::from(rate_hz)).round() as usize;
        let levels = log_mel(&sound, config).unwrap();
        prop_assert_eq!(levels.frames, 1 + samples / hop);
        prop_assert_eq!(levels.levels_db.len(), 64 * levels.frames);
        prop_assert!(levels.levels_db.iter().all(|level| (-80.0..=20.0).contains(level)));
    }

    #[test]
    fn any_sound_gives_a_full_picture(
        channels in prop::collection::vec(prop::collection::vec(-100.0_f32..100.0, 1..6000), 1..4),
        placement in prop::sample::select(Placement::ALL.to_vec()),
    ) {
        let sound = recording(channels, 44_100);
        let levels = Spectrogram::compute(&sound, &SpectrogramConfig::Paper(PaperConfig { placement })).unwrap();
        prop_assert_eq!(levels.levels_db.len(), WIDTH * HEIGHT);
        prop_assert!(levels.levels_db.iter().all(|level| (-120.0..=0.0).contains(level)));
    }
}

/// The placement of the installed FFmpeg, if it is one of the generations that were compared.
fn installed_placement() -> Option<Placement> {
    let output = Command::new("ffmpeg").arg("-version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout).split_whitespace().nth(2)?.to_owned();
    let placement = [("4.2", Placement::Left), ("5.1", Placement::ZeroPad), ("7.0", Placement::Right)];
    placement.into_iter().find(|(known, _)| version.starts_with(known)).map(|(_, placement)| placement)
}

/// The pixels that FFmpeg makes of `sound`, as [`paper::yuv_pixels`] orders them.
fn ffmpeg_pixels(sound: &Recording) -> Vec<[u8; 3]> {
    let (rate, channels) = (sound.rate().hz().to_string(), sound.channels().len().to_string());
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "f32le", "-ar", &rate, "-ac", &channels, "-i", "pipe:0"])
        .args([
            "-lavfi",
            "showspectrumpic=s=1024x512:legend=disabled",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv444p",
            "pipe:1",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let interleaved = (0..sound.frames()).flat_map(|i| sound.channels().iter().flat_map(move |c| c[i].to_le_bytes()));
    ffmpeg.stdin.take().unwrap().write_all(&interleaved.collect::<Vec<u8>>()).unwrap();
    let planes = ffmpeg.wait_with_output().unwrap().stdout;
    assert_eq!(planes.len(), 3 * WIDTH * HEIGHT, "FFmpeg's picture is whole");
    (0..WIDTH * HEIGHT).map(|i| std::array::from_fn(|plane| planes[plane * WIDTH * HEIGHT + i])).collect()
}

#[test]
fn the_papers_pixels_agree_with_the_installed_ffmpeg() {
    let Some(placement) = installed_placement() else {
        eprintln!("skipped: no FFmpeg 4.2, 5.1 or 7.0 is installed");
        return;
    };
    eprintln!("{placement:?}\nrate_hz  seconds  channels  largest  differing");
    let cases = [
        (44_100, 0.005, 1),
        (8_000, 0.1, 1),
        (48_000, 0.3, 2),
        (16_000, 1.5, 1),
        (44_100, 10.0, 1),
        (44_100, 10.0, 2),
        (48_000, 4.0, 6),
        (22_050, 60.0, 1),
        (44_100, 60.0, 1),
        (192_000, 7.0, 1),
    ];
    for (rate_hz, secs, channels) in cases {
        let samples = (secs * f64::from(rate_hz)) as usize;
        let sound = recording(bursts_over_tones(samples, channels, f64::from(rate_hz)), rate_hz);
        let ours = paper::yuv_pixels(&sound, &PaperConfig { placement });
        let differences = ours.iter().zip(ffmpeg_pixels(&sound)).map(|(ours, theirs)| {
            ours.iter().zip(theirs).map(|(&ours, theirs)| ours.abs_diff(theirs)).max().unwrap_or(0)
        });
        let (largest, differing) = differences.fold((0, 0), |(max, count), d| (max.max(d), count + usize::from(d > 0)));
        let percent = 100.0 * differing as f64 / ours.len() as f64;
        eprintln!("{rate_hz:7}  {secs:7}  {channels:8}  {largest:7}  {percent:8.4}%");
        assert!(largest <= 1, "{rate_hz} Hz, {secs} s, {channels} channels: {largest}");
        assert!(percent < 0.1, "{rate_hz} Hz, {secs} s, {channels} channels: {percent} %");
    }
}
