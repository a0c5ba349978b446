//! `DELETE /api/v1/me`, which stands with the other operations on that path in `me`.

use serde_json::json;

use crate::api::AppState;
use crate::api::current_password::{CURRENT_PASSWORD, wrong};
use crate::api::reauthentication::{PROOF, Proof};
use crate::audit::{Actor, Record};
use crate::authn::{Principal, SIGNED_IN};
use crate::db::DATABASE;
use crate::http::request_errors::BODY;
use crate::login_history;
use crate::policy::write::PolicyWrite;
use crate::policy::{LivePolicy, UserRoles, grants};
use crate::problems;
use crate::throttle::THROTTLE;
use crate::user::store;

problems! {
    /// What can go wrong with deleting one's own account.
    pub(crate) enum DeleteError includes
        [SIGNED_IN, BODY, CURRENT_PASSWORD, THROTTLE, PROOF, DATABASE]
    {
        LastSuperuser = 409 "last_superuser" "The last superuser cannot be removed.",
    }
}

/// Deletes the caller's account. It is a write of the policy, too: with the account its roles go,
/// and only in that line of writers can nobody else be the last superuser's last colleague.
pub(crate) async fn delete(
    accounts: &AppState,
    policy: &LivePolicy,
    caller: &Principal,
    proof: Proof,
) -> Result<(), DeleteError> {
    let AppState { pool, sessions, authenticator, clock, .. } = accounts;
    let user = caller.user;
    let checked = accounts.prove(caller, proof).await?;
    accounts.history.settled().await;
    let mut write = PolicyWrite::begin(policy, pool, clock.now()).await?;
    let before = grants::count_superusers(write.db()).await?;
    let roles = grants::of_user(write.db(), user).await?.roles;
    login_history::anonymise(write.db(), user).await?;
    let ended = sessions.end_all(write.db(), user, "account_deleted").await?;
    if !store::delete(write.db(), user, checked.as_deref()).await? {
        return Err(wrong().into());
    }
    let left = grants::count_superusers(write.db()).await?;
    if left == 0 && before > 0 {
        return Err(DeleteError::LastSuperuser);
    }
    write.record_user_roles(UserRoles { user, roles: vec![] });
    let record = Record::new(Actor::User(user), "delete_me", format!("user:{user}"));
    write.commit(record.before(json!({ "roles": roles }))).await?;
    authenticator.revoke(ended.as_slice());
    Ok(())
}
