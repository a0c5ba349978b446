//! `auth-server user …`: accounts, for whoever runs the server.

use clap::Subcommand;

use super::{Failure, reset_link};
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::session;
use crate::user::disable::{Outcome, switch};
use crate::user::reset;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Let nobody sign in to an account, and end its sessions
    ///
    /// Servers that run notice within a second.
    Disable {
        /// What they sign in with
        login: String,
    },
    /// Let them sign in again
    Enable {
        /// What they sign in with
        login: String,
    },
    /// Take the second factor away, for whom app and recovery codes are gone, and end all sessions
    ResetSecondFactor {
        /// What they sign in with
        login: String,
    },
    /// Let every program sign in, for whose list of user agents leaves out the one they have
    AllowAllUserAgents {
        /// What they sign in with
        login: String,
    },
    /// Print a link, good once, with which somebody sets a new password; hand it over yourself
    ///
    /// Where `AUTH_MAIL_LINK_RESET` is not set it is a token for `POST /api/v1/auth/password/reset`.
    ResetLink {
        /// What they sign in with
        login: String,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(&config, &clock).await.map_err(Failure::because)?;
    let limits = session::Limits::new(&config.session, &config.token);
    let at = (&pool, &policy);
    let (login, outcome, state) = match &command {
        Command::Disable { login } => {
            (login, switch(at, &clock, limits, login, false).await?, "disabled")
        }
        Command::Enable { login } => {
            (login, switch(at, &clock, limits, login, true).await?, "enabled")
        }
        Command::ResetSecondFactor { login } => {
            (login, reset::second_factor(at, &clock, limits, login).await?, "without second factor")
        }
        Command::AllowAllUserAgents { login } => {
            (login, reset::user_agents(at, &clock, login).await?, "open to every program")
        }
        Command::ResetLink { login } => return reset_link::run(login, &config, &pool).await,
    };
    match outcome {
        Outcome::Done => println!("{login} is {state}"),
        Outcome::Already => println!("{login} was {state} already"),
        Outcome::Unknown => {
            return Err(Failure::because(format!("there is no account `{login}`")));
        }
    }
    Ok(())
}
