//! The secret in the user's state directory, for a server without a configured secret.

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

/// Why the secret in the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The operating system provides no random bytes.
    #[error("the operating system provides no random bytes: {0}")]
    NoRandomness(rand::rand_core::OsError),
}

/// Path of the file; none without a home directory.
pub(crate) fn path() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state =
        absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("auth-server/secret"))
}

/// The stored secret, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, StateFileError> {
    match read_secret_file(path) {
        Err(SecretFileError::Io(_, error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read?.text)),
    }
}

/// The stored secret, created if there is none.
pub(super) fn read_or_create(path: &Path) -> Result<Zeroizing<String>, StateFileError> {
    if let Some(secret) = read(path)? {
        return Ok(secret);
    }
    match create(path) {
        // Another server on this machine was faster; its secret is the one to use.
        Err(StateFileError::File(SecretFileError::Io(_, error)))
            if error.kind() == ErrorKind::AlreadyExists => {}
        created => created?,
    }
    Ok(read_secret_file(path)?.text)
}

fn create(path: &Path) -> Result<(), StateFileError> {
    let io = |error| SecretFileError::Io(path.to_owned(), error);
    let mut bytes = Zeroizing::new([0; 32]);
    OsRng.try_fill_bytes(bytes.as_mut()).map_err(StateFileError::NoRandomness)?;
    let text = Zeroizing::new(STANDARD.encode(bytes.as_ref()));
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    }
    // Written to a draft and linked into place, so that no one reads half a secret.
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(io)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft).map_err(io)?;
    Ok(linked.map_err(io)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_created_once_and_readable_by_its_owner_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("state/secret");
        let created = read_or_create(&path).expect("created");
        assert_eq!(read_or_create(&path).expect("kept"), created);
        assert_eq!(STANDARD.decode(created.as_bytes()).expect("base64").len(), 32);
        assert_eq!(path.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let files = path.parent().expect("a directory").read_dir().expect("readable");
        assert_eq!(files.count(), 1);
    }
}
