//! Favorites that are added and removed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::{Identity, Load};
use crate::http::{At, Reply, Request, Written};
use crate::recorder::{Category, Lane};
use crate::site::{OLD_FILMS, old_film};
use crate::verdict;

const PACE: Duration = Duration::from_millis(400);

/// One user adds each film, removes each film, and so on, and looks at the list in between.
pub(super) async fn run(load: Arc<Load>, lane: Lane) {
    for round in 0.. {
        load.pause(PACE).await;
        let film = old_film(round % OLD_FILMS);
        let is_added = (round / OLD_FILMS).is_multiple_of(2);
        let method = if is_added { Method::POST } else { Method::DELETE };
        let reply = send(&load, lane, method, &format!("/favorites/movies/{film}")).await;
        let state = (reply.written() == Written::Acknowledged).then_some(is_added);
        load.ledger.book().favorites.insert(film, state);
        let listed = send(&load, lane, Method::GET, "/favorites/movies/").await;
        if listed.is_success() {
            judge(&load, &listed);
        }
    }
}

fn judge(load: &Load, listed: &Reply) {
    let items = listed.body.pointer("/items").and_then(Value::as_array);
    let ids = items.into_iter().flatten().filter_map(|film| film.pointer("/id")?.as_str());
    let listed: BTreeSet<String> = ids.map(ToOwned::to_owned).collect();
    let findings = verdict::of_favorites(&load.ledger.book().favorites, &listed);
    load.recorder.add(findings);
}

async fn send(load: &Load, lane: Lane, method: Method, path: &str) -> Reply {
    let token = load.identities.token(Identity::Viewer);
    let (at, token, body) = (At::Movie, token.as_deref(), Value::Null);
    let reply = load.http.send(Request { at, method, path, token, body, key: None }).await;
    load.recorder.note(lane, &reply);
    if !reply.is_refusal() && !reply.is_success() {
        let category = if reply.status == 401 { Category::Lost } else { Category::Unexpected };
        load.recorder.find(category, format!("favorites {path}: {}", reply.summary()));
    }
    reply
}
