//! One page of films as Elasticsearch sends it, borrowed from the answer's bytes.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

/// Text that is copied only if it has escapes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

#[derive(Debug, Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) hits: Hits<'a>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Hits<'a> {
    #[serde(borrow)]
    pub(crate) hits: Vec<Hit<'a>>,
}

/// A film: what it carries (`source`), and what it matches.
#[derive(Debug, Deserialize)]
pub(crate) struct Hit<'a> {
    #[serde(borrow, rename = "_index")]
    pub(crate) index: Cow<'a, str>,
    #[serde(borrow, rename = "_id")]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, rename = "_routing")]
    pub(crate) routing: Option<Text<'a>>,
    #[serde(rename = "_seq_no")]
    pub(crate) seq_no: u64,
    #[serde(rename = "_primary_term")]
    pub(crate) primary_term: u64,
    /// Kept raw, so that one film with an odd `access` doesn't make the page unreadable.
    #[serde(borrow, default, rename = "_source")]
    pub(crate) source: BTreeMap<Text<'a>, &'a RawValue>,
    /// Date fields, in milliseconds since 1970.
    #[serde(borrow, default)]
    pub(crate) fields: BTreeMap<Text<'a>, Vec<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) matched_queries: Vec<Text<'a>>,
}

impl Hit<'_> {
    pub(crate) fn matched(&self, rule: &str) -> bool {
        self.matched_queries.iter().any(|name| name.0 == rule)
    }
}
