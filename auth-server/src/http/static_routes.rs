//! Operations without parameters are found by one look-up. `/check` is asked a hundred thousand
//! times a second; on the router's way each request is moved and boxed several times more.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::{BoxEndpoint, DynEndpoint, ToDynEndpoint};
use poem::http::Method;
use poem::{Endpoint, Request, Response, Result};

use super::context;
use crate::metrics::OperationMetrics;

/// An operation that looks for no parameters, neither in the path nor in the query.
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: Arc<str>,
    pub(crate) metrics: OperationMetrics,
    pub(crate) endpoint: Arc<dyn DynEndpoint<Output = Response>>,
}

/// Operations by path and method.
#[derive(Default)]
pub struct Operations {
    all: Vec<Operation>,
    by_path: HashMap<Arc<str>, Vec<OperationId>, foldhash::fast::RandomState>,
}

/// Which of them.
#[derive(Clone, Copy)]
pub(crate) struct OperationId(usize);

impl Operations {
    /// One more.
    pub(crate) fn add(&mut self, operation: Operation) {
        let id = OperationId(self.all.len());
        self.by_path.entry(Arc::clone(&operation.path)).or_default().push(id);
        self.all.push(operation);
    }

    /// Answers an operation by another endpoint from now on.
    pub fn replace<E>(&mut self, method: &Method, path: &str, endpoint: E)
    where
        E: Endpoint<Output = Response> + 'static,
    {
        let is_meant = |other: &&mut Operation| other.method == *method && *other.path == *path;
        if let Some(operation) = self.all.iter_mut().find(is_meant) {
            operation.endpoint = Arc::new(ToDynEndpoint(endpoint));
        }
    }

    /// The operation that is asked for literally.
    pub(crate) fn find(&self, request: &Request) -> Option<OperationId> {
        let of_path = self.by_path.get(request.uri().path())?;
        let is_meant = |operation: &Operation| operation.method == *request.method();
        of_path.iter().copied().find(|id| self.get(*id).is_some_and(is_meant))
    }

    pub(crate) fn get(&self, id: OperationId) -> Option<&Operation> {
        self.all.get(id.0)
    }
}

/// Calls the operation that the edge has found; asks the router where it found none.
pub struct Direct {
    operations: Arc<Operations>,
    router: BoxEndpoint<'static>,
}

impl Direct {
    /// Operations that the `router` also knows, and the router.
    #[must_use]
    pub fn new(operations: Arc<Operations>, router: BoxEndpoint<'static>) -> Self {
        Self { operations, router }
    }
}

impl Endpoint for Direct {
    type Output = Response;

    // Not `async`, as in the edge.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        match context::operation().and_then(|id| self.operations.get(id)) {
            Some(operation) => DynEndpoint::call(&*operation.endpoint, request),
            None => DynEndpoint::call(&*self.router, request),
        }
    }
}
