//! Paths, queries and forwarding headers: never a server error, and an id is read only in its canonical
//! form.

#![no_main]

use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;
use poem::http::{HeaderValue, Uri};
use poem::{Endpoint, EndpointExt, Request, Response, Route};
use poem_openapi::param::Query;
use poem_openapi::payload::PlainText;
use poem_openapi::{OpenApi, OpenApiService};
use serde::Deserialize;
use serde_json::json;
use service::config::ServerConfig;
use service::http::{RefuseNul, RouteTable, canonical, pipeline};
use service::metrics::{HttpMetrics, Registry};
use uuid::Uuid;

struct Api;

#[OpenApi]
impl Api {
    #[oai(path = "/rules/:id", method = "get")]
    async fn rule(&self, id: canonical::Path<i32>, limit: Query<Option<u32>>) -> PlainText<String> {
        let _ = limit;
        PlainText(id.0.to_string())
    }

    #[oai(path = "/users/:id", method = "get")]
    async fn user(
        &self,
        id: canonical::Path<Uuid>,
        login: Query<Option<String>>,
    ) -> PlainText<String> {
        let _ = login;
        PlainText(id.0.to_string())
    }
}

// The path and query, and on a second line the value of both forwarding headers.
fuzz_target!(|text: &str| {
    let (uri, forwarded) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(uri) = uri.parse::<Uri>() else { return };
    let Ok(forwarded) = HeaderValue::from_str(forwarded) else { return };
    let request = Request::builder()
        .uri(uri.clone())
        .header("x-forwarded-for", &forwarded)
        .header("forwarded", &forwarded);
    let response = respond(request.finish());
    let status = response.status().as_u16();
    assert!(status < 500, "{status}");
    if status == 200 && (uri.path().starts_with("/rules/") || uri.path().starts_with("/users/")) {
        let id = block_on(response.into_body().into_string()).expect("text");
        let (_, last) = uri.path().rsplit_once('/').expect("a path");
        assert!(last.contains('%') || last == id, "{last} was read as {id}");
    }
});

fn respond(request: Request) -> Response {
    let api = Route::new().nest("/", OpenApiService::new(Api, "api", "1"));
    let metrics = HttpMetrics::register(&mut Registry::with_prefix("fuzz"));
    let routes = RouteTable::of::<Api>(&[], &metrics);
    let endpoint = pipeline(api.with(RefuseNul), routes, metrics, &config());
    block_on(endpoint.call(request)).expect("a response")
}

fn config() -> ServerConfig {
    let config = json!({
        "listen": "127.0.0.1:0", "ops_listen": "", "cors_origins": "https://films.example", "cors_headers": "content-type",
        "trusted_proxies": "0.0.0.0/0", "body_limit": 1024, "drain_seconds": 1, "drain_delay_seconds": 0,
    });
    ServerConfig::deserialize(config).expect("a configuration")
}
