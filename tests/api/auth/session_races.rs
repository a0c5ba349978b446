//! Operations that end sessions, concurrent with operations that create or refresh them.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, NEW_PASSWORD, PASSWORD, TestServer, current_password};

/// Asserts that none of the tokens issued in the meantime is valid.
async fn assert_revoked(server: &TestServer, answers: &[Answer]) {
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let tokens = answer.json();
        let access = tokens["access_token"].as_str().unwrap();
        server.as_user(access).get("me").await.expect(401, "token_revoked");
        let body = json!({ "refresh_token": tokens["refresh_token"] });
        server.guest().post("auth/refresh", &body).await.expect(401, "refresh_token_invalid");
    }
}

async fn post_many(server: &TestServer, path: &str, body: &Value) -> Vec<Answer> {
    let guest = server.guest();
    join_all((0..8).map(|_| guest.post(path, body))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_login_with_the_old_password_does_not_survive_its_change() {
    let server = TestServer::start().await;
    for round in 0..5 {
        let login = format!("user{round}");
        let user = server.register(&login).await;
        let old = json!({ "login": login, "password": PASSWORD });
        let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
        let (answers, changed) =
            tokio::join!(post_many(&server, "auth/login", &old), user.put("me/password", &change));
        changed.expect(204, "");
        assert_revoked(&server, &answers).await;
        user.get("me").await.expect(200, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_login_does_not_survive_the_deletion_of_the_account() {
    let server = TestServer::start().await;
    for round in 0..5 {
        let login = format!("user{round}");
        let user = server.register(&login).await;
        let body = json!({ "login": login, "password": PASSWORD });
        let goodbye = current_password();
        let delete = user.delete_with("me", &goodbye);
        let (answers, deleted) = tokio::join!(post_many(&server, "auth/login", &body), delete);
        deleted.expect(204, "");
        assert_revoked(&server, &answers).await;
        assert_eq!(server.database.count("SELECT count(*) FROM sessions").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_refresh_does_not_survive_a_logout() {
    let server = TestServer::start().await;
    for round in 0..10 {
        let user = server.register(&format!("user{round}")).await;
        let body = json!({ "refresh_token": user.refresh_token });
        let (answers, out) =
            tokio::join!(post_many(&server, "auth/refresh", &body), user.log_out(),);
        out.expect(204, "");
        assert_revoked(&server, &answers).await;
        user.get("me").await.expect(401, "token_revoked");
    }
}
