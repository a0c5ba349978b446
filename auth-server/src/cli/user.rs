//! `auth-server user …`: accounts, for whoever runs the server.

use clap::Subcommand;

use super::Failure;
use crate::admin::disable::{Outcome, switch};
use crate::clock::Clock;
use crate::config::Config;
use crate::server::open;

#[derive(Subcommand)]
pub(super) enum Command {
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
}

pub(super) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    let (login, on) = match &command {
        Command::Disable { login } => (login, false),
        Command::Enable { login } => (login, true),
    };
    let clock = Clock::default();
    let (pool, policy) = open::policy(&config, &clock).await.map_err(Failure::because)?;
    let limits = config.session.limits(config.token.life());
    let state = if on { "enabled" } else { "disabled" };
    match switch((&pool, &policy), &clock, limits, login, on).await? {
        Outcome::Done => println!("{login} is {state}"),
        Outcome::Already => println!("{login} was {state} already"),
        Outcome::Unknown => {
            return Err(Failure::because(format!("there is no account `{login}`")));
        }
    }
    Ok(())
}
