//! `auth-server user …`: accounts, for operators.

mod create;
mod read;
mod roles;

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
    /// List accounts by login
    List(read::ListOptions),
    /// Show an account
    Show(read::ShowOptions),
    /// Create an account
    ///
    /// Prompts for the password on a terminal; otherwise reads it from the first line of standard input.
    Create(create::Options),
    /// Grant a role to a user
    ///
    /// Running servers apply it at once, also to tokens issued before.
    Grant(roles::Options),
    /// Revoke a role from a user; the last superuser cannot be removed
    Revoke(roles::Options),
    /// Disable an account and end its sessions
    ///
    /// Running servers refuse its tokens within a second.
    Disable {
        /// Login, in any case
        login: String,
        /// Print JSON: the user as `GET /api/v1/users/{id}` has it
        #[arg(long)]
        json: bool,
    },
    /// Enable a disabled account
    Enable {
        /// Login, in any case
        login: String,
        /// Print JSON: the user as `GET /api/v1/users/{id}` has it
        #[arg(long)]
        json: bool,
    },
    /// Remove the second factor of a user who lost it, and end all sessions
    ResetSecondFactor {
        /// Login, in any case
        login: String,
        /// Print JSON: the user as `GET /api/v1/users/{id}` has it
        #[arg(long)]
        json: bool,
    },
    /// Remove an account's list of allowed user agents
    AllowAllUserAgents {
        /// Login, in any case
        login: String,
        /// Print JSON: the user as `GET /api/v1/users/{id}` has it
        #[arg(long)]
        json: bool,
    },
    /// Print a link that sets a new password; it works once
    ///
    /// Send it to the user yourself. If `AUTH_MAIL_LINK_RESET` is not set, a token for
    /// `POST /api/v1/auth/password/reset` is printed instead.
    ResetLink {
        /// Login, in any case
        login: String,
        /// Print JSON: `link` or `token`, and `expires_at`
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::List(options) => read::list(&config, &options).await,
        Command::Show(options) => read::show(&config, &options).await,
        Command::Create(options) => create::run(&config, &options).await,
        Command::Grant(options) => roles::grant(&config, &options).await,
        Command::Revoke(options) => roles::revoke(&config, &options).await,
        Command::Disable { login, json } => change(&config, &login, Change::Disable, json).await,
        Command::Enable { login, json } => change(&config, &login, Change::Enable, json).await,
        Command::ResetSecondFactor { login, json } => {
            change(&config, &login, Change::ResetSecondFactor, json).await
        }
        Command::AllowAllUserAgents { login, json } => {
            change(&config, &login, Change::AllowAllUserAgents, json).await
        }
        Command::ResetLink { login, json } => reset_link::run(&login, &config, json).await,
    }
}

/// A change of an account.
#[derive(Clone, Copy)]
enum Change {
    Disable,
    Enable,
    ResetSecondFactor,
    AllowAllUserAgents,
}

impl Change {
    /// What the account is afterwards.
    const fn state(self) -> &'static str {
        match self {
            Self::Disable => "disabled",
            Self::Enable => "enabled",
            Self::ResetSecondFactor => "without second factor",
            Self::AllowAllUserAgents => "open to all user agents",
        }
    }
}

async fn change(config: &Config, login: &str, change: Change, json: bool) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let (write, user) = begin(&pool, &policy, &clock, login).await?;
    let limits = session::SessionLimits::new(&config.session, &config.token);
    let period = limits.revocation_period(write.at());
    let by = Actor::CommandLine;
    let (changed, ended) = match change {
        Change::Disable => {
            let ended = account_admin::disable(write, &user, by, period).await?;
            (ended.is_some(), ended)
        }
        Change::Enable => (account_admin::enable(write, &user, by).await?, None),
        Change::ResetSecondFactor => {
            let ended = account_admin::reset_second_factor(write, &user, by, period).await?;
            (ended.is_some(), ended)
        }
        Change::AllowAllUserAgents => {
            (account_admin::allow_all_user_agents(write, &user, by).await?, None)
        }
    };
    if let Some(ended) = &ended {
        publish(config, ended).await?;
    }
    if json {
        return read::print(&read::find(&pool, login).await?, true);
    }
    let already = if changed { "" } else { "already " };
    output::print(format_args!("{login} is {already}{}", change.state()))?;
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
