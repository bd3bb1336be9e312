//! How Explore pictures a recording: which spectrogram, its settings, its colours.

use eframe::egui::{Button, DragValue, Grid, Slider, Ui};

use crate::session::{Command, Picture, Run, State};
use crate::spectrogram::colour::ColourMap;
use crate::spectrogram::{LinearConfig, LogMelConfig, PaperConfig, Placement, SpectrogramConfig};
use crate::ui::panels::Cx;
use crate::ui::shortcuts;
use crate::ui::theme::{self, space};
use crate::ui::widgets::{Look, combo, slider};
use crate::units::Hertz;

/// Lengths of the FFT that are offered, in samples.
const WINDOWS: [usize; 7] = [128, 256, 512, 1024, 2048, 4096, 8192];
/// Steps from one column to the next, as parts of the window.
const OVERLAPS: [(usize, &str); 4] = [(1, "a whole window"), (2, "half a window"), (4, "a quarter"), (8, "an eighth")];
/// Mel bands that can be asked for.
const MELS: std::ops::RangeInclusive<usize> = 8..=256;
/// The smallest range of levels that colours are spread over, in dB.
const NARROWEST_DB: f32 = 5.0;

/// What of the picture is not for the session to know: the colours.
#[derive(Default)]
pub struct PictureForm {
    map: ColourMap,
    /// The levels at both ends of the colours, where a person has moved them.
    range_db: Option<(f32, f32)>,
    /// The picture before that of a network.
    before: Option<Picture>,
}

impl PictureForm {
    /// How the picture is coloured.
    #[must_use]
    pub fn look(&self) -> Look {
        Look { map: self.map, range_db: self.range_db }
    }

    /// The choice of the picture, and a menu with its settings; from right to left.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let shown = cx.state.explore.picture.clone();
        let mut wanted = shown.clone();
        let menu = ui.menu_button("Settings", |ui| self.settings(ui, &mut wanted));
        shortcuts::PICTURE_SETTINGS.opens(menu.response, "How the picture is computed and coloured");
        let run = run_of_scores(cx.state);
        let choices = choices(run);
        let name = choices.iter().find(|(_, picture)| same_kind(picture, &shown)).map_or("A run's", |(name, _)| name);
        let menu = combo("picture").width(136.0).selected_text(name).truncate().show_ui(ui, |ui| {
            for (name, picture) in &choices {
                if ui.selectable_label(same_kind(picture, &shown), name).clicked() {
                    wanted = picture.clone();
                }
            }
        });
        shortcuts::PICTURE.opens(menu.response.accessible_name("Picture"), help(&shown));
        if let Some(picture) = run.and_then(|run| self.network_view(ui, run, &shown)) {
            wanted = picture;
        }
        if wanted != shown {
            if !same_kind(&wanted, &shown) {
                // Another kind has other levels, and the paper's pictures their own colours.
                self.range_db = None;
                let paper = matches!(wanted, Picture::Spectrogram(SpectrogramConfig::Paper(_)));
                self.map = if paper { ColourMap::Intensity } else { ColourMap::default() };
            }
            cx.send(Command::ShowPicture(wanted));
        }
    }

    /// One step to what the network of `run` is given, and back to the picture before. Returns the picture to show.
    fn network_view(&mut self, ui: &mut Ui, run: &Run, shown: &Picture) -> Option<Picture> {
        let seen = seen_by(run);
        let is_on = same_kind(&seen, shown);
        let help = format!("Exactly what the network of “{}” is given", run.name);
        if !shortcuts::NETWORK_VIEW.activates(ui.add(Button::selectable(is_on, "Network view")), &help) {
            return None;
        }
        if is_on {
            return Some(self.before.take().unwrap_or_default());
        }
        if matches!(shown, Picture::Spectrogram(_)) {
            self.before = Some(shown.clone());
        }
        Some(seen)
    }

    fn settings(&mut self, ui: &mut Ui, wanted: &mut Picture) {
        Grid::new("picture settings").num_columns(2).spacing([space::M, space::S]).show(ui, |ui| {
            match wanted {
                Picture::Spectrogram(SpectrogramConfig::LogMel(config)) => log_mel(ui, config),
                Picture::Spectrogram(SpectrogramConfig::Linear(config)) => linear(ui, config),
                Picture::Spectrogram(SpectrogramConfig::Paper(config)) => paper(ui, config),
                Picture::Network { .. } => {}
            }
            self.levels(ui, wanted);
            row(ui, "Colours", |ui| {
                let menu = combo("colours").width(136.0).selected_text(self.map.name()).show_ui(ui, |ui| {
                    for map in ColourMap::ALL {
                        ui.selectable_value(&mut self.map, map, map.name());
                    }
                });
                menu.response.accessible_name("Colours");
            });
        });
        if matches!(wanted, Picture::Network { .. }) {
            ui.label(theme::muted(ui, "Everything else is as the network was trained."));
        }
        if ui.button("As it was").clicked() {
            self.range_db = None;
            if let Picture::Spectrogram(config) = wanted {
                *config = match config {
                    SpectrogramConfig::LogMel(_) => SpectrogramConfig::LogMel(LogMelConfig::default()),
                    SpectrogramConfig::Linear(_) => SpectrogramConfig::Linear(LinearConfig::default()),
                    SpectrogramConfig::Paper(_) => SpectrogramConfig::Paper(PaperConfig::default()),
                };
            }
        }
    }

    /// The levels at both ends of the colours.
    fn levels(&mut self, ui: &mut Ui, picture: &Picture) {
        let whole = whole_range(picture);
        let (mut low, mut high) = self.range_db.unwrap_or(whole);
        let before = (low, high);
        row(ui, "Darkest", |ui| level(ui, &mut low, whole, "Darkest level"));
        row(ui, "Brightest", |ui| level(ui, &mut high, whole, "Brightest level"));
        if (low, high) != before {
            // The end that is not dragged gives way.
            if low == before.0 {
                low = low.min(high - NARROWEST_DB);
            } else {
                high = high.max(low + NARROWEST_DB);
            }
            self.range_db = Some((low, high)).filter(|range| *range != whole);
        }
    }
}

