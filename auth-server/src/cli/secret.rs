//! `auth-server secret …`: a new `AUTH_SECRET` after a theft or a loss.

use clap::Subcommand;
use service::output;

use super::Failure;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::Secrets;
use crate::secret_replacement::compromised;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Replace a secret that was stolen or lost
    ///
    /// Stop all servers first. `AUTH_SECRET` is the new secret, and `AUTH_SECRET_PREVIOUS` the old one if it is
    /// known. All sessions end and all signing keys are replaced; second factors are re-encrypted if the old
    /// secret is known. A secret that is still safe is replaced by rolling restarts instead, which end no session.
    Replace {
        /// End all sessions, as nothing under the old secret is trusted any more
        #[arg(long, required = true)]
        compromised: bool,
        /// Print JSON: the number of `sessions` that ended, of second `factors` that are encrypted, and of `lost_factors`
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    let Command::Replace { compromised: _, json } = command;
    let clock = Clock::default();
    let pool = open::migrated(&config.database, &clock).await?;
    let secrets = Secrets::load_or_create(&config.secret).map_err(Failure::because)?;
    let replaced = compromised::replace(&pool, &secrets, clock.now()).await;
    let replaced = replaced.map_err(Failure::because)?;
    if json {
        return Ok(output::print_json(&replaced)?);
    }
    output::print(format_args!(
        "{} sessions are ended, and all signing keys replaced; start all servers with the new AUTH_SECRET, \
         and without the old one",
        replaced.sessions
    ))?;
    output::print(format_args!(
        "{} second factors are encrypted with the new secret, {} cannot be decrypted: their users sign in with a \
         recovery code, or ask for `auth-server user reset-second-factor`",
        replaced.factors, replaced.lost_factors
    ))?;
    Ok(())
}
