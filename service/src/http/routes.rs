//! What is known about each route before any request arrives. The router itself is poem's.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use poem::http::{HeaderValue, Method};
use poem_openapi::OpenApi;

use crate::metrics::{HttpMetrics, OperationMetrics};

/// One route.
pub(super) struct RouteInfo {
    /// The path as the OpenAPI document writes it: `/api/v1/users/{id}`.
    pub(super) template: Arc<str>,
    /// Names of its parameters, in order.
    pub(super) parameters: Vec<Box<str>>,
    /// Value of `Allow`.
    pub(super) allow: HeaderValue,
    /// Metrics of its operations.
    pub(super) operations: Vec<(Method, OperationMetrics)>,
}

/// Every route, by the pattern that the router reports.
pub struct RouteTable(HashMap<Box<str>, RouteInfo, RandomState>);

impl RouteTable {
    /// The operations of `T`, and pages that the document leaves out and that answer to `GET`.
    #[must_use]
    pub fn of<T: OpenApi>(pages: &[&str], metrics: &HttpMetrics) -> Self {
        let mut methods: HashMap<String, Vec<Method>> = HashMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let own = path.operations.into_iter().map(|operation| operation.method);
            methods.entry(path.path).or_default().extend(own);
        }
        for path in pages {
            methods.entry((*path).to_owned()).or_default().push(Method::GET);
        }
        let route = |(template, methods): (String, Vec<Method>)| {
            (pattern(&template).into(), RouteInfo::new(&template, methods, metrics))
        };
        Self(methods.into_iter().map(route).collect())
    }

    pub(super) fn get(&self, pattern: &str) -> Option<&RouteInfo> {
        self.0.get(pattern)
    }
}

impl RouteInfo {
    fn new(template: &str, methods: Vec<Method>, metrics: &HttpMetrics) -> Self {
        let allow = allow(&methods);
        let template: Arc<str> = template.into();
        let parameters = template.split('/').filter_map(parameter).map(Into::into).collect();
        let of = |method: Method| {
            let operation = metrics.operation(&method, &template);
            (method, operation)
        };
        let operations = methods.into_iter().map(of).collect();
        Self { template, parameters, allow, operations }
    }

    pub(super) fn operation(&self, method: &Method) -> Option<&OperationMetrics> {
        self.operations.iter().find(|(known, _)| known == method).map(|(_, metrics)| metrics)
    }
}

fn allow(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}

/// The router's form of a documented path: `{id}` is `:param0`.
pub(super) fn pattern(template: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;

    #[test]
    fn a_documented_path_is_spelled_as_the_router_does() {
        assert_eq!(pattern("/users/{id}/roles/{role}"), "/users/:param0/roles/:param1");
        let metrics = HttpMetrics::register(&mut Registry::default());
        let methods = vec![Method::PUT, Method::GET, Method::GET];
        let route = RouteInfo::new("/users/{id}/roles/{role}", methods, &metrics);
        assert_eq!(route.allow, "GET, HEAD, PUT");
        assert_eq!(route.parameters, [Box::from("id"), Box::from("role")]);
    }
}