/// The levels that a picture can have, in dB.
pub fn whole_range(picture: &Picture) -> (f32, f32) {
    let (low, high) = picture.config().range_db();
    if matches!(picture, Picture::Network { .. }) { (low - high, 0.0) } else { (low, high) }
}

/// The run whose scores are shown; without any, the one that would score, or that is trained.
fn run_of_scores(state: &State) -> Option<&Run> {
    let evaluated = state.evaluation.as_ref().and_then(|evaluation| state.run(evaluation.run?));
    evaluated.or_else(|| state.predict_run()).or_else(|| state.current_run())
}

/// What the network of a run is given.
fn seen_by(run: &Run) -> Picture {
    let config = run.config.spectrogram.clone();
    Picture::Network { run: run.id, config, window_frames: run.config.network.window_frames() }
}

/// Every kind of picture by name, with the settings that it has at first.
fn choices(run: Option<&Run>) -> Vec<(String, Picture)> {
    let mut choices: Vec<(String, Picture)> = [
        ("Log-mel", SpectrogramConfig::LogMel(LogMelConfig::default())),
        ("Linear", SpectrogramConfig::Linear(LinearConfig::default())),
        ("As in the paper", SpectrogramConfig::Paper(PaperConfig::default())),
    ]
    .into_iter()
    .map(|(name, config)| (name.to_owned(), Picture::Spectrogram(config)))
    .collect();
    if let Some(run) = run {
        choices.push((format!("As {} sees it", run.name), seen_by(run)));
    }
    choices
}

fn same_kind(a: &Picture, b: &Picture) -> bool {
    match (a, b) {
        (Picture::Spectrogram(a), Picture::Spectrogram(b)) => std::mem::discriminant(a) == std::mem::discriminant(b),
        (Picture::Network { run: a, .. }, Picture::Network { run: b, .. }) => a == b,
        _ => false,
    }
}

