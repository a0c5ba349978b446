//! `POST /access/v1/search/resource`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::{Action, Resource};
use serde::{Deserialize, Serialize};

use super::LIMIT;
use super::page::{Page, PageBody, PageInfo};
use crate::api::AppState;
use crate::api::access::AccessError;
use crate::api::access::body::AccessBody;
use crate::api::access::decision::Decider;
use crate::api::access::entities::{ActionBody, Context, Labels, SubjectBody, TypeBody};
use crate::authn::EnforcementPoint;
use crate::http::problem::Problem;
use crate::http::{WrittenReply, object, optional_object};
use crate::policy::policy_problem;
use crate::user::subject::{NamedAccounts, NamedSubject};

/// On which resources may this subject do this?
#[derive(Deserialize, Object)]
struct ResourceSearchRequest {
    /// Whom the search is about.
    #[serde(deserialize_with = "object")]
    subject: SubjectBody,
    /// What the subject does.
    #[serde(deserialize_with = "object")]
    action: ActionBody,
    /// Type of the resources.
    #[serde(deserialize_with = "object")]
    resource: TypeBody,
    /// Accepted and ignored: the policy does not depend on circumstances.
    context: Option<Context>,
    /// Which page of the results.
    #[serde(default, deserialize_with = "optional_object")]
    page: Option<PageBody>,
}

/// A page of resources or subjects.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
pub(super) struct EntityPage {
    pub(super) page: PageInfo,
    pub(super) results: Vec<Entity>,
}

/// A resource or subject.
#[derive(Serialize, Object)]
#[oai(rename = "AccessEntity", read_only_all)]
pub(super) struct Entity {
    /// Type.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub(super) kind: String,
    /// Resource id, or login.
    pub(super) id: String,
}

impl EntityPage {
    /// Without results.
    pub(super) fn empty() -> Self {
        Self { page: PageInfo::empty(), results: Vec::new() }
    }
}

struct Search {
    subject: NamedSubject,
    action: Action<'static>,
    kind: String,
    labels: Labels,
    page: Page,
}

impl ResourceSearchRequest {
    fn parse(self) -> Result<Search, Problem> {
        let TypeBody { kind, properties } = self.resource;
        Ok(Search {
            subject: self.subject.parse()?,
            action: self.action.parse(),
            labels: Labels::of(&kind, properties.unwrap_or_default())?,
            kind,
            page: PageBody::parse(self.page)?,
        })
    }
}

impl Search {
    fn results(&self, decider: &Decider, accounts: &NamedAccounts) -> Result<EntityPage, Problem> {
        let subject = accounts.resolve(&self.subject);
        let Some(roles) = subject.known_roles() else { return Ok(EntityPage::empty()) };
        let roles = decider.policy.role_set(roles);
        let mut allowed = Vec::new();
        for id in decider.policy.named_ids(&self.kind) {
            let resource = Resource::new(&self.kind, Some(id));
            let is_allowed = decider.allows(&roles, &self.action, &resource, &self.labels);
            if is_allowed.map_err(policy_problem)? {
                allowed.push(id);
            }
        }
        let (ids, page) = self.page.cut(&allowed);
        let results = ids.into_iter().map(|id| Entity { kind: self.kind.clone(), id });
        Ok(EntityPage { page, results: results.collect() })
    }
}

/// The operation.
pub(crate) struct ResourceSearch(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/access/v1/search", tag = "crate::http::tags::Tag::Access")]
impl ResourceSearch {
    /// Search the resources of a type that a subject may act on (AuthZEN 1.0).
    ///
    /// Among the ids that rules name: others are not known here. For service clients with the scope
    /// `evaluate`, and for superusers.
    #[oai(path = "/resource", method = "post", operation_id = "search_access_resources")]
    async fn search(
        &self,
        _caller: EnforcementPoint,
        body: AccessBody<ResourceSearchRequest, LIMIT>,
    ) -> Result<WrittenReply<EntityPage>, AccessError> {
        let AppState { pool, policy, offload, .. } = &*self.0;
        let place = offload.admit()?;
        let search = place.run(move || body.parse()?.parse()).await??;
        let accounts = NamedAccounts::of([&search.subject], pool).await?;
        let (state, policy) = (Arc::clone(&self.0), policy.snapshot_full());
        let find = move || {
            let decider = Decider { policy: &policy, clock: &state.clock };
            WrittenReply::write(&search.results(&decider, &accounts)?)
        };
        Ok(place.run(find).await??)
    }
}
