//! What a person decides about recordings: about the one that is shown, or about all that are chosen.

use eframe::egui::{Color32, Frame, Margin, Response, Ui};

use super::rows::Chosen;
use crate::data::Decision;
use crate::session::{ClipId, Command, Edit, StudyView};
use crate::ui::format::{count, counted};
use crate::ui::panels::Cx;
use crate::ui::shortcuts::{self, Shortcut};
use crate::ui::theme::{self, Palette, palette, space};
use crate::ui::widgets::segments_with;

/// Height of the bar of several chosen recordings before it was drawn once, in points.
pub const BAR_HEIGHT: f32 = 72.0;

/// Something that can be decided.
pub struct Choice {
    /// `None` leaves it to the policy.
    pub decision: Option<Decision>,
    /// The name on screen.
    pub name: &'static str,
    help: &'static str,
    key: &'static Shortcut,
    colour: fn(&Palette) -> Color32,
}

/// All that can be decided, in the order of the buttons.
pub static CHOICES: [Choice; 5] = [
    Choice {
        decision: None,
        name: "By the policy",
        help: "The Labels and Quality tabs of Data decide",
        key: &shortcuts::BY_POLICY,
        colour: |palette| palette.text,
    },
    Choice {
        decision: Some(Decision::Use),
        name: "Use",
        help: "Used with the label of its status, whatever its quality",
        key: &shortcuts::USE,
        colour: |palette| palette.accent,
    },
    Choice {
        decision: Some(Decision::Healthy),
        name: "Healthy",
        help: "Used as healthy, whatever its dataset says",
        key: &shortcuts::HEALTHY,
        colour: |palette| palette.healthy,
    },
    Choice {
        decision: Some(Decision::Sick),
        name: "Sick",
        help: "Used as sick, whatever its dataset says",
        key: &shortcuts::SICK,
        colour: |palette| palette.sick,
    },
    Choice {
        decision: Some(Decision::Exclude),
        name: "Leave out",
        help: "Not used",
        key: &shortcuts::LEAVE_OUT,
        colour: |palette| palette.text,
    },
];

/// The name of a decision on screen.
#[must_use]
pub fn name_of(decision: Option<Decision>) -> &'static str {
    CHOICES.iter().find(|choice| choice.decision == decision).map_or("", |choice| choice.name)
}

/// The choices, named `name` for screen readers; those that a click is about are `current`ly decided like that. Returns
/// another one that was clicked. With `keys`, the buttons tell theirs: where keys are about the same recordings.
pub fn choices(ui: &mut Ui, name: &str, current: Option<Option<Decision>>, keys: bool) -> Option<Option<Decision>> {
    let palette = palette(ui);
    let segments = CHOICES.each_ref().map(|choice| (choice.decision, choice.name, (choice.colour)(palette)));
    segments_with(ui, name, &segments, current, |button, index| match CHOICES.get(index) {
        Some(choice) if keys => choice.key.on(button, choice.help),
        Some(choice) => button.on_hover_text(choice.help),
        None => button,
    })
}

/// The bar of several chosen recordings: how many, and what to decide about all of them.
pub fn bar(ui: &mut Ui, chosen: &Chosen, cx: &mut Cx<'_>) -> Response {
    let palette = palette(ui);
    let frame = Frame::new().fill(palette.accent_soft).corner_radius(theme::RADIUS);
    let shown = frame.inner_margin(Margin::symmetric(space::XS as i8, space::S as i8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = space::XS;
        ui.label(theme::strong(in_words(chosen)).color(palette.accent));
        let decided = ui.add_enabled_ui(chosen.shown.len() > chosen.without_file, |ui| {
            let common = common_decision(&cx.state.study, &chosen.shown);
            ui.horizontal_wrapped(|ui| choices(ui, "All chosen", common, true)).inner
        });
        if let Some(decision) = decided.inner {
            decide(&chosen.shown, decision, cx);
        }
    });
    shown.response
}

/// `12 chosen`, and what of them a decision leaves alone.
fn in_words(chosen: &Chosen) -> String {
    let mut words = format!("{} chosen", count(chosen.shown.len()));
    if chosen.hidden > 0 {
        let hidden = counted(chosen.hidden, "is not shown and stays as it is", "are not shown and stay as they are");
        words += &format!("; {hidden}");
    }
    if chosen.without_file > 0 {
        words += &format!("; {}", counted(chosen.without_file, "has no file", "have no file"));
    }
    words
}

/// What was decided about all of `ids`, where it is the same.
fn common_decision(study: &StudyView, ids: &[ClipId]) -> Option<Option<Decision>> {
    /// A look at more of them is not for every frame.
    const MOST: usize = 1_000;
    if ids.len() > MOST {
        return None;
    }
    let mut decisions = ids.iter().filter_map(|id| study.clip(*id)).map(|clip| clip.decision);
    let first = decisions.next()?;
    decisions.all(|other| other == first).then_some(first)
}

/// Takes in the keys of the choices, which are about all that are chosen, or else about the one that is shown.
pub fn keys(ui: &Ui, chosen: &Chosen, cx: &mut Cx<'_>) {
    let Some(choice) = CHOICES.iter().find(|choice| choice.key.pressed(ui.ctx())) else { return };
    if chosen.is_any() {
        decide(&chosen.shown, choice.decision, cx);
    } else if let Some(shown) = cx.state.explore.selected {
        decide(&[shown], choice.decision, cx);
    }
}

/// Decides about all of `ids` in one change, which is undone as one.
pub fn decide(ids: &[ClipId], decision: Option<Decision>, cx: &mut Cx<'_>) {
    let clips = ids.iter().filter_map(|id| cx.state.study.clip(*id));
    let changed = clips.filter(|clip| clip.has_file() && clip.decision != decision);
    let decisions: Vec<_> = changed.map(|clip| (clip.path.clone(), decision)).collect();
    if !decisions.is_empty() {
        cx.send(Command::Edit(Edit::Decisions(decisions)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_what_a_decision_leaves_alone() {
        let chosen = |shown, hidden, without_file| {
            in_words(&Chosen { shown: (0..shown).map(ClipId).collect(), hidden, without_file })
        };
        assert_eq!(chosen(1200, 0, 0), "1,200 chosen");
        assert_eq!(chosen(2, 1, 0), "2 chosen; 1 is not shown and stays as it is");
        assert_eq!(chosen(3, 12, 2), "3 chosen; 12 are not shown and stay as they are; 2 have no file");
    }
}
