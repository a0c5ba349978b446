//! SQL about what people say of themselves.

use sqlx::PgConnection;
use uuid::Uuid;

use super::names::{Genre, PersonName};
use crate::email::EmailAddress;

/// What is to become of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// It stays.
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// Whether something is to happen, and what the value is then.
    fn parts<'a>(&'a self, text: impl Fn(&'a T) -> &'a str) -> (bool, Option<&'a str>) {
        match self {
            Self::Keep => (false, None),
            Self::Clear => (true, None),
            Self::Set(value) => (true, Some(text(value))),
        }
    }
}

/// A change of what people say of themselves.
#[derive(Debug)]
pub(crate) struct ProfileChange {
    /// E-mail address.
    pub email: Change<EmailAddress>,
    /// First name.
    pub first_name: Change<PersonName>,
    /// Last name.
    pub last_name: Change<PersonName>,
    /// The genre that they like best.
    pub favorite_genre: Change<Genre>,
}

/// Changes the account; false if there is none. Another address is not verified, however the one
/// before was.
///
/// # Errors
/// A taken address runs into the constraint `users_email_key`.
pub(crate) async fn change_profile(
    database: &mut PgConnection,
    id: Uuid,
    change: &ProfileChange,
) -> sqlx::Result<bool> {
    let (change_email, email) = change.email.parts(EmailAddress::as_str);
    let (_, email_key) = change.email.parts(EmailAddress::key);
    let (change_first, first_name) = change.first_name.parts(PersonName::as_str);
    let (change_last, last_name) = change.last_name.parts(PersonName::as_str);
    let (change_genre, genre) = change.favorite_genre.parts(Genre::as_str);
    let done = sqlx::query!(
        "UPDATE users SET
             email = CASE WHEN $2 THEN $3 ELSE email END,
             email_key = CASE WHEN $2 THEN $4 ELSE email_key END,
             email_verified_at = CASE WHEN $2 AND email_key IS DISTINCT FROM $4 THEN NULL
                                      ELSE email_verified_at END,
             first_name = CASE WHEN $5 THEN $6 ELSE first_name END,
             last_name = CASE WHEN $7 THEN $8 ELSE last_name END,
             favorite_genre = CASE WHEN $9 THEN $10 ELSE favorite_genre END
         WHERE id = $1",
        id,
        change_email,
        email,
        email_key,
        change_first,
        first_name,
        change_last,
        last_name,
        change_genre,
        genre,
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}
