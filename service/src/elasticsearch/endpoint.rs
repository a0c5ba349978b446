//! One path of Elasticsearch that programs post to thousands of times a second.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use elasticsearch::Elasticsearch;
use elasticsearch::http::headers::{
    ACCEPT, CONTENT_TYPE, DEFAULT_ACCEPT, DEFAULT_CONTENT_TYPE, DEFAULT_USER_AGENT, HeaderMap,
    HeaderValue, USER_AGENT,
};
use elasticsearch::http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use url::Url;

use super::nodes::Nodes;
use super::{from_any_node, headers, is_local};
use crate::config::ElasticsearchConfig;
use crate::outbound::causes;

/// When a connection that nobody uses is first probed, and how often then, until it counts as lost.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// After how many probes without a reply a connection counts as lost.
const KEEPALIVE_RETRIES: u32 = 3;

/// Status and body of a response.
type Answer = (StatusCode, Bytes);

/// One path of a cluster. Requests to it must not change anything, as they are repeated on another node.
pub struct Endpoint {
    path: String,
    timeout: Duration,
    client: Elasticsearch,
    direct: Option<Direct>,
}

impl Endpoint {
    pub(super) fn new(
        config: &ElasticsearchConfig,
        client: Elasticsearch,
        nodes: Nodes,
        path: String,
        timeout: Duration,
    ) -> Self {
        let direct = Direct::new(config, nodes, &path);
        Self { path, timeout, client, direct }
    }

    /// Status and body of the response to this JSON. A node that is not reached is replaced by the next one.
    ///
    /// # Errors
    /// No node is reached, or the response does not come within the time-out.
    pub async fn post(&self, json: Vec<u8>) -> Result<Answer, elasticsearch::Error> {
        let json = Bytes::from(json);
        let answer = async {
            match &self.direct {
                Some(direct) => {
                    direct.post(json).await.map_err(|error| io::Error::other(error).into())
                }
                None => self.post_by_client(json).await,
            }
        };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no response in time");
        tokio::time::timeout(self.timeout, answer).await.map_err(late)?
    }

    async fn post_by_client(&self, json: Bytes) -> Result<Answer, elasticsearch::Error> {
        let request = || {
            let (headers, query, body) = (HeaderMap::new(), None::<&()>, Some(json.clone()));
            self.client.send(Method::Post, &self.path, headers, query, body, None)
        };
        let response = from_any_node(request).await?;
        Ok((response.status_code(), response.bytes().await?))
    }
}

/// Plain HTTP without a proxy, as between programs of one host or pod. The client of Elasticsearch adds a quarter
/// to what a search costs the program that sends it, as it parses the address three times for each.
struct Direct {
    client: Client<HttpConnector, Full<Bytes>>,
    nodes: Nodes,
    /// Where to post to, by the position of the node.
    targets: Vec<Uri>,
    headers: HeaderMap,
}

impl Direct {
    /// None if a node requires TLS or is reached through a proxy.
    fn new(config: &ElasticsearchConfig, nodes: Nodes, path: &str) -> Option<Self> {
        let proxies = Matcher::from_env();
        let is_local = is_local(config);
        let target = |url: Arc<Url>| {
            let target = url.join(path.trim_start_matches('/')).ok()?.as_str().parse().ok()?;
            let by_proxy = !is_local && proxies.intercept(&target).is_some();
            (url.scheme() == "http" && !by_proxy).then_some(target)
        };
        let targets = nodes.urls().map(target).collect::<Option<_>>()?;
        let mut headers = headers(config);
        headers.insert(ACCEPT, HeaderValue::from_static(DEFAULT_ACCEPT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(DEFAULT_CONTENT_TYPE));
        headers.insert(USER_AGENT, HeaderValue::from_static(DEFAULT_USER_AGENT));
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_keepalive(Some(KEEPALIVE));
        connector.set_keepalive_interval(Some(KEEPALIVE));
        connector.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Some(Self { client, nodes, targets, headers })
    }

    async fn post(&self, json: Bytes) -> Result<Answer, String> {
        let response = match self.send(json.clone()).await {
            Err(_) => self.send(json).await.map_err(|error| causes(&error))?,
            Ok(response) => response,
        };
        let status = response.status();
        let body = response.into_body().collect().await;
        Ok((status, body.map_err(|error| causes(&error))?.to_bytes()))
    }

    async fn send(&self, json: Bytes) -> Result<Response<Incoming>, ClientError> {
        let mut request = Request::new(Full::new(json));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.targets.get(self.nodes.position()).cloned().unwrap_or_default();
        request.headers_mut().clone_from(&self.headers);
        self.client.request(request).await
    }
}
