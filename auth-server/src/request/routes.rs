//! The operations as one routing table, each answering its errors as problems.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderValue, Method};
use poem::{Endpoint, EndpointExt, Request, Response, Result};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, Registry};

use super::refusal;

/// Operations by route and method, as poem-openapi keeps them.
pub type Table = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// What is known about a route before any request comes.
pub struct Route {
    /// The path as the documentation writes it: `/api/v1/users/{id}`.
    pub template: Arc<str>,
    /// What its `Allow` says.
    pub allow: HeaderValue,
}

/// Every route, by the pattern that the router reports.
pub type Routes = HashMap<Box<str>, Route>;

/// An API whose errors are problems, together with plain endpoints that are not documented.
pub struct Problems<T> {
    api: T,
    plain: Table,
}

impl<T: OpenApi> Problems<T> {
    /// Joins the documented `api` and the `plain` endpoints (by path, answering to `GET`).
    pub fn new(api: T, plain: Vec<(&str, BoxEndpoint<'static>)>) -> Self {
        let plain = plain
            .into_iter()
            .map(|(path, endpoint)| (path.to_owned(), HashMap::from([(Method::GET, endpoint)])))
            .collect();
        Self { api, plain }
    }

    /// Every route of the table.
    pub fn routes(&self) -> Routes {
        let mut methods: HashMap<String, Vec<Method>> = HashMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let own = path.operations.into_iter().map(|operation| operation.method);
            methods.entry(path.path).or_default().extend(own);
        }
        for (path, endpoints) in &self.plain {
            methods.entry(path.clone()).or_default().extend(endpoints.keys().cloned());
        }
        methods.into_iter().map(|(template, methods)| route(&template, &methods)).collect()
    }
}

fn route(template: &str, methods: &[Method]) -> (Box<str>, Route) {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    let allow = HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""));
    (pattern(template).into(), Route { template: template.into(), allow })
}

/// The router's spelling of a documented path: `{id}` is `:param0`.
fn pattern(template: &str) -> String {
    let mut number = 0..;
    let segments = template.split('/').map(|segment| match parameter(segment) {
        Some(_) => format!(":param{}", number.next().unwrap_or(0)),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

impl<T: OpenApi> OpenApi for Problems<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, table: &mut Table) {
        let names: HashMap<String, Arc<[Box<str>]>> = T::meta()
            .into_iter()
            .flat_map(|api| api.paths)
            .map(|path| {
                let names = path.path.split('/').filter_map(parameter).map(Into::into).collect();
                (pattern(&path.path), names)
            })
            .collect();
        let mut own = Table::new();
        self.api.add_routes(&mut own);
        for (route, endpoints) in own.into_iter().chain(self.plain) {
            let parameters = names.get(&route).cloned().unwrap_or_default();
            for (method, inner) in endpoints {
                let guarded = Guarded { inner, parameters: Arc::clone(&parameters) };
                table.entry(route.clone()).or_default().insert(method, guarded.boxed());
            }
        }
    }
}

/// An operation that always answers, if with a problem. Here the error still has its type.
struct Guarded {
    inner: BoxEndpoint<'static>,
    parameters: Arc<[Box<str>]>,
}

impl Endpoint for Guarded {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let answer = self.inner.call(request).await;
        Ok(answer.unwrap_or_else(|error| refusal::response(error, &self.parameters)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documented_path_is_spelled_as_the_router_does() {
        let (pattern, route) =
            route("/users/{id}/roles/{role}", &[Method::PUT, Method::GET, Method::GET]);
        assert_eq!(&*pattern, "/users/:param0/roles/:param1");
        assert_eq!(route.allow, "GET, HEAD, PUT");
    }
}
