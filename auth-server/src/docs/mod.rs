//! The OpenAPI document, and the page to read and try it on. Nothing is loaded from elsewhere.

use std::collections::HashMap;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::http::{Method, header};
use poem::{Body, EndpointExt, Response};
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use sha2::{Digest, Sha256};

use crate::request::Pages;

/// What the document says about the whole server.
const ABOUT: &str = include_str!("about.md");

/// An API as a service with title, version and description.
pub fn service<T: OpenApi>(api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, "auth-server", env!("CARGO_PKG_VERSION")).description(ABOUT)
}

/// `/docs` and `/openapi.json` for this API, by path.
#[must_use]
pub fn pages<T: OpenApi>(_: &T) -> Pages {
    let service = service(Described::<T>(PhantomData));
    let page = service.swagger_ui_html();
    let policy = content_security_policy(&page);
    vec![
        ("/docs", fixed(page, "text/html; charset=utf-8", policy)),
        ("/openapi.json", fixed(service.spec(), "application/json", "default-src 'none'".into())),
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
    let scripts = page.split("<script").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        Some(format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
    });
    format!(
        "default-src 'none'; script-src{}; style-src 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        scripts.collect::<String>()
    )
}

/// What is written about an API, without the API.
struct Described<T>(PhantomData<T>);

impl<T: OpenApi> OpenApi for Described<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}
