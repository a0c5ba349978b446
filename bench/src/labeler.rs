//! Runs of `etl-labeler`, with the memory that they take.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use tempfile::NamedTempFile;
use tokio::process::Command;
use uuid::Uuid;

use crate::process;

const SAMPLE_EVERY: Duration = Duration::from_millis(100);

/// Adds to the shipped labels one that most films get.
const ADDED_RULE: &str =
    "\n[[label]]\nname = \"rated\"\nquery = { exists = { field = \"imdb_rating\" } }\n";

/// The program, and an index name of its own.
pub(crate) struct Labeler {
    program: PathBuf,
    index: String,
    changed_rules: NamedTempFile,
}

impl Labeler {
    /// With the etl-labeler that was built together with this program.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut changed_rules = NamedTempFile::with_suffix(".toml")?;
        let shipped = include_str!("../../policies/labels.toml");
        write!(changed_rules, "{shipped}{ADDED_RULE}")?;
        let program = std::env::current_exe()?.with_file_name("etl-labeler");
        Ok(Self { program, index: format!("bench-{}", Uuid::new_v4().simple()), changed_rules })
    }

    pub(crate) fn index(&self) -> &str {
        &self.index
    }

    /// A file with other label rules than those shipped.
    pub(crate) fn changed_rules(&self) -> &Path {
        self.changed_rules.path()
    }

    pub(crate) async fn import(&self, file: &Path) -> anyhow::Result<Vec<f64>> {
        self.run(&[OsStr::new("import"), file.as_os_str()], None).await
    }

    pub(crate) async fn once(&self, rules: Option<&Path>) -> anyhow::Result<Vec<f64>> {
        self.run(&[OsStr::new("once")], rules).await
    }

    /// Resident memory in MiB, sampled until the program ends.
    async fn run(&self, arguments: &[&OsStr], rules: Option<&Path>) -> anyhow::Result<Vec<f64>> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env("FILMS_INDEX", &self.index).env("ETL_LOG", "warn");
        command.envs(rules.map(|rules| ("ETL_LABELS", rules)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let mut program = command.spawn().context("etl-labeler")?;
        let pid = program.id().context("etl-labeler has ended")?;
        let mut samples = Vec::new();
        loop {
            tokio::select! {
                status = program.wait() => {
                    let status = status?;
                    ensure!(status.success(), "{arguments:?}: {status}");
                    return Ok(samples);
                }
                () = tokio::time::sleep(SAMPLE_EVERY) => samples.extend(process::resident_mib(pid)),
            }
        }
    }
}
