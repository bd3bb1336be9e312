//! Tables and sheets as they are found in the wild: read by column name, whatever their order, separator or age.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Fields, SourceError, counted, name_of};
use crate::files::FileError;

/// The largest table or sheet that is read. COUGHVID's, the largest there is, has 5 MB.
const LIMIT_BYTES: u64 = 64_000_000;
/// The longest field that is believed. Free text in the three datasets stays below 200 characters; far more means that
/// a quote was left open and has swallowed the rows after it.
const LONGEST_FIELD_BYTES: usize = 10_000;
/// How much of a table is read to see its columns.
const HEAD_BYTES: u64 = 16_384;
/// What may separate fields: the datasets have commas; spreadsheets save the others.
const SEPARATORS: [u8; 3] = *b",;\t";

/// A table in memory. Column names are lower-cased and trimmed, and so are matched.
#[derive(Debug)]
pub(in crate::data) struct Table {
    /// Where it was read from.
    path: PathBuf,
    /// The column names as they are written, in order.
    headings: Vec<String>,
    /// Column name to position; of two with one name, the first.
    columns: HashMap<String, usize>,
    /// The rows below the heading.
    rows: Vec<csv::StringRecord>,
    /// What separates fields.
    separator: u8,
    /// The text ends with a line end, as programs write tables.
    ends_with_line: bool,
}

/// One row of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub(in crate::data) struct Row<'a> {
    table: &'a Table,
    record: &'a csv::StringRecord,
}

impl Table {
    /// Reads a whole table.
    ///
    /// Rows may be shorter or longer than the heading, as hand-edited tables have them. Text that is not UTF-8 keeps
    /// its ASCII part, which holds all that labels need.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be read, is far too large, lacks one of the `needed` columns, or holds a
    /// field that no real table has.
    pub(in crate::data) fn read(path: &Path, needed: &[&str]) -> Result<Self, SourceError> {
        let text = read_text(path)?;
        let separator = separator_of(&text);
        let mut reader = csv_reader(&text);
        let headings = headings_of(&mut reader);
        let mut table = Self {
            path: path.to_owned(),
            columns: columns_of(&headings),
            headings,
            rows: Vec::new(),
            separator,
            ends_with_line: text.ends_with(['\n', '\r']),
        };
        table.require(needed)?;
        for record in reader.records() {
            let record = record.map_err(|error| table.damaged(error.position(), error.to_string()))?;
            if let Some(long) = record.iter().find(|field| field.len() > LONGEST_FIELD_BYTES) {
                let problem = format!("it has a field of {} characters, so a quote is probably not closed", long.len());
                return Err(table.damaged(record.position(), problem));
            }
            table.rows.push(record);
        }
        Ok(table)
    }

    /// Whether the table at `path` has all of these columns. Reads only its beginning; a file that cannot be read has
    /// none.
    pub(in crate::data) fn has_columns(path: &Path, needed: &[&str]) -> bool {
        Self::headings_at(path).is_some_and(|headings| {
            let columns = columns_of(&headings);
            needed.iter().all(|name| columns.contains_key(*name))
        })
    }

