//! A progress bar on standard error, shown only on a terminal.

use std::io::Read;

use indicatif::{ProgressBar, ProgressStyle};

pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn films(total: u64) -> Self {
        Self::new(total, "{bar:40} {human_pos} of {human_len} films, {per_sec}, {eta} left")
    }

    /// Progress of reading a file, whose length is set when it is known.
    pub(crate) fn bytes() -> Self {
        Self::new(0, "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left")
    }

    pub(crate) fn set_length(&self, total: u64) {
        self.0.set_length(total);
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

    pub(crate) fn add(&self, done: u64) {
        self.0.inc(done);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
