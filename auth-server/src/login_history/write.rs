//! Writing notes down, many at once, beside the requests that caused them.

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Message, Note, partitions};

/// Notes written by one statement at most.
const MOST: usize = 500;

pub(crate) struct Writer {
    pool: PgPool,
    queue: mpsc::Receiver<Message>,
}

impl Writer {
    pub(crate) fn new(pool: PgPool, queue: mpsc::Receiver<Message>) -> Self {
        Self { pool, queue }
    }

    /// Writes until `stop`, and then what is left.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut taken = Vec::with_capacity(MOST);
        loop {
            tokio::select! {
                count = self.queue.recv_many(&mut taken, MOST) => if count == 0 { return },
                () = stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
            }
            let (mut notes, mut waiting) = (Vec::new(), Vec::<oneshot::Sender<()>>::new());
            for message in taken.drain(..) {
                match message {
                    Message::Note(note) => notes.push(*note),
                    Message::Flush(done) => waiting.push(done),
                }
            }
            self.write(&notes).await;
            for done in waiting {
                let _ = done.send(());
            }
        }
    }

    async fn write(&self, notes: &[Note]) {
        let Some(last) = notes.last() else { return };
        let Err(first) = insert(&self.pool, notes).await else { return };
        // The month may lack its partition, where the clock has leapt; an account may have been
        // deleted in this very moment. Another try mends both.
        let again = match partitions::prepare(&self.pool, last.at).await {
            Ok(()) => insert(&self.pool, notes).await,
            Err(_) => Err(first),
        };
        if let Err(error) = again {
            for note in notes {
                lost(note, &error.to_string());
            }
        }
    }
}

/// What could not be written is at least in the log.
pub(crate) fn lost(note: &Note, why: &str) {
    let Note { at, outcome, attempt, .. } = note;
    let outcome = outcome.as_str();
    let (method, user, session) = (attempt.method.as_str(), attempt.user, attempt.session);
    tracing::error!(why, %at, outcome, method, ?user, ?session, "a login missed its history");
}

async fn insert(pool: &PgPool, notes: &[Note]) -> sqlx::Result<()> {
    let column = |of: fn(&Note) -> Option<String>| notes.iter().map(of).collect::<Vec<_>>();
    let (ids, times): (Vec<_>, Vec<_>) = notes.iter().map(|note| (note.id, note.at)).unzip();
    let users: Vec<_> = notes.iter().map(|note| note.attempt.user).collect();
    let sessions: Vec<_> = notes.iter().map(|note| note.attempt.session).collect();
    // Whoever was deleted meanwhile is anonymised as if it had been written before.
    sqlx::query!(
        "INSERT INTO login_history
             (id, at, user_id, method, outcome, session_id, address, user_agent, provider)
         SELECT n.id, n.at, u.id, n.method, n.outcome,
                CASE WHEN gone THEN NULL ELSE n.session_id END,
                CASE WHEN gone THEN NULL ELSE n.address END,
                CASE WHEN gone THEN NULL ELSE n.user_agent END, n.provider
         FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[],
                     $6::uuid[], $7::text[], $8::text[], $9::text[])
              AS n(id, at, user_id, method, outcome, session_id, address, user_agent, provider)
         LEFT JOIN users u ON u.id = n.user_id
         CROSS JOIN LATERAL (SELECT n.user_id IS NOT NULL AND u.id IS NULL AS gone) AS g",
        &ids,
        &times,
        &users as &[Option<uuid::Uuid>],
        &column(|note| Some(note.attempt.method.as_str().to_owned())) as &[Option<String>],
        &column(|note| Some(note.outcome.as_str().to_owned())) as &[Option<String>],
        &sessions as &[Option<uuid::Uuid>],
        &column(|note| note.attempt.device.address.clone()) as &[Option<String>],
        &column(|note| note.attempt.device.name.clone()) as &[Option<String>],
        &column(|note| note.attempt.provider.clone()) as &[Option<String>],
    )
    .execute(pool)
    .await?;
    Ok(())
}
