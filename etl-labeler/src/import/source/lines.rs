//! Lines of limited length.

use std::io::{self, BufRead, Read};

use super::{Fields, MAX_RECORD_BYTES, Record};
use crate::import::bad_line::BadLine;

/// Reads lines, of which it keeps no more than the maximum.
pub(super) struct Lines<R> {
    reader: R,
    /// Number of the line that was read last.
    number: u64,
}

/// A line, or the beginning of one that is too long.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) too_long: bool,
    /// The file ends within it.
    pub(super) unfinished: bool,
}

/// Where in a row of a table the next byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Cell,
    Quotes,
    /// After a quote between quotes, which ends them unless another follows.
    QuoteWithin,
}

impl Place {
    /// As the csv library reads: a quote has a meaning only at the start of a cell and between quotes.
    fn after(self, byte: u8, is_delimiter: impl Fn(u8) -> bool) -> Self {
        match (self, byte) {
            (Self::Quotes, b'"') => Self::QuoteWithin,
            (Self::CellStart | Self::QuoteWithin, b'"') | (Self::Quotes, _) => Self::Quotes,
            (_, byte) if byte == b'\n' || is_delimiter(byte) => Self::CellStart,
            _ => Self::Cell,
        }
    }
}

impl Line {
    fn new(number: u64) -> Self {
        Self { number, bytes: Vec::new(), too_long: false, unfinished: false }
    }
}

impl<R: BufRead> Lines<R> {
    /// `before`: the number of lines that were read already.
    pub(super) fn new(reader: R, before: u64) -> Self {
        Self { reader, number: before }
    }

    /// The next line that is not blank, without its end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        self.next_whole(|_| true)
    }

    /// The next record of a table that is not blank: an end of line between quotes is a part of it.
    pub(super) fn next_row(
        &mut self,
        is_delimiter: impl Fn(u8) -> bool,
    ) -> io::Result<Option<Line>> {
        let mut place = Place::CellStart;
        self.next_whole(|line| {
            place = line.iter().fold(place, |place, byte| place.after(*byte, &is_delimiter));
            place != Place::Quotes
        })
    }

    /// Joins lines until `is_end` is true for the last of them.
    fn next_whole(&mut self, mut is_end: impl FnMut(&[u8]) -> bool) -> io::Result<Option<Line>> {
        let mut line = Line::new(self.number + 1);
        loop {
            let start = line.bytes.len();
            let read = self.append(&mut line)?;
            if read && line.bytes.trim_ascii().is_empty() {
                line = Line::new(self.number + 1);
            } else if !read {
                line.unfinished = !line.bytes.is_empty();
                break;
            } else if line.too_long || is_end(line.bytes.get(start..).unwrap_or_default()) {
                break;
            }
        }
        if line.bytes.pop_if(|byte| *byte == b'\n').is_some() {
            line.bytes.pop_if(|byte| *byte == b'\r');
        }
        Ok((!line.bytes.is_empty()).then_some(line))
    }

    /// Appends one line with its end; false at the end of the file.
    fn append(&mut self, line: &mut Line) -> io::Result<bool> {
        let room = MAX_RECORD_BYTES.saturating_sub(line.bytes.len()) + 1;
        let read = (&mut self.reader).take(room as u64).read_until(b'\n', &mut line.bytes)?;
        self.number += u64::from(read > 0);
        if read == room && !line.bytes.ends_with(b"\n") {
            line.too_long = true;
            self.reader.skip_until(b'\n')?;
        }
        Ok(read > 0)
    }
}

/// The films of a file with one JSON object per line.
pub(super) fn films<R: BufRead>(mut lines: Lines<R>) -> impl Iterator<Item = io::Result<Record>> {
    std::iter::from_fn(move || lines.next_line().transpose()).map(|line| {
        let Line { number, bytes: raw, too_long, .. } = line?;
        Ok(Record { number, fields: json_fields(&raw, too_long), raw })
    })
}

/// The fields of one JSON object.
pub(super) fn json_fields(raw: &[u8], too_long: bool) -> Result<Fields, BadLine> {
    if too_long {
        return Err(BadLine::TooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| BadLine::Encoding)?;
    serde_json::from_str(text).map_err(|error| BadLine::Json(error.to_string()))
}
