//! `POST /access/v1/search/resource`

use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::{Action, At, Filter, FilterKind, Resource};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LIMIT;
use super::page::{Page, PageBody, PageInfo, Position};
use crate::api::AppState;
use crate::api::access::body::{ACCESS_BODY, AccessBody};
use crate::api::access::decision::Decider;
use crate::api::access::entities::{ActionBody, Context, Labels, SubjectBody, TypeBody};
use crate::authn::authorized_admin::AUTHORIZATION;
use crate::authn::{CLIENT, EnforcementPoint, SIGNED_IN};
use crate::db::DATABASE;
use crate::films::{FILMS, Films};
use crate::http::problem::Problem;
use crate::http::{WrittenReply, object, optional_object};
use crate::policy::{EVALUATION, policy_problem};
use crate::problems;
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

problems! {
    /// Errors of a search for resources.
    pub(crate) enum ResourceSearchError includes [
        CLIENT, SIGNED_IN, AUTHORIZATION, ACCESS_BODY, FILMS, EVALUATION, DATABASE,
    ] {}
}

/// The type of resources that are in Elasticsearch.
const FILM: &str = "film";

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

/// The films in Elasticsearch that a subject may act on.
enum Matching {
    /// No film.
    Nothing,
    /// Those that match this query.
    Query(Value),
}

impl Search {
    /// Whether the results are films as they are in Elasticsearch: their own labels decide.
    fn is_about_films(&self) -> bool {
        self.kind == FILM && self.labels.are_unstated()
    }

    fn matching(&self, decider: &Decider, accounts: &NamedAccounts) -> Result<Matching, Problem> {
        let subject = accounts.resolve(&self.subject);
        let Some(roles) = subject.known_roles() else { return Ok(Matching::Nothing) };
        let roles = decider.policy.role_set(roles);
        let filter = decider.policy.filter_action(&roles, &self.action, FILM, At::SearchTime);
        Ok(match filter.map_err(policy_problem)? {
            Filter { kind: FilterKind::None, .. } => Matching::Nothing,
            Filter { query, .. } => Matching::Query(query),
        })
    }

    /// A page of films. They are counted for the first one.
    async fn films(&self, films: &Films, matching: &Matching) -> Result<EntityPage, Problem> {
        let Matching::Query(query) = matching else { return Ok(EntityPage::empty()) };
        let (position, limit) = (self.page.position.as_ref(), self.page.limit);
        let after = position.map(|position| &*position.after);
        let page = films.page(query, after, limit + 1);
        let (mut found, total) = if let Some(position) = position {
            (page.await?, position.total)
        } else {
            let (found, total) = tokio::try_join!(page, films.count(query))?;
            (found, Some(total))
        };
        let follow = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| follow);
        let next = last.map(|film| Position { after: film.id.clone(), total });
        let page = PageInfo::new(next.as_ref(), found.len(), total);
        let results = found.into_iter().map(|film| Entity { kind: self.kind.clone(), id: film.id });
        Ok(EntityPage { page, results: results.collect() })
    }

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
    /// Films are those in Elasticsearch, if this server has access to it and `properties` state no labels. Other resources
    /// are those that rules name: others are not known here. For service clients with the scope `evaluate`, and for
    /// superusers.
    #[oai(path = "/resource", method = "post", operation_id = "search_access_resources")]
    async fn search(
        &self,
        _caller: EnforcementPoint,
        body: AccessBody<ResourceSearchRequest, LIMIT>,
    ) -> Result<WrittenReply<EntityPage>, ResourceSearchError> {
        let AppState { pool, policy, films, offload, .. } = &*self.0;
        let place = offload.admit()?;
        let search = place.run(move || body.parse()?.parse()).await??;
        let accounts = NamedAccounts::of([&search.subject], pool).await?;
        let (state, policy) = (Arc::clone(&self.0), policy.snapshot_full());
        if let Some(films) = films.as_ref().filter(|_| search.is_about_films()) {
            let find = move || {
                let decider = Decider { policy: &policy, clock: &state.clock };
                Ok::<_, Problem>((search.matching(&decider, &accounts)?, search))
            };
            let (matching, search) = place.run(find).await??;
            // Nothing waits for Elasticsearch in a place of others.
            drop(place);
            return Ok(WrittenReply::write(&search.films(films, &matching).await?)?);
        }
        let find = move || {
            let decider = Decider { policy: &policy, clock: &state.clock };
            WrittenReply::write(&search.results(&decider, &accounts)?)
        };
        Ok(place.run(find).await??)
    }
}
