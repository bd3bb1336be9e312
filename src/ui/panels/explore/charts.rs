//! The used recordings in pictures: what the two classes are made of, and what gives them away besides the cough.

use std::collections::BTreeSet;

use eframe::egui::{Align, Color32, Grid, Label as TextLabel, Layout, RichText, ScrollArea, Ui};

use crate::data::Label;
use crate::data::split::ClassCount;
use crate::data::study::cohort::{Attribute, Breakdown, Cohort, Finding, Level, Strength};
use crate::data::study::filter::{Condition, Filter};
use crate::report::cohort::chart;
use crate::report::figures::{BarChart, Form};
use crate::session::{Command, CountedCohort, State};
use crate::ui::dialogs::Dialog;
use crate::ui::format::{count, counted};
use crate::ui::panels::{Cx, PanelId};
use crate::ui::shortcuts;
use crate::ui::theme::{self, Palette, palette, space};
use crate::ui::widgets::{BarPlace, BarWords, badge, bar_chart, card, columns, empty_state, plot};

/// Smallest width of a card, in points: two stand side by side in a usual window, one in the smallest.
const CARD_WIDTH: f32 = 480.0;
/// Room for the word on how strong a finding is, in points, so that the sentences begin below each other.
const BADGE_WIDTH: f32 = 76.0;

/// The charts, as they were made for one view of the study.
struct Made {
    revision: u64,
    charts: Vec<BarChart>,
    /// What each chart's attribute gives away, in a line.
    lines: Vec<String>,
    findings: Vec<Finding>,
    remarks: Vec<String>,
}

impl Made {
    fn of(revision: u64, cohort: &Cohort) -> Self {
        Self {
            revision,
            charts: cohort.breakdowns.iter().map(|breakdown| chart(cohort, breakdown)).collect(),
            lines: cohort.breakdowns.iter().map(Breakdown::in_a_line).collect(),
            findings: cohort.findings(),
            remarks: cohort.remarks(),
        }
    }

    /// The cards, as the cohort has its breakdowns.
    fn cards<'a>(&'a self, cohort: &'a Cohort) -> impl Iterator<Item = Card<'a>> {
        let made = self.charts.iter().zip(&self.lines);
        cohort.breakdowns.iter().zip(made).map(|(breakdown, (chart, line))| Card { breakdown, chart, line })
    }
}

/// One chart with what is said of it.
#[derive(Clone, Copy)]
struct Card<'a> {
    breakdown: &'a Breakdown,
    chart: &'a BarChart,
    line: &'a str,
}

/// The view of the charts.
#[derive(Default)]
pub struct Charts {
    made: Option<Made>,
    /// Those that are shown as a table.
    as_tables: BTreeSet<Attribute>,
}

