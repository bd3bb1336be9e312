//! What became of a recording, as a small mark.

use eframe::egui::{Color32, Sense, Shape, Stroke, Ui, vec2};

use crate::data::{Label, Verdict};
use crate::ui::theme::{self, Palette, palette, space};

/// What became of a recording: each is of exactly one of these kinds, with the colour and the shape of its mark.
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

    /// The colour of its mark.
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

/// The mark of a kind: a disc, a diamond, a ring or a cross, so that nobody needs the colour.
pub fn mark(ui: &mut Ui, fate: Fate) {
    /// Half of the height of a disc, in points.
    const ARM: f32 = 4.0;
    let colour = fate.colour(palette(ui));
    // A point more on each side, so that the soft edges are not cut off in a cell.
    let (rect, _) = ui.allocate_exact_size(vec2(2.0 * ARM + 2.0, 2.0 * ARM + 2.0), Sense::hover());
    let (centre, painter) = (rect.center(), ui.painter());
    match fate {
        Fate::Used(Label::Healthy) => {
            painter.circle_filled(centre, ARM, colour);
        }
        Fate::Used(Label::Sick) => {
            let corners =
                [vec2(0.0, -ARM), vec2(ARM, 0.0), vec2(0.0, ARM), vec2(-ARM, 0.0)].map(|arm| centre + arm * 1.15);
            painter.add(Shape::convex_polygon(corners.to_vec(), colour, Stroke::NONE));
        }
        Fate::LeftOut => {
            painter.circle_stroke(centre, ARM - 0.75, Stroke::new(1.5, colour));
        }
        Fate::Unreadable => {
            let cross = rect.shrink(1.75);
            for ends in [[cross.left_top(), cross.right_bottom()], [cross.left_bottom(), cross.right_top()]] {
                painter.line_segment(ends, Stroke::new(1.75, colour));
            }
        }
    }
}

/// What the marks mean, in a row.
pub fn legend(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.x = space::XS;
    for fate in Fate::ALL {
        mark(ui, fate);
        ui.label(theme::caption(ui, fate.name()));
        ui.add_space(space::S);
    }
}
