//! Design tokens: every colour, distance, radius and text size of the window, for light and dark.

use std::sync::Arc;

use eframe::egui::epaint::{CornerRadius, Shadow};
use eframe::egui::style::WidgetVisuals;
use eframe::egui::{
    Color32, Context, FontData, FontDefinitions, FontFamily, FontId, Frame, Margin, RichText, Stroke, Style, TextStyle,
    Theme, Ui, Visuals, vec2,
};

/// Distances in points, on a scale of 4.
pub mod space {
    /// Between a figure and its unit.
    pub const XS: f32 = 4.0;
    /// Between things that belong together.
    pub const S: f32 = 8.0;
    /// Between rows of a form.
    pub const M: f32 = 12.0;
    /// Inside cards and between them.
    pub const L: f32 = 16.0;
    /// Around a panel.
    pub const XL: f32 = 24.0;
}

/// Text sizes in points.
pub mod size {
    /// Axis labels and column heads.
    pub const CAPTION: f32 = 11.0;
    /// Secondary text.
    pub const SMALL: f32 = 12.0;
    /// Running text and controls.
    pub const BODY: f32 = 13.0;
    /// Heads of cards.
    pub const SECTION: f32 = 14.0;
    /// Heads of panels.
    pub const TITLE: f32 = 20.0;
    /// Numbers that are looked at first.
    pub const FIGURE: f32 = 22.0;
}

/// Corner radius of controls, in points.
pub const RADIUS: u8 = 6;
/// Corner radius of cards, in points.
pub const CARD_RADIUS: u8 = 10;
/// Height of buttons, fields and rows, in points.
pub const CONTROL_HEIGHT: f32 = 28.0;

/// The cursor over a spectrogram: seen on every colour of every map, in both themes.
pub const ON_PICTURE: Color32 = Color32::from_rgba_premultiplied(0xc8, 0xc8, 0xc8, 0xc8);

/// The colours of one theme.
///
/// Healthy is blue and sick is orange everywhere: the pair that Okabe and Ito (2008) found safe for every common kind of
/// colour blindness. The accent belongs to neither.
#[derive(Debug)]
pub struct Palette {
    /// Behind everything.
    pub canvas: Color32,
    /// Cards, bars and menus.
    pub surface: Color32,
    /// Controls at rest, hovered rows.
    pub raised: Color32,
    /// Hairlines between and around things.
    pub line: Color32,
    /// Outlines of controls under the pointer.
    pub line_strong: Color32,
    /// Running text.
    pub text: Color32,
    /// Secondary text.
    pub muted: Color32,
    /// The one accent: the main action, the selected tab, focus.
    pub accent: Color32,
    /// The accent as a background.
    pub accent_soft: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// The negative class.
    pub healthy: Color32,
    /// The positive class.
    pub sick: Color32,
    /// The training part.
    pub train: Color32,
    /// The validation part.
    pub validation: Color32,
    /// The test part.
    pub test: Color32,
    /// Something was left out, or needs care.
    pub warning: Color32,
    /// The warning colour as a background.
    pub warning_soft: Color32,
    /// Something went wrong.
    pub error: Color32,
    /// Behind the drop overlay.
    pub veil: Color32,
    /// Under menus and messages.
    pub shadow: Color32,
}

const LIGHT: Palette = Palette {
    canvas: Color32::from_rgb(0xf6, 0xf7, 0xf8),
    surface: Color32::from_rgb(0xff, 0xff, 0xff),
    raised: Color32::from_rgb(0xee, 0xf0, 0xf2),
    line: Color32::from_rgb(0xe3, 0xe6, 0xe9),
    line_strong: Color32::from_rgb(0xc3, 0xc9, 0xcf),
    text: Color32::from_rgb(0x1a, 0x1f, 0x24),
    muted: Color32::from_rgb(0x5d, 0x67, 0x70),
    accent: Color32::from_rgb(0x0b, 0x7a, 0x75),
    accent_soft: Color32::from_rgb(0xdd, 0xf0, 0xee),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    healthy: Color32::from_rgb(0x25, 0x63, 0xeb),
    sick: Color32::from_rgb(0xb4, 0x53, 0x09),
    train: Color32::from_rgb(0x64, 0x70, 0x7d),
    validation: Color32::from_rgb(0x0b, 0x7a, 0x75),
    test: Color32::from_rgb(0x7c, 0x4d, 0xc4),
    warning: Color32::from_rgb(0x94, 0x5d, 0x05),
    warning_soft: Color32::from_rgb(0xfd, 0xf3, 0xdc),
    error: Color32::from_rgb(0xc0, 0x2b, 0x2b),
    veil: Color32::from_rgba_premultiplied(0xe8, 0xea, 0xeb, 0xec),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 0x1c),
};

const DARK: Palette = Palette {
    canvas: Color32::from_rgb(0x12, 0x15, 0x18),
    surface: Color32::from_rgb(0x1a, 0x1e, 0x22),
    raised: Color32::from_rgb(0x25, 0x2a, 0x30),
    line: Color32::from_rgb(0x2b, 0x31, 0x37),
    line_strong: Color32::from_rgb(0x48, 0x51, 0x5a),
    text: Color32::from_rgb(0xe6, 0xe9, 0xec),
    muted: Color32::from_rgb(0x96, 0xa0, 0xaa),
    accent: Color32::from_rgb(0x45, 0xc2, 0xb8),
    accent_soft: Color32::from_rgb(0x18, 0x36, 0x37),
    on_accent: Color32::from_rgb(0x06, 0x1f, 0x1e),
    healthy: Color32::from_rgb(0x6b, 0x9b, 0xff),
    sick: Color32::from_rgb(0xff, 0x9d, 0x4a),
    train: Color32::from_rgb(0x93, 0xa0, 0xad),
    validation: Color32::from_rgb(0x45, 0xc2, 0xb8),
    test: Color32::from_rgb(0xb5, 0x93, 0xf0),
    warning: Color32::from_rgb(0xf0, 0xb7, 0x4e),
    warning_soft: Color32::from_rgb(0x36, 0x2c, 0x17),
    error: Color32::from_rgb(0xff, 0x7a, 0x74),
    veil: Color32::from_rgba_premultiplied(0x10, 0x13, 0x15, 0xec),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 0x80),
};

