//! Refreshes that arrive while others are running share a statement, and so a round trip and a
//! commit: together these cost PostgreSQL far more than the update of a row.
//!
//! Nothing waits for a batch to fill. A refresh on a quiet server is a batch of its own.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use uuid::Uuid;

use super::refresh_token::RefreshToken;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::db::{DedicatedConnection, Limits, PgConnection};
use crate::token::IssuedToken;

/// Most refreshes in one statement.
const MAX_BATCH: usize = 64;

/// Most refreshes that wait for the connection.
const MAX_WAITING: usize = 1_024;

/// The queue of refreshes, and the connection that works it off until this is dropped. It is a single
/// one: with more, batches become smaller, and the database does more work for the same refreshes.
pub(crate) struct RefreshBatches {
    queue: mpsc::Sender<Waiting>,
    timeout: Duration,
}

/// A session that moved to its next counter.
pub(crate) struct Rotated {
    pub user: Uuid,
    pub number: i64,
    /// Names of the user's roles, and the revision at which they were read.
    pub roles: Vec<String>,
    pub revision: i64,
}

struct Waiting {
    token: RefreshToken,
    /// The access token that has to be of the same user, signed by a key that is not revoked.
    companion: Option<IssuedToken>,
    /// Fingerprint of the client's device.
    device: Vec<u8>,
    answer: oneshot::Sender<Option<Rotated>>,
}

impl RefreshBatches {
    /// Starts the connection's task; it connects for the first refresh.
    pub(crate) fn start(config: &DatabaseConfig, idle: TimeDelta, clock: &Clock) -> Self {
        let (queue, waiting) = mpsc::channel(MAX_WAITING);
        let timeout = config.timeout();
        let connection = DedicatedConnection::new(config.direct().options(), Limits::REQUEST);
        let worker = Worker { connection, timeout, idle, clock: clock.clone() };
        tokio::spawn(worker.run(waiting));
        Self { queue, timeout }
    }

    /// Moves the session of this token to its next counter, for this device. `None` if it is not active and at this
    /// counter, if the `companion` is not its own, or if another transaction is just changing it.
    ///
    /// If the caller stops waiting, the session moves on all the same, as after a lost response.
    pub(crate) async fn rotate(
        &self,
        token: RefreshToken,
        companion: Option<IssuedToken>,
        device: Vec<u8>,
    ) -> sqlx::Result<Option<Rotated>> {
        let (answer, answered) = oneshot::channel();
        let full = |_| sqlx::Error::PoolTimedOut;
        self.queue.try_send(Waiting { token, companion, device, answer }).map_err(full)?;
        let answered = timeout(self.timeout, answered).await;
        // Without an answer, the statement failed and its cause is logged; the session's state will tell.
        Ok(answered.map_err(|_| sqlx::Error::PoolTimedOut)?.unwrap_or(None))
    }
}

/// Works off the queue in batches.
struct Worker {
    connection: DedicatedConnection,
    timeout: Duration,
    idle: TimeDelta,
    clock: Clock,
}

impl Worker {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while waiting.recv_many(&mut batch, MAX_BATCH).await > 0 {
            let (due, mut answers): (Columns, Vec<_>) = batch
                .drain(..)
                .map(|Waiting { token, companion, device, answer }| {
                    ((token, companion, device), Some(answer))
                })
                .unzip();
            let now = self.clock.now();
            let rotated = async {
                let connection = self.connection.get().await?;
                rotate(connection, &due, now, now + self.idle).await
            };
            match timeout(self.timeout, rotated).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Ok(rotated) => {
                    for (position, rotated) in rotated {
                        let answer = answers.get_mut(position).and_then(Option::take);
                        // Nobody may be waiting any more.
                        let _ = answer.map(|answer| answer.send(Some(rotated)));
                    }
                    for answer in answers.into_iter().flatten() {
                        let _ = answer.send(None);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, refreshes = due.sessions.len(), "cannot refresh");
                }
            }
        }
    }
}

/// The refreshes of a batch, as the columns that their statement takes.
#[derive(Default)]
struct Columns {
    sessions: Vec<Uuid>,
    counters: Vec<i64>,
    devices: Vec<Vec<u8>>,
    users: Vec<Option<Uuid>>,
    kids: Vec<Option<String>>,
}

impl Extend<(RefreshToken, Option<IssuedToken>, Vec<u8>)> for Columns {
    fn extend<I>(&mut self, refreshes: I)
    where
        I: IntoIterator<Item = (RefreshToken, Option<IssuedToken>, Vec<u8>)>,
    {
        for (token, companion, device) in refreshes {
            self.sessions.push(token.session);
            self.counters.push(token.counter);
            self.devices.push(device);
            let (user, kid) = companion.map(|issued| (issued.user, issued.kid)).unzip();
            self.users.push(user);
            self.kids.push(kid);
        }
    }
}

/// Moves each of these sessions from its counter to the next, if it is there and active, and if the
/// access token that was sent is of the same user and its key was not revoked meanwhile. Of several
/// requests with one token, one moves it. Returns the roles as well, which the access tokens need,
/// because a query for them would take as long as the rest. With each comes its token's position.
///
/// A session that another transaction is changing is skipped: it must neither delay the others nor,
/// with a batch of another server, deadlock.
async fn rotate(
    connection: &mut PgConnection,
    due: &Columns,
    now: DateTime<Utc>,
    idle_until: DateTime<Utc>,
) -> sqlx::Result<Vec<(usize, Rotated)>> {
    let rows = sqlx::query!(
        r#"WITH active AS (
               SELECT s.id, token.device, token.position
               FROM UNNEST($1::uuid[], $2::bigint[], $5::bytea[], $6::uuid[], $7::text[])
                   WITH ORDINALITY AS token (session, counter, device, "user", kid, position)
               JOIN sessions s ON s.id = token.session AND s.refresh_counter = token.counter
               JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL
               WHERE s.ended_at IS NULL AND s.expires_at > $3
                 AND (token."user" IS NULL OR token."user" = s.user_id)
                 AND (token.kid IS NULL OR EXISTS (
                     SELECT FROM signing_keys k WHERE k.kid = token.kid AND k.revoked_at IS NULL))
               FOR UPDATE OF s SKIP LOCKED
           )
           UPDATE sessions s SET refresh_counter = s.refresh_counter + 1, rotated_at = $3,
               rotated_by = active.device, last_seen_at = $3, expires_at = LEAST($4, s.absolute_until)
           FROM active WHERE s.id = active.id
           RETURNING active.position AS "position!", s.user_id AS "user", s.number,
               (SELECT revision FROM policy_state) AS "revision!",
               ARRAY(SELECT role FROM user_roles WHERE user_id = s.user_id ORDER BY role)
                   AS "roles!""#,
        &due.sessions,
        &due.counters,
        now,
        idle_until,
        &due.devices,
        &due.users as &[Option<Uuid>],
        &due.kids as &[Option<String>],
    )
    .fetch_all(connection)
    .await?;
    let rotated = rows.into_iter().map(|row| {
        // Ordinality counts from one.
        let position = usize::try_from(row.position - 1).unwrap_or(usize::MAX);
        let (user, number, roles, revision) = (row.user, row.number, row.roles, row.revision);
        (position, Rotated { user, number, roles, revision })
    });
    Ok(rotated.collect())
}