    /// The column names of the table at `path` as they are written, in order; `None` for a file that cannot be read. Reads
    /// only its beginning.
    pub(in crate::data) fn headings_at(path: &Path) -> Option<Vec<String>> {
        let mut head = Vec::new();
        open_file(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head)).ok()?;
        Some(headings_of(&mut csv_reader(&String::from_utf8_lossy(&head))))
    }

    /// Whether the table at `path` has one of these columns at least. See [`Table::has_columns`].
    pub(in crate::data) fn has_any_column(path: &Path, names: &[&str]) -> bool {
        names.iter().any(|name| Self::has_columns(path, &[name]))
    }

    /// The column names as they are written, in order.
    pub(in crate::data) fn headings(&self) -> &[String] {
        &self.headings
    }

    /// The rows, in order.
    pub(in crate::data) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row { table: self, record })
    }

    /// The rows by `key`, the first of each, and how many are left out because their key is empty or was there before.
    pub(in crate::data) fn rows_by(&self, key: impl Fn(Row<'_>) -> String) -> (BTreeMap<String, Row<'_>>, usize) {
        let mut rows = BTreeMap::new();
        for row in self.rows() {
            rows.entry(key(row)).or_insert(row);
        }
        rows.remove("");
        let left_out = self.rows.len() - rows.len();
        (rows, left_out)
    }

    /// What looks as if the table were not whole, as sentences: it is read all the same, but not in silence.
    pub(in crate::data) fn doubts(&self) -> Vec<String> {
        let name = name_of(&self.path);
        let line = |row: &csv::StringRecord| row.position().map_or(1, csv::Position::line);
        let mut doubts = Vec::new();
        if self.rows.is_empty() {
            doubts.push(format!("{name} has a heading and no rows."));
        }
        if let Some(row) = self.rows.iter().find(|row| row.iter().any(|field| self.holds_a_row(field))) {
            doubts.push(format!(
                "Line {} of {name} has a text that goes on over further rows, which are not read then: is a quote (\") not \
                 closed there?",
                line(row)
            ));
        }
        let columns = self.headings.len();
        if let Some(last) = self.rows.last().filter(|last| last.len() < columns && !self.ends_with_line) {
            doubts.push(format!(
                "{name} breaks off in line {}: is it a part of a larger table, or was its download interrupted?",
                line(last)
            ));
        }
        let mut longer = self.rows.iter().filter(|row| row.iter().skip(columns).any(|field| !field.is_empty()));
        if let Some(first) = longer.next() {
            doubts.push(format!(
                "{name} has more fields than columns in {}, first in line {}: what is after a separator within a text is \
                 in the wrong column, unless the text is in quotes.",
                counted(longer.count() + 1, "row"),
                line(first)
            ));
        }
        doubts
    }

    /// Whether a line within this field has the fields of a whole row.
    fn holds_a_row(&self, field: &str) -> bool {
        let separators = self.headings.len().saturating_sub(1);
        let count = |line: &str| line.bytes().filter(|byte| *byte == self.separator).count();
        // The first line belongs to the row itself.
        separators > 0 && field.lines().skip(1).any(|line| count(line) == separators)
    }

    fn require(&self, needed: &[&str]) -> Result<(), SourceError> {
        let missing: Vec<&str> = needed.iter().filter(|name| !self.columns.contains_key(**name)).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (missing, found) = (missing.join(", "), summary(&self.headings));
        Err(SourceError::Columns { missing, found, path: self.path.clone() })
    }

    fn damaged(&self, position: Option<&csv::Position>, problem: String) -> SourceError {
        let line = position.map_or(1, csv::Position::line);
        SourceError::Damaged { line, problem, path: self.path.clone() }
    }
}

impl<'a> Row<'a> {
    /// The trimmed field in this column (lower-case name); empty where the table or the row has none.
    pub(in crate::data) fn get(self, column: &str) -> &'a str {
        self.table.columns.get(column).and_then(|position| self.record.get(*position)).unwrap_or_default()
    }

    /// The trimmed fields, in order.
    pub(in crate::data) fn fields(self) -> impl Iterator<Item = &'a str> {
        self.record.iter()
    }
}

impl Fields for Row<'_> {
    fn get(&self, name: &str) -> &str {
        Row::get(*self, name)
    }
}

/// Opens a file, and nothing that only looks like one: reading from a pipe would wait forever.
fn open_file(path: &Path) -> std::io::Result<File> {
    let file = std::fs::metadata(path)?.is_file();
    if file { File::open(path) } else { Err(std::io::Error::other("this is no file")) }
}

/// Reads a text file of at most [`LIMIT_BYTES`]; what is not UTF-8 becomes replacement characters.
///
/// # Errors
/// [`SourceError`] when it cannot be read or is larger.
pub(super) fn read_text(path: &Path) -> Result<String, SourceError> {
    let mut bytes = Vec::new();
    open_file(path)
        // One byte more than is allowed, so that a file of just the limit is told from a larger one.
        .and_then(|file| file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes))
        .map_err(FileError::at("reading the table", path))?;
    if bytes.len() as u64 > LIMIT_BYTES {
        return Err(SourceError::TooLarge { limit_bytes: LIMIT_BYTES, path: path.to_owned() });
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// What separates the fields of this table.
fn separator_of(text: &str) -> u8 {
    let heading = text.lines().next().unwrap_or_default().as_bytes();
    let count = |separator: u8| heading.iter().filter(|byte| **byte == separator).count();
    // The last of equals wins, and a tie (a table of one column) must fall to the comma.
    SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

fn csv_reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(separator_of(text))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes())
}

/// The heading, trimmed; empty when there is no readable one.
fn headings_of(reader: &mut csv::Reader<&[u8]>) -> Vec<String> {
    reader.headers().map(|headers| headers.iter().map(str::to_owned).collect()).unwrap_or_default()
}

/// The heading as lower-case column name to position.
fn columns_of(headings: &[String]) -> HashMap<String, usize> {
    let mut columns = HashMap::new();
    for (position, name) in headings.iter().enumerate() {
        columns.entry(name.to_lowercase()).or_insert(position);
    }
    columns
}

