//! Users have no access to each other's data, whatever their role.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, User};

use crate::rules::rule;
use crate::samples::samples;
use crate::users::grant;

/// Two users with this role.
async fn two_users(server: &TestServer, root: &User, role: Option<&str>) -> [User; 2] {
    let mut users = vec![];
    for number in 0..2 {
        let login = format!("{}-{number}", role.unwrap_or("nobody"));
        let id = server.register(&login).await.id;
        if let Some(role) = role {
            grant(root, &id, role).await;
        }
        // The identity has the id of the user, so that requests about either are found.
        let identity = format!(
            "INSERT INTO identities (id, user_id, issuer, subject, created_at)
             VALUES ('{id}', '{id}', 'https://accounts.example', '{id}', now())"
        );
        server.database.execute(&identity).await;
        users.push(server.log_in(&login).await);
    }
    users.try_into().ok().unwrap()
}

async fn counts(server: &TestServer) -> [i64; 3] {
    let (grants, identities, sessions) = (
        "SELECT count(*) FROM user_roles",
        "SELECT count(*) FROM identities",
        "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL",
    );
    let count = async |query| server.database.count(query).await;
    [count(grants).await, count(identities).await, count(sessions).await]
}

/// Asserts a 403 or 404 problem.
fn assert_refused(answer: &Answer, what: &str) {
    let ended = (answer.status, answer.code());
    assert!(matches!(ended.0, 403 | 404) && !ended.1.is_empty(), "{what}: {answer:?}");
}

#[tokio::test]
async fn users_of_every_role_have_no_access_to_each_other() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    for name in ["auditor", "clerk"] {
        root.post("roles", &json!({ "name": name })).await.expect(201, "");
    }
    let reads = rule(50, "auditor", "route:/api/v1/rules*", "GET", "allow");
    let makes = rule(51, "clerk", "route:/api/v1/clients", "POST", "allow");
    for rule in [reads, makes] {
        root.post("rules", &rule).await.expect(201, "");
    }
    for role in [None, Some("subscriber"), Some("auditor"), Some("clerk")] {
        let users = two_users(&server, &root, role).await;
        let before = counts(&server).await;
        for [me, other] in [[&users[0], &users[1]], [&users[1], &users[0]]] {
            // Every operation whose path contains the other user's id or session.
            let theirs = samples(&server, other).await.into_iter().filter(|sample| {
                sample.path.contains(&other.id) || sample.path.contains(other.session().as_str())
            });
            let mut tried = 0;
            for sample in theirs {
                let answer = sample.send(&me.caller).await;
                assert_refused(&answer, &format!("{role:?}: {}", sample.name()));
                tried += 1;
            }
            assert!(tried >= 6, "{tried}");
            for role in ["subscriber", "auditor", "superuser"] {
                for id in [&me.id, &other.id] {
                    let path = format!("users/{id}/roles/{role}");
                    assert_refused(&me.put(&path, &Value::Null).await, &path);
                    assert_refused(&me.delete(&path).await, &path);
                }
            }
        }
        assert_eq!(counts(&server).await, before, "{role:?}");
        for user in &users {
            user.get("me").await.expect(200, "");
        }
    }
}

/// Revokes a session as if it were the caller's own.
async fn revoke_session(caller: &Caller, session: &str) -> Answer {
    caller.send(caller.request(Method::DELETE, &format!("me/sessions/{session}"))).await
}

#[tokio::test]
async fn even_a_superuser_cannot_revoke_another_users_session_as_their_own() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let answer = revoke_session(&root, user.session().as_str()).await;
    assert_refused(&answer, "superuser");
    let listed = root.get("me/sessions").await.ok().to_string();
    assert!(!listed.contains(user.session().as_str()));
    user.get("me").await.expect(200, "");
}
