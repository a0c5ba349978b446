//! SQL about service clients.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::{ClientName, ClientSecret};
use crate::audit;
use crate::audit::{Actor, Record};

/// A service client.
#[derive(Clone, Debug, Default, Serialize, poem_openapi::Object)]
#[oai(read_only_all)]
pub(crate) struct Client {
    /// What it authenticates as.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it is refused; empty: it is not.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Makes a client with this secret, and leaves a line in the audit trail.
///
/// # Errors
/// Another one has this name (`clients_name_key`), or the database refused or is away.
pub(crate) async fn insert(
    pool: &PgPool,
    name: &ClientName,
    secret: &ClientSecret,
    (by, now): (Actor, DateTime<Utc>),
) -> sqlx::Result<Client> {
    let mut transaction = pool.begin().await?;
    let client = sqlx::query_as!(
        Client,
        "INSERT INTO clients (id, name, secret_hash, created_at) VALUES ($1, $2, $3, $4)
         RETURNING id, name, created_at, disabled_at",
        Uuid::now_v7(),
        name.as_str(),
        &secret.hash(),
        now,
    )
    .fetch_one(&mut *transaction)
    .await?;
    let record = Record::new(by, "create_client", format!("client:{}", client.id)).after(&client);
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(client)
}

/// Clients by name, after `after`.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn page(pool: &PgPool, after: &str, limit: i64) -> sqlx::Result<Vec<Client>> {
    sqlx::query_as!(
        Client,
        r#"SELECT id, name, created_at, disabled_at FROM clients WHERE name COLLATE "C" > $1
           ORDER BY name COLLATE "C" LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Refuses a client from now on, and leaves a line in the audit trail unless it was refused already.
/// `None`: there is no such client.
///
/// # Errors
/// The database refused or is away.
pub(crate) async fn disable(
    pool: &PgPool,
    id: Uuid,
    (by, now): (Actor, DateTime<Utc>),
) -> sqlx::Result<Option<String>> {
    let mut transaction = pool.begin().await?;
    let disabled = sqlx::query_scalar!(
        "UPDATE clients SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING name",
        id,
        now,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if disabled.is_none() {
        return sqlx::query_scalar!("SELECT name FROM clients WHERE id = $1", id)
            .fetch_optional(&mut *transaction)
            .await;
    }
    let record = Record::new(by, "disable_client", format!("client:{id}"))
        .before(json!({ "disabled_at": null }))
        .after(json!({ "disabled_at": now }));
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(disabled)
}

/// What is stored of the secret of a client that is not disabled.
pub(crate) async fn secret_hash(pool: &PgPool, id: Uuid) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT secret_hash FROM clients WHERE id = $1 AND disabled_at IS NULL", id)
        .fetch_optional(pool)
        .await
}
