//! Films as movie-api shows them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Identity, Load};
use crate::clock::now;
use crate::http::{At, Reply};
use crate::recorder::{Category, Lane};
use crate::site::{NEW_FILMS, OLD_FILMS, new_film, old_film};

const PACE: Duration = Duration::from_millis(250);

/// Lists, searches and single films, in turn.
pub(super) async fn run(load: Arc<Load>, lane: Lane, identity: Identity) {
    for round in 0_usize.. {
        tokio::time::sleep(PACE).await;
        let (old, new) = (old_film(round % OLD_FILMS), new_film(round % NEW_FILMS));
        let path = match round % 5 {
            0 => "/movies/?page=1".to_owned(),
            1 => format!("/movies/{old}"),
            2 => "/movies/".to_owned(),
            3 => format!("/movies/{new}"),
            _ => "/movies/?status=new&page=1".to_owned(),
        };
        let token = load.identities.token(identity);
        let reply = load.http.get(At::Movie, &path, token.as_deref()).await;
        load.recorder.note(lane, &reply);
        match round % 5 {
            1 => judge_film(&load, identity, &old, true, &reply),
            3 => judge_film(&load, identity, &new, identity == Identity::Member, &reply),
            kind => judge_list(&load, identity, &reply, kind == 2),
        }
    }
}

fn judge_film(load: &Load, identity: Identity, id: &str, may_read: bool, reply: &Reply) {
    if reply.is_refusal() {
        return;
    }
    let (category, what) = match (reply.status, may_read) {
        (200, true) | (403, false) => return,
        (200, false) => (Category::WronglyAllowed, "shown"),
        (403 | 404, true) => (Category::Lost, "not shown"),
        (401, _) => (Category::Lost, "the session is unknown"),
        _ => (Category::Unexpected, "neither shown nor refused"),
    };
    load.recorder.find(category, format!("{id} to {identity:?}: {what} ({})", reply.summary()));
}

fn judge_list(load: &Load, identity: Identity, reply: &Reply, is_complete: bool) {
    if reply.is_refusal() {
        return;
    }
    let Some(items) = reply.body.pointer("/items").and_then(Value::as_array) else {
        let category = if reply.status == 401 { Category::Lost } else { Category::Unexpected };
        let text = format!("a list for {identity:?}: {}", reply.summary());
        return load.recorder.find(category, text);
    };
    let ids: BTreeSet<&str> =
        items.iter().filter_map(|film| film.pointer("/id").and_then(Value::as_str)).collect();
    for id in &ids {
        if !may_see(identity, id) {
            let text = format!("{id} was listed for {identity:?}");
            load.recorder.find(Category::WronglyAllowed, text);
        }
    }
    if identity == Identity::Guest {
        note_seen(load, &ids);
    }
    if is_complete {
        let missing = (0..OLD_FILMS).map(old_film).find(|id| !ids.contains(id.as_str()));
        if let Some(id) = missing {
            load.recorder.find(Category::Lost, format!("{id} in the list for {identity:?}"));
        }
    }
}

/// Films without a field `id` are never labelled; subscribers see new films, all others do not.
fn may_see(identity: Identity, id: &str) -> bool {
    match id.split_once('-') {
        Some(("old" | "open", _)) => true,
        Some(("new" | "due", _)) => identity == Identity::Member,
        _ => false,
    }
}

/// When a guest saw a film first that was written during the run.
fn note_seen(load: &Load, ids: &BTreeSet<&str>) {
    let now = now();
    let mut book = load.ledger.book();
    for id in ids {
        if let Some(film) = book.films.get_mut(*id) {
            film.seen.get_or_insert(now);
        }
    }
}
