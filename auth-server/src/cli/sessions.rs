//! `auth-server sessions …`: for the day on which somebody's device is lost.

use clap::Subcommand;

use super::Failure;
use crate::app::open;
use crate::audit;
use crate::audit::{Actor, Record};
use crate::clock::Clock;
use crate::config::Config;
use crate::session;
use crate::user::{Login, store};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign somebody out everywhere; the account stays as it is
    ///
    /// Servers that run notice within a second and refuse every token from before.
    End {
        /// What they sign in with, in any case
        login: String,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::End { login } => end(&config, &login).await,
    }
}

async fn end(config: &Config, login: &str) -> Result<(), Failure> {
    let unknown = || Failure::Failed(format!("there is no account `{login}`"));
    let pool = open::migrated(&config.database).await.map_err(Failure::because)?;
    let known = store::credentials(&pool, &Login::key_of(login)).await.map_err(Failure::because)?;
    let user = known.ok_or_else(unknown)?.id;
    let limits = session::Limits::new(&config.session, &config.token);
    let period = limits.revocation_period(Clock::default().now());
    let mut transaction = pool.begin().await.map_err(Failure::because)?;
    let ended = session::end_all(&mut transaction, user, "ended_by_operator", period).await;
    ended.map_err(Failure::because)?.ok_or_else(unknown)?;
    let record = Record::new(Actor::CommandLine, "end_sessions_of_user", format!("user:{user}"));
    audit::insert(&mut transaction, &record, period.from).await.map_err(Failure::because)?;
    transaction.commit().await.map_err(Failure::because)?;
    println!("{login} is signed out everywhere");
    Ok(())
}
