//! `GET /api/v1/auth/oidc`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::http::Reply;
use crate::oidc::Provider;

/// Where people have an account by which they can sign in here.
#[derive(Serialize, Object)]
#[oai(rename = "Provider", read_only_all)]
struct Shown {
    /// Its name in paths.
    name: String,
    /// Its name for people.
    title: String,
    /// Where to send a browser.
    start: String,
}

/// The providers.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ProviderList {
    /// In the order of the configuration.
    items: Vec<Shown>,
    /// Always `null`: all of them fit.
    next: Option<String>,
}

/// The operation.
pub(crate) struct List(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl List {
    /// List the providers by which people sign in here.
    #[oai(path = "/oidc", method = "get", operation_id = "providers")]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    async fn list(&self) -> Reply<ProviderList> {
        Reply(ProviderList { items: self.0.oidc.providers().map(shown).collect(), next: None })
    }
}

fn shown(provider: &Provider) -> Shown {
    let name = provider.name();
    Shown {
        name: name.to_owned(),
        title: provider.title().to_owned(),
        start: format!("/api/v1/auth/oidc/{name}/start"),
    }
}
