//! Reads and converts films on a thread of its own, some ahead of the writer.

use std::{collections::BTreeSet, io, thread};

use tokio::sync::mpsc;

use super::{
    bad_line::BadLine,
    film::Film,
    mapping::FilmMapping,
    source::{Record, Source},
};

/// Records that travel together, so that the first of a slow source need not wait for many.
const CHUNK_BYTES: usize = 1 << 20;
const CHUNK_RECORDS: usize = 1_000;
/// Chunks that wait for the writer. It takes all of them at once: fewer and larger requests are faster.
const WAITING: usize = 4;

/// A record and what became of it.
pub(super) struct Entry {
    /// Its line, or its place in a JSON array.
    pub(super) number: u64,
    /// As it was written, if that has to be kept.
    pub(super) raw: Vec<u8>,
    pub(super) film: Result<Film, BadLine>,
}

/// What is known at the end of a source.
#[derive(Default)]
pub(super) struct End {
    /// Number of the last record.
    pub(super) last: u64,
    /// The fields that the mapping names and no record had.
    pub(super) never_seen: Vec<String>,
}

/// The films of a source.
pub(super) struct Films {
    chunks: mpsc::Receiver<io::Result<Vec<Entry>>>,
    reader: thread::JoinHandle<End>,
    /// The end of the source, for the next call.
    failed: Option<io::Error>,
}

impl Films {
    /// Reads `source` from the record `from` on. A thread that waits for standard input does not keep
    /// the program from ending.
    pub(super) fn read(source: Source, mapping: FilmMapping, from: u64, keep_raw: bool) -> Self {
        let (sender, chunks) = mpsc::channel(WAITING);
        let reader = thread::spawn(move || {
            let mut reader = Reader { mapping, keep_raw, seen: BTreeSet::new() };
            let mut last = 0;
            let records = source.records.filter(|record| {
                last = record.as_ref().map_or(last, |record| record.number);
                record.is_err() || last >= from
            });
            reader.send(records, &sender);
            End { last, never_seen: reader.never_seen() }
        });
        Self { chunks, reader, failed: None }
    }

    /// The next films, as many as have been read; none at the end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<Entry>>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Some(first) = self.chunks.recv().await else { return Ok(None) };
        let mut entries = first?;
        for _ in 0..WAITING {
            match self.chunks.try_recv() {
                Ok(Ok(more)) => entries.extend(more),
                Ok(Err(error)) => self.failed = Some(error),
                Err(_) => break,
            }
        }
        Ok(Some(entries))
    }

    /// Waits for the end of the source.
    pub(super) fn end(self) -> End {
        drop(self.chunks);
        self.reader.join().unwrap_or_default()
    }
}

struct Reader {
    mapping: FilmMapping,
    keep_raw: bool,
    /// Fields of the source that some record had.
    seen: BTreeSet<String>,
}

impl Reader {
    fn send(
        &mut self,
        records: impl Iterator<Item = io::Result<Record>>,
        sender: &mpsc::Sender<io::Result<Vec<Entry>>>,
    ) {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    // A dropped receiver has ended the import with a reason of its own.
                    let _ = sender.blocking_send(Ok(chunk));
                    let _ = sender.blocking_send(Err(error));
                    return;
                }
            };
            bytes += record.raw.len();
            chunk.push(self.entry(record));
            if bytes >= CHUNK_BYTES || chunk.len() >= CHUNK_RECORDS {
                bytes = 0;
                if sender.blocking_send(Ok(std::mem::take(&mut chunk))).is_err() {
                    return;
                }
            }
        }
        let _ = sender.blocking_send(Ok(chunk));
    }

    fn entry(&mut self, Record { number, raw, fields }: Record) -> Entry {
        let film = fields.and_then(|fields| {
            for name in self.mapping.sources().filter(|name| fields.contains_key(*name)) {
                if !self.seen.contains(name) {
                    self.seen.insert(name.to_owned());
                }
            }
            self.mapping.film(fields)
        });
        let raw = if self.keep_raw || film.is_err() { raw } else { Vec::new() };
        Entry { number, raw, film }
    }

    fn never_seen(&self) -> Vec<String> {
        let sources = self.mapping.sources().filter(|name| !self.seen.contains(*name));
        sources.map(str::to_owned).collect()
    }
}
