//! `Idempotency-Key` on the writes of admins.

use std::iter::zip;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, Commit, Database, PASSWORD, Proxy, TestServer};

use crate::roles::create_role;
use crate::rules::rule;
use crate::samples::{Sample, samples};
use crate::users::grant;

const RULES: &str = "SELECT count(*) FROM rules";
const AUDIT: &str = "SELECT count(*) FROM audit";

/// A request under a key.
struct Keyed {
    method: Method,
    path: String,
    body: Value,
    key: String,
}

impl Keyed {
    fn new(method: Method, path: impl Into<String>, body: Value) -> Self {
        Self { method, path: path.into(), body, key: uuid::Uuid::new_v4().to_string() }
    }

    fn new_rule(priority: i64) -> Self {
        let body = rule(priority, "anonymous", "label:new", "read", "deny");
        Self::new(Method::POST, "rules", body)
    }

    async fn send(&self, caller: &Caller) -> Answer {
        let request = caller.request(self.method.clone(), &self.path);
        let request = request.header("idempotency-key", &self.key);
        let request = if self.body.is_null() { request } else { request.json(&self.body) };
        caller.send(request).await
    }
}

fn is_same(one: &Answer, other: &Answer) -> bool {
    one.status == other.status
        && one.header("etag") == other.header("etag")
        && (one.text == other.text || one.json() == other.json())
}

#[tokio::test]
async fn a_write_that_is_sent_again_is_answered_as_before_and_made_once() {
    let server = TestServer::start().await;
    let (root, ada) = (server.superuser().await, server.register("ada").await);
    let client = root.post("clients", &json!({ "name": "films" })).await.ok();
    let (user, client) = (format!("users/{}", ada.id), client["id"].as_str().unwrap().to_owned());
    let role = json!({ "name": "critic", "description": "Writes.", "inherits": ["subscriber"] });
    let (post, put, delete) = (Method::POST, Method::PUT, Method::DELETE);
    let other = rule(60, "critic", "film:f1", "read", "allow");
    // The id of the first rule that is created.
    let next = "SELECT nextval(pg_get_serial_sequence('rules', 'id')) + 1";
    let id = server.database.count(next).await;
    let requests = [
        Keyed::new(post.clone(), "roles", role),
        Keyed::new(Method::PATCH, "roles/critic", json!({ "description": "Reads, too." })),
        Keyed::new(put.clone(), format!("{user}/roles/critic"), Value::Null),
        Keyed::new(put.clone(), format!("{user}/roles/critic"), Value::Null),
        Keyed::new(delete.clone(), format!("{user}/roles/critic"), Value::Null),
        Keyed::new(delete.clone(), format!("{user}/roles/critic"), Value::Null),
        Keyed::new_rule(50),
        Keyed::new(put, format!("rules/{id}"), other),
        Keyed::new(delete.clone(), format!("rules/{id}"), Value::Null),
        Keyed::new(delete.clone(), "roles/critic", Value::Null),
        Keyed::new(post.clone(), format!("{user}/disable"), Value::Null),
        Keyed::new(post.clone(), format!("{user}/disable"), Value::Null),
        Keyed::new(post, format!("{user}/enable"), Value::Null),
        Keyed::new(delete.clone(), format!("{user}/second-factor"), Value::Null),
        Keyed::new(delete.clone(), format!("{user}/sessions"), Value::Null),
        Keyed::new(delete, format!("clients/{client}"), Value::Null),
    ];
    let mut answers = Vec::new();
    for request in &requests {
        let answer = request.send(&root).await;
        assert!(answer.status < 300, "{} {}: {answer:?}", request.method, request.path);
        answers.push(answer);
    }
    let written = server.database.count(AUDIT).await;
    // Not only at once: what they wrote to is gone or another by now.
    for (request, first) in zip(&requests, &answers) {
        let again = request.send(&root).await;
        assert!(is_same(first, &again), "{} {}: {again:?}", request.method, request.path);
    }
    assert_eq!(server.database.count(AUDIT).await, written);
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_can_be_sent_again() {
    let database = Database::migrated().await;
    let (proxy, url) = Proxy::to_url(&database.url).await;
    let server = TestServer::on_database(database, &[("DATABASE_URL", &url)]).await;
    let root = server.superuser().await;
    for (priority, commit) in [(50, Commit::Lost), (51, Commit::Unanswered)] {
        let (request, before) = (Keyed::new_rule(priority), server.database.count(RULES).await);
        proxy.at_commit(commit);
        let answer = request.send(&root).await.expect(503, "outcome_unknown");
        assert_eq!(answer.header("retry-after"), "");
        proxy.at_commit(Commit::Forwarded);
        let is_made = server.database.count(RULES).await > before;
        assert_eq!(is_made, commit == Commit::Unanswered);
        let mut made = request.send(&root).await.expect(201, "").json();
        made.as_object_mut().unwrap().remove("warnings");
        assert_eq!(server.database.count(RULES).await, before + 1);
        let path = format!("rules/{}", made["id"]);
        assert_eq!(root.get(&path).await.ok(), made);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_the_same_time_one_is_made() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let (request, before) = (Keyed::new_rule(50), server.database.count(RULES).await);
    let other = server.replica(&[]).await;
    let callers = [root.caller.clone(), root.at(&other.url)];
    let answers = join_all((0..12).map(|number| request.send(&callers[number % 2]))).await;
    assert!(answers.iter().any(|answer| answer.status == 201));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(), (409, "request_in_progress".to_owned()));
        assert_eq!(answer.header("retry-after"), "1");
    }
    request.send(&root).await.expect(201, "");
    assert_eq!(server.database.count(RULES).await, before + 1);
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_caller() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    create_role(&root, "critic", &[]).await;
    let tag = root.get("roles/critic").await.expect(200, "").header("etag").to_owned();
    let patch = json!({ "description": "Writes." });
    let request = root.request(Method::PATCH, "roles/critic").header("idempotency-key", "k");
    root.send(request.header("if-match", &tag).json(&patch)).await.expect(200, "");
    for (method, path, body, tag) in [
        (Method::PATCH, "roles/critic", json!({ "description": "Reads." }), Some(&tag)),
        (Method::PATCH, "roles/critic", patch.clone(), None),
        (Method::PATCH, "roles/subscriber", patch.clone(), Some(&tag)),
        (Method::DELETE, "roles/critic", Value::Null, Some(&tag)),
    ] {
        let mut request = root.request(method, path).header("idempotency-key", "k");
        if let Some(tag) = tag {
            request = request.header("if-match", tag);
        }
        root.send(request.json(&body)).await.expect(422, "idempotency_key_reused");
    }
    let ada = server.register("ada").await;
    grant(&root, &ada.id, "superuser").await;
    let same = Keyed { key: "k".into(), ..Keyed::new_rule(50) };
    same.send(&ada).await.expect(201, "");
}

