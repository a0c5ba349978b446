use poem::endpoint::make;
use poem::error::NotFoundError;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, EndpointExt, Request, Response, Route};
use poem_openapi::param::Path;
use poem_openapi::payload::PlainText;
use poem_openapi::{OpenApi, OpenApiService};
use serde::Deserialize;
use serde_json::{Value, json};

use super::pipeline;
use crate::config::ServerConfig;
use crate::http::{RefuseNul, RouteTable};
use crate::metrics::{self, HttpMetrics, Registry};

struct Api;

#[OpenApi]
impl Api {
    #[oai(path = "/fine/:id", method = "get")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn fine(&self, id: Path<u8>) -> PlainText<String> {
        PlainText(id.0.to_string())
    }
}

fn config() -> ServerConfig {
    let config = json!({
        "listen": "127.0.0.1:0", "ops_listen": "", "cors_origins": "https://films.example", "cors_headers": "content-type",
        "trusted_proxies": "", "body_limit": 1024, "drain_seconds": 1, "drain_delay_seconds": 0,
    });
    ServerConfig::deserialize(config).expect("a configuration")
}

async fn ask(request: Request) -> (Response, Value, String) {
    let get = || poem::RouteMethod::new();
    let broken = make(|_| async { if true { panic!("boom") } else { poem::Result::<_>::Ok("") } });
    let lost = make(|_| async { poem::Result::<&str>::Err(NotFoundError.into()) });
    let api = Route::new()
        .nest("/", OpenApiService::new(Api, "api", "1"))
        .at("/broken", get().get(broken))
        .at("/lost", get().get(lost));
    let mut registry = Registry::with_prefix("demo");
    let http = HttpMetrics::register(&mut registry);
    let routes = RouteTable::of::<Api>(&["/broken"], &http);
    let endpoint = pipeline(api.with(RefuseNul), routes, http, &config());
    let mut response = endpoint.call(request).await.expect("a response");
    let body = response.take_body().into_string().await.expect("text");
    let body = serde_json::from_str(&body).unwrap_or_default();
    (response, body, metrics::encode(&registry).expect("metrics"))
}

fn get(uri: &'static str) -> Request {
    Request::builder().uri_str(uri).header("host", "a").header("x-request-id", "mine").finish()
}

#[tokio::test]
async fn every_response_carries_the_request_id() {
    for uri in ["/fine/1", "/broken", "/lost", "/nowhere"] {
        let (response, _, _) = ask(get(uri)).await;
        assert_eq!(response.header("x-request-id"), Some("mine"), "{uri}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_of_one_request() {
    let (response, body, _) = ask(get("/broken")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["code"], "internal");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem() {
    for uri in ["/lost", "/nowhere"] {
        let (response, body, _) = ask(get(uri)).await;
        assert_eq!((response.status().as_u16(), &body["code"]), (404, &"not_found".into()));
    }
}

#[tokio::test]
async fn an_invalid_path_parameter_is_named_as_documented() {
    let (response, body, _) = ask(get("/fine/many")).await;
    assert_eq!((response.status().as_u16(), &body["field"]), (422, &"id".into()));
}

#[tokio::test]
async fn an_unsupported_method_is_answered_with_the_supported_ones() {
    let request =
        Request::builder().method(Method::PUT).uri_str("/fine/1").header("host", "a").finish();
    let (response, body, _) = ask(request).await;
    assert_eq!(body["code"], "method_not_allowed");
    assert_eq!(response.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn nul_in_a_url_is_refused() {
    let (_, body, _) = ask(get("/fine/1?a=%00")).await;
    assert_eq!(body["code"], "field_invalid");
}

#[tokio::test]
async fn requests_are_counted_by_template() {
    let (_, _, metrics) = ask(get("/fine/77")).await;
    let line = r#"demo_http_requests_total{method="GET",route="/fine/{id}",status="200"} 1"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn only_configured_front_ends_may_read_a_response() {
    for (origin, expected) in
        [("https://films.example", Some("https://films.example")), ("https://evil.example", None)]
    {
        let request = Request::builder()
            .uri_str("/nowhere")
            .header("host", "a")
            .header("origin", origin)
            .finish();
        let (response, _, _) = ask(request).await;
        assert_eq!(response.header("access-control-allow-origin"), expected);
    }
}
