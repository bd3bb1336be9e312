//! What leaks between the parts: how many, and who.

use eframe::egui::{CollapsingHeader, Label as TextLabel, Ui};

use crate::data::sources::COUGHVID_NAMES_NOBODY;
use crate::data::split::{Leaks, Part};
use crate::data::study::{SharedPerson, SharedSound, StudyView};
use crate::ui::format::{count, counted};
use crate::ui::theme::{self, palette, space};
use crate::ui::widgets::{dot, notice};

/// Why it matters, as one sentence.
const HELP: &str = "A network could recognise them, and the result would look better than it is";

pub(super) fn leaks_ui(ui: &mut Ui, study: &StudyView) {
    let Some(Ok(outcome)) = &study.split else {
        ui.label(theme::muted(ui, "Known when the parts have been drawn"));
        return;
    };
    let Leaks { people, exact_duplicates, near_duplicates } = outcome.leaks;
    if !outcome.leaks.is_empty() {
        notice(ui, HELP);
    }
    // Lines of text, not a row of controls each.
    ui.spacing_mut().interact_size.y = space::L;
    let shared = &study.shared;
    leak(ui, ["person", "people"], people, &shared.people, person_row);
    let sound_row = |sound: &SharedSound| sound_row(study, sound);
    leak(ui, ["exact duplicate", "exact duplicates"], exact_duplicates, &shared.exact, sound_row);
    leak(ui, ["near duplicate", "near duplicates"], near_duplicates, &shared.near, sound_row);
    if study.unread > 0 {
        ui.label(theme::muted(ui, "Of what has been read so far"));
    }
    if study.tally.cough_scores.recordings > 0 {
        ui.add(TextLabel::new(theme::muted(ui, COUGHVID_NAMES_NOBODY)).wrap());
    }
}

/// How many are in more than one part and, behind one click, the first of them.
fn leak<T>(ui: &mut Ui, [one, many]: [&str; 2], number: usize, named: &[T], row: impl Fn(&T) -> String) {
    let palette = palette(ui);
    let colour = if number == 0 { palette.accent } else { palette.warning };
    ui.horizontal(|ui| {
        dot(ui, colour);
        let words = format!("{} in more than one part", counted(number, one, many));
        ui.label(theme::strong(words).color(colour)).on_hover_text(HELP);
    });
    if named.is_empty() {
        return;
    }
    let head = format!("Show the {}", if number == 1 { one.to_owned() } else { counted(number, one, many) });
    CollapsingHeader::new(head).id_salt(many).show(ui, |ui| {
        for thing in named {
            let words = row(thing);
            ui.add(TextLabel::new(theme::muted(ui, &words)).truncate()).on_hover_text(words);
        }
        if number > named.len() {
            ui.label(theme::muted(ui, format!("and {} more", count(number - named.len()))));
        }
    });
}

/// `coswara:Eoyf44: 2 in training, 1 in test`.
fn person_row(SharedPerson { person, recordings }: &SharedPerson) -> String {
    let parts = Part::ALL.into_iter().zip(recordings).filter(|(_, number)| **number > 0);
    let parts: Vec<String> = parts.map(|(part, number)| format!("{} in {}", count(*number), word(part))).collect();
    format!("{}: {}", person.0, parts.join(", "))
}

/// `Virufy: pos/a.mp3 (training) · Coswara: b.wav (test)`.
fn sound_row(study: &StudyView, SharedSound(recordings): &SharedSound) -> String {
    /// More would fill the line.
    const MOST: usize = 4;
    let recording = recordings.iter().take(MOST);
    let mut row: Vec<String> =
        recording.map(|(clip, part)| format!("{} ({})", study.place_of(&clip.path), word(*part))).collect();
    if recordings.len() > MOST {
        row.push(format!("and {} more", count(recordings.len() - MOST)));
    }
    row.join(" · ")
}

fn word(part: Part) -> &'static str {
    match part {
        Part::Train => "training",
        Part::Validation => "validation",
        Part::Test => "test",
    }
}
