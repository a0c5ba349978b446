//! `POST /api/v1/filter`

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object, OpenApi};
use policies::{At, Filter, RoleSet, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::filter_cache::FilterCache;
use super::operations::{REVISION, wait_for_revision};
use crate::api::AppState;
use crate::authn::{CLIENT, Caller, FilterSubject, TOKEN};
use crate::db::DATABASE;
use crate::http::problem::{INVALID_CLIENT, Problem};
use crate::http::request_errors::BODY;
use crate::http::{Body, WrittenReply};
use crate::policy::{EVALUATION, Offload, policy_problem};
use crate::problems;

/// A request for a search filter.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct FilterRequest {
    /// Action on the documents found: `read`, …; at most 128 bytes.
    #[serde(deserialize_with = "super::action::deserialize")]
    action: String,
    /// Resource type of the documents: `film`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: String,
    /// Time to which validity periods are applied; the time of each search by default.
    at: Option<DateTime<Utc>>,
    /// Minimum policy revision, as returned by a write; the request waits up to 1 s for it.
    at_least: Option<i64>,
}

/// How many documents a filter matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Enum)]
#[oai(remote = "policies::FilterKind", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum FilterKind {
    /// All: the query is `match_all`.
    All,
    /// None: the query is `match_none`.
    #[default]
    None,
    /// Those that the query matches.
    Some,
}

/// A search filter.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(super) struct FilterResponse {
    /// How many documents it matches.
    kind: FilterKind,
    /// Elasticsearch query for the `filter` clause of a search; it matches exactly the documents
    /// that a check allows.
    query: Value,
    /// When the filter expires; `null` if it is valid for the whole policy revision.
    valid_until: Option<DateTime<Utc>>,
    /// Policy revision that the filter is derived from.
    revision: i64,
}

problems! {
    /// Errors of filters.
    pub(crate) enum FilterError includes [BODY, TOKEN, CLIENT, REVISION, EVALUATION, DATABASE] {}
}

type FilterReply = WrittenReply<FilterResponse>;

/// The operation.
pub(crate) struct FilterApi {
    state: Arc<AppState>,
    cache: FilterCache,
}

#[OpenApi(prefix_path = "/api/v1", tag = "crate::http::tags::Tag::Check")]
impl FilterApi {
    /// Get an Elasticsearch filter for the documents that the caller may act on.
    ///
    /// In the `filter` clause of a search it matches exactly the documents that a check allows, so
    /// that counts and pages are correct. A service client with the scope `filter` asks for the user of
    /// the access token in `X-Subject-Token`, or for a guest. A filter names resources and labels that
    /// rules name; with `AUTH_FILTER_FOR=clients`, only service clients receive it.
    #[oai(path = "/filter", method = "post", operation_id = "get_filter")]
    async fn filter(
        &self,
        /// Access token of the user for whom a service client asks.
        #[oai(name = "X-Subject-Token")]
        subject: FilterSubject,
        Body(request): Body<FilterRequest>,
    ) -> Result<FilterReply, FilterError> {
        if self.state.filter.is_for_clients_only() && !subject.by_client {
            return Err(Problem::new(INVALID_CLIENT).into());
        }
        wait_for_revision(&self.state.policy, request.at_least).await?;
        let policy = self.state.policy.snapshot_full();
        let roles = match &subject.caller {
            Caller::Guest => policy.role_set([]),
            Caller::User(user) => policy.role_set(&self.state.policy.roles(user.user, &user.roles)),
        };
        let Some(class) = policy.filter_class(&roles, &request.action, &request.kind) else {
            return Ok(write(Filter::none(), policy.revision())?);
        };
        let cached = request.at.is_none();
        let derived = derive(&self.state.offload, Arc::clone(&policy), roles, request);
        if cached {
            return Ok(self.cache.get(&policy, &class, derived).await?);
        }
        Ok(derived.await?)
    }
}

impl FilterApi {
    /// The operation on this state.
    pub(crate) fn new(state: Arc<AppState>) -> Self {
        Self { state, cache: FilterCache::default() }
    }
}

/// Derives a filter, which takes up to some milliseconds.
async fn derive(
    offload: &Offload,
    policy: Arc<Snapshot>,
    roles: RoleSet,
    request: FilterRequest,
) -> Result<FilterReply, Problem> {
    let derive = move || {
        let FilterRequest { action, kind, at, .. } = request;
        let at = at.map_or(At::SearchTime, At::Time);
        let filter = policy.filter(&roles, &action, &kind, at).map_err(policy_problem)?;
        write(filter, policy.revision())
    };
    offload.admit()?.run(derive).await?
}

pub(super) fn write(filter: Filter, revision: i64) -> Result<FilterReply, Problem> {
    let Filter { kind, query } = filter;
    WrittenReply::write(&FilterResponse { kind: kind.into(), query, valid_until: None, revision })
}
