//! Registrations, and roles that are granted and revoked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use super::identities::credentials;
use super::{CHECK, Identity, Load, film};
use crate::http::{At, Reply, Request, Written};
use crate::ledger::{Account, Fact, Forbidden};
use crate::recorder::{Category, Lane};
use crate::verdict;

const PACE: Duration = Duration::from_millis(700);

/// Registers accounts. Each is granted a role, and every second one loses it again.
pub(super) async fn run(load: Arc<Load>, registrations: Lane, grants: Lane) {
    for number in 0_u32.. {
        load.pause(PACE).await;
        let login = format!("account-{number}");
        let path = "/api/v1/auth/register";
        let reply = load.http.post(At::Proxy, path, None, credentials(&login)).await;
        load.recorder.note(registrations, &reply);
        match reply.written() {
            Written::Unknown => {}
            Written::Refused if reply.is_refusal() => {}
            Written::Refused => {
                let text = format!("registration: {}", reply.summary());
                load.recorder.find(Category::Unexpected, text);
            }
            Written::Acknowledged => {
                let is_subscriber = roles(&load, grants, &reply, number.is_multiple_of(2)).await;
                load.ledger.book().accounts.push(Account { login, is_subscriber });
            }
        }
    }
}

/// Whether the account has the role afterwards; `None` if that is unknown.
async fn roles(load: &Load, lane: Lane, registered: &Reply, is_kept: bool) -> Option<bool> {
    let (id, token) = (registered.text("/user/id"), registered.text("/access_token"));
    let granted = role(load, lane, Method::PUT, id).await;
    if granted.written() != Written::Acknowledged {
        return None;
    }
    if let Some(server) = granted.server {
        let question = film("new-01", &["new"]);
        let reply = load.http.post(At::Auth(server), CHECK, Some(token), question).await;
        load.recorder.add(verdict::of_decision("a role that was granted", true, &reply));
    }
    if is_kept {
        return Some(true);
    }
    let revoked = role(load, lane, Method::DELETE, id).await;
    if revoked.written() != Written::Acknowledged {
        return None;
    }
    let what = Forbidden::NewFilms(token.to_owned());
    load.ledger.book().facts.push(Fact { what, at: Instant::now(), by: revoked.server });
    Some(false)
}

async fn role(load: &Load, lane: Lane, method: Method, user: &str) -> Reply {
    let path = format!("/api/v1/users/{user}/roles/subscriber");
    let token = load.identities.token(Identity::Superuser);
    let (at, token) = (At::Proxy, token.as_deref());
    let reply = load
        .http
        .send(Request { at, method, path: &path, token, body: Value::Null, key: None })
        .await;
    load.recorder.note(lane, &reply);
    if !reply.is_refusal() && !reply.is_success() {
        load.recorder.find(Category::Unexpected, format!("grant: {}", reply.summary()));
    }
    reply
}
