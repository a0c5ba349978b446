//! A real SMTP server, as a process, and the e-mail that it receives.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::oidc::OidcSite;
use crate::{Database, TestServer, free_port, setting};

/// How long delivery may take: the first attempts may fail, and the machine may be busy.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A mail server, stopped when this value is dropped.
pub struct MailServer {
    /// Its port, also while it is stopped.
    pub port: u16,
    folder: TempDir,
    child: Option<Child>,
}

/// A delivered message.
#[derive(Debug, Deserialize)]
pub struct Mail {
    /// The envelope sender.
    pub sender: String,
    /// The envelope recipients.
    pub recipients: Vec<String>,
    /// Headers by name, in lower case.
    pub headers: Value,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// True if it was sent through TLS.
    pub encrypted: bool,
    /// The authenticated SMTP user.
    pub user: Option<String>,
}

impl Mail {
    fn is_notice(&self) -> bool {
        let subject = self.headers["subject"].as_str();
        subject.is_some_and(|subject| subject.ends_with("your account was changed"))
    }

    /// The token in its link, after `#token=`.
    ///
    /// # Panics
    /// If there is none.
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
    /// A running server that accepts e-mail from everyone.
    #[must_use]
    pub fn start() -> Self {
        let mut server = Self::stopped();
        server.run(&[]);
        server
    }

    /// A server that is not running yet.
    ///
    /// # Panics
    /// If there is no temporary folder.
    #[must_use]
    pub fn stopped() -> Self {
        let port = free_port();
        Self { port, folder: tempfile::tempdir().unwrap(), child: None }
    }

    /// Starts it with these arguments for `tests/harness/mail_server.py`.
    ///
    /// # Panics
    /// If it does not start.
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
            assert!(started.elapsed() < TIMEOUT, "the mail server does not start");
            thread::sleep(Duration::from_millis(10));
        }
        self.child = Some(child);
    }

    /// Stops it.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            let _ = fs::remove_file(self.folder.path().join("ready"));
        }
    }

    /// An auth-server that sends its e-mail here, with these additional settings.
    pub async fn server(&self, settings: &[(&str, &str)]) -> TestServer {
        self.server_on(Database::migrated().await, settings).await
    }

    /// As [`MailServer::server`], on a database that the test has prepared.
    pub async fn server_on(&self, database: Database, settings: &[(&str, &str)]) -> TestServer {
        let url = self.url();
        let mut all = sending_to(&url);
        all.extend(settings);
        TestServer::on_database(database, &all).await
    }

    /// A site with identity providers, whose auth-server sends its e-mail here.
    pub async fn oidc_site(&self) -> OidcSite {
        OidcSite::with(&sending_to(&self.url())).await
    }

    fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Whether it has begun to receive a message to `slow@…`.
    #[must_use]
    pub fn has_begun_slow_message(&self) -> bool {
        self.folder.path().join("slow").exists()
    }

    /// All messages so far but notices, oldest first.
    ///
    /// # Panics
    /// If one cannot be read.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.all().into_iter().filter(|mail| !mail.is_notice()).collect()
    }

    /// All notices of account changes so far, oldest first.
    ///
    /// # Panics
    /// If one cannot be read.
    #[must_use]
    pub fn notices(&self) -> Vec<Mail> {
        self.all().into_iter().filter(Mail::is_notice).collect()
    }

    fn all(&self) -> Vec<Mail> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        files.iter().map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect()
    }

    /// Waits for a message to this address that is no notice: the first one is number 0.
    ///
    /// # Panics
    /// If it does not arrive.
    pub async fn mail(&self, to: &str, number: usize) -> Mail {
        let started = Instant::now();
        loop {
            let mut mails = self.mails();
            mails.retain(|mail| mail.recipients == [to]);
            if number < mails.len() {
                return mails.swap_remove(number);
            }
            assert!(started.elapsed() < TIMEOUT, "no message to {to}: {mails:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn sending_to(url: &str) -> Vec<(&str, &str)> {
    [("AUTH_SMTP_URL", url)].into_iter().chain(EMAIL_SETTINGS).collect()
}

/// The sender of all messages, and the targets of their links.
pub const EMAIL_SETTINGS: [(&str, &str); 3] = [
    ("AUTH_MAIL_FROM", "Films <no-reply@films.example>"),
    ("AUTH_MAIL_LINK_VERIFY", "https://films.example/verify"),
    ("AUTH_MAIL_LINK_RESET", "https://films.example/reset"),
];
