//! `POST /api/v1/policy/changes`

use std::sync::Arc;

use poem_openapi::param::Header;
use poem_openapi::payload::Response;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};

use super::list::{Changes, PolicyChange};
use crate::api::AppState;
use crate::audit::AuditRecord;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::db::DATABASE_WRITE;
use crate::http::precondition::{REQUIRED_PRECONDITION, require, tagged};
use crate::http::request_errors::BODY;
use crate::http::{Body, Reply, objects};
use crate::idempotency::{Earlier, IDEMPOTENCY, IdempotencyKey};
use crate::policy::warning::PolicyWarning;
use crate::policy::write::{Begun, Committed};
use crate::policy::{
    BUILTIN_IMMUTABLE, INHERITANCE, LAST_SUPERUSER, ROLE_CREATION, ROLE_DELETION, ROLE_LOOKUP,
    RULE_LOOKUP, RULE_WRITE,
};
use crate::problems;
use crate::user::USER_LOOKUP;

/// Changes to be made together.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct PolicyChanges {
    /// The changes, in order: 1 to 100.
    #[serde(deserialize_with = "objects")]
    changes: Vec<PolicyChange>,
}

/// What was changed.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct AppliedChanges {
    /// The changes that had something to change, in order.
    changes: Vec<AppliedChange>,
    /// Policy revision that contains them; `at_least` of a check waits for it.
    revision: i64,
    /// What these changes probably make a mistake.
    warnings: Vec<PolicyWarning>,
}

/// A change that was made.
#[derive(Default, Serialize, Deserialize, Object)]
#[oai(read_only_all)]
struct AppliedChange {
    /// Operation id, as if it was made alone.
    operation: String,
    /// What was changed: `rule:<id>`, `role:<name>` or `user:<id>`.
    target: String,
}

/// The changes in an audit record.
#[derive(Default, Deserialize)]
struct AuditedChanges {
    changes: Vec<AppliedChange>,
}

problems! {
    /// Errors of applying changes: also those of the operations that make one of them alone.
    pub(crate) enum ApplyError includes [
        SIGNED_IN, AUTHORIZATION, BODY, RULE_LOOKUP, ROLE_LOOKUP, USER_LOOKUP, ROLE_CREATION,
        RULE_WRITE, INHERITANCE, ROLE_DELETION, BUILTIN_IMMUTABLE, LAST_SUPERUSER,
        REQUIRED_PRECONDITION, IDEMPOTENCY, DATABASE_WRITE
    ] {}
}

/// The operation.
pub(crate) struct ApplyApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/policy", tag = "crate::http::tags::Tag::Policy")]
impl ApplyApi {
    /// Apply changes of rules, roles and grants together.
    ///
    /// All of them or none, in one revision. Each is checked as if it was written alone after those before it.
    #[oai(path = "/changes", method = "post", operation_id = "apply_policy_changes")]
    async fn apply(
        &self,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        /// ETag of the policy as last read or previewed, required; the changes fail if the policy has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: Body<PolicyChanges>,
    ) -> Result<Response<Reply<AppliedChanges>>, ApplyError> {
        let changes = Changes::parse(body.0.changes)?;
        let mut write = match self.0.begin_admin_write(&caller, &key).await? {
            Begun::Write(write) => write,
            Begun::Made(earlier) => return applied_before(earlier),
        };
        require(if_match.0.as_deref(), write.base().revision())?;
        let records = changes.make(&mut write, &caller).await?;
        let applied = |record: &AuditRecord| AppliedChange {
            operation: record.operation().to_owned(),
            target: record.target().to_owned(),
        };
        let changes: Vec<AppliedChange> = records.iter().map(applied).collect();
        let Committed { revision, warnings } = if changes.is_empty() {
            write.commit_nothing().await?
        } else {
            let actor = caller.actor();
            let record = AuditRecord::several(actor, "apply_policy_changes", "policy", &records);
            write.commit(record).await?
        };
        Ok(tagged(Reply(AppliedChanges { changes, revision, warnings }), revision))
    }
}

/// The answer to a request that was made before.
fn applied_before(earlier: Earlier) -> Result<Response<Reply<AppliedChanges>>, ApplyError> {
    let (revision, warnings) = (earlier.revision, earlier.warnings());
    let changed = earlier.target.is_some();
    let AuditedChanges { changes } =
        if changed { earlier.written()? } else { AuditedChanges::default() };
    Ok(tagged(Reply(AppliedChanges { changes, revision, warnings }), revision))
}
