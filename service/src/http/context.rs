//! What is known about a request besides the request itself.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use tokio::task::futures::TaskLocalFuture;
use uuid::Uuid;

use super::RequestId;

/// What is known about a request, while its task works on it; set by [`Observe`](super::Observe).
///
/// Task-local, because data of the request would cost every `/check` four allocations
/// (docs/decisions/0008-check-route.md).
#[derive(Debug)]
pub struct RequestContext {
    /// The request's id.
    pub id: RequestId,
    /// Address of the client, seen through trusted proxies.
    pub client: IpAddr,
    /// Maximum size of the body in bytes, unless the operation sets its own.
    pub body_limit: usize,
    user: OnceLock<Uuid>,
}

impl RequestContext {
    pub(super) fn new(id: RequestId, client: IpAddr, body_limit: usize) -> Self {
        Self { id, client, body_limit, user: OnceLock::new() }
    }

    /// Reads from the context of the current request, if it came through the pipeline.
    pub fn read<T>(of: impl FnOnce(&Self) -> T) -> Option<T> {
        CURRENT.try_with(|context| of(context)).ok()
    }

    /// Notes the authenticated user, for the access log.
    pub fn set_user(&self, id: Uuid) {
        // A request has one caller: a second call has nothing to add.
        let _already_set = self.user.set(id);
    }

    /// The authenticated user, once known.
    #[must_use]
    pub fn user(&self) -> Option<Uuid> {
        self.user.get().copied()
    }

    /// Lets `work` keep the context of the current request, if any, when it moves to another task.
    pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let current = CURRENT.try_with(Arc::clone);
        async move {
            match current {
                Ok(current) => CURRENT.scope(current, work).await,
                Err(_) => work.await,
            }
        }
    }

    /// Makes this the context of everything that `work` does, log lines included.
    pub(super) fn scope<F: Future>(self: Arc<Self>, work: F) -> TaskLocalFuture<Arc<Self>, F> {
        CURRENT.scope(self, work)
    }
}

tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
}
