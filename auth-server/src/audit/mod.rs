//! The audit trail: every write by an admin, with its author and the state before and after, and every
//! change that users make to their credentials.

mod account_change;
pub(crate) mod store;

use policies::RoleName;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use account_change::AccountChange;
pub(crate) use store::{StoredRecord, insert, page};

/// Author of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A user, through the API.
    User(Uuid),
    /// An operator, through the command line.
    CommandLine,
}

impl Actor {
    /// The user, if it is one.
    pub(crate) const fn user(self) -> Option<Uuid> {
        match self {
            Self::User(user) => Some(user),
            Self::CommandLine => None,
        }
    }

    /// `api` or `cli`.
    pub(crate) const fn via(self) -> &'static str {
        match self {
            Self::User(_) => "api",
            Self::CommandLine => "cli",
        }
    }
}

/// The state that a change wrote, and its audit record.
pub(crate) struct Written<T> {
    pub(crate) state: T,
    pub(crate) record: AuditRecord,
}

/// An audit record to be inserted in the transaction of its write.
#[derive(Clone, Debug)]
pub(crate) struct AuditRecord {
    /// Its author.
    pub by: Actor,
    /// An operation id, or the name of a command.
    pub operation: &'static str,
    /// What was written.
    pub target: String,
    before: Option<Value>,
    after: Option<Value>,
}

impl AuditRecord {
    /// A write to `target` by `by`. `operation` is an operation id of the OpenAPI document.
    #[must_use]
    pub(crate) fn new(by: Actor, operation: &'static str, target: impl Into<String>) -> Self {
        Self { by, operation, target: target.into(), before: None, after: None }
    }

    /// Several writes that were made together.
    #[must_use]
    pub(crate) fn several(
        by: Actor,
        operation: &'static str,
        target: impl Into<String>,
        records: &[Self],
    ) -> Self {
        let change = |Self { operation, target, before, after, .. }: &Self| json!({ "operation": operation, "target": target, "before": before, "after": after });
        let changes: Vec<Value> = records.iter().map(change).collect();
        Self::new(by, operation, target).after(json!({ "changes": changes }))
    }

    /// Operation id of the write.
    #[must_use]
    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// What it writes to.
    #[must_use]
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The previous state. It must not contain a secret.
    #[must_use]
    pub(crate) fn before(mut self, value: impl Serialize) -> Self {
        self.before = Some(json_value(value));
        self
    }

    /// The new state. It must not contain a secret.
    #[must_use]
    pub(crate) fn after(mut self, value: impl Serialize) -> Self {
        self.after = Some(json_value(value));
        self
    }

    /// A role was granted to `user`, whose roles are `now`.
    #[must_use]
    pub(crate) fn grant_role(by: Actor, user: Uuid, role: &RoleName, now: &[RoleName]) -> Self {
        let before: Vec<&RoleName> = now.iter().filter(|name| *name != role).collect();
        Self::new(by, "grant_role", format!("user:{user}"))
            .before(json!({ "roles": before }))
            .after(json!({ "roles": now }))
    }

    /// A role was revoked from `user`, whose roles are `now`.
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
