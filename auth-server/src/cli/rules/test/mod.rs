//! `auth-server rules test`: whether rules decide as expected.

mod json;
mod junit;
mod text;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use policies::cases::{self, Report, SHIPPED_CASES};
use policies::{Rule, Snapshot};
use service::config::ConfigError;

use super::{label_rules, of_file, text};
use crate::app::open;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;

#[derive(Args)]
pub(crate) struct Options {
    /// Expected decisions [default: those of the shipped rules]
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// Test the rules in this file instead; needs no database
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Print the result of every case as JSON
    #[arg(long)]
    json: bool,
    /// Write the result of every case to a JUnit XML file as well
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Say which rules no case exercises
    #[arg(long)]
    coverage: bool,
    /// Test again whenever the file of the rules or of the cases changes, until interrupted
    #[arg(long, requires = "rules")]
    watch: bool,
}

/// Cases that were run against a policy.
struct Tested<'a> {
    /// The file of the cases.
    file: &'a Path,
    report: Report,
    coverage: Option<Coverage<'a>>,
}

/// Which rules the cases exercise.
struct Coverage<'a> {
    /// Number of rules, without the superuser's built-in rule.
    rules: usize,
    /// Those that no case exercises, in evaluation order.
    unexercised: Vec<&'a Arc<Rule>>,
}

pub(super) async fn test(
    options: &Options,
    settings: impl FnOnce() -> Result<Config, ConfigError>,
) -> Result<ExitCode, Failure> {
    match &options.rules {
        Some(rules) if options.watch => watch::watch(options, rules).await,
        Some(rules) => test_file(options, rules),
        None => {
            let opened = open::policy(&settings()?, &Clock::default()).await;
            let (_, policy) = opened.map_err(Failure::because)?;
            test_policy(options, &policy.snapshot_full())
        }
    }
}

fn test_file(options: &Options, rules: &Path) -> Result<ExitCode, Failure> {
    test_policy(options, &of_file(rules, &label_rules(None)?)?)
}

fn test_policy(options: &Options, policy: &Snapshot) -> Result<ExitCode, Failure> {
    let file = options.cases.as_deref().unwrap_or(Path::new("shipped cases"));
    let cases = match &options.cases {
        None => SHIPPED_CASES.to_owned(),
        Some(file) => text(file)?,
    };
    let report = cases::run(policy, &cases).map_err(|error| Failure::about(file, error))?;
    let coverage = options.coverage.then(|| Coverage::of(policy, &report));
    let tested = Tested { file, report, coverage };
    if let Some(junit) = &options.junit {
        junit::write(junit, &tested)?;
    }
    if options.json {
        json::print(&tested)?;
    } else {
        text::print(&tested)?;
    }
    let has_passed = tested.report.failures().next().is_none();
    Ok(if has_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl<'a> Coverage<'a> {
    fn of(policy: &'a Snapshot, report: &Report) -> Self {
        let rules = policy.rules().filter(|rule| !rule.is_builtin()).count();
        Self { rules, unexercised: report.unexercised(policy) }
    }

    fn exercised(&self) -> usize {
        self.rules - self.unexercised.len()
    }
}
