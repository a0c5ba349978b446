//! Keyset pagination: pages of a collection, each with a cursor to the next.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::request_errors::FIELD;

/// Default number of items per page.
const DEFAULT_LIMIT: u32 = 50;
/// Maximum number of items per page.
const MAX_LIMIT: u32 = 1_000;

/// The requested page.
pub(crate) struct PageQuery<C> {
    /// Maximum number of items.
    pub limit: usize,
    /// Position of the last item of the previous page.
    pub after: Option<C>,
}

impl<C: DeserializeOwned> PageQuery<C> {
    /// Parses the query parameters.
    ///
    /// # Errors
    /// An invalid limit or cursor: [`crate::http::request_errors::PARAMETERS`].
    pub(crate) fn parse(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 || limit > MAX_LIMIT {
            return Err(Problem::new(FIELD).field("limit").detail("A page has 1 to 1000 items."));
        }
        let after = cursor.map(|cursor| decode(cursor).ok_or_else(invalid)).transpose()?;
        Ok(Self { limit: limit as usize, after })
    }

    /// Number of rows to read: one more than the page holds, to know whether there is a next page.
    #[must_use]
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }
}

fn invalid() -> Problem {
    Problem::new(FIELD).field("cursor").detail("Take `next` of an earlier page as it is.")
}

/// The position in a cursor; `None` if it was not made here.
pub(crate) fn decode<C: DeserializeOwned>(cursor: &str) -> Option<C> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    // PostgreSQL rejects U+0000, and no cursor made here contains one.
    if bytes.windows(6).any(|escape| escape == b"\\u0000") {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

/// The cursor of a position.
#[expect(clippy::expect_used, reason = "a key is plain data, which always serializes")]
pub(crate) fn encode(key: &impl Serialize) -> String {
    let json = serde_json::to_vec(key).expect("a key serializes");
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

/// Cuts rows to a page; the cursor is the `key` of its last item.
pub(crate) fn cut<T, C: Serialize>(
    mut rows: Vec<T>,
    limit: usize,
    key: impl Fn(&T) -> C,
) -> (Vec<T>, Option<String>) {
    if rows.len() <= limit {
        return (rows, None);
    }
    rows.truncate(limit);
    let next = rows.last().map(|last| encode(&key(last)));
    (rows, next)
}
