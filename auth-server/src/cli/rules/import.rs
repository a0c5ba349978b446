//! `auth-server rules import`: shows what would change, and changes it.

use std::path::PathBuf;

use clap::Args;
use policies::csv;

use super::changes::{self, Consent};
use super::read;
use crate::app::open;
use crate::audit::Actor;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::write::PolicyWrite;
use crate::policy::{roles, transfer};

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
    let descriptions = roles::all_descriptions(&pool).await.map_err(Failure::because)?;
    let before = transfer::export(&current, &descriptions);
    let after = transfer::merged(&before, &document);
    let changes = changes::between(&csv::write(&before), &csv::write(&after));
    if !options.consent.given_to(&changes)? {
        return Ok(());
    }
    let write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    if write.base().revision() != current.revision() {
        return Err(Failure::because("the policy has changed meanwhile; repeat the import"));
    }
    let done = transfer::import(write, &document, Actor::CommandLine).await?;
    Ok(options.consent.report(&changes, &done, &done)?)
}
