//! `auth-server client …`: service clients.

use clap::Subcommand;
use serde_json::json;
use service::output;
use uuid::Uuid;

use super::Failure;
use crate::app::open;
use crate::audit::Actor;
use crate::client::store;
use crate::client::{ClientName, ClientSecret, Scope, scope};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{constraint, is_outcome_unknown};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Create a service client; its id and secret are printed once
    Create {
        /// Display name: 1 to 64 of A-Z a-z 0-9 _ . - and inner spaces
        name: String,
        /// What it may do; can be repeated
        #[arg(long = "scope", value_enum, default_values_t = Scope::DEFAULT.to_vec())]
        scopes: Vec<Scope>,
        /// Print JSON: `client_id` and `client_secret`
        #[arg(long)]
        json: bool,
    },
    /// List service clients
    List {
        /// Print JSON: a list of clients as `GET /api/v1/clients` has them
        #[arg(long)]
        json: bool,
    },
    /// Disable a service client
    Disable {
        /// Id of the client, as printed by `create`
        id: Uuid,
        /// Print JSON: `id` and `name` of the client
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::Create { name, scopes, json } => create(&config, &name, scopes, json).await,
        Command::List { json } => list(&config, json).await,
        Command::Disable { id, json } => disable(&config, id, json).await,
    }
}

async fn create(
    config: &Config,
    name: &str,
    scopes: Vec<Scope>,
    json: bool,
) -> Result<(), Failure> {
    let name = ClientName::parse(name).map_err(Failure::because)?;
    // clap requires a value after each `--scope`.
    let scopes = scope::normalize(scopes).unwrap_or_else(|| Scope::DEFAULT.to_vec());
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let secret = ClientSecret::random().map_err(Failure::because)?;
    let (actor, now) = (Actor::CommandLine, Clock::default().now());
    let mut transaction = pool.begin().await.map_err(Failure::because)?;
    let created = store::insert(&mut transaction, &name, &scopes, &secret, actor, now).await;
    let (client, _) = created.map_err(|error| match constraint(&error) {
        Some("clients_name_key") => Failure::because("another client has this name"),
        _ => Failure::because(error),
    })?;
    let (id, secret) = (client.id, secret.expose());
    if json {
        output::print_once(json!({ "client_id": id, "client_secret": secret }))?;
    } else {
        output::print_once(format_args!("client_id={id}\nclient_secret={secret}"))?;
    }
    transaction.commit().await.map_err(|error| {
        let what = if is_outcome_unknown(&error) {
            "`client list` shows whether the client was created"
        } else {
            "do not use the secret: nothing was created"
        };
        Failure::because(format_args!("{error}; {what}"))
    })
}

/// Clients per query.
const PAGE_SIZE: i64 = 1_000;

async fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let clients = store::page(&pool, &after, PAGE_SIZE).await.map_err(Failure::because)?;
        let Some(last) = clients.last() else { break };
        after.clone_from(&last.name);
        all.extend(clients);
    }
    if json {
        return Ok(output::print_json(&all)?);
    }
    for client in all {
        let disabled = if client.disabled_at.is_some() { "  disabled" } else { "" };
        let since = client.created_at.format("%Y-%m-%d");
        let scopes: Vec<&str> = client.scopes.iter().map(|scope| scope.as_str()).collect();
        let (id, name, scopes) = (client.id, client.name, scopes.join(","));
        output::print(format_args!("{id}  {name}  {scopes}  since {since}{disabled}"))?;
    }
    Ok(())
}

async fn disable(config: &Config, id: Uuid, json: bool) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let (actor, now) = (Actor::CommandLine, Clock::default().now());
    let mut transaction = pool.begin().await.map_err(Failure::because)?;
    let disabled = store::disable(&mut transaction, id, actor, now).await;
    let disabled = disabled.map_err(Failure::because)?;
    let disabled = disabled.ok_or_else(|| Failure::because("there is no client with this id"))?;
    transaction.commit().await.map_err(Failure::because)?;
    if json {
        return Ok(output::print_json(&json!({ "id": id, "name": disabled.name }))?);
    }
    output::print(format_args!("{} is disabled", disabled.name))?;
    Ok(())
}
