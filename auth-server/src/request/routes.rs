//! The operations and the pages as one routing table, and what is known about each route.

use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderValue, Method};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, Registry};

/// Operations by route and method, as poem-openapi keeps them.
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
pub type Routes = HashMap<Box<str>, Route>;

/// An API together with pages.
pub struct WithPages<T> {
    api: T,
    pages: Pages,
}

impl<T: OpenApi> WithPages<T> {
    /// Joins the documented `api` and the `pages`.
    pub fn new(api: T, pages: Pages) -> Self {
        Self { api, pages }
    }

    /// Every route of the table.
    pub fn routes(&self) -> Routes {
        let mut methods: HashMap<String, Vec<Method>> = HashMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let own = path.operations.into_iter().map(|operation| operation.method);
            methods.entry(path.path).or_default().extend(own);
        }
        for (path, _) in &self.pages {
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

impl<T: OpenApi> OpenApi for WithPages<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, table: &mut Table) {
        self.api.add_routes(table);
        for (path, page) in self.pages {
            table.entry(path.to_owned()).or_default().insert(Method::GET, page);
        }
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