#[tokio::test]
async fn a_refused_request_may_be_sent_again_under_its_key() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let request = Keyed::new(Method::POST, "roles", json!({ "name": "critic", "inherits": ["x"] }));
    let refused = request.send(&root).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    create_role(&root, "x", &[]).await;
    request.send(&root).await.expect(201, "");
}

#[tokio::test]
async fn keys_are_forgotten_after_a_day() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let (request, before) = (Keyed::new_rule(50), server.database.count(RULES).await);
    Keyed::new_rule(51).send(&root).await.expect(201, "");
    request.send(&root).await.expect(201, "");
    let age =
        |interval| format!("UPDATE idempotency_keys SET used_at = now() - interval '{interval}'");
    server.database.execute(&age("23 hours 59 minutes")).await;
    request.send(&root).await.expect(201, "");
    assert_eq!(server.database.count(RULES).await, before + 2);
    server.database.execute(&age("24 hours")).await;
    request.send(&root).await.expect(201, "");
    assert_eq!(server.database.count(RULES).await, before + 3);
    assert_eq!(server.database.count("SELECT count(*) FROM idempotency_keys").await, 1);
}

#[tokio::test]
async fn the_secret_of_a_client_is_shown_once_and_not_kept() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let request = Keyed::new(Method::POST, "clients", json!({ "name": "films" }));
    let made = request.send(&root).await.expect(201, "").json();
    let again = request.send(&root).await.expect(409, "secret_already_issued");
    assert!(again.text.contains(made["id"].as_str().unwrap()), "{again:?}");
    let secret = made["secret"].as_str().unwrap();
    let kept =
        format!("SELECT count(*) FROM idempotency_keys k WHERE strpos(k::text, '{secret}') > 0");
    assert_eq!(server.database.count(&kept).await, 0);
    assert_eq!(root.items("clients").await.len(), 1);
}

/// Whether the operation documents the header.
fn takes_key(sample: &Sample) -> bool {
    let parameters = sample.operation.object["parameters"].as_array().unwrap();
    parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key")
}

#[tokio::test]
async fn every_write_of_an_admin_takes_a_key() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let samples = samples(&server, &root).await;
    let admin =
        ["/api/v1/roles", "/api/v1/rules", "/api/v1/policy", "/api/v1/users", "/api/v1/clients"];
    let is_write = |sample: &&Sample| {
        sample.operation.method != "GET"
            && sample.operation.path != "/api/v1/policy/preview"
            && admin.iter().any(|path| sample.operation.path.starts_with(path))
    };
    let writes: Vec<&Sample> = samples.iter().filter(is_write).collect();
    assert_eq!(writes.len(), 16);
    let reused = format!(
        "INSERT INTO idempotency_keys (caller, key, request, revision) VALUES ('{}', 'used', '', 1)",
        root.id
    );
    server.database.execute(&reused).await;
    let mut busy = server.database.connect().await;
    let lock = "SELECT pg_advisory_lock(hashtextextended($1 || ' busy', 93))";
    sqlx::query(lock).bind(&root.id).execute(&mut busy).await.unwrap();
    let written = server.database.count(AUDIT).await;
    for sample in writes {
        assert!(takes_key(sample), "{}", sample.name());
        let with =
            async |key: &str| root.send(sample.request(&root).header("idempotency-key", key)).await;
        with("used").await.expect(422, "idempotency_key_reused");
        with("busy").await.expect(409, "request_in_progress");
        for bad in ["", "a b", &"k".repeat(129)] {
            let answer = with(bad).await.expect(422, "field_invalid");
            assert_eq!(answer.field(), "Idempotency-Key");
        }
    }
    assert_eq!(server.database.count(AUDIT).await, written);
}

#[tokio::test]
async fn registrations_and_logins_ignore_keys() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let send = async |path: &str, body: Value| {
        let request = guest.request(Method::POST, path).header("idempotency-key", "k");
        guest.send(request.json(&body)).await.ok()
    };
    let mut tokens = Vec::new();
    for login in ["ada", "grace"] {
        let credentials = json!({ "login": login, "password": PASSWORD });
        send("auth/register", credentials.clone()).await;
        tokens.push(send("auth/login", credentials).await["refresh_token"].clone());
    }
    assert_ne!(tokens[0], tokens[1]);
    send("auth/refresh", json!({ "refresh_token": tokens[0] })).await;
}
