//! Service clients in PostgreSQL.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{ClientName, ClientSecret, Scope};
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::db::{PgConnection, PgPool};

/// A service client.
#[derive(Clone, Debug, Default, Serialize, poem_openapi::Object)]
#[oai(rename = "ServiceClient", read_only_all)]
pub(crate) struct Client {
    /// Client id.
    pub id: Uuid,
    /// Display name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was disabled; `null` if it is active.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// What authenticates an active client, and what it may do.
#[derive(Clone)]
pub(crate) struct ActiveClient {
    /// Client id.
    pub id: Uuid,
    /// Hash of its secret.
    pub secret_hash: Vec<u8>,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// Creates a client with this secret, and its audit record, whose id is returned too.
///
/// # Errors
/// The name is taken (`clients_name_key`), among others.
pub(crate) async fn insert(
    transaction: &mut PgConnection,
    name: &ClientName,
    scopes: &[Scope],
    secret: &ClientSecret,
    by: Actor,
    now: DateTime<Utc>,
) -> sqlx::Result<(Client, i64)> {
    let client = sqlx::query_as!(
        Client,
        r#"INSERT INTO clients (id, name, scopes, secret_hash, created_at)
           VALUES ($1, $2, $3, $4, $5)
           RETURNING id, name, scopes AS "scopes: Vec<Scope>", created_at, disabled_at"#,
        Uuid::now_v7(),
        name.as_str(),
        scopes as &[Scope],
        &secret.hash(),
        now,
    )
    .fetch_one(&mut *transaction)
    .await?;
    let record =
        AuditRecord::new(by, "create_client", format!("client:{}", client.id)).after(&client);
    let record = audit::insert(transaction, &record, now).await?;
    Ok((client, record))
}

/// Clients after the name `after`, ordered by name.
pub(crate) async fn page(pool: &PgPool, after: &str, limit: i64) -> sqlx::Result<Vec<Client>> {
    sqlx::query_as!(
        Client,
        r#"SELECT id, name, scopes AS "scopes: Vec<Scope>", created_at, disabled_at FROM clients
           WHERE name COLLATE "C" > $1 ORDER BY name COLLATE "C" LIMIT $2"#,
        after,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// A client that is disabled now.
pub(crate) struct Disabled {
    pub(crate) name: String,
    /// Id of the audit record; `None` if the client was disabled before.
    pub(crate) record: Option<i64>,
}

/// Disables a client and inserts an audit record, unless it is disabled already. `None` if there is no
/// such client.
pub(crate) async fn disable(
    transaction: &mut PgConnection,
    id: Uuid,
    by: Actor,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Disabled>> {
    let disabled = sqlx::query_scalar!(
        "UPDATE clients SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING name",
        id,
        now,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(name) = disabled else {
        let before = sqlx::query_scalar!("SELECT name FROM clients WHERE id = $1", id)
            .fetch_optional(transaction)
            .await?;
        return Ok(before.map(|name| Disabled { name, record: None }));
    };
    let record = AuditRecord::new(by, "disable_client", format!("client:{id}"))
        .before(json!({ "disabled_at": null }))
        .after(json!({ "disabled_at": now }));
    let record = audit::insert(transaction, &record, now).await?;
    Ok(Some(Disabled { name, record: Some(record) }))
}

/// All active clients.
pub(crate) async fn active(pool: &PgPool) -> sqlx::Result<Vec<ActiveClient>> {
    sqlx::query_as!(
        ActiveClient,
        r#"SELECT id, secret_hash, scopes AS "scopes: Vec<Scope>" FROM clients
           WHERE disabled_at IS NULL"#,
    )
    .fetch_all(pool)
    .await
}
