//! The words of the demo study: notices, and tables in the datasets' own vocabularies.

use std::collections::BTreeMap;

/// Stands in every table, README and file that can hold a comment.
pub const NOTICE: &str = "synthetic, made by a program, proves nothing about any disease";

/// What some web servers answer instead of a sound file.
pub(super) const WEB_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head>\n\
    <body><h1>Service Unavailable</h1><p>The recording could not be served. Please try again later.</p></body></html>\n";

/// For people who open the folder.
pub(super) const README: &str = "\
coughscope demo study
=====================

Everything in this folder is SYNTHETIC: made by a program, it proves nothing about any disease.
No person coughed. The sounds are shaped noise, the people, dates, places and diagnoses are drawn by a random number
generator. Healthy and sick differ by a few invented, weak effects, so that there is something to learn and to get wrong.

The three folders are laid out as the real datasets are, so that the demo shows what the program does with them:

  coswara/   as Coswara (IISc Bangalore): Extracted_data/<date>/<person>/cough-heavy.wav and combined_data.csv
  coughvid/  as COUGHVID version 3 (EPFL): <uuid>.webm, .ogg, .wav and metadata_compiled.csv
  virufy/    as Virufy clinical: segmented/{pos,neg}/*.mp3 and labels.csv

Some files are broken on purpose, some rows have no recording, some people have no settled diagnosis, and now and then
somebody, healthy or sick, only clears the throat: real datasets are like that. Nothing here is a copy of any of their
recordings.

demo.toml tells the program that this is the demo. You may delete the whole folder; the program can make it again.
";

/// A table's row: column name to value; columns that are absent stay blank.
pub(super) type Row = BTreeMap<&'static str, String>;

/// Writes rows as CSV under `columns`, in that order.
///
/// # Errors
/// What the CSV writer reports; writing into memory gives it no cause to.
pub(super) fn csv_table<S: AsRef<str>>(columns: impl Iterator<Item = S>, rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let columns: Vec<S> = columns.collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(S::as_ref))?;
    for row in rows {
        writer.write_record(columns.iter().map(|column| row.get(column.as_ref()).map_or("", String::as_str)))?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

/// The notice as a line of its own, for a text file beside a table.
pub(super) fn notice_file(dataset: &str) -> Vec<u8> {
    format!("Laid out as {dataset}, but {NOTICE}.\nSee README.txt in the study's root.\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_values_are_blank_and_commas_are_quoted() {
        let row = Row::from([("b", "none,".to_owned()), ("", "7".to_owned())]);
        let table = csv_table(["", "a", "b"].into_iter(), &[row]).unwrap();
        assert_eq!(String::from_utf8(table).unwrap(), ",a,b\n7,,\"none,\"\n");
    }
}
