//! `auth-server sessions …`: for when a user has lost a device.

use clap::Subcommand;
use service::output;

use super::{Failure, publish};
use crate::app::open;
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::clock::Clock;
use crate::config::Config;
use crate::session;
use crate::user::store;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// End all sessions of a user
    ///
    /// Running servers refuse all earlier tokens within a second. The account stays as it is.
    End {
        /// Login, in any case
        login: String,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::End { login } => end(&config, &login).await,
    }
}

async fn end(config: &Config, login: &str) -> Result<(), Failure> {
    let unknown = || Failure::unknown_login(login);
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let mut transaction = pool.begin().await.map_err(Failure::because)?;
    let user = store::find_by_login(&mut *transaction, login).await.map_err(Failure::because)?;
    let user = user.ok_or_else(unknown)?;
    let limits = session::SessionLimits::new(&config.session, &config.token);
    let period = limits.revocation_period(Clock::default().now());
    let ended = session::end_all(&mut transaction, user, "ended_by_operator", period).await;
    let ended = ended.map_err(Failure::because)?.ok_or_else(unknown)?;
    let record =
        AuditRecord::new(Actor::CommandLine, "revoke_user_sessions", format!("user:{user}"));
    audit::insert(&mut transaction, &record, period.from).await.map_err(Failure::because)?;
    transaction.commit().await.map_err(Failure::because)?;
    publish(config, &ended).await?;
    output::print(format_args!("all sessions of {login} are ended"))?;
    Ok(())
}
