//! The films of a file as it is: opened, decompressed, and divided into records, one in memory at a time.

mod array;
mod detect;
mod lines;
mod row;
mod table;
mod unique;

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    thread,
};

use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub(super) use self::unique::Object;
use self::{
    array::Elements,
    detect::{Compression, Encoding, LineEnds, beginning, head},
    lines::Lines,
    table::Table,
};
use super::{bad_line::BadLine, file_id::FileId};
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
    line_ends: LineEnds,
}

enum Format {
    Lines,
    Array,
    Csv { columns: usize, delimiter: u8 },
}

/// An opened file.
pub(super) struct Source {
    pub(super) detected: Detected,
    /// The file itself.
    pub(super) file: Option<FileId>,
    /// The header of a CSV file, as written and by column.
    pub(super) header: Option<(Vec<u8>, Vec<String>)>,
    pub(super) records: Box<dyn Iterator<Item = io::Result<Record>> + Send>,
}

/// Opens a file, or standard input for `-`. On a thread of its own, which does not keep the program from ending:
/// standard input may wait for a user.
///
/// # Errors
/// [`LabelerError::File`] if the file cannot be read, [`LabelerError::Unsupported`] if its content shows
/// that it is of another kind, [`LabelerError::Interrupted`] if `stop` comes first.
pub(super) async fn open(
    path: &Path,
    stop: &CancellationToken,
) -> Result<(Source, Progress), LabelerError> {
    let (sender, opened) = oneshot::channel();
    let path = path.to_owned();
    // A dropped receiver has ended the import with a reason of its own.
    thread::spawn(move || drop(sender.send(open_now(&path))));
    let ended = || LabelerError::Worker("the file could not be opened".to_owned());
    match stop.run_until_cancelled(opened).await {
        Some(opened) => opened.map_err(|_| ended())?,
        None => Err(LabelerError::Interrupted),
    }
}

fn open_now(path: &Path) -> Result<(Source, Progress), LabelerError> {
    let unreadable = |source| LabelerError::File { path: path.to_owned(), source };
    let unsupported = |hint| LabelerError::Unsupported { path: path.to_owned(), hint };
    let Input { reader, length, file } = Input::open(path).map_err(unreadable)?;
    let progress = Progress::bytes(length);
    let mut input = progress.read(reader);
    let start = head(&mut input).map_err(unreadable)?;
    let compression = Compression::of(&start).map_err(unsupported)?;
    let mut text = compression.decompress(start, input).map_err(unreadable)?;
    let start = beginning(&mut text).map_err(unreadable)?;
    let encoding = Encoding::of(&start).map_err(unsupported)?;
    let line_ends = LineEnds::of(&start);
    let text = line_ends.as_line_feeds(encoding.text(start).chain(text));
    let detected = |format| Detected { format, compression, encoding, line_ends };
    let text = BufReader::with_capacity(1 << 16, text);
    let source = Source::new(text, detected, file).map_err(unreadable)?;
    Ok((source, progress))
}

/// An opened file, as it is read: compressed or not.
struct Input {
    reader: Box<dyn Read + Send>,
    /// A pipe has none.
    length: Option<u64>,
    file: Option<FileId>,
}

impl Input {
    fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            let input = io::stdin();
            let file = FileId::of(&input)?;
            return Ok(Self { reader: Box::new(input), length: None, file });
        }
        let input = File::open(path)?;
        let (metadata, file) = (input.metadata()?, FileId::of(&input)?);
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self { reader: Box::new(input), length, file })
    }
}

impl Source {
    fn new(
        mut text: impl BufRead + Send + 'static,
        detected: impl Fn(Format) -> Detected,
        file: Option<FileId>,
    ) -> io::Result<Self> {
        let blank_lines = skip_blank(&mut text)?;
        match text.fill_buf()?.first() {
            None | Some(b'{') => {
                let records = Box::new(lines::films(Lines::new(text, blank_lines)));
                Ok(Self { detected: detected(Format::Lines), file, header: None, records })
            }
            Some(b'[') => {
                text.consume(1);
                let records = Box::new(Elements::new(text));
                Ok(Self { detected: detected(Format::Array), file, header: None, records })
            }
            Some(_) => {
                let table = Table::new(Lines::new(text, blank_lines))?;
                let (columns, delimiter) = (table.columns().to_vec(), table.delimiter());
                let format = Format::Csv { columns: columns.len(), delimiter };
                let header = Some((table.header().to_vec(), columns));
                Ok(Self { detected: detected(format), file, header, records: Box::new(table) })
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
        write!(f, "; {}{}{}", self.compression, self.encoding, self.line_ends)
    }
}
