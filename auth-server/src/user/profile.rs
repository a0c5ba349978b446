//! A user's own profile: how it is shown, and how it changes.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use policies::RoleName;
use serde::Serialize;
use uuid::Uuid;

use super::names::{Genre, ProfileName};
use super::store::UserRow;
use crate::db::PgConnection;
use crate::email::EmailAddress;

/// An account, as its owner sees it.
#[derive(Clone, Debug, Serialize, Object)]
#[oai(read_only_all)]
pub(crate) struct User {
    /// Identifies the account; never changes.
    pub id: Uuid,
    /// Login, as typed.
    pub login: String,
    /// E-mail address: the confirmed one, if there is one.
    pub email: Option<String>,
    /// Whether `email` was confirmed; until then it is only a claim.
    pub email_verified: bool,
    /// The address that replaces `email` once it is confirmed.
    pub pending_email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Id of the user's favorite genre.
    pub favorite_genre: Option<String>,
    /// Parts of user agents that may log in; `null`: any may.
    pub allowed_user_agents: Option<Vec<String>>,
    /// Roles granted to the user, without inherited ones.
    pub roles: Vec<String>,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// When the user last logged in.
    pub last_login_at: Option<DateTime<Utc>>,
    /// A disabled account cannot be logged in to.
    pub disabled: bool,
}

impl User {
    /// The account of this row, with these roles.
    #[must_use]
    pub(crate) fn new(row: UserRow, roles: &[RoleName]) -> Self {
        Self {
            id: row.id,
            login: row.login,
            email: row.email,
            email_verified: row.email_verified_at.is_some(),
            pending_email: row.pending_email,
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

/// A change of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// The value stays.
    Keep,
    /// The value is removed.
    Clear,
    /// The value is replaced.
    Set(T),
}

impl<T> Change<T> {
    /// Whether the value changes, and to what.
    fn parts<'a>(&'a self, text: impl Fn(&'a T) -> &'a str) -> (bool, Option<&'a str>) {
        match self {
            Self::Keep => (false, None),
            Self::Clear => (true, None),
            Self::Set(value) => (true, Some(text(value))),
        }
    }
}

/// A change of a profile.
#[derive(Debug)]
pub(crate) struct ProfileChange {
    /// E-mail address.
    pub email: Change<EmailAddress>,
    /// First name.
    pub first_name: Change<ProfileName>,
    /// Last name.
    pub last_name: Change<ProfileName>,
    /// Favorite genre.
    pub favorite_genre: Change<Genre>,
}

/// Changes the names and the favorite genre.
pub(crate) async fn change_profile(
    database: &mut PgConnection,
    id: Uuid,
    change: &ProfileChange,
) -> sqlx::Result<()> {
    let (change_first, first_name) = change.first_name.parts(ProfileName::as_str);
    let (change_last, last_name) = change.last_name.parts(ProfileName::as_str);
    let (change_genre, genre) = change.favorite_genre.parts(Genre::as_str);
    sqlx::query!(
        "UPDATE users SET
             first_name = CASE WHEN $2 THEN $3 ELSE first_name END,
             last_name = CASE WHEN $4 THEN $5 ELSE last_name END,
             favorite_genre = CASE WHEN $6 THEN $7 ELSE favorite_genre END
         WHERE id = $1",
        id,
        change_first,
        first_name,
        change_last,
        last_name,
        change_genre,
        genre,
    )
    .execute(database)
    .await?;
    Ok(())
}
