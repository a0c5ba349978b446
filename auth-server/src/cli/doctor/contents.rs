//! What is in the database: signing keys, policy, superusers.

use super::report::Finding;
use crate::app::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::{EncryptionKeys, Purpose, SecretError, Secrets};
use crate::db::PgPool;
use crate::policy::grants;
use crate::token;
use crate::token::KeyRing;

pub(super) async fn keys(config: &Config, pool: &PgPool, clock: &Clock) -> Finding {
    let secrets = match Secrets::load(&config.secret) {
        Ok(Some(secrets)) => secrets,
        Ok(None) => return without_secret(pool, clock).await,
        Err(SecretError::NoHome) => return Finding::needs("a secret"),
        Err(error) => {
            return Finding::failed(error, "correct or remove the file, or set AUTH_SECRET");
        }
    };
    let encryption = EncryptionKeys::of(&secrets, Purpose::SigningKeyEncryption);
    let ring = match KeyRing::load(pool.clone(), encryption, clock.clone()).await {
        Ok(ring) => ring,
        Err(error) => return Finding::explained(error),
    };
    match (ring.signing(), ring.active().len()) {
        (Some(key), active) if key.verifies_itself() => {
            Finding::ok(format_args!("{active} decrypted, {} signs", key.kid))
        }
        (Some(key), _) => Finding::failed(
            format_args!("signatures of key {} cannot be verified", key.kid),
            "replace it: auth-server keys rotate --lead 0",
        ),
        (None, 0) => Finding::ok("none yet; the first start of `serve` creates one"),
        (None, _) => Finding::failed("no key signs yet", "compare the clocks of the servers"),
    }
}

/// Without a secret there must not be any key encrypted with one.
async fn without_secret(pool: &PgPool, clock: &Clock) -> Finding {
    match token::list(pool, clock.now()).await {
        Ok(keys) if keys.is_empty() => Finding::ok(
            "none yet; the first start of `serve` creates one, and the secret that encrypts it",
        ),
        Ok(_) => Finding::failed(
            "AUTH_SECRET is not set, and no secret is stored on this machine",
            "set AUTH_SECRET to the secret that encrypted the keys",
        ),
        Err(error) => Finding::failed(error, "correct DATABASE_URL"),
    }
}

pub(super) async fn policy(config: &Config, pool: &PgPool, clock: &Clock) -> Finding {
    match open::load_policy(pool, config, clock).await {
        Ok(policy) => {
            Finding::ok(format_args!("loads, at revision {}", policy.snapshot().revision()))
        }
        Err(error) => Finding::failed(
            error,
            "correct what it names, or restore the database; running servers keep the policy that they have loaded",
        ),
    }
}

/// Without a superuser nobody can grant roles or write rules over HTTP.
pub(super) async fn superusers(pool: &PgPool) -> Finding {
    let counted = async { grants::count_superusers(&mut pool.acquire().await?).await };
    match counted.await {
        Ok(0) => Finding::warning(
            "no superuser can log in",
            "create one: auth-server superuser create LOGIN",
        ),
        Ok(count) => Finding::ok(format_args!("{count} can log in")),
        Err(error) => Finding::failed(error, "correct DATABASE_URL"),
    }
}
