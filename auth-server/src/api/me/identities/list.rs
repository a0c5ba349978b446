//! `GET /api/v1/me/identities`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::oidc::store::Identity;
use crate::problems;

/// The caller's identities.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct IdentityList {
    /// The oldest first.
    items: Vec<Identity>,
    /// Always `null`: all of them fit.
    next: Option<String>,
}

problems! {
    /// What can go wrong with listing one's own identities.
    pub(crate) enum ListError includes [SIGNED_IN, DATABASE] {}
}

/// The operation.
pub(crate) struct List(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl List {
    /// List the accounts elsewhere by which one signs in.
    #[oai(path = "/identities", method = "get", operation_id = "my_identities")]
    async fn list(&self, SignedIn(caller): SignedIn) -> Result<Reply<IdentityList>, ListError> {
        let mut database = self.0.pool.acquire().await?;
        let items = self.0.oidc.identities(&mut database, caller.user).await?;
        Ok(Reply(IdentityList { items, next: None }))
    }
}
