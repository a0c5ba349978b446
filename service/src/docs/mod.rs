//! The OpenAPI document, and the page to read and try it on. Nothing is loaded from other servers.

mod exact;
mod header;
mod one_of;

use std::collections::HashMap;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::Route;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use sha2::{Digest, Sha256};

use crate::http::fixed;
pub use header::header;

/// What the document says about the whole API.
#[derive(Clone, Copy, Debug)]
pub struct ApiInfo {
    /// Name of the program.
    pub title: &'static str,
    /// Markdown.
    pub description: &'static str,
}

/// The paths that [`pages`] adds to those of the API.
pub const PAGES: &[&str] = &["/docs", "/openapi.json"];

/// The operations of `api`, its document at `/openapi.json`, and the page at `/docs` to read and try
/// it on.
pub fn route<T: OpenApi + 'static>(api: T, info: ApiInfo) -> Route {
    pages(&api, info, "").nest("/", service(api, info))
}

/// The document at `/openapi.json` and the page at `/docs`, without the operations. `prefix` is the path under which a
/// proxy publishes the API, such as `/auth`; empty if it is the root.
#[must_use]
pub fn pages<T: OpenApi + 'static>(_: &T, info: ApiInfo, prefix: &str) -> Route {
    let mut described = service(Described::<T>(PhantomData), info);
    if !prefix.is_empty() {
        described = described.server(prefix);
    }
    let document = described.spec();
    let exact = exact::exact(&document).unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document is not JSON");
        document.clone()
    });
    let page = described.swagger_ui_html().replace(&document, &exact);
    let policy = content_security_policy(&page);
    Route::new().at("/docs", poem::get(fixed(page, "text/html; charset=utf-8", policy))).at(
        "/openapi.json",
        poem::get(fixed(exact, "application/json", "default-src 'none'".into())),
    )
}

/// The operations of `api`, for an endpoint that goes below `/`.
pub fn service<T: OpenApi>(api: T, info: ApiInfo) -> OpenApiService<T, ()> {
    OpenApiService::new(api, info.title, crate::build::VERSION).description(info.description)
}

/// Only the scripts that stand in the page run, and it talks to this server alone.
fn content_security_policy(page: &str) -> String {
    let hash = |script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script)));
    format!(
        "default-src 'none'; script-src{}; style-src 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        scripts(page).map(hash).collect::<String>()
    )
}

/// The text of each script; it may contain `<script` itself.
fn scripts(page: &str) -> impl Iterator<Item = &str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let (_, tag) = rest.split_once("<script")?;
        let (_, text) = tag.split_once('>')?;
        let (script, after) = text.split_once("</script>")?;
        rest = after;
        Some(script)
    })
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

#[cfg(test)]
mod tests {
    use super::scripts;

    #[test]
    fn every_script_of_a_page_is_found_whole() {
        let page = "<p><script a=b>let tag = '<script x>';</script><script>2</script></p>";
        assert_eq!(scripts(page).collect::<Vec<_>>(), ["let tag = '<script x>';", "2"]);
    }
}
