//! Revocation of signing keys while servers run.

use auth_server::token::{KeyState, RevokeError, RevokedKey, revoke, rotate};
use chrono::TimeDelta;
use tests::token::{read, signed, stolen_key};
use tests::{TestServer, until};

use crate::key_rotation::{LEAD, LIFE, encryption_keys, kid, published, rotate_keys, states};

/// What `auth-server keys revoke` does, with the server's clock.
async fn revoke_key(server: &TestServer, kid: &str) -> Result<RevokedKey, RevokeError> {
    let pool = server.database.pool().await;
    revoke(&pool, &encryption_keys(server), kid, server.clock.now()).await
}

#[tokio::test]
async fn a_revoked_key_is_out_of_use_within_seconds_at_every_server() {
    let server = TestServer::start().await;
    let other = server.replica(&[]).await;
    let user = server.register("ada").await;
    let attacker = server.as_user(&forged(&server, user.token()).await);
    let stolen = kid(user.token());
    // Both servers have the tokens in their caches.
    for url in [&server.url, &other.url] {
        user.at(url).get("me").await.expect(200, "");
        attacker.at(url).get("me").await.expect(200, "");
    }
    let successor = revoke_key(&server, &stolen).await.unwrap().successor.unwrap();
    for url in [&server.url, &other.url] {
        until("refused", async || attacker.at(url).get("me").await.status == 401).await;
        attacker.at(url).get("me").await.expect(401, "token_signature_invalid");
        user.at(url).get("me").await.expect(401, "token_signature_invalid");
        assert_eq!(published(&server.guest().at(url)).await, [&*successor]);
    }
    // Sessions do not depend on the key: a refresh is enough.
    let fresh = server.guest().refresh(&user.refresh_token).await.ok();
    let fresh = server.as_user(fresh["access_token"].as_str().unwrap());
    assert_eq!(kid(fresh.token()), successor);
    fresh.get("me").await.expect(200, "");
    let kept = "SELECT count(*) FROM signing_keys WHERE private_key <> ''";
    assert_eq!(server.database.count(kept).await, 1);
    assert_eq!(states(&server).await, [KeyState::Signing, KeyState::Revoked]);
    let again = revoke_key(&server, &stolen).await.unwrap_err();
    assert!(matches!(again, RevokeError::AlreadyRevoked(_)), "{again}");
}

#[tokio::test]
async fn a_token_of_a_revoked_key_is_no_half_of_a_pair_at_once() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    revoke_key(&server, &kid(user.token())).await.unwrap();
    // The server may not have read its keys again: the statement that refreshes looks itself.
    let refused = server.guest().refresh_pair(&user.refresh_token, user.token()).await;
    refused.expect(401, "token_pair_mismatch");
    server.guest().refresh(&user.refresh_token).await.expect(200, "");
}

/// A token of the same session that its owner never received, signed with the stolen key.
async fn forged(server: &TestServer, token: &str) -> String {
    let stolen = stolen_key(&server.database).await;
    let (header, mut claims) = read(token);
    claims["jti"] = uuid::Uuid::new_v4().to_string().into();
    signed(&header, &claims, &stolen)
}

#[tokio::test]
async fn a_pending_key_takes_the_place_of_a_revoked_one_at_once() {
    let server = TestServer::start().await;
    let old = kid(server.register("ada").await.token());
    let rotated = rotate_keys(&server).await.unwrap();
    assert_eq!(revoke_key(&server, &old).await.unwrap().successor, Some(rotated.kid.clone()));
    until("followed", async || published(&server.guest()).await == [&*rotated.kid]).await;
    assert_eq!(kid(server.log_in("ada").await.token()), rotated.kid);
    assert_eq!(states(&server).await, [KeyState::Signing, KeyState::Revoked]);
}

#[tokio::test]
async fn a_revoked_pending_key_is_replaced_by_another_pending_key() {
    let server = TestServer::start().await;
    let old = kid(server.register("ada").await.token());
    let pending = rotate_keys(&server).await.unwrap().kid;
    let next = revoke_key(&server, &pending).await.unwrap().successor.unwrap();
    assert!(next != pending && next != old);
    let expected = [KeyState::Pending, KeyState::Revoked, KeyState::Signing];
    let mut found = states(&server).await;
    found.sort_by_key(|state| expected.iter().position(|other| other == state));
    assert_eq!(found, expected);
    until("published", async || published(&server.guest()).await == [&*next, &*old]).await;
    assert_eq!(kid(server.log_in("ada").await.token()), old);
    server.clock.advance(LEAD);
    assert_eq!(kid(server.log_in("ada").await.token()), next);
}

#[tokio::test]
async fn revoking_a_retired_key_leaves_the_signing_key_alone() {
    let server = TestServer::start().await;
    let before = server.register("ada").await;
    let old = kid(before.token());
    let (pool, now) = (server.database.pool().await, server.clock.now());
    let lead = TimeDelta::zero();
    let signing = rotate(&pool, &encryption_keys(&server), now, LIFE, lead).await.unwrap().kid;
    until("followed", async || published(&server.guest()).await.contains(&signing)).await;
    assert_eq!(kid(server.log_in("ada").await.token()), signing);
    before.get("me").await.expect(200, "");
    // A key that is published already does not start to sign early, either.
    server.clock.advance(TimeDelta::seconds(1));
    let pending = rotate_keys(&server).await.unwrap().kid;
    assert_eq!(revoke_key(&server, &old).await.unwrap().successor, None);
    until("refused", async || before.get("me").await.status == 401).await;
    assert_eq!(kid(server.log_in("ada").await.token()), signing);
    let found = states(&server).await;
    assert_eq!(found, [KeyState::Pending, KeyState::Signing, KeyState::Revoked]);
    assert_eq!(published(&server.guest()).await, [pending, signing]);
}

#[tokio::test]
async fn an_unknown_key_or_a_wrong_secret_revokes_nothing() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let unknown = revoke_key(&server, "x").await.unwrap_err();
    assert!(unknown.to_string().contains("keys list"), "{unknown}");
    let pool = server.database.pool().await;
    let other = auth_server::crypto::EncryptionKeys::new(&[9; 32], None);
    let refused = revoke(&pool, &other, &kid(user.token()), server.clock.now()).await.unwrap_err();
    assert!(refused.to_string().contains("AUTH_SECRET"), "{refused}");
    assert_eq!(states(&server).await, [KeyState::Signing]);
    user.get("me").await.expect(200, "");
}
