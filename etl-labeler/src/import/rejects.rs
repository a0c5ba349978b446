//! A file of the lines that were not imported, exactly as they were read.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::file_id::FileId;
use crate::LabelerError;

/// The file, which can be corrected and imported: a CSV file keeps its header.
pub(super) struct Rejects {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Rejects {
    /// Opens or creates the file, and leaves what is in it. It must not be the one that is imported, which would
    /// be emptied.
    pub(super) fn open(path: &Path, imported: Option<FileId>) -> Result<Self, LabelerError> {
        let unwritable = |source| LabelerError::Rejects { path: path.to_owned(), source };
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(unwritable)?;
        let id = FileId::of(&file).map_err(unwritable)?;
        if id.is_some() && id == imported {
            let message = format!("--rejects {} is the file that is imported", path.display());
            return Err(LabelerError::Target(message));
        }
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Empties the file, unless the import goes on with an earlier one.
    pub(super) fn begin(
        &mut self,
        goes_on: bool,
        header: Option<&[u8]>,
    ) -> Result<(), LabelerError> {
        let is_new = self.empty(goes_on).map_err(|source| self.unwritable(source))?;
        match header.filter(|_| is_new) {
            Some(header) => self.add(header),
            None => Ok(()),
        }
    }

    /// Whether the file is empty afterwards. Pipes and devices always are.
    fn empty(&self, goes_on: bool) -> io::Result<bool> {
        let file = self.file.get_ref();
        let metadata = file.metadata()?;
        if metadata.is_file() && !goes_on {
            file.set_len(0)?;
        }
        Ok(!goes_on || metadata.len() == 0)
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
