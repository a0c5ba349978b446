//! `GET /api/v1/me/identities`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::oidc::store::LinkedIdentity;
use crate::problems;

/// The caller's linked identities.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct IdentityList {
    /// Oldest first.
    items: Vec<LinkedIdentity>,
    /// Always `null`: the list has one page.
    next: Option<String>,
}

problems! {
    /// Why the identities were not listed.
    pub(crate) enum ListError includes [SIGNED_IN, DATABASE] {}
}

pub(crate) struct List(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl List {
    /// List the external identities that you can log in with.
    #[oai(path = "/identities", method = "get", operation_id = "list_my_identities")]
    async fn list(&self, SignedIn(caller): SignedIn) -> Result<Reply<IdentityList>, ListError> {
        let mut database = self.0.pool.acquire().await?;
        let items = self.0.oidc.identities(&mut database, caller.user).await?;
        Ok(Reply(IdentityList { items, next: None }))
    }
}
