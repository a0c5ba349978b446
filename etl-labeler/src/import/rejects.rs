//! A file of the lines that were not imported, exactly as they were read.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::LabelerError;

/// The file, which can be corrected and imported: a CSV file keeps its header.
pub(super) struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Rejects {
    /// Creates the file; an import that goes on appends to it.
    pub(super) fn create(
        path: &Path,
        append: bool,
        header: Option<&[u8]>,
    ) -> Result<Self, LabelerError> {
        let unwritable = |source| LabelerError::Rejects { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let options = options.create(true).write(true).append(append).truncate(!append);
        let file = options.open(path).map_err(unwritable)?;
        let is_new = file.metadata().map_err(unwritable)?.len() == 0;
        let mut rejects = Self { path: path.to_owned(), file: BufWriter::new(file) };
        if let (true, Some(header)) = (is_new, header) {
            rejects.add(header)?;
        }
        Ok(rejects)
    }

    pub(super) fn add(&mut self, raw: &[u8]) -> Result<(), LabelerError> {
        let written = self.file.write_all(raw).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|source| self.unwritable(source))
    }

    pub(super) fn finish(mut self) -> Result<(), LabelerError> {
        self.file.flush().map_err(|source| self.unwritable(source))
    }

    fn unwritable(&self, source: io::Error) -> LabelerError {
        LabelerError::Rejects { path: self.path.clone(), source }
    }
}
