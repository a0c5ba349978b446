//! `auth-server user …`: accounts, for operators.

use clap::Subcommand;
use service::output;

use super::{Failure, publish, reset_link};
use crate::account_admin;
use crate::app::open;
use crate::audit::Actor;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::PgPool;
use crate::policy::LivePolicy;
use crate::policy::write::PolicyWrite;
use crate::session;
use crate::user::{UserView, store, view};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Disable an account and end its sessions
    ///
    /// Running servers refuse its tokens within a second.
    Disable {
        /// Login, in any case
        login: String,
    },
    /// Enable a disabled account
    Enable {
        /// Login, in any case
        login: String,
    },
    /// Remove the second factor of a user who lost it, and end all sessions
    ResetSecondFactor {
        /// Login, in any case
        login: String,
    },
    /// Remove an account's list of allowed user agents
    AllowAllUserAgents {
        /// Login, in any case
        login: String,
    },
    /// Print a link that sets a new password; it works once
    ///
    /// Send it to the user yourself. If `AUTH_MAIL_LINK_RESET` is not set, a token for
    /// `POST /api/v1/auth/password/reset` is printed instead.
    ResetLink {
        /// Login, in any case
        login: String,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(&config, &clock).await?;
    let limits = session::SessionLimits::new(&config.session, &config.token);
    let by = Actor::CommandLine;
    let (login, state, ended, changed) = match &command {
        Command::Disable { login } => {
            let (write, user) = begin(&pool, &policy, &clock, login).await?;
            let period = limits.revocation_period(write.at());
            let ended = account_admin::disable(write, &user, by, period).await?;
            let changed = ended.is_some();
            (login, "disabled", ended, changed)
        }
        Command::Enable { login } => {
            let (write, user) = begin(&pool, &policy, &clock, login).await?;
            (login, "enabled", None, account_admin::enable(write, &user, by).await?)
        }
        Command::ResetSecondFactor { login } => {
            let (write, user) = begin(&pool, &policy, &clock, login).await?;
            let period = limits.revocation_period(write.at());
            let ended = account_admin::reset_second_factor(write, &user, by, period).await?;
            let changed = ended.is_some();
            (login, "without second factor", ended, changed)
        }
        Command::AllowAllUserAgents { login } => {
            let (write, user) = begin(&pool, &policy, &clock, login).await?;
            let changed = account_admin::allow_all_user_agents(write, &user, by).await?;
            (login, "open to all user agents", None, changed)
        }
        Command::ResetLink { login } => return reset_link::run(login, &config, &pool).await,
    };
    if let Some(ended) = &ended {
        publish(&config, ended).await?;
    }
    output::print(format_args!("{login} is {}{state}", if changed { "" } else { "already " }))?;
    Ok(())
}

/// Begins a write, and finds the account with this login.
async fn begin<'a>(
    pool: &PgPool,
    policy: &'a LivePolicy,
    clock: &Clock,
    login: &str,
) -> Result<(PolicyWrite<'a>, UserView), Failure> {
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let id = store::find_by_login(write.db(), login).await.map_err(Failure::because)?;
    let id = id.ok_or_else(|| Failure::unknown_login(login))?;
    let user = view::find(write.db(), id).await.map_err(Failure::because)?;
    Ok((write, user.ok_or_else(|| Failure::unknown_login(login))?))
}
