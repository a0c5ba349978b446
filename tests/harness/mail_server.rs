//! A real mail server, as a process of its own, and the mails that it gets.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::{TestServer, setting};

/// How long a mail may take: the first tries may fail, and the machine be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server. It ends with this value.
pub struct MailServer {
    /// Its port, also while it does not run.
    pub port: u16,
    folder: TempDir,
    child: Option<Child>,
}

/// A mail that arrived.
#[derive(Debug, Deserialize)]
pub struct Mail {
    /// Who sent it, as the server was told.
    pub sender: String,
    /// Who gets it.
    pub recipients: Vec<String>,
    /// Headers by their names in lower case.
    pub headers: Value,
    /// What it says.
    pub text: String,
    /// Whether it came through TLS.
    pub encrypted: bool,
    /// Who handed it in.
    pub user: Option<String>,
}

impl Mail {
    /// What stands after `#token=` in its link.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn token(&self) -> String {
        let line = self.text.lines().find(|line| line.contains("#token="));
        line.unwrap_or_else(|| panic!("{self:?}")).split_once("#token=").unwrap().1.to_owned()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl MailServer {
    /// One that runs, and takes mails from everybody.
    #[must_use]
    pub fn start() -> Self {
        let mut server = Self::absent();
        server.run(&[]);
        server
    }

    /// One that does not run yet.
    ///
    /// # Panics
    /// There is no free port.
    #[must_use]
    pub fn absent() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, folder: tempfile::tempdir().unwrap(), child: None }
    }

    /// Starts it, with these arguments of `tests/harness/mail_server.py`.
    ///
    /// # Panics
    /// It does not start.
    pub fn run(&mut self, arguments: &[&str]) {
        self.stop();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("harness/mail_server.py");
        let mut command = Command::new(setting("AIOSMTPD"));
        command
            .args(["-W", "ignore"])
            .arg(program)
            .arg(self.folder.path())
            .arg(self.port.to_string())
            .args(arguments);
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let (ready, started) = (self.folder.path().join("ready"), Instant::now());
        while !ready.exists() {
            assert!(child.try_wait().unwrap().is_none(), "the mail server ended at once");
            assert!(started.elapsed() < PATIENCE, "the mail server does not start");
            thread::sleep(Duration::from_millis(10));
        }
        self.child = Some(child);
    }

    /// Stops it.
    ///
    /// # Panics
    /// It can't be killed.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            let _ = fs::remove_file(self.folder.path().join("ready"));
        }
    }

    /// An auth-server that sends its mails here, with these settings besides.
    pub async fn server(&self, settings: &[(&str, &str)]) -> TestServer {
        let url = format!("smtp://127.0.0.1:{}", self.port);
        let mut all = vec![("AUTH_SMTP_URL", url.as_str())];
        all.extend(LINKS);
        all.extend(settings);
        TestServer::with(&all).await
    }

    /// All mails so far, the oldest first.
    ///
    /// # Panics
    /// One can't be read.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        files.iter().map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect()
    }

    /// Waits for the `number`th mail (from 0) to this address.
    ///
    /// # Panics
    /// It does not come.
    pub async fn mail(&self, to: &str, number: usize) -> Mail {
        let started = Instant::now();
        loop {
            let mut mails = self.mails();
            mails.retain(|mail| mail.recipients == [to]);
            if number < mails.len() {
                return mails.swap_remove(number);
            }
            assert!(started.elapsed() < PATIENCE, "no mail to {to}: {mails:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Who sends mails, and where their links lead.
pub const LINKS: [(&str, &str); 3] = [
    ("AUTH_MAIL_FROM", "Films <no-reply@films.example>"),
    ("AUTH_MAIL_LINK_VERIFY", "https://films.example/verify"),
    ("AUTH_MAIL_LINK_RESET", "https://films.example/reset"),
];
