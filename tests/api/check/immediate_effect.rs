//! Policy writes apply to tokens issued before.

use serde_json::json;
use tests::TestServer;

use super::may_read_new;
use crate::roles::create_role;
use crate::rules::{create_rule, rule};
use crate::users::{grant, revoke};

#[tokio::test]
async fn granting_and_revoking_a_role_applies_to_the_next_request() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    for _ in 0..3 {
        assert!(!may_read_new(&user).await);
        grant(&root, &user.id, "subscriber").await;
        assert!(may_read_new(&user).await);
        revoke(&root, &user.id, "subscriber").await;
    }
    assert!(!may_read_new(&user).await);
    assert!(!may_read_new(&server.log_in("ada").await.caller).await);
}

#[tokio::test]
async fn a_revoked_role_no_longer_counts_even_if_the_token_carries_it() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let carrying = server.log_in("ada").await;
    assert!(may_read_new(&carrying).await);
    revoke(&root, &user.id, "subscriber").await;
    assert!(!may_read_new(&carrying).await);
    assert!(!may_read_new(&user).await);
}

#[tokio::test]
async fn creating_changing_and_deleting_a_rule_applies_to_the_next_request() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let id = create_rule(&root, 50, "anonymous", "label:new", "allow").await;
    assert!(may_read_new(&user).await && may_read_new(&server.guest()).await);
    let deny = rule(50, "anonymous", "label:new", "read", "deny");
    root.put(&format!("rules/{id}"), &deny).await.expect(200, "");
    assert!(!may_read_new(&user).await);
    let allow = rule(50, "anonymous", "label:new", "read", "allow");
    root.put(&format!("rules/{id}"), &allow).await.expect(200, "");
    assert!(may_read_new(&user).await);
    root.delete(&format!("rules/{id}")).await.expect(200, "");
    assert!(!may_read_new(&user).await);
}

#[tokio::test]
async fn a_changed_inheritance_applies_to_the_next_request() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "critic", &[]).await;
    grant(&root, &user.id, "critic").await;
    assert!(!may_read_new(&user).await);
    root.patch("roles/critic", &json!({ "inherits": ["subscriber"] })).await.expect(200, "");
    assert!(may_read_new(&user).await);
    root.patch("roles/critic", &json!({ "inherits": [] })).await.expect(200, "");
    assert!(!may_read_new(&user).await);
}

#[tokio::test]
async fn a_deleted_role_no_longer_counts_even_if_the_token_carries_it() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    create_role(&root, "critic", &["subscriber"]).await;
    grant(&root, &user.id, "critic").await;
    let carrying = server.log_in("ada").await;
    assert!(may_read_new(&carrying).await);
    root.delete("roles/critic").await.expect(200, "");
    assert!(!may_read_new(&carrying).await);
    assert!(!may_read_new(&user).await);
}

#[tokio::test]
async fn a_former_superuser_is_refused_at_the_next_request() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "superuser").await;
    user.get("rules").await.expect(200, "");
    revoke(&user, &root.id, "superuser").await;
    root.get("rules").await.expect(403, "forbidden");
}

#[tokio::test]
async fn a_server_started_later_decides_for_older_tokens() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    grant(&root, &user.id, "subscriber").await;
    let carrying = server.log_in("ada").await;
    revoke(&root, &user.id, "subscriber").await;
    let other = server.register("grace").await;
    grant(&root, &other.id, "subscriber").await;
    let late = server.replica(&[]).await;
    assert!(!may_read_new(&carrying.at(&late.url)).await);
    assert!(may_read_new(&other.at(&late.url)).await);
}
