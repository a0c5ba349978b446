//! `GET /api/v1/users` and `GET /api/v1/users/{id}`

use std::sync::Arc;

use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use super::ReadError;
use crate::api::AppState;
use crate::api::policy_write::role_name;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE;
use crate::http::pagination::{PageQuery, cut};
use crate::http::request_errors::PARAMETERS;
use crate::http::{Reply, canonical};
use crate::policy::ROLE_NAME;
use crate::problems;
use crate::user::view::UserSearch;
use crate::user::{UserView, view};

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
    pub(crate) enum SearchError includes
        [SIGNED_IN, AUTHORIZATION, PARAMETERS, ROLE_NAME, DATABASE]
    {}
}

/// `search_users`, `get_user`
pub(crate) struct SearchApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/users", tag = "crate::http::tags::Tag::Users")]
impl SearchApi {
    /// Search users by login, e-mail address, name or role.
    ///
    /// Users must match everything that is given.
    #[oai(path = "/", method = "get", operation_id = "search_users")]
    #[expect(clippy::too_many_arguments, reason = "each is a query parameter")]
    async fn search(
        &self,
        _caller: AuthorizedAdmin,
        /// Prefix of the login, ignoring case. Default: all users.
        login: Query<Option<String>>,
        /// Prefix of the e-mail address, confirmed or not, ignoring case.
        email: Query<Option<String>>,
        /// Prefix of the first or last name, ignoring case.
        name: Query<Option<String>>,
        /// Name of a role: users to whom it was granted, not those who inherit it.
        role: Query<Option<String>>,
        /// Maximum number of items, 1–1000. Default: 50.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<UserPage>, SearchError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let role = role.0.map(|role| role_name("role", &role)).transpose()?;
        let (login, email, name) = (login.0.as_deref(), email.0.as_deref(), name.0.as_deref());
        let search = UserSearch::new(login, email, name, role);
        let after = query.after.as_deref().unwrap_or_default();
        let rows = view::search(&self.0.pool, &search, after, query.rows()).await?;
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
