//! `auth-server rules import`: shows what would change, and changes it.

use std::collections::HashSet;
use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

use clap::Args;
use policies::csv::{self, Document};
use policies::{RoleDefinition, Snapshot};
use service::output;

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
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask; required if standard input is not a terminal
    #[arg(long)]
    yes: bool,
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
    let changes = changes(&current, &document);
    for change in &changes {
        output::print(change)?;
    }
    if changes.is_empty() {
        return Ok(output::print("the policy has these roles and rules already")?);
    }
    if options.dry_run {
        return Ok(());
    }
    confirm(options, changes.len())?;
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

/// The lines of a rules file that the import removes (`-`) and adds (`+`).
fn changes(current: &Snapshot, new: &Document) -> Vec<String> {
    let before = transfer::export(current);
    let after = csv::write(&merged(&before, new));
    let before = csv::write(&before);
    let (old, new): (HashSet<&str>, HashSet<&str>) =
        (before.lines().collect(), after.lines().collect());
    let removed = before.lines().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let added = after.lines().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    removed.chain(added).collect()
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

fn confirm(options: &Options, changes: usize) -> Result<(), Failure> {
    if options.yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(Failure::because(
            "nothing was changed: standard input is not a terminal; pass --yes to import without being asked",
        ));
    }
    output::report(format_args!("Make these {changes} changes? [y/N]"));
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(Failure::because)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::because("nothing was changed"))
}
