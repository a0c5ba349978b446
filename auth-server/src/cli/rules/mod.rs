//! `auth-server rules …`: the rules as a text file, for review and version control.

mod changes;
mod check;
mod history;
mod import;
mod preview;
mod rollback;
mod test;

use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use policies::csv;
use policies::csv::{Document, RuleRow};
use policies::label_rules::{LabelRules, SHIPPED};
use policies::{Label, Rule, Snapshot};
use service::config::ConfigError;
use service::output;

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::revisions::state::{Present, Since};
use crate::policy::{roles, transfer};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check whether a rules file could be imported, and warn of probable mistakes; needs no database
    Check {
        /// Rules in the format of `rules export`; `-` reads standard input
        file: PathBuf,
        /// The label rules of etl-labeler, whose labels the rules are about [default: the shipped ones]
        #[arg(long, value_name = "FILE")]
        labels: Option<PathBuf>,
        /// Print JSON: the number of `rules` and the `warnings`, as answers of the API have them
        #[arg(long)]
        json: bool,
    },
    /// Test the rules in the database against expected decisions
    Test(test::Options),
    /// Show for whom an import would change what, and change nothing
    Preview(preview::Options),
    /// Replace all rules with those of a file, after showing what changes
    Import(import::Options),
    /// Print roles and rules
    Export {
        /// As they were at this revision [default: the present one]
        #[arg(long, value_name = "REVISION")]
        revision: Option<i64>,
    },
    /// List the revisions that changed rules or roles, newest first
    History(history::Options),
    /// Restore the rules and roles of a revision, after showing what changes; grants stay as they are
    Rollback(rollback::Options),
}

pub(crate) async fn run(
    command: Command,
    settings: impl FnOnce() -> Result<Config, ConfigError>,
) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { file, labels, json } => check::check(&file, labels.as_deref(), json)?,
        Command::Test(options) => return test::test(&options, settings).await,
        Command::Preview(options) => preview::preview(&settings()?, &options).await?,
        Command::Import(options) => import::import(&settings()?, &options).await?,
        Command::Export { revision } => export(&settings()?, revision).await?,
        Command::History(options) => history::history(&settings()?, &options).await?,
        Command::Rollback(options) => rollback::rollback(&settings()?, &options).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn label_rules(file: Option<&Path>) -> Result<LabelRules, Failure> {
    let Some(file) = file else { return LabelRules::parse(SHIPPED).map_err(Failure::because) };
    LabelRules::parse(&text(file)?).map_err(|error| Failure::about(file, error))
}

/// The policy of a rules file. Labels have the validity periods of these label rules.
fn of_file(file: &Path, labels: &LabelRules) -> Result<Snapshot, Failure> {
    let time_bound: Vec<Label> = labels.time_bound_labels().cloned().collect();
    let empty = Snapshot::empty(time_bound).map_err(Failure::because)?;
    empty.next(1, &read(file)?.changes()).map_err(|error| Failure::about(file, error))
}

/// The rule as a line of a rules file.
fn row(rule: &Rule) -> String {
    let rules = vec![RuleRow::from(rule)];
    csv::write(&Document { roles: Vec::new(), rules }).trim_end().to_owned()
}

async fn export(config: &Config, revision: Option<i64>) -> Result<(), Failure> {
    let clock = Clock::default();
    let document = match revision {
        None => {
            let opened = open::policy(config, &clock).await;
            let (pool, policy) = opened.map_err(Failure::because)?;
            let descriptions = roles::all_descriptions(&pool).await.map_err(Failure::because)?;
            transfer::export(&policy.snapshot(), &descriptions)
        }
        Some(revision) => {
            let pool = open::migrated(&config.database, &clock).await.map_err(Failure::because)?;
            let mut db = pool.begin_snapshot().await.map_err(Failure::because)?;
            let since = Since::read(&mut db, revision).await?;
            let present = Present::read(&mut db).await.map_err(Failure::because)?;
            present.state().map_err(Failure::because)?.rewound(since).document()
        }
    };
    Ok(output::print(csv::write(&document).trim_end_matches('\n'))?)
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
