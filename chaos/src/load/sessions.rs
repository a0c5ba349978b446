//! Logins and logouts: an ended session is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{CHECK, Load, film};
use crate::http::At;
use crate::ledger::{Fact, Forbidden};
use crate::recorder::Lane;
use crate::verdict;

const PACE: Duration = Duration::from_millis(500);

/// Accounts that take turns.
pub(super) const LOGINS: [&str; 4] = ["session-1", "session-2", "session-3", "session-4"];

/// Logs in, uses the session and logs out.
pub(super) async fn run(load: Arc<Load>, logins: Lane, logouts: Lane) {
    for login in LOGINS.iter().cycle() {
        let reply = load.log_in(login).await;
        load.recorder.note(logins, &reply);
        if reply.is_success() {
            session(&load, logouts, reply.text("/access_token")).await;
        }
        load.pause(PACE).await;
    }
}

async fn session(load: &Load, logouts: Lane, token: &str) {
    let used = load.http.post(At::Proxy, CHECK, Some(token), film("old-01", &[])).await;
    load.recorder.add(verdict::of_decision("a film to a new session", true, &used));
    let path = "/api/v1/auth/logout";
    let reply = load.http.post(At::Proxy, path, Some(token), Value::Null).await;
    load.recorder.note(logouts, &reply);
    if reply.is_success() {
        let what = Forbidden::Token(token.to_owned());
        load.ledger.book().facts.push(Fact { what, at: Instant::now(), by: reply.server });
    }
}
