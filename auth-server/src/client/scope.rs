//! What a service client may do.

use clap::ValueEnum;
use poem_openapi::Enum;
use serde::{Deserialize, Serialize};

/// What a service client may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Enum,
    ValueEnum,
    sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case", rename = "ClientScope")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Introspect tokens and revoke them.
    Introspect,
    /// Get search filters for users and guests.
    Filter,
    /// Check what users and guests may do.
    Evaluate,
    /// List deleted accounts.
    #[serde(rename = "users:deleted")]
    #[oai(rename = "users:deleted")]
    #[value(name = "users:deleted")]
    #[sqlx(rename = "users:deleted")]
    UsersDeleted,
    /// Read the policy.
    #[serde(rename = "policy:read")]
    #[oai(rename = "policy:read")]
    #[value(name = "policy:read")]
    #[sqlx(rename = "policy:read")]
    PolicyRead,
    /// Explain what users and guests may do, and why.
    Explain,
}

impl Scope {
    /// The scopes of a new client unless others are requested.
    pub(crate) const DEFAULT: &'static [Self] = &[Self::Introspect];

    /// The name in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Introspect => "introspect",
            Self::Filter => "filter",
            Self::Evaluate => "evaluate",
            Self::UsersDeleted => "users:deleted",
            Self::PolicyRead => "policy:read",
            Self::Explain => "explain",
        }
    }
}

/// The scopes of a client, each once and in order; `None` if there are none.
pub(crate) fn normalize(mut scopes: Vec<Scope>) -> Option<Vec<Scope>> {
    scopes.sort_unstable();
    scopes.dedup();
    (!scopes.is_empty()).then_some(scopes)
}
