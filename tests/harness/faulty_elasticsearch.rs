//! An Elasticsearch that is too busy for some requests.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use poem::endpoint::make;
use poem::http::StatusCode;
use poem::listener::TcpAcceptor;
use poem::{Body, Request, Response, Server};
use serde_json::json;

use crate::setting;

/// What becomes of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first one with a method and a path is refused with this status.
    Refused(u16),
    /// The first one with a method and a path is carried out, and answered with 503.
    Unanswered,
    /// Every one whose path ends so is refused with 503.
    Never(&'static str),
}

/// Forwards requests to Elasticsearch, but for the faults.
pub struct FaultyElasticsearch {
    /// Its URL.
    pub url: String,
    seen: Arc<Mutex<BTreeSet<String>>>,
}

impl FaultyElasticsearch {
    /// In front of the Elasticsearch of the tests.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start(fault: Fault) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<BTreeSet<String>>>::default();
        let (server, answered) = (setting("ELASTICSEARCH_URL"), Arc::clone(&seen));
        let endpoint = make(move |request: Request| {
            let (server, seen) = (server.clone(), Arc::clone(&answered));
            async move { Ok::<_, poem::Error>(answer(fault, &server, &seen, request).await) }
        });
        let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        Self { url, seen }
    }

    /// Method and path of every request.
    ///
    /// # Panics
    /// If another thread panicked meanwhile.
    #[must_use]
    pub fn seen(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(
    fault: Fault,
    server: &str,
    seen: &Mutex<BTreeSet<String>>,
    request: Request,
) -> Response {
    let path = request.uri().path().to_owned();
    let first = seen.lock().unwrap().insert(format!("{} {path}", request.method()));
    match fault {
        Fault::Refused(status) if first => busy(status),
        Fault::Never(end) if path.ends_with(end) => busy(503),
        Fault::Unanswered if first => {
            forward(server, request).await;
            busy(503)
        }
        _ => forward(server, request).await,
    }
}

fn busy(status: u16) -> Response {
    let cause =
        json!({ "type": "es_rejected_execution_exception", "reason": "a fault of the test" });
    let error = json!({ "error": { "root_cause": [cause], "type": "x" }, "status": status });
    let status = StatusCode::from_u16(status).unwrap();
    Response::builder().status(status).content_type("application/json").body(error.to_string())
}

async fn forward(server: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let url = format!("{server}{}", parts.uri);
    let kind = parts.headers.get("content-type").cloned();
    let forwarded = reqwest::Client::new().request(parts.method, url);
    let forwarded =
        kind.into_iter().fold(forwarded, |request, kind| request.header("content-type", kind));
    let answer = forwarded.body(body.into_vec().await.unwrap()).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for name in ["content-type", "x-elastic-product"] {
        if let Some(value) = answer.headers().get(name) {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.unwrap()))
}
