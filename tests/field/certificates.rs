//! A private certificate authority, and a certificate of `localhost` and 127.0.0.1 by it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The files, which every user may read, as servers run under users of their own.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let this = Self(folder);
        let new =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        this.run(&format!("{new} -keyout ca.key -out ca.pem -subj /CN=test"));
        this.run(&format!(
            "{new} -keyout key.pem -out cert.pem -subj /CN=localhost -CA ca.pem -CAkey ca.key \
             -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE"
        ));
        std::fs::set_permissions(this.path("key.pem"), Permissions::from_mode(0o644)).unwrap();
        this
    }

    /// `ca.pem`, `cert.pem` or `key.pem`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn run(&self, command: &str) {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (program, arguments) = words.split_first().unwrap();
        let ran = Command::new(program).args(arguments).current_dir(&self.0).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    }
}
