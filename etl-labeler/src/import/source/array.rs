//! The elements of one JSON array, which is never in memory as a whole.

use std::io::{self, BufRead, ErrorKind};

use super::{MAX_RECORD_BYTES, Record, lines::json_fields};

/// Divides an array at its commas. A bad element does not hide the ones after it.
pub(super) struct Elements<R> {
    reader: R,
    number: u64,
    closed: bool,
}

impl<R: BufRead> Elements<R> {
    /// The reader is behind the opening bracket.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0, closed: false }
    }

    /// Reads up to the comma or bracket behind the next element.
    fn next_element(&mut self) -> io::Result<Option<Record>> {
        let (mut raw, mut scan, mut too_long) = (Vec::new(), Scan::default(), false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                let message = "the file ends within the array; is it complete?";
                return Err(io::Error::new(ErrorKind::UnexpectedEof, message));
            }
            let end = buffer.iter().position(|byte| scan.is_end(*byte));
            let (element, rest) = buffer.split_at(end.unwrap_or(buffer.len()));
            too_long |= raw.len() + element.len() > MAX_RECORD_BYTES;
            if !too_long {
                raw.extend_from_slice(element);
            }
            let delimiter = rest.first().copied();
            let taken = element.len() + usize::from(delimiter.is_some());
            self.reader.consume(taken);
            if let Some(delimiter) = delimiter {
                self.closed = delimiter == b']';
                return Ok(self.record(&raw, too_long));
            }
        }
    }

    /// Nothing for the empty text before the closing bracket: the end of an empty array, or behind a
    /// trailing comma.
    fn record(&mut self, raw: &[u8], too_long: bool) -> Option<Record> {
        if self.closed && raw.trim_ascii().is_empty() {
            return None;
        }
        self.number += 1;
        let raw = on_one_line(raw.trim_ascii());
        Some(Record { number: self.number, fields: json_fields(&raw, too_long), raw })
    }

    /// Text behind the array is a bad record of its own.
    fn rest(&mut self) -> io::Result<Option<Record>> {
        super::skip_blank(&mut self.reader)?;
        let rest = self.reader.fill_buf()?.to_vec();
        self.number += 1;
        let fields = json_fields(&rest, false);
        self.reader.consume(rest.len());
        Ok((!rest.is_empty()).then_some(Record { number: self.number, raw: rest, fields }))
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = if self.closed { Ok(None) } else { self.next_element() };
        let next = next.and_then(|record| if record.is_some() { Ok(record) } else { self.rest() });
        next.transpose()
    }
}

/// An end of line in JSON is white space.
fn on_one_line(raw: &[u8]) -> Vec<u8> {
    raw.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}

/// Finds the end of an element.
#[derive(Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Whether this byte is the comma or the bracket behind the element.
    fn is_end(&mut self, byte: u8) -> bool {
        if self.in_string {
            self.in_string = byte != b'"' || self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return true,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(text: &str) -> Vec<(String, bool)> {
        let elements = Elements::new(io::BufReader::with_capacity(3, text.as_bytes()));
        let elements = elements.map(Result::unwrap);
        elements.map(|r| (String::from_utf8(r.raw).unwrap(), r.fields.is_ok())).collect()
    }

    #[test]
    fn an_array_is_divided_at_its_commas() {
        let text = "{\"a\":[1,{\"b\":\"],\\\"}\"}]} ,\n {\n}, 7, {\"x\":}, {} ]\n";
        let expected = [
            ("{\"a\":[1,{\"b\":\"],\\\"}\"}]}", true),
            ("{ }", true),
            ("7", false),
            ("{\"x\":}", false),
            ("{}", true),
        ];
        assert_eq!(elements(text), expected.map(|(raw, ok)| (raw.to_owned(), ok)));
    }

    #[test]
    fn a_trailing_comma_is_no_film_and_an_empty_element_is_a_bad_one() {
        assert_eq!(elements("]"), []);
        assert_eq!(elements("{},]").len(), 1);
        assert_eq!(elements("{},,{}]")[1], (String::new(), false));
        assert_eq!(elements("{}] x")[1], ("x".to_owned(), false));
    }

    #[test]
    fn an_array_without_an_end_is_an_error() {
        let mut elements = Elements::new("{}, {\"a\":".as_bytes());
        assert!(elements.next().unwrap().is_ok());
        assert!(elements.next().unwrap().is_err());
    }
}
