//! The used recordings in pictures and tables: what the two classes are made of, and what gives them away.

use std::path::{Path, PathBuf};

use super::figures::{BarChart, Caption, Form, Group, bar_chart};
use super::{ReportError, write_figure};
use crate::data::Label;
use crate::data::split::ClassCount;
use crate::data::study::cohort::{Association, Attribute, Breakdown, Cohort, Finding, Judgement, Level, Strength};
use crate::files::write_atomic;
use crate::units::grouped;

/// The table of all counts.
pub const COUNTS_TABLE: &str = "cohort.csv";
/// The table of what gives the class away.
pub const ASSOCIATIONS_TABLE: &str = "associations.csv";

/// The chart of a breakdown: counts, where the balance of the classes is the question, else shares of each class, so that a
/// small class is seen beside a large one.
#[must_use]
pub fn chart(cohort: &Cohort, breakdown: &Breakdown) -> BarChart {
    let counts = matches!(breakdown.attribute, Attribute::Dataset | Attribute::Origin | Attribute::Experts);
    let group = |level: &Level| {
        let mut lengths = [0.0; 2];
        let mut words = [String::new(), String::new()];
        for (((length, words), count), all) in lengths.iter_mut().zip(&mut words).zip(level.classes).zip(cohort.classes)
        {
            let share = 100.0 * count.recordings as f64 / all.recordings.max(1) as f64;
            (*length, *words) = if counts {
                (count.recordings as f64, grouped(count.recordings as u64))
            } else {
                (share, percent(share))
            };
        }
        Group { name: level.name.clone(), lengths, words, is_faint: level.is_unknown }
    };
    BarChart {
        title: breakdown.attribute.title().to_owned(),
        measure: if counts { "Recordings" } else { "Share of the recordings of each class (%)" },
        form: breakdown.attribute.axis().map_or(Form::Rows, |axis| Form::Columns { axis }),
        groups: breakdown.levels.iter().map(group).collect(),
    }
}

/// A few recordings of many are not none.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.5 { "<1 %".to_owned() } else { format!("{share:.0} %") }
}

/// Writes a figure of each breakdown as PNG and SVG, the counts (`cohort.csv`: a row for each value and class) and what
/// each attribute gives away (`associations.csv`) into `folder`, which is made where it is missing. Returns the files, in
/// the order written. What was found stands below the figure's name.
///
/// # Errors
/// [`ReportError`] at the first file that cannot be written; those before it stay.
pub fn write(folder: &Path, cohort: &Cohort, caption: &Caption) -> Result<Vec<PathBuf>, ReportError> {
    let mut written = Vec::new();
    for breakdown in &cohort.breakdowns {
        let notes = caption.notes.iter().cloned().chain(found(breakdown)).collect();
        let svg = bar_chart(&chart(cohort, breakdown), &Caption { title: caption.title.clone(), notes });
        let id = breakdown.attribute.id();
        written.push(write_figure(folder, &format!("{id}.png"), &svg)?);
        let path = folder.join(format!("{id}.svg"));
        write_atomic(&path, "writing the figure", |out| out.write_all(svg.as_bytes()))?;
        written.push(path);
    }
    let path = folder.join(COUNTS_TABLE);
    write_atomic(&path, "writing the counts", |out| write_counts(out, cohort))?;
    written.push(path);
    let path = folder.join(ASSOCIATIONS_TABLE);
    write_atomic(&path, "writing the associations", |out| write_associations(out, cohort))?;
    written.push(path);
    Ok(written)
}

/// What was found, sentence by sentence: a note has room for two lines.
fn found(breakdown: &Breakdown) -> Vec<String> {
    let in_words = |finding: Finding| format!("{} {} {}", finding.headline, finding.evidence, finding.details);
    let mut texts: Vec<String> = breakdown.findings().into_iter().map(in_words).collect();
    if texts.is_empty() {
        texts.push(breakdown.in_a_line());
    }
    let sentences = texts.iter().flat_map(|text| text.split_inclusive(". ")).map(|sentence| sentence.trim().to_owned());
    sentences.filter(|sentence| !sentence.is_empty()).collect()
}

fn write_counts(out: &mut dyn std::io::Write, cohort: &Cohort) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(["attribute", "value", "class", "recordings", "people"])?;
    let mut rows = |attribute: &str, value: &str, classes: &[ClassCount; 2]| -> std::io::Result<()> {
        for (label, ClassCount { people, recordings }) in Label::ALL.into_iter().zip(classes) {
            let value = harmless(value);
            let (class, recordings) = (label.to_string(), recordings.to_string());
            table.write_record([attribute, &value, &class, &recordings, &people.to_string()])?;
        }
        Ok(())
    };
    rows("all", "all", &cohort.classes)?;
    for breakdown in &cohort.breakdowns {
        for level in &breakdown.levels {
            rows(breakdown.attribute.id(), &level.name, &level.classes)?;
        }
    }
    table.flush()
}

/// A dataset's folder may have any name, also one that a spreadsheet takes for a formula (OWASP, "CSV Injection").
fn harmless(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{value}") } else { value.to_owned() }
}

fn write_associations(out: &mut dyn std::io::Write, cohort: &Cohort) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record([
        "attribute",
        "aspect",
        "auc",
        "auc_low",
        "auc_high",
        "auc_possible",
        "cramers_v",
        "p_value",
        "p_adjusted",
        "healthy_people",
        "sick_people",
        "strength",
    ])?;
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
    for breakdown in &cohort.breakdowns {
        for (aspect, judgement) in breakdown.judgements() {
            let found = judgement.association();
            let strength = match judgement {
                Judgement::Judged(found) => found.strength().map_or("not shown", Strength::name).to_owned(),
                Judgement::Unjudged(reason) => format!("not judged: {reason}"),
            };
            let people =
                |class: usize| found.and_then(|found| found.people.get(class)).map_or(String::new(), usize::to_string);
            table.write_record([
                breakdown.attribute.id(),
                aspect.id(),
                &number(found.map(|found| found.auc)),
                &number(found.and_then(|found| found.interval).map(|interval| interval.low)),
                &number(found.and_then(|found| found.interval).map(|interval| interval.high)),
                &number(found.and_then(Association::possible)),
                &number(found.and_then(|found| found.cramers_v)),
                &number(found.map(|found| found.p_value)),
                &number(found.map(|found| found.p_adjusted)),
                &people(0),
                &people(1),
                &strength,
            ])?;
        }
    }
    table.flush()
}
