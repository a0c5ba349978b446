//! CSV with a header.

use std::io::{self, BufRead, ErrorKind};

use csv::{ReaderBuilder, StringRecord};
use serde_json::value::to_raw_value;

use super::{
    Fields, Record,
    lines::{Line, Lines},
};
use crate::import::bad_line::BadLine;

const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// A table. Every film is an object of the cells that are not empty.
pub(super) struct Table<R> {
    lines: Lines<R>,
    header: Vec<u8>,
    columns: Vec<String>,
    delimiter: u8,
}

impl<R: BufRead> Table<R> {
    /// Reads the header, which also tells the delimiter.
    pub(super) fn new(mut lines: Lines<R>) -> io::Result<Self> {
        let invalid = |message| io::Error::new(ErrorKind::InvalidData, message);
        let header =
            lines.next_row(|byte| DELIMITERS.contains(&byte))?.filter(|line| !line.too_long);
        let header = header.ok_or_else(|| invalid("the header is too long"))?.bytes;
        let delimiter = delimiter(&header);
        let columns = cells(&header, delimiter).map_err(|_| invalid("the header is not CSV"))?;
        let columns = columns.iter().map(|column| column.trim().to_owned()).collect();
        Ok(Self { lines, header, columns, delimiter })
    }

    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    fn fields(&self, line: &Line) -> Result<Fields, BadLine> {
        if line.too_long {
            return Err(BadLine::TooLong);
        }
        if line.unfinished {
            return Err(BadLine::Csv("a quote is opened and never closed".to_owned()));
        }
        let cells = cells(&line.bytes, self.delimiter)?;
        if cells.len() != self.columns.len() {
            return Err(BadLine::Cells { found: cells.len(), expected: self.columns.len() });
        }
        let mut fields = Fields::new();
        for (column, cell) in self.columns.iter().zip(&cells).filter(|(_, cell)| !cell.is_empty()) {
            let value = to_raw_value(cell).map_err(|error| BadLine::Csv(error.to_string()))?;
            fields.insert(column.clone(), value);
        }
        Ok(fields)
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let delimiter = self.delimiter;
        let line = match self.lines.next_row(|byte| byte == delimiter) {
            Ok(line) => line?,
            Err(error) => return Some(Err(error)),
        };
        let fields = self.fields(&line);
        Some(Ok(Record { number: line.number, raw: line.bytes, fields }))
    }
}

/// The most frequent delimiter outside quotes.
fn delimiter(header: &[u8]) -> u8 {
    let outside = header.split(|byte| *byte == b'"').step_by(2);
    let count =
        |delimiter: u8| outside.clone().flatten().filter(|byte| **byte == delimiter).count();
    // The last of equal ones, so that a single column has the usual delimiter.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

fn cells(row: &[u8], delimiter: u8) -> Result<StringRecord, BadLine> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .buffer_capacity(row.len().clamp(1, 1 << 16))
        .from_reader(row);
    let mut cells = StringRecord::new();
    match reader.read_record(&mut cells) {
        Ok(_) => Ok(cells),
        Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => Err(BadLine::Encoding),
        Err(error) => Err(BadLine::Csv(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, String)> {
        let table = Table::new(Lines::new(text.as_bytes(), 0)).unwrap();
        let rows = table.map(Result::unwrap);
        rows.map(|row| {
            let fields = row.fields.map(|fields| serde_json::to_string(&fields).unwrap());
            (row.number, fields.unwrap_or_else(|bad| bad.to_string()))
        })
        .collect()
    }

    #[test]
    fn a_row_may_span_lines_and_is_known_by_its_first() {
        let rows = rows("id,t\r\n1,\"a,\n\"\"b\"\"\"\r\n\r\n2,\r\n3,c,d\r\n");
        let expected = [
            (2, r#"{"id":"1","t":"a,\n\"b\""}"#),
            (5, r#"{"id":"2"}"#),
            (6, "3 cells instead of 2"),
        ];
        assert_eq!(rows, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_quote_within_a_cell_is_a_character() {
        let rows = rows("id,t\n1,5\" disk\n2,a\n3,\"b\"\"\"\n4,\"c\n5,d\n");
        let expected = [
            (2, r#"{"id":"1","t":"5\" disk"}"#),
            (3, r#"{"id":"2","t":"a"}"#),
            (4, r#"{"id":"3","t":"b\""}"#),
            (5, "not CSV: a quote is opened and never closed"),
        ];
        assert_eq!(rows, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn the_header_tells_the_delimiter() {
        for (header, expected) in
            [("a;b;\"c,d,e\"", b';'), ("a\tb", b'\t'), ("a", b','), ("a,b;c", b',')]
        {
            assert_eq!(delimiter(header.as_bytes()), expected, "{header}");
        }
    }
}
