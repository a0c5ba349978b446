//! Secrets in files.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, fstatvfs};
use rustix::process::geteuid;
use zeroize::Zeroizing;

/// Why a file with a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It does not exist or cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, std::io::Error),
    /// Every user of the machine can read it, which its owner, who runs the program, can change.
    #[error("{} is open to every user of this machine; run: chmod o= {}", .0.display(), .0.display())]
    WorldReadable(PathBuf),
    /// It holds nothing.
    #[error("{} is empty; write the secret to it, or unset the variable", .0.display())]
    Empty(PathBuf),
}

/// A secret from a file.
#[derive(Debug)]
pub struct SecretFile {
    /// The text, without a final line break.
    pub text: Zeroizing<String>,
    /// Why others may know it.
    pub warning: Option<String>,
}

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// Reads the file. One that every user of the machine can read is accepted where this process could not
/// change that: so Docker and Kubernetes mount secrets, into containers without other users.
///
/// # Errors
/// The file cannot be read, is empty, or is open to every user although this process could close it.
pub fn read_secret_file(path: &Path) -> Result<SecretFile, SecretFileError> {
    let io = |error| SecretFileError::Io(path.to_owned(), error);
    let file = File::open(path).map_err(io)?;
    // Asked of the open file: by now the path may name another one.
    let metadata = file.metadata().map_err(io)?;
    let is_open = metadata.mode() & 0o007 != 0;
    if is_open && metadata.uid() == geteuid().as_raw() && is_writable(&file).map_err(io)? {
        return Err(SecretFileError::WorldReadable(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(io)?;
    if text.trim().is_empty() {
        return Err(SecretFileError::Empty(path.to_owned()));
    }
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    let warning = || format!("{} is open to every user of this machine", path.display());
    Ok(SecretFile { text, warning: is_open.then(warning) })
}

/// Whether the mount that the file is on can be written.
fn is_writable(file: &File) -> std::io::Result<bool> {
    Ok(!fstatvfs(file)?.f_flag.contains(StatVfsMountFlags::RDONLY))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        std::fs::set_permissions(file.path(), Permissions::from_mode(mode)).expect("set");
        file
    }

    #[test]
    fn a_file_that_its_owner_leaves_open_is_refused() {
        let closed = read_secret_file(file("secret\r\n", 0o640).path()).expect("ours");
        assert_eq!((closed.text.as_str(), closed.warning), ("secret", None));
        for mode in [0o604, 0o444, 0o644, 0o602] {
            let refused = read_secret_file(file("secret", mode).path());
            assert!(matches!(refused, Err(SecretFileError::WorldReadable(_))), "{mode:o}");
        }
    }

    #[test]
    fn a_file_that_another_user_leaves_open_is_accepted_with_a_warning() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("data"), directory.path().join("secret"));
        std::fs::write(&path, "secret\n").expect("written");
        std::fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("set");
        symlink(&path, &link).expect("linked");
        // Only root can give a file away; `/etc/passwd` is root's.
        let link = if chown(&path, Some(65_534), None).is_ok() {
            &*link
        } else {
            Path::new("/etc/passwd")
        };
        let SecretFile { text, warning } = read_secret_file(link).expect("accepted");
        assert!(!text.is_empty() && !text.ends_with('\n'));
        assert!(warning.is_some_and(|text| text.contains("open to every user")));
    }

    #[test]
    fn an_empty_file_is_refused() {
        for text in ["", "\n", " \r\n"] {
            let refused = read_secret_file(file(text, 0o600).path());
            assert!(matches!(refused, Err(SecretFileError::Empty(_))), "{text:?}");
        }
    }
}
