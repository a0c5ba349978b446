//! CSV with a header.

use std::io::{self, BufRead, ErrorKind};

use csv::{ReaderBuilder, StringRecord};
use serde_json::value::to_raw_value;

use super::{
    Fields, Record,
    lines::{Lines, remove_end},
    row::Row,
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
    /// Reads the header, which also tells the delimiter, unless a line `sep=;` before it does.
    pub(super) fn new(mut lines: Lines<R>) -> io::Result<Self> {
        let invalid = |message: String| io::Error::new(ErrorKind::InvalidData, message);
        let (hint, named) = named_delimiter(&mut lines)?;
        let is_delimiter = |byte| named.map_or(DELIMITERS.contains(&byte), |named| byte == named);
        let row = Row::read(&mut lines, is_delimiter)?;
        let row = row.ok_or_else(|| invalid("there is no header".to_owned()))?;
        let bytes = row.bytes();
        let delimiter = named.unwrap_or_else(|| delimiter(&bytes));
        let columns = row.valid.and_then(|()| cells(&bytes, delimiter));
        let columns = columns.map_err(|bad| invalid(format!("the header is {bad}")))?;
        let columns = columns.iter().map(|column| column.trim().to_owned()).collect();
        Ok(Self { lines, header: [hint, bytes].concat(), columns, delimiter })
    }

    /// As it was written, with the line that names the delimiter.
    pub(super) fn header(&self) -> &[u8] {
        &self.header
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    fn fields(&self, row: &[u8]) -> Result<Fields, BadLine> {
        let cells = cells(row, self.delimiter)?;
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

    /// The film of a row. Of a bad row only the first line is given up: the quote that joined the others to it may
    /// be the mistake, and then they are films.
    fn record(&mut self, mut row: Row) -> Record {
        let (number, mut raw) = (row.number(), row.bytes());
        let valid = std::mem::replace(&mut row.valid, Ok(()));
        let fields = valid.and_then(|()| self.fields(&raw));
        if fields.is_err() {
            self.lines.unread(row.lines.split_off(1));
            raw = row.bytes();
        }
        Record { number, raw, fields }
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let delimiter = self.delimiter;
        let row = Row::read(&mut self.lines, |byte| byte == delimiter).transpose()?;
        Some(row.map(|row| self.record(row)))
    }
}

/// The delimiter that a first line `sep=;` names, as programs for spreadsheets write it, and the line.
fn named_delimiter<R: BufRead>(lines: &mut Lines<R>) -> io::Result<(Vec<u8>, Option<u8>)> {
    let Some(first) = lines.next_line()? else { return Ok((Vec::new(), None)) };
    let mut line = first.bytes.clone();
    remove_end(&mut line);
    match line.as_slice() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter]
            if delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric() && *delimiter != b'"' =>
        {
            Ok((first.bytes.clone(), Some(*delimiter)))
        }
        _ => {
            lines.unread(vec![first]);
            Ok((Vec::new(), None))
        }
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
            (6, r#"{"id":"5","t":"d"}"#),
        ];
        assert_eq!(rows, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_bad_row_gives_up_only_its_first_line() {
        let many = "x\n".repeat(300);
        for (text, expected) in [
            (
                "id,t\n1,\"A,a\n2,B\n3,C\n4,\"D\",\n5,E\n",
                vec![
                    (2, "not CSV: text directly after a closing quote"),
                    (3, r#"{"id":"2","t":"B"}"#),
                    (4, r#"{"id":"3","t":"C"}"#),
                    (5, "3 cells instead of 2"),
                    (6, r#"{"id":"5","t":"E"}"#),
                ],
            ),
            (
                "id,t\n1,\"A\n2,B\",x\n3,\"C\" \n4,\"D\"x\n",
                vec![
                    (2, "3 cells instead of 2"),
                    (3, "3 cells instead of 2"),
                    (4, r#"{"id":"3","t":"C "}"#),
                    (5, "not CSV: text directly after a closing quote"),
                ],
            ),
            (&format!("t\n\"{many}"), vec![(2, "not CSV: a quote is not closed within 200 lines")]),
        ] {
            let mut rows = rows(text);
            rows.truncate(expected.len());
            let expected = expected.into_iter().map(|(line, text)| (line, text.to_owned()));
            assert_eq!(rows, expected.collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn a_first_line_may_name_the_delimiter() {
        assert_eq!(rows("sep=;\r\nid;t\r\n1;a,b\r\n"), [(3, r#"{"id":"1","t":"a,b"}"#.to_owned())]);
        let table = Table::new(Lines::new("SEP=:\nid:t\n".as_bytes(), 0)).unwrap();
        assert_eq!((table.header(), table.delimiter()), (b"SEP=:\nid:t".as_slice(), b':'));
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
