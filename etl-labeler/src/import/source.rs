//! The films of a file as it is: opened, decompressed, and divided into records, one in memory at a time.

mod array;
mod detect;
mod lines;
mod table;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde_json::value::RawValue;

use self::{
    array::Elements,
    detect::{Compression, Encoding, head},
    lines::Lines,
    table::Table,
};
use super::bad_line::BadLine;
use crate::{LabelerError, progress::Progress};

/// A longer record is a bad line.
pub(super) const MAX_RECORD_BYTES: usize = 4 << 20;

/// The top-level fields of a film, each exactly as it was written.
pub(super) type Fields = BTreeMap<String, Box<RawValue>>;

/// One film of the input.
pub(super) struct Record {
    /// Its line, or its place in a JSON array; counted from 1.
    pub(super) number: u64,
    /// As it was written, without the end of its line.
    pub(super) raw: Vec<u8>,
    /// Its fields.
    pub(super) fields: Result<Fields, BadLine>,
}

/// What a file is, by its content.
pub(super) struct Detected {
    format: Format,
    compression: Compression,
    encoding: Encoding,
    crlf: bool,
}

enum Format {
    Lines,
    Array,
    Csv { columns: usize, delimiter: u8 },
}

/// An opened file.
pub(super) struct Source {
    pub(super) detected: Detected,
    /// The header of a CSV file, as written and by column.
    pub(super) header: Option<(Vec<u8>, Vec<String>)>,
    pub(super) records: Box<dyn Iterator<Item = io::Result<Record>> + Send>,
}

/// Opens a file, or standard input for `-`.
///
/// # Errors
/// [`LabelerError::File`] if the file cannot be read, [`LabelerError::Unsupported`] if its content shows
/// that it is of another kind.
pub(super) fn open(path: &Path) -> Result<(Source, Progress), LabelerError> {
    let unreadable = |source| LabelerError::File { path: path.to_owned(), source };
    let unsupported = |hint| LabelerError::Unsupported { path: path.to_owned(), hint };
    let (input, length) = input(path).map_err(unreadable)?;
    let progress = Progress::bytes(length);
    let mut input = progress.read(input);
    let start = head(&mut input).map_err(unreadable)?;
    let compression = Compression::of(&start).map_err(unsupported)?;
    let mut text = compression.decompress(start, input).map_err(unreadable)?;
    let start = head(&mut text).map_err(unreadable)?;
    let encoding = Encoding::of(&start).map_err(unsupported)?;
    let text = BufReader::with_capacity(1 << 16, encoding.text(start).chain(text));
    let source = Source::new(text, compression, encoding).map_err(unreadable)?;
    Ok((source, progress))
}

/// The file and its length, as it is read: compressed or not. A pipe has none.
fn input(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), length))
}

impl Source {
    fn new(
        mut text: impl BufRead + Send + 'static,
        compression: Compression,
        encoding: Encoding,
    ) -> io::Result<Self> {
        let blank_lines = skip_blank(&mut text)?;
        let buffer = text.fill_buf()?;
        let crlf = buffer.iter().position(|byte| *byte == b'\n').is_some_and(|end| {
            end.checked_sub(1).and_then(|before| buffer.get(before)) == Some(&b'\r')
        });
        let detected = |format| Detected { format, compression, encoding, crlf };
        match buffer.first() {
            None | Some(b'{') => {
                let records = Box::new(lines::films(Lines::new(text, blank_lines)));
                Ok(Self { detected: detected(Format::Lines), header: None, records })
            }
            Some(b'[') => {
                text.consume(1);
                let records = Box::new(Elements::new(text));
                Ok(Self { detected: detected(Format::Array), header: None, records })
            }
            Some(_) => {
                let table = Table::new(Lines::new(text, blank_lines))?;
                let (columns, delimiter) = (table.columns().to_vec(), table.delimiter());
                let format = Format::Csv { columns: columns.len(), delimiter };
                let header = Some((table.header().to_vec(), columns));
                Ok(Self { detected: detected(format), header, records: Box::new(table) })
            }
        }
    }

    /// What [`Record::number`] counts.
    pub(super) fn unit(&self) -> &'static str {
        match self.detected.format {
            Format::Array => "element",
            Format::Lines | Format::Csv { .. } => "line",
        }
    }
}

/// Skips white space. Returns the number of ends of lines in it.
fn skip_blank(text: &mut impl BufRead) -> io::Result<u64> {
    let mut lines = 0;
    loop {
        let buffer = text.fill_buf()?;
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        lines += buffer.iter().take(blank).filter(|byte| **byte == b'\n').count() as u64;
        text.consume(blank);
        if blank == 0 {
            return Ok(lines);
        }
    }
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format {
            Format::Lines => f.write_str("NDJSON, one film per line")?,
            Format::Array => f.write_str("a JSON array")?,
            Format::Csv { columns, delimiter } => {
                let delimiter = char::from(delimiter);
                write!(f, "CSV with {columns} columns, delimiter {delimiter:?}")?;
            }
        }
        let line_ends = if self.crlf { ", CRLF" } else { "" };
        write!(f, "; {}{}{line_ends}", self.compression, self.encoding)
    }
}
