//! The OpenAPI document, and the page to read and try it on. Nothing is loaded from elsewhere.

pub(crate) mod exact;

use std::collections::HashMap;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::{Method, header};
use poem::{Body, EndpointExt, Response};
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use sha2::{Digest, Sha256};

use super::Pages;

/// What the document says about the whole server.
const ABOUT: &str = include_str!("about.md");

/// An API as a service with title, version and description.
pub(crate) fn service<T: OpenApi>(api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, "auth-server", env!("CARGO_PKG_VERSION")).description(ABOUT)
}

/// `/docs` and `/openapi.json` for this API, by path.
#[must_use]
pub(crate) fn pages<T: OpenApi>(_: &T) -> Pages {
    let service = service(Described::<T>(PhantomData));
    let document = service.spec();
    let exact = exact::exact(&document).unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document is no JSON");
        document.clone()
    });
    let page = service.swagger_ui_html().replace(&document, &exact);
    let policy = content_security_policy(&page);
    vec![
        ("/docs", fixed(page, "text/html; charset=utf-8", policy)),
        ("/openapi.json", fixed(exact, "application/json", "default-src 'none'".into())),
    ]
}

fn fixed(text: String, media_type: &'static str, policy: String) -> BoxEndpoint<'static> {
    let text = Bytes::from(text);
    make_sync(move |_| {
        Response::builder()
            .header(header::CONTENT_TYPE, media_type)
            .header(header::CONTENT_SECURITY_POLICY, &policy)
            .header(header::X_FRAME_OPTIONS, "DENY")
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::CACHE_CONTROL, "no-cache")
            .body(Body::from_bytes(text.clone()))
    })
    .boxed()
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

/// The text of each script. One may speak of `<script` itself.
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

/// Each path once: written twice, the second would hide the operations of the first.
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

/// What is written about an API, without the API.
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
