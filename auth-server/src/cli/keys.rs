//! `auth-server keys …`: the keys that sign access tokens, and their rotation.

use chrono::TimeDelta;
use clap::Subcommand;
use serde_json::json;
use service::output;

use super::{Failure, second};
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::EncryptionKeys;
use crate::crypto::{Purpose, Secrets};
use crate::token;
use crate::token::Rotation;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List keys and their states: pending, signing, retired, removed, revoked
    List {
        /// Print JSON: a list with `kid`, `state`, `signs_from` and `retire_at`
        #[arg(long)]
        json: bool,
    },
    /// Publish a new key, which replaces the signing key after a lead time
    ///
    /// Running servers follow, and issued tokens stay valid until they expire. Until the new key
    /// signs, no other rotation can start.
    Rotate {
        /// Seconds until the new key signs; services that cache the JWKS for longer reject its tokens
        /// [default: `AUTH_KEY_LEAD_SECONDS`]
        #[arg(long, value_name = "SECONDS")]
        lead: Option<u32>,
        /// Print JSON: `kid`, `signs_from`, and `old`, the key that signs until then, with its `retire_at`
        #[arg(long)]
        json: bool,
    },
    /// Take a key out of use at once, because its private key may have been stolen
    ///
    /// Its tokens are refused and its private key is erased. If it signs, another key takes its place.
    Revoke {
        /// Key id, as shown by `keys list`
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Print JSON: `kid`, and the `successor` that takes its place
        #[arg(long)]
        json: bool,
    },
}

const REVOKED: &str = "\
Servers refuse its tokens within a second, and their users get new ones with the next refresh; those of movie-api, \
which refreshes only with a token that is good except for its age, sign in again.
Services that verify tokens themselves accept them until they fetch /.well-known/jwks.json again: \
restart them, or drop their cached keys.";

pub(crate) async fn run(command: Command, config: Config) -> Result<(), Failure> {
    match command {
        Command::List { json } => list(&config, json).await,
        Command::Rotate { lead, json } => {
            let lead = lead.map(|lead| TimeDelta::seconds(lead.into()));
            rotate(&config, lead.unwrap_or_else(|| config.token.key_lead()), json).await
        }
        Command::Revoke { kid, json } => revoke(&config, &kid, json).await,
    }
}

async fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let keys = token::list(&pool, Clock::default().now()).await.map_err(Failure::because)?;
    if json {
        let keys = keys.iter().map(|(key, state)| {
            let (from, until) = (key.signs_from, key.retire_at);
            let state = state.to_string();
            json!({ "kid": key.kid, "state": state, "signs_from": from, "retire_at": until })
        });
        return Ok(output::print_json(&keys.collect::<Vec<_>>())?);
    }
    for (key, state) in keys {
        let end = key.retire_at.map(|at| format!("  until {}", second(at)));
        let (from, end) = (second(key.signs_from), end.unwrap_or_default());
        output::print(format_args!("{}  {state:<7}  signs from {from}{end}", key.kid))?;
    }
    Ok(())
}

async fn rotate(config: &Config, lead: TimeDelta, json: bool) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let (encryption, now) = (encryption(config)?, Clock::default().now());
    let rotated = token::rotate(&pool, &encryption, now, config.token.life(), lead).await;
    let Rotation { kid, signs_from, old, retire_at } = rotated.map_err(Failure::because)?;
    if json {
        let old = json!({ "kid": old, "retire_at": retire_at });
        return Ok(output::print_json(
            &json!({ "kid": kid, "signs_from": signs_from, "old": old }),
        )?);
    }
    output::print(format_args!("{kid} is published and signs from {}", second(signs_from)))?;
    output::print(format_args!("{old} signs until then and is removed at {}", second(retire_at)))?;
    Ok(())
}

async fn revoke(config: &Config, kid: &str, json: bool) -> Result<(), Failure> {
    let pool = open::migrated(&config.database, &Clock::default()).await?;
    let (encryption, now) = (encryption(config)?, Clock::default().now());
    let revoked = token::revoke(&pool, &encryption, kid, now).await.map_err(Failure::because)?;
    if json {
        let successor = revoked.successor;
        return Ok(output::print_json(&json!({ "kid": kid, "successor": successor }))?);
    }
    output::print(format_args!("{kid} is revoked. {REVOKED}"))?;
    if let Some(successor) = revoked.successor {
        output::print(format_args!("{successor} takes its place"))?;
    }
    Ok(())
}

fn encryption(config: &Config) -> Result<EncryptionKeys, Failure> {
    let secrets = Secrets::load_or_create(&config.secret).map_err(Failure::because)?;
    Ok(EncryptionKeys::of(&secrets, Purpose::SigningKeyEncryption))
}
