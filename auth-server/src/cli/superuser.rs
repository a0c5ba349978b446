//! `auth-server superuser …`: somebody has to be the first who may do everything.

use clap::Subcommand;

use super::{Failure, password};
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::user::superuser;
use crate::user::superuser::Made;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an account that may do everything
    ///
    /// The password is asked for on a terminal, else read from the first line of standard input.
    /// Servers that run notice at once.
    Create {
        /// What they sign in with: 3 to 64 characters, an e-mail address will do
        login: String,
        /// Make an account that exists already a superuser; its password stays
        #[arg(long)]
        promote: bool,
    },
    /// Take the right to do everything; the account stays, and so does the last superuser
    Revoke {
        /// What they sign in with
        login: String,
    },
    /// List who may do everything
    List,
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::Create { login, promote: false } => create(&config, &login).await,
        Command::Create { login, promote: true } => promote(&config, &login).await,
        Command::Revoke { login } => revoke(&config, &login).await,
        Command::List => list(&config).await,
    }
}

async fn create(config: &Config, login: &str) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await.map_err(Failure::because)?;
    let password = password::ask()?;
    superuser::create_superuser(&config.password, &pool, &policy, &clock, login, password)
        .await
        .map_err(Failure::because)?;
    println!("{login} is a superuser");
    Ok(())
}

async fn promote(config: &Config, login: &str) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await.map_err(Failure::because)?;
    let made = superuser::promote(&pool, &policy, &clock, login).await.map_err(Failure::because)?;
    match made {
        Made::Already => println!("{login} was a superuser already"),
        Made::Account | Made::Promoted => println!("{login} is a superuser"),
    }
    Ok(())
}

async fn revoke(config: &Config, login: &str) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await.map_err(Failure::because)?;
    let taken = superuser::depose(&pool, &policy, &clock, login).await.map_err(Failure::because)?;
    println!("{login} {}", if taken { "is no superuser any more" } else { "was no superuser" });
    Ok(())
}

async fn list(config: &Config) -> Result<(), Failure> {
    let (pool, _) = open::policy(config, &Clock::default()).await.map_err(Failure::because)?;
    for user in superuser::superusers(&pool).await.map_err(Failure::because)? {
        let disabled = if user.disabled { "  disabled" } else { "" };
        println!("{}  since {}{disabled}", user.login, user.since.format("%Y-%m-%d"));
    }
    Ok(())
}
