//! The OpenAPI document, and the page to read and try it on. Nothing is loaded from other servers.

mod document;
mod examples;
mod header;
mod json_schema;
mod nulls;
mod one_of;
mod page;
mod problems;

use std::collections::HashMap;
use std::marker::PhantomData;

use poem::Route;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService};

use crate::http::fixed;
pub use header::header;

/// What the document says about the whole API.
#[derive(Clone, Copy, Debug)]
pub struct ApiInfo {
    /// Name of the program.
    pub title: &'static str,
    /// Markdown.
    pub description: &'static str,
    /// The groups of operations, in the order in which the page lists them; others follow.
    pub tags: &'static [&'static str],
    /// What fields contain in examples, as TOML: `login = "ada"` for all fields of this name, `[Rule]` for those of a schema.
    pub examples: &'static str,
    /// The path, without a slash before it, below which `login`, `login/second-factor`, `refresh` and `logout` are: the
    /// page has a form to sign in then.
    pub sign_in: Option<&'static str>,
}

/// The paths that [`pages`] adds to those of the API.
pub const PAGES: &[&str] = &["/docs", "/docs/page.js", "/openapi.json"];

/// The operations of `api`, its document at `/openapi.json`, and the page at `/docs` to read and try
/// it on.
pub fn route<T: OpenApi + 'static>(api: T, info: ApiInfo) -> Route {
    pages(&api, info, "").nest("/", service(api, info))
}

/// The document at `/openapi.json` and the page at `/docs`, without the operations. `prefix` is the path under which a
/// proxy publishes the API, such as `/auth`; empty if it is the root.
#[must_use]
pub fn pages<T: OpenApi + 'static>(_: &T, info: ApiInfo, prefix: &str) -> Route {
    let described = service(Described::<T>(PhantomData), info);
    let document = described.spec();
    let document = document::complete(&document, &info, prefix).unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document cannot be completed");
        document
    });
    let (page, policy) = page::page(&described.swagger_ui_html(), info);
    let nothing = || "default-src 'none'".to_owned();
    Route::new()
        .at("/docs", poem::get(fixed(page, "text/html; charset=utf-8", policy)))
        .at(
            "/docs/page.js",
            poem::get(fixed(page::SCRIPT, "text/javascript; charset=utf-8", nothing())),
        )
        .at("/openapi.json", poem::get(fixed(document, "application/json", nothing())))
}

/// The operations of `api`, for an endpoint that goes below `/`.
pub fn service<T: OpenApi>(api: T, info: ApiInfo) -> OpenApiService<T, ()> {
    let license = LicenseObject::new(crate::build::LICENSE).identifier(crate::build::LICENSE);
    OpenApiService::new(api, info.title, crate::build::VERSION)
        .description(info.description)
        .license(license)
}

/// Each path once: a second entry would hide the operations of the first.
fn joined(apis: Vec<MetaApi>) -> MetaApi {
    let mut paths: Vec<MetaPath> = Vec::new();
    for path in apis.into_iter().flat_map(|api| api.paths) {
        match paths.iter_mut().find(|other| other.path == path.path) {
            Some(other) => other.operations.extend(path.operations),
            None => paths.push(path),
        }
    }
    MetaApi { paths }
}

/// The documentation of an API, without the API.
struct Described<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        vec![joined(T::meta())]
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}
