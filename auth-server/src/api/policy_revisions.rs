//! `/api/v1/policy/revisions`

use std::sync::Arc;

use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use policies::{RoleName, Rule, Snapshot, csv};
use serde::Serialize;

use super::AppState;
use super::policy::PolicyText;
use super::policy_write::written;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::authn::{CLIENT, PolicyReading, SIGNED_IN, TrustedReader};
use crate::db::{DATABASE, DATABASE_WRITE};
use crate::http::pagination::{PageQuery, cut};
use crate::http::precondition::{REQUIRED_PRECONDITION, require, tagged};
use crate::http::problem::Problem;
use crate::http::request_errors::{PARAMETERS, PATH_ID};
use crate::http::{Reply, canonical};
use crate::idempotency::{IDEMPOTENCY, IdempotencyKey};
use crate::policy::revisions::before::RoleState;
use crate::policy::revisions::difference::{Changed, Difference};
use crate::policy::revisions::restore::{Restoration, RestoredPolicy};
use crate::policy::revisions::state::{Present, Since};
use crate::policy::revisions::store::{self, StoredRevision};
use crate::policy::rules::RuleInForce;
use crate::policy::write::Begun;
use crate::policy::{EVALUATION, PolicyLoadError, REVISION, ROLE_RESERVED, SUPERUSER_ONLY};
use crate::problems;

/// Maximum number of rules, and of roles, that a difference lists.
const MAX_LISTED: usize = 1_000;

/// A page of revisions, newest first.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RevisionPage {
    items: Vec<StoredRevision>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

/// A rule that differs.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ChangedRule {
    /// Id of the rule.
    id: i32,
    /// The rule at the first revision; `null` if it did not exist.
    before: Option<RuleInForce>,
    /// The rule at the second revision; `null` if it did not exist.
    after: Option<RuleInForce>,
}

/// A role at a revision.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RoleAtRevision {
    /// Description for admins.
    description: String,
    /// Names of the roles that it inherits directly, sorted.
    inherits: Vec<String>,
}

/// A role that differs.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ChangedRole {
    /// Name of the role.
    name: String,
    /// The role at the first revision; `null` if it did not exist.
    before: Option<RoleAtRevision>,
    /// The role at the second revision; `null` if it did not exist.
    after: Option<RoleAtRevision>,
}

/// What differs between two revisions.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct RevisionDifference {
    /// The first revision.
    from: i64,
    /// The second revision.
    to: i64,
    /// Number of rules that differ.
    changed_rules: usize,
    /// Number of roles that differ.
    changed_roles: usize,
    /// The first 1,000 rules that differ, by id.
    rules: Vec<ChangedRule>,
    /// The first 1,000 roles that differ, by name.
    roles: Vec<ChangedRole>,
}

problems! {
    /// Errors of listing revisions.
    pub(crate) enum ListError includes
        [SIGNED_IN, AUTHORIZATION, CLIENT, PARAMETERS, DATABASE]
    {}
}

problems! {
    /// Errors of reading a revision.
    pub(crate) enum ExportError includes
        [SIGNED_IN, AUTHORIZATION, CLIENT, PATH_ID, REVISION, EVALUATION, DATABASE]
    {}
}

problems! {
    /// Errors of comparing two revisions.
    pub(crate) enum CompareError includes
        [SIGNED_IN, AUTHORIZATION, CLIENT, PATH_ID, PARAMETERS, REVISION, EVALUATION, DATABASE]
    {}
}

problems! {
    /// Errors of restoring a revision.
    pub(crate) enum RestoreError includes
        [SIGNED_IN, AUTHORIZATION, PATH_ID, REVISION, ROLE_RESERVED, SUPERUSER_ONLY, REQUIRED_PRECONDITION, IDEMPOTENCY,
         DATABASE_WRITE]
    {}
}

