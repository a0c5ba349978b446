//! Service clients in PostgreSQL.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{ClientName, ClientSecret};
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::db::PgPool;

/// A service client.
#[derive(Clone, Debug, Default, Serialize, poem_openapi::Object)]
#[oai(read_only_all)]
pub(crate) struct Client {
    /// Client id.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was disabled; `null` if it is active.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Creates a client with this secret, and its audit record.
///
/// # Errors
/// The name is taken (`clients_name_key`), among others.
pub(crate) async fn insert(
    pool: &PgPool,
    name: &ClientName,
    secret: &ClientSecret,
    by: Actor,
    now: DateTime<Utc>,
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
    let record =
        AuditRecord::new(by, "create_client", format!("client:{}", client.id)).after(&client);
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(client)
}

/// Clients after the name `after`, ordered by name.
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

/// Disables a client and inserts an audit record, unless it is disabled already. Returns its name, or
/// nothing if there is no such client.
pub(crate) async fn disable(
    pool: &PgPool,
    id: Uuid,
    by: Actor,
    now: DateTime<Utc>,
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
    let record = AuditRecord::new(by, "disable_client", format!("client:{id}"))
        .before(json!({ "disabled_at": null }))
        .after(json!({ "disabled_at": now }));
    audit::insert(&mut transaction, &record, now).await?;
    transaction.commit().await?;
    Ok(disabled)
}

/// The stored hash of an active client's secret.
pub(crate) async fn secret_hash(pool: &PgPool, id: Uuid) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT secret_hash FROM clients WHERE id = $1 AND disabled_at IS NULL", id)
        .fetch_optional(pool)
        .await
}
