//! `auth-server user list` and `auth-server user show`.

use chrono::{DateTime, Utc};
use clap::Args;
use policies::RoleName;
use service::output;

use crate::app::open;
use crate::cli::{Failure, second};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::PgPool;
use crate::user::view::UserSearch;
use crate::user::{UserView, store, view};

#[derive(Args)]
pub(crate) struct ListOptions {
    /// Only logins that begin with this text, in any case
    #[arg(long, value_name = "PREFIX")]
    login: Option<String>,
    /// Only e-mail addresses that begin with this text, in any case
    #[arg(long, value_name = "PREFIX")]
    email: Option<String>,
    /// Only first or last names that begin with this text, in any case
    #[arg(long, value_name = "PREFIX")]
    name: Option<String>,
    /// Only users to whom this role was granted
    #[arg(long, value_parser = RoleName::parse)]
    role: Option<RoleName>,
    /// Print JSON: a list of users as `GET /api/v1/users` has them
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct ShowOptions {
    /// Login, in any case
    login: String,
    /// Print JSON: the user as `GET /api/v1/users/{id}` has it
    #[arg(long)]
    json: bool,
}

/// Accounts per query.
const PAGE_SIZE: i64 = 1_000;

pub(super) async fn list(config: &Config, options: &ListOptions) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let ListOptions { login, email, name, role, json } = options;
    let search = UserSearch::new(login.as_deref(), email.as_deref(), name.as_deref(), role.clone());
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let users = view::search(&pool, &search, &after, PAGE_SIZE).await;
        let users = users.map_err(Failure::because)?;
        let Some(last) = users.last() else { break };
        after.clone_from(&last.login_key);
        if *json {
            all.extend(users);
        } else {
            users.iter().try_for_each(|user| output::print(line(user)))?;
        }
    }
    if *json {
        output::print_json(&all)?;
    }
    Ok(())
}

fn line(user: &UserView) -> String {
    let roles = if user.roles.is_empty() { "-".to_owned() } else { user.roles.join(",") };
    let disabled = if user.disabled { "  disabled" } else { "" };
    let since = user.created_at.format("%Y-%m-%d");
    format!("{}  {}  {roles}  since {since}{disabled}", user.login, user.id)
}

pub(super) async fn show(config: &Config, options: &ShowOptions) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    print(&find(&pool, &options.login).await?, options.json)
}

/// The account with this login.
pub(super) async fn find(pool: &PgPool, login: &str) -> Result<UserView, Failure> {
    let id = store::find_by_login(pool, login).await.map_err(Failure::because)?;
    let id = id.ok_or_else(|| Failure::unknown_login(login))?;
    let user = view::find(pool, id).await.map_err(Failure::because)?;
    user.ok_or_else(|| Failure::unknown_login(login))
}

pub(super) fn print(user: &UserView, json: bool) -> Result<(), Failure> {
    if json {
        return Ok(output::print_json(user)?);
    }
    let names = [&user.first_name, &user.last_name].map(|name| name.as_deref().unwrap_or_default());
    let confirmed = if user.email_verified { "" } else { " (not confirmed)" };
    let email = user.email.as_ref().map(|email| format!("{email}{confirmed}"));
    let time = |time: DateTime<Utc>| second(time).to_string();
    for (name, value) in [
        ("login", Some(user.login.clone())),
        ("id", Some(user.id.to_string())),
        ("name", Some(names.join(" ").trim().to_owned())),
        ("e-mail", email),
        ("becomes", user.pending_email.clone()),
        ("roles", Some(user.roles.join(", "))),
        ("state", Some(if user.disabled { "disabled" } else { "active" }.to_owned())),
        ("created", Some(time(user.created_at))),
        ("last login", user.last_login_at.map(time)),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            output::print(format_args!("{name:<10}  {value}"))?;
        }
    }
    Ok(())
}
