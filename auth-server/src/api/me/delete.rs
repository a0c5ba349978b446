//! `DELETE /api/v1/me`; the route is declared in `profile`, with the others of this path.

use std::sync::Arc;

use policies::RoleName;
use serde_json::json;
use uuid::Uuid;

use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthenticated, Reauthentication};
use crate::audit;
use crate::audit::{Actor, AuditRecord};
use crate::authn::{Principal, SIGNED_IN};
use crate::db::{DATABASE_WRITE, PgConnection};
use crate::http::problem::Problem;
use crate::http::request_errors::BODY;
use crate::policy::{LAST_SUPERUSER, UserRoles, grants};
use crate::problems;
use crate::session::Revocation;
use crate::throttle::THROTTLE;
use crate::user::store;

problems! {
    /// Problems of deleting one's own account.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, LAST_SUPERUSER, DATABASE_WRITE]
    {}
}

/// Deletes the caller's account. Its login history is anonymized afterwards, in the background.
pub(crate) async fn delete(
    state: &Arc<AppState>,
    caller: &Principal,
    sent: Reauthentication,
) -> Result<(), DeleteError> {
    let user = caller.user;
    let reauthenticated = state.reauthenticate(caller, sent).await?;
    let revocation = match delete_without_roles(state, user, &reauthenticated).await? {
        Deletion::Done(revocation) => revocation,
        Deletion::HasRoles => delete_with_roles(state, user, &reauthenticated).await?,
    };
    state.authenticator.revoke(revocation.as_slice());
    state.history.anonymize_deleted();
    Ok(())
}

enum Deletion {
    Done(Option<Revocation>),
    /// The account has roles, so its deletion is a write of the policy.
    HasRoles,
}

/// Deletes an account without roles, which the policy does not know.
async fn delete_without_roles(
    state: &AppState,
    user: Uuid,
    reauthenticated: &Reauthenticated,
) -> Result<Deletion, Problem> {
    let mut transaction = state.pool.begin().await?;
    // From here on, no role can be granted to it.
    store::lock_for_deletion(&mut transaction, user).await?;
    if !grants::of_user(&mut transaction, user).await?.roles.is_empty() {
        return Ok(Deletion::HasRoles);
    }
    let revocation = remove(state, &mut transaction, user, reauthenticated).await?;
    audit::insert(&mut transaction, &record(user, &[]), state.clock.now()).await?;
    transaction.commit().await?;
    Ok(Deletion::Done(revocation))
}

/// Deletes an account as a write of the policy, because its roles go with it; and only while no other
/// writer can run is it certain that another superuser remains.
async fn delete_with_roles(
    state: &AppState,
    user: Uuid,
    reauthenticated: &Reauthenticated,
) -> Result<Option<Revocation>, Problem> {
    let mut write = state.begin_policy_write().await?;
    let superusers = grants::count_superusers(write.db()).await?;
    let roles = grants::of_user(write.db(), user).await?.roles;
    let revocation = remove(state, write.db(), user, reauthenticated).await?;
    if superusers > 0 {
        grants::refuse_last_superuser(write.db()).await?;
    }
    write.record_user_roles(UserRoles { user, roles: vec![] });
    write.commit(record(user, &roles)).await?;
    Ok(revocation)
}

/// Ends the sessions and deletes the row.
async fn remove(
    state: &AppState,
    transaction: &mut PgConnection,
    user: Uuid,
    reauthenticated: &Reauthenticated,
) -> Result<Option<Revocation>, Problem> {
    state.hold(transaction, reauthenticated).await?;
    let revocation = state.sessions.end_all(transaction, user, "account_deleted").await?;
    store::delete(transaction, user).await?;
    Ok(revocation)
}

fn record(user: Uuid, roles: &[RoleName]) -> AuditRecord {
    AuditRecord::new(Actor::User(user), "delete_me", format!("user:{user}"))
        .before(json!({ "roles": roles }))
}
