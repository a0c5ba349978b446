//! Two users of every role, and what each may do about the other: nothing.

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, User};

use crate::rules::rule;
use crate::samples::samples;
use crate::users::grant;

/// Two users with this role, which may read the server's rules if it is called `auditor`.
async fn two(server: &TestServer, root: &User, role: Option<&str>) -> [User; 2] {
    let mut users = vec![];
    for number in 0..2 {
        let login = format!("{}-{number}", role.unwrap_or("nobody"));
        let id = server.register(&login).await.id;
        if let Some(role) = role {
            grant(root, &id, role).await;
        }
        // Of the same id, so that what names it names the user.
        let identity = format!(
            "INSERT INTO identities (id, user_id, issuer, subject, created_at)
             VALUES ('{id}', '{id}', 'https://accounts.example', '{id}', now())"
        );
        server.database.execute(&identity).await;
        users.push(server.log_in(&login).await);
    }
    users.try_into().ok().unwrap()
}

async fn given_and_ended(server: &TestServer) -> [i64; 3] {
    let (grants, identities, sessions) = (
        "SELECT count(*) FROM user_roles",
        "SELECT count(*) FROM identities",
        "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL",
    );
    let count = async |query| server.database.count(query).await;
    [count(grants).await, count(identities).await, count(sessions).await]
}

/// The other one's things are not there for the caller, or are not the caller's to touch.
fn assert_refused(answer: &Answer, what: &str) {
    let ended = (answer.status, answer.code());
    assert!(matches!(ended.0, 403 | 404) && !ended.1.is_empty(), "{what}: {answer:?}");
}

#[tokio::test]
async fn users_of_every_role_can_do_nothing_about_each_other() {
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
        let users = two(&server, &root, role).await;
        let before = given_and_ended(&server).await;
        for [me, other] in [[&users[0], &users[1]], [&users[1], &users[0]]] {
            // Whatever operation names the other's id, session or something else of theirs.
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
        assert_eq!(given_and_ended(&server).await, before, "{role:?}");
        for user in &users {
            user.get("me").await.expect(200, "");
        }
    }
}

/// One request about a session that is somebody else's.
async fn end(caller: &Caller, session: &str) -> Answer {
    caller.send(caller.request(Method::DELETE, &format!("me/sessions/{session}"))).await
}

#[tokio::test]
async fn even_a_superuser_does_not_end_a_session_as_if_it_were_their_own() {
    let server = TestServer::start().await;
    let (root, user) = (server.superuser().await, server.register("ada").await);
    let answer = end(&root, user.session().as_str()).await;
    assert_refused(&answer, "superuser");
    let listed = root.get("me/sessions").await.ok().to_string();
    assert!(!listed.contains(user.session().as_str()));
    user.get("me").await.expect(200, "");
}
