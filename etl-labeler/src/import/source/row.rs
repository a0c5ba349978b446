//! Rows of a table: an end of line between quotes is a part of the row (RFC 4180).

use std::io::{self, BufRead};

use super::{
    MAX_RECORD_BYTES,
    lines::{Line, Lines, remove_end},
};
use crate::import::bad_line::BadLine;

/// Lines that a row may have: one quote too many must not take a large part of the file with it.
const MAX_LINES: usize = 200;

/// The lines of a row, of which there is at least one.
pub(super) struct Row {
    pub(super) lines: Vec<Line>,
    /// Whether its quotes are balanced.
    pub(super) valid: Result<(), BadLine>,
}

/// Where in a row the next byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    CellStart,
    Cell,
    Quotes,
    /// After a quote between quotes, which ends them unless another follows.
    QuoteWithin,
    /// After the closing quote and white space.
    Closed,
    /// After text behind a closing quote: one of the quotes before is another than it seems.
    Invalid,
}

impl Place {
    /// A quote has a meaning only at the start of a cell and between quotes.
    fn after(self, byte: u8, is_delimiter: impl Fn(u8) -> bool) -> Self {
        match (self, byte) {
            (Self::Invalid, _) => Self::Invalid,
            (Self::Quotes, b'"') => Self::QuoteWithin,
            (Self::CellStart | Self::QuoteWithin, b'"') | (Self::Quotes, _) => Self::Quotes,
            (_, byte) if byte == b'\n' || is_delimiter(byte) => Self::CellStart,
            (Self::QuoteWithin | Self::Closed, b' ' | b'\t' | b'\r') => Self::Closed,
            (Self::QuoteWithin | Self::Closed, _) => Self::Invalid,
            (Self::CellStart | Self::Cell, _) => Self::Cell,
        }
    }
}

impl Row {
    /// The next row that is not blank.
    pub(super) fn read<R: BufRead>(
        lines: &mut Lines<R>,
        is_delimiter: impl Fn(u8) -> bool,
    ) -> io::Result<Option<Self>> {
        let Some(first) = lines.next_line()? else { return Ok(None) };
        let mut row = Self { lines: Vec::new(), valid: Ok(()) };
        let (mut place, mut next, mut bytes) = (Place::CellStart, Some(first), 0);
        loop {
            let Some(line) = next else {
                row.valid = Err(BadLine::Csv("a quote is opened and never closed".to_owned()));
                break;
            };
            place = line.bytes.iter().fold(place, |place, byte| place.after(*byte, &is_delimiter));
            bytes += line.bytes.len();
            let too_long = line.too_long || bytes > MAX_RECORD_BYTES;
            row.lines.push(line);
            row.valid = match place {
                _ if too_long => Err(BadLine::TooLong),
                Place::Invalid => {
                    Err(BadLine::Csv("text directly after a closing quote".to_owned()))
                }
                Place::Quotes if row.lines.len() == MAX_LINES => {
                    Err(BadLine::Csv(format!("a quote is not closed within {MAX_LINES} lines")))
                }
                _ => Ok(()),
            };
            if place != Place::Quotes || row.valid.is_err() {
                break;
            }
            next = lines.read()?;
        }
        Ok(Some(row))
    }

    /// Number of the first line.
    pub(super) fn number(&self) -> u64 {
        self.lines.first().map_or(0, |line| line.number)
    }

    /// All lines, without the last end.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let lines: Vec<&[u8]> = self.lines.iter().map(|line| line.bytes.as_slice()).collect();
        let mut bytes = lines.concat();
        remove_end(&mut bytes);
        bytes
    }
}
