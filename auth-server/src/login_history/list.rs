//! What a client asks of a history, for whoever may read it.

use sqlx::PgPool;
use uuid::Uuid;

use super::{History, Page, Place, page};
use crate::http::pagination::{PageQuery, cut};
use crate::http::problem::Problem;
use crate::http::request_errors::FIELD;

/// A page of the user's tries as `outcome`, `limit` and `cursor` of the query ask for it. What was
/// noted before on this server is in it.
///
/// # Errors
/// One of [`crate::http::request_errors::PARAMETERS`] or [`crate::db::DATABASE`].
pub async fn list(
    pool: &PgPool,
    history: &History,
    user: Uuid,
    (outcome, limit, cursor): (Option<String>, Option<u32>, Option<String>),
) -> Result<Page, Problem> {
    let query: PageQuery<Place> = PageQuery::parse(limit, cursor.as_deref())?;
    if outcome.as_deref().is_some_and(|outcome| outcome.contains('\0')) {
        return Err(Problem::new(FIELD).field("outcome"));
    }
    history.settled().await;
    let rows = page(pool, user, outcome.as_deref(), query.after, query.rows()).await?;
    let (items, next) = cut(rows, query.limit, Place::of);
    Ok(Page { items, next })
}
