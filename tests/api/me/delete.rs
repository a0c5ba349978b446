//! `DELETE /api/v1/me`

use insta::assert_snapshot;
use serde_json::json;
use sqlx::Executor;
use tests::{Answer, Caller, PASSWORD, TestServer, until};

use crate::users::{grant, revoke};

async fn delete(caller: &Caller, password: &str) -> Answer {
    let body = json!({ "current_password": password });
    caller.delete_with("me", &body).await
}

#[tokio::test]
async fn deleting_an_account_ends_all_its_sessions() {
    let server = TestServer::start().await;
    let (here, elsewhere) = (server.register("ada").await, server.log_in("ada").await);
    let (root, other) = (server.superuser().await, server.register("bob").await);
    grant(&root, &here.id, "subscriber").await;
    elsewhere.get("me").await.expect(200, "");
    delete(&here, PASSWORD).await.expect(204, "");
    for user in [&here, &elsewhere] {
        user.get("me").await.expect(401, "token_revoked");
        user.get("me/sessions").await.expect(401, "token_revoked");
        delete(user, PASSWORD).await.expect(401, "token_revoked");
        server.guest().refresh(&user.refresh_token).await.expect(401, "refresh_token_invalid");
    }
    let log_in = async |login: &str| {
        server.guest().log_in(login, PASSWORD).await.expect(401, "credentials_invalid")
    };
    assert_eq!(log_in("ada").await.text, log_in("nobody").await.text);
    root.get(&format!("users/{}/roles", here.id)).await.expect(404, "user_not_found");
    other.get("me").await.expect(200, "");
    for table in ["users WHERE login = 'ada'", "user_roles WHERE role = 'subscriber'"] {
        assert_eq!(server.database.count(&format!("SELECT count(*) FROM {table}")).await, 0);
    }
    let sessions = format!("SELECT count(*) FROM sessions WHERE user_id = '{}'", here.id);
    assert_eq!(server.database.count(&sessions).await, 0);
    // A new user with the same login has none of the roles.
    let next = server.register("ada").await;
    assert_ne!(next.id, here.id);
    assert_eq!(next.get("me").await.ok()["roles"], json!([]));
    here.get("me").await.expect(401, "token_revoked");
}

#[tokio::test]
async fn an_account_is_not_deleted_without_the_current_password() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    for wrong in ["", "wrong", &PASSWORD.to_uppercase()] {
        delete(&user, wrong).await.expect(403, "current_password_wrong");
    }
    user.get("me").await.expect(200, "");
    server.log_in("ada").await;
}

#[tokio::test]
async fn the_login_history_of_a_deleted_account_is_kept_without_its_owner() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    server.log_in("ada").await;
    user.get("me/history").await.expect(200, "");
    let with_user = "SELECT count(*) FROM login_history WHERE user_id IS NOT NULL";
    let all = "SELECT count(*) FROM login_history";
    let before = server.database.count(all).await;
    assert!(before > 0 && server.database.count(with_user).await == before);
    delete(&user, PASSWORD).await.expect(204, "");
    until("anonymized", async || server.database.count(with_user).await == 0).await;
    assert_eq!(server.database.count(all).await, before);
}

#[tokio::test]
async fn deleting_an_account_without_roles_needs_no_policy_lock_however_long_its_history() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let history = format!(
        "INSERT INTO login_history (id, at, user_id, method, outcome, address)
         SELECT gen_random_uuid(), now(), '{}', 'password', 'succeeded', '192.0.2.1'
         FROM generate_series(1, 5000)",
        user.id
    );
    server.database.execute(&history).await;
    user.get("me/history").await.ok();
    let revision = "SELECT revision FROM policy_state";
    let before = server.database.count(revision).await;
    let mut blocker = server.database.connect().await;
    blocker.execute("BEGIN; SELECT FROM policy_state FOR UPDATE").await.unwrap();
    delete(&user, PASSWORD).await.expect(204, "");
    blocker.execute("ROLLBACK").await.unwrap();
    assert_eq!(server.database.count(revision).await, before);
    let left =
        "SELECT count(*) FROM login_history WHERE user_id IS NOT NULL OR address IS NOT NULL";
    until("anonymized", async || server.database.count(left).await == 0).await;
    until("counted", async || {
        let metrics = server.metrics().await;
        metrics.contains("auth_anonymized_logins_total 5001\n")
            && metrics.contains("auth_anonymization_backlog 1\n")
    })
    .await;
    // It is forgotten once no attempt can still be in the making.
    let earlier = "UPDATE deleted_accounts SET deleted_at = now() - interval '2 minutes'";
    server.database.execute(earlier).await;
    let _next = server.replica(&[]).await;
    let accounts = "SELECT count(*) FROM deleted_accounts";
    until("done", async || server.database.count(accounts).await == 0).await;
}

#[tokio::test]
async fn the_last_superuser_cannot_delete_their_account() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    assert_snapshot!(delete(&root, PASSWORD).await.expect(409, "last_superuser"), @r#"
    409
    {
      "code": "last_superuser",
      "status": 409,
      "title": "The last superuser cannot be removed.",
      "type": "about:blank"
    }
    "#);
    root.get("rules").await.expect(200, "");
    server.log_in("root").await;
    grant(&root, &user.id, "superuser").await;
    delete(&root, PASSWORD).await.expect(204, "");
    root.get("rules").await.expect(401, "token_revoked");
    user.get("rules").await.expect(200, "");
    delete(&user, PASSWORD).await.expect(409, "last_superuser");
}

#[tokio::test]
async fn the_last_superuser_cannot_rely_on_a_disabled_one() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "superuser").await;
    server.database.execute("UPDATE users SET disabled_at = now() WHERE login = 'ada'").await;
    delete(&root, PASSWORD).await.expect(409, "last_superuser");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_superusers_who_delete_their_accounts_concurrently_one_remains() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let mut last = root.caller.clone();
    for round in 0..5 {
        let other = server.register(&format!("other{round}")).await;
        grant(&last, &other.id, "superuser").await;
        // At most one of the two can succeed.
        let (one, two) = tokio::join!(delete(&last, PASSWORD), delete(&other, PASSWORD));
        let count = "SELECT count(*) FROM user_roles WHERE role = 'superuser'";
        assert_eq!(server.database.count(count).await, 1, "{one} {two}");
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        if one.status == 204 {
            last = other.caller.clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_and_revoking_superusers_concurrently_leaves_one() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for round in 0..5 {
        let other = server.register(&format!("other{round}")).await;
        grant(&root, &other.id, "superuser").await;
        let roots = format!("users/{}/roles/superuser", root.id);
        let (deleted, revoked) = tokio::join!(delete(&other, PASSWORD), other.delete(&roots));
        let count = "SELECT count(*) FROM user_roles WHERE role = 'superuser'";
        assert_eq!(server.database.count(count).await, 1, "{deleted} {revoked}");
        if revoked.status == 200 {
            grant(&other, &root.id, "superuser").await;
            revoke(&root, &other.id, "superuser").await;
        }
    }
}
