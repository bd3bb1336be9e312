//! The settings of the next training run.

use eframe::egui::{Button, DragValue, Label as TextLabel, Link, Response, RichText, ScrollArea, Ui};

use super::{Cx, DataTab};
use crate::data::path_text;
use crate::data::split::{SplitBy, SplitConfig};
use crate::models::NetworkConfig;
use crate::session::{Command, Devices, Estimate, RunOrder, State};
use crate::train::config::{Preset, TrainConfig};
use crate::train::device::{DeviceChoice, DeviceClass, DeviceInfo};
use crate::ui::dialogs::Dialog;
use crate::ui::format::{counted, file_name, measured, percent, sentence};
use crate::ui::shortcuts::{self, Shortcut};
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{card, combo, primary_button};
use crate::units::file_size;

/// Width of the names of the settings, in points.
const NAME_WIDTH: f32 = 104.0;
/// Strength of mixup when it is switched on: within the 0.1 to 0.4 that Zhang et al. (2018) found best.
const MIXUP_ALPHA: f32 = 0.2;

/// Draws the form; Start sends a copy of `draft`.
pub fn form(ui: &mut Ui, draft: &mut TrainConfig, cx: &mut Cx<'_>) {
    // Start and Stop stay in sight below the scrolled settings.
    let footer = 116.0;
    let height = (ui.available_height() - footer).max(120.0);
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        card(ui, "Network", |ui| network(ui, draft, cx));
        ui.add_space(space::XS);
        card(ui, "Schedule", |ui| schedule(ui, draft));
        ui.add_space(space::XS);
        card(ui, "Data", |ui| {
            parts_line(ui, cx);
            data(ui, draft);
        });
    });
    start_or_stop(ui, draft, cx);
}

/// A setting: its name on the left, its control on the right.
fn setting(ui: &mut Ui, name: &str, help: &str, control: impl FnOnce(&mut Ui) -> Response) {
    ui.horizontal(|ui| {
        let label = ui.scope(|ui| {
            ui.set_width(NAME_WIDTH);
            ui.label(name)
        });
        let label = label.inner.on_hover_text(help);
        control(ui).labelled_by(label.id).on_hover_text(help);
    });
}

fn network(ui: &mut Ui, draft: &mut TrainConfig, cx: &mut Cx<'_>) {
    setting(ui, "Preset", "A named set of settings; a click puts every setting back to the preset's own", |ui| {
        ui.horizontal(|ui| {
            let next = Preset::ALL.iter().cycle().skip_while(|preset| **preset != draft.preset).nth(1).copied();
            let next = next.filter(|_| shortcuts::PRESET.pressed(ui.ctx()));
            for preset in Preset::ALL {
                // What computes is no part of a protocol.
                let fresh = TrainConfig { device: draft.device.clone(), ..preset.config() };
                let unchanged = *draft == fresh;
                let button = ui.selectable_label(draft.preset == preset, preset.name());
                let button = shortcuts::PRESET.on(button, preset.explanation());
                if (button.clicked() || next == Some(preset)) && !unchanged {
                    *draft = fresh;
                }
                if draft.preset == preset && !unchanged {
                    ui.label(theme::muted(ui, "changed"));
                }
            }
        })
        .response
    });
    ui.add(TextLabel::new(theme::muted(ui, draft.preset.explanation())).wrap());
    if let NetworkConfig::Inception(_) = draft.network {
        weights(ui, cx);
    }
    let devices = &cx.state.devices;
    setting(ui, "Device", "What computes", |ui| device_combo(ui, &mut draft.device, devices));
    if let Devices::Probing = devices {
        ui.label(theme::muted(ui, "Looking for graphics cards…"));
    }
}

/// Which file the frozen network is read from.
fn weights(ui: &mut Ui, cx: &mut Cx<'_>) {
    let chosen = cx.state.weights.as_ref();
    let name = chosen.map_or("Choose a file…".to_owned(), |weights| file_name(&weights.path));
    let help = "The file of weights that InceptionV3 is read from; it can be dropped on the window, too";
    setting(ui, "Weights", help, |ui| {
        let button = ui.add(Button::new(name).truncate());
        if shortcuts::WEIGHTS.activates(button.clone(), help) {
            cx.ask(Dialog::Weights);
        }
        button
    });
    let about = match chosen.map(|weights| &weights.published) {
        None => {
            "Get model.safetensors, torchvision's ImageNet weights, from huggingface.co/timm/inception_v3.tv_in1k. Nothing is \
             downloaded by itself."
        }
        Some(None) => "Not one of the published files that are known",
        Some(Some(published)) => published,
    };
    ui.add(TextLabel::new(theme::muted(ui, sentence(about))).wrap());
}