impl Charts {
    /// Draws the charts. Returns which recordings the person wants to see.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Filter> {
        let counted = cx.state.cohort.clone();
        if counted.as_ref().is_none_or(|counted| counted.revision != cx.state.study.revision) {
            cx.send(Command::CountCohort);
        }
        let Some(CountedCohort { revision, cohort }) = counted else {
            empty_state(ui, "Counting", "", |ui| {
                ui.spinner();
            });
            return None;
        };
        let cohort = match cohort {
            Ok(cohort) => cohort,
            Err(reason) => {
                not_counted(ui, cx, &reason);
                return None;
            }
        };
        if cohort.is_empty() {
            no_recordings(ui, cx);
            return None;
        }
        if self.made.as_ref().is_none_or(|made| made.revision != revision) {
            self.made = Some(Made::of(revision, &cohort));
        }
        let made = self.made.as_ref()?;
        let as_tables = &mut self.as_tables;
        if shortcuts::NUMBERS.pressed(ui.ctx()) {
            let all = cohort.breakdowns.iter().map(|breakdown| breakdown.attribute);
            *as_tables = if as_tables.is_empty() { all.collect() } else { BTreeSet::new() };
        }
        let mut wanted = None;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            card(ui, "What could give the class away besides the cough", |ui| {
                ui.add_space(space::XS);
                findings(ui, &made.findings, &made.remarks);
            });
            ui.add_space(space::S);
            let count = if ui.available_width() >= 2.0 * CARD_WIDTH + space::L { 2 } else { 1 };
            let cards = shared_out(made.cards(&cohort), count);
            columns(ui, &vec![1.0; count], |ui, column| {
                for shown in cards.get(column).into_iter().flatten() {
                    let chosen = card(ui, "", |ui| card_ui(ui, *shown, as_tables));
                    wanted = chosen.or(wanted.take());
                    ui.add_space(space::L - ui.spacing().item_spacing.y);
                }
            });
        });
        wanted
    }

    /// What can be done with the charts.
    pub fn actions(ui: &mut Ui, cx: &mut Cx<'_>) {
        let any = counts(cx.state).is_some_and(|cohort| !cohort.is_empty());
        let button = ui.add_enabled(any, eframe::egui::Button::new("Save pictures…"));
        let help = "Every chart as PNG and SVG, and the numbers as tables (CSV), in a new folder";
        if shortcuts::SAVE_PICTURES.activates(button, help) {
            cx.ask(Dialog::ExportPictures);
        }
    }

    /// What is counted, for the head of the page; nothing before it is.
    pub fn subtitle(state: &State) -> String {
        let Some(cohort) = counts(state) else { return String::new() };
        let [healthy, sick] = cohort.classes;
        let left_out = match cohort.left_out {
            0 => String::new(),
            left_out => format!(" · {} left out", count(left_out)),
        };
        if cohort.is_empty() {
            return format!("No recording is used{left_out}");
        }
        format!("Used: {}, {}{left_out}", words("healthy", healthy), words("sick", sick))
    }
}

/// The counts that are there, of an older view while those of the latest are on their way.
fn counts(state: &State) -> Option<&Cohort> {
    state.cohort.as_ref()?.cohort.as_deref().ok()
}

/// Cards in so many columns, each card in the one that is the shortest so far.
fn shared_out<'a>(cards: impl Iterator<Item = Card<'a>>, columns: usize) -> Vec<Vec<Card<'a>>> {
    let mut shared: Vec<(f32, Vec<_>)> = vec![(0.0, Vec::new()); columns];
    for card in cards {
        if let Some((height, column)) = shared.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0)) {
            *height += rough_height(card.chart);
            column.push(card);
        }
    }
    shared.into_iter().map(|(_, column)| column).collect()
}

/// About how high a card is, in points: near enough to tell which column is shorter.
fn rough_height(chart: &BarChart) -> f32 {
    /// Head, axis, last line and margins.
    const AROUND: f32 = 140.0;
    const ROW: f32 = 34.0;
    const COLUMNS: f32 = 250.0;
    match chart.form {
        Form::Rows => AROUND + ROW * chart.groups.len() as f32,
        Form::Columns { .. } => AROUND + COLUMNS,
    }
}

fn words(class: &str, count: ClassCount) -> String {
    let recordings = counted(count.recordings, &format!("{class} recording"), &format!("{class} recordings"));
    format!("{recordings} of {}", counted(count.people, "person", "people"))
}

fn no_recordings(ui: &mut Ui, cx: &mut Cx<'_>) {
    let text = "The charts count the recordings that are used, as healthy or as sick, and so far none is. The label \
                policy decides on that.";
    empty_state(ui, "Nothing to count yet", text, |ui| {
        if ui.button("See why recordings are left out").clicked() {
            cx.show(PanelId::Data);
        }
    });
}

fn not_counted(ui: &mut Ui, cx: &mut Cx<'_>, reason: &str) {
    empty_state(ui, "The recordings could not be counted", reason, |ui| {
        if ui.button("Count again").clicked() {
            cx.send(Command::CountCohort);
        }
    });
}

/// What gives the class away, and what could not be shown to.
fn findings(ui: &mut Ui, findings: &[Finding], remarks: &[String]) {
    for finding in findings {
        finding_ui(ui, finding);
    }
    for remark in remarks {
        ui.add(TextLabel::new(theme::plain(remark.as_str())).wrap());
    }
    let caution = "Only what the datasets and their files say can be counted. A room or a telephone that goes with one class \
                   is not seen here.";
    ui.add(TextLabel::new(theme::muted(ui, caution)).wrap());
}

