//! A film site: many films, and servers that let guests and subscribers read them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use auth_server::token::Subject;
use policies::RoleName;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::Deployment;
use crate::films;
use crate::labeler::Labeler;
use crate::process::Server;
use crate::workload;

const ALL_CORES: &str = "0-1023";

pub(super) struct Site {
    pub(super) http: Client,
    pub(super) elasticsearch: String,
    pub(super) index: String,
    auth_url: String,
    auth: Option<Server>,
    pub(super) movie: Server,
    program: PathBuf,
    subscriber: String,
}

/// Who sends the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Guest,
    Subscriber,
}

impl Viewer {
    pub(super) const ALL: [Self; 2] = [Self::Guest, Self::Subscriber];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Subscriber => "subscriber",
        }
    }
}

impl Site {
    pub(super) async fn open(deployment: &Deployment, films: u32) -> anyhow::Result<Self> {
        let elasticsearch = std::env::var("ELASTICSEARCH_URL");
        let elasticsearch =
            elasticsearch.context("ELASTICSEARCH_URL is not set; run ./dev bench movies")?;
        let elasticsearch = elasticsearch.trim_end_matches('/').to_owned();
        let labeler = Labeler::new()?;
        labeler.import(films::generate(films)?.path()).await?;
        labeler.once(None).await?;
        let auth = deployment.serve(ALL_CORES).await?;
        let program = std::env::current_exe()?.with_file_name("movie-api");
        let index = labeler.index().to_owned();
        let auth_url = format!("http://{}", auth.address);
        let movie = serve(&program, &elasticsearch, &index, &auth_url).await?;
        let (http, subscriber) = (Client::new(), subscriber(deployment).await?);
        let auth = Some(auth);
        Ok(Self { http, elasticsearch, index, auth_url, auth, movie, program, subscriber })
    }

    /// Another movie-api, which reaches Elasticsearch at this URL.
    pub(super) async fn another(&self, elasticsearch: &str) -> anyhow::Result<Server> {
        serve(&self.program, elasticsearch, &self.index, &self.auth_url).await
    }

    /// From now on auth-server refuses connections.
    pub(super) fn stop_auth_server(&mut self) {
        self.auth = None;
    }

    /// The response of a movie-api, as bytes.
    pub(super) async fn get(
        &self,
        movie: &Server,
        path: &str,
        viewer: Viewer,
    ) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.get(format!("http://{}{path}", movie.address));
        if viewer == Viewer::Subscriber {
            request = request.bearer_auth(&self.subscriber);
        }
        Ok(request.send().await?.error_for_status()?.bytes().await?.into())
    }

    /// The query that auth-server gives for this viewer.
    pub(super) async fn filter(&self, viewer: Viewer) -> anyhow::Result<Value> {
        let mut request = self.http.post(format!("{}/api/v1/filter", self.auth_url));
        if viewer == Viewer::Subscriber {
            request = request.bearer_auth(&self.subscriber);
        }
        let request = request.json(&json!({ "action": "read", "type": "film" }));
        let filter: Value = request.send().await?.error_for_status()?.json().await?;
        filter.get("query").cloned().context("no query")
    }

    /// The response of Elasticsearch, as bytes.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Vec<u8>> {
        let mut request = self.http.request(method, format!("{}/{path}", self.elasticsearch));
        if !body.is_null() {
            request = request.json(body);
        }
        Ok(request.send().await?.error_for_status()?.bytes().await?.into())
    }

    /// Deletes the films.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        let indices = self.send(Method::GET, &self.index, &Value::Null).await?;
        let indices: Value = serde_json::from_slice(&indices)?;
        for index in indices.as_object().into_iter().flat_map(|indices| indices.keys()) {
            self.send(Method::DELETE, index, &Value::Null).await?;
        }
        Ok(())
    }
}

async fn serve(
    program: &Path,
    elasticsearch: &str,
    index: &str,
    auth_url: &str,
) -> anyhow::Result<Server> {
    Server::start(program, ALL_CORES, |command, address| {
        command.arg("serve").env("MOVIE_LISTEN", address).env("MOVIE_OPS_LISTEN", "");
        command.env("AUTH_URL", auth_url).env("MOVIE_LOG", "error");
        command.env("ELASTICSEARCH_URL", elasticsearch).env("FILMS_INDEX", index);
        command.env_remove("MOVIE_DATABASE_URL");
    })
    .await
}

/// An access token with the role `subscriber`, which the shipped rules name.
async fn subscriber(deployment: &Deployment) -> anyhow::Result<String> {
    let issuer = workload::issuer(&deployment.pool, &deployment.config()?).await?;
    let token = issuer.issue(Subject {
        user: Uuid::new_v4(),
        session: Uuid::new_v4(),
        session_number: 1,
        roles: vec![RoleName::parse("subscriber")?],
        revision: 1_000_000,
    });
    Ok(token.map_err(|problem| anyhow::anyhow!("{}", problem.code))?.text)
}
