//! Secrets in files.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It does not exist or cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, std::io::Error),
    /// Every user of the machine can read it.
    #[error("{} is open to every user of this machine; run: chmod o= {}", .0.display(), .0.display())]
    WorldReadable(PathBuf),
}

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// The text of the file, without a final line break.
///
/// # Errors
/// The file cannot be read, or every user of the machine can read it.
pub fn read_secret_file(path: &Path) -> Result<Zeroizing<String>, SecretFileError> {
    let io = |error| SecretFileError::Io(path.to_owned(), error);
    let file = File::open(path).map_err(io)?;
    // Asked of the open file: by now the path may name another one.
    if file.metadata().map_err(io)?.permissions().mode() & 0o007 != 0 {
        return Err(SecretFileError::WorldReadable(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(io)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "secret\r\n").expect("written");
        assert_eq!(read_secret_file(file.path()).expect("ours").as_str(), "secret");
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o604)).expect("opened");
        assert!(matches!(read_secret_file(file.path()), Err(SecretFileError::WorldReadable(_))));
    }
}
