//! What is known about a request besides the request itself.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use poem::Request;
use tokio::task::futures::TaskLocalFuture;
use uuid::Uuid;

use super::RequestId;

/// What is known about a request: data of the request, put there by [`Observe`](super::Observe).
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

    /// The context of this request, if it came through the pipeline.
    #[must_use]
    pub fn of(request: &Request) -> Option<&Arc<Self>> {
        request.data()
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

    /// Logs everything that `work` logs under this request's id.
    pub(super) fn scope<F: Future>(self: Arc<Self>, work: F) -> TaskLocalFuture<Arc<Self>, F> {
        CURRENT.scope(self, work)
    }
}

// For log lines alone; handlers and extractors get the context from the request.
tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
}

/// The id of the request that this task works on, if any.
pub(crate) fn current_id() -> Option<String> {
    CURRENT.try_with(|context| context.id.to_string()).ok()
}
