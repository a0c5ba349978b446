//! `GET /api/v1/users` and `GET /api/v1/users/{id}`

use std::sync::Arc;

use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use super::ReadError;
use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::pagination::{PageQuery, cut};
use crate::http::problem::Problem;
use crate::http::request_errors::{FIELD, PARAMETERS};
use crate::http::{Reply, canonical};
use crate::problems;
use crate::user::{Login, UserView, view};

/// A page of users, by login.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct UserPage {
    items: Vec<UserView>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

problems! {
    /// Problems of searching users.
    pub(crate) enum SearchError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

/// `search_users`, `get_user`
pub(crate) struct SearchApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl SearchApi {
    /// Search users by login prefix.
    #[oai(path = "/", method = "get", operation_id = "search_users")]
    async fn search(
        &self,
        _caller: AuthorizedAdmin,
        /// Prefix of the login, ignoring case. Default: all users.
        login: Query<Option<String>>,
        /// Maximum number of items, 1–1000. Default: 50.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<UserPage>, SearchError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let prefix = login.0.map(|login| Login::key_of(&login)).unwrap_or_default();
        if prefix.contains('\0') {
            return Err(Problem::new(FIELD).field("login").into());
        }
        let after = query.after.as_deref().unwrap_or_default();
        let rows = view::search(&self.0.pool, &prefix, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |user| user.login_key.clone());
        Ok(Reply(UserPage { items, next }))
    }

    /// Get a user's account.
    #[oai(path = "/:id", method = "get", operation_id = "get_user")]
    async fn get(
        &self,
        /// Id of the user.
        id: canonical::Path<Uuid>,
        _caller: AuthorizedAdmin,
    ) -> Result<Reply<UserView>, ReadError> {
        let user = view::find(&self.0.pool, id.0).await?;
        user.map(Reply).ok_or(ReadError::NotFound)
    }
}
