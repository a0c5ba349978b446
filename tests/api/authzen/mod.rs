//! `/access/v1/…` and `/.well-known/authzen-configuration`: the `OpenID` `AuthZEN` Authorization API 1.0.

mod batch;
mod callers;
mod certification;
mod films;
mod limits;
mod malformed;
mod metadata;
mod resources;
mod search;
mod subjects;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Caller, TestServer, User};

use crate::oauth::Client;
use crate::roles::create_role;
use crate::rules::rule;
use crate::users::grant;

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";

/// Every operation with a valid request.
fn operations() -> [(&'static str, Value); 5] {
    let (subject, action, resource) = (user("alice"), named("read"), record("record-1"));
    let request = json!({ "subject": subject, "action": action, "resource": resource });
    let batch = json!({
        "subject": subject, "action": action, "resource": resource, "evaluations": [{}],
    });
    [
        (EVALUATION, request.clone()),
        (EVALUATIONS, batch),
        (
            SUBJECTS,
            json!({ "subject": { "type": "user" }, "action": action, "resource": resource }),
        ),
        (
            RESOURCES,
            json!({ "subject": subject, "action": action, "resource": { "type": "record" } }),
        ),
        (ACTIONS, json!({ "subject": subject, "resource": resource })),
    ]
}

/// A server with the users, records and rules of the certification scenario.
struct Scenario {
    server: TestServer,
    root: User,
    /// An enforcement point.
    client: Client,
}

/// The rules of the scenario. Bob is an admin and a reviewer of `record-1`, alice an editor.
const RULES: [(i64, &str, &str, &str, &str); 8] = [
    (100, "reviewer", "record:record-1", "write", "deny"),
    (200, "admin", "label:status=archived", "write", "allow"),
    (210, "anonymous", "label:status=archived", "write", "deny"),
    (300, "admin", "record:record-2", "write", "allow"),
    (310, "admin", "record:*", "write", "allow"),
    (320, "editor", "record:*", "write", "allow"),
    (330, "editor", "record:*", "delete?soft=true", "allow"),
    (900, "anonymous", "label:*", "*", "allow"),
];

impl Scenario {
    async fn start() -> Self {
        Self::on(TestServer::start().await).await
    }

    async fn on(server: TestServer) -> Self {
        let root = server.superuser().await;
        for role in ["admin", "editor", "reviewer"] {
            create_role(&root, role, &[]).await;
        }
        for (priority, role, resource, action, effect) in RULES {
            let new = rule(priority, role, resource, action, effect);
            root.post("rules", &new).await.expect(201, "");
        }
        let (alice, bob) = (server.register("alice").await, server.register("bob").await);
        grant(&root, &alice.id, "editor").await;
        grant(&root, &bob.id, "admin").await;
        grant(&root, &bob.id, "reviewer").await;
        let client = Client::with_scopes(&server, &root, "gateway", &["evaluate"]).await;
        Self { server, root, client }
    }

    /// The answer to the enforcement point.
    async fn post(&self, path: &str, body: &Value) -> Answer {
        post(&self.client, path, body).await
    }

    async fn evaluate(&self, subject: Value, action: Value, resource: Value) -> Value {
        let body = json!({ "subject": subject, "action": action, "resource": resource });
        self.post(EVALUATION, &body).await.ok()
    }

    async fn decides(&self, subject: Value, action: Value, resource: Value) -> bool {
        self.evaluate(subject, action, resource).await["decision"].as_bool().unwrap()
    }

    /// The reason code of a decision.
    async fn reason(&self, subject: Value, action: Value, resource: Value) -> String {
        let decision = self.evaluate(subject, action, resource).await;
        decision["context"]["reason"]["code"].as_str().unwrap().to_owned()
    }

    /// The ids or names that a search finds.
    async fn find(&self, path: &str, body: Value) -> Vec<String> {
        let page = self.post(path, &body).await.ok();
        let results = page["results"].as_array().unwrap();
        assert_eq!(page["page"]["count"], results.len());
        let name = |it: &Value| it["id"].as_str().or(it["name"].as_str()).unwrap().to_owned();
        results.iter().map(name).collect()
    }
}

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    let request = client.guest.request(Method::POST, path).json(body);
    client.guest.send(client.authenticated(request)).await
}

/// The answer to this body, which may be anything.
async fn post_text(caller: &Caller, path: &str, content_type: &str, body: &str) -> Answer {
    let mut request = caller.request(Method::POST, path).body(body.to_owned());
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    caller.send(request).await
}

fn user(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

fn with_role(id: &str, role: &str) -> Value {
    json!({ "type": "user", "id": id, "properties": { "role": role } })
}

fn named(action: &str) -> Value {
    json!({ "name": action })
}

fn record(id: &str) -> Value {
    json!({ "type": "record", "id": id })
}

fn with_status(id: &str, status: &str) -> Value {
    json!({ "type": "record", "id": id, "properties": { "status": status } })
}

fn delete(soft: bool) -> Value {
    json!({ "name": "delete", "properties": { "soft": soft } })
}