/// A few column names for a message, without the control characters of a file that is no table at all.
fn summary(names: &[String]) -> String {
    /// Enough to recognise the table by.
    const SHOWN: usize = 8;
    /// Longer than any real column name.
    const LONGEST: usize = 24;
    let mut shown: Vec<String> = names
        .iter()
        .filter(|name| !name.is_empty())
        .take(SHOWN)
        .map(|name| name.chars().filter(|c| !c.is_control()).take(LONGEST).collect())
        .collect();
    if shown.is_empty() {
        return "no heading".to_owned();
    }
    if names.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(bytes: &[u8], needed: &[&str]) -> Result<Table, SourceError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, bytes).unwrap();
        Table::read(&path, needed)
    }

    fn cells(table: &Table, column: &str) -> Vec<String> {
        table.rows().map(|row| row.get(column).to_owned()).collect()
    }

    #[test]
    fn columns_are_found_by_name_in_any_case_order_and_separator() {
        for text in ["\u{feff}ID, Status \r\n a,b\r\n", "x;STATUS;id\n1;b;a\n", "status\tid\nb\ta\n"] {
            let table = table_of(text.as_bytes(), &["id", "status"]).unwrap();
            assert_eq!((cells(&table, "id"), cells(&table, "status")), (vec!["a".into()], vec!["b".into()]), "{text}");
        }
    }

    #[test]
    fn ragged_rows_quotes_and_blank_lines_are_read() {
        let table = table_of(b"id,note,status\na,\"none,\",healthy\n\nb\nc,x,sick,more,and more\n", &["id"]).unwrap();
        assert_eq!(cells(&table, "id"), ["a", "b", "c"]);
        assert_eq!(cells(&table, "note"), ["none,", "", "x"]);
        assert_eq!(cells(&table, "status"), ["healthy", "", "sick"]);
        assert_eq!(cells(&table, "absent"), ["", "", ""]);
    }

    #[test]
    fn of_rows_with_one_key_the_first_is_kept() {
        let table = table_of(b"id,status\na,1\n,2\nb,3\nA,4\n", &["id"]).unwrap();
        let (rows, left_out) = table.rows_by(|row| row.get("id").to_lowercase());
        let rows: Vec<_> = rows.iter().map(|(id, row)| (id.as_str(), row.get("status"))).collect();
        assert_eq!((rows, left_out), (vec![("a", "1"), ("b", "3")], 2));
    }

    #[test]
    fn latin_1_keeps_its_ascii_columns() {
        let table = table_of(b"id,place,status\na,Z\xfcrich,healthy\n", &["id"]).unwrap();
        assert_eq!(cells(&table, "status"), ["healthy"]);
    }

    #[test]
    fn an_open_quote_is_reported_with_its_line() {
        let mut text = b"id,status\na,healthy\nb,\"sick\n".to_vec();
        text.extend(b"c,healthy\n".repeat(2_000));
        let error = table_of(&text, &["id"]).unwrap_err();
        assert!(matches!(error, SourceError::Damaged { line: 3, .. }), "{error}");
        assert!(error.to_string().contains("a quote is probably not closed"), "{error}");
    }

    #[test]
    fn what_looks_cut_or_swallowed_is_said_with_its_line() {
        let doubts = |text: &str| table_of(text.as_bytes(), &["id"]).unwrap().doubts();
        let only = |text: &str| <[String; 1]>::try_from(doubts(text)).unwrap()[0].clone();
        assert_eq!(only("id,status\n"), "table.csv has a heading and no rows.");
        let swallowed = only("id,note,status\na,x,healthy\nb,\"open,sick\nc,x,sick\nd,y,healthy\n");
        assert!(swallowed.starts_with("Line 3 of table.csv") && swallowed.contains("is a quote"), "{swallowed}");
        assert!(only("id,note,status\na,x,healthy\nb,x").contains("breaks off in line 3"));
        let longer = only("id,note,status\na,cough, dry,healthy\nb,x,sick\nc,a,b,c\n");
        assert!(longer.contains("in 2 rows, first in line 2"), "{longer}");
        let fine = [
            "id,status\na,b\n",
            "id,status\na,b",
            "id,n,s\nb\nc,\"two\nlines, short\",x\n",
            "id,s,\na,b,,\n",
            "id\na\n",
        ];
        for text in fine {
            assert_eq!(doubts(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_no_table_names_the_missing_columns() {
        let garbage: Vec<u8> = (0..60_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for bytes in [&b""[..], b"\0\0\0\0", b"\n\n\n", b"a,b,c", &garbage] {
            let error = table_of(bytes, &["id", "status"]).unwrap_err();
            assert!(error.to_string().contains("lacks the column id, status"), "{error}");
            assert!(error.to_string().len() < 500, "{error}");
        }
    }

    #[test]
    fn a_head_is_enough_to_know_a_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, format!("uuid,cough_detected\n{}", "a,1\n".repeat(50_000))).unwrap();
        assert!(Table::has_columns(&path, &["uuid", "cough_detected"]));
        assert!(!Table::has_columns(&path, &["uuid", "status"]));
        assert!(!Table::has_columns(&folder.path().join("absent.csv"), &[]));
    }
}
