//! `GET /api/v1/auth/oidc`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::http::Reply;
use crate::oidc::Provider;

/// An identity provider.
#[derive(Serialize, Object)]
#[oai(rename = "Provider", read_only_all)]
struct ProviderView {
    /// Name in paths.
    name: String,
    /// Display name.
    title: String,
    /// Path that starts a login, on the host of the issuer; send the browser there.
    start: String,
}

/// The identity providers.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ProviderList {
    /// In the order of the configuration.
    items: Vec<ProviderView>,
    /// Always `null`: the list has one page.
    next: Option<String>,
}

pub(crate) struct List(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/auth", tag = "crate::http::tags::Tag::Auth")]
impl List {
    /// List the identity providers that users can log in with.
    #[oai(path = "/oidc", method = "get", operation_id = "list_identity_providers")]
    #[expect(clippy::unused_async, reason = "poem-openapi takes async functions only")]
    async fn list(&self) -> Reply<ProviderList> {
        Reply(ProviderList { items: self.0.oidc.providers().map(view).collect(), next: None })
    }
}

fn view(provider: &Provider) -> ProviderView {
    let name = provider.name();
    ProviderView {
        name: name.to_owned(),
        title: provider.title().to_owned(),
        start: provider.start_path(),
    }
}
