//! `auth-server superuser …`: superusers, the first one above all.

use clap::Subcommand;
use serde_json::json;
use service::output::{self, OutputError};

use super::{Failure, password};
use crate::account_admin::superuser::Superusers;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::PgPool;
use crate::user::store;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create an account with the role `superuser`
    ///
    /// Prompts for the password on a terminal; otherwise reads it from the first line of standard
    /// input. Running servers follow at once.
    Create {
        /// Login: 3 to 64 characters; may be an e-mail address
        login: String,
        /// Grant the role to an existing account, and keep its password
        #[arg(long)]
        promote: bool,
        /// Print JSON: `login`, `superuser`, and whether that `changed`
        #[arg(long)]
        json: bool,
    },
    /// Revoke the role `superuser`; the last superuser cannot be removed
    Revoke {
        /// Login, in any case
        login: String,
        /// Print JSON: `login`, `superuser`, and whether that `changed`
        #[arg(long)]
        json: bool,
    },
    /// List superusers
    List {
        /// Print JSON: a list with `login`, `granted_at` and `disabled_at`
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    let clock = Clock::default();
    let (pool, policy) = open::policy(&config, &clock).await?;
    let superusers = Superusers { pool: &pool, policy: &policy, clock: &clock };
    match command {
        Command::Create { login, promote: false, json } => {
            let password = password::ask()?;
            let created = superusers.create(&config.password, &login, password).await;
            created.map_err(Failure::because)?;
            print(&login, State { superuser: true, changed: true }, json)?;
        }
        Command::Create { login, promote: true, json } => {
            let changed = superusers.promote(&login).await.map_err(Failure::because)?;
            print(&login, State { superuser: true, changed }, json)?;
        }
        Command::Revoke { login, json } => {
            let changed = superusers.revoke(&login).await.map_err(Failure::because)?;
            print(&login, State { superuser: false, changed }, json)?;
        }
        Command::List { json } => list(&pool, json).await?,
    }
    Ok(())
}

/// What an account is after a command.
#[derive(Clone, Copy)]
struct State {
    superuser: bool,
    /// Whether it was not before.
    changed: bool,
}

fn print(login: &str, state: State, json: bool) -> Result<(), OutputError> {
    let State { superuser, changed } = state;
    if json {
        let state = json!({ "login": login, "superuser": superuser, "changed": changed });
        return output::print_json(&state);
    }
    let is = match (superuser, changed) {
        (true, true) => "is a superuser",
        (true, false) => "is already a superuser",
        (false, true) => "is no longer a superuser",
        (false, false) => "is not a superuser",
    };
    output::print(format_args!("{login} {is}"))
}

async fn list(pool: &PgPool, json: bool) -> Result<(), Failure> {
    let superusers = store::superusers(pool).await.map_err(Failure::because)?;
    if json {
        return Ok(output::print_json(&superusers)?);
    }
    for user in superusers {
        let disabled = if user.disabled_at.is_some() { "  disabled" } else { "" };
        output::print(format_args!(
            "{}  since {}{disabled}",
            user.login,
            user.granted_at.format("%Y-%m-%d")
        ))?;
    }
    Ok(())
}
