//! Films that are written into the index during the run, and are to be labelled.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::Load;
use crate::clock::now;
use crate::http::{At, Request};
use crate::ledger::FilmWrite;

const PACE: Duration = Duration::from_millis(1_500);

/// Writes films in turn that everyone may see, that subscribers may see, and that nobody may see.
pub(super) async fn run(load: Arc<Load>) {
    for number in 0_u32.. {
        tokio::time::sleep(PACE).await;
        let (kind, date) = match number % 3 {
            0 => ("open", "1994-09-23"),
            1 => ("due", "2999-03-01"),
            _ => ("raw", "1994-09-23"),
        };
        let id = format!("{kind}-{number}");
        // A film without an `id` is never labelled.
        let field = if kind == "raw" { None } else { Some(&id) };
        let film = json!({ "id": field, "title": format!("Film {id}"), "release_date": date });
        let path = format!("/{}/_doc/{id}", load.index);
        let at = now();
        let write = Request {
            at: At::Elasticsearch,
            method: Method::PUT,
            path: &path,
            token: None,
            body: film,
            key: None,
        };
        if load.http.send(write).await.is_success() && kind != "raw" {
            load.ledger.book().films.insert(id, FilmWrite { at, seen: None });
        }
    }
}
