//! Secrets in files.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use service::config::{SecretFileError, read_secret_file};
use zeroize::Zeroizing;

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read, or every user of the machine can read it.
    #[error(transparent)]
    Read(#[from] SecretFileError),
    /// It cannot be created.
    #[error("{}: {}", .0.display(), .1)]
    Create(PathBuf, std::io::Error),
    /// The operating system provides no random bytes.
    #[error("the system provides no random bytes: {0}")]
    NoRandomness(rand::rand_core::OsError),
}

/// Where a secret is kept that nobody configured.
pub(crate) fn state_path() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("auth-server/secret"))
}

/// The kept secret, if there is one.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Zeroizing<String>>, FileError> {
    match read_secret_file(path) {
        Err(SecretFileError::Io(_, error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read?)),
    }
}

/// The kept secret, made where there is none yet.
pub(crate) fn read_or_make(path: &Path) -> Result<Zeroizing<String>, FileError> {
    if let Some(kept) = read_if_there(path)? {
        return Ok(kept);
    }
    match make(path) {
        // Another server on this machine was faster: its secret is the one.
        Err(FileError::Create(_, error)) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(read_secret_file(path)?)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(read_secret_file(path)?),
    }
}

fn make(path: &Path) -> Result<(), FileError> {
    let io = |error| FileError::Create(path.to_owned(), error);
    let mut bytes = Zeroizing::new([0; 32]);
    OsRng.try_fill_bytes(bytes.as_mut()).map_err(FileError::NoRandomness)?;
    let text = Zeroizing::new(STANDARD.encode(bytes.as_ref()));
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
    }
    // Written beside it and linked into place: nobody ever reads half a secret.
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft).map_err(io)?;
    linked.map_err(io)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/secret");
        let made = read_or_make(&path).expect("made");
        assert_eq!(read_or_make(&path).expect("kept"), made);
        assert_eq!(STANDARD.decode(made.as_bytes()).expect("base64").len(), 32);
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let files = path.parent().expect("a folder").read_dir().expect("readable");
        assert_eq!(files.count(), 1);
    }
}
