//! A server of `PostgreSQL` that a test has for itself, and a standby of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use tests::free_port;

/// A server of its own, stopped when this value is dropped.
pub(crate) struct OwnPostgres {
    pub(crate) port: u16,
    folder: TempDir,
    bin: String,
    runs: bool,
}

impl OwnPostgres {
    /// An empty server, not started yet. `None`, with a visible word, if `PostgreSQL` is not installed.
    pub(crate) fn create() -> Option<Self> {
        let Some(this) = Self::prepare() else {
            println!("SKIPPED: no PostgreSQL in /usr/lib/postgresql");
            return None;
        };
        this.run(
            "initdb",
            &["-D", &this.text("data"), "-E", "UTF8", "-A", "trust", "-U", "postgres", "--no-sync"],
        );
        Some(this)
    }

    fn prepare() -> Option<Self> {
        let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().collect();
        versions.sort_by_key(fs::DirEntry::file_name);
        let bin = versions.last()?.path().join("bin").to_str()?.to_owned();
        Some(Self { port: free_port(), folder: tempfile::tempdir().unwrap(), bin, runs: false })
    }

    /// A standby of this server, started.
    pub(crate) fn standby(&self) -> Self {
        let mut standby = Self::prepare().unwrap();
        let (data, source) = (standby.text("data"), self.url("postgres"));
        standby.run(
            "pg_basebackup",
            &["-D", &data, "-R", "-X", "stream", "--no-sync", "-c", "fast", "-d", &source],
        );
        standby.start("");
        standby
    }

    /// Starts it with these options of `postgres`.
    pub(crate) fn start(&mut self, options: &str) {
        let folder = self.folder.path().to_str().unwrap();
        let options = format!(
            "-p {} -c listen_addresses=localhost -c unix_socket_directories={folder} -c fsync=off {options}",
            self.port
        );
        let (data, log) = (self.text("data"), self.text("data/log"));
        self.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
        self.runs = true;
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        self.run("pg_ctl", &["-D", &self.text("data"), "-w", "promote"]);
    }

    /// Ends it without letting it finish anything.
    pub(crate) fn kill(&mut self) {
        self.run("pg_ctl", &["-D", &self.text("data"), "-m", "immediate", "stop"]);
        self.runs = false;
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address())
    }

    /// Its `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// A file beside its data, which it may read.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Runs a program of `PostgreSQL`, which refuses to work as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let owned = Command::new("chown").args(["-R", "postgres"]).arg(self.folder.path()).status();
        assert!(owned.unwrap().success());
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", &format!("{}/{program}", self.bin)]).args(arguments);
        let status = command.current_dir("/").stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "{program}");
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        if self.runs {
            self.kill();
        }
    }
}
