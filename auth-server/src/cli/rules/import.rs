//! `auth-server rules import`: shows what would change, and changes it.

use std::path::PathBuf;

use clap::Args;
use policies::csv::{self, Document};
use policies::{RoleDefinition, Snapshot};
use service::output;

use super::changes::{self, Consent};
use super::read;
use crate::app::open;
use crate::audit::Actor;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::transfer;
use crate::policy::write::PolicyWrite;

#[derive(Args)]
pub(crate) struct Options {
    /// Rules in the format of `rules export`; `-` reads standard input
    file: PathBuf,
    #[command(flatten)]
    consent: Consent,
    /// Import a file without rules, with which nobody but superusers may do anything
    #[arg(long)]
    allow_empty: bool,
}

pub(super) async fn import(config: &Config, options: &Options) -> Result<(), Failure> {
    let document = read(&options.file)?;
    if !options.allow_empty && document.rules.iter().all(|row| row.priority == 0) {
        return Err(Failure::about(
            &options.file,
            "it has no rules; if nobody but superusers shall be allowed anything, pass --allow-empty",
        ));
    }
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let current = policy.snapshot_full();
    if !options.consent.given_to(&changes(&current, &document))? {
        return Ok(());
    }
    let write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    if write.base().revision() != current.revision() {
        return Err(Failure::because("the policy has changed meanwhile; repeat the import"));
    }
    let done = transfer::import(write, &document, Actor::CommandLine).await?;
    output::print(format_args!(
        "{} rules in force, {} new roles, revision {}",
        done.rules, done.roles, done.revision
    ))?;
    Ok(())
}

/// The lines of a rules file that the import removes and adds.
fn changes(current: &Snapshot, new: &Document) -> Vec<String> {
    let before = transfer::export(current);
    changes::between(&csv::write(&before), &csv::write(&merged(&before, new)))
}

/// What the policy is after the import: roles that the document does not name remain.
fn merged(before: &Document, new: &Document) -> Document {
    let is_named = |role: &&RoleDefinition| new.roles.iter().any(|other| other.name == role.name);
    let remaining = before.roles.iter().filter(|role| !is_named(role));
    let mut roles: Vec<RoleDefinition> = remaining.chain(&new.roles).cloned().collect();
    roles.sort();
    let builtin = before.rules.iter().filter(|row| row.priority == 0);
    let rows = builtin.chain(new.rules.iter().filter(|row| row.priority > 0));
    Document { roles, rules: rows.cloned().collect() }
}
