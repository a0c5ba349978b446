//! Pages of results.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

use crate::api::access::body::invalid;
use crate::http::pagination::{decode, encode};
use crate::http::problem::Problem;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1_000;

/// Which page of the results.
#[derive(Default, Deserialize, Object)]
#[oai(rename = "AccessPageRequest")]
pub(super) struct PageBody {
    /// `next_token` of the previous page; left out or empty for the first one.
    token: Option<String>,
    /// Maximum number of results, at least 1. Default: 50; more than 1,000 count as 1,000.
    limit: Option<u32>,
}

/// Where a page ends.
#[derive(Clone, Debug, Default, Serialize, Object)]
#[oai(rename = "AccessPage", read_only_all, skip_serializing_if_is_none)]
pub(super) struct PageInfo {
    /// Token of the next page; empty on the last one.
    next_token: String,
    /// Number of results in this page.
    count: usize,
    /// Number of results in all pages, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// The requested page.
pub(super) struct Page {
    pub(super) limit: usize,
    /// The end of the previous page; none for the first one.
    pub(super) position: Option<Position>,
}

/// The end of a page.
#[derive(Serialize, Deserialize)]
pub(super) struct Position {
    /// The last name that was considered.
    pub(super) after: String,
    /// Number of results in all pages, if it is known.
    pub(super) total: Option<u64>,
}

impl PageBody {
    pub(super) fn parse(body: Option<Self>) -> Result<Page, Problem> {
        let Self { token, limit } = body.unwrap_or_default();
        let limit = limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT) as usize;
        if limit == 0 {
            return Err(invalid("page.limit", "A page has at least 1 result."));
        }
        let token = token.filter(|token| !token.is_empty());
        let position = token.map(|token| decode(&token).ok_or_else(invalid_token)).transpose()?;
        Ok(Page { limit, position })
    }
}

fn invalid_token() -> Problem {
    invalid("page.token", "Take `next_token` of an earlier page as it is.")
}

impl Page {
    /// The last name that was considered for an earlier page; empty for the first one.
    pub(super) fn after(&self) -> &str {
        self.position.as_ref().map_or("", |position| &position.after)
    }

    /// This page of all results, which are sorted.
    pub(super) fn cut(&self, all: &[&str]) -> (Vec<String>, PageInfo) {
        let total = Some(all.len() as u64);
        let from = match &self.position {
            Some(position) => all.partition_point(|name| *name <= &*position.after),
            None => 0,
        };
        let rest = all.get(from..).unwrap_or_default();
        let results: Vec<String> = rest.iter().take(self.limit).map(|&name| name.into()).collect();
        let next = results.last().filter(|_| rest.len() > self.limit);
        let next = next.map(|after| Position { after: after.clone(), total });
        (results, PageInfo::new(next.as_ref(), self.limit.min(rest.len()), total))
    }
}

impl PageInfo {
    pub(super) fn new(next: Option<&Position>, count: usize, total: Option<u64>) -> Self {
        Self { next_token: next.map(encode).unwrap_or_default(), count, total }
    }

    /// The only page, without results.
    pub(super) fn empty() -> Self {
        Self::new(None, 0, Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_after_the_last_name_of_the_previous_one() {
        let all = ["", "a", "b\\", "c"];
        let (mut seen, mut token) = (Vec::new(), None);
        for page in 0..4 {
            let body = PageBody { token, limit: Some(1) };
            let (names, info) = PageBody::parse(Some(body)).unwrap().cut(&all);
            assert_eq!((info.count, info.total), (1, Some(4)));
            assert_eq!(info.next_token.is_empty(), page == 3);
            seen.extend(names);
            token = Some(info.next_token);
        }
        assert_eq!(seen, all);
        let forged = PageBody { token: Some("x".into()), limit: None };
        assert!(PageBody::parse(Some(forged)).is_err());
    }
}
