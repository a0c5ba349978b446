//! The clients that may log in to an account, if its owner restricted them.

use uuid::Uuid;

use crate::db::PgConnection;
use crate::unicode::normalize;

/// Maximum number of entries.
const MAX_ENTRIES: usize = 20;
/// Maximum length of an entry in characters; no more of a user agent is compared.
const MAX_LENGTH: usize = 200;

/// A list of allowed user agents: 1–20 entries of 1–200 characters.
#[derive(Clone, Debug)]
pub(crate) struct AllowedUserAgents(Vec<String>);

impl AllowedUserAgents {
    /// Parses a list as it was typed.
    ///
    /// # Errors
    /// The reason why it is not valid.
    pub(crate) fn parse(typed: &[String]) -> Result<Self, &'static str> {
        if !(1..=MAX_ENTRIES).contains(&typed.len()) {
            return Err("The list must have 1 to 20 entries; send null to allow any user agent.");
        }
        let entry = |typed: &String| {
            let text = normalize(typed)?;
            if (1..=MAX_LENGTH).contains(&text.chars().count()) {
                Ok(text)
            } else {
                Err("An entry must have 1 to 200 characters.")
            }
        };
        typed.iter().map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the user agent contains one of the entries, ignoring case. A client without a user
    /// agent is never allowed.
    #[must_use]
    pub(crate) fn allows(&self, user_agent: Option<&str>) -> bool {
        let Some(user_agent) = user_agent.map(str::to_lowercase) else { return false };
        self.0.iter().any(|entry| user_agent.contains(&entry.to_lowercase()))
    }
}

/// The user's list; `None` if any client may log in.
pub(crate) async fn read(
    database: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<AllowedUserAgents>> {
    let row = sqlx::query_scalar!("SELECT allowed_user_agents FROM users WHERE id = $1", user);
    Ok(row.fetch_optional(database).await?.flatten().map(AllowedUserAgents))
}

/// Replaces the user's list, or removes it with `None`.
pub(crate) async fn replace(
    database: &mut PgConnection,
    user: Uuid,
    list: Option<&AllowedUserAgents>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET allowed_user_agents = $2 WHERE id = $1",
        user,
        list.map(|list| list.0.as_slice()),
    )
    .execute(database)
    .await?;
    Ok(())
}

/// Removes the user's list; `false` if there is none.
pub(crate) async fn remove(database: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET allowed_user_agents = NULL
         WHERE id = $1 AND allowed_user_agents IS NOT NULL",
        user,
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}
