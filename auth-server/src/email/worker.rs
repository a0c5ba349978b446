//! Delivers the queued e-mail of every server, a few messages at a time.
//!
//! Delivery is at least once: a server that dies between the mail server's answer and the end of
//! the job leaves the job to another, which sends the message again.

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{
    AbortError, Attempt, BoxDynError, Data, TaskId, WorkerBuilder, WorkerBuilderExt, WorkerError,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use service::database::jobs;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::compose::{ComposeError, Composer, Message};
use super::queue::{self, EmailJob, MAX_ATTEMPTS};
use super::smtp::{SmtpError, SmtpTransport};
use super::templates::Templates;
use super::{EmailAddress, EmailError, notice};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Limits, PgPool};
use crate::metrics::{EmailOutcome, Emails};

/// Messages that are sent at the same time.
const CONCURRENCY: usize = 4;

/// Database connections of the worker, apart from those of requests: a flood of requests must not
/// keep a worker from its heartbeat. Of those of the queue's library, one listens for new jobs.
const QUEUE_CONNECTIONS: u32 = 2;
const OWN_CONNECTIONS: u32 = 2;

/// Timeout of one attempt. A mail server may take its time before it accepts a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// At a stop, a message that is being sent has this long; then its job goes back to the queue.
const DRAIN: Duration = Duration::from_secs(5);

/// At a stop, the whole worker has this long: the drain, and the end of its jobs in the database.
const SHUTDOWN: Duration = Duration::from_secs(8);

/// Delay before a worker that broke down starts again; it doubles with every run that was short.
const MIN_RESTART_DELAY: Duration = Duration::from_secs(1);
const MAX_RESTART_DELAY: Duration = Duration::from_secs(16);

/// Sends queued e-mail.
pub(crate) struct EmailWorker {
    pool: PgPool,
    /// Leads the queue's library to the database.
    queue: PgConnectOptions,
    acquire_timeout: Duration,
    composer: Composer,
    /// `None`: links are logged in place of messages.
    transport: Option<SmtpTransport>,
    emails: Emails,
    clock: Clock,
    stop: CancellationToken,
}

/// Why a worker has to start again.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Queue(#[from] WorkerError),
    #[error("it has sent no heartbeat for {} s", queue::MAX_SILENCE.as_secs())]
    Stalled,
}

/// Why an attempt to send a message failed. Its text holds no address and no token.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(transparent)]
    Smtp(#[from] SmtpError),
    #[error("the mail server does not answer")]
    Timeout,
    #[error("the server stops")]
    Stopped,
}

impl DeliveryError {
    /// Whether another attempt cannot succeed.
    const fn is_permanent(&self) -> bool {
        match self {
            Self::Compose(ComposeError::Address) => true,
            Self::Smtp(error) => error.is_permanent,
            Self::Compose(_) | Self::Timeout | Self::Stopped => false,
        }
    }
}

impl EmailWorker {
    /// Loads the templates and prepares the transport; connects to nothing yet.
    ///
    /// # Errors
    /// Templates or certificates cannot be used.
    pub(crate) fn new(
        config: &Config,
        emails: Emails,
        clock: Clock,
        stop: CancellationToken,
    ) -> Result<Self, EmailError> {
        let templates =
            Templates::load(&config.second_factor.name, config.mail.templates.as_deref())?;
        let transport = config.mail.server.as_ref().map(SmtpTransport::new).transpose()?;
        if transport.is_none() {
            tracing::warn!(
                "AUTH_SMTP_URL is not set: links that belong into e-mail are written to this log; \
                 for development only"
            );
        }
        let (limits, acquire_timeout) = (Limits::REQUEST, config.database.timeout());
        let queue = limits.direct(config.database.direct().options());
        let pool = PgPool::new(queue.clone(), OWN_CONNECTIONS, acquire_timeout, limits);
        let composer = Composer { templates, config: config.mail.clone() };
        Ok(Self { pool, queue, acquire_timeout, composer, transport, emails, clock, stop })
    }

    /// Delivers until the stop. What then is being sent is finished or handed back.
    pub(crate) async fn run(self) {
        let worker = Arc::new(self);
        let process = Uuid::now_v7();
        let mut delay = MIN_RESTART_DELAY;
        for run in 0_u64.. {
            let started = Instant::now();
            // Jobs of a dead worker are taken over only by a worker with another name.
            let ended = Self::run_once(&worker, format!("auth-server-{process}-{run}")).await;
            if worker.stop.is_cancelled() {
                break;
            }
            if let Err(error) = ended {
                tracing::error!(%error, "the e-mail worker failed and starts again");
            }
            let was_short = started.elapsed() < MAX_RESTART_DELAY;
            delay = if was_short { MAX_RESTART_DELAY.min(2 * delay) } else { MIN_RESTART_DELAY };
            let _ = worker.stop.run_until_cancelled(sleep(delay)).await;
        }
    }