/// The colours of the theme that `ui` is drawn in.
#[must_use]
pub fn palette(ui: &Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// Loads the fonts and styles both themes; call once when the window opens.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    for (theme, base, palette) in [(Theme::Light, Visuals::light(), &LIGHT), (Theme::Dark, Visuals::dark(), &DARK)] {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(base, palette);
            set_spacing_and_text(style);
        });
    }
}

/// Inter for everything; egui's own fonts stay as a fallback for what Inter lacks.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let regular = FontData::from_static(include_bytes!("../../assets/fonts/Inter-Regular.otf"));
    let semi_bold = FontData::from_static(include_bytes!("../../assets/fonts/Inter-SemiBold.otf"));
    fonts.font_data.insert("Inter".into(), Arc::new(regular));
    fonts.font_data.insert("Inter SemiBold".into(), Arc::new(semi_bold));

    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let with_fallback = |first: &str| std::iter::once(first.to_owned()).chain(fallback.iter().cloned()).collect();
    fonts.families.insert(semi_bold_family(), with_fallback("Inter SemiBold"));
    fonts.families.insert(FontFamily::Proportional, with_fallback("Inter"));
    fonts
}

fn semi_bold_family() -> FontFamily {
    FontFamily::Name("semi-bold".into())
}

fn set_spacing_and_text(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Small, FontId::proportional(size::SMALL)),
        (TextStyle::Body, FontId::proportional(size::BODY)),
        (TextStyle::Button, FontId::proportional(size::BODY)),
        (TextStyle::Monospace, FontId::monospace(size::SMALL)),
        (TextStyle::Heading, FontId::new(size::TITLE, semi_bold_family())),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Body;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::S, space::S);
    spacing.button_padding = vec2(space::M, space::XS);
    spacing.interact_size = vec2(40.0, CONTROL_HEIGHT);
    spacing.combo_width = 120.0;
    spacing.menu_margin = Margin::same(space::XS as i8);
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 10.0;
    spacing.slider_rail_height = 4.0;
    spacing.tooltip_width = 340.0;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
}

fn visuals(base: Visuals, palette: &Palette) -> Visuals {
    let mut visuals = base;
    let widget = |fill: Color32, stroke: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, stroke),
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(palette.surface, palette.line, palette.text);
    widgets.inactive = widget(palette.surface, palette.line, palette.text);
    widgets.inactive.bg_fill = palette.raised;
    widgets.hovered = widget(palette.raised, palette.line_strong, palette.text);
    widgets.active = widget(palette.raised, palette.accent, palette.text);
    widgets.open = widget(palette.raised, palette.line_strong, palette.text);

    visuals.selection.bg_fill = palette.accent_soft;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.weak_text_color = Some(palette.muted);
    visuals.hyperlink_color = palette.accent;
    visuals.text_cursor.stroke = Stroke::new(1.5, palette.accent);
    visuals.faint_bg_color = palette.canvas;
    visuals.extreme_bg_color = palette.surface;
    visuals.text_edit_bg_color = Some(palette.canvas);
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.panel_fill = palette.canvas;
    visuals.window_fill = palette.surface;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(CARD_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(RADIUS + 2);
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: palette.shadow };
    visuals.window_shadow = visuals.popup_shadow;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = eframe::egui::style::HandleShape::Circle;
    visuals
}

/// A card: surface, hairline, rounded corners, room inside.
pub fn card_frame(palette: &Palette) -> Frame {
    Frame::new()
        .fill(palette.surface)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin::same(space::L as i8))
}

/// Inside a question that stands over the window.
pub fn dialog_frame() -> Frame {
    Frame::new().inner_margin(Margin::same(space::M as i8))
}

/// The head of a panel.
pub fn title(text: impl Into<String>) -> RichText {
    RichText::new(text).font(FontId::new(size::TITLE, semi_bold_family()))
}

/// The head of a card.
pub fn section(text: impl Into<String>) -> RichText {
    RichText::new(text).font(FontId::new(size::SECTION, semi_bold_family()))
}

/// A number that is looked at first.
pub fn figure(text: impl Into<String>) -> RichText {
    RichText::new(text).font(figure_font())
}

/// Running text that is emphasised.
pub fn strong(text: impl Into<String>) -> RichText {
    RichText::new(text).font(FontId::new(size::BODY, semi_bold_family()))
}

/// Running text.
pub fn plain(text: impl Into<String>) -> RichText {
    RichText::new(text).size(size::BODY)
}

/// Secondary text.
pub fn muted(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).size(size::SMALL).color(palette(ui).muted)
}

/// Column heads and axis labels.
pub fn caption(ui: &Ui, text: impl Into<String>) -> RichText {
    RichText::new(text).size(size::CAPTION).color(palette(ui).muted)
}

/// Font of numbers that are looked at first.
#[must_use]
pub fn figure_font() -> FontId {
    FontId::new(size::FIGURE, semi_bold_family())
}

/// Font of axis labels.
#[must_use]
pub fn caption_font() -> FontId {
    FontId::proportional(size::CAPTION)
}
