//! `auth-server user create`.

use clap::Args;

use super::read;
use crate::account_admin::new_account::NewAccount;
use crate::account_admin::role_grants;
use crate::app::open;
use crate::audit::{Actor, AuditRecord};
use crate::cli::{Failure, password, role_name};
use crate::clock::Clock;
use crate::config::Config;
use crate::policy::write::PolicyWrite;
use crate::user::view;

#[derive(Args)]
pub(crate) struct Options {
    /// Login: 3 to 64 characters
    login: String,
    /// First name
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    /// Last name
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// Role to grant; can be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Print JSON: the user as `GET /api/v1/users/{id}` has it
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, options: &Options) -> Result<(), Failure> {
    let Options { login, first_name, last_name, roles, json } = options;
    let clock = Clock::default();
    let (pool, policy) = open::policy(config, &clock).await?;
    let roles = roles.iter().map(|role| role_name(&policy, role));
    let roles = roles.collect::<Result<Vec<_>, _>>()?;
    let account = NewAccount::prepare(&config.password, login, password::ask()?).await;
    let account = account.and_then(|new| new.named(first_name.as_deref(), last_name.as_deref()));
    let account = account.map_err(Failure::because)?;

    let mut write = PolicyWrite::begin(&policy, &pool, clock.now()).await?;
    let user = account.insert(&mut write).await.map_err(Failure::because)?;
    for role in &roles {
        role_grants::grant(&mut write, user, role, Actor::CommandLine).await?;
    }
    let created = view::find(&mut *write.db(), user).await.map_err(Failure::because)?;
    let created = created.ok_or_else(|| Failure::unknown_login(login))?;
    let record = AuditRecord::new(Actor::CommandLine, "create_user", format!("user:{user}"));
    let record =
        record.after(serde_json::json!({ "login": created.login, "roles": created.roles }));
    if roles.is_empty() {
        write.commit_without_revision(record).await?;
    } else {
        write.commit(record).await?;
    }
    read::print(&created, *json)
}