    async fn run_once(worker: &Arc<Self>, name: String) -> Result<(), RunError> {
        // For this run alone: a connection that died silently never returns to its pool.
        let pool = PgPoolOptions::new()
            .max_connections(QUEUE_CONNECTIONS)
            .acquire_timeout(worker.acquire_timeout)
            .connect_lazy_with(worker.queue.clone());
        let overdue = async {
            worker.stop.cancelled().await;
            sleep(SHUTDOWN).await;
        };
        tokio::select! {
            ended = Self::take_jobs(Arc::clone(worker), &pool, name.clone()) => ended.map_err(RunError::from),
            () = jobs::stalled(&worker.pool, &name, queue::MAX_SILENCE) => Err(RunError::Stalled),
            () = overdue => Ok(()),
        }
    }

    /// Takes jobs until the stop, or until the queue fails.
    fn take_jobs(
        worker: Arc<Self>,
        pool: &sqlx::PgPool,
        name: String,
    ) -> BoxFuture<'static, Result<(), WorkerError>> {
        let stop = worker.stop.clone();
        WorkerBuilder::new(name)
            .backend(queue::storage(pool))
            .data(worker)
            .concurrency(CONCURRENCY)
            .catch_panic()
            .build(deliver)
            .run_until(async move {
                stop.cancelled().await;
                Ok::<(), WorkerError>(())
            })
            .boxed()
    }

    async fn attempt(
        &self,
        job: &EmailJob,
        attempts: usize,
    ) -> Result<Option<EmailOutcome>, DeliveryError> {
        if attempts == 1 && !self.is_admitted(job).await? {
            return Ok(Some(EmailOutcome::Capped));
        }
        let Some(message) = self.composer.compose(&self.pool, job, self.clock.now()).await? else {
            return Ok(None);
        };
        let Some(transport) = &self.transport else {
            // The one secret that is ever logged, in development.
            let Message { subject, link, .. } = &message;
            tracing::warn!(
                subject,
                link = link.as_deref(),
                "no mail server: an e-mail was not sent"
            );
            return Ok(Some(EmailOutcome::Logged));
        };
        let overdue = async {
            self.stop.cancelled().await;
            sleep(DRAIN).await;
        };
        tokio::select! {
            sent = timeout(SEND_TIMEOUT, transport.send(&message)) => {
                sent.map_err(|_| DeliveryError::Timeout)??;
                Ok(Some(EmailOutcome::Sent))
            }
            () = overdue => Err(DeliveryError::Stopped),
        }
    }
}

impl EmailWorker {
    /// False for a notice that exceeds the cap of its mailbox. Counted once, at the first attempt.
    async fn is_admitted(&self, job: &EmailJob) -> Result<bool, ComposeError> {
        let EmailJob::Notice { email, .. } = job else { return Ok(true) };
        let email = EmailAddress::parse(email).map_err(|_| ComposeError::Address)?;
        Ok(notice::admit(&self.pool, email.key(), self.clock.now().date_naive()).await?)
    }
}

/// One attempt at a job. A failure puts the job off, unless there is no point in another attempt.
async fn deliver(
    job: EmailJob,
    attempt: Attempt,
    id: TaskId,
    worker: Data<Arc<EmailWorker>>,
) -> Result<(), BoxDynError> {
    let attempts = attempt.current();
    let error = match worker.attempt(&job, attempts).await {
        Ok(Some(outcome)) => {
            worker.emails.count(outcome);
            return Ok(());
        }
        Ok(None) => return Ok(()),
        Err(error) => error,
    };
    if error.is_permanent() || attempts >= usize::from(MAX_ATTEMPTS) {
        tracing::error!(%error, attempts, "an e-mail was not sent");
        worker.emails.count(EmailOutcome::Failed);
        return Err(AbortError::new(error).into());
    }
    let delay = match error {
        DeliveryError::Stopped => Duration::ZERO,
        _ => queue::delay_after(attempts),
    };
    tracing::info!(%error, attempts, ?delay, "an e-mail could not be sent yet");
    queue::postpone(&worker.pool, &id, delay).await?;
    Err(error.into())
}
