//! Refreshes: a session goes on with the pair that it was given last.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{CHECK, Load, film};
use crate::http::At;
use crate::recorder::{Category, Lane};
use crate::verdict;

const PACE: Duration = Duration::from_millis(700);

/// Accounts, each with a session of its own.
pub(super) const LOGINS: [&str; 2] = ["refresh-1", "refresh-2"];

/// For so long, a refresh token that was replaced returns the same successor again.
const GRACE: Duration = Duration::from_secs(10);

/// Refreshes one session for as long as it lasts, then logs in again.
pub(super) async fn run(load: Arc<Load>, lane: Lane, login: &'static str) {
    loop {
        let opened = load.log_in(login).await;
        if opened.is_success() {
            refresh(&load, lane, opened.text("/refresh_token").to_owned()).await;
        }
        load.pause(PACE).await;
    }
}

/// Returns when the session has ended. It may only end because no answer arrived for longer than a
/// replaced token is accepted: one of the refreshes in that time may have been made.
async fn refresh(load: &Load, lane: Lane, mut refresh_token: String) {
    let mut unanswered: Option<Instant> = None;
    loop {
        load.pause(PACE).await;
        let body = json!({ "refresh_token": refresh_token });
        let reply = load.http.post(At::Proxy, "/api/v1/auth/refresh", None, body).await;
        load.recorder.note(lane, &reply);
        if reply.is_refusal() {
            unanswered.get_or_insert(reply.sent);
        } else if reply.is_success() {
            unanswered = None;
            reply.text("/refresh_token").clone_into(&mut refresh_token);
            use_access_token(load, reply.text("/access_token")).await;
        } else {
            if unanswered.is_none_or(|first| reply.done - first <= GRACE) {
                load.recorder.find(Category::Lost, format!("a session ({})", reply.summary()));
            }
            return;
        }
    }
}

async fn use_access_token(load: &Load, token: &str) {
    let used = load.http.post(At::Proxy, CHECK, Some(token), film("old-01", &[])).await;
    load.recorder.add(verdict::of_decision("a film to a refreshed session", true, &used));
}
