//! `auth-server rules rollback`: shows what restoring a revision would change, and restores it.

use clap::Args;
use service::output;

use super::changes::{self, Consent};
use crate::app::open;
use crate::audit::Actor;
use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::revisions::restore::{KeptRole, Restoration};
use crate::policy::write::PolicyWrite;

#[derive(Args)]
pub(crate) struct Options {
    /// The revision to restore; `rules history` lists revisions
    revision: i64,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn rollback(config: &Config, options: &Options) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    // Rolled back before the question is asked: nobody else can write until then.
    let mut shown = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    let present = shown.base().revision();
    let restoration = Restoration::plan(&mut shown, options.revision).await?;
    drop(shown);
    report_kept(&restoration.kept);
    let changes = changes::between(&restoration.before, &restoration.after);
    if !options.consent.given_to(&changes)? {
        return Ok(());
    }
    let mut write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    if write.base().revision() != present {
        return Err(Failure::because("the policy has changed meanwhile; repeat the rollback"));
    }
    let restoration = Restoration::plan(&mut write, options.revision).await?;
    let done = restoration.apply(write, Actor::CommandLine).await?;
    let line = format!(
        "revision {} restored: {} rules and {} roles changed, revision {}",
        done.restored, done.changed_rules, done.changed_roles, done.revision
    );
    Ok(options.consent.report(&changes, &done, line)?)
}

fn report_kept(kept: &[KeptRole]) {
    for KeptRole { role, users } in kept {
        output::report(format_args!(
            "the role {role} did not exist then, and is kept without rights: {users} users have it"
        ));
    }
}
