//! Operations without parameters are found by one look-up. `/check` is asked a hundred thousand
//! times a second; on the router's way each request is moved and boxed several times more.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::http::Method;
use poem::{Endpoint, Request, Response, Result};

/// An operation that two tables lead to.
pub type Operation = Arc<dyn DynEndpoint<Output = Response>>;

/// Operations by path.
pub type ByPath = HashMap<String, Vec<(Method, Operation)>>;

/// Calls an operation whose path and method are asked for literally; asks the router for the rest.
pub struct Direct {
    operations: ByPath,
    router: BoxEndpoint<'static>,
}

impl Direct {
    /// Operations that the `router` also knows, and the router. They must not look for parameters
    /// in the path or the query.
    #[must_use]
    pub fn new(operations: ByPath, router: BoxEndpoint<'static>) -> Self {
        Self { operations, router }
    }

    fn find(&self, request: &Request) -> Option<&Operation> {
        let (_, found) = self
            .operations
            .get(request.uri().path())?
            .iter()
            .find(|(method, _)| method == request.method())?;
        Some(found)
    }
}

impl Endpoint for Direct {
    type Output = Response;

    // Not `async`, as in the edge.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        match self.find(&request) {
            Some(operation) => DynEndpoint::call(&**operation, request),
            None => DynEndpoint::call(&*self.router, request),
        }
    }
}
