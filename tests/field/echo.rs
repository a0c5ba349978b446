//! An application that answers with the request that reached it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use poem::endpoint::make_sync;
use poem::listener::TcpAcceptor;
use poem::{Request, Server};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// An application that runs until the end of the test.
pub(crate) struct Echo {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
}

impl Echo {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&requests);
        let endpoint = make_sync(move |request: Request| {
            counted.fetch_add(1, Ordering::Relaxed);
            described(&request).to_string()
        });
        let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        Self { url, requests }
    }

    /// The number of requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn described(request: &Request) -> Value {
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(value.to_str().unwrap_or("?").into());
    }
    json!({ "target": request.uri().to_string(), "headers": headers })
}
