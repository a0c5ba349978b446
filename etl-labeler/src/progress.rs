//! Progress on standard error: a bar on a terminal, a line of the log now and then elsewhere.

use std::io::Read;

use indicatif::{ProgressBar, ProgressStyle};
use service::output;

pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn films(total: u64) -> Self {
        Self::new(total, "{bar:40} {human_pos} of {human_len} films, {per_sec}, {eta} left")
    }

    /// Progress of reading a file, or a stream whose length is not known.
    pub(crate) fn bytes(total: Option<u64>) -> Self {
        match total {
            Some(total) => {
                Self::new(total, "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left")
            }
            None => Self::new(0, "{spinner} {bytes}, {bytes_per_sec}"),
        }
    }

    /// Counts what is read.
    pub(crate) fn read<R: Read>(&self, reader: R) -> impl Read + use<R> {
        self.0.wrap_read(reader)
    }

    fn new(total: u64, template: &str) -> Self {
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Writes a line to standard error, above the bar.
    pub(crate) fn say(&self, line: &str) {
        self.0.suspend(|| output::report(line));
    }

    /// Whether there is no terminal to show it on.
    pub(crate) fn is_hidden(&self) -> bool {
        self.0.is_hidden()
    }

    pub(crate) fn add(&self, done: u64) {
        self.0.inc(done);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
