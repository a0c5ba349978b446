//! Lines of limited length.

use std::{
    collections::VecDeque,
    io::{self, BufRead, Read},
};

use super::{Fields, MAX_RECORD_BYTES, Record, unique::Object};
use crate::{excerpt::excerpt, import::bad_line::BadLine};

/// Reads lines, of which it keeps no more than the maximum.
pub(super) struct Lines<R> {
    reader: R,
    /// Number of the line that was read last.
    number: u64,
    /// Lines to read again.
    again: VecDeque<Line>,
}

/// A line with its end, or the beginning of one that is too long.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) too_long: bool,
}

impl<R: BufRead> Lines<R> {
    /// `before`: the number of lines that were read already.
    pub(super) fn new(reader: R, before: u64) -> Self {
        Self { reader, number: before, again: VecDeque::new() }
    }

    /// The next line that is not blank.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            match self.read()? {
                Some(line) if line.bytes.trim_ascii().is_empty() && !line.too_long => {}
                line => return Ok(line),
            }
        }
    }

    /// The next line.
    pub(super) fn read(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let (mut bytes, room) = (Vec::new(), MAX_RECORD_BYTES + 1);
        let read = (&mut self.reader).take(room as u64).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let too_long = read == room && !bytes.ends_with(b"\n");
        if too_long {
            self.reader.skip_until(b'\n')?;
        }
        Ok(Some(Line { number: self.number, bytes, too_long }))
    }

    /// Gives back lines that were read last, to be read again.
    pub(super) fn unread(&mut self, lines: Vec<Line>) {
        lines.into_iter().rev().for_each(|line| self.again.push_front(line));
    }
}

/// Removes the end of a line.
pub(super) fn remove_end(line: &mut Vec<u8>) {
    if line.pop_if(|byte| *byte == b'\n').is_some() {
        line.pop_if(|byte| *byte == b'\r');
    }
}

/// The films of a file with one JSON object per line.
pub(super) fn films<R: BufRead>(mut lines: Lines<R>) -> impl Iterator<Item = io::Result<Record>> {
    std::iter::from_fn(move || lines.next_line().transpose()).map(|line| {
        let Line { number, bytes: mut raw, too_long } = line?;
        remove_end(&mut raw);
        Ok(Record { number, fields: json_fields(&raw, too_long), raw })
    })
}

/// The fields of one JSON object.
pub(super) fn json_fields(raw: &[u8], too_long: bool) -> Result<Fields, BadLine> {
    if too_long {
        return Err(BadLine::TooLong);
    }
    let text = std::str::from_utf8(raw).map_err(|_| BadLine::Encoding)?;
    let object: Object<_> = serde_json::from_str(text)
        .map_err(|error| BadLine::Json(excerpt(&error.to_string()).into_owned()))?;
    object.unique().map_err(|key| BadLine::KeyTwice(excerpt(&key).into_owned()))
}
