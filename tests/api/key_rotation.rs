//! Rotation of signing keys while servers run.

use std::sync::Arc;

use auth_server::crypto::{EncryptionKeys, Purpose, Secrets};
use auth_server::token::{KeyState, Rotation, list, rotate};
use auth_server::{config, token::RotateError};
use chrono::TimeDelta;
use serde_json::json;
use tests::token::{read, signed, stolen_key};
use tests::{Caller, TestServer, until};

pub(crate) const LIFE: TimeDelta = TimeDelta::seconds(300);
pub(crate) const LEAD: TimeDelta = TimeDelta::seconds(3_900);

pub(crate) fn encryption_keys(server: &TestServer) -> EncryptionKeys {
    let secret = server.database.secret_text();
    let variables = [("DATABASE_URL", "postgres://x/x"), ("AUTH_SECRET", secret.as_str())];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let secrets = Secrets::load_or_create(&config::load(None, variables).unwrap().secret).unwrap();
    EncryptionKeys::of(&secrets, Purpose::SigningKeyEncryption)
}

/// What `auth-server keys rotate` does, with the server's clock.
pub(crate) async fn rotate_keys(server: &TestServer) -> Result<Rotation, RotateError> {
    let pool = server.database.pool().await;
    rotate(&pool, &encryption_keys(server), server.clock.now(), LIFE, LEAD).await
}

pub(crate) async fn states(server: &TestServer) -> Vec<KeyState> {
    let keys = list(&server.database.pool().await, server.clock.now()).await.unwrap();
    keys.into_iter().map(|(_, state)| state).collect()
}

pub(crate) async fn published(guest: &Caller) -> Vec<String> {
    let answer = guest.get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300, stale-if-error=3600");
    let keys = answer.ok()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn kid(token: &str) -> String {
    read(token).0["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs_and_the_old_one_until_its_last_token_expires() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let before = server.register("ada").await;
    let old = kid(before.token());
    let stolen = stolen_key(&server.database).await;
    let rotated = rotate_keys(&server).await.unwrap();
    assert_eq!(rotated.old, old);
    // The running server publishes both keys and still signs with the old one.
    let both = vec![rotated.kid.clone(), old.clone()];
    until("published", async || published(&guest).await == both).await;
    assert_eq!(states(&server).await, [KeyState::Pending, KeyState::Signing]);
    assert_eq!(kid(server.log_in("ada").await.token()), old);
    server.clock.advance(LEAD - TimeDelta::seconds(60));
    let last = server.log_in("ada").await;
    assert_eq!(kid(last.token()), old);
    // Then the new key signs; existing tokens stay valid.
    server.clock.advance(TimeDelta::seconds(60));
    let first = server.log_in("ada").await;
    assert_eq!(kid(first.token()), rotated.kid);
    assert_eq!(states(&server).await, [KeyState::Signing, KeyState::Retired]);
    server.clock.advance(TimeDelta::seconds(230));
    last.get("me").await.expect(200, "");
    first.get("me").await.expect(200, "");
    assert_eq!(published(&guest).await, both);
    // The last token of the old key has expired: the key is removed.
    server.clock.advance(TimeDelta::seconds(140));
    assert_eq!(published(&guest).await, [&*rotated.kid]);
    assert_eq!(states(&server).await, [KeyState::Signing, KeyState::Removed]);
    let fresh = server.log_in("ada").await;
    let (mut header, claims) = read(fresh.token());
    header["kid"] = json!(old);
    let removed = server.as_user(&signed(&header, &claims, &stolen));
    removed.get("me").await.expect(401, "token_signature_invalid");
    fresh.get("me").await.expect(200, "");
    // Its private half is erased.
    let kept = "SELECT count(*) FROM signing_keys WHERE private_key <> ''";
    until("forgotten", async || server.database.count(kept).await == 1).await;
    assert_eq!(published(&guest).await, [rotated.kid]);
}

#[tokio::test]
async fn a_token_of_a_replaced_key_stays_half_of_a_pair_for_the_life_of_a_session() {
    let server = TestServer::with(&[("AUTH_SESSION_DAYS", "40")]).await;
    let user = server.register("ada").await;
    let stolen = stolen_key(&server.database).await;
    rotate_keys(&server).await.unwrap();
    server.clock.advance(TimeDelta::days(20));
    let erased = "SELECT count(*) FROM signing_keys WHERE private_key = ''";
    until("erased", async || server.database.count(erased).await == 1).await;
    let next = server.guest().refresh_pair(&user.refresh_token, user.token()).await.ok();
    server.as_user(next["access_token"].as_str().unwrap()).get("me").await.expect(200, "");
    // Only an attacker can sign with the old key for a session of after that time.
    server.clock.advance(TimeDelta::days(21));
    let later = server.log_in("ada").await;
    let (mut header, claims) = read(later.token());
    header["kid"] = read(user.token()).0["kid"].clone();
    let forged = signed(&header, &claims, &stolen);
    let refused = server.guest().refresh_pair(&later.refresh_token, &forged).await;
    refused.expect(401, "token_pair_mismatch");
    server.guest().refresh_pair(&later.refresh_token, later.token()).await.expect(200, "");
}

#[tokio::test]
async fn a_replica_fetches_an_unknown_key_at_its_first_token() {
    let server = TestServer::start().await;
    let other = server.replica(&[]).await;
    server.register("ada").await;
    let pool = server.database.pool().await;
    let now = server.clock.now();
    let rotated =
        rotate(&pool, &encryption_keys(&server), now, LIFE, TimeDelta::zero()).await.unwrap();
    until("signs", async || kid(server.log_in("ada").await.token()) == rotated.kid).await;
    let user = server.log_in("ada").await;
    user.at(&other.url).get("me").await.expect(200, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_rotations_create_one_pending_key() {
    let server = Arc::new(TestServer::start().await);
    let all = (0..8).map(|_| {
        let server = Arc::clone(&server);
        tokio::spawn(async move { rotate_keys(&server).await })
    });
    let all: Vec<_> =
        futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.iter().filter(|rotated| rotated.is_ok()).count(), 1, "{all:?}");
    for refused in all.iter().filter_map(|rotated| rotated.as_ref().err()) {
        assert!(matches!(refused, RotateError::Pending(..)), "{refused}");
    }
    server.clock.advance(LEAD);
    rotate_keys(&server).await.unwrap();
    assert_eq!(states(&server).await, [KeyState::Pending, KeyState::Signing, KeyState::Retired]);
}

#[tokio::test]
async fn a_wrong_secret_cannot_rotate_keys() {
    let server = TestServer::start().await;
    let pool = server.database.pool().await;
    let other = EncryptionKeys::new(&[9; 32], None);
    let refused = rotate(&pool, &other, server.clock.now(), LIFE, LEAD).await.unwrap_err();
    assert!(refused.to_string().contains("AUTH_SECRET"), "{refused}");
    assert_eq!(states(&server).await, [KeyState::Signing]);
}
