//! Requests about users.

use chrono::{DateTime, SecondsFormat, Utc};
use poem::http::header;
use serde::Deserialize;
use service::http::REQUEST_ID;
use uuid::Uuid;

use super::AuthServer;
use crate::authorization::AuthError;
use crate::caller::{Caller, CallerKind};

/// Deleted accounts per request. Each may have thousands of favorites, which are deleted in one
/// transaction.
const PAGE_SIZE: &str = "100";

#[derive(Deserialize)]
struct Me {
    id: Uuid,
}

/// A page of the response of `GET /api/v1/users/deleted`.
#[derive(Debug, Deserialize)]
pub(crate) struct DeletedUsers {
    /// In the order of deletion.
    pub(crate) items: Vec<DeletedUser>,
    /// After which time to go on; `None` on the last page.
    pub(crate) next: Option<DateTime<Utc>>,
}

/// A deleted account.
#[derive(Debug, Deserialize)]
pub(crate) struct DeletedUser {
    pub(crate) user_id: Uuid,
    pub(crate) deleted_at: DateTime<Utc>,
}

impl AuthServer {
    /// The id of the user with the caller's token. The user asks for it, also if there is a service
    /// client: nobody else may.
    pub(in crate::authorization) async fn user(&self, caller: &Caller) -> Result<Uuid, AuthError> {
        let request = self.http.get(format!("{}/api/v1/me", self.base));
        let request = request.headers(Self::headers_of(caller));
        let Me { id } = self.send("me", request, CallerKind::User).await?;
        Ok(id)
    }

    /// The accounts that were deleted after this time, or all.
    pub(in crate::authorization) async fn deleted_users(
        &self,
        after: Option<DateTime<Utc>>,
    ) -> Result<DeletedUsers, AuthError> {
        let request = self.http.get(format!("{}/api/v1/users/deleted", self.base));
        let mut request = request
            .query(&[("limit", PAGE_SIZE)])
            .header(REQUEST_ID, Caller::guest().request_id.value());
        if let Some(after) = after {
            let after = after.to_rfc3339_opts(SecondsFormat::Micros, true);
            request = request.query(&[("after", after)]);
        }
        if let Some(credentials) = &self.credentials {
            request = request.header(header::AUTHORIZATION, credentials.clone());
        }
        self.send("users/deleted", request, CallerKind::Guest).await
    }
}
