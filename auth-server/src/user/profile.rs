//! An account as it is shown.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;
use uuid::Uuid;

use super::store::UserRow;
use policies::RoleName;

/// An account.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
pub struct User {
    /// Never changes.
    pub id: Uuid,
    /// What the user signs in with, as it was typed.
    pub login: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether a mail to the address was answered: until then it is but a claim.
    pub email_verified: bool,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Id of the genre that the user likes best.
    pub favorite_genre: Option<String>,
    /// Parts of the user agents that may sign in; `null`: any may.
    pub allowed_user_agents: Option<Vec<String>>,
    /// Roles granted to the user, without what they inherit.
    pub roles: Vec<String>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When the user last signed in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// A disabled account can't be signed in to.
    pub disabled: bool,
}

impl User {
    /// The account of this row, with these roles.
    #[must_use]
    pub fn new(row: UserRow, roles: &[RoleName]) -> Self {
        Self {
            id: row.id,
            login: row.login,
            email: row.email,
            email_verified: row.email_verified_at.is_some(),
            first_name: row.first_name,
            last_name: row.last_name,
            favorite_genre: row.favorite_genre,
            allowed_user_agents: row.allowed_user_agents,
            roles: roles.iter().map(ToString::to_string).collect(),
            created_at: row.created_at,
            last_login_at: row.last_login_at,
            disabled: row.disabled_at.is_some(),
        }
    }
}
