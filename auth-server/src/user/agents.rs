//! The programs that may sign in to an account, where not every one may.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::unicode::normalize;

/// Most entries of a list.
const MOST: usize = 20;
/// Longest entry, in characters: no more of a user agent is looked at.
const LONGEST: usize = 200;

/// A list of allowed user agents: 1–20 entries of 1–200 characters.
#[derive(Clone, Debug)]
pub(crate) struct AllowedAgents(Vec<String>);

impl AllowedAgents {
    /// Takes a list as it was typed.
    ///
    /// # Errors
    /// What can't be one, with the reason.
    pub(crate) fn parse(typed: &[String]) -> Result<Self, &'static str> {
        if !(1..=MOST).contains(&typed.len()) {
            return Err("A list has 1 to 20 entries; null in its place allows every program.");
        }
        let entry = |typed: &String| {
            let text = normalize(typed)?;
            if (1..=LONGEST).contains(&text.chars().count()) {
                Ok(text)
            } else {
                Err("An entry has 1 to 200 characters.")
            }
        };
        typed.iter().map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// True where the program's user agent contains one of the entries, whatever the case of letters.
    #[must_use]
    pub(crate) fn allow(&self, agent: Option<&str>) -> bool {
        let agent = agent.unwrap_or_default().to_lowercase();
        self.0.iter().any(|entry| agent.contains(&entry.to_lowercase()))
    }
}

/// The user's list; none where every program may sign in.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn allowed(
    database: &mut PgConnection,
    user: Uuid,
) -> sqlx::Result<Option<AllowedAgents>> {
    let row = sqlx::query_scalar!("SELECT allowed_user_agents FROM users WHERE id = $1", user);
    Ok(row.fetch_optional(database).await?.flatten().map(AllowedAgents))
}

/// Puts a list, or none, in the place of the one before. False where the password was changed, or
/// the account disabled, since `checked_hash` was read.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn allow(
    database: &mut PgConnection,
    user: Uuid,
    checked_hash: Option<&str>,
    list: Option<&AllowedAgents>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET allowed_user_agents = $3
         WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2 AND disabled_at IS NULL",
        user,
        checked_hash,
        list.map(|list| list.0.as_slice()),
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes the list away; false where there is none.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn allow_all(database: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE users SET allowed_user_agents = NULL
         WHERE id = $1 AND allowed_user_agents IS NOT NULL",
        user,
    )
    .execute(database)
    .await?;
    Ok(done.rows_affected() > 0)
}
