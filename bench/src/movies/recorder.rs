//! A proxy in front of Elasticsearch that keeps the searches it passes on: the baseline is made of the
//! queries that movie-api really sends.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use poem::endpoint::make;
use poem::error::BadGateway;
use poem::http::{StatusCode, header};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{Request, Response, Server};
use serde_json::Value;

pub(super) struct Recorder {
    elasticsearch: String,
    http: reqwest::Client,
    searches: Mutex<Vec<Value>>,
}

impl Recorder {
    /// Listens on a free port; returns its URL, too.
    pub(super) async fn start(elasticsearch: &str) -> anyhow::Result<(Arc<Self>, String)> {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
        let address = acceptor.local_addr().into_iter().next().context("no address")?;
        let url = format!("http://{}", address.as_socket_addr().context("no address")?);
        let recorder = Arc::new(Self {
            elasticsearch: elasticsearch.to_owned(),
            http: reqwest::Client::new(),
            searches: Mutex::default(),
        });
        let forwarding = Arc::clone(&recorder);
        let app = make(move |request| {
            let recorder = Arc::clone(&forwarding);
            async move { recorder.forward(request).await }
        });
        tokio::spawn(Server::new_with_acceptor(acceptor).run(app));
        Ok((recorder, url))
    }

    /// The bodies of the searches since the last call.
    pub(super) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.searches.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn forward(&self, mut request: Request) -> poem::Result<Response> {
        let url = format!("{}{}", self.elasticsearch, request.original_uri());
        let body = request.take_body().into_vec().await?;
        if request.uri().path().ends_with("/_search") {
            let search = serde_json::from_slice(&body).map_err(BadGateway)?;
            self.searches.lock().unwrap_or_else(PoisonError::into_inner).push(search);
        }
        let forwarded = self.http.request(request.method().clone(), url).body(body);
        let forwarded = forwarded.header(header::CONTENT_TYPE, "application/json");
        let answer = forwarded.send().await.map_err(BadGateway)?;
        let status = StatusCode::from_u16(answer.status().as_u16()).map_err(BadGateway)?;
        let body = answer.bytes().await.map_err(BadGateway)?;
        Ok(Response::builder().status(status).content_type("application/json").body(body))
    }
}
