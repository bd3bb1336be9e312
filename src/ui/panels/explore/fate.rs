//! What became of a recording, as the colour of its dot.

use eframe::egui::{Color32, Ui};

use crate::data::{Label, Verdict};
use crate::ui::theme::{self, Palette, palette, space};
use crate::ui::widgets::dot;

/// What became of a recording: each is of exactly one of these kinds, with the colour of its dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Used, with this label.
    Used(Label),
    /// Left out, for whatever reason.
    LeftOut,
    /// Without usable sound.
    Unreadable,
}

impl Fate {
    const ALL: [Self; 4] = [Self::Used(Label::Healthy), Self::Used(Label::Sick), Self::LeftOut, Self::Unreadable];

    /// What became of a recording with this verdict.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Use(label) => Self::Used(*label),
            Verdict::Exclude(_) => Self::LeftOut,
            Verdict::Unreadable(_) => Self::Unreadable,
        }
    }

    /// The name on screen.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Used(Label::Healthy) => "Healthy",
            Self::Used(Label::Sick) => "Sick",
            Self::LeftOut => "Left out",
            Self::Unreadable => "Unreadable",
        }
    }

    /// The colour of its dot.
    #[must_use]
    pub fn colour(self, palette: &Palette) -> Color32 {
        match self {
            Self::Used(Label::Healthy) => palette.healthy,
            Self::Used(Label::Sick) => palette.sick,
            Self::LeftOut => palette.muted,
            Self::Unreadable => palette.error,
        }
    }
}

/// What the colours of the dots mean, from right to left.
pub fn legend(ui: &mut Ui) {
    let palette = palette(ui);
    ui.spacing_mut().item_spacing.x = space::XS;
    for fate in Fate::ALL.into_iter().rev() {
        ui.label(theme::caption(ui, fate.name()));
        dot(ui, fate.colour(palette));
        ui.add_space(space::S);
    }
}
