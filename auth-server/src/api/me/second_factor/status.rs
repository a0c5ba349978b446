//! `GET /api/v1/me/second-factor`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use crate::api::AppState;
use crate::authn::{SIGNED_IN, SignedIn};
use crate::db::DATABASE;
use crate::http::Reply;
use crate::problems;
use crate::second_factor::store::{self, Status};

/// The state of your second factor.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct SecondFactor {
    /// True if logins require a code.
    active: bool,
    /// Number of recovery codes that have not been used.
    recovery_codes_left: i64,
}

problems! {
    /// Why the state was not returned.
    pub(crate) enum StatusError includes [SIGNED_IN, DATABASE] {}
}

pub(crate) struct GetStatus(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/me", tag = "crate::http::tags::Tag::Me")]
impl GetStatus {
    /// Get the state of your second factor.
    #[oai(path = "/second-factor", method = "get", operation_id = "get_second_factor_status")]
    async fn get(&self, SignedIn(caller): SignedIn) -> Result<Reply<SecondFactor>, StatusError> {
        let Status { enabled, remaining_codes } = store::status(&self.0.pool, caller.user).await?;
        Ok(Reply(SecondFactor { active: enabled, recovery_codes_left: remaining_codes }))
    }
}
