//! The trail that every write of an admin leaves: who, what, before, after.

pub(crate) mod store;

use policies::RoleName;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use store::{Line, insert, page};

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A user, over HTTP.
    User(Uuid),
    /// Whoever may start the program.
    CommandLine,
}

/// A write, as it will be remembered. Goes with the transaction that does it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    by: Actor,
    operation: &'static str,
    target: String,
    before: Option<Value>,
    after: Option<Value>,
}

impl Record {
    /// A write by `by`: an operation, named as in `/openapi.json`, to `target`.
    #[must_use]
    pub(crate) fn new(by: Actor, operation: &'static str, target: impl Into<String>) -> Self {
        Self { by, operation, target: target.into(), before: None, after: None }
    }

    /// What it was. Nothing secret may stand in it.
    #[must_use]
    pub(crate) fn before(mut self, value: impl Serialize) -> Self {
        self.before = Some(json_value(value));
        self
    }

    /// What it became. Nothing secret may stand in it.
    #[must_use]
    pub(crate) fn after(mut self, value: impl Serialize) -> Self {
        self.after = Some(json_value(value));
        self
    }

    /// A role was granted to `user`, who has the roles `now` from now on.
    #[must_use]
    pub(crate) fn grant_role(by: Actor, user: Uuid, role: &RoleName, now: &[RoleName]) -> Self {
        let before: Vec<&RoleName> = now.iter().filter(|name| *name != role).collect();
        Self::new(by, "grant_role", format!("user:{user}"))
            .before(json!({ "roles": before }))
            .after(json!({ "roles": now }))
    }

    /// A role was revoked from `user`, who has the roles `now` from now on.
    #[must_use]
    pub(crate) fn revoke_role(by: Actor, user: Uuid, role: &RoleName, now: &[RoleName]) -> Self {
        let mut before: Vec<&RoleName> = now.iter().chain(std::iter::once(role)).collect();
        before.sort();
        Self::new(by, "revoke_role", format!("user:{user}"))
            .before(json!({ "roles": before }))
            .after(json!({ "roles": now }))
    }
}

#[expect(clippy::expect_used, reason = "audited values are plain data with string keys")]
fn json_value(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("an audited value serializes")
}
