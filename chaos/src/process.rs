//! Programs as processes, with their output in files.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::process::{Child, Command};

/// How long a program may take to end after SIGTERM.
const SHUTDOWN: Duration = Duration::from_secs(45);

/// A program that is started again and again with the same settings. Killed on drop.
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    settings: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// With these settings as its whole environment, besides `PATH`.
    pub(crate) fn new(
        path: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
        log: PathBuf,
    ) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            path: path.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            settings: settings.iter().map(owned).collect(),
            log,
            child: None,
        }
    }

    /// Starts it. Its output is appended to its file.
    pub(crate) fn start(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = self.command(&self.arguments);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn().with_context(|| self.path.display().to_string())?);
        Ok(())
    }

    /// Runs it to its end with other arguments, and `input` on standard input. Returns its output.
    pub(crate) async fn run(&self, arguments: &[&str], input: &str) -> anyhow::Result<String> {
        let mut command = self.command(arguments);
        command.stdin(input_of(input)?).kill_on_drop(true);
        let output = command.output().await;
        let output = output.with_context(|| format!("{} (build it first)", self.path.display()))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {arguments:?}: {errors}", self.path.display());
        Ok(String::from_utf8(output.stdout)?)
    }

    fn command<A: AsRef<std::ffi::OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Ends it with SIGKILL.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> anyhow::Result<()> {
        self.signal("TERM").await?;
        if let Some(mut child) = self.child.take() {
            let status =
                tokio::time::timeout(SHUTDOWN, child.wait()).await.context("shutdown")??;
            ensure!(status.success(), "{} after SIGTERM: {status}", self.path.display());
        }
        Ok(())
    }

    /// Sends a signal: `STOP`, `CONT`.
    pub(crate) async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.child.as_ref().and_then(Child::id).context("it has ended")?;
        let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().await?;
        ensure!(status.success(), "kill -s {name} {pid}: {status}");
        Ok(())
    }
}

/// A file with this content, for the standard input of a process.
pub(crate) fn input_of(text: &str) -> anyhow::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}
