//! `POST /access/v1/search/subject`

use std::collections::HashMap;
use std::sync::Arc;

use poem_openapi::{Object, OpenApi};
use policies::Action;
use serde::Deserialize;

use super::LIMIT;
use super::page::{Page, PageBody, PageInfo, Position};
use super::resource::{Entity, EntityPage};
use crate::api::AppState;
use crate::api::access::AccessError;
use crate::api::access::body::AccessBody;
use crate::api::access::decision::Decider;
use crate::api::access::entities::{ActionBody, Context, LabelledResource, ResourceBody, TypeBody};
use crate::authn::EnforcementPoint;
use crate::db::PgPool;
use crate::http::problem::Problem;
use crate::http::{WrittenReply, object, optional_object};
use crate::policy::{grants, policy_problem};
use crate::user::subject::{self, ACCOUNT_TYPE, Candidate, RoleGroup};

/// Maximum number of accounts that one request considers: a page may have fewer results than its limit,
/// even none, although others follow.
const MAX_CANDIDATES: i64 = 1_000;
/// Maximum number of accounts whose results are counted.
const MAX_COUNTED: i64 = 10_000;

/// Which subjects may do this to this resource?
#[derive(Deserialize, Object)]
struct SubjectSearchRequest {
    /// Type of the subjects: `user`.
    #[serde(deserialize_with = "object")]
    subject: TypeBody,
    /// What the subjects would do.
    #[serde(deserialize_with = "object")]
    action: ActionBody,
    /// What the subjects would act on.
    #[serde(deserialize_with = "object")]
    resource: ResourceBody,
    /// Accepted and ignored: the policy does not depend on circumstances.
    context: Option<Context>,
    /// Which page of the results.
    #[serde(default, deserialize_with = "optional_object")]
    page: Option<PageBody>,
}

struct Search {
    kind: String,
    action: Action<'static>,
    resource: LabelledResource,
    page: Page,
}

impl SubjectSearchRequest {
    fn parse(self) -> Result<Search, Problem> {
        Ok(Search {
            kind: self.subject.kind,
            action: self.action.parse(),
            resource: self.resource.parse()?,
            page: PageBody::parse(self.page)?,
        })
    }
}

/// The accounts among which a page is searched.
struct Accounts {
    candidates: Vec<Candidate>,
    /// All accounts by their roles, for the first page.
    groups: Vec<RoleGroup>,
}

impl Accounts {
    async fn of(page: &Page, pool: &PgPool) -> sqlx::Result<Self> {
        let candidates = subject::candidates(pool, page.after(), MAX_CANDIDATES).await?;
        let groups = match page.position {
            None => subject::role_groups(pool, MAX_COUNTED + 1).await?,
            Some(_) => Vec::new(),
        };
        Ok(Self { candidates, groups })
    }
}

/// Decides once for all accounts with the same roles.
struct RoleDecisions<'a> {
    decider: &'a Decider<'a>,
    search: &'a Search,
    made: HashMap<Vec<String>, bool>,
}

impl RoleDecisions<'_> {
    fn allow(&mut self, stored: &[String]) -> Result<bool, Problem> {
        if let Some(&made) = self.made.get(stored) {
            return Ok(made);
        }
        let roles = self.decider.policy.role_set(&grants::names(stored)?);
        let LabelledResource { resource, labels } = &self.search.resource;
        let decision = self.decider.allows(&roles, &self.search.action, resource, labels);
        let allowed = decision.map_err(policy_problem)?;
        self.made.insert(stored.to_vec(), allowed);
        Ok(allowed)
    }

    /// Number of results in all pages; `None` if there are too many accounts to count.
    fn total(&mut self, groups: &[RoleGroup]) -> Result<Option<u64>, Problem> {
        let (mut accounts, mut allowed) = (0, 0);
        for group in groups {
            accounts += group.accounts;
            if self.allow(&group.roles)? {
                allowed += group.accounts;
            }
        }
        Ok(u64::try_from(allowed).ok().filter(|_| accounts <= MAX_COUNTED))
    }
}

impl Search {
    fn results(&self, decider: &Decider, accounts: Accounts) -> Result<EntityPage, Problem> {
        if self.kind != ACCOUNT_TYPE || !self.resource.is_known(decider.policy) {
            return Ok(EntityPage::empty());
        }
        let mut decisions = RoleDecisions { decider, search: self, made: HashMap::new() };
        let total = match &self.page.position {
            Some(position) => position.total,
            None => decisions.total(&accounts.groups)?,
        };
        let mut follow = accounts.candidates.len() as u64 == MAX_CANDIDATES.unsigned_abs();
        let (mut results, mut after) = (Vec::new(), String::new());
        for candidate in accounts.candidates {
            if results.len() == self.page.limit {
                follow = true;
                break;
            }
            if !candidate.disabled && decisions.allow(&candidate.roles)? {
                results.push(Entity { kind: self.kind.clone(), id: candidate.login });
            }
            after = candidate.login_key;
        }
        let next = follow.then_some(Position { after, total });
        let page = PageInfo::new(next.as_ref(), results.len(), total);
        Ok(EntityPage { page, results })
    }
}

/// The operation.
pub(crate) struct SubjectSearch(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/access/v1/search", tag = "crate::http::tags::Tag::Access")]
impl SubjectSearch {
    /// Search the users who may act on a resource (AuthZEN 1.0).
    ///
    /// By login, among all accounts that are not disabled; up to a thousand are considered for a page, so
    /// that it may be empty although others follow. `total` is known for up to 10,000 accounts. For service
    /// clients with the scope `evaluate`, and for superusers.
    #[oai(path = "/subject", method = "post", operation_id = "search_access_subjects")]
    async fn search(
        &self,
        _caller: EnforcementPoint,
        body: AccessBody<SubjectSearchRequest, LIMIT>,
    ) -> Result<WrittenReply<EntityPage>, AccessError> {
        let AppState { pool, policy, offload, .. } = &*self.0;
        let place = offload.admit()?;
        let search = place.run(move || body.parse()?.parse()).await??;
        let accounts = Accounts::of(&search.page, pool).await?;
        let (state, policy) = (Arc::clone(&self.0), policy.snapshot_full());
        let find = move || {
            let decider = Decider { policy: &policy, clock: &state.clock };
            WrittenReply::write(&search.results(&decider, accounts)?)
        };
        Ok(place.run(find).await??)
    }
}