/// The operations.
pub(crate) struct RevisionsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/policy/revisions", tag = "crate::http::tags::Tag::Policy")]
impl RevisionsApi {
    /// List the revisions that changed rules or roles, newest first.
    ///
    /// Revisions that only granted or revoked roles are not listed: the audit trail has them. For admins, and for
    /// service clients with the scope `policy:read`.
    #[oai(path = "/", method = "get", operation_id = "list_policy_revisions")]
    async fn list(
        &self,
        _caller: TrustedReader<PolicyReading>,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<RevisionPage>, ListError> {
        let query: PageQuery<i64> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let before = query.after.unwrap_or(i64::MAX);
        let rows = store::page(&self.0.pool, before, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |revision| revision.revision);
        Ok(Reply(RevisionPage { items, next }))
    }

    /// Get all roles and rules at a revision.
    ///
    /// In the format of `GET /api/v1/policy`. For admins, and for service clients with the scope `policy:read`.
    #[oai(path = "/:revision", method = "get", operation_id = "export_policy_revision")]
    async fn export(
        &self,
        /// The policy revision.
        revision: canonical::Path<i64>,
        _caller: TrustedReader<PolicyReading>,
    ) -> Result<Response<PolicyText>, ExportError> {
        let place = self.0.offload.admit()?;
        let mut db = self.0.pool.begin_snapshot().await?;
        let since = Since::read(&mut db, revision.0).await?;
        let present = Present::read(&mut db).await?;
        drop(db);
        let write = move || {
            let state = present.state()?.rewound(since);
            Ok::<_, PolicyLoadError>(csv::write(&state.document()))
        };
        let text = place.run(write).await?.map_err(Problem::from)?;
        Ok(tagged(PolicyText(text), revision.0))
    }

    /// Compare two revisions.
    ///
    /// Which rules and roles were added, changed or removed from the first to the second. For admins, and for
    /// service clients with the scope `policy:read`.
    #[oai(path = "/:revision/changes", method = "get", operation_id = "compare_policy_revisions")]
    async fn changes(
        &self,
        /// The first revision.
        revision: canonical::Path<i64>,
        _caller: TrustedReader<PolicyReading>,
        /// The second revision, earlier or later than the first; the present one by default.
        to: Query<Option<i64>>,
    ) -> Result<Reply<RevisionDifference>, CompareError> {
        let place = self.0.offload.admit()?;
        let mut db = self.0.pool.begin_snapshot().await?;
        let from = Since::read(&mut db, revision.0).await?;
        let until = match to.0 {
            Some(to) => Since::read(&mut db, to).await?,
            None => Since::default(),
        };
        let present = Present::read(&mut db).await?;
        drop(db);
        let to = to.0.unwrap_or(present.revision);
        let compare = move || {
            let present = present.state()?;
            let until = present.clone().rewound(until);
            Ok::<_, PolicyLoadError>(Difference::between(&present.rewound(from), &until))
        };
        let difference = place.run(compare).await?.map_err(Problem::from)?;
        Ok(Reply(RevisionDifference::of(revision.0, to, &difference)))
    }

    /// Restore the rules and roles of a revision.
    ///
    /// Rules, inheritance and descriptions become what they were, in one new revision. Grants stay as they are: what was
    /// revoked is not granted again. A role that did not exist then and that users have is kept, without rules and
    /// without what it inherits. Rules have the ids that they had. Each change must be one that the caller may make.
    #[oai(path = "/:revision/restore", method = "post", operation_id = "restore_policy_revision")]
    async fn restore(
        &self,
        /// The revision to restore.
        revision: canonical::Path<i64>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// Required: ETag of the present policy (`GET /api/v1/policy`); the restoration fails if the policy has
        /// changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
    ) -> Result<Response<Reply<RestoredPolicy>>, RestoreError> {
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => {
                return written(earlier, |restored, warnings| {
                    Reply(RestoredPolicy { warnings, ..restored })
                });
            }
        };
        require(if_match.0.as_deref(), write.base().revision())?;
        let restoration = Restoration::plan(&mut write, revision.0).await?;
        authorize(&caller, write.base(), &restoration.difference)?;
        let restored = restoration.apply(write, caller.actor()).await?;
        let revision = restored.revision;
        Ok(tagged(Reply(restored), revision))
    }
}

/// Each change must be one that the caller may make alone.
fn authorize(
    caller: &AuthorizedAdmin,
    policy: &Snapshot,
    difference: &Difference,
) -> Result<(), Problem> {
    for Changed { before, after, .. } in &difference.rules {
        for rule in before.iter().chain(after) {
            caller.authorize_rule_write(rule)?;
        }
    }
    for Changed { key: name, before, after } in &difference.roles {
        let inherits = |state: &Option<RoleState>| state.as_ref().map(|role| role.inherits.clone());
        let (before, after) = (inherits(before), inherits(after));
        if before == after {
            continue;
        }
        for role in std::iter::once(name).chain(after.iter().flatten()) {
            caller.authorize_role_grant(policy, role)?;
        }
    }
    Ok(())
}

impl RevisionDifference {
    fn of(from: i64, to: i64, difference: &Difference) -> Self {
        let Difference { rules, roles } = difference;
        Self {
            from,
            to,
            changed_rules: rules.len(),
            changed_roles: roles.len(),
            rules: rules.iter().take(MAX_LISTED).map(ChangedRule::from).collect(),
            roles: roles.iter().take(MAX_LISTED).map(ChangedRole::from).collect(),
        }
    }
}

impl From<&Changed<u32, Rule>> for ChangedRule {
    fn from(changed: &Changed<u32, Rule>) -> Self {
        let Changed { key, before, after } = changed;
        let view = |rule: &Option<Rule>| rule.as_ref().map(RuleInForce::from);
        Self { id: key.cast_signed(), before: view(before), after: view(after) }
    }
}

impl From<&Changed<RoleName, RoleState>> for ChangedRole {
    fn from(changed: &Changed<RoleName, RoleState>) -> Self {
        let Changed { key, before, after } = changed;
        let view = |role: &Option<RoleState>| role.as_ref().map(RoleAtRevision::from);
        Self { name: key.to_string(), before: view(before), after: view(after) }
    }
}

impl From<&RoleState> for RoleAtRevision {
    fn from(role: &RoleState) -> Self {
        let RoleState { description, inherits } = role;
        let inherits = inherits.iter().map(ToString::to_string).collect();
        Self { description: description.clone(), inherits }
    }
}