/// What a picture is for.
fn help(picture: &Picture) -> &'static str {
    match picture {
        Picture::Spectrogram(SpectrogramConfig::LogMel(_)) => {
            "Frequencies as the ear spaces them; one axis for every recording"
        }
        Picture::Spectrogram(SpectrogramConfig::Linear(_)) => {
            "Frequencies evenly spaced, up to what the recording can hold"
        }
        Picture::Spectrogram(SpectrogramConfig::Paper(_)) => "The picture that FFmpeg makes, as in the paper",
        Picture::Network { .. } => "Exactly what the network is given: levels below the loudest moment, in windows",
    }
}

fn log_mel(ui: &mut Ui, config: &mut LogMelConfig) {
    window_and_hop(ui, &mut config.window, &mut config.hop);
    row(ui, "Mel bands", |ui| {
        ui.add(DragValue::new(&mut config.mels).range(MELS)).accessible_name("Mel bands");
    });
    let nyquist = config.rate.nyquist();
    let (low, high) = (config.f_min.0, config.f_max.0);
    row(ui, "Lowest", |ui| hertz(ui, &mut config.f_min, 0.0..=high - 100.0, "Lowest frequency"));
    row(ui, "Highest", |ui| hertz(ui, &mut config.f_max, low + 100.0..=nyquist.0, "Highest frequency"));
}

fn linear(ui: &mut Ui, config: &mut LinearConfig) {
    window_and_hop(ui, &mut config.window, &mut config.hop);
}

fn paper(ui: &mut Ui, config: &mut PaperConfig) {
    row(ui, "As FFmpeg", |ui| {
        let menu = combo("placement").width(136.0).selected_text(config.placement.name()).show_ui(ui, |ui| {
            for placement in Placement::ALL {
                ui.selectable_value(&mut config.placement, placement, placement.name());
            }
        });
        menu.response.accessible_name("FFmpeg version");
    });
}

/// A longer window tells frequencies apart better and moments worse; its step follows it.
fn window_and_hop(ui: &mut Ui, window: &mut usize, hop: &mut usize) {
    let part = (*window / (*hop).max(1)).max(1);
    row(ui, "Window", |ui| {
        let mut wanted = *window;
        let menu = combo("window").width(136.0).selected_text(format!("{wanted} samples")).show_ui(ui, |ui| {
            for length in WINDOWS {
                ui.selectable_value(&mut wanted, length, format!("{length} samples"));
            }
        });
        menu.response
            .on_hover_text("Longer tells frequencies apart better, shorter tells moments apart better")
            .accessible_name("Window");
        if wanted != *window {
            (*window, *hop) = (wanted, wanted / part);
        }
    });
    row(ui, "Step", |ui| {
        let name = OVERLAPS.iter().find(|(own, _)| *own == part).map_or("of its own", |(_, name)| name);
        let menu = combo("hop").width(136.0).selected_text(name).show_ui(ui, |ui| {
            for (part, name) in OVERLAPS {
                ui.selectable_value(hop, *window / part, name);
            }
        });
        menu.response.on_hover_text("From one column of the picture to the next").accessible_name("Step");
    });
}

fn hertz(ui: &mut Ui, frequency: &mut Hertz, range: std::ops::RangeInclusive<f64>, name: &str) {
    ui.add(DragValue::new(&mut frequency.0).range(range).speed(10.0).suffix(" Hz").fixed_decimals(0))
        .accessible_name(name);
}

fn level(ui: &mut Ui, level: &mut f32, (low, high): (f32, f32), name: &str) {
    slider(ui, Slider::new(level, low..=high).suffix(" dB").fixed_decimals(0), name);
}

fn row(ui: &mut Ui, name: &str, control: impl FnOnce(&mut Ui)) {
    ui.label(theme::muted(ui, name));
    control(ui);
    ui.end_row();
}
