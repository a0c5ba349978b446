//! `/check` by callers whose rights are known.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{CHECK, Identity, Load, film};
use crate::http::At;
use crate::recorder::Lane;
use crate::verdict;

const PACE: Duration = Duration::from_millis(100);

/// A question, and who gets yes for an answer.
struct Question {
    what: &'static str,
    body: Value,
    allowed: &'static [Identity],
}

/// By the shipped rules.
fn questions() -> [Question; 6] {
    use Identity::{Member, Superuser};
    let of_type = |kind: &str, id: &str, action: &str| json!({ "action": action, "resource": { "type": kind, "id": id } });
    let ended = json!({
        "labels": ["new"], "labelled_at": "2000-01-01T00:00:00Z", "until": { "new": "2001-01-01T00:00:00Z" }
    });
    let ended = json!({
        "action": "read", "resource": { "type": "film", "id": "old-01", "access": ended }
    });
    let labels: [&str; 0] = [];
    let write = json!({
        "action": "write", "resource": { "type": "film", "id": "old-01", "labels": labels }
    });
    let everyone = &Identity::ALL;
    let question = |what, body, allowed| Question { what, body, allowed };
    [
        question("a film without labels", film("old-01", &[]), everyone),
        question("a new film", film("new-01", &["new"]), &[Member, Superuser]),
        question("a film that is not labelled", of_type("film", "raw-01", "read"), &[Superuser]),
        question("a film whose label has ended", ended, everyone),
        question("writing to a film", write, &[Superuser]),
        question("the list of users", of_type("route", "/api/v1/users", "GET"), &[Superuser]),
    ]
}

/// Asks the questions in turn.
pub(super) async fn run(load: Arc<Load>, lane: Lane, at: At, identity: Identity) {
    let questions = questions();
    for question in questions.iter().cycle() {
        let token = load.identities.token(identity);
        let reply = load.http.post(at, CHECK, token.as_deref(), question.body.clone()).await;
        load.recorder.note(lane, &reply);
        let what = format!("{} to {identity:?}", question.what);
        load.recorder.add(verdict::of_decision(
            &what,
            question.allowed.contains(&identity),
            &reply,
        ));
        tokio::time::sleep(PACE).await;
    }
}
