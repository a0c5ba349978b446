//! `POST /api/v1/check`, `/check/batch`

mod access;
mod at_least;
mod batch;
mod immediate_effect;
mod named_subject;
mod reasons;
mod subject;
mod validity_periods;

use serde_json::{Value, json};
use tests::{Answer, Caller};

/// Checks whether the caller may read this film.
pub(crate) async fn read(caller: &Caller, film: Value) -> Answer {
    caller.post("check", &json!({ "action": "read", "resource": film })).await
}

/// A film with these labels.
pub(crate) fn film(labels: &[&str]) -> Value {
    json!({ "type": "film", "id": "f1", "labels": labels })
}

/// True if the caller may read a film with the label `new`.
pub(crate) async fn may_read_new(caller: &Caller) -> bool {
    read(caller, film(&["new"])).await.ok()["allowed"].as_bool().unwrap()
}
