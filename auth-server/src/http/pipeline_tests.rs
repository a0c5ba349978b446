use std::sync::Arc;

use poem::endpoint::make;
use poem::error::NotFoundError;
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{Endpoint, Request, Response, Route as Router};

use super::super::answered::Answered;
use super::super::documented_routes::Route;
use super::{Edge, Routes, Shared};
use crate::metrics::Metrics;

async fn ask(request: Request) -> (Response, serde_json::Value, String) {
    let get = || poem::RouteMethod::new();
    let fine = make(|_| async { poem::Result::<_>::Ok("fine") });
    let broken = make(|_| async { if true { panic!("boom") } else { poem::Result::<_>::Ok("") } });
    let lost = make(|_| async { poem::Result::<&str>::Err(NotFoundError.into()) });
    let inner = Router::new()
        .at("/fine/:param0", get().get(fine))
        .at("/broken", get().get(broken))
        .at("/lost", get().get(lost));
    let route = Route {
        template: Arc::from("/fine/{id}"),
        parameters: vec!["id".into()],
        allow: HeaderValue::from_static("GET, HEAD"),
    };
    let routes = Routes::from([("/fine/:param0".into(), route)]);
    let metrics = Metrics::default();
    let routes = Arc::new(routes);
    let inner = Answered::new(inner, Arc::clone(&routes));
    let routes = (Arc::default(), routes);
    let edge = Edge::new(inner, routes, metrics.http.clone(), Shared::default());
    let mut response = edge.call(request).await.expect("the edge always answers");
    let body = response.take_body().into_string().await.expect("text");
    let body = serde_json::from_str(&body).unwrap_or_default();
    (response, body, metrics.encode().expect("metrics"))
}

fn get(uri: &'static str) -> Request {
    Request::builder().uri_str(uri).header("x-request-id", "mine").finish()
}

#[tokio::test]
async fn every_answer_carries_the_requests_id() {
    for uri in ["/fine/1", "/broken", "/lost", "/nowhere"] {
        let (response, _, _) = ask(get(uri)).await;
        assert_eq!(response.header("x-request-id"), Some("mine"), "{uri}");
    }
}

#[tokio::test]
async fn a_panic_is_a_problem_of_ours_and_nothing_else_ends() {
    let (response, body, _) = ask(get("/broken")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["code"], "internal");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    for uri in ["/lost", "/nowhere"] {
        let (response, body, _) = ask(get(uri)).await;
        assert_eq!((response.status().as_u16(), &body["code"]), (404, &"not_found".into()));
    }
}

#[tokio::test]
async fn another_method_is_told_which_ones_are_taken() {
    let request = Request::builder().method(Method::PUT).uri_str("/fine/1").finish();
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
    assert!(metrics.contains(r#"route="/fine/{id}",status="200"} 1"#), "{metrics}");
}
