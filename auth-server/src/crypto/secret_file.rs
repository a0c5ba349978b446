//! Secrets in files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// Why a file with a secret can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It isn't there, or can't be read.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, std::io::Error),
    /// Everybody on the machine can read it.
    #[error("{} is open to every user of this machine; run: chmod o= {}", .0.display(), .0.display())]
    Open(PathBuf),
    /// The operating system gives no randomness.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(rand::rand_core::OsError),
}

/// Largest file that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// The text of the file, without the line's end.
///
/// # Errors
/// It can't be read, or others can read it, too.
pub fn read_file(path: &Path) -> Result<Zeroizing<String>, FileError> {
    let io = |error| FileError::Io(path.to_owned(), error);
    let file = File::open(path).map_err(io)?;
    // Asked of the open file: the path may name another one by now.
    if file.metadata().map_err(io)?.permissions().mode() & 0o007 != 0 {
        return Err(FileError::Open(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LARGEST).read_to_string(&mut text).map_err(io)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
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
    match read_file(path) {
        Err(FileError::Io(_, error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The kept secret, made where there is none yet.
pub(crate) fn read_or_make(path: &Path) -> Result<Zeroizing<String>, FileError> {
    if let Some(kept) = read_if_there(path)? {
        return Ok(kept);
    }
    match make(path) {
        // Another server on this machine was faster: its secret is the one.
        Err(FileError::Io(_, error)) if error.kind() == ErrorKind::AlreadyExists => read_file(path),
        Err(error) => Err(error),
        Ok(()) => read_file(path),
    }
}

fn make(path: &Path) -> Result<(), FileError> {
    let io = |error| FileError::Io(path.to_owned(), error);
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
    use std::fs::Permissions;

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

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "secret\r\n").expect("written");
        assert_eq!(read_file(file.path()).expect("ours").as_str(), "secret");
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o604)).expect("opened");
        assert!(matches!(read_file(file.path()), Err(FileError::Open(_))));
    }
}
