//! Pages of a list, each with a cursor to the next.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::request_errors::FIELD;

/// Items of a page when nothing is said.
const USUAL: u32 = 50;
/// Items of a page at most.
const MOST: u32 = 1_000;

/// What a client asks of a list.
pub(crate) struct PageQuery<C> {
    /// Items at most.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<C>,
}

impl<C: DeserializeOwned> PageQuery<C> {
    /// Reads what stands in the query.
    ///
    /// # Errors
    /// A limit or a cursor that can't be, as [`crate::http::request_errors::PARAMETERS`] has it.
    pub(crate) fn parse(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(USUAL);
        if limit == 0 || limit > MOST {
            return Err(Problem::new(FIELD).field("limit").detail("A page has 1 to 1000 items."));
        }
        let after = cursor.map(decode).transpose()?;
        Ok(Self { limit: limit as usize, after })
    }

    /// Rows to read: one more than the page holds tells whether there is a next page.
    #[must_use]
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.limit + 1).unwrap_or(i64::MAX)
    }
}

fn decode<C: DeserializeOwned>(cursor: &str) -> Result<C, Problem> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    // PostgreSQL takes no U+0000, and no cursor of ours holds one.
    let parsed =
        bytes.filter(|b| !b.contains(&b'\\')).and_then(|b| serde_json::from_slice(&b).ok());
    parsed.ok_or_else(|| {
        Problem::new(FIELD).field("cursor").detail("Take `next` of an earlier page as it is.")
    })
}

/// Cuts rows to a page, with the cursor that `key` makes of its last item.
pub(crate) fn cut<T, C: Serialize>(
    mut rows: Vec<T>,
    limit: usize,
    key: impl Fn(&T) -> C,
) -> (Vec<T>, Option<String>) {
    if rows.len() <= limit {
        return (rows, None);
    }
    rows.truncate(limit);
    let key = rows.last().and_then(|last| serde_json::to_vec(&key(last)).ok());
    let next = key.map(|key| BASE64_URL_SAFE_NO_PAD.encode(key));
    (rows, next)
}
