//! Which file an opened file is, whatever path or link it was opened by.

use std::{
    fs::File,
    io,
    os::{fd::AsFd, unix::fs::MetadataExt},
};

/// A regular file. A pipe or a device loses nothing when it is emptied, and has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(file: &impl AsFd) -> io::Result<Option<Self>> {
        let metadata = File::from(file.as_fd().try_clone_to_owned()?).metadata()?;
        let id = Self { device: metadata.dev(), inode: metadata.ino() };
        Ok(metadata.is_file().then_some(id))
    }
}