fn device_combo(ui: &mut Ui, choice: &mut DeviceChoice, devices: &Devices) -> Response {
    let known: &[DeviceInfo] = match devices {
        Devices::Probing => &[],
        Devices::Ready(devices) => devices,
    };
    let name = known.iter().find(|device| device.choice == *choice).map_or_else(
        || if *choice == DeviceChoice::Auto { "Best available".to_owned() } else { choice.to_string() },
        |device| device.name.clone(),
    );
    let width = ui.available_width();
    let list = combo("device").width(width).truncate().selected_text(name).show_ui(ui, |ui| {
        ui.selectable_value(choice, DeviceChoice::Auto, "Best available");
        for device in known {
            let text = format!("{} ({})", device.name, class_name(device.kind));
            ui.selectable_value(choice, device.choice.clone(), text);
        }
    });
    shortcuts::DEVICE.opens(list.response.clone(), "What computes");
    list.response
}

fn class_name(class: DeviceClass) -> &'static str {
    match class {
        DeviceClass::Gpu => "graphics card",
        DeviceClass::Cpu => "processor",
        DeviceClass::NdArray => "processor, slow",
        DeviceClass::SoftwareGpu => "software, very slow",
    }
}

fn schedule(ui: &mut Ui, draft: &mut TrainConfig) {
    setting(ui, "Epochs", "Rounds over the training part; a small one is shown several times in each", |ui| {
        ui.add(DragValue::new(&mut draft.epochs).speed(0.1))
    });
    setting(ui, "Batch size", "Windows of sound per step", |ui| {
        ui.add(DragValue::new(&mut draft.batch_size).speed(0.2))
    });
    setting(ui, "Learning rate", "The highest step size; reached after a warm-up, then lowered", |ui| {
        ui.add(DragValue::new(&mut draft.learning_rate).speed(1e-5).max_decimals(6))
    });
    let help = "Stop after this many epochs without a better validation AUC; 0 never stops early";
    setting(ui, "Patience", help, |ui| ui.add(DragValue::new(&mut draft.patience).speed(0.1)));
    let help = "Draws weights, order and variation; equal seeds give equal networks on a processor";
    setting(ui, "Seed", help, |ui| ui.add(DragValue::new(&mut draft.seed)));
}

/// How the parts are drawn, as a link to where that is chosen.
fn parts_line(ui: &mut Ui, cx: &mut Cx<'_>) {
    let words = RichText::new(parts_in_words(&cx.state.study.split_config)).size(theme::size::SMALL);
    if shortcuts::TO_PARTS.activates(ui.add(Link::new(words)), "Chosen under Data, in the Parts tab") {
        cx.show_tab(DataTab::Parts);
    }
}

/// `Parts: by person, 15 % validation, 20 % test`.
fn parts_in_words(config: &SplitConfig) -> String {
    let validation = percent(config.validation);
    let test = percent(config.test);
    match (config.by, &config.held_out) {
        (SplitBy::Person, _) => format!("Parts: by person, {validation} validation, {test} test"),
        (SplitBy::File, _) => format!("Parts: by recording, {validation} validation, {test} test"),
        (SplitBy::Dataset, Some(name)) => format!("Parts: {validation} validation, test on {name}"),
        (SplitBy::Dataset, None) => "Parts: by dataset, none chosen for the test".to_owned(),
    }
}

fn data(ui: &mut Ui, draft: &mut TrainConfig) {
    let help = "So that the more frequent class gets no head start";
    toggle(ui, &shortcuts::CLASS_WEIGHTS, &mut draft.class_weights, help);
    let help = "SpecAugment: the network learns not to rely on one place in the picture";
    toggle(ui, &shortcuts::SPEC_AUGMENT, &mut draft.augment.spec_augment, help);
    let mut mixup = draft.augment.mixup_alpha != 0.0;
    if toggle(ui, &shortcuts::MIXUP, &mut mixup, "Mixup: softer answers, often better ones") {
        draft.augment.mixup_alpha = if mixup { MIXUP_ALPHA } else { 0.0 };
    }
}

/// A choice that is on or off, by a click or its key, whose words are its name. Returns whether it was changed.
fn toggle(ui: &mut Ui, key: &Shortcut, on: &mut bool, help: &str) -> bool {
    let pressed = key.pressed(ui.ctx());
    *on ^= pressed;
    key.on(ui.checkbox(on, key.words()), help).changed() || pressed
}

