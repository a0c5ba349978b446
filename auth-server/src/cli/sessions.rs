//! `auth-server sessions …`: which devices a user is logged in on, and for when one is lost.

use clap::Subcommand;
use serde_json::json;
use service::output;

use super::{Failure, publish, second};
use crate::app::open;
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::clock::Clock;
use crate::config::Config;
use crate::session;
use crate::user::store;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the active sessions of a user, the most recently used first
    List {
        /// Login, in any case
        login: String,
        /// Print JSON: a list of sessions as `GET /api/v1/me/sessions` has them
        #[arg(long)]
        json: bool,
    },
    /// End all sessions of a user
    ///
    /// Running servers refuse all earlier tokens within a second. The account stays as it is.
    End {
        /// Login, in any case
        login: String,
        /// Print JSON: `login` and whether the sessions are `ended`
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::List { login, json } => list(&config, &login, json).await,
        Command::End { login, json } => end(&config, &login, json).await,
    }
}

async fn list(config: &Config, login: &str, json: bool) -> Result<(), Failure> {
    let clock = Clock::default();
    let pool = open::migrated(&config.database, &clock).await?;
    let user = store::find_by_login(&pool, login).await.map_err(Failure::because)?;
    let user = user.ok_or_else(|| Failure::unknown_login(login))?;
    let sessions = session::list_active(&pool, user, clock.now()).await;
    let sessions = sessions.map_err(Failure::because)?;
    if json {
        return Ok(output::print_json(&sessions)?);
    }
    for session in sessions {
        let (seen, opened) = (second(session.last_seen_at), second(session.created_at));
        let address = session.address.as_deref().unwrap_or("-");
        let device = session.device.as_deref().unwrap_or("-");
        output::print(format_args!(
            "{}  last used {seen}  opened {opened}  {address}  {device}",
            session.id
        ))?;
    }
    Ok(())
}

async fn end(config: &Config, login: &str, json: bool) -> Result<(), Failure> {
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
    if json {
        return Ok(output::print_json(&json!({ "login": login, "ended": true }))?);
    }
    output::print(format_args!("all sessions of {login} are ended"))?;
    Ok(())
}
