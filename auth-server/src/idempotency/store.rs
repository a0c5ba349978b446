//! Keys in PostgreSQL. They are kept with the write, in its transaction.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::header::{IdempotencyKey, Keyed};
use super::{IN_PROGRESS, KEY_REUSED};
use crate::db::{PgConnection, PgPool, Transaction};
use crate::http::problem::{INTERNAL, Problem};

/// A key that nobody else may use until the transaction ends. Without a key in the request, nothing.
#[derive(Default)]
pub(crate) struct Claim(Option<(Uuid, Keyed)>);

/// Whether a request was made before.
pub(crate) enum Claimed {
    /// It was not, and is to be made in this transaction.
    New(Transaction<'static>, Claim),
    /// It was, with this result.
    Made(Earlier),
}

/// The result of a request that was made before.
pub(crate) struct Earlier {
    /// Policy revision after it.
    pub(crate) revision: i64,
    /// What it wrote to: `rule:<id>` and so on. `None` if there was nothing to change.
    pub(crate) target: Option<String>,
    /// The state that it wrote.
    after: Option<Value>,
    /// The warnings that it was answered with.
    warnings: Value,
}

impl Earlier {
    /// The warnings that it was answered with; none if they are of another version.
    pub(crate) fn warnings<T: DeserializeOwned + Default>(&self) -> T {
        T::deserialize(&self.warnings).unwrap_or_default()
    }

    /// The state that it wrote.
    pub(crate) fn written<T: DeserializeOwned>(self) -> Result<T, Problem> {
        serde_json::from_value(self.after.unwrap_or_default()).map_err(|error| {
            tracing::error!(%error, target = self.target, "an audit record does not have the state that was written");
            Problem::new(INTERNAL)
        })
    }
}

impl IdempotencyKey {
    /// Begins the transaction of a write, in which the key is claimed for `caller`.
    pub(crate) async fn begin(&self, pool: &PgPool, caller: Uuid) -> Result<Claimed, Problem> {
        let mut transaction = pool.begin().await?;
        let Some(keyed) = &self.0 else { return Ok(Claimed::New(transaction, Claim::default())) };
        let is_free = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_xact_lock(hashtextextended($1::uuid || ' ' || $2, 93)) AS "free!""#,
            caller,
            keyed.key,
        )
        .fetch_one(&mut *transaction)
        .await?;
        if !is_free {
            return Err(Problem::new(IN_PROGRESS).retry_after(1));
        }
        let kept = sqlx::query!(
            r#"SELECT k.request, k.revision, k.warnings, a.target AS "target?", a.after
               FROM idempotency_keys k LEFT JOIN audit a ON a.id = k.record
               WHERE k.caller = $1 AND k.key = $2 AND k.used_at > now() - interval '24 hours'"#,
            caller,
            keyed.key,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(kept) = kept else {
            return Ok(Claimed::New(transaction, Claim(Some((caller, keyed.clone())))));
        };
        // Waited for, as the key is claimed until then.
        transaction.rollback().await?;
        if kept.request != keyed.request {
            return Err(Problem::new(KEY_REUSED));
        }
        Ok(Claimed::Made(Earlier {
            revision: kept.revision,
            target: kept.target,
            after: kept.after,
            warnings: kept.warnings,
        }))
    }
}

impl Claim {
    /// Keeps the result under the key, after the write has set the policy revision, if it does: the id of its
    /// audit record, if there was something to change.
    pub(crate) async fn keep(
        &self,
        transaction: &mut PgConnection,
        record: Option<i64>,
    ) -> sqlx::Result<()> {
        self.keep_with_warnings(transaction, record, &Value::Array(Vec::new())).await
    }

    /// The same for a write that is answered with warnings.
    pub(crate) async fn keep_with_warnings(
        &self,
        transaction: &mut PgConnection,
        record: Option<i64>,
        warnings: &impl Serialize,
    ) -> sqlx::Result<()> {
        let Self(Some((caller, keyed))) = self else { return Ok(()) };
        sqlx::query!("DELETE FROM idempotency_keys WHERE used_at <= now() - interval '24 hours'")
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "INSERT INTO idempotency_keys (caller, key, request, record, warnings, revision)
             VALUES ($1, $2, $3, $4, $5, (SELECT revision FROM policy_state))",
            caller,
            keyed.key,
            &keyed.request,
            record,
            Json(warnings) as _,
        )
        .execute(transaction)
        .await?;
        Ok(())
    }
}
