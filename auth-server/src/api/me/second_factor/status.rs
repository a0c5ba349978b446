//! `GET /api/v1/me/second-factor`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::problems;
use crate::second_factor::store;

/// One's own second factor.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct SecondFactor {
    /// True where signing in takes a code.
    active: bool,
    /// Recovery codes that were not used.
    recovery_codes_left: i64,
}

problems! {
    /// What can go wrong with reading one's own second factor.
    pub(crate) enum StatusError includes [SIGNED_IN, DATABASE] {}
}

/// The operation.
pub(crate) struct Status(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl Status {
    /// See whether signing in takes a second factor.
    #[oai(path = "/second-factor", method = "get", operation_id = "second_factor")]
    async fn read(&self, SignedIn(caller): SignedIn) -> Result<Reply<SecondFactor>, StatusError> {
        let status = store::status(&self.0.pool, caller.user).await?;
        let (active, recovery_codes_left) = status;
        Ok(Reply(SecondFactor { active, recovery_codes_left }))
    }
}
