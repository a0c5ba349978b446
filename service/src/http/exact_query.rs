//! Query parameters that are unknown or given more than once.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use futures::future::Either;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Middleware, Request, Result};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, MetaOperation, MetaParamIn, Registry};
use url::form_urlencoded;

use super::routes;
use crate::problem::request::FIELD;
use crate::problem::{self, Problem};
use crate::similar;

/// Maximum number of characters of an unknown name that a response quotes.
const MAX_NAME: usize = 64;

/// An API whose operations refuse every query parameter that their documentation does not name, and
/// any that is given twice, with 422. Otherwise a misspelled filter would silently filter nothing.
/// Where a standard lets others add parameters, they are ignored as it says.
///
/// What an operation accepts is read from its own documentation, so that none can be forgotten.
pub struct ExactQuery<T>(pub T);

impl<T: OpenApi> OpenApi for ExactQuery<T> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = T::meta();
        let paths = apis.iter_mut().flat_map(|api| &mut api.paths);
        let exact = paths.filter(|path| !is_lenient(&path.path));
        exact.flat_map(|path| &mut path.operations).for_each(document);
        apis
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        problem::register(registry, &[FIELD], &[]);
    }

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let declared = declared::<T>();
        let mut own = HashMap::new();
        self.0.add_routes(&mut own);
        for (path, operations) in own {
            let of_path = table.entry(path.clone()).or_default();
            for (method, operation) in operations {
                let names = declared.get(&(path.clone(), method.clone())).cloned();
                let operation = if is_lenient(&path) {
                    operation
                } else {
                    operation.with(RefuseOthers(names.unwrap_or_default())).boxed()
                };
                of_path.insert(method, operation);
            }
        }
    }
}

/// OAuth responses (RFC 6749, section 4.1.2), metadata, the AuthZEN API, and what probes ask for.
fn is_lenient(path: &str) -> bool {
    ["/.well-known/", "/access/v1/", "/health/"].iter().any(|start| path.starts_with(start))
        || path.ends_with("/callback")
}

/// Adds the refusal to the documented responses, unless an invalid parameter is among them already.
fn document(operation: &mut MetaOperation) {
    let responses = &mut operation.responses.responses;
    if !responses.iter().any(|response| response.status == Some(FIELD.status)) {
        responses.extend(problem::responses(&[FIELD], &[]));
    }
}

type Names = Arc<[Box<str>]>;

/// Names of the query parameters by route and method.
fn declared<T: OpenApi>() -> HashMap<(String, Method), Names> {
    let paths = T::meta().into_iter().flat_map(|api| api.paths);
    let operations = paths.flat_map(|path| {
        let pattern = routes::pattern(&path.path);
        path.operations.into_iter().map(move |operation| (pattern.clone(), operation))
    });
    operations
        .map(|(path, operation)| ((path, operation.method.clone()), names(operation)))
        .collect()
}

fn names(operation: MetaOperation) -> Names {
    let parameters = operation.params.into_iter();
    let query = parameters.filter(|parameter| parameter.in_type == MetaParamIn::Query);
    query.map(|parameter| parameter.name.into()).collect()
}

/// Refuses query parameters with other names.
struct RefuseOthers(Names);

impl<E: Endpoint> Middleware<E> for RefuseOthers {
    type Output = Exact<E>;

    fn transform(&self, inner: E) -> Self::Output {
        Exact { inner, names: Arc::clone(&self.0) }
    }
}

struct Exact<E> {
    inner: E,
    names: Names,
}

impl<E: Endpoint> Endpoint for Exact<E> {
    type Output = E::Output;

    fn call(&self, request: Request) -> impl Future<Output = Result<Self::Output>> + Send {
        let query = request.uri().query().unwrap_or_default();
        match verify(query, &self.names) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(problem) => Either::Right(ready(Err(problem.into()))),
        }
    }
}

fn verify(query: &str, names: &[Box<str>]) -> std::result::Result<(), Problem> {
    let mut seen: Vec<&str> = Vec::new();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let known =
            names.iter().find(|known| ***known == *name).ok_or_else(|| unknown(&name, names))?;
        if seen.contains(&&**known) {
            let detail = "The parameter is given more than once.";
            return Err(Problem::new(FIELD).field(&**known).detail(detail));
        }
        seen.push(known);
    }
    Ok(())
}

fn unknown(name: &str, names: &[Box<str>]) -> Problem {
    let detail = match similar::closest(name, names.iter().map(|name| &**name)) {
        Some(closest) => format!("Unknown query parameter; did you mean `{closest}`?"),
        None if names.is_empty() => "This operation has no query parameters.".to_owned(),
        None => format!("Unknown query parameter; this operation has `{}`.", names.join("`, `")),
    };
    let name: String = name.chars().take(MAX_NAME).collect();
    Problem::new(FIELD).field(name).detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(query: &str) -> Option<(String, String)> {
        let names: Vec<Box<str>> = ["page", "year_from", "query"].map(Into::into).into();
        let problem = verify(query, &names).err()?;
        Some((problem.field?, problem.detail?))
    }

    #[test]
    fn what_is_declared_is_accepted_once() {
        for accepted in ["", "&", "page=1", "query=&page", "year%5Ffrom=1&page=2"] {
            assert_eq!(refusal(accepted), None, "{accepted}");
        }
        let twice = ("page".to_owned(), "The parameter is given more than once.".to_owned());
        assert_eq!(refusal("page=1&%70age=1"), Some(twice));
    }

    #[test]
    fn a_misspelled_name_is_answered_with_the_closest_one() {
        let (field, detail) = refusal("page=1&yearfrom=2").expect("refused");
        assert_eq!(field, "yearfrom");
        assert_eq!(detail, "Unknown query parameter; did you mean `year_from`?");
        let (_, detail) = refusal("Page=1").expect("refused");
        assert!(detail.contains("did you mean `page`?"), "{detail}");
        let (field, detail) = refusal(&"x".repeat(1_000)).expect("refused");
        assert_eq!(field.len(), MAX_NAME);
        assert!(detail.contains("`page`, `year_from`, `query`"), "{detail}");
    }
}
