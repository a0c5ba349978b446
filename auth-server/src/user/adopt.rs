//! Logins and e-mail addresses as servers of earlier versions wrote them, brought to the form in which they are
//! compared now. What then belongs to two accounts is reported and left as it is.

use futures::TryStreamExt;
use sqlx::PgExecutor;
use uuid::Uuid;

use super::confusable::skeleton_of;
use super::names::Login;
use crate::db::{PgConnection, PgPool, constraint};
use crate::email::EmailAddress;

/// Accounts per statement.
const BATCH: i64 = 1_000;

/// Brings all logins and addresses to their present form. Returns a line for each that collides with another.
///
/// # Errors
/// The database is unavailable.
pub(crate) async fn adopt(pool: &PgPool) -> sqlx::Result<Vec<String>> {
    let (mut collisions, mut any) = (Vec::new(), false);
    loop {
        let mut database = pool.acquire().await?;
        let rows = without_skeleton(&mut database).await?;
        if rows.is_empty() {
            break;
        }
        any = true;
        let (same, changed): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| row.key.is_ascii() && Login::key_of(&row.login) == row.key);
        set_skeletons(&mut database, &same).await?;
        for row in changed {
            collisions.extend(adopt_login(&mut database, &row).await?);
        }
    }
    let mut database = pool.acquire().await?;
    if any {
        collisions.extend(alike(&mut database).await?);
    }
    for key in foreign_domains(&mut database).await? {
        collisions.extend(adopt_address(&mut database, &key).await?);
    }
    Ok(collisions)
}

/// Adopts them, and logs what collides.
pub(crate) async fn adopt_and_log(pool: PgPool) {
    match adopt(&pool).await {
        Ok(collisions) => {
            for collision in collisions {
                tracing::warn!("{collision}");
            }
        }
        Err(error) => tracing::warn!(%error, "logins of an earlier version are not adopted yet"),
    }
}

struct Row {
    id: Uuid,
    login: String,
    key: String,
}

async fn without_skeleton(database: impl PgExecutor<'_>) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        "SELECT id, login, login_key AS key FROM users WHERE login_skeleton IS NULL
         ORDER BY id LIMIT $1",
        BATCH,
    )
    .fetch_all(database)
    .await
}

async fn set_skeletons(database: impl PgExecutor<'_>, rows: &[Row]) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let skeletons: Vec<String> = rows.iter().map(|row| skeleton_of(&row.key)).collect();
    sqlx::query!(
        "UPDATE users u SET login_skeleton = a.skeleton
         FROM unnest($1::uuid[], $2::text[]) AS a (id, skeleton) WHERE u.id = a.id",
        &ids,
        &skeletons,
    )
    .execute(database)
    .await?;
    Ok(())
}

async fn adopt_login(
    database: &mut PgConnection,
    Row { id, login, key: old }: &Row,
) -> sqlx::Result<Option<String>> {
    let key = Login::key_of(login);
    match set_login(&mut *database, *id, &key, &skeleton_of(&key)).await {
        Ok(()) => return Ok(None),
        Err(error) if is_collision(&error) => {}
        Err(error) => return Err(error),
    }
    // Its own id is a skeleton that no login has.
    set_login(database, *id, old, &id.to_string()).await?;
    Ok(Some(format!(
        "the login `{login}` of user {id} looks like that of another account; change one of them"
    )))
}

/// Logins beyond ASCII that look like others of ASCII alone.
async fn alike(database: impl PgExecutor<'_>) -> sqlx::Result<Vec<String>> {
    let pairs = sqlx::query!(
        "SELECT a.login, a.id, b.login AS other, b.id AS other_id
         FROM users a JOIN users b ON b.login_skeleton = a.login_skeleton AND b.id <> a.id
         WHERE octet_length(a.login_key) <> char_length(a.login_key) LIMIT $1",
        BATCH,
    );
    let pairs = pairs.fetch_all(database).await?.into_iter();
    let line = pairs.map(|pair| {
        let (login, id, other, other_id) = (pair.login, pair.id, pair.other, pair.other_id);
        format!("the login `{login}` of user {id} looks like `{other}` of user {other_id}; change one of them")
    });
    Ok(line.collect())
}

async fn set_login(
    database: impl PgExecutor<'_>,
    id: Uuid,
    key: &str,
    skeleton: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE users SET login_key = $2, login_skeleton = $3 WHERE id = $1",
        id,
        key,
        skeleton,
    )
    .execute(database)
    .await?;
    Ok(())
}

/// Addresses whose domain is not in its A-label form.
async fn foreign_domains(database: impl PgExecutor<'_>) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"SELECT email_key AS "key!" FROM users
           WHERE octet_length(split_part(email_key, '@', 2)) <> char_length(split_part(email_key, '@', 2))
           UNION SELECT email_key FROM pending_emails
           WHERE octet_length(split_part(email_key, '@', 2)) <> char_length(split_part(email_key, '@', 2))"#
    )
    .fetch(database)
    .try_collect()
    .await
}

async fn adopt_address(database: &mut PgConnection, old: &str) -> sqlx::Result<Option<String>> {
    let Ok(address) = EmailAddress::parse(old) else { return Ok(None) };
    let key = address.key();
    let held = sqlx::query!("UPDATE users SET email_key = $2 WHERE email_key = $1", old, key);
    match held.execute(&mut *database).await {
        Ok(_) => {}
        Err(error) if is_collision(&error) => {
            return Ok(Some(format!(
                "the e-mail address `{old}` belongs to two accounts, as `{key}` is the same"
            )));
        }
        Err(error) => return Err(error),
    }
    sqlx::query!("UPDATE pending_emails SET email_key = $2 WHERE email_key = $1", old, key)
        .execute(&mut *database)
        .await?;
    sqlx::query!("UPDATE mail_tokens SET email_key = $2 WHERE email_key = $1", old, key)
        .execute(database)
        .await?;
    Ok(None)
}

fn is_collision(error: &sqlx::Error) -> bool {
    matches!(
        constraint(error),
        Some("users_login_key" | "users_login_skeleton_key" | "users_email_key")
    )
}