fn start_or_stop(ui: &mut Ui, draft: &TrainConfig, cx: &mut Cx<'_>) {
    ui.add_space(space::XS);
    if let Some(run) = cx.state.active_run() {
        let text = if run.stopping { "Stopping…" } else { "Stop training" };
        let stop = ui.add_enabled(!run.stopping, Button::new(theme::strong(text).color(palette(ui).error)));
        let help = if run.history.is_empty() {
            "Ends now; no epoch is done yet, so there is no network to keep"
        } else {
            "Ends after the step in hand; the best network so far is kept"
        };
        if shortcuts::STOP.activates(stop, help) {
            cx.send(Command::StopRun(run.id));
        }
        return;
    }
    let obstacle = obstacle(draft, cx.state);
    let start = ui.add_enabled_ui(obstacle.is_none(), |ui| primary_button(ui, "Start training")).inner;
    if let Some(reason) = &obstacle {
        ui.add(TextLabel::new(theme::muted(ui, reason)).wrap());
    }
    if shortcuts::START.activates(start, "Trains a network with these settings") {
        let config = asked_for(draft, cx.state);
        cx.send(Command::StartRun(Box::new(RunOrder { config, ..RunOrder::default() })));
    }
    if obstacle.is_none() {
        estimate(ui, asked_for(draft, cx.state), cx);
    }
}

/// The settings as they are sent: with the parts that the person sees, and the weights that were named.
fn asked_for(draft: &TrainConfig, state: &State) -> TrainConfig {
    let mut config = TrainConfig { split: state.study.split_config.clone(), ..draft.clone() };
    if let (NetworkConfig::Inception(network), Some(weights)) = (&mut config.network, &state.weights) {
        network.extractor.weights = path_text::to_text(&weights.path);
    }
    config
}

/// What the training will cost, or the button that finds out.
fn estimate(ui: &mut Ui, config: TrainConfig, cx: &mut Cx<'_>) {
    let words = match &cx.state.estimate {
        _ if cx.state.estimating => "Measuring a few steps…".to_owned(),
        Some((asked, Ok(estimate))) if *asked == config => cost_in_words(estimate),
        Some((asked, Err(reason))) if *asked == config => sentence(reason),
        _ => {
            let help =
                "Prepares a few recordings and does a few steps, to tell how long everything takes on this computer";
            if shortcuts::ESTIMATE.activates(ui.button(shortcuts::ESTIMATE.words()), help) {
                cx.send(Command::Estimate { config: Box::new(config), features: None });
            }
            return;
        }
    };
    ui.add(TextLabel::new(theme::muted(ui, words)).wrap());
}

fn cost_in_words(cost: &Estimate) -> String {
    let epochs = counted(cost.epochs, "epoch", "epochs");
    let mut words = format!("About {} at most: ", measured(cost.total_secs));
    if cost.to_prepare > 0 {
        let recordings = counted(cost.to_prepare, "recording", "recordings");
        words += &format!("{} to prepare {recordings}, then ", measured(cost.prepare_secs));
    }
    words += &format!("{epochs} of {}.", measured(cost.epoch_secs));
    if let Some(bytes) = cost.memory_bytes {
        words += &format!(" {} of memory.", file_size(bytes));
    }
    if cost.disk_bytes > 0 {
        words += &format!(" {} on disk.", file_size(cost.disk_bytes));
    }
    words
}

/// Why training cannot start now.
fn obstacle(draft: &TrainConfig, state: &State) -> Option<String> {
    if state.loading.is_some() {
        Some("Recordings are still being read".to_owned())
    } else if state.study.is_empty() {
        Some("Open a dataset first".to_owned())
    } else if matches!(draft.network, NetworkConfig::Inception(_)) && state.weights.is_none() {
        Some("Choose a file of weights first".to_owned())
    } else {
        draft.validate().err().map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_study_is_the_obstacle() {
        let reason = obstacle(&TrainConfig::default(), &State::default());
        assert_eq!(reason.as_deref(), Some("Open a dataset first"));
    }

    #[test]
    fn the_parts_are_told_as_they_are_drawn() {
        let mut config = SplitConfig::default();
        assert_eq!(parts_in_words(&config), "Parts: by person, 15 % validation, 20 % test");
        config.by = SplitBy::Dataset;
        assert_eq!(parts_in_words(&config), "Parts: by dataset, none chosen for the test");
        config.held_out = Some("Virufy".into());
        assert_eq!(parts_in_words(&config), "Parts: 15 % validation, test on Virufy");
    }
}
