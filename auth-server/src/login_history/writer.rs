//! Writes records in batches, in the background.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{LoginRecord, Message, partitions};
use crate::db::PgPool;

/// Maximum number of records in one statement.
const BATCH: usize = 500;

pub(crate) struct Writer {
    pool: PgPool,
    queue: mpsc::Receiver<Message>,
}

impl Writer {
    pub(crate) fn new(pool: PgPool, queue: mpsc::Receiver<Message>) -> Self {
        Self { pool, queue }
    }

    /// Writes until `stop`, and then the rest of the queue.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                count = self.queue.recv_many(&mut batch, BATCH) => if count == 0 { return },
                () = stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
            let (mut records, mut flushes) = (Vec::new(), Vec::<oneshot::Sender<()>>::new());
            for message in batch.drain(..) {
                match message {
                    Message::Record(record) => records.push(*record),
                    Message::Flush(done) => flushes.push(done),
                }
            }
            self.write(&merged(records)).await;
            for done in flushes {
                let _ = done.send(());
            }
        }
    }

    async fn write(&self, records: &[LoginRecord]) {
        let Some(last) = records.last() else { return };
        let Err(first) = insert(&self.pool, records).await else { return };
        // The partition may be missing if the clock was changed, or an account was deleted
        // concurrently: a second attempt recovers from both.
        let second = match partitions::prepare(&self.pool, last.at).await {
            Ok(()) => insert(&self.pool, records).await,
            Err(_) => Err(first),
        };
        if let Err(error) = second {
            for record in records {
                log_lost(record, &error.to_string());
            }
        }
    }
}

/// The records, with one for all attempts that are one record.
fn merged(records: Vec<LoginRecord>) -> Vec<LoginRecord> {
    let mut merged: Vec<LoginRecord> = Vec::with_capacity(records.len());
    let mut positions = HashMap::new();
    for record in records {
        let Some(attempts) = record.attempts else {
            merged.push(record);
            continue;
        };
        let position = *positions.entry(record.id).or_insert(merged.len());
        match merged.get_mut(position) {
            Some(first) => first.attempts = first.attempts.map(|sum| sum.saturating_add(attempts)),
            None => merged.push(record),
        }
    }
    merged
}

/// What cannot be written is at least in the log.
pub(crate) fn log_lost(record: &LoginRecord, reason: &str) {
    let LoginRecord { at, outcome, attempt, .. } = record;
    let (method, user, session) = (attempt.method.as_str(), attempt.user, attempt.session);
    let outcome = outcome.as_str();
    tracing::error!(reason, %at, outcome, method, ?user, ?session, "login attempt not recorded");
}

async fn insert(pool: &PgPool, records: &[LoginRecord]) -> sqlx::Result<()> {
    let column =
        |of: fn(&LoginRecord) -> Option<String>| records.iter().map(of).collect::<Vec<_>>();
    let (ids, times): (Vec<_>, Vec<_>) =
        records.iter().map(|record| (record.id, record.at)).unzip();
    let users: Vec<_> = records.iter().map(|record| record.attempt.user).collect();
    let sessions: Vec<_> = records.iter().map(|record| record.attempt.session).collect();
    let attempts: Vec<_> = records.iter().map(|record| record.attempts).collect();
    // Attempts at an account that was deleted meanwhile are written anonymized.
    sqlx::query!(
        "INSERT INTO login_history
             (id, at, user_id, method, outcome, session_id, address, user_agent, provider, attempts)
         SELECT n.id, n.at, u.id, n.method, n.outcome,
                CASE WHEN gone THEN NULL ELSE n.session_id END,
                CASE WHEN gone THEN NULL ELSE n.address END,
                CASE WHEN gone THEN NULL ELSE n.user_agent END, n.provider, n.attempts
         FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[],
                     $6::uuid[], $7::text[], $8::text[], $9::text[], $10::int[])
              AS n(id, at, user_id, method, outcome, session_id, address, user_agent, provider,
                   attempts)
         LEFT JOIN users u ON u.id = n.user_id
         CROSS JOIN LATERAL (SELECT n.user_id IS NOT NULL AND u.id IS NULL AS gone) AS g
         ON CONFLICT (id, at) WHERE attempts IS NOT NULL
             DO UPDATE SET attempts = login_history.attempts + excluded.attempts",
        &ids,
        &times,
        &users as &[Option<uuid::Uuid>],
        &column(|record| Some(record.attempt.method.as_str().to_owned())) as &[Option<String>],
        &column(|record| Some(record.outcome.as_str().to_owned())) as &[Option<String>],
        &sessions as &[Option<uuid::Uuid>],
        &column(|record| record.attempt.device.address.clone()) as &[Option<String>],
        &column(|record| record.attempt.device.name.clone()) as &[Option<String>],
        &column(|record| record.attempt.provider.clone()) as &[Option<String>],
        &attempts as &[Option<i32>],
    )
    .execute(pool)
    .await?;
    Ok(())
}
