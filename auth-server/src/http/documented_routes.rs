//! The operations and the pages as one routing table, and what is known about each route.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::http::{HeaderValue, Method};
use poem::{EndpointExt, Response};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, MetaOperation, MetaParamIn, Registry};

use super::static_routes::{Operation, Operations};
use crate::metrics::HttpMetrics;

/// Documented by route and method, as poem-openapi keeps them.
type Table = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// Pages that the documentation leaves out, by path; they answer to `GET`.
pub type Pages = Vec<(&'static str, BoxEndpoint<'static>)>;

/// What is known about a route before any request comes.
pub struct Route {
    /// The path as the documentation writes it: `/api/v1/users/{id}`.
    pub template: Arc<str>,
    /// Names of its parameters, in their order.
    pub parameters: Vec<Box<str>>,
    /// What its `Allow` says.
    pub allow: HeaderValue,
}

/// Every route, by the pattern that the router reports.
pub(crate) type Routes = HashMap<Box<str>, Route>;

/// The operations of an API, and pages beside them.
pub struct Documented<T> {
    table: Table,
    pages: Vec<&'static str>,
    api: PhantomData<fn() -> T>,
}

impl<T: OpenApi> Documented<T> {
    /// Joins the documented `api` and the `pages`.
    pub fn new(api: T, pages: Pages) -> Self {
        let mut table = Table::new();
        api.add_routes(&mut table);
        let paths = pages.iter().map(|(path, _)| *path).collect();
        for (path, page) in pages {
            table.entry(path.to_owned()).or_default().insert(Method::GET, page);
        }
        Self { table, pages: paths, api: PhantomData }
    }

    /// The operations that look for no parameters, neither in the path nor in the query.
    pub fn direct(&mut self, metrics: &HttpMetrics) -> Operations {
        let mut direct = Operations::default();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let Some(operations) = self.table.get_mut(&path.path) else { continue };
            let template: Arc<str> = path.path.into();
            for meta in path.operations.iter().filter(|meta| has_no_parameters(meta)) {
                let Some(endpoint) = operations.remove(&meta.method) else { continue };
                let endpoint: Arc<dyn DynEndpoint<Output = Response>> = Arc::from(endpoint);
                let method = meta.method.clone();
                operations.insert(method.clone(), Arc::clone(&endpoint).boxed());
                let metrics = metrics.of(&method, &template);
                direct.add(Operation { method, path: Arc::clone(&template), metrics, endpoint });
            }
        }
        direct
    }

    /// Every route of the table.
    #[must_use]
    pub fn routes(&self) -> Routes {
        let mut methods: HashMap<String, Vec<Method>> = HashMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let own = path.operations.into_iter().map(|operation| operation.method);
            methods.entry(path.path).or_default().extend(own);
        }
        for path in &self.pages {
            methods.entry((*path).to_owned()).or_default().push(Method::GET);
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
    let parameters = template.split('/').filter_map(parameter).map(Into::into).collect();
    (pattern(template).into(), Route { template: template.into(), parameters, allow })
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

fn has_no_parameters(operation: &MetaOperation) -> bool {
    operation.params.iter().all(|parameter| parameter.in_type == MetaParamIn::Header)
}

impl<T: OpenApi> OpenApi for Documented<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, table: &mut Table) {
        table.extend(self.table);
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
        assert_eq!(route.parameters, [Box::from("id"), Box::from("role")]);
    }
}