fn finding_ui(ui: &mut Ui, finding: &Finding) {
    let palette = palette(ui);
    ui.horizontal_top(|ui| {
        let (colour, ground) = colours(finding.strength, palette);
        let from = ui.cursor().left();
        badge(ui, finding.strength.name(), colour, ground).on_hover_text(meaning(finding.strength));
        ui.add_space((BADGE_WIDTH - (ui.cursor().left() - from)).max(0.0));
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = space::XS / 2.0;
            ui.add(TextLabel::new(theme::strong(finding.headline)).wrap());
            ui.add(TextLabel::new(theme::plain(finding.consequence)).wrap());
            let numbers = format!("{} {}", finding.evidence, finding.details);
            ui.add(TextLabel::new(theme::muted(ui, numbers)).wrap());
        });
    });
    ui.add_space(space::XS);
}

fn colours(strength: Strength, palette: &Palette) -> (Color32, Color32) {
    match strength {
        Strength::Strong => (palette.error, palette.raised),
        Strength::Moderate => (palette.warning, palette.warning_soft),
        Strength::Weak | Strength::Slight => (palette.muted, palette.raised),
    }
}

fn meaning(strength: Strength) -> &'static str {
    match strength {
        Strength::Strong => "An AUC of 0.8 or more: as much as good networks reach by listening",
        Strength::Moderate => "An AUC from 0.7 to 0.8",
        Strength::Weak => {
            "An AUC below 0.7 that reaches 0.6 or may: about what coughs gave in the largest study with matched people"
        }
        Strength::Slight => "An AUC below 0.6",
    }
}

/// Draws one chart with what it gives away. Returns which recordings the person wants to see.
fn card_ui(
    ui: &mut Ui,
    Card { breakdown, chart, line }: Card<'_>,
    as_tables: &mut BTreeSet<Attribute>,
) -> Option<Filter> {
    let attribute = breakdown.attribute;
    let palette = palette(ui);
    plot::head_with_legend(ui, attribute.title(), &[("Healthy", palette.healthy), ("Sick", palette.sick)]);
    ui.add_space(space::XS);
    let is_table = as_tables.contains(&attribute);
    let mut wanted = None;
    if is_table {
        table(ui, breakdown);
    } else {
        let level = |place: BarPlace| breakdown.levels.get(place.group);
        let clicked = bar_chart(ui, chart, |place| {
            level(place).map_or_else(BarWords::default, |level| bar_words(breakdown, level, place.label))
        });
        wanted = clicked.and_then(|place| {
            let condition = level(place)?.condition.clone()?;
            Some(Filter::of([condition, Condition::Used(place.label)]))
        });
    }
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (text, name) = if is_table { ("Show the chart", "chart") } else { ("Show the numbers", "numbers") };
            let link = ui.link(RichText::new(text).size(theme::size::SMALL));
            link.widget_info(|| {
                let name = format!("{}: show the {name}", attribute.title());
                eframe::egui::WidgetInfo::labeled(eframe::egui::Role::Link, true, name)
            });
            if link.clicked() && !as_tables.remove(&attribute) {
                as_tables.insert(attribute);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(TextLabel::new(theme::muted(ui, line)).wrap());
            });
        });
    });
    wanted
}

fn bar_words(breakdown: &Breakdown, level: &Level, label: Label) -> BarWords {
    let count = level.classes.get(label as usize).copied().unwrap_or_default();
    let meaning = format!("{}: {}", breakdown.value_in_words(level), words(&label.to_string(), count));
    let action = level.condition.is_some() && count.recordings > 0;
    BarWords { meaning, action: action.then_some("Click to list them") }
}

/// The numbers behind a chart.
fn table(ui: &mut Ui, breakdown: &Breakdown) {
    Grid::new(("numbers", breakdown.attribute)).num_columns(5).spacing([space::L, space::XS]).show(ui, |ui| {
        for head in ["", "Healthy", "People", "Sick", "People"] {
            ui.label(theme::caption(ui, head));
        }
        ui.end_row();
        for level in &breakdown.levels {
            ui.label(breakdown.value_in_words(level));
            for class in level.classes {
                ui.label(count(class.recordings));
                ui.label(theme::muted(ui, count(class.people)));
            }
            ui.end_row();
        }
    });
}
