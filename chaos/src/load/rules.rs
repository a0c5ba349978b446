//! Rules that forbid guests a film each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{Identity, Load};
use crate::http::{At, Reply, Request, Written};
use crate::ledger::{Fact, Forbidden, RuleWrite};
use crate::recorder::{Category, Lane};

const PACE: Duration = Duration::from_millis(700);

/// Writes one rule after the other.
pub(super) async fn run(load: Arc<Load>, lane: Lane) {
    for number in 0_u32.. {
        load.pause(PACE).await;
        let film = format!("rule-{number}");
        let mut reply = write(&load, lane, &film).await;
        let mut by = reply.server;
        // Every second unknown outcome is found out by repeating the request with the same key.
        while number.is_multiple_of(2) && is_open(&reply) {
            load.pause(PACE).await;
            reply = write(&load, lane, &film).await;
            // A server that repeats an answer need not have the rule yet.
            by = None;
        }
        let written = reply.written();
        if written == Written::Refused && !reply.is_refusal() {
            load.recorder.find(Category::Unexpected, format!("rule: {}", reply.summary()));
        }
        let mut book = load.ledger.book();
        book.rules.push(RuleWrite { film: film.clone(), written, answer: reply.summary() });
        if written == Written::Acknowledged {
            let what = Forbidden::Film(film);
            book.facts.push(Fact { what, at: Instant::now(), by });
        }
    }
}

/// Whether the rule may have been written, or still be.
fn is_open(reply: &Reply) -> bool {
    reply.written() == Written::Unknown || reply.code() == "request_in_progress"
}

async fn write(load: &Load, lane: Lane, film: &str) -> Reply {
    let body = json!({
        "priority": 20, "role": "anonymous", "resource": format!("film:{film}"), "action": "read",
        "effect": "deny"
    });
    let token = load.identities.token(Identity::Superuser);
    let (at, method, path) = (At::Proxy, Method::POST, "/api/v1/rules");
    let request = Request { at, method, path, token: token.as_deref(), body, key: Some(film) };
    let reply = load.http.send(request).await;
    load.recorder.note(lane, &reply);
    reply
}
