//! `auth-server rules …`: the rules as a text file, for review and version control.

use std::io::{ErrorKind, Read, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use policies::cases;
use policies::cases::{Expectation, FailedCase, Report, SHIPPED_CASES};
use policies::csv;
use policies::csv::{Document, RuleRow};
use policies::label_rules::{LabelRules, SHIPPED};
use policies::{Label, Snapshot};

use super::Failure;
use crate::app::open;
use crate::audit::Actor;
use crate::clock::Clock;
use service::config::ConfigError;

use crate::config::Config;
use crate::policy::transfer;
use crate::policy::write::PolicyWrite;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check whether a rules file could be imported; needs no database
    Check {
        /// Rules in the format of `rules export`; `-` reads standard input
        file: PathBuf,
    },
    /// Test the rules in the database against expected decisions
    Test {
        /// Expected decisions [default: those of the shipped rules]
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        /// Test the rules in this file instead; needs no database
        #[arg(long, value_name = "FILE")]
        rules: Option<PathBuf>,
    },
    /// Replace all rules with those of a file
    Import {
        /// Rules in the format of `rules export`; `-` reads standard input
        file: PathBuf,
    },
    /// Print roles and rules
    Export,
}

pub(crate) async fn run(
    command: Command,
    settings: impl FnOnce() -> Result<Config, ConfigError>,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { file } => check(&file)?,
        Command::Test { cases, rules: Some(rules) } => {
            return test(&of_file(&rules)?, cases.as_deref());
        }
        Command::Test { cases, rules: None } => {
            let opened = open::policy(&settings()?, &Clock::default()).await;
            let (_, policy) = opened.map_err(Failure::because)?;
            return test(&policy.snapshot_full(), cases.as_deref());
        }
        Command::Import { file } => import(&settings()?, &file).await?,
        Command::Export => export(&settings()?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> Result<(), Failure> {
    let policy = of_file(file)?;
    println!("{}: valid, {} rules", file.display(), policy.rules().count());
    Ok(())
}

/// The policy of a rules file. Labels have the validity periods of the shipped label rules.
fn of_file(file: &Path) -> Result<Snapshot, Failure> {
    let labels = LabelRules::parse(SHIPPED).map_err(Failure::because)?;
    let time_bound: Vec<Label> = labels.time_bound_labels().cloned().collect();
    let empty = Snapshot::empty(time_bound).map_err(Failure::because)?;
    empty.next(1, &read(file)?.changes()).map_err(|error| Failure::about(file, error))
}

fn test(policy: &Snapshot, file: Option<&Path>) -> Result<ExitCode, Failure> {
    let shipped = Path::new("shipped cases");
    let text = match file {
        None => SHIPPED_CASES.to_owned(),
        Some(file) => text(file)?,
    };
    let file = file.unwrap_or(shipped);
    let report = cases::run(policy, &text).map_err(|error| Failure::about(file, error))?;
    Ok(print_report(file, &report))
}

fn print_report(file: &Path, Report { cases, failures }: &Report) -> ExitCode {
    for FailedCase { name, line, expected, actual, rule } in failures {
        let place = file.display();
        println!("{place}:{line}: {name}");
        println!("    expected {}", describe(*expected));
        println!(
            "    actual   {}",
            describe(Expectation { allowed: actual.allowed, code: Some(actual.code) })
        );
        if let Some(rule) = rule {
            let rules = vec![RuleRow::from(rule.as_ref())];
            print!("    rule: {}", csv::write(&Document { roles: Vec::new(), rules }));
        }
    }
    println!("{} of {cases} cases passed", cases - failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn describe(Expectation { allowed, code }: Expectation) -> String {
    let verdict = if allowed { "allowed" } else { "denied" };
    code.map_or(verdict.to_owned(), |code| format!("{verdict} ({})", code.as_str()))
}

async fn import(config: &Config, file: &Path) -> Result<(), Failure> {
    let document = read(file)?;
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    let done = transfer::import(write, &document, Actor::CommandLine).await?;
    println!("{} rules in force, {} new roles, revision {}", done.rules, done.roles, done.revision);
    Ok(())
}

async fn export(config: &Config) -> Result<(), Failure> {
    let opened = open::policy(config, &Clock::default()).await;
    let (_, policy) = opened.map_err(Failure::because)?;
    let text = csv::write(&transfer::export(&policy.snapshot()));
    match stdout().write_all(text.as_bytes()) {
        // The reader has closed the pipe on purpose.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Failure::because),
    }
}

fn read(file: &Path) -> Result<Document, Failure> {
    csv::read(&text(file)?).map_err(|error| Failure::about(file, error))
}

fn text(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut text = String::new();
        stdin().read_to_string(&mut text).map_err(Failure::because)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| Failure::about(file, error))
}
