//! `DELETE /api/v1/me`; the route is declared in `profile`, with the others of this path.

use std::sync::Arc;

use serde_json::json;

use crate::api::AppState;
use crate::api::reauthentication::{REAUTHENTICATION, Reauthentication};
use crate::audit::{Actor, AuditRecord};
use crate::authn::{Principal, SIGNED_IN};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::login_history;
use crate::policy::{LAST_SUPERUSER, UserRoles, grants};
use crate::problems;
use crate::throttle::THROTTLE;
use crate::user::store;

problems! {
    /// Problems of deleting one's own account.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, BODY, THROTTLE, REAUTHENTICATION, LAST_SUPERUSER, DATABASE]
    {}
}

/// Deletes the caller's account. It is a write of the policy, because the account's roles go with
/// it; and only while no other writer can run is it certain that another superuser remains.
pub(crate) async fn delete(
    state: &Arc<AppState>,
    caller: &Principal,
    sent: Reauthentication,
) -> Result<(), DeleteError> {
    let user = caller.user;
    let reauthenticated = state.reauthenticate(caller, sent).await?;
    state.history.flush().await;
    let mut write = state.begin_policy_write().await?;
    state.hold(write.db(), &reauthenticated).await?;
    let superusers = grants::count_superusers(write.db()).await?;
    let roles = grants::of_user(write.db(), user).await?.roles;
    login_history::anonymize(write.db(), user).await?;
    let revocation = state.sessions.end_all(write.db(), user, "account_deleted").await?;
    store::delete(write.db(), user).await?;
    if superusers > 0 {
        grants::refuse_last_superuser(write.db()).await?;
    }
    write.record_user_roles(UserRoles { user, roles: vec![] });
    let record = AuditRecord::new(Actor::User(user), "delete_me", format!("user:{user}"));
    write.commit(record.before(json!({ "roles": roles }))).await?;
    state.authenticator.revoke(revocation.as_slice());
    Ok(())
}
